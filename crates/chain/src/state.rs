//! The authenticated state: its types, and the keys under which values are stored.

use bytes::Bytes;
use commonware_codec::RangeCfg;
use commonware_cryptography::Sha256;
use commonware_glue::stateful::db::{DatabaseSet, Shared};
use commonware_parallel::Sequential;
use commonware_storage::{mmr, qmdb::any::unordered::variable, translator::EightCap};
use commonware_utils::sequence::FixedBytes;

use crate::{MAX_VALUE_BYTES, StateKey, TxId, lineage::Place, tree::sha256};

/// First byte of a stored key: the machine's keys, the chain's index of transactions, and its tree over all headers.
const MACHINE_KEY: u8 = 0;
const TX_KEY: u8 = 1;
const HISTORY_KEY: u8 = 2;

/// Key of the authenticated state.
pub(crate) type Key = FixedBytes<33>;
/// The authenticated state: an append-only log of operations with a root.
pub(crate) type Db<E> = variable::Db<mmr::Family, E, Key, Bytes, Sha256, EightCap, Sequential>;
/// One entry of that log.
pub(crate) type Operation = variable::Operation<mmr::Family, Key, Bytes>;
/// The state, shared with the readers.
pub(crate) type Databases<E> = Shared<Db<E>>;
/// Writes on top of a state, not sealed yet.
pub(crate) type Batch<E> = <Databases<E> as DatabaseSet<E>>::Unmerkleized;
/// Writes on top of a state, with their root.
pub(crate) type Sealed<E> = <Databases<E> as DatabaseSet<E>>::Merkleized;

/// Codec bound of stored values: the machine's values, and the chain's own of 12 bytes.
pub(crate) fn value_range() -> RangeCfg<usize> {
    RangeCfg::from(0..=MAX_VALUE_BYTES)
}

/// Stored key of a machine's value.
pub(crate) fn machine_key(key: &StateKey) -> Key {
    tagged(MACHINE_KEY, key)
}

/// Stored key of a final transaction's place.
pub(crate) fn tx_key(id: &TxId) -> Key {
    tagged(TX_KEY, id)
}

/// Stored key of the right edge of the tree over all headers.
pub(crate) fn edge_key() -> Key {
    tagged(HISTORY_KEY, &sha256(&[b"fairway-chain history edge"]))
}

/// Stored key of a complete subtree's root in the tree over all headers. Hashed, so that keys spread evenly.
pub(crate) fn subtree_key(place: Place) -> Key {
    let name: &[u8] = b"fairway-chain history subtree";
    let parts = [name, &place.level.to_be_bytes(), &place.index.to_be_bytes()];
    tagged(HISTORY_KEY, &sha256(&parts))
}

/// The machine's key of a stored one; none for the chain's own.
pub(crate) fn state_key(key: &Key) -> Option<StateKey> {
    let bytes: &[u8] = key.as_ref();
    let (tag, rest) = bytes.split_first()?;
    (*tag == MACHINE_KEY)
        .then(|| StateKey::try_from(rest).ok())
        .flatten()
}

fn tagged(tag: u8, key: &[u8; 32]) -> Key {
    let mut bytes = [0u8; 33];
    let (first, rest) = bytes.split_at_mut(1);
    first.copy_from_slice(&[tag]);
    rest.copy_from_slice(key);
    Key::new(bytes)
}

/// Where a final transaction stands: height and index in the block.
pub(crate) fn place_bytes(height: u64, index: u32) -> Bytes {
    let mut bytes = Vec::with_capacity(12);
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&index.to_be_bytes());
    Bytes::from(bytes)
}

/// Reads what [`place_bytes`] wrote.
pub(crate) fn read_place(bytes: &[u8]) -> Option<(u64, u32)> {
    let (height, index) = bytes.split_first_chunk::<8>()?;
    let index = <[u8; 4]>::try_from(index).ok()?;
    Some((u64::from_be_bytes(*height), u32::from_be_bytes(index)))
}
