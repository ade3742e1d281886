//! The contracts as every validator runs them, and signed charges to settle.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use fairway_chain::{BlockInfo, Executed, Machine, Peers, StateKey, TxId};
use fairway_ledger::{Contracts, Genesis, Motion, Operation, Receipt, Transaction, key_for_roll};
use fairway_model::{
    Hash, Refusal, RefusalCode, canonical::Canonical, registry::PrefixEntry, time::Time,
};

use crate::{
    council,
    plan::{Change, Plan},
    world::{self, Charge, World, place, settle},
};

/// The utilities that charge; the other members only validate.
pub(crate) const UTILITIES: [&str; 3] = ["APC", "DUK", "GPC"];
/// The utility that joins.
pub(crate) const JOINS: &str = "OPC";
/// The utility that becomes a full node.
pub(crate) const LEAVES: &str = "GPC";

/// The members of a consortium of this size, in the order of their validators; the last one is the witness.
pub(crate) fn members(validators: usize) -> Vec<&'static str> {
    let all = ["APC", "DUK", "GPC", "FPC", "SCE", "TEC"];
    let utilities = all.into_iter().take(validators - 1);
    utilities.chain(["REG"]).collect()
}

/// What a validator's state machine does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// Takes no transaction of this utility.
    Censor(usize),
    /// Settles every charge for one micro-unit more.
    Price,
    /// Rounds one share up and another down by a micro-unit, so that their sum is right.
    Rounding,
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

/// The version after the first one, which nobody could take for it: it registers no prefixes.
fn no_prefixes(operation: &Operation) -> Result<(), Refusal> {
    match operation {
        Operation::RegisterPrefix(_) => Err(Refusal::new(
            RefusalCode::PrefixTaken,
            "version 2 registers no prefixes",
        )),
        _ => Ok(()),
    }
}

impl Rules {
    /// The program of a validator; an old one has the first version only.
    pub(crate) fn machine(load: &Load, wrong: Wrong, old: bool) -> Arc<dyn Machine> {
        let contracts = Contracts::new(&load.genesis).unwrap();
        Arc::new(Self {
            contracts: if old {
                contracts
            } else {
                contracts.rehearsing(no_prefixes)
            },
            first: Arc::clone(&load.first),
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
                Wrong::Rounding => {
                    if let [first, second, ..] = read.postings.as_mut_slice() {
                        first.amount.0 += 1;
                        second.amount.0 -= 1;
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
    fn version_keys(&self) -> Vec<StateKey> {
        Contracts::version_keys()
    }

    fn version(&self, height: u64, state: &BTreeMap<StateKey, Vec<u8>>) -> Result<u32, String> {
        let version = self.contracts.version_at(height, state);
        version.map_err(|refusal| refusal.to_string())
    }

    fn peer_keys(&self) -> Vec<StateKey> {
        vec![key_for_roll()]
    }

    fn peers(&self, state: &BTreeMap<StateKey, Vec<u8>>) -> Option<Peers> {
        council::peers(state)
    }

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

/// What must become of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Applied,
    /// It is a vote, and may come too late when a suspension left fewer to vote.
    Vote,
    /// It settles a charge.
    Settled,
    /// It is a repetition, which the contract must refuse by name.
    Refused,
    /// The old version takes it, and the new one refuses it.
    OldOnly,
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
    /// Time of the run before which it is not handed in.
    pub(crate) not_before: Duration,
    /// Blocks that must be final before.
    pub(crate) from_height: u64,
    pub(crate) expected: Expected,
}

/// Everything that is handed in during a run.
pub(crate) struct Load {
    pub(crate) genesis: Genesis,
    pub(crate) first: Arc<BTreeMap<StateKey, Vec<u8>>>,
    pub(crate) items: Vec<Item>,
    /// The votes that decide the next version, and the height that they name.
    pub(crate) activation: Option<(Vec<TxId>, u64)>,
    /// Small transactions for measuring how prompt the ledger is.
    pub(crate) probes: Vec<Bytes>,
    /// A transaction whose signature is not its author's.
    pub(crate) forged: Bytes,
}

/// Time between two registrations of prefixes.
const PREFIX_EVERY: Duration = Duration::from_secs(2);
/// Small transactions after a run.
pub(crate) const PROBES: u8 = 6;

impl Load {
    /// The load of a plan: its charges between changing pairs, each with a hold, its settlement, and the same settlement again by
    /// the other member; what the members decide; and what shows that it counts.
    pub(crate) fn new(plan: &Plan) -> Self {
        let utilities = &members(plan.validators)[..plan.validators - 1];
        let genesis = world::genesis_of(utilities);
        let mut world = World::with(&genesis).agreeing(&UTILITIES);
        let first = Arc::new(world.state.clone());
        let mut items = Vec::new();
        for n in 1..=plan.charges {
            let (home, visited) = (usize::from(n) % 3, usize::from(n / 3) % 3);
            let charge = Charge::new(UTILITIES[home], UTILITIES[visited], n);
            let hold = world.sign(UTILITIES[visited], place(&charge));
            let settled = world.sign(UTILITIES[visited], settle(charge.settlement()));
            let again = world.sign(UTILITIES[home], settle(charge.settlement()));
            let hold = item(hold, visited, None, Expected::Applied);
            let settled = item(settled, visited, Some(hold.id), Expected::Settled);
            let again = item(again, home, Some(settled.id), Expected::Refused);
            items.extend([hold, settled, again]);
        }
        let activation = decisions(plan, &mut world, &mut items);
        let prefix = |world: &mut World, n: u8| world.sign(UTILITIES[1], prefix(n));
        let probes = (0..PROBES).map(|n| prefix(&mut world, 40 + n).into());
        let probes = probes.collect();
        let charge = Charge::new(UTILITIES[0], UTILITIES[1], 200);
        let mut forged = world.sign(UTILITIES[1], place(&charge));
        if let Some(last) = forged.last_mut() {
            *last ^= 1;
        }
        Self {
            genesis,
            first,
            items,
            activation,
            probes,
            forged: Bytes::from(forged),
        }
    }
}

/// Adds what the members decide to the load; gives when a new version begins.
fn decisions(plan: &Plan, world: &mut World, items: &mut Vec<Item>) -> Option<(Vec<TxId>, u64)> {
    let members = members(plan.validators);
    // The last ones are spared: more than two thirds are enough, and a further vote is refused.
    let most = |all: usize| &members[..=(all * 2 / 3)];
    match plan.change {
        Change::Nothing => None,
        Change::Upgrade { from, .. } => {
            let motion = Motion::ActivateVersion { version: 2, from };
            let votes = motions(world, items, most(members.len()), &motion, None);
            let last = *votes.last()?;
            for n in 0..6 {
                let tx = world.sign(UTILITIES[1], prefix(n));
                let mut item = item(tx, 1, None, Expected::OldOnly);
                item.not_before = PREFIX_EVERY * u32::from(n);
                if n == 5 {
                    (item.after, item.from_height) = (Some(last), from);
                }
                items.push(item);
            }
            Some((votes, from))
        }
        Change::Validators { leave_after } => {
            let joins = council::admit(JOINS);
            let votes = motions(world, items, most(members.len()), &joins, None);
            let leaves = council::leave(LEAVES);
            let begin = items.len();
            motions(
                world,
                items,
                most(members.len() + 1),
                &leaves,
                votes.last().copied(),
            );
            items[begin].not_before = Duration::from_millis(leave_after);
            None
        }
    }
}

/// Adds a motion and its votes, one after the other, and gives the votes.
fn motions(
    world: &mut World,
    items: &mut Vec<Item>,
    voters: &[&str],
    motion: &Motion,
    after: Option<TxId>,
) -> Vec<TxId> {
    let mut before = after;
    let mut ids = Vec::new();
    for (n, tx) in council::decide(world, voters, motion)
        .into_iter()
        .enumerate()
    {
        let expected = [Expected::Applied, Expected::Vote][n.min(1)];
        let item = item(tx, n, before, expected);
        before = Some(item.id);
        ids.push(item.id);
        items.push(item);
    }
    ids.split_off(1)
}

fn prefix(n: u8) -> Operation {
    Operation::RegisterPrefix(PrefixEntry {
        prefix: format!("84000{:02}", n + 10),
        member: world::member(UTILITIES[1]),
    })
}

fn item(tx: Vec<u8>, home: usize, after: Option<TxId>, expected: Expected) -> Item {
    Item {
        id: Hash::plain(&tx).0,
        tx: Bytes::from(tx),
        home,
        after,
        not_before: Duration::ZERO,
        from_height: 0,
        expected,
    }
}
