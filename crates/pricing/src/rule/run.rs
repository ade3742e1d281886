//! The sandbox: one instance per question, nothing shared between two, every resource bounded.

use super::check::check_bytes;
use super::error::RuleError;
use super::input::{Ask, Question};
use super::{
    MAX_CALL_DEPTH, MAX_MEMORY_PAGES, MAX_RULE_FUEL, MAX_STACK_BYTES, MAX_TABLE_ENTRIES, rule_id,
};
use crate::unit::WHOLE_BPS;
use core::fmt;
use fairway_model::{Hash, Micro, RuleFault};
use std::sync::Arc;
use wasmi::{
    CompilationMode, Config, EnforcedLimits, Engine, Instance, Module, Store, StoreLimits,
    StoreLimitsBuilder, TrapCode,
};

/// A rule answers a question that it leaves to the agreed base rule with this.
const DECLINED: i64 = -1;
/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 64 * 1024;

/// An answer that makes sense; the caller clamps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The base rule shall decide.
    Declined,
    /// An energy price per kWh, not negative.
    Price(Micro),
    /// The home utility's share, in basis points, at most what the owner leaves.
    HomeShare(u32),
}

/// A module that passed every check, ready to be asked. Cloning is cheap.
#[derive(Clone)]
pub struct RuleModule(Arc<Inner>);

struct Inner {
    id: Hash,
    module: Module,
}

impl fmt::Debug for RuleModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RuleModule").field(&self.0.id).finish()
    }
}

impl PartialEq for RuleModule {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for RuleModule {}

/// Every setting is consensus-critical: validators must refuse, stop and count alike.
fn config() -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .floats(false)
        .allow_start_fn(false)
        .ignore_custom_sections(true)
        .compilation_mode(CompilationMode::Eager)
        .enforced_limits(EnforcedLimits::strict())
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_bulk_memory(true)
        .wasm_saturating_float_to_int(false)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_reference_types(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config.set_max_recursion_depth(MAX_CALL_DEPTH);
    config.set_max_stack_height(MAX_STACK_BYTES);
    config.set_max_cached_stacks(1);
    config
}

fn limits() -> StoreLimits {
    let bytes = MAX_MEMORY_PAGES.saturating_mul(PAGE_BYTES);
    StoreLimitsBuilder::new()
        .memory_size(usize::try_from(bytes).unwrap_or(usize::MAX))
        .table_elements(usize::try_from(MAX_TABLE_ENTRIES).unwrap_or(usize::MAX))
        .instances(1)
        .memories(1)
        .tables(1)
        .build()
}

impl RuleModule {
    /// Checks and compiles a module, and starts it once to see that its data and elements fit.
    ///
    /// # Errors
    /// [`RuleError`] for everything that is not allowed; the size is looked at before anything is read.
    pub fn read(bytes: &[u8]) -> Result<Self, RuleError> {
        check_bytes(bytes)?;
        let engine = Engine::new(&config());
        let module = Module::new(&engine, bytes)
            .map_err(|e| RuleError::NotAllowed(e.to_string().chars().take(160).collect()))?;
        let rule = Self(Arc::new(Inner {
            id: rule_id(bytes),
            module,
        }));
        rule.start(MAX_RULE_FUEL)
            .map_err(|_| RuleError::NotStartable)?;
        Ok(rule)
    }

    /// The id: the hash of the module's bytes.
    pub fn id(&self) -> Hash {
        self.0.id
    }

    fn start(&self, fuel: u64) -> Result<(Store<StoreLimits>, Instance), RuleFault> {
        let mut store = Store::new(self.0.module.engine(), limits());
        store.limiter(|limits| limits);
        store.set_fuel(fuel).map_err(|_| RuleFault::Unusable)?;
        let instance =
            Instance::new(&mut store, &self.0.module, &[]).map_err(|e| match e.as_trap_code() {
                Some(TrapCode::OutOfFuel) => RuleFault::OutOfFuel,
                _ => RuleFault::Unusable,
            })?;
        Ok((store, instance))
    }

    /// Asks one question with at most `fuel`; what was used is taken off it, whatever the outcome.
    ///
    /// # Errors
    /// [`RuleFault`] when the module fails or answers nonsense.
    pub fn ask(&self, question: &Question<'_>, fuel: &mut u64) -> Result<Answer, RuleFault> {
        let input = question.to_bytes();
        let (mut store, instance) = self.start(*fuel).inspect_err(|fault| {
            if *fault == RuleFault::OutOfFuel {
                *fuel = 0;
            }
        })?;
        let function = instance
            .get_typed_func::<i32, i64>(&store, "rule")
            .map_err(|_| RuleFault::Unusable)?;
        let memory = instance
            .get_memory(&store, "memory")
            .ok_or(RuleFault::Unusable)?;
        memory
            .write(&mut store, 0, &input)
            .map_err(|_| RuleFault::Unusable)?;
        let length = i32::try_from(input.len()).map_err(|_| RuleFault::Unusable)?;
        let result = function.call(&mut store, length);
        *fuel = store.get_fuel().unwrap_or_default();
        match result {
            Ok(answer) => read_answer(question, answer),
            Err(error) if error.as_trap_code() == Some(TrapCode::OutOfFuel) => {
                // What was left was too little for the next step, and is gone with it.
                *fuel = 0;
                Err(RuleFault::OutOfFuel)
            }
            Err(_) => Err(RuleFault::Trapped),
        }
    }
}

fn read_answer(question: &Question<'_>, answer: i64) -> Result<Answer, RuleFault> {
    if answer == DECLINED {
        return Ok(Answer::Declined);
    }
    match question.ask {
        Ask::EnergyPrice { .. } if answer >= 0 => Ok(Answer::Price(Micro(answer))),
        Ask::EnergyPrice { .. } => Err(RuleFault::Garbage),
        Ask::HomeShare { .. } => {
            let most = WHOLE_BPS.saturating_sub(question.split.owner_bps);
            u32::try_from(answer)
                .ok()
                .filter(|bps| *bps <= most)
                .map(Answer::HomeShare)
                .ok_or(RuleFault::Garbage)
        }
    }
}
