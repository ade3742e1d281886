//! What the overlay asks of the state machine that it orders: a plain, deterministic trait object.

use std::{collections::BTreeMap, net::SocketAddr};

use bytes::Bytes;

/// Key of one value of the machine's state. Derive it by hashing, so that keys spread evenly.
pub type StateKey = [u8; 32];

/// SHA-256 of a transaction's bytes: its identity on this chain.
pub type TxId = [u8; 32];

/// Longest value that one state key may hold, in bytes. A longer one stops the node that executes it.
pub const MAX_VALUE_BYTES: usize = 256 * 1024;

/// Longest receipt of one transaction, in bytes. A longer one stops the node that executes it.
pub const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// The state machine that the chain orders transactions for.
///
/// Every validator runs the same code over the same bytes, so an implementation reads no clock, draws no randomness,
/// and depends on nothing but its arguments. The calls come from the chain's worker threads, possibly several at
/// once (a block may be tried on two forks); no call may rely on the order of earlier ones.
pub trait Machine: Send + Sync + 'static {
    /// The state keys from which [`Machine::version`] reads; none when the rules never change.
    fn version_keys(&self) -> Vec<StateKey> {
        Vec::new()
    }

    /// Version of the rules in the block of this height. Asked for every block, with the values of
    /// [`Machine::version_keys`] in the state before it. It is written into the header; a validator refuses a block of another one.
    ///
    /// # Errors
    /// This program does not have the rules that are in force; says which and what to do. The node stops with this reason,
    /// before it votes for the block or executes it.
    fn version(&self, height: u64, state: &BTreeMap<StateKey, Vec<u8>>) -> Result<u32, String> {
        let _ = (height, state);
        Ok(1)
    }

    /// Checks transactions without any state: decoding and signatures, best in one batch.
    ///
    /// Called at ingress and again for every proposed block, so the verdict must depend on the bytes alone.
    /// Returns one verdict per transaction in the same order; the error is a short reason for the sender.
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>>;

    /// Names every state key that [`Machine::execute`] may read or write for these transactions, from the bytes alone.
    ///
    /// The chain fetches them from the authenticated state before it executes. Repeated keys are allowed.
    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey>;

    /// Executes one block on the fetched state, in order.
    ///
    /// `state` holds each key of [`Machine::reads`] that has a value. This must not fail: a transaction that the rules
    /// refuse gets a receipt that says so, and writes nothing.
    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed;

    /// The state before the first block. It must be the same on every validator.
    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>>;

    /// The state keys from which [`Machine::peers`] reads; none when the configured validators stay for ever.
    fn peer_keys(&self) -> Vec<StateKey> {
        Vec::new()
    }

    /// Who takes part according to the state. Asked with the values of [`Machine::peer_keys`] after the last block of every
    /// epoch: these validators sign from the next epoch on. `None`, an empty or an impossible set changes nothing.
    fn peers(&self, state: &BTreeMap<StateKey, Vec<u8>>) -> Option<Peers> {
        let _ = state;
        None
    }
}

/// Where and when a block stands, as far as the rules may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// Height of the block; genesis is 0, the first executed block is 1.
    pub height: u64,
    /// The proposer's clock in milliseconds since 1970-01-01 UTC, strictly greater than the parent's.
    pub time_ms: i64,
}

/// What one block did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Executed {
    /// One receipt per transaction, in order; opaque to the chain, bounded by [`MAX_RECEIPT_BYTES`].
    pub receipts: Vec<Vec<u8>>,
    /// The new values; `None` deletes the key. Values are bounded by [`MAX_VALUE_BYTES`].
    pub writes: BTreeMap<StateKey, Option<Vec<u8>>>,
}

/// A node of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its ed25519 public key, with which it signs and connects.
    pub public_key: [u8; 32],
    /// Where its overlay listens; `None` when the configuration of every node names the address.
    pub address: Option<SocketAddr>,
}

/// Who takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers {
    /// Those that vote, from the next epoch on.
    pub validators: Vec<Peer>,
    /// Those that only follow.
    pub followers: Vec<Peer>,
}
