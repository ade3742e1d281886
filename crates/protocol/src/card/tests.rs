//! Tests of cards.

use super::*;
use expect_test::expect_file;
use fairway_model::cin::{CinPrefix, CustomerNumber};
use fairway_model::profile::Service;
use proptest::prelude::*;

fn cin(customer: u32) -> Cin {
    let prefix = CinPrefix::parse("84000212").unwrap();
    Cin::new(
        prefix,
        Service::Standard,
        CustomerNumber::new(customer).unwrap(),
    )
}

#[test]
fn scanned_text_reads_back() {
    let c = cin(123_456_789);
    for text in [
        payload(&c),
        payload(&c).to_lowercase(),
        c.digits(),
        c.grouped(),
        format!("{}\r\n", payload(&c)),
    ] {
        assert_eq!(parse_scan(&text), Ok(c), "{text}");
    }
}

#[test]
fn other_codes_are_named() {
    for (text, error) in [
        (
            "https://example.com/",
            CardError::Foreign(Some("https".into())),
        ),
        ("WIFI:S:home;;", CardError::Foreign(Some("wifi".into()))),
        ("hello", CardError::Foreign(None)),
        ("", CardError::Foreign(None)),
        ("CIN:", CardError::Cin(CinError::Empty)),
        (
            "CIN:84000212",
            CardError::Cin(CinError::Length {
                found: 8,
                min: 18,
                max: 20,
            }),
        ),
        (&"1".repeat(653), CardError::TooLong(653)),
    ] {
        assert_eq!(parse_scan(text), Err(error), "{text}");
    }
}

#[test]
fn chips_with_several_records_are_read() {
    let c = cin(1);
    // A web link in a long record with an id, then the digits as English text.
    let mut message = vec![0x89, 1, 0, 0, 0, 4, 1, b'U', b'i', 0x01, b'a', b'.', b'b'];
    message.extend_from_slice(&[0x51, 1, 22, b'T', 2, b'e', b'n']);
    message.extend_from_slice(c.digits().as_bytes());
    assert_eq!(parse_ndef(&message), Ok(c));
}

#[test]
fn bad_chips_are_named() {
    let right = ndef_message(&cin(1));
    let with = |at: usize, value: u8| {
        let mut message = right.clone();
        message[at] = value;
        parse_ndef(&message)
    };
    assert_eq!(parse_ndef(&[]), Err(NdefError::NoText));
    assert_eq!(parse_ndef(&[0xD0, 0, 0]), Err(NdefError::NoText));
    assert_eq!(parse_ndef(&vec![0; 1_025]), Err(NdefError::TooLong(1_025)));
    assert_eq!(with(0, 0x51), Err(NdefError::Marks(0)));
    assert_eq!(with(0, 0x91), Err(NdefError::Marks(0)));
    assert_eq!(with(0, 0xF1), Err(NdefError::Chunked(0)));
    assert_eq!(with(2, 200), Err(NdefError::Truncated(0)));
    let foreign = CardError::Foreign(Some("https".into()));
    assert_eq!(with(4, 4), Err(NdefError::Card(foreign)));
    assert_eq!(with(27, b'X').unwrap_err().code(), "unexpected-character");
    for end in 1..right.len() {
        assert_eq!(parse_ndef(&right[..end]), Err(NdefError::Truncated(0)));
    }
    let many = [vec![0x90, 0, 0], [0x10, 0, 0].repeat(20)].concat();
    assert_eq!(parse_ndef(&many), Err(NdefError::TooManyRecords));
}

fn vectors(group: &str) -> Vec<serde_json::Value> {
    let all = include_str!("../../../../fixtures/cin/vectors.json");
    let all: serde_json::Value = serde_json::from_str(all).unwrap();
    let list = all[group].as_array().unwrap().clone();
    assert!(!list.is_empty());
    list
}

fn bytes(vector: &serde_json::Value) -> Vec<u8> {
    let hex = vector["ndef"].as_str().unwrap();
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// The published vectors; their chip bytes were made by the Python package ndeflib.
#[test]
fn published_vectors() {
    for v in vectors("card") {
        let c = Cin::parse(v["digits"].as_str().unwrap()).unwrap();
        assert_eq!(payload(&c), v["payload"]);
        assert_eq!(parse_scan(v["payload"].as_str().unwrap()), Ok(c));
        assert_eq!(ndef_message(&c), bytes(&v));
        assert_eq!(parse_ndef(&bytes(&v)), Ok(c));
    }
    for v in vectors("chip_valid") {
        assert_eq!(parse_ndef(&bytes(&v)).unwrap().digits(), v["digits"]);
    }
    for v in vectors("chip_invalid") {
        assert_eq!(
            parse_ndef(&bytes(&v)).unwrap_err().code(),
            v["error"],
            "{v}"
        );
    }
    for v in vectors("scan_invalid") {
        let text = v["text"].as_str().unwrap();
        assert_eq!(parse_scan(text).unwrap_err().code(), v["error"], "{v}");
    }
}

/// What stands between tags in a document.
fn texts(html: &str) -> Vec<&str> {
    html.split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text.trim())
        .filter(|t| !t.is_empty())
        .collect()
}

#[test]
fn a_sheet_shows_issuer_and_digits_and_nothing_else() {
    let cins: Vec<Cin> = (0..23).map(cin).collect();
    for paper in [Paper::A4, Paper::Letter] {
        let html = sheet_html("A & B <Power>", &cins, paper).unwrap();
        let style = texts(&html)[1];
        let mut expected = vec![
            "A &amp; B &lt;Power&gt;: charging cards".to_owned(),
            style.to_owned(),
        ];
        for c in &cins {
            expected.extend(["A &amp; B &lt;Power&gt;".to_owned(), c.grouped()]);
        }
        assert!(style.starts_with("@page"));
        assert_eq!(texts(&html), expected);
        assert_eq!(html.matches("class=\"page\"").count(), 3);
        for c in &cins {
            let (path, _) = qr::qr_path(c).unwrap();
            assert_eq!(
                html.matches(&path).count(),
                1,
                "the code of the same digits, once"
            );
        }
    }
}

/// The files that other decoders have read (docs/cin.md).
#[test]
fn printed_forms_are_as_published() {
    let cins: Vec<Cin> = (0..11).map(|n| cin(123_456_789 + n)).collect();
    expect_file!["../../../../fixtures/cin/card.svg"].assert_eq(&qr_svg(&cins[0]).unwrap());
    let html = sheet_html("Demonstration utility", &cins, Paper::Letter).unwrap();
    expect_file!["../../../../fixtures/cin/sheet.html"].assert_eq(&html);
}

#[test]
fn sheets_have_bounds() {
    assert_eq!(sheet_html("", &[], Paper::A4), Err(CardError::Issuer));
    assert_eq!(
        sheet_html(&"x".repeat(41), &[], Paper::A4),
        Err(CardError::Issuer)
    );
    assert_eq!(sheet_html("a\nb", &[], Paper::A4), Err(CardError::Issuer));
    let many = vec![cin(1); 1_001];
    assert_eq!(
        sheet_html("x", &many, Paper::A4),
        Err(CardError::TooMany(1_001))
    );
}

proptest! {
    #[test]
    fn chips_round_trip(customer in 0..1_000_000_000u32) {
        prop_assert_eq!(parse_ndef(&ndef_message(&cin(customer))), Ok(cin(customer)));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in ".{0,60}") {
        let _ = parse_ndef(&bytes);
        let _ = parse_scan(&text);
    }

    #[test]
    fn no_changed_chip_panics(at in 0..28usize, value in any::<u8>()) {
        let mut message = ndef_message(&cin(7));
        message[at] = value;
        let _ = parse_ndef(&message);
    }
}

#[test]
fn a_web_address_becomes_a_code_and_a_long_one_does_not() {
    let svg = link_svg("https://duk-01.example/s/K7Q49M2P").unwrap();
    assert!(svg.starts_with("<svg") && !svg.contains("script"));
    let long = "x".repeat(MAX_LINK_BYTES + 1);
    assert_eq!(link_svg(&long), Err(CardError::TooLong(MAX_LINK_BYTES + 1)));
}
