//! Old blocks leave the node: they are exported to a file, the file is read back and checked, and only then the node drops their bodies.
//!
//! Invariant: whatever moment a crash chooses, each block is whole in the node, or in a checked file that is on the disk. Nothing is dropped that this
//! member's machine has not seen and stored.

use super::core::Health;
use super::operator::Desk;
use super::watch::Record;
use crate::audit::check_piece;
use crate::config::Config;
use crate::genesis::Genesis;
use fairway_chain::{Exporter, Handle, Keep, ValidatorHistory, section_blocks};
use fairway_model::MemberId;
use fairway_model::canonical::Canonical as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause between two looks at whether blocks are old enough.
const LOOK: Duration = Duration::from_secs(1);

/// What is exported and dropped, and where the files go.
pub(super) struct Dropper {
    chain: Handle,
    genesis: Genesis,
    me: MemberId,
    folder: PathBuf,
    keep_blocks: u64,
    record: Record,
    /// Of the machine; none on a witness.
    health: Option<watch::Receiver<Health>>,
}

impl Dropper {
    /// None when the configuration keeps every block.
    ///
    /// # Errors
    /// When the folder for exports cannot be made; says why.
    pub(super) fn of(
        config: &Config,
        genesis: &Genesis,
        me: MemberId,
        desk: &Desk,
    ) -> Result<Option<Self>, String> {
        let Some(keep_blocks) = config.ledger.keep_blocks else {
            return Ok(None);
        };
        let folder = config.path(&config.ledger.exports);
        std::fs::create_dir_all(&folder)
            .map_err(|e| format!("ledger.exports = {}: {e}", folder.display()))?;
        Ok(Some(Self {
            chain: desk.chain.clone(),
            genesis: genesis.clone(),
            me,
            folder,
            keep_blocks,
            record: desk.record.clone(),
            health: desk.health.clone(),
        }))
    }

    /// Runs until the node stops. What goes wrong is told once, and tried again.
    pub(super) async fn run(self) {
        let mut told = None;
        loop {
            tokio::time::sleep(LOOK).await;
            if self.chain.status().error.is_some() {
                return;
            }
            let failed = self.step().await.err();
            if failed != told
                && let Some(reason) = &failed
            {
                tracing::error!("old blocks are not dropped: {reason}");
            }
            self.record.note_export_failed(failed.is_some());
            told = failed;
        }
    }

    /// The lowest block that must stay whole, without those that are dropped together with it.
    fn goal(&self) -> u64 {
        let section = section_blocks(self.genesis.epoch_blocks);
        let tip = self.chain.status().height;
        let machine = self.health.as_ref().map(|h| h.borrow().height);
        let read = self.record.read_up_to();
        let read = machine.map_or(read, |stored| read.min(stored));
        let old = tip.saturating_add(1).saturating_sub(self.keep_blocks);
        let most = old.min(read.saturating_add(1));
        most.saturating_sub(most.checked_rem(section).unwrap_or(most))
    }

    async fn step(&self) -> Result<(), String> {
        if self.chain.status().first == 0 {
            return Ok(());
        }
        let (goal, section) = (self.goal(), section_blocks(self.genesis.epoch_blocks));
        loop {
            let whole = self.chain.status().whole.max(1);
            let done = whole.checked_div(section).unwrap_or(0);
            let next = done.saturating_add(1).saturating_mul(section);
            if next > goal {
                return Ok(());
            }
            self.drop_section(whole, next).await?;
        }
    }

    /// Exports the blocks below `next`, checks the file, and drops their bodies.
    async fn drop_section(&self, from: u64, next: u64) -> Result<(), String> {
        let last = next.saturating_sub(1);
        let path = self.folder.join(piece_name(from, last));
        if path.exists() {
            // A crash came before the node dropped them.
            self.check(&path, from, last).await.map_err(|e| {
                format!("{e}; move the file away, and it is written again from the node's blocks")
            })?;
        } else {
            let part = path.with_extension("part");
            self.write(&part, from, last).await?;
            self.check(&part, from, last).await?;
            place(&part, &path)?;
        }
        let own = keep(self.me);
        self.chain.drop_before(next, own).await?;
        let file = path.display();
        tracing::info!(from, to = last, %file, "old blocks are exported, checked and dropped");
        Ok(())
    }

    async fn write(&self, part: &Path, from: u64, last: u64) -> Result<(), String> {
        let at = |e: std::io::Error| format!("{}: {e}", part.display());
        let gone = |height: u64| format!("block {height} cannot be read for the export");
        let file = File::create(part).map_err(at)?;
        let genesis = self.chain.status().genesis;
        let out = BufWriter::new(&file);
        let mut exporter =
            Exporter::new(out, &self.genesis.chain_id, &genesis, from).map_err(at)?;
        // A block that this node fetched may have no certificate of its own here; then the next one with a certificate ends the file.
        while exporter.signed_height() < Some(last) {
            let height = exporter.next_height();
            let page = self.chain.export(height, last.max(height)).await;
            exporter
                .put(&page.ok_or_else(|| gone(height))?)
                .map_err(at)?;
        }
        exporter.finish().map_err(at)?;
        file.sync_all().map_err(at)
    }

    /// Reads a file back and compares it with the validators' signatures and with the node's own blocks.
    async fn check(&self, path: &Path, from: u64, last: u64) -> Result<(), String> {
        let founders = self.genesis.founders();
        let founders: Vec<[u8; 32]> = founders
            .iter()
            .filter_map(|member| member.validator.map(|key| key.0))
            .collect();
        let mut history = ValidatorHistory::new(&*self.genesis.chain_id, &founders);
        let handovers = self.chain.handovers().await;
        let handovers = handovers.ok_or("the changes of the validators are not proven here yet")?;
        history.follow(&handovers).map_err(|e| e.to_string())?;
        let (file, genesis) = (path.to_owned(), self.genesis.clone());
        let work = move || check_piece(&file, &genesis, history);
        let done = tokio::task::spawn_blocking(work).await;
        let found = done
            .map_err(|e| e.to_string())?
            .map_err(|finding| format!("{}: NOT RIGHT: {finding}", path.display()))?;
        let block = self.chain.block(found.last).await;
        let same = block.is_some_and(|block| block.digest == found.digest);
        if found.first == from && found.last >= last && same {
            return Ok(());
        }
        let (first, end) = (found.first, found.last);
        Err(format!(
            "{}: holds blocks {first} to {end}, which are not the node's blocks {from} to {last}",
            path.display()
        ))
    }
}

/// Gives a checked file its name for good.
fn place(part: &Path, path: &Path) -> Result<(), String> {
    let at = |e: std::io::Error| format!("{}: {e}", path.display());
    std::fs::rename(part, path).map_err(at)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at)
}

/// Name of the file with these blocks; names sort as the blocks do.
fn piece_name(from: u64, last: u64) -> String {
    format!("blocks-{from:012}-{last:012}.export")
}

/// What this member keeps of the transactions: those that name it, or whose receipt does. Operations and accounts spell a member in one way, so
/// none that concerns it can be missed, whatever operations come.
fn keep(me: MemberId) -> Keep {
    let name = me.to_bytes();
    let names = move |bytes: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    Arc::new(move |tx, receipt| names(tx) || names(receipt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pieces_sort_as_their_blocks() {
        let mut names = [piece_name(4_000, 7_999), piece_name(1, 3_999)];
        names.sort();
        assert_eq!(names[0], "blocks-000000000001-000000003999.export");
    }

    #[test]
    fn transactions_that_name_the_member_are_kept() {
        let id = |text| MemberId::parse(text).unwrap();
        let keep = keep(id("US*DUK"));
        let about = |text| [&[1, 2][..], &id(text).to_bytes(), &[3]].concat();
        assert!(keep(&about("US*DUK"), b""));
        assert!(keep(b"", &about("US*DUK")));
        assert!(!keep(&about("US*ALP"), &about("US*GPC")));
        assert!(!keep(b"", b""));
    }
}
