//! Netting, obligations and tokens as the members' own programs run them.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::key_for_position;
use fairway_ledger::money::state::PositionState;
use fairway_ledger::money::{Mint, MoneyOperation, ObligationId, PaymentReceived, Pledge, Reserve};
use fairway_model::canonical::Canonical as _;
use fairway_model::time::{DAY, MINUTE};
use fairway_model::{Currency, Hash, MemberId, Micro, RefusalCode};
use fairway_utility::command::{
    Command, CycleView, ExposureView, LineKind, MoneyCommand, MoneyPolicy, MoneyReply,
    ObligationView, Policy, Reply, Statement, StatementRequest, TokenView,
};
use fairway_utility::door::Level;

const USD: Currency = Currency::USD;

pub(crate) fn ask(world: &mut World, member: MemberId, command: MoneyCommand) -> MoneyReply {
    let Ok(Reply::Money(reply)) = world.command(member, Command::Money(command)) else {
        panic!()
    };
    reply
}

fn cycles(world: &mut World, member: MemberId) -> Vec<CycleView> {
    let MoneyReply::Cycles(cycles) = ask(world, member, MoneyCommand::Cycles) else {
        panic!()
    };
    cycles
}

fn obligations(world: &mut World, member: MemberId) -> Vec<ObligationView> {
    let MoneyReply::Obligations(all) = ask(world, member, MoneyCommand::Obligations) else {
        panic!()
    };
    all
}

fn tokens(world: &mut World, member: MemberId) -> Vec<TokenView> {
    let MoneyReply::Tokens(all) = ask(world, member, MoneyCommand::Tokens) else {
        panic!()
    };
    all
}

fn statement(
    world: &mut World,
    member: MemberId,
    partner: MemberId,
    of: Option<&CycleView>,
) -> Statement {
    let request = StatementRequest {
        partner,
        currency: USD,
        cycle: of.map(|view| view.summary.cycle),
    };
    let MoneyReply::Statement(statement) = ask(world, member, MoneyCommand::Statement(request))
    else {
        panic!()
    };
    *statement
}

fn hand_in(world: &mut World, member: MemberId, operation: MoneyOperation) {
    let command = MoneyCommand::HandIn(Box::new(operation));
    assert_eq!(
        world.command(member, Command::Money(command)),
        Ok(Reply::Submitted)
    );
    world.run(2_000);
}

/// One charge of Alabama's driver at Duke's station; then the next day begins.
fn charged() -> World {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    assert_clean(&world);
    next_day(&mut world);
    world
}

fn next_day(world: &mut World) {
    let midnight = DAY - world.now.0.rem_euclid(DAY);
    world.sleep(midnight + MINUTE);
    world.run(5_000);
}

fn pays_by_itself(world: &mut World, member: MemberId) {
    let policy = Policy {
        money: Some(MoneyPolicy {
            auto_pay: true,
            warn_days: 20,
        }),
        ..policy(2)
    };
    world
        .command(member, Command::PutPolicy(Box::new(policy)))
        .unwrap();
}

#[test]
fn both_close_the_cycle_and_it_is_closed_once() {
    let mut world = charged();
    let (apc, duk) = (cycles(&mut world, alabama()), cycles(&mut world, duke()));
    assert_eq!(apc.len(), 1);
    assert_eq!(apc[0].summary, duk[0].summary);
    let transfer = apc[0].summary.transfers[0];
    assert_eq!((transfer.debtor, transfer.creditor), (alabama(), duke()));
    for (member, partner) in [(alabama(), duke()), (duke(), alabama())] {
        let netted = statement(&mut world, member, partner, Some(&apc[0]));
        assert_eq!(netted.lines.len(), 1);
        assert_eq!(netted.lines[0].kind, LineKind::Charge);
        assert!(netted.lines[0].session.is_some());
        assert_eq!(netted.other, Micro::ZERO, "every amount has its line");
        let open = statement(&mut world, member, partner, None);
        assert_eq!(open.total.0.abs(), transfer.carried.0);
        assert_eq!(open.other, Micro::ZERO);
        let obligations = obligations(&mut world, member);
        assert_eq!(obligations[0].open, transfer.amount);
    }
    assert_eq!(world.errors(), Vec::<String>::new());
    assert_eq!(world.utility(alabama()).status().outbox, 0);
    // Another day without charges closes nothing.
    next_day(&mut world);
    assert_eq!(cycles(&mut world, duke()).len(), 1);
    assert_eq!(world.errors(), Vec::<String>::new());
}

/// Both hand it in at once: one wins, the other's refusal is no error.
#[test]
fn a_close_that_comes_second_is_no_error() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    world.ledger_stalled = true;
    let midnight = DAY - world.now.0.rem_euclid(DAY);
    world.sleep(midnight + MINUTE);
    world.ledger_stalled = false;
    world.run(5_000);
    let entries = world.blocks.iter().flat_map(|block| &block.entries);
    let receipts = entries.map(|entry| entry.content.as_ref().unwrap().1.clone());
    let refused: Vec<_> = receipts.filter_map(|r| r.refusal().cloned()).collect();
    // What was handed in again while nothing was final is refused as well, by its own name.
    let codes = [RefusalCode::CycleClosed, RefusalCode::Duplicate];
    assert!(
        refused.iter().all(|r| codes.contains(&r.code)),
        "{refused:?}"
    );
    assert!(refused.iter().any(|r| r.code == codes[0]), "{refused:?}");
    assert_eq!(world.errors(), Vec::<String>::new());
    assert_eq!(cycles(&mut world, duke()).len(), 1);
    assert_eq!(world.utility(alabama()).status().outbox, 0);
    assert_eq!(world.utility(duke()).status().outbox, 0);
}

fn fund(world: &mut World) {
    hand_in(
        world,
        duke(),
        MoneyOperation::RegisterIssuer {
            currency: USD,
            cap: Micro(1_000_000_000),
            terms: Hash::plain(b"terms"),
        },
    );
    for member in [alabama(), duke()] {
        hand_in(
            world,
            member,
            MoneyOperation::AcceptIssuer {
                issuer: duke(),
                currency: USD,
                limit: Micro(500_000_000),
            },
        );
    }
    let mint = Mint {
        holder: alabama(),
        currency: USD,
        amount: Micro(100_000_000),
        reserve: Reserve {
            statement: Hash::plain(b"bank"),
            amount: Micro(100_000_000),
            as_of: START,
        },
    };
    hand_in(world, duke(), MoneyOperation::Mint(mint));
}

#[test]
fn an_obligation_is_paid_with_tokens_without_a_human_step() {
    let mut world = world();
    fund(&mut world);
    pays_by_itself(&mut world, alabama());
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    next_day(&mut world);
    let cycle = cycles(&mut world, alabama()).remove(0);
    let paid = cycle.summary.transfers[0].amount;
    assert!(paid > Micro::ZERO);
    for member in [alabama(), duke()] {
        let obligation = obligations(&mut world, member).remove(0);
        assert_eq!((obligation.amount, obligation.open), (paid, Micro::ZERO));
    }
    let held = tokens(&mut world, alabama()).remove(0);
    assert_eq!(held.balance, Micro(100_000_000).minus(paid).unwrap());
    assert_eq!(world.errors(), Vec::<String>::new());
    // A restart in between changes nothing and pays nothing twice.
    let before = world.utility(alabama()).fingerprint();
    world.restart(alabama());
    assert_eq!(world.utility(alabama()).fingerprint(), before);
    next_day(&mut world);
    assert_eq!(
        tokens(&mut world, alabama()).remove(0).balance,
        held.balance
    );
}

#[test]
fn what_falls_due_is_warned_of_and_interest_is_charged_by_the_creditor() {
    let mut world = charged();
    pays_by_itself(&mut world, alabama());
    next_day(&mut world);
    let warned = |world: &World, level, what: &str| {
        let lines = world.logs.iter();
        lines
            .filter(|(member, line)| {
                *member == alabama() && line.level == level && line.text.contains(what)
            })
            .count()
    };
    assert_eq!(warned(&world, Level::Warn, "due on"), 1);
    let before = obligations(&mut world, duke()).remove(0);
    world.sleep(20 * DAY);
    world.run(5_000);
    assert_eq!(warned(&world, Level::Error, "overdue since"), 1);
    let after = obligations(&mut world, duke()).remove(0);
    assert!(after.overdue && after.open > before.open, "{after:?}");
    assert_eq!(after.accrued, Micro::ZERO);
    let id: ObligationId = after.id;
    hand_in(
        &mut world,
        duke(),
        MoneyOperation::PaymentReceived(PaymentReceived {
            obligation: id,
            amount: after.open,
            reference: Hash::plain(b"bank"),
        }),
    );
    assert_eq!(obligations(&mut world, alabama())[0].open, Micro::ZERO);
}

/// An operator's own operation that the ledger refuses is an error in his log, and is not repeated.
#[test]
fn an_operators_refused_operation_is_told() {
    let mut world = world();
    let transfer = MoneyOperation::Transfer {
        to: duke(),
        issuer: duke(),
        currency: USD,
        amount: Micro(1),
        note: Hash::default(),
    };
    hand_in(&mut world, alabama(), transfer.clone());
    let errors = world.errors();
    assert!(errors[0].contains("tokens-missing"), "{errors:?}");
    assert_eq!(world.utility(alabama()).status().outbox, 0);
    let nothing = MoneyOperation::Transfer {
        to: duke(),
        issuer: duke(),
        currency: USD,
        amount: Micro::ZERO,
        note: Hash::default(),
    };
    let command = MoneyCommand::HandIn(Box::new(nothing));
    let refusal = world.command(alabama(), Command::Money(command));
    assert!(refusal.unwrap_err().text.contains("more than nothing"));
}

fn exposure(
    world: &mut World,
    member: MemberId,
    debtor: MemberId,
    creditor: MemberId,
) -> ExposureView {
    let MoneyReply::Exposures(all) = ask(world, member, MoneyCommand::Exposures) else {
        panic!()
    };
    let mut found = all
        .iter()
        .filter(|e| (e.debtor, e.creditor) == (debtor, creditor));
    let one = found.next().unwrap().clone();
    assert!(found.next().is_none(), "one line a direction");
    one
}

/// Both see what is owed, what is deposited and what is left unsecured, as the contracts reckon it, before and after netting.
#[test]
fn deposited_collateral_shows_in_the_exposure() {
    let mut world = world();
    fund(&mut world);
    let pledge = |amount| Pledge {
        debtor: alabama(),
        creditor: duke(),
        issuer: duke(),
        currency: USD,
        amount: Micro(amount),
    };
    let before = exposure(&mut world, alabama(), alabama(), duke());
    assert_eq!(before.cap, Some(Micro(5_000_000_000)));
    assert_eq!((before.collateral, before.unsecured), Default::default());
    let deposit = MoneyOperation::DepositCollateral(pledge(40_000_000));
    hand_in(&mut world, alabama(), deposit);
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let ledger = |world: &World| -> PositionState {
        let key = key_for_position(alabama(), duke(), USD);
        PositionState::from_bytes(&world.state_of(&key).unwrap()).unwrap()
    };
    for netted in [false, true] {
        if netted {
            next_day(&mut world);
        }
        let true_state = ledger(&world);
        for member in [alabama(), duke()] {
            let seen = exposure(&mut world, member, alabama(), duke());
            assert_eq!(seen.position, true_state.amount);
            assert_eq!(seen.obliged, true_state.obliged.unwrap_or_default());
            assert_eq!(seen.collateral, Micro(40_000_000));
            assert_eq!(Ok(seen.unsecured), true_state.unsecured());
            assert_eq!((seen.obliged > Micro::ZERO), netted);
            // Nothing secures the other direction.
            let other = exposure(&mut world, member, duke(), alabama());
            assert_eq!(other.collateral, Micro::ZERO);
        }
    }
    // A restart keeps it, and what is given back is no longer there.
    world.restart(alabama());
    let release = MoneyOperation::ReleaseCollateral(pledge(10_000_000));
    hand_in(&mut world, alabama(), release);
    for member in [alabama(), duke()] {
        let seen = exposure(&mut world, member, alabama(), duke());
        assert_eq!(seen.collateral, Micro(30_000_000));
        assert_eq!(Ok(seen.unsecured), ledger(&world).unsecured());
    }
    assert_eq!(world.errors(), Vec::<String>::new());
}
