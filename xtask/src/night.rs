//! `cargo xtask night`: as many seeds as the time allows, counted.
//!
//! The same tests as in `cargo xtask test`, built for speed, on seeds that no night had before; then real processes, killed at random.
//! What was run stands in `docs/figures/night.json`, each figure with the sum over all nights: seeds, violations, transactions,
//! simulated hours, seconds. It is saved after every batch, so that a night that is cut short has counted what it did.

mod book;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{self, Log};
use crate::{figures, workspace};
use book::{Book, Count, stamp, thousandths};

/// A simulator with seeds.
struct Part {
    name: &'static str,
    package: &'static str,
    /// Its test binary, which no other package has, and the test in it that runs seeds.
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
        binary: "model",
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
        binary: "world",
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
        batch: 100,
        one_in: 50,
        percent: 15,
    },
];

/// The rest of the time belongs to real processes.
const CHAOS_PERCENT: u64 = 25;
/// Of a batch, the first one has so much: it tells how long the next may be.
const FIRST_PART: u64 = 20;
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

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    amount: Amount,
    /// With the build of the tests, which is there already and slower.
    test_build: bool,
}

/// Runs, counts, saves.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let order = order(arguments)?;
    let root = workspace::root();
    let scratch = workspace::scratch_dir()?;
    let log = Log::create(scratch.join("night.log"))?;
    println!("log: {}", log.path().display());
    let mut book = Book::open(&root);
    let mut violations = 0;
    for part in PARTS {
        if !exists(&root, part.package) {
            println!("{:8} not in this tree", part.name);
            continue;
        }
        let first = book.known(part.name).seeds;
        let count = play(&root, &log, part, order, &mut book)?;
        println!(
            "{:8} {} seeds from {first} on, {} violations, {} transactions, {} simulated hours, {}",
            part.name,
            count.seeds,
            count.violations,
            count.transactions,
            thousandths(count.simulated_ms / 3_600),
            run::minutes(Duration::from_millis(count.took_ms))
        );
        violations += count.violations;
    }
    if let Amount::Minutes(minutes) = order.amount {
        let minutes = (minutes * CHAOS_PERCENT / 100).max(1);
        let line = chaos(&root, &log, minutes, &book)?;
        println!("chaos    {minutes} min: {line}");
        book.put(CHAOS, line);
    }
    println!("counts in {}", book.save(&root)?.display());
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

fn order(arguments: &[String]) -> Result<Order, String> {
    const USAGE: &str = "cargo xtask night [--minutes N | --seeds N] [--test-build]";
    let mut order = Order {
        amount: Amount::Minutes(60),
        test_build: false,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or(USAGE)?;
            let number = text.parse::<u64>();
            number.map_err(|e| format!("{text}: {e}\n{USAGE}"))
        };
        match word.as_str() {
            "--minutes" => order.amount = Amount::Minutes(number()?),
            "--seeds" => order.amount = Amount::Seeds(number()?),
            "--test-build" => order.test_build = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(order)
}

fn exists(root: &Path, package: &str) -> bool {
    let folder = package.trim_start_matches("fairway-");
    root.join("crates").join(folder).is_dir()
}

/// Seeds of the next batch: at first a few, then as many as the time that is left allows.
fn batch(part: &Part, amount: Amount, done: &Count, spent: Duration) -> u64 {
    match amount {
        Amount::Seeds(n) => (n / part.one_in)
            .max(1)
            .saturating_sub(done.seeds)
            .min(part.batch),
        Amount::Minutes(n) => {
            let share = Duration::from_secs(n * 60 * part.percent / 100);
            let left = share.saturating_sub(spent).as_millis();
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            if done.seeds == 0 {
                return (part.batch / FIRST_PART).max(1);
            }
            let pace = (done.took_ms / done.seeds).max(1);
            (left / pace).min(part.batch)
        }
    }
}

/// Runs batches until the part's share is used up. The whole workspace is asked for, so that all parts have the same libraries.
fn play(
    root: &Path,
    log: &Log,
    part: &Part,
    order: Order,
    book: &mut Book,
) -> Result<Count, String> {
    let profile: &[&str] = if order.test_build {
        &[]
    } else {
        &["--release"]
    };
    let mut build = run::cargo(root);
    build
        .args(["test", "--locked", "--no-run", "--workspace"])
        .args(["--test", part.binary])
        .args(profile);
    let done = log.run(&mut build, BUILD_LIMIT)?;
    if !done.success {
        return Err(format!("{} does not build: {}", part.package, done.how));
    }
    let begin = Instant::now();
    let known = book.known(part.name);
    let mut count = Count::default();
    loop {
        let seeds = batch(part, order.amount, &count, begin.elapsed());
        if seeds == 0 {
            return Ok(count);
        }
        let mut command = run::cargo(root);
        command
            .args(["test", "--locked", "--workspace"])
            .args(["--test", part.binary])
            .args(profile)
            .args(["--", part.test, "--nocapture"])
            .env(part.count, seeds.to_string())
            .env(part.first, (known.seeds + count.seeds).to_string());
        let started = Instant::now();
        let done = log.run(&mut command, BATCH_LIMIT)?;
        let (transactions, simulated_ms) = counted(&done.output);
        count.add(Count {
            seeds,
            violations: if done.success {
                0
            } else {
                failed(&done.output)
            },
            transactions,
            simulated_ms,
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        let mut all = known;
        all.add(count);
        book.count(part.name, &count, &all);
        book.save(root)?;
    }
}

/// Transactions and simulated milliseconds that a run says it had.
fn counted(output: &str) -> (u64, u64) {
    let line = output
        .lines()
        .filter_map(|line| line.strip_prefix("counted: "))
        .next_back()
        .unwrap_or_default();
    let value = |name: &str| {
        let mut words = line.split_whitespace().filter_map(|w| w.split_once('='));
        let found = words.find(|(known, _)| *known == name)?;
        found.1.parse().ok()
    };
    (
        value("transactions").unwrap_or(0),
        value("simulated_ms").unwrap_or(0),
    )
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

/// Name of the line of the real members.
const CHAOS: &str = "chaos/settled";

/// Real members under load, killed for so many minutes; the line for the figures.
fn chaos(root: &Path, log: &Log, minutes: u64, before: &Book) -> Result<String, String> {
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
        (true, Some(settled)) => {
            let known = before.total(CHAOS) / 1_000;
            let total = known + settled.parse::<u64>().unwrap_or(0);
            Ok(format!(
                "{{\"name\":\"{CHAOS}\",\"value\":{settled},\"unit\":\"charges\",\"total\":{total},\"in\":{},\"kills\":{},\"minutes\":{minutes},{}}}",
                field("charges_in").unwrap_or_default(),
                field("kills").unwrap_or_default(),
                stamp()
            ))
        }
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
    fn an_order_is_minutes_or_seeds() {
        let amount = |line: &str| order(&words(line)).map(|order| order.amount);
        assert_eq!(amount(""), Ok(Amount::Minutes(60)));
        assert_eq!(amount("--seeds 10000"), Ok(Amount::Seeds(10_000)));
        assert_eq!(amount("--test-build --minutes 5"), Ok(Amount::Minutes(5)));
        assert!(order(&words("--test-build")).unwrap().test_build);
        for wrong in ["--hours 5", "--seeds many", "--seeds"] {
            assert!(order(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn failed_seeds_are_counted_and_a_silent_failure_counts_one() {
        assert_eq!(failed("x\nseeds that fail: [3, 17]\ny"), 2);
        assert_eq!(failed("error: could not compile"), 1);
    }

    #[test]
    fn what_a_run_says_is_counted() {
        let output = "x\ncounted: transactions=12 simulated_ms=3400\nseeds that fail: []\n";
        assert_eq!(counted(output), (12, 3_400));
        assert_eq!(counted("nothing"), (0, 0));
    }

    #[test]
    fn a_batch_fits_the_time_that_is_left() {
        let part = &PARTS[0];
        let minutes = Amount::Minutes(10);
        let first = batch(part, minutes, &Count::default(), Duration::ZERO);
        assert_eq!(first, part.batch / FIRST_PART);
        let done = Count {
            seeds: 10,
            took_ms: 10_000,
            ..Count::default()
        };
        let share = 10 * 60 * part.percent / 100;
        let spent = Duration::from_secs(share - 7);
        assert_eq!(batch(part, minutes, &done, spent), 7);
        assert_eq!(batch(part, minutes, &done, Duration::from_secs(share)), 0);
        assert_eq!(batch(part, Amount::Seeds(13), &done, Duration::ZERO), 3);
    }
}
