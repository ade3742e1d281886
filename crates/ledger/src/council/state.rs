//! What the council remembers, and where.

use super::charter::Parameter;
use super::evidence::Evidence;
use super::ops::{Choice, Motion, ProposalId, ProposalStatus};
use super::roll::Standing;
use crate::keys::Key;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::sign::PublicKey;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

fn key(kind: &str, parts: &impl Canonical) -> Key {
    Hash::of(kind, &parts.to_bytes()).0
}

/// Of the [`super::RollState`]; there is one.
pub fn key_for_roll() -> Key {
    key("fairway.state.council-roll", &())
}

/// Of the [`CharterState`]; there is one.
pub fn key_for_charter() -> Key {
    key("fairway.state.council-charter", &())
}

/// Of the [`AgendaState`]; there is one.
pub fn key_for_agenda() -> Key {
    key("fairway.state.council-agenda", &())
}

/// Of a [`ProposalState`].
pub fn key_for_proposal(proposal: ProposalId) -> Key {
    key("fairway.state.council-proposal", &proposal)
}

/// Of a [`UsedKeyState`].
pub fn key_for_used_key(public: PublicKey) -> Key {
    key("fairway.state.council-key", &public)
}

/// Of an [`EvidenceState`]: one per validator key, epoch and view.
pub fn key_for_evidence(public: PublicKey, epoch: u64, view: u64) -> Key {
    key("fairway.state.council-evidence", &(public, epoch, view))
}

/// Of the [`MisdeedsState`]; there is one.
pub fn key_for_misdeeds() -> Key {
    key("fairway.state.council-misdeeds", &())
}

/// What a member may do when it may not do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct MemberStanding {
    /// Suspended, left or expelled.
    #[n(0)]
    pub standing: Standing,
    /// From when on. A time to come is the notice of somebody who leaves.
    #[n(1)]
    pub since: Time,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum KeyPurpose {
    /// It signs transactions, agreements, messages.
    #[n(0)]
    Member,
    /// It signs the chain's votes.
    #[n(1)]
    Validator,
    /// Messages to the member are encrypted to it.
    #[n(2)]
    Encryption,
}

/// Whose a key is or was. A key is one member's, for one purpose, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct UsedKeyState {
    /// Whose.
    #[n(0)]
    pub member: MemberId,
    /// What for.
    #[n(1)]
    pub purpose: KeyPurpose,
    /// Height of the block that registered it; 0 for the founders' keys.
    #[n(2)]
    pub height: u64,
}

/// One member's vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CastVote {
    /// Whose.
    #[n(0)]
    pub member: MemberId,
    /// For or against.
    #[n(1)]
    pub choice: Choice,
    /// Height of the block that it came in.
    #[n(2)]
    pub height: u64,
}

/// A proposal and its votes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ProposalState {
    /// What shall be decided.
    #[n(0)]
    pub motion: Motion,
    /// Who proposed it.
    #[n(1)]
    pub proposer: MemberId,
    /// Block time of the proposal.
    #[n(2)]
    pub proposed_at: Time,
    /// No vote counts from then on.
    #[n(3)]
    pub expires_at: Time,
    /// It takes effect in no block before this height.
    #[n(4)]
    pub not_before: u64,
    /// The votes, in order of member; at most one of each.
    #[n(5)]
    pub votes: Vec<CastVote>,
    /// Where it is in its life.
    #[n(6)]
    pub status: ProposalStatus,
}

/// An entry of the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OpenProposal {
    /// Which proposal.
    #[n(0)]
    pub proposal: ProposalId,
    /// No vote counts from then on.
    #[n(1)]
    pub expires_at: Time,
}

/// Which proposals there are.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct AgendaState {
    /// Open ones and those that wait for their height, oldest first; at most [`crate::limits::MAX_OPEN_PROPOSALS`].
    #[n(0)]
    pub open: Vec<OpenProposal>,
    /// The last ones that were decided, oldest first; at most [`crate::limits::MAX_CLOSED_PROPOSALS`].
    #[n(1)]
    pub closed: Vec<ProposalId>,
}

/// A version of the contracts and its first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct VersionFrom {
    /// The version.
    #[n(0)]
    pub version: u32,
    /// The first height that it executes.
    #[n(1)]
    pub from: u64,
}

/// A parameter's value and its first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ParameterFrom {
    /// Which.
    #[n(0)]
    pub parameter: Parameter,
    /// Its value.
    #[n(1)]
    pub value: i64,
    /// The first height at which it counts.
    #[n(2)]
    pub from: u64,
}

/// What counts from which height on. Without an entry: version 1 and [`Parameter::initial`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct CharterState {
    /// The present version and at most one to come.
    #[n(0)]
    pub versions: Vec<VersionFrom>,
    /// Of each parameter the present value and at most one to come.
    #[n(1)]
    pub parameters: Vec<ParameterFrom>,
}

/// A proven misdeed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EvidenceState {
    /// Both votes.
    #[n(0)]
    pub evidence: Evidence,
    /// Who showed them.
    #[n(1)]
    pub reporter: MemberId,
    /// Height of the block that they came in.
    #[n(2)]
    pub height: u64,
    /// Whether the member was suspended for it.
    #[n(3)]
    pub suspended: bool,
}

/// Where the record of a misdeed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ListedMisdeed {
    /// Whose.
    #[n(0)]
    pub member: MemberId,
    /// The key that signed both votes.
    #[n(1)]
    pub key: PublicKey,
    /// Epoch of the votes.
    #[n(2)]
    pub epoch: u64,
    /// View of the votes.
    #[n(3)]
    pub view: u64,
}

impl ListedMisdeed {
    /// Of the [`EvidenceState`].
    pub fn record(&self) -> Key {
        key_for_evidence(self.key, self.epoch, self.view)
    }
}

/// Which misdeeds are on record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct MisdeedsState {
    /// The newest, oldest first; at most [`crate::limits::MAX_LISTED_MISDEEDS`].
    #[n(0)]
    pub listed: Vec<ListedMisdeed>,
}
