//! A second, small verifier of Fairway's proof files: written from `docs/proofs.md` and sharing no code with the ledger, so
//! that a mistake in one is not a mistake in both. It needs the file, the chain's name and the validators' public keys.
//!
//! Invariant: what it accepts, the ledger's own verifier accepts too. Tested by running both over the same proofs and over
//! every single-byte change of them.

mod cbor;
mod header;
mod sets;
mod tree;

use cbor::Reader;
use ed25519_dalek::{Signature, VerifyingKey};
use header::Header;
use sets::Sets;
use sha2::{Digest as _, Sha256};
use std::fmt;
use tree::{Hash, audit, continues};

/// Longest proof in bytes: one transaction, its receipt, headers, paths and signatures.
pub const MAX_PROOF: usize = 160 * 1024;

/// Longest file in bytes: a proof with the handovers before it.
pub const MAX_FILE: usize = 16 * 1024 * 1024;

/// Most handovers of a file.
pub const MAX_HANDOVERS: usize = 1_024;

/// Most validators of a chain.
pub const MAX_VALIDATORS: usize = 100;

/// Version of the inclusion proof that is understood.
const INCLUSION: u64 = 2;

/// Version of the consistency proof that is understood.
const CONSISTENCY: u64 = 1;

/// Version of the file with handovers that is understood.
const FOLLOWED: u64 = 1;

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Why a file proves nothing; the sentence says which part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotProven(pub String);

impl fmt::Display for NotProven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotProven {}

fn refuse<T>(what: impl Into<String>) -> Result<T, NotProven> {
    Err(NotProven(what.into()))
}

/// A block as its header tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Distance from genesis.
    pub height: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// SHA-256 of the header.
    pub digest: Hash,
    /// Root of the state after the block.
    pub state_root: Hash,
}

impl Block {
    fn of(header: &Header) -> Self {
        Self {
            height: header.height,
            time_ms: header.time_ms,
            digest: header.digest,
            state_root: header.state_root,
        }
    }
}

/// What a file proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// A transaction and its receipt are in a finalized block.
    Inclusion {
        /// The transaction's id.
        id: Hash,
        /// The transaction.
        transaction: Vec<u8>,
        /// Its receipt.
        receipt: Vec<u8>,
        /// The block.
        block: Block,
        /// Who signed that block or a later one that holds it.
        signers: Vec<Hash>,
    },
    /// The newer block's chain is the older block's chain, continued.
    Consistency {
        /// The older block.
        older: Block,
        /// The newer block.
        newer: Block,
        /// Who signed the newer block or a later one that holds it.
        signers: Vec<Hash>,
    },
}

/// Verifies a proof file of any kind with the chain's name and the founders' keys.
///
/// # Errors
/// [`NotProven`] with the part that does not fit.
pub fn verify(file: &[u8], chain: &str, founders: &[[u8; 32]]) -> Result<Proven, NotProven> {
    if file.len() > MAX_FILE {
        return refuse(format!("{} bytes, at most {MAX_FILE}", file.len()));
    }
    let mut sets = Sets::new(chain, founders);
    let mut reader = Reader::new(file);
    if reader.array(9)? != 4 {
        return Ok(single(file, &sets)?.1);
    }
    if reader.number()? != FOLLOWED || reader.text()? != b"followed" {
        return refuse("no proof with handovers of version 1");
    }
    for at in 0..reader.array(MAX_HANDOVERS)? {
        let (epoch, proven) = single(reader.bytes()?, &sets)?;
        let Proven::Inclusion {
            transaction, block, ..
        } = proven
        else {
            return refuse(format!("handover {at} is no inclusion proof"));
        };
        sets.hand_over(epoch, block.height, &transaction)?;
    }
    let (_, proven) = single(reader.bytes()?, &sets)?;
    reader.end()?;
    Ok(proven)
}

/// A proof without handovers; also gives the epoch of its block.
fn single(file: &[u8], sets: &Sets<'_>) -> Result<(u64, Proven), NotProven> {
    if file.len() > MAX_PROOF {
        return refuse(format!("{} bytes, at most {MAX_PROOF}", file.len()));
    }
    let mut reader = Reader::new(file);
    let proven = match reader.array(9)? {
        7 => consistency(&mut reader, sets)?,
        9 => inclusion(&mut reader, sets)?,
        other => return refuse(format!("a list of {other} parts is no proof")),
    };
    reader.end()?;
    Ok(proven)
}

fn inclusion(reader: &mut Reader<'_>, sets: &Sets<'_>) -> Result<(u64, Proven), NotProven> {
    let version = reader.number()?;
    if version != INCLUSION {
        return refuse(format!(
            "version {version} of the proof, expected {INCLUSION}"
        ));
    }
    let (transaction, receipt) = (reader.bytes()?.to_vec(), reader.bytes()?.to_vec());
    let (id, receipt_hash) = (reader.hash()?, reader.hash()?);
    let index = reader.number()?;
    let path = reader.hashes(32)?;
    let header = Header::read(reader.bytes()?)?;
    if sha256(&[&transaction]) != id {
        return refuse("the transaction does not hash to its id");
    }
    if sha256(&[&receipt]) != receipt_hash {
        return refuse("the receipt does not hash to the named hash");
    }
    if index > u64::from(u32::MAX) {
        return refuse("the index is too large");
    }
    let leaf = sha256(&[&[0], &id, &receipt_hash]);
    if audit(leaf, index, header.tx_count, &path) != Some(header.tx_root) {
        return refuse("the path does not lead from transaction and receipt to the block's root");
    }
    let signers = anchor(reader, &header, sets)?;
    let proven = Proven::Inclusion {
        id,
        transaction,
        receipt,
        block: Block::of(&header),
        signers,
    };
    Ok((header.epoch, proven))
}

fn consistency(reader: &mut Reader<'_>, sets: &Sets<'_>) -> Result<(u64, Proven), NotProven> {
    let version = reader.number()?;
    if version != CONSISTENCY || reader.text()? != b"consistency" {
        return refuse("no consistency proof of version 1");
    }
    let (older, newer) = (
        Header::read(reader.bytes()?)?,
        Header::read(reader.bytes()?)?,
    );
    let (included, continued) = (reader.hashes(64)?, reader.hashes(64)?);
    if older.height >= newer.height {
        return refuse(format!("{} is not below {}", older.height, newer.height));
    }
    let leaf = sha256(&[&[0], &older.digest]);
    if audit(leaf, older.height, newer.height, &included) != Some(newer.history) {
        return refuse("the newer header does not hold the older one: it is no ancestor");
    }
    let (begin, whole) = ((older.height, older.history), (newer.height, newer.history));
    if !continues(begin, whole, &continued) {
        return refuse("the older header's tree is not the beginning of the newer one's");
    }
    let signers = anchor(reader, &newer, sets)?;
    let proven = Proven::Consistency {
        older: Block::of(&older),
        newer: Block::of(&newer),
        signers,
    };
    Ok((newer.epoch, proven))
}

/// The signed header, the way from it to the proven one, and the signatures.
fn anchor(
    reader: &mut Reader<'_>,
    header: &Header,
    sets: &Sets<'_>,
) -> Result<Vec<Hash>, NotProven> {
    let parts = reader.array(4)?;
    if parts < 3 {
        return refuse("the anchor is not whole");
    }
    let final_header = Header::read(reader.bytes()?)?;
    let path = reader.hashes(64)?;
    let same = path.is_empty() && final_header.digest == header.digest;
    let leaf = sha256(&[&[0], &header.digest]);
    if !same && audit(leaf, header.height, final_header.height, &path) != Some(final_header.history)
    {
        return refuse("the signed header is not the proven one and does not hold it");
    }
    let count = reader.array(MAX_VALIDATORS)?;
    let mut signatures: Vec<(Hash, &[u8])> = Vec::new();
    for _ in 0..count {
        reader.list(2)?;
        signatures.push((reader.hash()?, reader.bytes()?));
    }
    let proposed = (final_header.view, final_header.parent_view);
    let round = if parts == 4 {
        reader.list(2)?;
        (reader.number()?, reader.number()?)
    } else {
        proposed
    };
    if parts == 4 && round == proposed {
        return refuse("the round is told although the header tells it");
    }
    let message = message(&final_header, round, sets.chain);
    let validators = sets.at(final_header.epoch);
    let mut signers: Vec<Hash> = Vec::new();
    for (signer, signature) in signatures {
        if !validators.contains(&signer) {
            return refuse(format!("{} is not one of the validators", hex(&signer)));
        }
        if signers.last().is_some_and(|last| *last >= signer) {
            return refuse(format!("{} is repeated or out of order", hex(&signer)));
        }
        if !signed_by(&signer, signature, &message) {
            return refuse(format!("the signature of {} does not hold", hex(&signer)));
        }
        signers.push(signer);
    }
    let mut known = validators.to_vec();
    known.sort_unstable();
    known.dedup();
    let need = known.len() - known.len().saturating_sub(1) / 3;
    if known.is_empty() || signers.len() < need {
        return refuse(format!("{} signatures, {need} needed", signers.len()));
    }
    Ok(signers)
}

fn signed_by(signer: &Hash, signature: &[u8], message: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_bytes(signer),
        <[u8; 64]>::try_from(signature),
    ) else {
        return false;
    };
    let signature = Signature::from_bytes(&signature);
    key.verify_strict(message, &signature).is_ok()
}

/// What a validator signs: the space of the chain's final votes with its length, then epoch, view, the parent's view and
/// the digest.
fn message(header: &Header, (view, parent): (u64, u64), chain: &str) -> Vec<u8> {
    let space = format!("fairway-chain/1/{chain}_FINALIZE");
    let mut out = Vec::new();
    varint(&mut out, space.len() as u64);
    out.extend_from_slice(space.as_bytes());
    varint(&mut out, header.epoch);
    varint(&mut out, view);
    varint(&mut out, parent);
    out.extend_from_slice(&header.digest);
    out
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        out.push(u8::try_from(value % 128).unwrap_or(0) | 128);
        value /= 128;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// 32 bytes from 64 hexadecimal digits.
pub fn unhex(text: &str) -> Option<Hash> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

/// The chain's name and its validators, from `chain NAME` and `validator HEX` lines.
///
/// # Errors
/// A sentence with the line.
pub fn trusted(text: &str) -> Result<(String, Vec<Hash>), String> {
    let (mut chain, mut keys) = (None, Vec::new());
    for (at, line) in text.lines().enumerate() {
        match line.split_once(' ').map(|(word, rest)| (word, rest.trim())) {
            Some(("chain", name)) => chain = Some(name.to_owned()),
            Some(("validator", key)) => {
                let key = unhex(key)
                    .ok_or_else(|| format!("line {}: a key has 64 hexadecimal digits", at + 1))?;
                keys.push(key);
            }
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            _ => return Err(format!("line {}: expected `chain` or `validator`", at + 1)),
        }
    }
    Ok((chain.ok_or("no `chain NAME` line")?, keys))
}
