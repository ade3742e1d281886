//! The same data for programs of others.
//!
//! A `.table` is little-endian `i32`: rows, columns, then row by row the columns and the target. `.folds` has per line the rows that may be learned from, the first asked row and
//! the one after the last. `.own` and `.pooled` hold leaves, trees, learning rate and share of columns in thousandths, fewest rows of a leaf, bins. `.loads` has the first hour and
//! then a load in kilowatts per line, gaps filled; `.origins` the last known hour, the first asked hour and the number of hours.

use crate::options::{Options, code, name};
use crate::study::{Ground, recipe, title};
use fairway_forecast::backtest::{Fold, Issue, Rows};
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::track::MEDIAN;
use fairway_training::search::Member;
use std::fmt::Write as _;
use std::path::Path;

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Writes the tables of all members.
pub(crate) fn tables(
    folder: &Path,
    issue: Issue,
    forecast: bool,
    grounds: &[Ground<'_>],
    folds: &[Fold],
) -> Result<(), String> {
    for ground in grounds {
        let base = folder.join(title(ground.member, issue, forecast));
        write(&base.with_extension("table"), &table(&ground.rows))?;
        let mut text = String::new();
        for fold in folds {
            let before = |day: Day| ground.rows.before(day);
            let (known, from) = (before(fold.known_before), before(fold.first));
            writeln!(text, "{known} {from} {}", before(fold.last.plus(1)))
                .map_err(|error| error.to_string())?;
        }
        write(&base.with_extension("folds"), text.as_bytes())?;
        for pooled in [false, true] {
            let r = recipe(MEDIAN, forecast, pooled);
            let text = format!(
                "{} {} {} {} {} {}\n",
                r.leaves, r.trees, r.rate, r.columns, r.fewest_rows, r.bins
            );
            let ending = if pooled { "pooled" } else { "own" };
            write(&base.with_extension(ending), text.as_bytes())?;
        }
    }
    Ok(())
}

fn table(rows: &Rows) -> Vec<u8> {
    let columns = rows.table.columns.len();
    let size = |number: usize| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes();
    let mut bytes = Vec::with_capacity(rows.marks.len() * (columns + 1) * 4 + 8);
    bytes.extend(size(rows.marks.len()));
    bytes.extend(size(columns));
    for (place, target) in rows.table.targets.iter().enumerate() {
        let values = rows.values(place);
        bytes.extend(values.iter().chain([target]).flat_map(|v| v.to_le_bytes()));
    }
    bytes
}

/// Writes the loads of the wanted members, and the moments at which their days are forecast.
pub(crate) fn loads(
    options: &Options,
    folder: &Path,
    members: &[Member],
    issue: Issue,
) -> Result<(), String> {
    for member in members {
        let base = folder.join(format!("{}-{}", code(member), name(issue)));
        let load = &member.inputs.load;
        let mut filled: Vec<i64> = Vec::new();
        for (_, value) in load.iter() {
            let week = filled.len().checked_sub(168).and_then(|n| filled.get(n));
            let before = week.or(filled.last()).copied().unwrap_or(0);
            filled.push(value.unwrap_or(before));
        }
        let mut text = format!("{}\n", load.start().0);
        for value in filled {
            writeln!(text, "{value}").map_err(|error| error.to_string())?;
        }
        write(&base.with_extension("loads"), text.as_bytes())?;
        let mut text = String::new();
        for day in (options.first.0..=options.last.0).map(Day) {
            let last: Hour = issue.last(&member.calendar, day);
            let first = member.calendar.begin(day);
            let hours = member.calendar.hours(day).count();
            if last < load.end() {
                writeln!(text, "{} {} {hours}", last.0, first.0)
                    .map_err(|error| error.to_string())?;
            }
        }
        write(&base.with_extension("origins"), text.as_bytes())?;
    }
    Ok(())
}
