//! `cargo xtask night`: as many seeds as the time allows, counted.
//!
//! The same tests as in `cargo xtask test`, built for speed, on seeds that no night had before; then real processes, killed at random.
//! What was run stands in `docs/figures/night.json`: seeds, violations, date, commit, and the sum over all nights.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{self, Log};
use crate::{figures, workspace};

/// A simulator with seeds.
struct Part {
    name: &'static str,
    package: &'static str,
    /// Its test binary, and the test in it that runs seeds.
    binary: &'static str,
    test: &'static str,
    /// The variables that say how many seeds, and from which on.
    count: &'static str,
    first: &'static str,
    /// Seeds of one run of the binary.
    batch: u64,
    /// Of the seeds that are asked for, one in so many: these worlds are larger.
    one_in: u64,
    /// Its part of the time, in percent.
    percent: u64,
}

const PARTS: &[Part] = &[
    Part {
        name: "model",
        package: "fairway-reference",
        binary: "it",
        test: "seeds_agree",
        count: "FAIRWAY_MODEL_SEEDS",
        first: "FAIRWAY_MODEL_FIRST",
        batch: 1_000,
        one_in: 1,
        percent: 35,
    },
    Part {
        name: "world",
        package: "fairway-sim",
        binary: "it",
        test: "seeds_hold",
        count: "FAIRWAY_SIM_SEEDS",
        first: "FAIRWAY_SIM_FIRST",
        batch: 100,
        one_in: 20,
        percent: 25,
    },
    Part {
        name: "chain",
        package: "fairway-chain-sim",
        binary: "seeds",
        test: "seeds_keep_one_true_chain",
        count: "FAIRWAY_CHAIN_SEEDS",
        first: "FAIRWAY_CHAIN_FIRST",
        batch: 200,
        one_in: 20,
        percent: 15,
    },
];

/// The rest of the time belongs to real processes.
const CHAOS_PERCENT: u64 = 25;
/// Longest run of one batch.
const BATCH_LIMIT: Duration = Duration::from_hours(1);
/// Longest build.
const BUILD_LIMIT: Duration = Duration::from_mins(45);

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    Minutes(u64),
    Seeds(u64),
}

/// What a part came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    seeds: u64,
    violations: u64,
}

/// Runs, counts, saves.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let amount = amount(arguments)?;
    let root = workspace::root();
    let scratch = workspace::scratch_dir()?;
    let log = Log::create(scratch.join("night.log"))?;
    println!("log: {}", log.path().display());
    let before =
        std::fs::read_to_string(root.join(figures::FOLDER).join("night.json")).unwrap_or_default();
    let mut lines = Vec::new();
    let mut violations = 0;
    for part in PARTS {
        if !exists(&root, part.package) {
            println!("{:8} not in this tree", part.name);
            continue;
        }
        let known = total(&before, part.name);
        let begin = Instant::now();
        let count = play(&root, &log, part, amount, known)?;
        println!(
            "{:8} {} seeds from {known} on, {} violations, {}",
            part.name,
            count.seeds,
            count.violations,
            run::minutes(begin.elapsed())
        );
        violations += count.violations;
        lines.extend(told(part.name, count, known));
        // A night that is cut short has counted what it did.
        save(&root, &lines)?;
    }
    if let Amount::Minutes(minutes) = amount {
        let minutes = (minutes * CHAOS_PERCENT / 100).max(1);
        let line = chaos(&root, &log, minutes)?;
        println!("chaos    {minutes} min: {line}");
        lines.push(line);
    }
    println!("counts in {}", save(&root, &lines)?.display());
    if violations == 0 {
        Ok(())
    } else {
        Err(format!(
            "{violations} violations; the log names the seeds and prints the smallest steps"
        ))
    }
}

/// `cargo xtask chaos`: only the members that are killed at random; everything that they say is shown.
pub(crate) fn chaos_only(arguments: &[String]) -> Result<(), String> {
    let root = workspace::root();
    let status = run::cargo(&root)
        .args(["run", "--locked", "-p", "fairway", "--", "chaos"])
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("members killed at random: {status}"))
    }
}

fn amount(arguments: &[String]) -> Result<Amount, String> {
    const USAGE: &str = "cargo xtask night [--minutes N | --seeds N]";
    let number = |text: &String| {
        text.parse::<u64>()
            .map_err(|e| format!("{text}: {e}\n{USAGE}"))
    };
    match arguments {
        [] => Ok(Amount::Minutes(60)),
        [flag, n] if flag == "--minutes" => number(n).map(Amount::Minutes),
        [flag, n] if flag == "--seeds" => number(n).map(Amount::Seeds),
        _ => Err(USAGE.to_owned()),
    }
}

fn save(root: &Path, lines: &[String]) -> Result<std::path::PathBuf, String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    figures::save(root, "night", &lines)
}

fn exists(root: &Path, package: &str) -> bool {
    let folder = package.trim_start_matches("fairway-");
    root.join("crates").join(folder).is_dir()
}

/// How many seeds of a part all nights before had.
fn total(before: &str, part: &str) -> u64 {
    let name = format!("{part}/seeds");
    before
        .lines()
        .filter_map(figures::fields)
        .find(|fields| fields.iter().any(|(k, v)| k == "name" && *v == name))
        .and_then(|fields| {
            let (_, value) = fields.into_iter().find(|(k, _)| k == "total")?;
            value.parse().ok()
        })
        .unwrap_or(0)
}

/// Runs batches until the part's share is used up.
fn play(root: &Path, log: &Log, part: &Part, amount: Amount, known: u64) -> Result<Count, String> {
    let build = [
        "test",
        "--release",
        "--locked",
        "--no-run",
        "-p",
        part.package,
    ];
    let done = log.run(run::cargo(root).args(build), BUILD_LIMIT)?;
    if !done.success {
        return Err(format!("{} does not build: {}", part.package, done.how));
    }
    let begin = Instant::now();
    let mut count = Count::default();
    loop {
        let left = match amount {
            Amount::Seeds(n) => (n / part.one_in).max(1).saturating_sub(count.seeds),
            Amount::Minutes(n) if begin.elapsed().as_secs() < n * 60 * part.percent / 100 => {
                part.batch
            }
            Amount::Minutes(_) => 0,
        };
        let batch = left.min(part.batch);
        if batch == 0 {
            return Ok(count);
        }
        let mut command = run::cargo(root);
        command
            .args(["test", "--release", "--locked", "-p", part.package])
            .args(["--test", part.binary, "--", part.test, "--nocapture"])
            .env(part.count, batch.to_string())
            .env(part.first, (known + count.seeds).to_string());
        let done = log.run(&mut command, BATCH_LIMIT)?;
        count.seeds += batch;
        count.violations += if done.success {
            0
        } else {
            failed(&done.output)
        };
    }
}

/// How many seeds a failed run names; at least one, for it failed.
fn failed(output: &str) -> u64 {
    let lists = output
        .lines()
        .filter_map(|line| line.split_once("seeds that fail: ["));
    let seeds: usize = lists
        .filter_map(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list.split(',').filter(|s| !s.trim().is_empty()).count())
        .sum();
    u64::try_from(seeds).unwrap_or(u64::MAX).max(1)
}

/// The lines of one part in the figures.
fn told(name: &str, count: Count, known: u64) -> [String; 2] {
    let stamp = stamp();
    let total = known + count.seeds;
    [
        format!(
            "{{\"name\":\"{name}/seeds\",\"value\":{},\"unit\":\"seeds\",\"total\":{total},{stamp}}}",
            count.seeds
        ),
        format!(
            "{{\"name\":\"{name}/violations\",\"value\":{},\"unit\":\"violations\",{stamp}}}",
            count.violations
        ),
    ]
}

fn stamp() -> String {
    let commit = run::answer("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let date = run::answer("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
    format!("\"date\":\"{date}\",\"commit\":\"{commit}\"")
}

/// Real members under load, killed for so many minutes; the line for the figures.
fn chaos(root: &Path, log: &Log, minutes: u64) -> Result<String, String> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .args(["run", "--locked", "-p", "fairway", "--", "chaos", "--json"])
        .args(["--minutes", &minutes.to_string()]);
    let limit = BUILD_LIMIT + Duration::from_secs(60 * minutes) + Duration::from_mins(15);
    let done = log.run(&mut command, limit)?;
    let line = done.output.lines().rev().find_map(figures::fields);
    let field = |name: &str| {
        let fields = line.as_ref()?;
        fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    match (done.success, field("settled")) {
        (true, Some(settled)) => Ok(format!(
            "{{\"name\":\"chaos/settled\",\"value\":{settled},\"unit\":\"charges\",\"in\":{},\"kills\":{},\"minutes\":{minutes},{}}}",
            field("charges_in").unwrap_or_default(),
            field("kills").unwrap_or_default(),
            stamp()
        )),
        _ => Err(format!(
            "members killed at random: {}\n{}",
            done.how,
            done.output.lines().next_back().unwrap_or_default()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn amounts_are_minutes_or_seeds() {
        assert_eq!(amount(&words("")), Ok(Amount::Minutes(60)));
        assert_eq!(amount(&words("--seeds 10000")), Ok(Amount::Seeds(10_000)));
        assert_eq!(amount(&words("--minutes 5")), Ok(Amount::Minutes(5)));
        assert!(amount(&words("--hours 5")).is_err());
        assert!(amount(&words("--seeds many")).is_err());
    }

    #[test]
    fn failed_seeds_are_counted_and_a_silent_failure_counts_one() {
        assert_eq!(failed("x\nseeds that fail: [3, 17]\ny"), 2);
        assert_eq!(failed("error: could not compile"), 1);
    }

    #[test]
    fn nights_add_up() {
        let [line, _] = told(
            "model",
            Count {
                seeds: 5,
                violations: 0,
            },
            7,
        );
        assert_eq!(total(&format!("[\n{line}\n]\n"), "model"), 12);
        assert_eq!(total(&line, "world"), 0);
    }
}
