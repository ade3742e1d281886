//! Drops the bodies of old blocks: what is kept of them is stored first, then the border moves for good, and only then they go.
//!
//! Invariant: after a crash at any moment every block below the border is kept in part, and every block from the border on is whole. A body that
//! a crash saved from being dropped is dropped at the next start.

use commonware_consensus::types::Height;
use tokio::sync::Mutex;

use crate::{Config, Keep, bodies::section_blocks, reads::Reads, runtime::Runtime};

/// Blocks whose rests are stored together.
const STEP: u64 = 64;

/// What may be dropped.
pub(crate) struct Dropping {
    /// Newest blocks that stay whole; none when all do.
    keep: Option<u64>,
    section: u64,
    /// One at a time.
    turn: Mutex<()>,
}

impl Dropping {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            keep: config.keep_blocks,
            section: section_blocks(config.epoch_blocks),
            turn: Mutex::default(),
        }
    }

    /// Whether the blocks below a height may be dropped by a node that has applied blocks up to `tip`.
    fn check(&self, before: u64, tip: u64) -> Result<(), String> {
        let keep = self
            .keep
            .ok_or("this node keeps every block: keep_blocks is not set")?;
        if !before.is_multiple_of(self.section) {
            let section = self.section;
            return Err(format!(
                "blocks are dropped by {section} together, and {before} is no multiple of it"
            ));
        }
        let most = tip.saturating_add(1).saturating_sub(keep);
        if before > most {
            return Err(format!(
                "blocks from {most} on are among the newest {keep}, which are kept; {before} is above"
            ));
        }
        Ok(())
    }
}

impl<E: Runtime> Reads<E> {
    /// Drops the bodies below a height; gives the first height from which on they are whole.
    pub(crate) async fn drop_bodies(&self, before: u64, keep: &Keep) -> Result<u64, String> {
        let _turn = self.dropping.turn.lock().await;
        let whole = self.core.whole();
        self.dropping.check(before, self.core.applied.now())?;
        if before <= whole {
            return Ok(whole);
        }
        let mut from = whole;
        while from < before {
            let to = before.min(from.saturating_add(STEP));
            let mut blocks = Vec::new();
            for height in from..to {
                let block = self.stored(height).await;
                blocks.push(block.ok_or_else(|| format!("block {height} is missing"))?);
            }
            self.kept.put(&blocks, keep).await?;
            from = to;
        }
        self.kept.set_border(before).await?;
        self.core.whole_from(before);
        self.marshal.prune(Height::new(before));
        Ok(before)
    }

    /// Drops what a crash may have left below the border.
    pub(crate) fn drop_again(&self) {
        let whole = self.core.whole();
        if self.dropping.keep.is_some() && whole > 1 {
            self.marshal.prune(Height::new(whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_sections_below_the_newest_blocks_go() {
        let mut dropping = Dropping {
            keep: Some(40),
            section: 16,
            turn: Mutex::default(),
        };
        assert_eq!(dropping.check(16, 55), Ok(()));
        let error = dropping.check(16, 54).unwrap_err();
        assert!(
            error.contains("blocks from 15 on are among the newest 40"),
            "{error}"
        );
        assert_eq!(dropping.check(0, 0), Ok(()));
        let error = dropping.check(17, 500).unwrap_err();
        assert!(error.contains("17 is no multiple"), "{error}");
        dropping.keep = None;
        let error = dropping.check(16, 500).unwrap_err();
        assert!(error.contains("keep_blocks is not set"), "{error}");
    }
}
