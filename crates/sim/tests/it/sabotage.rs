//! Tests of the tests: a world with a planted fault must be caught, for the right reason.

#![expect(clippy::panic, reason = "a test that fails says why")]

use fairway_sim::{Plan, Sabotage, run};

/// Seeds that are tried until the planted fault found its moment.
const SEEDS: u64 = 6;

fn caught(plan: Plan, sabotage: Sabotage) -> String {
    for seed in 1..=SEEDS {
        if let Err(violation) = run(seed, &plan.with(sabotage)) {
            return violation.what;
        }
    }
    panic!("{sabotage:?} was not noticed under {SEEDS} seeds");
}

fn caught_as(plan: Plan, sabotage: Sabotage, words: &str) {
    let what = caught(plan, sabotage);
    assert!(what.contains(words), "{sabotage:?} was noticed as: {what}");
}

#[test]
fn a_disk_that_forgets_a_transaction() {
    let what = caught(Plan::CALM, Sabotage::DiskForgets);
    assert!(
        what.contains("is not settled") || what.contains("charges open"),
        "{what}"
    );
}

#[test]
fn a_disk_that_tears_a_transaction() {
    caught(Plan::CALM, Sabotage::TornTransaction);
}

#[test]
fn a_replica_that_adds_a_micro_unit() {
    // Noticed by comparison with the others, or by the books when it was the first to execute.
    let what = caught(Plan::CALM, Sabotage::ReplicaAdds);
    assert!(
        what.contains("other receipts") || what.contains("books do not fold"),
        "{what}"
    );
}

#[test]
fn all_replicas_add_a_micro_unit() {
    caught_as(Plan::CALM, Sabotage::AllReplicasAdd, "books do not fold");
}

#[test]
fn a_start_without_consent() {
    caught_as(
        Plan::CALM,
        Sabotage::StartWithoutConsent,
        "no driver said yes",
    );
}

/// The station knows which charge its driver said yes to: the wrong one is refused, nothing flows, nothing is billed.
#[test]
fn a_start_for_another_charge_is_refused_by_the_station() {
    let report = run(1, &Plan::CALM.with(Sabotage::StartForAnother))
        .unwrap_or_else(|violation| panic!("{violation}"));
    assert!(report.sabotaged);
}

#[test]
fn a_block_that_never_arrives() {
    caught(Plan::CALM, Sabotage::BlockSkipped);
}
