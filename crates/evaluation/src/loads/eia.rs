//! Hourly loads in the form of EIA-930: one row per hour, named by the instant at which it ends, columns `NAME_mw` and `NAME_df_mw` in megawatts.

use super::{Loads, Source};
use crate::parameters::REGIONS;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Hour, day_of};
use fairway_forecast::series::Series;
use fairway_forecast::view::Inputs;

/// The file in a folder of loads.
pub const FILE: &str = "eia930_load_2015_2020.csv";
/// The two regions of the back-test: columns, and whether their clock is the Central one.
const NAMES: [(&str, &str, bool); REGIONS] = [
    ("SOCO", "Southern Company", true),
    ("DUK", "Duke Energy Carolinas", false),
];
/// The first month.
const FIRST: (i64, u8, u8) = (2018, 7, 1);
/// Most lines of a file.
const MAX_LINES: usize = 200_000;

/// Reads both regions from the text of a file.
///
/// # Errors
/// Line and column of what is wrong, and what would be right; as [`Loads::of`].
pub fn read(text: &str, months: usize) -> Result<Loads, String> {
    let head = text.lines().next().unwrap_or_default();
    let names: Vec<&str> = head.split(',').collect();
    let mut columns = Vec::new();
    for (code, _, _) in NAMES {
        for column in [format!("{code}_mw"), format!("{code}_df_mw")] {
            let place = names.iter().position(|n| *n == column);
            columns.push(place.ok_or_else(|| {
                format!("line 1: no column `{column}`; `utc_hour_ending` and NAME_mw, NAME_df_mw are right")
            })?);
        }
    }
    let (start, values) = rows(text, &columns)?;
    let mut series = values.into_iter().map(|v| Series::new(start, v));
    let mut source = |(code, name, central): (&str, &str, bool)| {
        let calendar = if central {
            Calendar::us_central()
        } else {
            Calendar::us_eastern()
        };
        let load = series.next().unwrap_or_default();
        Ok::<_, String>(Source {
            name: format!("{name} ({code})"),
            calendar: calendar.map_err(|e| e.to_string())?,
            inputs: Inputs {
                load,
                forecast: series.next(),
                ..Inputs::default()
            },
        })
    };
    let [a, b] = NAMES;
    let sources = [source(a)?, source(b)?];
    let (year, month, day) = FIRST;
    let first = day_of(year, month, day).ok_or("no first day")?;
    let origin = format!("EIA-930 loads of {} and {}", a.1, b.1);
    Loads::of(origin, false, &sources, first, months)
}

type Columns = Vec<Vec<Option<i64>>>;

/// The wanted columns in kilowatts, hour by hour from the first one.
fn rows(text: &str, columns: &[usize]) -> Result<(Hour, Columns), String> {
    let mut out: Columns = vec![Vec::new(); columns.len()];
    let mut start: Option<Hour> = None;
    for (number, line) in (2..).zip(text.lines().skip(1)) {
        if number > MAX_LINES {
            return Err(format!("more than {MAX_LINES} lines"));
        }
        let cells: Vec<&str> = line.split(',').collect();
        let hour = cells.first().and_then(|cell| hour_ending(cell));
        let hour = hour.ok_or_else(|| {
            format!("line {number}, column 1: no hour of the form 2018-07-01T00:00Z")
        })?;
        let first = *start.get_or_insert(hour);
        let length = out.first().map_or(0, Vec::len);
        let place = usize::try_from(hour.since(first))
            .ok()
            .filter(|p| *p >= length);
        let place = place.ok_or_else(|| {
            format!("line {number}: the hour comes twice or before the line above it; rising hours are right")
        })?;
        if place > length.saturating_add(MAX_LINES) {
            return Err(format!(
                "line {number}: a gap of more than {MAX_LINES} hours"
            ));
        }
        for (values, column) in out.iter_mut().zip(columns) {
            values.resize(place, None);
            let cell = cells.get(*column).copied().unwrap_or_default().trim();
            values.push(match cell {
                "" => None,
                text => Some(kilowatts(text).ok_or_else(|| {
                    format!(
                        "line {number}, column {}: `{text}` is no load in megawatts",
                        column.saturating_add(1)
                    )
                })?),
            });
        }
    }
    Ok((start.ok_or("line 2: no rows")?, out))
}

/// `2018-07-01T00:00Z` as the hour that ends then.
fn hour_ending(text: &str) -> Option<Hour> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-');
    let day = day_of(
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    )?;
    let hour: i64 = clock.strip_suffix(":00")?.parse().ok()?;
    (0..24).contains(&hour).then(|| Hour(day.0 * 24 + hour - 1))
}

/// Megawatts with at most three digits behind the point, in kilowatts; none that no region has.
fn kilowatts(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = rest.chars().chain("000".chars()).take(3).collect();
    let kw = whole.parse::<i64>().ok()?.checked_mul(1_000)?;
    let kw = kw.checked_add(digits.parse::<i64>().ok()?)?;
    (0..=fairway_forecast::series::MAX_KW)
        .contains(&kw)
        .then_some(kw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "utc_hour_ending,DUK_mw,DUK_df_mw,SOCO_mw,SOCO_df_mw\n";

    #[test]
    fn what_is_wrong_in_a_file_of_loads_is_named_with_its_place() {
        let wrong = |rest: &str| read(&format!("{HEAD}{rest}"), 1).unwrap_err();
        assert!(
            read("a,b\n", 1)
                .unwrap_err()
                .contains("no column `SOCO_mw`")
        );
        assert!(wrong("").contains("no rows"));
        assert!(wrong("2018-07-01,1,1,1,1\n").starts_with("line 2, column 1"));
        assert!(wrong("2018-07-01T00:00Z,1,x,1,1\n").starts_with("line 2, column 3: `x`"));
        let twice = "2018-07-01T00:00Z,1,1,1,1\n2018-07-01T00:00Z,1,1,1,1\n";
        assert!(wrong(twice).starts_with("line 3: the hour comes twice"));
        assert!(wrong("2018-07-01T00:00Z,1,1,1,1\n").contains("at least a year before"));
        assert_eq!(kilowatts("12.5"), Some(12_500));
        assert_eq!(kilowatts("-1"), None);
    }
}
