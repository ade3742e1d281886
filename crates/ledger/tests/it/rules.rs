//! Custom rules on the ledger: uploaded, named in terms, run at settlement, fallen back from in the receipt's sight.

use crate::world::{
    Charge, World, agreement, countersign, evse, place, propose, settle, signed, usd,
};
use expect_test::expect;
use fairway_ledger::rules::{RuleEffect, RuleOperation};
use fairway_ledger::{Effect, Operation, Receipt, Settlement, admissible, worded};
use fairway_model::canonical::Canonical;
use fairway_model::{Agreement, Micro, RuleFault, RuleVerdict};
use fairway_pricing::{MAX_RULE_BYTES, RuleModule, rule_id};

const SOLAR: &str = include_str!("../../../../docs/examples/rule/solar.wat");

fn compiled(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

pub(crate) fn upload(module: Vec<u8>) -> Operation {
    Operation::Rule(RuleOperation::Upload { module })
}

pub(crate) fn answering(expression: &str) -> Vec<u8> {
    compiled(&format!(
        "(module (memory (export \"memory\") 1) (func (export \"rule\") (param i32) (result i64) {expression}))"
    ))
}

fn with_rule(module: &[u8], fuel: u64) -> Agreement {
    worded(Agreement {
        rule: Some(rule_id(module)),
        rule_fuel: Some(fuel),
        ..agreement("APC", "DUK", 1)
    })
}

/// A charge of 20 kWh under an agreement with this rule, everything before its settlement done.
fn prepared(module: &[u8], fuel: u64) -> (World, Charge) {
    let terms = with_rule(module, fuel);
    let mut charge = Charge::new("APC", "DUK", 1);
    charge.guarantee.agreement = terms.id();
    charge.agreement = terms;
    charge.rule = Some(RuleModule::read(module).unwrap());
    let mut world = World::new();
    world.must("DUK", Operation::RegisterEvse(Box::new(evse("DUK"))));
    world.must("DUK", upload(module.to_vec()));
    world.must("DUK", propose(&charge.agreement, "DUK"));
    world.must("APC", countersign(&charge.agreement, "APC"));
    world.must("DUK", place(&charge));
    (world, charge)
}

fn settled(module: &[u8], fuel: u64) -> (Receipt, Charge) {
    let (mut world, charge) = prepared(module, fuel);
    (world.must("DUK", settle(charge.settlement())), charge)
}

fn total(receipt: &Receipt) -> Micro {
    let Some(Effect::ChargeSettled { total, .. }) = receipt.effect() else {
        unreachable!("{receipt:?}")
    };
    *total
}

#[test]
fn an_upload_is_known_by_its_hash_and_taken_once() {
    let mut world = World::new();
    let module = compiled(SOLAR);
    let receipt = world.must("APC", upload(module.clone()));
    let rule = rule_id(&module);
    assert_eq!(
        receipt.effect(),
        Some(&Effect::Rule(RuleEffect::Uploaded { rule }))
    );
    let again = world.outcome("DUK", upload(module.clone()));
    assert!(again.contains("was uploaded by US*APC in block"), "{again}");
    let witness = world.outcome("REG", upload(answering("(i64.const 1)")));
    assert!(witness.contains("US*REG is a witness"), "{witness}");
}

#[test]
fn a_member_keeps_a_bounded_number_of_rules() {
    let mut world = World::new();
    for n in 0..64 {
        world.must("APC", upload(answering(&format!("(i64.const {n})"))));
    }
    let one_more = world.outcome("APC", upload(answering("(i64.const 64)")));
    assert!(one_more.contains("at most 64 are kept"), "{one_more}");
    world.must("DUK", upload(answering("(i64.const 64)")));
}

#[test]
fn a_bad_module_is_refused_on_admission_by_name() {
    let mut world = World::new();
    let floats = compiled("(module (func (result f64) (f64.const 1)))");
    for (module, words) in [
        (floats, "rule-invalid: floating point at byte"),
        (b"no wasm".to_vec(), "rule-invalid: no WebAssembly module"),
        (
            vec![0; MAX_RULE_BYTES + 1],
            "too-large: the module has 32769 bytes",
        ),
    ] {
        let tx = world.sign("APC", upload(module));
        let refusal = admissible(crate::world::CHAIN, &tx)
            .unwrap_err()
            .to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
}

/// The largest module fits into a transaction.
#[test]
fn the_largest_module_can_be_uploaded() {
    let mut module = answering("(i64.const 1)");
    // A custom section fills it up: id 0, length, an empty name, zeros.
    let rest = MAX_RULE_BYTES - module.len() - 4;
    let length = u8::try_from(rest & 0x7f).unwrap() | 0x80;
    let (middle, high) = (rest >> 7 & 0x7f, rest >> 14);
    module.extend([0, length, u8::try_from(middle).unwrap() | 0x80]);
    module.push(u8::try_from(high).unwrap());
    module.resize(MAX_RULE_BYTES, 0);
    let mut world = World::new();
    world.must("APC", upload(module));
}

#[test]
fn terms_name_only_rules_that_are_stored_and_fuel_that_may_be_granted() {
    let mut world = World::new();
    let module = compiled(SOLAR);
    let unknown = world.outcome("DUK", propose(&with_rule(&module, 1_000), "DUK"));
    assert!(
        unknown.contains("is not on this chain; upload it first"),
        "{unknown}"
    );
    world.must("APC", upload(module.clone()));
    let hungry = world.outcome("DUK", propose(&with_rule(&module, 1_000_001), "DUK"));
    assert!(
        hungry.contains("rule fuel of 1000001 is over 1000000"),
        "{hungry}"
    );
    world.must("DUK", propose(&with_rule(&module, 1_000_000), "DUK"));
}

#[test]
fn the_worked_example_settles_with_its_own_price_and_shares() {
    let (receipt, charge) = settled(&compiled(SOLAR), 10_000);
    let base = Charge::new("APC", "DUK", 1).event();
    // The charge begins at 2 o'clock in the night: no sun, and under 30 kWh no other share.
    assert_eq!(total(&receipt), base.total);
    let uses = receipt.rules.unwrap();
    assert_eq!((uses.len(), uses[0].session), (1, charge.session));
    assert_eq!(uses[0].note.verdict, RuleVerdict::Used);
    assert_eq!(uses[0].note.rule, charge.agreement.rule.unwrap());

    let half = answering(
        "(if (result i64) (i64.eq (i64.load (i32.const 8)) (i64.const 1))
           (then (i64.div_s (i64.load (i32.const 24)) (i64.const 2))) (else (i64.const 9000)))",
    );
    let (receipt, charge) = settled(&half, 10_000);
    let event = charge.event();
    assert_eq!(total(&receipt), event.total);
    assert!(event.total < base.total);
    // Half of 0.378 lies under the corridor's floor of 0.20; home has 90 % of the net price, the owner its 10 %, visited the rounding.
    assert!(event.shares.home > event.shares.owner);
    assert!(event.shares.visited < usd("0.01"), "{:?}", event.shares);
}

#[test]
fn a_failing_rule_settles_at_the_base_price_in_the_receipts_sight() {
    let base = Charge::new("APC", "DUK", 1).event();
    for (body, fault) in [
        ("(unreachable)", RuleFault::Trapped),
        ("(loop $l (br $l)) (i64.const 0)", RuleFault::OutOfFuel),
        ("(i64.const -7)", RuleFault::Garbage),
    ] {
        let (receipt, charge) = settled(&answering(body), 10_000);
        assert_eq!(total(&receipt), base.total, "{body}");
        assert_eq!(charge.event().shares, base.shares, "{body}");
        let uses = receipt.rules.unwrap();
        assert_eq!(uses[0].note.verdict, RuleVerdict::FellBack(fault), "{body}");
    }
}

#[test]
fn without_a_rule_nothing_is_said() {
    let mut world = World::ready();
    let charge = Charge::new("APC", "DUK", 1);
    world.must("DUK", place(&charge));
    let receipt = world.must("DUK", settle(charge.settlement()));
    assert_eq!(receipt.rules, None);
}

#[test]
fn a_price_without_the_rule_and_a_rule_without_the_claim_are_refused() {
    let module = answering(
        "(if (result i64) (i64.eq (i64.load (i32.const 8)) (i64.const 1)) (then (i64.const 200000)) (else (i64.const -1)))",
    );
    let (mut world, charge) = prepared(&module, 10_000);
    let mut honest = charge.settlement();
    let unclaimed = Settlement {
        rule: None,
        ..honest.clone()
    };
    let outcome = world.outcome("DUK", settle(unclaimed));
    assert!(outcome.contains("the operation names none"), "{outcome}");
    let wrong = Settlement {
        rule: Some(rule_id(b"another")),
        ..honest.clone()
    };
    let outcome = world.outcome("DUK", settle(wrong));
    assert!(outcome.contains("id-conflict"), "{outcome}");

    // Both parties signed the base price, which the rule does not give.
    let mut base = charge.clone();
    base.rule = None;
    let event = base.event();
    let mistaken = Settlement {
        rule: charge.agreement.rule,
        ..signed(event)
    };
    let outcome = world.outcome("DUK", settle(mistaken));
    assert!(outcome.contains("price-wrong"), "{outcome}");
    honest.rule = charge.agreement.rule;
    world.must("DUK", settle(honest));
}

/// State and receipt survive their own bytes.
#[test]
fn receipts_with_rules_are_canonical() {
    let (receipt, _) = settled(&answering("(unreachable)"), 10_000);
    let bytes = receipt.to_bytes();
    assert_eq!(Receipt::from_bytes(&bytes).unwrap(), receipt);
    expect![[r#"FellBack(Trapped)"#]]
        .assert_eq(&format!("{:?}", receipt.rules.unwrap()[0].note.verdict));
}
