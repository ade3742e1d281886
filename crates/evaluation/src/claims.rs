//! Each sentence of the paper's evaluation: whether it holds, under which condition, in the closed form and in what was drawn and played.

use crate::Evaluation;
use crate::figure5::Curves;
use crate::outcome::{Outcome, Quantity};
use crate::regime::Regime;
use crate::simulate::{Simulated, price_error};
use crate::stats::Interval;
use fairway_economics::claims::{Range, claims};
use fairway_economics::signal::Signal;

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Lines of the paper.
    pub lines: &'static str,
    /// What it says, in short.
    pub sentence: String,
    /// Which model or run.
    pub model: String,
    /// `holds`, `holds if` or `does not hold`.
    pub verdict: &'static str,
    /// The condition, empty where it holds without one or not at all.
    pub condition: String,
    /// The figure of the closed form.
    pub computed: String,
    /// The figure of the drawn drivers or of the played months.
    pub measured: String,
}

const HOLDS: &str = "holds";
const HOLDS_IF: &str = "holds if";
const FAILS: &str = "does not hold";

/// The gain of prices by forecast in the closed form has its own three numbers: those of the model.
const SIGNAL: Signal = Signal {
    rate: 5.0,
    cost: 0.08,
    error: 0.04,
};

/// All sentences.
pub fn rows(e: &Evaluation) -> Vec<Row> {
    let [a, b] = &e.curves;
    let all = claims(&a.scenario, &b.scenario, Range::default(), SIGNAL);
    let mut out = Vec::new();
    for curves in [a, b] {
        let of_model = all.iter().filter(|c| c.model == curves.letter());
        for (number, claim) in of_model.enumerate() {
            out.push(Row {
                lines: claim.lines,
                sentence: claim.sentence.to_owned(),
                model: format!("model {}", claim.model),
                verdict: claim.verdict.word(),
                condition: claim.verdict.condition().to_owned(),
                computed: claim.figure.clone(),
                measured: measured(number, curves),
            });
        }
    }
    out.extend(
        [
            peak,
            limits,
            |e: &Evaluation| Some(losses(e)),
            decisions,
            everybody,
            drivers,
            fair,
        ]
        .into_iter()
        .filter_map(|row| row(e)),
    );
    out
}

/// What the drawn drivers say about the sentence of this number.
fn measured(number: usize, curves: &Curves) -> String {
    let [none, hub, proposed] = [0, 1, 2].map(|regime| curves.by_wealth(regime));
    let steps = |values: &[f64], up: bool| {
        let pairs = values.iter().zip(values.iter().skip(1));
        let right = pairs.filter(|(a, b)| (b > a) == up).count();
        (right, values.len().saturating_sub(1))
    };
    let over = |high: &[f64], low: &[f64]| {
        let right = high.iter().zip(low).filter(|(a, b)| a > b).count();
        format!("at {right} of {} points", high.len())
    };
    let kept = |values: &[f64]| {
        let (poorest, richest) = (values.first(), values.last());
        poorest.zip(richest).map_or(0.0, |(p, r)| 100.0 * p / r)
    };
    match number {
        0 => {
            let (right, of) = steps(&none, true);
            format!("drawn drivers: rises in {right} of {of} steps")
        }
        1 => {
            let (right, of) = steps(&hub, false);
            format!("drawn drivers: falls in {right} of {of} steps")
        }
        2 => format!("drawn drivers: more {}", over(&hub, &none)),
        4 => format!(
            "drawn drivers: from the richest to the poorest point {:.0} % are left, {:.0} % without",
            kept(&hub),
            kept(&none)
        ),
        5 => format!(
            "drawn drivers: from the richest to the poorest point {:.0} % are left, {:.0} % through the hub",
            kept(&proposed),
            kept(&hub)
        ),
        6 => format!("drawn drivers: more {}", over(&proposed, &hub)),
        7 => format!("drawn drivers: more {}", over(&proposed, &none)),
        _ => String::new(),
    }
}

fn of(e: &Evaluation, regime: Regime) -> Option<&Simulated> {
    e.simulated.iter().find(|s| s.regime == regime)
}

fn expected(s: &Simulated, quantity: Quantity) -> f64 {
    s.expected.total[quantity]
}

/// Holds where an interval is on the right side of zero, does not where it is on the other, and else depends.
fn verdict(difference: Interval, wanted: f64) -> &'static str {
    let (mean, half) = (difference.mean * wanted, difference.half);
    if mean - half > 0.0 {
        HOLDS
    } else if mean + half < 0.0 {
        FAILS
    } else {
        HOLDS_IF
    }
}

fn unsure(verdict: &str) -> String {
    if verdict == HOLDS_IF {
        "more runs: the difference is inside its interval".to_owned()
    } else {
        String::new()
    }
}

fn figure(difference: Interval, times: f64, digits: usize) -> String {
    format!(
        "{:+.digits$} ± {:.digits$}",
        difference.mean * times,
        difference.half * times
    )
}

fn peak(e: &Evaluation) -> Option<Row> {
    let (fixed, forecast) = (of(e, Regime::Static)?, of(e, Regime::Forecast)?);
    let change = forecast.over(fixed, |o| o[Quantity::Peak]);
    let [a, b] = [fixed, forecast].map(|s| expected(s, Quantity::Peak));
    let verdict = verdict(change, -1.0);
    let condition = if verdict == HOLDS {
        String::new()
    } else {
        unsure(verdict)
    };
    Some(Row {
        lines: "L29",
        sentence: "electric vehicles help utilities to shave their peak".to_owned(),
        model: "four regimes".to_owned(),
        verdict,
        condition,
        computed: format!(
            "charges in the 1 % of hours with the highest load: {:+.1} % against the fixed price",
            100.0 * (b / a - 1.0)
        ),
        measured: format!(
            "per 1,000 wishes {} charges in those hours",
            figure(change, 1_000.0, 2)
        ),
    })
}

fn limits(e: &Evaluation) -> Option<Row> {
    let (fixed, forecast) = (of(e, Regime::Static)?, of(e, Regime::Forecast)?);
    let change = forecast.over(fixed, price_error);
    let [a, b] = [fixed, forecast].map(|s| price_error(&s.expected.total));
    let verdict = verdict(change, -1.0);
    Some(Row {
        lines: "L283-286",
        sentence: "prices follow load, peak and time of use inside agreed limits".to_owned(),
        model: "four regimes".to_owned(),
        verdict,
        condition: unsure(verdict),
        computed: format!(
            "mean distance from the price that the load asks for: {b:.4} per kWh, {a:.4} at a fixed price; every price inside the corridor"
        ),
        measured: format!("{} per kWh", figure(change, 1.0, 4)),
    })
}

fn losses(e: &Evaluation) -> Row {
    let months = &e.backtest.months;
    let better = |m: &&crate::backtest::Month| {
        let [fixed, _, forecast, _] = m.money.map(|o| o[Quantity::Margin]);
        forecast > fixed
    };
    let good = months.iter().filter(better).count();
    let failed = e.backtest.failures.len();
    let gain = e.backtest.gain(2, Quantity::Margin);
    let (verdict, condition) = if gain <= 0.0 {
        (FAILS, String::new())
    } else if good == months.len() && failed == 0 {
        (HOLDS, String::new())
    } else {
        let days = e.backtest.days;
        (
            HOLDS_IF,
            format!(
                "taken over months: {good} of {} months gain, {failed} of {days} days do not",
                months.len()
            ),
        )
    };
    Row {
        lines: "L278-281",
        sentence: "static contracts lose money because they ignore load and time of use".to_owned(),
        model: "back-test".to_owned(),
        verdict,
        condition,
        computed: format!(
            "utilities and owners keep {:+.2} % with the forecast, {:+.2} % with the agreed table, {:+.2} % if the load were known",
            100.0 * gain,
            100.0 * e.backtest.gain(1, Quantity::Margin),
            100.0 * e.backtest.gain(3, Quantity::Margin)
        ),
        measured: e.loads_origin.clone(),
    }
}

fn decisions(e: &Evaluation) -> Option<Row> {
    let (fixed, forecast) = (of(e, Regime::Static)?, of(e, Regime::Forecast)?);
    let change = forecast.over(fixed, |o| o[Quantity::Margin]);
    let [reached, possible] = [2, 3].map(|c| e.backtest.gain(c, Quantity::Margin));
    let verdict = verdict(change, 1.0);
    Some(Row {
        lines: "L435-437",
        sentence: "decisions become more efficient when forecasts are part of the contract"
            .to_owned(),
        model: "four regimes".to_owned(),
        verdict,
        condition: unsure(verdict),
        computed: format!(
            "{:.0} % of the gain that a known load would bring",
            100.0 * reached / possible.max(f64::MIN_POSITIVE)
        ),
        measured: format!(
            "per 1,000 wishes utilities and owners keep {} more than at a fixed price",
            figure(change, 1_000.0, 2)
        ),
    })
}

/// The parties of a scenario.
const PARTIES: [(&str, Quantity); 4] = [
    ("utility 1", Quantity::FirstKeeps),
    ("utility 2", Quantity::SecondKeeps),
    ("owners", Quantity::Owner),
    ("drivers", Quantity::Surplus),
];

fn everybody(e: &Evaluation) -> Option<Row> {
    let (none, hub, forecast) = (
        of(e, Regime::None)?,
        of(e, Regime::Hub)?,
        of(e, Regime::Forecast)?,
    );
    let gains = |base: &Simulated| {
        PARTIES.map(|(name, q)| {
            (
                name,
                forecast.over(base, |o: &Outcome| o[q]),
                expected(forecast, q) / expected(base, q) - 1.0,
            )
        })
    };
    let lose: Vec<String> = [("no roaming", gains(none)), ("the hub", gains(hub))]
        .into_iter()
        .flat_map(|(base, all)| all.map(|(name, change, _)| (base, name, change)))
        .filter(|(_, _, change)| change.mean - change.half <= 0.0)
        .map(|(base, name, _)| format!("{name} over {base}"))
        .collect();
    let (verdict, condition) = match lose.len() {
        0 => (HOLDS, String::new()),
        8 => (FAILS, String::new()),
        _ => (HOLDS_IF, format!("one leaves out {}", lose.join(", "))),
    };
    let list = |all: [(&str, Interval, f64); 4]| {
        let parts = all.map(|(name, _, part)| format!("{name} {:+.1} %", 100.0 * part));
        parts.join(", ")
    };
    Some(Row {
        lines: "L433",
        sentence: "all parties stand to gain".to_owned(),
        model: "four regimes".to_owned(),
        verdict,
        condition,
        computed: format!(
            "over no roaming: {}; over the hub: {}",
            list(gains(none)),
            list(gains(hub))
        ),
        measured: "of the drawn drivers, run by run; cost of energy subtracted".to_owned(),
    })
}

fn drivers(e: &Evaluation) -> Option<Row> {
    let (none, hub, forecast) = (
        of(e, Regime::None)?,
        of(e, Regime::Hub)?,
        of(e, Regime::Forecast)?,
    );
    let changes = [none, hub].map(|base| forecast.over(base, |o| o[Quantity::Surplus]));
    let served = [none, hub, forecast].map(|s| 100.0 * expected(s, Quantity::Served));
    let verdicts = changes.map(|change| verdict(change, 1.0));
    let verdict = if verdicts == [HOLDS; 2] {
        HOLDS
    } else {
        HOLDS_IF
    };
    let condition = if verdict == HOLDS {
        String::new()
    } else {
        format!(
            "compared with no roaming: {}; with the hub: {}",
            verdicts[0], verdicts[1]
        )
    };
    let [a, b, c] = served;
    let waited = if e.samples.is_empty() {
        String::new()
    } else {
        format!(
            "; in the composition power flows {:.0} s after arrival",
            e.waited()
        )
    };
    let [over_none, over_hub] = changes.map(|change| figure(change, 1_000.0, 0));
    Some(Row {
        lines: "L433-434",
        sentence: "customers are happier".to_owned(),
        model: "four regimes".to_owned(),
        verdict,
        condition,
        computed: format!(
            "of all wishes {c:.1} % are served, {b:.1} % through the hub, {a:.1} % without roaming"
        ),
        measured: format!(
            "surplus per 1,000 wishes: {over_none} over no roaming, {over_hub} over the hub{waited}"
        ),
    })
}

fn fair(e: &Evaluation) -> Option<Row> {
    let charged: usize = e.samples.iter().map(|s| s.charged).sum();
    let wrong: usize = e.samples.iter().map(|s| s.differences.len()).sum();
    if e.samples.is_empty() {
        return None;
    }
    Some(Row {
        lines: "L437",
        sentence: "all participants receive their fair share".to_owned(),
        model: "composition".to_owned(),
        verdict: if wrong == 0 { HOLDS_IF } else { FAILS },
        condition: if wrong == 0 {
            "fair means the rule that both signed: the paper defines none".to_owned()
        } else {
            String::new()
        },
        computed: "the shares of home, visited, owner and tax add up to each bill".to_owned(),
        measured: format!(
            "{charged} charges settled by four replicas, {wrong} with other shares than the rule's"
        ),
    })
}
