//! The rolling-origin back-test over real loads in the form of EIA-930, which the project does not hold:
//! `cargo run --release -p fairway-training --example backtest -- FOLDER --json`; `cargo xtask bench forecast` runs all of it beside others' programs.
//!
//! For every balancing authority in the folder's files, July 2018 to June 2020 (or as far as its data reach), each local day is forecast as of midnight and as of
//! ten in the morning of the day before, with and without the authority's own published forecast. Models are trained anew every half year on what was known then, by the
//! recipes of `fairway forecast train --effort full --pool`. `--export FOLDER` writes the same tables and loads for the programs in `bench-peers`, `--peers FOLDER` scores what they answered, over the
//! same hours. `--models FOLDER` keeps trained models. `--part` does one thing only: `lie` inflates the published forecast, `speed` takes times, `hashes` shows that equal data give equal bytes.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement made by hand, with its figures on standard output"
)]

mod data;
mod export;
mod hashes;
mod lie;
mod options;
mod report;
mod rivals;
mod speed;
mod store;
mod study;
mod threads;

use options::{Options, Part};

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
    if options.part == Part::Hashes {
        return hashes::run(&options);
    }
    let members = data::read(&options.folder)?;
    match options.part {
        Part::Lie => return lie::run(&options, &members),
        Part::Speed => return speed::run(&options, &members),
        Part::Study | Part::Hashes => {}
    }
    for issue in options.issues() {
        if let Some(folder) = &options.export {
            export::loads(&options, folder, &members, issue)?;
        }
        for forecast in options.kinds() {
            study::run(&options, &members, issue, forecast)?;
        }
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
