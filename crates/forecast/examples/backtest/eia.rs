//! Reads hourly CSV files in the form of EIA-930: one row per hour, labelled by the instant at which it ends.
//!
//! Columns `NAME_mw`, `NAME_df_mw`, `NAME_flag` belong to the balancing authority NAME (load, its own day-ahead forecast, 0 where the load was
//! measured). A file with `demand_mwh`, `df_mwh`, `t2_k` holds one authority with the temperature of its region.

use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour, day_of};
use fairway_forecast::series::Series;
use fairway_forecast::view::Inputs;
use std::collections::BTreeMap;
use std::path::Path;

/// One balancing authority.
pub(crate) struct Utility {
    pub(crate) name: String,
    pub(crate) calendar: Calendar,
    pub(crate) inputs: Inputs,
    /// The measured loads only, in kilowatts.
    pub(crate) truth: Series,
}

/// The files, and the authority of those whose columns do not name one.
const FILES: &[(&str, &str)] = &[
    ("eia930_load_2015_2020.csv", ""),
    ("erco_load_weather_2015_2019.csv", "ERCO"),
];
/// Authorities whose clock is the Central one; all others in the files are in the Eastern zone.
const CENTRAL: &[&str] = &["SOCO", "ERCO"];

/// Every authority in the folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<Utility>, String> {
    let mut utilities = Vec::new();
    for (file, name) in FILES {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let columns = columns(&text).map_err(|why| format!("{}: {why}", path.display()))?;
        utilities.extend(authorities(&columns, name)?);
    }
    Ok(utilities)
}

/// Gives every authority the sum of its neighbours' loads as one neighbour: those of the same file, whose hours are the same.
pub(crate) fn introduce(utilities: &mut [Utility]) {
    let loads: Vec<(String, Series)> = utilities
        .iter()
        .map(|utility| (utility.name.clone(), utility.inputs.load.clone()))
        .collect();
    for utility in utilities {
        let start = utility.inputs.load.start();
        let others = loads
            .iter()
            .filter(|(name, load)| *name != utility.name && load.start() == start);
        let others: Vec<&Series> = others.map(|(_, load)| load).collect();
        if !others.is_empty() {
            utility.inputs.neighbours = vec![Series::total(&others)];
        }
    }
}

/// Every column but the first by its name, hour by hour from the first hour on.
struct Columns {
    start: Hour,
    values: BTreeMap<String, Vec<Option<i64>>>,
}

fn columns(text: &str) -> Result<Columns, String> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .skip(1)
        .collect();
    let mut rows: BTreeMap<i64, Vec<Option<i64>>> = BTreeMap::new();
    for (number, line) in lines.enumerate() {
        let mut cells = line.split(',');
        let hour = cells.next().and_then(hour_ending).ok_or_else(|| {
            format!(
                "line {}: the first column is no hour of the form 2015-07-02T00:00Z",
                number + 2
            )
        })?;
        rows.insert(hour, cells.map(thousandths).collect());
    }
    let first = *rows.keys().next().ok_or("no rows")?;
    let last = *rows.keys().next_back().ok_or("no rows")?;
    let mut values = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let cell = |hour: i64| {
            rows.get(&hour)
                .and_then(|row| row.get(place).copied().flatten())
        };
        values.insert((*name).to_owned(), (first..=last).map(cell).collect());
    }
    Ok(Columns {
        start: Hour(first),
        values,
    })
}

fn authorities(columns: &Columns, unnamed: &str) -> Result<Vec<Utility>, String> {
    let series = |name: &str| {
        let values = columns.values.get(name)?;
        Some(Series::new(columns.start, values.clone()))
    };
    if !unnamed.is_empty() {
        let load = series("demand_mwh").ok_or("no column `demand_mwh`")?;
        let inputs = Inputs {
            forecast: series("df_mwh"),
            temperature: series("t2_k"),
            load: load.clone(),
            neighbours: Vec::new(),
        };
        return Ok(vec![utility(unnamed, inputs, load)?]);
    }
    let names = columns
        .values
        .keys()
        .filter_map(|name| name.strip_suffix("_flag"));
    names
        .map(|name| {
            let load = series(&format!("{name}_mw")).ok_or("a flag without a load")?;
            let flags = series(&format!("{name}_flag")).unwrap_or_default();
            let measured = load
                .iter()
                .map(|(hour, value)| value.filter(|_| flags.get(hour) == Some(0)));
            let truth = Series::new(load.start(), measured.collect());
            let inputs = Inputs {
                forecast: series(&format!("{name}_df_mw")),
                load,
                ..Inputs::default()
            };
            utility(name, inputs, truth)
        })
        .collect()
}

fn utility(name: &str, inputs: Inputs, truth: Series) -> Result<Utility, String> {
    let calendar = if CENTRAL.contains(&name) {
        Calendar::us_central()
    } else {
        Calendar::us_eastern()
    };
    Ok(Utility {
        name: name.to_owned(),
        calendar: calendar.map_err(|error| error.to_string())?,
        inputs,
        truth,
    })
}

/// `2015-07-02T00:00Z` as the hour that ends then.
fn hour_ending(text: &str) -> Option<i64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let Day(day) = date_of(date)?;
    let hour: i64 = clock.split(':').next()?.parse().ok()?;
    Some(day * 24 + hour - 1)
}

/// `2018-07-01` as a day.
pub(crate) fn date_of(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    day_of(
        year,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    )
}

/// A decimal number in thousandths, digits beyond them cut off: megawatts in kilowatts, degrees in thousandths.
fn thousandths(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let negative = whole.starts_with('-');
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    let value = whole.parse::<i64>().ok()?.checked_mul(1_000)?;
    let rest: i64 = digits.parse().ok()?;
    Some(if negative { value - rest } else { value + rest })
}
