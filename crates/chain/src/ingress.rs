//! Transactions on their way in: from the own member through the handle, and from the other validators.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Receiver, Recipients, Sender};
use commonware_runtime::IoBuf;
use tokio::sync::{mpsc, oneshot};

use crate::{
    SubmitError, TxId,
    handle::Request,
    overlay::Core,
    pool::{Carrier, Offered},
    runtime::Runtime,
    sets::key_bytes,
    state::{Databases, Key, tx_key},
    tree::sha256,
};

/// Longest transaction, in bytes.
pub const MAX_TX_BYTES: usize = 64 * 1024;

/// Longest message with transactions, in bytes.
pub const MAX_GOSSIP_BYTES: usize = 2 * MAX_TX_BYTES;

/// Transactions that are admitted together.
const ADMIT_TOGETHER: usize = 512;

/// Least time between two messages with transactions.
const GOSSIP_SPACING: Duration = Duration::from_millis(5);

/// A transaction that is not final after this time is sent to the peers again.
const RESEND_AFTER: Duration = Duration::from_secs(2);

/// Most transactions that are sent again at a time.
const RESEND_MOST: usize = 1_000;

/// A peer that was silent for longer counts as not connected.
const PEER_SILENT: Duration = Duration::from_secs(6);

/// Transactions a second that one peer may bring, and how many of them at once: checking a signature costs more than making up a
/// bad one. What is over is dropped unread; its author sends it again.
const PEER_PER_SECOND: u64 = 8_000;
const PEER_AT_ONCE: u64 = 16_000;

/// Transactions that wait for being sent; beyond it they are sent later, as a repetition.
pub(crate) const GOSSIP_QUEUE: usize = 8_192;

type Reply = oneshot::Sender<Result<TxId, SubmitError>>;

/// Answers submissions, many at a time.
pub(crate) async fn serve_submits<E: Runtime>(
    context: E,
    core: Arc<Core>,
    databases: Databases<E>,
    mut requests: mpsc::Receiver<Request>,
    gossip: mpsc::Sender<Bytes>,
) {
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, ADMIT_TOGETHER).await > 0 {
        let mut batch: Vec<(TxId, Bytes, Reply)> = Vec::new();
        for request in waiting.drain(..) {
            let Request::Submit(tx, reply) = request else {
                continue;
            };
            if tx.len() > MAX_TX_BYTES {
                let reason = format!("{} bytes, at most {MAX_TX_BYTES}", tx.len());
                let _ = reply.send(Err(SubmitError::Refused(reason)));
                continue;
            }
            let id = sha256(&[&tx]);
            if core.pool.contains(&id) {
                let _ = reply.send(Ok(id));
            } else {
                batch.push((id, tx, reply));
            }
        }
        let txs = batch.iter().map(|(id, tx, _)| (*id, tx.clone())).collect();
        let verdicts = take(&context, &core, &databases, txs, Carrier::Own).await;
        for ((id, tx, reply), verdict) in batch.into_iter().zip(verdicts) {
            if verdict == Ok(true) {
                // A full queue is no loss: what is not final is sent again.
                let _ = gossip.try_send(tx);
            }
            let _ = reply.send(verdict.map(|_| id));
        }
        core.board.update(|status| status.mempool = core.pool.len());
    }
    // All handles are gone; the validator goes on.
    std::future::pending::<()>().await;
}

/// Admits transactions that are not known yet and puts them into the pool. `Ok(true)` says that one is new.
async fn take<E: Runtime>(
    context: &E,
    core: &Core,
    databases: &Databases<E>,
    txs: Vec<(TxId, Bytes)>,
    carrier: Carrier,
) -> Vec<Result<bool, SubmitError>> {
    if txs.is_empty() {
        return Vec::new();
    }
    let verdicts = match core
        .admit(context, txs.iter().map(|(_, tx)| tx.clone()).collect())
        .await
    {
        Ok(verdicts) => verdicts,
        Err(reason) => core.stop_because(reason).await,
    };
    let keys: Vec<Key> = txs.iter().map(|(id, _)| tx_key(id)).collect();
    let found = databases
        .read()
        .await
        .get_many(&keys.iter().collect::<Vec<_>>())
        .await;
    let places = match found {
        Ok(places) => places,
        Err(error) => {
            core.stop_because(format!("state cannot be read: {error}"))
                .await
        }
    };
    let (mut results, now) = (Vec::with_capacity(txs.len()), context.current());
    for (((id, tx), verdict), place) in txs.into_iter().zip(verdicts).zip(places) {
        results.push(match verdict {
            Err(reason) => Err(SubmitError::Refused(reason)),
            Ok(()) if place.is_some() => Ok(false),
            Ok(()) => match core.pool.offer(id, tx, carrier, now) {
                Offered::Added => Ok(true),
                Offered::Known => Ok(false),
                Offered::Full => Err(SubmitError::Full),
            },
        });
    }
    results
}

/// Sends new transactions to all peers, several in one message, and the own height when there is nothing to say.
pub(crate) async fn send_gossip(
    context: impl Runtime,
    core: Arc<Core>,
    mut queue: mpsc::Receiver<Bytes>,
    mut network: impl Sender<PublicKey = PublicKey>,
) {
    let beat = RESEND_AFTER / 2;
    // It does not begin anew with each transaction: who never stops to hand in has what was lost repeated all the same.
    let mut due = std::pin::pin!(context.sleep(beat));
    loop {
        let first = tokio::select! {
            biased;
            () = &mut due => {
                due.set(context.sleep(beat));
                None
            }
            tx = queue.recv() => match tx {
                Some(tx) => Some(tx),
                None => return,
            },
        };
        let mut pack = Pack::new();
        if let Some(tx) = first {
            pack.put(&tx);
        } else {
            let stale = core
                .pool
                .unsent(context.current(), RESEND_AFTER, RESEND_MOST);
            for tx in stale {
                if !pack.fits(&tx) {
                    send(&mut network, pack.finish());
                    context.sleep(GOSSIP_SPACING).await;
                    pack = Pack::new();
                }
                pack.put(&tx);
            }
        }
        while let Ok(tx) = queue.try_recv() {
            if !pack.fits(&tx) {
                send(&mut network, pack.finish());
                context.sleep(GOSSIP_SPACING).await;
                pack = Pack::new();
            }
            pack.put(&tx);
        }
        send(&mut network, pack.finish());
        context.sleep(GOSSIP_SPACING).await;
    }
}

fn send(network: &mut impl Sender<PublicKey = PublicKey>, message: Bytes) {
    let _ = network.send(Recipients::All, IoBuf::from(message), false);
}

/// Takes the peers' transactions into the pool. They were signed by their authors, so a peer is only a carrier.
pub(crate) async fn receive_gossip<E: Runtime>(
    context: E,
    core: Arc<Core>,
    databases: Databases<E>,
    mut network: impl Receiver<PublicKey = PublicKey>,
) {
    let mut heard: BTreeMap<PublicKey, SystemTime> = BTreeMap::new();
    let mut budgets: BTreeMap<PublicKey, Budget> = BTreeMap::new();
    let mut silent = std::pin::pin!(context.sleep(PEER_SILENT));
    loop {
        tokio::select! {
            biased;
            message = network.recv() => {
                let Ok((peer, message)) = message else { return };
                heard.insert(peer.clone(), context.current());
                let now = context.current();
                if let Some(mut txs) = unpack(&mut Bytes::from(message)) {
                    let budget = budgets.entry(peer.clone()).or_insert_with(|| Budget::full(now));
                    let carrier = Carrier::Peer(key_bytes(&peer));
                    // What would find no place is not worth the check of its signature.
                    let wanted = txs.len().min(core.pool.room(carrier));
                    let dropped = txs.len() - budget.take(wanted, now);
                    txs.truncate(txs.len() - dropped);
                    if dropped > 0 {
                        tracing::debug!(?peer, dropped, "peer brings more transactions than it may");
                        core.board.dropped(key_bytes(&peer), dropped);
                    }
                    take_gossip(&context, &core, &databases, txs, carrier).await;
                } else {
                    tracing::warn!(?peer, "malformed message with transactions");
                }
            }
            () = &mut silent => silent.set(context.sleep(PEER_SILENT / 3)),
        }
        let now = context.current();
        heard.retain(|_, last| now.duration_since(*last).unwrap_or_default() < PEER_SILENT);
        core.note_heard(heard.keys().cloned().collect());
        core.board.update(|status| {
            status.peers = heard.len();
            status.mempool = core.pool.len();
        });
    }
}

async fn take_gossip<E: Runtime>(
    context: &E,
    core: &Core,
    databases: &Databases<E>,
    txs: Vec<Bytes>,
    carrier: Carrier,
) {
    let mut seen = BTreeSet::new();
    let fresh: Vec<(TxId, Bytes)> = txs
        .into_iter()
        .map(|tx| (sha256(&[&tx]), tx))
        .filter(|(id, _)| !core.pool.contains(id) && seen.insert(*id))
        .collect();
    for verdict in take(context, core, databases, fresh, carrier).await {
        if let Err(SubmitError::Refused(reason)) = verdict {
            tracing::warn!(%reason, "peer sent a transaction that is not admitted");
        }
    }
}

/// How many transactions a peer may still bring.
struct Budget {
    left: u64,
    at: SystemTime,
}

impl Budget {
    fn full(now: SystemTime) -> Self {
        Self {
            left: PEER_AT_ONCE,
            at: now,
        }
    }

    /// Takes up to `wanted` out; gives how many were there.
    fn take(&mut self, wanted: usize, now: SystemTime) -> usize {
        let passed = now.duration_since(self.at).unwrap_or_default().as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX).min(10_000);
        let more = passed * PEER_PER_SECOND / 1_000;
        if more > 0 {
            self.at = now;
            self.left = (self.left + more).min(PEER_AT_ONCE);
        }
        let taken = wanted.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= u64::try_from(taken).unwrap_or(self.left);
        taken
    }
}

/// A message: each transaction with its length in four bytes, big-endian. Empty, it only says that the sender lives.
struct Pack(BytesMut);

impl Pack {
    fn new() -> Self {
        Self(BytesMut::new())
    }

    fn fits(&self, tx: &Bytes) -> bool {
        self.0.len() + 4 + tx.len() <= MAX_GOSSIP_BYTES
    }

    fn put(&mut self, tx: &Bytes) {
        self.0.put_u32(u32::try_from(tx.len()).unwrap_or(u32::MAX));
        self.0.put_slice(tx);
    }

    fn finish(self) -> Bytes {
        self.0.freeze()
    }
}

fn unpack(message: &mut Bytes) -> Option<Vec<Bytes>> {
    let mut txs = Vec::new();
    while message.has_remaining() {
        let len = usize::try_from(message.try_get_u32().ok()?).ok()?;
        if len > MAX_TX_BYTES || len > message.remaining() {
            return None;
        }
        txs.push(message.split_to(len));
    }
    Some(txs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_budget_that_fills_with_time() {
        let start = SystemTime::UNIX_EPOCH;
        let mut budget = Budget::full(start);
        assert_eq!(budget.take(15_000, start), 15_000);
        assert_eq!(budget.take(15_000, start), 1_000);
        assert_eq!(budget.take(1, start), 0);
        let later = start + Duration::from_millis(100);
        assert_eq!(budget.take(1_000, later), 800);
        let much_later = start + Duration::from_hours(1);
        assert_eq!(budget.take(usize::MAX, much_later), 16_000);
    }

    #[test]
    fn a_pack_comes_back_whole_and_damage_is_refused() {
        let txs = [
            Bytes::from_static(b"one"),
            Bytes::new(),
            Bytes::from(vec![7; 300]),
        ];
        let mut pack = Pack::new();
        for tx in &txs {
            assert!(pack.fits(tx));
            pack.put(tx);
        }
        assert!(!pack.fits(&Bytes::from(vec![0; MAX_GOSSIP_BYTES])));
        let mut message = pack.finish();
        let cut = message.slice(..message.len() - 1);
        assert_eq!(unpack(&mut message), Some(txs.to_vec()));
        assert_eq!(unpack(&mut cut.clone()), None);
        assert_eq!(unpack(&mut Bytes::from_static(&[0, 0])), None);
        assert_eq!(unpack(&mut Bytes::from_static(&[0xff, 0, 0, 0, 1])), None);
        assert_eq!(unpack(&mut Bytes::new()), Some(Vec::new()));
    }
}
