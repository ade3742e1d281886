//! Proof that a transaction and its receipt are in a finalized block. It is verified offline, with nothing but the
//! validators' public keys and the chain's name.

use std::collections::BTreeSet;

use bytes::Bytes;
use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::{scheme::Namespace, types::Proposal},
    types::{self, Epoch, View},
};
use commonware_cryptography::{Verifier as _, ed25519, sha256::Digest};
use minicbor::bytes::ByteVec;

use crate::{
    MAX_RECEIPT_BYTES, MAX_TX_BYTES, MAX_VALIDATORS, TxId,
    config::{namespace, quorum},
    header::Header,
    tree::{MAX_PATH, climb, leaf, sha256},
};

/// Version of the proof's format.
pub const PROOF_VERSION: u8 = 1;

/// Most headers between the block and the one that the certificate is over. A block is final with its first final
/// descendant, and only that one may have a certificate of its own.
pub const MAX_LINKS: usize = 64;

/// Longest encoded proof, in bytes: one transaction, its receipt, the path, the headers and the certificate.
pub const MAX_PROOF_BYTES: usize = MAX_TX_BYTES + MAX_RECEIPT_BYTES + 32 * 1024;

/// Inclusion of one transaction and its receipt in a finalized block.
///
/// It carries the transaction, its receipt, the path to the header's root, the header, and the validators' signatures.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Proof {
    #[n(0)]
    pub(crate) version: u8,
    #[n(1)]
    pub(crate) tx: ByteVec,
    #[n(2)]
    pub(crate) receipt: ByteVec,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) tx_id: TxId,
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(crate) receipt_hash: [u8; 32],
    #[n(5)]
    pub(crate) index: u32,
    #[n(6)]
    pub(crate) path: Vec<ByteVec>,
    #[n(7)]
    pub(crate) header: ByteVec,
    #[n(8)]
    pub(crate) links: Vec<ByteVec>,
    #[cbor(n(9), with = "minicbor::bytes")]
    pub(crate) digest: [u8; 32],
    #[n(10)]
    pub(crate) signatures: Vec<Signed>,
    #[n(11)]
    pub(crate) round: Option<Round>,
}

/// Where the signed block stood when it became final, when that is not where it was proposed: the last block of an epoch is proposed
/// again in later views until it is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Round {
    #[n(0)]
    pub(crate) view: u64,
    #[n(1)]
    pub(crate) parent: u64,
}

/// One validator's signature over the finalized proposal.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Signed {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) validator: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) signature: [u8; 64],
}

/// What a verified proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Epoch of the block.
    pub epoch: u64,
    /// Height of the block.
    pub height: u64,
    /// Time of the block, milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Digest of the block's header.
    pub digest: [u8; 32],
    /// Root of the state after the block.
    pub state_root: [u8; 32],
    /// Id of the transaction.
    pub tx_id: TxId,
    /// The transaction's bytes.
    pub tx: Bytes,
    /// The receipt's bytes.
    pub receipt: Vec<u8>,
    /// Public keys of the validators that signed.
    pub signers: Vec<[u8; 32]>,
}

/// Why a proof is refused. Each names what differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The encoding is longer than any proof.
    #[error("proof has {0} bytes, at most {MAX_PROOF_BYTES} are accepted")]
    TooLong(usize),
    /// The bytes are no canonical proof.
    #[error("proof is not canonical CBOR of the expected shape: {0}")]
    Malformed(String),
    /// The format's version is unknown.
    #[error("proof version is {0}, expected {PROOF_VERSION}")]
    Version(u8),
    /// The transaction does not hash to the named id.
    #[error("transaction bytes do not hash to the transaction id of the proof")]
    Transaction,
    /// The receipt does not hash to the named hash.
    #[error("receipt bytes do not hash to the receipt hash of the proof")]
    Receipt,
    /// A header is malformed, does not follow the one before it, or does not hash to the named digest.
    #[error("header: {0}")]
    Header(String),
    /// The path does not lead to the header's root.
    #[error("merkle path does not lead from transaction and receipt to the header's root")]
    Path,
    /// A configured validator key is not a key.
    #[error("validator key {0} is not a valid ed25519 key")]
    ValidatorKey(String),
    /// A signer is not one of the validators.
    #[error("signer {0} is not one of the validators")]
    UnknownSigner(String),
    /// A signer appears twice, or signers are not in ascending order.
    #[error("signer {0} is repeated or out of order")]
    SignerOrder(String),
    /// A signature is wrong for this header and chain.
    #[error("signature of validator {0} does not match the header on this chain")]
    Signature(String),
    /// A proof among those of the changes of the validator set is none, or one before it is missing.
    #[error("change of validators: {0}")]
    Handover(String),
    /// Too few validators signed.
    #[error("{have} validators signed, {need} are needed")]
    Quorum {
        /// Valid signatures.
        have: usize,
        /// Signatures needed: all validators but a third less one.
        need: usize,
    },
}

impl Proof {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(self, &mut out);
        out
    }

    /// Reads the canonical bytes. This checks the shape only; [`verify_proof`] checks the content.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLong(bytes.len()));
        }
        let proof: Self =
            minicbor::decode(bytes).map_err(|error| ProofError::Malformed(error.to_string()))?;
        if proof.to_bytes() != bytes {
            return Err(ProofError::Malformed("not the shortest form".into()));
        }
        let lists = [
            ("path", proof.path.len(), MAX_PATH),
            ("links", proof.links.len(), MAX_LINKS),
            ("signatures", proof.signatures.len(), MAX_VALIDATORS),
        ];
        for (name, have, most) in lists {
            if have > most {
                let reason = format!("{name} has {have} entries, at most {most}");
                return Err(ProofError::Malformed(reason));
            }
        }
        Ok(proof)
    }

    /// Id of the transaction that this proof is about, not verified.
    pub fn tx_id(&self) -> TxId {
        self.tx_id
    }
}

/// Verifies a proof offline against the chain's name and the public keys of its validators, given in any order.
pub fn verify_proof(
    proof: &Proof,
    chain_id: &str,
    validators: &[[u8; 32]],
) -> Result<Verified, ProofError> {
    if proof.version != PROOF_VERSION {
        return Err(ProofError::Version(proof.version));
    }
    if sha256(&[&proof.tx]) != proof.tx_id {
        return Err(ProofError::Transaction);
    }
    if sha256(&[&proof.receipt]) != proof.receipt_hash {
        return Err(ProofError::Receipt);
    }
    let header = read_header(&proof.header)?;
    let last = follow_links(proof, &header)?;
    if last.epoch != header.epoch {
        let (first, last) = (header.epoch, last.epoch);
        let reason = format!("the signed block is of epoch {last}, the transaction's of {first}");
        return Err(ProofError::Header(reason));
    }
    check_path(proof, &header)?;
    let signers = check_signatures(proof, &last, chain_id, validators)?;
    Ok(Verified {
        epoch: header.epoch,
        height: header.height,
        time_ms: header.time_ms,
        digest: header.digest(),
        state_root: header.state_root,
        tx_id: proof.tx_id,
        tx: Bytes::copy_from_slice(&proof.tx),
        receipt: proof.receipt.to_vec(),
        signers,
    })
}

pub(crate) fn read_header(bytes: &[u8]) -> Result<Header, ProofError> {
    Header::from_bytes(bytes).map_err(|error| ProofError::Header(error.to_string()))
}

/// Follows the headers from the transaction's block to the one that was signed.
fn follow_links(proof: &Proof, header: &Header) -> Result<Header, ProofError> {
    let mut last = header.clone();
    for link in &proof.links {
        let next = read_header(link)?;
        if next.parent != last.digest() {
            let height = next.height;
            let reason = format!("header {height} does not name the one before it as its parent");
            return Err(ProofError::Header(reason));
        }
        last = next;
    }
    if last.digest() != proof.digest {
        let reason = "bytes do not hash to the digest of the proof".to_string();
        return Err(ProofError::Header(reason));
    }
    Ok(last)
}

fn check_path(proof: &Proof, header: &Header) -> Result<(), ProofError> {
    let path: Option<Vec<[u8; 32]>> = proof
        .path
        .iter()
        .map(|step| <[u8; 32]>::try_from(step.as_slice()).ok())
        .collect();
    let start = leaf(&proof.tx_id, &proof.receipt_hash);
    let end = climb(
        start,
        proof.index,
        header.tx_count,
        &path.ok_or(ProofError::Path)?,
    );
    (end == Some(header.tx_root))
        .then_some(())
        .ok_or(ProofError::Path)
}

fn check_signatures(
    proof: &Proof,
    header: &Header,
    chain_id: &str,
    validators: &[[u8; 32]],
) -> Result<Vec<[u8; 32]>, ProofError> {
    let known: BTreeSet<[u8; 32]> = validators.iter().copied().collect();
    let namespace = Namespace::new(&namespace(chain_id)).finalize;
    let round = proof.round.unwrap_or(Round {
        view: header.view,
        parent: header.parent_view,
    });
    let message = Proposal::new(
        types::Round::new(Epoch::new(header.epoch), View::new(round.view)),
        View::new(round.parent),
        Digest(proof.digest),
    )
    .encode();
    let mut signers: Vec<[u8; 32]> = Vec::new();
    for signed in &proof.signatures {
        let name = || hex(&signed.validator);
        if !known.contains(&signed.validator) {
            return Err(ProofError::UnknownSigner(name()));
        }
        if signers.last().is_some_and(|last| *last >= signed.validator) {
            return Err(ProofError::SignerOrder(name()));
        }
        let key = ed25519::PublicKey::decode(Copying(signed.validator.as_slice()))
            .map_err(|_| ProofError::ValidatorKey(name()))?;
        let valid = ed25519::Signature::decode(Copying(signed.signature.as_slice()))
            .is_ok_and(|signature| key.verify(&namespace, &message, &signature));
        if !valid {
            return Err(ProofError::Signature(name()));
        }
        signers.push(signed.validator);
    }
    let need = quorum(known.len());
    if signers.len() < need || known.is_empty() {
        let have = signers.len();
        return Err(ProofError::Quorum { have, need });
    }
    Ok(signers)
}

/// Lower-case hexadecimal, for messages.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{block::Record, block::records_root, header::HEADER_BYTES, tree::path};
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    const CHAIN: &str = "unit";

    fn keys() -> Vec<PrivateKey> {
        let mut keys: Vec<PrivateKey> = (1..=4u8)
            .map(|n| PrivateKey::decode(Copying([n; 32].as_slice())).unwrap())
            .collect();
        keys.sort_by_key(PrivateKey::public_key);
        keys
    }

    fn public(key: &PrivateKey) -> [u8; 32] {
        key.public_key().as_ref().try_into().unwrap()
    }

    fn header(height: u64, parent: [u8; 32], records: &[Record]) -> Header {
        Header {
            epoch: 0,
            view: height + 3,
            parent_view: height + 1,
            parent,
            height,
            time_ms: 1_000,
            proposer: [1; 32],
            tx_count: u32::try_from(records.len()).unwrap(),
            tx_root: records_root(records),
            state_root: [2; 32],
            state_floor: 1,
            state_size: 9,
            machine_version: 1,
        }
    }

    /// Block 7 of five transactions, block 8 on it, and three signatures over block 8.
    fn sample() -> Proof {
        let records: Vec<Record> = (0..5u8)
            .map(|n| Record {
                id: sha256(&[&[n; 40]]),
                tx: Bytes::from(vec![n; 40]),
                receipt: Bytes::from(vec![n + 100; 20]),
            })
            .collect();
        let block = header(7, [0; 32], &records);
        let next = header(8, block.digest(), &[]);
        let round = types::Round::new(Epoch::new(0), View::new(next.view));
        let message =
            Proposal::new(round, View::new(next.parent_view), Digest(next.digest())).encode();
        let space = Namespace::new(&namespace(CHAIN)).finalize;
        let sign = |key: &PrivateKey| Signed {
            validator: public(key),
            signature: key.sign(&space, &message).as_ref().try_into().unwrap(),
        };
        let leaves: Vec<_> = records.iter().map(Record::leaf).collect();
        let steps = path(&leaves, 3).unwrap();
        Proof {
            version: PROOF_VERSION,
            tx: records[3].tx.to_vec().into(),
            receipt: records[3].receipt.to_vec().into(),
            tx_id: records[3].id,
            receipt_hash: sha256(&[&records[3].receipt]),
            index: 3,
            path: steps.iter().map(|step| step.to_vec().into()).collect(),
            header: block.to_bytes().into(),
            links: vec![next.to_bytes().into()],
            digest: next.digest(),
            signatures: keys().iter().take(3).map(sign).collect(),
            round: None,
        }
    }

    fn verify(proof: &Proof) -> Result<Verified, ProofError> {
        let validators: Vec<[u8; 32]> = keys().iter().rev().map(public).collect();
        verify_proof(proof, CHAIN, &validators)
    }

    fn refused(change: impl FnOnce(&mut Proof)) -> ProofError {
        let mut proof = sample();
        change(&mut proof);
        verify(&proof).unwrap_err()
    }

    #[test]
    fn a_whole_proof_verifies_also_from_its_bytes() {
        let proof = Proof::from_bytes(&sample().to_bytes()).unwrap();
        assert_eq!(proof, sample());
        let verified = verify(&proof).unwrap();
        assert_eq!((verified.height, verified.time_ms), (7, 1_000));
        assert_eq!(
            verified.signers,
            keys().iter().take(3).map(public).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_part_that_differs_is_named() {
        assert_eq!(refused(|p| p.version = 2), ProofError::Version(2));
        assert_eq!(refused(|p| p.tx[9] ^= 1), ProofError::Transaction);
        assert_eq!(refused(|p| p.tx_id[9] ^= 1), ProofError::Transaction);
        assert_eq!(refused(|p| p.receipt[0] ^= 1), ProofError::Receipt);
        assert_eq!(refused(|p| p.receipt_hash[0] ^= 1), ProofError::Receipt);
        assert_eq!(refused(|p| p.path[1][31] ^= 1), ProofError::Path);
        assert_eq!(refused(|p| p.path.truncate(1)), ProofError::Path);
        assert_eq!(refused(|p| p.path[0].truncate(31)), ProofError::Path);
        assert_eq!(refused(|p| p.index = 2), ProofError::Path);
        for at in 0..HEADER_BYTES {
            assert!(
                matches!(refused(|p| p.header[at] ^= 1), ProofError::Header(_)),
                "{at}"
            );
            assert!(
                matches!(refused(|p| p.links[0][at] ^= 1), ProofError::Header(_)),
                "{at}"
            );
        }
        assert!(matches!(
            refused(|p| p.links.clear()),
            ProofError::Header(_)
        ));
        assert!(matches!(
            refused(|p| p.digest[0] ^= 1),
            ProofError::Header(_)
        ));
        for at in [0, 31, 32, 63] {
            let error = refused(|p| p.signatures[1].signature[at] ^= 1);
            assert!(matches!(error, ProofError::Signature(_)), "{error}");
        }
        let error = refused(|p| p.signatures[1].validator[0] ^= 1);
        assert!(matches!(error, ProofError::UnknownSigner(_)), "{error}");
        let error = refused(|p| p.signatures.swap(0, 1));
        assert!(matches!(error, ProofError::SignerOrder(_)), "{error}");
        let error = refused(|p| p.signatures[1] = p.signatures[0].clone());
        assert!(matches!(error, ProofError::SignerOrder(_)), "{error}");
        let error = refused(|p| p.signatures.truncate(2));
        assert_eq!(error, ProofError::Quorum { have: 2, need: 3 });
        let error = verify_proof(&sample(), CHAIN, &[]).unwrap_err();
        assert!(matches!(error, ProofError::UnknownSigner(_)), "{error}");
        let none = Proof {
            signatures: Vec::new(),
            ..sample()
        };
        let error = verify_proof(&none, CHAIN, &[]).unwrap_err();
        assert_eq!(error, ProofError::Quorum { have: 0, need: 0 });
    }

    #[test]
    fn bytes_that_are_not_canonical_are_refused() {
        let bytes = sample().to_bytes();
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(
            Proof::from_bytes(&longer),
            Err(ProofError::Malformed(_))
        ));
        let many = Proof {
            links: vec![vec![0].into(); MAX_LINKS + 1],
            ..sample()
        };
        assert!(matches!(
            Proof::from_bytes(&many.to_bytes()),
            Err(ProofError::Malformed(_))
        ));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let held = Proof::from_bytes(&changed).is_ok_and(|proof| verify(&proof).is_ok());
            assert!(!held, "byte {at}");
        }
    }
}
