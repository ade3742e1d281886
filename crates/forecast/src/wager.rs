//! Weighted-score wagering: stakes move from those who forecast worse to those who forecast better.
//!
//! Every player puts a stake in; his payoff is `stake x (score - mean score)`, the mean weighted by stakes. What one gains another
//! loses, so the pot is neither more nor less afterwards; nobody loses more than his stake; and since the mean does not depend on how a player's
//! own stake is split, the honest forecast is the best one (Lambert, Langford, Wortman Vaughan, Chen, Reeves, Shoham and Pennock, EC 2008).

use crate::number::PPM;

/// The most players of one round.
pub const MAX_PLAYERS: usize = 10_000;

/// The most that all stakes together may be.
pub const MAX_POT: i128 = 1_000_000_000_000_000_000;

/// One player's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wager {
    /// What is put in, in the smallest unit of money, not negative.
    pub stake: i64,
    /// How good the forecast was, in millionths: 0 worst, 1,000,000 best. A missing forecast is 0. Scores outside are an error, not clipped: a clipped
    /// score rewards other than honest forecasts.
    pub score: i64,
}

/// Why nothing is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WagerError {
    /// More than [`MAX_PLAYERS`]; holds the number.
    TooMany(usize),
    /// A stake below zero; holds the player's place.
    Stake(usize),
    /// A score outside of 0 to 1,000,000; holds the player's place.
    Score(usize),
    /// All stakes together are more than [`MAX_POT`]; holds their sum.
    Pot(i128),
}

impl core::fmt::Display for WagerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooMany(found) => write!(f, "{found} players are more than {MAX_PLAYERS}"),
            Self::Stake(place) => write!(f, "the stake of player {place} is below zero"),
            Self::Score(place) => write!(f, "the score of player {place} is not 0 to {PPM}"),
            Self::Pot(sum) => write!(f, "stakes of {sum} are more than {MAX_POT}"),
        }
    }
}

impl core::error::Error for WagerError {}

/// What each player receives above his stake (negative: pays), in the order of the players. The sum is exactly zero: amounts are rounded down and
/// the units that remain go to the largest remainders, of equal ones to the earlier player.
///
/// # Errors
/// [`WagerError`] with the player's place.
pub fn settle(wagers: &[Wager]) -> Result<Vec<i64>, WagerError> {
    if wagers.len() > MAX_PLAYERS {
        return Err(WagerError::TooMany(wagers.len()));
    }
    if let Some(place) = wagers.iter().position(|w| w.stake < 0) {
        return Err(WagerError::Stake(place));
    }
    if let Some(place) = wagers.iter().position(|w| !(0..=PPM).contains(&w.score)) {
        return Err(WagerError::Score(place));
    }
    let pot: i128 = wagers.iter().map(|w| i128::from(w.stake)).sum();
    if pot > MAX_POT {
        return Err(WagerError::Pot(pot));
    }
    if pot == 0 {
        return Ok(vec![0; wagers.len()]);
    }
    let weighted: i128 = wagers
        .iter()
        .map(|w| i128::from(w.stake) * i128::from(w.score))
        .sum();
    // The bound of the pot keeps every product below 10^37.
    // stake x (score x pot - weighted) / (pot x 10^6); with quotient and remainder of weighted / pot, so that nothing overflows.
    let (mean, rest) = (weighted.div_euclid(pot), weighted.rem_euclid(pot));
    let mut parts: Vec<(usize, i128, i128)> = wagers
        .iter()
        .enumerate()
        .map(|(place, w)| {
            let (amount, remainder) = part(*w, mean, rest, pot);
            (place, amount, remainder)
        })
        .collect();
    let missing = -parts.iter().map(|(_, amount, _)| amount).sum::<i128>();
    parts.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    for (_, amount, _) in parts.iter_mut().take(usize::try_from(missing).unwrap_or(0)) {
        *amount += 1;
    }
    parts.sort_by_key(|(place, _, _)| *place);
    Ok(parts
        .into_iter()
        .map(|(_, amount, _)| crate::number::narrow(amount))
        .collect())
}

/// A payoff rounded down, and how much of a unit was cut off, in parts of `pot x 10^6` scaled to compare between players.
fn part(w: Wager, mean: i128, rest: i128, pot: i128) -> (i128, i128) {
    let stake = i128::from(w.stake);
    let million = i128::from(PPM);
    // stake x (score - mean) - stake x rest / pot, all over 10^6.
    let whole = stake * (i128::from(w.score) - mean);
    let (down, cut) = (
        (stake * rest).div_euclid(pot),
        (stake * rest).rem_euclid(pot),
    );
    // whole - down - cut / pot: round down once, over 10^6.
    let (units, over) = if cut == 0 {
        (whole - down, 0)
    } else {
        (whole - down - 1, pot - cut)
    };
    let amount = units.div_euclid(million);
    let remainder = units
        .rem_euclid(million)
        .saturating_mul(pot)
        .saturating_add(over);
    (amount, remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wager(stake: i64, score: i64) -> Wager {
        Wager { stake, score }
    }

    #[test]
    fn by_hand() {
        let paid = settle(&[
            wager(100, 900_000),
            wager(100, 500_000),
            wager(200, 700_000),
        ]);
        assert_eq!(paid, Ok(vec![20, -20, 0]));
    }

    #[test]
    fn units_that_remain_go_to_the_largest_remainders() {
        let paid = settle(&[wager(1, 1_000_000), wager(1, 0), wager(1, 500_000)]).unwrap();
        assert_eq!(paid.iter().sum::<i64>(), 0);
        assert!(paid.iter().all(|amount| *amount >= -1), "{paid:?}");
    }

    #[test]
    fn nobody_alone_gains_or_loses() {
        assert_eq!(settle(&[wager(1_000, 3)]), Ok(vec![0]));
        assert_eq!(settle(&[wager(0, 3), wager(0, 9)]), Ok(vec![0, 0]));
        assert_eq!(settle(&[]), Ok(vec![]));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        assert_eq!(
            settle(&[wager(1, 0), wager(-1, 0)]),
            Err(WagerError::Stake(1))
        );
        assert_eq!(settle(&[wager(1, PPM + 1)]), Err(WagerError::Score(0)));
    }
}
