//! Why a module is refused.

use super::{
    MAX_DATA_SEGMENTS, MAX_ELEMENT_SEGMENTS, MAX_FUNCTIONS, MAX_GLOBALS, MAX_LOCALS,
    MAX_MEMORY_PAGES, MAX_PARAMETERS, MAX_RULE_BYTES, MAX_TABLE_ENTRIES,
};
use core::fmt;

/// Why bytes are no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// More than [`MAX_RULE_BYTES`]; how many. Nothing of it was read.
    TooLarge(usize),
    /// No WebAssembly module of version 1, or a broken one; what the reader found, and at which byte.
    Malformed(String),
    /// It uses floating point, whose bits differ between machines; at which byte.
    Floats(usize),
    /// It uses a part of WebAssembly that is not allowed here (SIMD, threads, exceptions, 64-bit memory and others), or is invalid;
    /// what, and at which byte.
    NotAllowed(String),
    /// It asks for something from outside; module and name of the first import.
    Import(String),
    /// It has a start function; it may only run when it is asked.
    Start,
    /// It has no function `rule`.
    NoFunction,
    /// Its function `rule` has another signature than `(i32) -> i64`; which.
    Signature(String),
    /// It has no memory that it exports as `memory`.
    NoMemory,
    /// More memory than [`MAX_MEMORY_PAGES`] from the beginning; how many pages.
    Memory(u64),
    /// It exports something else than `rule`, `memory` and global variables; the name.
    Export(String),
    /// More functions than [`MAX_FUNCTIONS`]; how many.
    Functions(u32),
    /// A function with more parameters than [`MAX_PARAMETERS`]; how many.
    Parameters(usize),
    /// A function with more local variables than [`MAX_LOCALS`]; how many.
    Locals(u32),
    /// More global variables than [`MAX_GLOBALS`]; how many.
    Globals(u32),
    /// More than one table, or one of more than [`MAX_TABLE_ENTRIES`]; how many entries.
    Table(u64),
    /// More element segments than [`MAX_ELEMENT_SEGMENTS`]; how many.
    Elements(u32),
    /// More data segments than [`MAX_DATA_SEGMENTS`]; how many.
    DataSegments(u32),
    /// It passed every check and cannot be started: data or elements that do not fit where it puts them.
    NotStartable,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(n) => write!(
                f,
                "the module has {n} bytes; at most {MAX_RULE_BYTES} are allowed"
            ),
            Self::Malformed(what) => write!(f, "no WebAssembly module: {what}"),
            Self::Floats(at) => write!(
                f,
                "floating point at byte {at}; whole numbers only are the same everywhere"
            ),
            Self::NotAllowed(what) => write!(f, "not allowed in a rule: {what}"),
            Self::Import(name) => {
                write!(f, "it imports {name}; a rule gets nothing but its input")
            }
            Self::Start => {
                f.write_str("it has a start function; a rule runs only when it is asked")
            }
            Self::NoFunction => f.write_str("it exports no function \"rule\" (i32) -> i64"),
            Self::Signature(found) => {
                write!(f, "its function \"rule\" is {found}; (i32) -> i64 is right")
            }
            Self::NoMemory => f.write_str("it exports no memory \"memory\", where its input goes"),
            Self::Memory(n) => write!(
                f,
                "its memory begins with {n} pages; at least 1 and at most {MAX_MEMORY_PAGES} are allowed"
            ),
            Self::Export(name) => write!(
                f,
                "it exports {name:?}; only \"rule\", \"memory\" and globals are allowed"
            ),
            Self::Functions(n) => most(f, u64::from(*n), "functions", u64::from(MAX_FUNCTIONS)),
            Self::Parameters(n) => write!(
                f,
                "a function has {n} parameters; at most {MAX_PARAMETERS} are allowed"
            ),
            Self::Locals(n) => write!(
                f,
                "a function has {n} local variables; at most {MAX_LOCALS} are allowed"
            ),
            Self::Globals(n) => most(f, u64::from(*n), "global variables", u64::from(MAX_GLOBALS)),
            Self::Table(n) => write!(
                f,
                "its tables have {n} entries; one table of at most {MAX_TABLE_ENTRIES} is allowed"
            ),
            Self::Elements(n) => most(
                f,
                u64::from(*n),
                "element segments",
                u64::from(MAX_ELEMENT_SEGMENTS),
            ),
            Self::DataSegments(n) => most(
                f,
                u64::from(*n),
                "data segments",
                u64::from(MAX_DATA_SEGMENTS),
            ),
            Self::NotStartable => {
                f.write_str("it cannot be started: data or elements lie outside memory or table")
            }
        }
    }
}

fn most(f: &mut fmt::Formatter<'_>, found: u64, what: &str, limit: u64) -> fmt::Result {
    write!(f, "it has {found} {what}; at most {limit} are allowed")
}

impl core::error::Error for RuleError {}
