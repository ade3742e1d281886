//! Which validators sign in which epoch.
//!
//! The chain is divided into epochs of a fixed number of blocks. The last block of an epoch may end with a *handover*: a record,
//! made by every validator from the state after the block, that names the validators from the next epoch on. It stands in the tree of
//! the block's records, so an ordinary inclusion proof under the old set's signatures proves the new set. Without a handover the
//! set stays.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::{simplex::scheme::ed25519::Scheme, types::Epoch};
use commonware_cryptography::{
    Signer as _,
    certificate::{Provider, Scoped},
    ed25519::{PrivateKey, PublicKey},
};
use commonware_utils::ordered::Set;

use crate::{MAX_VALIDATORS, block::Block, config::namespace};

/// What a handover record begins with. No transaction may.
const MARK: &[u8] = b"fairway-chain/handover/1:";

/// Names the validators from an epoch on.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Handover {
    /// The first epoch of the set: the one after the block's.
    #[n(0)]
    pub(crate) epoch: u64,
    /// Height of the handover before this one; 0 when there was none. So none can be left out of a proof.
    #[n(1)]
    pub(crate) previous: u64,
    /// The validators' public keys, ascending.
    #[n(2)]
    pub(crate) validators: Vec<Key>,
}

/// A public key's bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode,
)]
#[cbor(transparent)]
pub(crate) struct Key(#[cbor(with = "minicbor::bytes")] pub(crate) [u8; 32]);

/// Whether bytes claim to be a handover.
pub(crate) fn is_handover(tx: &[u8]) -> bool {
    tx.starts_with(MARK)
}

impl Handover {
    /// The record's bytes.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut out = MARK.to_vec();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(self, &mut out);
        out.into()
    }

    /// Reads a record; `None` when it is none, or not the one spelling of it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let handover: Self = minicbor::decode(bytes.strip_prefix(MARK)?).ok()?;
        let fits = (1..=MAX_VALIDATORS).contains(&handover.validators.len())
            && handover.validators.is_sorted_by(|a, b| a < b)
            && handover.to_bytes() == bytes;
        fits.then_some(handover)
    }
}

/// A set of validators from keys in any order; `None` when there is none, too many, a repeated one, or one that is no key.
pub(crate) fn read_set(keys: &[[u8; 32]]) -> Option<Set<PublicKey>> {
    if !(1..=MAX_VALIDATORS).contains(&keys.len()) {
        return None;
    }
    let keys: Option<Vec<PublicKey>> = keys
        .iter()
        .map(|key| PublicKey::decode(Copying(key.as_slice())).ok())
        .collect();
    Set::try_from(keys?).ok()
}

pub(crate) fn key_bytes(key: &PublicKey) -> [u8; 32] {
    let bytes: &[u8] = key.as_ref();
    <[u8; 32]>::try_from(bytes).unwrap_or_default()
}

/// A set and its first epoch.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) epoch: u64,
    /// Height of the block that handed over to it; 0 for the founders.
    pub(crate) height: u64,
    pub(crate) validators: Arc<Set<PublicKey>>,
}

struct Inner {
    /// At least the founders; ascending.
    changes: Vec<Change>,
    /// The newest epoch whose set is final.
    known: u64,
}

/// The sets of all epochs that this node knows.
pub(crate) struct Sets {
    length: u64,
    inner: Mutex<Inner>,
}

impl Sets {
    /// A chain whose epochs have `length` blocks (genesis counts to the first), begun by `founders`.
    pub(crate) fn new(length: u64, founders: Set<PublicKey>) -> Self {
        let founders = Change {
            epoch: 0,
            height: 0,
            validators: Arc::new(founders),
        };
        let inner = Inner {
            changes: vec![founders],
            known: 0,
        };
        Self {
            length: length.max(1),
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The epoch of a block.
    pub(crate) fn epoch_of(&self, height: u64) -> u64 {
        height / self.length
    }

    /// The height of an epoch's last block.
    pub(crate) fn last_of(&self, epoch: u64) -> u64 {
        epoch.saturating_add(1).saturating_mul(self.length) - 1
    }

    /// Whether a block is the last of its epoch.
    pub(crate) fn is_last(&self, height: u64) -> bool {
        self.last_of(self.epoch_of(height)) == height
    }

    /// The set of an epoch; `None` for one that has not been handed over to yet.
    pub(crate) fn at(&self, epoch: u64) -> Option<Arc<Set<PublicKey>>> {
        let inner = self.lock();
        let change = inner.changes.iter().rev().find(|c| c.epoch <= epoch)?;
        (epoch <= inner.known).then(|| Arc::clone(&change.validators))
    }

    /// All sets, oldest first.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.lock().changes.clone()
    }

    /// The record at the end of an epoch's last block, when the next epoch has another set.
    pub(crate) fn handover(&self, epoch: u64, next: &Set<PublicKey>) -> Option<Handover> {
        let inner = self.lock();
        let present = inner.changes.iter().rev().find(|c| c.epoch <= epoch)?;
        if *present.validators == *next {
            return None;
        }
        Some(Handover {
            epoch: epoch.saturating_add(1),
            previous: present.height,
            validators: next.iter().map(|key| Key(key_bytes(key))).collect(),
        })
    }

    /// Takes over proven changes, oldest first, up to an epoch whose set is known with them. Twice is once.
    pub(crate) fn adopt(&self, proven: &[(u64, Handover)], epoch: u64) -> Result<(), String> {
        let mut inner = self.lock();
        let newest = inner.changes.last().map_or(0, |change| change.epoch);
        for (height, handover) in proven.iter().filter(|(_, h)| h.epoch > newest) {
            let keys: Vec<[u8; 32]> = handover.validators.iter().map(|key| key.0).collect();
            let set = read_set(&keys);
            let validators = set.ok_or_else(|| format!("the set of block {height} is none"))?;
            inner.changes.push(Change {
                epoch: handover.epoch,
                height: *height,
                validators: Arc::new(validators),
            });
        }
        inner.known = inner.known.max(epoch);
        Ok(())
    }

    /// Takes note of a final block: the last one of an epoch makes the next epoch's set known. Twice is once.
    pub(crate) fn note(&self, block: &Block) {
        if self.is_last(block.header.height) {
            self.note_last(block.header.height, block.handover().as_ref());
        }
    }

    /// As [`Self::note`], of an epoch's last block of which only the handover is at hand.
    pub(crate) fn note_last(&self, height: u64, handover: Option<&Handover>) {
        let next = self.epoch_of(height).saturating_add(1);
        let mut inner = self.lock();
        if !self.is_last(height) || next != inner.known.saturating_add(1) {
            return;
        }
        inner.known = next;
        let keys: Option<Vec<[u8; 32]>> =
            handover.map(|h| h.validators.iter().map(|key| key.0).collect());
        if let Some(validators) = keys.as_deref().and_then(read_set) {
            inner.changes.push(Change {
                epoch: next,
                height,
                validators: Arc::new(validators),
            });
        }
    }
}

/// Signs and verifies with the set of each epoch.
#[derive(Clone)]
pub(crate) struct Schemes {
    sets: Arc<Sets>,
    space: Arc<Vec<u8>>,
    key: PrivateKey,
}

impl Schemes {
    pub(crate) fn new(sets: Arc<Sets>, chain_id: &str, key: PrivateKey) -> Self {
        Self {
            sets,
            space: Arc::new(namespace(chain_id)),
            key,
        }
    }

    /// This node's public key.
    pub(crate) fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The scheme of an epoch: a signer's when this node's key is in the set, else one that only verifies.
    pub(crate) fn of(&self, epoch: u64) -> Option<Scheme> {
        let set = self.sets.at(epoch)?;
        let signer = Scheme::signer(&self.space, (*set).clone(), self.key.clone());
        Some(signer.unwrap_or_else(|| Scheme::verifier(&self.space, (*set).clone())))
    }
}

impl Provider for Schemes {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, epoch: Epoch) -> Option<Scoped<Scheme>> {
        self.of(epoch.get())
            .map(|scheme| Scoped::scheme(Arc::new(scheme)))
    }
}
