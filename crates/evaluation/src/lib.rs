//! The paper's evaluation, re-created: what roaming, contracts and the forecast are worth, to whom, and under which conditions.
//!
//! [`market`] draws drivers and lets them choose under four regimes over the loads of [`loads`]; [`simulate`] repeats that, with intervals, beside the
//! closed form; [`sample`] sends a part of them through the running composition of `sim` and compares charge by charge; [`figure5`] re-creates the
//! curves; [`backtest`] plays contracts over months of load; [`claims`] says of every sentence whether it holds; [`report`] is one page of HTML.
//!
//! Prices, bills and shares are whole numbers of the shipped price engine. Statistics are floats: nothing that the ledger or a utility computes
//! may depend on this crate. No I/O and no clock; chance comes from a seed.

pub mod backtest;
pub mod claims;
pub mod csv;
pub mod figure5;
pub mod loads;
pub mod market;
mod number;
pub mod outcome;
pub mod parameters;
pub mod regime;
pub mod report;
pub mod sample;
pub mod simulate;
pub mod stats;

use fairway_economics::Scenario;
use loads::Loads;
use market::Market;
use parameters::{Parameters, REGIONS};
use regime::Regime;
use stats::Agreement;

pub use fairway_economics::RECONSTRUCTION;

/// Most trips of a sample through the composition.
pub const MAX_SAMPLE: usize = 1_000;

/// Everything that an evaluation found.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// What was assumed.
    pub parameters: Parameters,
    /// Where the loads come from.
    pub loads_origin: String,
    /// Whether they are synthetic.
    pub synthetic: bool,
    /// Names of the regions.
    pub names: [String; REGIONS],
    /// Forecast error, and that of the week before, by region.
    pub errors: [(f64, f64); REGIONS],
    /// Which part of the hours the contract followed the forecast, by region.
    pub followed: [f64; REGIONS],
    /// Mean cost of a kWh in the agreed prices, by region.
    pub costs: [f64; REGIONS],
    /// Figure 5, models A and B.
    pub curves: [figure5::Curves; 2],
    /// The four regimes.
    pub simulated: Vec<simulate::Simulated>,
    /// The day of the highest load, for a picture.
    pub day: report::PeakDay,
    /// The composition's sample, by regime.
    pub samples: Vec<sample::Sample>,
    /// The back-test.
    pub backtest: backtest::Backtest,
}

/// Evaluates. So many `trips` of each regime go through the composition.
///
/// # Errors
/// Parameters that make no sense, or a broken invariant of the composition.
pub fn evaluate(
    parameters: &Parameters,
    loads: &Loads,
    trips: usize,
) -> Result<Evaluation, String> {
    if trips > MAX_SAMPLE {
        return Err(format!(
            "a sample of {trips} trips; at most {MAX_SAMPLE} is right"
        ));
    }
    let market = Market::new(parameters, loads)?;
    let drawn = parameters.drivers.saturating_mul(parameters.runs);
    let curves = |s: &Scenario| figure5::recreate(s, parameters.seed, drawn);
    let day = report::PeakDay::of(&market);
    let samples = if trips == 0 {
        Vec::new()
    } else {
        let one = |regime| sample::sample(&market, regime, day.first, trips);
        Regime::COMPARED
            .into_iter()
            .map(one)
            .collect::<Result<_, _>>()?
    };
    let [a, b] = &loads.regions;
    Ok(Evaluation {
        parameters: parameters.clone(),
        loads_origin: loads.origin.clone(),
        synthetic: loads.synthetic,
        names: [a.name.clone(), b.name.clone()],
        errors: [a.errors, b.errors],
        followed: [market.followed(0), market.followed(1)],
        costs: market.book.costs,
        curves: [curves(&Scenario::model_a())?, curves(&Scenario::model_b())?],
        simulated: simulate::simulate(&market),
        day,
        samples,
        backtest: backtest::backtest(&market),
    })
}

impl Evaluation {
    /// Every simulated quantity beside its closed form.
    pub fn agreements(&self) -> Vec<Agreement> {
        let curves = self.curves.iter().flat_map(figure5::Curves::agreements);
        curves
            .chain(
                self.simulated
                    .iter()
                    .flat_map(simulate::Simulated::agreements),
            )
            .collect()
    }

    /// Every sentence of the paper's evaluation.
    pub fn claims(&self) -> Vec<claims::Row> {
        claims::rows(self)
    }

    /// Mean seconds in the composition from arrival until power flows.
    pub fn waited(&self) -> f64 {
        let charged: usize = self.samples.iter().map(|s| s.charged).sum();
        let waited: i64 = self
            .samples
            .iter()
            .map(|s| s.waited * i64::try_from(s.charged).unwrap_or(0))
            .sum();
        number::float(waited) / 1_000.0 / number::count(charged.max(1))
    }
}
