//! A price and its argument: a price without its breakdown does not exist.

use crate::agreement::Corridor;
use crate::energy::Energy;
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
}

/// Who gets what of one charge; the four add up to the driver's total exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
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
