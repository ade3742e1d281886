//! The back-test of money.

use super::html::{figure, paragraph, table};
use super::percent;
use super::svg::{Bars, bars};
use crate::Evaluation;
use crate::backtest::LISTED;
use crate::outcome::Quantity as Q;
use crate::regime::Regime;
use fairway_forecast::hour::date_of;

pub(super) fn played(out: &mut String, e: &Evaluation) {
    let b = &e.backtest;
    out.push_str("<h2>Back-test of money: fixed price against forecast, month by month</h2>\n");
    let kind = if e.synthetic {
        "Synthetic loads."
    } else {
        "Real loads."
    };
    out.push_str(&paragraph(&format!("{kind} The contracts as they would have been, with forecasts as they would have been issued. Demand at a price p is exp(-λp) of the wishes, so these figures hold no chance.")));
    let chart = Bars {
        about:
            "Bars: what utilities and owners gain each month by the forecast over the fixed price"
                .to_owned(),
        groups: b
            .months
            .iter()
            .map(|m| format!("{:02}/{:02}", m.month.1, m.month.0.rem_euclid(100)))
            .collect(),
        parts: vec!["gain".to_owned()],
        values: b
            .months
            .iter()
            .map(|m| {
                let [fixed, _, forecast, _] = m.money.map(|o| o[Q::Margin]);
                vec![100.0 * (forecast / fixed - 1.0)]
            })
            .collect(),
        halves: Vec::new(),
    };
    out.push_str(&figure(
        &bars(&chart),
        "What utilities and owners keep with the forecast, in percent over the fixed price.",
        &months(e),
    ));
    out.push_str(&table(
        "All months together, against the fixed price",
        &[
            "contract",
            "utility 1",
            "utility 2",
            "owners",
            "ledger's fee",
            "drivers",
            "kept by utilities and owners",
            "charges in peak hours",
        ],
        &totals(e),
    ));
    let [first, second] = &e.names;
    out.push_str(&table(
        "Highest load with charging, and charging in the hour of the highest load, in megawatts",
        &["contract", first, second, "charging then", "charging then"],
        &peaks(e),
    ));
    failed(out, e);
}

fn months(e: &Evaluation) -> String {
    let gains = [
        Q::FirstKeeps,
        Q::SecondKeeps,
        Q::Owner,
        Q::Surplus,
        Q::Margin,
    ];
    let rows: Vec<Vec<String>> = e
        .backtest
        .months
        .iter()
        .map(|m| {
            let [fixed, _, forecast, _] = m.money;
            let money = gains.map(|q| {
                format!(
                    "{:+.1} ({:+.2} %)",
                    (forecast[q] - fixed[q]) / 1e3,
                    100.0 * (forecast[q] / fixed[q] - 1.0)
                )
            });
            let [fixed_peaks, _, forecast_peaks, _] = m.peaks;
            let peak = fixed_peaks
                .into_iter()
                .zip(forecast_peaks)
                .map(|(fixed, forecast)| format!("{:+.1}", (forecast - fixed) / 1e3));
            let name = format!("{}-{:02}", m.month.0, m.month.1);
            core::iter::once(name).chain(money).chain(peak).collect()
        })
        .collect();
    let heads = [
        "month",
        "utility 1",
        "utility 2",
        "owners",
        "drivers",
        "kept in all",
        "peak 1, MW",
        "peak 2, MW",
    ];
    table(
        "Forecast less fixed price, in thousands (in percent)",
        &heads,
        &rows,
    )
}

fn totals(e: &Evaluation) -> Vec<Vec<String>> {
    let quantities = [
        Q::FirstKeeps,
        Q::SecondKeeps,
        Q::Owner,
        Q::Fee,
        Q::Surplus,
        Q::Margin,
        Q::Peak,
    ];
    Regime::CONTRACTS
        .into_iter()
        .enumerate()
        .map(|(contract, regime)| {
            let cells = quantities
                .iter()
                .map(|q| match (contract, e.backtest.total.first()) {
                    (0, Some(fixed)) if *q != Q::Peak => format!("{:.2} M", fixed[*q] / 1e6),
                    (0, Some(fixed)) => format!("{:.0}", fixed[*q]),
                    _ => format!("{:+.2} %", 100.0 * e.backtest.gain(contract, *q)),
                });
            core::iter::once(regime.name().to_owned())
                .chain(cells)
                .collect()
        })
        .collect()
}

fn peaks(e: &Evaluation) -> Vec<Vec<String>> {
    let b = &e.backtest;
    Regime::CONTRACTS
        .into_iter()
        .zip(b.peaks.into_iter().zip(b.coincident))
        .map(|(regime, ([first, second], [then_first, then_second]))| {
            let cells =
                [first, second, then_first, then_second].map(|kw| format!("{:.1}", kw / 1e3));
            core::iter::once(regime.name().to_owned())
                .chain(cells)
                .collect()
        })
        .collect()
}

fn failed(out: &mut String, e: &Evaluation) {
    let b = &e.backtest;
    let lost = b.failures.iter().map(|f| f.lost).fold(0.0, |a, x| a + x);
    let of = b.total.first().map_or(1.0, |o| o[Q::Margin]);
    out.push_str(&paragraph(&format!(
        "On {} of {} days the forecast contract kept less than the fixed price would have; together {:.3} % of all that the fixed price kept.",
        b.failures.len(),
        b.days,
        100.0 * lost / of
    )));
    let rows: Vec<Vec<String>> = b
        .reasons()
        .into_iter()
        .map(|(reason, days)| vec![reason.text().to_owned(), days.to_string()])
        .collect();
    if rows.is_empty() {
        return;
    }
    out.push_str(&table("Why", &["reason", "days"], &rows));
    let rows: Vec<Vec<String>> = b
        .failures
        .iter()
        .take(LISTED)
        .map(|f| {
            let (year, month, day) = date_of(f.day);
            vec![
                format!("{year}-{month:02}-{day:02}"),
                format!("{:.1}", f.lost / 1e3),
                percent(f.lost / f.fixed),
                format!("{:+.1}", 100.0 * f.off),
                f.reason.text().to_owned(),
            ]
        })
        .collect();
    let heads = [
        "day",
        "lost, thousands",
        "of what was kept",
        "forecast over load, hundredths of the year's loads",
        "why",
    ];
    out.push_str(&table("The worst days", &heads, &rows));
}
