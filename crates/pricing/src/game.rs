//! Fair division among any number of parties: the Shapley value by enumeration of all groups, its closed form for surpluses that pairs
//! make, and the Nash bargaining solution.
//!
//! All three are exact to the micro-unit and obey the same laws, which tests draw at random: shares add up to what there is; parties
//! that are alike differ by at most the one indivisible micro-unit; who adds nothing gets nothing; nobody gets less than alone, where
//! the game allows it; the order in which parties are listed changes nothing, because equal remainders are ordered by their ranks.

use crate::whole::whole;
use core::fmt;
use fairway_model::{Micro, MoneyError};

/// Most parties of a game whose groups are enumerated: 65,536 groups.
pub const MAX_PLAYERS: usize = 16;
/// Most parties where a closed form is used.
pub const MAX_PAIR_PLAYERS: usize = 4_096;

/// Why a game has no division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GameError {
    /// No party, or more than are allowed: how many, and the most.
    Players(usize, usize),
    /// Not one worth for each group: how many there are, how many are right.
    Groups(usize, usize),
    /// The empty group has a worth.
    EmptyGroup(Micro),
    /// A rank is missing, too many or given twice.
    Ranks,
    /// A pair names a party that does not exist, or one party twice: its place in the list.
    Pair(usize),
    /// Bargaining powers that are all zero.
    NoPower,
    /// What the parties would have alone adds up to more than there is to share: the sum, and what there is.
    NothingGained(Micro, Micro),
    /// An amount that does not fit.
    Money(MoneyError),
}

impl From<MoneyError> for GameError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl fmt::Display for GameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Players(n, most) => write!(f, "{n} parties; 1 to {most} are right"),
            Self::Groups(n, right) => write!(f, "{n} groups have a worth; {right} are right"),
            Self::EmptyGroup(worth) => {
                write!(f, "nobody makes {} micro-units; 0 is right", worth.0)
            }
            Self::Ranks => f.write_str("every party needs one rank, and no two the same"),
            Self::Pair(at) => write!(f, "pair {at} names an unknown party, or one party twice"),
            Self::NoPower => f.write_str("nobody has bargaining power"),
            Self::NothingGained(alone, whole) => write!(
                f,
                "alone the parties have {} micro-units, together {}: there is nothing to agree on",
                alone.0, whole.0
            ),
            Self::Money(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for GameError {}

const OVERFLOW: GameError = GameError::Money(MoneyError::Overflow("weighing groups"));

fn check_ranks(players: usize, most: usize, ranks: &[u32]) -> Result<(), GameError> {
    if players == 0 || players > most {
        return Err(GameError::Players(players, most));
    }
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if ranks.len() == players && sorted.len() == players {
        return Ok(());
    }
    Err(GameError::Ranks)
}

/// The Shapley value: every party gets what it adds to those before it, averaged over all orders in which the parties may come.
///
/// `worth` holds what each group makes, at the place whose bits name its members (bit 0 the first party), so 2^n values, the first
/// of them 0. `ranks` has one number per party, all different; equal remainders go by them. At most [`MAX_PLAYERS`] parties.
///
/// # Errors
/// [`GameError`], which says what is wrong.
pub fn shapley(worth: &[Micro], ranks: &[u32]) -> Result<Vec<Micro>, GameError> {
    let players = ranks.len();
    check_ranks(players, MAX_PLAYERS, ranks)?;
    let groups = 1usize
        .checked_shl(u32::try_from(players).map_err(|_| OVERFLOW)?)
        .ok_or(OVERFLOW)?;
    if worth.len() != groups {
        return Err(GameError::Groups(worth.len(), groups));
    }
    if let Some(empty) = worth.first().filter(|w| **w != Micro::ZERO) {
        return Err(GameError::EmptyGroup(*empty));
    }
    let weights = weights(players)?;
    let numerators = (0..players)
        .map(|player| added(worth, player, &weights))
        .collect::<Result<Vec<_>, _>>()?;
    let total = worth.last().copied().unwrap_or_default();
    Ok(whole(total, &numerators, factorial(players)?, ranks)?)
}

fn factorial(n: usize) -> Result<i128, GameError> {
    (1..=n).try_fold(1i128, |product, factor| {
        let factor = i128::try_from(factor).map_err(|_| OVERFLOW)?;
        product.checked_mul(factor).ok_or(OVERFLOW)
    })
}

/// In how many of the n! orders exactly a given group of each size comes before a given party: size! (n - size - 1)!.
fn weights(players: usize) -> Result<Vec<i128>, GameError> {
    (0..players)
        .map(|size| {
            let after = players.saturating_sub(size).saturating_sub(1);
            factorial(size)?
                .checked_mul(factorial(after)?)
                .ok_or(OVERFLOW)
        })
        .collect()
}

/// What one party adds, over all orders.
fn added(worth: &[Micro], player: usize, weights: &[i128]) -> Result<i128, GameError> {
    let bit = u32::try_from(player)
        .ok()
        .and_then(|shift| 1usize.checked_shl(shift))
        .ok_or(OVERFLOW)?;
    let mut by_size = vec![0i128; weights.len()];
    for (group, without) in worth.iter().enumerate().filter(|(g, _)| g & bit == 0) {
        let with = worth.get(group | bit).ok_or(OVERFLOW)?;
        let size = usize::try_from(group.count_ones()).map_err(|_| OVERFLOW)?;
        let sum = by_size.get_mut(size).ok_or(OVERFLOW)?;
        *sum = i128::from(with.0)
            .checked_sub(i128::from(without.0))
            .and_then(|adds| sum.checked_add(adds))
            .ok_or(OVERFLOW)?;
    }
    by_size
        .iter()
        .zip(weights)
        .try_fold(0i128, |total, (sum, weight)| {
            sum.checked_mul(*weight).and_then(|w| total.checked_add(w))
        })
        .ok_or(OVERFLOW)
}

/// The Shapley value of a game in which only pairs make a surplus, and a group makes that of all pairs inside it: everybody gets half
/// of each of his pairs. `pairs` holds two parties and their surplus each; a pair may occur several times. At most
/// [`MAX_PAIR_PLAYERS`] parties.
///
/// # Errors
/// [`GameError`], which says what is wrong.
pub fn shapley_of_pairs(
    pairs: &[(usize, usize, Micro)],
    ranks: &[u32],
) -> Result<Vec<Micro>, GameError> {
    check_ranks(ranks.len(), MAX_PAIR_PLAYERS, ranks)?;
    let mut halves = vec![0i128; ranks.len()];
    let mut total = Micro::ZERO;
    for (at, (one, other, surplus)) in pairs.iter().enumerate() {
        if one == other {
            return Err(GameError::Pair(at));
        }
        for party in [one, other] {
            let sum = halves.get_mut(*party).ok_or(GameError::Pair(at))?;
            *sum = sum.checked_add(i128::from(surplus.0)).ok_or(OVERFLOW)?;
        }
        total = total.plus(*surplus)?;
    }
    Ok(whole(total, &halves, 2, ranks)?)
}

/// The Nash bargaining solution: everybody gets what he has `alone`, and of the rest of `total` his part by power. With equal powers
/// that is the division whose product of gains is greatest. At most [`MAX_PAIR_PLAYERS`] parties.
///
/// # Errors
/// [`GameError`], which says what is wrong; [`GameError::NothingGained`] when the parties together have less than alone.
pub fn bargain(
    total: Micro,
    alone: &[Micro],
    powers: &[u32],
    ranks: &[u32],
) -> Result<Vec<Micro>, GameError> {
    check_ranks(alone.len(), MAX_PAIR_PLAYERS, ranks)?;
    let power: u64 = powers
        .iter()
        .copied()
        .map(u64::from)
        .fold(0, u64::saturating_add);
    if power == 0 || powers.len() != alone.len() {
        return Err(GameError::NoPower);
    }
    let sum = Micro::sum(alone.iter().copied())?;
    let gain = total.minus(sum)?;
    if gain < Micro::ZERO {
        return Err(GameError::NothingGained(sum, total));
    }
    let numerators = powers
        .iter()
        .map(|p| {
            i128::from(gain.0)
                .checked_mul(i128::from(*p))
                .ok_or(OVERFLOW)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let gains = whole(gain, &numerators, i128::from(power), ranks)?;
    let shares = alone
        .iter()
        .zip(gains)
        .map(|(alone, gain)| alone.plus(gain));
    Ok(shares.collect::<Result<Vec<_>, _>>()?)
}
