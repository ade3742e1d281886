//! A machine that does nothing: what remains is the engine.

use bytes::Bytes;
use fairway_chain::{BlockInfo, Executed, Machine, StateKey};
use std::collections::BTreeMap;

/// Takes every transaction, reads and writes nothing.
pub(super) struct Noop;

impl Machine for Noop {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        vec![Ok(()); txs.len()]
    }

    fn reads(&self, _: &[Bytes]) -> Vec<StateKey> {
        Vec::new()
    }

    fn execute(&self, _: BlockInfo, txs: &[Bytes], _: &BTreeMap<StateKey, Vec<u8>>) -> Executed {
        Executed {
            receipts: vec![Vec::new(); txs.len()],
            writes: BTreeMap::new(),
        }
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        BTreeMap::new()
    }
}
