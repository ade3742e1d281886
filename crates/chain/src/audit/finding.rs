//! What an audit found wrong, and where.

use std::fmt;

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The audit could not be done: keys, folder, reading.
    Setup,
    /// The export is of another chain, another genesis, or another format version.
    OtherChain,
    /// This very byte was changed: with another value in its place everything fits the validators' signatures again.
    Changed,
    /// This part does not fit the validators' signatures; no change of a single byte explains it.
    Damaged,
    /// The file ends before its end.
    Cut,
    /// Something stands behind the end.
    Extra,
    /// A block is missing, repeated, or in another place.
    Order,
    /// The validators signed a result that the contracts do not give.
    Execution,
    /// The books folded from the transactions differ.
    Books,
}

/// The first thing that is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// Offset in the file, from 0.
    pub offset: u64,
    /// Height of the block, where one is concerned.
    pub height: Option<u64>,
    /// The part of the file.
    pub field: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Finding {
    /// A finding about no place in the file: the audit could not be done, or the books differ.
    pub fn fault(kind: FindingKind, what: &str) -> Self {
        Self::new(kind, 0, "books", what)
    }

    pub(super) fn new(
        kind: FindingKind,
        offset: u64,
        field: &str,
        what: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            offset,
            height: None,
            field: field.to_owned(),
            what: what.into(),
        }
    }

    pub(super) fn setup(what: &str) -> Self {
        Self::new(FindingKind::Setup, 0, "audit", what)
    }

    pub(super) fn at(mut self, height: u64) -> Self {
        self.height = Some(height);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let placeless = self.kind == FindingKind::Books && self.height.is_none();
        if self.kind == FindingKind::Setup || placeless {
            return f.write_str(&self.what);
        }
        let certain = if self.kind == FindingKind::Changed {
            "changed byte at offset"
        } else {
            "at offset"
        };
        write!(f, "{certain} {}", self.offset)?;
        if let Some(height) = self.height {
            write!(f, ", block {height}")?;
        }
        write!(f, ", {}: {}", self.field, self.what)
    }
}

impl std::error::Error for Finding {}
