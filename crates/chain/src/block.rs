//! A block as the engine sees it: the header, and the transactions with their receipts.

use std::sync::Arc;

use bytes::{BufMut, Bytes};
use commonware_codec::{
    Buf, Copying, DecodeExt as _, EncodeSize, Error, RangeCfg, Read, ReadExt as _, Write,
};
use commonware_consensus::{
    Block as ConsensusBlock, BoundedBlock, CertifiableBlock, Heightable,
    simplex::types::Context,
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Digestible, ed25519::PublicKey, sha256::Digest};
use commonware_storage::{
    merkle::Family as _,
    mmr::{Family, Location},
    qmdb::sync::Target,
};
use commonware_utils::non_empty_range;

use crate::{
    FinalBlock, MAX_RECEIPT_BYTES, TxId,
    header::{HEADER_BYTES, Header},
    ingress::MAX_TX_BYTES,
    sets::{Handover, is_handover},
    tree::{Hash, leaf, root, sha256},
};

/// Most bytes that the two length prefixes of one record take.
pub(crate) const RECORD_OVERHEAD: usize = 10;

/// Bounds of a block's body, equal on all validators.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most transactions.
    pub txs: usize,
    /// Most bytes of transactions and receipts.
    pub bytes: usize,
}

/// One transaction with its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Hash of the transaction.
    pub id: TxId,
    /// The transaction.
    pub tx: Bytes,
    /// What became of it.
    pub receipt: Bytes,
}

impl Record {
    pub(crate) fn leaf(&self) -> Hash {
        leaf(&self.id, &sha256(&[&self.receipt]))
    }
}

/// A header with a body that matches it, and the proposer as a checked key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What is signed.
    pub header: Header,
    /// The proposer of the header, as a point of the curve.
    pub proposer: PublicKey,
    /// Hash of the header.
    pub digest: Hash,
    /// The body.
    pub records: Arc<Vec<Record>>,
}

/// Root over the records of a body.
pub fn records_root(records: &[Record]) -> Hash {
    let leaves: Vec<Hash> = records.iter().map(Record::leaf).collect();
    root(&leaves)
}

/// Bytes of a body, without length prefixes.
pub(crate) fn body_bytes(records: &[Record]) -> usize {
    records
        .iter()
        .map(|record| record.tx.len() + record.receipt.len())
        .sum()
}

impl Block {
    /// Joins a header with its body; the caller has computed the header's root from this body.
    pub fn new(header: Header, proposer: PublicKey, records: Vec<Record>) -> Self {
        let digest = header.digest();
        Self {
            header,
            proposer,
            digest,
            records: Arc::new(records),
        }
    }

    /// The state that the block commits to.
    pub(crate) fn state_target(&self) -> Target<Family, Digest> {
        let floor = self.header.state_floor;
        // Decoding refuses an empty range, so the larger end only guards the type's rule.
        let size = self.header.state_size.max(floor.saturating_add(1));
        Target::new(
            Digest(self.header.state_root),
            non_empty_range!(Location::new(floor), Location::new(size)),
        )
    }

    /// The record at its end that hands over to other validators.
    pub(crate) fn handover(&self) -> Option<Handover> {
        let last = self.records.last()?;
        Handover::from_bytes(&last.tx)
    }

    /// What the outside sees of it.
    pub(crate) fn view(&self) -> FinalBlock {
        FinalBlock {
            height: self.header.height,
            time_ms: self.header.time_ms,
            parent: self.header.parent,
            digest: self.digest,
            state_root: self.header.state_root,
            proposer: self.header.proposer,
            handover: self.handover().map(|handover| handover.to_bytes()),
            txs: self
                .records
                .iter()
                .filter(|record| !is_handover(&record.tx))
                .map(|record| (record.id, record.tx.clone(), record.receipt.to_vec()))
                .collect(),
        }
    }
}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.header.to_bytes());
        for record in self.records.iter() {
            record.tx.write(buf);
            record.receipt.write(buf);
        }
    }
}

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        let body: usize = self
            .records
            .iter()
            .map(|record| record.tx.encode_size() + record.receipt.encode_size())
            .sum();
        HEADER_BYTES + body
    }
}

impl Read for Block {
    type Cfg = Limits;

    fn read_cfg(buf: &mut impl Buf, limits: &Limits) -> Result<Self, Error> {
        let raw = <[u8; HEADER_BYTES]>::read(buf)?;
        let header =
            Header::from_bytes(&raw).map_err(|_| Error::Invalid("block", "malformed header"))?;
        let proposer = PublicKey::decode(Copying(header.proposer.as_slice()))?;
        let count = usize::try_from(header.tx_count).unwrap_or(usize::MAX);
        // A handover comes on top of the transactions.
        if count > limits.txs.saturating_add(1) {
            return Err(Error::InvalidLength(count));
        }
        if header.state_floor >= header.state_size || header.state_size > *Family::MAX_LEAVES {
            return Err(Error::Invalid("block", "state range is empty or too large"));
        }
        let mut records = Vec::new();
        let mut total = 0usize;
        for _ in 0..count {
            let tx = Bytes::read_cfg(buf, &RangeCfg::from(0..=MAX_TX_BYTES))?;
            let receipt = Bytes::read_cfg(buf, &RangeCfg::from(0..=MAX_RECEIPT_BYTES))?;
            total += tx.len() + receipt.len();
            if total > limits.bytes {
                return Err(Error::InvalidLength(total));
            }
            let id = sha256(&[&tx]);
            records.push(Record { id, tx, receipt });
        }
        if records_root(&records) != header.tx_root {
            return Err(Error::Invalid(
                "block",
                "body differs from the header's root",
            ));
        }
        Ok(Self::new(header, proposer, records))
    }
}

impl Digestible for Block {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        Digest(self.digest)
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        Height::new(self.header.height)
    }
}

impl ConsensusBlock for Block {
    fn parent(&self) -> Digest {
        Digest(self.header.parent)
    }
}

impl CertifiableBlock for Block {
    type Context = Context<Digest, PublicKey>;

    fn context(&self) -> Self::Context {
        Context {
            round: Round::new(Epoch::new(self.header.epoch), View::new(self.header.view)),
            leader: self.proposer.clone(),
            parent: (
                View::new(self.header.parent_view),
                Digest(self.header.parent),
            ),
        }
    }
}

impl BoundedBlock for Block {
    fn max_encode_size(limits: &Limits) -> usize {
        HEADER_BYTES + limits.bytes + (limits.txs + 1) * RECORD_OVERHEAD
    }
}
