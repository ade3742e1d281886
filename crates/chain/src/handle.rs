//! The outside's view of a running validator: submit, follow, read, prove, stop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::{Consistency, Keep, Misdeed, Proof, StateKey, TxId, board::Board, level::Follower};

/// One finalized and applied block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalBlock {
    /// Height; the first block is 1.
    pub height: u64,
    /// The proposer's clock, milliseconds since 1970-01-01 UTC, strictly increasing over blocks.
    pub time_ms: i64,
    /// Digest of the parent's header.
    pub parent: [u8; 32],
    /// Digest of this block's header.
    pub digest: [u8; 32],
    /// Root of the authenticated state after this block.
    pub state_root: [u8; 32],
    /// Public key of the validator that proposed it.
    pub proposer: [u8; 32],
    /// The transactions in order: id, bytes, receipt.
    pub txs: Vec<(TxId, Bytes, Vec<u8>)>,
    /// The record after them that names the next epoch's validators, when they change. It is the last leaf of the block's tree,
    /// with an empty receipt.
    pub handover: Option<Bytes>,
}

/// Why a transaction was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The machine refused the bytes; the reason is the machine's.
    #[error("transaction refused: {0}")]
    Refused(String),
    /// The mempool is full; try again later.
    #[error("mempool is full, try again later")]
    Full,
    /// The validator has stopped; [`Status::error`] says why.
    #[error("the validator has stopped")]
    Stopped,
}

/// How a validator is doing, at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Height of the last finalized and applied block; 0 before the first one.
    pub height: u64,
    /// Block time of the last applied block, milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Time since this node last applied a finalized block (since its start when there was none).
    pub finalized_age: Duration,
    /// Other nodes that this node is connected with.
    pub peers: usize,
    /// Transactions that wait in this node's mempool.
    pub mempool: usize,
    /// Root of the authenticated state after the last applied block.
    pub state_root: [u8; 32],
    /// Digest of the genesis block.
    pub genesis: [u8; 32],
    /// First block that this node holds: 1 unless it began with a state; 0 while it does not know yet.
    pub first: u64,
    /// First block that this node holds whole: above [`Status::first`] when the bodies of older ones were dropped
    /// ([`Handle::drop_before`]).
    pub whole: u64,
    /// Bytes of the state that came from peers since the start.
    pub fetched: u64,
    /// The epoch that this node is in.
    pub epoch: u64,
    /// Validators of that epoch.
    pub validators: usize,
    /// Whether this node is one of them.
    pub votes: bool,
    /// Consensus view in which this node last took part.
    pub view: u64,
    /// Transactions that were dropped unread since the node started, by the key of the peer that brought too many of them.
    pub dropped: BTreeMap<[u8; 32], u64>,
    /// Views that this node gave up since it started, because the block was of a later time than it would wait for.
    pub given_up: u64,
    /// No block was finalized for longer than the configured time: probably no quorum.
    pub stalled: bool,
    /// Why the validator stopped, if it did by itself.
    pub error: Option<String>,
}

/// Which values of the state are wanted.
pub type Filter = Arc<dyn Fn(&StateKey, &[u8]) -> bool + Send + Sync>;

/// A request to the running validator, with the place for its answer.
pub(crate) enum Request {
    /// Admit a transaction to the mempool.
    Submit(Bytes, oneshot::Sender<Result<TxId, SubmitError>>),
    /// Read a finalized block.
    Block(u64, oneshot::Sender<Option<Arc<FinalBlock>>>),
    /// Read one value of the latest applied state.
    Get(StateKey, oneshot::Sender<Option<Vec<u8>>>),
    /// Build an inclusion proof.
    Proof(TxId, oneshot::Sender<Option<Proof>>),
    /// Prove who validated when.
    Handovers(oneshot::Sender<Option<Vec<Proof>>>),
    /// Build the proof that one block is an ancestor of another.
    Consistency(u64, u64, oneshot::Sender<Option<Consistency>>),
    /// Read blocks with their certificates, as an export holds them.
    Export(u64, u64, oneshot::Sender<Option<Vec<u8>>>),
    /// Read the values of the state after a block that a filter picks.
    Scan(
        u64,
        Filter,
        oneshot::Sender<Option<BTreeMap<StateKey, Vec<u8>>>>,
    ),
    /// Drop the bodies of old blocks.
    Drop(u64, Keep, oneshot::Sender<Result<u64, String>>),
}

/// The door to a running validator. Clones are cheap and speak to the same validator.
///
/// The validator goes on when all handles are dropped; only [`Handle::stop`] ends it.
#[derive(Clone)]
pub struct Handle {
    pub(crate) submits: mpsc::Sender<Request>,
    pub(crate) reads: mpsc::Sender<Request>,
    pub(crate) applied: Follower,
    pub(crate) first: Follower,
    pub(crate) board: Arc<Board>,
    pub(crate) stop: mpsc::Sender<oneshot::Sender<()>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl Handle {
    /// Hands a transaction in: checked by the machine, kept in the mempool, sent to the other validators.
    ///
    /// `Ok` says that it will be proposed, not that it is final: follow [`Handle::subscribe`] or ask
    /// [`Handle::proof`]. A transaction that is already known or final is `Ok` again and changes nothing. The
    /// mempool is in memory: whoever must not lose a transaction submits it again until it is final.
    pub async fn submit(&self, tx: Bytes) -> Result<TxId, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Submit(tx, reply);
        if self.submits.send(request).await.is_err() {
            return Err(SubmitError::Stopped);
        }
        answer.await.unwrap_or(Err(SubmitError::Stopped))
    }

    /// Waits until it is known where this node's blocks begin, and gives the first one's height: 1, unless it began with the
    /// state after a later block. `None` when the validator has stopped.
    pub async fn first(&self) -> Option<u64> {
        self.first.reached(1).await
    }

    /// Follows the finalized blocks from `from_height` (0 means 1) on: in order, without gaps, from the archive first
    /// and then live. It ends at once when that block is below [`Status::whole`]. It costs nothing while nobody asks it for the next block.
    pub fn subscribe(&self, from_height: u64) -> Subscription {
        Subscription {
            handle: self.clone(),
            next: from_height.max(1),
        }
    }

    /// Reads one value of the state after the last applied block; `None` when absent or when the validator stopped.
    pub async fn get(&self, key: StateKey) -> Option<Vec<u8>> {
        self.ask(|reply| Request::Get(key, reply)).await
    }

    /// Builds the proof that a transaction and its receipt are in a finalized block; `None` while it is not final, when its
    /// block is below [`Handle::first`], and when both were dropped.
    pub async fn proof(&self, id: TxId) -> Option<Proof> {
        self.ask(|reply| Request::Proof(id, reply)).await
    }

    /// Proofs of all changes of the validator set so far, oldest first: with the founders' keys they tell who validated in which
    /// epoch ([`crate::ValidatorHistory::follow`]). `None` when the validator stopped.
    pub async fn handovers(&self) -> Option<Vec<Proof>> {
        self.ask(Request::Handovers).await
    }

    /// Builds the proof that the block at `older` is an ancestor of the one at `newer`; `None` unless `older` is the lower
    /// height, both are final, and none is below [`Handle::first`]. Genesis, at height 0, may be the older one.
    pub async fn consistency(&self, older: u64, newer: u64) -> Option<Consistency> {
        self.ask(|reply| Request::Consistency(older, newer, reply))
            .await
    }

    /// Reads the blocks from `from` up to `to`, or the first of them that fit an answer, with their certificates, for an
    /// [`crate::Exporter`]; `None` when the first is not final, or below [`Status::whole`].
    pub async fn export(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        self.ask(|reply| Request::Export(from, to, reply)).await
    }

    /// Reads the values that `wanted` picks from the state after the block at `height`; it walks over the whole state of that
    /// time. `None` when the block is not held, or the validator stopped. What is picked is held in memory: pick little.
    pub async fn scan(&self, height: u64, wanted: Filter) -> Option<BTreeMap<StateKey, Vec<u8>>> {
        self.ask(|reply| Request::Scan(height, wanted, reply)).await
    }

    /// Reads one finalized and applied block; `None` above the applied height and below [`Status::whole`].
    pub async fn block(&self, height: u64) -> Option<Arc<FinalBlock>> {
        self.ask(|reply| Request::Block(height, reply)).await
    }

    /// Drops the bodies of all blocks below `before`, which must begin a section ([`crate::section_blocks`]), and gives the height from
    /// which on blocks are whole now. Headers, certificates, changes of the validators, and the transactions that `keep` names stay,
    /// and with them every proof about them. It is durable when this returns; the space becomes free soon after. Twice is once.
    ///
    /// The node does not keep the bodies anywhere else: whoever calls this has exported them ([`Handle::export`]) and checked the export.
    ///
    /// # Errors
    /// When the node keeps every block ([`crate::Config::keep_blocks`]), `before` begins no section, or a block below it is among those to keep.
    pub async fn drop_before(&self, before: u64, keep: Keep) -> Result<u64, String> {
        let (reply, answer) = oneshot::channel();
        let gone = || "the validator has stopped".to_owned();
        let request = Request::Drop(before, keep, reply);
        self.reads.send(request).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// How the validator is doing. Answers at once, also after a stop.
    pub fn status(&self) -> Status {
        self.board.status()
    }

    /// Two votes of a validator that contradict each other, as this node heard them since its start: the newest of each validator.
    /// Answers at once, also after a stop.
    pub fn misdeeds(&self) -> Vec<Misdeed> {
        self.board.misdeeds()
    }

    /// Stops the validator and waits until its files and its port are released.
    pub async fn stop(self) {
        let (reply, done) = oneshot::channel();
        if self.stop.send(reply).await.is_ok() {
            let _ = done.await;
        }
        let _ = self.board.gone().reached(1).await;
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Option<T>>) -> Request,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.reads.send(request(reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}

/// A reader of finalized blocks, made by [`Handle::subscribe`].
#[derive(Debug)]
pub struct Subscription {
    handle: Handle,
    next: u64,
}

impl Subscription {
    /// Waits for the next block. `None` when the validator has stopped, or does not hold that block. Safe to cancel: no block
    /// is lost.
    pub async fn next(&mut self) -> Option<Arc<FinalBlock>> {
        let height = self.next;
        self.handle.applied.reached(height).await?;
        let block = self.handle.block(height).await?;
        self.next = height.saturating_add(1);
        Some(block)
    }

    /// Height of the block that the next call will give.
    pub fn next_height(&self) -> u64 {
        self.next
    }
}
