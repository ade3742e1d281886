//! Credits of settled charges: what they move, and everything that they refuse.

use crate::table::Table;
use crate::world::{Charge, USD, World, evse, key, member, party, place, settle, usd};
use expect_test::expect;
use fairway_ledger::cases::state::CreditState;
use fairway_ledger::money::PositionState;
use fairway_ledger::state::ChargeState;
use fairway_ledger::{
    Account, Books, BooksError, CaseEffect, CaseOperation, CreditNote, Effect, Operation, Outcome,
    Payment, Receipt, key_for_charge, key_for_credits, key_for_position,
};
use fairway_model::canonical::Canonical;
use fairway_model::credit::{Credit, CreditReason, SignedCredit};
use fairway_model::hash::Hash;
use fairway_model::ids::{CreditId, OwnerId};
use fairway_model::money::{Currency, Micro};

/// A world with one settled charge of 9.06 USD of APC's driver at DUK's station.
pub(crate) fn charged() -> (World, Charge) {
    let (mut world, charge) = (World::ready(), Charge::new("APC", "DUK", 1));
    world.must("DUK", place(&charge));
    world.must("DUK", settle(charge.settlement()));
    (world, charge)
}

pub(crate) fn note(charge: &Charge, id: u8, amount: &str) -> CreditNote {
    let event = charge.event();
    signed(Credit {
        id: CreditId([id; 16]),
        session: charge.session,
        event: event.hash(),
        home: event.home,
        visited: event.visited,
        amount: usd(amount),
        reason: CreditReason::Service,
    })
}

/// A credit signed by both, with honest claims.
pub(crate) fn signed(credit: Credit) -> CreditNote {
    let (home, visited) = (key(&party(credit.home)), key(&party(credit.visited)));
    CreditNote {
        owner: evse(&party(credit.visited)).owner,
        currency: USD,
        visited_key: visited.public(),
        home_key: home.public(),
        signed: SignedCredit {
            visited_signature: credit.sign(&visited),
            home_signature: credit.sign(&home),
            credit,
        },
    }
}

pub(crate) fn credit(note: CreditNote) -> Operation {
    Operation::Case(CaseOperation::Credit(Box::new(note)))
}

fn position(world: &World, debtor: &str, creditor: &str) -> Micro {
    let key = key_for_position(member(debtor), member(creditor), USD);
    world.get::<PositionState>(key).unwrap_or_default().amount
}

#[test]
fn every_refusal_of_a_credit() {
    let (world, charge) = charged();
    let mut t = Table::on(world);
    let mut row = |what: &str, by: &str, change: fn(&mut Credit, &mut CreditNote)| {
        let mut note = note(&charge, 1, "1.00");
        let mut changed = note.signed.credit.clone();
        change(&mut changed, &mut note);
        let claims = (
            note.owner.clone(),
            note.currency,
            note.visited_key,
            note.home_key,
        );
        let mut note = signed(changed);
        (note.owner, note.currency) = (claims.0, claims.1);
        t.row(what, by, credit(note));
    };
    row("by a third", "GPC", |_, _| {});
    row("charge unknown", "APC", |c, _| c.session.0[0] = 9);
    row("other parties", "GPC", |c, _| c.home = member("GPC"));
    row("other event", "APC", |c, _| c.event = Hash::plain(b"other"));
    row("other owner", "APC", |_, n| {
        n.owner = OwnerId::parse("ME").unwrap();
    });
    row("other currency", "APC", |_, n| n.currency = Currency::EUR);
    row("fractions of a cent", "APC", |c, _| c.amount = usd("0.015"));
    row("more than the charge", "APC", |c, _| c.amount = usd("9.07"));
    let mut forged = note(&charge, 1, "1.00");
    (forged.home_key, forged.signed.home_signature) =
        (key("DUK").public(), forged.signed.credit.sign(&key("DUK")));
    t.row("home's key is not home's", "DUK", credit(forged));
    let mut forged = note(&charge, 1, "1.00");
    (forged.visited_key, forged.signed.visited_signature) =
        (key("APC").public(), forged.signed.credit.sign(&key("APC")));
    t.row("visited's key is not visited's", "APC", credit(forged));
    t.row("good", "DUK", credit(note(&charge, 1, "1.00")));
    t.row("again", "APC", credit(note(&charge, 1, "1.00")));
    t.row(
        "same id, other content",
        "APC",
        credit(note(&charge, 1, "2.00")),
    );
    t.row("more than is left", "APC", credit(note(&charge, 2, "8.07")));
    t.row("the rest", "APC", credit(note(&charge, 2, "8.06")));
    t.row("one cent more", "APC", credit(note(&charge, 3, "0.01")));
    expect![[r#"
        by a third | GPC: not-authorized: US*GPC is no party of a credit between US*APC and US*DUK
        charge unknown | APC: session-unknown: ses_09010101010101010101010101010101 is not settled here
        other parties | GPC: id-conflict: ses_01010101010101010101010101010101 is a charge of US*APC at US*DUK, not of US*GPC at US*DUK
        other event | APC: id-conflict: ses_01010101010101010101010101010101 was settled with event ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, not d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
        other owner | APC: id-conflict: the owner's share of ses_01010101010101010101010101010101 went to OWNER-1, not ME
        other currency | APC: id-conflict: ses_01010101010101010101010101010101 was settled in USD, not EUR
        fractions of a cent | APC: malformed: the credit is 0.015 USD; whole minor units are right
        more than the charge | APC: credit-exceeds: a credit of 9.07 USD; only 9.06 of ses_01010101010101010101010101010101 is left
        home's key is not home's | DUK: not-authorized: the credit is signed with bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c, which is not the registered key of US*APC
        visited's key is not visited's | APC: not-authorized: the credit is signed with c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd, which is not the registered key of US*DUK
        good | DUK: Case(Credited { session: ses_01010101010101010101010101010101, credit: cre_01010101010101010101010101010101, amount: 1.00, shares: Shares { home: 0.02454, visited: 0.809692, owner: 0.09816, tax: 0.067608 }, currency: USD }) member:US*APC 0.97546, member:US*DUK -0.809692, owner:OWNER-1 -0.09816, tax:US*DUK -0.067608
        again | APC: duplicate: cre_01010101010101010101010101010101 of ses_01010101010101010101010101010101 took effect before
        same id, other content | APC: id-conflict: cre_01010101010101010101010101010101 of ses_01010101010101010101010101010101 took effect with other content; a new credit needs a new id
        more than is left | APC: credit-exceeds: a credit of 8.07 USD; only 8.06 of ses_01010101010101010101010101010101 is left
        the rest | APC: Case(Credited { session: ses_01010101010101010101010101010101, credit: cre_02020202020202020202020202020202, amount: 8.06, shares: Shares { home: 0.197793, visited: 6.526114, owner: 0.791173, tax: 0.54492 }, currency: USD }) member:US*APC 7.862207, member:US*DUK -6.526114, owner:OWNER-1 -0.791173, tax:US*DUK -0.54492
        one cent more | APC: credit-exceeds: a credit of 0.01 USD; only 0.00 of ses_01010101010101010101010101010101 is left
    "#]].assert_eq(t.rows());
}

#[test]
fn unsigned_and_empty_credits_are_not_admitted() {
    let (mut world, charge) = charged();
    let mut half = note(&charge, 1, "1.00");
    half.signed.home_signature = half.signed.visited_signature;
    let nothing = note(&charge, 1, "0.00");
    let admitted = [half, nothing].map(|note| {
        let tx = world.sign("DUK", credit(note));
        world
            .contracts
            .admit(&[tx])
            .remove(0)
            .unwrap_err()
            .to_string()
    });
    expect![[r#"
        bad-signature: the signature of the credit by the home utility does not verify with key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd on chain fairway-test
        malformed: the credit is of 0.00 USD; it must be more than nothing"#]].assert_eq(&admitted.join("\n"));
}

/// Many partial credits reverse the charge's shares exactly, and the accounts come back to where they were.
#[test]
fn partial_credits_reverse_the_whole_charge() {
    let (mut world, charge) = charged();
    let total = charge.event().total;
    let mut left = total;
    for id in 1..=100u8 {
        let amount = left.min(Micro(i64::from(id) * 10_000 % 370_000 + 10_000));
        if amount == Micro::ZERO {
            break;
        }
        let mut note = note(&charge, id, "1.00");
        note.signed.credit.amount = amount;
        world.must("APC", credit(signed(note.signed.credit)));
        left = left.minus(amount).unwrap();
        let state: CreditState = world.get(key_for_credits(charge.session)).unwrap();
        let charge: ChargeState = world.get(key_for_charge(charge.session)).unwrap();
        for (given, share) in [
            (state.given.home, charge.shares.home),
            (state.given.visited, charge.shares.visited),
            (state.given.owner, charge.shares.owner),
            (state.given.tax, charge.shares.tax),
        ] {
            assert!(Micro::ZERO <= given && given <= share);
        }
    }
    assert_eq!(left, Micro::ZERO);
    let state: CreditState = world.get(key_for_credits(charge.session)).unwrap();
    assert_eq!(state.credited, total);
    assert_eq!(state.given, charge.event().shares);
    let owner = Account::Owner(OwnerId::parse("OWNER-1").unwrap());
    for account in [
        Account::Member(member("APC")),
        Account::Member(member("DUK")),
        Account::Tax(member("DUK")),
        owner,
    ] {
        assert_eq!(world.account(&account), Micro::ZERO, "{account}");
    }
    assert_eq!(position(&world, "APC", "DUK"), Micro::ZERO);
}

#[test]
fn a_charge_has_a_bounded_number_of_credits() {
    let (mut world, charge) = charged();
    for id in 1..=100 {
        world.must("DUK", credit(note(&charge, id, "0.01")));
    }
    let outcome = world.outcome("DUK", credit(note(&charge, 101, "0.01")));
    assert_eq!(
        outcome,
        format!(
            "too-large: {} has 100 credits; no more are allowed",
            charge.session
        )
    );
}

/// After the charge was paid, a credit makes the visited utility owe.
#[test]
fn a_credit_of_a_paid_charge_is_owed_back() {
    let (mut world, charge) = charged();
    let payment = Payment {
        debtor: member("APC"),
        creditor: member("DUK"),
        currency: USD,
        amount: usd("8.837667"),
        reference: Hash::plain(b"bank"),
    };
    world.must("DUK", Operation::ConfirmPayment(payment));
    world.must("DUK", credit(note(&charge, 1, "9.06")));
    assert_eq!(position(&world, "APC", "DUK"), Micro::ZERO);
    assert_eq!(position(&world, "DUK", "APC"), usd("8.837667"));
    assert_eq!(
        world.books.position(member("DUK"), member("APC"), USD),
        usd("8.837667")
    );
}

/// A member's driver at its own station: both signatures are the member's, and nobody owes anybody.
#[test]
fn a_member_credits_its_own_driver() {
    let (mut world, charge) = (World::ready(), Charge::new("DUK", "DUK", 1));
    world.must("DUK", place(&charge));
    world.must("DUK", settle(charge.settlement()));
    world.must("DUK", credit(note(&charge, 1, "9.06")));
    assert_eq!(world.account(&Account::Member(member("DUK"))), Micro::ZERO);
    assert_eq!(position(&world, "DUK", "DUK"), Micro::ZERO);
}

#[test]
fn books_notice_a_receipt_that_credits_otherwise() {
    let (mut world, charge) = charged();
    let tx = world.sign("DUK", credit(note(&charge, 1, "1.00")));
    let before = world.books.clone();
    let receipt = world.execute(&tx);
    let fold = |receipt: &Receipt| before.clone().record(&tx, &receipt.to_bytes());
    let differ = Err(BooksError::PostingsDiffer(Hash::plain(&tx)));
    assert_eq!(fold(&receipt), Ok(()));
    let spoil = |change: fn(&mut CaseEffect)| {
        let mut other = receipt.clone();
        if let Outcome::Applied(Effect::Case(effect)) = &mut other.outcome {
            change(effect);
        }
        other
    };
    let more = spoil(|e| {
        if let CaseEffect::Credited { amount, .. } = e {
            *amount = usd("2");
        }
    });
    assert_eq!(fold(&more), differ);
    let shifted = spoil(|e| {
        if let CaseEffect::Credited { shares, .. } = e {
            (shares.visited.0, shares.owner.0) = (shares.visited.0 + 1, shares.owner.0 - 1);
        }
    });
    assert_eq!(fold(&shifted), differ);
    // Without the charge, there is nothing to credit.
    assert_eq!(Books::default().record(&tx, &receipt.to_bytes()), differ);
}
