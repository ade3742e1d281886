//! Where whole blocks are stored: transactions, receipts and header of each, by height and digest.
//!
//! A node that keeps every block writes to an archive whose index lies on disk. One that drops old blocks writes to another, which is cut by
//! whole sections and whose index lies in memory, so that it stays as small as what is kept. Both are read always: a node may change its
//! mind. Blocks that were stored before it decided to drop some go when the last of them may.
//!
//! Invariant: a block is in one of the two, and what the node keeps beside it of a dropped block is written before ([`crate::kept`]).

use std::{num::NonZeroU64, sync::Arc};

use commonware_consensus::types::Height;
use commonware_cryptography::sha256::Digest;
use commonware_runtime::{Handle as Task, buffer::paged::CacheRef};
use commonware_storage::{
    archive::{Archive, Error, Identifier, immutable, prunable},
    translator::EightCap,
};

use crate::{
    block::{Block, Limits},
    runtime::Runtime,
    store,
};

/// Epochs of one section. Blocks are dropped by whole sections, and the last block of a section is the last of an epoch, which always has
/// a certificate of its own.
const SECTION_EPOCHS: u64 = 4;

/// Most sections that a node which drops blocks may keep. Each takes two open files, and each block 48 bytes of memory.
const MAX_SECTIONS: u64 = 256;

/// Blocks that are dropped together in a chain whose epochs have this many blocks; heights from a multiple of it up to the next one.
pub fn section_blocks(epoch_blocks: u64) -> u64 {
    epoch_blocks.max(1).saturating_mul(SECTION_EPOCHS)
}

/// Least and greatest number of newest blocks that a node which drops older ones can be told to keep.
pub fn keep_bounds(epoch_blocks: u64) -> (u64, u64) {
    let section = section_blocks(epoch_blocks);
    (section, section.saturating_mul(MAX_SECTIONS))
}

type All<E> = immutable::Archive<E, Digest, Arc<Block>>;
type Newest<E> = prunable::Archive<EightCap, E, Digest, Arc<Block>>;

/// Whole blocks.
pub(crate) struct Bodies<E: Runtime> {
    /// Never cut; removed as a whole.
    all: Option<All<E>>,
    /// Cut at its beginning.
    newest: Newest<E>,
    /// Whether this node drops blocks.
    drops: bool,
}

impl<E: Runtime> Bodies<E> {
    /// Opens the stored blocks of a chain whose epochs have this many blocks.
    pub(crate) async fn open(
        context: &E,
        pages: &CacheRef,
        limits: Limits,
        epoch_blocks: u64,
        drops: bool,
    ) -> Result<Self, String> {
        let told = |error: Error| format!("archive of finalized blocks: {error}");
        let all = immutable::Archive::init(
            context.child("archive"),
            store::archive("blocks", pages, limits),
        );
        let section = NonZeroU64::new(section_blocks(epoch_blocks)).unwrap_or(NonZeroU64::MIN);
        let newest = prunable::Archive::init(
            context.child("newest"),
            store::cut("newest", pages, limits, section),
        );
        Ok(Self {
            all: Some(all.await.map_err(told)?),
            newest: newest.await.map_err(told)?,
            drops,
        })
    }

    /// A whole block.
    pub(crate) async fn at(&self, height: u64) -> Result<Option<Arc<Block>>, String> {
        let found = self.find(Identifier::Index(height)).await;
        found.map_err(|error| format!("archive of finalized blocks: {error}"))
    }

    /// The newest height of a stored block.
    pub(crate) fn newest(&self) -> Option<u64> {
        let all = self.all.as_ref().and_then(Archive::last_index);
        self.newest.last_index().max(all)
    }

    async fn find(&self, id: Identifier<'_, Digest>) -> Result<Option<Arc<Block>>, Error> {
        let (id, again) = match id {
            Identifier::Index(height) => (Identifier::Index(height), Identifier::Index(height)),
            Identifier::Key(digest) => (Identifier::Key(digest), Identifier::Key(digest)),
        };
        if let Some(found) = self.newest.get(id).await? {
            return Ok(Some(found));
        }
        match &self.all {
            Some(all) => all.get(again).await,
            None => Ok(None),
        }
    }

    /// What is stored, as ascending ranges that do not touch.
    fn ranges(&self) -> Vec<(u64, u64)> {
        let all = self.all.iter().flat_map(Archive::ranges);
        join(all.chain(self.newest.ranges()).collect())
    }

    /// End of the stored range that holds a height, and begin of the next range.
    fn gap(&self, height: u64) -> (Option<u64>, Option<u64>) {
        match self.only() {
            Some(Either::All(all)) => all.next_gap(height),
            Some(Either::Newest(newest)) => newest.next_gap(height),
            None => next_gap(&self.ranges(), height),
        }
    }

    /// The archive that has everything, when one of the two is empty.
    fn only(&self) -> Option<Either<'_, E>> {
        match &self.all {
            Some(all) if all.last_index().is_some() => self
                .newest
                .last_index()
                .is_none()
                .then_some(Either::All(all)),
            _ => Some(Either::Newest(&self.newest)),
        }
    }
}

enum Either<'a, E: Runtime> {
    All(&'a All<E>),
    Newest(&'a Newest<E>),
}

/// Sorts ranges and joins those that overlap or touch.
fn join(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut out: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match out.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// End of the range that holds a value, and begin of the next range behind it.
fn next_gap(ranges: &[(u64, u64)], value: u64) -> (Option<u64>, Option<u64>) {
    let holding = ranges
        .iter()
        .find(|(from, to)| (*from..=*to).contains(&value));
    let next = ranges.iter().find(|(from, _)| *from > value);
    (holding.map(|range| range.1), next.map(|range| range.0))
}

/// The first values from `start` on that are in no range but before one.
fn missing_items(ranges: &[(u64, u64)], start: u64, max: usize) -> Vec<u64> {
    let (mut out, mut at) = (Vec::new(), start);
    for (from, to) in ranges {
        out.extend((at..*from).take(max.saturating_sub(out.len())));
        at = at.max(to.saturating_add(1));
    }
    out
}

// The archives have the engine's trait too, in which the same names mean other things.
impl<E: Runtime> commonware_consensus::marshal::store::Blocks for Bodies<E> {
    type Block = Arc<Block>;
    type Error = Error;

    async fn put(mut self, digest: Digest, block: &Arc<Block>) -> Result<Self, Error> {
        let height = block.header.height;
        if self.gap(height).0.is_some() {
            return Ok(self);
        }
        match self.all.take() {
            Some(all) if !self.drops => {
                self.all = Some(Archive::put(all, height, digest, block).await?);
            }
            all => {
                self.all = all;
                self.newest = Archive::put(self.newest, height, digest, block).await?;
            }
        }
        Ok(self)
    }

    async fn sync(mut self) -> Result<Self, Error> {
        if let Some(all) = self.all.take() {
            self.all = Some(Archive::sync(all).await?);
        }
        self.newest = Archive::sync(self.newest).await?;
        Ok(self)
    }

    async fn start_sync(mut self) -> Result<(Self, Task<()>), Error> {
        // Only one of the two is ever written to.
        match self.all.take() {
            Some(all) if !self.drops => {
                let (all, done) = Archive::start_sync(all).await?;
                self.all = Some(all);
                Ok((self, done))
            }
            all => {
                self.all = all;
                let done;
                (self.newest, done) = Archive::start_sync(self.newest).await?;
                Ok((self, done))
            }
        }
    }

    async fn get(&self, id: Identifier<'_, Digest>) -> Result<Option<Arc<Block>>, Error> {
        self.find(id).await
    }

    async fn prune(mut self, min: Height) -> Result<Self, Error> {
        if !self.drops {
            return Ok(self);
        }
        let min = min.get();
        let done = |all: &All<E>| Archive::last_index(all).is_some_and(|last| last < min);
        if self.all.as_ref().is_some_and(done)
            && let Some(all) = self.all.take()
        {
            all.destroy().await?;
        }
        self.newest = self.newest.prune(min).await?;
        Ok(self)
    }

    fn missing_items(&self, start: Height, max: usize) -> Vec<Height> {
        let found = match self.only() {
            Some(Either::All(all)) => Archive::missing_items(all, start.get(), max),
            Some(Either::Newest(newest)) => Archive::missing_items(newest, start.get(), max),
            None => missing_items(&self.ranges(), start.get(), max),
        };
        found.into_iter().map(Height::new).collect()
    }

    fn next_gap(&self, value: Height) -> (Option<Height>, Option<Height>) {
        let (end, next) = self.gap(value.get());
        (end.map(Height::new), next.map(Height::new))
    }

    fn last_index(&self) -> Option<Height> {
        self.newest().map(Height::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::tests::chain;
    use commonware_codec::{Copying, DecodeExt as _};
    use commonware_consensus::marshal::store::Blocks;
    use commonware_cryptography::ed25519::PublicKey;
    use commonware_runtime::{Runner as _, deterministic};
    use commonware_storage::rmap::RMap;

    type Disk = deterministic::Context;

    async fn open(context: &Disk, drops: bool) -> Bodies<Disk> {
        let pages = CacheRef::new(store::PAGE_SIZE, store::PAGES);
        let limits = Limits {
            txs: 5,
            bytes: 1_000,
        };
        Bodies::open(context, &pages, limits, 2, drops)
            .await
            .unwrap()
    }

    /// Stores the blocks of some heights for good.
    async fn put(mut bodies: Bodies<Disk>, heights: std::ops::Range<usize>) -> Bodies<Disk> {
        let key = crate::node::public_key(&[1; 32]);
        let proposer = PublicKey::decode(Copying(key.as_slice())).unwrap();
        for header in &chain(40)[heights] {
            // Only block 7 of that chain has records.
            let records = match header.height {
                7 => crate::proof::tests::records(),
                _ => Vec::new(),
            };
            let block = Arc::new(Block::new(header.clone(), proposer.clone(), records));
            bodies = Blocks::put(bodies, Digest(block.digest), &block)
                .await
                .unwrap();
        }
        Blocks::sync(bodies).await.unwrap()
    }

    async fn held(bodies: &Bodies<Disk>) -> Vec<u64> {
        let mut out = Vec::new();
        for height in 0..40 {
            let found = bodies.at(height).await.unwrap();
            let (end, _) = Blocks::next_gap(bodies, Height::new(height));
            assert_eq!(found.is_some(), end.is_some(), "{height}");
            if let Some(block) = found {
                assert_eq!(block.header.height, height);
                let by_digest = Identifier::Key(&Digest(block.digest));
                assert_eq!(Blocks::get(bodies, by_digest).await.unwrap(), Some(block));
                out.push(height);
            }
        }
        assert_eq!(bodies.newest(), out.last().copied());
        out
    }

    /// A section has eight blocks here.
    #[test]
    fn a_node_that_changes_its_mind_loses_no_block_and_frees_both_archives() {
        let ((), disk) = deterministic::Runner::default().start_and_recover(|context| async move {
            let bodies = put(open(&context, false).await, 0..12).await;
            let bodies = Blocks::prune(bodies, Height::new(8)).await.unwrap();
            assert_eq!(held(&bodies).await, (0..12).collect::<Vec<_>>());
        });
        let ((), disk) =
            deterministic::Runner::from(disk).start_and_recover(|context| async move {
                let bodies = put(open(&context, true).await, 10..30).await;
                assert_eq!(held(&bodies).await, (0..30).collect::<Vec<_>>());
                let bodies = Blocks::prune(bodies, Height::new(8)).await.unwrap();
                assert_eq!(held(&bodies).await, (0..30).collect::<Vec<_>>());
                let bodies = Blocks::prune(bodies, Height::new(16)).await.unwrap();
                assert_eq!(held(&bodies).await, (16..30).collect::<Vec<_>>());
                let bodies = put(bodies, 30..32).await;
                let bodies = Blocks::prune(bodies, Height::new(24)).await.unwrap();
                assert_eq!(held(&bodies).await, (24..32).collect::<Vec<_>>());
            });
        deterministic::Runner::from(disk).start(|context| async move {
            let bodies = open(&context, false).await;
            assert_eq!(held(&bodies).await, (24..32).collect::<Vec<_>>());
            let bodies = put(bodies, 30..40).await;
            assert_eq!(held(&bodies).await, (24..40).collect::<Vec<_>>());
        });
    }

    #[test]
    fn two_archives_answer_as_one_would() {
        let stored = [(0, 3), (7, 9), (10, 12), (20, 20)];
        let mut one = RMap::new();
        for (from, to) in stored {
            (from..=to).for_each(|at| one.insert(at));
        }
        let ranges = join(vec![stored[2], stored[0], stored[3], stored[1], (8, 8)]);
        assert_eq!(ranges, [(0, 3), (7, 12), (20, 20)]);
        for at in 0..25 {
            assert_eq!(next_gap(&ranges, at), one.next_gap(at), "{at}");
            for max in 1..12 {
                let expected = one.missing_items(at, max);
                assert_eq!(missing_items(&ranges, at, max), expected, "{at} {max}");
            }
        }
        assert_eq!(join(Vec::new()), []);
    }

    #[test]
    fn sections_are_of_whole_epochs() {
        assert_eq!(section_blocks(1_000), 4_000);
        assert_eq!(keep_bounds(1_000), (4_000, 1_024_000));
        assert_eq!(keep_bounds(u64::MAX).0, u64::MAX);
    }
}
