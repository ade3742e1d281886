//! Books that an auditor folds from exported records, and what he notices.

use crate::world::{Charge, USD, World, place, settle, usd};
use fairway_ledger::money::{CycleSummary, MoneyEffect};
use fairway_ledger::{Books, BooksError, Effect, Outcome, Receipt};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;

fn charged() -> (World, Vec<u8>, Receipt) {
    let (mut world, charge) = (World::ready(), Charge::new("APC", "DUK", 1));
    world.must("DUK", place(&charge));
    let tx = world.sign("DUK", settle(charge.settlement()));
    let receipt = world.execute(&tx);
    (world, tx, receipt)
}

#[test]
fn folding_the_export_gives_the_same_books() {
    let (mut world, ..) = charged();
    world.run("GPC", settle(Charge::new("APC", "DUK", 1).settlement()));
    let mut again = Books::default();
    for (tx, receipt) in &world.log {
        again.record(tx, receipt).unwrap();
    }
    assert_eq!(again, world.books);
    assert_eq!(again.to_string(), world.books.to_string());
    assert_eq!(
        again
            .turnover(
                crate::world::member("APC"),
                crate::world::member("DUK"),
                USD
            )
            .charges,
        1
    );
}

#[test]
fn records_that_contradict_themselves_are_noticed() {
    let (_, tx, receipt) = charged();
    let fold = |tx: &[u8], receipt: &Receipt| Books::default().record(tx, &receipt.to_bytes());
    assert_eq!(fold(&tx, &receipt), Ok(()));

    let mut other = receipt.clone();
    other.postings[0].amount = other.postings[0].amount.plus(usd("0.01")).unwrap();
    let id = Hash::plain(&tx);
    assert_eq!(fold(&tx, &other), Err(BooksError::PostingsDiffer(id)));

    let mut other = receipt.clone();
    other.outcome = Outcome::Applied(Effect::MemberKeyRotated);
    assert_eq!(fold(&tx, &other), Err(BooksError::PostingsDiffer(id)));

    let mut tampered = tx.clone();
    tampered[20] ^= 1;
    assert!(matches!(
        fold(&tampered, &receipt),
        Err(BooksError::OtherTransaction(_))
    ));
    assert!(matches!(
        Books::default().record(&tx, b"?"),
        Err(BooksError::Unreadable("receipt", _))
    ));

    let mut twice = Books::default();
    twice.record(&tx, &receipt.to_bytes()).unwrap();
    let before = twice.clone();
    assert!(matches!(
        twice.record(&tx, &receipt.to_bytes()),
        Err(BooksError::SettledTwice(_))
    ));
    assert_eq!(twice, before);
}

type Tamper<'a> = &'a dyn Fn(&mut CycleSummary);

/// The auditor takes no close on trust: whatever a receipt changes is noticed, and the books stay as they were.
#[test]
fn a_tampered_close_is_noticed() {
    let mut world = crate::money::charged();
    let before = world.books.clone();
    let tx = world.sign(
        "APC",
        crate::money::close(crate::money::tomorrow(), &crate::money::ALL),
    );
    let receipt = world.execute(&tx);
    let tampered = |change: Tamper<'_>| {
        let mut receipt = receipt.clone();
        let Outcome::Applied(Effect::Money(effect)) = &mut receipt.outcome else {
            unreachable!();
        };
        let MoneyEffect::CycleClosed(summary) = &mut **effect else {
            unreachable!();
        };
        change(summary);
        let mut books = before.clone();
        let outcome = books.record(&tx, &receipt.to_bytes());
        if outcome.is_err() {
            assert_eq!(books, before);
        }
        outcome.map_err(|e| e.to_string())
    };
    assert_eq!(tampered(&|_| {}), Ok(()));
    let cent = usd("0.01");
    let cases: [(&str, Tamper<'_>); 7] = [
        ("what a member is owed", &|s| {
            s.transfers[0].amount = s.transfers[0].amount.plus(cent).unwrap();
            s.net = s.net.plus(cent).unwrap();
        }),
        ("the net sum", &|s| s.net = s.net.plus(cent).unwrap()),
        ("what stood at midnight", &|s| {
            s.gross = s.gross.plus(cent).unwrap();
        }),
        ("whole minor units", &|s| {
            let all = s.transfers[0].whole().unwrap();
            s.transfers[0].amount = all;
            s.transfers[0].carried = fairway_model::money::Micro::ZERO;
            s.net = all;
        }),
        ("what a member is owed", &|s| {
            s.transfers.clear();
            s.net = fairway_model::money::Micro::ZERO;
        }),
        ("pays and is paid", &|s| {
            let mut back = s.transfers[0];
            core::mem::swap(&mut back.debtor, &mut back.creditor);
            s.transfers.push(back);
        }),
        ("another cycle", &|s| s.cycle = s.cycle.plus(1)),
    ];
    for (what, change) in cases {
        let outcome = tampered(change).unwrap_err();
        assert!(outcome.contains(what), "{what}: {outcome}");
    }
    let again = world.books.record(&tx, &receipt.to_bytes()).unwrap_err();
    assert!(again.to_string().contains("closed twice"), "{again}");
}
