//! Runs: the same drawn drivers under every regime, many times.

use crate::market::{Expected, Market};
use crate::outcome::{Outcome, QUANTITIES, Quantity};
use crate::parameters::REGIONS;
use crate::regime::Regime;
use crate::stats::{Agreement, Interval, Moments};
use fairway_sim::Rng;

/// What became of one regime.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// Which.
    pub regime: Regime,
    /// Per run the mean per wish.
    pub runs: Vec<Outcome>,
    /// Over all drivers of all runs, by quantity.
    moments: [Moments; QUANTITIES],
    /// The closed form.
    pub expected: Expected,
    /// The highest load of each region with charging, in kilowatts, from the closed form.
    pub peaks: [f64; REGIONS],
}

/// Draws the drivers of every run and lets them choose under the compared regimes. The same seed gives the same result.
pub fn simulate(market: &Market<'_>) -> Vec<Simulated> {
    let p = market.parameters;
    let mut found: Vec<Simulated> = Regime::COMPARED
        .into_iter()
        .map(|regime| {
            let expected = market.expect(regime);
            Simulated {
                regime,
                runs: Vec::new(),
                moments: Default::default(),
                peaks: [0, 1].map(|region| market.system_peak(&expected, region)),
                expected,
            }
        })
        .collect();
    for run in 0..p.runs {
        let mut sums = vec![Outcome::default(); found.len()];
        let mut chance = Rng::new(run_seed(p.seed, run));
        for _ in 0..p.drivers {
            let wish = market.wish(&mut chance);
            for (simulated, sum) in found.iter_mut().zip(&mut sums) {
                let outcome = market.outcome(simulated.regime, &wish);
                *sum += outcome;
                for (moments, quantity) in simulated.moments.iter_mut().zip(Quantity::ALL) {
                    moments.add(outcome[quantity]);
                }
            }
        }
        let of_one = 1.0 / crate::number::count(p.drivers.max(1));
        for (simulated, sum) in found.iter_mut().zip(sums) {
            simulated.runs.push(sum.times(of_one));
        }
    }
    found
}

/// The seed of a run.
pub(crate) fn run_seed(seed: u64, run: usize) -> u64 {
    let run = u64::try_from(run).unwrap_or(u64::MAX);
    seed.wrapping_mul(1_000_003).wrapping_add(run)
}

impl Simulated {
    /// A figure of the runs with its interval.
    pub fn interval(&self, of: impl Fn(&Outcome) -> f64) -> Interval {
        let values: Vec<f64> = self.runs.iter().map(of).collect();
        Interval::of(&values)
    }

    /// The difference to another regime, run by run, over the same drivers.
    pub fn over(&self, other: &Self, of: impl Fn(&Outcome) -> f64) -> Interval {
        let pairs = self.runs.iter().zip(&other.runs);
        let values: Vec<f64> = pairs.map(|(a, b)| of(a) - of(b)).collect();
        Interval::of(&values)
    }

    /// Every quantity beside its closed form.
    pub fn agreements(&self) -> Vec<Agreement> {
        let pairs = Quantity::ALL.into_iter().zip(&self.moments);
        pairs
            .map(|(quantity, moments)| Agreement {
                what: format!("{}: {}", self.regime.name(), quantity.name()),
                simulated: moments.mean(),
                standard_error: moments.standard_error(),
                closed_form: self.expected.total[quantity],
            })
            .collect()
    }
}

/// The mean error of offered prices.
pub fn price_error(outcome: &Outcome) -> f64 {
    let offers = outcome[Quantity::Offers];
    if offers > 0.0 {
        outcome[Quantity::Error] / offers
    } else {
        0.0
    }
}
