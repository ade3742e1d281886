//! What the tests share: a synthetic member, its view, small trainings, threads.

use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::columns::Extras;
use fairway_forecast::hour::{Day, day_of};
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::trees::{Objective, Recipe, Workers};
use fairway_forecast::view::{Inputs, View};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) struct Threads(pub(crate) usize);

impl Workers for Threads {
    fn run(&self, jobs: usize, job: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(number) =
                Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < jobs)
            {
                job(number);
            }
        };
        std::thread::scope(|scope| (0..self.0).for_each(|_| drop(scope.spawn(work))));
    }
}

pub(crate) fn calendar() -> Calendar {
    Calendar::us_eastern().unwrap()
}

pub(crate) fn first() -> Day {
    day_of(2018, 1, 1).unwrap()
}

pub(crate) fn inputs(days: u16) -> Inputs {
    let made = Synthetic {
        seed: 7,
        mean: 10_000_000,
        first: first(),
        days,
        lean: 20,
    };
    let mut inputs = made.make(&calendar());
    let neighbour = Synthetic { seed: 8, ..made };
    inputs.neighbours = vec![neighbour.make(&calendar()).load];
    inputs
}

pub(crate) fn spec(issue: Issue, forecast: bool) -> FeatureSpec {
    let extras = Extras {
        forecast,
        temperature: true,
        neighbours: 1,
    };
    FeatureSpec::recommended(extras, issue.horizon(), &[calendar().hash()])
}

pub(crate) fn recipe(objective: Objective) -> Recipe {
    Recipe {
        trees: 30,
        leaves: 7,
        fewest_rows: 50,
        bins: 32,
        rate: 150,
        ..Recipe::recommended(objective)
    }
}

/// Rows of the days from the 30th on.
pub(crate) fn rows(inputs: &Inputs, spec: &FeatureSpec, issue: Issue, days: i64) -> Rows {
    let calendar = calendar();
    let view = View::new(inputs, &calendar, spec).unwrap();
    let last = first().plus(days - 1);
    Rows::collect(&view, &inputs.load, issue, first().plus(30), last)
}
