//! Receipts: what one transaction did, or why it did nothing.

use crate::batch::ItemOutcome;
use crate::cases::effect::CaseEffect;
use crate::council::CouncilEffect;
use crate::energy::op::EnergyEffect;
use crate::forecast::op::ForecastEffect;
use crate::life::TermsEffect;
use crate::money::MoneyEffect;
use crate::rates::RateEffect;
use crate::rules::{RuleEffect, RuleUse};
use core::fmt;
use fairway_model::agreement::AgreementId;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, MemberId, OwnerId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::price::Shares;
use fairway_model::refusal::Refusal;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// An account of the common books. Positive means that others owe it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Account {
    /// What a utility earns, and what its drivers consumed elsewhere.
    #[n(0)]
    Member(#[n(0)] MemberId),
    /// Tax that a utility collected and remits.
    #[n(1)]
    Tax(#[n(0)] MemberId),
    /// What the owner of a site earned.
    #[n(2)]
    Owner(#[n(0)] OwnerId),
    /// Tokens of an issuer that a member holds and may use.
    #[n(3)]
    Token {
        /// Whose claim.
        #[n(0)]
        holder: MemberId,
        /// On whom.
        #[n(1)]
        issuer: MemberId,
    },
    /// What an issuer owes for the tokens in circulation; below nothing.
    #[n(4)]
    Issued(#[n(0)] MemberId),
    /// Tokens that wait to be paid out.
    #[n(5)]
    Redeeming {
        /// Whose claim.
        #[n(0)]
        holder: MemberId,
        /// On whom.
        #[n(1)]
        issuer: MemberId,
    },
    /// Tokens that secure what one member owes another.
    #[n(6)]
    Collateral {
        /// Whose tokens, and whose debts.
        #[n(0)]
        debtor: MemberId,
        /// Whom they secure.
        #[n(1)]
        creditor: MemberId,
        /// On whom the tokens are a claim.
        #[n(2)]
        issuer: MemberId,
    },
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(m) => write!(f, "member:{m}"),
            Self::Tax(m) => write!(f, "tax:{m}"),
            Self::Owner(o) => write!(f, "owner:{o}"),
            Self::Token { holder, issuer } => write!(f, "token:{holder}@{issuer}"),
            Self::Issued(m) => write!(f, "issued:{m}"),
            Self::Redeeming { holder, issuer } => write!(f, "redeeming:{holder}@{issuer}"),
            Self::Collateral {
                debtor,
                creditor,
                issuer,
            } => write!(f, "collateral:{debtor}>{creditor}@{issuer}"),
        }
    }
}

/// A change of one account. The postings of one receipt add up to zero in each currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Posting {
    /// Which account.
    #[n(0)]
    pub account: Account,
    /// By how much.
    #[n(1)]
    pub amount: Micro,
    /// In which currency.
    #[n(2)]
    pub currency: Currency,
}

/// What an applied operation did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Effect {
    /// A prefix answers for a member.
    #[n(0)]
    PrefixRegistered,
    /// An EVSE is known.
    #[n(1)]
    EvseRegistered {
        /// Which.
        #[n(0)]
        evse: EvseId,
    },
    /// An EVSE is out of use.
    #[n(2)]
    EvseRetired {
        /// Which.
        #[n(0)]
        evse: EvseId,
        /// From when.
        #[n(1)]
        from: Time,
    },
    /// An EVSE has another meter key.
    #[n(3)]
    MeterKeyRotated {
        /// Which.
        #[n(0)]
        evse: EvseId,
        /// SHA-256 of the new key.
        #[n(1)]
        meter_key: Hash,
    },
    /// The member has another key.
    #[n(4)]
    MemberKeyRotated,
    /// Terms wait for the other party.
    #[n(5)]
    AgreementProposed {
        /// Which.
        #[n(0)]
        agreement: AgreementId,
    },
    /// Terms are agreed.
    #[n(6)]
    AgreementCountersigned {
        /// Which.
        #[n(0)]
        agreement: AgreementId,
    },
    /// Terms end.
    #[n(7)]
    AgreementTerminated {
        /// Which.
        #[n(0)]
        agreement: AgreementId,
        /// From when.
        #[n(1)]
        from: Time,
    },
    /// Money is set aside.
    #[n(8)]
    HoldPlaced {
        /// For which charge.
        #[n(0)]
        session: SessionId,
        /// How much.
        #[n(1)]
        amount: Micro,
    },
    /// Money is free again.
    #[n(9)]
    HoldVoided {
        /// Of which charge.
        #[n(0)]
        session: SessionId,
        /// How much.
        #[n(1)]
        released: Micro,
        /// Whether it had expired.
        #[n(2)]
        expired: bool,
    },
    /// A charge is settled.
    #[n(10)]
    ChargeSettled {
        /// Which.
        #[n(0)]
        session: SessionId,
        /// Hash of the event.
        #[n(1)]
        event: Hash,
        /// What the driver pays.
        #[n(2)]
        total: Micro,
        /// Who gets what of it.
        #[n(3)]
        shares: Shares,
        /// Currency.
        #[n(4)]
        currency: Currency,
        /// What was held and not needed.
        #[n(5)]
        released: Micro,
    },
    /// A payment reduced what one member owes another.
    #[n(11)]
    PaymentConfirmed {
        /// Who paid.
        #[n(0)]
        debtor: MemberId,
        /// Who was paid.
        #[n(1)]
        creditor: MemberId,
        /// What is owed after it.
        #[n(2)]
        owed: Micro,
        /// Currency.
        #[n(3)]
        currency: Currency,
    },
    /// An objection is on record.
    #[n(12)]
    DisputeRecorded {
        /// To which charge.
        #[n(0)]
        session: SessionId,
    },
    /// The council went on.
    #[n(38)]
    Council(#[n(0)] CouncilEffect),
    /// A settled charge was credited, or its case went on.
    #[n(35)]
    Case(#[n(0)] CaseEffect),
    /// Energy was stated or traded.
    #[n(36)]
    Energy(#[n(0)] EnergyEffect),
    /// A rate of exchange was stated, or a debt converted.
    #[n(39)]
    Rate(#[n(0)] RateEffect),
    /// Money moved after settlement.
    #[n(34)]
    Money(#[n(0)] Box<MoneyEffect>),
    /// The life of agreements, the board of offers, service levels.
    #[n(33)]
    Terms(#[n(0)] TermsEffect),
    /// Something about custom rules.
    #[n(37)]
    Rule(#[n(0)] RuleEffect),
    /// A result for each item of a batch, in order.
    #[n(41)]
    Batch(#[n(0)] Vec<ItemOutcome>),
    /// Something about readings, forecasts, models, schedules and scores.
    #[n(42)]
    Forecast(#[n(0)] ForecastEffect),
    /// Messages to the member are encrypted to another key.
    #[n(40)]
    EncryptionKeyRotated,
}

/// Whether a transaction took effect.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// It did.
    #[n(0)]
    Applied(#[n(0)] Effect),
    /// It did not, and nothing changed.
    #[n(1)]
    Refused(#[n(0)] Refusal),
}

/// What one transaction did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// Plain SHA-256 of the transaction's bytes.
    #[n(0)]
    pub transaction: Hash,
    /// Height of its block.
    #[n(1)]
    pub height: u64,
    /// Time of its block.
    #[n(2)]
    pub time: Time,
    /// What it did.
    #[n(3)]
    pub outcome: Outcome,
    /// Which accounts it changed; empty when it moved no money.
    #[n(4)]
    pub postings: Vec<Posting>,
    /// What custom rules did to the charges that it settled; `None` when no agreement named one. A rule that failed is named here,
    /// with the base rule's price in the effect.
    #[n(5)]
    pub rules: Option<Vec<RuleUse>>,
}

impl Receipt {
    /// The refusal, if it was refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.outcome {
            Outcome::Refused(refusal) => Some(refusal),
            Outcome::Applied(_) => None,
        }
    }

    /// The effect, if it was applied.
    pub fn effect(&self) -> Option<&Effect> {
        match &self.outcome {
            Outcome::Applied(effect) => Some(effect),
            Outcome::Refused(_) => None,
        }
    }
}
