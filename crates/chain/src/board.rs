//! The validator's notice board: what it last knew about itself, readable after it has stopped.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::Status;

/// Shared between the running validator (writes) and its handles (read).
pub(crate) struct Board {
    inner: Mutex<Inner>,
    stall_after: Duration,
    gone: watch::Sender<bool>,
}

struct Inner {
    status: Status,
    last_final: Instant,
}

impl Board {
    pub(crate) fn new(stall_after: Duration) -> Self {
        let inner = Inner {
            status: Status::default(),
            last_final: now(),
        };
        Self {
            inner: Mutex::new(inner),
            stall_after,
            gone: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the status, its times computed now.
    pub(crate) fn status(&self) -> Status {
        let inner = self.lock();
        let mut status = inner.status.clone();
        status.finalized_age = now().saturating_duration_since(inner.last_final);
        status.stalled = status.error.is_some() || status.finalized_age > self.stall_after;
        status
    }

    /// Changes the status in place.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock().status);
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

    /// Says that the validator's thread has ended, and why if it did by itself. The first reason stays.
    pub(crate) fn end(&self, error: Option<String>) {
        self.update(|status| {
            status.peers = 0;
            status.error = status.error.take().or(error);
        });
        self.gone.send_replace(true);
    }

    /// Becomes true when the validator's thread has ended.
    pub(crate) fn gone(&self) -> watch::Receiver<bool> {
        self.gone.subscribe()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of the last block is shown to operators and decides nothing"
)]
fn now() -> Instant {
    Instant::now()
}
