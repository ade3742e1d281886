//! Scores of all methods over the hours that all of them speak about.

use crate::figure;
use crate::options::{Options, code, kind_of, name};
use fairway_forecast::backtest::{Issue, Published};
use fairway_forecast::baseline::weekly_errors;
use fairway_forecast::scores::{Errors, QuantileErrors};
use fairway_forecast::track::MEDIAN;
use fairway_training::board::common;
use fairway_training::search::Member;

/// Prints the figures of one member: errors of the median, and of the quantiles where a method has them.
pub(crate) fn tell(
    options: &Options,
    member: &Member,
    issue: Issue,
    forecast: bool,
    levels: &[u16],
    all: &[(String, Vec<Published>)],
) {
    let base = format!("{}/{}/{}", code(member), name(issue), kind_of(forecast));
    let say = |what: &str, value: f64, unit: &str| {
        figure(options, &format!("{base}/{what}"), value, unit);
    };
    let hours = common(all.iter().map(|(_, published)| published));
    let naive = weekly_errors(&member.truth, member.calendar.begin(options.first));
    say("hours", hours.len() as f64, "hours");
    for (method, published) in all {
        let full = published
            .first()
            .is_some_and(|p| p.quantiles.len() == fairway_forecast::track::LEVELS.len());
        let of: &[u16] = if full {
            &fairway_forecast::track::LEVELS
        } else {
            levels
        };
        let (mut errors, mut quantiles) = (Errors::default(), QuantileErrors::new(of));
        for hour in published.iter().filter(|p| hours.contains(&p.mark.hour)) {
            errors.add(hour.at(of, MEDIAN).unwrap_or(0), hour.mark.load);
            quantiles.add(&hour.quantiles, hour.mark.load);
        }
        let millionths = |value: Option<i64>| value.unwrap_or(0) as f64 / 1e6;
        let thousandths = |value: Option<i64>| value.unwrap_or(0) as f64 / 1e3;
        let told = |what: &str, value: f64, unit: &str| {
            say(&format!("{method}/{what}"), value, unit);
        };
        told("mape", millionths(errors.mape()) * 100.0, "%");
        told("mase", millionths(errors.mase(&naive)), "1");
        if full {
            told("pinball", thousandths(quantiles.mean_loss()), "MW");
            told(
                "coverage-80",
                thousandths(quantiles.coverage(100, 900)),
                "1",
            );
            told("coverage-90", thousandths(quantiles.coverage(50, 950)), "1");
        }
    }
}
