//! Hourly series of whole numbers with gaps.
//!
//! Loads are in kilowatts, temperatures in thousandths of a degree, errors of a forecast in kilowatts with their sign. Sums over any
//! stretch cost two look-ups, because the running sums are kept beside the values.

use crate::hour::Hour;
use crate::number::count;

/// The largest load that a series holds: ten terawatts in kilowatts, above the load of all mankind.
pub const MAX_KW: i64 = 10_000_000_000;
/// The longest series, in hours: sixty years.
pub const MAX_HOURS: usize = 60 * 366 * 24;

/// Consecutive hours, some of them without a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    start: Hour,
    values: Vec<Option<i64>>,
    /// Sum and count of the values before each place; one longer than `values`.
    before: Vec<(i64, i64)>,
}

impl Series {
    /// A series from its first hour on. Values beyond [`MAX_KW`] either way become gaps, and so does what is beyond
    /// [`MAX_HOURS`]: admission of readings refuses them earlier, with words.
    pub fn new(start: Hour, mut values: Vec<Option<i64>>) -> Self {
        values.truncate(MAX_HOURS);
        let mut before = Vec::with_capacity(values.len().saturating_add(1));
        let (mut sum, mut number) = (0_i64, 0_i64);
        before.push((sum, number));
        for value in &mut values {
            *value = value.filter(|v| (-MAX_KW..=MAX_KW).contains(v));
            if let Some(v) = *value {
                sum = sum.saturating_add(v);
                number = number.saturating_add(1);
            }
            before.push((sum, number));
        }
        Self {
            start,
            values,
            before,
        }
    }

    /// The first hour.
    pub fn start(&self) -> Hour {
        self.start
    }

    /// The hour after the last.
    pub fn end(&self) -> Hour {
        self.start.plus(count(self.values.len()))
    }

    /// The value of an hour; `None` for a gap and outside.
    pub fn get(&self, hour: Hour) -> Option<i64> {
        let place = usize::try_from(hour.since(self.start)).ok()?;
        self.values.get(place).copied().flatten()
    }

    /// All hours with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Hour, Option<i64>)> + '_ {
        (self.start.0..).map(Hour).zip(self.values.iter().copied())
    }

    /// Sum and number of the values in `hours` hours up to and with `last`.
    pub fn sum(&self, last: Hour, hours: i64) -> (i64, i64) {
        let at = |hour: Hour| {
            let place = hour.since(self.start).clamp(0, count(self.values.len()));
            usize::try_from(place)
                .ok()
                .and_then(|place| self.before.get(place))
                .copied()
                .unwrap_or((0, 0))
        };
        let (until, from) = (at(last.plus(1)), at(last.plus(1).plus(-hours)));
        (
            until.0.saturating_sub(from.0),
            until.1.saturating_sub(from.1),
        )
    }

    /// Mean of `hours` hours up to and with `last`, rounded toward negative infinity; `None` unless at least half of them have a value.
    pub fn mean(&self, last: Hour, hours: i64) -> Option<i64> {
        let (sum, number) = self.sum(last, hours);
        if number == 0 || number.saturating_mul(2) < hours {
            return None;
        }
        sum.checked_div_euclid(number)
    }

    /// Hour by hour the sum of several series, over the hours in which all of them have a value.
    pub fn total(parts: &[&Self]) -> Self {
        let start = parts.iter().map(|s| s.start).max().unwrap_or_default();
        let end = parts.iter().map(|s| s.end()).min().unwrap_or_default();
        let sum = |hour: Hour| {
            parts
                .iter()
                .map(|s| s.get(hour))
                .try_fold(0_i64, |sum, value| Some(sum.saturating_add(value?)))
        };
        Self::new(start, (start.0..end.0).map(|h| sum(Hour(h))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series::new(Hour(10), vec![Some(4), None, Some(5), Some(-2)])
    }

    #[test]
    fn gaps_and_outside_are_none() {
        let s = series();
        assert_eq!(s.get(Hour(9)), None);
        assert_eq!(s.get(Hour(10)), Some(4));
        assert_eq!(s.get(Hour(11)), None);
        assert_eq!(s.get(Hour(14)), None);
        assert_eq!(s.get(Hour(i64::MIN)), None);
        assert_eq!(s.end(), Hour(14));
    }

    #[test]
    fn sums_count_what_is_there() {
        let s = series();
        assert_eq!(s.sum(Hour(13), 4), (7, 3));
        assert_eq!(s.sum(Hour(11), 1), (0, 0));
        assert_eq!(s.sum(Hour(100), 1_000), (7, 3));
        assert_eq!(s.mean(Hour(13), 2), Some(1));
        assert_eq!(s.mean(Hour(11), 3), None);
    }

    #[test]
    fn a_value_that_no_grid_has_is_a_gap() {
        let s = Series::new(Hour(0), vec![Some(MAX_KW), Some(MAX_KW + 1)]);
        assert_eq!(s.get(Hour(0)), Some(MAX_KW));
        assert_eq!(s.get(Hour(1)), None);
    }

    #[test]
    fn a_total_needs_every_part() {
        let other = Series::new(Hour(11), vec![Some(1), Some(1), Some(1), Some(1)]);
        let total = Series::total(&[&series(), &other]);
        assert_eq!(total.start(), Hour(11));
        assert_eq!(total.get(Hour(11)), None);
        assert_eq!(total.get(Hour(12)), Some(6));
        assert_eq!(total.end(), Hour(14));
    }
}
