//! Tests of the tests: what is planted is found within a stated number of seeds, for the right reason.

use crate::{
    byzantine::Trick,
    load::Wrong,
    plan::{Change, Faulty, Plan},
    run::{Planted, run},
    seeds::number,
    shrink::{keep, shrink},
};

/// The error that a planted fault leads to in one of the first seeds; a panic when none finds it.
fn found(planted: Planted, seeds: u64, change: impl Fn(&mut Plan)) -> String {
    for seed in 0..seeds {
        let mut plan = Plan::of(seed);
        (plan.faulty, plan.second) = (Faulty::Nobody, Faulty::Nobody);
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

fn named(error: &str, ways: &[&str]) {
    assert!(ways.iter().any(|way| error.contains(way)), "{error}");
}

#[test]
fn planted_wrong_price_is_found() {
    let error = found(Planted::Rules(Wrong::Price), 3, |_| ());
    named(&error, &["books at"]);
}

#[test]
fn planted_wrong_rounding_is_found() {
    let error = found(Planted::Rules(Wrong::Rounding), 3, |_| ());
    named(&error, &["books at"]);
}

#[test]
fn planted_skipped_signature_check_is_found() {
    let error = found(Planted::Rules(Wrong::Unsigned), 8, |_| ());
    named(&error, &["nobody signed"]);
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
    let ways = ["stopped by itself", "not live", "FORK", "is accused"];
    named(&error, &ways);
}

fn undisturbed(plan: &mut Plan) {
    plan.events.clear();
    plan.prompt = true;
}

/// Without the mistake the same seeds are prompt.
#[test]
fn an_undisturbed_ledger_is_prompt() {
    for seed in 0..8 {
        let mut plan = Plan::of(seed);
        (plan.faulty, plan.second) = (Faulty::Nobody, Faulty::Nobody);
        undisturbed(&mut plan);
        run(&plan, Planted::Nothing).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

/// When what disturbed it is over, it is prompt again.
#[test]
fn a_healed_ledger_is_prompt() {
    for seed in 0..4 {
        let mut plan = Plan::of(seed);
        (plan.faulty, plan.second) = (Faulty::Nobody, Faulty::Nobody);
        (plan.change, plan.prompt) = (Change::Nothing, true);
        run(&plan, Planted::Nothing).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

/// A proposer that sleeps on when a transaction arrives: nothing is lost, for the next idle block takes it.
#[test]
fn planted_lost_wake_up_of_a_proposer_is_found() {
    let error = found(Planted::LostWakeUp, 8, undisturbed);
    named(&error, &["is not prompt"]);
}

/// One validator that votes without comparing the state root: the others outvote the liar, but the vote is seen.
#[test]
fn planted_skipped_comparison_of_the_state_root_is_found() {
    let lie = |plan: &mut Plan| plan.faulty = Faulty::Tricks(Trick::StateRoot);
    let error = found(Planted::UncheckedRoot, 8, lie);
    named(&error, &["voted to make a wrong block final: StateRoot"]);
}

/// All of them do: the wrong block becomes final, and nobody can go on from it.
#[test]
fn planted_skipped_comparison_everywhere_is_found() {
    let lie = |plan: &mut Plan| plan.faulty = Faulty::Tricks(Trick::StateRoot);
    let error = found(Planted::UncheckedRoots, 8, lie);
    let ways = ["voted to make a wrong block final", "state root differs"];
    named(&error, &ways);
}

/// What fails is made smaller and still fails in the same way.
#[test]
fn a_failing_plan_is_made_smaller() {
    let planted = Planted::UncheckedRoot;
    for seed in 0..8 {
        let mut plan = Plan::of(seed);
        plan.faulty = Faulty::Tricks(Trick::StateRoot);
        let Err(error) = run(&plan, planted) else {
            continue;
        };
        let (places, small) = shrink(&plan, planted, &error);
        assert!(places.len() < plan.events.len(), "{places:?}: {small}");
        named(&small, &["voted to make a wrong block final"]);
        let again = run(&keep(&plan, &places), planted).unwrap_err();
        named(&again, &["voted to make a wrong block final"]);
        return;
    }
    panic!("no seed fails");
}

#[test]
fn more_liars_than_the_protocol_bears_are_found() {
    let error = run(&Plan::calm(1), Planted::Twins).expect_err("two of four live twice");
    // It cannot be prevented, but it is not silent: both certificates name who signed both.
    assert!(error.contains("FORK"), "{error}");
    assert!(error.contains("2 validators signed both blocks"), "{error}");
}

/// Kinds of liars of which two are one too many for four.
const LIARS: [Faulty; 10] = [
    Faulty::Tricks(Trick::Equivocate),
    Faulty::Tricks(Trick::DoubleVote),
    Faulty::Tricks(Trick::Nullify),
    Faulty::Rules(Wrong::Price),
    Faulty::Tricks(Trick::StateRoot),
    Faulty::Rules(Wrong::Unsigned),
    Faulty::Tricks(Trick::Outdated),
    Faulty::Amnesia,
    Faulty::Tricks(Trick::Silent),
    Faulty::Tricks(Trick::Replay),
];

/// Two liars of four: the ledger goes on, or halts, or forks with proof of who signed both. It never forks in silence, and what is
/// final is right.
#[test]
fn one_liar_too_many_halts_or_is_proven_guilty() {
    let runs = number("FAIRWAY_CHAIN_SEEDS", 40) / 4;
    let (mut lived, mut halted, mut proven) = (0, 0, 0);
    for seed in 0..runs {
        let mut plan = Plan::of(seed);
        let place = (seed as usize) % LIARS.len();
        (plan.validators, plan.change) = (4, Change::Nothing);
        plan.events.retain(|(_, event)| event.within(4));
        plan.faulty = LIARS[place];
        plan.second = LIARS[(place + seed as usize / LIARS.len()) % LIARS.len()];
        match run(&plan, Planted::Liars) {
            Ok(_) => lived += 1,
            Err(error) if error.starts_with("FORK") => {
                named(&error, &["2 validators signed both blocks"]);
                proven += 1;
            }
            Err(error) => {
                named(&error, &["not live", "stopped by itself"]);
                halted += 1;
            }
        }
    }
    println!(
        "{runs} runs with two liars of four: {lived} went on, {halted} halted, {proven} forked with proof"
    );
}
