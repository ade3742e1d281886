//! Readings as members post them: what is taken, what is corrected, what is refused, and why.
//!
//! | a reading that | becomes |
//! |---|---|
//! | is the first of its hour, in time and plausible | the hour's value |
//! | comes again with the same value | nothing new, and no error |
//! | comes again with another value before the hour is closed | a correction; the value before is named |
//! | comes after the hour is closed | refused; scores and models have used the hour |
//! | is of an hour that has not ended | refused |
//! | is negative, or above what any grid has | refused |
//! | is about a thousand times or a thousandth of what is usual | refused, with the unit that it seems to be in |
//! | is far from what is usual otherwise | held as suspect: kept, but no value, until a correction repeats it |
//!
//! What is usual is the median of the same hour in the last fourteen days. A missing hour stays a gap: nothing is invented.

use crate::hour::Hour;
use crate::number::median;
use crate::series::{MAX_HOURS, MAX_KW, Series};
use std::collections::BTreeMap;

/// Days whose same hour says what is usual.
const USUAL_DAYS: i64 = 14;
/// The fewest readings that say what is usual.
const USUAL_FEWEST: usize = 5;

/// What a consortium agrees on readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingRules {
    /// Hours after its end in which a reading may come, or be corrected.
    pub open_hours: i64,
    /// How many times the usual load, or which part of it, makes a reading suspect.
    pub spike: i64,
    /// The most suspect readings that are kept.
    pub most_suspects: usize,
}

impl ReadingRules {
    /// Three days to correct; three times the usual load is suspect.
    pub const RECOMMENDED: Self = Self {
        open_hours: 72,
        spike: 3,
        most_suspects: 1_000,
    };
}

/// What became of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is the hour's value.
    New,
    /// It was there already.
    Repeated,
    /// It replaces another value.
    Corrected {
        /// The value before, in kilowatts.
        before: i64,
    },
}

/// Why a reading is not the value of its hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingRefused {
    /// The hour has not ended at `now`.
    FromTheFuture {
        /// The hour read.
        hour: Hour,
        /// The hour in which it was posted.
        now: Hour,
    },
    /// Later than the agreed hours.
    TooLate {
        /// The hour read.
        hour: Hour,
        /// The last hour in which it could have been posted.
        until: Hour,
    },
    /// Before the first hour that is kept, or too far from it.
    OutOfRange {
        /// The hour read.
        hour: Hour,
    },
    /// Negative, or above [`MAX_KW`].
    NoLoad {
        /// The value, in kilowatts.
        value: i64,
    },
    /// About a thousand times, or a thousandth of, what is usual.
    Unit {
        /// The value, taken as kilowatts.
        value: i64,
        /// What is usual in this hour, in kilowatts.
        usual: i64,
        /// The unit that the value seems to be in.
        seems: Unit,
    },
    /// Far from what is usual. It is kept as suspect, and counts once it is posted a second time.
    Suspect {
        /// The value, in kilowatts.
        value: i64,
        /// What is usual in this hour, in kilowatts.
        usual: i64,
    },
}

/// Units that are taken for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Watts, where kilowatts are asked for.
    Watts,
    /// Megawatts, where kilowatts are asked for.
    Megawatts,
}

impl core::fmt::Display for Unit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Watts => "W",
            Self::Megawatts => "MW",
        })
    }
}

impl core::fmt::Display for ReadingRefused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::FromTheFuture { hour, now } => write!(
                f,
                "the hour from {} has not ended at {}",
                hour.start(),
                now.start()
            ),
            Self::TooLate { hour, until } => write!(
                f,
                "the hour from {} could be posted and corrected until {}",
                hour.start(),
                until.start()
            ),
            Self::OutOfRange { hour } => {
                write!(f, "the hour from {} is outside of the series", hour.start())
            }
            Self::NoLoad { value } => {
                write!(f, "{value} kW is no load; one is 0 to {MAX_KW} kW")
            }
            Self::Unit {
                value,
                usual,
                seems,
            } => write!(
                f,
                "{value} kW where {usual} kW are usual: the value seems to be in {seems}, and kW are asked for"
            ),
            Self::Suspect { value, usual } => write!(
                f,
                "{value} kW where {usual} kW are usual; post it once more if it is right"
            ),
        }
    }
}

impl core::error::Error for ReadingRefused {}

/// One member's readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    rules: ReadingRules,
    first: Hour,
    values: BTreeMap<Hour, i64>,
    suspects: BTreeMap<Hour, i64>,
}

impl Readings {
    /// No readings; the first hour that is kept is `first`.
    pub fn new(rules: ReadingRules, first: Hour) -> Self {
        Self {
            rules,
            first,
            values: BTreeMap::new(),
            suspects: BTreeMap::new(),
        }
    }

    /// Readings that were kept before. Values and suspects before `first` are left out.
    pub fn restore(
        rules: ReadingRules,
        first: Hour,
        values: impl IntoIterator<Item = (Hour, i64)>,
        suspects: impl IntoIterator<Item = (Hour, i64)>,
    ) -> Self {
        let kept = |reading: &(Hour, i64)| reading.0 >= first;
        Self {
            rules,
            first,
            values: values.into_iter().filter(kept).collect(),
            suspects: suspects.into_iter().filter(kept).collect(),
        }
    }

    /// The value of an hour.
    pub fn value(&self, hour: Hour) -> Option<i64> {
        self.values.get(&hour).copied()
    }

    /// Takes a reading that is posted in the hour `now`.
    ///
    /// # Errors
    /// [`ReadingRefused`]; nothing that was there changes.
    pub fn post(&mut self, now: Hour, hour: Hour, value: i64) -> Result<Taken, ReadingRefused> {
        self.in_time(now, hour)?;
        if !(0..=MAX_KW).contains(&value) {
            return Err(ReadingRefused::NoLoad { value });
        }
        let before = self.values.get(&hour).copied();
        if before == Some(value) {
            return Ok(Taken::Repeated);
        }
        self.plausible(hour, value)?;
        self.suspects.remove(&hour);
        self.values.insert(hour, value);
        Ok(before.map_or(Taken::New, |before| Taken::Corrected { before }))
    }

    fn in_time(&self, now: Hour, hour: Hour) -> Result<(), ReadingRefused> {
        if hour >= now {
            return Err(ReadingRefused::FromTheFuture { hour, now });
        }
        let until = hour.plus(self.rules.open_hours);
        if now > until {
            return Err(ReadingRefused::TooLate { hour, until });
        }
        let reach = i64::try_from(MAX_HOURS).unwrap_or(i64::MAX);
        if !(0..reach).contains(&hour.since(self.first)) {
            return Err(ReadingRefused::OutOfRange { hour });
        }
        Ok(())
    }

    fn plausible(&mut self, hour: Hour, value: i64) -> Result<(), ReadingRefused> {
        let Some(usual) = self.usual(hour).filter(|usual| *usual > 0) else {
            return Ok(());
        };
        if let Some(seems) = unit(value, usual) {
            return Err(ReadingRefused::Unit {
                value,
                usual,
                seems,
            });
        }
        let spike = self.rules.spike.max(1);
        let far = value > usual.saturating_mul(spike) || value.saturating_mul(spike) < usual;
        if far && self.suspects.get(&hour) != Some(&value) {
            if self.suspects.len() < self.rules.most_suspects || self.suspects.contains_key(&hour) {
                self.suspects.insert(hour, value);
            }
            return Err(ReadingRefused::Suspect { value, usual });
        }
        Ok(())
    }

    /// The median of the same hour in the fourteen days before; `None` with fewer than five readings.
    pub fn usual(&self, hour: Hour) -> Option<i64> {
        let days = 1..=USUAL_DAYS;
        let mut found: Vec<i64> = days
            .filter_map(|day| self.values.get(&hour.plus(-24 * day)).copied())
            .collect();
        if found.len() < USUAL_FEWEST {
            return None;
        }
        median(&mut found)
    }

    /// Forgets suspect readings of hours that are closed at `now`, and values before `first`.
    pub fn tidy(&mut self, now: Hour, first: Hour) {
        let open = now.plus(-self.rules.open_hours);
        self.suspects.retain(|hour, _| *hour >= open);
        self.first = self.first.max(first);
        self.values = self.values.split_off(&self.first);
    }

    /// Readings that wait for a second posting.
    pub fn suspects(&self) -> impl Iterator<Item = (Hour, i64)> + '_ {
        self.suspects.iter().map(|(hour, value)| (*hour, *value))
    }

    /// The values as a series, with gaps where there are none.
    pub fn series(&self) -> Series {
        let Some((last, _)) = self.values.last_key_value() else {
            return Series::new(self.first, Vec::new());
        };
        let hours = self.first.0..=last.0;
        Series::new(
            self.first,
            hours
                .map(|hour| self.values.get(&Hour(hour)).copied())
                .collect(),
        )
    }
}

/// The unit that a value seems to be in: a thousand times or a thousandth of what is usual, up to a factor of two and a half.
pub fn unit(value: i64, usual: i64) -> Option<Unit> {
    let (value, usual) = (i128::from(value), i128::from(usual));
    if value <= 0 || usual <= 0 {
        return None;
    }
    if (400 * usual..=2_500 * usual).contains(&value) {
        return Some(Unit::Watts);
    }
    (400 * value..=2_500 * value)
        .contains(&usual)
        .then_some(Unit::Megawatts)
}

/// Whether two columns that should be in one unit are: compares their medians. A forecast in megawatts beside a load in kilowatts is found here.
pub fn units_differ(load: &Series, other: &Series) -> Option<Unit> {
    let middle = |series: &Series| {
        let mut values: Vec<i64> = series.iter().filter_map(|(_, value)| value).collect();
        median(&mut values)
    };
    unit(middle(other)?, middle(load)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twenty_days() -> Readings {
        let mut readings = Readings::new(ReadingRules::RECOMMENDED, Hour(0));
        for hour in 0..480 {
            assert_eq!(
                readings.post(Hour(hour + 1), Hour(hour), 10_000 + hour % 24),
                Ok(Taken::New)
            );
        }
        readings
    }

    #[test]
    fn first_again_and_corrected() {
        let mut readings = twenty_days();
        let (now, hour) = (Hour(481), Hour(480));
        assert_eq!(readings.post(now, hour, 11_000), Ok(Taken::New));
        assert_eq!(readings.post(now, hour, 11_000), Ok(Taken::Repeated));
        assert_eq!(
            readings.post(now, hour, 12_000),
            Ok(Taken::Corrected { before: 11_000 })
        );
        assert_eq!(readings.series().get(hour), Some(12_000));
    }

    #[test]
    fn too_early_and_too_late() {
        let mut readings = twenty_days();
        assert_eq!(
            readings.post(Hour(480), Hour(480), 10_000),
            Err(ReadingRefused::FromTheFuture {
                hour: Hour(480),
                now: Hour(480)
            })
        );
        assert!(readings.post(Hour(552), Hour(480), 10_000).is_ok());
        let late = readings.post(Hour(553), Hour(480), 10_001).unwrap_err();
        assert_eq!(
            late.to_string(),
            "the hour from 1970-01-21T00:00:00.000Z could be posted and corrected until 1970-01-24T00:00:00.000Z"
        );
        assert_eq!(readings.series().get(Hour(480)), Some(10_000));
    }

    #[test]
    fn units_are_told_apart() {
        let mut readings = twenty_days();
        let watts = readings.post(Hour(481), Hour(480), 10_000_000).unwrap_err();
        assert_eq!(
            watts.to_string(),
            "10000000 kW where 10000 kW are usual: the value seems to be in W, and kW are asked for"
        );
        let megawatts = readings.post(Hour(481), Hour(480), 10);
        assert!(matches!(
            megawatts,
            Err(ReadingRefused::Unit {
                seems: Unit::Megawatts,
                ..
            })
        ));
        assert_eq!(readings.series().get(Hour(480)), None);
    }

    #[test]
    fn a_spike_waits_for_its_second_posting() {
        let mut readings = twenty_days();
        let hundredfold = (Hour(481), Hour(480), 1_000_000);
        for (now, hour, value) in [hundredfold, (Hour(481), Hour(481 - 1), 3_000)] {
            assert!(matches!(
                readings.post(now, hour, value),
                Err(ReadingRefused::Suspect { usual: 10_000, .. })
            ));
        }
        assert_eq!(readings.series().get(Hour(480)), None);
        assert_eq!(
            readings.suspects().collect::<Vec<_>>(),
            [(Hour(480), 3_000)]
        );
        assert_eq!(readings.post(Hour(482), Hour(480), 3_000), Ok(Taken::New));
        assert_eq!(readings.suspects().count(), 0);
    }

    #[test]
    fn no_grid_has_it() {
        let mut readings = twenty_days();
        for value in [-1, MAX_KW + 1, i64::MIN, i64::MAX] {
            assert_eq!(
                readings.post(Hour(481), Hour(480), value),
                Err(ReadingRefused::NoLoad { value })
            );
        }
        assert!(matches!(
            readings.post(Hour(1), Hour(-1), 5),
            Err(ReadingRefused::OutOfRange { .. })
        ));
    }

    #[test]
    fn gaps_stay_gaps_and_old_hours_go() {
        let mut readings = twenty_days();
        readings.post(Hour(490), Hour(489), 10_000).unwrap();
        assert_eq!(readings.series().get(Hour(485)), None);
        readings.tidy(Hour(700), Hour(100));
        assert_eq!(readings.series().start(), Hour(100));
        assert_eq!(readings.series().get(Hour(100)), Some(10_004));
    }

    #[test]
    fn columns_in_two_units_are_noticed() {
        let load = Series::new(Hour(0), vec![Some(10_000_000); 48]);
        let other = Series::new(Hour(0), vec![Some(10_300); 48]);
        assert_eq!(units_differ(&load, &other), Some(Unit::Megawatts));
        assert_eq!(units_differ(&load, &load), None);
    }
}
