//! Seeds from the environment: `FAIRWAY_SIM_SEEDS` says how many, `FAIRWAY_SIM_SEED` (and `FAIRWAY_SIM_PLAN`) which one again.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests are told by the environment, and tell what they did"
)]

use fairway_sim::{Plan, Report, run};

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|e| panic!("{name}={text}: {e}")),
        Err(_) => otherwise,
    }
}

fn plan_of(seed: u64) -> Plan {
    let Ok(name) = std::env::var("FAIRWAY_SIM_PLAN") else {
        return Plan::of_seed(seed);
    };
    *Plan::ALL
        .iter()
        .find(|p| p.name == name)
        .unwrap_or_else(|| panic!("no plan {name}"))
}

fn held(seed: u64, plan: &Plan) -> Report {
    run(seed, plan).unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn seeds_hold() {
    let (first, count) = (
        number("FAIRWAY_SIM_FIRST", 0),
        number("FAIRWAY_SIM_SEEDS", 16),
    );
    let (mut failed, mut settled, mut visits) = (Vec::new(), 0, 0);
    let (mut transactions, mut simulated_ms) = (0, 0);
    for seed in first..first + count {
        match run(seed, &plan_of(seed)) {
            Ok(report) => {
                if number("FAIRWAY_SIM_VERBOSE", 0) > 0 {
                    println!("{report}");
                }
                settled += report.settled;
                transactions += report.transactions;
                simulated_ms += report.lasted_ms;
                visits += report.visits;
            }
            Err(violation) => {
                println!("{violation}\n");
                failed.push(seed);
            }
        }
    }
    println!("{count} seeds, {settled} charges settled in {visits} visits");
    println!("counted: transactions={transactions} simulated_ms={simulated_ms}");
    assert!(failed.is_empty(), "seeds that fail: {failed:?}");
    // A simulator in which nothing happens proves nothing.
    assert!(
        settled * 3 > visits,
        "only {settled} of {visits} visits were settled"
    );
}

#[test]
fn the_calm_world_charges_all_nine_pairs() {
    let report = held(0, &Plan::CALM);
    assert_eq!(report.pairs, 9, "{report}");
    assert_eq!(
        (report.crashes, report.power_cuts, report.alarms),
        (3, 0, 0),
        "{report}"
    );
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let (one, again, other) = (
        held(5, &Plan::EVERYTHING),
        held(5, &Plan::EVERYTHING),
        held(6, &Plan::EVERYTHING),
    );
    assert_eq!(one, again);
    assert_ne!(one.digest, other.digest);
}

#[test]
fn replay() {
    let seed = number("FAIRWAY_SIM_SEED", 1);
    println!("{}", held(seed, &plan_of(seed)));
}
