//! The JSON shapes of OCPI tariffs and CDRs, as far as a price depends on them.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(super) struct WireTariff<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) currency: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) elements: Vec<WireElement<'a>>,
    pub(super) min_price: Option<WirePrice>,
    pub(super) max_price: Option<WirePrice>,
    #[serde(borrow)]
    pub(super) start_date_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) end_date_time: Option<Cow<'a, str>>,
    /// 2.3.0 only.
    #[serde(borrow)]
    pub(super) tax_included: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct WirePrice {
    #[serde(alias = "before_taxes")]
    pub(super) excl_vat: Number,
    pub(super) incl_vat: Option<Number>,
    /// 2.3.0 names the taxes instead of the sum.
    pub(super) taxes: Option<Vec<WireTax>>,
}

#[derive(Deserialize)]
pub(super) struct WireTax {
    pub(super) amount: Number,
}

#[derive(Deserialize)]
pub(super) struct WireElement<'a> {
    pub(super) price_components: Vec<WireComponent>,
    #[serde(borrow)]
    pub(super) restrictions: Option<WireRestrictions<'a>>,
}

#[derive(Deserialize)]
pub(super) struct WireComponent {
    #[serde(rename = "type")]
    pub(super) dimension: WireDimension,
    pub(super) price: Number,
    pub(super) vat: Option<Number>,
    pub(super) step_size: u32,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum WireDimension {
    Energy,
    Flat,
    ParkingTime,
    Time,
}

#[derive(Deserialize)]
pub(super) struct WireRestrictions<'a> {
    #[serde(borrow)]
    pub(super) start_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) end_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) start_date: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) end_date: Option<Cow<'a, str>>,
    pub(super) min_kwh: Option<Number>,
    pub(super) max_kwh: Option<Number>,
    pub(super) min_current: Option<Number>,
    pub(super) max_current: Option<Number>,
    pub(super) min_power: Option<Number>,
    pub(super) max_power: Option<Number>,
    pub(super) min_duration: Option<u32>,
    pub(super) max_duration: Option<u32>,
    pub(super) day_of_week: Option<Vec<WireDay>>,
    pub(super) reservation: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum WireDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

#[derive(Deserialize)]
pub(super) struct WireCdr<'a> {
    /// 2.1.1 calls it `stop_date_time`.
    #[serde(borrow, alias = "stop_date_time")]
    pub(super) end_date_time: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) currency: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) tariffs: Option<Vec<WireTariff<'a>>>,
    #[serde(borrow)]
    pub(super) charging_periods: Vec<WirePeriod<'a>>,
}

#[derive(Deserialize)]
pub(super) struct WirePeriod<'a> {
    #[serde(borrow)]
    pub(super) start_date_time: Cow<'a, str>,
    pub(super) dimensions: Vec<WireVolume>,
}

#[derive(Deserialize)]
pub(super) struct WireVolume {
    #[serde(rename = "type")]
    pub(super) kind: WireVolumeKind,
    pub(super) volume: Number,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum WireVolumeKind {
    Energy,
    Time,
    ParkingTime,
    MaxPower,
    Power,
    MinPower,
    MaxCurrent,
    Current,
    MinCurrent,
    /// Whatever has no price in any tariff: state of charge, exported energy, reservations, own extensions.
    #[serde(other)]
    Other,
}
