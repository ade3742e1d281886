//! What happened, for whoever must understand a failing seed.

use fairway_model::{Hash, Time};
use std::collections::VecDeque;

/// Events that are kept and shown when a seed fails.
pub const TRACE: usize = 40;
/// Bytes that wait to be hashed.
const HASH_BLOCK: usize = 16 * 1024;

/// The newest events, and a digest of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    newest: VecDeque<String>,
    waiting: Vec<u8>,
    digest: Hash,
    count: u64,
}

impl Trace {
    pub(crate) fn note(&mut self, at: Time, text: impl AsRef<str>) {
        let line = format!("{at} {}", text.as_ref());
        self.count = self.count.saturating_add(1);
        self.waiting.extend_from_slice(line.as_bytes());
        if self.waiting.len() >= HASH_BLOCK {
            self.fold();
        }
        self.newest.push_back(line);
        if self.newest.len() > TRACE {
            self.newest.pop_front();
        }
    }

    fn fold(&mut self) {
        self.digest = Hash::keyed(&self.digest.0, "fairway.sim.trace", &self.waiting);
        self.waiting.clear();
    }

    /// Mixes other results into the digest and gives it.
    pub(crate) fn digest(&mut self, more: &[u8]) -> Hash {
        self.waiting.extend_from_slice(more);
        self.fold();
        self.digest
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn newest(&self) -> Vec<String> {
        self.newest.iter().cloned().collect()
    }
}
