//! A year of days: the model beats what it has to beat, intervals hold, and a lie is undone.

use crate::world::{calendar, first, inputs, recipe, spec};
use fairway_forecast::backtest::{Issue, Published, Replay, Rows, folds};
use fairway_forecast::baseline::seasonal;
use fairway_forecast::ensemble::Voices;
use fairway_forecast::scores::{Errors, QuantileErrors, skill};
use fairway_forecast::series::Series;
use fairway_forecast::track::{LEVELS, RATE, Tracker};
use fairway_forecast::trees::{Inline, Objective, train};
use fairway_forecast::view::{Inputs, View};

const DAYS: u16 = 500;

fn play(data: &Inputs, issue: Issue, forecast: bool) -> Vec<Published> {
    let (calendar, spec) = (calendar(), spec(issue, forecast));
    let view = View::new(data, &calendar, &spec).unwrap();
    let last = first().plus(i64::from(DAYS) - 1);
    let rows = Rows::collect(&view, &data.load, issue, first().plus(30), last);
    let mut replay = Replay::new(Tracker::new(&LEVELS, RATE).unwrap());
    let mut found = Vec::new();
    for fold in folds(first().plus(300), last, 100, issue) {
        let table = rows.span(first(), fold.known_before);
        let levels = LEVELS.map(|level| {
            let recipe = recipe(Objective::Quantile { level });
            vec![train(spec.hash(), &table, &recipe, &Inline).unwrap()]
        });
        found.extend(replay.fold(&rows, fold, &Voices::new(levels.to_vec())));
    }
    found
}

fn median_errors(published: &[Published]) -> Errors {
    let mut errors = Errors::default();
    for hour in published {
        errors.add(hour.at(&LEVELS, 500).unwrap(), hour.mark.load);
    }
    errors
}

#[test]
fn the_model_beats_the_naive_one_and_covers_what_it_promises() {
    let data = inputs(DAYS);
    for issue in [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE] {
        let published = play(&data, issue, true);
        assert_eq!(published.len(), 200 * 24);
        let (mut naive, mut quantiles) = (Errors::default(), QuantileErrors::new(&LEVELS));
        for hour in &published {
            assert!(hour.quantiles.is_sorted());
            quantiles.add(&hour.quantiles, hour.mark.load);
            naive.add(
                seasonal(&data.load, hour.mark.last, hour.mark.hour, 24).unwrap(),
                hour.mark.load,
            );
        }
        let model = median_errors(&published);
        let gain = skill(model.absolute, naive.absolute).unwrap();
        assert!(gain > 200_000, "{issue:?}: {gain}");
        for (low, high, promised) in [(100, 900, 800), (50, 950, 900)] {
            let covered = quantiles.coverage(low, high).unwrap();
            // Two hundred days that begin with a tracker that has seen nothing.
            assert!(
                (covered - promised).abs() <= 30,
                "{issue:?}: {covered} of {promised}"
            );
        }
    }
}

#[test]
fn a_lie_is_undone_in_two_weeks() {
    let honest = inputs(DAYS);
    let from = calendar().begin(first().plus(330));
    let values = honest
        .forecast
        .as_ref()
        .unwrap()
        .iter()
        .map(|(hour, v)| v.map(|v| if hour >= from { v * 11 / 10 } else { v }));
    let lied = Inputs {
        forecast: Some(Series::new(honest.load.start(), values.collect())),
        ..honest.clone()
    };
    let (honest, lied) = (
        play(&honest, Issue::MIDNIGHT, true),
        play(&lied, Issue::MIDNIGHT, true),
    );
    let bias = |published: &[Published], weeks: core::ops::Range<i64>| {
        let part: Vec<Published> = published
            .iter()
            .filter(|hour| weeks.contains(&((hour.mark.day.0 - first().0 - 330).div_euclid(7))))
            .cloned()
            .collect();
        median_errors(&part).bias().unwrap()
    };
    let moved = |weeks: core::ops::Range<i64>| bias(&lied, weeks.clone()) - bias(&honest, weeks);
    assert!(moved(0..1) > 10_000, "{}", moved(0..1));
    assert!(moved(6..12).abs() < 1_000, "{}", moved(6..12));
}

#[test]
fn folds_never_train_on_what_is_not_known() {
    let (from, to) = (first(), first().plus(99));
    let cut = folds(from, to, 30, Issue::TEN_THE_DAY_BEFORE);
    assert_eq!(cut.len(), 4);
    assert_eq!(cut[0].known_before, first().plus(-1));
    assert_eq!(cut[3].first, first().plus(90));
    assert_eq!(cut[3].last, to);
    let cut = folds(from, to, 0, Issue::MIDNIGHT);
    assert_eq!((cut.len(), cut[5].known_before), (100, first().plus(5)));
}
