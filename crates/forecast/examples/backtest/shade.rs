//! A utility that inflates its forecast: how much bias is left, week by week.

use crate::eia::{Utility, date_of};
use crate::options::Options;
use crate::threads::Threads;
use crate::{figure, study};
use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::hour::Day;
use fairway_forecast::scores::Errors;
use fairway_forecast::series::Series;
use fairway_forecast::track::MEDIAN;
use fairway_forecast::trees::train;
use fairway_forecast::view::{Inputs, View};

/// The first day of the lie.
const FROM: &str = "2019-10-01";
/// Weeks that are shown.
const WEEKS: i64 = 8;

/// Trains on honest data before the lie, and shows the weekly bias under no lie and under lies of 5 and 10 %, of the model and of the published
/// forecast.
pub(crate) fn run(options: &Options, utilities: &[Utility]) -> Result<(), String> {
    let from = date_of(FROM).ok_or("no date")?;
    let last = from.plus(7 * WEEKS - 1);
    for issue in options.issues() {
        let spec = study::spec(utilities, issue, true);
        for utility in utilities.iter().filter(|u| options.wants(&u.name)) {
            let honest = rows(utility, &utility.inputs, &spec, issue, last)?;
            let known = from.plus(1 - issue.gap());
            let table = honest.span(Day(0), known);
            let recipe = study::recipe(MEDIAN, true);
            let workers = Threads(options.threads);
            let model = train(spec.hash(), &table, &recipe, &workers).map_err(|e| e.to_string())?;
            for per_cent in [0, 5, 10] {
                let lied = lied(utility, from, per_cent);
                let rows = rows(utility, &lied, &spec, issue, last)?;
                for week in 0..WEEKS {
                    let days = (from.plus(7 * week), from.plus(7 * week + 7));
                    let mut errors = Errors::default();
                    for place in rows.before(days.0)..rows.before(days.1) {
                        if let Some(mark) = rows.marks.get(place) {
                            let output = model.output(&rows.values(place));
                            errors.add(mark.said(output), mark.load);
                        }
                    }
                    let hours_ahead = issue.horizon() - 25;
                    let name = format!(
                        "forecast/{}/{hours_ahead:02}h/lie-{per_cent}/week-{}/bias",
                        utility.name,
                        week + 1
                    );
                    figure(options, &name, errors.bias().unwrap_or(0) as f64 / 1e4, "%");
                }
            }
        }
    }
    Ok(())
}

fn rows(
    utility: &Utility,
    inputs: &Inputs,
    spec: &fairway_forecast::spec::FeatureSpec,
    issue: Issue,
    last: Day,
) -> Result<Rows, String> {
    let view = View::new(inputs, &utility.calendar, spec).map_err(|error| error.to_string())?;
    let first = utility.calendar.local(inputs.load.start()).day.plus(15);
    Ok(Rows::collect(&view, &utility.truth, issue, first, last))
}

fn lied(utility: &Utility, from: Day, per_cent: i64) -> Inputs {
    let begin = utility.calendar.begin(from);
    let lie = |series: &Series| {
        let values = series.iter().map(|(hour, value)| {
            value.map(|v| {
                if hour >= begin {
                    v * (100 + per_cent) / 100
                } else {
                    v
                }
            })
        });
        Series::new(series.start(), values.collect())
    };
    Inputs {
        forecast: utility.inputs.forecast.as_ref().map(lie),
        ..utility.inputs.clone()
    }
}
