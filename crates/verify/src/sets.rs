//! Who signs in which epoch: the founders, until a handover names others.

use crate::cbor::Reader;
use crate::tree::Hash;
use crate::{MAX_VALIDATORS, NotProven, refuse};

/// What a handover's record begins with.
const MARK: &[u8] = b"fairway-chain/handover/1:";

/// The validators by epoch, as far as handovers were followed.
#[derive(Debug, Clone)]
pub(crate) struct Sets<'a> {
    pub(crate) chain: &'a str,
    /// First epoch and keys of each set, oldest first; never empty.
    known: Vec<(u64, Vec<Hash>)>,
    /// Height of the block with the last handover; 0 when there was none.
    last: u64,
}

impl<'a> Sets<'a> {
    pub(crate) fn new(chain: &'a str, founders: &[Hash]) -> Self {
        Self {
            chain,
            known: vec![(0, founders.to_vec())],
            last: 0,
        }
    }

    /// The validators of an epoch.
    pub(crate) fn at(&self, epoch: u64) -> &[Hash] {
        let found = self.known.iter().rev().find(|(first, _)| *first <= epoch);
        found.map_or(&[], |(_, keys)| keys)
    }

    /// Takes a handover that a block of `epoch` was proven to hold at `height`.
    pub(crate) fn hand_over(
        &mut self,
        epoch: u64,
        height: u64,
        record: &[u8],
    ) -> Result<(), NotProven> {
        let Some(body) = record.strip_prefix(MARK) else {
            return refuse(format!("the record in block {height} is no handover"));
        };
        let mut reader = Reader::new(body);
        reader.list(3)?;
        let (next, previous) = (reader.number()?, reader.number()?);
        let keys = reader.hashes(MAX_VALIDATORS)?;
        reader.end()?;
        if keys.is_empty() || !keys.is_sorted_by(|a, b| a < b) {
            return refuse(format!("the handover in block {height} names no set"));
        }
        if Some(next) != epoch.checked_add(1) {
            return refuse(format!(
                "the handover in block {height} of epoch {epoch} names epoch {next}"
            ));
        }
        if previous != self.last {
            return refuse(format!(
                "the handover in block {height} follows the one in block {previous}; the last one known is in block {}",
                self.last
            ));
        }
        self.known.push((next, keys));
        self.last = height;
        Ok(())
    }
}
