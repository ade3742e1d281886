//! Export and erasure: everything is given out, and afterwards nothing leads to the person.

use crate::world::*;
use fairway_aaa::{AaaNode, CustomerInput, CustomerKey, DriverLink, Settlement, StoreTable};
use fairway_model::station::InputMethod::{Code, Rfid};
use fairway_model::time::DAY;
use fairway_model::{Currency, Hash, Micro, OwnerId, RefusalCode, SignedEligibility, Time};

const SALT: Hash = Hash([0xAB; 32]);

fn person() -> CustomerInput {
    CustomerInput {
        pin: Some("4711".to_owned()),
        credentials: vec!["DEADBEEFCAFE01".to_owned()],
        name: "Rosa Parks".to_owned(),
        ..customer(1)
    }
}

/// A customer with a settled charge at another utility and one at home.
fn lived() -> (AaaNode, Database, CustomerKey, Vec<SignedEligibility>) {
    let (mut node, mut db, who) = home_with(&person());
    let owner = OwnerId::parse("mall").unwrap();
    let mut said = Vec::new();
    for (n, visited) in [(1, duk()), (2, alp())] {
        let card = show(Rfid, "DEADBEEFCAFE01");
        let decision = node.decide(
            Time(0),
            &[n; 32],
            &key(),
            &request(visited, n),
            &card,
            &rules(),
        );
        db.take(&decision.changes);
        let signed = decision.answer.unwrap();
        if visited == alp() {
            db.take(
                &node
                    .visiting_mut()
                    .remember(Time(0), &card, &signed)
                    .unwrap(),
            );
        }
        let id = signed.statement.guarantee.guarantee.id;
        db.take(&node.consent(Time(0), id, session(n), usd("20")).unwrap());
        let link = DriverLink {
            pseudonym: signed.statement.pseudonym,
            salt: SALT,
        };
        db.take(&node.finished(Time(1), who, session(n), link).unwrap());
        let event = event(n, alp(), visited, usd("10"), id);
        let billed = line(&event, Time(0));
        let settlement = Settlement {
            event: &event,
            currency: Currency::USD,
            policy_version: 1,
            owner: Some(&owner),
            jurisdiction: Some("US-AL"),
            line: Some(&billed),
        };
        db.take(&node.settled(Time(2), &settlement).unwrap());
        said.push(signed);
    }
    (node, db, who, said)
}

#[test]
fn the_export_holds_everything() {
    let (mut node, mut db, _, said) = lived();
    let (rows, stored) = node.export(Time(3), &person().cin).unwrap();
    db.take(&stored);
    let text: String = rows.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
    for part in [
        "Rosa Parks",
        "DEADBEEFCAFE01",
        "US*DUK*E0001*1",
        "-20.00 USD",
        "en-US",
        "salted hash",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    for signed in said {
        assert!(text.contains(&signed.statement.pseudonym.hex()));
    }
    assert!(!text.contains("4711"));
    assert!(
        text.contains(&fairway_model::Cin::parse(&person().cin).unwrap().grouped()),
        "the number itself, in groups"
    );
}

#[test]
fn nothing_leads_to_an_erased_person() {
    let (mut node, mut db, who, said) = lived();
    for needle in [
        person().cin.as_bytes(),
        b"Rosa Parks",
        b"DEADBEEFCAFE01",
        &SALT.0,
        &said[0].statement.pseudonym.0,
    ] {
        assert!(!db.grep(needle).is_empty(), "the test would not find it");
    }
    let erased = node.erase(Time(3), &person().cin).unwrap();
    db.take(&erased.changes);
    assert_eq!(
        erased.revoke.iter().map(|r| r.visited).collect::<Vec<_>>(),
        [alp(), duk()]
    );
    let mut needles = vec![
        person().cin.into_bytes(),
        b"Rosa Parks".to_vec(),
        b"DEADBEEFCAFE01".to_vec(),
        SALT.0.to_vec(),
    ];
    for signed in &said {
        needles.push(signed.statement.pseudonym.0.to_vec());
        needles.push(signed.statement.pseudonym.hex().into_bytes());
    }
    for needle in needles {
        assert_eq!(db.grep(&needle), Vec::<String>::new());
    }
    for (table, rows) in [
        (StoreTable::ResidentialCustomers, 0),
        (StoreTable::Issued, 0),
        (StoreTable::HomeCharges, 0),
        (StoreTable::Journal, 2),
    ] {
        assert_eq!(db.of(table).count(), rows, "{table:?}");
    }
    for node in [&mut node, &mut db.restore(config(alp()))] {
        assert_eq!(node.accounts().trial_balance(), Ok(Micro::ZERO));
        assert_eq!(
            node.accounts().driver(who, Currency::USD),
            usd("-20"),
            "the amounts stay"
        );
        for card in [show(Code, &person().cin), show(Rfid, "DEADBEEFCAFE01")] {
            let answer = node
                .decide(
                    Time(4),
                    &[3; 32],
                    &key(),
                    &request(duk(), 3),
                    &card,
                    &rules(),
                )
                .answer;
            assert_eq!(answer.unwrap_err().code, RefusalCode::CinUnknown);
            assert_eq!(node.visiting().recall(Time(4), &card), None);
        }
        assert!(
            node.customer_of(duk(), said[0].statement.pseudonym)
                .is_err()
        );
    }
    // The same number given out again is another person.
    let next = node.put_customer(Time(5), &[99; 32], &customer(1)).unwrap();
    assert_ne!(next.customer, who);
}

#[test]
fn open_charges_come_first() {
    let (mut node, _, who) = home_with(&person());
    let decision = node.decide(
        Time(0),
        &[1; 32],
        &key(),
        &request(duk(), 1),
        &show(Code, &person().cin),
        &rules(),
    );
    let id = decision.answer.unwrap().statement.guarantee.guarantee.id;
    node.consent(Time(0), id, session(1), usd("20")).unwrap();
    assert_eq!(
        node.erase(Time(1), &person().cin).unwrap_err().code,
        RefusalCode::CustomerInvalid
    );
    let link = DriverLink {
        pseudonym: Hash::default(),
        salt: SALT,
    };
    node.finished(Time(1), who, session(1), link).unwrap();
    assert_eq!(
        node.erase(Time(1), &person().cin).unwrap_err().code,
        RefusalCode::CustomerInvalid
    );
    node.void(Time(1), session(1));
    assert!(node.erase(Time(1), &person().cin).is_ok());
    assert!(
        node.tick(Time(100 * DAY))
            .iter()
            .all(|c| c.table() != StoreTable::ResidentialCustomers)
    );
}
