//! Books that an auditor folds from exported records, and what he notices.

use crate::world::{Charge, USD, World, place, settle, usd};
use fairway_ledger::{Books, BooksError, Outcome, Receipt};
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
    other.outcome = Outcome::Applied(fairway_ledger::Effect::MemberKeyRotated);
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
