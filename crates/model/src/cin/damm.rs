//! The check digit: Damm's algorithm over a totally anti-symmetric quasigroup of order 10 (H. Michael Damm, "Total
//! anti-symmetrische Quasigruppen", Marburg 2004). The table is the one that is in common use.
//!
//! The state begins at 0; each digit moves it along a row of [`TABLE`]; the check digit is the last state, and a number with
//! its check digit ends in state 0. What it rejects, always: one wrong digit, and two neighbours exchanged, the check digit
//! included. What it does not see: zeros put before the first digit other than 0, and one in ten of all other errors.

/// Row: state; column: digit.
const TABLE: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn step(state: u8, digit: u8) -> Option<u8> {
    TABLE
        .get(usize::from(state))?
        .get(usize::from(digit))
        .copied()
}

/// The state after `digits`, each 0 to 9: the check digit to append, or 0 when the last of them is a right check digit.
/// `None` when one of them is greater than 9.
pub(crate) fn damm(digits: impl IntoIterator<Item = u8>) -> Option<u8> {
    digits.into_iter().try_fold(0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(state: u8, digit: u8) -> u8 {
        step(state, digit).unwrap()
    }

    /// The example of the literature: 572 has check digit 4.
    #[test]
    fn published_example() {
        assert_eq!(damm([5, 7, 2]), Some(4));
        assert_eq!(damm([5, 7, 2, 4]), Some(0));
        assert_eq!(damm([10]), None);
    }

    /// Two runs that are in different states before a digit are in different states after it; a run that sees another digit
    /// in the same state ends in another state. By induction over the digits that follow, no single wrong digit is missed,
    /// whatever the length and the place. The check digit itself: only the state's own number leads to 0.
    #[test]
    fn proof_single_errors() {
        for x in 0..10u8 {
            for a in 0..10u8 {
                for b in 0..10u8 {
                    if a != b {
                        assert_ne!(
                            q(a, x),
                            q(b, x),
                            "different states stay different under {x}"
                        );
                        assert_ne!(q(x, a), q(x, b), "in state {x}, {a} and {b} lead apart");
                    }
                }
            }
        }
        for state in 0..10u8 {
            for digit in 0..10u8 {
                assert_eq!(
                    q(state, digit) == 0,
                    state == digit,
                    "state {state} accepts check digit {digit}"
                );
            }
        }
    }

    /// From every state, two different digits in either order lead to different states; the first lemma above keeps them
    /// different to the end. The check digit is a digit like the others here, so its exchange with the last is covered.
    #[test]
    fn proof_adjacent_transpositions() {
        for state in 0..10u8 {
            for x in 0..10u8 {
                for y in 0..10u8 {
                    assert_eq!(
                        q(q(state, x), y) == q(q(state, y), x),
                        x == y,
                        "state {state}, digits {x}{y}"
                    );
                }
            }
        }
    }
}
