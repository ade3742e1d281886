//! Rates of exchange and conversions: both legs to the minor unit, and everything that is refused.

use crate::cases::{open, opening};
use crate::council::suspend;
use crate::credits::charged;
use crate::table::Table;
use crate::world::{T0, USD, World, key, member, party, usd};
use expect_test::{expect, expect_file};
use fairway_ledger::money::{PositionState, UtcDay};
use fairway_ledger::rates::{
    Conversion, RateEffect, RateOperation, RateStatement, SignedConversion, key_for_conversion,
    key_for_rate,
};
use fairway_ledger::{
    Account, Books, BooksError, CaseClaim, DisputeReason, Effect, Operation, Outcome,
    key_for_position,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::money::{Currency, Micro};
use fairway_model::time::DAY;

const EUR: Currency = Currency::EUR;

fn jpy() -> Currency {
    Currency::parse("JPY").unwrap()
}

fn rate(quote: Currency, rate: &str) -> RateStatement {
    RateStatement {
        base: USD,
        quote,
        day: UtcDay::of(T0),
        rate: usd(rate),
        source: "ECB euro reference rates".to_owned(),
        document: Hash::plain(b"the published file"),
    }
}

fn state(statement: RateStatement) -> Operation {
    Operation::Rate(RateOperation::State(statement))
}

/// APC owes DUK in dollars, and both want another currency.
fn conversion(to: Currency, amount: &str, rate: &str) -> Conversion {
    Conversion {
        id: Hash::plain(amount.as_bytes()),
        debtor: member("APC"),
        creditor: member("DUK"),
        from: USD,
        to,
        amount: usd(amount),
        stated_by: member("REG"),
        day: UtcDay::of(T0),
        rate: usd(rate),
    }
}

fn convert(conversion: Conversion) -> Operation {
    let (debtor, creditor) = (
        key(&party(conversion.debtor)),
        key(&party(conversion.creditor)),
    );
    Operation::Rate(RateOperation::Convert(Box::new(SignedConversion {
        debtor_key: debtor.public(),
        debtor_signature: conversion.sign(&debtor),
        creditor_key: creditor.public(),
        creditor_signature: conversion.sign(&creditor),
        conversion,
    })))
}

fn owed(world: &World, currency: Currency) -> Micro {
    let key = key_for_position(member("APC"), member("DUK"), currency);
    world.get::<PositionState>(key).unwrap_or_default().amount
}

/// Both legs to the minor unit, in a currency with cents and in one without.
#[test]
fn a_debt_changes_its_currency_at_the_stated_rate() {
    let (mut world, _) = charged();
    assert_eq!(owed(&world, USD), usd("8.837667"));
    world.must("REG", state(rate(EUR, "0.9237")));
    world.must("REG", state(rate(jpy(), "151.275")));
    // 5.55 USD at 0.9237 are 5.126535 EUR: 5.13 by half-up to a cent.
    world.must("DUK", convert(conversion(EUR, "5.55", "0.9237")));
    assert_eq!(
        (owed(&world, USD), owed(&world, EUR)),
        (usd("3.287667"), usd("5.13"))
    );
    // 2.00 USD at 151.275 are 302.55 JPY: 303 by half-up to a yen.
    world.must("APC", convert(conversion(jpy(), "2.00", "151.275")));
    assert_eq!(
        (owed(&world, USD), owed(&world, jpy())),
        (usd("1.287667"), usd("303"))
    );
    for (currency, amount) in [(EUR, "5.13"), (jpy(), "303")] {
        let (apc, duk) = (
            Account::Member(member("APC")),
            Account::Member(member("DUK")),
        );
        assert_eq!(world.books.account(&duk, currency), usd(amount));
        assert_eq!(world.books.account(&apc, currency).0, -usd(amount).0);
        assert_eq!(world.books.sum(currency), Ok(Micro::ZERO));
        assert_eq!(
            world.books.position(member("APC"), member("DUK"), currency),
            usd(amount)
        );
    }
    assert_eq!(
        world.books.position(member("APC"), member("DUK"), USD),
        usd("1.287667")
    );
}

/// 0.01 USD at 0.499999 are 0.00499999 EUR: by way of whole micro-units it would be half a cent, and a cent in the end.
#[test]
fn a_hair_under_half_a_cent_is_nothing() {
    let cents = |amount, rate| conversion(EUR, amount, rate).converted();
    assert_eq!(cents("0.01", "0.499999"), Ok(Micro::ZERO));
    assert_eq!(cents("0.01", "0.500000"), Ok(usd("0.01")));
    assert_eq!(cents("0.03", "0.499999"), Ok(usd("0.01")));
    assert_eq!(cents("0.03", "1.499999"), Ok(usd("0.04")));
}

/// A suspended member closes what is open, by conversion too; a rate is something new.
#[test]
fn who_is_suspended_states_no_rate_and_converts_what_it_owes() {
    let (mut world, _) = charged();
    world.must("REG", state(rate(EUR, "0.9237")));
    world.decide(&["APC", "GPC", "REG"], &suspend("DUK"));
    let mut t = Table::on(world);
    t.row("a rate", "DUK", state(rate(jpy(), "151.275")));
    t.row(
        "a conversion",
        "DUK",
        convert(conversion(EUR, "5.55", "0.9237")),
    );
    expect![[r#"
        a rate | DUK: member-suspended: US*DUK is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        a conversion | DUK: Rate(Converted"#]].assert_eq(&t.heads());
}

#[test]
fn every_refusal_of_rates_and_conversions() {
    let (world, charge) = charged();
    let mut t = Table::on(world);
    let tomorrow = RateStatement {
        day: UtcDay::of(T0).plus(1),
        ..rate(EUR, "0.9237")
    };
    t.row("of tomorrow", "REG", state(tomorrow));
    t.row("good", "REG", state(rate(EUR, "0.9237")));
    t.row("again", "REG", state(rate(EUR, "0.9237")));
    t.row("changed", "REG", state(rate(EUR, "0.9238")));
    let base = || conversion(EUR, "5.55", "0.9237");
    t.row("by a third", "GPC", convert(base()));
    t.row(
        "with oneself",
        "DUK",
        convert(Conversion {
            debtor: member("DUK"),
            ..base()
        }),
    );
    t.row(
        "another's statement",
        "DUK",
        convert(Conversion {
            stated_by: member("GPC"),
            ..base()
        }),
    );
    t.row(
        "another day",
        "DUK",
        convert(Conversion {
            day: UtcDay(1),
            ..base()
        }),
    );
    t.row(
        "another rate",
        "DUK",
        convert(Conversion {
            rate: usd("0.9"),
            ..base()
        }),
    );
    t.row(
        "fractions of a cent",
        "DUK",
        convert(Conversion {
            amount: usd("5.555"),
            ..base()
        }),
    );
    t.row(
        "more than is owed",
        "DUK",
        convert(Conversion {
            amount: usd("8.84"),
            ..base()
        }),
    );
    t.row(
        "the other direction",
        "DUK",
        convert(Conversion {
            debtor: member("DUK"),
            creditor: member("APC"),
            ..base()
        }),
    );
    let mut forged = convert(base());
    if let Operation::Rate(RateOperation::Convert(signed)) = &mut forged {
        (signed.debtor_key, signed.debtor_signature) =
            (key("DUK").public(), signed.conversion.sign(&key("DUK")));
    }
    t.row("debtor's key is not the debtor's", "DUK", forged);
    t.world.must(
        "APC",
        open(opening(
            &charge,
            "APC",
            DisputeReason::Other,
            CaseClaim::Total(usd("4.00")),
        )),
    );
    t.row("disputed", "DUK", convert(base()));
    t.row(
        "what is not disputed",
        "DUK",
        convert(Conversion {
            amount: usd("3.00"),
            ..base()
        }),
    );
    t.row(
        "again",
        "DUK",
        convert(Conversion {
            amount: usd("3.00"),
            ..base()
        }),
    );
    t.row(
        "same id, other content",
        "DUK",
        convert(Conversion {
            amount: usd("0.10"),
            ..base()
        }),
    );
    t.world.time = T0.plus(5 * DAY);
    t.row("too old", "DUK", convert(conversion(EUR, "0.10", "0.9237")));
    expect![[r#"
        of tomorrow | REG: time-invalid: the rate is of 2026-11-24; today is 2026-11-23
        good | REG: Rate(Stated { statement: 27d48743a619ce95300ba49e58af2b9e9ce7642150ad569e8539a975a1a9cee8 })
        again | REG: duplicate: the rate is on record already
        changed | REG: id-conflict: US*REG stated another rate for 2026-11-23; a stated rate never changes
        by a third | GPC: not-authorized: US*GPC is no party of a conversion between US*APC and US*DUK
        with oneself | DUK: malformed: US*DUK cannot owe itself
        another's statement | DUK: rate-unknown: US*GPC has stated no rate from USD to EUR for 2026-11-23
        another day | DUK: rate-unknown: US*REG has stated no rate from USD to EUR for 1970-01-02
        another rate | DUK: id-conflict: the stated rate is 0.9237, not 0.90
        fractions of a cent | DUK: malformed: the conversion is 5.555 USD; whole minor units are right
        more than is owed | DUK: amount-over-cap: 8.84 USD are converted; US*APC owes US*DUK 8.837667 that no dispute freezes
        the other direction | DUK: amount-over-cap: 5.55 USD are converted; US*DUK owes US*APC 0.00 that no dispute freezes
        debtor's key is not the debtor's | DUK: not-authorized: the conversion is signed with bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c, which is not the registered key of US*APC
        disputed | DUK: amount-over-cap: 5.55 USD are converted; US*APC owes US*DUK 3.90184 that no dispute freezes
        what is not disputed | DUK: Rate(Converted { statement: 27d48743a619ce95300ba49e58af2b9e9ce7642150ad569e8539a975a1a9cee8, amount: 3.00, from: USD, converted: 2.77, to: EUR }) member:US*APC 3.00, member:US*DUK -3.00, member:US*APC -2.77, member:US*DUK 2.77
        again | DUK: duplicate: the conversion took effect before
        same id, other content | DUK: id-conflict: a conversion with this id took effect with other content
        too old | DUK: rate-unknown: the rate of 2026-11-23 is 5 days old; at most 4 are allowed
    "#]].assert_eq(t.rows());
}

#[test]
fn malformed_rates_are_not_admitted() {
    let mut world = World::ready();
    let mut half = convert(conversion(EUR, "1.00", "0.9"));
    if let Operation::Rate(RateOperation::Convert(signed)) = &mut half {
        signed.creditor_signature = signed.debtor_signature;
    }
    let wrong = [
        half,
        state(rate(USD, "1")),
        state(rate(EUR, "0")),
        state(RateStatement {
            source: String::new(),
            ..rate(EUR, "1")
        }),
        state(RateStatement {
            source: "x".repeat(65),
            ..rate(EUR, "1")
        }),
        convert(conversion(EUR, "0", "0.9")),
    ];
    let verdicts = wrong.map(|operation| {
        let tx = world.sign("DUK", operation);
        world
            .contracts
            .admit(&[tx])
            .remove(0)
            .unwrap_err()
            .to_string()
    });
    expect![[r#"
        bad-signature: the signature of the conversion by the creditor does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        malformed: USD to USD: a rate is between two currencies
        malformed: the rate is of 0.00 EUR; it must be more than nothing
        malformed: bytes of the source: 0; 1 to 64 are allowed
        too-large: bytes of the source: 65; 1 to 64 are allowed
        malformed: the conversion is of 0.00 USD; it must be more than nothing"#]].assert_eq(&verdicts.join("\n"));
}

#[test]
fn books_notice_another_rate() {
    let (mut world, _) = charged();
    world.must("REG", state(rate(EUR, "0.9237")));
    let tx = world.sign("DUK", convert(conversion(EUR, "5.55", "0.9237")));
    let before: Books = world.books.clone();
    let receipt = world.execute(&tx);
    let mut other = receipt.clone();
    if let Outcome::Applied(Effect::Rate(RateEffect::Converted { converted, .. })) =
        &mut other.outcome
    {
        converted.0 += 10_000;
    }
    let differ = Err(BooksError::PostingsDiffer(Hash::plain(&tx)));
    assert_eq!(before.clone().record(&tx, &other.to_bytes()), differ);
    assert_eq!(before.clone().record(&tx, &receipt.to_bytes()), Ok(()));
}

/// Every byte that rates and conversions sign or store.
#[test]
fn conformance_hashes_of_rates_hold() {
    let (mut world, _) = charged();
    let converted = conversion(EUR, "5.55", "0.9237");
    let story = vec![
        ("state", "REG", state(rate(EUR, "0.9237"))),
        ("convert", "DUK", convert(converted.clone())),
        ("refused", "REG", state(rate(EUR, "0.1"))),
    ];
    let keys = vec![
        (
            "rate",
            key_for_rate(member("REG"), USD, EUR, UtcDay::of(T0)),
        ),
        (
            "conversion",
            key_for_conversion(member("APC"), member("DUK"), converted.id),
        ),
        (
            "position",
            key_for_position(member("APC"), member("DUK"), EUR),
        ),
    ];
    let text = crate::conformance::hashes_of(&mut world, story, keys);
    expect_file!["../../../../fixtures/conformance/ledger-rates.json"].assert_eq(&text);
}
