//! Who validated when: followed from the founders' keys through proofs of every change, offline.

use crate::{
    Consistency, Consistent, Proof, ProofError, Verified, sets::Handover, verify_consistency,
    verify_proof,
};

/// The validator sets of a chain by epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorHistory {
    chain_id: String,
    /// First epoch and keys of each set; ascending, never empty.
    sets: Vec<(u64, Vec<[u8; 32]>)>,
    /// Height of the block with the last change; 0 when there was none.
    last: u64,
}

impl ValidatorHistory {
    /// The history of a chain of which only the founding validators are known.
    pub fn new(chain_id: impl Into<String>, founders: &[[u8; 32]]) -> Self {
        Self {
            chain_id: chain_id.into(),
            sets: vec![(0, founders.to_vec())],
            last: 0,
        }
    }

    /// Follows the chain's changes of validators ([`crate::Handle::handovers`]), oldest first. Each is proven by the signatures of the
    /// set before it, so nobody but the validators themselves can put others in their place, and none can be left out.
    ///
    /// # Errors
    /// [`ProofError`] of the first proof that does not hold; the changes before it stay.
    pub fn follow(&mut self, handovers: &[Proof]) -> Result<(), ProofError> {
        for proof in handovers {
            let wrong = |text: String| Err(ProofError::Handover(text));
            let verified = self.verify(proof)?;
            let Some(handover) = Handover::from_bytes(&verified.tx) else {
                return wrong(format!("the record in block {} is none", verified.height));
            };
            if handover.epoch != verified.epoch.saturating_add(1) {
                let (names, block) = (handover.epoch, verified.epoch);
                return wrong(format!(
                    "it names epoch {names} in a block of epoch {block}"
                ));
            }
            if handover.previous != self.last {
                let (previous, last) = (handover.previous, self.last);
                return wrong(format!(
                    "it follows the one in block {previous}, the last one known is in block {last}"
                ));
            }
            self.learn(verified.height, verified.epoch, &handover);
        }
        Ok(())
    }

    /// Takes over the change of a block of this epoch that the validators before it signed; says whether it follows the last one that is known.
    pub(crate) fn learn(&mut self, height: u64, epoch: u64, handover: &Handover) -> bool {
        let known = self.sets.last().map_or(0, |(first, _)| *first);
        let next = epoch.checked_add(1) == Some(handover.epoch)
            && handover.epoch > known
            && handover.previous == self.last;
        if next {
            let keys = handover.validators.iter().map(|key| key.0).collect();
            self.sets.push((handover.epoch, keys));
            self.last = height;
        }
        next
    }

    /// The validators of an epoch, as far as the changes were followed.
    pub fn at(&self, epoch: u64) -> &[[u8; 32]] {
        let found = self.sets.iter().rev().find(|(first, _)| *first <= epoch);
        found.map_or(&[], |(_, keys)| keys)
    }

    /// Verifies a proof with the validators of the epoch in which its signed block is.
    ///
    /// # Errors
    /// As [`verify_proof`].
    pub fn verify(&self, proof: &Proof) -> Result<Verified, ProofError> {
        verify_proof(proof, &self.chain_id, self.at(proof.anchor.signed_epoch()?))
    }

    /// Verifies a consistency proof in the same way.
    ///
    /// # Errors
    /// As [`verify_consistency`].
    pub fn verify_consistency(&self, proof: &Consistency) -> Result<Consistent, ProofError> {
        let keys = self.at(proof.anchor.signed_epoch()?);
        verify_consistency(proof, &self.chain_id, keys)
    }
}
