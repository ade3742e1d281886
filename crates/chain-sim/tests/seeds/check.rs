//! What must hold, whatever happens: one chain, one state, true books, nothing lost, nothing twice.

use std::{collections::BTreeMap, sync::Arc};

use fairway_chain::{FinalBlock, TxId};
use fairway_ledger::{Books, CouncilEffect, Effect, Receipt, Transaction};
use fairway_model::{MemberId, Micro, canonical::Canonical};

use crate::{
    load::{Expected, Item, Load},
    world::{CHAIN, USD},
};

/// The one chain, as the first honest validator showed each block.
#[derive(Default)]
pub(crate) struct Canon {
    pub(crate) blocks: Vec<Arc<FinalBlock>>,
    pub(crate) places: BTreeMap<TxId, u64>,
    receipts: BTreeMap<TxId, Vec<u8>>,
    books: Books,
    /// Proven misdeeds: whose, and whether it was suspended for it.
    pub(crate) misdeeds: Vec<(MemberId, bool)>,
    who: Vec<usize>,
}

impl Canon {
    /// Compares a final block that an honest validator shows; says what is broken.
    pub(crate) fn show(&mut self, end: usize, block: &Arc<FinalBlock>) -> Result<(), String> {
        let height = block.height as usize;
        if let Some(known) = self.blocks.get(height - 1) {
            let first = self.who[height - 1];
            return if known == block {
                Ok(())
            } else {
                Err(format!(
                    "FORK at height {height}: validator {end} has {}, validator {first} showed {}",
                    short(block),
                    short(known)
                ))
            };
        }
        if height != self.blocks.len() + 1 {
            return Err(format!(
                "validator {end} leaves out a block before {height}"
            ));
        }
        if let Some(parent) = self.blocks.last()
            && (block.parent != parent.digest || block.time_ms <= parent.time_ms)
        {
            return Err(format!("block {height} of validator {end} does not follow"));
        }
        for (id, tx, receipt) in &block.txs {
            if self.places.insert(*id, block.height).is_some() {
                return Err(format!("a transaction is final twice, again in {height}"));
            }
            if !Transaction::read(tx).is_ok_and(|tx| tx.verify(CHAIN)) {
                return Err(format!(
                    "a transaction that nobody signed is final in {height}"
                ));
            }
            self.receipts.insert(*id, receipt.clone());
            self.note_misdeed(receipt);
            self.books
                .record(tx, receipt)
                .map_err(|error| format!("books at {height}: {error}"))?;
        }
        if self.books.sum(USD) != Ok(Micro::ZERO) {
            return Err(format!("books do not sum to zero after {height}"));
        }
        self.blocks.push(Arc::clone(block));
        self.who.push(end);
        Ok(())
    }

    fn note_misdeed(&mut self, receipt: &[u8]) {
        let receipt = Receipt::from_bytes(receipt);
        if let Ok(Some(Effect::Council(CouncilEffect::MisbehaviourRecorded {
            member,
            suspended,
        }))) = receipt.as_ref().map(Receipt::effect)
        {
            self.misdeeds.push((*member, *suspended));
        }
    }

    /// Whether a member was suspended for a misdeed.
    pub(crate) fn suspended(&self, member: MemberId) -> bool {
        self.misdeeds.contains(&(member, true))
    }

    /// Whether everything that was handed in is final, each with the outcome that the rules give.
    pub(crate) fn complete(&self, load: &Load) -> Result<(), String> {
        let mut settled = 0;
        for item in &load.items {
            let Some(bytes) = self.receipts.get(&item.id) else {
                return Err(format!("transaction of {} is not final", item.home));
            };
            let receipt = Receipt::from_bytes(bytes).map_err(|error| error.to_string())?;
            let refused = match item.expected {
                Expected::Applied | Expected::Settled => false,
                // Refused, the vote was not needed; then somebody was suspended.
                Expected::Vote => {
                    receipt.refusal().is_some() && self.misdeeds.iter().any(|(_, out)| *out)
                }
                Expected::Refused => true,
                Expected::OldOnly => self.new_version(load, item)?,
            };
            match receipt.refusal() {
                Some(refusal) if !refused => return Err(format!("refused: {refusal}")),
                None if refused => {
                    let what = item.expected;
                    return Err(format!("what must be refused was taken: {what:?}"));
                }
                _ => settled += usize::from(item.expected == Expected::Settled),
            }
        }
        if settled == self.books.charges() {
            Ok(())
        } else {
            let charges = self.books.charges();
            Err(format!(
                "{settled} settlements, but {charges} charges in the books"
            ))
        }
    }
}

impl Canon {
    /// Blocks that hand over to other validators.
    pub(crate) fn handovers(&self) -> usize {
        let handovers = self.blocks.iter().filter(|b| b.handover.is_some());
        handovers.count()
    }

    /// Whether a transaction is in a block of the new version: it begins at its height, or right after the vote that decides.
    fn new_version(&self, load: &Load, item: &Item) -> Result<bool, String> {
        let (votes, from) = load.activation.as_ref().ok_or("no version is decided")?;
        let mut decided = 0;
        for vote in votes {
            let at = self.places.get(vote).ok_or("the vote is not final")?;
            let receipt = self.receipts.get(vote).ok_or("the vote has no receipt")?;
            let receipt = Receipt::from_bytes(receipt).map_err(|error| error.to_string())?;
            if receipt.refusal().is_none() {
                decided = decided.max(*at);
            }
        }
        let begins = (decided + 1).max(*from);
        Ok(self.places.get(&item.id).is_some_and(|at| *at >= begins))
    }
}

fn short(block: &FinalBlock) -> String {
    let digest = fairway_model::Hash(block.digest).to_string();
    let hex = digest.get(..8).unwrap_or(&digest);
    format!("{hex} ({} transactions)", block.txs.len())
}
