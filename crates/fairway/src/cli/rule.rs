//! `fairway rule`: the bench of those who write custom rules, and the way of a finished one to the ledger.

mod cases;

use super::say;
use super::submit::{Desk, submit};
use clap::Subcommand;
use fairway_ledger::{Operation, RuleOperation};
use fairway_pricing::{MAX_RULE_BYTES, RuleModule, rule_id};
use fairway_utility::command::Command;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What a compiled module begins with.
const WASM_MAGIC: &[u8] = b"\0asm";
/// Longest text of a module that is compiled, in bytes: comments take more than code.
const MAX_TEXT_BYTES: usize = 16 * MAX_RULE_BYTES;

/// Custom rules.
#[derive(Debug, Subcommand)]
pub(super) enum RuleCommand {
    /// Ask the ledger's own check about a module, here and without a ledger, and print its id.
    Check {
        /// The module: WebAssembly (.wasm) or its text form (.wat).
        file: PathBuf,
    },
    /// Compile the text form of a module; nothing else is needed for it.
    Build {
        /// The text form (.wat).
        file: PathBuf,
        /// Where the module goes; the same name with .wasm when left out.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Run a module on cases: price, share, fuel and outcome of each, compared with what the file expects.
    Run {
        /// The module (.wasm or .wat).
        file: PathBuf,
        /// The cases; docs/rules.md explains the file.
        #[arg(long)]
        input: PathBuf,
        /// Write what came out into the file as its expectation.
        #[arg(long)]
        update: bool,
    },
    /// Put a module on the ledger, so that agreements can name it.
    Upload {
        /// The module (.wasm or .wat).
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

pub(super) async fn run(command: RuleCommand) -> Result<(), String> {
    match command {
        RuleCommand::Check { file } => {
            let bytes = read(&file)?;
            module(&file, &bytes)?;
            say(&describe(&bytes));
            Ok(())
        }
        RuleCommand::Build { file, out } => {
            let bytes = read(&file)?;
            module(&file, &bytes)?;
            let out = out.unwrap_or_else(|| file.with_extension("wasm"));
            if out == file {
                return Err(format!("{} is compiled already", file.display()));
            }
            std::fs::write(&out, &bytes).map_err(|e| format!("{}: {e}", out.display()))?;
            say(&format!("{}: {}", out.display(), describe(&bytes)));
            Ok(())
        }
        RuleCommand::Run {
            file,
            input,
            update,
        } => {
            let rule = module(&file, &read(&file)?)?;
            cases::run(&rule, &input, update)
        }
        RuleCommand::Upload { file, desk } => {
            let bytes = read(&file)?;
            module(&file, &bytes)?;
            let what = format!("rule {}", rule_id(&bytes));
            let command = Command::UploadRule {
                module: bytes.clone(),
            };
            submit(&desk, &command, &what, |operation| {
                matches!(operation, Operation::Rule(RuleOperation::Upload { module }) if *module == bytes)
            })
            .await
        }
    }
}

fn describe(bytes: &[u8]) -> String {
    format!(
        "rule {}, {} bytes of at most {MAX_RULE_BYTES}, as the ledger takes it",
        rule_id(bytes),
        bytes.len()
    )
}

fn module(file: &Path, bytes: &[u8]) -> Result<RuleModule, String> {
    RuleModule::read(bytes).map_err(|e| format!("{}: {e}", file.display()))
}

/// Reads a module; its text form is compiled. No more than the bound is read, whatever the size of the file.
///
/// # Errors
/// The file with what is wrong.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let wrong = |e: &dyn core::fmt::Display| format!("{}: {e}", file.display());
    let mut bytes = Vec::new();
    let bound = u64::try_from(MAX_TEXT_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(file)
        .and_then(|f| f.take(bound.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|e| wrong(&e))?;
    let binary = bytes.starts_with(WASM_MAGIC);
    let most = if binary {
        MAX_RULE_BYTES
    } else {
        MAX_TEXT_BYTES
    };
    if bytes.len() > most {
        return Err(wrong(&format!(
            "more than {most} bytes; a module may have {MAX_RULE_BYTES} when compiled"
        )));
    }
    if binary {
        return Ok(bytes);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| wrong(&"neither a WebAssembly module nor its text form, which is UTF-8"))?;
    wat::parse_str(text).map_err(|e| wrong(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs/examples/rule")
            .join(name)
    }

    #[test]
    fn the_worked_example_passes_its_golden_cases() {
        let rule = module(&example("solar.wat"), &read(&example("solar.wat")).unwrap()).unwrap();
        cases::run(&rule, &example("cases.json"), false).unwrap();
    }

    #[test]
    fn a_case_that_comes_out_otherwise_fails() {
        let wat = "(module (memory (export \"memory\") 1) (func (export \"rule\") (param i32) (result i64) (i64.const -1)))";
        let rule = RuleModule::read(&wat::parse_str(wat).unwrap()).unwrap();
        let error = cases::run(&rule, &example("cases.json"), false).unwrap_err();
        assert!(error.contains("of 6 cases came out otherwise"), "{error}");
    }

    #[test]
    fn files_that_are_no_modules_are_told_apart() {
        let folder = std::env::temp_dir().join(format!("fairway-rule-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let of = |bytes: &[u8]| {
            let file = folder.join("x");
            std::fs::write(&file, bytes).unwrap();
            read(&file)
                .and_then(|b| module(&file, &b).map(|_| ()))
                .unwrap_err()
        };
        for (bytes, words) in [
            (b"(module".to_vec(), "expected"),
            (
                vec![0xff, 0xfe],
                "neither a WebAssembly module nor its text form",
            ),
            (b"\0asm\x01\0\0\0".to_vec(), "exports no function"),
            (
                b"(module (import \"env\" \"now\" (func)))".to_vec(),
                "it imports",
            ),
            (vec![b' '; MAX_TEXT_BYTES + 1], "more than"),
            (
                [WASM_MAGIC, &vec![0; MAX_RULE_BYTES]].concat(),
                "more than 32768 bytes",
            ),
        ] {
            let error = of(&bytes);
            assert!(error.contains(words), "{words}: {error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
