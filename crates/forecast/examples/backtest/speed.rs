//! How long a schedule and a training take, and how large a model is.

use crate::eia::Utility;
use crate::options::Options;
use crate::threads::Threads;
use crate::{figure, study};
use fairway_forecast::backtest::Issue;
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::hour::Day;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::train;
use fairway_forecast::view::View;
use fairway_model::canonical::Canonical;
use std::time::Instant;

/// Schedules that are timed.
const SCHEDULES: u32 = 50;

/// Times the training of one point model, and schedules of five quantiles of one model each.
pub(crate) fn run(options: &Options, utilities: &[Utility]) -> Result<(), String> {
    let Some(utility) = utilities.iter().find(|u| options.wants(&u.name)) else {
        return Ok(());
    };
    let issue = Issue::TEN_THE_DAY_BEFORE;
    let (first, _) = study::period()?;
    let spec = study::spec(utilities, issue, true);
    let one = std::slice::from_ref(utility);
    let members = study::members(one, &spec, issue, first.plus(60))?;
    let rows = &members.first().ok_or("no member")?.rows;
    let table = rows.span(Day(0), first);
    let workers = Threads(options.threads);
    let start = Instant::now();
    let recipe = study::recipe(500, true);
    let model = train(spec.hash(), &table, &recipe, &workers).map_err(|error| error.to_string())?;
    figure(
        options,
        "forecast/train",
        start.elapsed().as_secs_f64(),
        "s",
    );
    figure(
        options,
        "forecast/train/rows",
        table.targets.len() as f64,
        "rows",
    );
    figure(
        options,
        "forecast/model",
        model.to_bytes().len() as f64,
        "bytes",
    );
    let package = Package {
        spec: spec.clone(),
        levels: LEVELS.to_vec(),
        models: vec![vec![model.hash()]; LEVELS.len()],
        rate: RATE,
        issue,
    };
    let forecaster = Forecaster::assemble(package, |_| Some(model.to_bytes()))
        .map_err(|error| error.to_string())?;
    let view =
        View::new(&utility.inputs, &utility.calendar, &spec).map_err(|error| error.to_string())?;
    let tracker = forecaster.tracker().ok_or("no tracker")?;
    let start = Instant::now();
    let mut hours = 0_usize;
    for day in (0..i64::from(SCHEDULES)).map(|n| first.plus(n)) {
        let said = forecaster.day(&view, day);
        hours += said
            .iter()
            .filter_map(|(_, s)| s.as_ref().ok())
            .map(|s| s.publish(&tracker).len())
            .sum::<usize>();
    }
    let each = start.elapsed().as_secs_f64() * 1e3 / f64::from(SCHEDULES);
    figure(options, "forecast/schedule", each, "ms");
    figure(options, "forecast/schedule/values", hours as f64, "values");
    Ok(())
}
