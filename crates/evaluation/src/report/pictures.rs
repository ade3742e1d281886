//! Pictures of one day, and of Figure 5.

use super::html::{escaped, figure, paragraph, table};
use super::svg::{Line, Lines, lines};
use crate::Evaluation;
use crate::figure5::Curves;
use crate::stats::AGREEMENT;
use fairway_economics::claims::Range;
use fairway_economics::figure::{Abscissa, curves};
use std::fmt::Write as _;

/// Points of a drawn curve.
const POINTS: usize = 60;

pub(super) fn day(out: &mut String, e: &Evaluation) {
    let day = &e.day;
    let [first, _] = &e.names;
    let _ = writeln!(
        out,
        "<h2>The day of the highest load: {} in {}</h2>",
        day.name(),
        escaped(first)
    );
    let line = |name: &str, style: usize, values: &[f64]| Line {
        name: name.to_owned(),
        style,
        points: (0..).map(f64::from).zip(values.iter().copied()).collect(),
        marks: Vec::new(),
    };
    let [fixed, forecast, known] = &day.prices;
    let prices = Lines {
        about: "Lines: price per kWh over the hours of the day, fixed, by forecast, and with the load known".to_owned(),
        x: "hour of the day".to_owned(),
        drawn: vec![line("fixed price", 0, fixed), line("by forecast", 2, forecast), line("if the load were known", 1, known)],
        from_zero: false,
    };
    let load = Lines {
        about: "Lines: load of the region over the hours of the day, and what was forecast the day before".to_owned(),
        x: "hour of the day".to_owned(),
        drawn: vec![line("load, GW", 0, &day.load), line("forecast the day before, GW", 2, &day.said)],
        from_zero: false,
    };
    let [charging_fixed, charging] = &day.charging;
    let hourly = |columns: &[&Vec<f64>], digits: usize| -> Vec<Vec<String>> {
        (0..day.load.len())
            .map(|hour| {
                let cells = columns.iter().map(|c| {
                    c.get(hour)
                        .map_or_else(String::new, |x| format!("{x:.digits$}"))
                });
                core::iter::once(hour.to_string()).chain(cells).collect()
            })
            .collect()
    };
    out.push_str("<div class=\"pair\">");
    let rows = hourly(&[&day.load, &day.said], 3);
    out.push_str(&figure(
        &lines(&load),
        "The forecast is issued at ten in the morning of the day before.",
        &table("Load in gigawatts", &["hour", "load", "forecast"], &rows),
    ));
    let rows = hourly(&[fixed, forecast, known], 4);
    out.push_str(&figure(&lines(&prices), "The multiplier follows the forecast's place among the loads of the last year, by at most the agreed step from hour to hour.", &table("Price per kWh", &["hour", "fixed", "forecast", "load known"], &rows)));
    out.push_str("</div>\n");
    let charged = Lines {
        about: "Lines: charging over the hours of the day with a fixed price and with prices by forecast".to_owned(),
        x: "hour of the day".to_owned(),
        drawn: vec![line("charging at a fixed price, MW", 0, charging_fixed), line("charging by forecast, MW", 2, charging)],
        from_zero: true,
    };
    let rows = hourly(&[charging_fixed, charging], 1);
    out.push_str(&figure(
        &lines(&charged),
        "Drivers turn away from dear hours. Those who can wait gather in the first cheap one, where charging has a peak of its own: the load is low then.",
        &table(
            "Charging in megawatts",
            &["hour", "fixed", "forecast"],
            &rows,
        ),
    ));
}

pub(super) fn figure_five(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>Figure 5, re-created</h2>\n");
    out.push_str(&paragraph("Revenue of utility 1. Lines are the closed form of the reconstructed equations (1) and (2), marks are drawn drivers who pay bills of the price engine, with three standard errors."));
    out.push_str("<div class=\"pair\">");
    for found in &e.curves {
        out.push_str(&curve(found));
    }
    out.push_str("</div>\n");
}

fn curve(found: &Curves) -> String {
    let s = &found.scenario;
    let abscissa = Abscissa::of(s);
    let closed = curves(s, abscissa, Range::default(), POINTS);
    let line = |(number, regime): (usize, fairway_economics::Regime)| Line {
        name: regime.name().to_owned(),
        style: number,
        points: closed
            .iter()
            .filter_map(|p| p.y.get(number).map(|y| (p.x, *y)))
            .collect(),
        marks: found
            .points
            .iter()
            .map(|p| (p.x, p.simulated(number), AGREEMENT * p.error(number)))
            .collect(),
    };
    let (x, what) = match abscissa {
        Abscissa::Rate => (
            "λ1: poorer drivers to the right",
            "travel does not depend on wealth",
        ),
        Abscissa::Willingness => (
            "w1 = 1/λ1: richer drivers to the right",
            "travel grows with wealth",
        ),
    };
    let chart = Lines {
        about: format!(
            "Figure 5, model {}: revenue of utility 1 without roaming, with traditional and with the proposed roaming",
            s.travel.letter()
        ),
        x: x.to_owned(),
        drawn: fairway_economics::Regime::ALL
            .into_iter()
            .enumerate()
            .map(line)
            .collect(),
        from_zero: true,
    };
    let rows: Vec<Vec<String>> = found
        .points
        .iter()
        .map(|p| {
            let cells = p.closed.into_iter().enumerate().map(|(n, closed)| {
                format!("{:.4} ± {:.4} ({closed:.4})", p.simulated(n), p.error(n))
            });
            core::iter::once(p.x.to_string()).chain(cells).collect()
        })
        .collect();
    let heads = [abscissa.name(), "no roaming", "traditional", "proposed"];
    let caption = format!("Model {}: {what}. Reconstruction.", s.travel.letter());
    figure(
        &lines(&chart),
        &caption,
        &table("Simulated ± standard error (closed form)", &heads, &rows),
    )
}
