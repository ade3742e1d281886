//! What the contracts remember of credits and cases.

use super::op::Verdict;
use crate::tx::DisputeReason;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::Micro;
use fairway_model::price::Shares;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// Everything credited of one charge so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CreditState {
    /// The sum of the credits.
    #[n(0)]
    pub credited: Micro,
    /// Who gave back how much of it; the four add up to `credited`.
    #[n(1)]
    pub given: Shares,
    /// How many credits both signed, at most [`crate::limits::MAX_CREDITS`]; ends of cases are not counted.
    #[n(2)]
    pub count: u32,
}

impl CreditState {
    /// Nothing credited.
    pub const NONE: Self = Self {
        credited: Micro::ZERO,
        given: Shares {
            home: Micro::ZERO,
            visited: Micro::ZERO,
            owner: Micro::ZERO,
            tax: Micro::ZERO,
        },
        count: 0,
    };
}

/// A credit that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CreditRecord {
    /// Hash of the credit.
    #[n(0)]
    pub content: Hash,
}

/// A case from its opening to its end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseState {
    /// Hash of the opening.
    #[n(0)]
    pub content: Hash,
    /// Why.
    #[n(1)]
    pub reason: DisputeReason,
    /// SHA-256 of the opener's evidence.
    #[n(2)]
    pub evidence: Hash,
    /// The total that the opener finds right.
    #[n(3)]
    pub claimed: Micro,
    /// Whether the contract computed it from a submitted usage.
    #[n(4)]
    pub rated: bool,
    /// What the settled event names as its meter records, where they are disputed.
    #[n(5)]
    pub meter_evidence: Option<Hash>,
    /// Block time.
    #[n(6)]
    pub opened_at: Time,
    /// The other party answers in a block before this time.
    #[n(7)]
    pub answer_until: Time,
    /// What is frozen of the position between the two.
    #[n(8)]
    pub frozen: Micro,
    /// The answer.
    #[n(9)]
    pub answer: Option<AnswerState>,
    /// The panel, when one was asked for.
    #[n(10)]
    pub panel: Option<PanelState>,
    /// How it ended.
    #[n(11)]
    pub closed: Option<ClosedState>,
}

/// What the other party said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct AnswerState {
    /// SHA-256 of its evidence.
    #[n(0)]
    pub evidence: Hash,
    /// The total that it finds right.
    #[n(1)]
    pub total: Micro,
    /// From then on the case is decided by rule; until then the opener may accept, and either may ask for a panel.
    #[n(2)]
    pub settle_until: Time,
}

/// The members that were drawn, and their votes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PanelState {
    /// The seats; an odd number.
    #[n(0)]
    pub members: Vec<MemberId>,
    /// Votes so far.
    #[n(1)]
    pub votes: Vec<PanelVote>,
    /// Votes count in blocks before this time.
    #[n(2)]
    pub vote_until: Time,
}

/// One vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PanelVote {
    /// Whose.
    #[n(0)]
    pub member: MemberId,
    /// How.
    #[n(1)]
    pub verdict: Verdict,
}

/// Why a case ended as it did. The rules are part of every agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Ruling {
    /// The other party accepted the claim.
    #[n(0)]
    Accepted,
    /// The opener took the answer's total.
    #[n(1)]
    Agreed,
    /// The opener gave the case up; the charge stands.
    #[n(2)]
    Withdrawn,
    /// Nobody answered, and the claim holds without one: the contract rated it from a submitted usage, or it costs the opener
    /// itself, or the visited utility owed proof (meter records, the driver's consent) and showed none.
    #[n(3)]
    Unanswered,
    /// Nobody answered, and the claim is a bare figure about price or service; the charge, which both signed, stands.
    #[n(4)]
    NotProven,
    /// The answer does not name the meter records that the event names; the claim holds.
    #[n(5)]
    EvidenceMissing,
    /// The answer's total holds: nobody asked for a panel, or the panel did not come to a majority.
    #[n(6)]
    Answered,
    /// The panel decided.
    #[n(7)]
    Panel,
}

impl Ruling {
    /// The ruling in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Agreed => "agreed",
            Self::Withdrawn => "withdrawn",
            Self::Unanswered => "unanswered",
            Self::NotProven => "not-proven",
            Self::EvidenceMissing => "evidence-missing",
            Self::Answered => "answered",
            Self::Panel => "panel",
        }
    }
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ClosedState {
    /// Why so.
    #[n(0)]
    pub ruling: Ruling,
    /// The total that was found right.
    #[n(1)]
    pub total: Micro,
    /// What was credited to come to it; less when earlier credits had come near it.
    #[n(2)]
    pub credited: Micro,
    /// Block time.
    #[n(3)]
    pub at: Time,
}
