//! Hashes of models and forecasts over a synthetic load: the same in every build and on any number of threads.

use crate::options::Options;
use crate::threads::Threads;
use fairway_forecast::backtest::{Issue, Replay, Rows, folds};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::{Day, day_of};
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, Tracker};
use fairway_forecast::trees::{Model, train};
use fairway_forecast::view::View;
use fairway_model::hash::Hash;
use fairway_training::candidate::{Effort, Size, recipe};

/// Days of the load, of which the last are forecast.
const DAYS: u16 = 400;
/// Days that are forecast.
const FORECAST_DAYS: i64 = 60;

/// Prints a line with kind and hash for all models together, and for all forecasts.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let calendar = Calendar::us_eastern().map_err(|error| error.to_string())?;
    let first = day_of(2018, 1, 1).ok_or("no first day")?;
    let made = Synthetic {
        seed: 7,
        mean: 10_000_000,
        first,
        days: DAYS,
        lean: 20,
    };
    let inputs = made.make(&calendar);
    let extras = Extras {
        forecast: true,
        ..Extras::default()
    };
    let issue = Issue::TEN_THE_DAY_BEFORE;
    let spec = FeatureSpec::recommended(extras, issue.horizon(), &[calendar.hash()]);
    let view = View::new(&inputs, &calendar, &spec).map_err(|error| error.to_string())?;
    let last = first.plus(i64::from(DAYS) - 1);
    let rows = Rows::collect(&view, &inputs.load, issue, first.plus(15), last);
    let tracker = Tracker::new(&LEVELS, spec.rate()).ok_or("levels are not sound")?;
    let mut replay = Replay::new(tracker);
    let (mut models, mut said) = (Vec::new(), Vec::new());
    for fold in folds(last.plus(1 - FORECAST_DAYS), last, 60, issue) {
        let table = rows.span(Day(0), fold.known_before);
        let one = |level: &u16| {
            let recipe = recipe(Effort::Quick, Size::Small, *level, false, 1);
            train(spec.hash(), &table, &recipe, &Threads(options.threads))
                .map_err(|error| error.to_string())
        };
        let found = LEVELS.iter().map(one).collect::<Result<Vec<Model>, _>>()?;
        let hashes = found.iter().map(Model::hash);
        models.extend(hashes.flat_map(|hash| hash.hex().into_bytes()));
        let voices = Voices::new(found.into_iter().map(|model| vec![model]).collect());
        let published = replay.fold(&rows, fold, &voices);
        let values = published.iter().flat_map(|hour| &hour.quantiles);
        said.extend(values.flat_map(|value| value.to_be_bytes()));
    }
    println!("models {}", Hash::plain(&models).hex());
    println!("forecasts {}", Hash::plain(&said).hex());
    Ok(())
}
