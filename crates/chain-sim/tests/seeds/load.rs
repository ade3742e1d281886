//! The contracts as every validator runs them, and signed charges to settle.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use fairway_chain::{BlockInfo, Executed, Machine, StateKey, TxId};
use fairway_ledger::{Contracts, Receipt, Transaction};
use fairway_model::{Hash, canonical::Canonical, time::Time};

use crate::world::{self, Charge, World, place, settle};

/// The utilities of the consortium; the other validators are witnesses.
pub(crate) const UTILITIES: [&str; 3] = ["APC", "DUK", "GPC"];

/// What a validator's state machine does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// Takes no transaction of this utility.
    Censor(usize),
    /// Settles every charge for one micro-unit more.
    Price,
    /// Takes every transaction, whoever signed it.
    Unsigned,
    /// Its receipts depend on how often it was asked, as with an order by chance.
    Order,
}

/// The contracts, honest or not.
pub(crate) struct Rules {
    contracts: Contracts,
    first: Arc<BTreeMap<StateKey, Vec<u8>>>,
    wrong: Wrong,
    calls: std::sync::atomic::AtomicU64,
}

impl Rules {
    pub(crate) fn machine(
        first: &Arc<BTreeMap<StateKey, Vec<u8>>>,
        wrong: Wrong,
    ) -> Arc<dyn Machine> {
        Arc::new(Self {
            contracts: Contracts::new(&world::genesis()).unwrap(),
            first: Arc::clone(first),
            wrong,
            calls: std::sync::atomic::AtomicU64::new(0),
        })
    }

    fn spoil(&self, executed: &mut Executed) {
        let call = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for receipt in &mut executed.receipts {
            let Ok(mut read) = Receipt::from_bytes(receipt) else {
                continue;
            };
            match self.wrong {
                Wrong::Price => {
                    for posting in &mut read.postings {
                        posting.amount.0 += 1;
                    }
                }
                Wrong::Order if call % 2 == 1 => read.postings.reverse(),
                _ => return,
            }
            *receipt = read.to_bytes();
        }
    }
}

impl Machine for Rules {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        let verdicts = self.contracts.admit(txs).into_iter().zip(txs);
        verdicts
            .map(|(verdict, tx)| match self.wrong {
                Wrong::Unsigned => Ok(()),
                Wrong::Censor(utility) if author(tx) == Some(utility) => {
                    Err("not wanted".to_string())
                }
                _ => verdict.map_err(|refusal| refusal.to_string()),
            })
            .collect()
    }

    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey> {
        txs.iter().flat_map(|tx| self.contracts.reads(tx)).collect()
    }

    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed {
        let place = fairway_ledger::Block {
            height: block.height,
            time: Time(block.time_ms),
        };
        let (receipts, writes) = self.contracts.execute(place, txs, state);
        let mut executed = Executed { receipts, writes };
        if self.wrong != Wrong::Nothing {
            self.spoil(&mut executed);
        }
        executed
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        self.first.as_ref().clone()
    }
}

/// The utility that signed a transaction.
pub(crate) fn author(tx: &[u8]) -> Option<usize> {
    let author = Transaction::read(tx).ok()?.member;
    UTILITIES
        .iter()
        .position(|name| world::member(name) == author)
}

/// One transaction on its way.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: TxId,
    pub(crate) tx: Bytes,
    /// Whose validator hands it in first.
    pub(crate) home: usize,
    /// Must be final before this one is handed in.
    pub(crate) after: Option<TxId>,
    /// It is a repetition, which the contract must refuse by name.
    pub(crate) repeats: bool,
}

/// Everything that is handed in during a run.
pub(crate) struct Load {
    pub(crate) first: Arc<BTreeMap<StateKey, Vec<u8>>>,
    pub(crate) items: Vec<Item>,
    /// A transaction whose signature is not its author's.
    pub(crate) forged: Bytes,
}

impl Load {
    /// So many charges between changing pairs: a hold, its settlement, and the same settlement again by the other member.
    pub(crate) fn new(charges: u8) -> Self {
        let mut world = World::ready();
        let first = Arc::new(world.state.clone());
        let mut items = Vec::new();
        for n in 1..=charges {
            let (home, visited) = (usize::from(n) % 3, usize::from(n / 3) % 3);
            let charge = Charge::new(UTILITIES[home], UTILITIES[visited], n);
            let hold = world.sign(UTILITIES[visited], place(&charge));
            let settled = world.sign(UTILITIES[visited], settle(charge.settlement()));
            let again = world.sign(UTILITIES[home], settle(charge.settlement()));
            let hold = item(hold, visited, None, false);
            let settled = item(settled, visited, Some(hold.id), false);
            let again = item(again, home, Some(settled.id), true);
            items.extend([hold, settled, again]);
        }
        let charge = Charge::new(UTILITIES[0], UTILITIES[1], 200);
        let mut forged = world.sign(UTILITIES[1], place(&charge));
        if let Some(last) = forged.last_mut() {
            *last ^= 1;
        }
        let forged = Bytes::from(forged);
        Self {
            first,
            items,
            forged,
        }
    }
}

fn item(tx: Vec<u8>, home: usize, after: Option<TxId>, repeats: bool) -> Item {
    Item {
        id: Hash::plain(&tx).0,
        tx: Bytes::from(tx),
        home,
        after,
        repeats,
    }
}
