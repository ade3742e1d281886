//! The export of a chain: one file with every finalized block, its receipts and the validators' certificates, in order. It
//! is written and read as a stream; `docs/audit.md` describes each byte.
//!
//! Invariant: the file ends with a block that has a certificate of its own, so that validators' signatures cover all of it.

use std::io::{self, Write};

use commonware_cryptography::{Hasher as _, Sha256};

use crate::{
    MAX_RECEIPT_BYTES, MAX_TX_BYTES, MAX_VALIDATORS,
    anchor::Certificate,
    block::Block,
    header::{HEADER_BYTES, Header},
    tree::Hash,
};

/// First bytes of an export.
pub(crate) const MAGIC: &[u8; 15] = b"FAIRWAY EXPORT\n";

/// Version of the export's format.
pub const EXPORT_VERSION: u8 = 1;

/// First byte of a block, and of the end.
pub(crate) const BLOCK: u8 = b'B';
pub(crate) const END: u8 = b'E';

/// Bytes before a block's body: the kind, and the body's length.
pub(crate) const FRAME_HEAD: usize = 5;

/// Bytes of the end: kind, last height, last digest, hash over everything before.
pub(crate) const END_BYTES: usize = 1 + 8 + 32 + 32;

/// Bytes of the round before the signatures of a certificate.
pub(crate) const ROUND_BYTES: usize = 16;

/// Bytes of one signature in a certificate.
pub(crate) const SIGNED_BYTES: usize = 96;

/// Most bytes of an answer with blocks, unless a single block is longer.
pub const EXPORT_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Most blocks of an answer.
pub const EXPORT_PAGE_BLOCKS: u64 = 512;

/// Most bytes of a record that hands over to other validators, which comes on top of the transactions.
pub(crate) const HANDOVER_BYTES: usize = 64 + MAX_VALIDATORS * 40;

/// Longest body of a block with these bounds.
pub(crate) fn longest_body(block_bytes: usize, txs: usize) -> usize {
    HEADER_BYTES
        + block_bytes
        + HANDOVER_BYTES
        + (txs + 1) * 8
        + 1
        + ROUND_BYTES
        + MAX_VALIDATORS * SIGNED_BYTES
}

/// The bytes before the first block.
pub(crate) fn head(chain_id: &str, genesis: &Hash, first: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.push(EXPORT_VERSION);
    out.push(u8::try_from(chain_id.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(chain_id.as_bytes());
    out.extend_from_slice(genesis);
    out.extend_from_slice(&first.to_be_bytes());
    out
}

/// One block with its certificate, or with none when the certificate of a later block covers it.
pub(crate) fn frame(block: &Block, certificate: Option<&Certificate>) -> Vec<u8> {
    let mut body = block.header.to_bytes();
    let mut put = |bytes: &[u8]| {
        // Both have bounds far below 2^32.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(bytes);
    };
    for record in block.records.iter() {
        put(&record.tx);
        put(&record.receipt);
    }
    match certificate {
        None => body.push(0),
        Some(Certificate { round, signatures }) => {
            body.push(u8::try_from(signatures.len()).unwrap_or(u8::MAX));
            body.extend_from_slice(&round.view.to_be_bytes());
            body.extend_from_slice(&round.parent.to_be_bytes());
            for signed in signatures {
                body.extend_from_slice(&signed.validator);
                body.extend_from_slice(&signed.signature);
            }
        }
    }
    let mut out = vec![BLOCK];
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&body);
    out
}

/// Writes an export from the blocks that a node gives, and refuses blocks that do not follow each other.
#[derive(Debug)]
pub struct Exporter<W> {
    out: W,
    hasher: Sha256,
    /// Blocks that no certificate covers yet.
    waiting: Vec<u8>,
    next: u64,
    parent: Option<Hash>,
    signed: Option<(u64, Hash)>,
}

impl<W: Write> Exporter<W> {
    /// Begins a file of the chain with this name and genesis digest, from block `first` on (at least 1).
    ///
    /// # Errors
    /// What the writer answers.
    pub fn new(mut out: W, chain_id: &str, genesis: &Hash, first: u64) -> io::Result<Self> {
        let head = head(chain_id, genesis, first);
        let mut hasher = Sha256::default();
        hasher.update(&head);
        out.write_all(&head)?;
        Ok(Self {
            out,
            hasher,
            waiting: Vec::new(),
            next: first,
            parent: (first == 1).then_some(*genesis),
            signed: None,
        })
    }

    /// Height of the block that comes next.
    pub fn next_height(&self) -> u64 {
        self.next
    }

    /// Height of the last block with a certificate of its own, where the file would end now.
    pub fn signed_height(&self) -> Option<u64> {
        self.signed.map(|(height, _)| height)
    }

    /// Takes blocks as [`crate::Handle::export`] gives them, one after the other.
    ///
    /// # Errors
    /// When they are not the next blocks of this chain, or the writer fails.
    pub fn put(&mut self, mut frames: &[u8]) -> io::Result<()> {
        while !frames.is_empty() {
            let (frame, rest) = one_frame(frames).ok_or_else(|| wrong("no whole block"))?;
            self.put_one(frame)?;
            frames = rest;
        }
        Ok(())
    }

    fn put_one(&mut self, frame: &[u8]) -> io::Result<()> {
        let (header, signed) =
            skim(frame).ok_or_else(|| wrong("the answer holds no readable block"))?;
        if header.height != self.next {
            return Err(wrong(&format!(
                "block {} came, expected {}",
                header.height, self.next
            )));
        }
        if self.parent.is_some_and(|parent| parent != header.parent) {
            let height = header.height;
            return Err(wrong(&format!(
                "block {height} names another parent than the block before"
            )));
        }
        self.waiting.extend_from_slice(frame);
        (self.next, self.parent) = (header.height.saturating_add(1), Some(header.digest()));
        if signed {
            self.signed = Some((header.height, header.digest()));
            let waiting = std::mem::take(&mut self.waiting);
            self.hasher.update(&waiting);
            self.out.write_all(&waiting)?;
        }
        Ok(())
    }

    /// Ends the file at the last block with a certificate of its own, and gives that block's height; `None` when there
    /// was none. Blocks after it are left out.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn finish(mut self) -> io::Result<Option<u64>> {
        let Some((height, digest)) = self.signed else {
            return Ok(None);
        };
        let mut end = vec![END];
        end.extend_from_slice(&height.to_be_bytes());
        end.extend_from_slice(&digest);
        self.hasher.update(&end);
        end.extend_from_slice(&self.hasher.finalize().1.0);
        self.out.write_all(&end)?;
        self.out.flush()?;
        Ok(Some(height))
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The first block of several, and the others.
fn one_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (*kind == BLOCK)
        .then(|| bytes.split_at_checked(FRAME_HEAD + length))
        .flatten()
}

/// Header of a block, and whether a certificate stands behind it.
fn skim(frame: &[u8]) -> Option<(Header, bool)> {
    let body = frame.get(FRAME_HEAD..)?;
    let (raw, mut rest) = body.split_at_checked(HEADER_BYTES)?;
    let header = Header::from_bytes(raw).ok()?;
    for _ in 0..header.tx_count {
        for most in [MAX_TX_BYTES, MAX_RECEIPT_BYTES] {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            if length > most {
                return None;
            }
            rest = after.get(length..)?;
        }
    }
    let (count, signatures) = rest.split_first()?;
    let length = match usize::from(*count) {
        0 => 0,
        count => ROUND_BYTES + count * SIGNED_BYTES,
    };
    (signatures.len() == length).then_some((header, *count > 0))
}
