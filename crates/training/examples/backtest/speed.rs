//! How long a schedule and a training take, and how large models are.

use crate::options::{Options, code};
use crate::threads::Threads;
use crate::{figure, study};
use fairway_forecast::backtest::Issue;
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::hour::Day;
use fairway_forecast::track::{LEVELS, MEDIAN};
use fairway_forecast::trees::{Model, Table, train};
use fairway_forecast::view::View;
use fairway_model::canonical::Canonical;
use fairway_training::search::Member;
use std::time::Instant;

/// Schedules that are timed.
const SCHEDULES: u32 = 50;

/// Times the training of a member's own and of the pooled models, and schedules of five quantiles, each the mean of both.
pub(crate) fn run(options: &Options, members: &[Member]) -> Result<(), String> {
    let member = members
        .iter()
        .find(|member| options.wants(member))
        .ok_or("no such authority")?;
    let issue = Issue::TEN_THE_DAY_BEFORE;
    let spec = study::spec(members, issue, true);
    let last = options.first.plus(i64::from(SCHEDULES));
    let grounds = study::grounds(members, &spec, issue, last)?;
    let workers = Threads(options.threads);
    let mut voices: Vec<Vec<Model>> = vec![Vec::new(); LEVELS.len()];
    for pooled in [false, true] {
        let name = if pooled { "pooled" } else { "own" };
        let mut table = Table::new(spec.features.len());
        let counted = grounds
            .iter()
            .filter(|g| pooled || g.member.name == member.name);
        for ground in counted {
            table.append(&ground.rows.span(Day(0), options.first));
        }
        let rows = table.targets.len() as f64;
        figure(options, &format!("train/{name}/rows"), rows, "rows");
        let (mut seconds, mut bytes) = (0.0, 0);
        for (level, models) in LEVELS.iter().zip(&mut voices) {
            let start = Instant::now();
            let recipe = study::recipe(*level, true, pooled);
            let model = train(spec.hash(), &table, &recipe, &workers).map_err(|e| e.to_string())?;
            let took = start.elapsed().as_secs_f64();
            if *level == MEDIAN {
                let size = model.to_bytes().len() as f64;
                figure(options, &format!("train/{name}/median"), took, "s");
                figure(options, &format!("model/{name}/median"), size, "bytes");
            }
            seconds += took;
            bytes += model.to_bytes().len();
            models.push(model);
        }
        figure(options, &format!("train/{name}/five"), seconds, "s");
        figure(
            options,
            &format!("model/{name}/five"),
            bytes as f64,
            "bytes",
        );
    }
    let package = Package {
        spec: spec.clone(),
        levels: LEVELS.to_vec(),
        models: voices
            .iter()
            .map(|models| models.iter().map(Model::hash).collect())
            .collect(),
        rate: spec.rate(),
        issue,
    };
    let known = voices.iter().flatten();
    let known: Vec<_> = known.map(|m| (m.hash(), m.to_bytes())).collect();
    let find = |wanted: &fairway_model::hash::Hash| {
        let found = known.iter().find(|(hash, _)| hash == wanted);
        found.map(|(_, bytes)| bytes.clone())
    };
    let forecaster = Forecaster::assemble(package, find).map_err(|error| error.to_string())?;
    schedules(options, member, &spec, &forecaster)
}

fn schedules(
    options: &Options,
    member: &Member,
    spec: &fairway_forecast::spec::FeatureSpec,
    forecaster: &Forecaster,
) -> Result<(), String> {
    let view = View::new(&member.inputs, &member.calendar, spec).map_err(|e| e.to_string())?;
    let tracker = forecaster.tracker().ok_or("no tracker")?;
    let mut times = Vec::new();
    for day in (0..i64::from(SCHEDULES)).map(|n| options.first.plus(n)) {
        let start = Instant::now();
        let said = forecaster.day(&view, day);
        let values: usize = said
            .iter()
            .filter_map(|(_, s)| s.as_ref().ok())
            .map(|s| s.publish(&tracker).len())
            .sum();
        let took = start.elapsed().as_secs_f64() * 1e3;
        if values == 24 * LEVELS.len() {
            times.push(took);
        }
    }
    times.sort_by(f64::total_cmp);
    let middle = times.get(times.len() / 2).copied().ok_or("no whole day")?;
    figure(options, "schedule/median", middle, "ms");
    let most = times.last().copied().unwrap_or(middle);
    figure(options, "schedule/longest", most, "ms");
    if !options.json {
        println!("{} over {} days", code(member), times.len());
    }
    Ok(())
}
