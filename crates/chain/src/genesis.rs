//! The block at height 0: it holds no transaction, but its digest binds everything that all validators must agree on.

use std::collections::BTreeMap;

use commonware_cryptography::{ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::db::DatabaseSet;
use commonware_storage::{mmr, qmdb::sync::Target};

use crate::{
    Config, Machine, StateKey, block::Block, header::Header, runtime::Runtime, state::Databases,
    tree::sha256,
};

/// Builds the genesis block of a configuration; it names the validator with the smallest key as proposer.
pub(crate) fn genesis_block<E: Runtime>(
    config: &Config,
    first: &PublicKey,
    machine: &dyn Machine,
) -> Block {
    let first_state = machine.genesis();
    // A program without the first rules has another genesis, and so no chain.
    let version = machine.version(0, &first_state).unwrap_or_default();
    let target: Target<mmr::Family, Digest> =
        <Databases<E> as DatabaseSet<E>>::initial_sync_targets();
    let mut keys: Vec<[u8; 32]> = config.validators.iter().map(|v| v.public_key).collect();
    keys.sort_unstable();
    let header = Header {
        epoch: 0,
        view: 0,
        parent_view: 0,
        parent: commitment(config, &keys, version, &first_state),
        history: sha256(&[]),
        height: 0,
        time_ms: 0,
        proposer: keys.first().copied().unwrap_or_default(),
        tx_count: 0,
        tx_root: sha256(&[]),
        state_root: target.root.0,
        state_floor: *target.range.start(),
        state_size: *target.range.end(),
        machine_version: version,
    };
    Block::new(header, first.clone(), Vec::new())
}

/// Hash over the chain's name, its validators, its bounds and the machine's first state, each with its length.
fn commitment(
    config: &Config,
    keys: &[[u8; 32]],
    version: u32,
    first_state: &BTreeMap<StateKey, Vec<u8>>,
) -> [u8; 32] {
    let mut bytes = Vec::new();
    let mut put = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    put(b"fairway-chain genesis 2");
    put(config.chain_id.as_bytes());
    put(&(config.max_block_bytes as u64).to_be_bytes());
    put(&(config.max_block_txs as u64).to_be_bytes());
    put(&config.epoch_blocks.to_be_bytes());
    put(&version.to_be_bytes());
    put(&keys.concat());
    for (key, value) in first_state {
        put(key);
        put(value);
    }
    sha256(&[&bytes])
}
