//! What charges came to, and what operators choose partners by, as the pages of a member ask.

use crate::setup::*;
use crate::world::World;
use fairway_model::credit::CreditReason;
use fairway_model::{Currency, MemberId, Micro};
use fairway_utility::command::{
    CaseCommand, Command, MoneyCommand, MoneyReply, Reply, StatementRequest,
};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, HourPricesAsked};
use fairway_utility::results::{ResultKind, ResultPart, ResultsView};
use fairway_utility::roaming::{PartnerView, TermsCommand};

fn desk(world: &mut World, member: MemberId, question: DeskQuestion) -> DeskAnswer {
    match world.command(member, Command::Desk(question)) {
        Ok(Reply::Desk(answer)) => *answer,
        other => panic!("{other:?}"),
    }
}

fn results(world: &mut World, member: MemberId, month: Option<(i64, i64)>) -> ResultsView {
    match desk(world, member, DeskQuestion::Results(month)) {
        DeskAnswer::Results(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn part(view: &ResultsView, kind: ResultKind, partner: Option<MemberId>) -> ResultPart {
    let found = view
        .lines
        .iter()
        .find(|l| l.kind == kind && l.partner == partner);
    found
        .unwrap_or_else(|| panic!("no {kind:?} in {view:?}"))
        .now
}

/// The sum of the member's own accounts whose names begin so.
fn held(world: &World, member: MemberId, prefix: &str) -> i64 {
    let books = world.utility(member).books().unwrap();
    let some = books
        .accounts
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    some.map(|(_, amount)| amount.0).sum()
}

/// What the ledger's statement of the member has with a partner.
fn stated(world: &mut World, member: MemberId, partner: MemberId) -> Micro {
    let request = StatementRequest {
        partner,
        currency: Currency::USD,
        cycle: None,
    };
    match world.command(member, Command::Money(MoneyCommand::Statement(request))) {
        Ok(Reply::Money(MoneyReply::Statement(statement))) => statement.total,
        other => panic!("{other:?}"),
    }
}

#[test]
fn results_are_what_accounts_and_statements_hold() {
    let mut world = world();
    let abroad = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    Driver::at(duke(), 2).charge(&mut world, &cin(duke(), 1));
    world.run(5_000);
    let credit = CaseCommand::Credit {
        session: abroad,
        amount: Micro(1_000_000),
        reason: CreditReason::Service,
    };
    world.command(duke(), Command::Case(credit)).unwrap();
    world.run(5_000);
    for (member, partner, kind) in [
        (duke(), alabama(), ResultKind::Inbound),
        (alabama(), duke(), ResultKind::Outbound),
    ] {
        let newest = results(&mut world, member, None).months[0];
        let view = results(&mut world, member, Some(newest));
        let (roaming, all) = (part(&view, kind, None), part(&view, ResultKind::All, None));
        assert_eq!(
            roaming,
            part(&view, kind, Some(partner)),
            "there is one partner"
        );
        assert_eq!((roaming.charges, roaming.credits), (1, 1));
        assert_eq!(roaming.credited, Micro(1_000_000));
        assert_eq!(
            all.net.0,
            held(&world, member, "revenue:") + held(&world, member, "shortfall")
        );
        assert_eq!(all.owners.0, held(&world, member, "owner:"));
        assert_eq!(all.taxes.0, held(&world, member, "tax:"));
        let owed = if kind == ResultKind::Inbound {
            Micro(roaming.billed.0 - roaming.partners.0)
        } else {
            Micro(-roaming.partners.0)
        };
        assert_eq!(stated(&mut world, member, partner), owed);
        let later = (newest.0 + 1, newest.1);
        assert_eq!(results(&mut world, member, Some(later)).lines, []);
    }
    let here = results(&mut world, duke(), None).months[0];
    let view = results(&mut world, duke(), Some(here));
    let own = part(&view, ResultKind::Own, None);
    assert_eq!((own.charges, own.partners), (1, Micro::ZERO));
    let whole = part(&view, ResultKind::All, None);
    assert_eq!(whole.charges, 2);
    let inbound = part(&view, ResultKind::Inbound, None);
    assert_eq!(whole.billed.0, own.billed.0 + inbound.billed.0);
    assert_eq!(view.names.len(), 1);
    // The month after, they are those of the month before.
    let next = if here.1 == 12 {
        (here.0 + 1, 1)
    } else {
        (here.0, here.1 + 1)
    };
    let after = results(&mut world, duke(), Some(next));
    assert_eq!(after.before, here);
    let own_before = after
        .lines
        .iter()
        .find(|l| l.kind == ResultKind::Own)
        .unwrap();
    assert_eq!(
        (own_before.before, own_before.now),
        (own, ResultPart::default())
    );
    // All of it is in the rows.
    world.restart(duke());
    assert_eq!(results(&mut world, duke(), Some(here)), view);
}

fn partner(world: &mut World, member: MemberId, of: MemberId) -> PartnerView {
    match world.command(member, Command::Terms(TermsCommand::Partners)) {
        Ok(Reply::Partners(all)) => all.into_iter().find(|p| p.member == of).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_partner_is_shown_with_its_price_and_how_charges_there_went() {
    let mut world = world();
    let before = partner(&mut world, alabama(), duke());
    assert_eq!(before.outcomes.attempts, 0);
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let seen = partner(&mut world, alabama(), duke());
    assert_eq!((seen.outcomes.attempts, seen.outcomes.charged), (1, 1));
    assert_eq!(seen.dues, before.dues);
    let terms = agreement(alabama(), duke());
    let names: Vec<&str> = seen.prices.iter().map(|p| p.tariff.as_str()).collect();
    let tariffs: Vec<&str> = terms.tariffs.iter().map(|t| t.id.as_str()).collect();
    assert_eq!(names, tariffs);
    let first = &seen.prices[0];
    assert_eq!((first.currency, first.load_bps), (Currency::USD, 10_000));
    assert_eq!(first.price, Some(Micro(360_000)));
    // An hour's price follows its multiplier and keeps the corridor.
    let at = world.now;
    let asked = HourPricesAsked {
        agreement: terms.id(),
        tariff: "standard".to_owned(),
        times: vec![(at, 10_000), (at, 12_000), (at, 1_000_000)],
    };
    let DeskAnswer::HourPrices(prices) = desk(
        &mut world,
        alabama(),
        DeskQuestion::HourPrices(asked.clone()),
    ) else {
        panic!("another answer")
    };
    let cap = terms.corridor.cap;
    assert_eq!(
        prices,
        [Some(Micro(360_000)), Some(Micro(432_000)), Some(cap)]
    );
    for wrong in [
        HourPricesAsked {
            tariff: "none such".to_owned(),
            ..asked.clone()
        },
        HourPricesAsked {
            times: vec![(at, 10_000); 49],
            ..asked
        },
    ] {
        let question = Command::Desk(DeskQuestion::HourPrices(wrong));
        assert!(world.command(alabama(), question).is_err());
    }
}
