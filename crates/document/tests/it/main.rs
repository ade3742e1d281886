//! Documents read back with another library: structure, texts and pages of bills of every size, language and script.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected must fail"
)]

mod reader;
mod sample;

use fairway_document::{DocumentError, MAX_LINES, pdf, text};
use fairway_messages::Language;
use reader::Read;
use sample::{bill, credited};

#[test]
fn the_file_says_what_it_is() {
    for (language, title) in [
        (Language::En, "Charging bill for November 2026"),
        (Language::Es, "Factura de recarga de noviembre de 2026"),
        (Language::De, "Laderechnung für November 2026"),
    ] {
        let read = Read::of(&pdf(&bill("Ada Lovelace", 3), language).unwrap());
        assert_eq!(read.language, language.tag());
        assert_eq!(read.title, title);
        assert!(read.is_marked && read.shows_its_title);
        let standards = &read.standards;
        assert!(standards.contains("<pdfuaid:part>1</pdfuaid:part>"));
        assert!(standards.contains("<pdfaid:part>2</pdfaid:part>"));
        assert!(standards.contains("<pdfaid:conformance>A</pdfaid:conformance>"));
        assert!(read.fonts_are_embedded);
    }
}

#[test]
fn headings_follow_each_other_without_gaps_and_are_bookmarks() {
    let read = Read::of(&pdf(&credited("Ada Lovelace", 4), Language::En).unwrap());
    let headings = read.headings();
    let levels: Vec<u8> = headings.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels.iter().filter(|level| matches!(level, 1)).count(), 1);
    assert_eq!(levels.first(), Some(&1));
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{levels:?}");
    }
    let upper: Vec<String> = headings
        .iter()
        .filter(|(level, _)| *level < 4)
        .map(|(_, text)| text.clone())
        .collect();
    assert_eq!(read.bookmarks, upper);
    assert!(
        upper.contains(&"Charge 2: 2026-11-02, Duke Energy".to_owned()),
        "{upper:?}"
    );
}

#[test]
fn every_table_is_regular_with_headers() {
    let read = Read::of(&pdf(&credited("Ada Lovelace", 30), Language::De).unwrap());
    let tables = read.tables();
    assert!(tables.len() > 100);
    for table in &tables {
        assert!(!table.about.is_empty());
        let columns = table.rows[0].iter().map(|c| c.span).sum::<usize>();
        for row in &table.rows {
            let own: usize = row.iter().map(|c| c.span).sum();
            assert_eq!(own, columns, "{table:?}");
            assert!(row.iter().all(|c| !c.text.trim().is_empty()), "{row:?}");
            assert_eq!(row[0].kind, "TH");
        }
        assert!(
            table
                .rows
                .iter()
                .flatten()
                .all(|c| (c.kind == "TH") != c.scope.is_empty())
        );
    }
}

#[test]
fn what_is_billed_is_in_the_text_in_order_of_reading() {
    let bill = credited("Ada Lovelace", 2);
    let read = Read::of(&pdf(&bill, Language::En).unwrap());
    let text = read.text();
    let mut at = 0;
    for wanted in [
        "Charging bill for November 2026",
        "Ada Lovelace",
        "840 001 1112 3456 7899",
        "9.56\u{a0}USD",
        "2 charges, 25\u{a0}kWh, less 1 credit of 1.00\u{a0}USD",
        "1 finished charge is not settled yet",
        "By network",
        "Alabama Power (your utility)",
        "Energy by day",
        "North Carolina sales tax",
        "Bad service",
        "Charge 1: 2026-11-01, Alabama Power",
        "20:30 to 21:30 (UTC-05:00)",
        "US*ALP*E0000*1, Alabama Power, area DUK-NC",
        "0.399\u{a0}USD per kWh",
        "-0.54875\u{a0}USD",
        "North Carolina sales tax, 7\u{a0}% on 4.93875\u{a0}USD",
        "energy was priced at 105\u{a0}% of the tariff",
        "between 0.30\u{a0}USD and 0.45\u{a0}USD per kWh",
        "that you agreed to estimated 3.12\u{a0}USD to 7.45\u{a0}USD",
        "Present load in DUK-NC",
        "Shapley value",
        "4 signed readings, register 100\u{a0}kWh to 112.5\u{a0}kWh",
        "settled in block 123,456 on 2026-11-02 02:31:00\u{a0}UTC",
        &bill.lines[0].transaction.hex(),
        "Charge 2: ",
        "Check it yourself",
        "fairway ledger verify proof.cbor",
    ] {
        let found = text.get(at..).unwrap().find(wanted);
        at += found.unwrap_or_else(|| panic!("{wanted:?} not behind {at} in {text}"));
    }
}

#[test]
fn long_bills_repeat_the_headers_and_number_their_pages() {
    let read = Read::of(&pdf(&bill("Ada Lovelace", 120), Language::En).unwrap());
    let pages = read.drawn_pages();
    assert!(pages.len() > 60, "{}", pages.len());
    for (at, page) in pages.iter().enumerate() {
        let number = format!("Page {} of {}", at + 1, pages.len());
        assert!(page.contains(&number), "{number}");
        assert!(page.contains("Alabama Power, bill for November 2026"));
    }
    // The list of charges goes over several pages, each with the header, which screen readers hear once.
    let with_header = pages.iter().filter(|p| p.contains("No.")).count();
    assert!((2..8).contains(&with_header), "{with_header}");
    assert_eq!(read.text().matches("No.").count(), 1);
}

#[test]
fn names_of_any_script_and_with_markup_are_whole() {
    for name in [
        "Zoë O'Brien-Łukasz",
        "<script>alert('1')</script> & Söhne",
        "Ωμέγα Жуков",
        "שלום כהן",
        "محمد علي",
        "(unbalanced \\ ) % /Name ]]>",
        &"Long ".repeat(40),
        &"W".repeat(300),
    ] {
        let file = pdf(&bill(name, 1), Language::Es).unwrap();
        let text = Read::of(&file).text();
        let plain: String = text.split_whitespace().collect();
        let wanted: String = name.split_whitespace().collect();
        assert!(plain.contains(&wanted), "{name:?} in {text}");
        assert!(!text.contains("U+"), "{name:?}");
    }
}

#[test]
fn what_no_font_has_is_seen_to_be_missing_and_stays_in_the_text() {
    let file = pdf(&bill("王小明 \u{e001}\u{202e}x\n", 1), Language::En).unwrap();
    let text = Read::of(&file).text();
    assert!(text.contains("王小明"), "{text}");
    assert!(
        text.contains("Its text holds them: U+5C0F, U+660E, U+738B."),
        "{text}"
    );
    assert!(!text.contains('\u{202e}') && !text.contains('\u{e001}'));
}

#[test]
fn the_chart_is_there_in_words() {
    let read = Read::of(&pdf(&bill("Ada", 3), Language::En).unwrap());
    assert_eq!(read.figures.len(), 1);
    let words = &read.figures[0];
    assert!(
        words.starts_with("Bar chart of the energy of each day."),
        "{words}"
    );
    assert!(
        words.contains("3 days") && words.contains("12.5\u{a0}kWh"),
        "{words}"
    );
}

#[test]
fn quotations_in_english_are_marked_as_english() {
    let spanish = Read::of(&pdf(&bill("Ada", 1), Language::Es).unwrap());
    assert!(spanish.languages_of_spans().contains("en"));
}

#[test]
fn the_same_bill_is_the_same_file() {
    let bill = credited("Ada Lovelace", 17);
    for language in Language::ALL {
        assert_eq!(pdf(&bill, language), pdf(&bill, language));
    }
    assert_ne!(pdf(&bill, Language::En), pdf(&bill, Language::De));
}

#[test]
fn a_month_without_charges_is_a_document_too() {
    let empty = bill("Ada Lovelace", 0);
    let said = Read::of(&pdf(&empty, Language::De).unwrap()).text();
    assert!(said.contains("In diesem Monat wurde keine Ihrer Ladungen abgerechnet."));
    assert!(said.contains("0,00\u{a0}USD"));
}

#[test]
fn too_long_a_bill_is_refused_by_name() {
    let long = bill("Ada Lovelace", MAX_LINES + 1);
    let error = DocumentError::TooLong(MAX_LINES + 1);
    assert!(error.to_string().contains("at most 10000"));
    assert_eq!(pdf(&long, Language::En), Err(error.clone()));
    assert_eq!(text(&long, Language::En), Err(error));
}

#[test]
fn a_terminal_shows_the_same_in_columns() {
    let said = text(&credited("Ada \u{1b}[31mLovelace", 2), Language::En).unwrap();
    assert!(said.starts_with("Charging bill for November 2026\n====="));
    assert!(!said.contains('\u{1b}') && !said.contains('\u{a0}'));
    assert!(said.contains("Total 9.56 USD (2 charges, 25 kWh, less 1 credit of 1.00 USD)"));
    let row = format!(
        "  {:<14}  {:>8}  {:>17}  {:>13}\n",
        "Energy", "12.5 kWh", "0.399 USD per kWh", "4.9875 USD"
    );
    assert!(said.contains(&row), "{said}");
    let spanish = text(&credited("Ada", 2), Language::Es).unwrap();
    assert!(spanish.contains("Total 9,56 USD (2 recargas, 25 kWh, menos 1 abono por 1,00 USD)"));
}
