//! The roaming agreement: the terms under which one member's drivers charge at another's stations. It is data; the ledger
//! executes it. A member's own drivers at its own stations fall under an agreement with itself.

use crate::canonical::Canonical;
use crate::energy::Energy;
use crate::forecast::ForecastTerms;
use crate::hash::Hash;
use crate::ids::MemberId;
use crate::money::{Currency, Micro};
use crate::profile::Tier;
use crate::split::{SplitKind, SplitRule};
use crate::tariff::Tariff;
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Signing and hashing domain of agreements.
pub const AGREEMENT_DOMAIN: &str = "fairway.agreement.v1";
/// The most tariffs in one agreement.
pub const MAX_TARIFFS: usize = 16;

/// The hash of an agreement's canonical bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct AgreementId(#[n(0)] pub Hash);

impl core::fmt::Display for AgreementId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "agr_{}", self.0)
    }
}

/// Limits of the adjusted energy price, net, per kWh. A price never leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Corridor {
    /// Lowest energy price per kWh.
    #[n(0)]
    pub floor: Micro,
    /// Highest energy price per kWh; not below the floor.
    #[n(1)]
    pub cap: Micro,
}

/// How far present load may move the energy price, in basis points of the tariff's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct LoadBand {
    /// Lowest multiplier.
    #[n(0)]
    pub min_bps: u32,
    /// Highest multiplier; not below the lowest.
    #[n(1)]
    pub max_bps: u32,
}

impl LoadBand {
    /// A multiplier held inside the band, in basis points; in a band that is upside down always the lowest.
    pub fn held(&self, bps: u32) -> u32 {
        bps.clamp(self.min_bps, self.max_bps.max(self.min_bps))
    }
}

/// Ceilings that the contract enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Caps {
    /// Energy of one charge.
    #[n(0)]
    pub energy_per_charge: Energy,
    /// Total of one charge, taxes included.
    #[n(1)]
    pub amount_per_charge: Micro,
    /// What home may owe visited at any time: holds and unpaid charges together.
    #[n(2)]
    pub exposure: Micro,
}

/// What a tier is worth abroad, and who pays for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TierTerms {
    /// The tier at home.
    #[n(0)]
    pub tier: Tier,
    /// Discount on the net price in basis points.
    #[n(1)]
    pub discount_bps: u32,
    /// Which part of that discount the home utility bears, in basis points; the visited utility bears the rest.
    #[n(2)]
    pub home_bears_bps: u32,
}

/// Parts of the net price before discount, in basis points; they add up to 10,000. Where the agreement names a [`SplitRule`], they are
/// the powers of Nash bargaining; beside the Shapley value they are not applied and only shown for comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Split {
    /// The home utility.
    #[n(0)]
    pub home_bps: u32,
    /// The visited utility.
    #[n(1)]
    pub visited_bps: u32,
    /// The owner of the EVSE's site.
    #[n(2)]
    pub owner_bps: u32,
}

/// How many charges of home's drivers may stand open, and begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct SessionCaps {
    /// Most charges at the same time: holds that are placed and neither settled nor void. Not zero.
    #[n(0)]
    pub concurrent: Option<u32>,
    /// Most charges whose hold is placed on one day (UTC, by block time). Not zero.
    #[n(1)]
    pub per_day: Option<u32>,
}

/// The duty of the visited utility to serve home's drivers, measured over one netting cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ServiceLevel {
    /// Least part of the eligible drivers that must be served, in basis points of served and refused together; at most 10,000.
    #[n(0)]
    pub least_served_bps: u32,
    /// What the visited utility pays home for each refused driver beyond what that part tolerates.
    #[n(1)]
    pub penalty: Micro,
    /// The most that it pays for one cycle; not under the penalty.
    #[n(2)]
    pub penalty_cap: Micro,
    /// Hours in which the visited utility may answer a claim of refusal with the offer that home signed; at least 1.
    #[n(3)]
    pub answer_hours: u16,
}

/// A roaming agreement, one direction of one pair.
///
/// The fields from the notice period on are optional terms: an agreement without them has the bytes, and so the id, that it had
/// before they were thought of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Agreement {
    /// Counts up when the same pair amends; the newest countersigned version prices new charges.
    #[n(0)]
    pub version: u32,
    /// Whose drivers (HUN).
    #[n(1)]
    pub home: MemberId,
    /// Whose stations (VUN).
    #[n(2)]
    pub visited: MemberId,
    /// Currency of every amount here.
    #[n(3)]
    pub currency: Currency,
    /// No charge begins earlier.
    #[n(4)]
    pub valid_from: Time,
    /// No charge begins from then on.
    #[n(5)]
    pub valid_until: Time,
    /// SHA-256 of the readable text that both signed.
    #[n(6)]
    pub text_hash: Hash,
    /// What charging costs; an offer names one by id. At most [`MAX_TARIFFS`].
    #[n(7)]
    pub tariffs: Vec<Tariff>,
    /// Limits of the energy price.
    #[n(8)]
    pub corridor: Corridor,
    /// Limits of load adjustment.
    #[n(9)]
    pub load_band: LoadBand,
    /// Ceilings.
    #[n(10)]
    pub caps: Caps,
    /// Recognised tiers; a tier that is missing gets no discount.
    #[n(11)]
    pub tiers: Vec<TierTerms>,
    /// How the net price is shared.
    #[n(12)]
    pub split: Split,
    /// How long a hold lasts without its charge, in milliseconds.
    #[n(13)]
    pub hold_ttl: i64,
    /// Days between nettings.
    #[n(14)]
    pub netting_days: u16,
    /// Days from netting to payment.
    #[n(15)]
    pub due_days: u16,
    /// Yearly interest on late payment in basis points.
    #[n(16)]
    pub interest_bps: u32,
    /// Days in which a charge may be disputed.
    #[n(17)]
    pub dispute_days: u16,
    /// Days between notice and the end that it gives; without it the end may be given for any time to come.
    #[n(18)]
    pub notice_days: Option<u16>,
    /// Ceilings of the number of charges.
    #[n(19)]
    pub session_caps: Option<SessionCaps>,
    /// Duty to serve.
    #[n(20)]
    pub service: Option<ServiceLevel>,
    /// What home pledges as security for what it owes under this agreement; more than nothing.
    #[n(21)]
    pub collateral: Option<Micro>,
    /// SHA-256 of the model that forecasts load for prices, where the parties bind themselves to one.
    #[n(22)]
    pub model: Option<Hash>,
    /// SHA-256 of a pricing or split rule as a WebAssembly module; the tables above apply where it fails.
    #[n(23)]
    pub rule: Option<Hash>,
    /// The most fuel that one run of the rule may use; given exactly when there is a rule.
    #[n(24)]
    pub rule_fuel: Option<u64>,
    /// SHA-256 of a separate legal text that both hold.
    #[n(25)]
    pub annex_hash: Option<Hash>,
    /// The rule that shares the net price; without one the fixed parts of `split` do.
    #[n(26)]
    pub split_rule: Option<SplitRule>,
    /// How the forecast load of the visited utility moves prices; without it present load does, as the visited utility sets it.
    #[n(27)]
    pub forecast: Option<ForecastTerms>,
}

impl Agreement {
    /// The id: the hash of what is signed.
    pub fn id(&self) -> AgreementId {
        AgreementId(self.digest(AGREEMENT_DOMAIN))
    }

    /// By which rule the net price is shared.
    pub fn split_kind(&self) -> SplitKind {
        self.split_rule
            .as_ref()
            .map_or(SplitKind::Fixed, SplitRule::kind)
    }

    /// The terms for a tier, if it is recognised.
    pub fn tier_terms(&self, tier: Tier) -> Option<&TierTerms> {
        self.tiers.iter().find(|t| t.tier == tier)
    }

    /// The tariff with this id.
    pub fn tariff(&self, id: &str) -> Option<&Tariff> {
        self.tariffs.iter().find(|t| t.id == id)
    }
}
