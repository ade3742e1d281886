//! What building, checking and applying blocks share with the rest of the validator.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use commonware_cryptography::ed25519::PublicKey;
use tokio::sync::mpsc;

use crate::{
    FinalBlock, Machine, Proof, TxId,
    block::{Block, Limits},
    board::Board,
    config::Clock,
    flaws::Flaws,
    level::Level,
    lineage::Edge,
    pool::Pool,
    runtime::{Runtime, aside},
    sets::{Sets, is_handover},
    tree::Hash,
};

/// Applied blocks kept in memory for readers.
const RECENT_BLOCKS: usize = 256;

/// A block that is built or checked but not final yet.
struct Pending {
    height: u64,
    time_ms: i64,
    parent: Hash,
    ids: Arc<Vec<TxId>>,
}

/// What the blocks' work shares with the rest of the validator.
pub(crate) struct Core {
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) pool: Pool,
    pub(crate) board: Arc<Board>,
    pub(crate) limits: Limits,
    pub(crate) genesis: Block,
    pub(crate) sets: Arc<Sets>,
    pub(crate) idle: Duration,
    pub(crate) clock: Option<Clock>,
    pub(crate) busy: Duration,
    pub(crate) applied: Level,
    /// First block that is held; 0 until it is known.
    pub(crate) first: Level,
    /// First block that is held whole.
    whole: AtomicU64,
    /// The edge of the tree over the headers before the first block that is held, unless that is block 1.
    pub(crate) edge: OnceLock<Edge>,
    pub(crate) fatal: mpsc::UnboundedSender<String>,
    /// Proofs of the changes of validators, oldest first, as far as they were made or given.
    handovers: Mutex<Vec<Proof>>,
    /// The node is being stopped by its owner.
    pub(crate) leaving: AtomicBool,
    /// Peers from which something was heard lately.
    heard: Mutex<BTreeSet<PublicKey>>,
    pub(crate) flaws: Flaws,
    pending: Mutex<BTreeMap<Hash, Pending>>,
    recent: Mutex<BTreeMap<u64, Arc<FinalBlock>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970-01-01 UTC.
pub(crate) fn millis(time: SystemTime) -> i64 {
    let passed = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}

/// A span of milliseconds; nothing when negative.
pub(crate) fn span(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

impl Core {
    pub(crate) fn new(
        machine: Arc<dyn Machine>,
        config: &crate::Config,
        genesis: Block,
        sets: Sets,
        board: Arc<Board>,
        fatal: mpsc::UnboundedSender<String>,
    ) -> Self {
        board.update(|status| status.genesis = genesis.digest);
        Self {
            machine,
            pool: Pool::new(
                config.mempool_max,
                config.validators.len().saturating_sub(1),
            ),
            board,
            limits: Limits {
                txs: config.max_block_txs,
                bytes: config.max_block_bytes,
            },
            genesis,
            sets: Arc::new(sets),
            idle: config.idle_interval,
            clock: config.clock.clone(),
            busy: config.busy_interval,
            applied: Level::default(),
            first: Level::default(),
            whole: AtomicU64::new(0),
            edge: OnceLock::new(),
            fatal,
            handovers: Mutex::default(),
            leaving: AtomicBool::new(false),
            heard: Mutex::default(),
            flaws: Flaws::NONE,
            pending: Mutex::default(),
            recent: Mutex::default(),
        }
    }

    /// Present time by the clock of block times.
    pub(crate) fn now_ms<E: Runtime>(&self, context: &E) -> i64 {
        self.clock
            .as_ref()
            .map_or_else(|| millis(context.current()), |clock| clock())
    }

    /// Says which block is the first one that is held, and from which on they are whole.
    pub(crate) fn begin_at(&self, height: u64, whole: u64) {
        self.whole_from(whole.max(height));
        self.board.update(|status| status.first = height);
        self.first.raise(height);
    }

    /// Says from which block on they are held whole.
    pub(crate) fn whole_from(&self, height: u64) {
        self.whole.store(height, Ordering::Release);
        self.board.update(|status| status.whole = height);
    }

    /// The first block that is held whole.
    pub(crate) fn whole(&self) -> u64 {
        self.whole.load(Ordering::Acquire).max(1)
    }

    /// The first block that is held.
    pub(crate) fn begins(&self) -> u64 {
        self.first.now().max(1)
    }

    /// Proofs of changes of validators that are at hand.
    pub(crate) fn handovers(&self) -> Vec<Proof> {
        lock(&self.handovers).clone()
    }

    /// Keeps proofs of changes of validators, all from the first on, unless more are kept already.
    pub(crate) fn keep_handovers(&self, proofs: Vec<Proof>) {
        let mut kept = lock(&self.handovers);
        if proofs.len() > kept.len() {
            *kept = proofs;
        }
    }

    /// Whether something was heard from a peer lately.
    pub(crate) fn hears(&self, peer: &PublicKey) -> bool {
        lock(&self.heard).contains(peer)
    }

    /// Notes from whom something was heard lately.
    pub(crate) fn note_heard(&self, peers: BTreeSet<PublicKey>) {
        *lock(&self.heard) = peers;
    }

    /// An applied block that is still in memory.
    pub(crate) fn recent(&self, height: u64) -> Option<Arc<FinalBlock>> {
        lock(&self.recent).get(&height).cloned()
    }

    /// Runs the machine's stateless checks away from the engine's threads. A panic of the machine stops the node.
    pub(crate) async fn admit<E: Runtime>(
        &self,
        context: &E,
        txs: Vec<Bytes>,
    ) -> Result<Vec<Result<(), String>>, String> {
        let machine = Arc::clone(&self.machine);
        let count = txs.len();
        let marked: Vec<bool> = txs.iter().map(|tx| is_handover(tx)).collect();
        let verdicts = aside(context, move || machine.admit(&txs))
            .await
            .map_err(|error| format!("machine failed in admit: {error}"))?;
        if verdicts.len() == count {
            let reserved = || Err("begins as a handover, which no transaction may".to_string());
            let verdicts = verdicts.into_iter().zip(marked);
            Ok(verdicts
                .map(|(verdict, marked)| if marked { reserved() } else { verdict })
                .collect())
        } else {
            let got = verdicts.len();
            Err(format!(
                "machine gave {got} verdicts for {count} transactions"
            ))
        }
    }

    /// Says that the node cannot go on, and waits for its end.
    pub(crate) async fn stop_because(&self, reason: String) -> ! {
        // Parts that end one after the other while the node is stopped have nothing to report.
        if !self.leaving.load(Ordering::Relaxed) {
            tracing::error!(%reason, "validator stops");
        }
        let _ = self.fatal.send(reason);
        std::future::pending().await
    }

    /// Transactions of the blocks between the last final one and `tip`.
    pub(crate) fn taken(&self, tip: Hash) -> BTreeSet<TxId> {
        let pending = lock(&self.pending);
        let (mut taken, mut at) = (BTreeSet::new(), tip);
        while let Some(block) = pending.get(&at) {
            taken.extend(block.ids.iter().copied());
            at = block.parent;
        }
        taken
    }

    pub(crate) fn note_pending(&self, block: &Block) {
        let ids = block.records.iter().map(|record| record.id).collect();
        let pending = Pending {
            height: block.header.height,
            time_ms: block.header.time_ms,
            parent: block.header.parent,
            ids: Arc::new(ids),
        };
        lock(&self.pending).insert(block.digest, pending);
    }

    pub(crate) fn note_applied(&self, block: &Block) {
        let height = block.header.height;
        self.sets.note(block);
        lock(&self.pending).retain(|_, pending| pending.height > height);
        self.pool
            .remove(block.records.iter().map(|record| &record.id));
        let mut recent = lock(&self.recent);
        recent.insert(height, Arc::new(block.view()));
        while recent.len() > RECENT_BLOCKS {
            recent.pop_first();
        }
        drop(recent);
        self.board.update(|status| status.mempool = self.pool.len());
        self.show_applied(block, true);
    }

    /// Publishes the height of an applied block, unless a higher one is out already.
    pub(crate) fn show_applied(&self, block: &Block, live: bool) {
        let header = &block.header;
        self.board
            .applied(header.height, header.time_ms, header.state_root, live);
        self.applied.raise(header.height);
    }

    /// Height and time of a block that is not final yet, or was lately.
    fn place(&self, digest: Hash) -> Option<(u64, i64)> {
        let pending = lock(&self.pending)
            .get(&digest)
            .map(|block| (block.height, block.time_ms));
        pending.or_else(|| {
            let recent = lock(&self.recent);
            let block = recent.values().rev().find(|block| block.digest == digest);
            block.map(|block| (block.height, block.time_ms))
        })
    }

    /// Waits until it is time for the next block of an epoch on `tip`: soon when transactions wait, else after the idle interval. On the
    /// epoch's last block there is none; it is proposed again until it is final, and that waits for nothing.
    pub(crate) async fn pace<E: Runtime>(&self, context: &E, epoch: u64, tip: Hash) {
        let (entered, taken) = (context.current(), self.taken(tip));
        let place = self.place(tip);
        if place.is_some_and(|(height, _)| height == self.sets.last_of(epoch)) {
            return;
        }
        let after = |interval: Duration| match place {
            // Another clock of block times tells nothing about when the parent was made.
            Some((_, time_ms)) if self.clock.is_none() => {
                let due = SystemTime::UNIX_EPOCH + span(time_ms) + interval;
                due.min(entered + interval)
            }
            _ => entered + interval,
        };
        let (busy, idle) = (after(self.busy), after(self.idle));
        context.sleep_until(busy).await;
        while !self.pool.waits(&taken) && context.current() < idle {
            tokio::select! {
                biased;
                () = self.pool.arrived.notified(), if !self.flaws.lost_wake_up => {}
                () = context.sleep_until(idle) => {}
            }
        }
    }
}
