//! A visited utility that lies: one changed kWh, one changed price, one replayed record. Home computes again and does not sign.

use crate::setup::*;
use crate::world::World;
use fairway_model::canonical::Canonical;
use fairway_model::{Energy, Micro, RefusalCode, SigningKey};
use fairway_utility::door::Input;
use fairway_utility::envelope::{Envelope, Receiver, Sender};
use fairway_utility::peer::{ChargeProposal, Message};

/// Runs a charge and lets `lie` change the proposal on its way, signed by the visited utility's own key.
fn byzantine(lie: impl Fn(&mut ChargeProposal)) -> (World, Driver) {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.charge(&mut world, &cin(alabama(), 1));
    let key = SigningKey::from_seed([2; 32]);
    for (from, to, bytes) in core::mem::take(&mut world.packets) {
        // Its own envelope, as the liar's program made it: encrypted to home, so opened here with home's key.
        let ring = [decryption_key(if to == alabama() { 1 } else { 2 })];
        let receiver = Receiver {
            me: to,
            chain: "test",
            now: world.now,
            ring: &ring,
            replaced: &[],
            signed_by: &|_, _| None,
        };
        let envelope = Envelope::from_bytes(&bytes).unwrap();
        let (head, mut message) = envelope.open(&receiver).unwrap();
        if let Message::ChargeProposed(proposal) = &mut message {
            lie(proposal);
            proposal.signature = proposal.event.sign(&key);
        }
        let sender = Sender {
            me: from,
            chain: "test",
            key: &key,
        };
        let to_key = (to, Some(ring[0].public()));
        let sealed = Envelope::seal(&sender, to_key, head.sent_at, &message, [3; 32])
            .unwrap()
            .to_bytes();
        world.input(
            to,
            Input::Peer {
                from,
                envelope: sealed,
            },
        );
    }
    world.run(10_000);
    driver.listen(&mut world);
    (world, driver)
}

fn assert_refused(lie: impl Fn(&mut ChargeProposal), code: RefusalCode, words: &[&str]) {
    let (world, driver) = byzantine(lie);
    let session = driver.session.unwrap();
    for member in [alabama(), duke()] {
        assert_eq!(
            world.utility(member).state_of(session),
            Some("disputed"),
            "{member}"
        );
        let trace = world.utility(member).session_trace(session).unwrap();
        let refusal = trace.summary.refusal.unwrap();
        assert_eq!(refusal.code, code, "{refusal}");
        for word in words {
            assert!(refusal.text.contains(word), "{word}: {refusal}");
        }
        assert!(!trace.evidence.is_empty(), "evidence is kept");
        assert!(trace.transaction.is_none());
        assert_eq!(world.books()[&member].billed, Micro::ZERO);
    }
    assert!(world.errors().iter().any(|e| e.starts_with("US*APC")));
    assert!(driver.bills().is_empty() || driver.bills()[0].text.contains("follows"));
    assert_eq!(driver.notices().last().unwrap().code, code);
}

#[test]
fn the_same_way_without_a_lie_settles() {
    let (world, driver) = byzantine(|_| {});
    assert_eq!(
        world.utility(alabama()).state_of(driver.session.unwrap()),
        Some("settled")
    );
    assert_clean(&world);
}

#[test]
fn one_changed_kilowatt_hour() {
    let lie = |p: &mut ChargeProposal| {
        p.event.meter_end = Energy(p.event.meter_end.0 + Energy::PER_KWH);
        p.event.usage.periods[0].energy =
            Energy(p.event.usage.periods[0].energy.0 + Energy::PER_KWH);
    };
    assert_refused(
        lie,
        RefusalCode::RatingsDiffer,
        &["usage", "11 kWh", "10 kWh"],
    );
}

#[test]
fn one_changed_price() {
    let lie = |p: &mut ChargeProposal| p.event.total = Micro(p.event.total.0 + 10_000);
    assert_refused(lie, RefusalCode::RatingsDiffer, &["price", "4.14", "4.13"]);
}

#[test]
fn changed_shares_and_adjustments() {
    let shares = |p: &mut ChargeProposal| {
        p.event.shares.visited = Micro(p.event.shares.visited.0 + 1);
        p.event.shares.owner = Micro(p.event.shares.owner.0 - 1);
    };
    assert_refused(shares, RefusalCode::RatingsDiffer, &["shares"]);
    let load = |p: &mut ChargeProposal| p.event.adjustments.load_bps += 1;
    assert_refused(load, RefusalCode::RatingsDiffer, &["adjustments"]);
}

#[test]
fn records_that_are_changed_missing_or_of_another_meter() {
    let changed =
        |p: &mut ChargeProposal| p.evidence[1] = p.evidence[1].replace("\"RV\":5", "\"RV\":6");
    assert_refused(changed, RefusalCode::MeterSignature, &[]);
    let missing = |p: &mut ChargeProposal| drop(p.evidence.remove(1));
    assert_refused(missing, RefusalCode::RatingsDiffer, &["usage"]);
    let swapped = |p: &mut ChargeProposal| p.evidence.swap(1, 2);
    assert_refused(swapped, RefusalCode::MeterBackwards, &[]);
}

#[test]
fn a_consent_to_another_offer_or_a_driver_nobody_vouched_for() {
    let consent =
        |p: &mut ChargeProposal| p.consent.consent.offer = fairway_model::Hash::plain(b"other");
    assert_refused(consent, RefusalCode::BadSignature, &[]);
    let driver = |p: &mut ChargeProposal| p.pseudonym = fairway_model::Hash::plain(b"somebody");
    assert_refused(driver, RefusalCode::NotAuthorized, &[]);
    let salt = |p: &mut ChargeProposal| p.salt = [1; 32];
    assert_refused(salt, RefusalCode::RatingsDiffer, &["commitment"]);
}

#[test]
fn a_replayed_charge_is_answered_and_settles_once() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.charge(&mut world, &cin(alabama(), 1));
    let replay = world.packets.clone();
    world.run(5_000);
    let books = world.books();
    for _ in 0..3 {
        world.packets.extend(replay.clone());
        world.mempool.extend(
            world
                .blocks
                .iter()
                .flat_map(|b| {
                    b.entries
                        .iter()
                        .map(|e| e.content.as_ref().unwrap().0.to_bytes())
                })
                .collect::<Vec<_>>(),
        );
        world.run(5_000);
    }
    assert_eq!(world.books(), books);
    assert_clean(&world);
}
