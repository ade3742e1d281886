//! Messages and transactions that are lost, doubled and reordered; a ledger that stalls; a visited utility that dies.

use crate::setup::*;
use crate::world::Net;
use fairway_model::canonical::Canonical;
use fairway_model::{Micro, RefusalCode};
use fairway_utility::command::Command;
use fairway_utility::envelope::{Envelope, MAX_ENVELOPE, Sender};

#[test]
fn loss_repetition_and_disorder_change_no_book() {
    let mut calm = world();
    for n in 1..=2 {
        Driver::at(duke(), n).charge(&mut calm, &cin(alabama(), u32::from(n)));
    }
    calm.run(120_000);
    let books = calm.books();
    for seed in 1..=12u64 {
        let mut world = world();
        world.seed(seed);
        world.net = Net {
            lose_percent: 10 * (seed % 4),
            double_percent: 30,
            shuffle: true,
        };
        for n in 1..=2 {
            Driver::at(duke(), n).charge(&mut world, &cin(alabama(), u32::from(n)));
        }
        world.net = Net::default();
        world.run(180_000);
        assert_eq!(world.books(), books, "seed {seed}");
        assert_clean(&world);
    }
}

#[test]
fn a_ledger_without_quorum_stops_no_charge() {
    let mut world = world();
    world.ledger_stalled = true;
    let mut driver = Driver::at(duke(), 1);
    let session = driver.charge(&mut world, &cin(alabama(), 1));
    world.run(10_000);
    driver.listen(&mut world);
    assert_eq!(world.utility(duke()).state_of(session), Some("agreed"));
    assert_eq!(driver.bills()[0].total, Micro(4_130_000));
    world.ledger_stalled = false;
    world.run(10_000);
    assert_eq!(world.utility(duke()).state_of(session), Some("settled"));
    assert_clean(&world);
}

#[test]
fn a_hold_that_the_ledger_could_not_take_in_time_is_placed_anew() {
    let mut world = world();
    world.ledger_stalled = true;
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    for _ in 0..60 {
        world.sleep(hours(1));
    }
    world.ledger_stalled = false;
    world.run(180_000);
    assert_eq!(world.utility(duke()).state_of(session), Some("settled"));
    assert_clean(&world);
}

#[test]
fn a_charge_that_no_guarantee_covers_any_more_ends_in_dispute_with_its_evidence() {
    let mut world = world();
    let mut prepaid = customer(alabama(), 1);
    prepaid.payment = fairway_model::Payment::Prepaid;
    world
        .command(alabama(), Command::PutCustomer(prepaid))
        .unwrap();
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin(alabama(), 1),
                amount: Micro(50_000_000),
            },
        )
        .unwrap();
    world.ledger_stalled = true;
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    for _ in 0..3 {
        world.sleep(hours(1));
    }
    world.ledger_stalled = false;
    world.run(4_000_000);
    for member in [alabama(), duke()] {
        assert_eq!(world.utility(member).state_of(session), Some("disputed"));
        assert_eq!(world.utility(member).status().outbox, 0);
        assert!(
            world
                .errors()
                .iter()
                .any(|e| e.starts_with(&member.to_string()) && e.contains("evidence kept"))
        );
    }
}

#[test]
fn home_hands_the_charge_in_when_the_visited_utility_has_died() {
    let mut world = world();
    world.ledger_stalled = true;
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(1_000);
    assert_eq!(world.utility(duke()).state_of(session), Some("agreed"));
    // What it had submitted but for the hold is lost with it.
    world.mempool.truncate(1);
    world.off.insert(duke());
    world.ledger_stalled = false;
    world.run(150_000);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    world.off.clear();
    world.run(130_000);
    assert_eq!(world.utility(duke()).state_of(session), Some("settled"));
    assert_clean(&world);
}

#[test]
fn a_peers_bytes_never_panic_us() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.offer(&mut world, &cin(alabama(), 1));
    let before = world.utility(duke()).fingerprint();
    let key = fairway_model::SigningKey::from_seed([66; 32]);
    let message = fairway_utility::peer::Message::ConsentNoted {
        session: driver.session.unwrap(),
    };
    let own = fairway_model::SigningKey::from_seed([1; 32]);
    let seal = |to, key| {
        let sender = Sender {
            me: alabama(),
            chain: "test",
            key,
        };
        let to = (to, Some(decryption_key(2).public()));
        let envelope = Envelope::seal(&sender, to, world.now, &message, [7; 32]);
        envelope.unwrap().to_bytes()
    };
    let (forged, foreign) = (seal(duke(), &key), seal(alabama(), &own));
    for (bytes, code) in [
        (vec![], RefusalCode::Malformed),
        (vec![0xff; 100], RefusalCode::Malformed),
        (vec![0; MAX_ENVELOPE + 1], RefusalCode::TooLarge),
        (forged, RefusalCode::BadSignature),
        (foreign, RefusalCode::NotAuthorized),
    ] {
        world.input(
            duke(),
            fairway_utility::door::Input::Peer {
                from: alabama(),
                envelope: bytes,
            },
        );
        assert!(
            world.errors().last().unwrap().contains(code.as_str()),
            "{code}"
        );
    }
    assert_eq!(world.utility(duke()).fingerprint(), before);
}

#[test]
fn blocks_may_repeat() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let (books, before) = (world.books(), world.utility(duke()).fingerprint());
    for block in world.blocks.clone() {
        world.input(duke(), fairway_utility::door::Input::Block(block.clone()));
        world.input(alabama(), fairway_utility::door::Input::Block(block));
    }
    assert_eq!(world.books(), books);
    assert_eq!(world.utility(duke()).fingerprint(), before);
}

#[test]
fn a_visited_utility_that_vanishes_leaves_nothing_open_at_home() {
    let mut world = world();
    let mut prepaid = customer(alabama(), 1);
    prepaid.payment = fairway_model::Payment::Prepaid;
    world
        .command(alabama(), Command::PutCustomer(prepaid))
        .unwrap();
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin(alabama(), 1),
                amount: Micro(50_000_000),
            },
        )
        .unwrap();
    let view = Driver::at(duke(), 1).offer(&mut world, &cin(alabama(), 1));
    world.off.insert(duke());
    world.sleep(fairway_utility::UNCONSENTED_TTL + 60_000);
    world.run(1_000);
    assert_eq!(
        world.utility(alabama()).state_of(view.session),
        Some("void")
    );
    // What was reserved for it is free for the next charge, at home.
    Driver::at(alabama(), 1).offer(&mut world, &cin(alabama(), 1));
}
