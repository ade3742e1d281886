//! Proof that one block is an ancestor of another and that the validators finalized both: the chain at the later height
//! is the chain at the earlier one, continued. It is verified offline and stays small however long the chain is.

use minicbor::bytes::ByteVec;

use crate::{
    ProofError,
    anchor::{Anchor, bounded, check_anchor, hashes, read_header},
    header::Header,
    lineage::{MAX_HISTORY_PATH, consistent, history_leaf},
    tree::climb,
};

/// Version of the consistency proof's format.
pub const CONSISTENCY_VERSION: u8 = 1;

/// Longest encoded consistency proof, in bytes: three headers, three paths and the certificate.
pub const MAX_CONSISTENCY_BYTES: usize = 32 * 1024;

/// That the block of one header is an ancestor of a finalized one.
///
/// It carries both headers, the way from the older into the newer one's tree, the proof that the older one's tree is the
/// beginning of the newer one's, and the validators' signatures.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Consistency {
    #[n(0)]
    pub(crate) version: u8,
    /// The word that tells this file from an inclusion proof.
    #[n(1)]
    pub(crate) kind: String,
    /// Header of the older block.
    #[n(2)]
    pub(crate) older: ByteVec,
    /// Header of the newer block.
    #[n(3)]
    pub(crate) newer: ByteVec,
    /// Audit path of the older header's digest in the newer header's tree.
    #[n(4)]
    pub(crate) included: Vec<ByteVec>,
    /// Proof that the older header's tree is the beginning of the newer one's.
    #[n(5)]
    pub(crate) continued: Vec<ByteVec>,
    /// The newer header under the validators' signatures.
    #[n(6)]
    pub(crate) anchor: Anchor,
}

/// The word at the beginning of a consistency proof.
pub(crate) const KIND: &str = "consistency";

/// What a verified consistency proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistent {
    /// Height of the older block.
    pub older: u64,
    /// Digest of the older block's header.
    pub older_digest: [u8; 32],
    /// Root of the state after the older block.
    pub older_state: [u8; 32],
    /// Height of the newer block.
    pub newer: u64,
    /// Digest of the newer block's header.
    pub newer_digest: [u8; 32],
    /// Root of the state after the newer block.
    pub newer_state: [u8; 32],
    /// Public keys of the validators that signed.
    pub signers: Vec<[u8; 32]>,
}

impl Consistency {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(self, &mut out);
        out
    }

    /// Reads the canonical bytes. This checks the shape only; [`verify_consistency`] checks the content.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_CONSISTENCY_BYTES {
            return Err(ProofError::TooLong(bytes.len(), MAX_CONSISTENCY_BYTES));
        }
        let proof: Self =
            minicbor::decode(bytes).map_err(|error| ProofError::Malformed(error.to_string()))?;
        if proof.to_bytes() != bytes {
            return Err(ProofError::Malformed("not the shortest form".into()));
        }
        bounded("included", proof.included.len(), MAX_HISTORY_PATH)?;
        bounded("continued", proof.continued.len(), MAX_HISTORY_PATH)?;
        proof.anchor.check_bounds()?;
        Ok(proof)
    }
}

/// Verifies a consistency proof offline against the chain's name and the public keys of its validators.
pub fn verify_consistency(
    proof: &Consistency,
    chain_id: &str,
    validators: &[[u8; 32]],
) -> Result<Consistent, ProofError> {
    if proof.kind != KIND {
        let reason = format!("its kind is {:?}, expected {KIND:?}", proof.kind);
        return Err(ProofError::Malformed(reason));
    }
    if proof.version != CONSISTENCY_VERSION {
        return Err(ProofError::Version(proof.version, CONSISTENCY_VERSION));
    }
    let (older, newer) = (read_header(&proof.older)?, read_header(&proof.newer)?);
    check_ancestor(proof, &older, &newer)?;
    let anchored = check_anchor(&newer, &proof.anchor, chain_id, validators)?;
    Ok(Consistent {
        older: older.height,
        older_digest: older.digest(),
        older_state: older.state_root,
        newer: newer.height,
        newer_digest: newer.digest(),
        newer_state: newer.state_root,
        signers: anchored.signers,
    })
}

fn check_ancestor(proof: &Consistency, older: &Header, newer: &Header) -> Result<(), ProofError> {
    if older.height >= newer.height {
        let (first, second) = (older.height, newer.height);
        return Err(ProofError::Heights(first, second));
    }
    let included = hashes(&proof.included).ok_or(ProofError::Ancestor)?;
    let leaf = history_leaf(&older.digest());
    if climb(leaf, older.height, newer.height, &included) != Some(newer.history) {
        return Err(ProofError::Ancestor);
    }
    let continued = hashes(&proof.continued).ok_or(ProofError::Continued)?;
    let (begin, whole) = (
        (older.height, &older.history),
        (newer.height, &newer.history),
    );
    consistent(begin, whole, &continued)
        .then_some(())
        .ok_or(ProofError::Continued)
}
