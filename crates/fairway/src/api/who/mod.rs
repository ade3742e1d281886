//! Who signs in, and what each may do.

pub(crate) mod authorized;
pub(crate) mod limits;
pub(crate) mod password;
pub(crate) mod people;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// Runs stations, customers, rules and disputes.
    Operator,
    /// Proposes, counters, signs and ends roaming agreements.
    RoamingManager,
    /// Reads and proves.
    Auditor,
    /// Keeps the member's programs and accounts running.
    Engineer,
    /// A customer of this utility, who sees what is his.
    Driver,
}

impl Role {
    /// All roles, in the order of the documents.
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::RoamingManager,
        Self::Auditor,
        Self::Engineer,
        Self::Driver,
    ];

    /// Whether an account of this role makes, disables and enables accounts of another one. An operator's does so for all, any other for its
    /// own role alone: nobody gives what he does not hold.
    pub(crate) fn may_give(self, other: Self) -> bool {
        self == Self::Operator || self == other
    }

    /// The role's name in requests and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::RoamingManager => "roaming_manager",
            Self::Auditor => "auditor",
            Self::Engineer => "engineer",
            Self::Driver => "driver",
        }
    }
}
