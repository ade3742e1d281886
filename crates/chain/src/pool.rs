//! The mempool: admitted transactions until they are final, in a queue for each carrier.
//!
//! A carrier is whoever brought a transaction first: the own member, or one of the peers, whom the network has authenticated. (The
//! author that a transaction names is no measure: anybody can write anybody's name into one.) Proposals take from all queues in turn and
//! each peer's queue is bounded, so that whoever floods the pool waits behind himself and nobody else does.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::TxId;

/// The part of the pool (in eighths) that is kept for the peers, in equal parts; the rest is for what is handed in here. Neither fills
/// the other's places, so that who is flooded by the own member still proposes what the others brought.
const PEER_EIGHTHS: usize = 4;

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

/// Who brought a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Carrier {
    /// The own member.
    Own,
    /// The validator with this key.
    Peer([u8; 32]),
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
    queues: BTreeMap<Carrier, BTreeMap<u64, Entry>>,
    places: BTreeMap<TxId, (Carrier, u64)>,
    gone: BTreeSet<TxId>,
    gone_order: VecDeque<TxId>,
}

/// The bounded pool. Nothing leaves it but what is final, so a nullified proposal loses no transaction.
pub(crate) struct Pool {
    inner: Mutex<Inner>,
    max: usize,
    /// Most transactions that were handed in here.
    own: usize,
    /// Most transactions of one peer.
    share: usize,
    /// Wakes the proposer when something arrives.
    pub(crate) arrived: Notify,
}

impl Pool {
    /// A pool of at most `max` transactions, filled by the own member and this many peers.
    pub(crate) fn new(max: usize, peers: usize) -> Self {
        let kept = max / 8 * PEER_EIGHTHS;
        Self {
            inner: Mutex::default(),
            max,
            own: max - kept,
            share: (kept / peers.max(1)).max(1),
            arrived: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers an admitted transaction at the time `now`.
    pub(crate) fn offer(&self, id: TxId, tx: Bytes, carrier: Carrier, now: SystemTime) -> Offered {
        let mut inner = self.lock();
        if inner.places.contains_key(&id) || inner.gone.contains(&id) {
            return Offered::Known;
        }
        if self.room_in(&inner, carrier) == 0 {
            return Offered::Full;
        }
        let sent = (carrier == Carrier::Own).then_some(now);
        let place = inner.next;
        inner.next = place.saturating_add(1);
        let queue = inner.queues.entry(carrier).or_default();
        queue.insert(place, Entry { id, tx, sent });
        inner.places.insert(id, (carrier, place));
        drop(inner);
        self.arrived.notify_one();
        Offered::Added
    }

    /// How many more transactions a carrier may bring.
    pub(crate) fn room(&self, carrier: Carrier) -> usize {
        self.room_in(&self.lock(), carrier)
    }

    fn room_in(&self, inner: &Inner, carrier: Carrier) -> usize {
        let most = match carrier {
            Carrier::Own => self.own,
            Carrier::Peer(_) => self.share,
        };
        let waiting = inner.queues.get(&carrier).map_or(0, BTreeMap::len);
        let free = self.max.saturating_sub(inner.places.len());
        most.saturating_sub(waiting).min(free)
    }

    pub(crate) fn contains(&self, id: &TxId) -> bool {
        self.lock().places.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().places.len()
    }

    /// Whether anything waits that is not in `taken`.
    pub(crate) fn waits(&self, taken: &BTreeSet<TxId>) -> bool {
        let inner = self.lock();
        let mut entries = inner.queues.values().flat_map(BTreeMap::values);
        entries.any(|entry| !taken.contains(&entry.id))
    }

    /// Transactions that are not in `taken`, from all carriers in turn and the oldest of each first, up to a number and a sum of
    /// bytes (`extra` counts for each).
    pub(crate) fn pick(
        &self,
        txs: usize,
        bytes: usize,
        extra: usize,
        taken: &BTreeSet<TxId>,
    ) -> Vec<(TxId, Bytes)> {
        let inner = self.lock();
        let mut queues: VecDeque<_> = inner
            .queues
            .values()
            .map(|queue| queue.values().filter(|entry| !taken.contains(&entry.id)))
            .collect();
        let mut left = bytes;
        let mut picked = Vec::new();
        while let Some(mut queue) = queues.pop_front() {
            let Some(entry) = queue.next() else { continue };
            let Some(rest) = left.checked_sub(entry.tx.len() + extra) else {
                break;
            };
            if picked.len() >= txs {
                break;
            }
            left = rest;
            picked.push((entry.id, entry.tx.clone()));
            queues.push_back(queue);
        }
        picked
    }

    /// Drops transactions that are final.
    pub(crate) fn remove<'a>(&self, ids: impl IntoIterator<Item = &'a TxId>) {
        let mut inner = self.lock();
        for id in ids {
            if let Some((carrier, place)) = inner.places.remove(id)
                && let Some(queue) = inner.queues.get_mut(&carrier)
            {
                queue.remove(&place);
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
        let Some(own) = inner.queues.get_mut(&Carrier::Own) else {
            return stale;
        };
        for entry in own.values_mut() {
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

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const PEER: Carrier = Carrier::Peer([1; 32]);

    fn picked(pool: &Pool, most: usize, taken: &BTreeSet<TxId>) -> Vec<u8> {
        let picked = pool.pick(most, 1_000, 0, taken);
        picked.iter().map(|(id, _)| id[0]).collect()
    }

    #[test]
    fn keeps_arrival_order_and_bounds() {
        let pool = Pool::new(14, 1);
        let own = |n| pool.offer(id(n), tx(10), Carrier::Own, START);
        for n in 0..4 {
            assert_eq!(pool.room(PEER), 4 - usize::from(n));
            assert_eq!(pool.offer(id(n), tx(10), PEER, START), Offered::Added);
        }
        assert_eq!(pool.offer(id(4), tx(10), PEER, START), Offered::Full);
        for n in 4..14 {
            assert_eq!(own(n), Offered::Added);
        }
        assert_eq!(own(14), Offered::Full);
        assert_eq!(own(3), Offered::Known);
        let taken = BTreeSet::from([id(0), id(4)]);
        assert_eq!(picked(&pool, 5, &taken), [5, 1, 6, 2, 7]);
        assert_eq!(pool.pick(9, 25, 2, &taken).len(), 2);
        pool.remove(&[id(1), id(99)]);
        assert_eq!(pool.len(), 13);
        assert!(!pool.contains(&id(1)));
        assert_eq!(own(1), Offered::Known);
        assert_eq!(pool.len(), 13);
    }

    #[test]
    fn who_floods_waits_behind_himself() {
        let pool = Pool::new(80, 2);
        for n in 0..60 {
            pool.offer(id(n), tx(10), PEER, START);
        }
        assert_eq!(pool.len(), 20, "a peer fills its share and no more");
        let other = Carrier::Peer([2; 32]);
        assert_eq!(pool.offer(id(100), tx(10), other, START), Offered::Added);
        assert_eq!(
            pool.offer(id(101), tx(10), Carrier::Own, START),
            Offered::Added
        );
        assert_eq!(picked(&pool, 4, &BTreeSet::new()), [101, 0, 100, 1]);
        for n in 102..=255 {
            pool.offer(id(n), tx(10), Carrier::Own, START);
        }
        assert_eq!(
            pool.room(Carrier::Own),
            0,
            "nor does the own member fill more than its part"
        );
        assert_eq!(pool.room(other), 19);
    }

    #[test]
    fn sends_only_own_and_only_when_old() {
        let pool = Pool::new(8, 1);
        pool.offer(id(1), tx(1), PEER, START);
        pool.offer(id(2), tx(2), Carrier::Own, START);
        let age = Duration::from_secs(2);
        assert!(
            pool.unsent(START + Duration::from_secs(1), age, 9)
                .is_empty()
        );
        assert_eq!(pool.unsent(START + age, age, 9), [tx(2)]);
        assert!(pool.unsent(START + age, age, 9).is_empty());
    }
}
