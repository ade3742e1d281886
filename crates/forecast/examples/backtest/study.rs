//! One hour of issue, with or without published forecasts, over all authorities.

use crate::eia::{Utility, date_of};
use crate::options::Options;
use crate::threads::Threads;
use crate::{figure, peer};
use fairway_forecast::backtest::{Fold, Issue, Published, Replay, Rows, folds};
use fairway_forecast::baseline::{seasonal, weekly_errors};
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::Day;
use fairway_forecast::scores::{Errors, QuantileErrors};
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::{LEVELS, MEDIAN, RATE, Tracker};
use fairway_forecast::trees::{Model, Objective, Recipe, Table, train};
use fairway_forecast::view::View;
use std::path::Path;

/// Days between two trainings.
const REFIT_DAYS: u16 = 183;

/// One authority's rows.
pub(crate) struct Member<'a> {
    pub(crate) utility: &'a Utility,
    pub(crate) rows: Rows,
}

/// The first and the last day that are forecast.
pub(crate) fn period() -> Result<(Day, Day), String> {
    let day = |text: &str| date_of(text).ok_or(format!("{text} is no date"));
    Ok((day("2018-07-01")?, day("2020-06-30")?))
}

pub(crate) fn spec(utilities: &[Utility], issue: Issue, forecast: bool) -> FeatureSpec {
    let extras = Extras {
        forecast,
        temperature: false,
        // With its own forecast a member learns nothing from its neighbours.
        neighbours: u8::from(!forecast),
    };
    let calendars: Vec<_> = utilities.iter().map(|u| u.calendar.hash()).collect();
    FeatureSpec::recommended(extras, issue.horizon(), &calendars)
}

pub(crate) fn members<'a>(
    utilities: &'a [Utility],
    spec: &FeatureSpec,
    issue: Issue,
    last: Day,
) -> Result<Vec<Member<'a>>, String> {
    let member = |utility: &'a Utility| {
        let view =
            View::new(&utility.inputs, &utility.calendar, spec).map_err(|e| e.to_string())?;
        let first = utility
            .calendar
            .local(utility.inputs.load.start())
            .day
            .plus(15);
        let rows = Rows::collect(&view, &utility.truth, issue, first, last);
        Ok(Member { utility, rows })
    };
    utilities.iter().map(member).collect()
}

/// The recipe of a level: the tails need fewer trees than the point.
pub(crate) fn recipe(level: u16, forecast: bool) -> Recipe {
    let objective = if level == MEDIAN {
        Objective::Absolute
    } else {
        Objective::Quantile { level }
    };
    let point = Recipe {
        leaves: if forecast { 15 } else { 31 },
        ..Recipe::recommended(objective)
    };
    if level == MEDIAN {
        return point;
    }
    Recipe {
        trees: 150,
        rate: 80,
        ..point
    }
}

/// The model pooled over all members sees more, so it may be larger.
pub(crate) fn pooled_recipe(level: u16, forecast: bool) -> Recipe {
    Recipe {
        leaves: 31,
        trees: if level == MEDIAN { 400 } else { 150 },
        ..recipe(level, forecast)
    }
}

pub(crate) fn run(
    options: &Options,
    utilities: &[Utility],
    issue: Issue,
    forecast: bool,
) -> Result<(), String> {
    let (first, last) = period()?;
    let spec = spec(utilities, issue, forecast);
    let members = members(utilities, &spec, issue, last)?;
    let folds = folds(first, last, REFIT_DAYS, issue);
    let title = format!(
        "{:02}h/{}",
        issue.horizon() - 25,
        if forecast { "with" } else { "without" }
    );
    if let Some(folder) = &options.export {
        return peer::export(folder, &title, &members, &folds);
    }
    let levels: &[u16] = if options.point { &[MEDIAN] } else { &LEVELS };
    let wanted: Vec<&Member<'_>> = members
        .iter()
        .filter(|m| options.wants(&m.utility.name))
        .collect();
    let mut results: Vec<Outcome> = wanted
        .iter()
        .map(|_| Outcome::new(levels))
        .collect::<Result<_, _>>()?;
    for fold in &folds {
        let pooled = pooled(options, &spec, &members, *fold, levels, forecast)?;
        for (member, outcome) in wanted.iter().zip(&mut results) {
            let own = own(options, &spec, member, *fold, levels, forecast)?;
            outcome.take(member, *fold, &own, &pooled);
        }
    }
    for (member, outcome) in wanted.iter().zip(&results) {
        let name = format!("forecast/{}/{title}", member.utility.name);
        report(options, &name, member, outcome, levels);
    }
    Ok(())
}

fn pooled(
    options: &Options,
    spec: &FeatureSpec,
    members: &[Member<'_>],
    fold: Fold,
    levels: &[u16],
    forecast: bool,
) -> Result<Vec<Model>, String> {
    let mut table = Table::new(spec.features.len());
    for member in members {
        table.append(&member.rows.span(Day(0), fold.known_before));
    }
    models(options, spec, &table, levels, |level| {
        pooled_recipe(level, forecast)
    })
}

fn own(
    options: &Options,
    spec: &FeatureSpec,
    member: &Member<'_>,
    fold: Fold,
    levels: &[u16],
    forecast: bool,
) -> Result<Vec<Model>, String> {
    let table = member.rows.span(Day(0), fold.known_before);
    models(options, spec, &table, levels, |level| {
        recipe(level, forecast)
    })
}

fn models(
    options: &Options,
    spec: &FeatureSpec,
    table: &Table,
    levels: &[u16],
    recipe: impl Fn(u16) -> Recipe,
) -> Result<Vec<Model>, String> {
    let workers = Threads(options.threads);
    let one = |level: &u16| {
        train(spec.hash(), table, &recipe(*level), &workers).map_err(|e| e.to_string())
    };
    levels.iter().map(one).collect()
}

/// What one member's folds gave.
struct Outcome {
    replay: Replay,
    published: Vec<Published>,
    own: Errors,
    pooled: Errors,
}

impl Outcome {
    fn new(levels: &[u16]) -> Result<Self, String> {
        let tracker = Tracker::new(levels, RATE).ok_or("levels are not sound")?;
        Ok(Self {
            replay: Replay::new(tracker),
            published: Vec::new(),
            own: Errors::default(),
            pooled: Errors::default(),
        })
    }

    fn take(&mut self, member: &Member<'_>, fold: Fold, own: &[Model], pooled: &[Model]) {
        let both = own
            .iter()
            .zip(pooled)
            .map(|(a, b)| vec![a.clone(), b.clone()]);
        let voices = Voices::new(both.collect());
        self.published
            .extend(self.replay.fold(&member.rows, fold, &voices));
        let levels = self.replay.tracker().levels();
        let Some(middle) = levels.iter().position(|level| *level == MEDIAN) else {
            return;
        };
        let (from, until) = (
            member.rows.before(fold.first),
            member.rows.before(fold.last.plus(1)),
        );
        for (place, mark) in member
            .rows
            .marks
            .iter()
            .enumerate()
            .skip(from)
            .take(until - from)
        {
            let row = member.rows.values(place);
            for (models, errors) in [(own, &mut self.own), (pooled, &mut self.pooled)] {
                let output = models.get(middle).map_or(0, |model| model.output(&row));
                errors.add(mark.said(output), mark.load);
            }
        }
    }
}

fn report(options: &Options, name: &str, member: &Member<'_>, outcome: &Outcome, levels: &[u16]) {
    let say = |what: &str, value: f64, unit: &str| {
        figure(options, &format!("{name}/{what}"), value, unit);
    };
    let utility = member.utility;
    let mut sums = [Errors::default(); 5];
    let [model, day, week, posted, corrected] = &mut sums;
    let mut quantiles = QuantileErrors::new(levels);
    for hour in &outcome.published {
        let mark = hour.mark;
        let of = |said: Option<i64>, errors: &mut Errors| {
            if let Some(said) = said {
                errors.add(said, mark.load);
            }
        };
        of(hour.at(levels, MEDIAN), model);
        of(
            seasonal(&utility.inputs.load, mark.last, mark.hour, 24),
            day,
        );
        of(
            seasonal(&utility.inputs.load, mark.last, mark.hour, 168),
            week,
        );
        of(
            utility
                .inputs
                .forecast
                .as_ref()
                .and_then(|f| f.get(mark.hour)),
            posted,
        );
        of(Some(mark.anchor), corrected);
        quantiles.add(&hour.quantiles, mark.load);
    }
    let calendar = &utility.calendar;
    let until = period().map_or(utility.truth.start(), |(first, _)| calendar.begin(first));
    let naive = weekly_errors(&utility.truth, until);
    say("hours", model.hours as f64, "hours");
    let all = [
        ("model", &*model),
        ("own", &outcome.own),
        ("pooled", &outcome.pooled),
        ("naive-24", &*day),
        ("naive-168", &*week),
        ("utility", &*posted),
        ("anchor", &*corrected),
    ];
    for (what, errors) in all {
        say(&format!("{what}/mape"), share(errors.mape()) * 100.0, "%");
        say(&format!("{what}/mase"), share(errors.mase(&naive)), "1");
    }
    if !options.point {
        intervals(options, name, &quantiles);
    }
    if let Some(folder) = &options.peer {
        peer_report(options, name, folder, &outcome.published);
    }
}

fn intervals(options: &Options, name: &str, quantiles: &QuantileErrors) {
    let say = |what: &str, value: Option<i64>, unit: &str| {
        let value = value.unwrap_or(0) as f64 / 1_000.0;
        figure(options, &format!("{name}/model/{what}"), value, unit);
    };
    say("pinball", quantiles.mean_loss(), "MW");
    say("coverage-80", quantiles.coverage(100, 900), "1");
    say("coverage-90", quantiles.coverage(50, 950), "1");
}

fn peer_report(options: &Options, name: &str, folder: &Path, published: &[Published]) {
    match peer::score(folder, name, published) {
        Ok(errors) => {
            let mape = share(errors.mape()) * 100.0;
            figure(
                options,
                &format!("{name}/lightgbm/hours"),
                errors.hours as f64,
                "hours",
            );
            figure(options, &format!("{name}/lightgbm/mape"), mape, "%");
        }
        Err(error) => eprintln!("{name}: {error}"),
    }
}

fn share(millionths: Option<i64>) -> f64 {
    millionths.unwrap_or(0) as f64 / 1e6
}
