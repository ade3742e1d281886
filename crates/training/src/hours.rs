//! Hourly loads out of typed rows, and the series that training needs.

use crate::csv::Finding;
use crate::schema::{Role, Schema};
use crate::table::{Refused, Row};
use crate::value::{Kind, Value};
use fairway_forecast::hour::Hour;
use fairway_forecast::series::{MAX_HOURS, MAX_KW, Series};
use fairway_forecast::view::Inputs;
use std::collections::BTreeMap;

/// Kilowatts that no grid on earth draws: above it, a unit is wrong.
pub const MOST_KW: i64 = 2_000_000_000;

/// What is known of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Mean load in kilowatts.
    pub load: Option<i64>,
    /// The member's own forecast of it, in kilowatts.
    pub forecast: Option<i64>,
    /// Temperature in thousandths of a degree.
    pub temperature: Option<i64>,
    /// Whether the load was put in the place of a missing or wrong one.
    pub imputed: bool,
}

/// A point and the line on which it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// The line.
    pub line: usize,
    /// The hour.
    pub hour: Hour,
    /// What is said of it.
    pub point: Point,
}

/// Hours with what is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// The points.
    pub points: BTreeMap<Hour, Point>,
}

/// The hours of rows whose schema [is one of loads](Schema::is_loads).
///
/// # Errors
/// Instants that are no full hour, loads that are negative or larger than any grid's, a file that spans more than [`MAX_HOURS`].
pub fn points(schema: &Schema, rows: &[Row]) -> Result<Vec<Posted>, Refused> {
    let mut refused = Refused::default();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match point(schema, row) {
            Ok(posted) => found.push(posted),
            Err(finding) => refused.add(finding),
        }
    }
    let first = found.iter().map(|p| p.hour).min().unwrap_or_default();
    let last = found.iter().map(|p| p.hour).max().unwrap_or_default();
    if usize::try_from(last.since(first)).is_ok_and(|hours| hours >= MAX_HOURS) {
        refused.add(Finding::file(format!(
            "the file reaches from {} to {}, more than sixty years",
            text(first),
            text(last)
        )));
    }
    refused.done()?;
    Ok(found)
}

fn point(schema: &Schema, row: &Row) -> Result<Posted, Finding> {
    let mut posted = Posted {
        line: row.line,
        hour: Hour::default(),
        point: Point::default(),
    };
    for (column, value) in schema.columns.iter().zip(&row.values) {
        let fault = |what: String| Finding::cell(row.line, &column.name, what);
        match (column.role, value) {
            (Some(role @ (Role::Hour | Role::HourEnding)), Value::Timestamp(time)) => {
                let hour = Hour::of(*time);
                if hour.start() != *time {
                    return Err(fault(format!(
                        "{} is no full hour; readings are hourly",
                        time.rfc3339()
                    )));
                }
                posted.hour = hour.plus(if role == Role::HourEnding { -1 } else { 0 });
            }
            (Some(Role::Load(unit)), Value::Integer(number)) => {
                posted.point.load =
                    Some(kilowatts(*number, &column.kind, unit.kilowatts()).map_err(fault)?);
            }
            (Some(Role::Forecast(unit)), Value::Integer(number)) => {
                posted.point.forecast =
                    Some(kilowatts(*number, &column.kind, unit.kilowatts()).map_err(fault)?);
            }
            (Some(Role::Temperature), Value::Integer(number)) => {
                let degrees = fixed(*number, &column.kind, 1_000);
                if degrees.abs() > 1_000_000 {
                    return Err(fault("more than 1000 degrees either way".to_owned()));
                }
                posted.point.temperature = Some(degrees);
            }
            (Some(Role::Flag), Value::Class(place)) => posted.point.imputed = *place > 0,
            _ => {}
        }
    }
    Ok(posted)
}

fn fixed(number: i64, kind: &Kind, factor: i64) -> i64 {
    let digits = match kind {
        Kind::Decimal(digits) => u32::from(*digits),
        _ => 0,
    };
    fairway_forecast::number::scaled(number, factor, 10_i64.saturating_pow(digits))
}

fn kilowatts(number: i64, kind: &Kind, factor: i64) -> Result<i64, String> {
    let found = fixed(number, kind, factor);
    if found < 0 {
        return Err("a load below zero; a net export is no load".to_owned());
    }
    if found > MOST_KW.min(MAX_KW) {
        return Err(format!(
            "{found} kW is more than any grid draws; kilowatts given as megawatts?"
        ));
    }
    Ok(found)
}

/// An hour as it is shown: the instant at which it begins.
pub fn text(hour: Hour) -> String {
    let long = hour.start().rfc3339();
    let short = long.get(..16).unwrap_or(&long);
    format!("{short}Z")
}

impl Hours {
    /// The first and the last hour; none without hours.
    pub fn span(&self) -> Option<(Hour, Hour)> {
        let (first, _) = self.points.first_key_value()?;
        let (last, _) = self.points.last_key_value()?;
        Some((*first, *last))
    }

    /// The last hour with a load.
    pub fn last_load(&self) -> Option<Hour> {
        let mut points = self.points.iter().rev();
        points
            .find(|(_, point)| point.load.is_some())
            .map(|(hour, _)| *hour)
    }

    fn series(&self, of: impl Fn(&Point) -> Option<i64>) -> Series {
        let Some((first, last)) = self.span() else {
            return Series::default();
        };
        let mut values = Vec::new();
        let mut points = self.points.iter().peekable();
        for hour in (first.0..=last.0).map(Hour) {
            let here = points.next_if(|(at, _)| **at == hour);
            values.push(here.and_then(|(_, point)| of(point)));
        }
        Series::new(first, values)
    }

    /// The loads.
    pub fn loads(&self) -> Series {
        self.series(|point| point.load)
    }

    /// The loads that were measured, by which forecasts are judged.
    pub fn measured(&self) -> Series {
        self.series(|point| point.load.filter(|_| !point.imputed))
    }

    /// The member's own forecasts.
    pub fn forecasts(&self) -> Series {
        self.series(|point| point.forecast)
    }

    fn has(&self, of: impl Fn(&Point) -> Option<i64>) -> bool {
        let there = self
            .points
            .values()
            .filter(|point| of(point).is_some())
            .count();
        there.saturating_mul(2) >= self.points.len() && there > 0
    }

    /// What the library's views take. A forecast or temperature that stands in fewer than half of the hours is left out.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            load: self.loads(),
            forecast: self.has(|p| p.forecast).then(|| self.forecasts()),
            temperature: self
                .has(|p| p.temperature)
                .then(|| self.series(|p| p.temperature)),
            neighbours: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn taken(cells: &str) -> Result<Vec<Posted>, Refused> {
        let schema = Schema::parse("end: timestamp as hour-ending\nmw: decimal(1) optional as load in MW\nt: integer optional as temperature\nq: class(ok, bad) as flag\n").unwrap();
        let rows = rows(format!("end,mw,t,q\n{cells}\n").as_bytes(), &schema)?;
        points(&schema, &rows)
    }

    #[test]
    fn roles_and_units_are_applied() {
        let posted = taken("2026-11-29T08:00Z,12.5,-3,bad").unwrap()[0];
        assert_eq!(text(posted.hour), "2026-11-29T07:00Z");
        assert_eq!(
            posted.point,
            Point {
                load: Some(12_500),
                forecast: None,
                temperature: Some(-3_000),
                imputed: true
            }
        );
    }

    #[test]
    fn what_no_hour_can_be_is_refused() {
        for (cells, wanted) in [
            (
                "2026-11-29T08:30Z,1,,ok",
                "line 2, column `end`: 2026-11-29T08:30:00.000Z is no full hour; readings are hourly",
            ),
            (
                "2026-11-29T08:00Z,-1,,ok",
                "line 2, column `mw`: a load below zero; a net export is no load",
            ),
            (
                "2026-11-29T08:00Z,14794000,,ok",
                "line 2, column `mw`: 14794000000 kW is more than any grid draws; kilowatts given as megawatts?",
            ),
            (
                "2026-11-29T08:00Z,1,2000,ok",
                "line 2, column `t`: more than 1000 degrees either way",
            ),
            (
                "1950-01-01T00:00Z,1,,ok\n2026-01-01T00:00Z,1,,ok",
                "the file reaches from 1949-12-31T23:00Z to 2025-12-31T23:00Z, more than sixty years",
            ),
        ] {
            assert_eq!(taken(cells).unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn gaps_stay_gaps() {
        let mut hours = Hours::default();
        for hour in [5, 7] {
            hours.points.insert(
                Hour(hour),
                Point {
                    load: Some(hour),
                    ..Point::default()
                },
            );
        }
        let series = hours.loads();
        assert_eq!(
            (
                series.get(Hour(5)),
                series.get(Hour(6)),
                series.get(Hour(7))
            ),
            (Some(5), None, Some(7))
        );
        assert_eq!(hours.last_load(), Some(Hour(7)));
        assert!(hours.inputs().forecast.is_none());
    }
}
