//! Proof that a transaction and its receipt are in a finalized block. It is verified offline, with nothing but the
//! validators' public keys and the chain's name.

use bytes::Bytes;
use minicbor::bytes::ByteVec;

use crate::{
    MAX_RECEIPT_BYTES, MAX_TX_BYTES, TxId,
    anchor::{Anchor, bounded, check_anchor, hashes, read_header},
    header::Header,
    sets::Handover,
    tree::{MAX_PATH, climb, leaf, sha256},
};

/// Version of the proof's format.
pub const PROOF_VERSION: u8 = 2;

/// Longest encoded proof, in bytes: one transaction, its receipt, the paths, the headers and the certificate.
pub const MAX_PROOF_BYTES: usize = MAX_TX_BYTES + MAX_RECEIPT_BYTES + 32 * 1024;

/// Inclusion of one transaction and its receipt in a finalized block.
///
/// It carries the transaction, its receipt, the path to the header's root, the header, the way from there to a header that
/// the validators signed, and their signatures.
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
    /// The block's header under the validators' signatures.
    #[n(8)]
    pub(crate) anchor: Anchor,
}

/// What a verified proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Epoch of the block. The validators of its set signed it, or a later block of the same set that proves it.
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
    /// Height of the block that the validators signed; the transaction's own, or a later one that proves it.
    pub signed_height: u64,
    /// Public keys of the validators that signed.
    pub signers: Vec<[u8; 32]>,
}

/// Why a proof is refused. Each names what differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The encoding is longer than any proof.
    #[error("proof has {0} bytes, at most {1} are accepted")]
    TooLong(usize, usize),
    /// The bytes are no canonical proof.
    #[error("proof is not canonical CBOR of the expected shape: {0}")]
    Malformed(String),
    /// The format's version is unknown.
    #[error("proof version is {0}, expected {1}")]
    Version(u8, u8),
    /// The transaction does not hash to the named id.
    #[error("transaction bytes do not hash to the transaction id of the proof")]
    Transaction,
    /// The receipt does not hash to the named hash.
    #[error("receipt bytes do not hash to the receipt hash of the proof")]
    Receipt,
    /// A header is malformed.
    #[error("header: {0}")]
    Header(String),
    /// The path does not lead to the header's root.
    #[error("merkle path does not lead from transaction and receipt to the header's root")]
    Path,
    /// The signed header is another one, and its tree does not hold the proven header.
    #[error("the signed header is not the proven one and does not hold it in its tree")]
    History,
    /// The newer header's tree does not hold the older header.
    #[error("the newer header does not hold the older one in its tree: it is no ancestor")]
    Ancestor,
    /// The older header's tree is not the beginning of the newer one's.
    #[error("the older header's tree is not the beginning of the newer one's")]
    Continued,
    /// The heights are in the wrong order.
    #[error("heights are {0} and {1}, expected the lower one first")]
    Heights(u64, u64),
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
    /// The change of validators in it, and the height of its block; nothing of it is checked here.
    pub(crate) fn handover(&self) -> Option<(u64, Handover)> {
        let height = read_header(&self.header).ok()?.height;
        Some((height, Handover::from_bytes(&self.tx)?))
    }

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
            return Err(ProofError::TooLong(bytes.len(), MAX_PROOF_BYTES));
        }
        let proof: Self =
            minicbor::decode(bytes).map_err(|error| ProofError::Malformed(error.to_string()))?;
        if proof.to_bytes() != bytes {
            return Err(ProofError::Malformed("not the shortest form".into()));
        }
        bounded("path", proof.path.len(), MAX_PATH)?;
        proof.anchor.check_bounds()?;
        Ok(proof)
    }

    /// Epoch of the block, not verified.
    pub(crate) fn epoch(&self) -> Result<u64, ProofError> {
        Ok(read_header(&self.header)?.epoch)
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
        return Err(ProofError::Version(proof.version, PROOF_VERSION));
    }
    if sha256(&[&proof.tx]) != proof.tx_id {
        return Err(ProofError::Transaction);
    }
    if sha256(&[&proof.receipt]) != proof.receipt_hash {
        return Err(ProofError::Receipt);
    }
    let header = read_header(&proof.header)?;
    check_path(proof, &header)?;
    let anchored = check_anchor(&header, &proof.anchor, chain_id, validators)?;
    Ok(Verified {
        epoch: header.epoch,
        height: header.height,
        time_ms: header.time_ms,
        digest: header.digest(),
        state_root: header.state_root,
        tx_id: proof.tx_id,
        tx: Bytes::copy_from_slice(&proof.tx),
        receipt: proof.receipt.to_vec(),
        signed_height: anchored.height,
        signers: anchored.signers,
    })
}

fn check_path(proof: &Proof, header: &Header) -> Result<(), ProofError> {
    let path = hashes(&proof.path).ok_or(ProofError::Path)?;
    let start = leaf(&proof.tx_id, &proof.receipt_hash);
    let (index, count) = (u64::from(proof.index), u64::from(header.tx_count));
    (climb(start, index, count, &path) == Some(header.tx_root))
        .then_some(())
        .ok_or(ProofError::Path)
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
pub(crate) mod tests {
    use super::*;
    use crate::{
        Consistency,
        anchor::{
            Round,
            tests::{CHAIN, certify, certify_in, keys, public, validators},
        },
        block::{Record, records_root},
        consistency::KIND,
        header::HEADER_BYTES,
        lineage::{Edge, audit_ranges, consistency_ranges, history_leaf},
        lineage_reads::steps,
        tree::{path, root},
        verify_consistency,
    };

    pub(crate) fn records() -> Vec<Record> {
        (0..5u8)
            .map(|n| Record {
                id: sha256(&[&[n; 40]]),
                tx: Bytes::from(vec![n; 40]),
                receipt: Bytes::from(vec![n + 100; 20]),
            })
            .collect()
    }

    /// Headers from height 0 on; the one at height 7 has five transactions.
    pub(crate) fn chain(count: u64) -> Vec<Header> {
        let records_at = |height| if height == 7 { records() } else { Vec::new() };
        chain_of(count, u64::MAX, records_at)
    }

    /// Headers from height 0 on, in epochs of so many blocks, over blocks with these records.
    pub(crate) fn chain_of(
        count: u64,
        epoch_blocks: u64,
        records_at: impl Fn(u64) -> Vec<Record>,
    ) -> Vec<Header> {
        let (mut edge, mut parent, mut out) = (Edge::default(), [9; 32], Vec::new());
        for height in 0..count {
            let (records, place) = (records_at(height), height % epoch_blocks);
            let header = Header {
                epoch: height / epoch_blocks,
                view: place + 3,
                parent_view: place + 1,
                parent,
                history: edge.root(),
                height,
                time_ms: 1_000 + i64::try_from(height).unwrap(),
                proposer: [1; 32],
                tx_count: u32::try_from(records.len()).unwrap(),
                tx_root: records_root(&records),
                state_root: [2; 32],
                state_floor: 1,
                state_size: 9,
                machine_version: 1,
            };
            parent = header.digest();
            edge.push(&parent);
            out.push(header);
        }
        out
    }

    pub(crate) fn roots(chain: &[Header], ranges: Vec<(u64, u64)>) -> Vec<ByteVec> {
        let leaf = |at: u64| history_leaf(&chain[usize::try_from(at).unwrap()].digest());
        let of = |(from, to): (u64, u64)| root(&(from..to).map(leaf).collect::<Vec<_>>());
        steps(ranges.into_iter().map(of).collect())
    }

    pub(crate) fn anchor(chain: &[Header], height: u64, signed: u64) -> Anchor {
        let header = &chain[usize::try_from(signed).unwrap()];
        Anchor {
            header: header.to_bytes().into(),
            path: roots(chain, audit_ranges(height, signed)),
            signatures: certify(header).signatures,
            round: None,
        }
    }

    /// Transaction 3 of block 7, under the signatures over the block at `signed`.
    pub(crate) fn sample(signed: u64) -> Proof {
        let (chain, records) = (chain(signed + 1), records());
        let leaves: Vec<_> = records.iter().map(Record::leaf).collect();
        Proof {
            version: PROOF_VERSION,
            tx: records[3].tx.to_vec().into(),
            receipt: records[3].receipt.to_vec().into(),
            tx_id: records[3].id,
            receipt_hash: sha256(&[&records[3].receipt]),
            index: 3,
            path: steps(path(&leaves, 3).unwrap()),
            header: chain[7].to_bytes().into(),
            anchor: anchor(&chain, 7, signed),
        }
    }

    /// The same, but block 12 became final in a later view than the one in which it was proposed.
    pub(crate) fn reproposed() -> Proof {
        let mut proof = sample(12);
        let header = &chain(13)[12];
        let round = Round {
            view: header.view + 200,
            parent: header.view,
        };
        proof.anchor.signatures = certify_in(header, round).signatures;
        proof.anchor.round = Some(round);
        proof
    }

    /// That the block at `older` is an ancestor of the one at `newer`, under the signatures at `signed`.
    pub(crate) fn grown(older: u64, newer: u64, signed: u64) -> Consistency {
        let chain = chain(signed + 1);
        let bytes = |at: u64| chain[usize::try_from(at).unwrap()].to_bytes().into();
        Consistency {
            version: crate::CONSISTENCY_VERSION,
            kind: KIND.to_owned(),
            older: bytes(older),
            newer: bytes(newer),
            included: roots(&chain, audit_ranges(older, newer)),
            continued: roots(&chain, consistency_ranges(older, newer)),
            anchor: anchor(&chain, newer, signed),
        }
    }

    fn verify(proof: &Proof) -> Result<Verified, ProofError> {
        verify_proof(proof, CHAIN, &validators())
    }

    fn refused(change: impl FnOnce(&mut Proof)) -> ProofError {
        let mut proof = sample(12);
        change(&mut proof);
        verify(&proof).unwrap_err()
    }

    #[test]
    fn a_whole_proof_verifies_also_from_its_bytes_and_under_any_later_certificate() {
        for signed in 7..40 {
            let proof = Proof::from_bytes(&sample(signed).to_bytes()).unwrap();
            assert_eq!(proof, sample(signed));
            let verified = verify(&proof).unwrap();
            assert_eq!((verified.height, verified.time_ms), (7, 1_007));
            assert_eq!(verified.signed_height, signed);
            assert_eq!(
                verified.signers,
                keys().iter().take(3).map(public).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn every_part_that_differs_is_named() {
        assert_eq!(refused(|p| p.version = 1), ProofError::Version(1, 2));
        assert_eq!(refused(|p| p.tx[9] ^= 1), ProofError::Transaction);
        assert_eq!(refused(|p| p.tx_id[9] ^= 1), ProofError::Transaction);
        assert_eq!(refused(|p| p.receipt[0] ^= 1), ProofError::Receipt);
        assert_eq!(refused(|p| p.receipt_hash[0] ^= 1), ProofError::Receipt);
        assert_eq!(refused(|p| p.path[1][31] ^= 1), ProofError::Path);
        assert_eq!(refused(|p| p.path.truncate(1)), ProofError::Path);
        assert_eq!(refused(|p| p.path[0].truncate(31)), ProofError::Path);
        assert_eq!(refused(|p| p.index = 2), ProofError::Path);
        for at in 0..HEADER_BYTES {
            refused(|p| p.header[at] ^= 1);
            refused(|p| p.anchor.header[at] ^= 1);
        }
        assert_eq!(refused(|p| p.anchor.path.clear()), ProofError::History);
        assert_eq!(refused(|p| p.anchor.path[0][3] ^= 1), ProofError::History);
        for at in [0, 31, 32, 63] {
            let error = refused(|p| p.anchor.signatures[1].signature[at] ^= 1);
            assert!(matches!(error, ProofError::Signature(_)), "{error}");
        }
        let error = refused(|p| p.anchor.signatures[1].validator[0] ^= 1);
        assert!(matches!(error, ProofError::UnknownSigner(_)), "{error}");
        let header = &chain(13)[12];
        let error = refused(|p| p.anchor.round = Some(Round::of(header)));
        assert!(matches!(error, ProofError::Malformed(_)), "{error}");
        verify(&reproposed()).unwrap();
        let mut other = reproposed();
        other.anchor.round = None;
        let error = verify(&other).unwrap_err();
        assert!(matches!(error, ProofError::Signature(_)), "{error}");
        let error = refused(|p| p.anchor.signatures.swap(0, 1));
        assert!(matches!(error, ProofError::SignerOrder(_)), "{error}");
        let error = refused(|p| p.anchor.signatures[1] = p.anchor.signatures[0].clone());
        assert!(matches!(error, ProofError::SignerOrder(_)), "{error}");
        let error = refused(|p| p.anchor.signatures.truncate(2));
        assert_eq!(error, ProofError::Quorum { have: 2, need: 3 });
        let error = verify_proof(&sample(12), CHAIN, &[]).unwrap_err();
        assert!(matches!(error, ProofError::UnknownSigner(_)), "{error}");
        let mut none = sample(12);
        none.anchor.signatures.clear();
        let error = verify_proof(&none, CHAIN, &[]).unwrap_err();
        assert_eq!(error, ProofError::Quorum { have: 0, need: 0 });
    }

    #[test]
    fn an_ancestor_is_proven_between_any_two_heights_and_nothing_else_is() {
        let check = |proof: &Consistency| verify_consistency(proof, CHAIN, &validators());
        for newer in 1..20 {
            for older in 0..newer {
                let proof = grown(older, newer, newer + 2);
                assert_eq!(Consistency::from_bytes(&proof.to_bytes()).unwrap(), proof);
                let found = check(&proof).unwrap();
                assert_eq!((found.older, found.newer), (older, newer));
            }
        }
        let mut backwards = grown(3, 9, 9);
        std::mem::swap(&mut backwards.older, &mut backwards.newer);
        assert_eq!(check(&backwards), Err(ProofError::Heights(9, 3)));
        let mut other = grown(3, 9, 9);
        other.older[60] ^= 1;
        assert_eq!(check(&other), Err(ProofError::Ancestor));
        let mut other = grown(5, 9, 9);
        other.continued[0][0] ^= 1;
        assert_eq!(check(&other), Err(ProofError::Continued));
        let mut other = grown(5, 9, 9);
        other.kind = "inclusion".to_owned();
        assert!(matches!(check(&other), Err(ProofError::Malformed(_))));
        let bytes = grown(5, 9, 11).to_bytes();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let held = Consistency::from_bytes(&changed).is_ok_and(|proof| check(&proof).is_ok());
            assert!(!held, "byte {at}");
        }
    }

    #[test]
    fn bytes_that_are_not_canonical_are_refused() {
        let bytes = sample(12).to_bytes();
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(
            Proof::from_bytes(&longer),
            Err(ProofError::Malformed(_))
        ));
        let mut many = sample(12);
        many.anchor.path = vec![vec![0].into(); 65];
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
