//! A price and its argument: a price without its breakdown does not exist.

use crate::agreement::Corridor;
use crate::energy::Energy;
use crate::hash::Hash;
use crate::money::{Currency, Micro, Ppm};
use crate::profile::Tier;
use crate::tariff::Dimension;
use minicbor::{Decode, Encode};

/// What the two policies agreed on top of the tariff; fixed at consent and part of the signed offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Adjustments {
    /// Multiplier of energy prices for present load, in basis points: 10,000 leaves the tariff as it is.
    #[n(0)]
    pub load_bps: u32,
    /// The driver's tier at home.
    #[n(1)]
    pub tier: Tier,
    /// Discount on the net price for that tier, in basis points of it.
    #[n(2)]
    pub discount_bps: u32,
    /// Limits of the adjusted energy price per kWh.
    #[n(3)]
    pub corridor: Corridor,
}

impl Adjustments {
    /// Adjustments that change nothing.
    pub const NEUTRAL: Self = Self {
        load_bps: 10_000,
        tier: Tier::Standard,
        discount_bps: 0,
        corridor: Corridor {
            floor: Micro(0),
            cap: Micro(i64::MAX),
        },
    };
}

/// One priced quantity.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PriceLine {
    /// What was priced.
    #[n(0)]
    pub dimension: Dimension,
    /// Which element of the tariff priced it, counted from 0.
    #[n(1)]
    pub element: u16,
    /// Quantity used: milliwatt-hours for energy, milliseconds for times, 1 for a flat fee.
    #[n(2)]
    pub quantity: u64,
    /// Quantity billed after the step size, same unit.
    #[n(3)]
    pub billed: u64,
    /// The tariff's price per kWh, per hour, or once.
    #[n(4)]
    pub list_price: Micro,
    /// The price after load and corridor, same unit.
    #[n(5)]
    pub unit_price: Micro,
    /// Net amount of this line, in micro-units.
    #[n(6)]
    pub amount: Micro,
    /// VAT rate of the component, if any.
    #[n(7)]
    pub vat: Option<Ppm>,
    /// Whether the corridor moved the adjusted price.
    #[n(8)]
    pub clamped: bool,
}

/// One tax on the bill.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TaxLine {
    /// Name as printed: `VAT` or the sales tax's own.
    #[n(0)]
    pub name: String,
    /// The rate.
    #[n(1)]
    pub rate: Ppm,
    /// The net amount that it is levied on, after discount.
    #[n(2)]
    pub base: Micro,
    /// The tax, in micro-units.
    #[n(3)]
    pub amount: Micro,
}

/// A price with its whole argument. `total` is in whole minor units of the currency, everything else in micro-units.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PriceBreakdown {
    /// Currency of all amounts.
    #[n(0)]
    pub currency: Currency,
    /// What was used, what it cost.
    #[n(1)]
    pub lines: Vec<PriceLine>,
    /// Sum of the lines, after the tariff's minimum and maximum: the net price before discount.
    #[n(2)]
    pub net: Micro,
    /// Change that the tariff's `min_price` or `max_price` made to the sum of the lines (0 when neither applied).
    #[n(3)]
    pub limit_change: Micro,
    /// Tier discount, not negative, subtracted from `net`.
    #[n(4)]
    pub discount: Micro,
    /// Taxes on `net - discount`.
    #[n(5)]
    pub taxes: Vec<TaxLine>,
    /// `net - discount + taxes`, rounded half-up to whole minor units: what the driver pays.
    #[n(6)]
    pub total: Micro,
    /// What rounding to minor units added (may be negative).
    #[n(7)]
    pub rounding: Micro,
    /// Energy that was priced.
    #[n(8)]
    pub energy: Energy,
    /// What the agreement's custom rule did to it, where there is one.
    #[n(9)]
    pub rule: Option<RuleNote>,
}

/// Why a custom rule's answer was not used; the agreed base rule priced the charge instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum RuleFault {
    /// It used up the agreed fuel.
    #[n(0)]
    OutOfFuel,
    /// It stopped by a trap: an unreachable instruction, an access out of bounds, a division by zero, a stack too deep.
    #[n(1)]
    Trapped,
    /// Its answer is no price or share.
    #[n(2)]
    Garbage,
    /// Its price would pass the agreement's cap on a charge's amount, or what can be computed.
    #[n(3)]
    OverCap,
    /// The module cannot be started: its data or tables do not fit where it puts them.
    #[n(4)]
    Unusable,
}

impl RuleFault {
    /// The fault in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::OutOfFuel => "it used up the agreed fuel",
            Self::Trapped => "it trapped",
            Self::Garbage => "its answer is no price or share",
            Self::OverCap => "its price passes the cap on a charge's amount",
            Self::Unusable => "it cannot be started",
        }
    }
}

/// What became of a custom rule's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RuleVerdict {
    /// The price, the split or both are the rule's, inside the agreement's limits.
    #[n(0)]
    Used,
    /// The rule left everything to the agreed base rule.
    #[n(1)]
    Declined,
    /// The agreed base rule priced everything, because the rule failed.
    #[n(2)]
    FellBack(#[n(0)] RuleFault),
}

/// A custom rule's part in a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RuleNote {
    /// The module.
    #[n(0)]
    pub rule: Hash,
    /// What became of its answers.
    #[n(1)]
    pub verdict: RuleVerdict,
    /// Fuel that it used of what was agreed.
    #[n(2)]
    pub fuel: u64,
    /// The home utility's share of the net price in basis points, when the rule set it; the owner's stays as agreed, the visited
    /// utility has the rest.
    #[n(3)]
    pub home_bps: Option<u32>,
}

/// Who gets what of one charge; the four add up to the driver's total exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Shares {
    /// The home utility's share (negative when it bears more discount than it earns).
    #[n(0)]
    pub home: Micro,
    /// The visited utility's share, without tax.
    #[n(1)]
    pub visited: Micro,
    /// The infrastructure owner's share.
    #[n(2)]
    pub owner: Micro,
    /// Tax, which the visited utility collects and remits.
    #[n(3)]
    pub tax: Micro,
}
