//! Tariffs in OCPI's shape (2.2.1 module `tariffs`, with the tax fields of 2.3.0), in integers.

use crate::energy::Energy;
use crate::money::{Currency, Micro, Ppm};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// The most elements that a tariff may hold.
pub const MAX_ELEMENTS: usize = 64;
/// The most components that an element may hold.
pub const MAX_COMPONENTS: usize = 8;

/// A tariff (OCPI `Tariff`). Elements are tried in order; the first whose restrictions hold supplies the component of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tariff {
    /// OCPI `id`, at most 36 characters.
    #[n(0)]
    pub id: String,
    /// The currency of all prices.
    #[n(1)]
    pub currency: Currency,
    /// OCPI `elements`, at most [`MAX_ELEMENTS`].
    #[n(2)]
    pub elements: Vec<TariffElement>,
    /// OCPI `min_price`.
    #[n(3)]
    pub min_price: Option<PriceLimit>,
    /// OCPI `max_price`.
    #[n(4)]
    pub max_price: Option<PriceLimit>,
    /// OCPI `start_date_time`: the tariff prices nothing earlier.
    #[n(5)]
    pub valid_from: Option<Time>,
    /// OCPI `end_date_time`: the tariff prices nothing from then on.
    #[n(6)]
    pub valid_until: Option<Time>,
    /// Taxes added on top, as US states levy them; each names what it taxes. VAT sits in the components.
    #[n(7)]
    pub sales_taxes: Vec<SalesTax>,
}

/// A floor or ceiling of a charge's total cost (OCPI `Price`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PriceLimit {
    /// Before taxes (OCPI `excl_vat` / `before_taxes`).
    #[n(0)]
    pub before_taxes: Micro,
    /// After taxes (OCPI `incl_vat`), where given.
    #[n(1)]
    pub after_taxes: Option<Micro>,
}

/// A tax added on top of the net price.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SalesTax {
    /// Name as printed on the bill, at most 64 characters.
    #[n(0)]
    pub name: String,
    /// The rate.
    #[n(1)]
    pub rate: Ppm,
    /// Which dimensions are taxed; empty means all.
    #[n(2)]
    pub on: Vec<Dimension>,
}

/// A group of components under common restrictions (OCPI `TariffElement`).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TariffElement {
    /// OCPI `price_components`.
    #[n(0)]
    pub components: Vec<PriceComponent>,
    /// OCPI `restrictions`; none means always.
    #[n(1)]
    pub restrictions: Option<Restrictions>,
}

/// What a component prices (OCPI `TariffDimensionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Dimension {
    /// Per kilowatt-hour.
    #[n(0)]
    Energy,
    /// Once per charge.
    #[n(1)]
    Flat,
    /// Per hour connected without charging.
    #[n(2)]
    ParkingTime,
    /// Per hour charging.
    #[n(3)]
    Time,
}

/// One price (OCPI `PriceComponent`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PriceComponent {
    /// OCPI `type`.
    #[n(0)]
    pub dimension: Dimension,
    /// Net price per unit: per kWh, per hour, or once.
    #[n(1)]
    pub price: Micro,
    /// OCPI `vat`; none means not applicable.
    #[n(2)]
    pub vat: Option<Ppm>,
    /// OCPI `step_size`: smallest billed amount in Wh or seconds; 0 and 1 both mean no rounding up.
    #[n(3)]
    pub step_size: u32,
}

/// When an element applies (OCPI `TariffRestrictions`). Times of day are local to the EVSE. Every given field must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct Restrictions {
    /// Minutes of the local day, inclusive (OCPI `start_time`).
    #[n(0)]
    pub start_minute: Option<u16>,
    /// Minutes of the local day, exclusive; smaller than the start means over midnight (OCPI `end_time`).
    #[n(1)]
    pub end_minute: Option<u16>,
    /// Local date as days since 1970-01-01, inclusive (OCPI `start_date`).
    #[n(2)]
    pub start_day: Option<i32>,
    /// Local date as days since 1970-01-01, exclusive (OCPI `end_date`).
    #[n(3)]
    pub end_day: Option<i32>,
    /// Energy of the charge so far, inclusive.
    #[n(4)]
    pub min_energy: Option<Energy>,
    /// Energy of the charge so far, exclusive.
    #[n(5)]
    pub max_energy: Option<Energy>,
    /// Milliamperes, inclusive (OCPI `min_current`).
    #[n(6)]
    pub min_current_ma: Option<u32>,
    /// Milliamperes, exclusive (OCPI `max_current`).
    #[n(7)]
    pub max_current_ma: Option<u32>,
    /// Watts, inclusive (OCPI `min_power`).
    #[n(8)]
    pub min_power_w: Option<u32>,
    /// Watts, exclusive (OCPI `max_power`).
    #[n(9)]
    pub max_power_w: Option<u32>,
    /// Seconds since the charge began, inclusive.
    #[n(10)]
    pub min_duration_s: Option<u32>,
    /// Seconds since the charge began, exclusive.
    #[n(11)]
    pub max_duration_s: Option<u32>,
    /// Days of the week as bits, Monday = 1, Tuesday = 2, ... Sunday = 64; 0 means every day.
    #[n(12)]
    pub days: u8,
    /// Applies to reservations only (OCPI `reservation`); such elements price no charging.
    #[n(13)]
    pub reservation: bool,
}
