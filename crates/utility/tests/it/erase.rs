//! A driver is erased at home: no store and no block leads to the person, and books, proofs and the ledger stay whole.

use crate::setup::*;
use crate::world::World;
use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, MemberId, RefusalCode, SessionId};
use fairway_utility::command::{Command, NewCustomer, Reply};

const NAME: &str = "Rosa Canary";
const CARD: &str = "CA4A4EFACE0001";

fn person() -> NewCustomer {
    NewCustomer {
        name: NAME.to_owned(),
        credentials: vec![CARD.to_owned()],
        ..customer(alabama(), 9)
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

/// Where a needle lies in what a member stores.
fn stored(world: &World, member: MemberId, needle: &[u8]) -> Vec<String> {
    world.hosts[&member]
        .rows
        .values()
        .filter(|row| {
            contains(&row.body, needle)
                || [&row.key, &row.subject, &row.summary]
                    .iter()
                    .any(|text| contains(text.as_bytes(), needle))
        })
        .map(|row| format!("{:?} {}", row.table, row.key))
        .collect()
}

/// Whether a needle lies in any block.
fn on_the_ledger(world: &World, needle: &[u8]) -> bool {
    world
        .blocks
        .iter()
        .flat_map(|block| &block.entries)
        .any(|entry| {
            let (tx, receipt) = &**entry.content.as_ref().unwrap();
            contains(&tx.to_bytes(), needle) || contains(&receipt.to_bytes(), needle)
        })
}

/// A person with a settled charge abroad and one at home.
fn lived() -> (World, Vec<SessionId>) {
    let mut world = world();
    world
        .command(alabama(), Command::PutCustomer(person()))
        .unwrap();
    let mut sessions = Vec::new();
    for member in [duke(), alabama()] {
        sessions.push(Driver::at(member, 1).charge(&mut world, &person().cin));
        world.run(5_000);
    }
    for session in &sessions {
        let trace = world.utility(alabama()).session_trace(*session).unwrap();
        assert!(on_the_ledger(&world, &trace.event.unwrap().event.driver.0));
    }
    (world, sessions)
}

fn erase(world: &mut World) -> Result<Reply, fairway_model::Refusal> {
    world.command(alabama(), Command::EraseCustomer { cin: person().cin })
}

#[test]
fn nothing_leads_to_an_erased_driver_and_the_books_stay_whole() {
    let (mut world, sessions) = lived();
    let needles: Vec<Vec<u8>> = vec![
        person().cin.into_bytes(),
        NAME.as_bytes().to_vec(),
        CARD.as_bytes().to_vec(),
    ];
    // The home utility knows its customer; the visited one and the ledger never did.
    for needle in &needles {
        assert!(!stored(&world, alabama(), needle).is_empty());
        assert_eq!(stored(&world, duke(), needle), Vec::<String>::new());
        assert!(!on_the_ledger(&world, needle));
    }
    let before = world.books();
    let events: Vec<Hash> = sessions
        .iter()
        .map(|s| trace_hash(&world, alabama(), *s).unwrap())
        .collect();

    erase(&mut world).unwrap();
    world.run(5_000);
    for member in [alabama(), duke()] {
        for needle in &needles {
            assert_eq!(
                stored(&world, member, needle),
                Vec::<String>::new(),
                "{member}"
            );
        }
    }
    // Restarted from what is stored, nothing has come back, and everything that is no person is there.
    world.restart(alabama());
    assert_eq!(world.books(), before);
    assert_clean(&world);
    for (session, event) in sessions.iter().zip(events) {
        assert_eq!(trace_hash(&world, alabama(), *session), Some(event));
    }
    let again = erase(&mut world).unwrap_err();
    assert_eq!(again.code, RefusalCode::CinUnknown);
    let refusal = Driver::at(duke(), 2).refused(&mut world, &person().cin);
    assert_eq!(refusal.code, RefusalCode::CinUnknown);
}

fn trace_hash(world: &World, member: MemberId, session: SessionId) -> Option<Hash> {
    let trace = world.utility(member).session_trace(session).ok()?;
    trace.event.map(|signed| signed.event.hash())
}

/// What tied the charges of one person together is gone at home: no row but the visited role's own names the pseudonym.
#[test]
fn charges_of_an_erased_driver_are_no_longer_tied_together() {
    let (mut world, sessions) = lived();
    let row = |world: &World, session: SessionId| {
        world.hosts[&alabama()]
            .rows
            .values()
            .find(|row| row.key == format!("charge/{session}"))
            .unwrap()
            .body
            .clone()
    };
    let before: Vec<Vec<u8>> = sessions.iter().map(|s| row(&world, *s)).collect();
    erase(&mut world).unwrap();
    for (session, before) in sessions.iter().zip(before) {
        let after = row(&world, *session);
        assert!(
            after.len() + 32 < before.len(),
            "pseudonym and salt are gone"
        );
    }
}

#[test]
fn nobody_is_erased_while_a_charge_is_open() {
    let mut world = world();
    world
        .command(alabama(), Command::PutCustomer(person()))
        .unwrap();
    let mut driver = Driver::at(duke(), 1);
    driver.offer(&mut world, &person().cin);
    driver.consent(&mut world, true);
    world.run(3_000);
    let refusal = erase(&mut world).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CustomerInvalid);
    assert!(refusal.text.contains("charges are open"), "{refusal}");
}
