//! Custom rules: a pricing or split rule of two utilities' own as a sandboxed WebAssembly module.
//!
//! A module is pure: no imports, no floats, no start function, one bounded memory, metered fuel. It is asked questions
//! ([`Question`]) whose bytes everybody computes from the same charge, and answers with one number. [`crate::rate`] clamps the
//! answer to the agreement's corridor and caps; a module that fails in any way changes nothing: the agreed base rule prices the
//! whole charge, and the breakdown says so.
//!
//! Invariant: equal modules, fuel and questions give equal answers and equal fuel on every machine and in every build. The fuel
//! that an instruction costs is a matter of the interpreter's version, so that version is part of the protocol: it is pinned
//! exactly in the workspace's manifest, and `the_worked_example_uses_the_same_fuel_as_ever` fails when it counts otherwise.
//! Tested with hostile modules of every kind in `tests/it/hostile.rs`.

mod check;
mod error;
mod input;
mod run;

pub use check::check_bytes;
pub use error::RuleError;
pub use input::{ABI_VERSION, Ask, HEAD_WORDS, PERIOD_WORDS, Question};
pub use run::{Answer, RuleModule};

use fairway_model::{Agreement, Hash, Micro, Split};

/// Largest module in bytes: one fits into a ledger transaction with room to spare.
pub const MAX_RULE_BYTES: usize = 32 * 1024;
/// Most fuel that an agreement may grant for one price: about a millisecond of a validator's time.
pub const MAX_RULE_FUEL: u64 = 1_000_000;
/// Most memory in pages of 64 KiB: 1 MiB.
pub const MAX_MEMORY_PAGES: u64 = 16;
/// Most functions.
pub const MAX_FUNCTIONS: u32 = 256;
/// Most parameters of a function.
pub const MAX_PARAMETERS: usize = 16;
/// Most local variables of a function, parameters not counted.
pub const MAX_LOCALS: u32 = 256;
/// Most global variables.
pub const MAX_GLOBALS: u32 = 64;
/// Most entries of the one table.
pub const MAX_TABLE_ENTRIES: u64 = 256;
/// Most element segments, which fill the table.
pub const MAX_ELEMENT_SEGMENTS: u32 = 16;
/// Most data segments, which fill the memory.
pub const MAX_DATA_SEGMENTS: u32 = 64;
/// Deepest nesting of calls.
pub const MAX_CALL_DEPTH: usize = 128;
/// Most bytes of the interpreter's own stack.
pub const MAX_STACK_BYTES: usize = 128 * 1024;

/// The id of a module: plain SHA-256 of its bytes, which every author can compute.
pub fn rule_id(bytes: &[u8]) -> Hash {
    Hash::plain(bytes)
}

/// A module with what the agreement grants it and holds it to.
#[derive(Debug, Clone)]
pub struct BoundRule {
    pub(crate) module: RuleModule,
    /// Fuel for all questions of one price together.
    pub(crate) fuel: u64,
    /// The agreed split, which the module may move between the two utilities.
    pub(crate) split: Split,
    /// The agreed cap on a charge's total.
    pub(crate) cap: Micro,
}

impl BoundRule {
    /// Binds a module to limits; fuel over [`MAX_RULE_FUEL`] is not granted.
    pub fn new(module: RuleModule, fuel: u64, split: Split, cap: Micro) -> Self {
        Self {
            module,
            fuel: fuel.min(MAX_RULE_FUEL),
            split,
            cap,
        }
    }

    /// Binds the module that an agreement names to the agreement's limits.
    pub fn of(agreement: &Agreement, module: RuleModule) -> Self {
        Self::new(
            module,
            agreement.rule_fuel.unwrap_or_default(),
            agreement.split,
            agreement.caps.amount_per_charge,
        )
    }
}
