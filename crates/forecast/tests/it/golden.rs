//! Golden vectors: hashes of calendars, features, models and predictions over a synthetic load, committed as text.
//!
//! They may change only on purpose: `FORECAST_GOLDEN` written anew from the printed text, with a word in the changelog, because every member's model
//! would have to be trained again.

use crate::world::{Threads, calendar, first, inputs, recipe, rows, spec};
use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::hour::Hour;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Inline, Model, Objective, Workers, train};
use fairway_forecast::view::View;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use std::fmt::Write as _;

const GOLDEN: &str = include_str!("../../fixtures/golden.txt");
const DAYS: u16 = 240;

fn numbers(values: impl IntoIterator<Item = i64>) -> Hash {
    let bytes: Vec<u8> = values.into_iter().flat_map(i64::to_be_bytes).collect();
    Hash::plain(&bytes)
}

fn features(rows: &Rows) -> Hash {
    let columns = rows.table.columns.iter().flatten();
    numbers(columns.chain(&rows.table.targets).map(|v| i64::from(*v)))
}

fn models(spec: &FeatureSpec, rows: &Rows, workers: &dyn Workers) -> Vec<Model> {
    let table = rows.span(first(), first().plus(210));
    let objectives = LEVELS.map(|level| Objective::Quantile { level });
    let extra = [Objective::Absolute, Objective::Squares];
    let all = objectives.iter().chain(&extra);
    all.map(|o| train(spec.hash(), &table, &recipe(*o), workers).unwrap())
        .collect()
}

/// A month of days spoken, published and learned.
fn published(spec: &FeatureSpec, models: &[Model], issue: Issue) -> Hash {
    let five = &models[..LEVELS.len()];
    let package = Package {
        spec: spec.clone(),
        levels: LEVELS.to_vec(),
        models: five.iter().map(|m| vec![m.hash()]).collect(),
        rate: RATE,
        issue,
    };
    let package = Package::read(&package.to_bytes()).unwrap();
    let find = |hash: &Hash| {
        five.iter()
            .find(|m| m.hash() == *hash)
            .map(Canonical::to_bytes)
    };
    let forecaster = Forecaster::assemble(package, find).unwrap();
    let (calendar, data) = (calendar(), inputs(DAYS));
    let view = View::new(&data, &calendar, spec).unwrap();
    let mut tracker = forecaster.tracker().unwrap();
    let mut all: Vec<i64> = Vec::new();
    let mut open: Vec<fairway_forecast::ensemble::Spoken> = Vec::new();
    for day in (210..i64::from(DAYS)).map(|n| first().plus(n)) {
        let last: Hour = issue.last(&calendar, day);
        open.retain(|spoken| {
            let known = spoken.hour <= last;
            if known {
                spoken.teach(&mut tracker, data.load.get(spoken.hour).unwrap());
            }
            !known
        });
        for (_, spoken) in forecaster.day(&view, day) {
            let spoken = spoken.unwrap();
            let quantiles = spoken.publish(&tracker);
            assert!(quantiles.is_sorted(), "{quantiles:?}");
            all.extend(quantiles);
            open.push(spoken);
        }
    }
    numbers(all)
}

fn everything(workers: &dyn Workers) -> String {
    let data = inputs(DAYS);
    let mut text = String::new();
    let central = fairway_forecast::calendar::Calendar::us_central().unwrap();
    writeln!(text, "calendar us-eastern {}", calendar().hash()).unwrap();
    writeln!(text, "calendar us-central {}", central.hash()).unwrap();
    let loads = data.load.iter().map(|(_, v)| v.unwrap());
    writeln!(text, "synthetic load {}", numbers(loads)).unwrap();
    for (issue, forecast) in [(Issue::MIDNIGHT, true), (Issue::TEN_THE_DAY_BEFORE, false)] {
        let spec = spec(issue, forecast);
        let name = format!(
            "{:02}:00 {}",
            issue.clock,
            if forecast { "with forecast" } else { "without" }
        );
        let rows = rows(&data, &spec, issue, i64::from(DAYS));
        writeln!(text, "{name} spec {}", spec.hash()).unwrap();
        writeln!(text, "{name} features {}", features(&rows)).unwrap();
        let models = models(&spec, &rows, workers);
        for model in &models {
            writeln!(text, "{name} model {}", model.hash()).unwrap();
        }
        writeln!(
            text,
            "{name} published {}",
            published(&spec, &models, issue)
        )
        .unwrap();
    }
    text
}

#[test]
fn golden_hashes_on_one_thread() {
    let found = everything(&Inline);
    assert_eq!(found, GOLDEN, "found:\n{found}");
}

#[test]
fn golden_hashes_on_eight_threads() {
    assert_eq!(everything(&Threads(8)), GOLDEN);
}
