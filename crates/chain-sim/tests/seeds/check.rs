//! What must hold, whatever happens: one chain, one state, true books, nothing lost, nothing twice.

use std::{collections::BTreeMap, sync::Arc};

use fairway_chain::{FinalBlock, TxId};
use fairway_ledger::{Books, Receipt, Transaction};
use fairway_model::{Micro, canonical::Canonical};

use crate::{
    load::Item,
    world::{CHAIN, USD},
};

/// The one chain, as the first honest validator showed each block.
#[derive(Default)]
pub(crate) struct Canon {
    pub(crate) blocks: Vec<Arc<FinalBlock>>,
    pub(crate) places: BTreeMap<TxId, u64>,
    receipts: BTreeMap<TxId, Vec<u8>>,
    books: Books,
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

    /// Whether everything that was handed in is final, each with the outcome that the rules give.
    pub(crate) fn complete(&self, items: &[Item]) -> Result<(), String> {
        let mut settled = 0;
        for item in items {
            let Some(bytes) = self.receipts.get(&item.id) else {
                return Err(format!("transaction of {} is not final", item.home));
            };
            let receipt = Receipt::from_bytes(bytes).map_err(|error| error.to_string())?;
            match receipt.refusal() {
                Some(_) if item.repeats => {}
                None if !item.repeats => settled += usize::from(item.after.is_some()),
                Some(refusal) => return Err(format!("refused: {refusal}")),
                None => return Err("a repeated settlement was taken".to_string()),
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

fn short(block: &FinalBlock) -> String {
    let digest = fairway_model::Hash(block.digest).to_string();
    let hex = digest.get(..8).unwrap_or(&digest);
    format!("{hex} ({} transactions)", block.txs.len())
}
