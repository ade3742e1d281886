//! Messages between two members are read by nobody else, and whatever is wrong with one is refused by name and costs nothing.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::limits::KEY_OVERLAP_MS;
use fairway_model::canonical::Canonical;
use fairway_model::station::{FromStation, Identified, ToStation};
use fairway_model::time::HOUR;
use fairway_model::{MemberId, PublicKey, RefusalCode, SigningKey, Time};
use fairway_utility::command::{Command, Reply};
use fairway_utility::door::{Input, Level};
use fairway_utility::envelope::{Envelope, FRESH, Receiver, Sender};
use fairway_utility::peer::Message;
use fairway_utility::seal::{DecryptionKey, Sealed};

#[expect(
    clippy::unnecessary_wraps,
    reason = "a receiver asks so, and may be told that it is nobody it knows"
)]
fn signed_by(member: MemberId, check: &dyn Fn(&PublicKey) -> bool) -> Option<bool> {
    let seed = if member == alabama() { 1 } else { 2 };
    Some(check(&SigningKey::from_seed([seed; 32]).public()))
}

/// A member that opens with these keys what is addressed to `me`.
fn receiver(me: MemberId, now: Time, ring: &[DecryptionKey]) -> Receiver<'_> {
    Receiver {
        me,
        chain: "test",
        now,
        ring,
        replaced: &[],
        signed_by: &signed_by,
    }
}

/// A charge up to the question to the driver's home utility, which is under way and names the driver's CIN.
fn asked() -> (World, Driver, Vec<u8>) {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let call = driver.next_call();
    let presented = Driver::presented(&cin(alabama(), 1));
    let evse = Some(1);
    driver.say(
        &mut world,
        FromStation::Identify {
            call,
            evse,
            presented,
        },
    );
    let (from, to, bytes) = world.packets[0].clone();
    assert_eq!((from, to), (duke(), alabama()));
    (world, driver, bytes)
}

fn give(world: &mut World, to: MemberId, from: MemberId, envelope: Vec<u8>) -> Option<String> {
    let before = world.logs.len();
    world.input(to, Input::Peer { from, envelope });
    let lines = world.logs[before..].iter();
    let refused = lines.filter(|(_, line)| line.level != Level::Info);
    refused.map(|(_, line)| line.text.clone()).next()
}

/// Whatever is refused costs nothing: the same words go out again, and the charge settles.
fn goes_on(mut world: World, mut driver: Driver) {
    let offered = |words: &ToStation| match words {
        ToStation::Identified {
            answer: Identified::Offer(view),
            ..
        } => Some(view.session),
        _ => None,
    };
    while driver.session.is_none() {
        world.step();
        driver.listen(&mut world);
        driver.session = driver.heard.iter().find_map(offered);
        let refused = |w: &ToStation| {
            matches!(
                w,
                ToStation::Identified {
                    answer: Identified::Refused(_),
                    ..
                }
            )
        };
        assert!(!driver.heard.iter().any(refused), "{:?}", driver.heard);
    }
    assert_eq!(driver.consent(&mut world, true), None);
    driver.begin_and_end(&mut world);
    world.run(10_000);
    let session = driver.session.unwrap();
    for member in [alabama(), duke()] {
        assert_eq!(world.utility(member).state_of(session), Some("settled"));
    }
    assert!(world.utility(alabama()).status().outbox == 0);
}

#[test]
fn only_the_addressee_reads_a_message() {
    let (world, _, bytes) = asked();
    let number = cin(alabama(), 1).into_bytes();
    let contains = |bytes: &[u8]| bytes.windows(number.len()).any(|w| w == number);
    assert!(!contains(&bytes), "the CIN is on the wire");
    let envelope = Envelope::from_bytes(&bytes).unwrap();
    // Its addressee reads the CIN in it.
    let home = [decryption_key(1)];
    let (head, message) = envelope
        .clone()
        .open(&receiver(alabama(), world.now, &home))
        .unwrap();
    assert!(contains(&message.to_bytes()));
    assert_eq!(head.kind, message.kind());
    // A third member that is handed a copy does not, nor does the sender, whichever key they say it was encrypted to.
    for seed in [2, 3] {
        let ring = [decryption_key(seed)];
        let refusal = envelope
            .clone()
            .open(&receiver(alabama(), world.now, &ring))
            .unwrap_err();
        assert_eq!(refusal.code, RefusalCode::EncryptionKeyUnknown);
        let mut relabelled = envelope.clone();
        relabelled.head.key = ring[0].public().name();
        let refusal = relabelled
            .open(&receiver(alabama(), world.now, &ring))
            .unwrap_err();
        assert_eq!(refusal.code, RefusalCode::SealBroken);
    }
}

#[test]
fn every_flipped_bit_is_refused_by_name_and_nothing_is_lost() {
    let (mut world, driver, bytes) = asked();
    world.packets.clear();
    let before = world.utility(alabama()).fingerprint();
    let mut names = std::collections::BTreeMap::<String, u32>::new();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        let text = give(&mut world, alabama(), duke(), bad).unwrap();
        let name = text.split(": ").nth(1).unwrap().to_owned();
        *names.entry(name).or_default() += 1;
    }
    assert_eq!(world.utility(alabama()).fingerprint(), before);
    let known = ["bad-signature", "malformed", "not-authorized"];
    assert!(
        names.keys().all(|n| known.contains(&n.as_str())),
        "{names:?}"
    );
    assert!(names["bad-signature"] > names["malformed"], "{names:?}");
    goes_on(world, driver);
}

#[test]
fn a_ciphertext_is_bound_to_sender_addressee_kind_and_chain() {
    let (world, _, bytes) = asked();
    let (ours, home) = (SigningKey::from_seed([2; 32]), [decryption_key(1)]);
    let envelope = Envelope::from_bytes(&bytes).unwrap();
    let sealed = || Sealed {
        enc: envelope.enc,
        text: envelope.text.clone(),
    };
    let opened = |envelope: Envelope, chain: &str| {
        let receiver = Receiver {
            chain,
            ..receiver(alabama(), world.now, &home)
        };
        envelope.open(&receiver).map(|_| ())
    };
    assert_eq!(opened(envelope.clone(), "test"), Ok(()));
    let broken = |r: Result<(), fairway_model::Refusal>| {
        assert_eq!(r.unwrap_err().code, RefusalCode::SealBroken);
    };
    broken(opened(envelope.clone(), "another consortium"));
    // Another member takes the ciphertext out and signs it as its own; the sender itself says another thing about it.
    let third = MemberId::parse("US*SOC").unwrap();
    let changes: [fn(&mut Envelope, MemberId); 5] = [
        |e, third| e.head.from = third,
        |e, third| e.head.to = third,
        |e, _| e.head.kind ^= 1,
        |e, _| e.head.id[0] ^= 1,
        |e, _| e.head.sent_at = e.head.sent_at.plus(1),
    ];
    for change in changes {
        let mut other = envelope.clone();
        change(&mut other, third);
        broken(opened(
            Envelope::signed(other.head, sealed(), &ours),
            "test",
        ));
    }
}

#[test]
fn another_addressee_is_refused_by_name() {
    let (mut world, driver, bytes) = asked();
    // A member that passes a message on, with and without a signature of its own.
    let text = give(&mut world, duke(), alabama(), bytes.clone()).unwrap();
    assert!(text.contains("not-authorized"), "{text}");
    let mut envelope = Envelope::from_bytes(&bytes).unwrap();
    (envelope.head.from, envelope.head.to) = (alabama(), duke());
    let key = SigningKey::from_seed([1; 32]);
    let sealed = Sealed {
        enc: envelope.enc,
        text: envelope.text,
    };
    let passed_on = Envelope::signed(envelope.head, sealed, &key).to_bytes();
    let text = give(&mut world, duke(), alabama(), passed_on).unwrap();
    assert!(text.contains("encryption-key-unknown"), "{text}");
    goes_on(world, driver);
}

#[test]
fn a_copy_and_an_old_message_are_refused_by_name() {
    let (mut world, driver, bytes) = asked();
    assert_eq!(give(&mut world, alabama(), duke(), bytes.clone()), None);
    let after = world.utility(alabama()).fingerprint();
    let text = give(&mut world, alabama(), duke(), bytes.clone()).unwrap();
    assert!(text.contains("replayed"), "{text}");
    assert_eq!(world.utility(alabama()).fingerprint(), after);
    // After a restart the copy is not recognised, and changes nothing all the same.
    world.restart(alabama());
    let outbox = world.utility(alabama()).status().outbox;
    give(&mut world, alabama(), duke(), bytes.clone());
    assert_eq!(world.utility(alabama()).status().outbox, outbox);
    goes_on(world, driver);
    let (mut world, _, bytes) = asked();
    for apart in [FRESH + 1, -FRESH - 1] {
        let then = world.now;
        world.now = then.plus(apart);
        let text = give(&mut world, alabama(), duke(), bytes.clone()).unwrap();
        assert!(
            text.contains("time-invalid") && text.contains("compare the clocks"),
            "{text}"
        );
        world.now = then;
    }
}

#[test]
fn a_message_in_the_clear_is_refused_by_name() {
    let (mut world, driver, _) = asked();
    let message = Message::RevocationNoted { id: [1; 16] };
    let key = SigningKey::from_seed([2; 32]);
    let signature = key.sign("fairway.peer.v1", &message.to_bytes());
    let enveloped = (duke(), alabama(), world.now, message.clone(), signature);
    for clear in [message.to_bytes(), minicbor::to_vec(enveloped).unwrap()] {
        let text = give(&mut world, alabama(), duke(), clear).unwrap();
        assert!(
            text.contains("not-sealed") && text.contains("encrypted"),
            "{text}"
        );
    }
    goes_on(world, driver);
}

/// Registers another key for the home utility and runs until both have seen it.
fn rotated(world: &mut World, seed: u8, compromised: bool) {
    let mut ring = world.hosts[&alabama()].config.ring.clone();
    ring.push(decryption_key(seed));
    world
        .hosts
        .get_mut(&alabama())
        .unwrap()
        .config
        .ring
        .clone_from(&ring);
    world.input(alabama(), Input::DecryptionKeys(ring));
    let command = Command::RotateEncryptionKey {
        new_key: decryption_key(seed).public(),
        compromised,
    };
    assert_eq!(world.command(alabama(), command), Ok(Reply::Submitted));
    world.run(3_000);
}

#[test]
fn a_replaced_key_counts_for_a_time_and_is_then_refused_by_name() {
    let (mut world, driver, bytes) = asked();
    world.packets.clear();
    rotated(&mut world, 9, false);
    // What was under way to the old key is still opened.
    assert_eq!(give(&mut world, alabama(), duke(), bytes), None);
    // What is said from now on is said to the new one.
    goes_on(world, driver);

    // A partner that has not followed the ledger for so long: refused with the reason, while others are heard.
    let mut world = world_of_old_key();
    world.now = world.now.plus(KEY_OVERLAP_MS + HOUR);
    let late = to_key(&world, 1);
    let text = give(&mut world, alabama(), duke(), late).unwrap();
    assert!(text.contains("encryption-key-retired"), "{text}");
    let fresh = to_key(&world, 9);
    assert_eq!(give(&mut world, alabama(), duke(), fresh), None);
    assert_clean_but_refused(&mut world);
}

#[test]
fn a_compromised_key_counts_no_more_at_once() {
    let mut world = world();
    rotated(&mut world, 9, true);
    let sent = to_key(&world, 1);
    let text = give(&mut world, alabama(), duke(), sent).unwrap();
    assert!(text.contains("encryption-key-retired"), "{text}");
    assert_clean_but_refused(&mut world);
}

#[test]
fn a_key_without_its_private_half_is_not_registered() {
    let mut world = world();
    let command = Command::RotateEncryptionKey {
        new_key: decryption_key(77).public(),
        compromised: false,
    };
    let refusal = world.command(alabama(), command).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::EncryptionKeyUnknown);
    // And a member whose keys folder lost it says so when it starts.
    world.hosts.get_mut(&alabama()).unwrap().config.ring = Vec::new();
    world.restart(alabama());
    assert!(
        world
            .errors()
            .iter()
            .any(|e| e.contains("no private half of the registered encryption key"))
    );
}

fn world_of_old_key() -> World {
    let mut world = world();
    rotated(&mut world, 9, false);
    world
}

/// A message of the visited utility, encrypted to a key of the home utility.
fn to_key(world: &World, seed: u8) -> Vec<u8> {
    let key = SigningKey::from_seed([2; 32]);
    let sender = Sender {
        me: duke(),
        chain: "test",
        key: &key,
    };
    let to = (alabama(), Some(decryption_key(seed).public()));
    let message = Message::RevocationNoted { id: [1; 16] };
    let sealed = Envelope::seal(&sender, to, world.now, &message, [seed; 32]);
    sealed.unwrap().to_bytes()
}

/// The next charge settles as ever.
fn assert_clean_but_refused(world: &mut World) {
    let session = Driver::at(duke(), 2).charge(world, &cin(alabama(), 2));
    world.run(10_000);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
}

#[test]
fn nothing_is_sent_to_a_member_without_a_usable_key() {
    let key = SigningKey::from_seed([2; 32]);
    let sender = Sender {
        me: duke(),
        chain: "test",
        key: &key,
    };
    let message = Message::RevocationNoted { id: [1; 16] };
    for none in [None, Some(fairway_model::registry::EncryptionKey([0; 32]))] {
        let refusal =
            Envelope::seal(&sender, (alabama(), none), Time(0), &message, [1; 32]).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::EncryptionKeyUnknown);
        assert!(refusal.text.contains("rotate-encryption"), "{refusal}");
    }
}
