//! The house's automation: `cargo demo` and `cargo xtask <command>`.
//!
//! One file per command, and no dependency but a progress bar, so that it compiles in seconds. What a
//! command decides is a pure function over text, tested beside it with a planted violation; only the
//! thin outer part touches files and processes. This crate is a program for developers: it prints,
//! reads the clock and the environment, which the crates of the product may not.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command-line tool for developers prints, measures time and reads its environment"
)]

mod bench;
mod claims;
mod compile;
mod conformance;
mod demo;
mod figures;
mod layers;
mod manifest;
mod night;
mod one_build;
mod pictures;
mod postgres;
mod run;
mod source;
mod stages;
mod test;
mod tidy;
mod tools;
mod workspace;
mod world;

use std::process::ExitCode;

/// What `cargo xtask` answers when it is asked for help or for something it does not know.
const USAGE: &str = "\
usage: cargo xtask <command>

  demo [args]             build Fairway and run the demonstration (also: cargo demo)
  test [stages]           run every check, or only the named stages
       --fast             only the checks of the inner loop
       --install          install missing system packages (Debian, as root)
       --list             name the stages
  layers                  check who depends on whom, and that tests and demo share one build
  tidy                    check the rules of the source that a linter cannot express
  claims                  check the numbers in the documents against docs/figures
  conformance [--release] compare all signed and stored bytes with the committed hashes
  bench [name] [--json]   release build and benchmarks: ledger, authorize, rate
       --save             also write the figures to docs/figures
  pictures                the documents' pictures, of what `test browser` photographed
  night [--minutes N]     as many seeds of all simulators as the time allows, and members killed
        [--seeds N]       at random; or so many seeds. Counts are kept in docs/figures/night.json
        [--test-build]    with the build of the tests, for a short look
  chaos [--minutes N]     members killed at random under load, for so many minutes
  tools [--install]       name what this machine has and lacks";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let result = match command.as_str() {
        "demo" => demo::main(rest),
        "test" => test::main(rest),
        "layers" => layers::report().map(|report| println!("{report}")),
        "tidy" => tidy::report().map(|report| println!("{report}")),
        "claims" => claims::report().map(|report| println!("{report}")),
        "conformance" => conformance::main(rest),
        "bench" => bench::main(rest),
        "pictures" => pictures::main(),
        "night" => night::main(rest),
        "chaos" => night::chaos_only(rest),
        "tools" => tools::main(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("unknown command `{unknown}`\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("{message}");
            ExitCode::FAILURE
        }
    }
}
