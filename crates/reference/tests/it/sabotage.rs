//! Tests of the tests: each planted mistake is found, and shrinks to a few steps.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that fails says why, and one that finds a mistake shows it"
)]

use fairway_reference::{Sabotage, explain, run};

/// Seeds that are tried until the planted mistake found its moment.
const SEEDS: u64 = 80;
/// Most steps that a mistake may need once it is made small: founding, agreeing, holding, settling, disputing,
/// netting, paying.
const STEPS: usize = 15;

fn found(sabotage: Sabotage, kinds: &[&str]) {
    for seed in 0..SEEDS {
        let Err(violation) = run(seed, Some(sabotage)) else {
            continue;
        };
        assert!(
            kinds.contains(&violation.kind),
            "{sabotage:?} was found as {}: {}",
            violation.kind,
            violation.what
        );
        let (steps, small) = explain(&violation, Some(sabotage)).unwrap_or_else(|v| panic!("{v}"));
        println!("{sabotage:?} is found by {small}\n");
        assert!(
            steps.len() <= STEPS,
            "{} steps are left: {small}",
            steps.len()
        );
        // Without the planted mistake the same steps hold: the mistake is what was found.
        let cast = fairway_reference::Cast::new(seed).unwrap();
        assert!(fairway_reference::play(&cast, &steps, None).is_ok());
        return;
    }
    panic!("{sabotage:?} was not found in {SEEDS} seeds");
}

#[test]
fn wrong_rounding() {
    found(Sabotage::WrongRounding, &["effect"]);
}

#[test]
fn a_skipped_signature_check() {
    found(Sabotage::SkippedSignature, &["admission"]);
}

#[test]
fn a_double_post() {
    found(Sabotage::DoublePost, &["outcome", "code"]);
}

#[test]
fn a_lost_wake_up() {
    found(Sabotage::LostWakeUp, &["outcome"]);
}

#[test]
fn the_order_of_hashes() {
    found(Sabotage::HashOrder, &["replicas"]);
}

#[test]
fn a_cap_off_by_one() {
    found(Sabotage::CapOffByOne, &["outcome"]);
}

#[test]
fn a_missing_rollback() {
    found(Sabotage::NoRollback, &["rollback"]);
}

#[test]
fn tax_to_the_wrong_account() {
    found(Sabotage::TaxToOwnAccount, &["postings"]);
}

#[test]
fn an_end_a_millisecond_late() {
    found(Sabotage::LateEnd, &["outcome", "code"]);
}

#[test]
fn an_old_key_that_counts_for_ever() {
    found(Sabotage::OldKeyForever, &["outcome"]);
}

#[test]
fn prices_in_the_wrong_zone() {
    found(Sabotage::NoTimeZone, &["outcome", "code"]);
}

#[test]
fn a_payment_confirmed_twice() {
    found(Sabotage::PaymentForgotten, &["outcome"]);
}

#[test]
fn a_dispute_that_protects_nothing() {
    found(Sabotage::DisputeForgotten, &["outcome"]);
}

#[test]
fn a_guarantee_that_leaks() {
    found(Sabotage::GuaranteeLeak, &["state"]);
}

#[test]
fn a_credit_given_twice() {
    found(Sabotage::CreditTwice, &["outcome", "code"]);
}

#[test]
fn a_cycle_closed_twice() {
    found(Sabotage::CycleTwice, &["state", "outcome", "code"]);
}

#[test]
fn disputed_money_that_is_netted() {
    found(Sabotage::FrozenNetted, &["outcome", "effect"]);
}

#[test]
fn an_item_of_a_batch_posted_twice() {
    found(Sabotage::ItemTwice, &["state"]);
}

#[test]
fn a_refused_item_that_is_posted() {
    found(Sabotage::RefusedItemPosted, &["state", "rollback", "stray"]);
}

#[test]
fn energy_sold_twice() {
    found(Sabotage::MeterForgotten, &["outcome", "code", "state"]);
}

#[test]
fn interest_charged_twice() {
    found(Sabotage::InterestTwice, &["outcome", "effect", "code"]);
}

#[test]
fn tokens_out_of_nothing() {
    found(Sabotage::TokensMade, &["outcome", "code", "state"]);
}

#[test]
fn collateral_taken_a_day_early() {
    found(Sabotage::EarlyCover, &["outcome", "state"]);
}

#[test]
fn tokens_that_pay_without_interest() {
    found(
        Sabotage::TokensWithoutInterest,
        &["outcome", "effect", "state"],
    );
}

#[test]
fn a_rate_that_serves_too_long() {
    found(Sabotage::StaleRate, &["outcome", "code"]);
}

#[test]
fn a_debt_converted_twice() {
    found(Sabotage::ConvertedTwice, &["outcome", "code"]);
}

#[test]
fn a_vote_that_is_not_counted() {
    found(
        Sabotage::VoteForgotten,
        &["outcome", "effect", "state", "stray"],
    );
}

#[test]
fn a_suspended_member_that_acts() {
    found(Sabotage::SuspendedActs, &["outcome", "code"]);
}

#[test]
fn a_parameter_that_counts_nowhere() {
    found(Sabotage::ParameterIgnored, &["outcome", "effect", "code"]);
}

#[test]
fn a_misdeed_that_is_forgotten() {
    found(Sabotage::EvidenceForgotten, &["outcome", "code"]);
}

#[test]
fn a_validator_key_used_twice() {
    found(Sabotage::KeyTwice, &["outcome", "code"]);
}

#[test]
fn collateral_that_passes_its_owners_limit() {
    found(Sabotage::LimitForgotten, &["outcome", "code"]);
}

#[test]
fn a_refusal_claimed_twice() {
    found(Sabotage::ClaimTwice, &["outcome", "code", "state"]);
}

#[test]
fn a_cycle_of_service_closed_early() {
    found(Sabotage::EarlyCycle, &["outcome"]);
}

#[test]
fn an_offer_that_cannot_be_taken_back() {
    found(Sabotage::OfferStays, &["outcome", "code"]);
}
