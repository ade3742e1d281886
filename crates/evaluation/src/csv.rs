//! The figures as files for programs.

use crate::Evaluation;
use crate::outcome::Quantity;
use crate::regime::Regime;
use std::fmt::Write as _;

/// Names and contents of all files.
pub fn files(e: &Evaluation) -> Vec<(&'static str, String)> {
    vec![
        ("regimes.csv", regimes(e)),
        ("agreement.csv", agreement(e)),
        ("figure-5.csv", figure(e)),
        ("claims.csv", claims(e)),
        ("back-test.csv", months(e)),
        ("failed-days.csv", failures(e)),
    ]
}

fn head(e: &Evaluation) -> String {
    format!("# {}; {}\n", crate::RECONSTRUCTION, e.loads_origin)
}

fn regimes(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str("regime,quantity,mean_per_wish,half_of_95_percent,closed_form\n");
    for s in &e.simulated {
        for q in Quantity::ALL {
            let found = s.interval(|o| o[q]);
            let _ = writeln!(
                out,
                "{},{},{:.8},{:.8},{:.8}",
                s.regime.key(),
                quoted(q.name()),
                found.mean,
                found.half,
                s.expected.total[q]
            );
        }
    }
    out
}

fn agreement(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str("quantity,simulated,standard_error,closed_form,errors\n");
    for a in e.agreements() {
        let _ = writeln!(
            out,
            "{},{:.8},{:.8},{:.8},{:.3}",
            quoted(&a.what),
            a.simulated,
            a.standard_error,
            a.closed_form,
            a.errors()
        );
    }
    out
}

fn figure(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str("model,x,regime,simulated,standard_error,closed_form\n");
    for curves in &e.curves {
        for point in &curves.points {
            for (number, closed) in point.closed.into_iter().enumerate() {
                let name = fairway_economics::Regime::ALL
                    .get(number)
                    .map_or("", |r| r.name());
                let _ = writeln!(
                    out,
                    "{},{},{name},{:.6},{:.6},{closed:.6}",
                    curves.letter(),
                    point.x,
                    point.simulated(number),
                    point.error(number)
                );
            }
        }
    }
    out
}

fn claims(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str("lines,sentence,model,verdict,condition,closed_form,measured\n");
    for row in e.claims() {
        let cells = [
            row.lines,
            &row.sentence,
            &row.model,
            row.verdict,
            &row.condition,
            &row.computed,
            &row.measured,
        ];
        let _ = writeln!(out, "{}", cells.map(quoted).join(","));
    }
    out
}

fn months(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str(
        "month,contract,utility_1,utility_2,owners,ledger,drivers,kept,peak_1_kw,peak_2_kw\n",
    );
    for month in &e.backtest.months {
        let (year, number) = month.month;
        let contracts = Regime::CONTRACTS
            .into_iter()
            .zip(month.money)
            .zip(month.peaks);
        for ((regime, money), [a, b]) in contracts {
            let parts = [
                Quantity::FirstKeeps,
                Quantity::SecondKeeps,
                Quantity::Owner,
                Quantity::Fee,
                Quantity::Surplus,
                Quantity::Margin,
            ]
            .map(|q| format!("{:.2}", money[q]));
            let _ = writeln!(
                out,
                "{year}-{number:02},{},{},{a:.0},{b:.0}",
                regime.key(),
                parts.join(",")
            );
        }
    }
    out
}

fn failures(e: &Evaluation) -> String {
    let mut out = head(e);
    out.push_str("day,lost,fixed_price_kept,forecast_less_load_in_parts,reason\n");
    for f in &e.backtest.failures {
        let (year, month, day) = fairway_forecast::hour::date_of(f.day);
        let _ = writeln!(
            out,
            "{year}-{month:02}-{day:02},{:.2},{:.2},{:.4},{}",
            f.lost,
            f.fixed,
            f.off,
            quoted(f.reason.text())
        );
    }
    out
}

/// A cell, in quotation marks where it holds a comma or one of them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
