//! What hourly loads cannot be: twice the same hour, from the future, in another unit, shifted in time, a hundred times the usual.
//!
//! Each check names the line and what would be right. Some can be overruled, by name, because a user may know better: corrections of what is known, spikes that
//! become gaps, a clock that looks wrong.

use crate::csv::Finding;
use crate::hours::{Hours, Point, Posted, text};
use crate::table::Refused;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::number::{count, median, scaled};
use fairway_forecast::readings::{Unit, unit, units_differ};
use fairway_forecast::series::Series;
use std::collections::BTreeMap;

/// A load that is so many times the median around it, or that part of it, is a spike.
pub const SPIKE: i64 = 10;
/// Twice as many readings before it make the median that is usual.
const AROUND: usize = 12;
/// Forecasts reach so many hours ahead at most.
pub const MOST_AHEAD: i64 = 10 * 24;
/// Hours that are compared when a shift is looked for: four weeks.
const SHIFT_HOURS: i64 = 28 * 24;
/// The furthest shift that is looked for, in hours.
const FURTHEST_SHIFT: i64 = 14;
/// A shift counts when it leaves less than so many hundredths of the difference.
const SHIFT_LEAVES: i64 = 60;
/// Mean days of neighbouring months, rightly moved, differ by less than so many millionths of the mean in each hour.
const SHIFTED_PPM: i64 = 25_000;
/// On the region's clock, loads are lowest within these hours.
const LOWEST: core::ops::RangeInclusive<i32> = 0..=7;

/// What the user overrules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// Known hours may get other values.
    pub corrections: bool,
    /// Spikes become gaps instead of a refusal.
    pub spikes: bool,
    /// The file's clock is right though it looks wrong.
    pub clock: bool,
}

/// What a file is checked against.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The region's calendar.
    pub calendar: &'a Calendar,
    /// The present hour.
    pub now: Hour,
    /// Loads of other data sets, by their names.
    pub neighbours: &'a [(String, Series)],
    /// What is overruled.
    pub allow: Allow,
}

/// What passed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// The hours that are new or corrected, in their order.
    pub hours: Vec<Posted>,
    /// Hours that said what was known already.
    pub repeated: usize,
    /// Hours that replace known ones.
    pub corrected: usize,
    /// Spikes that became gaps.
    pub set_aside: usize,
    /// What is odd and no reason to refuse.
    pub notes: Vec<String>,
}

/// Checks the hours of a file against each other, against what is known, the clock and the neighbours.
///
/// # Errors
/// Everything that is wrong, with its lines.
pub fn check(known: &Hours, posted: &[Posted], setting: &Setting<'_>) -> Result<Checked, Refused> {
    let mut refused = Refused::default();
    let (fresh, mut checked) = once(known, posted, setting, &mut refused);
    future(&fresh, setting, &mut refused);
    refused.done()?;
    let mut refused = Refused::default();
    checked.hours = fresh.into_values().collect();
    units(known, &checked.hours, &mut refused);
    refused.done()?;
    let mut refused = Refused::default();
    spikes(known, &mut checked, setting, &mut refused);
    refused.done()?;
    let merged = merged(known, &checked.hours);
    if !setting.allow.clock {
        clock(known, &checked.hours, &merged, setting)?;
    }
    checked.notes.extend(notes(&merged, setting));
    Ok(checked)
}

/// Known hours with new ones over them.
pub fn merged(known: &Hours, fresh: &[Posted]) -> Hours {
    let mut all = known.clone();
    all.points
        .extend(fresh.iter().map(|posted| (posted.hour, posted.point)));
    all
}

/// Each hour once: equal repetitions are counted, others are refused.
fn once(
    known: &Hours,
    posted: &[Posted],
    setting: &Setting<'_>,
    refused: &mut Refused,
) -> (BTreeMap<Hour, Posted>, Checked) {
    let mut checked = Checked::default();
    let mut fresh: BTreeMap<Hour, Posted> = BTreeMap::new();
    for one in posted {
        let before = fresh.get(&one.hour);
        match before {
            Some(before) if before.point == one.point => checked.repeated += 1,
            Some(before) => {
                let hint = if labels_repeat(setting.calendar, one.hour) {
                    "; this is where clocks are put back, so the file's times seem to be local ones and have to be universal"
                } else {
                    ""
                };
                let what = format!(
                    "the hour {} stands on line {} already, with other values{hint}",
                    text(one.hour),
                    before.line
                );
                refused.add(Finding::line(one.line, what));
            }
            None => {
                fresh.insert(one.hour, *one);
            }
        }
    }
    fresh.retain(|hour, one| match known.points.get(hour) {
        None => true,
        Some(point) if *point == one.point => {
            checked.repeated += 1;
            false
        }
        Some(_) if setting.allow.corrections => {
            checked.corrected += 1;
            true
        }
        Some(point) => {
            let what = format!(
                "the hour {} is known with {}, here with {}; say --correct if the new one is right",
                text(*hour),
                shown(point),
                shown(&one.point)
            );
            refused.add(Finding::line(one.line, what));
            false
        }
    });
    (fresh, checked)
}

fn shown(point: &Point) -> String {
    let part = |name: &str, value: Option<i64>| {
        value.map_or(format!("no {name}"), |v| format!("{name} {v} kW"))
    };
    format!(
        "{}, {}",
        part("load", point.load),
        part("forecast", point.forecast)
    )
}

/// Whether an instant, read as a local label, is one that stands twice where clocks are put back.
fn labels_repeat(calendar: &Calendar, hour: Hour) -> bool {
    let day = Day(hour.0.div_euclid(24));
    calendar.hours(day).count() == 25 && hour.0.rem_euclid(24) <= 3
}

fn future(fresh: &BTreeMap<Hour, Posted>, setting: &Setting<'_>, refused: &mut Refused) {
    for one in fresh.values() {
        if one.point.load.is_some() && one.hour >= setting.now {
            let what = format!(
                "a load of {}, an hour that has not ended: it is {} now; the file's zone or this machine's clock is wrong",
                text(one.hour),
                setting.now.start().rfc3339()
            );
            refused.add(Finding::line(one.line, what));
        } else if one.hour > setting.now.plus(MOST_AHEAD) {
            let what = format!("{} is more than {MOST_AHEAD} hours ahead", text(one.hour));
            refused.add(Finding::line(one.line, what));
        }
    }
}

/// Whole columns in another unit: load against forecast, and both against what is known.
fn units(known: &Hours, fresh: &[Posted], refused: &mut Refused) {
    let new = merged(&Hours::default(), fresh);
    let named = |unit: Unit| match unit {
        Unit::Watts => "a thousand times",
        Unit::Megawatts => "a thousandth of",
    };
    if let Some(unit) = units_differ(&new.loads(), &new.forecasts()) {
        let what = format!(
            "the forecast is {} the load throughout; one of the two is in another unit (kW for MW?)",
            named(unit)
        );
        refused.add(Finding::file(what));
    }
    let pairs = [
        ("load", known.loads(), new.loads()),
        ("forecast", known.forecasts(), new.forecasts()),
    ];
    for (name, before, after) in pairs {
        if let Some(unit) = units_differ(&before, &after) {
            let what = format!(
                "the {name} is {} that of the data set throughout; the file is in another unit (kW for MW?)",
                named(unit)
            );
            refused.add(Finding::file(what));
        }
    }
}

/// Loads against the median of the readings around them.
fn spikes(known: &Hours, checked: &mut Checked, setting: &Setting<'_>, refused: &mut Refused) {
    let all = merged(known, &checked.hours);
    let loads: Vec<(Hour, i64)> = all
        .points
        .iter()
        .filter_map(|(hour, p)| Some((*hour, p.load?)))
        .collect();
    let place = |hour: Hour| loads.partition_point(|(at, _)| *at < hour);
    let mut set_aside = 0;
    for one in &mut checked.hours {
        let Some(load) = one.point.load else { continue };
        let here = place(one.hour);
        // What came before tells what is usual, so that the first reading in another unit is noticed; only at the beginning later ones have to.
        let (from, number) = if here > AROUND {
            (here.saturating_sub(2 * AROUND), here.min(2 * AROUND))
        } else {
            (0, 2 * AROUND + 1)
        };
        let window = loads.iter().skip(from).take(number);
        let mut around: Vec<i64> = window.map(|(_, load)| *load).collect();
        let Some(usual) = median(&mut around).filter(|usual| *usual > 0 && around.len() > AROUND)
        else {
            continue;
        };
        if load <= usual.saturating_mul(SPIKE) && load.saturating_mul(SPIKE) >= usual {
            continue;
        }
        if setting.allow.spikes {
            one.point.load = None;
            set_aside += 1;
            continue;
        }
        let hint = match unit(load, usual) {
            Some(_) => "another unit?",
            None => "a spike?",
        };
        let what = format!(
            "the load of {} is {load} kW, around it {usual} kW are usual; {hint} Put it right, or say --spikes-are-gaps",
            text(one.hour)
        );
        refused.add(Finding::line(one.line, what));
    }
    checked.set_aside = set_aside;
}

/// Shifts in time: of load against forecast, of the file against what is known, of the day against the region's clock.
fn clock(
    known: &Hours,
    fresh: &[Posted],
    merged: &Hours,
    setting: &Setting<'_>,
) -> Result<(), Finding> {
    let new = self::merged(&Hours::default(), fresh);
    if local_labels(&new, setting.calendar) {
        return Err(Finding::file(
            "hours lack exactly where clocks are put forward if the file's times are read as local ones; they have to be universal (say --clock-is-right if they are)",
        ));
    }
    if let Some(shift) = shift_between(&new.forecasts(), &new.loads()) {
        return Err(Finding::file(format!(
            "the load fits its own forecast best when it is moved by {shift:+} hours; one of the two is shifted (say --clock-is-right if not)"
        )));
    }
    if let Some(shift) = shift_of_profiles(&known.loads(), &new.loads(), setting.calendar) {
        return Err(Finding::file(format!(
            "the day of the file fits the day of the data set best when it is moved by {shift:+} hours; the file is of another zone (say --clock-is-right if not)"
        )));
    }
    let lowest = profile(merged, setting.calendar).and_then(|p| {
        (0..)
            .zip(p)
            .min_by_key(|(_, load)| *load)
            .map(|(hour, _)| hour)
    });
    match lowest.filter(|hour| !LOWEST.contains(hour)) {
        None => Ok(()),
        Some(hour) => Err(Finding::file(format!(
            "on the clock of region {} the load is lowest in the hour from {hour}:00, and loads are lowest at night; the file's times are not universal, or the region is another (say --clock-is-right if not)",
            setting.calendar.region()
        ))),
    }
}

/// Whether, read as local labels, exactly the hour lacks that no clock shows in spring, every spring that the file covers.
fn local_labels(new: &Hours, calendar: &Calendar) -> bool {
    let Some((first, last)) = new.span() else {
        return false;
    };
    let day = |hour: Hour| hour.0.div_euclid(24);
    let springs = (day(first) + 1..day(last))
        .map(Day)
        .filter(|day| calendar.covers(*day) && calendar.hours(*day).count() == 23);
    let mut seen = false;
    for spring in springs {
        let there = |clock: i64| new.points.contains_key(&Hour(spring.0 * 24 + clock));
        let missing: Vec<i64> = (0..24).filter(|clock| !there(*clock)).collect();
        if !matches!(missing.as_slice(), [2 | 3]) {
            return false;
        }
        seen = true;
    }
    seen
}

/// Hours by which `series` has to be moved to fit `wanted` much better than it does; none where it fits as it is.
fn shift_between(wanted: &Series, series: &Series) -> Option<i64> {
    let start = wanted.start().plus(FURTHEST_SHIFT);
    let hours = wanted
        .end()
        .since(wanted.start())
        .min(series.end().since(series.start()))
        .min(4 * SHIFT_HOURS);
    if hours < SHIFT_HOURS {
        return None;
    }
    let difference = |shift: i64| {
        let pairs = (start.0..start.0 + hours)
            .filter_map(|h| Some((wanted.get(Hour(h))?, series.get(Hour(h - shift))?)));
        let (sum, number) = pairs.fold((0_i64, 0_i64), |(sum, number), (a, b)| {
            (sum.saturating_add((a - b).abs()), number + 1)
        });
        (number >= SHIFT_HOURS / 2)
            .then(|| sum.checked_div(number))
            .flatten()
    };
    best_shift(difference)
}

fn best_shift(difference: impl Fn(i64) -> Option<i64>) -> Option<i64> {
    let here = difference(0)?;
    let found =
        (-FURTHEST_SHIFT..=FURTHEST_SHIFT).filter_map(|shift| Some((difference(shift)?, shift)));
    let (least, shift) = found.min_by_key(|(difference, shift)| (*difference, shift.abs()))?;
    (shift != 0 && least.saturating_mul(100) < here.saturating_mul(SHIFT_LEAVES)).then_some(shift)
}

/// The same for the mean days on the region's clock of the last four known weeks and the first four new ones, each over its mean. What is left of the
/// difference has to be small too: the shape of the day changes with the seasons by itself.
fn shift_of_profiles(known: &Series, new: &Series, calendar: &Calendar) -> Option<i64> {
    let last = known.end();
    let before = mean_day(known, calendar, last.plus(-SHIFT_HOURS), last)?;
    // Corrections of the past stand for themselves; what follows the known hours is compared.
    let from = if new.start() < last {
        last
    } else {
        new.start()
    };
    if from.since(last) > SHIFT_HOURS {
        return None;
    }
    let after = mean_day(new, calendar, from, from.plus(SHIFT_HOURS))?;
    let difference = |shift: i64| -> Option<i64> {
        let moved = |place: i64| {
            let place = usize::try_from((place - shift).rem_euclid(24)).ok();
            place.and_then(|place| after.get(place))
        };
        let pairs = (0..24).zip(&before);
        Some(
            pairs
                .filter_map(|(place, a)| Some((a - moved(place)?).abs()))
                .sum(),
        )
    };
    let shift = best_shift(difference)?;
    (difference(shift)? < 24 * SHIFTED_PPM).then_some(shift)
}

/// The mean of each hour on the region's clock in millionths of the mean of all; none unless every hour has at least seven readings.
fn mean_day(series: &Series, calendar: &Calendar, from: Hour, until: Hour) -> Option<Vec<i64>> {
    let mut sums = [(0_i64, 0_i64); 24];
    for hour in (from.0..until.0).map(Hour) {
        let place = usize::try_from(calendar.local(hour).hour).ok();
        let slot = place.and_then(|place| sums.get_mut(place));
        if let (Some(load), Some(slot)) = (series.get(hour), slot) {
            *slot = (slot.0.saturating_add(load), slot.1 + 1);
        }
    }
    normal(&sums, 7)
}

fn normal(sums: &[(i64, i64); 24], fewest: i64) -> Option<Vec<i64>> {
    let total = sums.iter().fold((0_i64, 0_i64), |all, one| {
        (all.0.saturating_add(one.0), all.1 + one.1)
    });
    let mean = total.0.checked_div(total.1).filter(|mean| *mean > 0)?;
    sums.iter()
        .map(|(sum, number)| {
            (*number >= fewest).then(|| scaled(*sum, 1_000_000, number.saturating_mul(mean)))
        })
        .collect()
}

/// The mean load of each hour on the region's clock, in millionths of the mean of all; none unless every hour has fourteen readings.
pub fn profile(hours: &Hours, calendar: &Calendar) -> Option<Vec<i64>> {
    let mut sums = [(0_i64, 0_i64); 24];
    for (hour, point) in &hours.points {
        let local = calendar.local(*hour).hour;
        let slot = usize::try_from(local)
            .ok()
            .and_then(|place| sums.get_mut(place));
        if let (Some(load), Some(slot)) = (point.load, slot) {
            *slot = (slot.0.saturating_add(load), slot.1 + 1);
        }
    }
    normal(&sums, 14)
}

/// Gaps between the first and the last hour with a load: how many hours, and the longest one.
pub fn gaps(loads: &Series) -> (i64, Option<(Hour, i64)>) {
    let (mut missing, mut longest, mut open) = (0_i64, None::<(Hour, i64)>, None::<(Hour, i64)>);
    let mut begun = false;
    for (hour, load) in loads.iter() {
        match (load, open) {
            (Some(_), Some((from, length))) => {
                missing += length;
                if longest.is_none_or(|(_, most)| length > most) {
                    longest = Some((from, length));
                }
                open = None;
            }
            (Some(_), None) => {}
            (None, Some((from, length))) => open = Some((from, length + 1)),
            (None, None) => open = begun.then_some((hour, 1)),
        }
        begun |= load.is_some();
    }
    (missing, longest)
}

fn notes(merged: &Hours, setting: &Setting<'_>) -> Vec<String> {
    let loads = merged.loads();
    let mut notes = Vec::new();
    let (missing, longest) = gaps(&loads);
    if let Some((from, length)) = longest {
        notes.push(format!(
            "{missing} hours have no load, at most {length} in a row (from {})",
            text(from)
        ));
    }
    let middle =
        |series: &Series| median(&mut series.iter().filter_map(|(_, v)| v).collect::<Vec<i64>>());
    for (name, load) in setting.neighbours {
        if let (Some(own), Some(other)) = (middle(&loads), middle(load))
            && unit(own, other).is_some()
        {
            notes.push(format!("half of the loads are below {own} kW, those of `{name}` below {other} kW; is one in another unit?"));
        }
    }
    let (first, last) = setting.calendar.span();
    let outside = merged
        .points
        .keys()
        .filter(|hour| !setting.calendar.covers(setting.calendar.local(**hour).day))
        .count();
    if outside > 0 {
        notes.push(format!(
            "{outside} hours lie outside of the calendar of region {}, which reaches from day {} to day {}; they are not learned from",
            setting.calendar.region(),
            date(first),
            date(last)
        ));
    }
    notes
}

/// A day as 2026-11-29.
pub fn date(day: Day) -> String {
    let (year, month, day) = fairway_forecast::hour::date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// How many local days between two hours have 23 and 25 hours.
pub fn odd_days(calendar: &Calendar, first: Hour, last: Hour) -> (i64, i64) {
    let days = (calendar.local(first).day.0..=calendar.local(last).day.0).map(Day);
    let lengths: Vec<usize> = days
        .filter(|day| calendar.covers(*day))
        .map(|day| calendar.hours(day).count())
        .collect();
    let of = |length: usize| count(lengths.iter().filter(|found| **found == length).count());
    (of(23), of(25))
}
