//! A member's own day-ahead forecast, corrected by what it was off by lately.
//!
//! The contract does not trust a posted forecast. For every hour of the day it takes the median ratio of load to forecast over
//! the last days and multiplies the forecast with it, before any model sees it. So a member that inflates its forecast by a constant
//! factor gains nothing once the window is full, and an hour or two of lies moves no median.
//!
//! Invariant: the corrected forecast of an hour uses no load later than `lag` days before that hour.

use crate::hour::Hour;
use crate::number::{PPM, median, ratio, scaled};
use crate::series::Series;
use minicbor::{Decode, Encode};

/// How a forecast is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct BiasRule {
    /// Days in the window, 1 to 60.
    #[n(0)]
    pub days: u8,
    /// Neighbouring hours on either side of the hour that count too, 0 to 3.
    #[n(1)]
    pub beside: u8,
    /// The fewest readings that make a median; with fewer the forecast stays as it is posted.
    #[n(2)]
    pub fewest: u8,
}

impl BiasRule {
    /// Fourteen days of the same hour, at least five of them there.
    pub const FORTNIGHT: Self = Self {
        days: 14,
        beside: 0,
        fewest: 5,
    };

    /// Whether all fields are in their ranges.
    pub fn is_sound(&self) -> bool {
        (1..=60).contains(&self.days)
            && self.beside <= 3
            && u16::from(self.fewest) <= u16::from(self.days) * (1 + 2 * u16::from(self.beside))
    }

    /// The factor for an hour in millionths, from loads known `lag` days before that hour and earlier.
    pub fn factor(&self, load: &Series, forecast: &Series, hour: Hour, lag: i64) -> i64 {
        let known = hour.plus(-24 * lag);
        let beside = i64::from(self.beside);
        let mut ratios = Vec::with_capacity(usize::from(self.days));
        for day in 0..i64::from(self.days) {
            for step in -beside..=beside {
                let at = known.plus(step - 24 * day);
                if at > known {
                    continue;
                }
                if let (Some(l), Some(f)) = (load.get(at), forecast.get(at).filter(|f| *f > 0)) {
                    ratios.push(i64::from(ratio(l, f)));
                }
            }
        }
        if ratios.len() < usize::from(self.fewest) {
            return PPM;
        }
        median(&mut ratios).unwrap_or(PPM)
    }

    /// The corrected forecast of every hour, and its errors where the load is known.
    pub fn correct(&self, load: &Series, forecast: &Series, lag: i64) -> Corrected {
        let factors: Vec<i64> = forecast
            .iter()
            .map(|(hour, _)| self.factor(load, forecast, hour, lag))
            .collect();
        let values = forecast.iter().zip(&factors);
        let values = values.map(|((_, value), factor)| Some(scaled(value?, *factor, PPM)));
        let values = Series::new(forecast.start(), values.collect());
        let errors = values
            .iter()
            .map(|(hour, value)| Some(load.get(hour)? - value?))
            .collect();
        Corrected {
            errors: Series::new(values.start(), errors),
            factors: Series::new(values.start(), factors.into_iter().map(Some).collect()),
            values,
        }
    }
}

/// A corrected forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The forecast after correction, in kilowatts.
    pub values: Series,
    /// Load less corrected forecast, in kilowatts, where both are known.
    pub errors: Series,
    /// What the posted forecast was multiplied with, in millionths.
    pub factors: Series,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: i64, days: i64) -> Series {
        Series::new(Hour(0), (0..days * 24).map(|_| Some(value)).collect())
    }

    #[test]
    fn a_constant_lie_is_undone_after_the_window() {
        let (load, honest) = (flat(1_000, 60), flat(1_000, 60));
        let lied = Series::new(
            Hour(0),
            honest
                .iter()
                .map(|(h, v)| v.map(|v| if h.0 >= 30 * 24 { v * 11 / 10 } else { v }))
                .collect(),
        );
        let corrected = BiasRule::FORTNIGHT.correct(&load, &lied, 1);
        assert_eq!(corrected.values.get(Hour(31 * 24)), Some(1_100));
        assert_eq!(corrected.values.get(Hour(50 * 24)), Some(1_000));
        assert_eq!(corrected.errors.get(Hour(50 * 24)), Some(0));
    }

    #[test]
    fn six_days_of_lies_in_fourteen_move_nothing() {
        let load = flat(1_000, 40);
        let lied = Series::new(
            Hour(0),
            (0..40 * 24)
                .map(|h| {
                    Some(if (20..26).contains(&(h / 24)) {
                        2_000
                    } else {
                        1_000
                    })
                })
                .collect(),
        );
        let corrected = BiasRule::FORTNIGHT.correct(&load, &lied, 1);
        assert_eq!(corrected.values.get(Hour(26 * 24 + 3)), Some(1_000));
    }

    #[test]
    fn later_loads_are_not_seen() {
        let (load, forecast) = (flat(1_000, 40), flat(900, 40));
        let cut = Series::new(
            Hour(0),
            load.iter()
                .map(|(h, v)| v.filter(|_| h.0 <= 30 * 24 - 48))
                .collect(),
        );
        for beside in 0..=3 {
            let rule = BiasRule {
                beside,
                ..BiasRule::FORTNIGHT
            };
            assert_eq!(
                rule.factor(&load, &forecast, Hour(30 * 24), 2),
                rule.factor(&cut, &forecast, Hour(30 * 24), 2)
            );
        }
    }

    #[test]
    fn too_few_readings_leave_the_forecast_as_posted() {
        let (load, forecast) = (flat(1_000, 40), flat(900, 40));
        let rule = BiasRule::FORTNIGHT;
        assert_eq!(rule.factor(&load, &forecast, Hour(24), 1), PPM);
        assert_eq!(rule.factor(&load, &forecast, Hour(24 * 6), 1), 1_111_111);
    }

    #[test]
    fn rules_have_ranges() {
        assert!(BiasRule::FORTNIGHT.is_sound());
        assert!(
            !BiasRule {
                days: 0,
                ..BiasRule::FORTNIGHT
            }
            .is_sound()
        );
        assert!(
            !BiasRule {
                beside: 4,
                ..BiasRule::FORTNIGHT
            }
            .is_sound()
        );
        assert!(
            !BiasRule {
                fewest: 15,
                ..BiasRule::FORTNIGHT
            }
            .is_sound()
        );
    }
}
