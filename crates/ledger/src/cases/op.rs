//! What members ask: credits, and the steps of a case.

use fairway_model::canonical::Canonical;
use fairway_model::charge::{ChargeEvent, Usage};
use fairway_model::credit::{CREDIT_DOMAIN, SignedCredit};
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, OwnerId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::sign::{Claim, PublicKey, signed_bytes};
use minicbor::{Decode, Encode};

use crate::tx::DisputeReason;

/// A doubly signed credit with the claims that its posting needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CreditNote {
    /// The credit and both signatures.
    #[n(0)]
    pub signed: SignedCredit,
    /// The key that the visited utility signed with.
    #[n(1)]
    pub visited_key: PublicKey,
    /// The key that the home utility signed with.
    #[n(2)]
    pub home_key: PublicKey,
    /// Who owns the site, as the charge was settled.
    #[n(3)]
    pub owner: OwnerId,
    /// The charge's currency.
    #[n(4)]
    pub currency: Currency,
}

/// Names a case, with the claims that every step of it needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseRef {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// Who opened the case: one party of the charge. Each party has at most one case about a charge.
    #[n(1)]
    pub opener: MemberId,
    /// The charge's home utility.
    #[n(2)]
    pub home: MemberId,
    /// The charge's visited utility.
    #[n(3)]
    pub visited: MemberId,
    /// Who owns the site, as the charge was settled.
    #[n(4)]
    pub owner: OwnerId,
    /// The charge's currency.
    #[n(5)]
    pub currency: Currency,
}

/// What a party finds right.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CaseClaim {
    /// This total, taxes included, in whole minor units.
    #[n(0)]
    Total(#[n(0)] Micro),
    /// What this usage costs: the contract rates it again under the charge's own tariff and adjustments.
    #[n(1)]
    Usage(#[n(0)] Box<Usage>),
}

/// An objection to a settled charge that asks for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseOpening {
    /// Which case.
    #[n(0)]
    pub case: CaseRef,
    /// Why.
    #[n(1)]
    pub reason: DisputeReason,
    /// SHA-256 of the evidence, which both utilities keep.
    #[n(2)]
    pub evidence: Hash,
    /// What is right; less than what is left of the charge.
    #[n(3)]
    pub claim: CaseClaim,
    /// The settled event: needed for a claim by usage, and where meter evidence is disputed.
    #[n(4)]
    pub event: Option<Box<ChargeEvent>>,
}

/// What the other party says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CaseReply {
    /// The claim is right: it is credited at once.
    #[n(0)]
    Accept,
    /// This is right instead; less than what is left of the charge, more than the claim. It stands unless a panel says otherwise.
    #[n(1)]
    Offer(#[n(0)] CaseClaim),
    /// The charge is right as it was settled.
    #[n(2)]
    Contest,
}

/// The other party's answer, once, before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseAnswer {
    /// Which case.
    #[n(0)]
    pub case: CaseRef,
    /// SHA-256 of the counter-evidence. Where meter evidence is disputed: the hash of the meter records that the event names.
    #[n(1)]
    pub evidence: Hash,
    /// The answer.
    #[n(2)]
    pub reply: CaseReply,
    /// The settled event: needed for an offer by usage.
    #[n(3)]
    pub event: Option<Box<ChargeEvent>>,
}

/// How a member of the panel votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Verdict {
    /// For the claim.
    #[n(0)]
    Claim,
    /// For the answer's total.
    #[n(1)]
    Answer,
    /// The charge stands.
    #[n(2)]
    Stands,
}

/// Operations on settled charges.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CaseOperation {
    /// Credit a settled charge, whole or part; either party hands in what both signed.
    #[n(0)]
    Credit(#[n(0)] Box<CreditNote>),
    /// Open a case; a party does, within the agreement's days of dispute.
    #[n(1)]
    Open(#[n(0)] Box<CaseOpening>),
    /// Answer it; the other party does.
    #[n(2)]
    Answer(#[n(0)] Box<CaseAnswer>),
    /// Take the answer's total; the opener does.
    #[n(3)]
    Accept(#[n(0)] CaseRef),
    /// Give the case up: nothing is credited; the opener does.
    #[n(4)]
    Withdraw(#[n(0)] CaseRef),
    /// Ask for a panel after the answer; either party does.
    #[n(5)]
    Escalate(#[n(0)] CaseRef),
    /// Vote; a member of the panel does, once.
    #[n(6)]
    Vote {
        /// Which case.
        #[n(0)]
        case: CaseRef,
        /// How.
        #[n(1)]
        verdict: Verdict,
    },
    /// Decide by rule after a deadline; any member may hand it in.
    #[n(7)]
    Close(#[n(0)] CaseRef),
}

impl CaseOperation {
    /// Every signature besides the transaction's own, with the name of what it signs.
    pub(crate) fn claims(&self) -> Vec<(&'static str, Claim)> {
        let Self::Credit(note) = self else {
            return Vec::new();
        };
        let message = signed_bytes(CREDIT_DOMAIN, &note.signed.credit.to_bytes());
        let by = |key, signature| Claim {
            key,
            message: message.clone(),
            signature,
        };
        vec![
            (
                "credit by the visited utility",
                by(note.visited_key, note.signed.visited_signature),
            ),
            (
                "credit by the home utility",
                by(note.home_key, note.signed.home_signature),
            ),
        ]
    }

    /// The case that a step belongs to; none for a credit.
    pub fn case(&self) -> Option<&CaseRef> {
        match self {
            Self::Credit(_) => None,
            Self::Open(opening) => Some(&opening.case),
            Self::Answer(answer) => Some(&answer.case),
            Self::Accept(case)
            | Self::Withdraw(case)
            | Self::Escalate(case)
            | Self::Close(case)
            | Self::Vote { case, .. } => Some(case),
        }
    }
}
