//! Home profiles: who is who, and what may not be entered.

use crate::world::*;
use fairway_aaa::hcp::HomeProfiles;
use fairway_aaa::{CustomerInput, StoreTable, StoredChange};
use fairway_model::station::InputMethod::{Code, Contract, DialPad, Rfid};
use fairway_model::{
    Cin, Currency, CustomerClass, Emaid, Micro, PrefixTable, RefusalCode as Code_, Service, Tier,
    Time,
};

fn profiles() -> HomeProfiles {
    HomeProfiles::new(alp(), [1; 32])
}

fn many_ways() -> CustomerInput {
    CustomerInput {
        pin: Some("4711".to_owned()),
        credentials: vec![
            "12345678".to_owned(),
            "04:a2:2b:6c:01:80:90".to_owned(),
            "DE-8AA-C12345678".to_owned(),
        ],
        ..customer(1)
    }
}

#[test]
fn every_credential_leads_to_the_customer() {
    let mut hcp = profiles();
    let key = hcp.put(Time(0), &[1; 32], &many_ways()).unwrap().customer;
    let number = many_ways().cin;
    let mut table = PrefixTable::new();
    let parsed = Cin::parse(&number).unwrap();
    table.insert(parsed.prefix(), alp()).unwrap();
    let own_contract = Emaid::of(&parsed, &table).unwrap().with_check();
    let (payload, scanned) = (format!("CIN:{number}"), format!("cin:{number}\n"));
    for (method, token) in [
        (Code, number.as_str()),
        (Code, payload.as_str()),
        (Rfid, scanned.as_str()),
        (Rfid, number.as_str()),
        (Code, "1234 5678"),
        (Rfid, "04A22B6C018090"),
        (Rfid, "04a22b6c018090"),
        (Contract, "de8aac12345678"),
        (Code, "DE-8AA-C12345678"),
        (Contract, own_contract.as_str()),
    ] {
        let found = hcp
            .authenticate(Time(0), duk(), &show(method, token))
            .map(|c| c.key);
        assert_eq!(found, Ok(key), "{method:?}");
    }
    for token in [number.as_str(), "12345678"] {
        let found = hcp
            .authenticate(Time(0), duk(), &typed(token, Some("4711")))
            .map(|c| c.key);
        assert_eq!(found, Ok(key));
    }
}

#[test]
fn refusals_have_exact_codes() {
    let mut hcp = profiles();
    hcp.put(Time(0), &[1; 32], &many_ways()).unwrap();
    let blocked = hcp.put(Time(0), &[2; 32], &customer(2)).unwrap().customer;
    hcp.set_blocked(Time(0), blocked, true).unwrap();
    let number = many_ways().cin;
    let mut wrong_digit = number.clone();
    let last = wrong_digit.pop().unwrap();
    wrong_digit.push(if last == '9' {
        '0'
    } else {
        char::from(u8::try_from(last).unwrap() + 1)
    });
    let forged = cin(Service::Standard, 999);
    let elsewhere = cin(Service::Fleet, 1);
    let cut = &number[..17];
    for (presented, code) in [
        (show(Code, &wrong_digit), Code_::CinMistyped),
        (typed(&wrong_digit, None), Code_::CinMistyped),
        (typed(cut, None), Code_::CinMistyped),
        (typed("12a4", None), Code_::CinMistyped),
        (show(Code, &forged), Code_::CinUnknown),
        (show(Code, &elsewhere), Code_::CinUnknown),
        (show(Rfid, "DEADBEEF"), Code_::CinUnknown),
        (typed("99999999", None), Code_::CinUnknown),
        (show(Code, &customer(2).cin), Code_::CinBlocked),
        (typed(&customer(2).cin, Some("1")), Code_::CinBlocked),
        (typed(&number, None), Code_::PinWrong),
        (typed(&number, Some("4712")), Code_::PinWrong),
        (show(Rfid, "hello"), Code_::CredentialForeign),
        (show(Contract, "X"), Code_::CredentialForeign),
        (show(Code, "https://example.org"), Code_::CredentialForeign),
        (show(DialPad, ""), Code_::CredentialForeign),
        (show(Rfid, &"A".repeat(256)), Code_::CredentialForeign),
    ] {
        let refusal = hcp
            .authenticate(Time(0), duk(), &presented)
            .map(|c| c.key)
            .unwrap_err();
        assert_eq!(
            refusal.code, code,
            "{:?} {}",
            presented.method, refusal.text
        );
        assert!(
            !refusal.text.contains(&presented.token) || presented.token.len() < 3,
            "no credential in {}",
            refusal.text
        );
    }
    hcp.set_blocked(Time(0), blocked, false).unwrap();
    assert!(
        hcp.authenticate(Time(0), duk(), &show(Code, &customer(2).cin))
            .is_ok()
    );
}

#[test]
fn a_freeze_is_the_customers_own_and_rows_without_one_read_as_before() {
    let mut hcp = profiles();
    let first = hcp.put(Time(0), &[1; 32], &customer(1)).unwrap();
    let row = |changes: &[StoredChange]| match changes.first() {
        Some(StoredChange::Put {
            table, key, body, ..
        }) => Some((*table, key.clone(), body.clone())),
        _ => None,
    };
    let (table, name, old) = row(&first.changes).unwrap();
    assert_eq!(
        old.first(),
        Some(&0x8e),
        "14 fields, as rows had before there was a freeze"
    );
    let key = first.customer;
    let shown = show(Code, &customer(1).cin);
    let frozen = hcp.set_frozen(Time(5), key, true).unwrap();
    assert!(frozen.stale && frozen.fields == ["frozen"]);
    assert!(
        hcp.set_frozen(Time(6), key, true)
            .unwrap()
            .changes
            .is_empty()
    );
    assert_eq!(hcp.by_key(key).unwrap().frozen, Some(Time(5)));
    let code = |hcp: &mut HomeProfiles| {
        let found = hcp.authenticate(Time(7), duk(), &shown);
        found.map(|c| c.key).map_err(|r| r.code)
    };
    assert_eq!(code(&mut hcp), Err(Code_::CinFrozen));
    hcp.set_blocked(Time(7), key, true).unwrap();
    assert_eq!(
        code(&mut hcp),
        Err(Code_::CinBlocked),
        "the block is told first"
    );
    hcp.set_frozen(Time(8), key, false).unwrap();
    assert_eq!(
        code(&mut hcp),
        Err(Code_::CinBlocked),
        "and is not lifted by its customer"
    );
    let (_, _, new) = row(&frozen.changes).unwrap();
    for (body, since) in [(old, None), (new, Some(Time(5)))] {
        let mut again = profiles();
        again.restore(table, &name, &body).unwrap();
        assert_eq!(again.by_key(key).unwrap().frozen, since);
    }
}

#[test]
fn wrong_entries_are_named() {
    let mut hcp = profiles();
    hcp.put(
        Time(0),
        &[1; 32],
        &CustomerInput {
            credentials: vec!["DEADBEEF".to_owned()],
            ..customer(1)
        },
    )
    .unwrap();
    let cases: [(&str, CustomerInput); 11] = [
        (
            "cin",
            CustomerInput {
                cin: "123".to_owned(),
                ..customer(2)
            },
        ),
        (
            "name",
            CustomerInput {
                name: " ".to_owned(),
                ..customer(2)
            },
        ),
        (
            "language",
            CustomerInput {
                language: "e n".to_owned(),
                ..customer(2)
            },
        ),
        (
            "credit_limit",
            CustomerInput {
                credit_limit: Micro(-1),
                ..customer(2)
            },
        ),
        (
            "pin",
            CustomerInput {
                pin: Some("12a4".to_owned()),
                ..customer(2)
            },
        ),
        (
            "pin",
            CustomerInput {
                pin: Some("123".to_owned()),
                ..customer(2)
            },
        ),
        (
            "credentials",
            CustomerInput {
                credentials: vec!["deadbeef".to_owned()],
                ..customer(2)
            },
        ),
        (
            "credentials",
            CustomerInput {
                credentials: vec!["?".to_owned()],
                ..customer(2)
            },
        ),
        (
            "credentials",
            CustomerInput {
                credentials: vec!["1111".to_owned(); 2],
                ..customer(2)
            },
        ),
        (
            "class",
            CustomerInput {
                class: CustomerClass::Commercial,
                ..customer(1)
            },
        ),
        (
            "currency",
            CustomerInput {
                currency: Currency::EUR,
                ..customer(1)
            },
        ),
    ];
    for (field, input) in cases {
        let before = hcp.len();
        let refusal = hcp.put(Time(0), &[3; 32], &input).unwrap_err();
        assert!(refusal.text.starts_with(field), "{field}: {}", refusal.text);
        assert_eq!(hcp.len(), before);
    }
}

#[test]
fn the_two_stores_are_apart() {
    let (node, db, _) = home_with(&customer(1));
    let business = CustomerInput {
        class: CustomerClass::Commercial,
        ..customer(2)
    };
    let mut node_2 = node.clone();
    let stored = node_2
        .put_customer(Time(0), &[8; 32], &business)
        .unwrap()
        .changes;
    assert!(
        stored
            .iter()
            .any(|c| c.table() == StoreTable::CommercialCustomers)
    );
    assert_eq!(db.of(StoreTable::ResidentialCustomers).count(), 1);
    assert_eq!(
        node_2
            .profiles()
            .of_class(CustomerClass::Commercial)
            .count(),
        1
    );
    let class = |number| {
        node_2
            .profiles()
            .class_of(&show(Code, &customer(number).cin))
    };
    assert_eq!(class(1), Some(CustomerClass::Residential));
    assert_eq!(
        (class(2), class(3)),
        (Some(CustomerClass::Commercial), None)
    );
    // A row that stands in the other store is refused at the start.
    let (key, row) = db.of(StoreTable::ResidentialCustomers).next().unwrap();
    let mut fresh = profiles();
    assert!(
        fresh
            .restore(StoreTable::CommercialCustomers, key, &row.body)
            .is_err()
    );
    assert!(
        fresh
            .restore(StoreTable::ResidentialCustomers, key, &row.body)
            .is_ok()
    );
    let damaged = &row.body[..row.body.len() - 1];
    let refusal = fresh
        .restore(StoreTable::ResidentialCustomers, key, damaged)
        .unwrap_err();
    assert_eq!(refusal.code, Code_::Malformed);
}

#[test]
fn the_same_again_changes_nothing_and_only_what_matters_is_stale() {
    let mut hcp = profiles();
    let first = many_ways();
    hcp.put(Time(0), &[1; 32], &first).unwrap();
    let again = hcp.put(Time(9), &[2; 32], &first).unwrap();
    assert!(again.changes.is_empty() && again.fields.is_empty());
    let fewer = CustomerInput {
        credentials: vec!["12345678".to_owned()],
        ..many_ways()
    };
    for (input, fields, stale) in [
        (
            CustomerInput {
                name: "New Name".to_owned(),
                ..many_ways()
            },
            vec!["name"],
            false,
        ),
        (
            CustomerInput {
                tier: Tier::Platinum,
                ..many_ways()
            },
            vec!["name", "tier"],
            true,
        ),
        (many_ways(), vec!["tier"], true),
        (
            CustomerInput {
                credit_limit: usd("300"),
                ..many_ways()
            },
            vec!["credit_limit"],
            false,
        ),
        (many_ways(), vec!["credit_limit"], true),
        (fewer, vec!["credentials"], true),
        (many_ways(), vec!["credentials"], false),
        (
            CustomerInput {
                pin: None,
                ..many_ways()
            },
            vec!["pin"],
            false,
        ),
        (many_ways(), vec!["pin"], true),
    ] {
        let change = hcp.put(Time(1), &[5; 32], &input).unwrap();
        assert_eq!((change.fields, change.stale), (fields, stale));
    }
    // A credential that was taken away leads nowhere.
    hcp.put(
        Time(2),
        &[6; 32],
        &CustomerInput {
            credentials: Vec::new(),
            ..many_ways()
        },
    )
    .unwrap();
    let gone = hcp
        .authenticate(Time(2), duk(), &show(Rfid, "04A22B6C018090"))
        .map(|c| c.key);
    assert_eq!(gone.unwrap_err().code, Code_::CinUnknown);
}

#[test]
fn the_pin_is_nowhere_in_the_row() {
    let (_, db, _) = home_with(&CustomerInput {
        pin: Some("83159264".to_owned()),
        ..customer(1)
    });
    assert_eq!(db.grep(b"83159264"), Vec::<String>::new());
    assert!(!format!("{:?}", many_ways()).contains("4711"));
}
