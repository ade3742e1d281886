//! Money as integers: micro-units of a currency's major unit, with a named rounding mode wherever digits are dropped.

use core::fmt;
use minicbor::{Decode, Encode};

/// Micro-units in one major unit.
pub const MICROS_PER_MAJOR: i64 = 1_000_000;

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Currency(#[cbor(with = "minicbor::bytes")] [u8; 3]);

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Reads three upper-case letters.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] when it is something else.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            [a, b, c] if text.bytes().all(|x| x.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::Currency(text.chars().take(16).collect())),
        }
    }

    /// Digits after the decimal point of the minor unit (ISO 4217).
    pub fn minor_digits(&self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"ISK" | b"CLP" | b"VND" => 0,
            b"BHD" | b"KWD" | b"OMR" | b"TND" | b"JOD" => 3,
            _ => 2,
        }
    }

    /// Micro-units in one minor unit (10,000 for cents).
    pub fn micros_per_minor(&self) -> i64 {
        match self.minor_digits() {
            0 => MICROS_PER_MAJOR,
            3 => 1_000,
            _ => 10_000,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|b| write!(f, "{}", char::from(*b)))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is wrong with an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyError {
    /// Not three upper-case letters.
    Currency(String),
    /// The result does not fit; the operation.
    Overflow(&'static str),
    /// Not a decimal number with at most six digits after the point.
    Amount(String),
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Currency(c) => write!(
                f,
                "{c:?} is no ISO 4217 currency code of three upper-case letters"
            ),
            Self::Overflow(op) => write!(f, "amount out of range in {op}"),
            Self::Amount(a) => write!(
                f,
                "{a:?} is no decimal amount with at most six digits after the point"
            ),
        }
    }
}

impl core::error::Error for MoneyError {}

/// How dropped digits change the last kept one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Rounding {
    /// Ties away from zero: commercial rounding of a final amount.
    #[n(0)]
    HalfUp,
    /// Ties to the even neighbour.
    #[n(1)]
    HalfEven,
    /// Toward zero.
    #[n(2)]
    Down,
}

/// `numerator / denominator` rounded.
///
/// # Errors
/// [`MoneyError::Overflow`] when the denominator is zero or the result does not fit.
pub fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> Result<i128, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("division");
    let quotient = numerator.checked_div(denominator).ok_or(OVERFLOW)?;
    let remainder = numerator.checked_rem(denominator).ok_or(OVERFLOW)?;
    if remainder == 0 {
        return Ok(quotient);
    }
    let twice = remainder.unsigned_abs().checked_mul(2).ok_or(OVERFLOW)?;
    let away = match (rounding, twice.cmp(&denominator.unsigned_abs())) {
        (Rounding::Down, _) | (_, core::cmp::Ordering::Less) => false,
        (_, core::cmp::Ordering::Greater) | (Rounding::HalfUp, _) => true,
        (Rounding::HalfEven, _) => quotient.checked_rem(2).is_some_and(|r| r != 0),
    };
    if !away {
        return Ok(quotient);
    }
    let sign = if (numerator < 0) == (denominator < 0) {
        1
    } else {
        -1
    };
    quotient.checked_add(sign).ok_or(OVERFLOW)
}

/// An amount, or a unit price, in micro-units of the major unit. May be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct Micro(#[n(0)] pub i64);

impl Micro {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::Overflow("addition"))
    }

    /// Difference.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(MoneyError::Overflow("subtraction"))
    }

    /// The opposite amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one value without opposite.
    pub fn negated(self) -> Result<Self, MoneyError> {
        self.0
            .checked_neg()
            .map(Self)
            .ok_or(MoneyError::Overflow("negation"))
    }

    /// `self * numerator / denominator`, rounded to a micro-unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn scale(
        self,
        numerator: i64,
        denominator: i64,
        rounding: Rounding,
    ) -> Result<Self, MoneyError> {
        let product = i128::from(self.0)
            .checked_mul(i128::from(numerator))
            .ok_or(MoneyError::Overflow("multiplication"))?;
        let result = divide(product, i128::from(denominator), rounding)?;
        i64::try_from(result)
            .map(Self)
            .map_err(|_| MoneyError::Overflow("scaling"))
    }

    /// Rounded to whole minor units (cents) of `currency`, still in micro-units.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn round_to_minor(
        self,
        currency: Currency,
        rounding: Rounding,
    ) -> Result<Self, MoneyError> {
        let unit = currency.micros_per_minor();
        let minor = divide(i128::from(self.0), i128::from(unit), rounding)?;
        let micros = minor
            .checked_mul(i128::from(unit))
            .ok_or(MoneyError::Overflow("rounding"))?;
        i64::try_from(micros)
            .map(Self)
            .map_err(|_| MoneyError::Overflow("rounding"))
    }

    /// The sum of many amounts.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Reads a plain decimal such as `0.36` or `-12.5`; at most six digits after the point.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] or [`MoneyError::Overflow`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let bad = || MoneyError::Amount(text.chars().take(32).collect());
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = !whole.is_empty()
            && whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit());
        if !plain || fraction.len() > 6 || whole.len() > 18 {
            return Err(bad());
        }
        let whole: i64 = whole.parse().map_err(|_| bad())?;
        let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
        let micros = whole
            .checked_mul(MICROS_PER_MAJOR)
            .and_then(|m| m.checked_add(fraction));
        let micros = micros.ok_or(MoneyError::Overflow("reading"))?;
        Ok(Self(if negative {
            micros
                .checked_neg()
                .ok_or(MoneyError::Overflow("reading"))?
        } else {
            micros
        }))
    }

    /// Decimal text with at least the currency's minor digits, more only when they are not zero: `5.10`, `0.3625`.
    pub fn text(&self, currency: Currency) -> String {
        let digits = usize::try_from(currency.minor_digits()).unwrap_or(2);
        let magnitude = self.0.unsigned_abs();
        let major = magnitude.checked_div(1_000_000).unwrap_or(0);
        let fraction = format!("{:06}", magnitude.checked_rem(1_000_000).unwrap_or(0));
        let trimmed = fraction.trim_end_matches('0');
        let fraction: String = fraction.chars().take(trimmed.len().max(digits)).collect();
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{major}")
        } else {
            format!("{sign}{major}.{fraction}")
        }
    }
}

impl fmt::Debug for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Currency::USD))
    }
}

/// A rate in parts per million: 19 % is 190,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct Ppm(#[n(0)] pub u32);

impl Ppm {
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// This part of `amount`, rounded half-up to a micro-unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn of(self, amount: Micro) -> Result<Micro, MoneyError> {
        amount.scale(i64::from(self.0), 1_000_000, Rounding::HalfUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_modes() {
        for (n, d, up, even, down) in [
            (5, 2, 3, 2, 2),
            (7, 2, 4, 4, 3),
            (-5, 2, -3, -2, -2),
            (-7, 2, -4, -4, -3),
            (4, 3, 1, 1, 1),
            (5, 3, 2, 2, 1),
        ] {
            assert_eq!(divide(n, d, Rounding::HalfUp), Ok(up), "{n}/{d}");
            assert_eq!(divide(n, d, Rounding::HalfEven), Ok(even), "{n}/{d}");
            assert_eq!(divide(n, d, Rounding::Down), Ok(down), "{n}/{d}");
        }
        assert!(divide(1, 0, Rounding::Down).is_err());
    }

    #[test]
    fn text_and_back() {
        for (text, micros) in [
            ("0.36", 360_000),
            ("-12.5", -12_500_000),
            ("7", 7_000_000),
            ("0.000001", 1),
        ] {
            assert_eq!(Micro::parse(text), Ok(Micro(micros)));
        }
        assert_eq!(Micro(5_100_000).text(Currency::USD), "5.10");
        assert_eq!(Micro(362_500).text(Currency::USD), "0.3625");
        assert_eq!(Micro(-1).text(Currency::USD), "-0.000001");
        for bad in ["", ".5", "1.1234567", "1e3", "--1", "99999999999999999999"] {
            assert!(Micro::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn minor_units() {
        assert_eq!(
            Micro(5_105_000).round_to_minor(Currency::USD, Rounding::HalfUp),
            Ok(Micro(5_110_000))
        );
        assert_eq!(
            Micro(5_105_000).round_to_minor(Currency::USD, Rounding::HalfEven),
            Ok(Micro(5_100_000))
        );
        assert!(
            Micro(i64::MAX)
                .round_to_minor(Currency::USD, Rounding::HalfUp)
                .is_err()
        );
    }
}
