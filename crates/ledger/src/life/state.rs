//! What the group remembers, and where.

use super::tx::Ground;
use crate::keys::{Key, key};
use fairway_model::agreement::AgreementId;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// Most times that terms are exchanged in one negotiation after the first proposal.
pub const MAX_ROUNDS: u8 = 8;

/// Who suspended an agreement, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Suspension {
    /// Who; the same party resumes.
    #[n(0)]
    pub by: MemberId,
    /// Why.
    #[n(1)]
    pub ground: Ground,
    /// SHA-256 of evidence.
    #[n(2)]
    pub evidence: Option<Hash>,
    /// Block time.
    #[n(3)]
    pub at: Time,
}

/// Who ended an agreement for breach, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Ended {
    /// Who says that the other party broke it.
    #[n(0)]
    pub by: MemberId,
    /// What was broken.
    #[n(1)]
    pub ground: Ground,
    /// SHA-256 of the evidence.
    #[n(2)]
    pub evidence: Hash,
    /// Block time: the end.
    #[n(3)]
    pub at: Time,
}

/// How one direction of a pair is used: open charges, charges of the day, service by cycle. Only agreements with ceilings of
/// charges or a service level write it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct PairUse {
    /// Pending holds that count.
    #[n(0)]
    pub open: u32,
    /// Day of the newest of them, as days since 1970-01-01 (UTC).
    #[n(1)]
    pub day: i64,
    /// Holds that count of that day.
    #[n(2)]
    pub today: u32,
    /// Cycles that are not closed, at most [`super::MAX_CYCLES`], oldest first.
    #[n(3)]
    pub cycles: Vec<CycleCount>,
}

/// Service in one cycle of one agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CycleCount {
    /// Which terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// Which cycle.
    #[n(1)]
    pub cycle: u64,
    /// Charges settled.
    #[n(2)]
    pub served: u32,
    /// Refusals claimed and not answered.
    #[n(3)]
    pub refused: u32,
    /// From then on nothing is counted any more, and the cycle can be closed.
    #[n(4)]
    pub closes_at: Time,
}

/// A claimed refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ClaimState {
    /// The terms that were not kept.
    #[n(0)]
    pub agreement: AgreementId,
    /// In which cycle it counts.
    #[n(1)]
    pub cycle: u64,
    /// An answer must arrive in a block before this time.
    #[n(2)]
    pub answer_until: Time,
    /// Answered: it counts no more.
    #[n(3)]
    pub answered: bool,
}

/// Of [`PairUse`]: charges of `home`'s drivers at `visited`'s stations.
pub fn key_for_use(home: MemberId, visited: MemberId) -> Key {
    key("fairway.state.terms-use", &(home, visited))
}

/// Of [`ClaimState`].
pub fn key_for_claim(session: SessionId) -> Key {
    key("fairway.state.terms-claim", &session)
}

/// Of [`super::BoardState`].
pub fn key_for_board(member: MemberId, slot: u8) -> Key {
    key("fairway.state.terms-board", &(member, slot))
}
