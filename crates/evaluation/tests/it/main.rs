//! The evaluation as a whole: statistics against closed forms, the sample through the composition, the report.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use fairway_evaluation::loads::Loads;
use fairway_evaluation::parameters::Parameters;
use fairway_evaluation::regime::Regime;
use fairway_evaluation::stats::Interval;
use fairway_evaluation::{Evaluation, RECONSTRUCTION, csv, evaluate, report};
use std::sync::OnceLock;

/// Trips of each regime's sample.
const SAMPLED: usize = 40;

fn parameters() -> Parameters {
    Parameters {
        drivers: 12_000,
        months: 2,
        runs: 10,
        ..Parameters::default()
    }
}

/// One evaluation for all tests: the forecast's training takes most of the time.
fn found() -> &'static Evaluation {
    static FOUND: OnceLock<Evaluation> = OnceLock::new();
    FOUND.get_or_init(|| {
        let p = parameters();
        let loads = Loads::synthetic(p.seed, p.months).unwrap();
        evaluate(&p, &loads, 0).unwrap()
    })
}

fn of(regime: Regime) -> &'static fairway_evaluation::simulate::Simulated {
    found()
        .simulated
        .iter()
        .find(|s| s.regime == regime)
        .unwrap()
}

#[test]
fn simulation_and_closed_form_agree_within_three_standard_errors() {
    let all = found().agreements();
    assert_eq!(all.len(), 2 * 7 * 3 + 4 * 16);
    for a in &all {
        assert!(a.holds(), "{a:?}: {} standard errors", a.errors());
    }
    // The bound can fail: a closed form that is off by six parts in a hundred is noticed.
    let noticed = all.iter().filter(|a| {
        let mut wrong = (*a).clone();
        wrong.closed_form *= 1.06;
        !wrong.holds()
    });
    assert!(noticed.count() > all.len() / 2);
}

#[test]
fn the_composition_settles_what_the_evaluation_says_charge_by_charge() {
    let p = Parameters {
        drivers: 200,
        months: 1,
        runs: 2,
        ..Parameters::default()
    };
    let loads = Loads::synthetic(p.seed, p.months).unwrap();
    let found = evaluate(&p, &loads, SAMPLED).unwrap();
    let samples = &found.samples;
    assert_eq!(samples.len(), 4);
    for sample in samples {
        assert_eq!(
            sample.differences,
            Vec::<String>::new(),
            "{:?}",
            sample.regime
        );
        assert_eq!(sample.charged + sample.too_dear + sample.refused, SAMPLED);
        assert!(sample.charged > 0 && sample.too_dear > 0);
    }
    let refused = |place: usize| samples[place].refused;
    assert!(refused(0) > 0, "without agreements somebody is refused");
    assert_eq!([refused(1), refused(2), refused(3)], [0; 3]);
}

#[test]
fn contracts_beat_the_hub_and_the_forecast_beats_the_fixed_price() {
    use fairway_evaluation::outcome::Quantity as Q;
    let better = |a: Regime, b: Regime, q: Q| {
        let change: Interval = of(a).over(of(b), |o| o[q]);
        assert!(
            change.mean - change.half > 0.0,
            "{a:?} over {b:?}, {q:?}: {change:?}"
        );
    };
    better(Regime::Static, Regime::Hub, Q::Margin);
    better(Regime::Static, Regime::Hub, Q::Surplus);
    better(Regime::Hub, Regime::None, Q::Roaming);
    better(Regime::Forecast, Regime::Static, Q::Margin);
    // The coincident peak falls (PR-10).
    better(Regime::Static, Regime::Forecast, Q::Peak);
    better(Regime::Static, Regime::Forecast, Q::Error);
}

#[test]
fn the_back_test_adds_up_and_the_known_load_bounds_it() {
    use fairway_evaluation::outcome::Quantity as Q;
    let b = &found().backtest;
    assert_eq!(b.months.len(), 2);
    let wishes: f64 = b.months.iter().map(|m| m.money[2][Q::Margin]).sum();
    assert!((wishes / b.total[2][Q::Margin] - 1.0).abs() < 1e-9);
    let [table, forecast, known] = [1, 2, 3].map(|c| b.gain(c, Q::Margin));
    assert!(
        known > forecast && forecast > 0.0,
        "{table} {forecast} {known}"
    );
    assert_eq!(b.reasons().values().sum::<usize>(), b.failures.len());
    assert!(b.peaks[2][0] < b.peaks[0][0], "the highest load falls");
}

#[test]
fn every_sentence_has_a_verdict_with_a_figure() {
    let rows = found().claims();
    // Without a sample nothing is said about shares on the ledger.
    assert_eq!(rows.len(), 2 * 8 + 6);
    for row in &rows {
        assert!(!row.computed.is_empty(), "{row:?}");
        assert_eq!(
            row.verdict == "holds if",
            !row.condition.is_empty(),
            "{row:?}"
        );
    }
}

#[test]
fn the_report_is_one_file_that_says_what_it_is() {
    let page = report::page(found());
    for wanted in [
        RECONSTRUCTION,
        "synthetic",
        "prefers-color-scheme: dark",
        "role=\"img\"",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    // Nothing is loaded from anywhere, and nothing was divided by zero.
    for unwanted in [
        "http://", "https://", "<script", "@import", "url(", "NaN", "inf ",
    ] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    let drawings = page.matches("<svg viewBox=\"0 0 380").count();
    assert_eq!(page.matches("The figures as a table").count(), drawings);
    for (name, text) in csv::files(found()) {
        assert!(text.starts_with('#') && text.lines().count() >= 2, "{name}");
    }
}

#[test]
fn an_equal_seed_gives_an_equal_report() {
    let p = Parameters {
        drivers: 500,
        months: 1,
        runs: 2,
        ..Parameters::default()
    };
    let made = || {
        let loads = Loads::synthetic(p.seed, p.months).unwrap();
        report::page(&evaluate(&p, &loads, 0).unwrap())
    };
    assert_eq!(made(), made());
}
