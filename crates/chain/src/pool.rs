//! The mempool: admitted transactions in order of arrival, until they are final.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::TxId;

/// A transaction that came from a peer is only kept while this part of the pool (in eighths) is not used, so that peers
/// cannot keep out what is handed in here.
const PEER_EIGHTHS: usize = 7;

/// Ids that left the pool and are remembered, so that one which is admitted while it becomes final does not come back.
const GONE_KEPT: usize = 32_768;

/// What became of a transaction that was offered to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is now waiting.
    Added,
    /// It was waiting already, or has just become final.
    Known,
    /// There is no place.
    Full,
}

struct Entry {
    id: TxId,
    tx: Bytes,
    /// When it was last sent to the peers; `None` when it came from one.
    sent: Option<SystemTime>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    queue: BTreeMap<u64, Entry>,
    places: BTreeMap<TxId, u64>,
    gone: BTreeSet<TxId>,
    gone_order: VecDeque<TxId>,
}

/// The bounded pool. Nothing leaves it but what is final, so a nullified proposal loses no transaction.
pub(crate) struct Pool {
    inner: Mutex<Inner>,
    max: usize,
    /// Wakes the proposer when something arrives.
    pub(crate) arrived: Notify,
}

impl Pool {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            inner: Mutex::default(),
            max,
            arrived: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers an admitted transaction; `now` is given when it was handed in here and not by a peer.
    pub(crate) fn offer(&self, id: TxId, tx: Bytes, now: Option<SystemTime>) -> Offered {
        let mut inner = self.lock();
        if inner.places.contains_key(&id) || inner.gone.contains(&id) {
            return Offered::Known;
        }
        let places = if now.is_some() {
            self.max
        } else {
            self.max / 8 * PEER_EIGHTHS
        };
        if inner.queue.len() >= places {
            return Offered::Full;
        }
        let place = inner.next;
        inner.next = place.saturating_add(1);
        inner.queue.insert(place, Entry { id, tx, sent: now });
        inner.places.insert(id, place);
        drop(inner);
        self.arrived.notify_one();
        Offered::Added
    }

    pub(crate) fn contains(&self, id: &TxId) -> bool {
        self.lock().places.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// Whether anything waits that is not in `taken`.
    pub(crate) fn waits(&self, taken: &BTreeSet<TxId>) -> bool {
        self.lock()
            .queue
            .values()
            .any(|entry| !taken.contains(&entry.id))
    }

    /// The oldest transactions that are not in `taken`, up to a number and a sum of bytes (`extra` counts for each).
    pub(crate) fn pick(
        &self,
        txs: usize,
        bytes: usize,
        extra: usize,
        taken: &BTreeSet<TxId>,
    ) -> Vec<(TxId, Bytes)> {
        let inner = self.lock();
        let mut left = bytes;
        let mut picked = Vec::new();
        for entry in inner
            .queue
            .values()
            .filter(|entry| !taken.contains(&entry.id))
        {
            let Some(rest) = left.checked_sub(entry.tx.len() + extra) else {
                break;
            };
            if picked.len() >= txs {
                break;
            }
            left = rest;
            picked.push((entry.id, entry.tx.clone()));
        }
        picked
    }

    /// Drops transactions that are final.
    pub(crate) fn remove<'a>(&self, ids: impl IntoIterator<Item = &'a TxId>) {
        let mut inner = self.lock();
        for id in ids {
            if let Some(place) = inner.places.remove(id) {
                inner.queue.remove(&place);
            }
            if inner.gone.insert(*id) {
                inner.gone_order.push_back(*id);
            }
        }
        while inner.gone_order.len() > GONE_KEPT {
            if let Some(oldest) = inner.gone_order.pop_front() {
                inner.gone.remove(&oldest);
            }
        }
    }

    /// Transactions handed in here that were last sent to the peers before `age` ago; they count as sent now.
    pub(crate) fn unsent(&self, now: SystemTime, age: Duration, most: usize) -> Vec<Bytes> {
        let mut inner = self.lock();
        let mut stale = Vec::new();
        for entry in inner.queue.values_mut() {
            if stale.len() >= most {
                break;
            }
            let Some(sent) = entry.sent else { continue };
            if now.duration_since(sent).is_ok_and(|passed| passed >= age) {
                entry.sent = Some(now);
                stale.push(entry.tx.clone());
            }
        }
        stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> TxId {
        [n; 32]
    }

    fn tx(len: usize) -> Bytes {
        Bytes::from(vec![0; len])
    }

    #[test]
    fn keeps_arrival_order_and_bounds() {
        let pool = Pool::new(8);
        let now = Some(SystemTime::UNIX_EPOCH);
        for n in 0..7 {
            assert_eq!(pool.offer(id(n), tx(10), None), Offered::Added);
        }
        assert_eq!(pool.offer(id(7), tx(10), None), Offered::Full);
        assert_eq!(pool.offer(id(7), tx(10), now), Offered::Added);
        assert_eq!(pool.offer(id(8), tx(10), now), Offered::Full);
        assert_eq!(pool.offer(id(3), tx(10), now), Offered::Known);
        let taken = BTreeSet::from([id(0)]);
        let picked: Vec<u8> = pool
            .pick(3, 1_000, 0, &taken)
            .iter()
            .map(|(id, _)| id[0])
            .collect();
        assert_eq!(picked, [1, 2, 3]);
        assert_eq!(pool.pick(9, 25, 2, &taken).len(), 2);
        pool.remove(&[id(1), id(99)]);
        assert_eq!(pool.len(), 7);
        assert!(!pool.contains(&id(1)));
        assert_eq!(pool.offer(id(1), tx(10), now), Offered::Known);
        assert_eq!(pool.len(), 7);
    }

    #[test]
    fn sends_only_own_and_only_when_old() {
        let pool = Pool::new(8);
        let start = SystemTime::UNIX_EPOCH;
        pool.offer(id(1), tx(1), None);
        pool.offer(id(2), tx(2), Some(start));
        let age = Duration::from_secs(2);
        assert!(
            pool.unsent(start + Duration::from_secs(1), age, 9)
                .is_empty()
        );
        assert_eq!(pool.unsent(start + age, age, 9), [tx(2)]);
        assert!(pool.unsent(start + age, age, 9).is_empty());
    }
}
