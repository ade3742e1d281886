//! The validator's notice board: what it last knew about itself, readable after it has stopped.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    MAX_VALIDATORS, Misdeed, Status,
    level::{Follower, Level},
};

/// Most validators of which a misdeed is remembered: all of one set, and as many that left it.
const MAX_MISDEEDS: usize = 2 * MAX_VALIDATORS;

/// Shared between the running validator (writes) and its handles (read).
pub(crate) struct Board {
    inner: Mutex<Inner>,
    stall_after: Duration,
    /// 1 when the validator's thread has ended.
    gone: Level,
    /// Bytes of the state that came from peers.
    pub(crate) fetched: Arc<AtomicU64>,
}

struct Inner {
    status: Status,
    last_final: Instant,
    /// The newest of each validator; the oldest first.
    misdeeds: Vec<Misdeed>,
}

impl Board {
    pub(crate) fn new(stall_after: Duration) -> Self {
        let inner = Inner {
            status: Status::default(),
            last_final: now(),
            misdeeds: Vec::new(),
        };
        Self {
            inner: Mutex::new(inner),
            stall_after,
            gone: Level::default(),
            fetched: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the status, its times computed now.
    pub(crate) fn status(&self) -> Status {
        let inner = self.lock();
        let mut status = inner.status.clone();
        status.fetched = self.fetched.load(Ordering::Relaxed);
        status.finalized_age = now().saturating_duration_since(inner.last_final);
        status.stalled = status.error.is_some() || status.finalized_age > self.stall_after;
        status
    }

    /// Changes the status in place.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock().status);
    }

    /// Counts transactions of a peer that were dropped unread.
    pub(crate) fn dropped(&self, peer: [u8; 32], txs: usize) {
        self.update(|status| {
            let count = status.dropped.entry(peer).or_default();
            *count = count.saturating_add(u64::try_from(txs).unwrap_or(u64::MAX));
        });
    }

    /// Notes an applied block, unless a higher one is already noted. `live` says that it was just finalized.
    pub(crate) fn applied(&self, height: u64, time_ms: i64, state_root: [u8; 32], live: bool) {
        let mut inner = self.lock();
        if live {
            inner.last_final = now();
        }
        if height >= inner.status.height {
            inner.status.height = height;
            inner.status.time_ms = time_ms;
            inner.status.state_root = state_root;
        }
    }

    /// Keeps a validator's misdeed in the place of an older one.
    pub(crate) fn misdeed(&self, misdeed: &Misdeed) {
        let misdeeds = &mut self.lock().misdeeds;
        misdeeds.retain(|known| known.validator != misdeed.validator);
        if misdeeds.len() >= MAX_MISDEEDS {
            misdeeds.remove(0);
        }
        misdeeds.push(*misdeed);
    }

    /// The newest misdeed of each validator.
    pub(crate) fn misdeeds(&self) -> Vec<Misdeed> {
        self.lock().misdeeds.clone()
    }

    /// Says that the validator's thread has ended, and why if it did by itself. The first reason stays.
    pub(crate) fn end(&self, error: Option<String>) {
        self.update(|status| {
            status.peers = 0;
            status.error = status.error.take().or(error);
        });
        self.gone.raise(1);
    }

    /// Becomes 1 when the validator's thread has ended.
    pub(crate) fn gone(&self) -> Follower {
        self.gone.follow()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of the last block is shown to operators and decides nothing"
)]
fn now() -> Instant {
    Instant::now()
}
