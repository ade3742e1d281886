//! How good forecasts were, in whole numbers.
//!
//! Every score is a sum and a count, so scores of days add up to scores of months, and two machines that saw the same hours agree to the last
//! unit. Quotients are taken once, at the end, to the nearest.

use crate::number::{PERMILLE, PPM, narrow, nearest};
use minicbor::{Decode, Encode};

/// The pinball loss of one quantile, in thousandths of the load's unit: `level` thousandths of what the load is above it, or the rest of
/// what it is below it.
pub fn pinball(level: u16, said: i64, load: i64) -> i64 {
    let above = load.saturating_sub(said);
    let weight = if above >= 0 {
        i64::from(level)
    } else {
        i64::from(level) - PERMILLE
    };
    above.saturating_mul(weight)
}

/// Sums over forecast hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Errors {
    /// Hours counted.
    #[n(0)]
    pub hours: i64,
    /// Sum of absolute errors, in kilowatts.
    #[n(1)]
    pub absolute: i64,
    /// Sum of `|error| / load`, each in millionths of a millionth.
    #[n(2)]
    pub relative: i64,
    /// Sum of errors, forecast less load, in kilowatts.
    #[n(3)]
    pub signed: i64,
    /// Sum of the loads.
    #[n(4)]
    pub load: i64,
    /// Hours counted in `relative`: those with a positive load.
    #[n(5)]
    pub relative_hours: i64,
}

/// Millionths of a millionth.
const FINE: i128 = 1_000_000_000_000;

impl Errors {
    /// Counts one hour.
    pub fn add(&mut self, said: i64, load: i64) {
        let error = said.saturating_sub(load);
        self.hours += 1;
        self.absolute = self.absolute.saturating_add(error.saturating_abs());
        self.signed = self.signed.saturating_add(error);
        self.load = self.load.saturating_add(load);
        if load > 0 {
            let share = nearest(i128::from(error.saturating_abs()) * FINE, i128::from(load));
            self.relative = self.relative.saturating_add(narrow(share));
            self.relative_hours += 1;
        }
    }

    /// Counts the hours of another sum.
    pub fn join(&mut self, other: &Self) {
        self.hours += other.hours;
        self.absolute = self.absolute.saturating_add(other.absolute);
        self.relative = self.relative.saturating_add(other.relative);
        self.signed = self.signed.saturating_add(other.signed);
        self.load = self.load.saturating_add(other.load);
        self.relative_hours += other.relative_hours;
    }

    /// Mean absolute percentage error in millionths (25,000 is 2.5 %), to the nearest; `None` without hours.
    pub fn mape(&self) -> Option<i64> {
        let whole = i128::from(self.relative_hours).checked_mul(i128::from(PPM))?;
        (whole > 0).then(|| narrow(nearest(i128::from(self.relative), whole)))
    }

    /// Mean absolute error in kilowatts, to the nearest; `None` without hours.
    pub fn mean_absolute(&self) -> Option<i64> {
        (self.hours > 0).then(|| narrow(nearest(i128::from(self.absolute), i128::from(self.hours))))
    }

    /// Mean absolute error against that of a naive method over the training data, in millionths (MASE, Hyndman and Koehler 2006).
    pub fn mase(&self, naive: &Self) -> Option<i64> {
        let part = i128::from(self.absolute)
            .checked_mul(i128::from(naive.hours))?
            .checked_mul(i128::from(PPM))?;
        let whole = i128::from(naive.absolute).checked_mul(i128::from(self.hours))?;
        (whole > 0).then(|| narrow(nearest(part, whole)))
    }

    /// Sum of errors against the sum of loads, in millionths: positive when too much was forecast.
    pub fn bias(&self) -> Option<i64> {
        let part = i128::from(self.signed) * i128::from(PPM);
        (self.load > 0).then(|| narrow(nearest(part, i128::from(self.load))))
    }
}

/// Sums over hours with quantiles.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct QuantileErrors {
    /// Levels in thousandths.
    #[n(0)]
    levels: Vec<u16>,
    /// Hours counted.
    #[n(1)]
    hours: i64,
    /// Per level the sum of pinball losses, in thousandths of a kilowatt.
    #[n(2)]
    losses: Vec<i64>,
    /// Per level the hours in which the load was at most the quantile.
    #[n(3)]
    below: Vec<i64>,
}

impl QuantileErrors {
    /// Sums without hours.
    pub fn new(levels: &[u16]) -> Self {
        Self {
            levels: levels.to_vec(),
            hours: 0,
            losses: vec![0; levels.len()],
            below: vec![0; levels.len()],
        }
    }

    /// Counts one hour; `said` has one value per level.
    pub fn add(&mut self, said: &[i64], load: i64) {
        self.hours += 1;
        let sums = self.losses.iter_mut().zip(&mut self.below);
        for ((level, value), (loss, below)) in self.levels.iter().zip(said).zip(sums) {
            *loss = loss.saturating_add(pinball(*level, *value, load));
            *below += i64::from(load <= *value);
        }
    }

    /// Hours counted.
    pub fn hours(&self) -> i64 {
        self.hours
    }

    /// The sum of all losses, in thousandths of a kilowatt.
    pub fn total_loss(&self) -> i64 {
        self.losses
            .iter()
            .fold(0, |sum, loss| sum.saturating_add(*loss))
    }

    /// Mean pinball loss over hours and levels, in kilowatts, to the nearest; `None` without hours.
    pub fn mean_loss(&self) -> Option<i64> {
        let number = i128::from(self.hours) * i128::try_from(self.levels.len()).ok()?;
        let whole = number.checked_mul(i128::from(PERMILLE))?;
        (whole > 0).then(|| narrow(nearest(i128::from(self.total_loss()), whole)))
    }

    /// Thousandths of the hours whose load was at most the quantile of a level, to the nearest.
    pub fn share_below(&self, level: u16) -> Option<i64> {
        let place = self.levels.iter().position(|known| *known == level)?;
        let part = i128::from(*self.below.get(place)?) * i128::from(PERMILLE);
        (self.hours > 0).then(|| narrow(nearest(part, i128::from(self.hours))))
    }

    /// Thousandths of the hours whose load lay above the quantile of one level and at most at that of another.
    pub fn coverage(&self, low: u16, high: u16) -> Option<i64> {
        let at = |level: u16| {
            let place = self.levels.iter().position(|known| *known == level)?;
            self.below.get(place).copied()
        };
        let part = i128::from(at(high)? - at(low)?) * i128::from(PERMILLE);
        (self.hours > 0).then(|| narrow(nearest(part, i128::from(self.hours))))
    }
}

/// How much better a loss is than a baseline's, in millionths of the baseline's: `1 - loss / baseline`. Positive is better. `None` where the
/// baseline's is not positive.
pub fn skill(loss: i64, baseline: i64) -> Option<i64> {
    let gain = i128::from(baseline) - i128::from(loss);
    (baseline > 0).then(|| narrow(nearest(gain * i128::from(PPM), i128::from(baseline))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinball_by_hand() {
        assert_eq!(pinball(900, 100, 110), 9_000);
        assert_eq!(pinball(900, 110, 100), 1_000);
        assert_eq!(pinball(500, 100, 100), 0);
    }

    #[test]
    fn errors_by_hand() {
        let mut errors = Errors::default();
        errors.add(110, 100);
        errors.add(150, 200);
        assert_eq!(errors.mape(), Some(175_000));
        assert_eq!(errors.mean_absolute(), Some(30));
        assert_eq!(errors.bias(), Some(-133_333));
        let mut naive = Errors::default();
        naive.add(0, 40);
        assert_eq!(errors.mase(&naive), Some(750_000));
        let mut twice = errors;
        twice.join(&errors);
        assert_eq!(twice.mape(), errors.mape());
        assert_eq!(Errors::default().mape(), None);
    }

    #[test]
    fn coverage_by_hand() {
        let mut errors = QuantileErrors::new(&[100, 500, 900]);
        for load in 0..10 {
            errors.add(&[0, 4, 8], load);
        }
        assert_eq!(errors.coverage(100, 900), Some(800));
        assert_eq!(errors.share_below(500), Some(500));
        assert_eq!(errors.coverage(100, 901), None);
    }

    #[test]
    fn skill_is_relative_to_the_baseline() {
        assert_eq!(skill(50, 100), Some(500_000));
        assert_eq!(skill(150, 100), Some(-500_000));
        assert_eq!(skill(1, 0), None);
    }
}
