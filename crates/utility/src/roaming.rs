//! What operators ask about agreements and partners, and the answers.

use crate::desk::Outcomes;
use fairway_ledger::Ground;
use fairway_ledger::life::BoardOffer;
use fairway_model::agreement::Corridor;
use fairway_model::{Agreement, AgreementId, Currency, Energy, Hash, MemberId, Micro, Time};
use minicbor::{Decode, Encode};

pub use crate::registry::ledger_stage;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TermsCommand {
    /// Answer a proposal of the partner with other terms.
    #[n(0)]
    Counter {
        /// The proposal.
        #[n(0)]
        supersedes: AgreementId,
        /// The other terms.
        #[n(1)]
        agreement: Box<Agreement>,
    },
    /// Let no new charge begin.
    #[n(1)]
    Suspend {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Why.
        #[n(1)]
        ground: Ground,
        /// SHA-256 of evidence that both parties hold.
        #[n(2)]
        evidence: Option<Hash>,
    },
    /// Let charges begin again.
    #[n(2)]
    Resume {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
    },
    /// Give notice, withdraw or decline a proposal.
    #[n(3)]
    Terminate {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// The end; the earliest that the notice allows when none is given.
        #[n(1)]
        from: Option<Time>,
    },
    /// End at once for breach.
    #[n(4)]
    Breach {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// What was broken.
        #[n(1)]
        ground: Ground,
        /// SHA-256 of the evidence.
        #[n(2)]
        evidence: Hash,
    },
    /// Put an offer on the board.
    #[n(5)]
    Post(#[n(0)] BoardOffer),
    /// Take it off.
    #[n(6)]
    Withdraw {
        /// From which slot.
        #[n(0)]
        slot: u8,
    },
    /// The members as partners.
    #[n(7)]
    Partners,
    /// This member's agreements, with where they stand.
    #[n(8)]
    Agreements,
}

impl TermsCommand {
    /// Whether it only asks.
    pub(crate) fn asks(&self) -> bool {
        matches!(self, Self::Partners | Self::Agreements)
    }
}

/// What the ledger's blocks tell of a member as a partner. Counted by this member's own node from every block, so that nobody
/// need be believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct PartnerRecord {
    /// Charges of others' drivers settled at its stations.
    #[n(0)]
    pub served: u64,
    /// Their energy.
    #[n(1)]
    pub energy: Energy,
    /// Charges of its drivers settled at others' stations.
    #[n(2)]
    pub sent: u64,
    /// Settlements that it handed in and the contract refused for what they say (price, shares, meter, terms).
    #[n(3)]
    pub refused: u64,
    /// Charges that it disputed.
    #[n(4)]
    pub disputes: u64,
    /// Drivers whom it refused, as their home utilities claimed and it did not answer.
    #[n(5)]
    pub refusals: u64,
    /// Claims against it that it answered.
    #[n(6)]
    pub answered: u64,
    /// Netting cycles in which it owed a penalty.
    #[n(7)]
    pub penalties: u64,
    /// Payments that its creditors confirmed.
    #[n(8)]
    pub payments: u64,
    /// The newest of them.
    #[n(9)]
    pub paid_at: Option<Time>,
    /// Agreements that it suspended.
    #[n(10)]
    pub suspensions: u64,
    /// Agreements that it ended for breach.
    #[n(11)]
    pub breaches_said: u64,
    /// Agreements that others ended for its breach, as they say.
    #[n(12)]
    pub breaches_heard: u64,
    /// Cases that others opened against it.
    #[n(13)]
    pub disputed: u64,
    /// Charges at its stations that a case corrected.
    #[n(14)]
    pub corrected: u64,
}

/// A member as a partner.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PartnerView {
    /// Who.
    #[n(0)]
    pub member: MemberId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Charging points registered.
    #[n(2)]
    pub evses: u32,
    /// Grid areas with a charging point, in order; at most [`MAX_AREAS`].
    #[n(3)]
    pub areas: Vec<String>,
    /// What it offers now.
    #[n(4)]
    pub offers: Vec<BoardOffer>,
    /// What the ledger tells of it.
    #[n(5)]
    pub record: PartnerRecord,
    /// By currency: what it owes others and what others owe it, at present.
    #[n(6)]
    pub owes: Vec<(Currency, Micro, Micro)>,
    /// Agreements with us that are in force: (home, visited, id).
    #[n(7)]
    pub agreements: Vec<(MemberId, MemberId, AgreementId)>,
    /// What a kilowatt-hour costs our drivers there now, by tariff of the agreement in force.
    #[n(8)]
    pub prices: Vec<PriceThere>,
    /// How charges of our drivers there went in the last 30 days, as far as they are in memory.
    #[n(9)]
    pub outcomes: Outcomes,
    /// How it paid us.
    #[n(10)]
    pub dues: Dues,
}

/// What a kilowatt-hour costs a standard driver of ours at a partner's stations, before taxes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PriceThere {
    /// Under which terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// Under which of their tariffs.
    #[n(1)]
    pub tariff: String,
    /// In which currency.
    #[n(2)]
    pub currency: Currency,
    /// The price after load and corridor; none where the tariff prices no energy now.
    #[n(3)]
    pub price: Option<Micro>,
    /// The load multiplier in it, in basis points: the forecast's where the terms follow it, or else neutral inside the band, since only the
    /// partner knows its present load.
    #[n(4)]
    pub load_bps: u32,
    /// Limits that the price keeps whatever the load.
    #[n(5)]
    pub corridor: Corridor,
}

/// Obligations of a partner to us by how they were paid, as far as they are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Dues {
    /// Paid, and no interest ran.
    #[n(0)]
    pub in_time: u32,
    /// Paid, and interest had run.
    #[n(1)]
    pub late: u32,
    /// Not paid, and not due yet.
    #[n(2)]
    pub open: u32,
    /// Not paid, and due.
    #[n(3)]
    pub overdue: u32,
}

/// Most areas named of one partner.
pub const MAX_AREAS: usize = 64;

/// An agreement and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AgreementView {
    /// Which terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// Whose drivers.
    #[n(1)]
    pub home: MemberId,
    /// Whose stations.
    #[n(2)]
    pub visited: MemberId,
    /// Their version.
    #[n(3)]
    pub version: u32,
    /// Who proposed them.
    #[n(4)]
    pub proposer: MemberId,
    /// Where they stand, in words.
    #[n(5)]
    pub stage: String,
}
