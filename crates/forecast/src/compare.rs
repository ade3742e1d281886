//! Is one forecast better than another, or was it luck? A paired test of daily losses in whole numbers.
//!
//! It is the test of Diebold and Mariano (1995): the mean of the daily loss differences against its standard error, which counts that neighbouring
//! days resemble each other (Newey and West 1987, with the weights of Bartlett). Both sides are squared and multiplied out, so no root and no quotient
//! is taken and every machine gives the same verdict. The critical value is the normal one; hence the fewest days.

use crate::number::count;

/// The fewest days that are compared.
pub const FEWEST_DAYS: usize = 60;
/// The most days that are compared; of more, the last ones count.
pub const MOST_DAYS: usize = 4_096;
/// Days whose likeness is counted.
const LAGS: usize = 7;
/// The square of the critical value at a one-sided level of 5 %, in thousandths: 1.645 squared.
const CRITICAL_SQUARED: i128 = 2_706;
/// Differences are halved until all are below this, so that the squares fit.
const LARGEST: i64 = 1 << 31;

/// The outcome for the challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Better by more than the asked share, and not by luck.
    Better,
    /// Not better by the asked share, or perhaps by luck.
    Undecided,
    /// Fewer than [`FEWEST_DAYS`] days; holds how many there are.
    TooFewDays(usize),
}

/// Compares daily losses of a champion and a challenger, both over the same days. The challenger wins when its losses are smaller by more than
/// `share` thousandths of the champion's and the difference is significant at 5 %.
pub fn compare(champion: &[i64], challenger: &[i64], share: u16) -> Verdict {
    let days = champion.len().min(challenger.len());
    if days < FEWEST_DAYS {
        return Verdict::TooFewDays(days);
    }
    let pairs = champion
        .iter()
        .zip(challenger)
        .skip(days.saturating_sub(MOST_DAYS))
        .take(MOST_DAYS);
    let pairs: Vec<(i64, i64)> = pairs.map(|(a, b)| (*a, *b)).collect();
    let total =
        |of: fn(&(i64, i64)) -> i64| pairs.iter().map(|pair| i128::from(of(pair))).sum::<i128>();
    let (before, after) = (total(|pair| pair.0), total(|pair| pair.1));
    let enough = (before - after).saturating_mul(1_000) > before.saturating_mul(i128::from(share));
    let differences: Vec<i64> = pairs.iter().map(|(a, b)| a.saturating_sub(*b)).collect();
    if enough && significant(&differences) {
        Verdict::Better
    } else {
        Verdict::Undecided
    }
}

/// Whether the mean of the differences is above zero, at 5 %.
fn significant(differences: &[i64]) -> bool {
    let small = shrunk(differences);
    let days = i128::from(count(small.len()));
    let sum: i128 = small.iter().map(|d| i128::from(*d)).sum();
    // Deviations from the mean, times the number of days.
    let centred: Vec<i128> = small.iter().map(|d| i128::from(*d) * days - sum).collect();
    let product = |lag: usize| {
        let later = centred.iter().skip(lag);
        centred.iter().zip(later).map(|(a, b)| a * b).sum::<i128>()
    };
    let whole = i128::from(count(LAGS)) + 1;
    let mut spread = product(0) * whole;
    for lag in 1..=LAGS {
        spread += 2 * product(lag) * (whole - i128::from(count(lag)));
    }
    if sum <= 0 {
        return false;
    }
    if spread <= 0 {
        // No spread at all: a gain that is the same every day.
        return true;
    }
    let left = (sum * days)
        .checked_mul(sum * days)
        .and_then(|v| v.checked_mul(1_000 * whole));
    let right = spread.checked_mul(CRITICAL_SQUARED);
    matches!((left, right), (Some(left), Some(right)) if left > right)
}

fn shrunk(differences: &[i64]) -> Vec<i64> {
    let largest = differences
        .iter()
        .map(|d| d.unsigned_abs())
        .max()
        .unwrap_or(0);
    let mut bits = 0_u32;
    while largest >> bits >= LARGEST.unsigned_abs() {
        bits += 1;
    }
    differences
        .iter()
        .map(|d| d / (1_i64 << bits.min(62)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Sequence;

    fn losses(seed: u64, mean: u64, spread: u64, days: usize) -> Vec<i64> {
        let mut sequence = Sequence::new(seed);
        let one = |_| i64::try_from(mean + sequence.below(spread)).unwrap();
        (0..days).map(one).collect()
    }

    #[test]
    fn a_clear_gain_is_seen() {
        let verdict = compare(&losses(1, 1_000, 500, 90), &losses(2, 800, 500, 90), 10);
        assert_eq!(verdict, Verdict::Better);
    }

    #[test]
    fn equal_forecasts_win_about_as_often_as_luck_allows() {
        let won = (0..1_000)
            .filter(|n| {
                let (a, b) = (
                    losses(2 * n, 1_000, 900, 120),
                    losses(2 * n + 1, 1_000, 900, 120),
                );
                compare(&a, &b, 0) == Verdict::Better
            })
            .count();
        assert!((20..=90).contains(&won), "{won} of 1000");
    }

    #[test]
    fn a_gain_below_the_share_is_not_enough() {
        let before = losses(1, 100_000, 100, 90);
        let after: Vec<i64> = before.iter().map(|loss| loss - 500).collect();
        assert_eq!(compare(&before, &after, 10), Verdict::Undecided);
        assert_eq!(compare(&before, &after, 4), Verdict::Better);
    }

    #[test]
    fn few_days_are_not_enough() {
        assert_eq!(compare(&[9; 59], &[1; 59], 0), Verdict::TooFewDays(59));
    }

    #[test]
    fn one_day_of_luck_does_not_win() {
        let before = losses(3, 1_000, 100, 90);
        let mut after: Vec<i64> = before.iter().map(|loss| loss + 5).collect();
        after[40] = -20_000;
        assert_eq!(compare(&before, &after, 10), Verdict::Undecided);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let (high, low) = (vec![i64::MAX; 4_500], vec![i64::MIN; 4_500]);
        assert_eq!(compare(&high, &low, 10), Verdict::Better);
        assert_eq!(compare(&low, &high, 10), Verdict::Undecided);
    }
}
