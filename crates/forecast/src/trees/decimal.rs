//! Decimal numbers read exactly, without a float in between.

/// The most digits that a number may have.
const MAX_DIGITS: usize = 30;
/// The largest power of ten, either way, that is applied.
const MAX_POWER: i32 = 60;

/// A decimal number: `digits x 10^power`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    power: i32,
}

impl Decimal {
    /// Reads `-12.5`, `1e-3`, `7`. `None` for anything else: infinities, too many digits, too large an exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let negative = mantissa.starts_with('-');
        let plain = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
        let all = whole.bytes().chain(part.bytes());
        if whole.len() + part.len() > MAX_DIGITS || whole.is_empty() && part.is_empty() {
            return None;
        }
        let mut digits = 0_i128;
        for byte in all {
            let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
            digits = digits.checked_mul(10)?.checked_add(digit)?;
        }
        let sign = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if sign.is_empty() || sign.len() > 4 || !sign.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let moved: i32 = exponent.parse().ok()?;
        let power = moved.checked_sub(i32::try_from(part.len()).ok()?)?;
        (power.abs() <= MAX_POWER * 6).then_some(Self {
            digits: if negative { -digits } else { digits },
            power,
        })
    }

    /// `self x 2^bits` to the nearest, halves away from zero. `None` when it does not fit.
    pub(super) fn times_power_of_two(self, bits: u8) -> Option<i128> {
        let shifted = self
            .digits
            .checked_mul(1_i128.checked_shl(u32::from(bits))?)?;
        self.scaled(shifted, |value, unit| {
            let half = unit / 2;
            let away = if value < 0 {
                value - half
            } else {
                value + half
            };
            away / unit
        })
    }

    /// The largest whole number that is not above it. `None` when it does not fit.
    pub(super) fn floor(self) -> Option<i128> {
        self.scaled(self.digits, i128::div_euclid)
    }

    fn scaled(self, value: i128, divide: impl Fn(i128, i128) -> i128) -> Option<i128> {
        if value == 0 {
            return Some(0);
        }
        let size = self.power.unsigned_abs();
        let Some(unit) = 10_i128.checked_pow(size) else {
            // So small a number is nothing, or the largest that is below zero, in any unit that is asked for.
            let tiny = self.power < 0;
            return tiny.then(|| divide(value.signum(), 4));
        };
        if self.power >= 0 {
            return value.checked_mul(unit);
        }
        // Room for the half that rounding adds.
        (value.checked_abs()? <= i128::MAX / 2).then(|| divide(value, unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(text: &str) -> Option<i128> {
        Decimal::parse(text)?.floor()
    }

    #[test]
    fn floors_are_exact() {
        assert_eq!(floor("12.5"), Some(12));
        assert_eq!(floor("-12.5"), Some(-13));
        assert_eq!(floor("-12"), Some(-12));
        assert_eq!(floor("1.0000000180025095e-35"), Some(0));
        assert_eq!(floor("-1e-35"), Some(-1));
        assert_eq!(floor("-1e-70"), Some(-1));
        assert_eq!(floor("3e6"), Some(3_000_000));
        assert_eq!(floor("499999.50000000006"), Some(499_999));
    }

    #[test]
    fn fixed_point_is_to_the_nearest() {
        let fixed = |text: &str| Decimal::parse(text)?.times_power_of_two(2);
        assert_eq!(fixed("0.125"), Some(1));
        assert_eq!(fixed("-0.125"), Some(-1));
        assert_eq!(fixed("0.1249"), Some(0));
        assert_eq!(fixed("1.5e2"), Some(600));
        assert_eq!(fixed("1e-300"), Some(0));
        assert_eq!(fixed("-1e-300"), Some(0));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "inf",
            "nan",
            "1e",
            "1e+",
            "1e99999",
            "0x10",
            "1.2.3",
            "--1",
            "1 ",
            "1234567890123456789012345678901",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(floor("1e300"), None);
    }
}
