//! What a utility that inflates its own forecast moves, in the load that is forecast and in the price that the contract's curve makes of it.

use crate::world::eastern;
use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::columns::Extras;
use fairway_forecast::hour::{Day, day_of};
use fairway_forecast::number::{order_statistic, scaled};
use fairway_forecast::scores::Errors;
use fairway_forecast::series::Series;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::MEDIAN;
use fairway_forecast::trees::{Inline, Model, train};
use fairway_forecast::view::{Inputs, View};
use fairway_model::agreement::LoadBand;
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_pricing::multipliers;
use fairway_training::candidate::{Effort, Size, recipe};

/// Days of the load, and the day on which the lie begins.
const DAYS: u16 = 500;
const LIE: i64 = 430;
/// Days in the window of the correction, without the first.
const WINDOW: i64 = 13;
/// The furthest look back of a column at the errors of the corrected forecast, in days.
const MEMORY: i64 = 28;
const CURVE: [(u16, u32); 4] = [(100, 8_000), (500, 10_000), (900, 11_500), (990, 13_000)];
const BAND: LoadBand = LoadBand {
    min_bps: 8_000,
    max_bps: 13_000,
};

fn first() -> Day {
    day_of(2018, 1, 1).unwrap()
}

fn honest() -> Inputs {
    let made = Synthetic {
        seed: 11,
        mean: 10_000_000,
        first: first(),
        days: DAYS,
        lean: 20,
    };
    made.make(&eastern())
}

fn inflated(honest: &Inputs, per_cent: i64) -> Inputs {
    let begin = eastern().begin(first().plus(LIE));
    let posted = honest.forecast.as_ref().unwrap();
    let values = posted.iter().map(|(hour, value)| {
        let factor = if hour >= begin { 100 + per_cent } else { 100 };
        value.map(|value| scaled(value, factor, 100))
    });
    Inputs {
        forecast: Some(Series::new(posted.start(), values.collect())),
        ..honest.clone()
    }
}

struct Case {
    issue: Issue,
    spec: FeatureSpec,
    model: Model,
}

impl Case {
    fn new(issue: Issue, honest: &Inputs) -> Self {
        let extras = Extras {
            forecast: true,
            ..Extras::default()
        };
        let spec = FeatureSpec::recommended(extras, issue.horizon(), &[eastern().hash()]);
        let rows = rows(&spec, issue, honest);
        let table = rows.span(first(), first().plus(LIE).plus(1 - issue.gap()));
        let recipe = recipe(Effort::Quick, Size::Small, MEDIAN, false, 1);
        let model = train(spec.hash(), &table, &recipe, &Inline).unwrap();
        Self { issue, spec, model }
    }

    fn lag(&self) -> i64 {
        self.spec.lag_days()
    }

    /// The loads that are said of a day's rows.
    fn said(&self, rows: &Rows, day: Day) -> Vec<(i64, i64)> {
        let places = rows.before(day)..rows.before(day.plus(1));
        places
            .map(|place| {
                let mark = rows.marks[place];
                (mark.said(self.model.output(&rows.values(place))), mark.load)
            })
            .collect()
    }

    /// The loads at the curve's levels over the year before a day's issue.
    fn percentiles(&self, honest: &Inputs, day: Day) -> Vec<i64> {
        let last = self.issue.last(&eastern(), day);
        let year = honest.load.iter();
        let year = year.filter(|(hour, _)| (0..365 * 24).contains(&last.since(*hour)));
        let mut values: Vec<i64> = year.map(|(_, load)| load.unwrap()).collect();
        CURVE
            .map(|(level, _)| order_statistic(&mut values, level).unwrap())
            .into()
    }
}

fn rows(spec: &FeatureSpec, issue: Issue, inputs: &Inputs) -> Rows {
    let calendar = eastern();
    let view = View::new(inputs, &calendar, spec).unwrap();
    let last = first().plus(i64::from(DAYS) - 1);
    Rows::collect(&view, &inputs.load, issue, first().plus(30), last)
}

fn terms() -> ForecastTerms {
    ForecastTerms {
        curve: CURVE.map(|(level, bps)| CurvePoint { level, bps }).into(),
        step_bps: 1_000,
        notice_hours: 6,
        skill_days: 28,
        weekday_bps: vec![10_000; 24],
        weekend_bps: vec![10_000; 24],
        spare: None,
        stake: None,
    }
}

fn bias(said: &[(i64, i64)]) -> i64 {
    let mut errors = Errors::default();
    for (said, load) in said {
        errors.add(*said, *load);
    }
    errors.bias().unwrap()
}

#[test]
fn a_lie_moves_the_corrected_forecast_by_no_more_than_itself_and_only_for_two_weeks() {
    let honest = honest();
    for issue in [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE] {
        let case = Case::new(issue, &honest);
        let plain = rows(&case.spec, issue, &honest);
        for per_cent in [5, 10] {
            let lied = rows(&case.spec, issue, &inflated(&honest, per_cent));
            let mut most = 0;
            for (a, b) in plain.marks.iter().zip(&lied.marks) {
                let day = a.day.0 - first().0 - LIE;
                let moved = (b.anchor - a.anchor) * 1_000_000 / a.anchor;
                most = most.max(moved);
                assert!((-5..=per_cent * 10_000 + 5).contains(&moved), "{a:?} {b:?}");
                if day < 0 || day >= WINDOW + case.lag() {
                    assert!(moved.abs() <= 5, "day {day}: {moved}");
                }
            }
            assert!(most > per_cent * 9_000, "the lie does not show: {most}");
        }
    }
}

#[test]
fn an_inflated_forecast_moves_loads_and_prices_within_the_stated_bounds() {
    let honest = honest();
    for issue in [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE] {
        let case = Case::new(issue, &honest);
        let plain = rows(&case.spec, issue, &honest);
        for per_cent in [5, 10] {
            let lied = rows(&case.spec, issue, &inflated(&honest, per_cent));
            let forgotten = WINDOW + MEMORY + 2 * case.lag();
            for week in 0..(i64::from(DAYS) - LIE) / 7 {
                let days = (0..7).map(|day| first().plus(LIE + 7 * week + day));
                let (mut with, mut without) = (Vec::new(), Vec::new());
                for day in days {
                    let (a, b) = (case.said(&plain, day), case.said(&lied, day));
                    prices(&case, &honest, day, &a, &b);
                    without.extend(a);
                    with.extend(b);
                }
                let moved = bias(&with) - bias(&without);
                assert!(moved.abs() <= per_cent * 10_000, "week {week}: {moved}");
                if 7 * week >= forgotten {
                    assert!(moved.abs() <= 100, "week {week}: {moved}");
                }
            }
        }
    }
}

/// No multiplier leaves the band, and none moves further than the steepest part of the curve makes of the load that moved most.
fn prices(case: &Case, honest: &Inputs, day: Day, plain: &[(i64, i64)], lied: &[(i64, i64)]) {
    let percentiles = case.percentiles(honest, day);
    let priced = |said: &[(i64, i64)]| {
        let loads: Vec<i64> = said.iter().map(|(load, _)| *load).collect();
        multipliers(&terms(), BAND, &percentiles, &loads, None)
    };
    let load = plain.iter().zip(lied).map(|(a, b)| (a.0 - b.0).abs()).max();
    let parts = CURVE.windows(2).zip(percentiles.windows(2));
    let bound = parts
        .map(|(points, loads)| {
            let rise = i64::from(points[1].1 - points[0].1);
            load.unwrap() * rise / (loads[1] - loads[0]).max(1)
        })
        .max();
    for (a, b) in priced(plain).iter().zip(&priced(lied)) {
        assert!((BAND.min_bps..=BAND.max_bps).contains(b));
        // Both are rounded to the nearest.
        assert!(i64::from(a.abs_diff(*b)) <= bound.unwrap() + 2, "{day:?}");
    }
}
