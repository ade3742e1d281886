//! Which member answers for which CIN prefix (CIN-02). The ledger holds the truth; this is its form for look-ups.

use super::{Cin, CinPrefix, MIN_PREFIX_DIGITS};
use crate::ids::MemberId;
use core::fmt;
use std::collections::BTreeMap;

/// The most prefixes in one table.
pub const MAX_PREFIXES: usize = 100_000;

/// Why a prefix is not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableError {
    /// It equals, continues, or is continued by a registered one.
    Taken {
        /// The prefix that was to be added.
        wanted: CinPrefix,
        /// The registered one.
        registered: CinPrefix,
        /// Whose that is.
        by: MemberId,
    },
    /// The member has this node number in another network already; the member's contract ids (eMAID) do not hold the network.
    NodeTaken {
        /// The prefix that was to be added.
        wanted: CinPrefix,
        /// The member's registered one with the same node.
        registered: CinPrefix,
    },
    /// [`MAX_PREFIXES`] are registered.
    Full,
}

impl TableError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::NodeTaken { .. } => "node-taken",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken {
                wanted,
                registered,
                by,
            } => {
                write!(
                    f,
                    "prefix {wanted} overlaps {registered} of {by}: no prefix may begin with another"
                )
            }
            Self::NodeTaken { wanted, registered } => write!(
                f,
                "node {} of prefix {wanted} is in use by the same member in {registered}: a member uses a node number once",
                wanted.node()
            ),
            Self::Full => write!(f, "the registry holds {MAX_PREFIXES} prefixes, its most"),
        }
    }
}

impl core::error::Error for TableError {}

/// Why no member answers for a CIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteError {
    /// Nobody has this prefix or one near it.
    Unknown(CinPrefix),
    /// A shorter prefix is registered: the number has a digit too many behind it.
    DigitTooMany(CinPrefix),
    /// A longer prefix is registered: the number lacks a digit behind it.
    DigitMissing(CinPrefix),
}

impl RouteError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown",
            Self::DigitTooMany(_) => "digit-too-many",
            Self::DigitMissing(_) => "digit-missing",
        }
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(p) => write!(
                f,
                "no network has the prefix {p}: compare the first digits with the card"
            ),
            Self::DigitTooMany(p) => write!(
                f,
                "the number is too long for network {p}: a digit was typed twice or added"
            ),
            Self::DigitMissing(p) => write!(
                f,
                "the number is too short for network {p}: a digit is missing"
            ),
        }
    }
}

impl core::error::Error for RouteError {}

/// Registered prefixes, none of which begins with another; so at most one fits a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrefixTable {
    members: BTreeMap<CinPrefix, MemberId>,
}

impl PrefixTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a prefix.
    ///
    /// # Errors
    /// [`TableError::Taken`] when it overlaps any registered prefix, the member's own included;
    /// [`TableError::NodeTaken`] when the member has the same node in another network; [`TableError::Full`].
    pub fn insert(&mut self, prefix: CinPrefix, member: MemberId) -> Result<(), TableError> {
        if let Some((registered, by)) = self.overlapping(&prefix) {
            return Err(TableError::Taken {
                wanted: prefix,
                registered,
                by,
            });
        }
        if let Some(registered) = self.prefixes_of(member).find(|p| p.node() == prefix.node()) {
            let registered = *registered;
            return Err(TableError::NodeTaken {
                wanted: prefix,
                registered,
            });
        }
        if self.members.len() >= MAX_PREFIXES {
            return Err(TableError::Full);
        }
        self.members.insert(prefix, member);
        Ok(())
    }

    /// Takes a prefix out; whose it was.
    pub fn remove(&mut self, prefix: &CinPrefix) -> Option<MemberId> {
        self.members.remove(prefix)
    }

    /// The registered prefix that `prefix` equals, continues or is continued by.
    pub fn overlapping(&self, prefix: &CinPrefix) -> Option<(CinPrefix, MemberId)> {
        let shorter = (MIN_PREFIX_DIGITS..=prefix.as_str().len()).find_map(|len| {
            let cut = CinPrefix::parse(prefix.as_str().get(..len)?).ok()?;
            self.members.get_key_value(&cut)
        });
        // Text that begins with `prefix` sorts directly behind it.
        let longer = || {
            self.members
                .range(*prefix..)
                .next()
                .filter(|(p, _)| prefix.is_prefix_of(p))
        };
        shorter.or_else(longer).map(|(p, m)| (*p, *m))
    }

    /// Who answers for a number.
    ///
    /// # Errors
    /// [`RouteError`]: nobody, and whether a digit too many or too few is the likely cause.
    pub fn find(&self, cin: &Cin) -> Result<MemberId, RouteError> {
        let prefix = cin.prefix();
        match self.overlapping(&prefix) {
            Some((p, member)) if p == prefix => Ok(member),
            Some((p, _)) if p.is_prefix_of(&prefix) => Err(RouteError::DigitTooMany(p)),
            Some((p, _)) => Err(RouteError::DigitMissing(p)),
            None => Err(RouteError::Unknown(prefix)),
        }
    }

    /// The prefixes of one member, in order.
    pub fn prefixes_of(&self, member: MemberId) -> impl Iterator<Item = &CinPrefix> {
        self.members
            .iter()
            .filter(move |(_, m)| **m == member)
            .map(|(p, _)| p)
    }

    /// All prefixes in order.
    pub fn iter(&self) -> impl Iterator<Item = (&CinPrefix, &MemberId)> {
        self.members.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}
