//! The forecasts that a model has to beat, and that do not depend on what a member reports about itself.

use crate::hour::Hour;
use crate::number::order_statistic;
use crate::scores::Errors;
use crate::series::Series;

/// How many whole periods a seasonal forecast goes back where a reading is missing.
const TRIES: i64 = 8;

/// The load of the latest same hour that is known, in whole periods of so many hours: 24 for the day, 168 for the week. `None` where eight
/// periods have no reading.
pub fn seasonal(load: &Series, last: Hour, hour: Hour, period: i64) -> Option<i64> {
    if period <= 0 {
        return None;
    }
    let ahead = hour.since(last).max(1);
    let back = ahead.saturating_add(period - 1).div_euclid(period);
    (back..back.saturating_add(TRIES)).find_map(|n| load.get(hour.plus(-period.saturating_mul(n))))
}

/// Errors of a forecast by the week before, over all hours up to `last`: the denominator of the scaled error.
pub fn weekly_errors(load: &Series, until: Hour) -> Errors {
    let mut errors = Errors::default();
    for (hour, value) in load.iter().take_while(|(hour, _)| *hour <= until) {
        if let (Some(value), Some(before)) = (value, load.get(hour.plus(-168))) {
            errors.add(before, value);
        }
    }
    errors
}

/// Quantiles around a point forecast from its own errors in the same hour of the last `days` days: level by level the order statistic of
/// errors that are known at `last`, added to the point. Without errors, the point itself.
pub fn empirical_quantiles(
    point: i64,
    errors: &Series,
    last: Hour,
    hour: Hour,
    days: u16,
    levels: &[u16],
) -> Vec<i64> {
    let back = hour.since(last).max(1).saturating_add(23).div_euclid(24);
    let days = back..back.saturating_add(i64::from(days));
    let mut found: Vec<i64> = days
        .filter_map(|n| errors.get(hour.plus(-24 * n)))
        .collect();
    levels
        .iter()
        .map(|level| point.saturating_add(order_statistic(&mut found, *level).unwrap_or(0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Series {
        Series::new(Hour(0), (0..1_000).map(Some).collect())
    }

    #[test]
    fn the_latest_known_same_hour_is_taken() {
        assert_eq!(seasonal(&ramp(), Hour(100), Hour(101), 24), Some(77));
        assert_eq!(seasonal(&ramp(), Hour(100), Hour(124), 24), Some(100));
        assert_eq!(seasonal(&ramp(), Hour(100), Hour(125), 24), Some(77));
        assert_eq!(seasonal(&ramp(), Hour(200), Hour(201), 168), Some(33));
        assert_eq!(seasonal(&ramp(), Hour(0), Hour(1), 24), None);
        assert_eq!(seasonal(&ramp(), Hour(0), Hour(1), 0), None);
    }

    #[test]
    fn a_gap_sends_a_period_further_back() {
        let mut values: Vec<Option<i64>> = (0..1_000).map(Some).collect();
        values[77] = None;
        let load = Series::new(Hour(0), values);
        assert_eq!(seasonal(&load, Hour(100), Hour(101), 24), Some(53));
    }

    #[test]
    fn the_week_before_is_off_by_the_slope() {
        let errors = weekly_errors(&ramp(), Hour(999));
        assert_eq!((errors.hours, errors.mean_absolute()), (832, Some(168)));
    }

    #[test]
    fn quantiles_are_those_of_the_errors() {
        let errors = Series::new(Hour(0), (0..2_400).map(|h| Some(h / 24)).collect());
        let found = empirical_quantiles(
            1_000,
            &errors,
            Hour(2_399),
            Hour(2_400),
            10,
            &[100, 500, 900],
        );
        assert_eq!(found, [1_090, 1_094, 1_098]);
        assert_eq!(
            empirical_quantiles(7, &Series::default(), Hour(0), Hour(1), 10, &[500]),
            [7]
        );
    }
}
