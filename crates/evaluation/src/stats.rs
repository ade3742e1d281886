//! Means, their standard errors, and intervals over runs.

use crate::number::count;

/// Two-sided 95 % of the normal distribution.
const NORMAL_95: f64 = 1.959_963_985;
/// How many standard errors count as agreement with the closed form.
pub const AGREEMENT: f64 = 3.0;

/// Sum and sum of squares of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    n: usize,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// One more value.
    pub fn add(&mut self, x: f64) {
        self.n = self.n.saturating_add(1);
        self.sum += x;
        self.squares += x * x;
    }

    /// Those of two samples together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            n: self.n.saturating_add(other.n),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }

    /// The mean; 0 of nothing.
    pub fn mean(&self) -> f64 {
        self.sum / count(self.n.max(1))
    }

    /// The standard error of the mean.
    pub fn standard_error(&self) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let n = count(self.n);
        let variance = (self.squares / n - self.mean().powi(2)).max(0.0) * n / (n - 1.0);
        (variance / n).sqrt()
    }
}

/// A mean over runs with its 95 % interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval.
    pub half: f64,
}

impl Interval {
    /// The mean of independent runs, with Student's factor for their number.
    pub fn of(values: &[f64]) -> Self {
        let mut moments = Moments::default();
        for value in values {
            moments.add(*value);
        }
        Self {
            mean: moments.mean(),
            half: moments.standard_error() * student(values.len()),
        }
    }
}

/// Student's two-sided 95 % factor for so many values (expansion in the degrees of freedom; right to 1 % from 5 values on).
fn student(values: usize) -> f64 {
    let f = count(values.saturating_sub(1).max(1));
    let z = NORMAL_95;
    let [z3, z5, z7] = [3, 5, 7].map(|power| z.powi(power));
    z + (z3 + z) / (4.0 * f)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * f.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * f.powi(3))
}

/// A simulated quantity beside its closed form.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Which.
    pub what: String,
    /// The simulated mean.
    pub simulated: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The closed form.
    pub closed_form: f64,
}

impl Agreement {
    /// By how many standard errors the two differ. Where nothing varies, 0 for equality to nine digits.
    pub fn errors(&self) -> f64 {
        let difference = self.simulated - self.closed_form;
        if difference.abs() <= 1e-9 * self.closed_form.abs().max(1e-9) {
            return 0.0;
        }
        difference / self.standard_error.max(f64::MIN_POSITIVE)
    }

    /// Within [`AGREEMENT`] standard errors.
    pub fn holds(&self) -> bool {
        self.errors().abs() <= AGREEMENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_factors_are_the_textbook_s() {
        let mut all = Moments::default();
        for x in [1.0, 2.0, 3.0, 4.0] {
            all.add(x);
        }
        assert!((all.mean() - 2.5).abs() < 1e-12);
        assert!((all.standard_error() - (5.0_f64 / 12.0).sqrt()).abs() < 1e-12);
        for (values, factor) in [(5, 2.776), (11, 2.228), (21, 2.086), (1_001, 1.962)] {
            assert!((student(values) / factor - 1.0).abs() < 0.01, "{values}");
        }
    }
}
