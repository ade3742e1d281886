//! A charge that is shared by the Shapley value: bill, both traces and both statements show rule, figures and shares.

use crate::money::ask;
use crate::setup::*;
use crate::world::World;
use fairway_ledger::worded;
use fairway_model::{AdHoc, Agreement, Costs, Currency, MemberId, Micro, SplitKind, SplitRule};
use fairway_utility::command::{
    Command, MoneyCommand, MoneyReply, Reply, StatementLine, StatementRequest,
};

/// 10 kWh cost 1.50 and the charge 0.10; on the spot they would bring 3.00 in one case of two.
const RULE: SplitRule = SplitRule::Shapley {
    costs: Costs {
        energy_per_kwh: Micro(100_000),
        network_per_kwh: Micro(50_000),
        per_charge: Micro(100_000),
    },
    ad_hoc: AdHoc {
        price_per_kwh: Micro(300_000),
        chance_bps: 5_000,
    },
};

/// A second version of the agreement for Alabama's drivers at Duke's stations, with the rule.
fn amend(world: &mut World) {
    let terms = worded(Agreement {
        version: 2,
        split_rule: Some(RULE),
        ..agreement(alabama(), duke())
    });
    let propose = Command::ProposeAgreement(Box::new(terms.clone()));
    world.command(duke(), propose).unwrap();
    world.run(3_000);
    world
        .command(alabama(), Command::Countersign(terms.id()))
        .unwrap();
    world.run(3_000);
}

fn charge_line(world: &mut World, member: MemberId, partner: MemberId) -> StatementLine {
    let request = StatementRequest {
        partner,
        currency: Currency::USD,
        cycle: None,
    };
    let MoneyReply::Statement(statement) = ask(world, member, MoneyCommand::Statement(request))
    else {
        panic!("no statement")
    };
    statement.lines[0].clone()
}

#[test]
fn bill_traces_and_statements_show_rule_and_shares() {
    let mut world = world();
    amend(&mut world);
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    // Net 4.10 less costs of 1.60 is S = 2.50; A is half of 3.00 less the costs, 0.70. Home bears the discount of 0.205; visited has
    // the rounding of 0.0013.
    let bill = Command::Bill {
        cin: cin(alabama(), 1),
        year: 2026,
        month: 11,
    };
    let Ok(Reply::Bill(bill)) = world.command(alabama(), bill) else {
        panic!("no bill")
    };
    let note = bill.lines[0].shared.unwrap();
    let d = note.division;
    assert_eq!(d.kind, SplitKind::Shapley);
    assert_eq!(
        [d.costs, d.surplus, d.alone],
        [1_600_000, 2_500_000, 700_000].map(Micro)
    );
    assert_eq!(
        [d.home, d.visited, d.owner],
        [600_000, 2_550_000, 950_000].map(Micro)
    );
    let fixed = note.by_parts;
    assert_eq!(
        [fixed.home, fixed.visited, fixed.owner],
        [410_000, 2_870_000, 820_000].map(Micro)
    );
    let s = note.shares;
    assert_eq!(
        [s.home, s.visited, s.owner, s.tax],
        [395_000, 2_551_300, 950_000, 233_700].map(Micro)
    );
    for (member, partner) in [(alabama(), duke()), (duke(), alabama())] {
        let trace = world.utility(member).session_trace(session).unwrap();
        assert_eq!(trace.shared, Some(note), "{member}");
        let shared = charge_line(&mut world, member, partner).shared.unwrap();
        assert_eq!((shared.kind, shared.shares), (SplitKind::Shapley, s));
    }
    assert_clean(&world);
}
