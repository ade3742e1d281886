//! How long one validator takes for the schedule of one day, with packages of the usual size and of the largest:
//! `cargo run --release -p fairway-ledger --example forecast_day`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement made by hand, over a synthetic load"
)]

use fairway_forecast::calendar::Calendar;
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::hour::day_of;
use fairway_forecast::number::Sequence;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Model, Split, Tree};
use fairway_ledger::forecast::bounds::ISSUE;
use fairway_ledger::forecast::day::{DayInputs, compute};
use fairway_model::agreement::LoadBand;
use fairway_model::canonical::Canonical;
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::hash::Hash;
use std::time::Instant;

const ROUNDS: u32 = 20;

/// A tree whose splits are a balanced heap over drawn columns.
fn tree(draw: &mut Sequence, columns: u64, leaves: i32) -> Tree {
    let splits = leaves - 1;
    // Child `n` of the heap is a split while there are splits, then a leaf.
    let child = |n: i32| if n < splits { n } else { splits - 1 - n };
    Tree {
        splits: (0..splits)
            .map(|n| Split {
                feature: u16::try_from(draw.below(columns)).unwrap(),
                threshold: i32::try_from(draw.below(2_000_000)).unwrap() - 500_000,
                left: child(2 * n + 1),
                right: child(2 * n + 2),
            })
            .collect(),
        leaves: (0..leaves)
            .map(|_| i64::try_from(draw.below(2_000)).unwrap() - 1_000)
            .collect(),
    }
}

/// A package with drawn models, and their bytes.
fn package(calendar: &Calendar, trees: usize, leaves: i32) -> (Package, Vec<(Hash, Vec<u8>)>) {
    let extras = Extras {
        forecast: true,
        ..Extras::default()
    };
    let spec = FeatureSpec::recommended(extras, ISSUE.horizon(), &[calendar.hash()]);
    let columns = u16::try_from(spec.features.len()).unwrap();
    let mut draw = Sequence::new(11);
    let mut model = || {
        let made = (0..trees).map(|_| tree(&mut draw, u64::from(columns), leaves));
        Model::new(spec.hash(), columns, 8, 0, made.collect()).unwrap()
    };
    let models: Vec<Model> = LEVELS.iter().map(|_| model()).collect();
    let bytes = models.iter().map(|m| (m.hash(), m.to_bytes())).collect();
    let package = Package {
        spec,
        levels: LEVELS.to_vec(),
        models: models.iter().map(|m| vec![m.hash()]).collect(),
        rate: RATE,
        issue: ISSUE,
    };
    (package, bytes)
}

fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![point(100, 8_000), point(900, 12_000)],
        step_bps: 1_000,
        notice_hours: 6,
        skill_days: 28,
        weekday_bps: vec![10_000; 24],
        weekend_bps: vec![10_000; 24],
        spare: None,
        stake: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement made by hand")]
fn measure(name: &str, trees: usize, leaves: i32) {
    let calendar = Calendar::us_eastern().unwrap();
    let (package, bytes) = package(&calendar, trees, leaves);
    let find = |hash: &Hash| {
        let mut found = bytes.iter().filter(|(known, _)| known == hash);
        found.next().map(|(_, bytes)| bytes.clone())
    };
    let begin = Instant::now();
    let forecaster = Forecaster::assemble(package, find).unwrap();
    let read = begin.elapsed();
    let first = day_of(2025, 9, 1).unwrap();
    let load = Synthetic {
        seed: 1,
        mean: 10_000_000,
        first,
        days: 421,
        lean: 20,
    };
    let data = load.make(&calendar);
    let given = DayInputs {
        calendar: &calendar,
        forecaster: &forecaster,
        tracker: &forecaster.tracker().unwrap(),
        terms: &terms(),
        band: LoadBand {
            min_bps: 8_000,
            max_bps: 12_000,
        },
        day: first.plus(420),
        load: data.load,
        own: data.forecast,
        before: None,
    };
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        assert_eq!(compute(&given).unwrap().bps.len(), 24);
    }
    let day = begin.elapsed() / ROUNDS;
    let size: usize = bytes.iter().map(|(_, b)| b.len()).sum();
    println!(
        "{name}: {size} bytes, read in {:.1} ms; a day of 24 hours and five quantiles in {:.2} ms",
        read.as_secs_f64() * 1e3,
        day.as_secs_f64() * 1e3
    );
}

fn main() {
    measure("300 trees of 15 leaves a quantile", 300, 15);
    measure("500 trees of 31 leaves a quantile", 500, 31);
    measure("1,000 trees of 31 leaves a quantile", 1_000, 31);
}
