//! A proof together with the way to the keys that it stands on: every change of the validators since the founders, each proven under the
//! signatures of the set before it. So whoever has nothing but the founders' keys checks what today's validators signed.

use minicbor::bytes::ByteVec;

use crate::{
    Consistency, Consistent, Proof, ProofError, ValidatorHistory, Verified, anchor::bounded,
};

/// Version of the format.
pub const FOLLOWED_VERSION: u8 = 1;

/// Most changes of the validators that one file follows.
pub const MAX_HANDOVERS: usize = 1_024;

/// Longest encoded file, in bytes.
pub const MAX_FOLLOWED_BYTES: usize = 16 * 1024 * 1024;

/// The word that tells this file from others.
const KIND: &str = "followed";

/// A proof and the changes of validators before it.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Followed {
    #[n(0)]
    version: u8,
    #[n(1)]
    kind: String,
    /// Inclusion proofs of the handovers, oldest first.
    #[n(2)]
    handovers: Vec<ByteVec>,
    /// An inclusion or a consistency proof.
    #[n(3)]
    proof: ByteVec,
}

impl Followed {
    /// The canonical bytes of a proof, given by its own, with the changes that lead to the epoch of its signatures: the proof itself
    /// where the founders still sign.
    ///
    /// # Errors
    /// When the bytes are no proof.
    pub fn wrap(proof: Vec<u8>, handovers: &[Proof]) -> Result<Vec<u8>, ProofError> {
        let signed = AnyProof::from_bytes(&proof)?.signed_epoch()?;
        let mut needed = Vec::new();
        for handover in handovers {
            // A handover takes effect in the epoch after its block's.
            if handover.epoch()? < signed {
                needed.push(ByteVec::from(handover.to_bytes()));
            }
        }
        if needed.is_empty() {
            return Ok(proof);
        }
        let followed = Self {
            version: FOLLOWED_VERSION,
            kind: KIND.to_owned(),
            handovers: needed,
            proof: proof.into(),
        };
        Ok(followed.to_bytes())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(self, &mut out);
        out
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_FOLLOWED_BYTES {
            return Err(ProofError::TooLong(bytes.len(), MAX_FOLLOWED_BYTES));
        }
        let followed: Self =
            minicbor::decode(bytes).map_err(|error| ProofError::Malformed(error.to_string()))?;
        if followed.to_bytes() != bytes || followed.kind != KIND {
            return Err(ProofError::Malformed("not the shortest form".into()));
        }
        if followed.version != FOLLOWED_VERSION {
            return Err(ProofError::Version(followed.version, FOLLOWED_VERSION));
        }
        bounded("handovers", followed.handovers.len(), MAX_HANDOVERS)?;
        Ok(followed)
    }
}

/// A proof of either kind.
enum AnyProof {
    Inclusion(Box<Proof>),
    Consistency(Box<Consistency>),
}

impl AnyProof {
    fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        if let Ok(proof) = Consistency::from_bytes(bytes) {
            return Ok(Self::Consistency(Box::new(proof)));
        }
        Proof::from_bytes(bytes).map(|proof| Self::Inclusion(Box::new(proof)))
    }

    fn signed_epoch(&self) -> Result<u64, ProofError> {
        match self {
            Self::Inclusion(proof) => proof.anchor.signed_epoch(),
            Self::Consistency(proof) => proof.anchor.signed_epoch(),
        }
    }
}

/// What a proof file says, of whichever kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// A transaction and its receipt are in a finalized block.
    Inclusion(Verified),
    /// One block is an ancestor of another.
    Consistency(Consistent),
}

impl Proven {
    /// Public keys of the validators that signed.
    pub fn signers(&self) -> &[[u8; 32]] {
        match self {
            Self::Inclusion(found) => &found.signers,
            Self::Consistency(found) => &found.signers,
        }
    }
}

/// Verifies a proof file offline against the chain's name and the founders' public keys. Gives what it says, and the validators of
/// whom the signers are a part: the founders, or those that the file's handovers lead to.
///
/// # Errors
/// What differs, in the proof or in a handover.
pub fn verify_file(
    bytes: &[u8],
    chain_id: &str,
    founders: &[[u8; 32]],
) -> Result<(Proven, Vec<[u8; 32]>), ProofError> {
    let (history, proof) = follow(bytes, chain_id, founders)?;
    let validators = history.at(proof.signed_epoch()?).to_vec();
    let proven = match proof {
        AnyProof::Inclusion(proof) => Proven::Inclusion(history.verify(&proof)?),
        AnyProof::Consistency(proof) => Proven::Consistency(history.verify_consistency(&proof)?),
    };
    Ok((proven, validators))
}

/// Who validated when, as far as the handovers of a proof file tell it; the proof itself is verified too.
///
/// # Errors
/// As [`verify_file`].
pub fn history_of_file(
    bytes: &[u8],
    chain_id: &str,
    founders: &[[u8; 32]],
) -> Result<ValidatorHistory, ProofError> {
    verify_file(bytes, chain_id, founders)?;
    Ok(follow(bytes, chain_id, founders)?.0)
}

fn follow(
    bytes: &[u8],
    chain_id: &str,
    founders: &[[u8; 32]],
) -> Result<(ValidatorHistory, AnyProof), ProofError> {
    let mut history = ValidatorHistory::new(chain_id, founders);
    let followed = Followed::from_bytes(bytes).ok();
    let proof = followed.as_ref().map_or(bytes, |followed| &followed.proof);
    let proof = AnyProof::from_bytes(proof)?;
    for handover in followed.iter().flat_map(|followed| &followed.handovers) {
        history.follow(&[Proof::from_bytes(handover)?])?;
    }
    Ok((history, proof))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        PROOF_VERSION,
        anchor::{
            Anchor, Round, Signed, message,
            tests::{CHAIN, public},
        },
        block::Record,
        config::namespace,
        header::Header,
        lineage::{audit_ranges, consistency_ranges},
        lineage_reads::steps,
        proof::tests::{chain_of, records, roots},
        sets::{Handover, Key},
        tree::{path, sha256},
    };
    use bytes::Bytes;
    use commonware_codec::{Copying, DecodeExt as _};
    use commonware_consensus::simplex::scheme::Namespace;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    fn keys(seeds: std::ops::RangeInclusive<u8>) -> Vec<PrivateKey> {
        let mut keys: Vec<PrivateKey> = seeds
            .map(|n| PrivateKey::decode(Copying([n; 32].as_slice())).unwrap())
            .collect();
        keys.sort_by_key(PrivateKey::public_key);
        keys
    }

    /// The validators of an epoch of the sample: 1 to 4, then 3 to 6, then 5 to 8.
    fn set(epoch: u64) -> Vec<PrivateKey> {
        match epoch {
            0 => keys(1..=4),
            1 => keys(3..=6),
            _ => keys(5..=8),
        }
    }

    pub(crate) fn founders() -> Vec<[u8; 32]> {
        set(0).iter().map(public).collect()
    }

    /// Epochs of ten blocks; the last blocks of the first two hand over.
    fn records_at(height: u64) -> Vec<Record> {
        let handover = |epoch: u64, previous| {
            let handover = Handover {
                epoch,
                previous,
                validators: set(epoch).iter().map(|key| Key(public(key))).collect(),
            };
            let tx = handover.to_bytes();
            Record {
                id: sha256(&[&tx]),
                tx,
                receipt: Bytes::new(),
            }
        };
        match height {
            7 | 12 | 25 => records(),
            9 => vec![handover(1, 0)],
            19 => records().into_iter().chain([handover(2, 9)]).collect(),
            _ => Vec::new(),
        }
    }

    fn chain(count: u64) -> Vec<Header> {
        chain_of(count, 10, records_at)
    }

    fn anchor(height: u64, signed: u64) -> Anchor {
        let chain = chain(signed + 1);
        let header = &chain[usize::try_from(signed).unwrap()];
        let space = Namespace::new(&namespace(CHAIN)).finalize;
        let sign = |key: &PrivateKey| Signed {
            validator: public(key),
            signature: key
                .sign(&space, &message(header, Round::of(header)))
                .as_ref()
                .try_into()
                .unwrap(),
        };
        Anchor {
            header: header.to_bytes().into(),
            path: roots(&chain, audit_ranges(height, signed)),
            signatures: set(header.epoch).iter().take(3).map(sign).collect(),
            round: None,
        }
    }

    fn inclusion(height: u64, index: usize, signed: u64) -> Proof {
        let records = records_at(height);
        let leaves: Vec<_> = records.iter().map(Record::leaf).collect();
        Proof {
            version: PROOF_VERSION,
            tx: records[index].tx.to_vec().into(),
            receipt: records[index].receipt.to_vec().into(),
            tx_id: records[index].id,
            receipt_hash: sha256(&[&records[index].receipt]),
            index: u32::try_from(index).unwrap(),
            path: steps(path(&leaves, index).unwrap()),
            header: chain(height + 1)[usize::try_from(height).unwrap()]
                .to_bytes()
                .into(),
            anchor: anchor(height, signed),
        }
    }

    fn handovers() -> Vec<Proof> {
        vec![inclusion(9, 0, 9), inclusion(19, 5, 19)]
    }

    /// Transaction 3 of a block, under the signatures over a block, with what leads there from the founders.
    pub(crate) fn followed(height: u64, signed: u64) -> Vec<u8> {
        Followed::wrap(inclusion(height, 3, signed).to_bytes(), &handovers()).unwrap()
    }

    /// That block 7 is an ancestor of block 25, under today's signatures.
    pub(crate) fn grown() -> Vec<u8> {
        let chain = chain(26);
        let bytes = |at: usize| chain[at].to_bytes().into();
        let proof = Consistency {
            version: crate::CONSISTENCY_VERSION,
            kind: crate::consistency::KIND.to_owned(),
            older: bytes(7),
            newer: bytes(25),
            included: roots(&chain, audit_ranges(7, 25)),
            continued: roots(&chain, consistency_ranges(7, 25)),
            anchor: anchor(25, 25),
        };
        Followed::wrap(proof.to_bytes(), &handovers()).unwrap()
    }

    fn verify(bytes: &[u8]) -> Result<u64, ProofError> {
        let (proven, validators) = verify_file(bytes, CHAIN, &founders())?;
        assert_eq!((proven.signers().len(), validators.len()), (3, 4));
        Ok(match proven {
            Proven::Inclusion(found) => found.height,
            Proven::Consistency(found) => found.newer,
        })
    }

    #[test]
    fn proofs_from_before_and_after_changes_stand_on_the_founders_keys() {
        assert_eq!(verify(&followed(7, 7)), Ok(7));
        assert_eq!(followed(7, 9), inclusion(7, 3, 9).to_bytes());
        assert_eq!(verify(&followed(12, 19)), Ok(12));
        assert_eq!(verify(&followed(25, 25)), Ok(25));
        assert_eq!(verify(&grown()), Ok(25));
        // An old block under the signatures of today's validators.
        assert_eq!(verify(&followed(7, 25)), Ok(7));
    }

    #[test]
    fn a_handover_that_is_missing_in_another_order_or_by_others_is_refused() {
        let proof = inclusion(25, 3, 25).to_bytes();
        let with = |handovers: &[Proof]| {
            let followed = Followed {
                version: FOLLOWED_VERSION,
                kind: KIND.to_owned(),
                handovers: handovers.iter().map(|p| p.to_bytes().into()).collect(),
                proof: proof.clone().into(),
            };
            verify(&followed.to_bytes()).unwrap_err()
        };
        let all = handovers();
        let [first, second] = all.as_slice() else {
            panic!("two");
        };
        let unknown = |error: &ProofError| matches!(error, ProofError::UnknownSigner(_));
        assert!(unknown(&verify(&proof).unwrap_err()));
        assert!(unknown(&with(&[])));
        assert!(unknown(&with(std::slice::from_ref(first))));
        assert!(unknown(&with(std::slice::from_ref(second))));
        let again = with(&[first.clone(), first.clone()]);
        assert!(matches!(again, ProofError::Handover(_)), "{again}");
        let none = with(&[first.clone(), inclusion(19, 3, 19)]);
        assert!(matches!(none, ProofError::Handover(_)), "{none}");
    }

    #[test]
    fn every_changed_byte_is_refused() {
        for bytes in [followed(25, 25), grown()] {
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let held = verify_file(&changed, CHAIN, &founders()).is_ok();
                assert!(!held, "byte {at}");
            }
        }
    }
}
