//! A header under the validators' signatures: either it was signed itself, or the tree of a later signed header holds it.

use std::collections::BTreeSet;

use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::{Namespace, ed25519::Scheme},
        types::{Finalization, Proposal},
    },
    types::{self, Epoch, View},
};
use commonware_cryptography::{Verifier as _, ed25519, sha256::Digest};
use commonware_utils::ordered::Set;
use minicbor::bytes::ByteVec;

use crate::{
    MAX_VALIDATORS, ProofError,
    config::{namespace, quorum},
    header::Header,
    lineage::{MAX_HISTORY_PATH, history_leaf},
    proof::hex,
    tree::{Hash, climb},
};

/// The signed header, the way to it, and the signatures.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Anchor {
    /// The header that the validators signed.
    #[n(0)]
    pub(crate) header: ByteVec,
    /// Audit path of the proven header's digest in the tree of the signed header; empty when they are the same header.
    #[n(1)]
    pub(crate) path: Vec<ByteVec>,
    /// In ascending order of the validators' keys.
    #[n(2)]
    pub(crate) signatures: Vec<Signed>,
    /// Where the signed header became final, when that is not where it was proposed.
    #[n(3)]
    pub(crate) round: Option<Round>,
}

/// Where a block stood when it became final. The last block of an epoch is proposed again in later views until it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Round {
    #[n(0)]
    pub(crate) view: u64,
    #[n(1)]
    pub(crate) parent: u64,
}

impl Round {
    /// Where a header was proposed.
    pub(crate) fn of(header: &Header) -> Self {
        Self {
            view: header.view,
            parent: header.parent_view,
        }
    }
}

/// The signatures over a header, and where it stood when they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) round: Round,
    pub(crate) signatures: Vec<Signed>,
}

impl Certificate {
    /// What the engine keeps of a finalization; `None` when a signer is not in the set.
    pub(crate) fn of(
        found: &Finalization<Scheme, Digest>,
        validators: &Set<ed25519::PublicKey>,
    ) -> Option<Self> {
        let signers = found.certificate.signers.iter();
        let signed = signers.zip(found.certificate.signatures.iter());
        let signatures: Option<Vec<Signed>> = signed
            .map(|(signer, signature)| {
                let key = validators.get(usize::from(signer))?;
                let signature = signature.get()?.encode();
                Some(Signed {
                    validator: <[u8; 32]>::try_from(key.as_ref()).ok()?,
                    signature: <[u8; 64]>::try_from(signature.as_ref()).ok()?,
                })
            })
            .collect();
        Some(Self {
            round: Round {
                view: found.proposal.round.view().get(),
                parent: found.proposal.parent.get(),
            },
            signatures: signatures?,
        })
    }

    /// The round, when the header does not tell it.
    pub(crate) fn round_beside(&self, header: &Header) -> Option<Round> {
        (self.round != Round::of(header)).then_some(self.round)
    }
}

/// One validator's signature over the finalized proposal.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Signed {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) validator: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) signature: [u8; 64],
}

impl Anchor {
    /// Epoch of the signed header: whose validators' signatures count.
    pub(crate) fn signed_epoch(&self) -> Result<u64, ProofError> {
        Ok(read_header(&self.header)?.epoch)
    }

    /// Refuses lists that are longer than any chain needs.
    pub(crate) fn check_bounds(&self) -> Result<(), ProofError> {
        bounded(
            "path to the signed header",
            self.path.len(),
            MAX_HISTORY_PATH,
        )?;
        bounded("signatures", self.signatures.len(), MAX_VALIDATORS)
    }
}

/// Refuses a list that is too long.
pub(crate) fn bounded(name: &str, have: usize, most: usize) -> Result<(), ProofError> {
    if have > most {
        let reason = format!("{name} has {have} entries, at most {most}");
        return Err(ProofError::Malformed(reason));
    }
    Ok(())
}

/// Hashes of 32 bytes each; `None` when one has another length.
pub(crate) fn hashes(steps: &[ByteVec]) -> Option<Vec<Hash>> {
    let each = steps.iter();
    each.map(|step| Hash::try_from(step.as_slice()).ok())
        .collect()
}

/// What a header under valid signatures gives.
pub(crate) struct Anchored {
    /// Height of the signed header.
    pub(crate) height: u64,
    /// Who signed.
    pub(crate) signers: Vec<[u8; 32]>,
}

/// Checks that the validators signed `header`, or a later header whose tree holds it.
pub(crate) fn check_anchor(
    header: &Header,
    anchor: &Anchor,
    chain_id: &str,
    validators: &[[u8; 32]],
) -> Result<Anchored, ProofError> {
    let signed = read_header(&anchor.header)?;
    let path = hashes(&anchor.path).ok_or(ProofError::History)?;
    let same = path.is_empty() && signed == *header;
    let leaf = history_leaf(&header.digest());
    let held = climb(leaf, header.height, signed.height, &path) == Some(signed.history);
    if !same && !held {
        return Err(ProofError::History);
    }
    let proposed = Round::of(&signed);
    if anchor.round == Some(proposed) {
        let reason = "a round that the header tells already".to_owned();
        return Err(ProofError::Malformed(reason));
    }
    let certificate = Certificate {
        round: anchor.round.unwrap_or(proposed),
        signatures: anchor.signatures.clone(),
    };
    let signers = check_signatures(&signed, &certificate, chain_id, validators)?;
    Ok(Anchored {
        height: signed.height,
        signers,
    })
}

/// Reads a header of a proof.
pub(crate) fn read_header(bytes: &[u8]) -> Result<Header, ProofError> {
    Header::from_bytes(bytes).map_err(|error| ProofError::Header(error.to_string()))
}

/// The bytes that a validator signs for a finalized header, without the chain's name before them.
pub(crate) fn message(header: &Header, round: Round) -> bytes::Bytes {
    let place = types::Round::new(Epoch::new(header.epoch), View::new(round.view));
    let digest = Digest(header.digest());
    Proposal::new(place, View::new(round.parent), digest).encode()
}

/// Whether one signature over a header is right on this chain.
pub(crate) fn signature_holds(
    header: &Header,
    round: Round,
    signed: &Signed,
    chain_id: &str,
) -> bool {
    let space = Namespace::new(&namespace(chain_id)).finalize;
    let Ok(key) = ed25519::PublicKey::decode(Copying(signed.validator.as_slice())) else {
        return false;
    };
    ed25519::Signature::decode(Copying(signed.signature.as_slice()))
        .is_ok_and(|signature| key.verify(&space, &message(header, round), &signature))
}

/// Checks a certificate: known validators in ascending order, right signatures, enough of them.
pub(crate) fn check_signatures(
    header: &Header,
    certificate: &Certificate,
    chain_id: &str,
    validators: &[[u8; 32]],
) -> Result<Vec<[u8; 32]>, ProofError> {
    let known: BTreeSet<[u8; 32]> = validators.iter().copied().collect();
    let mut signers: Vec<[u8; 32]> = Vec::new();
    for signed in &certificate.signatures {
        let name = || hex(&signed.validator);
        if !known.contains(&signed.validator) {
            return Err(ProofError::UnknownSigner(name()));
        }
        if signers.last().is_some_and(|last| *last >= signed.validator) {
            return Err(ProofError::SignerOrder(name()));
        }
        if !signature_holds(header, certificate.round, signed, chain_id) {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    pub(crate) const CHAIN: &str = "unit";

    pub(crate) fn keys() -> Vec<PrivateKey> {
        let mut keys: Vec<PrivateKey> = (1..=4u8)
            .map(|n| PrivateKey::decode(Copying([n; 32].as_slice())).unwrap())
            .collect();
        keys.sort_by_key(PrivateKey::public_key);
        keys
    }

    pub(crate) fn public(key: &PrivateKey) -> [u8; 32] {
        key.public_key().as_ref().try_into().unwrap()
    }

    /// The validators' keys, in an order that is not the certificates'.
    pub(crate) fn validators() -> Vec<[u8; 32]> {
        keys().iter().rev().map(public).collect()
    }

    /// Three of four signatures over a header, where it was proposed.
    pub(crate) fn certify(header: &Header) -> Certificate {
        certify_in(header, Round::of(header))
    }

    /// Three of four signatures over a header in a round.
    pub(crate) fn certify_in(header: &Header, round: Round) -> Certificate {
        let space = Namespace::new(&namespace(CHAIN)).finalize;
        let sign = |key: &PrivateKey| Signed {
            validator: public(key),
            signature: key
                .sign(&space, &message(header, round))
                .as_ref()
                .try_into()
                .unwrap(),
        };
        Certificate {
            round,
            signatures: keys().iter().take(3).map(sign).collect(),
        }
    }
}
