//! Each sentence of the paper's evaluation, and the condition under which it holds in the reconstruction.

use crate::scenario::{Regime, Scenario, Terms, count};
use crate::signal::Signal;
use crate::solve::{positive, zeros};
use core::fmt;

/// Points on which the least value of a function is looked for.
const GRID: usize = 200;

/// Where the abscissa lies: the mean willingness w_1, and λ_1, between the same bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The lowest value; more than 0.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            low: 0.25,
            high: 4.0,
        }
    }
}

/// What became of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds on the whole range.
    Holds,
    /// It holds where this is so.
    HoldsIf(String),
    /// It holds nowhere on the range.
    DoesNotHold,
}

impl Verdict {
    /// In a word or two.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HoldsIf(_) => "holds if",
            Self::DoesNotHold => "does not hold",
        }
    }

    /// The condition, if there is one.
    pub fn condition(&self) -> &str {
        match self {
            Self::HoldsIf(condition) => condition,
            Self::Holds | Self::DoesNotHold => "",
        }
    }
}

/// One sentence in one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Lines of the paper.
    pub lines: &'static str,
    /// What it says, in short.
    pub sentence: &'static str,
    /// Model `A`, `B`, or `-` for both.
    pub model: char,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The figures that show it.
    pub figure: String,
}

/// The parts of a range where a function is above zero, by the zeros that it has.
struct Where {
    above: Vec<(f64, f64)>,
    range: Range,
}

impl Where {
    fn of(f: impl Fn(f64) -> f64, range: Range) -> Self {
        let mut cuts = vec![range.low];
        cuts.extend(zeros(&f, range.low, range.high));
        cuts.push(range.high);
        let above = cuts
            .iter()
            .zip(cuts.iter().skip(1))
            .filter(|(low, high)| high > low && f(f64::midpoint(**low, **high)) > 0.0)
            .map(|(low, high)| (*low, *high))
            .collect();
        Self { above, range }
    }

    fn verdict(&self, name: &str) -> Verdict {
        match self.above.as_slice() {
            [] => Verdict::DoesNotHold,
            [(low, high)] if *low <= self.range.low && *high >= self.range.high => Verdict::Holds,
            parts => {
                let parts: Vec<String> = parts.iter().map(|part| self.one(name, *part)).collect();
                Verdict::HoldsIf(parts.join(" or "))
            }
        }
    }

    fn one(&self, name: &str, (low, high): (f64, f64)) -> String {
        if low <= self.range.low {
            format!("{name} < {high:.3}")
        } else if high >= self.range.high {
            format!("{name} > {low:.3}")
        } else {
            format!("{low:.3} < {name} < {high:.3}")
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.low, self.high)
    }
}

/// The least value of `f` on the range.
fn least(f: impl Fn(f64) -> f64, range: Range) -> f64 {
    (0..=GRID)
        .map(|at| f(range.low + (range.high - range.low) * count(at) / count(GRID)))
        .fold(f64::INFINITY, f64::min)
}

/// The greatest value of `f` on the range.
fn greatest(f: impl Fn(f64) -> f64, range: Range) -> f64 {
    -least(|x| -f(x), range)
}

/// Every sentence for both models, and the one about forecasts.
pub fn claims(a: &Scenario, b: &Scenario, range: Range, signal: Signal) -> Vec<Claim> {
    let mut all = Vec::new();
    for scenario in [a, b] {
        all.extend([
            grows_with_wealth(scenario, range),
            flipped(scenario, range),
            tcr(scenario, range),
            tcr_grows(scenario, range),
            hurts_less(scenario, range, (Regime::Traditional, Regime::None)),
            hurts_less(scenario, range, (Regime::Proposed, Regime::Traditional)),
            beats_traditional(scenario, range),
            beats_none(scenario, range),
        ]);
    }
    all.push(forecast(signal));
    all
}

fn grows_with_wealth(s: &Scenario, range: Range) -> Claim {
    let verdict = Where::of(|w| s.slope(Regime::None, w), range).verdict("w1");
    // The least part of would-be roaming that must stay at home for revenue to grow everywhere.
    let slope = |stays: f64| {
        let changed = s.with(|t| t.stays = stays);
        least(|w| changed.slope(Regime::None, w), range)
    };
    let needed = zeros(slope, 0.0, 1.0).first().map_or_else(
        || "for every rho".to_owned(),
        |rho| format!("for every rho over {rho:.3}"),
    );
    Claim {
        lines: "L417-418",
        sentence: "without roaming, revenue grows with local purchasing power",
        model: s.travel.letter(),
        verdict,
        figure: format!(
            "slope {:.3} at w1 = 1 with rho = {}; {needed}",
            s.slope(Regime::None, 1.0),
            s.terms.stays
        ),
    }
}

/// Where traditional roaming's revenue is greatest, if that is inside the range.
pub fn peak(s: &Scenario, range: Range) -> Option<f64> {
    zeros(|w| s.slope(Regime::Traditional, w), range.low, range.high)
        .into_iter()
        .find(|w| s.slope(Regime::Traditional, w * 0.99) > 0.0)
}

fn flipped(s: &Scenario, range: Range) -> Claim {
    let verdict = Where::of(|w| -s.slope(Regime::Traditional, w), range).verdict("w1");
    let figure = peak(s, range).map_or_else(
        || format!("slope {:+.3} at w1 = 2", s.slope(Regime::Traditional, 2.0)),
        |w| {
            format!(
                "highest at w1 = {w:.3}, slope {:+.3} at w1 = 2",
                s.slope(Regime::Traditional, 2.0)
            )
        },
    );
    Claim {
        lines: "L418",
        sentence: "traditional roaming flips the graph: revenue falls with local purchasing power",
        model: s.travel.letter(),
        verdict,
        figure,
    }
}

fn tcr(s: &Scenario, range: Range) -> Claim {
    let more = |w: f64| s.total_at(Regime::Traditional, w) - s.total_at(Regime::None, w);
    let at_one = s.revenue(Regime::Traditional, 1.0);
    Claim {
        lines: "L418-421",
        sentence: "roaming raises region 1's revenue by customers of other regions (TCR)",
        model: s.travel.letter(),
        verdict: Where::of(more, range).verdict("w1"),
        figure: format!(
            "at w1 = 1: {:.3} against {:.3}, of which TCR {:.3}",
            at_one.total(),
            s.total(Regime::None, 1.0),
            at_one.tcr
        ),
    }
}

fn tcr_grows(s: &Scenario, range: Range) -> Claim {
    let slopes: Vec<f64> = (0..s.others.len())
        .flat_map(|j| [Regime::Traditional, Regime::Proposed].map(|r| (r, j)))
        .map(|(regime, j)| s.mass_slope(regime, 1.0 / range.high, j))
        .collect();
    let holds = slopes.iter().all(|slope| *slope > 0.0);
    let [t, p] = [Regime::Traditional, Regime::Proposed].map(|r| s.mass_slope(r, 1.0, 0));
    Claim {
        lines: "L419-421",
        sentence: "each further region (2, 3, ...) adds to it",
        model: s.travel.letter(),
        verdict: if holds {
            Verdict::Holds
        } else {
            Verdict::HoldsIf("drivers of every region roam to region 1".to_owned())
        },
        figure: format!(
            "dR/dm2 = {t:.3} traditional, {p:.3} proposed; other regions: {}",
            s.others.len()
        ),
    }
}

fn hurts_less(s: &Scenario, range: Range, (less, more): (Regime, Regime)) -> Claim {
    // A worsening is more λ1; what hurts less falls less, or rises.
    let gap = |rate: f64| s.log_slope(less, rate) - s.log_slope(more, rate);
    let sentence = if less == Regime::Traditional {
        "a worsening of region 1 (more lambda1) hurts less with traditional roaming than with none"
    } else {
        "and still less with the proposed roaming"
    };
    Claim {
        lines: "L421-422",
        sentence,
        model: s.travel.letter(),
        verdict: Where::of(gap, range).verdict("lambda1"),
        figure: format!(
            "d ln R/d lambda1 at 1: {:+.2} against {:+.2}",
            s.log_slope(less, 1.0),
            s.log_slope(more, 1.0)
        ),
    }
}

/// Proposed over traditional, at w1.
pub fn ratio(s: &Scenario, willingness: f64) -> f64 {
    s.total_at(Regime::Proposed, willingness) / s.total_at(Regime::Traditional, willingness)
}

/// The values of one term, from 0 to 1, for which the proposed roaming beats the traditional one on the whole range.
fn beats_for(s: &Scenario, range: Range, name: &str, set: fn(&mut Terms, f64)) -> String {
    let margin = |value: f64| {
        let changed = s.with(|t| set(t, value));
        let gap = |w: f64| {
            changed.total_at(Regime::Proposed, w) - changed.total_at(Regime::Traditional, w)
        };
        least(gap, range)
    };
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    match Where::of(margin, unit).verdict(name) {
        Verdict::Holds => format!("every {name}"),
        Verdict::HoldsIf(condition) => condition,
        Verdict::DoesNotHold => format!("no {name}"),
    }
}

fn beats_traditional(s: &Scenario, range: Range) -> Claim {
    let gap = |w: f64| s.total_at(Regime::Proposed, w) - s.total_at(Regime::Traditional, w);
    Claim {
        lines: "L422-423",
        sentence: "the proposed roaming raises revenue even more than the traditional one",
        model: s.travel.letter(),
        verdict: Where::of(gap, range).verdict("w1"),
        figure: format!(
            "P/T from {:.3} to {:.3} at theta = {}; on the whole range for {}, and for {}",
            least(|w| ratio(s, w), range),
            greatest(|w| ratio(s, w), range),
            s.terms.home_share,
            beats_for(s, range, "theta", |t, v| (t.home_share, t.partner_share) =
                (v, v)),
            beats_for(s, range, "f_B", |t, v| t.fee_ledger = v)
        ),
    }
}

/// Up to where the proposed roaming beats none, if it does not do so everywhere.
pub fn overtaken(s: &Scenario, range: Range) -> Option<f64> {
    let gap = |w: f64| s.total_at(Regime::Proposed, w) - s.total_at(Regime::None, w);
    zeros(gap, range.low, range.high).first().copied()
}

fn beats_none(s: &Scenario, range: Range) -> Claim {
    let gap = |w: f64| s.total_at(Regime::Proposed, w) - s.total_at(Regime::None, w);
    let fits = s.with(|t| t.stays = t.home_share * (1.0 - t.fee_ledger));
    let always = |w: f64| fits.total_at(Regime::Proposed, w) - fits.total_at(Regime::None, w);
    let everywhere = if positive(always, range.low, range.high) {
        format!("everywhere for rho up to {:.3}", fits.terms.stays)
    } else {
        "for no rho everywhere".to_owned()
    };
    Claim {
        lines: "L422-423",
        sentence: "the proposed roaming raises revenue over no roaming",
        model: s.travel.letter(),
        verdict: Where::of(gap, range).verdict("w1"),
        figure: format!(
            "at w1 = 1: {:.3} against {:.3} with rho = {}, theta = {}; {everywhere}",
            s.total(Regime::Proposed, 1.0),
            s.total(Regime::None, 1.0),
            s.terms.stays,
            s.terms.home_share
        ),
    }
}

fn forecast(signal: Signal) -> Claim {
    let verdict = match signal.break_even() {
        Some(error) => Verdict::HoldsIf(format!(
            "the forecast's error is under {:.3} of the cost's spread",
            error / signal.cost
        )),
        None => Verdict::DoesNotHold,
    };
    Claim {
        lines: "L435-437",
        sentence: "prices by forecast make decisions, and so income, better than a fixed price",
        model: '-',
        verdict,
        figure: format!(
            "gain {:.3} at sigma_e = {}, {:.3} with a perfect forecast, {:.3} at sigma_e = sigma_c",
            signal.gain(),
            signal.error,
            Signal {
                error: 0.0,
                ..signal
            }
            .gain(),
            Signal {
                error: signal.cost,
                ..signal
            }
            .gain()
        ),
    }
}
