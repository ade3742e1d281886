//! Hours and days as whole numbers.

use fairway_model::Time;
use fairway_model::time::HOUR;
use minicbor::{Decode, Encode};

/// One hour of universal time: the whole hours from 1970-01-01T00:00Z to its beginning. A reading of an hour is the mean load
/// within it. Sources that label an hour by its end (EIA-930 does) are shifted by one on import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Hour(#[n(0)] pub i64);

impl Hour {
    /// The hour that holds a point in time.
    pub fn of(time: Time) -> Self {
        Self(time.0.div_euclid(HOUR))
    }

    /// The point in time at which the hour begins.
    pub fn start(self) -> Time {
        Time(self.0.saturating_mul(HOUR))
    }

    /// The hour `hours` later (earlier where negative), held at the ends of the range.
    #[must_use]
    pub fn plus(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours))
    }

    /// Hours from `earlier` to this one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A calendar day in a region's own time: whole days from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] pub i64);

impl Day {
    /// The day `days` later (earlier where negative), held at the ends of the range.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` where there is no such date.
pub fn day_of(year: i64, month: u8, day: u8) -> Option<Day> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1900..=2200).contains(&year) {
        return None;
    }
    // The year of the count begins in March, so that a leap day is its last.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let leaps = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let found = Day(365 * shifted_year + leaps + day_of_year - 719_468);
    (date_of(found) == (year, i64::from(month), i64::from(day))).then_some(found)
}

/// Year, month and day of a day.
pub fn date_of(day: Day) -> (i64, i64, i64) {
    fairway_model::time::civil_from_days(day.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(day_of(1970, 1, 1), Some(Day(0)));
        assert_eq!(day_of(2020, 2, 29), Some(Day(18_321)));
        assert_eq!(day_of(2019, 2, 29), None);
        assert_eq!(day_of(2019, 13, 1), None);
        for number in (-10_000..40_000).step_by(7) {
            let (year, month, day) = date_of(Day(number));
            let found = day_of(
                year,
                u8::try_from(month).unwrap(),
                u8::try_from(day).unwrap(),
            );
            assert_eq!(found, Some(Day(number)));
        }
    }

    #[test]
    fn an_hour_holds_its_first_millisecond_and_not_its_last() {
        assert_eq!(Hour::of(Time(3_600_000)), Hour(1));
        assert_eq!(Hour::of(Time(3_599_999)), Hour(0));
        assert_eq!(Hour::of(Time(-1)), Hour(-1));
        assert_eq!(Hour(2).start(), Time(7_200_000));
    }
}
