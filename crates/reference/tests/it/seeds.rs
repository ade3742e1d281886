//! `FAIRWAY_MODEL_SEEDS` says how many seeds, `FAIRWAY_MODEL_FIRST` from which on, `FAIRWAY_MODEL_SEED` which one again.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests are told by the environment, and tell what they did"
)]

use fairway_reference::cast::Cast;
use fairway_reference::{Replica, explain, run};
use std::collections::BTreeMap;

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|e| panic!("{name}={text}: {e}")),
        Err(_) => otherwise,
    }
}

#[derive(Default)]
struct Sums {
    built: u64,
    applied: u64,
    settled: u64,
    one_reason: u64,
    simulated_ms: i64,
    refused: BTreeMap<&'static str, u64>,
    failed: Vec<u64>,
}

fn some(seeds: impl Iterator<Item = u64>) -> Sums {
    let mut sums = Sums::default();
    for seed in seeds {
        match run(seed, None) {
            Ok((report, log)) => {
                if let (Some((first, ..)), Some((last, ..))) = (log.first(), log.last()) {
                    sums.simulated_ms += last.time.0 - first.time.0;
                }
                sums.built += report.built;
                sums.applied += report.applied;
                sums.settled += report.settled;
                sums.one_reason += report.one_reason;
                for (code, count) in report.refused {
                    *sums.refused.entry(code).or_default() += count;
                }
            }
            Err(violation) => {
                // The first few are made small; more of them tell no more.
                match explain(&violation, None) {
                    Ok((_, small)) if sums.failed.len() < 3 => println!("{small}\n"),
                    _ => println!("seed {}: {}: {}", seed, violation.kind, violation.what),
                }
                sums.failed.push(seed);
            }
        }
    }
    sums
}

#[test]
fn seeds_agree() {
    let (first, count) = (
        number("FAIRWAY_MODEL_FIRST", 0),
        number("FAIRWAY_MODEL_SEEDS", 64),
    );
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let sums: Vec<Sums> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    some((first..first + count).filter(|seed| seed % threads == worker))
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    let total = |of: fn(&Sums) -> u64| sums.iter().map(of).sum::<u64>();
    let mut refused: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, n) in sums.iter().flat_map(|s| &s.refused) {
        *refused.entry(code).or_default() += n;
    }
    let failed: Vec<u64> = sums.iter().flat_map(|s| s.failed.clone()).collect();
    let (built, applied, settled) = (
        total(|s| s.built),
        total(|s| s.applied),
        total(|s| s.settled),
    );
    let refusals: u64 = refused.values().sum();
    println!("{count} seeds, {} violations", failed.len());
    println!(
        "{built} transactions, {applied} applied, {settled} charges settled, {refusals} refused ({} with one possible reason)",
        total(|s| s.one_reason)
    );
    println!("refused: {refused:?}");
    let simulated_ms: i64 = sums.iter().map(|s| s.simulated_ms).sum();
    println!("counted: transactions={built} simulated_ms={simulated_ms}");
    assert!(failed.is_empty(), "seeds that fail: {failed:?}");
    // A generator in which nothing happens, or nothing is refused, proves nothing.
    assert!(settled >= count * 2, "only {settled} charges were settled");
    assert!(
        applied * 4 > built,
        "only {applied} of {built} were applied"
    );
    if count >= 64 {
        assert!(
            refused.len() >= 28,
            "only {} reasons were met",
            refused.len()
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let digest = |seed| run(seed, None).unwrap_or_else(|v| panic!("{v}")).0;
    assert_eq!(digest(5), digest(5));
    assert_ne!(digest(5).digest, digest(6).digest);
}

/// The same blocks on several threads at once, each with contracts of its own and parts of another size.
#[test]
fn threads_and_parts_change_nothing() {
    for seed in 0..4 {
        let (_, log) = run(seed, None).unwrap_or_else(|v| panic!("{v}"));
        let genesis = Cast::new(seed).unwrap().genesis();
        let states: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (1..=4_usize)
                .map(|part| {
                    let (log, genesis) = (&log, &genesis);
                    scope.spawn(move || {
                        let mut replica = Replica::new(genesis, 0, None).unwrap();
                        for (block, txs, receipts) in log {
                            let mut got = Vec::new();
                            for some in txs.chunks(part * part) {
                                got.extend(replica.execute(*block, some).0);
                            }
                            assert_eq!(&got, receipts);
                        }
                        replica.state
                    })
                })
                .collect();
            workers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        assert!(states.iter().all(|s| Some(s) == states.first()));
    }
}

#[test]
fn replay() {
    let seed = number("FAIRWAY_MODEL_SEED", 1);
    match run(seed, None) {
        Ok((report, _)) => {
            report.trace.iter().for_each(|line| println!("{line}"));
            println!(
                "seed {seed}: {} of {} applied",
                report.applied, report.built
            );
        }
        Err(violation) => match explain(&violation, None) {
            Ok((steps, small)) => panic!("{} steps are left\n{small}", steps.len()),
            Err(violation) => panic!("{violation}"),
        },
    }
}
