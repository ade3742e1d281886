//! Numbers, amounts, dates and times as a language writes them.

use crate::{Language, Value, Words};
use fairway_model::time::{HOUR, MINUTE, SECOND, civil_from_days};
use fairway_model::{Currency, Energy, Micro, Ppm, Time};

/// Between a number and its unit: they stay on one line.
const NO_BREAK: char = '\u{a0}';

/// How a language writes numbers (CLDR).
struct Marks {
    decimal: char,
    group: char,
    /// Fewest digits before the decimal mark that are grouped.
    grouped_from: usize,
}

impl Language {
    const fn marks(self) -> Marks {
        match self {
            Self::En => Marks {
                decimal: '.',
                group: ',',
                grouped_from: 4,
            },
            Self::Es => Marks {
                decimal: ',',
                group: '.',
                grouped_from: 5,
            },
            Self::De => Marks {
                decimal: ',',
                group: '.',
                grouped_from: 4,
            },
        }
    }
}

impl Words {
    /// A decimal number such as `-1234.5` with the language's marks.
    pub fn decimal(&self, plain: &str) -> String {
        let marks = self.language().marks();
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", plain),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut out = String::from(sign);
        let length = whole.len();
        for (at, digit) in whole.chars().enumerate() {
            let left = length.saturating_sub(at);
            if at > 0 && left.is_multiple_of(3) && length >= marks.grouped_from {
                out.push(marks.group);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(marks.decimal);
            out.push_str(fraction);
        }
        out
    }

    /// An amount without its currency, with at least the currency's minor digits.
    pub fn figure(&self, amount: Micro, currency: Currency) -> String {
        self.decimal(&amount.text(currency))
    }

    /// An amount with its currency.
    pub fn amount(&self, amount: Micro, currency: Currency) -> String {
        format!("{}{NO_BREAK}{currency}", self.figure(amount, currency))
    }

    /// Energy in kilowatt-hours.
    pub fn energy(&self, energy: Energy) -> String {
        format!("{}{NO_BREAK}kWh", self.decimal(&energy.kwh_text()))
    }

    /// A rate as a percentage.
    pub fn rate(&self, rate: Ppm) -> String {
        self.percent(u64::from(rate.0))
    }

    /// Basis points as a percentage.
    pub fn basis_points(&self, bps: u32) -> String {
        self.percent(u64::from(bps).saturating_mul(100))
    }

    fn percent(&self, ppm: u64) -> String {
        let (whole, rest) = (ppm.div_euclid(10_000), ppm.rem_euclid(10_000));
        let fraction = format!("{rest:04}");
        let fraction = fraction.trim_end_matches('0');
        let plain = if fraction.is_empty() {
            whole.to_string()
        } else {
            format!("{whole}.{fraction}")
        };
        format!("{}{NO_BREAK}%", self.decimal(&plain))
    }

    /// A length of time in hours, minutes and seconds.
    pub fn duration(&self, millis: u64) -> String {
        let seconds = millis.div_euclid(1_000);
        let (hours, rest) = (seconds.div_euclid(3_600), seconds.rem_euclid(3_600));
        format!(
            "{hours}:{:02}:{:02}{NO_BREAK}h",
            rest.div_euclid(60),
            rest.rem_euclid(60)
        )
    }

    /// The day of an instant at a place whose clock is `offset` milliseconds ahead of UTC.
    pub fn day(&self, at: Time, offset: i64) -> String {
        let (days, _) = split(at, offset);
        let (year, month, day) = civil_from_days(days);
        let (year, month, day) = (
            format!("{year:04}"),
            format!("{month:02}"),
            format!("{day:02}"),
        );
        self.tell(
            "bill-date",
            &[
                ("year", Value::Text(&year)),
                ("month", Value::Text(&month)),
                ("day", Value::Text(&day)),
            ],
        )
    }

    /// Hours and minutes of an instant at such a place.
    pub fn clock(&self, at: Time, offset: i64) -> String {
        let (_, millis) = split(at, offset);
        format!(
            "{:02}:{:02}",
            millis.div_euclid(HOUR),
            millis.div_euclid(MINUTE).rem_euclid(60)
        )
    }

    /// Day and time to the second in UTC.
    pub fn instant(&self, at: Time) -> String {
        let (_, millis) = split(at, 0);
        let seconds = millis.div_euclid(SECOND).rem_euclid(60);
        format!(
            "{} {}:{seconds:02}{NO_BREAK}UTC",
            self.day(at, 0),
            self.clock(at, 0)
        )
    }

    /// A clock's distance from UTC: `UTC-05:00`.
    pub fn offset(&self, offset: i64) -> String {
        let minutes = offset.abs().div_euclid(MINUTE);
        let sign = if offset < 0 { '-' } else { '+' };
        format!(
            "UTC{sign}{:02}:{:02}",
            minutes.div_euclid(60),
            minutes.rem_euclid(60)
        )
    }

    /// A month with its year.
    pub fn month(&self, year: i16, month: u8) -> String {
        let name = self.say(&format!("bill-month-{month}"));
        let year = format!("{year:04}");
        self.tell(
            "bill-month",
            &[("name", Value::Text(&name)), ("year", Value::Text(&year))],
        )
    }
}

/// Day since 1970 and millisecond of the day, at a place.
fn split(at: Time, offset: i64) -> (i64, i64) {
    let local = at.plus(offset).0;
    (
        local.div_euclid(fairway_model::time::DAY),
        local.rem_euclid(fairway_model::time::DAY),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        for (language, plain, written) in [
            (Language::En, "1234.5", "1,234.5"),
            (Language::En, "-123", "-123"),
            (Language::Es, "1234.5", "1234,5"),
            (Language::Es, "12345.25", "12.345,25"),
            (Language::De, "1234567", "1.234.567"),
            (Language::De, "-0.07", "-0,07"),
        ] {
            assert_eq!(Words::of(language).decimal(plain), written);
        }
        let german = Words::of(Language::De);
        assert_eq!(
            german.amount(Micro(1_234_500_000), Currency::EUR),
            "1.234,50\u{a0}EUR"
        );
        assert_eq!(german.rate(Ppm(72_500)), "7,25\u{a0}%");
        assert_eq!(german.basis_points(10_500), "105\u{a0}%");
        assert_eq!(german.duration(5_025_000), "1:23:45\u{a0}h");
    }

    #[test]
    fn dates_are_those_of_the_place() {
        // 2026-11-23T02:05:07Z is still the 22nd in New York.
        let (at, new_york) = (Time(1_795_399_507_000), -5 * HOUR);
        for (language, day) in [
            (Language::En, "2026-11-22"),
            (Language::Es, "22/11/2026"),
            (Language::De, "22.11.2026"),
        ] {
            assert_eq!(Words::of(language).day(at, new_york), day);
        }
        let english = Words::of(Language::En);
        assert_eq!(english.clock(at, new_york), "21:05");
        assert_eq!(english.offset(new_york), "UTC-05:00");
        assert_eq!(english.offset(5 * HOUR + 30 * MINUTE), "UTC+05:30");
        assert_eq!(english.instant(at), "2026-11-23 02:05:07\u{a0}UTC");
        assert_eq!(Words::of(Language::Es).month(2026, 11), "noviembre de 2026");
    }

    #[test]
    fn plural_follows_the_number() {
        let english = Words::of(Language::En);
        let charges = |n| english.tell("bill-charges", &[("count", Value::Count(n))]);
        assert_eq!(
            (charges(1), charges(2)),
            ("1 charge".to_owned(), "2 charges".to_owned())
        );
        assert_eq!(english.say("no-such-message"), "no-such-message");
    }

    #[test]
    fn languages_are_read_from_tags() {
        assert_eq!(Language::parse("es-MX"), Ok(Language::Es));
        assert_eq!(Language::parse("DE"), Ok(Language::De));
        assert!(
            Language::parse("fr")
                .unwrap_err()
                .to_string()
                .contains("en, es or de")
        );
        assert_eq!(Language::nearest("fr"), Language::En);
    }
}
