//! Custom rules that behave: the worked example of docs/rules.md, clamping, declining, falling back.

use crate::model::{always, at, charging, component, parking, tariff, usage};
use fairway_model::{
    Adjustments, Corridor, Dimension, Micro, PriceBreakdown, RuleFault, RuleVerdict, Split, Tariff,
    Usage,
};
use fairway_pricing::rule::MAX_RULE_FUEL;
use fairway_pricing::{
    BoundRule, CompiledTariff, Expected, RuleModule, Sharing, Turn, describe, price_per_kwh_now,
    quote, rate, share,
};

/// The worked example's source.
const SOLAR: &str = include_str!("../../../../docs/examples/rule/solar.wat");
const ZONE: &str = "America/New_York";
const SPLIT: Split = Split {
    home_bps: 1_000,
    visited_bps: 7_500,
    owner_bps: 1_500,
};

pub(crate) fn module(wat: &str) -> RuleModule {
    RuleModule::read(&wat::parse_str(wat).unwrap()).unwrap_or_else(|e| panic!("{e}: {wat}"))
}

/// A module whose `rule` is this expression.
pub(crate) fn answering(expression: &str) -> RuleModule {
    module(&format!(
        "(module (memory (export \"memory\") 1) (func (export \"rule\") (param i32) (result i64) {expression}))"
    ))
}

/// A module that answers the question about the price with one expression, and declines the one about shares.
fn pricing(expression: &str) -> RuleModule {
    answering(&format!(
        "(if (result i64) (i64.eq (i64.load (i32.const 8)) (i64.const 1)) (then {expression}) (else (i64.const -1)))"
    ))
}

fn flat_tariff() -> Tariff {
    tariff(vec![always(vec![
        component(Dimension::Energy, 400_000),
        component(Dimension::Flat, 500_000),
    ])])
}

fn corridor() -> Adjustments {
    Adjustments {
        corridor: Corridor {
            floor: Micro(200_000),
            cap: Micro(600_000),
        },
        ..Adjustments::NEUTRAL
    }
}

fn bound(module: RuleModule, fuel: u64) -> BoundRule {
    BoundRule::new(module, fuel, SPLIT, Micro(200_000_000))
}

pub(crate) fn with(module: RuleModule, fuel: u64) -> CompiledTariff {
    CompiledTariff::compile_with(&flat_tariff(), ZONE, Some(bound(module, fuel))).unwrap()
}

/// 40 kWh from 15:00 to 17:00 in New York, three quarters of them before 16:00.
pub(crate) fn afternoon() -> Usage {
    let begin = at("2026-06-01T15:00:00-04:00");
    usage(
        vec![
            charging(begin, 30_000_000),
            charging(at("2026-06-01T16:00:00-04:00"), 10_000_000),
        ],
        at("2026-06-01T17:00:00-04:00"),
    )
}

pub(crate) fn rated(module: RuleModule, fuel: u64) -> PriceBreakdown {
    rate(&with(module, fuel), &corridor(), &afternoon()).unwrap()
}

fn without() -> PriceBreakdown {
    let plain = CompiledTariff::compile(&flat_tariff(), ZONE).unwrap();
    rate(&plain, &corridor(), &afternoon()).unwrap()
}

/// What a rule that failed leaves: the base rule's price to the last part.
pub(crate) fn assert_base(mut found: PriceBreakdown) {
    found.rule = None;
    assert_eq!(found, without());
}

#[test]
fn the_worked_example_prices_and_shares() {
    let price = rated(module(SOLAR), MAX_RULE_FUEL);
    // 7500 basis points in the sun: 0.40 less 11.25 % is 0.355 per kWh; 40 kWh and the start fee make 14.70.
    let energy = &price.lines[0];
    assert_eq!(
        (energy.list_price, energy.unit_price),
        (Micro(400_000), Micro(355_000))
    );
    assert_eq!(price.total, Micro(14_700_000));
    let note = price.rule.unwrap();
    assert_eq!(note.verdict, RuleVerdict::Used);
    assert_eq!(note.home_bps, Some(1_200));
    let sharing = Sharing {
        parts: &SPLIT,
        rule: None,
        tier: None,
        turn: Turn::ALL[0],
    };
    let shares = share(&price, &sharing).unwrap();
    // 12 % instead of 10 % for the home utility; the owner has its 15 %.
    assert_eq!(shares.home, Micro(1_764_000));
    assert_eq!(shares.owner, Micro(2_205_000));
    assert_eq!(shares.visited, Micro(10_731_000));
}

/// Fuel decides between a rule's price and the base price, so it may never change unnoticed: another version of the interpreter is
/// another version of the protocol.
#[test]
fn the_worked_example_uses_the_same_fuel_as_ever() {
    let module = module(SOLAR);
    let id = module.id().hex();
    let fuel = rated(module, MAX_RULE_FUEL).rule.unwrap().fuel;
    assert_eq!(
        (id.as_str(), fuel),
        (
            "dd427828a9cc96c462b7bafd187399bcafa09f15b48a2c70643a30835c5bb791",
            295
        )
    );
}

#[test]
fn one_unit_of_fuel_less_than_needed_falls_back() {
    let needed = rated(module(SOLAR), MAX_RULE_FUEL).rule.unwrap().fuel;
    assert_eq!(
        rated(module(SOLAR), needed).rule.unwrap().verdict,
        RuleVerdict::Used
    );
    let short = rated(module(SOLAR), needed - 1);
    let note = short.rule.unwrap();
    assert_eq!(note.verdict, RuleVerdict::FellBack(RuleFault::OutOfFuel));
    assert_eq!(note.fuel, needed - 1);
    assert_base(short);
}

#[test]
fn the_corridor_holds_a_rule() {
    for (answer, want) in [
        ("(i64.const 0)", 200_000),
        ("(i64.const 199999)", 200_000),
        ("(i64.const 600000)", 600_000),
        ("(i64.const 600001)", 600_000),
        ("(i64.const 9223372036854775807)", 600_000),
    ] {
        let price = rated(pricing(answer), 1_000);
        let line = &price.lines[0];
        assert_eq!(line.unit_price, Micro(want), "{answer}");
        assert_eq!(line.clamped, answer != "(i64.const 600000)", "{answer}");
        assert_eq!(price.rule.unwrap().verdict, RuleVerdict::Used);
    }
}

#[test]
fn nonsense_falls_back_and_says_so() {
    for answer in ["(i64.const -2)", "(i64.const -9223372036854775808)"] {
        let price = rated(pricing(answer), 1_000);
        assert_eq!(
            price.rule.unwrap().verdict,
            RuleVerdict::FellBack(RuleFault::Garbage)
        );
        assert_base(price);
    }
    // A share of more than the owner leaves, whatever the price was.
    let greedy = answering(
        "(if (result i64) (i64.eq (i64.load (i32.const 8)) (i64.const 1)) (then (i64.const 300000)) (else (i64.const 8501)))",
    );
    let price = rated(greedy, 1_000);
    assert_eq!(
        price.rule.unwrap().verdict,
        RuleVerdict::FellBack(RuleFault::Garbage)
    );
    assert_base(price);
}

#[test]
fn a_rule_may_leave_everything_to_the_base_rule() {
    let price = rated(answering("(i64.const -1)"), 1_000);
    assert_eq!(price.rule.unwrap().verdict, RuleVerdict::Declined);
    assert_base(price);
}

#[test]
fn a_price_over_the_cap_of_a_charge_falls_back() {
    let dear = BoundRule::new(
        pricing("(i64.const 600000)"),
        1_000,
        SPLIT,
        Micro(24_499_999),
    );
    let tariff = CompiledTariff::compile_with(&flat_tariff(), ZONE, Some(dear)).unwrap();
    let price = rate(&tariff, &corridor(), &afternoon()).unwrap();
    assert_eq!(
        price.rule.unwrap().verdict,
        RuleVerdict::FellBack(RuleFault::OverCap)
    );
    assert_base(price);
    let just = BoundRule::new(
        pricing("(i64.const 600000)"),
        1_000,
        SPLIT,
        Micro(24_500_000),
    );
    let tariff = CompiledTariff::compile_with(&flat_tariff(), ZONE, Some(just)).unwrap();
    assert_eq!(
        rate(&tariff, &corridor(), &afternoon()).unwrap().total,
        Micro(24_500_000)
    );
}

#[test]
fn what_is_free_stays_free() {
    let free = tariff(vec![always(vec![component(Dimension::Energy, 0)])]);
    let rule = bound(pricing("(i64.const 600000)"), 1_000);
    let tariff = CompiledTariff::compile_with(&free, ZONE, Some(rule)).unwrap();
    let price = rate(&tariff, &corridor(), &afternoon()).unwrap();
    assert_eq!(price.total, Micro::ZERO);
}

#[test]
fn a_rule_sees_load_and_local_time_and_every_period() {
    // The answer is made of words: load, local offset in minutes, number of periods, energy of the second.
    let probe = pricing(
        "(i64.add (i64.load (i32.const 48)) (i64.add (i64.div_s (i64.load (i32.const 88)) (i64.const 60000)) (i64.add (i64.load (i32.const 144)) (i64.div_u (i64.load (i32.const 208)) (i64.const 1000)))))",
    );
    let adjustments = Adjustments {
        load_bps: 250_000,
        corridor: Adjustments::NEUTRAL.corridor,
        ..corridor()
    };
    let price = rate(&with(probe, 10_000), &adjustments, &afternoon()).unwrap();
    assert_eq!(price.lines[0].unit_price, Micro(250_000 - 240 + 2 + 10_000));
}

#[test]
fn offers_and_screens_show_the_rules_price() {
    let tariff = with(module(SOLAR), MAX_RULE_FUEL);
    let noon = at("2026-06-01T12:00:00-04:00");
    let night = at("2026-06-01T23:00:00-04:00");
    assert_eq!(
        price_per_kwh_now(&tariff, &corridor(), noon),
        Some(Micro(340_000))
    );
    assert_eq!(
        price_per_kwh_now(&tariff, &corridor(), night),
        Some(Micro(400_000))
    );
    let expected = Expected {
        energy: fairway_model::Energy(20_000_000),
        power_w: 50_000,
        parking_ms: 0,
        spread_bps: 1_000,
    };
    let estimate = quote(&tariff, &corridor(), &expected, noon).unwrap();
    assert_eq!(estimate.expected, Micro(7_300_000));
    assert_eq!(estimate.breakdown.rule.unwrap().verdict, RuleVerdict::Used);
    let lines = describe(&tariff, &corridor(), noon);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("agreed by both utilities")),
        "{lines:?}"
    );
}

#[test]
fn parking_and_fees_are_no_business_of_a_rule() {
    let day = tariff(vec![always(vec![
        component(Dimension::Energy, 400_000),
        component(Dimension::ParkingTime, 1_000_000),
    ])]);
    let rule = bound(pricing("(i64.const 300000)"), 1_000);
    let tariff = CompiledTariff::compile_with(&day, ZONE, Some(rule)).unwrap();
    let begin = at("2026-06-01T15:00:00-04:00");
    let charge = usage(
        vec![charging(begin, 10_000_000), parking(begin.plus(3_600_000))],
        begin.plus(7_200_000),
    );
    let price = rate(&tariff, &corridor(), &charge).unwrap();
    assert_eq!(price.total, Micro(4_000_000));
}
