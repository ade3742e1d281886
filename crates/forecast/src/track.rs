//! Quantiles that keep their promise: each one is moved a little after every hour, up when too many loads lay above it, down when too few did.
//!
//! The raw quantiles of a model are too narrow as soon as the world differs from the training data. The shift of a quantile at level `q`
//! grows by `rate x q` after a load above it and falls by `rate x (1 - q)` after a load below it, so its long-run coverage is `q` whatever the
//! loads do (Gibbs and Candes 2021, for each quantile by itself). Hours of the day are tracked in blocks, because errors differ by hour.

use crate::number::PERMILLE;
use minicbor::{Decode, Encode};

/// Blocks of a day that are tracked apart, of six hours each.
pub const BLOCKS: usize = 4;
/// Hours of a block.
const BLOCK_HOURS: i32 = 6;
/// The most levels.
pub const MAX_LEVELS: usize = 15;
/// A shift is held within this many millionths of the scale.
const MAX_SHIFT: i64 = 500_000;

/// The median's level in thousandths.
pub const MEDIAN: u16 = 500;
/// The levels that a schedule carries, in thousandths: intervals of 80 and of 90 % around the median.
pub const LEVELS: [u16; 5] = [50, 100, 500, 900, 950];

/// The state of tracking.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tracker {
    /// Levels in thousandths, rising, the median among them.
    #[n(0)]
    levels: Vec<u16>,
    /// How far one miss moves a quantile at most, in millionths of the scale.
    #[n(1)]
    rate: u16,
    /// Per block and level the shift, in thousandths of a millionth of the scale.
    #[n(2)]
    shifts: Vec<i64>,
}

/// The recommended rate for models that see a published forecast: half a thousandth of the mean load.
pub const RATE: u16 = 500;
/// The recommended rate for models that see none: their errors are about three times as large, and so are the steps that follow them.
pub const RATE_ALONE: u16 = 1_500;

impl Tracker {
    /// A tracker that has seen nothing. `None` unless levels rise, lie within 1 to 999 and hold the median.
    pub fn new(levels: &[u16], rate: u16) -> Option<Self> {
        let tracker = Self {
            levels: levels.to_vec(),
            rate,
            shifts: vec![0; levels.len().checked_mul(BLOCKS)?],
        };
        tracker.is_sound().then_some(tracker)
    }

    /// Whether levels and shifts are as [`Tracker::new`] and [`Tracker::learn`] make them; asked after decoding.
    pub fn is_sound(&self) -> bool {
        let pairs = self.levels.iter().zip(self.levels.iter().skip(1));
        self.levels.len() <= MAX_LEVELS
            && self.levels.contains(&MEDIAN)
            && self.levels.iter().all(|level| (1..1_000).contains(level))
            && pairs.into_iter().all(|(a, b)| a < b)
            && self.shifts.len() == self.levels.len() * BLOCKS
            && self
                .shifts
                .iter()
                .all(|shift| shift.abs() <= MAX_SHIFT * PERMILLE)
    }

    /// The levels in thousandths.
    pub fn levels(&self) -> &[u16] {
        &self.levels
    }

    fn places(&self, hour: i32) -> core::ops::Range<usize> {
        let block = usize::try_from(hour.div_euclid(BLOCK_HOURS))
            .unwrap_or(0)
            .min(BLOCKS - 1);
        let first = block * self.levels.len();
        first..first + self.levels.len()
    }

    /// A model's outputs, one per level, as they are published for an hour on the region's clock: shifted, and in rising order. The median stays as it
    /// is; the others give way to it.
    pub fn publish(&self, hour: i32, outputs: &[i64]) -> Vec<i64> {
        let mut found = self.shifted(hour, outputs);
        let Some(middle) = self.levels.iter().position(|level| *level == MEDIAN) else {
            return found;
        };
        let (low, high) = found.split_at_mut(middle.min(outputs.len()));
        let mut bound = high.first().copied().unwrap_or(0);
        for value in high.iter_mut() {
            *value = (*value).max(bound);
            bound = *value;
        }
        let mut bound = high.first().copied().unwrap_or(0);
        for value in low.iter_mut().rev() {
            *value = (*value).min(bound);
            bound = *value;
        }
        found
    }

    fn shifted(&self, hour: i32, outputs: &[i64]) -> Vec<i64> {
        let shifts = self.shifts.get(self.places(hour)).unwrap_or_default();
        let triples = outputs.iter().zip(shifts).zip(&self.levels);
        triples
            .map(|((output, shift), level)| {
                let moved = output.saturating_add(shift.div_euclid(PERMILLE));
                if *level == MEDIAN { *output } else { moved }
            })
            .collect()
    }

    /// Learns what the load of an hour was, given what the models had said of it. Load and outputs are in the models' unit,
    /// millionths of the scale.
    pub fn learn(&mut self, hour: i32, outputs: &[i64], truth: i64) {
        let said = self.shifted(hour, outputs);
        let (places, rate) = (self.places(hour), i64::from(self.rate));
        let shifts = self.shifts.get_mut(places).unwrap_or_default();
        for ((shift, level), value) in shifts.iter_mut().zip(&self.levels).zip(&said) {
            let covered = if truth <= *value { PERMILLE } else { 0 };
            let step = rate.saturating_mul(i64::from(*level) - covered);
            *shift = (*shift + step).clamp(-MAX_SHIFT * PERMILLE, MAX_SHIFT * PERMILLE);
        }
    }
}
