//! Typed cells: how a cell becomes a value by its type, and how it is written again.
//!
//! A scalar is written plainly. Lists and nested fields are JSON (RFC 8259) inside the cell, read by the type that the schema gives: `[1, 2]`,
//! `{"station": "A", "readings": [1, 2]}`. Inside JSON, numbers are bare; texts, classes and timestamps are strings.

use core::fmt::Write as _;
use fairway_forecast::hour::day_of;
use fairway_model::Time;

/// The most elements of a list.
pub const MAX_ELEMENTS: usize = 1_000;
/// The most digits behind the point of a decimal.
pub const MAX_DIGITS: u8 = 9;

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number with at most so many digits behind the point; kept as a whole number of the last one.
    Decimal(u8),
    /// One of some names.
    Class(Vec<String>),
    /// Any text.
    Text,
    /// An instant with its distance from universal time.
    Timestamp,
    /// Several values of one type.
    List(Box<Self>),
    /// Named values.
    Fields(Vec<(String, Self)>),
}

/// A cell's value. [`Value::Missing`] stands for an empty cell of an optional column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Missing,
    /// An integer, or a decimal in units of its last digit.
    Integer(i64),
    /// The place of a class among the names.
    Class(usize),
    /// A text.
    Text(String),
    /// An instant.
    Timestamp(Time),
    /// A list.
    List(Vec<Self>),
    /// Nested fields, in the order of their type.
    Fields(Vec<Self>),
}

impl Value {
    /// The number, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl Kind {
    /// The type's name, as messages say it.
    pub fn name(&self) -> String {
        match self {
            Self::Integer => "integer such as 1250".to_owned(),
            Self::Decimal(0) => "decimal number such as 1250".to_owned(),
            Self::Decimal(digits) => format!(
                "decimal number with at most {digits} digits behind the point, such as 12.5"
            ),
            Self::Class(names) => format!("class; it is one of {}", names.join(", ")),
            Self::Text => "text".to_owned(),
            Self::Timestamp => {
                "timestamp such as 2026-11-29T08:00Z or 2026-11-29T08:00:00-05:00".to_owned()
            }
            Self::List(_) => "list such as [1, 2]".to_owned(),
            Self::Fields(_) => "set of nested fields such as {\"a\": 1}".to_owned(),
        }
    }

    /// Reads a cell.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn read(&self, cell: &str) -> Result<Value, String> {
        match self {
            Self::List(_) | Self::Fields(_) => {
                let mut cursor = Cursor { text: cell, at: 0 };
                let value = cursor.value(self)?;
                cursor.space();
                if cursor.peek().is_some() {
                    return Err(cursor.wrong("the end of the cell"));
                }
                Ok(value)
            }
            Self::Text if cell.starts_with(['=', '+', '-', '@', '\t']) => Err(format!(
                "the text begins with `{}`, which a spreadsheet would run as a formula; put another character before it",
                cell.chars()
                    .next()
                    .map(|c| c.escape_default().to_string())
                    .unwrap_or_default()
            )),
            _ => self.scalar(cell),
        }
    }

    fn scalar(&self, text: &str) -> Result<Value, String> {
        let found = match self {
            Self::Integer => text.parse().ok().map(Value::Integer),
            Self::Decimal(digits) => decimal(text, *digits).map(Value::Integer),
            Self::Class(names) => names.iter().position(|name| name == text).map(Value::Class),
            Self::Text => Some(Value::Text(text.to_owned())),
            Self::Timestamp => return timestamp(text).map(Value::Timestamp),
            Self::List(_) | Self::Fields(_) => None,
        };
        found.ok_or_else(|| format!("`{}` is no {}", short(text), self.name()))
    }

    /// Writes a value as a cell; [`Kind::read`] gives the same value again.
    pub fn write(&self, value: &Value) -> String {
        match (self, value) {
            (Self::List(_) | Self::Fields(_), Value::List(_) | Value::Fields(_)) => {
                self.json(value)
            }
            _ => self.plain(value),
        }
    }

    fn plain(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Decimal(digits), Value::Integer(number)) => decimal_text(*number, *digits),
            (_, Value::Integer(number)) => number.to_string(),
            (Self::Class(names), Value::Class(place)) => {
                names.get(*place).cloned().unwrap_or_default()
            }
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Timestamp(time)) => time.rfc3339(),
            _ => String::new(),
        }
    }

    fn json(&self, value: &Value) -> String {
        match (self, value) {
            (Self::List(kind), Value::List(values)) => {
                let parts: Vec<String> = values.iter().map(|v| kind.json(v)).collect();
                format!("[{}]", parts.join(","))
            }
            (Self::Fields(kinds), Value::Fields(values)) => {
                let parts = kinds.iter().zip(values);
                let parts: Vec<String> = parts
                    .map(|((name, kind), v)| format!("{}:{}", quoted(name), kind.json(v)))
                    .collect();
                format!("{{{}}}", parts.join(","))
            }
            (Self::Integer | Self::Decimal(_), _) => self.plain(value),
            _ => quoted(&self.plain(value)),
        }
    }
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push_str("...");
    }
    shown
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A decimal text in units of its last digit. More digits than allowed are refused unless they are zeros.
pub fn decimal(text: &str, digits: u8) -> Option<i64> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) || rest.ends_with('.') {
        return None;
    }
    let size = usize::from(digits.min(MAX_DIGITS));
    let (kept, beyond) = part.split_at_checked(size).unwrap_or((part, ""));
    if beyond.bytes().any(|b| b != b'0') {
        return None;
    }
    let number: i64 = format!("{whole}{kept:0<size$}").parse().ok()?;
    number.checked_mul(sign)
}

/// The text of a number in units of its last digit.
pub fn decimal_text(number: i64, digits: u8) -> String {
    let size = usize::from(digits.min(MAX_DIGITS));
    if size == 0 {
        return number.to_string();
    }
    let sign = if number < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", number.unsigned_abs(), width = size + 1);
    let (whole, part) = all.split_at_checked(all.len() - size).unwrap_or(("0", ""));
    format!("{sign}{whole}.{part}")
}

/// An instant of the form `2026-11-29T08:00Z`, with seconds, thousandths and another distance from universal time where there are any.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn timestamp(text: &str) -> Result<Time, String> {
    let wrong = || format!("`{}` is no {}", short(text), Kind::Timestamp.name());
    let (date, rest) = text.split_once(['T', ' ']).ok_or_else(wrong)?;
    let (clock, offset) = if let Some(clock) = rest.strip_suffix('Z') {
        (clock, 0)
    } else {
        let place = rest.rfind(['+', '-']).ok_or_else(|| {
            format!(
                "`{}` says no distance from universal time; add `Z`, or one such as -05:00",
                short(text)
            )
        })?;
        let (clock, offset) = rest.split_at_checked(place).ok_or_else(wrong)?;
        (clock, minutes(offset).ok_or_else(wrong)?)
    };
    let day = date_of(date).ok_or_else(wrong)?;
    let millis = clock_of(clock).ok_or_else(wrong)?;
    Ok(Time(day * 86_400_000 + millis - offset * 60_000))
}

/// Days from 1970 to a date of the form 2026-11-29.
pub fn date_of(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let sizes = (year.len(), month.len(), day.len()) == (4, 2, 2) && parts.next().is_none();
    let found = day_of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    sizes.then_some(found.0)
}

fn clock_of(text: &str) -> Option<i64> {
    let (clock, thousandths) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let mut part = |most: i64| -> Option<i64> {
        let text = parts.next()?;
        let number: i64 = text.parse().ok()?;
        (text.len() == 2 && (0..=most).contains(&number)).then_some(number)
    };
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if clock.len() > 5 { part(59)? } else { 0 };
    let millis = decimal(&format!("0.{thousandths}"), 3)?;
    (parts.next().is_none()).then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis)
}

fn minutes(text: &str) -> Option<i64> {
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or((1, text.strip_prefix('+')), |rest| (-1, Some(rest)));
    let (hours, minutes) = rest?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=18).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (hours * 60 + minutes))
}

/// A place in the JSON of a cell.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn wrong(&self, wanted: &str) -> String {
        format!(
            "at character {} of the cell, {wanted} would be right",
            self.at + 1
        )
    }

    fn take(&mut self, wanted: char) -> bool {
        self.space();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{wanted}`")))
        }
    }

    /// Types are nested to a bounded depth, so this recursion is.
    fn value(&mut self, kind: &Kind) -> Result<Value, String> {
        match kind {
            Kind::List(inner) => self.list(inner),
            Kind::Fields(fields) => self.fields(fields),
            Kind::Integer | Kind::Decimal(_) => {
                self.space();
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '.'))
                    .unwrap_or(rest.len());
                let token = rest.get(..end).unwrap_or_default();
                let value = kind
                    .scalar(token)
                    .map_err(|_| self.wrong(&format!("a{} {}", article(kind), kind.name())))?;
                self.at += end;
                Ok(value)
            }
            _ => {
                let text = self.string()?;
                kind.scalar(&text)
            }
        }
    }

    fn list(&mut self, kind: &Kind) -> Result<Value, String> {
        self.expect('[')?;
        let mut values = Vec::new();
        if self.take(']') {
            return Ok(Value::List(values));
        }
        loop {
            if values.len() == MAX_ELEMENTS {
                return Err(format!("the list has more than {MAX_ELEMENTS} elements"));
            }
            values.push(self.value(kind)?);
            if self.take(']') {
                return Ok(Value::List(values));
            }
            self.expect(',')?;
        }
    }

    /// The fields in any order, each exactly once.
    fn fields(&mut self, kinds: &[(String, Kind)]) -> Result<Value, String> {
        self.expect('{')?;
        let mut values: Vec<Option<Value>> = vec![None; kinds.len()];
        for round in 0..kinds.len() {
            if round > 0 {
                self.expect(',')?;
            }
            self.space();
            let name = self.string()?;
            let place = kinds.iter().position(|(known, _)| *known == name);
            let slot = place.and_then(|place| Some((values.get_mut(place)?, kinds.get(place)?)));
            let Some((slot @ None, (_, kind))) = slot else {
                let names: Vec<&str> = kinds.iter().map(|(known, _)| known.as_str()).collect();
                return Err(format!(
                    "field `{}` is unknown or there twice; the fields are {}",
                    short(&name),
                    names.join(", ")
                ));
            };
            self.expect(':')?;
            *slot = Some(self.value(kind)?);
        }
        self.expect('}')?;
        Ok(Value::Fields(values.into_iter().flatten().collect()))
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += place + 1;
                    return Ok(out);
                }
                '\\' => {
                    let escaped = chars.next().map(|(_, c)| c);
                    let plain = match escaped {
                        Some('n') => Some('\n'),
                        Some('t') => Some('\t'),
                        Some('r') => Some('\r'),
                        Some('u') => {
                            let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                            u32::from_str_radix(&digits, 16)
                                .ok()
                                .and_then(char::from_u32)
                        }
                        Some(c @ ('"' | '\\' | '/')) => Some(c),
                        _ => None,
                    };
                    out.push(plain.ok_or_else(|| self.wrong("a string with known escapes"))?);
                }
                c => out.push(c),
            }
        }
        Err(self.wrong("a string that ends with a quote"))
    }
}

fn article(kind: &Kind) -> &'static str {
    if matches!(kind, Kind::Integer) {
        "n"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_read_and_write() {
        for (kind, text) in [
            (Kind::Integer, "-12"),
            (Kind::Decimal(3), "14794.250"),
            (Kind::Decimal(2), "-0.05"),
            (Kind::Class(vec!["a".to_owned(), "b".to_owned()]), "b"),
            (Kind::Text, "any, \"text\""),
            (Kind::Timestamp, "2026-11-29T08:00:00.250Z"),
        ] {
            let value = kind.read(text).unwrap();
            assert_eq!(kind.write(&value), text);
        }
        assert_eq!(Kind::Decimal(3).read("1.5").unwrap(), Value::Integer(1_500));
    }

    #[test]
    fn timestamps_know_their_zone() {
        let utc = timestamp("2026-11-29T08:00Z").unwrap();
        assert_eq!(timestamp("2026-11-29T03:00:00-05:00").unwrap(), utc);
        assert_eq!(timestamp("2026-11-29 09:30+01:30").unwrap(), utc);
    }

    #[test]
    fn nested_fields_and_lists_read_and_write() {
        let kind = Kind::Fields(vec![
            ("station".to_owned(), Kind::Text),
            (
                "readings".to_owned(),
                Kind::List(Box::new(Kind::Decimal(1))),
            ),
        ]);
        let value = kind
            .read(r#"{ "readings": [1, 2.5], "station": "a\"\u0041\n" }"#)
            .unwrap();
        assert_eq!(
            value,
            Value::Fields(vec![
                Value::Text("a\"A\n".to_owned()),
                Value::List(vec![Value::Integer(10), Value::Integer(25)])
            ])
        );
        assert_eq!(kind.read(&kind.write(&value)).unwrap(), value);
        assert_eq!(
            Kind::List(Box::new(Kind::Text)).read("[]").unwrap(),
            Value::List(Vec::new())
        );
    }

    #[test]
    fn mistyped_cells_say_what_would_be_right() {
        let class = Kind::Class(vec!["winter".to_owned(), "summer".to_owned()]);
        let list = Kind::List(Box::new(Kind::Integer));
        let fields = Kind::Fields(vec![("a".to_owned(), Kind::Integer)]);
        for (kind, text, wanted) in [
            (Kind::Integer, "12.5", "`12.5` is no integer such as 1250"),
            (Kind::Integer, "=1+1", "`=1+1` is no integer such as 1250"),
            (
                Kind::Decimal(1),
                "1.25",
                "`1.25` is no decimal number with at most 1 digits behind the point, such as 12.5",
            ),
            (
                class,
                "autumn",
                "`autumn` is no class; it is one of winter, summer",
            ),
            (
                Kind::Text,
                "=cmd()",
                "the text begins with `=`, which a spreadsheet would run as a formula; put another character before it",
            ),
            (
                Kind::Timestamp,
                "2026-02-30T00:00Z",
                "`2026-02-30T00:00Z` is no timestamp such as 2026-11-29T08:00Z or 2026-11-29T08:00:00-05:00",
            ),
            (
                Kind::Timestamp,
                "2026-11-29T08:00",
                "`2026-11-29T08:00` says no distance from universal time; add `Z`, or one such as -05:00",
            ),
            (
                list.clone(),
                "[1, x]",
                "at character 5 of the cell, an integer such as 1250 would be right",
            ),
            (list, "[1", "at character 3 of the cell, `,` would be right"),
            (
                fields.clone(),
                "{\"b\": 1}",
                "field `b` is unknown or there twice; the fields are a",
            ),
            (
                fields,
                "{\"a\": 1} x",
                "at character 10 of the cell, the end of the cell would be right",
            ),
        ] {
            assert_eq!(kind.read(text).unwrap_err(), wanted);
        }
    }

    #[test]
    fn lists_have_a_bound() {
        let many = format!("[{}1]", "1,".repeat(MAX_ELEMENTS));
        let kind = Kind::List(Box::new(Kind::Integer));
        assert_eq!(
            kind.read(&many).unwrap_err(),
            "the list has more than 1000 elements"
        );
    }
}
