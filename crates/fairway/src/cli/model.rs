//! `fairway model`: the reconstruction of the revenue equations and of Figure 5.

use super::say;
use clap::{Args, ValueEnum};
use fairway_economics::claims::{Range, claims};
use fairway_economics::figure::{Abscissa, MAX_POINTS, csv, curves, svg};
use fairway_economics::signal::{MAX_SAMPLES, Signal};
use fairway_economics::text::Report;
use fairway_economics::{MAX_REGIONS, RECONSTRUCTION, Region, Scenario, Travel};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Parameters; what is left out is as in the paper.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Masses of drivers of region 1, 2, 3, ...
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 2.0])]
    masses: Vec<f64>,
    /// Rates of willingness to pay in regions 2, 3, ...; region 1's is the abscissa.
    #[arg(long, value_delimiter = ',', default_values_t = [1.0])]
    rates: Vec<f64>,
    /// Which part of the roaming of regions 2, 3, ... takes place in region 1; evenly over all other regions when left out.
    #[arg(long, value_delimiter = ',')]
    toward: Vec<f64>,
    /// Model A: the part of charges that arises abroad.
    #[arg(long, default_value_t = 0.3)]
    tau: f64,
    /// Model B: how fast travel grows with wealth.
    #[arg(long, default_value_t = 1.0)]
    kappa: f64,
    /// What an intermediary takes of traditional roaming.
    #[arg(long, default_value_t = 0.0)]
    fee_traditional: f64,
    /// What the ledger takes.
    #[arg(long, default_value_t = 0.0)]
    fee_ledger: f64,
    /// The probability that a driver is served under traditional roaming.
    #[arg(long, default_value_t = 1.0)]
    phi: f64,
    /// Which part of would-be roaming charges stays at home without roaming: 0 in model A, 1 in model B when left out.
    #[arg(long)]
    rho: Option<f64>,
    /// Home's part of the roaming surplus under the contract.
    #[arg(long, default_value_t = 0.5)]
    theta: f64,
    /// The same part of the partners, of their drivers in region 1; as theta when left out.
    #[arg(long)]
    theta_partners: Option<f64>,
    /// Lowest value of the abscissa.
    #[arg(long, default_value_t = 0.25)]
    low: f64,
    /// Highest value of the abscissa.
    #[arg(long, default_value_t = 4.0)]
    high: f64,
    /// Points of each curve.
    #[arg(long, default_value_t = 76)]
    points: usize,
    /// Rate of willingness to pay per currency unit, for the forecast's gain.
    #[arg(long, default_value_t = 5.0)]
    signal_rate: f64,
    /// Standard deviation of the cost of energy.
    #[arg(long, default_value_t = 0.08)]
    sigma_cost: f64,
    /// Standard deviation of the forecast's error.
    #[arg(long, default_value_t = 0.04)]
    sigma_error: f64,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Samples of the simulation.
    #[arg(long, default_value_t = 400_000)]
    samples: u32,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    form: Form,
    /// Also write figure-5-a.svg, figure-5-b.svg, figure-5-a.csv, figure-5-b.csv and model.txt into this folder.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Equations, tables, claims.
    Text,
    /// The same figures for programs.
    Json,
    /// The curves of model A.
    CsvA,
    /// The curves of model B.
    CsvB,
}

/// Prints, and writes where asked.
///
/// # Errors
/// A parameter that makes no sense and what would be right, or a file that cannot be written.
pub(super) fn run(options: &Options) -> Result<(), String> {
    let report = options.report()?;
    let points = |s: &Scenario| curves(s, Abscissa::of(s), report.range, options.points);
    let table = |s: &Scenario| csv(s, Abscissa::of(s), &points(s));
    match options.form {
        Form::Text => say(&report.text()),
        Form::Json => say(&json_of(&report).to_string()),
        Form::CsvA => say(table(&report.a).trim_end()),
        Form::CsvB => say(table(&report.b).trim_end()),
    }
    let Some(folder) = &options.out else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for (letter, s) in [("a", &report.a), ("b", &report.b)] {
        let drawing = svg(s, Abscissa::of(s), report.range, &points(s));
        write(folder, &format!("figure-5-{letter}.svg"), &drawing)?;
        write(folder, &format!("figure-5-{letter}.csv"), &table(s))?;
    }
    write(folder, "model.txt", &format!("{}\n", report.text()))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

impl Options {
    fn report(&self) -> Result<Report, String> {
        let range = Range {
            low: self.low,
            high: self.high,
        };
        if !(self.low > 0.0 && self.high > self.low && self.high.is_finite()) {
            return Err(format!(
                "--low {} and --high {}: more than 0, and the second over the first, is right",
                self.low, self.high
            ));
        }
        if !(2..=MAX_POINTS).contains(&self.points) {
            return Err(format!(
                "--points {}: 2 to {MAX_POINTS} are right",
                self.points
            ));
        }
        if !(2..=MAX_SAMPLES).contains(&self.samples) {
            return Err(format!(
                "--samples {}: 2 to {MAX_SAMPLES} are right",
                self.samples
            ));
        }
        let report = Report {
            a: self.scenario(&Scenario::model_a(), Travel::Fixed(self.tau))?,
            b: self.scenario(&Scenario::model_b(), Travel::WithWealth(self.kappa))?,
            range,
            signal: self.signal()?,
            seed: self.seed,
            samples: self.samples,
        };
        Ok(report)
    }

    fn signal(&self) -> Result<Signal, String> {
        let all = [
            ("--signal-rate", self.signal_rate),
            ("--sigma-cost", self.sigma_cost),
        ];
        for (name, value) in all {
            if !(value > 0.0 && value.is_finite()) {
                return Err(format!("{name} {value}: a number over 0 is right"));
            }
        }
        if !(self.sigma_error >= 0.0 && self.sigma_error.is_finite()) {
            let found = self.sigma_error;
            return Err(format!("--sigma-error {found}: 0 or more is right"));
        }
        Ok(Signal {
            rate: self.signal_rate,
            cost: self.sigma_cost,
            error: self.sigma_error,
        })
    }

    /// Model A or B with these parameters.
    fn scenario(&self, base: &Scenario, travel: Travel) -> Result<Scenario, String> {
        let Some((mass, others)) = self.masses.split_first() else {
            return Err("--masses: one for each region, region 1 first".to_owned());
        };
        if others.len() != self.rates.len() || others.len() >= MAX_REGIONS {
            return Err(format!(
                "--masses has {} regions beside the first, --rates {}; as many are right, at most {}",
                others.len(),
                self.rates.len(),
                MAX_REGIONS.saturating_sub(1)
            ));
        }
        if !self.toward.is_empty() && self.toward.len() != others.len() {
            return Err(format!(
                "--toward has {} parts for {} other regions; one for each is right, or none",
                self.toward.len(),
                others.len()
            ));
        }
        // Region j has as many other regions as there are regions beside the first.
        let evenly = 1.0 / f64::from(u32::try_from(others.len().max(1)).unwrap_or(u32::MAX));
        let regions = others.iter().zip(&self.rates).enumerate();
        let scenario = Scenario {
            mass: *mass,
            others: regions
                .map(|(at, (mass, rate))| Region {
                    mass: *mass,
                    rate: *rate,
                    toward: self.toward.get(at).copied().unwrap_or(evenly),
                })
                .collect(),
            travel,
            ..base.clone()
        }
        .with(|t| {
            t.fee_traditional = self.fee_traditional;
            t.fee_ledger = self.fee_ledger;
            t.served = self.phi;
            t.stays = self.rho.unwrap_or(t.stays);
            t.home_share = self.theta;
            t.partner_share = self.theta_partners.unwrap_or(self.theta);
        });
        scenario.check().map_err(|e| e.to_string())?;
        Ok(scenario)
    }
}

fn json_of(report: &Report) -> Value {
    let claims: Vec<Value> = claims(&report.a, &report.b, report.range, report.signal)
        .iter()
        .map(|c| {
            json!({ "lines": c.lines, "model": c.model.to_string(), "sentence": c.sentence,
                "verdict": c.verdict.word(), "condition": c.verdict.condition(), "figure": c.figure })
        })
        .collect();
    let gains: Vec<Value> = report
        .gains()
        .iter()
        .map(|(signal, e)| {
            json!({ "sigma_error": signal.error, "closed_form": signal.gain(), "simulated": e.mean,
                "standard_error": e.standard_error, "samples": e.samples })
        })
        .collect();
    json!({ "what": RECONSTRUCTION, "claims": claims, "forecast": { "gains": gains, "break_even": report.signal.break_even() } })
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

    fn options(words: &[&str]) -> Options {
        Line::parse_from([&["model"], words].concat()).options
    }

    #[test]
    fn more_regions_are_taken_and_wrong_numbers_named() {
        let three = options(&["--masses", "1,2,3", "--rates", "1,0.5"])
            .report()
            .unwrap();
        assert_eq!(three.a.others.len(), 2);
        assert!(
            three
                .a
                .others
                .iter()
                .all(|r| (r.toward - 0.5).abs() < 1e-12)
        );
        for (words, wanted) in [
            (vec!["--masses", "1,2,3"], "--masses has 2 regions"),
            (vec!["--tau", "1.5"], "tau is 1.5"),
            (vec!["--low", "4"], "--low 4 and --high 4"),
            (vec!["--toward", "1,1"], "--toward has 2 parts"),
            (vec!["--points", "1"], "--points 1"),
            (vec!["--sigma-cost", "0"], "--sigma-cost 0"),
            (vec!["--theta", "NaN"], "theta is NaN"),
        ] {
            let error = options(&words).report().unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }

    #[test]
    fn figures_are_written_where_asked() {
        let folder = std::env::temp_dir().join(format!("fairway-model-{}", std::process::id()));
        let mut asked = options(&["--samples", "1000", "--form", "csv-a"]);
        asked.out = Some(folder.clone());
        run(&asked).unwrap();
        for name in [
            "figure-5-a.svg",
            "figure-5-b.svg",
            "figure-5-a.csv",
            "figure-5-b.csv",
            "model.txt",
        ] {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            assert!(text.contains(RECONSTRUCTION), "{name}");
        }
        std::fs::remove_dir_all(folder).unwrap();
        let values = json_of(&asked.report().unwrap());
        assert_eq!(
            values.get("what").and_then(Value::as_str),
            Some(RECONSTRUCTION)
        );
    }
}
