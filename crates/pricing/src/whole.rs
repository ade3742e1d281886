//! Exact fractions brought to whole micro-units, favouring nobody.

use fairway_model::{Micro, MoneyError, SessionId};

/// How many orders three parties have.
const ORDERS: u128 = 6;

/// Who comes first where remainders are equal: one of the six orders of home, visited and owner. Every charge draws its own from its
/// id, so that of two parties each comes first in three orders of six, and neither gains by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(u8);

impl Turn {
    /// All six.
    pub const ALL: [Self; 6] = [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// The turn of a charge: its id as a number, modulo 6.
    pub fn of(session: SessionId) -> Self {
        let drawn = u128::from_be_bytes(session.0).checked_rem(ORDERS);
        Self(drawn.and_then(|n| u8::try_from(n).ok()).unwrap_or(0))
    }

    /// The ranks of home, visited and owner; the lowest comes first.
    pub(crate) const fn ranks(self) -> [u32; 3] {
        match self.0 {
            0 => [0, 1, 2],
            1 => [0, 2, 1],
            2 => [1, 0, 2],
            3 => [2, 0, 1],
            4 => [1, 2, 0],
            _ => [2, 1, 0],
        }
    }
}

/// Whole shares by largest remainder. The exact shares are `numerators` over `denominator`, which is more than nothing, and add up to
/// `total`. Each gets his share rounded down; the micro-units that are left go to the largest remainders, among equal ones to the
/// lowest rank. Who has no remainder gets none of them, so a share of exactly nothing stays nothing.
pub(crate) fn whole(
    total: Micro,
    numerators: &[i128],
    denominator: i128,
    ranks: &[u32],
) -> Result<Vec<Micro>, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("sharing");
    let mut shares = Vec::with_capacity(numerators.len());
    let mut remainders = Vec::with_capacity(numerators.len());
    let mut left = total;
    for (index, numerator) in numerators.iter().enumerate() {
        let down = numerator.checked_div_euclid(denominator).ok_or(OVERFLOW)?;
        let remainder = numerator.checked_rem_euclid(denominator).ok_or(OVERFLOW)?;
        let share = i64::try_from(down).map(Micro).map_err(|_| OVERFLOW)?;
        left = left.minus(share)?;
        shares.push(share);
        if remainder != 0 {
            let rank = ranks.get(index).copied().unwrap_or(u32::MAX);
            remainders.push((core::cmp::Reverse(remainder), rank, index));
        }
    }
    remainders.sort_unstable();
    let extra = usize::try_from(left.0).map_err(|_| OVERFLOW)?;
    if extra > remainders.len() {
        return Err(OVERFLOW);
    }
    for (_, _, index) in remainders.into_iter().take(extra) {
        if let Some(share) = shares.get_mut(index) {
            *share = share.plus(Micro(1))?;
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders_go_by_size_and_then_by_rank() {
        let split = |total, numerators: &[i128], denominator, ranks: &[u32]| {
            whole(Micro(total), numerators, denominator, ranks)
                .map(|shares| shares.into_iter().map(|s| s.0).collect::<Vec<_>>())
        };
        assert_eq!(split(100, &[100; 3], 3, &[0, 1, 2]), Ok(vec![34, 33, 33]));
        assert_eq!(split(100, &[100; 3], 3, &[2, 1, 0]), Ok(vec![33, 33, 34]));
        assert_eq!(split(10, &[15, 70, 15], 10, &[1, 2, 0]), Ok(vec![1, 7, 2]));
        assert_eq!(split(-1, &[-3, 0], 3, &[0, 1]), Ok(vec![-1, 0]));
        assert_eq!(split(1, &[-1, 4], 3, &[0, 1]), Ok(vec![0, 1]));
        // A total that the fractions do not add up to is a mistake of the caller.
        assert!(split(3, &[1, 1], 3, &[0, 1]).is_err());
        assert!(split(1, &[1], 0, &[0]).is_err());
    }

    /// Of any two parties each comes first as often as the other.
    #[test]
    fn turns_favour_nobody() {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let first = Turn::ALL
                .iter()
                .filter(|t| t.ranks()[a] < t.ranks()[b])
                .count();
            assert_eq!(first, 3, "{a} before {b}");
        }
        let ids = (0..=255u8).map(|n| SessionId([n; 16]));
        let drawn: std::collections::BTreeSet<_> = ids.map(|id| Turn::of(id).ranks()).collect();
        assert!(drawn.len() > 1);
    }
}
