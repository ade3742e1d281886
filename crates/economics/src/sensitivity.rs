//! How fees and the chance of being served change what the proposal gains.

use crate::claims::{Range, overtaken, ratio};
use crate::scenario::{Regime, Scenario, Travel};
use crate::solve::zeros;

/// One row: what an intermediary takes, how many are served, what the ledger takes, and proposed over traditional.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// f_T.
    pub fee_traditional: f64,
    /// φ.
    pub served: f64,
    /// f_B.
    pub fee_ledger: f64,
    /// P/T at λ_1 = ½, 1 and 2.
    pub ratios: [f64; 3],
    /// The ledger's fee at which the gain at λ_1 = 1 would be gone; none where no fee up to all of it takes it away.
    pub break_even: Option<f64>,
}

/// Values of λ_1 in a row.
pub const RATES: [f64; 3] = [0.5, 1.0, 2.0];
const FEES: [(f64, f64, f64); 6] = [
    (0.0, 1.0, 0.0),
    (0.05, 1.0, 0.0),
    (0.10, 1.0, 0.01),
    (0.10, 0.9, 0.01),
    (0.10, 0.8, 0.01),
    (0.0, 1.0, 0.10),
];

/// The table of fees for a scenario; everything else is the scenario's.
pub fn fees(s: &Scenario) -> Vec<Row> {
    FEES.iter()
        .map(|(fee_traditional, served, fee_ledger)| {
            let changed = s.with(|t| {
                t.fee_traditional = *fee_traditional;
                t.served = *served;
                t.fee_ledger = *fee_ledger;
            });
            let gap = |fee: f64| {
                let other = changed.with(|t| t.fee_ledger = fee);
                other.total(Regime::Proposed, 1.0) - other.total(Regime::Traditional, 1.0)
            };
            Row {
                fee_traditional: *fee_traditional,
                served: *served,
                fee_ledger: *fee_ledger,
                ratios: RATES.map(|rate| ratio(&changed, 1.0 / rate)),
                break_even: zeros(gap, 0.0, 1.0).first().copied(),
            }
        })
        .collect()
}

/// Values of κ for which [`crossings`] looks.
pub const KAPPAS: [f64; 3] = [0.5, 1.0, 2.0];

/// Up to which w_1 the proposal beats no roaming in a scenario whose travel grows with wealth, for several κ.
pub fn crossings(s: &Scenario, range: Range) -> [Option<f64>; 3] {
    KAPPAS.map(|kappa| {
        let changed = Scenario {
            travel: Travel::WithWealth(kappa),
            ..s.clone()
        };
        overtaken(&changed, range)
    })
}
