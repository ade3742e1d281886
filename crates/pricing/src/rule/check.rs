//! Whether bytes may be a rule: size, sections, limits, then every instruction.

use super::error::RuleError;
use super::{
    MAX_DATA_SEGMENTS, MAX_ELEMENT_SEGMENTS, MAX_FUNCTIONS, MAX_GLOBALS, MAX_LOCALS,
    MAX_MEMORY_PAGES, MAX_PARAMETERS, MAX_RULE_BYTES, MAX_TABLE_ENTRIES,
};
use wasmparser::{
    BinaryReaderError, CompositeInnerType, Export, ExternalKind, FuncType, FunctionBody, Parser,
    Payload, ValType, Validator, WasmFeatures,
};

/// What of WebAssembly a rule may use: version 1.0, moving bytes in bulk, and extending signs. Everything else is off: it would be
/// more to agree on, and some of it differs between machines.
fn allowed() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::GC_TYPES
}

/// Checks a module without running anything of it. The size is looked at before anything is read.
///
/// # Errors
/// The first violation in the order of the module's sections.
pub fn check_bytes(bytes: &[u8]) -> Result<(), RuleError> {
    if bytes.len() > MAX_RULE_BYTES {
        return Err(RuleError::TooLarge(bytes.len()));
    }
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(bytes) {
        shape.see(payload.map_err(malformed)?)?;
    }
    validate(bytes)?;
    shape.close()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err by name"
)]
fn malformed(error: BinaryReaderError) -> RuleError {
    RuleError::Malformed(format!("{} at byte {}", error.message(), error.offset()))
}

/// Every instruction against the allowed set. What only the switched-off parts explain is called by its name.
fn validate(bytes: &[u8]) -> Result<(), RuleError> {
    let Err(error) = Validator::new_with_features(allowed()).validate_all(bytes) else {
        return Ok(());
    };
    let floats = allowed() | WasmFeatures::FLOATS | WasmFeatures::SATURATING_FLOAT_TO_INT;
    if error.message().contains("floating-point")
        || Validator::new_with_features(floats)
            .validate_all(bytes)
            .is_ok()
    {
        return Err(RuleError::Floats(error.offset()));
    }
    Err(RuleError::NotAllowed(format!(
        "{} at byte {}",
        error.message(),
        error.offset()
    )))
}

/// What the sections say, as far as the limits need it.
#[derive(Default)]
struct Shape {
    types: Vec<Option<FuncType>>,
    /// Type of each function.
    functions: Vec<u32>,
    memory: bool,
    rule: Option<u32>,
    exports_memory: bool,
}

impl Shape {
    fn see(&mut self, payload: Payload<'_>) -> Result<(), RuleError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group.map_err(malformed)?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(func) => Some(func),
                            _ => None,
                        });
                    }
                }
                self.check_parameters()
            }
            Payload::ImportSection(section) => section.into_iter().next().map_or(Ok(()), |first| {
                let import = first.map_err(malformed)?;
                Err(RuleError::Import(format!(
                    "{:?} of {:?}",
                    short(import.name),
                    short(import.module)
                )))
            }),
            Payload::FunctionSection(section) => {
                let count = section.count();
                if count > MAX_FUNCTIONS {
                    return Err(RuleError::Functions(count));
                }
                for ty in section {
                    self.functions.push(ty.map_err(malformed)?);
                }
                Ok(())
            }
            Payload::TableSection(section) => check_tables(section),
            Payload::MemorySection(section) => {
                for memory in section {
                    let pages = memory.map_err(malformed)?.initial;
                    if pages == 0 || pages > MAX_MEMORY_PAGES {
                        return Err(RuleError::Memory(pages));
                    }
                    self.memory = true;
                }
                Ok(())
            }
            Payload::GlobalSection(section) if section.count() > MAX_GLOBALS => {
                Err(RuleError::Globals(section.count()))
            }
            Payload::ExportSection(section) => section
                .into_iter()
                .try_for_each(|export| self.export(&export.map_err(malformed)?)),
            Payload::StartSection { .. } => Err(RuleError::Start),
            Payload::ElementSection(section) if section.count() > MAX_ELEMENT_SEGMENTS => {
                Err(RuleError::Elements(section.count()))
            }
            Payload::DataSection(section) if section.count() > MAX_DATA_SEGMENTS => {
                Err(RuleError::DataSegments(section.count()))
            }
            Payload::CodeSectionEntry(body) => check_locals(&body),
            _ => Ok(()),
        }
    }

    fn check_parameters(&self) -> Result<(), RuleError> {
        let most = self
            .types
            .iter()
            .flatten()
            .map(|func| func.params().len())
            .max()
            .unwrap_or_default();
        if most > MAX_PARAMETERS {
            return Err(RuleError::Parameters(most));
        }
        Ok(())
    }

    fn export(&mut self, export: &Export<'_>) -> Result<(), RuleError> {
        match (export.name, export.kind) {
            ("rule", ExternalKind::Func) => {
                self.rule = Some(export.index);
                Ok(())
            }
            ("memory", ExternalKind::Memory) => {
                self.exports_memory = true;
                Ok(())
            }
            // Linkers export where data ends and the like.
            (_, ExternalKind::Global) => Ok(()),
            (name, _) => Err(RuleError::Export(short(name))),
        }
    }

    /// What must be there.
    fn close(self) -> Result<(), RuleError> {
        let Some(rule) = self.rule else {
            return Err(RuleError::NoFunction);
        };
        let index = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let func = self
            .functions
            .get(index(rule))
            .and_then(|ty| self.types.get(index(*ty)))
            .and_then(Option::as_ref)
            .ok_or(RuleError::NoFunction)?;
        if func.params() != [ValType::I32] || func.results() != [ValType::I64] {
            let list = |types: &[ValType]| {
                let names: Vec<String> = types.iter().map(ToString::to_string).collect();
                names.join(", ")
            };
            return Err(RuleError::Signature(format!(
                "({}) -> ({})",
                list(func.params()),
                list(func.results())
            )));
        }
        if self.memory && self.exports_memory {
            Ok(())
        } else {
            Err(RuleError::NoMemory)
        }
    }
}

fn check_tables(section: wasmparser::TableSectionReader<'_>) -> Result<(), RuleError> {
    let count = section.count();
    let mut entries: u64 = 0;
    for table in section {
        entries = entries.saturating_add(table.map_err(malformed)?.ty.initial);
    }
    if count > 1 || entries > MAX_TABLE_ENTRIES {
        return Err(RuleError::Table(entries));
    }
    Ok(())
}

/// Groups of locals of one type are counted by their number, so that a short text cannot ask for many.
fn check_locals(body: &FunctionBody<'_>) -> Result<(), RuleError> {
    let mut sum: u32 = 0;
    for group in body.get_locals_reader().map_err(malformed)? {
        let (count, _) = group.map_err(malformed)?;
        sum = sum.saturating_add(count);
        if sum > MAX_LOCALS {
            return Err(RuleError::Locals(sum));
        }
    }
    Ok(())
}

/// A name of the module's, cut: it goes into a refusal.
fn short(name: &str) -> String {
    name.chars().take(32).collect()
}
