//! A CIN while it is being typed: what is right so far, and which group cannot be right.
//!
//! The check digit judges the whole number and never says where the error is, so only two errors have a place: the country, as
//! soon as its three digits stand there, and the service digit once the number is complete. A wrong check digit is told as soon
//! as no further digit could mend it.

use super::{Cin, CinError, MAX_CIN_DIGITS, MIN_CIN_DIGITS};
use crate::country;
use core::fmt;

/// Digits of each group on a screen: country, network, and then fours, because the node's length is not known before the end.
pub const TYPED_GROUPS: [usize; 6] = [3, 3, 4, 4, 4, 2];
/// Places from the right at which the service digit stands: check digit, nine digits of the customer, service.
const SERVICE_FROM_RIGHT: usize = 11;

/// What can be said of the digits so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedState {
    /// Right so far; at least so many digits are missing.
    Open {
        /// Digits up to the shortest number.
        missing: usize,
    },
    /// Long enough, and the check digit does not fit: longer still, or mistyped.
    Unfit,
    /// A number with a right check digit.
    Complete,
    /// No digit that follows makes it right.
    Wrong {
        /// Why.
        error: CinError,
        /// The group that is wrong, counted from 0; none where the whole number has to be compared.
        group: Option<usize>,
    },
}

/// The digits so far, in groups. `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedCin {
    digits: String,
    /// What can be said of them.
    pub state: TypedState,
}

impl TypedCin {
    /// Judges digits; other characters and what is over [`MAX_CIN_DIGITS`] is left out.
    pub fn new(digits: &str) -> Self {
        let digits: String = digits
            .chars()
            .filter(char::is_ascii_digit)
            .take(MAX_CIN_DIGITS)
            .collect();
        let state = state(&digits);
        Self { digits, state }
    }

    /// The digits in groups, for the screen of the person who types. Never to be logged.
    pub fn groups(&self) -> Vec<String> {
        groups(&self.digits)
    }
}

/// Digits in the groups in which people read and type them.
pub(super) fn groups(digits: &str) -> Vec<String> {
    let mut rest = digits.chars();
    TYPED_GROUPS
        .iter()
        .map(|size| rest.by_ref().take(*size).collect::<String>())
        .take_while(|group| !group.is_empty())
        .collect()
}

impl fmt::Debug for TypedCin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TypedCin({} digits, {:?})",
            self.digits.len(),
            self.state
        )
    }
}

fn state(digits: &str) -> TypedState {
    let wrong = |error, group| TypedState::Wrong { error, group };
    if let Some(first) = digits.get(..3)
        && country::alpha2(first).is_none()
    {
        let mut shown = ['0'; 3];
        for (slot, c) in shown.iter_mut().zip(first.chars()) {
            *slot = c;
        }
        return wrong(CinError::UnknownCountry(shown), Some(0));
    }
    let length = digits.len();
    if length < MIN_CIN_DIGITS {
        return TypedState::Open {
            missing: MIN_CIN_DIGITS.saturating_sub(length),
        };
    }
    match Cin::parse(digits) {
        Ok(_) => TypedState::Complete,
        Err(CinError::Mistyped | CinError::UnknownService(_)) if length < MAX_CIN_DIGITS => {
            TypedState::Unfit
        }
        Err(error @ CinError::UnknownService(_)) => {
            wrong(error, group_of(length.saturating_sub(SERVICE_FROM_RIGHT)))
        }
        Err(error) => wrong(error, None),
    }
}

/// The group in which the digit at this place stands, both counted from 0.
fn group_of(place: usize) -> Option<usize> {
    let mut end = 0usize;
    TYPED_GROUPS.iter().position(|size| {
        end = end.saturating_add(*size);
        place < end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "840001111234567899";

    #[test]
    fn a_number_is_judged_digit_by_digit() {
        let typed = |n: usize| TypedCin::new(RIGHT.get(..n).unwrap());
        assert_eq!(typed(0).state, TypedState::Open { missing: 18 });
        assert_eq!(typed(17).state, TypedState::Open { missing: 1 });
        assert_eq!(typed(18).state, TypedState::Complete);
        assert_eq!(typed(9).groups(), ["840", "001", "111"]);
        assert_eq!(typed(18).groups(), ["840", "001", "1112", "3456", "7899"]);
        assert!(!format!("{:?}", typed(18)).contains("840"));
    }

    #[test]
    fn a_wrong_country_is_told_at_the_third_digit_with_its_group() {
        let typed = TypedCin::new("999");
        let TypedState::Wrong { error, group } = typed.state else {
            panic!("{typed:?}")
        };
        assert_eq!((error.code(), group), ("unknown-country", Some(0)));
        assert!(matches!(TypedCin::new("99").state, TypedState::Open { .. }));
    }

    #[test]
    fn every_wrong_digit_is_told_before_the_number_is_sent() {
        for place in 0..RIGHT.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = RIGHT.as_bytes().to_vec();
                if wrong[place] == digit {
                    continue;
                }
                wrong[place] = digit;
                let typed = TypedCin::new(core::str::from_utf8(&wrong).unwrap());
                assert!(
                    matches!(typed.state, TypedState::Unfit | TypedState::Wrong { .. }),
                    "{place} {digit} {typed:?}"
                );
            }
        }
    }

    #[test]
    fn at_twenty_digits_there_is_no_more_hope() {
        let typed = TypedCin::new("84000111123456789901");
        let TypedState::Wrong { error, group } = typed.state else {
            panic!("{typed:?}")
        };
        assert!(matches!(
            (error.code(), group),
            ("mistyped", None) | ("unknown-service", Some(_))
        ));
        assert_eq!(
            (group_of(9), group_of(19), group_of(20)),
            (Some(2), Some(5), None)
        );
    }
}
