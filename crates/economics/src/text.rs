//! The report for a terminal: equations, tables, claims, the forecast's gain, fees.

use crate::RECONSTRUCTION;
use crate::claims::{Range, claims};
use crate::figure::{Abscissa, curves, parameters};
use crate::scenario::{Regime, Scenario};
use crate::sensitivity::{KAPPAS, RATES, crossings, fees};
use crate::signal::{Estimate, Signal};
use std::fmt::Write as _;

/// Everything that a report is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Model A.
    pub a: Scenario,
    /// Model B.
    pub b: Scenario,
    /// The abscissa's bounds.
    pub range: Range,
    /// The forecast.
    pub signal: Signal,
    /// Seed of the simulation.
    pub seed: u64,
    /// Its samples.
    pub samples: u32,
}

/// Forecast errors of the table, as parts of the cost's spread.
const ERRORS: [f64; 4] = [0.0, 0.5, 1.0, 1.5];

impl Report {
    /// The whole report.
    pub fn text(&self) -> String {
        let mut out = format!("{RECONSTRUCTION}\n\n");
        out.push_str(EQUATIONS);
        for scenario in [&self.a, &self.b] {
            out.push('\n');
            self.table(&mut out, scenario);
        }
        out.push('\n');
        self.claims_text(&mut out);
        out.push('\n');
        self.forecast_text(&mut out);
        out.push('\n');
        self.fees_text(&mut out);
        let _ = write!(out, "\nAll of this is a {RECONSTRUCTION}.");
        out
    }

    fn table(&self, out: &mut String, s: &Scenario) {
        let abscissa = Abscissa::of(s);
        let _ = writeln!(out, "{}", parameters(s));
        let _ = writeln!(
            out,
            "  {:>8} {:>10} {:>11} {:>9}   {:>6} {:>6}   {}",
            abscissa.name(),
            "none",
            "traditional",
            "proposed",
            "T/NR",
            "P/T",
            match abscissa {
                Abscissa::Rate => "d ln R/d lambda1: NR, T, P",
                Abscissa::Willingness => "dR/dw1: NR, T, P",
            }
        );
        for x in [0.5, 1.0, 1.5, 2.0, 4.0] {
            if x < self.range.low || x > self.range.high {
                continue;
            }
            let here = Range { low: x, high: x };
            for p in curves(s, abscissa, here, 2).into_iter().take(1) {
                let [none, traditional, proposed] = p.y;
                let slopes = Regime::ALL.map(|regime| match abscissa {
                    Abscissa::Rate => s.log_slope(regime, x),
                    Abscissa::Willingness => s.slope(regime, x),
                });
                let slopes = slopes.map(|slope| format!("{slope:+.3}")).join(" ");
                let _ = writeln!(
                    out,
                    "  {x:>8.2} {none:>10.3} {traditional:>11.3} {proposed:>9.3}   {:>6.2} {:>6.3}   {slopes}",
                    traditional / none,
                    proposed / traditional
                );
            }
        }
    }

    fn claims_text(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "Claims of the paper, for an abscissa from {}",
            self.range
        );
        for claim in claims(&self.a, &self.b, self.range, self.signal) {
            let condition = match claim.verdict.condition() {
                "" => String::new(),
                condition => format!(" {condition}"),
            };
            let _ = writeln!(
                out,
                "  {:<9} model {}  {}\n{:16}-> {}{condition}  ({})",
                claim.lines,
                claim.model,
                claim.sentence,
                "",
                claim.verdict.word(),
                claim.figure
            );
        }
    }

    /// The forecast's gain at several errors: closed form and simulation.
    pub fn gains(&self) -> Vec<(Signal, Estimate)> {
        ERRORS
            .iter()
            .map(|part| {
                let error = part * self.signal.cost;
                let signal = Signal {
                    error,
                    ..self.signal
                };
                (signal, signal.simulate(self.seed, self.samples))
            })
            .collect()
    }

    fn forecast_text(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "Gain of prices by forecast over a fixed price: lambda = {}, sigma_c = {}, {} samples from seed {}",
            self.signal.rate, self.signal.cost, self.samples, self.seed
        );
        let _ = writeln!(out, "   sigma_e  closed form   simulated  standard error");
        for (signal, estimate) in self.gains() {
            let _ = writeln!(
                out,
                "  {:>8.4} {:>12.4} {:>11.4} {:>15.4}",
                signal.error,
                signal.gain(),
                estimate.mean,
                estimate.standard_error
            );
        }
        if let Some(error) = self.signal.break_even() {
            let _ = writeln!(
                out,
                "  the gain is gone at sigma_e = {error:.4}: beyond it the agreed fixed table earns more, so the contract falls back to it"
            );
        }
    }

    fn fees_text(&self, out: &mut String) {
        let _ = writeln!(out, "Fees, model A: proposed over traditional");
        let heads = RATES.map(|rate| format!("lambda1 = {rate}")).join("  ");
        let _ = writeln!(out, "    f_T   phi   f_B   {heads}   gone at f_B");
        for row in fees(&self.a) {
            let ratios = row.ratios.map(|r| format!("{r:>13.3}")).join("");
            let gone = row
                .break_even
                .map_or_else(|| "never".to_owned(), |fee| format!("{fee:.3}"));
            let _ = writeln!(
                out,
                "  {:>5.2} {:>5.2} {:>5.2}  {ratios}   {gone:>9}",
                row.fee_traditional, row.served, row.fee_ledger
            );
        }
        let found = crossings(&self.b, self.range);
        for (kappa, w) in KAPPAS.iter().zip(found) {
            let up_to = w.map_or_else(
                || "everywhere in the range".to_owned(),
                |w| format!("up to w1 = {w:.2}"),
            );
            let _ = writeln!(
                out,
                "  model B, kappa = {kappa}: proposed beats no roaming {up_to}"
            );
        }
    }
}

/// The equations as they are reconstructed.
pub const EQUATIONS: &str = "\
Region i has a mass m_i of drivers whose willingness to pay is exponential with rate lambda_i (mean w_i = 1/lambda_i): demand at
price p is exp(-lambda_i p), and the best local price 1/lambda_i earns 1/(e lambda_i) of a unit mass. A part tau_i of the charges
arises abroad. Region 1 earns

(1) no roaming   R1 = m1 (1 - tau1 (1 - rho)) / (e lambda1)
    traditional  R1 = m1 (1 - tau1) / (e lambda1) + OUT1 + TCR1
                 TCR1 = phi (1 - f_T) sum_j m_j tau_j / (e^2 lambda_j)
                 OUT1 = phi (1 - f_T) m1 tau1 / (e^2 lambda1), or 0 where drivers pay the visited network directly
(2) proposed     R1 = m1 (1 - tau1) / (e lambda1)
                    + (1 - f_B) [ theta m1 tau1 / (e lambda1) + (1 - theta) sum_j m_j tau_j / (e lambda_j) ]

Sums run over the other regions j = 2, 3, ...; with more than two regions m_j tau_j is what of region j's roaming takes place in region 1.
Model A: tau is fixed. Model B: tau_i = 1 - exp(-kappa w_i).
";
