//! MSTL of the library augurs, with exponential smoothing of the trend, on the loads that the back-test exported.
//!
//! In the folder of the only argument, `X.loads` holds the first hour and one load in kilowatts per line, and `X.origins` per line the last known hour, the first hour to
//! forecast and the number of hours. `X.said` gets a line with hour and load for each. Every origin is fitted anew on eight weeks.

use augurs_core::{Fit as _, Predict as _};
use augurs_ets::AutoETS;
use augurs_mstl::MSTLModel;
use std::fmt::Write as _;
use std::path::Path;

/// Hours that a fit looks back.
const WINDOW: usize = 56 * 24;
/// Seasons: the day and the week.
const PERIODS: [usize; 2] = [24, 168];
/// Error and trend of the smoothing are chosen, a season it has none.
const SMOOTHING: &str = "ZZN";
/// Threads that share the origins out.
const THREADS: usize = 2;

/// A moment at which a day is forecast.
#[derive(Clone, Copy)]
struct Origin {
    /// Place of the last known hour.
    last: usize,
    /// Hours after it that are passed over.
    skip: usize,
    /// Hours that are forecast.
    hours: usize,
    /// The first forecast hour.
    first: i64,
}

fn numbers(path: &Path) -> Result<Vec<Vec<i64>>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let line = |line: &str| {
        line.split_whitespace()
            .map(|word| {
                word.parse::<i64>()
                    .map_err(|e| format!("{}: `{word}`: {e}", path.display()))
            })
            .collect()
    };
    text.lines().map(line).collect()
}

fn said(loads: &[f64], origin: Origin) -> Result<Vec<f64>, String> {
    let from = (origin.last + 1)
        .checked_sub(WINDOW)
        .ok_or("an origin within the first eight weeks")?;
    let known = loads
        .get(from..=origin.last)
        .ok_or("an origin after the loads")?;
    let trend = AutoETS::new(1, SMOOTHING)
        .map_err(|e| e.to_string())?
        .into_trend_model();
    let fitted = MSTLModel::new(PERIODS.to_vec(), trend)
        .fit(known)
        .map_err(|e| e.to_string())?;
    let forecast = fitted
        .predict(origin.skip + origin.hours, None)
        .map_err(|e| e.to_string())?;
    Ok(forecast.point.into_iter().skip(origin.skip).collect())
}

fn one(path: &Path) -> Result<(), String> {
    let columns = numbers(&path.with_extension("loads"))?;
    let mut values = columns.iter().flatten().copied();
    let start = values.next().ok_or("no first hour")?;
    let loads: Vec<f64> = values.map(|kilowatts| kilowatts as f64 / 1e3).collect();
    let place = |hour: i64| usize::try_from(hour - start).map_err(|e| e.to_string());
    let mut origins = Vec::new();
    for line in numbers(&path.with_extension("origins"))? {
        let [last, first, hours] = line.as_slice() else {
            return Err("an origin has three numbers".to_owned());
        };
        let skip = usize::try_from(first - last - 1).map_err(|e| e.to_string())?;
        origins.push(Origin {
            last: place(*last)?,
            skip,
            hours: place(start + hours)?,
            first: *first,
        });
    }
    let share = origins.len().div_ceil(THREADS).max(1);
    let parts: Result<Vec<String>, String> = std::thread::scope(|scope| {
        let run = |part: &[Origin]| {
            let mut text = String::new();
            for origin in part {
                for (hour, load) in (origin.first..).zip(said(&loads, *origin)?) {
                    writeln!(text, "{hour} {:.0}", load * 1e3).map_err(|e| e.to_string())?;
                }
            }
            Ok(text)
        };
        let handles: Vec<_> = origins
            .chunks(share)
            .map(|part| scope.spawn(move || run(part)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().map_err(|_| "a thread failed".to_owned())?)
            .collect()
    });
    let (part, out) = (path.with_extension("part"), path.with_extension("said"));
    std::fs::write(&part, parts?.concat())
        .and_then(|()| std::fs::rename(&part, &out))
        .map_err(|e| format!("{}: {e}", out.display()))
}

fn run() -> Result<(), String> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: bench-peer-augurs FOLDER")?;
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{folder}: {e}"))?;
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "origins"))
        .collect();
    paths.sort();
    // What has been answered is not asked again.
    paths.retain(|path| !path.with_extension("said").exists());
    for path in paths {
        one(&path)?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
