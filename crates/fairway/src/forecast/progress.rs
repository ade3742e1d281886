//! How far a search is, and how long it will take.

use crate::environment;
use std::time::{Duration, Instant};

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Models that are there: trained now, or found.
    pub done: usize,
    /// Models of the search.
    pub jobs: usize,
    /// How many of them were there before.
    pub found: usize,
    /// Milliseconds that are probably left; unknown before the first model.
    pub left_ms: Option<u64>,
    /// What is done now.
    pub doing: String,
}

/// Measures the pace of a search.
#[derive(Debug)]
pub struct Pace {
    begun: Instant,
    done: u64,
    left: u64,
}

impl Pace {
    /// A pace for work of such a weight.
    pub fn new(weight: u64) -> Self {
        Self {
            begun: environment::instant(),
            done: 0,
            left: weight,
        }
    }

    /// Some of the work is done.
    pub fn step(&mut self, weight: u64) {
        self.done = self.done.saturating_add(weight);
        self.left = self.left.saturating_sub(weight);
    }

    /// Milliseconds that are probably left.
    pub fn left_ms(&self) -> Option<u64> {
        let passed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let product = u128::from(passed).checked_mul(u128::from(self.left))?;
        u64::try_from(product.checked_div(u128::from(self.done))?).ok()
    }
}

/// A duration as people say it.
pub fn spoken(millis: u64) -> String {
    let seconds = Duration::from_millis(millis).as_secs();
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_the_weights() {
        let mut pace = Pace::new(100);
        assert_eq!(pace.left_ms(), None);
        pace.step(100);
        assert_eq!(pace.left_ms(), Some(0));
        assert_eq!(spoken(59_900), "59 s");
        assert_eq!(spoken(600_000), "10 min");
        assert_eq!(spoken(7_260_000), "2 h 1 min");
    }
}
