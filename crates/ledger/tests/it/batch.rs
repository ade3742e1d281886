//! Batches: what each item does alone, with a result for each.

use crate::property;
use crate::world::{
    CHAIN, Charge, T0, USD, World, key, kwh, line, member, place, settle, usd, void,
};
use expect_test::expect;
use fairway_ledger::limits::MAX_BATCH;
use fairway_ledger::state::ChargeState;
use fairway_ledger::{
    BatchItem, Block, Books, BooksError, Effect, ItemOutcome, Key, Operation, Outcome, Receipt,
    Transaction, TxNonce, key_for_charge, key_for_hold, key_for_nonce, parts,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::refusal::RefusalCode;
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(crate) fn batch(operations: impl IntoIterator<Item = Operation>) -> Operation {
    let items = operations
        .into_iter()
        .map(|operation| BatchItem::of(operation).unwrap());
    Operation::Batch(items.collect())
}

fn charges(numbers: impl IntoIterator<Item = u8>) -> Vec<Charge> {
    let mut charges: Vec<Charge> = numbers
        .into_iter()
        .map(|n| Charge::new("APC", "DUK", n))
        .collect();
    for charge in &mut charges {
        charge.hold = usd("10");
    }
    charges
}

/// One line per item.
fn results(receipt: &Receipt) -> String {
    let Some(Effect::Batch(items)) = receipt.effect() else {
        return line(receipt);
    };
    let text = |item: &ItemOutcome| match item {
        ItemOutcome::Applied { effect, postings } => {
            let name: String = format!("{effect:?}")
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            format!("{name}, {postings} postings\n")
        }
        ItemOutcome::Refused(refusal) => format!("{refusal}\n"),
    };
    items.iter().map(text).collect()
}

#[test]
fn every_item_settles_or_is_refused_by_name_on_its_own() {
    let mut world = World::ready();
    let all = charges([1, 2, 3, 4]);
    let holds = world.must("DUK", batch(all[..3].iter().map(place)));
    assert_eq!(results(&holds), "HoldPlaced, 0 postings\n".repeat(3));
    let mut wrong = all[1].settlement();
    wrong.signed.event.total = wrong.signed.event.total.plus(usd("0.01")).unwrap();
    let wrong = crate::world::signed(wrong.signed.event);
    let receipt = world.must(
        "DUK",
        batch([
            settle(all[0].settlement()),
            settle(wrong),
            settle(all[0].settlement()),
            settle(all[3].settlement()),
            void(&all[2]),
            place(&all[0]),
        ]),
    );
    expect![[r#"
        ChargeSettled, 4 postings
        price-wrong: total 9.07 USD; tariff "day" gives 9.06 for 20 kWh
        already-settled: ses_01010101010101010101010101010101 was settled in block 23 with the same content
        hold-unknown: ses_04040404040404040404040404040404 has no hold; place one at consent
        HoldVoided, 0 postings
        duplicate: the hold for ses_01010101010101010101010101010101 is placed already
    "#]]
    .assert_eq(&results(&receipt));
    assert_eq!(receipt.postings.len(), 4);
    assert_eq!(world.books.charges(), 1);
    let settled = |c: &Charge| {
        world
            .get::<ChargeState>(key_for_charge(c.session))
            .is_some()
    };
    assert!(settled(&all[0]) && !settled(&all[1]));
}

#[test]
fn a_batch_twice_is_once_and_an_item_of_two_batches_too() {
    let mut world = World::ready();
    let all = charges([1, 2, 3]);
    world.must("DUK", batch(all.iter().map(place)));
    let first = world.sign(
        "DUK",
        batch(all[..2].iter().map(|c| settle(c.settlement()))),
    );
    world.execute(&first);
    let before = world.state.clone();
    let again = world.execute(&first);
    assert_eq!(again.refusal().unwrap().code, RefusalCode::Duplicate);
    assert_eq!(world.state, before);
    // Home hands the same charges in, together with one that is new.
    let second = world.must("APC", batch(all.iter().map(|c| settle(c.settlement()))));
    let codes: Vec<Option<RefusalCode>> = parts_of(&world, &second)
        .iter()
        .map(|(_, receipt)| receipt.refusal().map(|r| r.code))
        .collect();
    let known = Some(RefusalCode::AlreadySettled);
    assert_eq!(codes, [known, known, None]);
    assert_eq!(world.books.charges(), 3);
}

/// The newest transaction, item by item.
fn parts_of(world: &World, receipt: &Receipt) -> Vec<(Transaction, Receipt)> {
    let (tx, _) = world.log.last().unwrap();
    parts(Transaction::from_bytes(tx).unwrap(), receipt.clone()).unwrap()
}

#[test]
fn a_batch_of_bad_form_enters_no_block() {
    let mut world = World::ready();
    let charge = Charge::new("APC", "DUK", 1);
    let mut forged = charge.settlement();
    forged.signed.home_signature = forged.signed.visited_signature;
    let mut unnamed = charge.settlement();
    unnamed.area = Some(String::new());
    let good = settle(charge.settlement());
    let cases = [
        batch([]),
        batch(vec![void(&charge); MAX_BATCH + 1]),
        batch([good.clone(), settle(forged)]),
        batch([good, settle(unnamed)]),
    ];
    let texts = cases.map(|operation| {
        let tx = world.sign("DUK", operation);
        let verdict = world.contracts.admit(&[tx]).remove(0).unwrap_err();
        let text = verdict.to_string();
        text.split(" with key")
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    expect![[r#"
        malformed: items of the batch: 0; 1 to 64 are allowed
        too-large: items of the batch: 65; 1 to 64 are allowed
        bad-signature: the signature of the charge event by the home utility in item 1 does not verify
        malformed: item 1: bytes of the grid area: 0; 1 to 32 are allowed"#]]
    .assert_eq(&texts.join("\n"));
}

#[test]
fn a_full_batch_and_its_receipt_fit() {
    let mut world = World::ready();
    let full = MAX_BATCH / 2;
    let items: Vec<Charge> = (0..MAX_BATCH)
        .map(|n| {
            let number = u8::try_from(n + 1).unwrap();
            let mut charge = Charge::new(["APC", "GPC"][n / full], "DUK", number);
            charge.hold = usd("1");
            charge.energy = kwh(1);
            charge
        })
        .collect();
    let holds = world.must("DUK", batch(items.iter().map(place)));
    let Some(Effect::Batch(placed)) = holds.effect() else {
        unreachable!();
    };
    assert_eq!(placed.len(), MAX_BATCH);
    let tx = world.sign("DUK", batch(items.iter().map(|c| settle(c.settlement()))));
    let receipt = world.execute(&tx);
    let sizes = (tx.len(), receipt.to_bytes().len());
    assert_eq!(world.books.charges(), MAX_BATCH);
    assert!(sizes.0 < 56 * 1024 && sizes.1 < 32 * 1024, "{sizes:?}");
}

#[test]
fn a_receipt_with_other_results_than_the_items_have_is_noticed() {
    let mut world = World::ready();
    let all = charges([1, 2]);
    world.must("DUK", batch(all.iter().map(place)));
    let before = world.books.clone();
    let tx = world.sign("DUK", batch(all.iter().map(|c| settle(c.settlement()))));
    let receipt = world.execute(&tx);
    let tampered = |change: &dyn Fn(&mut Vec<ItemOutcome>)| {
        let mut receipt = receipt.clone();
        let Outcome::Applied(Effect::Batch(items)) = &mut receipt.outcome else {
            unreachable!();
        };
        change(items);
        before.clone().record(&tx, &receipt.to_bytes())
    };
    assert_eq!(tampered(&|_| {}), Ok(()));
    let differ = Err(BooksError::PostingsDiffer(Hash::plain(&tx)));
    let refused = || {
        ItemOutcome::Refused(fairway_model::refusal::Refusal::new(
            RefusalCode::PriceWrong,
            "",
        ))
    };
    assert_eq!(tampered(&|items| items.truncate(1)), differ);
    assert_eq!(tampered(&|items| items.push(refused())), differ);
    assert_eq!(tampered(&|items| items[1] = refused()), differ);
    let shifted = |items: &mut Vec<ItemOutcome>| {
        for (item, more) in items.iter_mut().zip([5, 3]) {
            if let ItemOutcome::Applied { postings, .. } = item {
                *postings = more;
            }
        }
    };
    assert_eq!(tampered(&shifted), differ);
    let mut once: Books = before.clone();
    once.record(&tx, &receipt.to_bytes()).unwrap();
    assert_eq!(once.to_string(), world.books.to_string());
    assert_eq!(world.books.sum(USD), Ok(usd("0")));
}

/// One of three charges at DUK's station, of drivers of all three members.
fn charge_at_duke(number: u8, spoil: u8) -> Charge {
    property::charge(3 + number, spoil)
}

/// Everything that executing these in one block left, without what remembers nonces.
fn left(world: &World, txs: &[Vec<u8>], nonces: u128) -> BTreeMap<Key, Option<Vec<u8>>> {
    let block = Block {
        height: 7,
        time: T0.plus(60_000),
    };
    assert!(world.contracts.admit(txs).iter().all(Result::is_ok));
    let (_, mut writes) = world.contracts.execute(block, txs, &world.state);
    for n in 0..nonces {
        writes.remove(&key_for_nonce(member("DUK"), nonce(n)));
    }
    writes
}

fn nonce(n: u128) -> TxNonce {
    TxNonce((1_000 + n).to_be_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The invariant of the module, with charges that exceed guarantees and caps, come twice and have no hold.
    #[test]
    fn a_batch_does_what_its_items_do_alone(
        steps in prop::collection::vec((0u8..3, 0u8..3, any::<u8>()), 1..24)
    ) {
        let world = World::ready();
        let operations: Vec<Operation> = steps.into_iter().map(|(kind, session, spoil)| {
            let charge = charge_at_duke(session, spoil);
            match kind {
                0 => place(&charge),
                1 => settle(charge.settlement()),
                _ => void(&charge),
            }
        }).collect();
        let sign = |n: u128, operation: Operation| {
            Transaction::sign(CHAIN, member("DUK"), nonce(n), operation, &key("DUK")).to_bytes()
        };
        let alone: Vec<Vec<u8>> = (0u128..).zip(operations.clone()).map(|(n, o)| sign(n, o)).collect();
        let together = [sign(0, batch(operations))];
        prop_assert_eq!(left(&world, &alone, 64), left(&world, &together, 64));
    }
}

/// Without this the property above could hold because nothing ever happens.
#[test]
fn random_items_do_settle() {
    let mut world = World::ready();
    let all: Vec<Charge> = (0..3).map(|n| charge_at_duke(n, 255)).collect();
    let holds = all.iter().map(place);
    let items = holds.chain(all.iter().map(|c| settle(c.settlement())));
    world.must("DUK", batch(items));
    assert!(world.books.charges() >= 2, "{}", world.books);
    assert!(
        all.iter()
            .any(|c| world.state.contains_key(&key_for_hold(c.session)))
    );
}

#[test]
fn a_batch_of_which_nothing_takes_effect_changes_nothing() {
    let mut world = World::ready();
    let all = charges([1, 2]);
    let tx = world.sign("DUK", batch(all.iter().map(|c| settle(c.settlement()))));
    let before = world.state.clone();
    let receipt = world.execute(&tx);
    assert!(receipt.refusal().is_none() && receipt.postings.is_empty());
    assert_eq!(world.state, before);
    // Like any refused transaction it may count later.
    world.must("DUK", batch(all.iter().map(place)));
    world.execute(&tx);
    assert_eq!(world.books.charges(), 2);
}
