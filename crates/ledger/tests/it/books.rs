//! Books that an auditor folds from exported records, and what he notices.

use crate::world::{Charge, USD, World, member, place, settle, usd};
use fairway_ledger::money::{CycleSummary, MoneyEffect};
use fairway_ledger::tx::{Operation, Payment};
use fairway_ledger::{Account, Books, BooksError, Effect, Movements, Outcome, Receipt};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::money::Micro;

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
    assert_eq!(again.turnover(member("APC"), member("DUK"), USD).charges, 1);
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
            s.transfers[0].carried = Micro::ZERO;
            s.net = all;
        }),
        ("what a member is owed", &|s| {
            s.transfers.clear();
            s.net = Micro::ZERO;
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

/// A part of the chain that begins with a payment of what older blocks say: the books cannot follow it, and what moved can be told all the same.
#[test]
fn a_part_of_the_chain_tells_what_moved_in_it() {
    let (mut world, ..) = charged();
    let begin = world.log.len();
    let before = world.books.clone();
    let owed = world.books.position(member("APC"), member("DUK"), USD);
    let payment = Payment {
        debtor: member("APC"),
        creditor: member("DUK"),
        currency: USD,
        amount: owed,
        reference: Hash::plain(b"bank"),
    };
    world.must("DUK", Operation::ConfirmPayment(payment));
    let charge = Charge::new("GPC", "DUK", 2);
    world.must("DUK", place(&charge));
    world.must("DUK", settle(charge.settlement()));
    let (tx, receipt) = world.log[begin].clone();
    let refused = Books::default().record(&tx, &receipt).unwrap_err();
    assert!(
        refused.to_string().contains("more is paid than is owed"),
        "{refused}"
    );

    let mut part = Movements::default();
    for (tx, receipt) in &world.log[begin..] {
        part.record(tx, receipt).unwrap();
    }
    for name in ["APC", "DUK", "GPC"] {
        for account in [Account::Member(member(name)), Account::Tax(member(name))] {
            let moved = world.books.account(&account, USD).0 - before.account(&account, USD).0;
            assert_eq!(part.account(&account, USD).0, moved, "{account}");
        }
    }
    assert_eq!((part.charges(), part.sum(USD)), (1, Ok(Micro::ZERO)));
    let shown = part.to_string();
    assert!(
        shown.contains("moved charges US*GPC at US*DUK USD"),
        "{shown}"
    );
    assert!(shown.contains("moved sum USD 0"), "{shown}");

    // Within the part nothing pays or settles twice, and a receipt is of its transaction and posts what that says.
    let mut twice = part.clone();
    let said = twice.record(&tx, &receipt).unwrap_err().to_string();
    assert!(said.contains("a bank reference pays twice"), "{said}");
    let (settlement, settled) = world.log.last().unwrap().clone();
    let error = part.record(&settlement, &settled);
    assert!(
        matches!(error, Err(BooksError::SettledTwice(_))),
        "{error:?}"
    );
    let error = Movements::default().record(&settlement, &receipt);
    assert!(
        matches!(error, Err(BooksError::OtherTransaction(_))),
        "{error:?}"
    );
    let mut other = Receipt::from_bytes(&settled).unwrap();
    let [first, second, ..] = other.postings.as_mut_slice() else {
        panic!("a charge posts more than one amount")
    };
    // The sum stays zero; the shares are not those of the signed charge.
    first.amount = first.amount.plus(usd("0.01")).unwrap();
    second.amount = second.amount.minus(usd("0.01")).unwrap();
    let error = Movements::default().record(&settlement, &other.to_bytes());
    assert!(
        matches!(error, Err(BooksError::PostingsDiffer(_))),
        "{error:?}"
    );
    other.outcome = Outcome::Applied(Effect::MemberKeyRotated);
    let error = Movements::default().record(&settlement, &other.to_bytes());
    assert!(
        matches!(error, Err(BooksError::PostingsDiffer(_))),
        "{error:?}"
    );
}
