//! Two regions' loads hour by hour, what was forecast for each hour the day before, and where both lie among the loads of the year before.
//!
//! Synthetic by default; from hourly files in the form of EIA-930 where given. The forecast is the shipped one: features, integer trees trained on what
//! was known, the member's own forecast corrected, issued at ten in the morning of the day before. Skill is judged by what was known then.

pub mod eia;

use crate::number::{count, float, part};
use crate::parameters::REGIONS;
use fairway_forecast::backtest::{Issue, Replay, Rows, folds};
use fairway_forecast::baseline::seasonal;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::{Day, Hour, date_of, day_of};
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{MEDIAN, RATE, Tracker};
use fairway_forecast::trees::{Inline, Objective, Recipe, train};
use fairway_forecast::view::{Inputs, View};
use std::collections::{BTreeMap, VecDeque};

/// When schedules are issued: the notice that drivers have.
pub const ISSUE: Issue = Issue::TEN_THE_DAY_BEFORE;
/// Days between two trainings.
const REFIT_DAYS: u16 = 183;
/// Days of loads that a place is counted among.
const REFERENCE_DAYS: i64 = 365;
/// Days over which a forecast must have been better than the week before.
pub const SKILL_DAYS: usize = 28;
/// Days of a synthetic load before the first month.
const HISTORY_DAYS: i64 = 730;
/// The first day of the months of a synthetic load.
const SYNTHETIC_FIRST: (i64, u8, u8) = (2023, 1, 1);
/// Trees of a model of real loads, and of a synthetic one, which has less to learn.
const TREES: (u16, u16) = (300, 120);

/// One hour of one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The region's local day.
    pub day: Day,
    /// The hour on its clock, 0 to 23.
    pub clock: usize,
    /// Year and month.
    pub month: (i64, i64),
    /// The load in kilowatts.
    pub load: i64,
    /// The forecast in kilowatts; `None` where none was given in time.
    pub said: Option<i64>,
    /// Which part of the reference loads lies below the load, in basis points.
    pub place: u32,
    /// The same of the forecast.
    pub said_place: Option<u32>,
    /// The mean place of this hour, by month and kind of day, in the year before the first month: what the agreed table says.
    pub usual: u32,
    /// Whether the forecast had skill when it was issued: the contract leaves the table only then.
    pub trusted: bool,
}

/// A region's loads.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// The hours; both regions have the same ones.
    pub slots: Vec<Slot>,
    /// Mean absolute error of the forecast over the load, and that of the load a week before.
    pub errors: (f64, f64),
}

/// Two regions.
#[derive(Debug, Clone, PartialEq)]
pub struct Loads {
    /// Where they come from, in a sentence.
    pub origin: String,
    /// Whether nobody has these loads.
    pub synthetic: bool,
    /// The regions.
    pub regions: [Region; REGIONS],
}

/// A region's data before anything is forecast.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its clock.
    pub calendar: Calendar,
    /// Load and own forecast in kilowatts.
    pub inputs: Inputs,
}

impl Loads {
    /// Two synthetic loads from a seed.
    ///
    /// # Errors
    /// What the forecast could not do.
    pub fn synthetic(seed: u64, months: usize) -> Result<Self, String> {
        let (year, month, day) = SYNTHETIC_FIRST;
        let first = day_of(year, month, day).ok_or("no first day")?;
        let last = last_day(first, months)?;
        let make = |name: &str, calendar: Calendar, seed: u64, mean: i64| {
            let days = last.0 - first.0 + 1 + HISTORY_DAYS;
            let synthetic = Synthetic {
                seed,
                mean,
                first: first.plus(-HISTORY_DAYS),
                days: u16::try_from(days).map_err(|e| e.to_string())?,
                lean: 15,
            };
            let inputs = Inputs {
                temperature: None,
                ..synthetic.make(&calendar)
            };
            Ok::<_, String>(Source {
                name: name.to_owned(),
                calendar,
                inputs,
            })
        };
        let zone = |found: Result<Calendar, _>| {
            found.map_err(|e: fairway_forecast::calendar::CalendarError| e.to_string())
        };
        let seed = seed.wrapping_mul(2);
        let sources = [
            make("Region 1", zone(Calendar::us_central())?, seed, 22_000_000)?,
            make(
                "Region 2",
                zone(Calendar::us_eastern())?,
                seed.wrapping_add(1),
                11_000_000,
            )?,
        ];
        let origin = "Synthetic loads made from the seed: nobody has them".to_owned();
        Self::of(origin, true, &sources, first, months)
    }

    /// Loads of two regions over the months that begin at `first`.
    ///
    /// # Errors
    /// What is missing, or what the forecast could not do.
    pub fn of(
        origin: String,
        synthetic: bool,
        sources: &[Source; REGIONS],
        first: Day,
        months: usize,
    ) -> Result<Self, String> {
        let last = last_day(first, months)?;
        let trees = if synthetic { TREES.1 } else { TREES.0 };
        let [a, b] = sources;
        // The hours that lie in the months on both clocks.
        let from = a.calendar.begin(first).max(b.calendar.begin(first));
        let until = a
            .calendar
            .begin(last.plus(1))
            .min(b.calendar.begin(last.plus(1)));
        let make =
            |source: &Source| Forecasting::new(source, (first, last), trees)?.region(from, until);
        Ok(Self {
            origin,
            synthetic,
            regions: [make(a)?, make(b)?],
        })
    }

    /// How many hours.
    pub fn hours(&self) -> usize {
        let [a, b] = &self.regions;
        a.slots.len().min(b.slots.len())
    }
}

/// The last day of so many months.
fn last_day(first: Day, months: usize) -> Result<Day, String> {
    let (year, month, _) = date_of(first);
    let months = i64::try_from(months).unwrap_or(i64::MAX);
    let next = (month - 1).saturating_add(months);
    let month = u8::try_from(next.rem_euclid(12) + 1).map_err(|e| e.to_string())?;
    let end = day_of(year.saturating_add(next.div_euclid(12)), month, 1);
    Ok(end.ok_or("too many months")?.plus(-1))
}

/// A region on its way.
struct Forecasting<'a> {
    source: &'a Source,
    first: Day,
    /// Forecasts by hour.
    said: BTreeMap<Hour, i64>,
    /// Days with a skilful forecast at issue.
    trusted: BTreeMap<Day, bool>,
    errors: (f64, f64),
}

impl<'a> Forecasting<'a> {
    fn new(source: &'a Source, (first, last): (Day, Day), trees: u16) -> Result<Self, String> {
        let mut found = Self {
            source,
            first,
            said: BTreeMap::new(),
            trusted: BTreeMap::new(),
            errors: (0.0, 0.0),
        };
        if found.reference(first).is_empty() {
            return Err(found.lacks(first));
        }
        found.speak(last, trees)?;
        found.judge();
        Ok(found)
    }

    /// Trains and forecasts, fold by fold.
    fn speak(&mut self, last: Day, trees: u16) -> Result<(), String> {
        let Source {
            calendar,
            inputs,
            name,
        } = self.source;
        let extras = Extras {
            forecast: inputs.forecast.is_some(),
            ..Extras::default()
        };
        let spec = FeatureSpec::recommended(extras, ISSUE.horizon(), &[calendar.hash()]);
        let view = View::new(inputs, calendar, &spec).map_err(|e| format!("{name}: {e}"))?;
        let begin = calendar.local(inputs.load.start()).day.plus(15);
        let rows = Rows::collect(&view, &inputs.load, ISSUE, begin, last);
        let tracker = Tracker::new(&[MEDIAN], RATE).ok_or("levels are not sound")?;
        let mut replay = Replay::new(tracker);
        let recipe = Recipe {
            trees,
            ..Recipe::recommended(Objective::Absolute)
        };
        // The first fold begins earlier, so that skill is known when the first month begins.
        let warm = self.first.plus(-2 - i64::try_from(SKILL_DAYS).unwrap_or(0));
        for fold in folds(warm, last, REFIT_DAYS, ISSUE) {
            let table = rows.span(Day(0), fold.known_before);
            let model = train(spec.hash(), &table, &recipe, &Inline).map_err(|e| {
                format!(
                    "{name}: the model of {:?} cannot be trained: {e}",
                    fold.first
                )
            })?;
            let voices = Voices::new(vec![vec![model]]);
            for hour in replay.fold(&rows, fold, &voices) {
                if let Some(said) = hour.at(&[MEDIAN], MEDIAN) {
                    self.said.insert(hour.mark.hour, said);
                }
            }
        }
        Ok(())
    }

    /// A forecast has skill while its errors of the last four known weeks are under those of the load a week before.
    fn judge(&mut self) {
        let Source {
            calendar, inputs, ..
        } = self.source;
        let mut days: BTreeMap<Day, (i64, i64, i64)> = BTreeMap::new();
        for (hour, said) in &self.said {
            let day = calendar.local(*hour).day;
            let last = ISSUE.last(calendar, day);
            let (Some(load), Some(week)) = (
                inputs.load.get(*hour),
                seasonal(&inputs.load, last, *hour, 168),
            ) else {
                continue;
            };
            let sums = days.entry(day).or_default();
            sums.0 = sums
                .0
                .saturating_add(said.abs_diff(load).try_into().unwrap_or(i64::MAX));
            sums.1 = sums
                .1
                .saturating_add(week.abs_diff(load).try_into().unwrap_or(i64::MAX));
            sums.2 = sums.2.saturating_add(load);
        }
        let in_months = || {
            days.iter()
                .filter(|(day, _)| **day >= self.first)
                .map(|(_, s)| s)
        };
        let total = |of: fn(&(i64, i64, i64)) -> i64| float(in_months().map(of).sum::<i64>());
        let load = total(|s| s.2).max(1.0);
        self.errors = (total(|s| s.0) / load, total(|s| s.1) / load);
        let mut window: VecDeque<(i64, i64)> = VecDeque::new();
        let mut known = days.iter();
        let mut next = known.next();
        for day in days.keys() {
            // Of the day before the issue not all hours are known.
            while let Some((_, sums)) = next.filter(|(d, _)| d.plus(ISSUE.gap()) <= *day) {
                window.push_back((sums.0, sums.1));
                if window.len() > SKILL_DAYS {
                    window.pop_front();
                }
                next = known.next();
            }
            let sum = |of: fn(&(i64, i64)) -> i64| window.iter().map(of).sum::<i64>();
            let skilful = !window.is_empty() && sum(|w| w.0) < sum(|w| w.1);
            self.trusted.insert(*day, skilful);
        }
    }

    fn region(&self, from: Hour, until: Hour) -> Result<Region, String> {
        let usual = self.usual()?;
        let (mut reference, mut of_month) = (Vec::new(), None);
        let mut slots = Vec::new();
        let mut load_before = 0;
        for hour in (from.0..until.0).map(Hour) {
            let local = self.source.calendar.local(hour);
            let (year, month, _) = date_of(local.day);
            if of_month != Some(month) {
                of_month = Some(month);
                reference = self.reference(local.day);
                if reference.is_empty() {
                    return Err(self.lacks(local.day));
                }
            }
            // A missing reading counts as the hour before: charging goes on.
            let load = self.source.inputs.load.get(hour).unwrap_or(load_before);
            load_before = load;
            let said = self.said.get(&hour).copied();
            let clock = usize::try_from(local.hour).unwrap_or(0);
            let key = (month, self.resting(local.day), clock);
            slots.push(Slot {
                day: local.day,
                clock,
                month: (year, month),
                load,
                said,
                place: percentile_bps(load, &reference),
                said_place: said.map(|said| percentile_bps(said, &reference)),
                usual: usual.get(&key).copied().unwrap_or(5_000),
                trusted: self.trusted.get(&local.day).copied().unwrap_or(false),
            });
        }
        if slots.is_empty() {
            return Err(self.lacks(self.first));
        }
        Ok(Region {
            name: self.source.name.clone(),
            slots,
            errors: self.errors,
        })
    }

    fn lacks(&self, day: Day) -> String {
        let (year, month, day) = date_of(day);
        format!(
            "{}: no loads in the year before {year}-{month:02}-{day:02}; the files must hold at least a year before the first month",
            self.source.name
        )
    }

    fn resting(&self, day: Day) -> bool {
        Calendar::weekday(day) >= 5 || self.source.calendar.is_holiday(day)
    }

    /// The loads of the year before a day, in rising order; none of its own and the day before's, which are not all known at issue.
    fn reference(&self, day: Day) -> Vec<i64> {
        let calendar = &self.source.calendar;
        let (from, until) = (
            calendar.begin(day.plus(-REFERENCE_DAYS - 1)),
            calendar.begin(day.plus(-1)),
        );
        let hours = (from.0..until.0).map(Hour);
        let mut loads: Vec<i64> = hours
            .filter_map(|h| self.source.inputs.load.get(h))
            .collect();
        loads.sort_unstable();
        loads
    }

    /// The agreed table: mean places of the year before the first month.
    fn usual(&self) -> Result<BTreeMap<(i64, bool, usize), u32>, String> {
        let calendar = &self.source.calendar;
        let reference = self.reference(self.first);
        if reference.is_empty() {
            return Err(self.lacks(self.first));
        }
        let mut sums: BTreeMap<(i64, bool, usize), (u64, u64)> = BTreeMap::new();
        let from = calendar.begin(self.first.plus(-REFERENCE_DAYS - 1));
        let until = calendar.begin(self.first.plus(-1));
        for hour in (from.0..until.0).map(Hour) {
            let local = calendar.local(hour);
            let Some(load) = self.source.inputs.load.get(hour) else {
                continue;
            };
            let (_, month, _) = date_of(local.day);
            let key = (
                month,
                self.resting(local.day),
                usize::try_from(local.hour).unwrap_or(0),
            );
            let sum = sums.entry(key).or_default();
            sum.0 = sum
                .0
                .saturating_add(u64::from(percentile_bps(load, &reference)));
            sum.1 = sum.1.saturating_add(1);
        }
        let mean = |(sum, n): (u64, u64)| u32::try_from(sum / n.max(1)).unwrap_or(5_000);
        Ok(sums
            .into_iter()
            .map(|(key, sum)| (key, mean(sum)))
            .collect())
    }
}

/// Which part of the reference loads lies below `load`, in basis points rounded down. `rising` is sorted; without any, the middle.
fn percentile_bps(load: i64, rising: &[i64]) -> u32 {
    let below = rising.partition_point(|known| *known < load);
    let part = below
        .saturating_mul(10_000)
        .checked_div(rising.len())
        .unwrap_or(5_000);
    u32::try_from(part).unwrap_or(10_000)
}

impl Region {
    /// The mean of something over the hours.
    pub(crate) fn mean(&self, of: impl Fn(&Slot) -> f64) -> f64 {
        self.slots.iter().map(of).sum::<f64>() / count(self.slots.len().max(1))
    }

    /// The hours of the highest loads: one of a hundred, at least one.
    pub(crate) fn peaks(&self) -> Vec<bool> {
        let mut loads: Vec<i64> = self.slots.iter().map(|s| s.load).collect();
        loads.sort_unstable();
        let most = loads.len() - loads.len().div_ceil(100).min(loads.len());
        let least = loads.get(most).copied().unwrap_or(i64::MAX);
        self.slots.iter().map(|s| s.load >= least).collect()
    }
}

impl Slot {
    /// The place of the load as a part.
    pub(crate) fn at(&self) -> f64 {
        part(self.place)
    }
}
