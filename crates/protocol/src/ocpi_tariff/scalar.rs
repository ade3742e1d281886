//! Numbers, times and dates of OCPI, read exactly.

use super::OcpiError;
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND};
use fairway_model::{Energy, Time};
use serde_json::Number;

pub(super) fn hours_to_millis(hours: &Number, path: impl Fn() -> String) -> Result<i64, OcpiError> {
    let billionths = scaled(hours.as_str(), 9, true)
        .and_then(|v| v.checked_mul(HOUR))
        .and_then(|v| v.checked_add(500_000_000));
    billionths
        .map(|v| v.div_euclid(1_000_000_000))
        .ok_or_else(|| OcpiError::Field(path(), "is no count of hours"))
}

pub(super) fn energy(n: &Number, path: impl Fn() -> String) -> Result<Energy, OcpiError> {
    let mwh = decimal(n, 6, &path)?;
    u64::try_from(mwh)
        .map(Energy)
        .map_err(|_| OcpiError::Field(path(), "is a negative energy; 0 or more is right"))
}

pub(super) fn small(n: &Number, digits: u32, path: impl Fn() -> String) -> Result<u32, OcpiError> {
    let value = decimal(n, digits, &path)?;
    u32::try_from(value).map_err(|_| OcpiError::Field(path(), "is negative or too large"))
}

pub(super) fn decimal(
    n: &Number,
    digits: u32,
    path: impl Fn() -> String,
) -> Result<i64, OcpiError> {
    let wrong = || {
        OcpiError::Field(
            path(),
            "is out of range or has more digits after the point than are counted",
        )
    };
    scaled(n.as_str(), digits, false).ok_or_else(wrong)
}

/// A JSON number times ten to the power of `digits`. Digits beyond are cut when `cut`, else they must be zero.
pub(super) fn scaled(text: &str, digits: u32, cut: bool) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = mantissa
        .strip_prefix('-')
        .map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value: i64 = 0;
    // Digits that are still to come before the last one that counts.
    let mut room = i32::try_from(whole.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(i32::try_from(digits).ok()?)?;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = i64::from(byte.checked_sub(b'0').filter(|d| *d <= 9)?);
        if room <= 0 {
            if digit != 0 && !cut {
                return None;
            }
            continue;
        }
        room = room.checked_sub(1)?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    while room > 0 && value != 0 {
        room = room.checked_sub(1)?;
        value = value.checked_mul(10)?;
    }
    if negative {
        value.checked_neg()
    } else {
        Some(value)
    }
}

/// `HH:MM` in minutes of the day.
pub(super) fn clock(text: &str, path: impl Fn() -> String) -> Result<u16, OcpiError> {
    let read = |bytes: &[u8]| match bytes {
        [h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            (hours < 24 && minutes < 60)
                .then(|| u16::try_from(hours.saturating_mul(60).saturating_add(minutes)).ok())?
        }
        _ => None,
    };
    read(text.as_bytes())
        .ok_or_else(|| OcpiError::Field(path(), "is no time of day from 00:00 to 23:59"))
}

/// `YYYY-MM-DD` in days since 1970-01-01.
pub(super) fn date(text: &[u8], path: impl Fn() -> String) -> Result<i32, OcpiError> {
    let read = || match text {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => days(
            number(&[*y1, *y2, *y3, *y4])?,
            number(&[*m1, *m2])?,
            number(&[*d1, *d2])?,
        ),
        _ => None,
    };
    read()
        .and_then(|d| i32::try_from(d).ok())
        .ok_or_else(|| OcpiError::Field(path(), "is no date such as 2026-11-23"))
}

/// RFC 3339, or without zone in UTC (2.1.1); digits beyond milliseconds are cut.
pub(super) fn time(text: &str, path: impl Fn() -> String) -> Result<Time, OcpiError> {
    instant(text.trim().as_bytes())
        .ok_or_else(|| OcpiError::Field(path(), "is no time such as 2026-11-23T08:21:27Z"))
}

fn instant(text: &[u8]) -> Option<Time> {
    let (day, rest) = text.split_at_checked(10)?;
    let day = i64::from(date(day, String::new).ok()?);
    let [
        b'T' | b't' | b' ',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        rest @ ..,
    ] = rest
    else {
        return None;
    };
    let (hour, minute, second) = (
        number(&[*h1, *h2])?,
        number(&[*m1, *m2])?,
        number(&[*s1, *s2])?,
    );
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let terms = [
        (day, DAY),
        (hour, HOUR),
        (minute, MINUTE),
        (second, SECOND),
        (offset(zone)?.checked_neg()?, MINUTE),
    ];
    terms
        .iter()
        .try_fold(millis, |sum, (count, unit)| {
            sum.checked_add(count.checked_mul(*unit)?)
        })
        .map(Time)
}

/// Milliseconds of `.123`, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = text else {
        return Some((0, text));
    };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, zone) = rest.split_at_checked(count)?;
    let mut three = [b'0'; 3];
    three
        .iter_mut()
        .zip(digits)
        .for_each(|(to, from)| *to = *from);
    (count > 0).then_some((number(&three)?, zone))
}

/// Minutes east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    match text {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = number(&[*h1, *h2])?
                .checked_mul(60)?
                .checked_add(number(&[*m1, *m2])?)?;
            if *sign == b'-' {
                minutes.checked_neg()
            } else {
                Some(minutes)
            }
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |n, b| {
        let digit = b.checked_sub(b'0').filter(|d| *d <= 9)?;
        n.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

/// Days since 1970-01-01 of a Gregorian date; `None` when there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > last {
        return None;
    }
    // Counted from March, so that a leap day is the last of its year.
    let (y, m) = if month > 2 {
        (year, month.saturating_sub(3))
    } else {
        (year.saturating_sub(1), month.saturating_add(9))
    };
    let of_year = m
        .saturating_mul(153)
        .saturating_add(2)
        .div_euclid(5)
        .saturating_add(day)
        .saturating_sub(1);
    let leaps = y
        .div_euclid(4)
        .saturating_sub(y.div_euclid(100))
        .saturating_add(y.div_euclid(400));
    Some(
        y.saturating_mul(365)
            .saturating_add(leaps)
            .saturating_add(of_year)
            .saturating_sub(719_468),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, digits, value) in [
            ("0.25", 6, Some(250_000)),
            ("-3", 6, Some(-3_000_000)),
            ("1.2345670", 6, Some(1_234_567)),
            ("1.2345678", 6, None),
            ("1e3", 6, Some(1_000_000_000)),
            ("25e-2", 6, Some(250_000)),
            ("2.5E+1", 4, Some(250_000)),
            ("9223372036854775807", 6, None),
            ("0.0000000000", 6, Some(0)),
            ("0e999999", 6, Some(0)),
        ] {
            assert_eq!(scaled(text, digits, false), value, "{text}");
        }
    }

    #[test]
    fn times_are_read() {
        for (text, want) in [
            ("2026-11-23T08:21:27.123Z", "2026-11-23T08:21:27.123Z"),
            ("2015-06-29T21:39:09", "2015-06-29T21:39:09.000Z"),
            ("2024-04-15 10:00:00+02:00", "2024-04-15T08:00:00.000Z"),
            ("2000-02-29T00:00:00.5-05:30", "2000-02-29T05:30:00.500Z"),
        ] {
            assert_eq!(time(text, String::new).unwrap().rfc3339(), want);
        }
        for bad in [
            "",
            "2023-02-29T00:00:00Z",
            "2026-11-23",
            "2026-11-23T24:00:00Z",
            "2026-11-23T08:21:27+1",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(time(bad, String::new).is_err(), "{bad}");
        }
    }
}
