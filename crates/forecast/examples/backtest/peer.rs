//! The same tables for another learner, and the scores of what it answers.
//!
//! A table is a file of little-endian `i32`: rows, columns, then row by row the columns and the target. A fold has two: what may be learned from, and what is
//! asked. The answer is a file of one decimal number per asked row, in the unit of the targets.

use crate::study::Member;
use fairway_forecast::backtest::{Fold, Published, Rows};
use fairway_forecast::hour::Day;
use fairway_forecast::scores::Errors;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Writes the tables of all members and folds.
pub(crate) fn export(
    folder: &Path,
    title: &str,
    members: &[Member<'_>],
    folds: &[Fold],
) -> Result<(), String> {
    for member in members {
        let name = format!("forecast/{}/{title}", member.utility.name);
        let base = folder.join(name.replace('/', "-"));
        for (number, fold) in folds.iter().enumerate() {
            let known = (0, member.rows.before(fold.known_before));
            let asked = (
                member.rows.before(fold.first),
                member.rows.before(fold.last.plus(1)),
            );
            for (part, (from, until)) in [("learn", known), ("ask", asked)] {
                let path = base.with_extension(format!("{number}.{part}"));
                std::fs::write(&path, table(&member.rows, from, until))
                    .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            }
            marks(&base, number, &member.rows, *fold)?;
        }
    }
    Ok(())
}

fn table(rows: &Rows, from: usize, until: usize) -> Vec<u8> {
    let columns = rows.table.columns.len();
    let size = |number: usize| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes();
    let mut bytes = Vec::with_capacity((until - from) * (columns + 1) * 4 + 8);
    bytes.extend(size(until - from));
    bytes.extend(size(columns));
    for place in from..until {
        let values = rows.values(place);
        let target = rows.table.targets.get(place).copied().unwrap_or(0);
        bytes.extend(values.iter().chain([&target]).flat_map(|v| v.to_le_bytes()));
    }
    bytes
}

/// The hours of the asked rows.
fn marks(base: &Path, number: usize, rows: &Rows, fold: Fold) -> Result<(), String> {
    let inside = |day: Day| (fold.first..=fold.last).contains(&day);
    let mut text = String::new();
    for mark in rows.marks.iter().filter(|mark| inside(mark.day)) {
        writeln!(text, "{}", mark.hour.0).map_err(|error| error.to_string())?;
    }
    let path = base.with_extension(format!("{number}.hours"));
    std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The errors of the answers, over the hours that were published.
pub(crate) fn score(folder: &Path, name: &str, published: &[Published]) -> Result<Errors, String> {
    let base = folder.join(name.replace('/', "-"));
    let read = |ending: String| {
        let path = base.with_extension(ending);
        std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let mut answers: BTreeMap<i64, i64> = BTreeMap::new();
    for number in 0.. {
        let Ok(hours) = read(format!("{number}.hours")) else {
            break;
        };
        let said = read(format!("{number}.said"))?;
        let pairs = hours.lines().zip(said.lines());
        answers.extend(pairs.filter_map(|(hour, said)| {
            let whole = said.split('.').next()?;
            Some((hour.parse::<i64>().ok()?, whole.parse::<i64>().ok()?))
        }));
    }
    let mut errors = Errors::default();
    for hour in published {
        let said = answers
            .get(&hour.mark.hour.0)
            .ok_or("an hour without an answer")?;
        errors.add(hour.mark.said(*said), hour.mark.load);
    }
    Ok(errors)
}
