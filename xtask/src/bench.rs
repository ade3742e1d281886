//! `cargo xtask bench`: release build, and the benchmarks of the program.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::Cluster;
use crate::{compile, figures, run, tools, workspace};

mod forecast;
mod start;

/// One benchmark that the program knows.
struct Benchmark {
    name: &'static str,
    /// What runs beside ours, for comparison.
    peers: Peers,
    /// Which program runs it.
    runner: Runner,
}

/// The program that runs a benchmark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    /// `fairway bench NAME`.
    Program,
    /// The back-test, in parts and beside programs of others.
    Backtest,
    /// Members that are started and left alone.
    Members,
    /// A script of `web/package.json`, with the pages built and Chromium.
    Pages,
}

/// Other people's programs that a benchmark compares ours with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peers {
    /// None.
    Nobody,
    /// Libraries, each wrapped in a small program.
    Libraries,
    /// A PostgreSQL server.
    Database,
}

/// All benchmarks, in the order in which they run.
const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "ledger",
        peers: Peers::Database,
        runner: Runner::Program,
    },
    Benchmark {
        name: "ledger-size",
        peers: Peers::Nobody,
        runner: Runner::Program,
    },
    Benchmark {
        name: "authorize",
        peers: Peers::Nobody,
        runner: Runner::Program,
    },
    Benchmark {
        name: "rate",
        peers: Peers::Libraries,
        runner: Runner::Program,
    },
    Benchmark {
        name: "split",
        peers: Peers::Nobody,
        runner: Runner::Program,
    },
    Benchmark {
        name: "transfers",
        peers: Peers::Nobody,
        runner: Runner::Program,
    },
    Benchmark {
        name: "forecast",
        peers: Peers::Nobody,
        runner: Runner::Backtest,
    },
    Benchmark {
        name: "pages",
        peers: Peers::Nobody,
        runner: Runner::Pages,
    },
    Benchmark {
        name: "start",
        peers: Peers::Database,
        runner: Runner::Members,
    },
];

/// The programs that wrap the compared libraries: folder below `bench-peers`, and the program it makes. Each is
/// a workspace of its own, because their libraries exclude each other and one declares a newer compiler
/// than it needs.
const PEERS: &[(&str, &str)] = &[
    ("ocpi-kit", "bench-peer-kit"),
    ("ocpi-tariffs", "bench-peer-tariffs"),
];
/// How the benchmark learns where those programs are: their paths, in the form of `PATH`.
const PEERS_VARIABLE: &str = "FAIRWAY_BENCH_PEERS";
/// How it learns where the PostgreSQL server is, and where its programs are.
const DATABASE_VARIABLE: &str = "FAIRWAY_BENCH_POSTGRES";
const PROGRAMS_VARIABLE: &str = "FAIRWAY_BENCH_POSTGRES_BIN";
/// Folder of the pages.
const PAGES: &str = "web";

/// Runs the named benchmarks, or all.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let (json, save) = (flag("--json"), flag("--save"));
    let chosen = chosen(arguments)?;
    let root = workspace::root();
    let built = |one: &&Benchmark| matches!(one.runner, Runner::Program | Runner::Members);
    if chosen.iter().any(built) {
        if json && !save {
            quiet_build(&["build", "--release", "--locked", "-p", "fairway"])?;
        } else {
            compile::build(&root, "bench", &["--release", "-p", "fairway"])?;
        }
    }
    for benchmark in chosen {
        let output = match benchmark.runner {
            Runner::Backtest => forecast::run()?,
            Runner::Program => Some(measured(benchmark, &root, json || save, save)?),
            Runner::Pages => of_the_pages(save)?,
            Runner::Members => start::run()?,
        };
        match output {
            Some(text) if save => keep(&root, benchmark.name, &text)?,
            Some(text) => print!("{text}"),
            None => {}
        }
    }
    Ok(())
}

/// Runs a benchmark of the program. What it prints is returned if it is to be saved, and shown at once if not.
fn measured(benchmark: &Benchmark, root: &Path, json: bool, save: bool) -> Result<String, String> {
    let program = workspace::target_dir().join("release").join("fairway");
    let mut command = Command::new(&program);
    command.args(["bench", benchmark.name]).current_dir(root);
    if benchmark.peers == Peers::Libraries {
        command.env(PEERS_VARIABLE, peers()?);
    }
    let database = (benchmark.peers == Peers::Database)
        .then(database)
        .flatten();
    if let Some((cluster, programs)) = &database {
        command.env(DATABASE_VARIABLE, cluster.url());
        command.env(PROGRAMS_VARIABLE, programs);
    }
    if json {
        command.arg("--json");
    }
    answer(benchmark.name, command, save)
}

/// Runs a program to its end. What it prints is returned if it is to be saved, and shown at once if not.
fn answer(name: &str, mut command: Command, save: bool) -> Result<String, String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .stdout(if save {
            std::process::Stdio::piped()
        } else {
            std::process::Stdio::inherit()
        })
        .output()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        return Err(format!("benchmark `{name}` failed: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The pages are built first; without Node.js or Chromium the benchmark is left out, which is said.
fn of_the_pages(save: bool) -> Result<Option<String>, String> {
    let chromium = match (tools::node(), tools::browser(false)) {
        (Ok(()), Ok(found)) => found,
        (Err(remedy), _) => return Ok(left_out("pages", remedy)),
        (_, Err(remedy)) => return Ok(left_out("pages", &remedy)),
    };
    let npm = |words: &[&str]| {
        let mut command = Command::new("npm");
        command
            .args(["--silent", "--prefix"])
            .arg(workspace::root().join(PAGES))
            .args(words)
            .env("FAIRWAY_CHROMIUM", &chromium);
        command
    };
    for words in [["ci", "--no-fund"].as_slice(), &["run", "build"]] {
        let done = npm(words)
            .stdout(std::process::Stdio::null())
            .status()
            .map_err(|error| format!("cannot run npm: {error}"))?;
        if !done.success() {
            return Err(format!("npm {} failed: {done}", words.join(" ")));
        }
    }
    answer("pages", npm(&["run", "bench"]), save).map(Some)
}

fn left_out<T>(name: &str, remedy: &str) -> Option<T> {
    say(&format!("{remedy}: benchmark `{name}` is left out"));
    None
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Benchmark>, String> {
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let known: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!(
            "unknown benchmark `{unknown}`; there are: {}",
            known.join(", ")
        ));
    }
    if let Some(unknown) = arguments
        .iter()
        .find(|word| word.starts_with("--") && !matches!(word.as_str(), "--json" | "--save"))
    {
        return Err(format!(
            "unknown option `{unknown}`; there are: --json, --save"
        ));
    }
    Ok(BENCHMARKS
        .iter()
        .filter(|benchmark| names.is_empty() || names.contains(&benchmark.name))
        .collect())
}

fn keep(root: &Path, name: &str, output: &str) -> Result<(), String> {
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| figures::fields(line).is_some())
        .collect();
    if lines.is_empty() {
        return Err(format!("benchmark `{name}` printed no figures"));
    }
    let path = figures::save(root, name, &lines)?;
    println!(
        "{}\n{} figures in {}",
        lines.join("\n"),
        lines.len(),
        path.display()
    );
    Ok(())
}

/// A PostgreSQL server that writes durably, and the folder of its programs; where there is none, the comparison is left out and
/// said to be.
fn database() -> Option<(Cluster, PathBuf)> {
    let Some(programs) = tools::postgres_bin() else {
        say("PostgreSQL is not installed: the comparison with it is left out");
        return None;
    };
    let log = std::env::temp_dir().join(format!("fairway-bench-pg-{}.log", std::process::id()));
    match Cluster::start(&programs, &log, true) {
        Ok(cluster) => Some((cluster, programs)),
        Err(error) => {
            say(&format!(
                "{error}: the comparison with PostgreSQL is left out"
            ));
            None
        }
    }
}

/// Beside the figures, which have standard output for themselves.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// Builds the programs of the compared libraries and returns their paths as one value.
fn peers() -> Result<OsString, String> {
    let target = workspace::target_dir().join("bench-peers");
    let folder = target.to_string_lossy().into_owned();
    for (name, _) in PEERS {
        let manifest = format!("bench-peers/{name}/Cargo.toml");
        quiet_build(&[
            "build",
            "--release",
            "--locked",
            "--ignore-rust-version",
            "--manifest-path",
            &manifest,
            "--target-dir",
            &folder,
        ])?;
    }
    let programs = PEERS
        .iter()
        .map(|(_, program)| target.join("release").join(program));
    std::env::join_paths(programs)
        .map_err(|error| format!("the build folder's path cannot be passed on: {error}"))
}

/// A build that says nothing on standard output, which belongs to the figures.
fn quiet_build(arguments: &[&str]) -> Result<(), String> {
    let status = run::cargo(&workspace::root())
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {} failed", arguments.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>, String> {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        chosen(&arguments).map(|found| found.iter().map(|benchmark| benchmark.name).collect())
    }

    #[test]
    fn names_choose_and_unknown_ones_are_refused() {
        assert_eq!(
            names(&["--json"]).unwrap(),
            [
                "ledger",
                "ledger-size",
                "authorize",
                "rate",
                "split",
                "transfers",
                "forecast",
                "pages",
                "start"
            ]
        );
        assert_eq!(names(&["rate"]).unwrap(), ["rate"]);
        assert!(names(&["speed"]).unwrap_err().contains(
            "ledger, ledger-size, authorize, rate, split, transfers, forecast, pages, start"
        ));
        assert!(names(&["--jsn"]).unwrap_err().contains("--json"));
    }
}
