//! What a data set holds, in figures.

use crate::checks::{gaps, odd_days, profile};
use crate::dataset::Dataset;
use crate::value::Value;
use fairway_forecast::hour::Hour;
use fairway_forecast::number::median;
use fairway_forecast::scores::Errors;
use fairway_model::hash::Hash;

/// One column in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFigures {
    /// Its name.
    pub name: String,
    /// Cells that are not empty.
    pub filled: usize,
    /// The smallest and the largest value as they are written, where there is an order.
    pub range: Option<(String, String)>,
}

/// The hourly loads in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFigures {
    /// The first and the last hour.
    pub span: (Hour, Hour),
    /// Hours with a load, and how many of them are measured.
    pub hours: (i64, i64),
    /// Hours without one between the first and the last, and the longest gap.
    pub gaps: (i64, Option<(Hour, i64)>),
    /// Least, median and greatest load, in kilowatts.
    pub loads: (i64, i64, i64),
    /// Mean load by the hour on the clock, in millionths of the mean.
    pub profile: Option<Vec<i64>>,
    /// Errors of the member's own forecast over measured hours.
    pub forecast: Errors,
    /// Hours with a temperature.
    pub temperatures: i64,
    /// Local days of 23 and of 25 hours.
    pub odd_days: (i64, i64),
}

/// A data set in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its hash.
    pub hash: Hash,
    /// Its region.
    pub region: String,
    /// Its rows.
    pub rows: usize,
    /// Its columns, with their line in the schema.
    pub columns: Vec<(String, ColumnFigures)>,
    /// The files taken over: name, rows.
    pub imports: Vec<(String, usize)>,
    /// Its loads, where it has any.
    pub loads: Option<LoadFigures>,
}

/// Describes a data set.
pub fn describe(dataset: &Dataset) -> Description {
    let text = dataset.schema().text();
    let columns = (0..)
        .zip(text.lines())
        .map(|(place, line)| (line.to_owned(), column(dataset, place)));
    Description {
        name: dataset.name().to_owned(),
        hash: dataset.hash(),
        region: dataset.calendar().region().to_owned(),
        rows: dataset.rows().len(),
        columns: columns.collect(),
        imports: dataset
            .imports()
            .iter()
            .map(|i| (i.name.clone(), i.rows))
            .collect(),
        loads: loads(dataset),
    }
}

fn column(dataset: &Dataset, place: usize) -> ColumnFigures {
    let values = dataset.rows().iter().filter_map(|row| row.get(place));
    let filled = values
        .clone()
        .filter(|value| **value != Value::Missing)
        .count();
    let column = dataset.schema().columns.get(place);
    let order = |value: &Value| match value {
        Value::Integer(number) => Some(*number),
        Value::Timestamp(time) => Some(time.0),
        _ => None,
    };
    let ordered = values.filter_map(|value| Some((order(value)?, value)));
    let least = ordered.clone().min_by_key(|(key, _)| *key);
    let most = ordered.max_by_key(|(key, _)| *key);
    let written = |value: &Value| column.map(|c| c.kind.write(value)).unwrap_or_default();
    ColumnFigures {
        name: column.map(|c| c.name.clone()).unwrap_or_default(),
        filled,
        range: least
            .zip(most)
            .map(|((_, a), (_, b))| (written(a), written(b))),
    }
}

fn loads(dataset: &Dataset) -> Option<LoadFigures> {
    let hours = dataset.hours().ok()?;
    let span = hours.span()?;
    let mut values: Vec<i64> = hours.points.values().filter_map(|p| p.load).collect();
    let number = |of: fn(&crate::hours::Point) -> bool| {
        i64::try_from(hours.points.values().filter(|p| of(p)).count()).unwrap_or(i64::MAX)
    };
    let mut forecast = Errors::default();
    for point in hours.points.values().filter(|p| !p.imputed) {
        if let (Some(said), Some(load)) = (point.forecast, point.load) {
            forecast.add(said, load);
        }
    }
    Some(LoadFigures {
        span,
        hours: (
            number(|p| p.load.is_some()),
            number(|p| p.load.is_some() && !p.imputed),
        ),
        gaps: gaps(&hours.loads()),
        loads: (
            values.iter().min().copied().unwrap_or(0),
            median(&mut values).unwrap_or(0),
            values.iter().max().copied().unwrap_or(0),
        ),
        profile: profile(&hours, dataset.calendar()),
        forecast,
        temperatures: number(|p| p.temperature.is_some()),
        odd_days: odd_days(dataset.calendar(), span.0, span.1),
    })
}
