//! What an auditor can tell of a part of a chain without the blocks before it: that each receipt is of its transaction and posts what the
//! signed bytes alone say, that every other posting set adds up to zero, that nothing in the part settles or pays twice, and what moved.
//!
//! It cannot tell balances, nor whether what was paid, credited or netted was owed: that follows from older blocks.

use super::{Books, BooksError, Change, Turnover};
use crate::receipt::{Account, Effect, Outcome, Posting, Receipt};
use crate::tx::{Operation, Transaction};
use core::fmt;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::money::{Currency, Micro, MoneyError};
use std::collections::{BTreeMap, BTreeSet};

/// By how much accounts changed in a part of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Movements {
    accounts: BTreeMap<(Account, Currency), Micro>,
    turnover: BTreeMap<(MemberId, MemberId, Currency), Turnover>,
    settled: BTreeSet<SessionId>,
    references: BTreeSet<(MemberId, Hash)>,
}

impl Movements {
    /// Takes one record of an exported block, as [`Books::record`] does; records may begin anywhere in the chain.
    ///
    /// # Errors
    /// [`BooksError`] when the record is unreadable or contradicts itself or one before it.
    pub fn record(&mut self, transaction: &[u8], receipt: &[u8]) -> Result<(), BooksError> {
        let parts = Books::read(transaction, receipt)?;
        parts
            .iter()
            .try_for_each(|(tx, receipt)| self.record_part(tx, receipt))
    }

    fn record_part(&mut self, tx: &Transaction, receipt: &Receipt) -> Result<(), BooksError> {
        let Outcome::Applied(effect) = &receipt.outcome else {
            return Books::refused(receipt);
        };
        let differ = || BooksError::PostingsDiffer(receipt.transaction);
        match known(tx, effect)? {
            Known::Change(change) if change.postings == receipt.postings => {
                self.take(&change, receipt)?;
            }
            Known::Past if balanced(&receipt.postings)? => {}
            _ => return Err(differ()),
        }
        for posting in &receipt.postings {
            let key = (posting.account.clone(), posting.currency);
            let sum = self.accounts.entry(key).or_default();
            *sum = sum.plus(posting.amount)?;
        }
        Ok(())
    }

    /// Notes a charge or a bank reference, each once.
    fn take(&mut self, change: &Change, receipt: &Receipt) -> Result<(), BooksError> {
        if let Some(reference) = change.reference
            && !self.references.insert(reference)
        {
            let id = receipt.transaction;
            return Err(BooksError::Contradiction(id, "a bank reference pays twice"));
        }
        let Some(settled) = &change.charge else {
            return Ok(());
        };
        if !self.settled.insert(settled.session) {
            return Err(BooksError::SettledTwice(settled.session));
        }
        let turnover = self.turnover.entry(settled.pair).or_default();
        *turnover = turnover.with(settled)?;
        Ok(())
    }

    /// By how much an account changed.
    pub fn account(&self, account: &Account, currency: Currency) -> Micro {
        let key = (account.clone(), currency);
        self.accounts.get(&key).copied().unwrap_or_default()
    }

    /// How many charges the part settles.
    pub fn charges(&self) -> usize {
        self.settled.len()
    }

    /// The sum of all changes in one currency; zero, or the records are wrong.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn sum(&self, currency: Currency) -> Result<Micro, MoneyError> {
        let of_currency = self.accounts.iter().filter(|((_, c), _)| *c == currency);
        Micro::sum(of_currency.map(|(_, amount)| *amount))
    }

    /// Every currency in which something moved.
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.accounts
            .keys()
            .map(|(_, currency)| *currency)
            .collect()
    }
}

/// How far a record can be judged by itself.
enum Known {
    /// It must post exactly this.
    Change(Box<Change>),
    /// What it posts depends on what stood before.
    Past,
}

fn known(tx: &Transaction, effect: &Effect) -> Result<Known, BooksError> {
    let change = match (&tx.operation, effect) {
        (Operation::Money(_), Effect::Money(_))
        | (Operation::Terms(_), Effect::Terms(_))
        | (Operation::Case(_), Effect::Case(_)) => return Ok(Known::Past),
        (Operation::Money(_) | Operation::Terms(_) | Operation::Case(_), _)
        | (_, Effect::Money(_) | Effect::Terms(_) | Effect::Case(_)) => None,
        (Operation::Rate(operation), _) => crate::rates::change(operation, effect)?,
        (Operation::Energy(operation), _) => {
            crate::energy::fold::change(tx.member, operation, effect)?
        }
        (operation, _) => Change::of(operation, effect)?,
    };
    // A change that no operation makes fits no postings, not even none.
    let impossible = || BooksError::PostingsDiffer(Hash::plain(&tx.to_bytes()));
    change
        .map(|change| Known::Change(Box::new(change)))
        .ok_or_else(impossible)
}

/// Whether postings add up to zero in each currency.
fn balanced(postings: &[Posting]) -> Result<bool, MoneyError> {
    let mut sums = BTreeMap::<Currency, Micro>::new();
    for posting in postings {
        let sum = sums.entry(posting.currency).or_default();
        *sum = sum.plus(posting.amount)?;
    }
    Ok(sums.values().all(|sum| *sum == Micro::ZERO))
}

/// One line per account, turnover and currency sum, sorted.
impl fmt::Display for Movements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = BTreeSet::new();
        for ((account, currency), amount) in &self.accounts {
            let amount = amount.text(*currency);
            lines.insert(format!("moved account {account} {currency} {amount}"));
        }
        for ((home, visited, currency), t) in &self.turnover {
            let (energy, total) = (t.energy.kwh_text(), t.total.text(*currency));
            lines.insert(format!(
                "moved charges {home} at {visited} {currency} {total} for {energy} kWh in {}",
                t.charges
            ));
        }
        for currency in self.currencies() {
            let sum = self
                .sum(currency)
                .map_or_else(|e| e.to_string(), |sum| sum.text(currency));
            lines.insert(format!("moved sum {currency} {sum}"));
        }
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
