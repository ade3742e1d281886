//! OCPI tariffs and charge detail records read into Fairway's words: what is needed to price a partner's charge.
//!
//! Reads 2.1.1, 2.2.1 and 2.3.0 JSON of the modules `tariffs` and `cdrs`; fields that do not matter to a price are passed over.
//! Decimals are read exactly: a number with more than six digits after the point that are not zero is refused, not rounded.

mod scalar;
mod wire;

use self::scalar::{clock, date, decimal, energy, hours_to_millis, scaled, small, time};
use self::wire::{
    WireCdr, WireComponent, WireDay, WireDimension, WireElement, WirePeriod, WirePrice,
    WireRestrictions, WireTariff, WireVolumeKind,
};
use core::fmt;
use fairway_model::tariff::{MAX_COMPONENTS, MAX_ELEMENTS, PriceLimit};
use fairway_model::{
    Currency, Dimension, Energy, Micro, Period, PeriodKind, Ppm, PriceComponent, Restrictions,
    Tariff, TariffElement, Time, Usage,
};
use serde::Deserialize;
use serde_json::Number;
use std::borrow::Cow;

/// The most bytes of one tariff or CDR.
pub const MAX_OCPI_OBJECT: usize = 1 << 20;

/// A charge as a partner describes it, with the tariffs that it sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcpiCharge {
    /// What was consumed.
    pub usage: Usage,
    /// OCPI `currency`.
    pub currency: Currency,
    /// OCPI `tariffs`; may be empty.
    pub tariffs: Vec<Tariff>,
}

/// Why an OCPI object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OcpiError {
    /// Larger than [`MAX_OCPI_OBJECT`]; its bytes.
    TooLarge(usize),
    /// Not JSON of the expected shape; position and reason.
    Shape(String),
    /// A field whose value is wrong: its path, and what would be right.
    Field(String, &'static str),
}

impl fmt::Display for OcpiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(n) => write!(
                f,
                "object has {n} bytes; at most {MAX_OCPI_OBJECT} are allowed"
            ),
            Self::Shape(what) => write!(f, "no OCPI object: {what}"),
            Self::Field(path, what) => write!(f, "{path} {what}"),
        }
    }
}

impl core::error::Error for OcpiError {}

/// Reads a tariff. What it says is not checked against each other; compiling the tariff does that.
///
/// # Errors
/// [`OcpiError`] with the path of the first field that is wrong.
pub fn read_tariff(json: &[u8]) -> Result<Tariff, OcpiError> {
    tariff(&parse::<WireTariff<'_>>(json)?, "")
}

/// Reads a CDR. A period with `PARKING_TIME` and without `TIME` is parking, any other charging; one with both is taken as
/// charging first. Durations follow from the periods' times, not from their volumes. A period's power is its `MAX_POWER`, else
/// `POWER`, else `MIN_POWER`; current likewise. Periods are put in order of time.
///
/// # Errors
/// [`OcpiError`] with the path of the first field that is wrong.
pub fn read_cdr(json: &[u8]) -> Result<OcpiCharge, OcpiError> {
    let wire = parse::<WireCdr<'_>>(json)?;
    let end = time(&wire.end_date_time, || "end_date_time".to_owned())?;
    let mut periods = Vec::with_capacity(wire.charging_periods.len());
    for (i, wire) in wire.charging_periods.iter().enumerate() {
        periods.push(period(wire, i)?);
    }
    periods.sort_by_key(|p| p.period.start);
    let usage = Usage {
        end,
        periods: split_mixed(&periods, end),
    };
    let tariffs = wire.tariffs.unwrap_or_default();
    let tariffs = tariffs
        .iter()
        .enumerate()
        .map(|(i, t)| tariff(t, &format!("tariffs.{i}.")))
        .collect::<Result<_, _>>()?;
    Ok(OcpiCharge {
        usage,
        currency: currency(&wire.currency, "")?,
        tariffs,
    })
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, OcpiError> {
    if json.len() > MAX_OCPI_OBJECT {
        return Err(OcpiError::TooLarge(json.len()));
    }
    serde_json::from_slice(json)
        .map_err(|error| OcpiError::Shape(error.to_string().chars().take(200).collect()))
}

fn tariff(wire: &WireTariff<'_>, at: &str) -> Result<Tariff, OcpiError> {
    if wire.tax_included.as_deref() == Some("YES") {
        return Err(OcpiError::Field(
            format!("{at}tax_included"),
            "is YES; prices before taxes are needed",
        ));
    }
    if wire.elements.len() > MAX_ELEMENTS {
        return Err(OcpiError::Field(
            format!("{at}elements"),
            "has more than 64 entries",
        ));
    }
    let mut elements = Vec::with_capacity(wire.elements.len());
    for (i, wire) in wire.elements.iter().enumerate() {
        elements.push(element(wire, &|field| format!("{at}elements.{i}.{field}"))?);
    }
    let instant = |text: &Option<Cow<'_, str>>, field: &str| {
        text.as_deref()
            .map(|text| time(text, || format!("{at}{field}")))
            .transpose()
    };
    Ok(Tariff {
        id: wire.id.clone().into_owned(),
        currency: currency(&wire.currency, at)?,
        elements,
        min_price: wire
            .min_price
            .as_ref()
            .map(|p| price_limit(p, &format!("{at}min_price")))
            .transpose()?,
        max_price: wire
            .max_price
            .as_ref()
            .map(|p| price_limit(p, &format!("{at}max_price")))
            .transpose()?,
        valid_from: instant(&wire.start_date_time, "start_date_time")?,
        valid_until: instant(&wire.end_date_time, "end_date_time")?,
        sales_taxes: Vec::new(),
    })
}

fn currency(text: &str, at: &str) -> Result<Currency, OcpiError> {
    Currency::parse(text).map_err(|_| {
        OcpiError::Field(
            format!("{at}currency"),
            "is no ISO 4217 code of three upper-case letters",
        )
    })
}

fn price_limit(wire: &WirePrice, at: &str) -> Result<PriceLimit, OcpiError> {
    let path = || at.to_owned();
    let before_taxes = Micro(decimal(&wire.excl_vat, 6, path)?);
    let mut after_taxes = wire
        .incl_vat
        .as_ref()
        .map(|n| decimal(n, 6, path))
        .transpose()?;
    for tax in wire.taxes.iter().flatten() {
        let sum = after_taxes
            .unwrap_or(before_taxes.0)
            .checked_add(decimal(&tax.amount, 6, path)?);
        after_taxes = Some(sum.ok_or_else(|| OcpiError::Field(path(), "is out of range"))?);
    }
    Ok(PriceLimit {
        before_taxes,
        after_taxes: after_taxes.map(Micro),
    })
}

/// Gives the path of a field.
type Path<'a> = &'a dyn Fn(&str) -> String;

fn element(wire: &WireElement<'_>, path: Path<'_>) -> Result<TariffElement, OcpiError> {
    if wire.price_components.len() > MAX_COMPONENTS {
        return Err(OcpiError::Field(
            path("price_components"),
            "has more than 8 entries",
        ));
    }
    let components = wire
        .price_components
        .iter()
        .map(|c| component(c, path))
        .collect::<Result<_, _>>()?;
    Ok(TariffElement {
        components,
        restrictions: wire
            .restrictions
            .as_ref()
            .map(|r| restrictions(r, path))
            .transpose()?,
    })
}

fn component(wire: &WireComponent, path: Path<'_>) -> Result<PriceComponent, OcpiError> {
    let dimension = match wire.dimension {
        WireDimension::Energy => Dimension::Energy,
        WireDimension::Flat => Dimension::Flat,
        WireDimension::ParkingTime => Dimension::ParkingTime,
        WireDimension::Time => Dimension::Time,
    };
    // A percentage with four digits after the point is parts per million.
    let vat = wire
        .vat
        .as_ref()
        .map(|n| small(n, 4, || path("price_components.vat")))
        .transpose()?
        .map(Ppm);
    let price = Micro(decimal(&wire.price, 6, || path("price_components.price"))?);
    Ok(PriceComponent {
        dimension,
        price,
        vat,
        step_size: wire.step_size,
    })
}

fn restrictions(wire: &WireRestrictions<'_>, path: Path<'_>) -> Result<Restrictions, OcpiError> {
    let minute = |text: &Option<Cow<'_, str>>, field: &str| {
        text.as_deref()
            .map(|t| clock(t, || path(field)))
            .transpose()
    };
    let day = |text: &Option<Cow<'_, str>>, field: &str| {
        text.as_deref()
            .map(|t| date(t.as_bytes(), || path(field)))
            .transpose()
    };
    let milli = |n: &Option<Number>, field: &str| {
        n.as_ref().map(|n| small(n, 3, || path(field))).transpose()
    };
    let kwh =
        |n: &Option<Number>, field: &str| n.as_ref().map(|n| energy(n, || path(field))).transpose();
    Ok(Restrictions {
        start_minute: minute(&wire.start_time, "start_time")?,
        end_minute: minute(&wire.end_time, "end_time")?,
        start_day: day(&wire.start_date, "start_date")?,
        end_day: day(&wire.end_date, "end_date")?,
        min_energy: kwh(&wire.min_kwh, "min_kwh")?,
        max_energy: kwh(&wire.max_kwh, "max_kwh")?,
        min_current_ma: milli(&wire.min_current, "min_current")?,
        max_current_ma: milli(&wire.max_current, "max_current")?,
        min_power_w: milli(&wire.min_power, "min_power")?,
        max_power_w: milli(&wire.max_power, "max_power")?,
        min_duration_s: wire.min_duration,
        max_duration_s: wire.max_duration,
        days: wire
            .day_of_week
            .iter()
            .flatten()
            .fold(0, |bits, day| bits | day_bit(*day)),
        reservation: wire.reservation.is_some(),
    })
}

fn day_bit(day: WireDay) -> u8 {
    match day {
        WireDay::Monday => 1,
        WireDay::Tuesday => 2,
        WireDay::Wednesday => 4,
        WireDay::Thursday => 8,
        WireDay::Friday => 16,
        WireDay::Saturday => 32,
        WireDay::Sunday => 64,
    }
}

/// A period, and for one with charging and parking time the milliseconds of parking at its end.
struct ReadPeriod {
    period: Period,
    parking_after: Option<i64>,
}

fn period(wire: &WirePeriod<'_>, index: usize) -> Result<ReadPeriod, OcpiError> {
    use WireVolumeKind::{
        Current, Energy as Kwh, MaxCurrent, MaxPower, MinCurrent, MinPower, ParkingTime, Power,
        Time as Hours,
    };
    let path = |field: &str| format!("charging_periods.{index}.{field}");
    let volume = |kind| {
        wire.dimensions
            .iter()
            .find(|d| d.kind == kind)
            .map(|d| &d.volume)
    };
    let in_dimensions = || path("dimensions.volume");
    let milli = |kinds: [WireVolumeKind; 3]| {
        kinds
            .into_iter()
            .find_map(volume)
            .map(|n| scaled(n.as_str(), 3, true).and_then(|v| u32::try_from(v).ok()))
    };
    let measured = |kinds| match milli(kinds) {
        Some(None) => Err(OcpiError::Field(
            in_dimensions(),
            "is no power or current from 0 to four million",
        )),
        Some(value) => Ok(value),
        None => Ok(None),
    };
    let energy = volume(Kwh).map_or(Ok(Energy::ZERO), |n| energy(n, in_dimensions))?;
    let used =
        |kind| volume(kind).is_some_and(|n| scaled(n.as_str(), 9, true).is_none_or(|v| v > 0));
    let (charging, parking) = (used(Hours), used(ParkingTime));
    let parking_after = match volume(ParkingTime) {
        Some(hours) if charging && parking => Some(hours_to_millis(hours, in_dimensions)?),
        _ => None,
    };
    let kind = if parking && !charging {
        PeriodKind::Parking
    } else {
        PeriodKind::Charging
    };
    let period = Period {
        start: time(&wire.start_date_time, || path("start_date_time"))?,
        kind,
        energy,
        power_w: measured([MaxPower, Power, MinPower])?,
        current_ma: measured([MaxCurrent, Current, MinCurrent])?,
    };
    Ok(ReadPeriod {
        period,
        parking_after,
    })
}

/// Parts each period with charging and parking time into the two.
fn split_mixed(read: &[ReadPeriod], end: Time) -> Vec<Period> {
    let mut periods = Vec::with_capacity(read.len());
    let ends = read.iter().skip(1).map(|r| r.period.start).chain([end]);
    for (read, end) in read.iter().zip(ends) {
        periods.push(read.period);
        if let Some(millis) = read.parking_after {
            let start = end.plus(millis.saturating_neg()).max(read.period.start);
            periods.push(Period {
                start,
                kind: PeriodKind::Parking,
                energy: Energy::ZERO,
                ..read.period
            });
        }
    }
    periods
}
