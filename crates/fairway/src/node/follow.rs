//! The one reader of final blocks in a node: each transaction is decoded once, for the record, the directory and the machine.

use super::core::{Job, Jobs};
use super::directory::Directory;
use super::ledger::first_block;
use super::watch::Record;
use crate::api::events::News;
use fairway_chain::{FinalBlock, Handle};
use fairway_ledger::Operation;
use fairway_model::{MemberId, Time};
use fairway_utility::door::{Block, Entry, Input};

/// Every this many empty blocks one is passed on to the machine, so that the stored height stays fresh.
const EMPTY_MARK: u64 = 64;

/// Who is told of a block.
pub(super) struct Follower {
    pub(super) chain: Handle,
    pub(super) me: MemberId,
    pub(super) record: Record,
    pub(super) directory: Directory,
    /// The machine; none on a witness.
    pub(super) jobs: Option<Jobs>,
    /// What open pages are told; none without pages.
    pub(super) news: Option<News>,
}

fn decoded(block: &FinalBlock) -> Block {
    let entries = block.txs.iter();
    Block {
        height: block.height,
        time: Time(block.time_ms),
        entries: entries
            .map(|(_, tx, receipt)| Entry::read(tx, receipt))
            .collect(),
    }
}

/// Whether a block may have changed who is a member, how one is reached, or a member's keys.
fn concerns_members(block: &Block) -> bool {
    let applied = |entry: &Entry| {
        entry.content.as_ref().is_ok_and(|content| {
            let (tx, receipt) = &**content;
            let about = matches!(
                tx.operation,
                Operation::Council(_)
                    | Operation::RotateMemberKey { .. }
                    | Operation::RotateEncryptionKey { .. }
            );
            about && receipt.refusal().is_none()
        })
    };
    block.entries.iter().any(applied)
}

impl Follower {
    /// Follows behind the blocks up to `seen`: those of the database, or on a witness those of its node. The record counts what was not
    /// final before the start.
    ///
    /// # Errors
    /// When blocks that the member needs are not here; says where they are.
    pub(super) async fn run(self, seen: u64) -> Result<(), String> {
        let begun = self.chain.status().height;
        let from = match self.first(seen).await {
            Ok(from) => from,
            // Why it stopped is told elsewhere.
            Err(_) if self.chain.status().first == 0 => return Ok(()),
            Err(reason) => return Err(reason),
        };
        self.record.note_read(from.saturating_sub(1));
        let mut blocks = self.chain.subscribe(from);
        while let Some(block) = blocks.next().await {
            let block = decoded(&block);
            if block.height > begun {
                self.record.note(&block);
            }
            if let Some(news) = &self.news {
                news.block(&block);
            }
            if concerns_members(&block) {
                self.directory.touch();
            }
            let mark = block.height.checked_rem(EMPTY_MARK) == Some(0);
            let height = block.height;
            let wanted = mark || !block.entries.is_empty();
            if let Some(jobs) = self.jobs.as_ref().filter(|_| wanted)
                && jobs.send(Job::Input(Input::Block(block))).await.is_err()
            {
                break;
            }
            self.record.note_read(height);
        }
        Ok(())
    }

    async fn first(&self, seen: u64) -> Result<u64, String> {
        if let Some(jobs) = &self.jobs {
            return first_block(&self.chain, self.me, seen, jobs).await;
        }
        let first = self.chain.first().await;
        let first = first.ok_or("the ledger node has stopped")?;
        let whole = self.chain.status().whole.max(first);
        Ok(seen.saturating_add(1).max(whole))
    }
}
