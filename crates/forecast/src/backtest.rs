//! Rolling-origin back-tests: what a model would have said, day after day, had it been issued then.
//!
//! Invariant: a model that speaks about a day was trained on loads that were known when it was trained, and its row holds only what was known
//! at issue.

use crate::calendar::Calendar;
use crate::ensemble::{Spoken, Voices};
use crate::hour::{Day, Hour};
use crate::number::count;
use crate::series::Series;
use crate::track::Tracker;
use crate::trees::Table;
use crate::view::{Row, View};
use minicbor::{Decode, Encode};

/// When the forecast of a local day is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Issue {
    /// Days before the day.
    #[n(0)]
    pub days_before: u8,
    /// The hour on that day's clock that has just begun; the hour before it is the last known one.
    #[n(1)]
    pub clock: u8,
}

impl Issue {
    /// At midnight, as the day begins.
    pub const MIDNIGHT: Self = Self {
        days_before: 0,
        clock: 0,
    };
    /// At ten in the morning of the day before.
    pub const TEN_THE_DAY_BEFORE: Self = Self {
        days_before: 1,
        clock: 10,
    };

    /// The last known hour when the forecast of a day is issued.
    pub fn last(self, calendar: &Calendar, day: Day) -> Hour {
        let at = calendar.begin(day.plus(-i64::from(self.days_before)));
        at.plus(i64::from(self.clock) - 1)
    }

    /// The furthest hour of any day, in hours after the last known one: the day may have 25 hours, and so may the one before.
    pub fn horizon(self) -> u16 {
        let before = u16::from(self.days_before) * 24;
        let rest = before.saturating_sub(u16::from(self.clock));
        rest + 25
    }

    /// How many days before a day the last one lies whose loads are all known at issue.
    pub fn gap(self) -> i64 {
        i64::from(self.days_before) + 1
    }
}

/// What is kept of each row beside its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The local day.
    pub day: Day,
    /// The hour on the region's clock.
    pub clock: i32,
    /// The hour.
    pub hour: Hour,
    /// The last known hour at issue.
    pub last: Hour,
    /// Kilowatts of a model output of one.
    pub scale: i64,
    /// Kilowatts that the output is added to.
    pub anchor: i64,
    /// The measured load, in kilowatts.
    pub load: i64,
}

impl Mark {
    /// The load that a model output means, in kilowatts.
    pub fn said(&self, output: i64) -> i64 {
        self.spoken(Vec::new()).load(output)
    }

    fn spoken(&self, outputs: Vec<i64>) -> Spoken {
        Spoken {
            hour: self.hour,
            clock: self.clock,
            scale: self.scale,
            anchor: self.anchor,
            outputs,
        }
    }
}

/// The rows of many days, in the order of their hours.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Columns and targets.
    pub table: Table,
    /// One mark per row.
    pub marks: Vec<Mark>,
}

impl Rows {
    /// The rows of the days from `first` to `last`, wherever `truth` has a measured load and nothing is missing.
    pub fn collect(view: &View<'_>, truth: &Series, issue: Issue, first: Day, last: Day) -> Self {
        let mut rows = Self {
            table: Table::new(view.spec().features.len()),
            marks: Vec::new(),
        };
        for day in (first.0..=last.0).map(Day) {
            let known = issue.last(view.calendar(), day);
            for hour in view.calendar().hours(day) {
                if let (Some(load), Ok(row)) = (truth.get(hour), view.row(known, hour)) {
                    rows.push(view.calendar(), &row, load);
                }
            }
        }
        rows
    }

    fn push(&mut self, calendar: &Calendar, row: &Row, load: i64) {
        let local = calendar.local(row.hour);
        self.table.push(&row.values, row.target(load));
        self.marks.push(Mark {
            day: local.day,
            clock: local.hour,
            hour: row.hour,
            last: row.last,
            scale: row.scale,
            anchor: row.anchor,
            load,
        });
    }

    /// How many rows lie before a day.
    pub fn before(&self, day: Day) -> usize {
        self.marks.partition_point(|mark| mark.day < day)
    }

    /// The table of all rows of the days from `first` up to but without `end`.
    pub fn span(&self, first: Day, end: Day) -> Table {
        let (from, until) = (self.before(first), self.before(end));
        let part = |values: &Vec<i32>| values.get(from..until).unwrap_or_default().to_vec();
        Table {
            columns: self.table.columns.iter().map(part).collect(),
            targets: part(&self.table.targets),
        }
    }

    /// One row's columns.
    pub fn values(&self, place: usize) -> Vec<i32> {
        let columns = self.table.columns.iter();
        columns.filter_map(|c| c.get(place).copied()).collect()
    }
}

/// The days of one training: models trained before `first` speak about `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// The first day spoken about.
    pub first: Day,
    /// The last.
    pub last: Day,
    /// Days before this one may be trained on.
    pub known_before: Day,
}

/// Cuts a period into folds of `days` days. The last may be shorter. None where `days` is zero.
pub fn folds(first: Day, last: Day, days: u16, issue: Issue) -> Vec<Fold> {
    let step = usize::from(days.max(1));
    (first.0..=last.0)
        .step_by(step)
        .map(|begin| Fold {
            first: Day(begin),
            last: Day(begin + count(step) - 1).min(last),
            known_before: Day(begin).plus(1 - issue.gap()),
        })
        .collect()
}

/// What was published for one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Hour, load and units.
    pub mark: Mark,
    /// The quantiles in kilowatts, one per level of the tracker, in rising order.
    pub quantiles: Vec<i64>,
}

impl Published {
    /// The quantile of a level, in kilowatts.
    pub fn at(&self, levels: &[u16], level: u16) -> Option<i64> {
        let place = levels.iter().position(|known| *known == level)?;
        self.quantiles.get(place).copied()
    }
}

/// Speaks about the days of a fold with tracking: before each day the tracker learns the loads known by then.
#[derive(Debug)]
pub struct Replay {
    tracker: Tracker,
    /// Hours spoken about whose load the tracker has not learned, with that load.
    open: std::collections::VecDeque<(Spoken, i64)>,
}

impl Replay {
    /// A replay with a tracker.
    pub fn new(tracker: Tracker) -> Self {
        Self {
            tracker,
            open: std::collections::VecDeque::new(),
        }
    }

    /// The tracker as it stands.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// What is published for the rows of a fold.
    pub fn fold(&mut self, rows: &Rows, fold: Fold, voices: &Voices) -> Vec<Published> {
        let (from, until) = (rows.before(fold.first), rows.before(fold.last.plus(1)));
        let marks = rows.marks.iter().enumerate().skip(from).take(until - from);
        let mut found = Vec::with_capacity(until - from);
        for (place, mark) in marks {
            self.catch_up(mark.last);
            let spoken = mark.spoken(voices.outputs(&rows.values(place)));
            found.push(Published {
                mark: *mark,
                quantiles: spoken.publish(&self.tracker),
            });
            self.open.push_back((spoken, mark.load));
        }
        found
    }

    fn catch_up(&mut self, known: Hour) {
        while let Some((spoken, load)) = self.open.pop_front_if(|(spoken, _)| spoken.hour <= known)
        {
            spoken.teach(&mut self.tracker, load);
        }
    }
}
