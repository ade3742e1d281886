//! State as one block sees it: what was fetched, under what the block wrote, under what the present transaction wrote.

use crate::keys::Key;
use fairway_model::canonical::Canonical;
use fairway_model::refusal::{Refusal, RefusalCode};
use std::collections::BTreeMap;

/// A layered view; the top layer is kept or dropped whole, so that a refused transaction leaves nothing behind.
#[derive(Debug)]
pub(crate) struct View<'a> {
    base: &'a BTreeMap<Key, Vec<u8>>,
    block: BTreeMap<Key, Vec<u8>>,
    present: BTreeMap<Key, Vec<u8>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(base: &'a BTreeMap<Key, Vec<u8>>) -> Self {
        Self {
            base,
            block: BTreeMap::new(),
            present: BTreeMap::new(),
        }
    }

    fn bytes(&self, key: &Key) -> Option<&[u8]> {
        self.present
            .get(key)
            .or_else(|| self.block.get(key))
            .or_else(|| self.base.get(key))
            .map(Vec::as_slice)
    }

    /// The value under `key`. A value that does not decode was not written by these contracts: whoever reads it is refused, alike
    /// on every validator with that state.
    pub(crate) fn get<T>(&self, key: &Key) -> Result<Option<T>, Refusal>
    where
        T: for<'b> minicbor::Decode<'b, ()>,
    {
        let Some(bytes) = self.bytes(key) else {
            return Ok(None);
        };
        let unreadable = |e| {
            Refusal::new(
                RefusalCode::Malformed,
                format!("a stored value does not decode: {e}"),
            )
        };
        minicbor::decode(bytes).map(Some).map_err(unreadable)
    }

    pub(crate) fn put(&mut self, key: Key, value: &impl Canonical) {
        self.present.insert(key, value.to_bytes());
    }

    /// Keeps what the present transaction wrote.
    pub(crate) fn keep(&mut self) {
        // Not `append`, which walks the whole of both maps.
        self.block.extend(core::mem::take(&mut self.present));
    }

    /// Forgets what the present transaction wrote.
    pub(crate) fn drop_present(&mut self) {
        self.present.clear();
    }

    /// Everything that the block wrote.
    pub(crate) fn into_writes(self) -> BTreeMap<Key, Option<Vec<u8>>> {
        self.block
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect()
    }
}
