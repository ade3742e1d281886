//! What this utility knows of the load that it reports: hourly readings and its own day-ahead forecast as they were fed, and what became of each on
//! the ledger.
//!
//! Fed again, the same values change nothing. A reading that the ledger holds as suspect is not posted a second time by itself, for the second
//! posting is what confirms it: a person does that. Rows are days of universal time, so an hour's news writes one small row.

use crate::door::{Row, Table};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::series::MAX_KW;
use fairway_ledger::forecast::bounds::{
    HISTORY_HOURS, HISTORY_OPEN_HOURS, MAX_READINGS, READING_RULES,
};
use fairway_ledger::forecast::op::{ReadingFault, ReadingVerdict};
use fairway_ledger::forecast::state::Reading;
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most values that are fed at once: a year and a quarter of hours, twice.
pub const MAX_FED: usize = 24_000;
/// Longest name of a source, in bytes.
pub const MAX_SOURCE: usize = 160;
/// How far back hours are taken, in hours: what the ledger takes as history, and a day.
const BACK: i64 = HISTORY_HOURS + 24;
/// How far ahead a forecast is taken, in hours: what a source may know of the next days.
const AHEAD: i64 = 10 * 24;
/// Days that are kept; older ones leave.
const MAX_DAYS: usize = 440;
/// First part of the rows' keys.
pub(crate) const DAY: &str = "day/";

/// Hourly loads as a source has them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Loads {
    /// Where they come from, in words for people; at most [`MAX_SOURCE`] bytes.
    #[n(0)]
    pub source: String,
    /// Measured loads. With the forecasts at most [`MAX_FED`].
    #[n(1)]
    pub loads: Vec<Reading>,
    /// The utility's own forecasts of loads.
    #[n(2)]
    pub forecasts: Vec<Reading>,
    /// Post loads again that the ledger holds as suspect: a person looked, and they are right.
    #[n(3)]
    pub confirm: bool,
}

/// What became of what was fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Fed {
    /// Hours with a first value.
    #[n(0)]
    pub fresh: u32,
    /// Hours with another value than before.
    #[n(1)]
    pub changed: u32,
    /// Hours that were known so.
    #[n(2)]
    pub same: u32,
    /// Hours that are too old, too far ahead, or no load.
    #[n(3)]
    pub outside: u32,
    /// Held readings that are posted again.
    #[n(4)]
    pub confirmed: u32,
}

/// Where a reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Standing {
    /// To be posted, as soon as its hour has ended.
    #[n(0)]
    Waits,
    /// The ledger has it.
    #[n(1)]
    Taken,
    /// The ledger holds it as suspect.
    #[n(2)]
    Held {
        /// What is usual, in kilowatts.
        #[n(0)]
        usual: i64,
    },
    /// The ledger refused it; without a fault it was refused together with others.
    #[n(3)]
    Refused(#[n(0)] Option<ReadingFault>),
    /// It was fed when its hour was closed already.
    #[n(4)]
    Missed,
}

/// A reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Read {
    #[n(0)]
    kw: i64,
    #[n(1)]
    standing: Standing,
}

/// A day of universal time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Page {
    #[n(0)]
    day: i64,
    #[n(1)]
    loads: Vec<Option<Read>>,
    #[n(2)]
    forecasts: Vec<Option<i64>>,
}

impl Page {
    fn empty(day: i64) -> Self {
        Self {
            day,
            loads: vec![None; 24],
            forecasts: vec![None; 24],
        }
    }

    fn first(&self) -> i64 {
        self.day.saturating_mul(24)
    }

    fn reads(&self) -> impl Iterator<Item = (Hour, Read)> + '_ {
        let hours = (self.first()..).map(Hour);
        hours
            .zip(&self.loads)
            .filter_map(|(hour, read)| Some((hour, (*read)?)))
    }
}

/// Counts of readings, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct ReadingCounts {
    /// Taken by the ledger.
    #[n(0)]
    pub taken: u32,
    /// To be posted.
    #[n(1)]
    pub waiting: u32,
    /// Refused by the ledger.
    #[n(2)]
    pub refused: u32,
    /// Fed too late.
    #[n(3)]
    pub missed: u32,
    /// Held as suspect.
    #[n(4)]
    pub held: u32,
    /// The newest hour that the ledger took.
    #[n(5)]
    pub last: Option<Hour>,
}

/// All that was fed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LoadBook {
    pages: BTreeMap<i64, Page>,
}

fn split(hour: Hour) -> (i64, usize) {
    let place = usize::try_from(hour.0.rem_euclid(24)).unwrap_or(0);
    (hour.0.div_euclid(24), place)
}

/// What changes in the rows.
pub(crate) struct Touched {
    pub(crate) rows: Vec<Row>,
    /// Keys of rows that leave.
    pub(crate) gone: Vec<String>,
}

impl LoadBook {
    fn read(&self, hour: Hour) -> Option<Read> {
        let (day, place) = split(hour);
        self.pages.get(&day)?.loads.get(place).copied().flatten()
    }

    fn slot(&mut self, hour: Hour) -> Option<&mut Option<Read>> {
        let (day, place) = split(hour);
        let page = self.pages.entry(day).or_insert_with(|| Page::empty(day));
        page.loads.get_mut(place)
    }

    fn forecast(&self, hour: Hour) -> Option<i64> {
        let (day, place) = split(hour);
        let page = self.pages.get(&day)?;
        page.forecasts.get(place).copied().flatten()
    }

    /// Takes over what a source has.
    pub(crate) fn feed(&mut self, loads: &Loads, now: Time) -> (Fed, Touched) {
        let (mut fed, mut days) = (Fed::default(), BTreeSet::new());
        let present = Hour::of(now);
        for reading in &loads.loads {
            let old = present.since(reading.hour) > BACK;
            // What has not ended was not measured.
            if old || reading.hour > present || !(0..=MAX_KW).contains(&reading.kw) {
                count(&mut fed.outside);
                continue;
            }
            self.take_load(*reading, loads.confirm, (&mut fed, &mut days));
        }
        for reading in &loads.forecasts {
            let (old, far) = (
                present.since(reading.hour) > BACK,
                reading.hour.since(present) > AHEAD,
            );
            if old || far || !(1..=MAX_KW).contains(&reading.kw) {
                count(&mut fed.outside);
                continue;
            }
            self.take_forecast(*reading, (&mut fed, &mut days));
        }
        (fed, self.touched(&days, now))
    }

    fn take_load(
        &mut self,
        reading: Reading,
        confirm: bool,
        (fed, days): (&mut Fed, &mut BTreeSet<i64>),
    ) {
        let before = self.read(reading.hour);
        let waits = Some(Read {
            kw: reading.kw,
            standing: Standing::Waits,
        });
        match before {
            Some(known) if known.kw == reading.kw => {
                let held = matches!(known.standing, Standing::Held { .. });
                if !(confirm && held) {
                    return count(&mut fed.same);
                }
                count(&mut fed.confirmed);
            }
            Some(_) => count(&mut fed.changed),
            None => count(&mut fed.fresh),
        }
        if let Some(slot) = self.slot(reading.hour) {
            *slot = waits;
            days.insert(split(reading.hour).0);
        }
    }

    fn take_forecast(&mut self, reading: Reading, (fed, days): (&mut Fed, &mut BTreeSet<i64>)) {
        match self.forecast(reading.hour) {
            Some(known) if known == reading.kw => return count(&mut fed.same),
            Some(_) => count(&mut fed.changed),
            None => count(&mut fed.fresh),
        }
        let (day, place) = split(reading.hour);
        let page = self.pages.entry(day).or_insert_with(|| Page::empty(day));
        if let Some(slot) = page.forecasts.get_mut(place) {
            *slot = Some(reading.kw);
            days.insert(day);
        }
    }

    fn touched(&mut self, days: &BTreeSet<i64>, now: Time) -> Touched {
        let mut gone = Vec::new();
        while self.pages.len() > MAX_DAYS {
            if let Some((oldest, _)) = self.pages.pop_first() {
                gone.push(key(oldest));
            }
        }
        let pages = days.iter().filter_map(|day| self.pages.get(day));
        Touched {
            rows: pages.map(|page| row(page, now)).collect(),
            gone,
        }
    }

    /// The next readings to post, in the order of their hours, and the hours whose time is over, which are marked so. Hours before the book was
    /// opened go apart from later ones: other deadlines hold for them.
    pub(crate) fn due(&mut self, now: Time, opened: Hour) -> (Vec<Reading>, u32, Touched) {
        let (present, mut batch, mut late) = (Hour::of(now), Vec::<Reading>::new(), Vec::new());
        let history = present.since(opened) < HISTORY_OPEN_HOURS;
        for (hour, read) in self.pages.values().flat_map(Page::reads) {
            if read.standing != Standing::Waits || hour >= present {
                continue;
            }
            let before = hour < opened;
            let open = present.since(hour) <= READING_RULES.open_hours;
            let old = before && history && opened.since(hour) <= HISTORY_HOURS;
            if !(open || old) {
                late.push(hour);
                continue;
            }
            let first = batch.first().map_or(hour, |reading| reading.hour);
            // As wide as a transaction may be; what is left is posted next.
            let fits = batch.len() < MAX_READINGS
                && hour.since(first) < i64::try_from(MAX_READINGS).unwrap_or(0)
                && (first < opened) == before;
            if fits {
                batch.push(Reading { hour, kw: read.kw });
            }
        }
        let mut days = BTreeSet::new();
        for hour in &late {
            if let Some(Some(read)) = self.slot(*hour) {
                read.standing = Standing::Missed;
                days.insert(split(*hour).0);
            }
        }
        let number = u32::try_from(late.len()).unwrap_or(u32::MAX);
        (batch, number, self.touched(&days, now))
    }

    /// When the next reading that waits can be posted.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let reads = self.pages.values().rev().flat_map(Page::reads);
        let waiting = reads.filter(|(_, read)| read.standing == Standing::Waits);
        waiting.map(|(hour, _)| hour.plus(1).start()).min()
    }

    /// What the ledger said to readings of ours, whoever handed them in.
    pub(crate) fn judged(
        &mut self,
        readings: &[Reading],
        verdict: impl Fn(usize) -> Standing,
        now: Time,
    ) -> Touched {
        let mut days = BTreeSet::new();
        for (place, reading) in readings.iter().enumerate() {
            let known = self.read(reading.hour);
            // A value that was fed meanwhile still waits for its own answer.
            if known.is_some_and(|known| known.kw != reading.kw) {
                continue;
            }
            let read = Read {
                kw: reading.kw,
                standing: verdict(place),
            };
            if known == Some(read) {
                continue;
            }
            if let Some(slot) = self.slot(reading.hour) {
                *slot = Some(read);
                days.insert(split(reading.hour).0);
            }
        }
        self.touched(&days, now)
    }

    /// The utility's own forecast of a local day, once every hour of it is there.
    pub(crate) fn own(&self, calendar: &Calendar, day: Day) -> Option<Vec<i64>> {
        calendar
            .hours(day)
            .map(|hour| self.forecast(hour))
            .collect()
    }

    /// Counts, and the readings that are held or were refused, newest first, at most `most`.
    pub(crate) fn counts(&self, most: usize) -> (ReadingCounts, Vec<(Reading, Standing)>) {
        let (mut counts, mut odd) = (ReadingCounts::default(), Vec::new());
        for (hour, read) in self.pages.values().flat_map(Page::reads) {
            let place = match read.standing {
                Standing::Waits => &mut counts.waiting,
                Standing::Taken => {
                    counts.last = Some(hour);
                    &mut counts.taken
                }
                Standing::Held { .. } => &mut counts.held,
                Standing::Refused(_) => &mut counts.refused,
                Standing::Missed => &mut counts.missed,
            };
            count(place);
            if matches!(read.standing, Standing::Held { .. } | Standing::Refused(_)) {
                odd.push((Reading { hour, kw: read.kw }, read.standing));
            }
        }
        odd.reverse();
        odd.truncate(most);
        (counts, odd)
    }

    /// Takes back a stored row.
    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        let page = Page::from_bytes(&row.body)?;
        if page.loads.len() != 24 || page.forecasts.len() != 24 {
            return Err(DecodeError::Malformed("a day has 24 hours".to_owned()));
        }
        self.pages.insert(page.day, page);
        Ok(())
    }
}

/// What a verdict means for a reading.
pub(crate) fn standing(verdict: ReadingVerdict) -> Standing {
    match verdict {
        ReadingVerdict::New | ReadingVerdict::Repeated | ReadingVerdict::Corrected { .. } => {
            Standing::Taken
        }
        ReadingVerdict::Held { usual } => Standing::Held { usual },
        // The block's clock is behind ours: it is posted again.
        ReadingVerdict::Refused(ReadingFault::Future) => Standing::Waits,
        ReadingVerdict::Refused(fault) => Standing::Refused(Some(fault)),
    }
}

fn count(number: &mut u32) {
    *number = number.saturating_add(1);
}

fn key(day: i64) -> String {
    format!("{DAY}{day}")
}

fn row(page: &Page, now: Time) -> Row {
    let loads = page.loads.iter().flatten().count();
    let forecasts = page.forecasts.iter().flatten().count();
    let from = Hour(page.first()).start();
    let text = format!("{loads} loads and {forecasts} forecasts from {from}");
    Row::new(Table::Loads, key(page.day), "", now, text, page)
}
