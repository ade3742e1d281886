//! Cycles, obligations, tokens and collateral: what takes effect, and each refusal with its own words.

use crate::cases::{open, opening};
use crate::table::Table;
use crate::world::{Charge, T0, USD, World, agreement, member, place, settle, usd};
use expect_test::{expect, expect_file};
use fairway_ledger::cases::op::CaseClaim;
use fairway_ledger::limits::MAX_NETTING_MEMBERS;
use fairway_ledger::money::{
    CloseCycle, Debt, Mint, MoneyOperation, ObligationId, PaymentReceived, PaymentSent, Pledge,
    PositionState, Redemption, RedemptionId, Reserve, UtcDay, key_for_acceptance, key_for_cycle,
    key_for_issuer, key_for_last_cycle, key_for_obligation, key_for_redemption,
};
use fairway_ledger::state::BalanceState;
use fairway_ledger::{
    Account, DisputeReason, Operation, key_for_account, key_for_frozen, key_for_pair,
    key_for_payment, key_for_position, worded,
};
use fairway_model::agreement::Agreement;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::time::{DAY, Time};

pub(crate) fn money(operation: MoneyOperation) -> Operation {
    Operation::Money(Box::new(operation))
}

pub(crate) fn close(cycle: UtcDay, members: &[&str]) -> Operation {
    let members = members.iter().map(|name| member(name)).collect();
    money(MoneyOperation::CloseCycle(CloseCycle {
        currency: USD,
        cycle,
        members,
    }))
}

pub(crate) const ALL: [&str; 4] = ["APC", "DUK", "GPC", "REG"];

pub(crate) fn tomorrow() -> UtcDay {
    UtcDay::of(T0).plus(1)
}

/// APC's driver charged at DUK's station for 8.71, of which 8.30 leave APC, and DUK's at GPC's; then midnight passed.
pub(crate) fn charged() -> World {
    let mut world = World::ready();
    for charge in [Charge::new("APC", "DUK", 1), Charge::new("DUK", "GPC", 2)] {
        let visited = charge.agreement.visited.party();
        world.must(&visited, place(&charge));
        world.must(&visited, settle(charge.settlement()));
    }
    world.time = tomorrow().begin();
    world
}

pub(crate) fn owed(debtor: &str, creditor: &str) -> ObligationId {
    ObligationId {
        currency: USD,
        cycle: tomorrow(),
        debtor: member(debtor),
        creditor: member(creditor),
    }
}

fn position(world: &World, debtor: &str, creditor: &str) -> PositionState {
    world
        .get(key_for_position(member(debtor), member(creditor), USD))
        .unwrap_or_default()
}

fn issue(world: &mut World, issuer: &str, holders: &[&str]) {
    let terms = Hash::plain(b"terms");
    world.must(
        issuer,
        money(MoneyOperation::RegisterIssuer {
            currency: USD,
            cap: usd("1000"),
            terms,
        }),
    );
    for holder in holders {
        world.must(holder, accept(issuer, "500"));
    }
}

fn accept(issuer: &str, limit: &str) -> Operation {
    money(MoneyOperation::AcceptIssuer {
        issuer: member(issuer),
        currency: USD,
        limit: usd(limit),
    })
}

fn mint(holder: &str, amount: &str, reserve: &str, as_of: Time) -> Operation {
    money(MoneyOperation::Mint(Mint {
        holder: member(holder),
        currency: USD,
        amount: usd(amount),
        reserve: Reserve {
            statement: Hash::plain(reserve.as_bytes()),
            amount: usd(reserve),
            as_of,
        },
    }))
}

fn transfer(to: &str, issuer: &str, amount: &str) -> Operation {
    money(MoneyOperation::Transfer {
        to: member(to),
        issuer: member(issuer),
        currency: USD,
        amount: usd(amount),
        note: Hash::plain(b"note"),
    })
}

fn redemption(number: u8, issuer: &str, amount: &str) -> Redemption {
    Redemption {
        id: RedemptionId([number; 16]),
        issuer: member(issuer),
        currency: USD,
        amount: usd(amount),
    }
}

fn request(redemption: Redemption) -> Operation {
    money(MoneyOperation::RequestRedemption(redemption))
}

fn paid_out(redemption: Redemption, reference: &str) -> Operation {
    money(MoneyOperation::ConfirmRedemption {
        redemption,
        reference: Hash::plain(reference.as_bytes()),
    })
}

fn pledge(debtor: &str, creditor: &str, amount: &str) -> Pledge {
    Pledge {
        debtor: member(debtor),
        creditor: member(creditor),
        issuer: member("GPC"),
        currency: USD,
        amount: usd(amount),
    }
}

fn received(obligation: ObligationId, amount: &str, reference: &str) -> Operation {
    money(MoneyOperation::PaymentReceived(PaymentReceived {
        obligation,
        amount: usd(amount),
        reference: Hash::plain(reference.as_bytes()),
    }))
}

fn sent(obligation: ObligationId, amount: &str, reference: &str) -> Operation {
    money(MoneyOperation::PaymentSent(PaymentSent {
        obligation,
        amount: usd(amount),
        reference: Hash::plain(reference.as_bytes()),
        message: Hash::plain(b"pain.001"),
    }))
}

fn interest(obligation: ObligationId, through: UtcDay) -> Operation {
    money(MoneyOperation::ChargeInterest {
        obligation,
        through,
    })
}

fn pay(debt: Debt, issuer: &str, amount: &str) -> Operation {
    money(MoneyOperation::Pay {
        debt,
        issuer: member(issuer),
        amount: usd(amount),
    })
}

fn cover(obligation: ObligationId, amount: &str) -> Operation {
    money(MoneyOperation::Cover {
        obligation,
        issuer: member("GPC"),
        amount: usd(amount),
    })
}

fn strangers(many: usize) -> Vec<MemberId> {
    let id = |n| MemberId::parse(&format!("US*{n:03}")).unwrap();
    (0..many).map(id).collect()
}

#[test]
fn a_cycle_is_closed_once_complete_and_in_time() {
    let mut t = Table::on(charged());
    let today = tomorrow();
    t.row("not over", "APC", close(today.plus(1), &ALL));
    t.row("an old one", "APC", close(UtcDay(today.0 - 1), &ALL));
    t.row("one left out", "APC", close(today, &["APC", "DUK", "REG"]));
    t.row(
        "a stranger",
        "APC",
        close(today, &["APC", "DUK", "GPC", "ONE", "REG"]),
    );
    t.row(
        "out of order",
        "APC",
        close(today, &["DUK", "APC", "GPC", "REG"]),
    );
    let mut strange = CloseCycle {
        currency: Currency::parse("QQQ").unwrap(),
        cycle: today,
        members: ALL.map(member).to_vec(),
    };
    let operation = |c: &CloseCycle| money(MoneyOperation::CloseCycle(c.clone()));
    t.row("unknown currency", "APC", operation(&strange));
    strange.currency = Currency::EUR;
    t.row("nothing there", "APC", operation(&strange));
    let (apc, duk, gpc) = (
        position(&t.world, "APC", "DUK").amount,
        position(&t.world, "DUK", "GPC").amount,
        t.world.account(&Account::Member(member("GPC"))),
    );
    t.row("a witness may", "REG", close(today, &ALL));
    assert_eq!(position(&t.world, "APC", "DUK").amount, Micro::ZERO);
    let after = position(&t.world, "APC", "GPC");
    assert_eq!(after.owed(), Ok(apc), "whole cents due, the rest carried");
    assert_eq!(after.obliged, Some(usd("8.83")));
    assert_eq!(
        (apc, gpc),
        (duk, t.world.account(&Account::Member(member("GPC"))))
    );
    t.row("twice", "DUK", close(today, &ALL));
    t.world.time = today.plus(1).begin();
    t.row("the next has nothing", "DUK", close(today.plus(1), &ALL));
    expect![[r#"
        not over | APC: cycle-open: the cycle that ends at 2026-11-25 is not over at 2026-11-24T00:00:01.000Z; the newest that is ended at 2026-11-24
        an old one | APC: time-invalid: no cycle to close ended at 2026-11-23; cycles have 1 days, and the newest ended at 2026-11-24
        one left out | APC: members-incomplete: US*GPC is missing from the list of members to net
        a stranger | APC: members-incomplete: US*ONE is not on the roll of members to net
        out of order | APC: members-incomplete: the list of members to net is not in order, each once
        unknown currency | APC: terms-invalid: QQQ is no currency in use (ISO 4217)
        nothing there | APC: nothing-due: nothing in EUR stood open at the last midnight, so there is nothing to net
        a witness may | REG: Money(CycleClosed(CycleSummary { currency: USD, cycle: UtcDay(20781), gross: 17.675334, net: 8.83, positions: [NettedPosition { debtor: US*APC, creditor: US*DUK, amount: 8.837667 }, NettedPosition { debtor: US*DUK, creditor: US*GPC, amount: 8.837667 }], due: UtcDay(20795), interest_bps: 500, transfers: [NetTransfer { debtor: US*APC, creditor: US*GPC, amount: 8.83, carried: 0.007667 }] }))
        twice | DUK: cycle-closed: the cycle in USD that ended at 2026-11-24 is closed already
        the next has nothing | DUK: Money(CycleClosed(CycleSummary { currency: USD, cycle: UtcDay(20782), gross: 0.007667, net: 0.00, positions: [NettedPosition { debtor: US*APC, creditor: US*GPC, amount: 0.007667 }], due: UtcDay(20796), interest_bps: 500, transfers: [NetTransfer { debtor: US*APC, creditor: US*GPC, amount: 0.00, carried: 0.007667 }] }))
    "#]].assert_eq(t.rows());
}

#[test]
fn a_close_beyond_its_bound_is_not_admitted() {
    let mut world = World::ready();
    for many in [1, MAX_NETTING_MEMBERS + 1] {
        let tx = world.sign(
            "APC",
            money(MoneyOperation::CloseCycle(CloseCycle {
                currency: USD,
                cycle: tomorrow(),
                members: strangers(many),
            })),
        );
        assert!(world.contracts.admit(&[&tx]).remove(0).is_err(), "{many}");
    }
}

#[test]
fn what_opens_while_a_cycle_closes_goes_to_the_next() {
    let mut world = charged();
    let mut late = Charge::new("APC", "DUK", 3);
    late.start = T0;
    late.expires_at = world.time.plus(DAY / 8);
    late.guarantee.valid_until = late.expires_at;
    world.must("DUK", place(&late));
    world.must("DUK", settle(late.settlement()));
    let event = late.event();
    let leaves = event.total.minus(event.shares.home).unwrap();
    world.must("APC", close(tomorrow(), &ALL));
    assert_eq!(position(&world, "APC", "DUK").amount, leaves);
    world.time = tomorrow().plus(1).begin();
    world.must("APC", close(tomorrow().plus(1), &ALL));
    assert_eq!(position(&world, "APC", "DUK").owed(), Ok(leaves));
    assert!(position(&world, "APC", "DUK").amount < usd("0.01"));
}

#[test]
fn what_is_frozen_stays_out_of_netting() {
    let mut world = charged();
    let charge = Charge::new("APC", "DUK", 1);
    let claim = CaseClaim::Total(usd("5"));
    let opening = opening(&charge, "APC", DisputeReason::Other, claim);
    world.must("APC", open(opening));
    let (home, visited) = (member("APC"), member("DUK"));
    let frozen: BalanceState = world.get(key_for_frozen(home, visited, USD)).unwrap();
    assert!(frozen.amount > usd("3"));
    world.must("APC", close(tomorrow(), &ALL));
    assert_eq!(position(&world, "APC", "DUK").amount, frozen.amount);
}

#[test]
fn an_obligation_is_paid_by_bank_in_two_words() {
    let mut t = Table::on(charged());
    t.world.must("APC", close(tomorrow(), &ALL));
    let id = owed("APC", "GPC");
    t.row("no such", "DUK", received(owed("APC", "DUK"), "1", "r0"));
    t.row("by the creditor", "GPC", sent(id, "5", "r1"));
    t.row("too much", "APC", sent(id, "1000", "r1"));
    t.row("sent", "APC", sent(id, "5", "r1"));
    t.row("sent twice", "APC", sent(id, "5", "r1"));
    t.row("by the debtor", "APC", received(id, "5", "r1"));
    t.row("another amount", "GPC", received(id, "4", "r1"));
    t.row("received", "GPC", received(id, "5", "r1"));
    t.row("received twice", "GPC", received(id, "5", "r1"));
    t.row("reference used", "GPC", received(id, "1", "r1"));
    t.row("reference of a past payment", "APC", sent(id, "5", "r1"));
    t.row("more than owed", "GPC", received(id, "1000", "r2"));
    let rest = position(&t.world, "APC", "GPC").obliged.unwrap();
    t.row(
        "without announcement",
        "GPC",
        received(id, &rest.text(USD), "r3"),
    );
    t.row("after it is paid", "GPC", received(id, "0.01", "r4"));
    expect![[r#"
        no such | DUK: obligation-unknown: no cycle left an obligation USD/2026-11-24/US*APC/US*DUK
        by the creditor | GPC: not-authorized: US*GPC cannot say that it paid; only US*APC can
        too much | APC: amount-over-cap: 1000.00 USD paid; US*APC owes US*GPC only 8.83
        sent | APC: Money(PaymentNoted { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC } })
        sent twice | APC: duplicate: this payment is noted already
        by the debtor | APC: not-authorized: US*APC cannot confirm this payment; only US*GPC can
        another amount | GPC: id-conflict: US*APC says that it sent 5.00 USD under this reference, not 4.00
        received | GPC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.00, open: 3.83 }) member:US*APC 5.00, member:US*GPC -5.00
        received twice | GPC: duplicate: payment 82f3e9c695dc6b8d1b11818d5701919e286de8d47f7c3eb3100c485f79e57828 is confirmed already
        reference used | GPC: id-conflict: payment 82f3e9c695dc6b8d1b11818d5701919e286de8d47f7c3eb3100c485f79e57828 was confirmed with other content
        reference of a past payment | APC: duplicate: this payment is noted already
        more than owed | GPC: amount-over-cap: 1000.00 USD paid; US*APC owes US*GPC only 3.83
        without announcement | GPC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.00, open: 0.00 }) member:US*APC 3.83, member:US*GPC -3.83
        after it is paid | GPC: amount-over-cap: 0.01 USD paid; US*APC owes US*GPC only 0.00
    "#]].assert_eq(t.rows());
}

#[test]
fn interest_runs_from_the_due_day_and_once_a_day() {
    let mut t = Table::on(charged());
    t.world.must("APC", close(tomorrow(), &ALL));
    let (id, due) = (owed("APC", "GPC"), tomorrow().plus(14));
    t.world.time = due.begin();
    t.row("not overdue", "DUK", interest(id, due));
    t.world.time = due.plus(30).begin();
    t.row("to come", "DUK", interest(id, due.plus(31)));
    t.row("thirty days, by anybody", "REG", interest(id, due.plus(30)));
    t.row("the same day", "GPC", interest(id, due.plus(30)));
    t.row("a day before", "GPC", interest(id, due.plus(29)));
    t.world.time = due.plus(31).begin();
    t.row("with a payment", "GPC", received(id, "5", "r1"));
    t.row("after it", "GPC", interest(id, due.plus(31)));
    let rest = position(&t.world, "APC", "GPC").obliged.unwrap();
    t.row("the rest", "GPC", received(id, &rest.text(USD), "r2"));
    t.world.time = due.plus(60).begin();
    t.row("paid debts bear none", "GPC", interest(id, due.plus(60)));
    expect![[r#"
        not overdue | DUK: nothing-due: USD/2026-11-24/US*APC/US*GPC is due on 2026-12-08; no interest runs on 2026-12-08
        to come | DUK: time-invalid: interest through 2027-01-08 cannot be charged on 2027-01-07
        thirty days, by anybody | REG: Money(InterestCharged { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, through: UtcDay(20825), amount: 0.036288, open: 8.866288 }) member:US*APC -0.036288, member:US*GPC 0.036288
        the same day | GPC: interest-charged: interest on USD/2026-11-24/US*APC/US*GPC is charged through 2027-01-07 already
        a day before | GPC: interest-charged: interest on USD/2026-11-24/US*APC/US*GPC is charged through 2027-01-07 already
        with a payment | GPC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.00121, open: 3.867498 }) member:US*APC -0.00121, member:US*GPC 0.00121, member:US*APC 5.00, member:US*GPC -5.00
        after it | GPC: interest-charged: interest on USD/2026-11-24/US*APC/US*GPC is charged through 2027-01-08 already
        the rest | GPC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.00, open: 0.00 }) member:US*APC 3.867498, member:US*GPC -3.867498
        paid debts bear none | GPC: nothing-due: no interest ran up on USD/2026-11-24/US*APC/US*GPC through 2027-02-06
    "#]].assert_eq(t.rows());
}

#[test]
fn tokens_are_issued_moved_and_paid_out() {
    let mut t = Table::on(World::ready());
    let now = T0;
    t.row("no issuer", "GPC", mint("APC", "10", "100", now));
    t.row("accept a stranger", "APC", accept("GPC", "10"));
    issue(&mut t.world, "GPC", &["APC"]);
    t.row("not accepted", "GPC", mint("DUK", "10", "100", now));
    t.row("over the reserve", "GPC", mint("APC", "101", "100", now));
    t.row("over the limit", "GPC", mint("APC", "501", "1000", now));
    t.row(
        "future reserve",
        "GPC",
        mint("APC", "10", "100", now.plus(DAY)),
    );
    t.row("issued", "GPC", mint("APC", "100", "100", now));
    t.row("no reserve left", "GPC", mint("APC", "1", "100", now));
    t.row(
        "an older statement",
        "GPC",
        mint("APC", "1", "200", now.plus(-1)),
    );
    t.row("to nobody who accepts", "APC", transfer("DUK", "GPC", "1"));
    t.world.must("DUK", accept("GPC", "40"));
    t.row("over what DUK accepts", "APC", transfer("DUK", "GPC", "41"));
    t.row("to itself", "APC", transfer("APC", "GPC", "1"));
    t.row("moved", "APC", transfer("DUK", "GPC", "40"));
    t.row("more than held", "APC", transfer("DUK", "GPC", "61"));
    t.row(
        "more than held, out",
        "DUK",
        request(redemption(1, "GPC", "40.01")),
    );
    t.row("asked", "DUK", request(redemption(1, "GPC", "15")));
    t.row("asked twice", "DUK", request(redemption(1, "GPC", "15")));
    t.row("another amount", "DUK", request(redemption(1, "GPC", "16")));
    t.row("set aside", "DUK", transfer("APC", "GPC", "26"));
    t.row(
        "never asked",
        "DUK",
        paid_out(redemption(2, "GPC", "15"), "b"),
    );
    t.row("paid out", "DUK", paid_out(redemption(1, "GPC", "15"), "b"));
    t.row(
        "paid out twice",
        "DUK",
        paid_out(redemption(1, "GPC", "15"), "b"),
    );
    t.world.must("DUK", request(redemption(3, "GPC", "5")));
    t.row(
        "one reference, twice",
        "DUK",
        paid_out(redemption(3, "GPC", "5"), "b"),
    );
    let lower = MoneyOperation::RegisterIssuer {
        currency: USD,
        cap: usd("50"),
        terms: Hash::plain(b"terms"),
    };
    t.row("a cap below circulation", "GPC", money(lower));
    let strange = MoneyOperation::RegisterIssuer {
        currency: Currency::parse("QQQ").unwrap(),
        cap: usd("50"),
        terms: Hash::plain(b"terms"),
    };
    t.row("unknown currency", "GPC", money(strange));
    expect![[r#"
        no issuer | GPC: issuer-unknown: US*GPC does not issue tokens in USD
        accept a stranger | APC: issuer-unknown: US*GPC does not issue tokens in USD
        not accepted | GPC: tokens-not-accepted: US*DUK does not accept tokens of US*GPC in USD
        over the reserve | GPC: amount-over-cap: 101.00 USD would be in circulation; cap and reserve allow 100.00
        over the limit | GPC: tokens-not-accepted: US*APC would hold 501.00 USD of US*GPC; it accepts up to 500.00
        future reserve | GPC: time-invalid: the reserve statement is of 2026-11-24T08:00:00.000Z, in the future
        issued | GPC: Money(Minted { outstanding: 100.00 }) issued:US*GPC -100.00, token:US*APC@US*GPC 100.00
        no reserve left | GPC: amount-over-cap: 101.00 USD would be in circulation; cap and reserve allow 100.00
        an older statement | GPC: time-invalid: the reserve statement is of 2026-11-23T07:59:59.999Z; one of 2026-11-23T08:00:00.000Z is known
        to nobody who accepts | APC: tokens-not-accepted: US*DUK does not accept tokens of US*GPC in USD
        over what DUK accepts | APC: tokens-not-accepted: US*DUK would hold 41.00 USD of US*GPC; it accepts up to 40.00
        to itself | APC: malformed: US*APC cannot give tokens to itself
        moved | APC: Money(Transferred) token:US*APC@US*GPC -40.00, token:US*DUK@US*GPC 40.00
        more than held | APC: tokens-missing: 61.00 USD asked of token:US*APC@US*GPC, which holds 60.00
        more than held, out | DUK: tokens-missing: 40.01 USD asked of token:US*DUK@US*GPC, which holds 40.00
        asked | DUK: Money(RedemptionRequested) token:US*DUK@US*GPC -15.00, redeeming:US*DUK@US*GPC 15.00
        asked twice | DUK: duplicate: red_01010101010101010101010101010101 is requested already
        another amount | DUK: id-conflict: red_01010101010101010101010101010101 was requested with other content
        set aside | DUK: tokens-missing: 26.00 USD asked of token:US*DUK@US*GPC, which holds 25.00
        never asked | DUK: redemption-unknown: US*DUK has no request red_02020202020202020202020202020202 with this content
        paid out | DUK: Money(Redeemed { outstanding: 85.00 }) redeeming:US*DUK@US*GPC -15.00, issued:US*GPC 15.00
        paid out twice | DUK: duplicate: red_01010101010101010101010101010101 was paid out by 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d already
        one reference, twice | DUK: id-conflict: payment 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d was confirmed for something else
        a cap below circulation | GPC: amount-over-cap: a cap of 50.00 USD is below the 85.00 in circulation
        unknown currency | GPC: terms-invalid: QQQ is no currency in use (ISO 4217)
    "#]].assert_eq(t.rows());
}

#[test]
fn amounts_that_are_not_more_than_nothing_are_not_admitted() {
    let id = owed("APC", "GPC");
    let debt = Debt::Obligation(id);
    let mut world = World::ready();
    for amount in ["0", "-1"] {
        let operations = [
            received(id, amount, "r"),
            sent(id, amount, "r"),
            pay(debt, "GPC", amount),
            mint("APC", amount, "100", T0),
            transfer("APC", "GPC", amount),
            request(redemption(1, "GPC", amount)),
            paid_out(redemption(1, "GPC", amount), "r"),
            money(MoneyOperation::DepositCollateral(pledge(
                "APC", "DUK", amount,
            ))),
            money(MoneyOperation::ReleaseCollateral(pledge(
                "APC", "DUK", amount,
            ))),
            cover(id, amount),
        ];
        for operation in operations {
            let tx = world.sign("APC", operation);
            let refusal = world.contracts.admit(&[&tx]).remove(0).unwrap_err();
            assert!(
                refusal.text.contains("it must be more than nothing"),
                "{refusal}"
            );
        }
    }
    for operation in [accept("GPC", "-1"), mint("APC", "1", "-1", T0)] {
        let tx = world.sign("APC", operation);
        let refusal = world.contracts.admit(&[&tx]).remove(0).unwrap_err();
        assert!(
            refusal.text.contains("must not be below nothing"),
            "{refusal}"
        );
    }
}

#[test]
fn debts_are_paid_with_tokens_in_one_transaction() {
    let mut t = Table::on(charged());
    issue(&mut t.world, "GPC", &["APC", "DUK", "GPC"]);
    t.world.must("GPC", mint("APC", "50", "100", T0));
    let open = Debt::Position {
        debtor: member("APC"),
        creditor: member("DUK"),
        currency: USD,
    };
    t.row("by another", "DUK", pay(open, "GPC", "2"));
    t.row("more than owed", "APC", pay(open, "GPC", "40"));
    t.row("more than held", "APC", pay(open, "GPC", "51"));
    t.row("other paper", "APC", pay(open, "DUK", "2"));
    t.row("before netting", "APC", pay(open, "GPC", "2"));
    t.world.must("APC", close(tomorrow(), &ALL));
    let debt = Debt::Obligation(owed("APC", "GPC"));
    t.row("more than is open", "APC", pay(debt, "GPC", "30"));
    let rest = position(&t.world, "APC", "GPC").obliged.unwrap();
    t.row("whole", "APC", pay(debt, "GPC", &rest.text(USD)));
    assert_eq!(position(&t.world, "APC", "GPC").obliged, None);
    t.row("twice", "APC", pay(debt, "GPC", "1"));
    expect![[r#"
        by another | DUK: not-authorized: US*DUK cannot pay this debt with its tokens; only US*APC can
        more than owed | APC: amount-over-cap: 40.00 USD paid; US*APC owes US*DUK only 8.837667
        more than held | APC: tokens-missing: 51.00 USD asked of token:US*APC@US*GPC, which holds 50.00
        other paper | APC: tokens-missing: 2.00 USD asked of token:US*APC@US*DUK, which holds 0.00
        before netting | APC: Money(PositionPaid { debtor: US*APC, creditor: US*DUK, currency: USD, owed: 6.837667 }) member:US*APC 2.00, member:US*DUK -2.00, token:US*APC@US*GPC -2.00, token:US*DUK@US*GPC 2.00
        more than is open | APC: amount-over-cap: 30.00 USD paid; US*APC owes US*GPC only 6.83
        whole | APC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.00, open: 0.00 }) member:US*APC 6.83, member:US*GPC -6.83, token:US*APC@US*GPC -6.83, token:US*GPC@US*GPC 6.83
        twice | APC: amount-over-cap: 1.00 USD paid; US*APC owes US*GPC only 0.00
    "#]].assert_eq(t.rows());
}

#[test]
fn collateral_secures_and_covers() {
    let mut t = Table::on(charged());
    issue(&mut t.world, "GPC", &["APC"]);
    t.world.must("GPC", mint("APC", "200", "1000", T0));
    let deposit = |p| money(MoneyOperation::DepositCollateral(p));
    let release = |p| money(MoneyOperation::ReleaseCollateral(p));
    t.row("not taken", "APC", deposit(pledge("APC", "DUK", "10")));
    t.world.must("DUK", accept("GPC", "0"));
    t.world.must("GPC", accept("GPC", "500"));
    t.row("another's", "DUK", deposit(pledge("APC", "DUK", "10")));
    t.row(
        "more than held",
        "APC",
        deposit(pledge("APC", "DUK", "201")),
    );
    t.row("to itself", "APC", deposit(pledge("APC", "APC", "1")));
    t.row("pledged", "APC", deposit(pledge("APC", "DUK", "10")));
    t.row("while exposed", "APC", release(pledge("APC", "DUK", "5")));
    t.row("what is free", "APC", release(pledge("APC", "DUK", "1")));
    t.row(
        "more than pledged",
        "APC",
        release(pledge("APC", "DUK", "9.5")),
    );
    t.row("a third party", "REG", release(pledge("APC", "DUK", "1")));
    // It comes back within the debtor's own limit for the issuer, whoever gives it back.
    t.world.must("APC", accept("GPC", "191"));
    t.row("at its limit", "APC", release(pledge("APC", "DUK", "0.1")));
    t.row("pushed back", "DUK", release(pledge("APC", "DUK", "9")));
    t.world.must("APC", accept("GPC", "200"));
    t.row("by the creditor", "DUK", release(pledge("APC", "DUK", "9")));
    t.world.must("APC", deposit(pledge("APC", "GPC", "4")));
    t.world.must("APC", close(tomorrow(), &ALL));
    let id = owed("APC", "GPC");
    let due = tomorrow().plus(14);
    t.world.time = due.plus(7).begin();
    t.row("in the days of grace", "GPC", cover(id, "4"));
    t.world.time = due.plus(8).begin();
    t.row("by the debtor", "APC", cover(id, "4"));
    t.row("more than pledged, covered", "GPC", cover(id, "5"));
    t.row("covered", "GPC", cover(id, "4"));
    assert_eq!(position(&t.world, "APC", "GPC").collateral, None);
    expect![[r#"
        not taken | APC: tokens-not-accepted: US*DUK does not accept tokens of US*GPC in USD
        another's | DUK: not-authorized: US*DUK cannot pledge tokens of US*APC
        more than held | APC: tokens-missing: 201.00 USD asked of token:US*APC@US*GPC, which holds 200.00
        to itself | APC: malformed: US*APC owes itself nothing that needs collateral
        pledged | APC: Money(CollateralDeposited { collateral: 10.00 }) token:US*APC@US*GPC -10.00, collateral:US*APC>US*DUK@US*GPC 10.00
        while exposed | APC: collateral-needed: US*APC has 8.837667 USD open with US*DUK, holds included, and pledged 0.00 in their agreement; 1.162333 of its collateral is free, not 5.00
        what is free | APC: Money(CollateralReleased { collateral: 9.00 }) collateral:US*APC>US*DUK@US*GPC -1.00, token:US*APC@US*GPC 1.00
        more than pledged | APC: tokens-missing: 9.50 USD asked of collateral:US*APC>US*DUK@US*GPC, which holds 9.00
        a third party | REG: not-authorized: US*REG is no party of the collateral of US*APC for US*DUK
        at its limit | APC: tokens-not-accepted: US*APC would hold 191.10 USD of US*GPC; it accepts up to 191.00
        pushed back | DUK: tokens-not-accepted: US*APC would hold 200.00 USD of US*GPC; it accepts up to 191.00
        by the creditor | DUK: Money(CollateralReleased { collateral: 0.00 }) collateral:US*APC>US*DUK@US*GPC -9.00, token:US*APC@US*GPC 9.00
        in the days of grace | GPC: time-invalid: USD/2026-11-24/US*APC/US*GPC was due on 2026-12-08; with 7 days of grace the collateral may be taken from 2026-12-16 on
        by the debtor | APC: not-authorized: US*APC cannot take this collateral; only US*GPC can
        more than pledged, covered | GPC: tokens-missing: 5.00 USD asked of collateral:US*APC>US*GPC@US*GPC, which holds 4.00
        covered | GPC: Money(ObligationPaid { obligation: ObligationId { currency: USD, cycle: UtcDay(20781), debtor: US*APC, creditor: US*GPC }, interest: 0.009677, open: 4.839677 }) member:US*APC -0.009677, member:US*GPC 0.009677, member:US*APC 4.00, member:US*GPC -4.00, collateral:US*APC>US*GPC@US*GPC -4.00, token:US*GPC@US*GPC 4.00
    "#]].assert_eq(t.rows());
}

/// A cap of 100 takes holds of 150 when 60 are secured.
#[test]
fn collateral_widens_what_may_be_open() {
    let mut world = World::ready();
    issue(&mut world, "GPC", &["APC", "DUK"]);
    world.must("GPC", mint("APC", "200", "1000", T0));
    let mut charges = (1u8..=3).map(|n| {
        let mut charge = Charge::new("APC", "DUK", n);
        charge.hold = usd("50");
        charge
    });
    world.must("DUK", place(&charges.next().unwrap()));
    world.must("DUK", place(&charges.next().unwrap()));
    let third = charges.next().unwrap();
    let refused = world.outcome("DUK", place(&third));
    assert!(refused.starts_with("exposure-over-cap"), "{refused}");
    let pledged = pledge("APC", "DUK", "60");
    world.must("APC", money(MoneyOperation::DepositCollateral(pledged)));
    world.must("DUK", place(&third));
    let back = world.outcome("APC", money(MoneyOperation::ReleaseCollateral(pledged)));
    assert!(back.starts_with("collateral-needed"), "{back}");
}

/// What is owed after netting counts against the cap as it did before.
#[test]
fn obligations_count_as_exposure() {
    let mut world = charged();
    world.must("APC", close(tomorrow(), &ALL));
    let obliged = position(&world, "APC", "GPC").obliged.unwrap();
    assert!(obliged > usd("5"));
    for number in [11, 12] {
        let mut charge = Charge::new("APC", "GPC", number);
        charge.hold = usd(if number == 11 { "50" } else { "45" });
        charge.expires_at = world.time.plus(DAY / 8);
        charge.guarantee.valid_until = charge.expires_at;
        let outcome = world.outcome("GPC", place(&charge));
        let refused = outcome.starts_with("exposure-over-cap");
        assert_eq!(refused, number == 12, "{outcome}");
    }
}

/// Terms under which APC pledges 30 USD for what it owes DUK.
fn asking() -> Agreement {
    worded(Agreement {
        collateral: Some(usd("30")),
        valid_from: T0,
        ..agreement("APC", "DUK", 2)
    })
}

#[test]
fn an_agreement_that_asks_for_collateral_waits_for_it() {
    let mut world = World::ready();
    world.agree(&asking());
    issue(&mut world, "GPC", &["APC", "DUK"]);
    world.must("GPC", mint("APC", "200", "1000", T0));
    let mut t = Table::on(world);
    let charge = |number: u8, hold: &str| {
        let mut charge = Charge::new("APC", "DUK", number);
        charge.agreement = asking();
        charge.guarantee.agreement = charge.agreement.id();
        charge.guarantee.limit = usd("200");
        charge.start = T0;
        charge.expires_at = T0.plus(DAY / 12);
        charge.hold = usd(hold);
        charge
    };
    let deposit = |amount| {
        money(MoneyOperation::DepositCollateral(pledge(
            "APC", "DUK", amount,
        )))
    };
    let release = |amount| {
        money(MoneyOperation::ReleaseCollateral(pledge(
            "APC", "DUK", amount,
        )))
    };
    t.world.time = T0.plus(DAY / 24);
    t.row("nothing deposited", "DUK", place(&charge(1, "20")));
    t.row("too little", "APC", deposit("29.99"));
    t.row("still too little", "DUK", place(&charge(1, "20")));
    t.row("the rest", "APC", deposit("0.01"));
    t.row("enough", "DUK", place(&charge(1, "20")));
    t.row("nothing is free", "APC", release("0.01"));
    for number in 2..4 {
        t.world.must("DUK", place(&charge(number, "50")));
    }
    t.row("cap and collateral", "DUK", place(&charge(4, "10.01")));
    t.row("all of it", "DUK", place(&charge(4, "10")));
    t.row("the creditor gives up", "DUK", release("30"));
    t.row("nothing new begins", "DUK", place(&charge(5, "1")));
    t.row(
        "what began settles",
        "DUK",
        settle(charge(1, "20").settlement()),
    );
    expect![[r#"
        nothing deposited | DUK: collateral-needed: the agreement asks US*APC for 30.00 USD of collateral; 0.00 is deposited
        too little | APC: Money(CollateralDeposited
        still too little | DUK: collateral-needed: the agreement asks US*APC for 30.00 USD of collateral; 29.99 is deposited
        the rest | APC: Money(CollateralDeposited
        enough | DUK: HoldPlaced
        nothing is free | APC: collateral-needed: US*APC has 20.00 USD open with US*DUK, holds included, and pledged 30.00 in their agreement; 0.00 of its collateral is free, not 0.01
        cap and collateral | DUK: exposure-over-cap: US*APC would owe US*DUK 100.01 USD, holds included; the cap is 100.00
        all of it | DUK: HoldPlaced
        the creditor gives up | DUK: Money(CollateralReleased
        nothing new begins | DUK: collateral-needed: the agreement asks US*APC for 30.00 USD of collateral; 0.00 is deposited
        what began settles | DUK: ChargeSettled"#]]
    .assert_eq(&t.heads());
}

/// One of each operation of the group, in an order in which each takes effect, and every value that they store.
#[test]
fn conformance_hashes_of_money_hold() {
    let mut world = charged();
    let day = tomorrow();
    let due = day.plus(fairway_ledger::limits::DUE_TIME_DAYS);
    let (apc, duk, gpc) = (member("APC"), member("DUK"), member("GPC"));
    let id = owed("APC", "GPC");
    let register = MoneyOperation::RegisterIssuer {
        currency: USD,
        cap: usd("1000"),
        terms: Hash::plain(b"terms"),
    };
    let first = vec![
        ("close-cycle", "REG", close(day, &ALL)),
        ("register-issuer", "GPC", money(register)),
        ("accept-issuer", "APC", accept("GPC", "500")),
        ("accept-issuer-creditor", "DUK", accept("GPC", "500")),
        ("accept-own", "GPC", accept("GPC", "500")),
        ("mint", "GPC", mint("APC", "200", "1000", T0)),
        ("transfer", "APC", transfer("DUK", "GPC", "20")),
        (
            "request-redemption",
            "APC",
            request(redemption(1, "GPC", "5")),
        ),
        (
            "confirm-redemption",
            "APC",
            paid_out(redemption(1, "GPC", "5"), "bank"),
        ),
        (
            "deposit-collateral",
            "APC",
            money(MoneyOperation::DepositCollateral(pledge(
                "APC", "GPC", "50",
            ))),
        ),
        (
            "release-collateral",
            "APC",
            money(MoneyOperation::ReleaseCollateral(pledge(
                "APC", "GPC", "10",
            ))),
        ),
        ("payment-sent", "APC", sent(id, "1", "r1")),
        ("payment-received", "GPC", received(id, "1", "r1")),
        (
            "pay-obligation",
            "APC",
            pay(Debt::Obligation(id), "GPC", "1"),
        ),
        ("refused", "APC", close(day, &ALL)),
    ];
    let account = |account| key_for_account(&account, USD);
    let keys = vec![
        ("last-cycle", key_for_last_cycle(USD)),
        ("cycle", key_for_cycle(USD, day)),
        ("obligation", key_for_obligation(&id)),
        ("position", key_for_position(apc, gpc, USD)),
        ("issuer", key_for_issuer(gpc, USD)),
        ("acceptance", key_for_acceptance(apc, gpc, USD)),
        ("redemption", key_for_redemption(apc, RedemptionId([1; 16]))),
        ("payment", key_for_payment(apc, Hash::plain(b"bank"))),
        ("pair", key_for_pair(apc, duk)),
        (
            "account-token",
            account(Account::Token {
                holder: apc,
                issuer: gpc,
            }),
        ),
        ("account-issued", account(Account::Issued(gpc))),
        (
            "account-redeeming",
            account(Account::Redeeming {
                holder: apc,
                issuer: gpc,
            }),
        ),
        (
            "account-collateral",
            account(Account::Collateral {
                debtor: apc,
                creditor: gpc,
                issuer: gpc,
            }),
        ),
    ];
    let text = crate::conformance::hashes_of(&mut world, first, keys);
    expect_file!["../../../../fixtures/conformance/ledger-money.json"].assert_eq(&text);
    // Long after the due day: interest runs, and the creditor takes the collateral.
    world.time = due
        .plus(fairway_ledger::limits::COLLATERAL_GRACE_DAYS + 1)
        .begin();
    let late = vec![
        ("charge-interest", "DUK", interest(id, due.plus(1))),
        ("charge-more-interest", "DUK", interest(id, due.plus(2))),
        ("cover", "GPC", cover(id, "1")),
    ];
    let keys = vec![("obligation", key_for_obligation(&id))];
    let text = crate::conformance::hashes_of(&mut world, late, keys);
    expect_file!["../../../../fixtures/conformance/ledger-money-late.json"].assert_eq(&text);
}
