//! A charge under an agreement with a custom rule: both utilities, the station's screen, the contract and the bill agree on its
//! price, also after both were restarted; a rule that fails leaves the base price.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::worded;
use fairway_model::{Agreement, Hash, Micro, RuleFault, RuleVerdict};
use fairway_utility::command::Command;

/// Price: 0.30 per kWh whatever the tariff says. Share: 20 % for the home utility.
const FIXED: &str = "(if (result i64) (i64.eq (i64.load (i32.const 8)) (i64.const 1)) (then (i64.const 300000)) (else (i64.const 2000)))";

fn module(body: &str) -> Vec<u8> {
    wat::parse_str(format!(
        "(module (memory (export \"memory\") 1) (func (export \"rule\") (param i32) (result i64) {body}))"
    ))
    .unwrap()
}

/// A second version of the agreement for Alabama's drivers at Duke's stations, with the rule.
fn amend(world: &mut World, module: &[u8]) -> Agreement {
    let terms = worded(Agreement {
        version: 2,
        rule: Some(Hash::plain(module)),
        rule_fuel: Some(5_000),
        ..agreement(alabama(), duke())
    });
    let upload = Command::UploadRule {
        module: module.to_vec(),
    };
    world.command(duke(), upload).unwrap();
    world.run(3_000);
    world
        .command(duke(), Command::ProposeAgreement(Box::new(terms.clone())))
        .unwrap();
    world.run(3_000);
    world
        .command(alabama(), Command::Countersign(terms.id()))
        .unwrap();
    world.run(3_000);
    terms
}

#[test]
fn both_utilities_and_the_contract_price_with_the_rule() {
    let mut world = world();
    let terms = amend(&mut world, &module(FIXED));
    // The modules come back with the other rows.
    world.restart(duke());
    world.restart(alabama());
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    // 0.30 less 5 % for Gold.
    assert_eq!(view.price_per_kwh, Micro(285_000));
    assert!(
        view.lines
            .iter()
            .any(|l| l.contains("agreed by both utilities"))
    );
    driver.consent(&mut world, true);
    driver.begin_and_end(&mut world);
    world.run(5_000);
    driver.listen(&mut world);
    // 10 kWh at 0.30 and 0.50 once, less 5 % for Gold, plus 6 %: 3.50 * 0.95 * 1.06 = 3.5245.
    assert_eq!(driver.bills()[0].total, Micro(3_520_000));
    assert_clean(&world);
    let trace = world.utility(duke()).session_trace(view.session).unwrap();
    let event = trace.event.unwrap().event;
    assert_eq!(event.agreement, terms.id());
    // 20 % of 3.50 less the whole discount, which home bears.
    assert_eq!(event.shares.home, Micro(700_000 - 175_000));
    let note = trace.breakdown.unwrap().rule.unwrap();
    assert_eq!(
        (note.verdict, note.home_bps),
        (RuleVerdict::Used, Some(2_000))
    );
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn a_rule_that_traps_leaves_the_base_price_on_both_sides() {
    let mut world = world();
    amend(&mut world, &module("(unreachable)"));
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let trace = world.utility(alabama()).session_trace(session).unwrap();
    assert_eq!(trace.event.unwrap().event.total, Micro(4_130_000));
    let note = trace.breakdown.unwrap().rule.unwrap();
    assert_eq!(note.verdict, RuleVerdict::FellBack(RuleFault::Trapped));
    assert_clean(&world);
}
