//! Who gives back what when a part of a charge is credited.

use crate::apportion::apportion;
use crate::error::RateError;
use fairway_model::{Micro, MoneyError, Shares};

/// Shares of a credit, out of the shares that are `left` of the charge (those of the charge less what earlier credits reversed).
///
/// The four shares add up to `credit` exactly, and none is more than what is left of it: so partial credits in any number and order
/// never take more from anybody than he got, and the last of them takes exactly the rest. Shares that are left are divided in
/// proportion (largest remainder to a micro-unit; among equal remainders visited, then owner, home, tax). A negative share (of a
/// home utility that bore more discount than it earned) comes back in proportion too, rounded down, and enlarges what the others
/// give back.
///
/// # Errors
/// [`RateError::Breakdown`] when `credit` is negative or more than is left; [`RateError::Money`].
pub fn reverse(credit: Micro, left: &Shares) -> Result<Shares, RateError> {
    let parts = [left.visited, left.owner, left.home, left.tax];
    let whole = Micro::sum(parts)?;
    if credit < Micro::ZERO || credit > whole {
        return Err(RateError::Breakdown(
            "the credit is negative, or more than is left of the charge",
        ));
    }
    let negative = parts.map(|part| returned(credit, part, whole));
    let mut more = credit;
    for part in &negative {
        more = more.plus(part.clone()?)?;
    }
    let shares = apportion(more, &parts.map(|part| part.max(Micro::ZERO)))?;
    let mut result = [Micro::ZERO; 4];
    for (slot, (share, part)) in result.iter_mut().zip(shares.into_iter().zip(negative)) {
        *slot = share.minus(part?)?;
    }
    let [visited, owner, home, tax] = result;
    Ok(Shares {
        home,
        visited,
        owner,
        tax,
    })
}

/// What comes back of a negative share, as a positive amount; nothing of others.
fn returned(credit: Micro, part: Micro, whole: Micro) -> Result<Micro, MoneyError> {
    if part >= Micro::ZERO || whole == Micro::ZERO {
        return Ok(Micro::ZERO);
    }
    part.negated()?
        .scale(credit.0, whole.0, fairway_model::Rounding::Down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(home: i64, visited: i64, owner: i64, tax: i64) -> Shares {
        Shares {
            home: Micro(home),
            visited: Micro(visited),
            owner: Micro(owner),
            tax: Micro(tax),
        }
    }

    fn parts(s: &Shares) -> [i64; 4] {
        [s.home.0, s.visited.0, s.owner.0, s.tax.0]
    }

    #[test]
    fn a_whole_credit_reverses_every_share_exactly() {
        for s in [
            shares(222_333, 7_335_806, 889_333, 612_528),
            shares(-40, 100, 10, 7),
        ] {
            let whole = Micro(parts(&s).iter().sum());
            assert_eq!(reverse(whole, &s).unwrap(), s);
        }
        assert_eq!(
            reverse(Micro(0), &shares(0, 0, 0, 0)).unwrap(),
            shares(0, 0, 0, 0)
        );
    }

    #[test]
    fn more_than_is_left_is_no_credit() {
        assert!(reverse(Micro(78), &shares(-40, 100, 10, 7)).is_err());
        assert!(reverse(Micro(-1), &shares(1, 1, 1, 1)).is_err());
    }

    /// Many small credits of odd sizes: each adds up, none takes more than is left, and at the end nothing is left.
    #[test]
    fn partial_credits_never_take_more_than_a_share() {
        for start in [
            shares(222_333, 7_335_806, 889_333, 612_528),
            shares(-300_001, 9_000_000, 1, 359_999),
            shares(0, 3, 1, 1),
            shares(5, -2, 0, 7),
        ] {
            let (mut left, mut step) = (start, 1i64);
            loop {
                let whole: i64 = parts(&left).iter().sum();
                if whole == 0 {
                    break;
                }
                let credit = step.min(whole);
                step = (step * 3 + 1) % 700_001 + 1;
                let back = reverse(Micro(credit), &left).unwrap();
                assert_eq!(parts(&back).iter().sum::<i64>(), credit);
                for (back, left) in parts(&back).into_iter().zip(parts(&left)) {
                    assert!(
                        if left < 0 {
                            left <= back && back <= 0
                        } else {
                            0 <= back && back <= left
                        },
                        "{back} of {left}"
                    );
                }
                left = Shares {
                    home: left.home.minus(back.home).unwrap(),
                    visited: left.visited.minus(back.visited).unwrap(),
                    owner: left.owner.minus(back.owner).unwrap(),
                    tax: left.tax.minus(back.tax).unwrap(),
                };
            }
            assert_eq!(left, shares(0, 0, 0, 0));
        }
    }
}
