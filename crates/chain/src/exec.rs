//! Building and checking blocks: selection, execution, the rules of the header.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use commonware_consensus::simplex::types::Context as Round;
use commonware_cryptography::{ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::db::{Merkleized as _, Unmerkleized as _};

use crate::{
    BlockInfo, Executed, MAX_RECEIPT_BYTES, MAX_VALUE_BYTES, Machine, Peers, StateKey, TxId,
    block::{Block, RECORD_OVERHEAD, Record, body_bytes, records_root},
    header::Header,
    lineage::Edge,
    overlay::Core,
    runtime::{Runtime, aside},
    sets::{is_handover, key_bytes, read_set},
    state::{Batch, Key, Sealed, edge_key, machine_key, place_bytes, subtree_key, tx_key},
    tree::{Hash, sha256},
};

/// A block may be at most this much later than its parent, unless the parent is genesis. After a long outage the
/// block time catches up in steps of this size. Fixed by the rules: a later block is invalid for ever.
pub(crate) const MAX_TIME_STEP_MS: i64 = 3_600_000;

/// A block that is further ahead of a validator's own clock is voted for only when its time has come. So no clock rejects
/// a block, and one member with a wrong clock, or a lying one, cannot carry the ledger's time away.
const MAX_AHEAD_MS: i64 = 500;

/// A block that is due within so much more is waited for; the view of one that is further away is given up. Clocks that are set by the
/// network differ by less, and whoever is ahead by more is better gone on without than waited for.
const WORTH_WAITING_MS: i64 = 250;

/// Time after which the own clock is looked at again; it may have been set, or run at another pace.
const CLOCK_LOOK: Duration = Duration::from_millis(100);

/// Bytes that a proposer reserves for each receipt before it knows it.
const RECEIPT_ESTIMATE: usize = 256;

/// New values of stored keys.
pub(crate) type Writes = Vec<(Key, Option<Bytes>)>;

/// What executing a block gave.
struct Ran {
    /// The rules that were in force.
    version: u32,
    records: Vec<Record>,
    writes: Writes,
}

/// Why a block gave no state.
pub(crate) enum Refused {
    /// The block breaks a rule, for ever.
    Invalid(String),
    /// This node cannot go on.
    Broken(String),
}

fn broken(what: &str, error: &impl std::fmt::Display) -> Refused {
    Refused::Broken(format!("{what}: {error}"))
}

impl Core {
    /// Picks the transactions of a new block: the oldest that are neither final nor in an ancestor.
    async fn select<E: Runtime>(
        &self,
        taken: &BTreeSet<TxId>,
        batch: &Batch<E>,
    ) -> Result<Vec<(TxId, Bytes)>, Refused> {
        let extra = RECEIPT_ESTIMATE + RECORD_OVERHEAD;
        let picked = self
            .pool
            .pick(self.limits.txs, self.limits.bytes, extra, taken);
        let keys: Vec<Key> = picked.iter().map(|(id, _)| tx_key(id)).collect();
        let found = batch
            .get_many(&keys.iter().collect::<Vec<_>>())
            .await
            .map_err(|error| broken("state cannot be read", &error))?;
        let (mut fresh, mut done) = (Vec::new(), Vec::new());
        for (tx, place) in picked.into_iter().zip(found) {
            if place.is_some() {
                done.push(tx.0);
            } else {
                fresh.push(tx);
            }
        }
        self.pool.remove(&done);
        Ok(fresh)
    }

    /// Executes transactions on the parent's state.
    async fn run<E: Runtime>(
        &self,
        context: &E,
        info: BlockInfo,
        txs: Vec<(TxId, Bytes)>,
        batch: &Batch<E>,
    ) -> Result<Ran, Refused> {
        let bytes: Arc<Vec<Bytes>> = Arc::new(txs.iter().map(|(_, tx)| tx.clone()).collect());
        let state = self.fetch(context, info.height, &bytes, batch).await?;
        let version = self.machine.version(info.height, &state);
        let version = version.map_err(Refused::Broken)?;
        let machine = Arc::clone(&self.machine);
        let last = self.sets.is_last(info.height);
        let (done, peers) = aside(context, move || {
            let done = machine.execute(info, &bytes, &state);
            let peers = last.then(|| peers_after(&*machine, state, &done.writes));
            (done, peers.flatten())
        })
        .await
        .map_err(|error| broken("machine failed in execute", &error))?;
        check_output(&done, txs.len())?;
        let mut values = BTreeMap::new();
        if info.height == 1 {
            let genesis = self.machine.genesis();
            values.extend(genesis.into_iter().map(|(key, value)| (key, Some(value))));
        }
        values.extend(done.writes);
        let mut writes: Writes = values
            .into_iter()
            .map(|(key, value)| (machine_key(&key), value.map(Bytes::from)))
            .collect();
        let mut records = Vec::with_capacity(txs.len());
        for (index, ((id, tx), receipt)) in (0u32..).zip(txs.into_iter().zip(done.receipts)) {
            writes.push((tx_key(&id), Some(place_bytes(info.height, index))));
            let receipt = Bytes::from(receipt);
            records.push(Record { id, tx, receipt });
        }
        if let Some(peers) = peers {
            records.extend(self.hand_over(info.height, &peers));
        }
        Ok(Ran {
            version,
            records,
            writes,
        })
    }

    /// The record that ends the last block of an epoch when the state after it names other validators.
    fn hand_over(&self, height: u64, peers: &Peers) -> Option<Record> {
        let keys: Vec<[u8; 32]> = peers.validators.iter().map(|v| v.public_key).collect();
        let next = read_set(&keys)?;
        let tx = self
            .sets
            .handover(self.sets.epoch_of(height), &next)?
            .to_bytes();
        Some(Record {
            id: sha256(&[&tx]),
            tx,
            receipt: Bytes::new(),
        })
    }

    /// Reads what the machine named, on top of the genesis state in the first block.
    async fn fetch<E: Runtime>(
        &self,
        context: &E,
        height: u64,
        txs: &Arc<Vec<Bytes>>,
        batch: &Batch<E>,
    ) -> Result<BTreeMap<StateKey, Vec<u8>>, Refused> {
        let (machine, txs) = (Arc::clone(&self.machine), Arc::clone(txs));
        let mut names: BTreeSet<StateKey> =
            aside(context, move || machine.reads(&txs).into_iter().collect())
                .await
                .map_err(|error| broken("machine failed in reads", &error))?;
        names.extend(self.machine.version_keys());
        if self.sets.is_last(height) {
            names.extend(self.machine.peer_keys());
        }
        if height == 1 {
            let genesis = self.machine.genesis();
            return Ok(genesis
                .into_iter()
                .filter(|(key, _)| names.contains(key))
                .collect());
        }
        let keys: Vec<Key> = names.iter().map(machine_key).collect();
        let values = batch
            .get_many(&keys.iter().collect::<Vec<_>>())
            .await
            .map_err(|error| broken("state cannot be read", &error))?;
        let pairs = names.into_iter().zip(values);
        Ok(pairs
            .filter_map(|(key, value)| value.map(|value| (key, value.to_vec())))
            .collect())
    }

    /// The rules that a candidate must keep before it is executed; they depend on the block and its parent only.
    fn check_header(block: &Header, parent: &Header) -> Result<(), Refused> {
        let invalid = |reason: String| Err(Refused::Invalid(reason));
        if block.height != parent.height + 1 {
            return invalid(format!("height {} after {}", block.height, parent.height));
        }
        let latest = latest_time(parent);
        if block.time_ms <= parent.time_ms || block.time_ms > latest {
            let (time, after) = (block.time_ms, parent.time_ms);
            return invalid(format!(
                "time {time}, expected above {after} and up to {latest}"
            ));
        }
        Ok(())
    }

    /// Admission and uniqueness of a candidate's transactions.
    async fn check_txs<E: Runtime>(
        &self,
        context: &E,
        block: &Block,
        batch: &Batch<E>,
    ) -> Result<(), Refused> {
        let count = transactions(block).count();
        if count > self.limits.txs {
            let most = self.limits.txs;
            return Err(Refused::Invalid(format!(
                "{count} transactions, at most {most}"
            )));
        }
        let ids: BTreeSet<TxId> = block.records.iter().map(|record| record.id).collect();
        if ids.len() != block.records.len() {
            return Err(Refused::Invalid(
                "a transaction is in the block twice".into(),
            ));
        }
        let keys: Vec<Key> = ids.iter().map(tx_key).collect();
        let found = batch
            .get_many(&keys.iter().collect::<Vec<_>>())
            .await
            .map_err(|error| broken("state cannot be read", &error))?;
        if found.iter().any(Option::is_some) {
            return Err(Refused::Invalid(
                "a transaction is in an earlier block".into(),
            ));
        }
        // The machine's verdict depends on the bytes alone, so what waits in the own pool was admitted already.
        let unknown: Vec<Bytes> = transactions(block)
            .filter(|record| !self.pool.contains(&record.id))
            .map(|record| record.tx.clone())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let verdicts = self
            .admit(context, unknown)
            .await
            .map_err(Refused::Broken)?;
        match verdicts.into_iter().find_map(Result::err) {
            Some(reason) => Err(Refused::Invalid(format!(
                "transaction not admitted: {reason}"
            ))),
            None => Ok(()),
        }
    }

    /// Everything that a candidate is checked for before it is executed.
    pub(crate) async fn check_rules<E: Runtime>(
        &self,
        context: &E,
        block: &Block,
        parent: &Header,
        batch: &Batch<E>,
    ) -> Result<(), Refused> {
        Self::check_header(&block.header, parent)?;
        self.check_txs(context, block, batch).await
    }

    /// A block's transactions with the receipts that executing them on this state gives.
    pub(crate) async fn own_records<E: Runtime>(
        &self,
        context: &E,
        block: &Block,
        batch: &Batch<E>,
    ) -> Result<Vec<Record>, Refused> {
        let info = BlockInfo {
            height: block.header.height,
            time_ms: block.header.time_ms,
        };
        let txs = transactions(block).map(|r| (r.id, r.tx.clone())).collect();
        let ran = self.run(context, info, txs, batch).await?;
        Ok(ran.records)
    }

    /// Whether a block of this time comes too early to be waited for.
    pub(crate) fn is_far_ahead<E: Runtime>(&self, context: &E, time_ms: i64) -> bool {
        let ahead = time_ms.saturating_sub(self.now_ms(context));
        ahead > MAX_AHEAD_MS.saturating_add(WORTH_WAITING_MS)
    }

    /// Waits while a block is ahead of the own clock. The view may end meanwhile; then nobody waits for this vote.
    ///
    /// The least time that the rules allow after the parent is never ahead: whatever the clocks say, there is no earlier
    /// one, and waiting for it would stop the ledger until the clocks have caught up with the parent.
    async fn wait_for_clock<E: Runtime>(&self, context: &E, time_ms: i64, parent_ms: i64) {
        let least = parent_ms.saturating_add(1);
        while time_ms > least && time_ms > self.now_ms(context).saturating_add(MAX_AHEAD_MS) {
            context.sleep(CLOCK_LOOK).await;
        }
    }

    /// Checks a block and gives the state after it. `parent` is given for a candidate; a block that is final already
    /// is executed and compared only.
    pub(crate) async fn check<E: Runtime>(
        &self,
        context: &E,
        block: &Block,
        parent: Option<&Header>,
        batch: Batch<E>,
    ) -> Result<Sealed<E>, Refused> {
        if let Some(parent) = parent {
            self.check_rules(context, block, parent, &batch).await?;
        }
        let info = BlockInfo {
            height: block.header.height,
            time_ms: block.header.time_ms,
        };
        // A handover is not executed but made: if it is none of ours, or none where one is due, the records differ.
        let txs = transactions(block).map(|r| (r.id, r.tx.clone())).collect();
        let ran = self.run(context, info, txs, &batch).await?;
        if ran.version != block.header.machine_version {
            let (got, want) = (block.header.machine_version, ran.version);
            let reason = format!("rules of version {got}, expected {want}");
            return Err(Refused::Invalid(reason));
        }
        if ran.records != *block.records {
            let reason = "receipts differ from own execution".to_string();
            return Err(Refused::Invalid(reason));
        }
        let mut writes = ran.writes;
        let (history, grown) = grow_history(&block.header.parent, info.height, &batch).await?;
        if history != block.header.history {
            let reason = "root over the earlier headers differs from the own one".to_string();
            return Err(Refused::Invalid(reason));
        }
        writes.extend(grown);
        let sealed = seal(batch, writes).await?;
        if sealed.root().0 != block.header.state_root {
            let reason = "state root differs from own execution".to_string();
            return Err(Refused::Invalid(reason));
        }
        if let Some(parent) = parent {
            self.wait_for_clock(context, block.header.time_ms, parent.time_ms)
                .await;
            self.note_pending(block);
        }
        Ok(sealed)
    }

    /// Builds the next block on `parent` at once.
    pub(crate) async fn build<E: Runtime>(
        &self,
        context: &E,
        round: &Round<Digest, PublicKey>,
        parent: &Block,
        batch: Batch<E>,
    ) -> Result<(Block, Sealed<E>), Refused> {
        let taken = self.taken(parent.digest);
        let mut txs = self.select(&taken, &batch).await?;
        let earliest = parent.header.time_ms.saturating_add(1);
        let now = self.now_ms(context);
        let info = BlockInfo {
            height: parent.header.height + 1,
            time_ms: now.clamp(earliest, latest_time(&parent.header).max(earliest)),
        };
        let Ran {
            version,
            records,
            mut writes,
        } = loop {
            let ran = self.run(context, info, txs.clone(), &batch).await?;
            if body_bytes(&ran.records) <= self.limits.bytes {
                break ran;
            }
            txs.truncate(txs.len() / 2);
        };
        let (history, grown) = grow_history(&parent.digest, info.height, &batch).await?;
        writes.extend(grown);
        let sealed = seal(batch, writes).await?;
        let bounds = sealed.bounds();
        let header = Header {
            epoch: round.round.epoch().get(),
            view: round.round.view().get(),
            parent_view: round.parent.0.get(),
            parent: parent.digest,
            history,
            height: info.height,
            time_ms: info.time_ms,
            proposer: key_bytes(&round.leader),
            tx_count: u32::try_from(records.len()).unwrap_or(u32::MAX),
            tx_root: records_root(&records),
            state_root: sealed.root().0,
            state_floor: *bounds.inactivity_floor,
            state_size: *bounds.tip.size,
            machine_version: version,
        };
        let block = Block::new(header, round.leader.clone(), records);
        self.note_pending(&block);
        Ok((block, sealed))
    }
}

/// The records of a block that the machine executes.
fn transactions(block: &Block) -> impl Iterator<Item = &Record> {
    block
        .records
        .iter()
        .filter(|record| !is_handover(&record.tx))
}

/// Who takes part according to the state after a block.
fn peers_after(
    machine: &dyn Machine,
    mut state: BTreeMap<StateKey, Vec<u8>>,
    writes: &BTreeMap<StateKey, Option<Vec<u8>>>,
) -> Option<Peers> {
    let keys = machine.peer_keys();
    state.retain(|key, _| keys.contains(key));
    for key in keys {
        match writes.get(&key) {
            Some(Some(value)) => {
                state.insert(key, value.clone());
            }
            Some(None) => {
                state.remove(&key);
            }
            None => {}
        }
    }
    machine.peers(&state)
}

/// Root over the headers below `height`, and what is stored of it; the last of them is the parent.
pub(crate) async fn grow_history<E: Runtime>(
    parent: &Hash,
    height: u64,
    batch: &Batch<E>,
) -> Result<(Hash, Writes), Refused> {
    let mut edge = Edge::default();
    if height > 1 {
        let found = batch.get_many(&[&edge_key()]).await;
        let stored = found.map_err(|error| broken("state cannot be read", &error))?;
        let stored = stored.into_iter().next().flatten();
        edge = stored
            .and_then(|bytes| Edge::from_bytes(&bytes))
            .filter(|edge| edge.size().checked_add(1) == Some(height))
            .ok_or_else(|| Refused::Broken("the stored tree over the headers is damaged".into()))?;
    }
    let mut writes: Writes = edge
        .push(parent)
        .into_iter()
        .map(|(place, hash)| (subtree_key(place), Some(Bytes::copy_from_slice(&hash))))
        .collect();
    writes.push((edge_key(), Some(Bytes::from(edge.to_bytes()))));
    Ok((edge.root(), writes))
}

async fn seal<E: Runtime>(mut batch: Batch<E>, writes: Writes) -> Result<Sealed<E>, Refused> {
    for (key, value) in writes {
        batch = batch.write(key, value);
    }
    batch
        .merkleize()
        .await
        .map_err(|error| broken("state cannot be sealed", &error))
}

fn check_output(done: &Executed, txs: usize) -> Result<(), Refused> {
    let receipts = done.receipts.len();
    if receipts != txs {
        let reason = format!("machine gave {receipts} receipts for {txs} transactions");
        return Err(Refused::Broken(reason));
    }
    if let Some(long) = done.receipts.iter().find(|r| r.len() > MAX_RECEIPT_BYTES) {
        let len = long.len();
        let reason = format!("machine gave a receipt of {len} bytes, at most {MAX_RECEIPT_BYTES}");
        return Err(Refused::Broken(reason));
    }
    let mut values = done.writes.values().flatten();
    if let Some(long) = values.find(|value| value.len() > MAX_VALUE_BYTES) {
        let len = long.len();
        let reason = format!("machine wrote a value of {len} bytes, at most {MAX_VALUE_BYTES}");
        return Err(Refused::Broken(reason));
    }
    Ok(())
}

/// Latest block time that the rules allow after a parent.
fn latest_time(parent: &Header) -> i64 {
    if parent.height == 0 {
        i64::MAX
    } else {
        parent.time_ms.saturating_add(MAX_TIME_STEP_MS)
    }
}
