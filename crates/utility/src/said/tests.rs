use super::*;
use fairway_model::station::{InputMethod, StopReason};
use fairway_model::{
    ConsentMethod, Currency, CustomerClass, Energy, MemberId, Micro, RefusalCode, SessionId, Tier,
};
use std::collections::{BTreeMap, BTreeSet};

/// A value of a kind in English, and what it is.
fn sample(kind: Kind) -> (String, Value) {
    let member = MemberId::parse("US*DUK").unwrap();
    let session = SessionId([7; 16]);
    match kind {
        Kind::Count => ("3".to_owned(), Value::Count(3)),
        Kind::Number => ("1234567".to_owned(), Value::Number(1_234_567)),
        Kind::Share => ("97.5 %".to_owned(), Value::Share(9_750)),
        Kind::Sum => (
            "-8.4225 USD".to_owned(),
            Value::Sum(Micro(-8_422_500), Currency::USD),
        ),
        Kind::Energy => (
            "12.345678 kWh".to_owned(),
            Value::Energy(Energy(12_345_678)),
        ),
        Kind::Member => (member.to_string(), Value::Member(member, None)),
        Kind::Session => (session.to_string(), Value::Session(session)),
        Kind::Word(about) => (
            "EvDisconnected".to_owned(),
            Value::Word(about, "ev_disconnected".to_owned()),
        ),
        Kind::Table => (
            crate::schedules::NO_SCHEDULE.to_owned(),
            Value::Word("table", "no_schedule".to_owned()),
        ),
        Kind::Refusal => (
            "no-offer: at most 9000, it has 9100".to_owned(),
            Value::Refusal(
                RefusalCode::NoOffer,
                Some("at most 9000, it has 9100".to_owned()),
            ),
        ),
        Kind::Told => panic!("a sentence that is kept has a value that is not read"),
        Kind::Text => ("DUK-NC 1".to_owned(), Value::Text("DUK-NC 1".to_owned())),
    }
}

fn every_form_reads_what_it_says<S: Sentence>() {
    let mut codes = BTreeSet::new();
    for form in S::FORMS {
        assert!(codes.insert(form.code), "{} stands twice", form.code);
        let mut text = form.english.to_owned();
        let mut values = Vec::new();
        for (name, kind) in form.values {
            let (english, value) = sample(*kind);
            text = text.replace(&format!("{{{name}}}"), &english);
            values.push((*name, value));
        }
        let read = S::read(&text).unwrap_or_else(|| panic!("not read: {text}"));
        assert_eq!(read.code, form.code, "{text}");
        let sorted = |list: Vec<(&'static str, Value)>| -> BTreeMap<_, _> {
            list.into_iter()
                .map(|(n, v)| (n, format!("{v:?}")))
                .collect()
        };
        assert_eq!(sorted(read.values), sorted(values), "{text}");
    }
}

#[test]
fn each_sentence_is_read_as_itself() {
    every_form_reads_what_it_says::<Says>();
    every_form_reads_what_it_says::<Reason>();
}

#[test]
fn what_is_said_is_read() {
    let home = MemberId::parse("US*ALP").unwrap();
    let says = [
        Says::HoldPlaced,
        Says::Presented {
            method: Word(InputMethod::DialPad),
        },
        Says::Customer {
            class: Word(CustomerClass::Residential),
            tier: Word(Tier::Gold),
            home,
        },
        Says::EndedWithBattery {
            reason: Word(StopReason::EvDisconnected),
            energy: Kwh(Energy(21_420_000)),
            battery: 80,
        },
        Says::Refused {
            why: RefusalCode::PinWrong.into(),
        },
        Says::Rated {
            total: Sum(Micro(5_100_000), Currency::EUR),
            energy: Kwh(Energy(0)),
        },
    ];
    for one in says {
        assert_eq!(Says::read(&one.to_string()), Some(one.told()));
    }
    let reason = Reason::AgreedTable {
        load: Share(10_500),
        why: Table(crate::schedules::NO_SCHEDULE),
    };
    assert_eq!(Reason::read(&reason.to_string()), Some(reason.told()));
    assert_eq!(
        reason.to_string(),
        "By the agreed table 105 % of the tariff's energy prices: no schedule of this day was made."
    );
}

/// Sentences as they stand in the stores: their wording is read for as long as they are kept.
#[test]
fn sentences_that_were_kept_are_read() {
    let kept = [
        (
            "round 2: countered, at most energy at 87.50 % of the tariff's prices",
            "offer-countered",
        ),
        (
            "decoded: home utility US*ALP, charge ses_01010101010101010101010101010101",
            "decoded",
        ),
        ("settled in block 56; on the driver's bill", "billed"),
        ("settled in block 56", "settled"),
        ("ended: Full, 21.42 kWh, battery 80 %", "ended-with-battery"),
        ("rated: 8.42 USD for 21.42 kWh", "rated"),
        ("consent-declined: the driver declined", "given-up"),
    ];
    for (text, code) in kept {
        assert_eq!(hop(text).map(|told| told.code), Some(code), "{text}");
    }
}

#[test]
fn what_no_form_fits_stays_a_text() {
    let strange = [
        "",
        "refused: no-such-code: words",
        "round 300000000000000000000: accepted",
        "transaction  of another version",
        "hold placed!",
        "rated: 8.42 for 21.42 kWh",
    ];
    for text in strange {
        assert_eq!(hop(text), None, "{text}");
    }
    assert_eq!(
        reason("Tariff day of the agreement between US*ALP and US*DU"),
        None
    );
}

#[test]
fn basis_points_read_as_percent() {
    let shown = [10_000, 10_500, 1_250, 75, 5, 0].map(|bps| Share(bps).to_string());
    assert_eq!(
        shown,
        ["100 %", "105 %", "12.5 %", "0.75 %", "0.05 %", "0 %"]
    );
}

/// Messages of the story in a language: the variables of each by its id.
fn messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = format!(
        "{}/../../messages/{language}/story.ftl",
        env!("CARGO_MANIFEST_DIR")
    );
    let file = std::fs::read_to_string(path).unwrap();
    let lines = file.lines().filter_map(|line| line.split_once(" = "));
    let of = |text: &str| {
        let names = text.split("{ $").skip(1);
        names
            .filter_map(|rest| rest.split([' ', '}']).next())
            .map(str::to_owned)
            .collect()
    };
    lines.map(|(id, text)| (id.to_owned(), of(text))).collect()
}

/// What a page has to be able to say: ids and their variables.
fn wanted() -> BTreeMap<String, BTreeSet<String>> {
    let of = |prefix: &str, form: &Form| {
        let names = form.values.iter().map(|(name, _)| (*name).to_owned());
        (format!("{prefix}-said-{}", form.code), names.collect())
    };
    let hops = Says::FORMS.iter().map(|form| of("hop", form));
    let reasons = Reason::FORMS.iter().map(|form| of("reason", form));
    hops.chain(reasons).collect()
}

fn words() -> Vec<Value> {
    use ConsentMethod::{OwnDevice, Screen, SecondPresentation};
    use InputMethod::{Code, Contract, DialPad, Rfid};
    use StopReason::{EvDisconnected, Fault, Full, LimitReached, Local, PowerLoss, Remote};
    let inputs = [DialPad, Rfid, Code, Contract].map(|one| Word(one).value());
    let consents = [Screen, SecondPresentation, OwnDevice].map(|one| Word(one).value());
    let stops = [
        Local,
        Full,
        EvDisconnected,
        Remote,
        LimitReached,
        PowerLoss,
        Fault,
    ];
    let classes = [CustomerClass::Residential, CustomerClass::Commercial];
    let tiers = [Tier::Standard, Tier::Gold, Tier::Diamond, Tier::Platinum];
    let tables = value::TABLES.map(|(_, table)| table.value());
    let mut all = Vec::from(inputs);
    all.extend(consents);
    all.extend(stops.map(|one| Word(one).value()));
    all.extend(classes.map(|one| Word(one).value()));
    all.extend(tiers.map(|one| Word(one).value()));
    all.extend(tables);
    all
}

#[test]
fn every_sentence_has_its_message_in_every_language() {
    for language in ["en", "de", "es"] {
        let there = messages(language);
        for (id, variables) in wanted() {
            assert_eq!(there.get(&id), Some(&variables), "{language}: {id}");
        }
        let mut named: BTreeSet<String> = wanted().into_keys().collect();
        for value in words() {
            let Value::Word(about, word) = value else {
                panic!("no word: {value:?}");
            };
            let id = format!("{about}-{}", word.replace('_', "-"));
            assert!(there.contains_key(&id), "{language}: {id} is missing");
            named.insert(id);
        }
        let ours = ["hop-said-", "reason-said-", "input-", "stop-", "table-"];
        for id in there
            .keys()
            .filter(|id| ours.iter().any(|part| id.starts_with(part)))
        {
            assert!(named.contains(id), "{language}: nobody says {id}");
        }
    }
}
