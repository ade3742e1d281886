//! How the load of the ledger benchmark leaves: as a utility sends it, what is due together in one transaction
//! ([`fairway_utility::outbox`]); and what became of each item.

use super::load::Load;
use fairway_ledger::limits::MAX_BATCH;
use fairway_ledger::{BatchItem, Effect, ItemOutcome, Receipt};
use fairway_model::canonical::Canonical as _;
use fairway_model::refusal::Refusal;
use fairway_utility::outbox::{LOAD_PAUSE, MAX_LOAD_BYTES};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What waits for the next transaction.
#[derive(Default)]
pub(super) struct Desk {
    /// Each item, its encoded bytes, and since when it waits if its answer is measured.
    waiting: VecDeque<(BatchItem, usize, Option<Instant>)>,
    /// When the next one may leave that is not full.
    gate: Option<Instant>,
}

/// A transaction that leaves: its bytes, and of each of its items since when it waits if its answer is measured.
pub(super) type Leaving = (Vec<u8>, Vec<Option<Instant>>);

impl Desk {
    /// Takes an item; `measured` says since when it waits.
    pub(super) fn put(&mut self, item: BatchItem, measured: Option<Instant>) {
        let bytes = item.to_bytes().len();
        self.waiting.push_back((item, bytes, measured));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next transaction, when it is full or has gathered long enough.
    pub(super) fn leave(&mut self, load: &mut Load, now: Instant) -> Option<Leaving> {
        let fits = self.fitting();
        let full = fits >= MAX_BATCH || fits < self.waiting.len();
        if fits == 0 || (!full && self.gate.is_some_and(|gate| now < gate)) {
            return None;
        }
        self.gate = now.checked_add(Duration::from_millis(LOAD_PAUSE.unsigned_abs()));
        let (mut items, mut since) = (Vec::new(), Vec::new());
        for (item, _, measured) in self.waiting.drain(..fits) {
            items.push(item);
            since.push(measured);
        }
        Some((load.together(items), since))
    }

    /// How many of those that wait go into one transaction.
    fn fitting(&self) -> usize {
        let mut bytes = 0usize;
        let fits = self
            .waiting
            .iter()
            .take(MAX_BATCH)
            .take_while(|(_, more, _)| {
                bytes = bytes.saturating_add(*more);
                bytes <= MAX_LOAD_BYTES
            });
        fits.count()
    }
}

/// Of each item of a transaction, in order, the refusal if it was refused.
pub(super) fn refusals(receipt: &Receipt) -> impl Iterator<Item = Option<&Refusal>> {
    let items: &[ItemOutcome] = match receipt.effect() {
        Some(Effect::Batch(items)) => items,
        _ => &[],
    };
    let alone = items.is_empty().then(|| receipt.refusal());
    let each = items.iter().map(|item| match item {
        ItemOutcome::Refused(refusal) => Some(refusal),
        ItemOutcome::Applied { .. } => None,
    });
    alone.into_iter().chain(each)
}
