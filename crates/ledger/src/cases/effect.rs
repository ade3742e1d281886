//! What credits and cases did.

use super::op::Verdict;
use super::state::Ruling;
use fairway_model::ids::{CreditId, MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::price::Shares;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// What an applied operation on a settled charge did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CaseEffect {
    /// A part of a charge is credited.
    #[n(0)]
    Credited {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// The credit.
        #[n(1)]
        credit: CreditId,
        /// How much.
        #[n(2)]
        amount: Micro,
        /// Who gives back how much of it.
        #[n(3)]
        shares: Shares,
        /// Currency.
        #[n(4)]
        currency: Currency,
    },
    /// A case is open.
    #[n(1)]
    Opened {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Who opened it.
        #[n(1)]
        opener: MemberId,
        /// The total that it claims; computed by the contract when the claim is a usage.
        #[n(2)]
        claimed: Micro,
        /// What of the position between the parties is frozen.
        #[n(3)]
        frozen: Micro,
        /// The answer must come before.
        #[n(4)]
        answer_until: Time,
    },
    /// The other party answered.
    #[n(2)]
    Answered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Whose case.
        #[n(1)]
        opener: MemberId,
        /// The total that the answer finds right.
        #[n(2)]
        total: Micro,
        /// Accepting it, and asking for a panel, are possible before.
        #[n(3)]
        settle_until: Time,
    },
    /// A panel was drawn.
    #[n(3)]
    Escalated {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Whose case.
        #[n(1)]
        opener: MemberId,
        /// Who sits on it.
        #[n(2)]
        panel: Vec<MemberId>,
        /// Votes count before.
        #[n(3)]
        vote_until: Time,
    },
    /// A vote that did not decide yet.
    #[n(4)]
    Voted {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Whose case.
        #[n(1)]
        opener: MemberId,
        /// The vote.
        #[n(2)]
        verdict: Verdict,
    },
    /// A case is decided.
    #[n(5)]
    Closed {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Whose case.
        #[n(1)]
        opener: MemberId,
        /// Why so.
        #[n(2)]
        ruling: Ruling,
        /// The total that was found right.
        #[n(3)]
        total: Micro,
        /// What was credited to come to it.
        #[n(4)]
        credited: Micro,
        /// Who gives back how much of that.
        #[n(5)]
        shares: Shares,
        /// Currency.
        #[n(6)]
        currency: Currency,
    },
}
