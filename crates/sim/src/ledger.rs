//! The ordering of transactions, and the replicas that execute them: the shipped contracts four times, each with a state of its own.
//! What consensus does between them is the chain's business and not simulated here: a block is cut while three replicas are reachable.

use crate::cast::{CANARY, Fault, REPLICAS, USD};
use crate::plan::Sabotage;
use fairway_ledger::{
    BatchItem, Block, Books, Contracts, Effect, Genesis, Key, Operation, Outcome, Receipt,
    Transaction, parts,
};
use fairway_model::canonical::Canonical;
use fairway_model::{Energy, Hash, Micro, Refusal, SessionId, Shares, Time};
use fairway_utility::door;
use std::collections::{BTreeMap, BTreeSet};

/// Replicas that a block needs: more than two thirds of four.
pub(crate) const QUORUM: usize = 3;
/// Most transactions of one block.
const MAX_BLOCK: usize = 128;

/// One validator's copy.
#[derive(Debug)]
struct Replica {
    contracts: Contracts,
    state: BTreeMap<Key, Vec<u8>>,
    height: usize,
    digest: Hash,
    out_until: Time,
}

/// A block and what it did.
#[derive(Debug)]
struct Cut {
    block: Block,
    txs: Vec<Vec<u8>>,
    /// Receipts and digest of whoever executed first; everybody else must have the same.
    done: Option<(Vec<Vec<u8>>, Hash)>,
}

/// A charge that the contract settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) total: Micro,
    pub(crate) event: Hash,
    pub(crate) energy: Energy,
    /// Who gets what of the total.
    pub(crate) shares: Shares,
    /// The load multiplier that was agreed at consent, in basis points.
    pub(crate) load_bps: u32,
}

/// The ledger.
#[derive(Debug)]
pub(crate) struct Ledger {
    replicas: Vec<Replica>,
    pool: Vec<Vec<u8>>,
    seen: BTreeSet<Hash>,
    cuts: Vec<Cut>,
    pub(crate) books: Books,
    pub(crate) settled: BTreeMap<SessionId, Settled>,
    /// Refused transactions, by reason.
    pub(crate) refused: BTreeMap<&'static str, u32>,
    pub(crate) sabotage: Option<Sabotage>,
    canaries: Vec<Vec<u8>>,
}

impl Ledger {
    pub(crate) fn new(
        genesis: &Genesis,
        cins: impl Iterator<Item = String>,
    ) -> Result<Self, Fault> {
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            let contracts = Contracts::new(genesis).map_err(|e| e.to_string())?;
            let state = contracts.genesis().clone();
            replicas.push(Replica {
                contracts,
                state,
                height: 0,
                digest: Hash::default(),
                out_until: Time(0),
            });
        }
        let mut canaries: Vec<Vec<u8>> = cins.map(String::into_bytes).collect();
        canaries.push(CANARY.as_bytes().to_vec());
        Ok(Self {
            replicas,
            pool: Vec::new(),
            seen: BTreeSet::new(),
            cuts: Vec::new(),
            books: Books::default(),
            settled: BTreeMap::new(),
            refused: BTreeMap::new(),
            sabotage: None,
            canaries,
        })
    }

    /// A replica is not reachable for a while.
    pub(crate) fn out(&mut self, replica: usize, until: Time) {
        if let Some(r) = self.replicas.get_mut(replica) {
            r.out_until = until;
        }
    }

    pub(crate) fn heal(&mut self) {
        for replica in &mut self.replicas {
            replica.out_until = Time(0);
        }
    }

    pub(crate) fn reachable(&self, replica: usize, now: Time) -> bool {
        self.replicas
            .get(replica)
            .is_some_and(|r| r.out_until <= now)
    }

    /// Takes a transaction in through a replica. A second one of the same bytes changes nothing.
    pub(crate) fn submit(&mut self, replica: usize, transaction: Vec<u8>) -> Result<(), Fault> {
        let id = Hash::plain(&transaction);
        if self.seen.contains(&id) {
            return Ok(());
        }
        for canary in &self.canaries {
            if contains(&transaction, canary) {
                return Err(format!("transaction {id} holds personal data"));
            }
        }
        let contracts = &self
            .replicas
            .get(replica)
            .ok_or("no such replica")?
            .contracts;
        let verdicts: Vec<Result<(), Refusal>> = contracts.admit(&[&transaction]);
        if let Some(Err(refusal)) = verdicts.into_iter().next() {
            return Err(format!(
                "a utility handed in a transaction that is not admitted: {refusal}"
            ));
        }
        self.seen.insert(id);
        self.pool.push(transaction);
        Ok(())
    }

    /// Cuts a block if there is something to put in and a quorum; gives its height.
    pub(crate) fn cut(&mut self, now: Time) -> Option<usize> {
        let reachable = (0..self.replicas.len())
            .filter(|r| self.reachable(*r, now))
            .count();
        if self.pool.is_empty() || reachable < QUORUM {
            return None;
        }
        let last = self.cuts.last().map_or(Time(0), |c| c.block.time);
        let height = self.cuts.len().saturating_add(1);
        let block = Block {
            height: u64::try_from(height).unwrap_or(u64::MAX),
            time: now.max(last.plus(1)),
        };
        let rest = self.pool.split_off(self.pool.len().min(MAX_BLOCK));
        let txs = core::mem::replace(&mut self.pool, rest);
        self.cuts.push(Cut {
            block,
            txs,
            done: None,
        });
        Some(height)
    }

    pub(crate) fn height_of(&self, replica: usize) -> usize {
        self.replicas.get(replica).map_or(0, |r| r.height)
    }

    pub(crate) fn height(&self) -> usize {
        self.cuts.len()
    }

    /// Transactions in all blocks.
    pub(crate) fn transactions(&self) -> usize {
        self.cuts.iter().map(|cut| cut.txs.len()).sum()
    }

    /// Nothing waits, and all replicas are level.
    pub(crate) fn level(&self) -> bool {
        self.pool.is_empty() && self.replicas.iter().all(|r| r.height == self.cuts.len())
    }

    /// Lets a replica execute everything that it missed.
    pub(crate) fn catch_up(&mut self, place: usize, now: Time) -> Result<(), Fault> {
        while self.reachable(place, now) && self.height_of(place) < self.cuts.len() {
            self.execute(place)?;
        }
        Ok(())
    }

    fn execute(&mut self, place: usize) -> Result<(), Fault> {
        let replica = self.replicas.get_mut(place).ok_or("no such replica")?;
        let cut = self.cuts.get_mut(replica.height).ok_or("no such block")?;
        let mut view = BTreeMap::new();
        for key in cut.txs.iter().flat_map(|tx| replica.contracts.reads(tx)) {
            if let Some(value) = replica.state.get(&key) {
                view.insert(key, value.clone());
            }
        }
        let (mut receipts, writes) = replica.contracts.execute(cut.block, &cut.txs, &view);
        let lies = match self.sabotage {
            Some(Sabotage::ReplicaAdds) => place == 2,
            Some(Sabotage::AllReplicasAdd) => true,
            _ => false,
        };
        if lies {
            receipts.iter_mut().for_each(add_a_micro);
        }
        let digest = digest_of(replica.digest, &receipts, &writes);
        replica.height = replica.height.saturating_add(1);
        replica.digest = digest;
        for (key, value) in writes {
            match value {
                Some(value) => replica.state.insert(key, value),
                None => replica.state.remove(&key),
            };
        }
        match &cut.done {
            Some((known, _)) if *known != receipts => Err(format!(
                "replica {place} has other receipts at height {} than the others",
                cut.block.height
            )),
            Some((_, known)) if *known != digest => Err(format!(
                "replica {place} has another state at height {} than the others",
                cut.block.height
            )),
            Some(_) => Ok(()),
            None => {
                let records: Vec<_> = cut
                    .txs
                    .iter()
                    .cloned()
                    .zip(receipts.iter().cloned())
                    .collect();
                cut.done = Some((receipts, digest));
                records
                    .iter()
                    .try_for_each(|(tx, receipt)| self.record(tx, receipt))
            }
        }
    }

    fn record(&mut self, tx: &[u8], receipt: &[u8]) -> Result<(), Fault> {
        self.books
            .record(tx, receipt)
            .map_err(|e| format!("the books do not fold: {e}"))?;
        let sum = self.books.sum(USD).map_err(|e| e.to_string())?;
        if sum != Micro::ZERO {
            return Err(format!(
                "the ledger's accounts sum to {} instead of zero",
                sum.text(USD)
            ));
        }
        let receipt = Receipt::from_bytes(receipt).map_err(|e| e.to_string())?;
        let tx = Transaction::read(tx).map_err(|e| e.to_string())?;
        let parts = parts(tx, receipt).ok_or("the receipt of a batch does not fit its items")?;
        parts
            .into_iter()
            .try_for_each(|(tx, receipt)| self.record_part(&tx.operation, receipt.outcome))
    }

    fn record_part(&mut self, operation: &Operation, outcome: Outcome) -> Result<(), Fault> {
        match outcome {
            Outcome::Applied(Effect::ChargeSettled {
                session,
                event,
                total,
                shares,
                ..
            }) => {
                let (energy, load_bps) = measured(operation)?;
                let settled = Settled {
                    total,
                    event,
                    energy,
                    shares,
                    load_bps,
                };
                if self.settled.insert(session, settled).is_some() {
                    return Err(format!("{session} is settled twice"));
                }
            }
            Outcome::Refused(refusal) => {
                let count = self.refused.entry(refusal.code.as_str()).or_default();
                *count = count.saturating_add(1);
            }
            Outcome::Applied(_) => {}
        }
        Ok(())
    }

    /// What a utility is told of a block, once its replica executed it.
    pub(crate) fn block_for(&self, replica: usize, height: usize) -> Option<door::Block> {
        if height == 0 || height > self.height_of(replica) {
            return None;
        }
        let cut = self.cuts.get(height.saturating_sub(1))?;
        let (receipts, _) = cut.done.as_ref()?;
        Some(door::Block {
            height: cut.block.height,
            time: cut.block.time,
            entries: cut
                .txs
                .iter()
                .zip(receipts)
                .map(|(tx, receipt)| door::Entry::read(tx, receipt))
                .collect(),
        })
    }

    pub(crate) fn digest(&self) -> Hash {
        self.replicas.first().map(|r| r.digest).unwrap_or_default()
    }

    /// Each transaction's kind, for the trace.
    pub(crate) fn kind(transaction: &[u8]) -> String {
        let operation = Transaction::read(transaction).map(|tx| format!("{:?}", tx.operation));
        let text = operation.unwrap_or_else(|e| e.to_string());
        text.chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect()
    }
}

/// Whether a transaction settles a charge, alone or in a batch.
pub(crate) fn settles(operation: &Operation) -> bool {
    match operation {
        Operation::SettleCharge(_) => true,
        Operation::Batch(items) => items.iter().any(|i| matches!(i, BatchItem::Charge(_))),
        _ => false,
    }
}

/// The energy of a charge, and its load multiplier.
fn measured(operation: &Operation) -> Result<(Energy, u32), Fault> {
    match operation {
        Operation::SettleCharge(settlement) => {
            let event = settlement.event();
            let energy = event.usage.energy().ok_or("energy overflows")?;
            Ok((energy, event.adjustments.load_bps))
        }
        _ => Err("a charge is settled by a transaction of another kind".to_owned()),
    }
}

/// Of everything that executing a block gave, and of all blocks before.
fn digest_of(before: Hash, receipts: &[Vec<u8>], writes: &BTreeMap<Key, Option<Vec<u8>>>) -> Hash {
    let mut out = before.0.to_vec();
    let mut add = |bytes: &[u8]| {
        out.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    for receipt in receipts {
        add(receipt);
    }
    for (key, value) in writes {
        add(key);
        match value {
            Some(value) => add(value),
            None => add(b""),
        }
    }
    Hash::of("fairway.sim.state", &out)
}

fn add_a_micro(receipt: &mut Vec<u8>) {
    if let Ok(mut read) = Receipt::from_bytes(receipt)
        && let Some(posting) = read.postings.first_mut()
    {
        posting.amount = posting.amount.plus(Micro(1)).unwrap_or(posting.amount);
        *receipt = read.to_bytes();
    }
}

/// Whether `needle` stands anywhere in `bytes`.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let starts = bytes.iter().enumerate().filter(|(_, b)| *b == first);
    starts
        .into_iter()
        .any(|(at, _)| bytes.get(at..).is_some_and(|rest| rest.starts_with(needle)))
}
