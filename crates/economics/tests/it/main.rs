//! The reconstruction against the figures that were published of it, and the statements that it must give (EV-04 to EV-08).

use fairway_economics::claims::{Range, overtaken, peak};
use fairway_economics::figure::{Abscissa, csv, curves, svg};
use fairway_economics::sensitivity::{crossings, fees};
use fairway_economics::signal::Signal;
use fairway_economics::text::Report;
use fairway_economics::{RECONSTRUCTION, Regime, Region, Scenario, Travel, Verdict, claims};

const RANGE: Range = Range {
    low: 0.05,
    high: 4.0,
};
const SIGNAL: Signal = Signal {
    rate: 5.0,
    cost: 0.08,
    error: 0.04,
};

fn near(found: f64, wanted: f64, digits: i32) -> bool {
    (found - wanted).abs() <= 0.5001 * 10f64.powi(-digits)
}

fn at(low: f64, steps: u32, rise: f64) -> impl Iterator<Item = f64> {
    (0..=steps).map(move |n| low + f64::from(n) * rise)
}

/// Model A at four λ1: revenue, T/NR, P/T, and the logarithmic slopes.
#[test]
fn model_a_gives_the_published_table() {
    let a = Scenario::model_a();
    for (rate, revenue, t_nr, p_t, slopes) in [
        (
            0.5,
            [0.515, 0.677, 0.736],
            1.32,
            1.086,
            [-2.00, -1.76, -1.70],
        ),
        (
            1.0,
            [0.258, 0.379, 0.423],
            1.47,
            1.115,
            [-1.00, -0.79, -0.74],
        ),
        (
            2.0,
            [0.129, 0.230, 0.267],
            1.79,
            1.158,
            [-0.50, -0.32, -0.29],
        ),
        (
            4.0,
            [0.064, 0.156, 0.189],
            2.42,
            1.211,
            [-0.25, -0.12, -0.10],
        ),
    ] {
        for ((regime, wanted), slope) in Regime::ALL.into_iter().zip(revenue).zip(slopes) {
            let found = a.total(regime, rate);
            assert!(near(found, wanted, 3), "{rate} {regime:?}: {found}");
            let found = a.log_slope(regime, rate);
            assert!(near(found, slope, 2), "{rate} {regime:?} slope: {found}");
        }
        let [none, traditional, proposed] = Regime::ALL.map(|r| a.total(r, rate));
        assert!(near(traditional / none, t_nr, 2), "{rate}: T/NR");
        assert!(near(proposed / traditional, p_t, 3), "{rate}: P/T");
    }
}

/// Model B at four w1: revenue and slopes.
#[test]
fn model_b_gives_the_published_table() {
    let b = Scenario::model_b();
    for (w, revenue, slopes) in [
        (0.5, [0.184, 0.283, 0.380], [0.368, 0.112, 0.240]),
        (1.0, [0.368, 0.306, 0.484], [0.368, 0.000, 0.184]),
        (1.5, [0.552, 0.294, 0.570], [0.368, -0.041, 0.163]),
        (2.0, [0.736, 0.271, 0.650], [0.368, -0.050, 0.159]),
    ] {
        for ((regime, wanted), slope) in Regime::ALL.into_iter().zip(revenue).zip(slopes) {
            let found = b.total_at(regime, w);
            assert!(near(found, wanted, 3), "{w} {regime:?}: {found}");
            let found = b.slope(regime, w);
            assert!(near(found, slope, 3), "{w} {regime:?} slope: {found}");
        }
    }
}

/// Points of the published curves, to their last digit.
#[test]
fn the_published_curves_are_met() {
    let points = |s: &Scenario| curves(s, Abscissa::of(s), RANGE, 80);
    let (a, b) = (points(&Scenario::model_a()), points(&Scenario::model_b()));
    for (row, x, of_a, of_b) in [
        (
            0,
            0.05,
            [5.150_312, 6.043_525, 6.364_314],
            [0.018_394, 0.188_593, 0.250_49],
        ),
        (
            1,
            0.1,
            [2.575_156, 3.062_363, 3.237_339],
            [0.036_788, 0.204_384, 0.267_582],
        ),
        (
            2,
            0.15,
            [1.716_771, 2.068_642, 2.195_014],
            [0.055_182, 0.218_592, 0.283_883],
        ),
        (
            3,
            0.2,
            [1.287_578, 1.571_782, 1.673_851],
            [0.073_576, 0.231_335, 0.299_452],
        ),
    ] {
        assert!(near(a[row].x, x, 9) && near(b[row].x, x, 9));
        for regime in 0..3 {
            assert!(near(a[row].y[regime], of_a[regime], 6), "{:?}", a[row]);
            assert!(near(b[row].y[regime], of_b[regime], 6), "{:?}", b[row]);
        }
    }
}

/// EV-04: without roaming revenue grows with local purchasing power.
#[test]
fn without_roaming_revenue_grows_with_purchasing_power() {
    for s in [Scenario::model_a(), Scenario::model_b()] {
        let all: Vec<f64> = at(0.05, 400, 0.02)
            .map(|w| s.total_at(Regime::None, w))
            .collect();
        assert!(all.is_sorted_by(|a, b| a < b));
        // In proportion: twice the willingness, twice the revenue.
        assert!(near(
            s.total_at(Regime::None, 2.0) / s.total_at(Regime::None, 1.0),
            2.0,
            9
        ));
    }
    // Where travel grows with wealth and too little stays at home, it does not: the condition is computed.
    let lost = Scenario::model_b().with(|t| t.stays = 0.1);
    let found = claims(&Scenario::model_a(), &lost, RANGE, SIGNAL);
    assert!(matches!(found[8].verdict, Verdict::HoldsIf(_)));
    assert!(
        found[8].figure.contains("rho over 0.119"),
        "{}",
        found[8].figure
    );
}

/// EV-05: in model B traditional roaming is flipped: it peaks at w1 = 1/κ and then falls, while none and proposed rise.
#[test]
fn traditional_roaming_is_flipped_in_model_b() {
    for kappa in [0.5, 1.0, 2.0] {
        let s = Scenario {
            travel: Travel::WithWealth(kappa),
            ..Scenario::model_b()
        };
        let highest = peak(&s, RANGE).unwrap();
        assert!(near(highest, 1.0 / kappa, 6), "{highest}");
        let beyond = at(highest + 0.01, 100, 0.02);
        for w in beyond {
            assert!(s.slope(Regime::Traditional, w) < 0.0);
            assert!(s.slope(Regime::None, w) > 0.0 && s.slope(Regime::Proposed, w) > 0.0);
        }
    }
    assert_eq!(peak(&Scenario::model_a(), RANGE), None);
}

/// EV-06: every other region's mass raises revenue under roaming; any number of regions.
#[test]
fn every_region_adds_to_tcr() {
    let mut s = Scenario::model_b();
    for number in 1..=9u32 {
        let rate = f64::from(number) * 0.4;
        s.others.push(Region {
            mass: 0.5,
            rate,
            toward: 0.1,
        });
        s.check().unwrap();
        for other in 0..s.others.len() {
            assert!(s.mass_slope(Regime::Traditional, 1.3, other) > 0.0);
            assert!(s.mass_slope(Regime::Proposed, 1.3, other) > 0.0);
            assert!(near(s.mass_slope(Regime::None, 1.3, other), 0.0, 12));
        }
    }
    let two = Scenario::model_b().revenue(Regime::Proposed, 1.0).tcr;
    assert!(s.revenue(Regime::Proposed, 1.0).tcr > two);
}

/// EV-07: a worsening of region 1 hurts less with traditional roaming than with none, and least with the proposed one.
#[test]
fn a_worsening_hurts_less_with_roaming() {
    let a = Scenario::model_a();
    for rate in at(0.05, 400, 0.02) {
        let [none, traditional, proposed] = Regime::ALL.map(|r| a.log_slope(r, rate).abs());
        assert!(proposed < traditional && traditional < none, "{rate}");
    }
}

/// EV-08: at θ = ½ the proposal always beats traditional roaming; against none the condition is computed.
#[test]
fn the_proposal_gives_more() {
    for s in [Scenario::model_a(), Scenario::model_b()] {
        for w in at(0.05, 800, 0.02) {
            assert!(
                s.total_at(Regime::Proposed, w) > s.total_at(Regime::Traditional, w),
                "{w}"
            );
        }
    }
    assert_eq!(overtaken(&Scenario::model_a(), RANGE), None);
    for (found, wanted) in crossings(&Scenario::model_b(), RANGE)
        .into_iter()
        .zip([1.50, 1.59, 1.78])
    {
        assert!((found.unwrap() - wanted).abs() < 0.01, "{found:?}");
    }
    // For rho up to theta it beats none everywhere.
    let stays = Scenario::model_b().with(|t| t.stays = 0.5);
    assert_eq!(overtaken(&stays, RANGE), None);
    // A common theta does not move the crossing, for what home keeps the partners keep too. A utility whose drivers travel much asks
    // for more in its own direction.
    let common = Scenario::model_b().with(|t| (t.home_share, t.partner_share) = (0.7, 0.7));
    assert!((overtaken(&common, RANGE).unwrap() - 1.59).abs() < 0.01);
    let more = Scenario::model_b().with(|t| t.home_share = 0.7);
    assert!(overtaken(&more, RANGE).unwrap() > 2.0);
}

/// With fees, and drivers who are not served, the gain is larger.
#[test]
fn fees_move_the_gain_as_published() {
    let rows = fees(&Scenario::model_a());
    let stressed = rows.iter().find(|r| r.served < 0.85).unwrap();
    for (found, wanted) in stressed.ratios.into_iter().zip([1.161, 1.221, 1.315]) {
        assert!(near(found, wanted, 3), "{found}");
    }
    // A ledger's fee as high as what two margins lose takes the gain away.
    let plain = rows.first().unwrap().break_even.unwrap();
    assert!(near(plain, 1.0 - 2.0 / core::f64::consts::E, 6), "{plain}");
}

/// The forecast's gain: closed form as published, and the simulation within three standard errors; the same seed, the same number.
#[test]
fn the_forecast_s_gain_is_met_by_simulation() {
    for (error, wanted) in [(0.0, 1.083), (0.04, 1.061), (0.08, 0.986), (0.12, 0.830)] {
        let signal = Signal { error, ..SIGNAL };
        assert!(near(signal.gain(), wanted, 3), "{}", signal.gain());
        let estimate = signal.simulate(7, 200_000);
        let off = (estimate.mean - signal.gain()).abs() / estimate.standard_error;
        assert!(off < 3.0, "{off} standard errors at {error}: {estimate:?}");
        assert_eq!(estimate, signal.simulate(7, 200_000));
        assert_ne!(estimate, signal.simulate(8, 200_000));
    }
    assert!(near(SIGNAL.near(), 1.06, 9));
    // The gain is gone a little before the error is as large as the cost's spread.
    let error = SIGNAL.break_even().unwrap();
    assert!((0.07..0.08).contains(&error), "{error}");
    assert!(near(Signal { error, ..SIGNAL }.gain(), 1.0, 9));
}

/// Every output says what it is, and holds no other number than the curves do.
#[test]
fn every_output_says_reconstruction() {
    let (a, b) = (Scenario::model_a(), Scenario::model_b());
    for s in [&a, &b] {
        let points = curves(s, Abscissa::of(s), RANGE, 80);
        let table = csv(s, Abscissa::of(s), &points);
        assert!(table.starts_with(&format!("# {RECONSTRUCTION}")));
        assert_eq!(table.lines().count(), 82);
        let drawing = svg(s, Abscissa::of(s), RANGE, &points);
        assert!(drawing.contains(RECONSTRUCTION) && drawing.contains("prefers-color-scheme"));
        assert_eq!(drawing.matches("<polyline").count(), 3);
    }
    let report = Report {
        a,
        b,
        range: RANGE,
        signal: SIGNAL,
        seed: 1,
        samples: 10_000,
    };
    let text = report.text();
    assert!(text.starts_with(RECONSTRUCTION) && text.ends_with(&format!("{RECONSTRUCTION}.")));
    assert!(
        text.contains("proposed beats no roaming up to w1 = 1.59"),
        "{text}"
    );
    let all = claims(&report.a, &report.b, RANGE, SIGNAL);
    assert_eq!(all.len(), 17);
    // What the two models cannot give: A is not flipped, and in B a worsening of region 1 helps traditional roaming.
    let fails: Vec<_> = all
        .iter()
        .filter(|c| c.verdict == Verdict::DoesNotHold)
        .map(|c| (c.lines, c.model))
        .collect();
    assert_eq!(fails, [("L418", 'A'), ("L421-422", 'B')]);
}

#[test]
fn parameters_that_make_no_sense_are_named() {
    let wrong = |change: fn(&mut Scenario)| {
        let mut s = Scenario::model_a();
        change(&mut s);
        s.check().unwrap_err().to_string()
    };
    assert_eq!(wrong(|s| s.mass = 0.0), "m1 is 0; a number over 0 is right");
    assert_eq!(
        wrong(|s| s.others[0].rate = f64::NAN),
        "lambda2 is NaN; a number over 0 is right"
    );
    assert_eq!(
        wrong(|s| s.terms.home_share = 1.5),
        "theta is 1.5; a number from 0 to 1 is right"
    );
    assert_eq!(
        wrong(|s| s.others.clear()),
        "the number of other regions is 0; 1 to 63 is right"
    );
    assert!(wrong(|s| s.travel = Travel::WithWealth(-1.0)).starts_with("kappa is -1"));
}
