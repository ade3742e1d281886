//! Runs of many seeds, and of chosen ones.

use std::time::Duration;

use crate::{
    byzantine::Trick,
    load::Wrong,
    plan::{Event, Faulty, Plan},
    run::{Planted, run},
};

/// Seeds of a run when nobody asks for another number.
const SEEDS: u64 = 24;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable);
    text.map_or(default, |text| text.parse().expect("a number"))
}

/// Runs seeds from `FAIRWAY_CHAIN_FIRST` on, as many as `FAIRWAY_CHAIN_SEEDS` says. One seed is replayed with
/// `FAIRWAY_CHAIN_FIRST=<seed> FAIRWAY_CHAIN_SEEDS=1`; `FAIRWAY_CHAIN_LOG=debug` shows what the engine did.
#[test]
fn seeds_keep_one_true_chain() {
    if let Ok(filter) = std::env::var("FAIRWAY_CHAIN_LOG") {
        let lines = tracing_subscriber::fmt().without_time().with_ansi(false);
        lines.with_env_filter(filter).init();
    }
    let (from, count) = (
        number("FAIRWAY_CHAIN_FIRST", 0),
        number("FAIRWAY_CHAIN_SEEDS", SEEDS),
    );
    let (mut blocks, mut messages, mut slowest) = (0, 0, Duration::ZERO);
    let mut failed = Vec::new();
    for seed in from..from + count {
        match run(&Plan::of(seed), Planted::Nothing) {
            Ok(report) => {
                blocks += report.heights;
                messages += report.messages;
                slowest = slowest.max(report.healed_after);
            }
            Err(error) => {
                println!("seed {seed}: {error}");
                failed.push(seed);
            }
        }
    }
    println!(
        "chain seeds {count} from {from}: {blocks} blocks, {messages} messages, {slowest:?} at most from healing to the end"
    );
    println!("seeds that fail: {failed:?}");
    assert!(
        failed.is_empty(),
        "replay with FAIRWAY_CHAIN_FIRST={} FAIRWAY_CHAIN_SEEDS=1",
        failed[0]
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [2, 5, 9] {
        let first = run(&Plan::of(seed), Planted::Nothing).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            run(&Plan::of(seed), Planted::Nothing),
            Ok(first),
            "seed {seed}"
        );
    }
}

/// The error that a planted fault leads to in one of the first seeds; a panic when none finds it.
fn found(planted: Planted, seeds: u64, change: impl Fn(&mut Plan)) -> String {
    for seed in 0..seeds {
        let mut plan = Plan::of(seed);
        plan.faulty = Faulty::Nobody;
        change(&mut plan);
        if let Err(error) = run(&plan, planted) {
            println!(
                "{planted:?} found by seed {seed}: {}",
                error.lines().next().unwrap_or("")
            );
            return error;
        }
    }
    panic!("{planted:?} is not found by {seeds} seeds");
}

#[test]
fn planted_wrong_price_is_found() {
    let error = found(Planted::Rules(Wrong::Price), 3, |_| ());
    assert!(error.contains("books at"), "{error}");
}

#[test]
fn planted_skipped_signature_check_is_found() {
    let error = found(Planted::Rules(Wrong::Unsigned), 8, |_| ());
    assert!(error.contains("nobody signed"), "{error}");
}

fn named(error: &str, ways: &[&str]) {
    assert!(ways.iter().any(|way| error.contains(way)), "{error}");
}

#[test]
fn planted_order_by_chance_is_found() {
    let error = found(Planted::Rules(Wrong::Order), 8, |_| ());
    named(
        &error,
        &["stopped by itself", "not live", "books at", "FORK"],
    );
}

#[test]
fn planted_lost_transaction_is_found() {
    let error = found(Planted::Once, 20, |_| ());
    named(&error, &["not final"]);
}

#[test]
fn planted_forgotten_votes_are_found() {
    let error = found(Planted::Forget, 20, |_| ());
    named(&error, &["stopped by itself", "not live", "FORK"]);
}

#[test]
fn more_liars_than_the_protocol_bears_are_found() {
    let error = run(&Plan::calm(1), Planted::Twins).expect_err("two of four live twice");
    // It cannot be prevented, but it is not silent: both certificates name who signed both.
    assert!(error.contains("FORK"), "{error}");
    assert!(error.contains("2 validators signed both blocks"), "{error}");
}

/// The power of a validator goes at each change of its disk in turn: all of them when many seeds are asked for, else some.
#[test]
fn a_power_cut_at_any_write_loses_nothing() {
    let calm = run(&Plan::calm(4), Planted::Nothing).unwrap_or_else(|e| panic!("{e}"));
    let writes = calm.writes[1];
    let step = (writes / number("FAIRWAY_CHAIN_SEEDS", SEEDS)).max(1);
    let mut cuts = 0;
    let mut at = 1;
    while at <= writes {
        let mut plan = Plan::calm(4);
        plan.events = vec![
            (Duration::ZERO, Event::CrashAtWrite(1, at)),
            (Duration::from_millis(1_500), Event::Restart(1)),
            (Duration::from_secs(2), Event::Heal),
        ];
        run(&plan, Planted::Nothing).unwrap_or_else(|e| panic!("cut at write {at}: {e}"));
        cuts += 1;
        at += step;
    }
    println!("{cuts} power cuts within {writes} writes");
}

/// One clock is wrong by ten minutes, and then set right again.
#[test]
fn a_wrong_clock_does_not_stop_the_ledger() {
    for skew in [600_000, -600_000] {
        let mut plan = Plan::calm(2);
        plan.events = vec![
            (Duration::from_millis(100), Event::Skew(0, skew)),
            (Duration::from_secs(10), Event::Heal),
        ];
        let report = run(&plan, Planted::Nothing).unwrap_or_else(|e| panic!("{e}"));
        assert!(report.ahead_ms < 1_000, "{}", report.ahead_ms);
    }
}

/// A member whose blocks are ahead by nearly an hour, which the rules of the header allow.
#[test]
fn a_liar_does_not_carry_the_time_away() {
    let mut plan = Plan::calm(3);
    plan.faulty = Faulty::Tricks(Trick::Ahead);
    plan.events = vec![(Duration::from_secs(10), Event::Heal)];
    let report = run(&plan, Planted::Nothing).unwrap_or_else(|e| panic!("{e}"));
    assert!(report.ahead_ms < 1_000, "{}", report.ahead_ms);
}
