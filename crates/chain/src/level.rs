//! A number that only grows, and those who wait until it has reached theirs.
//!
//! It does what a watch channel does, but wakes who waits in the order in which they came. The one of tokio draws that order by chance,
//! past the runtime, so that no seed could play a run again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::Notify;

#[derive(Default)]
struct Inner {
    value: AtomicU64,
    over: AtomicBool,
    moved: Notify,
}

/// The number's owner. It begins with 0; with the owner it grows no more.
#[derive(Default)]
pub(crate) struct Level(Arc<Inner>);

/// A reader of the number.
#[derive(Clone)]
pub(crate) struct Follower(Arc<Inner>);

impl Level {
    pub(crate) fn now(&self) -> u64 {
        self.0.value.load(Ordering::SeqCst)
    }

    /// Raises the number; it never falls.
    pub(crate) fn raise(&self, to: u64) {
        if self.0.value.fetch_max(to, Ordering::SeqCst) < to {
            self.0.moved.notify_waiters();
        }
    }

    pub(crate) fn follow(&self) -> Follower {
        Follower(Arc::clone(&self.0))
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
        self.0.moved.notify_waiters();
    }
}

impl Follower {
    /// Waits until the number is at least this, and gives it; `None` when its owner went before.
    pub(crate) async fn reached(&self, least: u64) -> Option<u64> {
        loop {
            // Whoever holds this misses no rise from here on.
            let moved = self.0.moved.notified();
            let over = self.0.over.load(Ordering::SeqCst);
            let value = self.0.value.load(Ordering::SeqCst);
            if value >= least {
                return Some(value);
            }
            if over {
                return None;
            }
            moved.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn who_waits_is_answered_when_it_is_reached_or_when_it_never_will_be() {
        let level = Level::default();
        let follower = level.follow();
        assert_eq!(follower.reached(0).now_or_never(), Some(Some(0)));
        let mut waits = Box::pin(follower.reached(5));
        assert_eq!((&mut waits).now_or_never(), None);
        level.raise(4);
        assert_eq!((&mut waits).now_or_never(), None);
        level.raise(7);
        level.raise(6);
        assert_eq!(waits.now_or_never(), Some(Some(7)));
        let mut waits = Box::pin(follower.reached(8));
        assert_eq!((&mut waits).now_or_never(), None);
        drop(level);
        assert_eq!(waits.now_or_never(), Some(None));
        assert_eq!(follower.reached(7).now_or_never(), Some(Some(7)));
    }
}
