//! Figure 5 as points, as CSV and as SVG.

mod draw;

use crate::RECONSTRUCTION;
use crate::claims::{Range, overtaken, peak};
use crate::scenario::{Regime, Scenario, Travel, count};
use std::fmt::Write as _;

/// Most points of a curve.
pub const MAX_POINTS: usize = 10_000;

/// What stands on the abscissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abscissa {
    /// λ_1, as the paper draws it.
    Rate,
    /// The mean willingness w_1 = 1/λ_1.
    Willingness,
}

impl Abscissa {
    /// The usual one of a scenario: λ_1 in model A, w_1 in model B.
    pub const fn of(scenario: &Scenario) -> Self {
        match scenario.travel {
            Travel::Fixed(_) => Self::Rate,
            Travel::WithWealth(_) => Self::Willingness,
        }
    }

    /// Its name in a table's head.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rate => "lambda1",
            Self::Willingness => "w1",
        }
    }

    fn rate(self, x: f64) -> f64 {
        match self {
            Self::Rate => x,
            Self::Willingness => 1.0 / x,
        }
    }
}

/// Region 1's revenue under all three regimes at one abscissa.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// λ_1 or w_1.
    pub x: f64,
    /// Revenue without roaming, with traditional and with the proposed roaming.
    pub y: [f64; 3],
}

/// The three curves over a range, at `points` abscissas whose last is the range's end. At least 2 and at most [`MAX_POINTS`].
pub fn curves(s: &Scenario, abscissa: Abscissa, range: Range, points: usize) -> Vec<Point> {
    let points = points.clamp(2, MAX_POINTS);
    let steps = count(points) - 1.0;
    (0..points)
        .map(|at| {
            let x = range.low + (range.high - range.low) * count(at) / steps;
            let y = Regime::ALL.map(|regime| s.total(regime, abscissa.rate(x)));
            Point { x, y }
        })
        .collect()
}

/// A scenario's parameters in one line.
pub fn parameters(s: &Scenario) -> String {
    let t = &s.terms;
    let mut out = format!("model {}: m1 = {}", s.travel.letter(), s.mass);
    for (number, region) in (2..).zip(&s.others) {
        let _ = write!(
            out,
            ", m{number} = {}, λ{number} = {}",
            region.mass, region.rate
        );
    }
    let _ = match s.travel {
        Travel::Fixed(share) => write!(out, ", τ = {share}"),
        Travel::WithWealth(kappa) => write!(out, ", κ = {kappa}"),
    };
    let partner = if t.partner_share.to_bits() == t.home_share.to_bits() {
        String::new()
    } else {
        format!(" (partners {})", t.partner_share)
    };
    let _ = write!(
        out,
        ", ρ = {}, θ = {}{}, fees {} and {}, φ = {}",
        t.stays, t.home_share, partner, t.fee_traditional, t.fee_ledger, t.served
    );
    out
}

/// The curves as CSV: a line that says what it is, a head, six digits.
pub fn csv(s: &Scenario, abscissa: Abscissa, points: &[Point]) -> String {
    let mut out = format!("# {RECONSTRUCTION}, {}\n", parameters(s));
    let _ = writeln!(out, "{},no_roaming,traditional,proposed", abscissa.name());
    for p in points {
        let [none, traditional, proposed] = p.y;
        let _ = writeln!(out, "{:.6},{none:.6},{traditional:.6},{proposed:.6}", p.x);
    }
    out
}

/// The curves as a drawing of its own, readable on light and dark ground.
pub fn svg(s: &Scenario, abscissa: Abscissa, range: Range, points: &[Point]) -> String {
    let notes = match abscissa {
        Abscissa::Rate => Vec::new(),
        Abscissa::Willingness => notes(s, range),
    };
    draw::chart(s, abscissa, points, &notes)
}

/// A place in the figure that is worth a remark.
struct Note {
    x: f64,
    y: f64,
    text: String,
}

fn notes(s: &Scenario, range: Range) -> Vec<Note> {
    let highest = peak(s, range).map(|w| Note {
        x: w,
        y: s.total_at(Regime::Traditional, w),
        text: format!("traditional falls beyond {w:.2}"),
    });
    let overtaken = overtaken(s, range).map(|w| Note {
        x: w,
        y: s.total_at(Regime::Proposed, w),
        text: format!("proposed is best up to {w:.2}"),
    });
    highest.into_iter().chain(overtaken).collect()
}
