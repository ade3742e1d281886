//! Runs of many seeds.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    plan::{Faulty, KINDS, Plan},
    run::{Planted, Report, run},
    shrink::{keep, shrink},
};

/// Seeds of a run when nobody asks for another number.
const SEEDS: u64 = 26;
/// Failures that are made smaller; more of them tell no more.
const SHRINK: usize = 2;

pub(crate) fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable);
    text.map_or(default, |text| text.parse().expect("a number"))
}

/// Seeds that a run of them has.
pub(crate) fn seeds() -> u64 {
    number("FAIRWAY_CHAIN_SEEDS", SEEDS)
}

/// The plan of a seed; only the events at the places of `FAIRWAY_CHAIN_KEEP`, when it is set.
fn plan_of(seed: u64) -> Plan {
    let plan = Plan::of(seed);
    let Ok(places) = std::env::var("FAIRWAY_CHAIN_KEEP") else {
        return plan;
    };
    let places = places.split(',').filter(|place| !place.is_empty());
    let places: Vec<usize> = places
        .map(|place| place.parse().expect("a place"))
        .collect();
    keep(&plan, &places)
}

/// What all runs came to.
#[derive(Default)]
struct Sums {
    blocks: u64,
    messages: u64,
    transactions: u64,
    votes: u64,
    lacked: usize,
    handovers: usize,
    too_long: u64,
    lasted: Duration,
    slowest: Duration,
    lies: BTreeMap<String, u64>,
}

impl Sums {
    fn add(&mut self, report: &Report) {
        self.blocks += report.heights;
        self.messages += report.messages;
        self.transactions += report.transactions;
        self.votes += report.votes;
        self.lacked += report.lacked;
        self.handovers += report.handovers;
        self.too_long += report.too_long;
        self.lasted += report.lasted;
        self.slowest = self.slowest.max(report.healed_after);
        for (kind, lies) in &report.lies {
            *self.lies.entry(format!("{kind:?}")).or_default() += lies;
        }
    }
}

fn tell(seed: u64, plan: &Plan, error: &str, small: bool) {
    println!("seed {seed}: {error}");
    let mut places: Vec<usize> = (0..plan.events.len()).collect();
    if small {
        let (fewer, error) = shrink(plan, Planted::Nothing, error);
        println!("seed {seed} with {} of its events: {error}", fewer.len());
        places = fewer;
    }
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    println!(
        "replay: FAIRWAY_CHAIN_FIRST={seed} FAIRWAY_CHAIN_SEEDS=1 FAIRWAY_CHAIN_KEEP={} \
         cargo test -p fairway-chain-sim --test seeds seeds_keep_one_true_chain -- --nocapture",
        places.join(",")
    );
}

/// A seed is all that a failure needs: two runs of it are the same to the last step of the runtime.
#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [2, 7, 9] {
        let plan = Plan::of(seed);
        let (one, two) = (run(&plan, Planted::Nothing), run(&plan, Planted::Nothing));
        assert_eq!(one, two, "seed {seed}");
    }
}

/// Runs seeds from `FAIRWAY_CHAIN_FIRST` on, as many as `FAIRWAY_CHAIN_SEEDS` says. What fails is made smaller, and the command
/// that plays it again is shown; `FAIRWAY_CHAIN_LOG=debug` shows what the engine did.
#[test]
fn seeds_keep_one_true_chain() {
    if let Ok(filter) = std::env::var("FAIRWAY_CHAIN_LOG") {
        let lines = tracing_subscriber::fmt().without_time().with_ansi(false);
        lines.with_env_filter(filter).init();
    }
    let (from, count) = (number("FAIRWAY_CHAIN_FIRST", 0), seeds());
    let mut sums = Sums::default();
    let mut failed = Vec::new();
    for seed in from..from + count {
        let plan = plan_of(seed);
        match run(&plan, Planted::Nothing) {
            Ok(report) => {
                if count == 1 {
                    println!("steps of seed {seed}: {}", report.steps);
                }
                sums.add(&report);
            }
            Err(error) => {
                // A single seed that is played again is small already, or is to be seen whole.
                tell(seed, &plan, &error, count > 1 && failed.len() < SHRINK);
                failed.push(seed);
            }
        }
    }
    println!(
        "chain seeds {count} from {from}: {} blocks, {} messages, {} votes looked at, {} handovers, {} programs replaced, \
         {} messages too long, {:?} at most from healing to the end",
        sums.blocks,
        sums.messages,
        sums.votes,
        sums.handovers,
        sums.lacked,
        sums.too_long,
        sums.slowest
    );
    println!("lies: {:?}", sums.lies);
    println!(
        "counted: transactions={} simulated_ms={}",
        sums.transactions,
        sums.lasted.as_millis()
    );
    println!("seeds that fail: {failed:?}");
    assert!(failed.is_empty(), "{} of {count} seeds fail", failed.len());
    if from == 0 && count >= 3 * KINDS.len() as u64 {
        // A liar that never lies proves nothing, nor does a change that never comes.
        for kind in KINDS {
            let lies = sums.lies.get(&format!("{kind:?}"));
            let silent = matches!(kind, Faulty::Tricks(_)) && lies.is_none_or(|lies| *lies == 0);
            assert!(!silent, "{kind:?} never lied");
        }
        assert!(sums.lacked > 0 && sums.handovers > 0 && sums.too_long > 0);
    }
}
