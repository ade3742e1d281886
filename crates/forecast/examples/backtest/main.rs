//! The rolling-origin back-test over real loads in the form of EIA-930, which the project does not hold:
//! `cargo run --release -p fairway-forecast --example backtest -- FOLDER --json`.
//!
//! For every balancing authority in the folder's files, July 2018 to June 2020 (or as far as its data reach), each local day is forecast as of midnight and as of
//! ten in the morning of the day before, with and without the authority's own published forecast. Models are trained anew every half year on what was known then.
//! Beside them stand the seasonal naive forecasts, the published forecast, and that forecast after the correction of its bias. `--export FOLDER` writes
//! the same tables for `bench-peers/lightgbm/forecast.py`, `--peer FOLDER` scores what it answered, over the same hours. `--shade` multiplies the
//! published forecast from October 2019 on and shows the bias week by week.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement made by hand, with its figures on standard output"
)]

mod eia;
mod options;
mod peer;
mod shade;
mod speed;
mod study;
mod threads;

use options::Options;

/// Prints one figure as a line of JSON, or as text.
pub(crate) fn figure(options: &Options, name: &str, value: f64, unit: &str) {
    if options.json {
        println!(
            "{{\"name\":\"{name}\",\"value\":{value},\"unit\":\"{unit}\",\"peer\":null,\"peer_value\":null,\"ratio\":null}}"
        );
    } else {
        println!("{name:<56} {value:>12.4} {unit}");
    }
}

fn run() -> Result<(), String> {
    let options = Options::read(std::env::args().skip(1))?;
    let mut utilities = eia::read(&options.folder)?;
    eia::introduce(&mut utilities);
    if options.shade {
        return shade::run(&options, &utilities);
    }
    for issue in options.issues() {
        for with_forecast in options.kinds() {
            study::run(&options, &utilities, issue, with_forecast)?;
        }
    }
    if options.export.is_none() {
        speed::run(&options, &utilities)?;
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
