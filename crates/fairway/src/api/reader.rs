//! Reads the node's own blocks in the background, each once, and keeps what pages ask of the whole chain: the books of every height, the
//! steps of agreements, and which blocks hold transactions.
//!
//! It begins with the program at the first whole block and follows the newest one. Whoever asks is told how far it is.

use super::books::{BooksAt, History};
use super::problem::Problem;
use super::steps::{Step, Steps};
use crate::environment;
use axum::http::StatusCode;
use fairway_chain::{FinalBlock, Handle};
use fairway_model::{AgreementId, Time};
use fairway_utility::door::Entry;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a question waits for a block that is about to be read.
const PATIENCE: Duration = Duration::from_millis(500);
/// Blocks that are read in a row while the reader is behind; then it rests as long as they took, for the node works beside it.
const IN_A_ROW: u64 = 32;
/// Most heights of blocks with transactions that are kept; the oldest leave.
const MAX_FILLED: usize = 1_000_000;

#[derive(Debug, Default)]
struct Read {
    /// The first block that was read; 0 before it began.
    first: u64,
    /// The newest block that was read.
    height: u64,
    /// None where the node does not hold every block.
    history: Option<History>,
    /// Why the books stopped.
    fault: Option<String>,
    steps: Steps,
    filled: VecDeque<u64>,
}

/// What was read so far.
#[derive(Debug)]
pub(crate) struct Reader {
    read: Mutex<Read>,
    height: watch::Sender<u64>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            read: Mutex::default(),
            height: watch::channel(0).0,
        }
    }
}

impl Read {
    fn begin(first: u64) -> Self {
        Self {
            first,
            height: first.saturating_sub(1),
            history: (first == 1).then(History::default),
            ..Self::default()
        }
    }

    fn take(&mut self, block: &FinalBlock) {
        if let Some(history) = self.history.as_mut()
            && self.fault.is_none()
            && let Err(error) = history.take(block)
        {
            let text = format!(
                "block {} does not fold: {error}; `fairway audit` names the fault",
                block.height
            );
            tracing::error!("the common books: {text}");
            self.fault = Some(text);
        }
        for (_, transaction, receipt) in &block.txs {
            let entry = Entry::read(transaction, receipt);
            self.steps.take(&entry, block.height, Time(block.time_ms));
        }
        if !block.txs.is_empty() {
            if self.filled.len() >= MAX_FILLED {
                self.filled.pop_front();
            }
            self.filled.push_back(block.height);
        }
        self.height = block.height;
    }

    fn books(&self, height: u64) -> Result<BooksAt, Problem> {
        if let Some(fault) = &self.fault {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(Problem::new(status, "books", fault.clone()));
        }
        let Some(history) = &self.history else {
            return Err(self.missing());
        };
        history.at(height).ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "too-far",
                format!(
                    "the books of single blocks are kept here from block {} on; `fairway ledger export --to {height}` and `fairway audit` tell those after block {height}",
                    history.from()
                ),
            )
        })
    }

    fn missing(&self) -> Problem {
        if self.first == 0 {
            return Problem::busy("the node does not know yet where its blocks begin; ask again");
        }
        Problem::new(
            StatusCode::CONFLICT,
            "blocks-missing",
            format!(
                "this node holds whole blocks from {} on only; books are folded from the first one: ask a member that keeps every block",
                self.first
            ),
        )
    }
}

impl Reader {
    fn read(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until the node stops.
    pub(crate) async fn follow(&self, chain: &Handle) {
        if chain.first().await.is_none() {
            return;
        }
        loop {
            let first = chain.status().whole.max(1);
            *self.read() = Read::begin(first);
            let reached = self.read_from(first, chain).await;
            // The node dropped the block that was next: what is whole goes on behind it.
            if chain.status().whole <= reached {
                return;
            }
        }
    }

    /// Reads on from a block; gives the height that there was nothing at any more.
    async fn read_from(&self, first: u64, chain: &Handle) -> u64 {
        let mut blocks = chain.subscribe(first);
        let mut begin = environment::instant();
        while let Some(block) = blocks.next().await {
            self.read().take(&block);
            self.height.send_replace(block.height);
            let behind = chain.status().height > block.height;
            if behind && block.height.is_multiple_of(IN_A_ROW) {
                tokio::time::sleep(begin.elapsed().min(PATIENCE)).await;
                begin = environment::instant();
            }
        }
        blocks.next_height()
    }

    /// Waits a moment for a block that is about to be read.
    async fn wait(&self, height: u64) {
        let mut read = self.height.subscribe();
        let reached = read.wait_for(|at| *at >= height);
        let _ = tokio::time::timeout(PATIENCE, reached).await;
    }

    /// The books after a block; while it was not read yet, those after the newest one that was.
    ///
    /// # Errors
    /// When the node does not hold every block, the height is forgotten, or a block does not fold.
    pub(crate) async fn books(&self, height: u64) -> Result<BooksAt, Problem> {
        self.wait(height).await;
        self.read().books(height)
    }

    /// The steps of an agreement, oldest first.
    pub(crate) fn steps(&self, agreement: AgreementId) -> Vec<Step> {
        self.read().steps.of(agreement)
    }

    /// Every agreement that was read of with its steps, the one that moved last first; up to `height` where that is read in a moment.
    pub(crate) async fn agreements(&self, height: u64) -> Agreements {
        self.wait(height).await;
        let read = self.read();
        Agreements {
            first: read.first,
            height: read.height,
            all: read.steps.all(),
        }
    }

    /// The heights below `before` of blocks with transactions, newest first, at most `most`, and how far blocks were read.
    pub(crate) async fn filled(&self, before: u64, most: usize) -> Filled {
        self.wait(before.saturating_sub(1)).await;
        let read = self.read();
        let behind = read.filled.partition_point(|height| *height < before);
        let heights = read.filled.iter().take(behind).rev();
        Filled {
            read: read.height,
            heights: heights.take(most).copied().collect(),
        }
    }
}

/// Agreements as they were read.
#[derive(Debug)]
pub(crate) struct Agreements {
    /// Of blocks from here.
    pub(crate) first: u64,
    /// To here.
    pub(crate) height: u64,
    /// Each with its steps.
    pub(crate) all: Vec<(AgreementId, Vec<Step>)>,
}

/// Blocks with transactions.
#[derive(Debug)]
pub(crate) struct Filled {
    /// Blocks above were not read yet.
    pub(crate) read: u64,
    /// Their heights, newest first.
    pub(crate) heights: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(height: u64) -> FinalBlock {
        FinalBlock {
            height,
            time_ms: 0,
            parent: [0; 32],
            digest: [0; 32],
            state_root: [0; 32],
            proposer: [0; 32],
            txs: Vec::new(),
            handover: None,
        }
    }

    #[test]
    fn the_reader_says_how_far_it_is_and_why_it_cannot() {
        let mut read = Read::begin(1);
        read.take(&empty(1));
        read.take(&empty(2));
        assert_eq!(read.books(1).unwrap().height, 1);
        assert_eq!(read.books(9).unwrap().height, 2);
        let mut late = Read::begin(65);
        late.take(&empty(65));
        let body = late.books(65).unwrap_err().body("", "");
        assert!(body.detail.contains("from 65 on"), "{}", body.detail);
        assert_eq!(Read::default().books(1).unwrap_err().status().as_u16(), 503);
        let mut broken = Read::begin(1);
        let odd = FinalBlock {
            txs: vec![([0; 32], vec![1].into(), vec![2])],
            ..empty(1)
        };
        broken.take(&odd);
        let body = broken.books(1).unwrap_err().body("", "");
        assert!(body.detail.starts_with("block 1 does not fold"));
        assert_eq!(broken.filled, [1]);
    }
}
