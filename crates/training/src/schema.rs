//! What the columns of a data set are: names, types, whether a cell may be empty, and what a column means for the forecast.
//!
//! A schema is text, one column a line: `NAME: TYPE [optional] [as ROLE]`; what follows ` #` is a remark. Types are `integer`, `decimal(DIGITS)`,
//! `class(A, B)`, `text`, `timestamp`, `list(TYPE)` and `fields(NAME: TYPE, ...)`. Roles are `hour` (the instant at which an hour begins),
//! `hour-ending`, `load in MW`, `forecast in MW` (or kW, GW), `temperature` (degrees) and `flag` (a class whose first name means a measured load).

use crate::csv::{Finding, MAX_COLUMNS};
use crate::value::{Kind, MAX_DIGITS};
use core::fmt::Write as _;

/// The longest schema text, in bytes.
pub const MAX_SCHEMA_TEXT: usize = 1 << 16;
/// The deepest nesting of lists and fields.
pub const MAX_NESTING: usize = 8;
/// The longest name of a column, class or field, in bytes.
pub const MAX_NAME: usize = 128;

/// The schema of a data set of hourly loads.
pub const LOADS: &str = "\
hour: timestamp as hour
load_kw: integer optional as load in kW
forecast_kw: integer optional as forecast in kW
temperature: decimal(3) optional as temperature
quality: class(measured, imputed) optional as flag
";

/// The unit of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerUnit {
    /// Kilowatts.
    Kilowatt,
    /// Megawatts.
    Megawatt,
    /// Gigawatts.
    Gigawatt,
}

impl PowerUnit {
    /// Kilowatts of one.
    pub fn kilowatts(self) -> i64 {
        match self {
            Self::Kilowatt => 1,
            Self::Megawatt => 1_000,
            Self::Gigawatt => 1_000_000,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kilowatt => "kW",
            Self::Megawatt => "MW",
            Self::Gigawatt => "GW",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Kilowatt, Self::Megawatt, Self::Gigawatt]
            .into_iter()
            .find(|unit| unit.name() == text)
    }
}

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instant at which the row's hour begins.
    Hour,
    /// The instant at which it ends.
    HourEnding,
    /// The load.
    Load(PowerUnit),
    /// The member's own forecast of it.
    Forecast(PowerUnit),
    /// The temperature in degrees.
    Temperature,
    /// Whether the load was measured: the first class says so.
    Flag,
}

impl Role {
    fn text(self) -> String {
        match self {
            Self::Hour => "hour".to_owned(),
            Self::HourEnding => "hour-ending".to_owned(),
            Self::Load(unit) => format!("load in {}", unit.name()),
            Self::Forecast(unit) => format!("forecast in {}", unit.name()),
            Self::Temperature => "temperature".to_owned(),
            Self::Flag => "flag".to_owned(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(match words.as_slice() {
            ["hour"] => Self::Hour,
            ["hour-ending"] => Self::HourEnding,
            ["load", "in", unit] => Self::Load(PowerUnit::read(unit)?),
            ["forecast", "in", unit] => Self::Forecast(PowerUnit::read(unit)?),
            ["temperature"] => Self::Temperature,
            ["flag"] => Self::Flag,
            _ => return None,
        })
    }

    fn suits(self, kind: &Kind) -> bool {
        match self {
            Self::Hour | Self::HourEnding => *kind == Kind::Timestamp,
            Self::Load(_) | Self::Forecast(_) | Self::Temperature => {
                matches!(kind, Kind::Integer | Kind::Decimal(_))
            }
            Self::Flag => matches!(kind, Kind::Class(_)),
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether a cell may be empty.
    pub optional: bool,
    /// What it means for the forecast.
    pub role: Option<Role>,
}

/// The columns of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The columns, in their order.
    pub columns: Vec<Column>,
}

impl Schema {
    /// Reads a schema's text.
    ///
    /// # Errors
    /// The line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        if text.len() > MAX_SCHEMA_TEXT {
            return Err(Finding::file(format!(
                "the schema is longer than {MAX_SCHEMA_TEXT} bytes"
            )));
        }
        let mut columns: Vec<Column> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let column = column(line).map_err(|what| Finding::line(index + 1, what))?;
            if columns.iter().any(|known| known.name == column.name) {
                return Err(Finding::line(
                    index + 1,
                    format!("column `{}` is there twice", column.name),
                ));
            }
            columns.push(column);
        }
        let schema = Self { columns };
        schema.check().map_err(Finding::file)?;
        Ok(schema)
    }

    /// The schema of hourly loads, [`LOADS`].
    pub fn loads() -> Self {
        Self::parse(LOADS).unwrap_or(Self {
            columns: Vec::new(),
        })
    }

    fn check(&self) -> Result<(), String> {
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err(format!(
                "a schema has 1 to {MAX_COLUMNS} columns such as `load: integer as load in MW`"
            ));
        }
        let hours = self.places(|role| matches!(role, Role::Hour | Role::HourEnding));
        let loads = self.places(|role| matches!(role, Role::Load(_)));
        let others = [
            self.places(|role| matches!(role, Role::Forecast(_))),
            self.places(|role| role == Role::Temperature),
            self.places(|role| role == Role::Flag),
        ];
        let several = others.iter().any(|count| *count > 1) || hours > 1 || loads > 1;
        if several || hours != loads || (loads == 0 && others.iter().any(|count| *count > 0)) {
            return Err("each role is given once, and loads need `as hour` or `as hour-ending` and `as load in MW`".to_owned());
        }
        Ok(())
    }

    fn places(&self, wanted: impl Fn(Role) -> bool) -> usize {
        self.columns
            .iter()
            .filter(|c| c.role.is_some_and(&wanted))
            .count()
    }

    /// The place of the column with a role.
    pub fn place(&self, wanted: impl Fn(Role) -> bool) -> Option<usize> {
        self.columns
            .iter()
            .position(|c| c.role.is_some_and(&wanted))
    }

    /// Whether its rows are hourly loads.
    pub fn is_loads(&self) -> bool {
        self.place(|role| matches!(role, Role::Load(_))).is_some()
    }

    /// Its text; [`Schema::parse`] gives the same schema again.
    pub fn text(&self) -> String {
        self.columns.iter().fold(String::new(), |mut out, column| {
            let optional = if column.optional { " optional" } else { "" };
            let role = column
                .role
                .map(|role| format!(" as {}", role.text()))
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "{}: {}{optional}{role}",
                column.name,
                kind_text(&column.kind)
            );
            out
        })
    }
}

fn kind_text(kind: &Kind) -> String {
    match kind {
        Kind::Integer => "integer".to_owned(),
        Kind::Decimal(digits) => format!("decimal({digits})"),
        Kind::Class(names) => format!("class({})", names.join(", ")),
        Kind::Text => "text".to_owned(),
        Kind::Timestamp => "timestamp".to_owned(),
        Kind::List(inner) => format!("list({})", kind_text(inner)),
        Kind::Fields(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(name, kind)| format!("{name}: {}", kind_text(kind)))
                .collect();
            format!("fields({})", parts.join(", "))
        }
    }
}

fn column(line: &str) -> Result<Column, String> {
    let (name, rest) = line
        .split_once(": ")
        .ok_or("a column is `NAME: TYPE [optional] [as ROLE]`")?;
    let name = named(name)?;
    let (kind, rest) = kind(rest.trim_start(), 0)?;
    let (optional, rest) = match rest.trim_start().strip_prefix("optional") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let role = match rest.trim() {
        "" => None,
        other => {
            let role = other.strip_prefix("as ").and_then(Role::read).ok_or_else(|| {
                format!("`{other}` is no role; there are `as hour`, `as hour-ending`, `as load in MW`, `as forecast in MW` (kW, GW), `as temperature` and `as flag`")
            })?;
            if !role.suits(&kind) {
                return Err(format!(
                    "a column `{}` cannot be {}",
                    kind_text(&kind),
                    role.text()
                ));
            }
            Some(role)
        }
    };
    Ok(Column {
        name,
        kind,
        optional,
        role,
    })
}

fn named(text: &str) -> Result<String, String> {
    let name = text.trim();
    let sound = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_control);
    sound
        .then(|| name.to_owned())
        .ok_or_else(|| format!("a name has 1 to {MAX_NAME} bytes and no control characters"))
}

/// A type at the beginning of a text, and what follows it.
fn kind(text: &str, depth: usize) -> Result<(Kind, &str), String> {
    let end = text
        .find(|c: char| !c.is_ascii_lowercase())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if depth > MAX_NESTING {
        return Err(format!(
            "lists and fields are nested deeper than {MAX_NESTING}"
        ));
    }
    match word {
        "integer" => Ok((Kind::Integer, rest)),
        "text" => Ok((Kind::Text, rest)),
        "timestamp" => Ok((Kind::Timestamp, rest)),
        "decimal" => {
            let (inside, rest) = plain_inside(rest)?;
            let digits = inside.parse().ok().filter(|digits| *digits <= MAX_DIGITS);
            let digits = digits.ok_or_else(|| {
                format!("`decimal({inside})`: 0 to {MAX_DIGITS} digits would be right")
            })?;
            Ok((Kind::Decimal(digits), rest))
        }
        "class" => {
            let (inside, rest) = plain_inside(rest)?;
            let names: Vec<String> = inside.split(',').map(named).collect::<Result<_, _>>()?;
            let twice = names
                .iter()
                .enumerate()
                .any(|(place, name)| names.iter().skip(place + 1).any(|other| other == name));
            if twice {
                return Err("a class is named twice".to_owned());
            }
            Ok((Kind::Class(names), rest))
        }
        "list" => {
            let rest = rest.strip_prefix('(').ok_or(OPEN)?;
            let (inner, rest) = kind(rest.trim_start(), depth + 1)?;
            let rest = rest.trim_start().strip_prefix(')').ok_or(CLOSED)?;
            Ok((Kind::List(Box::new(inner)), rest))
        }
        "fields" => fields(rest, depth),
        _ => Err(format!(
            "`{word}` is no type; there are integer, decimal(DIGITS), class(A, B), text, timestamp, list(TYPE) and fields(NAME: TYPE, ...)"
        )),
    }
}

const OPEN: &str = "`(` is missing behind the type";
const CLOSED: &str = "`)` is missing";

fn plain_inside(text: &str) -> Result<(&str, &str), String> {
    let inside = text.strip_prefix('(').ok_or(OPEN)?;
    inside.split_once(')').ok_or_else(|| CLOSED.to_owned())
}

fn fields(text: &str, depth: usize) -> Result<(Kind, &str), String> {
    let mut rest = text.strip_prefix('(').ok_or(OPEN)?;
    let mut found: Vec<(String, Kind)> = Vec::new();
    loop {
        let (name, after) = rest
            .split_once(':')
            .ok_or("nested fields are `NAME: TYPE, ...`")?;
        let name = named(name)?;
        if found.iter().any(|(known, _)| *known == name) || found.len() == MAX_COLUMNS {
            return Err(format!(
                "field `{name}` is there twice, or one of more than {MAX_COLUMNS}"
            ));
        }
        let (inner, after) = kind(after.trim_start(), depth + 1)?;
        found.push((name, inner));
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(')') {
            return Ok((Kind::Fields(found), after));
        }
        rest = after.strip_prefix(',').ok_or(CLOSED)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "\
when: timestamp as hour-ending
Demand (MW): decimal(1) as load in MW
season: class(winter, summer)
note: text optional
stations: list(fields(name: text, readings: list(integer))) optional
";

    #[test]
    fn every_type_and_role_reads_back() {
        let schema = Schema::parse(ALL).unwrap();
        assert_eq!(schema.text(), ALL);
        assert!(schema.is_loads() && schema.columns.len() == 5);
        assert_eq!(Schema::loads().text(), LOADS);
        assert!(
            !Schema::parse("a: integer # a remark\n\n# another\n")
                .unwrap()
                .is_loads()
        );
    }

    #[test]
    fn what_is_wrong_with_a_schema_is_named_with_its_line() {
        let deep = format!("a: {}integer{}", "list(".repeat(20), ")".repeat(20));
        for (text, wanted) in [
            (
                "a integer",
                "line 1: a column is `NAME: TYPE [optional] [as ROLE]`",
            ),
            (
                "a: float",
                "line 1: `float` is no type; there are integer, decimal(DIGITS), class(A, B), text, timestamp, list(TYPE) and fields(NAME: TYPE, ...)",
            ),
            ("a: integer\na: text", "line 2: column `a` is there twice"),
            (
                "a: decimal(10)",
                "line 1: `decimal(10)`: 0 to 9 digits would be right",
            ),
            ("a: list(integer", "line 1: `)` is missing"),
            ("a: class(b, b)", "line 1: a class is named twice"),
            (
                "a: text as load in MW",
                "line 1: a column `text` cannot be load in MW",
            ),
            (
                "a: integer as load in PS",
                "line 1: `as load in PS` is no role; there are `as hour`, `as hour-ending`, `as load in MW`, `as forecast in MW` (kW, GW), `as temperature` and `as flag`",
            ),
            (
                "a: integer as load in MW",
                "each role is given once, and loads need `as hour` or `as hour-ending` and `as load in MW`",
            ),
            (
                "",
                "a schema has 1 to 256 columns such as `load: integer as load in MW`",
            ),
            (&deep, "line 1: lists and fields are nested deeper than 8"),
        ] {
            assert_eq!(Schema::parse(text).unwrap_err().to_string(), wanted);
        }
    }
}
