//! What a node keeps of a block whose body it drops: the header always, and the transactions and receipts that its owner or the chain needs, with the
//! hashes of the others. The certificates are kept beside it. So every proof about what is kept is made as before.
//!
//! Invariant: what is kept of a block is stored for good before the border moves beyond it, and the border before its body goes.

use std::sync::Arc;

use bytes::{BufMut, Bytes};
use commonware_codec::{Buf, EncodeSize, Error, RangeCfg, Read, ReadExt as _, Write};
use commonware_cryptography::sha256::Digest;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{
    archive::{Archive as _, Identifier, immutable::Archive},
    metadata::{Config as MarkConfig, Metadata},
};
use commonware_utils::sequence::FixedBytes;
use tokio::sync::RwLock;

use crate::{
    MAX_RECEIPT_BYTES,
    block::{Block, Limits, Record},
    bodies::Bodies,
    header::{HEADER_BYTES, Header},
    ingress::MAX_TX_BYTES,
    runtime::Runtime,
    sets::{Handover, Sets, is_handover},
    store::{self, PREFIX},
    tree::{Hash, root, sha256},
};

/// Says of a transaction with its receipt whether this node keeps both for good.
pub type Keep = Arc<dyn Fn(&[u8], &[u8]) -> bool + Send + Sync>;

/// The only key of the mark.
const MARK: FixedBytes<1> = FixedBytes::new([0]);

/// One transaction with its receipt, or what is left of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Whole(Record),
    /// Its leaf in the block's tree.
    Leaf(Hash),
}

impl Part {
    fn leaf(&self) -> Hash {
        match self {
            Self::Whole(record) => record.leaf(),
            Self::Leaf(hash) => *hash,
        }
    }
}

/// What is left of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) header: Header,
    /// All of the block's leaves in order, when one of them is kept whole; else none.
    pub(crate) parts: Vec<Part>,
}

impl Rest {
    /// A block of which nothing was dropped.
    pub(crate) fn whole(block: &Block) -> Self {
        let parts = block.records.iter().cloned().map(Part::Whole).collect();
        let header = block.header.clone();
        Self { header, parts }
    }

    /// What is kept of a block. A handover to other validators always is.
    fn of(block: &Block, keep: &Keep) -> Self {
        let wanted = |record: &Record| is_handover(&record.tx) || keep(&record.tx, &record.receipt);
        let part = |record: &Record| {
            if wanted(record) {
                Part::Whole(record.clone())
            } else {
                Part::Leaf(record.leaf())
            }
        };
        let parts: Vec<Part> = block.records.iter().map(part).collect();
        let some = parts.iter().any(|part| matches!(part, Part::Whole(_)));
        Self {
            header: block.header.clone(),
            parts: if some { parts } else { Vec::new() },
        }
    }

    /// The leaves of the block's tree; none when nothing of the block is kept.
    pub(crate) fn leaves(&self) -> Vec<Hash> {
        self.parts.iter().map(Part::leaf).collect()
    }

    /// A transaction with its receipt, if they are kept.
    pub(crate) fn record(&self, index: usize) -> Option<&Record> {
        match self.parts.get(index)? {
            Part::Whole(record) => Some(record),
            Part::Leaf(_) => None,
        }
    }

    fn handover(&self) -> Option<Handover> {
        let last = self.parts.len().checked_sub(1)?;
        Handover::from_bytes(&self.record(last)?.tx)
    }
}

impl Write for Rest {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.header.to_bytes());
        buf.put_u8(u8::from(!self.parts.is_empty()));
        for part in &self.parts {
            match part {
                Part::Leaf(hash) => {
                    buf.put_u8(0);
                    buf.put_slice(hash);
                }
                Part::Whole(record) => {
                    buf.put_u8(1);
                    record.tx.write(buf);
                    record.receipt.write(buf);
                }
            }
        }
    }
}

impl EncodeSize for Rest {
    fn encode_size(&self) -> usize {
        let part = |part: &Part| match part {
            Part::Leaf(hash) => 1 + hash.len(),
            Part::Whole(record) => 1 + record.tx.encode_size() + record.receipt.encode_size(),
        };
        HEADER_BYTES + 1 + self.parts.iter().map(part).sum::<usize>()
    }
}

fn read_part(buf: &mut impl Buf) -> Result<Part, Error> {
    match u8::read(buf)? {
        0 => Ok(Part::Leaf(<Hash>::read(buf)?)),
        1 => {
            let tx = Bytes::read_cfg(buf, &RangeCfg::from(0..=MAX_TX_BYTES))?;
            let receipt = Bytes::read_cfg(buf, &RangeCfg::from(0..=MAX_RECEIPT_BYTES))?;
            let id = sha256(&[&tx]);
            Ok(Part::Whole(Record { id, tx, receipt }))
        }
        _ => Err(Error::Invalid("rest of a block", "unknown kind of part")),
    }
}

impl Read for Rest {
    type Cfg = Limits;

    fn read_cfg(buf: &mut impl Buf, limits: &Limits) -> Result<Self, Error> {
        let wrong = |what| Err(Error::Invalid("rest of a block", what));
        let raw = <[u8; HEADER_BYTES]>::read(buf)?;
        let Ok(header) = Header::from_bytes(&raw) else {
            return wrong("malformed header");
        };
        let count = usize::try_from(header.tx_count).unwrap_or(usize::MAX);
        // A handover comes on top of the transactions.
        if count > limits.txs.saturating_add(1) {
            return Err(Error::InvalidLength(count));
        }
        let mut parts = Vec::new();
        match u8::read(buf)? {
            0 => return Ok(Self { header, parts }),
            1 => {}
            _ => return wrong("neither with parts nor without"),
        }
        for _ in 0..count {
            parts.push(read_part(buf)?);
        }
        let rest = Self { header, parts };
        if root(&rest.leaves()) != rest.header.tx_root {
            return wrong("its parts differ from the header's root");
        }
        Ok(rest)
    }
}

struct Inner<E: Runtime> {
    rests: Archive<E, Digest, Rest>,
    mark: Metadata<E, FixedBytes<1>, u64>,
}

/// What is left of blocks whose bodies were dropped, and the border below which they were.
pub(crate) struct Kept<E: Runtime>(RwLock<Option<Inner<E>>>);

fn damaged(error: &impl std::fmt::Display) -> String {
    format!("what is kept of dropped blocks: {error}")
}

impl<E: Runtime> Kept<E> {
    pub(crate) async fn open(
        context: &E,
        pages: &CacheRef,
        limits: Limits,
    ) -> Result<Self, String> {
        let config = store::archive("kept", pages, limits);
        let rests = Archive::init(context.child("kept"), config).await;
        let config = MarkConfig {
            partition: format!("{PREFIX}-border"),
            codec_config: (),
        };
        let mark = Metadata::init(context.child("border"), config).await;
        let inner = Inner {
            rests: rests.map_err(|error| damaged(&error))?,
            mark: mark.map_err(|error| damaged(&error))?,
        };
        Ok(Self(RwLock::new(Some(inner))))
    }

    /// The first height whose body was not dropped; 0 when none was.
    pub(crate) async fn border(&self) -> u64 {
        let inner = self.0.read().await;
        let mark = inner.as_ref().and_then(|inner| inner.mark.get(&MARK));
        mark.copied().unwrap_or(0)
    }

    /// What is kept of a dropped block.
    pub(crate) async fn at(&self, height: u64) -> Result<Option<Rest>, String> {
        let inner = self.0.read().await;
        let inner = inner.as_ref().ok_or_else(|| damaged(&"a write failed"))?;
        let found = inner.rests.get(Identifier::Index(height)).await;
        found.map_err(|error| damaged(&error))
    }

    /// Stores what is kept of blocks; twice is once.
    pub(crate) async fn put(&self, blocks: &[Block], keep: &Keep) -> Result<(), String> {
        let mut place = self.0.write().await;
        let Inner { mut rests, mark } = place.take().ok_or_else(|| damaged(&"a write failed"))?;
        for block in blocks {
            let (height, digest) = (block.header.height, Digest(block.digest));
            let put = rests.put(height, digest, &Rest::of(block, keep)).await;
            rests = put.map_err(|error| damaged(&error))?;
        }
        rests = rests.sync().await.map_err(|error| damaged(&error))?;
        *place = Some(Inner { rests, mark });
        Ok(())
    }

    /// Moves the border for good.
    pub(crate) async fn set_border(&self, height: u64) -> Result<(), String> {
        let mut place = self.0.write().await;
        let Inner { rests, mark } = place.take().ok_or_else(|| damaged(&"a write failed"))?;
        let mark = mark.put_sync(MARK, height).await;
        let mark = mark.map_err(|error| damaged(&error))?;
        *place = Some(Inner { rests, mark });
        Ok(())
    }
}

/// Reads the validator sets of past epochs from the stored blocks, epoch after epoch, from one on whose set is known.
pub(crate) async fn learn_sets<E: Runtime>(
    sets: &Sets,
    bodies: &Bodies<E>,
    kept: &Kept<E>,
    begun: u64,
) -> Result<(), String> {
    let newest = bodies.newest().unwrap_or(0);
    for epoch in begun.. {
        let height = sets.last_of(epoch);
        if height > newest {
            break;
        }
        let handover = match bodies.at(height).await? {
            Some(block) => block.handover(),
            None => match kept.at(height).await? {
                Some(rest) => rest.handover(),
                None => break,
            },
        };
        sets.note_last(height, handover.as_ref());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        proof::tests::{chain, records},
        tree::path,
    };
    use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
    use commonware_cryptography::ed25519::PublicKey;
    use commonware_runtime::{Runner as _, deterministic};

    const LIMITS: Limits = Limits {
        txs: 5,
        bytes: 1_000,
    };

    fn block() -> Block {
        let header = chain(8)[7].clone();
        let key = crate::node::public_key(&[1; 32]);
        let proposer = PublicKey::decode(Copying(key.as_slice())).unwrap();
        Block::new(header, proposer, records())
    }

    fn keep(wanted: &'static [u8]) -> Keep {
        Arc::new(move |tx, _| wanted.contains(&tx[0]))
    }

    #[test]
    fn what_is_kept_is_provable_and_what_is_not_is_gone() {
        let block = block();
        let whole = Rest::whole(&block);
        let rest = Rest::of(&block, &keep(&[1, 3]));
        assert_eq!(rest.leaves(), whole.leaves());
        assert_eq!(root(&rest.leaves()), block.header.tx_root);
        assert_eq!(rest.record(3), block.records.get(3));
        assert_eq!((rest.record(0), rest.record(5)), (None, None));
        assert_eq!(path(&rest.leaves(), 3), path(&whole.leaves(), 3));
        let bytes = rest.encode();
        assert_eq!(Rest::decode_cfg(bytes.clone(), &LIMITS).unwrap(), rest);
        assert!(!bytes.windows(40).any(|window| window == [2; 40]));
        assert!(bytes.windows(40).any(|window| window == [3; 40]));
        // Of a block with nothing to keep the header stays alone.
        let none = Rest::of(&block, &keep(&[]));
        assert_eq!(none.encode().len(), HEADER_BYTES + 1);
        assert_eq!(Rest::decode_cfg(none.encode(), &LIMITS).unwrap(), none);
        assert_eq!(none.record(3), None);
    }

    async fn open(context: &deterministic::Context) -> Kept<deterministic::Context> {
        let pages = CacheRef::new(store::PAGE_SIZE, store::PAGES);
        Kept::open(context, &pages, LIMITS).await.unwrap()
    }

    #[test]
    fn what_a_crash_left_undone_is_done_again_and_twice_is_once() {
        // Power is cut after the rests are stored, and again after the border has moved.
        let ((), disk) = deterministic::Runner::default().start_and_recover(|context| async move {
            let kept = open(&context).await;
            assert_eq!((kept.border().await, kept.at(7).await), (0, Ok(None)));
            kept.put(&[block()], &keep(&[3])).await.unwrap();
        });
        let ((), disk) =
            deterministic::Runner::from(disk).start_and_recover(|context| async move {
                let kept = open(&context).await;
                assert_eq!(kept.border().await, 0);
                assert!(kept.at(7).await.unwrap().is_some());
                kept.put(&[block()], &keep(&[3])).await.unwrap();
                kept.set_border(8).await.unwrap();
            });
        deterministic::Runner::from(disk).start(|context| async move {
            let kept = open(&context).await;
            assert_eq!(kept.border().await, 8);
            let rest = kept.at(7).await.unwrap().unwrap();
            assert_eq!(rest.record(3), block().records.get(3));
            assert_eq!(kept.at(8).await, Ok(None));
        });
    }

    #[test]
    fn changed_and_oversized_rests_are_refused() {
        let bytes = Rest::of(&block(), &keep(&[3])).encode().to_vec();
        for at in HEADER_BYTES..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let read = Rest::decode_cfg(Bytes::from(changed), &LIMITS);
            assert!(read.is_err(), "byte {at}");
        }
        let few = Limits { txs: 3, ..LIMITS };
        assert!(Rest::decode_cfg(Bytes::from(bytes), &few).is_err());
    }
}
