//! How many holds and charges one core admits and executes, blocks of 500 at a time, with every signature checked:
//! `cargo run --release -p fairway-ledger --example throughput`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement made by hand, over the consortium of the tests"
)]

#[expect(dead_code, reason = "the tests use the rest of it")]
#[path = "../tests/it/world.rs"]
mod world;

use fairway_ledger::{Block, Contracts, Key, Operation, Receipt, Transaction, TxNonce, worded};
use fairway_model::canonical::Canonical;
use fairway_model::ids::{GuaranteeId, SessionId};
use std::collections::BTreeMap;
use std::time::Instant;
use world::{CHAIN, Charge, T0, World, agreement, evse, key, member, place, settle, usd};

const CHARGES: u128 = 5_000;
const BLOCK: usize = 500;

fn transactions(settling: bool) -> Vec<Vec<u8>> {
    let base = Charge::new("APC", "DUK", 1);
    let transaction = |i: u128| {
        let mut charge = base.clone();
        charge.session = SessionId(i.to_be_bytes());
        charge.guarantee.id = GuaranteeId(i.to_be_bytes());
        charge.agreement.caps.exposure = usd("1000000");
        charge.agreement = worded(charge.agreement);
        charge.guarantee.agreement = charge.agreement.id();
        let (by, operation) = if settling {
            ("DUK", settle(charge.settlement()))
        } else {
            ("DUK", place(&charge))
        };
        let nonce = TxNonce((1_000 + 2 * i + u128::from(settling)).to_be_bytes());
        Transaction::sign(CHAIN, member(by), nonce, operation, &key(by)).to_bytes()
    };
    (1..=CHARGES).map(transaction).collect()
}

#[expect(clippy::disallowed_methods, reason = "a measurement made by hand")]
fn measure(contracts: &Contracts, state: &mut BTreeMap<Key, Vec<u8>>, txs: &[Vec<u8>], what: &str) {
    let (mut admit, mut execute) = (0.0, 0.0);
    for block in txs.chunks(BLOCK) {
        let start = Instant::now();
        assert!(contracts.admit(block).iter().all(Result::is_ok));
        admit += start.elapsed().as_secs_f64();
        let start = Instant::now();
        let reads: Vec<Key> = block.iter().flat_map(|tx| contracts.reads(tx)).collect();
        let view = reads
            .iter()
            .filter_map(|k| state.get(k).map(|v| (*k, v.clone())))
            .collect();
        let (receipts, writes) = contracts.execute(
            Block {
                height: 1,
                time: T0.plus(60_000),
            },
            block,
            &view,
        );
        execute += start.elapsed().as_secs_f64();
        for receipt in receipts {
            assert_eq!(Receipt::from_bytes(&receipt).unwrap().refusal(), None);
        }
        state.extend(writes.into_iter().map(|(k, v)| (k, v.unwrap())));
    }
    let each = 1e6 / f64::from(u32::try_from(txs.len()).unwrap());
    let per_second = 1e6 / ((admit + execute) * each);
    println!(
        "{what}: admit {:.1} us, reads and execute {:.1} us, {per_second:.0}/s on one core",
        admit * each,
        execute * each
    );
}

fn main() {
    let mut world = World::new();
    let mut terms = agreement("APC", "DUK", 1);
    terms.caps.exposure = usd("1000000");
    let terms = worded(terms);
    for utility in ["APC", "DUK"] {
        world.must(utility, Operation::RegisterEvse(Box::new(evse(utility))));
    }
    world.agree(&terms);
    let mut state = world.state.clone();
    measure(&world.contracts, &mut state, &transactions(false), "holds");
    measure(&world.contracts, &mut state, &transactions(true), "charges");
}
