//! The state before the first block.

use crate::council;
use crate::keys::{Key, key_for_member};
use crate::limits::{MAX_CHAIN_ID_LEN, MAX_GENESIS_MEMBERS};

use crate::state::MemberState;
use fairway_model::canonical::Canonical;
use fairway_model::ids::MemberId;
use fairway_model::registry::{MAX_NAME_LEN, MAX_URL_LEN, Member, MemberKind};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// What every validator must agree on beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Genesis {
    /// Names the chain; transactions are signed for it. 1 to [`MAX_CHAIN_ID_LEN`] bytes.
    #[n(0)]
    pub chain_id: String,
    /// The founding members.
    #[n(1)]
    pub members: Vec<Member>,
}

/// Why a genesis is no beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenesisError {
    /// Empty or too long; its length in bytes.
    ChainId(usize),
    /// None or too many members; how many.
    Members(usize),
    /// Two members share an id, signing key, validator key or encryption key; the second of them.
    Twice(MemberId),
    /// A member whose id, name or endpoint is out of bounds; which, and what is wrong.
    Member(MemberId, &'static str),
}

impl core::fmt::Display for GenesisError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::ChainId(n) => write!(
                f,
                "chain id has {n} bytes; 1 to {MAX_CHAIN_ID_LEN} are allowed"
            ),
            Self::Members(n) => write!(
                f,
                "genesis has {n} members; 1 to {MAX_GENESIS_MEMBERS} are allowed"
            ),
            Self::Twice(m) => write!(
                f,
                "member {m} has an id or key that another member has already"
            ),
            Self::Member(m, what) => write!(f, "member {m}: {what}"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl Genesis {
    /// The first state.
    ///
    /// # Errors
    /// [`GenesisError`] names the member and the rule.
    pub fn state(&self) -> Result<BTreeMap<Key, Vec<u8>>, GenesisError> {
        if self.chain_id.is_empty() || self.chain_id.len() > MAX_CHAIN_ID_LEN {
            return Err(GenesisError::ChainId(self.chain_id.len()));
        }
        if self.members.is_empty() || self.members.len() > MAX_GENESIS_MEMBERS {
            return Err(GenesisError::Members(self.members.len()));
        }
        let (mut keys, mut state) = (BTreeSet::new(), BTreeMap::new());
        for member in &self.members {
            check_member(member)?;
            let fresh = keys.insert(member.key)
                && member.validator.is_none_or(|key| keys.insert(key))
                && member
                    .encryption
                    .is_none_or(|key| keys.insert(council::used_name(key)));
            let value = MemberState {
                member: member.clone(),
                previous: None,
                standing: None,
                previous_encryption: None,
            }
            .to_bytes();
            if state.insert(key_for_member(member.id), value).is_some() || !fresh {
                return Err(GenesisError::Twice(member.id));
            }
        }
        state.extend(council::genesis(&self.members));
        Ok(state)
    }
}

fn check_member(member: &Member) -> Result<(), GenesisError> {
    if MemberId::parse(&member.id.to_string()).is_err() {
        let what = "the id is not a country of 2 letters and a party of 3 characters";
        return Err(GenesisError::Member(member.id, what));
    }
    member_fault(member).map_or(Ok(()), |what| Err(GenesisError::Member(member.id, what)))
}

/// What is wrong with a member's name or endpoint, if anything.
pub(crate) fn member_fault(member: &Member) -> Option<&'static str> {
    if member.name.is_empty() || member.name.len() > MAX_NAME_LEN {
        return Some("the name must have 1 to 80 bytes");
    }
    if member.endpoint.len() > MAX_URL_LEN {
        return Some("the endpoint must have at most 200 bytes");
    }
    (member.kind == MemberKind::Utility && member.endpoint.is_empty())
        .then_some("a utility needs an endpoint")
}
