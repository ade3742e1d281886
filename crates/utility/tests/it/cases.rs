//! Credits and disputes as two utilities live them: commands, the partner's signature, what nodes do by themselves, the bill.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::{CaseReply, DisputeReason, Ruling};
use fairway_model::credit::CreditReason;
use fairway_model::time::{DAY, MINUTE};
use fairway_model::{Bill, Hash, MemberId, Micro, SessionId};
use fairway_utility::command::{CaseCommand, CaseView, Command, Reply};

/// A settled charge of 4.13 USD of Alabama's driver at Duke's station.
fn charged() -> (World, SessionId) {
    let mut world = world();
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    (world, session)
}

fn bill(world: &mut World, year: i16, month: u8) -> Bill {
    let command = Command::Bill {
        cin: cin(alabama(), 1),
        year,
        month,
    };
    match world.command(alabama(), command) {
        Ok(Reply::Bill(bill)) => *bill,
        other => panic!("{other:?}"),
    }
}

fn case(world: &mut World, member: MemberId, command: CaseCommand) {
    let reply = world.command(member, Command::Case(command));
    assert_eq!(reply, Ok(Reply::Submitted));
    world.run(5_000);
}

fn shown(world: &mut World, member: MemberId, session: SessionId) -> CaseView {
    match world.command(member, Command::Case(CaseCommand::Show(session))) {
        Ok(Reply::Cases(mut cases)) => cases.remove(0),
        other => panic!("{other:?}"),
    }
}

fn open(session: SessionId, reason: DisputeReason, claimed: i64) -> CaseCommand {
    CaseCommand::Open {
        session,
        reason,
        evidence: Hash::plain(b"evidence"),
        claimed: Micro(claimed),
    }
}

#[test]
fn a_credit_is_signed_by_both_and_comes_on_the_bill() {
    let (mut world, session) = charged();
    case(
        &mut world,
        duke(),
        CaseCommand::Credit {
            session,
            amount: Micro(1_000_000),
            reason: CreditReason::Service,
        },
    );
    let bill = bill(&mut world, 2026, 11);
    assert_eq!((bill.lines.len(), bill.credits.len()), (1, 1));
    assert_eq!(bill.total, Micro(3_130_000));
    assert_eq!(bill.credits[0].session, session);
    assert_eq!(bill.credits[0].reason, "service");
    assert_eq!(world.books()[&alabama()].billed, Micro(3_130_000));
    assert_clean(&world);
    assert_eq!(world.errors(), Vec::<String>::new());
    // All of it is in the rows.
    world.restart(alabama());
    world.restart(duke());
    assert_clean(&world);
}

/// A lossy network and a crash in between change nothing: one credit, one line.
#[test]
fn a_credit_survives_loss_and_restart() {
    let (mut world, session) = charged();
    world.net.lose_percent = 40;
    world.net.double_percent = 30;
    let command = CaseCommand::Credit {
        session,
        amount: Micro(1_000_000),
        reason: CreditReason::Meter,
    };
    let reply = world.command(duke(), Command::Case(command));
    assert_eq!(reply, Ok(Reply::Submitted));
    world.restart(duke());
    world.run(5_000);
    world.restart(alabama());
    world.run(300_000);
    world.net = crate::world::Net::default();
    world.run(120_000);
    assert_eq!(bill(&mut world, 2026, 11).total, Micro(3_130_000));
    assert_clean(&world);
}

#[test]
fn who_may_credit_and_how_much() {
    let (mut world, session) = charged();
    let credit = |amount| CaseCommand::Credit {
        session,
        amount: Micro(amount),
        reason: CreditReason::Price,
    };
    let mut refused = |member, command| {
        let reply = world.command(member, Command::Case(command));
        reply.unwrap_err().to_string()
    };
    assert_eq!(
        refused(alabama(), credit(1_000_000)),
        "not-authorized: US*DUK issues credits of this charge; open a dispute here instead"
    );
    for wrong in [0, -1, 4_130_001] {
        assert!(refused(duke(), credit(wrong)).contains("at most the total"));
    }
    let unknown = CaseCommand::Credit {
        session: SessionId([9; 16]),
        amount: Micro(10_000),
        reason: CreditReason::Price,
    };
    assert!(refused(duke(), unknown).starts_with("session-unknown"));
    // Fractions of a cent are the contract's to refuse: both signed, nothing is booked.
    case(&mut world, duke(), credit(15_000));
    assert_eq!(bill(&mut world, 2026, 11).total, Micro(4_130_000));
    assert!(
        world
            .errors()
            .iter()
            .any(|e| e.contains("whole minor units"))
    );
    assert_clean(&world);
}

/// Nobody of the visited utility looks at the dispute: its node names the meter records before silence decides, and the opener's node
/// closes the case when its time has come.
#[test]
fn nodes_answer_and_close_by_themselves() {
    let (mut world, session) = charged();
    case(
        &mut world,
        alabama(),
        open(session, DisputeReason::MeterEvidence, 0),
    );
    let view = shown(&mut world, duke(), session);
    assert_eq!((view.claimed, view.answered), (Micro(0), None));
    world.sleep(6 * DAY + MINUTE);
    world.run(5_000);
    let view = shown(&mut world, alabama(), session);
    assert_eq!(view.answered, Some(Micro(4_130_000)));
    world.sleep(7 * DAY);
    world.run(20_000);
    let end = shown(&mut world, duke(), session).end.unwrap();
    assert_eq!((end.ruling, end.credited), (Ruling::Answered, Micro(0)));
    assert!(bill(&mut world, 2026, 12).credits.is_empty());
    world.run(900_000);
    assert_clean(&world);
    world.restart(alabama());
    assert_clean(&world);
}

/// A partner that is gone does not keep the money: the rules decide.
#[test]
fn silence_does_not_keep_the_money() {
    let (mut world, session) = charged();
    world.off.insert(duke());
    case(
        &mut world,
        alabama(),
        open(session, DisputeReason::NotTheDriver, 0),
    );
    world.sleep(7 * DAY);
    world.run(20_000);
    let end = shown(&mut world, alabama(), session).end.unwrap();
    assert_eq!(
        (end.ruling, end.credited),
        (Ruling::Unanswered, Micro(4_130_000))
    );
    let (november, december) = (bill(&mut world, 2026, 11), bill(&mut world, 2026, 12));
    let credits: Vec<_> = november.credits.iter().chain(&december.credits).collect();
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].reason, "dispute, unanswered");
    assert_eq!(november.total.0 + december.total.0, 0);
    world.off.clear();
    world.run(900_000);
    assert_clean(&world);
}

#[test]
fn an_offer_is_taken() {
    let (mut world, session) = charged();
    case(
        &mut world,
        alabama(),
        open(session, DisputeReason::Other, 1_000_000),
    );
    let offer = CaseCommand::Answer {
        session,
        opener: alabama(),
        evidence: Hash::plain(b"counter-evidence"),
        reply: CaseReply::Offer(fairway_ledger::CaseClaim::Total(Micro(3_000_000))),
    };
    case(&mut world, duke(), offer);
    case(&mut world, alabama(), CaseCommand::Accept(session));
    let end = shown(&mut world, duke(), session).end.unwrap();
    assert_eq!(
        (end.ruling, end.credited),
        (Ruling::Agreed, Micro(1_130_000))
    );
    assert_eq!(bill(&mut world, 2026, 11).total, Micro(3_000_000));
    assert_clean(&world);
    assert_eq!(world.errors(), Vec::<String>::new());
}

/// What the visited utility claims against itself, home's node accepts at once.
#[test]
fn home_takes_what_it_is_given() {
    let (mut world, session) = charged();
    case(
        &mut world,
        duke(),
        open(session, DisputeReason::Other, 2_000_000),
    );
    world.run(5_000);
    let end = shown(&mut world, alabama(), session).end.unwrap();
    assert_eq!(
        (end.ruling, end.credited),
        (Ruling::Accepted, Micro(2_130_000))
    );
    assert_eq!(bill(&mut world, 2026, 11).total, Micro(2_000_000));
    world.run(900_000);
    assert_clean(&world);
    assert_eq!(world.errors(), Vec::<String>::new());
}
