//! Tests of the number and of the table.

use super::*;
use crate::canonical::Canonical;
use crate::ids::MemberId;
use proptest::prelude::*;

fn cin(prefix: &str, service: Service, customer: u32) -> Cin {
    Cin::new(
        CinPrefix::parse(prefix).unwrap(),
        service,
        CustomerNumber::new(customer).unwrap(),
    )
}

fn any_cin() -> impl Strategy<Value = Cin> {
    let countries: Vec<&'static str> = country::all().map(|c| c.0).collect();
    (
        proptest::sample::select(countries),
        0..1000u32,
        1..=3usize,
        0..1000u32,
        1..=3u8,
        0..1_000_000_000u32,
    )
        .prop_map(|(country, network, len, node, service, customer)| {
            let node: String = format!("{node:03}").chars().take(len).collect();
            cin(
                &format!("{country}{network:03}{node}"),
                Service::from_digit(service).unwrap(),
                customer,
            )
        })
}

/// One sample of each length, one of them beginning with zeros.
fn samples() -> [Cin; 4] {
    [
        cin("8400011", Service::Standard, 123_456_789),
        cin("84000212", Service::Priority, 987_654_321),
        cin("276003123", Service::Fleet, 0),
        cin("0080000", Service::Standard, 999_999_999),
    ]
}

#[test]
fn the_parts_come_back() {
    let c = cin("84000212", Service::Priority, 42);
    assert_eq!(
        (
            c.prefix().country(),
            c.prefix().network(),
            c.prefix().node()
        ),
        ("840", "002", "12")
    );
    assert_eq!(c.prefix().country_alpha2(), "US");
    assert_eq!(
        c.grouped(),
        format!("840 002 1220 0000 0042 {}", c.check_digit())
    );
    assert_eq!(Cin::parse(&c.grouped()), Ok(c));
    assert_eq!(Cin::parse(&c.grouped().replace(' ', "-")), Ok(c));
    assert_eq!(samples().map(|c| c.digits().len()), [18, 19, 20, 18]);
}

#[test]
fn every_single_wrong_digit_is_rejected() {
    for c in samples() {
        let right = c.digits().into_bytes();
        for at in 0..right.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = right.clone();
                wrong[at] = digit;
                let got = Cin::parse(core::str::from_utf8(&wrong).unwrap());
                assert_eq!(
                    got,
                    if wrong == right {
                        Ok(c)
                    } else {
                        Err(CinError::Mistyped)
                    }
                );
            }
        }
    }
}

#[test]
fn every_adjacent_transposition_is_rejected() {
    for c in samples() {
        let right = c.digits().into_bytes();
        for at in 1..right.len() {
            let mut wrong = right.clone();
            wrong.swap(at - 1, at);
            let got = Cin::parse(core::str::from_utf8(&wrong).unwrap());
            assert_eq!(
                got,
                if wrong == right {
                    Ok(c)
                } else {
                    Err(CinError::Mistyped)
                }
            );
        }
    }
}

/// The first sample's digits with the character at `at` replaced.
fn with(at: usize, c: char) -> String {
    let right = samples()[0].digits();
    let put = |(i, d)| if i == at { c } else { d };
    right.chars().enumerate().map(put).collect()
}

#[test]
fn wrong_lengths_are_named() {
    assert_eq!(Cin::parse(""), Err(CinError::Empty));
    assert_eq!(Cin::parse(&"1".repeat(65)), Err(CinError::TooLong(65)));
    let (min, max) = (18, 20);
    for found in [1, 17, 21, 64] {
        let error = CinError::Length { found, min, max };
        assert_eq!(Cin::parse(&"1".repeat(found)), Err(error));
    }
}

#[test]
fn wrong_characters_are_named() {
    for (at, found, meant) in [
        (3, '\u{FF14}', Some('4')),
        (0, '\u{668}', Some('8')),
        (3, 'O', Some('0')),
        (6, 'l', Some('1')),
        (6, '\u{2460}', None),
    ] {
        let (text, at) = (with(at, found), at + 1);
        assert_eq!(
            Cin::parse(&text),
            Err(CinError::LookAlike { at, found, meant })
        );
    }
    for found in ['x', '\u{A0}', '\u{2013}', '/', '\u{0}'] {
        let error = CinError::Unexpected { at: 7, found };
        assert_eq!(Cin::parse(&with(6, found)), Err(error));
    }
    let right = samples()[0].digits();
    for (text, at) in [
        (format!(" {right}"), 1),
        (format!("{right}-"), 19),
        (right.replacen("840", "840--", 1), 5),
        ("-".to_owned(), 1),
    ] {
        assert_eq!(Cin::parse(&text), Err(CinError::Separator { at }));
    }
}

#[test]
fn unknown_meanings_are_named() {
    for (body, error) in [
        ("99900111123456789", CinError::UnknownCountry(['9'; 3])),
        ("84000117123456789", CinError::UnknownService(7)),
    ] {
        let check = damm(body.bytes().map(|b| b - b'0')).unwrap();
        assert_eq!(Cin::parse(&format!("{body}{check}")), Err(error));
    }
    let error = CinError::CustomerRange(1_000_000_000);
    assert_eq!(CustomerNumber::new(1_000_000_000), Err(error));
}

#[test]
fn logs_never_see_the_number() {
    let c = samples()[0];
    for text in [
        format!("{c}"),
        format!("{c:?}"),
        format!("{:?}", c.customer()),
    ] {
        assert!(
            !text.contains("123456789") && !text.contains("1234"),
            "{text}"
        );
    }
    assert_eq!(c.to_string(), "8400011 * ********* *");
}

#[test]
fn overlapping_prefixes_are_refused() {
    let (duke, alabama) = (
        MemberId::parse("US*DUK").unwrap(),
        MemberId::parse("US*ALA").unwrap(),
    );
    let p = |t: &str| CinPrefix::parse(t).unwrap();
    let mut table = PrefixTable::new();
    table.insert(p("84000112"), duke).unwrap();
    for taken in ["84000112", "8400011", "840001123"] {
        let error = TableError::Taken {
            wanted: p(taken),
            registered: p("84000112"),
            by: duke,
        };
        assert_eq!(table.insert(p(taken), alabama), Err(error));
    }
    for free in ["84000113", "8400012", "840001139"] {
        let expected = if free == "840001139" {
            Err("84000113")
        } else {
            Ok(())
        };
        let got = table.insert(p(free), alabama);
        assert_eq!(got.is_ok(), expected.is_ok(), "{free}");
    }
    assert_eq!(table.find(&cin("84000112", Service::Standard, 1)), Ok(duke));
    assert_eq!(
        table.find(&cin("8400012", Service::Standard, 1)),
        Ok(alabama)
    );
    assert_eq!(
        table.find(&cin("2760012", Service::Standard, 1)),
        Err(RouteError::Unknown(p("2760012")))
    );
    assert_eq!(table.remove(&p("84000112")), Some(duke));
    assert_eq!(table.len(), 2);
}

/// The claim about insertions and deletions in the documentation: behind the prefix none is ever routed.
#[test]
fn a_digit_too_many_or_too_few_behind_the_prefix_is_never_routed() {
    let member = MemberId::parse("US*DUK").unwrap();
    let mut parsed = 0;
    for c in samples() {
        let mut table = PrefixTable::new();
        table.insert(c.prefix(), member).unwrap();
        let (right, from) = (c.digits(), c.prefix().as_str().len());
        let longer = (from..=right.len()).flat_map(|at| (0..10).map(move |d| (at, Some(d))));
        let shorter = (from..right.len()).map(|at| (at, None));
        for (at, digit) in longer.chain(shorter) {
            let mut text = right.clone();
            match digit {
                Some(d) => text.insert(at, char::from_digit(d, 10).unwrap()),
                None => drop(text.remove(at)),
            }
            if let Ok(wrong) = Cin::parse(&text) {
                parsed += 1;
                assert!(table.find(&wrong).is_err(), "{text}");
            }
        }
    }
    assert!(
        parsed > 0,
        "some of them pass the check digit, or this test shows nothing"
    );
}

proptest! {
    #[test]
    fn numbers_round_trip(c in any_cin()) {
        prop_assert_eq!(Cin::parse(&c.digits()), Ok(c));
        prop_assert_eq!(Cin::parse(&c.grouped()), Ok(c));
        prop_assert_eq!(Cin::from_bytes(&c.to_bytes()), Ok(c));
        prop_assert_eq!(CinPrefix::from_bytes(&c.prefix().to_bytes()), Ok(c.prefix()));
        prop_assert_eq!(damm(c.digits().bytes().map(|b| b - b'0')), Some(0));
    }

    #[test]
    fn no_text_panics(text in ".{0,70}") {
        let _ = Cin::parse(&text);
        let _ = CinPrefix::parse(&text);
    }

    #[test]
    fn no_digits_parse_to_another_number(text in "[0-9]{17,21}") {
        if let Ok(c) = Cin::parse(&text) {
            prop_assert_eq!(c.digits(), text);
        }
    }

    #[test]
    fn a_table_is_prefix_free(cins in proptest::collection::vec(any_cin(), 0..40)) {
        let member = MemberId::parse("US*DUK").unwrap();
        let mut table = PrefixTable::new();
        for c in &cins {
            let overlap = table.iter().any(|(p, _)| p.overlaps(&c.prefix()));
            let same_node = table.iter().any(|(p, _)| p.node() == c.prefix().node());
            let got = table.insert(c.prefix(), member);
            prop_assert_eq!(matches!(got, Err(TableError::Taken { .. })), overlap);
            prop_assert_eq!(got.is_err(), overlap || same_node);
        }
    }
}

#[test]
fn the_scheme_is_found_in_either_case() {
    for (text, rest) in [
        ("CIN:840", Some("840")),
        ("cIn:", Some("")),
        ("CIN: 840", Some(" 840")),
        ("CIN840", None),
        (" CIN:840", None),
        ("840", None),
        ("", None),
        ("CI\u{d1}:840", None),
    ] {
        assert_eq!(strip_scheme(text), rest, "{text}");
    }
    assert_eq!(strip_scheme(SCHEME), Some(""));
}

#[test]
fn cbor_with_separators_is_refused() {
    let bytes = samples()[0].grouped().to_bytes();
    assert!(Cin::from_bytes(&bytes).is_err());
}
