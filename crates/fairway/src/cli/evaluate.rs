//! `fairway evaluate`: the paper's evaluation, re-created from the running composition, as text, JSON, CSV and one page of HTML.

use super::say;
use clap::Args;
use fairway_evaluation::loads::{Loads, eia};
use fairway_evaluation::outcome::Quantity;
use fairway_evaluation::parameters::Parameters;
use fairway_evaluation::regime::Regime;
use fairway_evaluation::{Evaluation, MAX_SAMPLE, RECONSTRUCTION, csv, evaluate, report};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Largest file of loads that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Parameters; the report prints all of them.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Drivers of each run.
    #[arg(long, default_value_t = Parameters::default().drivers)]
    drivers: usize,
    /// Months of load.
    #[arg(long, default_value_t = Parameters::default().months)]
    months: usize,
    /// Independent runs, over which intervals are taken.
    #[arg(long, default_value_t = Parameters::default().runs)]
    runs: usize,
    /// Trips of each way that go through the running composition.
    #[arg(long, default_value_t = 60)]
    sample: usize,
    /// Rate of the willingness to pay: demand at a price p per kWh is exp(-rate p).
    #[arg(long, default_value_t = Parameters::default().rate)]
    rate: f64,
    /// Part of the charges that arises in the other region.
    #[arg(long, default_value_t = Parameters::default().travels)]
    tau: f64,
    /// Part of them that stays at home without roaming.
    #[arg(long, default_value_t = Parameters::default().stays)]
    rho: f64,
    /// Home's part of what roaming drivers pay over the cost of energy.
    #[arg(long, default_value_t = Parameters::default().home_share)]
    theta: f64,
    /// What the hub takes.
    #[arg(long, default_value_t = Parameters::default().hub_fee)]
    hub_fee: f64,
    /// The part of roaming starts that succeed through the hub.
    #[arg(long, default_value_t = Parameters::default().hub_served)]
    phi: f64,
    /// What the ledger costs, as a part of what flows.
    #[arg(long, default_value_t = Parameters::default().ledger_fee)]
    ledger_fee: f64,
    /// Part of the drivers who can come later.
    #[arg(long, default_value_t = Parameters::default().flexible)]
    flexible: f64,
    /// Take real loads from this folder's `eia930_load_2015_2020.csv` (Duke and Southern) instead of synthetic ones.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Write the report here.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write the figures as CSV into this folder.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Evaluates, prints, and writes where asked.
///
/// # Errors
/// A parameter that makes no sense, a file that cannot be read or written, a broken invariant of the composition.
pub(super) fn run(options: &Options) -> Result<(), String> {
    let parameters = options.parameters()?;
    let loads = match &options.data {
        Some(folder) => read(folder, parameters.months)?,
        None => Loads::synthetic(parameters.seed, parameters.months)?,
    };
    let found = evaluate(&parameters, &loads, options.sample)?;
    if let Some(path) = &options.out {
        std::fs::write(path, report::page(&found))
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if let Some(folder) = &options.csv {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for (name, content) in csv::files(&found) {
            let path = folder.join(name);
            std::fs::write(&path, content).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    if options.json {
        say(&json_of(&found).to_string());
    } else {
        say(text_of(&found).trim_end());
    }
    Ok(())
}

fn read(folder: &Path, months: usize) -> Result<Loads, String> {
    let path = folder.join(eia::FILE);
    let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let size = std::fs::metadata(&path).map_err(|e| named(&e))?.len();
    if size > MAX_FILE {
        return Err(named(&format!("{size} bytes; at most {MAX_FILE} are read")));
    }
    let bytes = std::fs::read(&path).map_err(|e| named(&e))?;
    eia::read(&bytes, months).map_err(|e| named(&e))
}

impl Options {
    fn parameters(&self) -> Result<Parameters, String> {
        let parameters = Parameters {
            seed: self.seed,
            drivers: self.drivers,
            months: self.months,
            runs: self.runs,
            rate: self.rate,
            travels: self.tau,
            stays: self.rho,
            home_share: self.theta,
            hub_fee: self.hub_fee,
            hub_served: self.phi,
            ledger_fee: self.ledger_fee,
            flexible: self.flexible,
            ..Parameters::default()
        };
        parameters.check()?;
        if self.sample > MAX_SAMPLE {
            return Err(format!(
                "--sample {}: 0 to {MAX_SAMPLE} is right",
                self.sample
            ));
        }
        Ok(parameters)
    }
}

/// What stands in the terminal: money per 1,000 wishes, claims, agreement, sample, back-test.
fn text_of(e: &Evaluation) -> String {
    let mut out = format!(
        "{RECONSTRUCTION}\n{}\n{}\n\nPer 1,000 wishes to charge, with 95 % intervals over {} runs\n",
        e.loads_origin, e.parameters, e.parameters.runs
    );
    let _ = write!(out, "{:28}", "");
    for s in &e.simulated {
        let _ = write!(out, " {:>24}", s.regime.name());
    }
    out.push('\n');
    for q in Quantity::ALL {
        let _ = write!(out, "{:28}", q.name());
        for s in &e.simulated {
            let found = s.interval(|o| o[q]);
            let cell = format!("{:.1} ± {:.1}", found.mean * 1e3, found.half * 1e3);
            let _ = write!(out, " {cell:>24}");
        }
        out.push('\n');
    }
    out.push_str("\nWhat the paper says\n");
    for row in e.claims() {
        let condition = if row.condition.is_empty() {
            String::new()
        } else {
            format!(" {}", row.condition)
        };
        let _ = writeln!(
            out,
            "  {:<9} {}: {}\n            -> {}{condition}  ({}; {})",
            row.lines, row.model, row.sentence, row.verdict, row.computed, row.measured
        );
    }
    let all = e.agreements();
    let within = all.iter().filter(|a| a.holds()).count();
    let _ = writeln!(
        out,
        "\n{within} of {} simulated quantities agree with their closed form within 3 standard errors",
        all.len()
    );
    for s in &e.samples {
        let _ = writeln!(
            out,
            "through the composition, {}: {} trips, {} charged, {} too dear, {} without agreement, {} differences",
            s.regime.name(),
            s.trips,
            s.charged,
            s.too_dear,
            s.refused,
            s.differences.len()
        );
    }
    let b = &e.backtest;
    let gain = |contract, of| 100.0 * b.gain(contract, of);
    let _ = writeln!(
        out,
        "back-test over {} months: utilities and owners keep {:+.2} % by forecast, {:+.2} % by table, {:+.2} % with the load known; drivers {:+.2} %; {} of {} days failed",
        b.months.len(),
        gain(2, Quantity::Margin),
        gain(1, Quantity::Margin),
        gain(3, Quantity::Margin),
        gain(2, Quantity::Surplus),
        b.failures.len(),
        b.days
    );
    out
}

fn json_of(e: &Evaluation) -> Value {
    let regimes: Vec<Value> = e
        .simulated
        .iter()
        .map(|s| {
            let quantities: Vec<Value> = Quantity::ALL
                .into_iter()
                .map(|q| {
                    let found = s.interval(|o| o[q]);
                    json!({ "quantity": q.name(), "mean": found.mean, "half_of_95_percent": found.half, "closed_form": s.expected.total[q] })
                })
                .collect();
            json!({ "regime": s.regime.key(), "quantities": quantities, "peaks_kw": s.peaks })
        })
        .collect();
    let claims: Vec<Value> = e
        .claims()
        .iter()
        .map(|c| json!({ "lines": c.lines, "sentence": c.sentence, "model": c.model, "verdict": c.verdict, "condition": c.condition, "closed_form": c.computed, "measured": c.measured }))
        .collect();
    let all = e.agreements();
    let samples: Vec<Value> = e
        .samples
        .iter()
        .map(|s| json!({ "regime": s.regime.key(), "trips": s.trips, "charged": s.charged, "too_dear": s.too_dear, "no_agreement": s.refused, "blocks": s.blocks, "differences": s.differences }))
        .collect();
    let b = &e.backtest;
    let contracts: Vec<Value> = Regime::CONTRACTS
        .into_iter()
        .enumerate()
        .map(|(n, regime)| json!({ "contract": regime.key(), "kept_gain": b.gain(n, Quantity::Margin), "drivers_gain": b.gain(n, Quantity::Surplus), "peaks_kw": b.peaks.get(n) }))
        .collect();
    json!({
        "what": RECONSTRUCTION,
        "loads": e.loads_origin,
        "synthetic": e.synthetic,
        "parameters": e.parameters.to_string(),
        "regimes": regimes,
        "claims": claims,
        "agreement": { "quantities": all.len(), "within_3_standard_errors": all.iter().filter(|a| a.holds()).count() },
        "samples": samples,
        "back_test": { "months": b.months.len(), "days": b.days, "failed_days": b.failures.len(), "contracts": contracts },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_cannot_be_evaluated_is_named() {
        for (words, wanted) in [
            (vec!["--drivers", "1"], "drivers: 1; 100"),
            (vec!["--months", "99"], "months: 99; 1 to 24"),
            (vec!["--phi", "2"], "phi: 2"),
            (vec!["--sample", "9999"], "--sample 9999"),
        ] {
            let options = Line::parse_from([&["evaluate"], words.as_slice()].concat()).options;
            let error = options.parameters().unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
        let error = read(Path::new("/nowhere"), 1).unwrap_err();
        assert!(
            error.starts_with("/nowhere/eia930_load_2015_2020.csv: "),
            "{error}"
        );
    }
}
