//! Tests of contract ids.

use super::*;
use crate::cin::CinPrefix;
use proptest::prelude::*;

fn table() -> PrefixTable {
    let mut table = PrefixTable::new();
    for (prefix, member) in [
        ("8400011", "US*ALA"),
        ("84000212", "US*DUK"),
        ("840003012", "US*DUK"),
        ("840003013", "US*DUK"),
        ("2760010", "DE*8AA"),
    ] {
        let prefix = CinPrefix::parse(prefix).unwrap();
        table
            .insert(prefix, MemberId::parse(member).unwrap())
            .unwrap();
    }
    table
}

/// Examples of the published calculation, as several libraries test against them.
#[test]
fn published_check_characters() {
    for (id, check) in [
        ("NN123ABCDEFGHI", 'T'),
        ("FRXYZ123456789", '2'),
        ("ITA1B2C3E4F5G6", '4'),
        ("ESZU8WOX834H1D", 'R'),
        ("PT73902837ABCZ", 'Z'),
        ("DE83DUIEN83QGZ", 'D'),
        ("DE83DUIEN83ZGQ", 'M'),
        ("DE8AA001234567", '0'),
        ("NLTNM000122045", 'U'),
        ("NLTNM012345678", 'W'),
    ] {
        let parsed = Emaid::parse(id).unwrap();
        assert_eq!(parsed.check_character(), check, "{id}");
        assert_eq!(Emaid::parse(&parsed.grouped().to_lowercase()), Ok(parsed));
        assert_eq!(Emaid::parse(&parsed.with_check()), Ok(parsed));
        assert_eq!(
            Emaid::parse(&parsed.grouped().replace('-', "*")),
            Ok(parsed)
        );
    }
}

#[test]
fn bad_text_is_named() {
    for (text, error) in [
        ("", EmaidError::Length(0)),
        ("US-DUK-F12345678-XX", EmaidError::Separator),
        (&"-".repeat(73), EmaidError::Length(73)),
        ("USDUKF123456789012", EmaidError::Length(18)),
        ("NL-TNM-012204-5", EmaidError::DinForm),
        ("US-DUKF12345678", EmaidError::Separator),
        (
            "1S-DUK-F12345678",
            EmaidError::Character { at: 1, found: '1' },
        ),
        (
            "US-DUK-F1234567\u{FF18}",
            EmaidError::Character {
                at: 14,
                found: '\u{FF18}',
            },
        ),
        ("NL-TNM-000122045-X", EmaidError::Mistyped),
    ] {
        assert_eq!(Emaid::parse(text), Err(error), "{text}");
    }
}

#[test]
fn foreign_contracts_are_recognised() {
    let table = table();
    for (text, reason) in [
        ("NLTNM000122045", Foreign::Provider),
        ("USDUK000122045", Foreign::Layout),
        ("USDUKZZZZZZZZZ", Foreign::Layout),
        ("USDUKF00000000", Foreign::Layout),
        ("USDUKFE8827M68", Foreign::Node),
    ] {
        let got = Emaid::parse(text).unwrap().resolve(&table);
        assert_eq!(got, Contract::Foreign(reason), "{text}");
    }
}

#[test]
fn node_texts_have_numbers_of_their_own() {
    let mut seen = std::collections::BTreeSet::new();
    for width in 1..=3 {
        for n in 0..10u32.pow(width) {
            assert!(seen.insert(node_index(&format!("{n:0w$}", w = width as usize))));
        }
    }
    assert_eq!(
        (seen.len() as u64, seen.last()),
        (NODES, Some(&(NODES - 1)))
    );
}

proptest! {
    #[test]
    fn cins_round_trip(which in 0..5usize, service in 1..=3u8, customer in 0..1_000_000_000u32) {
        let table = table();
        let prefix = *table.iter().nth(which).unwrap().0;
        let customer = CustomerNumber::new(customer).unwrap();
        let cin = Cin::new(prefix, Service::from_digit(service).unwrap(), customer);
        let id = Emaid::of(&cin, &table).unwrap();
        prop_assert!(matches!(id.as_str().as_bytes()[5], b'F'..=b'I'));
        prop_assert_eq!(Emaid::parse(&id.grouped()).unwrap().resolve(&table), Contract::Cin(cin));
        let redacted = format!("{id:?}");
        prop_assert!(!redacted.contains(id.instance()));
    }

    #[test]
    fn no_text_panics(text in "[A-Za-z0-9-]{14,15}|.{0,24}") {
        if let Ok(id) = Emaid::parse(&text) {
            let _ = id.resolve(&table());
        }
    }

    #[test]
    fn a_wrong_character_is_rejected(text in "[A-Z]{2}[A-Z0-9]{12}", at in 2..15usize, c in "[A-Z0-9]") {
        let right = Emaid::parse(&text).unwrap().with_check();
        let mut wrong = right.clone();
        wrong.replace_range(at..=at, &c);
        prop_assert_eq!(Emaid::parse(&wrong).is_ok(), wrong == right);
    }
}
