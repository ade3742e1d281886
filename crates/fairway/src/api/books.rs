//! The common books after every block: folded once from the node's own blocks, and kept as the changes of each figure, so that the books
//! of any height are looked up instead of folded again.
//!
//! Invariant: the figures at the newest height that was read are those of [`Books`], which checks every receipt on the way.

use fairway_chain::FinalBlock;
use fairway_ledger::{Account, Books, BooksError};
use fairway_model::{Currency, MemberId, Micro, MoneyError};
use std::collections::{BTreeMap, BTreeSet};

/// Most changes of figures that are kept, with 16 bytes each; beyond them the older half of the heights is forgotten.
const MAX_CHANGES: usize = 4_000_000;

/// What the books have an amount of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    Account(Account, Currency),
    /// What the first owes the second.
    Owes(MemberId, MemberId, Currency),
}

/// The books after one block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BooksAt {
    /// After this block.
    pub(crate) height: u64,
    /// Accounts that ever moved.
    pub(crate) accounts: Vec<(Account, Currency, Micro)>,
    /// Who owes whom how much.
    pub(crate) positions: Vec<(MemberId, MemberId, Currency, Micro)>,
    /// Settled charges.
    pub(crate) charges: usize,
}

impl BooksAt {
    /// Sums of all accounts by currency.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub(crate) fn sums(&self) -> Result<Vec<(Currency, Micro)>, MoneyError> {
        let currencies: BTreeSet<Currency> = self.accounts.iter().map(|(_, c, _)| *c).collect();
        let sum = |currency| {
            let own = self.accounts.iter().filter(|(_, c, _)| *c == currency);
            Micro::sum(own.map(|(_, _, amount)| *amount)).map(|sum| (currency, sum))
        };
        currencies.into_iter().map(sum).collect()
    }
}

/// The books after every block that was read and is not forgotten.
#[derive(Debug)]
pub(crate) struct History {
    books: Books,
    height: u64,
    /// What each figure became, and after which block.
    figures: BTreeMap<Figure, Vec<(u64, Micro)>>,
    charges: Vec<(u64, usize)>,
    /// Entries behind the first one of each figure.
    changes: usize,
    most: usize,
    from: u64,
}

impl Default for History {
    fn default() -> Self {
        Self::with_most(MAX_CHANGES)
    }
}

/// The last value at a height.
fn last_at<T: Copy>(values: &[(u64, T)], height: u64) -> Option<T> {
    let behind = values.partition_point(|(at, _)| *at <= height);
    let at = behind.checked_sub(1)?;
    values.get(at).map(|(_, value)| *value)
}

/// Forgets what was before a height, but for the value that still stood there; gives how many entries went.
fn forget<T>(values: &mut Vec<(u64, T)>, from: u64) -> usize {
    let behind = values.partition_point(|(at, _)| *at <= from);
    values.drain(..behind.saturating_sub(1)).count()
}

impl History {
    fn with_most(most: usize) -> Self {
        Self {
            books: Books::default(),
            height: 0,
            figures: BTreeMap::new(),
            charges: Vec::new(),
            changes: 0,
            most,
            from: 0,
        }
    }

    /// The lowest height whose books are still known.
    pub(crate) fn from(&self) -> u64 {
        self.from
    }

    /// Folds the next block.
    ///
    /// # Errors
    /// When a record does not fold; the history then stays at the block before.
    pub(crate) fn take(&mut self, block: &FinalBlock) -> Result<(), BooksError> {
        for (_, transaction, receipt) in &block.txs {
            self.books.record(transaction, receipt)?;
        }
        if !block.txs.is_empty() {
            self.note(block.height);
        }
        self.height = block.height;
        if self.changes > self.most {
            self.forget();
        }
        Ok(())
    }

    /// Notes what is another amount than before.
    fn note(&mut self, height: u64) {
        let accounts = self.books.accounts().map(|(account, currency, amount)| {
            (Figure::Account(account.clone(), currency), amount)
        });
        let positions = self
            .books
            .positions()
            .map(|(debtor, creditor, currency, amount)| {
                (Figure::Owes(debtor, creditor, currency), amount)
            });
        for (figure, amount) in accounts.chain(positions) {
            let values = self.figures.entry(figure).or_default();
            match values.last() {
                Some((_, before)) if *before == amount => continue,
                Some(_) => self.changes = self.changes.saturating_add(1),
                None => {}
            }
            values.push((height, amount));
        }
        let charges = self.books.charges();
        if self
            .charges
            .last()
            .is_none_or(|(_, before)| *before != charges)
        {
            self.charges.push((height, charges));
        }
    }

    fn forget(&mut self) {
        let half = self.height.saturating_sub(self.from).div_ceil(2);
        self.from = self.from.saturating_add(half);
        for values in self.figures.values_mut() {
            let gone = forget(values, self.from);
            self.changes = self.changes.saturating_sub(gone);
        }
        forget(&mut self.charges, self.from);
    }

    /// The books after a block, or after the newest one that was read; none when that height is forgotten.
    pub(crate) fn at(&self, height: u64) -> Option<BooksAt> {
        let height = height.min(self.height);
        if height < self.from {
            return None;
        }
        let mut found = BooksAt {
            height,
            charges: last_at(&self.charges, height).unwrap_or_default(),
            ..BooksAt::default()
        };
        for (figure, values) in &self.figures {
            let Some(amount) = last_at(values, height) else {
                continue;
            };
            match figure {
                Figure::Account(account, currency) => {
                    found.accounts.push((account.clone(), *currency, amount));
                }
                Figure::Owes(debtor, creditor, currency) => {
                    found
                        .positions
                        .push((*debtor, *creditor, *currency, amount));
                }
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(most: usize) -> History {
        let mut history = History::with_most(most);
        let usd = Currency::USD;
        let member = |id: &str| MemberId::parse(id).unwrap();
        let (duke, alabama) = (member("US*DUK"), member("US*ALP"));
        // One figure that moves in every block, one that moved once, one that came late.
        let own = |member| Figure::Account(Account::Member(member), usd);
        let moves = (1..=8u64).map(|h| (h, Micro(i64::try_from(h).unwrap())));
        history.figures.insert(own(duke), moves.collect());
        history.figures.insert(own(alabama), vec![(2, Micro(-7))]);
        let owes = Figure::Owes(alabama, duke, usd);
        history.figures.insert(owes, vec![(6, Micro(5))]);
        history.charges = vec![(2, 1), (6, 2)];
        history.changes = 7;
        history.height = 9;
        history
    }

    #[test]
    fn books_of_every_height_are_looked_up() {
        let history = history(100);
        assert_eq!(history.at(0).unwrap().accounts, Vec::new());
        let early = history.at(5).unwrap();
        let amounts: Vec<Micro> = early.accounts.iter().map(|(.., amount)| *amount).collect();
        assert_eq!((early.height, early.charges), (5, 1));
        assert!(amounts.contains(&Micro(5)) && amounts.contains(&Micro(-7)));
        assert_eq!(early.positions, Vec::new());
        let newest = history.at(1_000).unwrap();
        assert_eq!((newest.height, newest.charges), (9, 2));
        assert_eq!(newest.positions.len(), 1);
        assert_eq!(newest.sums().unwrap(), [(Currency::USD, Micro(1))]);
    }

    #[test]
    fn beyond_the_bound_the_older_half_is_forgotten_and_the_rest_stays_right() {
        let mut history = history(4);
        let before = history.at(7).unwrap();
        history.forget();
        assert_eq!((history.from(), history.changes), (5, 3));
        assert_eq!(history.at(4), None);
        assert_eq!(history.at(7), Some(before));
        assert_eq!(history.at(5).unwrap().charges, 1);
    }
}
