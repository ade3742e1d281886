//! What a charge costs, worked out the slow way: the charge is cut at every full minute, and each slice is priced by itself.
//!
//! Written from OCPI 2.2.1 (`tariffs`: `PriceComponent`, `TariffRestrictions`, `min_price`, `max_price`, `step_size`) and from what
//! the words of the model promise. It shares no code with the price engine: no compiled tariff, no look-ahead for the next
//! change, 128-bit whole numbers throughout. Where both agree on a charge, they agree for different reasons.

use fairway_model::tariff::{Dimension, PriceLimit, Restrictions, Tariff};
use fairway_model::{Adjustments, Micro, Period, PeriodKind, RefusalCode, Usage};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds in a minute, the finest step of local time that a tariff knows.
const MINUTE: i64 = 60_000;
/// Milliseconds in an hour.
const HOUR: i128 = 3_600_000;
/// Milliwatt-hours in a kilowatt-hour.
const KWH: i128 = 1_000_000;
/// Longest charge that has a price: 35 days.
const LONGEST: i64 = 35 * 24 * 60 * MINUTE;

/// A price in micro-units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Before discount and taxes, inside the tariff's limits.
    pub net: i128,
    /// The tier's discount.
    pub discount: i128,
    /// All taxes.
    pub tax: i128,
    /// What the driver pays, in whole minor units.
    pub total: i128,
}

/// `n / d` with halves away from zero; both are not negative here.
pub(crate) fn half_up(n: i128, d: i128) -> i128 {
    (2 * n + d) / (2 * d)
}

/// Parts of `total` in proportion to `weights`; what is left over goes, unit by unit, to the largest remainders, the first of equals
/// first. Without any weight the first gets everything.
pub fn largest_remainder(total: i128, weights: &[i128]) -> Vec<i128> {
    let whole: i128 = weights.iter().sum();
    if whole == 0 {
        return weights
            .iter()
            .enumerate()
            .map(|(i, _)| if i == 0 { total } else { 0 })
            .collect();
    }
    let mut parts: Vec<i128> = weights.iter().map(|w| total * w / whole).collect();
    let mut left = total - parts.iter().sum::<i128>();
    let mut ranks: Vec<usize> = (0..weights.len()).collect();
    let rest = |i: &usize| weights.get(*i).map_or(0, |w| total * w % whole);
    // Stable: equals stay in their order.
    ranks.sort_by_key(|i| -rest(i));
    for at in ranks {
        if left > 0
            && let Some(part) = parts.get_mut(at)
        {
            *part += 1;
            left -= 1;
        }
    }
    parts
}

/// A stretch of a charge in which nothing changes that a tariff can see.
#[derive(Debug, Clone, Copy)]
struct Slice {
    at: i64,
    millis: i128,
    /// Of the charge before this slice.
    before: i128,
    energy: i128,
    since_begin: i64,
    kind: PeriodKind,
    power: Option<u32>,
    current: Option<u32>,
}

/// Energy that the charge has at `t` of a period, of which it takes its part evenly.
fn reading(period: &Period, end: i64, before: i128, t: i64) -> i128 {
    let energy = i128::from(period.energy.0);
    if t >= end {
        return before + energy;
    }
    before + energy * i128::from(t - period.start.0) / i128::from(end - period.start.0)
}

fn slices(tariff: &Tariff, usage: &Usage, begin: i64) -> Vec<Slice> {
    let restrictions: Vec<&Restrictions> = tariff
        .elements
        .iter()
        .filter_map(|e| e.restrictions.as_ref())
        .collect();
    let marks: BTreeSet<i128> = restrictions
        .iter()
        .flat_map(|r| [r.min_energy, r.max_energy])
        .flatten()
        .map(|e| i128::from(e.0))
        .collect();
    let instants: BTreeSet<i64> = restrictions
        .iter()
        .flat_map(|r| [r.min_duration_s, r.max_duration_s])
        .flatten()
        .map(|s| begin + i64::from(s) * 1_000)
        .collect();
    let mut out: Vec<Slice> = Vec::new();
    let mut now: i128 = 0;
    let ends = usage.periods.iter().skip(1).map(|p| p.start.0);
    for (period, end) in usage.periods.iter().zip(ends.chain([usage.end.0])) {
        let start = period.start.0;
        let before = now;
        let mean = || {
            let watts =
                (i128::from(period.energy.0) * 3_600).checked_div(i128::from(end - start))?;
            Some(u32::try_from(watts).unwrap_or(u32::MAX))
        };
        let power = period.power_w.or_else(mean);
        let mut bounds: BTreeSet<i64> = instants
            .iter()
            .copied()
            .filter(|t| *t > start && *t < end)
            .collect();
        let mut minute = (start.div_euclid(MINUTE) + 1) * MINUTE;
        while minute < end {
            bounds.insert(minute);
            minute += MINUTE;
        }
        bounds.insert(end);
        let mut at = start;
        let mut push = |from: i64, to: i64, energy: (i128, i128)| {
            if to > from || energy.1 > energy.0 || out.is_empty() {
                out.push(Slice {
                    at: from,
                    millis: i128::from(to - from),
                    before: energy.0,
                    energy: energy.1 - energy.0,
                    since_begin: from - begin,
                    kind: period.kind,
                    power,
                    current: period.current_ma,
                });
            }
        };
        for bound in bounds {
            let reached = reading(period, end, before, bound);
            for mark in marks.range(now + 1..).take_while(|m| **m <= reached) {
                let needed = (mark - before) * i128::from(end - start);
                let energy = i128::from(period.energy.0).max(1);
                let later = i64::try_from((needed + energy - 1) / energy).unwrap_or(i64::MAX);
                let when = start.saturating_add(later).min(bound).max(at);
                push(at, when, (now, *mark));
                (at, now) = (when, *mark);
            }
            push(at, bound, (now, reached));
            (at, now) = (bound, reached);
        }
    }
    out
}

/// Local time at an EVSE.
struct Clock(Option<TimeZone>);

impl Clock {
    fn of(zone: &str) -> Self {
        Self(TimeZoneDatabase::bundled().get(zone).ok())
    }

    /// Minute of the day, days since 1970, and the day of the week as a bit (Monday = 1).
    fn local(&self, at: i64) -> Option<(i64, i64, u8)> {
        let zoned = Timestamp::from_millisecond(at)
            .ok()?
            .to_zoned(self.0.clone()?);
        let minute = i64::from(zoned.hour()) * 60 + i64::from(zoned.minute());
        let epoch: Date = date(1970, 1, 1);
        let days = zoned.date().duration_since(epoch).as_hours() / 24;
        let weekday = zoned.date().weekday().to_monday_zero_offset();
        Some((minute, days, 1_u8 << weekday))
    }
}

fn within<T: PartialOrd + Copy>(value: Option<T>, min: Option<T>, max: Option<T>) -> bool {
    if min.is_none() && max.is_none() {
        return true;
    }
    value.is_some_and(|v| min.is_none_or(|m| v >= m) && max.is_none_or(|m| v < m))
}

fn applies(r: &Restrictions, slice: &Slice, clock: &Clock) -> bool {
    let local = r.start_minute.is_some()
        || r.end_minute.is_some()
        || r.start_day.is_some()
        || r.end_day.is_some()
        || r.days & 0x7f != 0;
    if local {
        let Some((minute, day, bit)) = clock.local(slice.at) else {
            return false;
        };
        let from = i64::from(r.start_minute.unwrap_or(0));
        // OCPI 2.2.1: an end of 00:00 is the end of the day.
        let to = match r.end_minute {
            None | Some(0) => 1_440,
            Some(m) => i64::from(m),
        };
        let in_window = if from <= to {
            from <= minute && minute < to
        } else {
            minute >= from || minute < to
        };
        let in_dates = r.start_day.is_none_or(|d| day >= i64::from(d))
            && r.end_day.is_none_or(|d| day < i64::from(d));
        let every_day = r.days.trailing_zeros() >= 7;
        let on_day = every_day || r.days & bit != 0;
        if !(in_window && in_dates && on_day) {
            return false;
        }
    }
    let seconds = |s: Option<u32>| s.map(|s| i64::from(s) * 1_000);
    let mwh = |e: Option<fairway_model::Energy>| e.map(|e| i128::from(e.0));
    within(Some(slice.before), mwh(r.min_energy), mwh(r.max_energy))
        && within(
            Some(slice.since_begin),
            seconds(r.min_duration_s),
            seconds(r.max_duration_s),
        )
        && within(slice.power, r.min_power_w, r.max_power_w)
        && within(slice.current, r.min_current_ma, r.max_current_ma)
}

/// What was used under one component.
#[derive(Debug, Clone, Copy)]
struct Line {
    dimension: Dimension,
    price: i128,
    vat: Option<u32>,
    quantity: i128,
    amount: i128,
}

type Lines = BTreeMap<(Dimension, usize), Line>;

fn find(
    tariff: &Tariff,
    slice: &Slice,
    clock: &Clock,
    wanted: Dimension,
) -> Option<(usize, Line, i128)> {
    for (index, element) in tariff.elements.iter().enumerate() {
        let valid = element
            .restrictions
            .as_ref()
            .is_none_or(|r| !r.reservation && applies(r, slice, clock));
        let component = element
            .components
            .iter()
            .find(|c| valid && c.dimension == wanted);
        if let Some(c) = component {
            let unit = if wanted == Dimension::Flat { 0 } else { 1_000 };
            let step = match c.step_size {
                0 | 1 => 1,
                n => i128::from(n) * unit,
            };
            let line = Line {
                dimension: wanted,
                price: i128::from(c.price.0),
                vat: c.vat.map(|v| v.0),
                quantity: 0,
                amount: 0,
            };
            return Some((index, line, step.max(1)));
        }
    }
    None
}

fn measure(tariff: &Tariff, zone: &str, usage: &Usage, begin: i64) -> Lines {
    let clock = Clock::of(zone);
    let mut lines = Lines::new();
    let mut flat = false;
    let mut used: BTreeMap<Dimension, i128> = BTreeMap::new();
    let mut last: BTreeMap<Dimension, (usize, i128)> = BTreeMap::new();
    for slice in slices(tariff, usage, begin) {
        if !flat && let Some((index, line, _)) = find(tariff, &slice, &clock, Dimension::Flat) {
            flat = true;
            lines.insert(
                (Dimension::Flat, index),
                Line {
                    quantity: 1,
                    ..line
                },
            );
        }
        let time = match slice.kind {
            PeriodKind::Charging => Dimension::Time,
            PeriodKind::Parking => Dimension::ParkingTime,
        };
        for (dimension, quantity) in [(Dimension::Energy, slice.energy), (time, slice.millis)] {
            if quantity == 0 {
                continue;
            }
            *used.entry(dimension).or_default() += quantity;
            if let Some((index, line, step)) = find(tariff, &slice, &clock, dimension) {
                lines.entry((dimension, index)).or_insert(line).quantity += quantity;
                last.insert(dimension, (index, step));
            }
        }
    }
    if last.contains_key(&Dimension::ParkingTime) {
        last.remove(&Dimension::Time);
    }
    for (dimension, (index, step)) in last {
        let used = used.get(&dimension).copied().unwrap_or_default();
        if let Some(line) = lines.get_mut(&(dimension, index)) {
            line.quantity += (step - used % step) % step;
        }
    }
    lines
}

fn price_lines(lines: &mut Lines, adjustments: &Adjustments) {
    let (floor, cap) = (
        i128::from(adjustments.corridor.floor.0),
        i128::from(adjustments.corridor.cap.0),
    );
    for line in lines.values_mut() {
        let (price, per) = match line.dimension {
            Dimension::Energy if line.price == 0 => (0, KWH),
            Dimension::Energy => {
                let loaded = half_up(line.price * i128::from(adjustments.load_bps), 10_000);
                (loaded.max(floor).min(cap), KWH)
            }
            Dimension::Time | Dimension::ParkingTime => (line.price, HOUR),
            Dimension::Flat => (line.price, 1),
        };
        line.amount = half_up(line.quantity * price, per);
    }
}

/// All taxes on a net amount, which the lines share as they share the sum.
fn taxes(tariff: &Tariff, lines: &Lines, taxable: i128) -> i128 {
    let amounts: Vec<i128> = lines.values().map(|l| l.amount).collect();
    let parts = largest_remainder(taxable, &amounts);
    let shared = || lines.values().zip(parts.iter().copied());
    let mut vat: BTreeMap<u32, i128> = BTreeMap::new();
    for (line, share) in shared() {
        if let Some(rate) = line.vat {
            *vat.entry(rate).or_default() += share;
        }
    }
    let part = |base: i128, rate: u32| half_up(base * i128::from(rate), 1_000_000);
    let of_vat: i128 = vat.iter().map(|(rate, base)| part(*base, *rate)).sum();
    let of_sales: i128 = tariff
        .sales_taxes
        .iter()
        .map(|tax| {
            let base = if tax.on.is_empty() {
                taxable
            } else {
                shared()
                    .filter(|(line, _)| tax.on.contains(&line.dimension))
                    .map(|(_, share)| share)
                    .sum()
            };
            part(base, tax.rate.0)
        })
        .sum();
    of_vat + of_sales
}

fn inside_limits(tariff: &Tariff, lines: &Lines, sum: i128) -> i128 {
    let before = |l: Option<&PriceLimit>| l.map(|l| i128::from(l.before_taxes.0));
    let after = |l: Option<&PriceLimit>| l.and_then(|l| l.after_taxes).map(|a| i128::from(a.0));
    let (min, max) = (tariff.min_price.as_ref(), tariff.max_price.as_ref());
    let mut net = sum.max(before(min).unwrap_or(sum));
    net = net.min(before(max).unwrap_or(net));
    if let Some(least) = after(min) {
        let gross = net + taxes(tariff, lines, net);
        if gross < least {
            net = if gross == 0 {
                least
            } else {
                half_up(net * least, gross)
            };
        }
    }
    if let Some(most) = after(max) {
        let gross = net + taxes(tariff, lines, net);
        if gross > most {
            net = half_up(net * most, gross);
        }
    }
    net
}

/// Micro-units of a currency's smallest coin (ISO 4217).
pub fn coin(currency: &str) -> i128 {
    match currency {
        "JPY" | "KRW" | "ISK" | "CLP" | "VND" => 1_000_000,
        "BHD" | "KWD" | "OMR" | "TND" | "JOD" => 1_000,
        _ => 10_000,
    }
}

/// Prices a charge at an EVSE in a time zone.
///
/// # Errors
/// The reason for which the charge has no price.
pub fn price(
    tariff: &Tariff,
    zone: &str,
    adjustments: &Adjustments,
    usage: &Usage,
) -> Result<Price, RefusalCode> {
    let begin = usage.start().ok_or(RefusalCode::TimeInvalid)?.0;
    if usage.end.0 - begin > LONGEST {
        return Err(RefusalCode::TimeInvalid);
    }
    if tariff.valid_from.is_some_and(|t| begin < t.0)
        || tariff.valid_until.is_some_and(|t| begin >= t.0)
    {
        return Err(RefusalCode::AgreementNotInForce);
    }
    let mut lines = measure(tariff, zone, usage, begin);
    price_lines(&mut lines, adjustments);
    let sum: i128 = lines.values().map(|l| l.amount).sum();
    let net = inside_limits(tariff, &lines, sum);
    let discount = half_up(net * i128::from(adjustments.discount_bps), 10_000);
    let tax = taxes(tariff, &lines, net - discount);
    let smallest = coin(&tariff.currency.to_string());
    let total = half_up(net - discount + tax, smallest) * smallest;
    if i64::try_from(total.max(net)).is_err() {
        return Err(RefusalCode::PriceWrong);
    }
    Ok(Price {
        net,
        discount,
        tax,
        total,
    })
}

fn micro(n: i128) -> Micro {
    Micro(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The total as an amount.
pub fn total(price: &Price) -> Micro {
    micro(price.total)
}
