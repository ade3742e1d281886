//! Exact decimals and RFC 3339 times from JSON text. Nothing here goes through a float.

use fairway_model::time::{DAY, HOUR, MINUTE, SECOND};
use fairway_model::{Micro, Time};
use serde_json::Number;

/// Longest spelling of a number that is read.
const MAX_NUMBER: usize = 64;
/// Largest power of ten that a number is moved by, either way.
const MAX_SHIFT: i32 = 38;
/// Decimal places of a [`Micro`].
const MICRO_PLACES: i32 = 6;

/// `number * 10^places`, cut towards zero, and whether nothing was cut; `None` when it is longer than [`MAX_NUMBER`] or out of range.
pub(super) fn scaled(number: &str, places: i32) -> Option<(i128, bool)> {
    if number.len() > MAX_NUMBER {
        return None;
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i32 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let places_of_fraction = i32::try_from(fraction.len()).ok()?;
    let shift = exponent
        .checked_add(places)?
        .checked_sub(places_of_fraction)?;
    if digits == 0 {
        return Some((0, true));
    }
    if shift.abs() > MAX_SHIFT {
        return None;
    }
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        digits.checked_mul(factor).map(|n| (n, true))
    } else {
        Some((
            digits.checked_div(factor)?,
            digits.checked_rem(factor)? == 0,
        ))
    }
}

/// An amount of money as a JSON number without a float between.
pub(super) fn money(amount: Micro) -> Number {
    let (whole, part) = (
        amount.0.unsigned_abs().checked_div(1_000_000),
        amount.0.unsigned_abs().checked_rem(1_000_000),
    );
    let digits = format!("{}.{:06}", whole.unwrap_or(0), part.unwrap_or(0));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let sign = if amount.0 < 0 { "-" } else { "" };
    format!("{sign}{digits}")
        .parse()
        .unwrap_or_else(|_| Number::from(0))
}

/// An amount of money from a JSON number; `None` out of range.
pub(super) fn read_money(number: &Number) -> Option<Micro> {
    scaled(number.as_str(), MICRO_PLACES)
        .and_then(|(n, _)| i64::try_from(n).ok())
        .map(Micro)
}

/// Reads RFC 3339 with any number of fraction digits (cut to milliseconds) and any offset; `None` when it is no such time.
pub(super) fn read_time(text: &str) -> Option<Time> {
    let number = |from: usize, to: usize| {
        text.get(from..to)
            .filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?
            .parse::<i64>()
            .ok()
    };
    let at = |i: usize, allowed: &[u8]| text.as_bytes().get(i).is_some_and(|b| allowed.contains(b));
    let separators = at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":");
    if !separators || text.len() > MAX_NUMBER {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Second 60 is a leap second: it counts as the next second's beginning.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let fraction_len = rest.strip_prefix('.').map_or(0, |f| {
        f.bytes()
            .take_while(u8::is_ascii_digit)
            .count()
            .saturating_add(1)
    });
    let fraction: String = rest
        .get(..fraction_len)?
        .chars()
        .skip(1)
        .chain("000".chars())
        .take(3)
        .collect();
    if fraction_len == 1 {
        return None;
    }
    let day = days_from_civil(year, month, day)?.checked_mul(DAY)?;
    let clock = hour * HOUR + minute * MINUTE + second * SECOND + fraction.parse::<i64>().ok()?;
    Some(Time(
        day.checked_add(clock)?
            .checked_sub(offset(rest.get(fraction_len..)?)?)?,
    ))
}

/// Milliseconds east of Greenwich.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let two = |t: &str| {
        if t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()) {
            t.parse::<i64>().ok()
        } else {
            None
        }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 23 || minutes > 59 {
        None
    } else {
        Some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

/// Days since 1970-01-01, for years 0 to 9999; `None` when there is no such day.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let before: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let month_index = usize::try_from(month.checked_sub(1)?).ok()?;
    let start = before.get(month_index)?;
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day < 1 || day > length {
        return None;
    }
    let past = year - 1;
    let leap_days = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    let this_leap = i64::from(leap && month > 2);
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    Some(past * 365 + leap_days + start + this_leap + day - 1 - 719_162)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, places, expected) in [
            ("12.5", 3, Some((12_500, true))),
            ("0.1234567", 6, Some((123_456, false))),
            ("-1.5e3", 0, Some((-1_500, true))),
            ("1E-3", 6, Some((1_000, true))),
            ("-0", 3, Some((0, true))),
            ("0e999", 3, Some((0, true))),
            ("1e308", 3, None),
            ("99999999999999999999999999999999999999999", 0, None),
            ("1e99999999999", 0, None),
        ] {
            assert_eq!(scaled(text, places), expected, "{text}");
        }
        for micros in [0, 1, -1, 12_340_000, i64::MAX, i64::MIN] {
            assert_eq!(read_money(&money(Micro(micros))), Some(Micro(micros)));
        }
        assert_eq!(money(Micro(12_340_000)).as_str(), "12.34");
    }

    #[test]
    fn times() {
        for millis in [
            0,
            951_782_400_000,
            1_795_422_087_123,
            -62_135_596_800_000,
            4_102_444_799_999,
        ] {
            assert_eq!(
                read_time(&Time(millis).rfc3339()),
                Some(Time(millis)),
                "{}",
                Time(millis)
            );
        }
        assert_eq!(
            read_time("2026-11-23T08:21:27.123456789+01:30"),
            Some(Time(1_795_422_087_123 - 90 * MINUTE))
        );
        assert_eq!(
            read_time("2026-11-23T08:21:27Z"),
            Some(Time(1_795_422_087_000))
        );
        for bad in [
            "",
            "2026-11-23",
            "2026-02-29T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T08:21:27",
            "2026-11-23T08:21:27.Z",
            "2026-11-23T08:21:27é",
        ] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
    }
}
