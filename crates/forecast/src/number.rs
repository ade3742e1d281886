//! Integer arithmetic that every other file of this crate uses: fixed-point ratios, order statistics, roundings with a name.
//!
//! A ratio is counted in parts per million ([`PPM`]) and rounded toward negative infinity, so that the same loads give the
//! same ratio on every machine.

/// One in fixed point: ratios and model outputs are counted in millionths.
pub const PPM: i64 = 1_000_000;
/// One in thousandths: quantile levels, learning rates.
pub const PERMILLE: i64 = 1_000;
/// The value of a feature that is not known. It is the smallest of all, so a missing value goes left at every split.
pub const MISSING: i32 = i32::MIN;

/// `part / whole` in millionths, rounded toward negative infinity and held within the range of a known feature;
/// [`MISSING`] where `whole` is not positive.
pub fn ratio(part: i64, whole: i64) -> i32 {
    if whole <= 0 {
        return MISSING;
    }
    let scaled = i128::from(part)
        .saturating_mul(i128::from(PPM))
        .div_euclid(i128::from(whole));
    feature(i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX }))
}

/// A number as a known feature: held at the ends of the range, never [`MISSING`].
pub fn feature(value: i64) -> i32 {
    let low = i64::from(MISSING + 1);
    i32::try_from(value.clamp(low, i64::from(i32::MAX))).unwrap_or(i32::MAX)
}

/// `value x parts / whole`, rounded to the nearest, halves away from zero; zero where `whole` is not positive.
pub fn scaled(value: i64, parts: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let product = i128::from(value).saturating_mul(i128::from(parts));
    narrow(nearest(product, i128::from(whole)))
}

/// `value / whole` to the nearest, halves away from zero. `whole` is positive.
pub fn nearest(value: i128, whole: i128) -> i128 {
    let half = whole / 2;
    let moved = if value < 0 {
        value.saturating_sub(half)
    } else {
        value.saturating_add(half)
    };
    moved.checked_div(whole).unwrap_or(0)
}

/// A wide number held at the ends of the range of an `i64`.
pub fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// A count as a signed number.
pub fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The order statistic at a level in thousandths: the smallest value that at least `level` thousandths of the values do not
/// exceed. The values are put in another order. `None` where there are none.
pub fn order_statistic(values: &mut [i64], level: u16) -> Option<i64> {
    let size = values.len();
    let wanted = size
        .checked_mul(usize::from(level))?
        .div_ceil(1_000)
        .clamp(1, size.max(1))
        .saturating_sub(1);
    if wanted >= size {
        return None;
    }
    Some(*values.select_nth_unstable(wanted).1)
}

/// The lower median; `None` where there are no values.
pub fn median(values: &mut [i64]) -> Option<i64> {
    order_statistic(values, 500)
}

/// A sequence that depends only on its seed (SplitMix64, Steele, Lea and Flood 2014), for choices that need no secrecy.
#[derive(Debug, Clone)]
pub struct Sequence(u64);

impl Sequence {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; zero where `end` is zero. The bias of the remainder is below `end / 2^64`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_number().checked_rem(end).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_floored_and_bounded() {
        assert_eq!(ratio(1, 3), 333_333);
        assert_eq!(ratio(-1, 3), -333_334);
        assert_eq!(ratio(1, 0), MISSING);
        assert_eq!(ratio(i64::MAX, 1), i32::MAX);
        assert_eq!(ratio(i64::MIN, 1), MISSING + 1);
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(scaled(5, 1, 2), 3);
        assert_eq!(scaled(-5, 1, 2), -3);
        assert_eq!(scaled(4, 1, 3), 1);
        assert_eq!(scaled(i64::MAX, i64::MAX, 1), i64::MAX);
    }

    #[test]
    fn order_statistics_are_members() {
        let mut values = [5, 1, 4, 2, 3];
        assert_eq!(order_statistic(&mut values, 0), Some(1));
        assert_eq!(order_statistic(&mut values, 200), Some(1));
        assert_eq!(order_statistic(&mut values, 201), Some(2));
        assert_eq!(median(&mut values), Some(3));
        assert_eq!(order_statistic(&mut values, 1_000), Some(5));
        assert_eq!(median(&mut []), None);
    }

    /// The first numbers of the published generator for seed 1234567.
    #[test]
    fn the_sequence_is_the_published_one() {
        let mut sequence = Sequence::new(1_234_567);
        assert_eq!(sequence.next_number(), 6_457_827_717_110_365_317);
        assert_eq!(sequence.next_number(), 3_203_168_211_198_807_973);
        assert_eq!(sequence.below(0), 0);
    }
}
