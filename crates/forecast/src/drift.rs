//! Monitors of a forecast in use, in whole numbers: each one says when the world is no longer that of the training data.
//!
//! | monitor | looks at | fires when |
//! |---|---|---|
//! | [`PageHinkley`] | daily skill | the mean has fallen for good |
//! | [`Coverage`] | hours inside an interval | far more or fewer than promised |
//! | [`stability`] | bins of a feature | the feature takes other values than in training |
//! | [`Cusum`] | a member's forecast bias | it has leaned to one side for days |

use crate::number::{PERMILLE, PPM, count, narrow, nearest};
use minicbor::{Decode, Encode};

/// The test of Page (1954) and Hinkley (1971) for a fall of the mean. Values are in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PageHinkley {
    /// Falls below this are not counted.
    #[n(0)]
    tolerance: i64,
    /// The sum of falls that fires.
    #[n(1)]
    threshold: i64,
    #[n(2)]
    seen: i64,
    #[n(3)]
    sum: i64,
    #[n(4)]
    fallen: i64,
    #[n(5)]
    least: i64,
}

impl PageHinkley {
    /// For daily skill: a fall of 2 points is tolerated; 60 points in sum fire.
    pub const SKILL: Self = Self::new(20_000, 600_000);

    /// A monitor that has seen nothing.
    pub const fn new(tolerance: i64, threshold: i64) -> Self {
        Self {
            tolerance,
            threshold,
            seen: 0,
            sum: 0,
            fallen: 0,
            least: 0,
        }
    }

    /// Sees a value, held within a million either way, and says whether the monitor fires.
    pub fn see(&mut self, value: i64) -> bool {
        let value = value.clamp(-PPM, PPM);
        self.seen = self.seen.saturating_add(1);
        self.sum = self.sum.saturating_add(value);
        let mean = self.sum.checked_div_euclid(self.seen).unwrap_or(0);
        self.fallen = self.fallen.saturating_add(mean - value - self.tolerance);
        self.least = self.least.min(self.fallen);
        self.fires()
    }

    /// Whether it fires.
    pub fn fires(&self) -> bool {
        self.fallen.saturating_sub(self.least) > self.threshold
    }
}

/// Hours inside an interval against its promise, over the last days.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Coverage {
    /// What was promised, in thousandths.
    #[n(0)]
    promised: u16,
    /// Days that are looked at.
    #[n(1)]
    days: u16,
    /// Hours and hours inside of each of the last days.
    #[n(2)]
    seen: Vec<(u16, u16)>,
}

impl Coverage {
    /// The square of the number of standard deviations that fires: three squared.
    const BOUND_SQUARED: i128 = 9;

    /// A monitor of an interval over the last `days` days, 1 to 366.
    pub fn new(promised: u16, days: u16) -> Self {
        Self {
            promised: promised.min(1_000),
            days: days.clamp(1, 366),
            seen: Vec::new(),
        }
    }

    /// Sees a day, and says whether the monitor fires.
    pub fn see(&mut self, hours: u16, inside: u16) -> bool {
        self.seen.push((hours, inside.min(hours)));
        let over = self.seen.len().saturating_sub(usize::from(self.days));
        self.seen.drain(..over);
        self.fires()
    }

    /// Whether the hours inside are further from the promise than three standard deviations of a binomial count. Hours of one day fall together, so a
    /// day counts as one draw: the variance of the count of hours is that of days times the hours of a day. Silent until the window is full.
    pub fn fires(&self) -> bool {
        if self.seen.len() < usize::from(self.days) {
            return false;
        }
        let sum =
            |of: fn(&(u16, u16)) -> u16| self.seen.iter().map(|d| i128::from(of(d))).sum::<i128>();
        let (hours, inside) = (sum(|day| day.0), sum(|day| day.1));
        let promised = i128::from(self.promised);
        let off = inside * 1_000 - hours * promised;
        let squares: i128 = self
            .seen
            .iter()
            .map(|day| i128::from(day.0) * i128::from(day.0))
            .sum();
        let variance = squares * promised * (1_000 - promised);
        off * off > Self::BOUND_SQUARED * variance
    }
}

/// Fractional bits of a logarithm.
const LOG_BITS: u32 = 24;
/// The natural logarithm of two, with as many fractional bits.
const LN_2: i128 = 11_629_080;
/// The index from which on a feature is said to have moved, in millionths.
pub const MOVED: i64 = 250_000;

/// The population stability index of a feature, in millionths: `sum (q - p) ln (q / p)` over bins, `p` their share in training, `q` now. Empty bins
/// count as half a row. [`MOVED`] and above means another distribution. `None` when there are no rows or the bins differ in number.
pub fn stability(trained: &[u32], now: &[u32]) -> Option<i64> {
    let total = |counts: &[u32]| counts.iter().map(|c| doubled(*c)).sum::<i128>();
    let (all, all_now) = (total(trained), total(now));
    let any = |counts: &[u32]| counts.iter().any(|c| *c > 0);
    if trained.len() != now.len() || !any(trained) || !any(now) {
        return None;
    }
    let mut index = 0_i128;
    for (p, q) in trained.iter().zip(now) {
        let (p, q) = (doubled(*p), doubled(*q));
        // q / all_now against p / all, over the common denominator.
        let (left, right) = (q * all, p * all_now);
        let logarithm = ln(left)? - ln(right)?;
        let difference = nearest((left - right) * i128::from(PPM) * 1_000, all * all_now);
        index += difference * logarithm;
    }
    Some(narrow(nearest(index, 1_000 << LOG_BITS)))
}

/// Twice the rows of a bin; an empty one counts as half a row.
fn doubled(rows: u32) -> i128 {
    i128::from(rows).saturating_mul(2).max(1)
}

/// The natural logarithm of a positive number with [`LOG_BITS`] fractional bits: the binary one bit by bit, by squaring.
fn ln(value: i128) -> Option<i128> {
    let whole = value.checked_ilog2()?;
    // The number between one and two, with 62 fractional bits.
    let mut rest = if whole <= 62 {
        value << (62 - whole)
    } else {
        value >> (whole - 62)
    };
    let mut binary = i128::from(whole);
    for _ in 0..LOG_BITS {
        rest = (rest >> 31) * (rest >> 31);
        binary <<= 1;
        if rest >= 1 << 63 {
            rest >>= 1;
            binary += 1;
        }
    }
    Some((binary * LN_2) >> LOG_BITS)
}

/// Cumulative sums of a bias to either side (Page 1954). Values are in millionths of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Cusum {
    /// A daily bias below this is not counted.
    #[n(0)]
    slack: i64,
    /// The sum that fires.
    #[n(1)]
    threshold: i64,
    #[n(2)]
    above: i64,
    #[n(3)]
    below: i64,
}

/// Which side a bias leans to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaning {
    /// Too much is forecast.
    Above,
    /// Too little is forecast.
    Below,
}

impl Cusum {
    /// For a member's corrected daily bias: half a per cent is tolerated; eight per cent in sum fire.
    pub const BIAS: Self = Self::new(5_000, 80_000);

    /// A monitor that has seen nothing.
    pub const fn new(slack: i64, threshold: i64) -> Self {
        Self {
            slack,
            threshold,
            above: 0,
            below: 0,
        }
    }

    /// Sees a day's bias, forecast less load, held within a million either way, and says to which side it leans.
    pub fn see(&mut self, bias: i64) -> Option<Leaning> {
        let bias = bias.clamp(-PPM, PPM);
        self.above = self.above.saturating_add(bias - self.slack).max(0);
        self.below = self
            .below
            .saturating_sub(bias.saturating_add(self.slack))
            .max(0);
        self.leaning()
    }

    /// To which side it leans.
    pub fn leaning(&self) -> Option<Leaning> {
        if self.above > self.threshold {
            return Some(Leaning::Above);
        }
        (self.below > self.threshold).then_some(Leaning::Below)
    }
}

/// Counts of a feature's values in bins with these bounds, for [`stability`].
pub fn bin_counts(bounds: &[i32], values: &[i32]) -> Vec<u32> {
    let mut counts = vec![0_u32; bounds.len() + 1];
    for value in values {
        let place = bounds.partition_point(|bound| bound < value);
        if let Some(rows) = counts.get_mut(place) {
            *rows = rows.saturating_add(1);
        }
    }
    counts
}

/// Bounds that cut a feature's values into parts of equally many: of `parts` parts, the upper bound of each but the last, equal bounds once.
pub fn even_bounds(values: &[i32], parts: u16) -> Vec<i32> {
    let mut sorted: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
    let parts = i64::from(parts.max(1));
    let levels = (1..parts).map(|part| u16::try_from(part * PERMILLE / parts).unwrap_or(0));
    let mut bounds: Vec<i32> = levels
        .filter_map(|level| crate::number::order_statistic(&mut sorted, level))
        .filter_map(|bound| i32::try_from(bound).ok())
        .collect();
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// How many of the monitors fire; at two the agreed table takes over.
pub fn firing(monitors: &[bool]) -> i64 {
    count(monitors.iter().filter(|fires| **fires).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Sequence;

    fn noise(sequence: &mut Sequence, spread: u64) -> i64 {
        i64::try_from(sequence.below(2 * spread + 1)).unwrap() - i64::try_from(spread).unwrap()
    }

    #[test]
    fn a_fall_of_skill_fires_and_noise_does_not() {
        let mut sequence = Sequence::new(7);
        let mut monitor = PageHinkley::SKILL;
        for _ in 0..365 {
            assert!(!monitor.see(400_000 + noise(&mut sequence, 100_000)));
        }
        let days = (1..60).find(|_| monitor.see(200_000 + noise(&mut sequence, 100_000)));
        assert!(days.is_some_and(|days| days <= 10), "{days:?}");
    }

    #[test]
    fn coverage_fires_on_both_sides() {
        let mut monitor = Coverage::new(800, 30);
        assert!((0..60).all(|day| !monitor.see(24, if day % 5 == 0 { 14 } else { 20 })));
        assert!((0..30).any(|_| monitor.see(24, 12)));
        let mut monitor = Coverage::new(800, 60);
        assert!((0..60).any(|_| monitor.see(24, 24)));
    }

    #[test]
    fn stability_by_hand() {
        assert_eq!(stability(&[50, 50], &[50, 50]), Some(0));
        // 0.3 x ln(0.8 / 0.5) + (-0.3) x ln(0.2 / 0.5) = 0.415888...
        assert_eq!(stability(&[50, 50], &[80, 20]), Some(415_888));
        assert_eq!(stability(&[5_000, 5_000], &[8, 2]), Some(415_888));
        assert_eq!(stability(&[1], &[1, 2]), None);
        assert_eq!(stability(&[0, 0], &[1, 2]), None);
        assert!(stability(&[u32::MAX; 300], &[0, 1].repeat(150)).is_some());
    }

    #[test]
    fn logarithms_are_right() {
        for (value, millionths) in [
            (1, 0),
            (2, 693_147),
            (10, 2_302_585),
            (1_000_000_007, 20_723_265),
        ] {
            let found = nearest(ln(value).unwrap() * 1_000_000, 1 << LOG_BITS);
            assert!((found - millionths).abs() <= 2, "ln {value}: {found}");
        }
        assert_eq!(ln(0), None);
    }

    #[test]
    fn a_leaning_forecast_is_noticed() {
        let mut sequence = Sequence::new(3);
        let mut monitor = Cusum::BIAS;
        for _ in 0..365 {
            assert_eq!(monitor.see(noise(&mut sequence, 8_000)), None);
        }
        assert!((0..20).any(|_| monitor.see(15_000) == Some(Leaning::Above)));
        let mut monitor = Cusum::BIAS;
        assert!((0..20).any(|_| monitor.see(-15_000) == Some(Leaning::Below)));
    }

    #[test]
    fn bins_count_every_value() {
        let values: Vec<i32> = (0..1_000).collect();
        let bounds = even_bounds(&values, 10);
        assert_eq!(bounds.len(), 9);
        assert_eq!(bin_counts(&bounds, &values), [100; 10]);
        assert_eq!(even_bounds(&[5; 20], 10), [5]);
        assert_eq!(firing(&[true, false, true]), 2);
    }
}
