//! What settled charges came to by month: the journal's charges and credits added up as they are posted, so that a year's figures need no reading
//! of a year's journal.
//!
//! Invariant: over all kept months the sums are the balances of the accounts that charges and credits move, `driver`, `bank` and payments aside.
//! Tested by `tests/it/accounts.rs` over random operations.

use super::Accounts;
use super::journal::AccountName;
use crate::store::{Label, StoreTable, StoredChange, money};
use fairway_model::{Currency, Energy, MemberId, Micro, MoneyError, Refusal, Shares, Time};
use minicbor::{Decode, Encode};

/// Months of which results are kept, counted back from the newest; older ones are dropped.
pub const MAX_MONTHS: i64 = 120;

/// A billing month ([`crate::billing::HomeCharges::month_of`]): year, and month from 1 to 12.
pub type Month = (i64, i64);

/// Charges of one month, one currency and one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct ResultKey {
    /// The billing month in which the ledger settled or credited.
    #[n(0)]
    pub month: Month,
    /// Currency of the agreement.
    #[n(1)]
    pub currency: Currency,
    /// Whose drivers.
    #[n(2)]
    pub home: MemberId,
    /// Whose stations.
    #[n(3)]
    pub visited: MemberId,
}

/// What they came to. Nothing is netted: what came off later stands beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Sums {
    /// Settled charges.
    #[n(0)]
    pub charges: u64,
    /// Their energy.
    #[n(1)]
    pub energy: Energy,
    /// What drivers pay for them, taxes included.
    #[n(2)]
    pub total: Micro,
    /// Who gets what of it.
    #[n(3)]
    pub shares: Shares,
    /// Credits.
    #[n(4)]
    pub credits: u64,
    /// What drivers got back.
    #[n(5)]
    pub credited: Micro,
    /// Who gave back what of it.
    #[n(6)]
    pub returned: Shares,
    /// What was added to the account `shortfall`; below nothing is a loss on prepaid balances.
    #[n(7)]
    pub shortfall: Micro,
}

fn shares(one: Shares, other: Shares) -> Result<Shares, MoneyError> {
    Ok(Shares {
        home: one.home.plus(other.home)?,
        visited: one.visited.plus(other.visited)?,
        owner: one.owner.plus(other.owner)?,
        tax: one.tax.plus(other.tax)?,
    })
}

impl Sums {
    /// Both together.
    ///
    /// # Errors
    /// When an amount does not fit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            charges: self.charges.saturating_add(other.charges),
            // A sum of energies beyond the range stays at its end: it is for reading, and no bill is made of it.
            energy: self.energy.plus(other.energy).unwrap_or(Energy(u64::MAX)),
            total: self.total.plus(other.total)?,
            shares: shares(self.shares, other.shares)?,
            credits: self.credits.saturating_add(other.credits),
            credited: self.credited.plus(other.credited)?,
            returned: shares(self.returned, other.returned)?,
            shortfall: self.shortfall.plus(other.shortfall)?,
        })
    }
}

/// What an entry adds to the account `shortfall`.
pub(super) fn shortfall(lines: &[(String, Micro)]) -> Result<Micro, Refusal> {
    let name = AccountName::Shortfall.to_string();
    let lost = lines.iter().filter(|(account, _)| *account == name);
    Micro::sum(lost.map(|(_, amount)| *amount)).map_err(money)
}

/// The months in one row, so that the oldest are found.
fn place((year, month): Month) -> i64 {
    year.saturating_mul(12).saturating_add(month)
}

fn name(key: &ResultKey) -> String {
    let (year, month) = key.month;
    format!(
        "month/{year:04}-{month:02}/{}/{}/{}",
        key.currency, key.home, key.visited
    )
}

impl Accounts {
    /// Every month's sums in order of month, currency and direction.
    pub fn results(&self) -> impl DoubleEndedIterator<Item = (&ResultKey, &Sums)> {
        self.results.iter()
    }

    /// What a key comes to when something is added to it.
    pub(super) fn added(&self, key: &ResultKey, more: Sums) -> Result<Sums, Refusal> {
        let before = self.results.get(key).copied().unwrap_or_default();
        before.plus(more).map_err(money)
    }

    /// Keeps what a key comes to, and drops months that are too old beside it.
    pub(super) fn keep_results(
        &mut self,
        now: Time,
        key: ResultKey,
        sums: Sums,
    ) -> Vec<StoredChange> {
        self.results.insert(key, sums);
        let label = Label {
            key: name(&key),
            subject: String::new(),
            at: now,
            summary: format!("{} charges, {} credits", sums.charges, sums.credits),
        };
        let row = StoredChange::put(StoreTable::Balances, label, &(key, sums));
        let mut changes = vec![row];
        let newest = self.results.last_key_value().map(|(key, _)| key.month);
        let oldest = newest.map_or(i64::MIN, |month| place(month).saturating_sub(MAX_MONTHS));
        while let Some((old, _)) = self
            .results
            .first_key_value()
            .filter(|(key, _)| place(key.month) <= oldest)
        {
            let old = *old;
            self.results.remove(&old);
            changes.push(StoredChange::delete(StoreTable::Balances, name(&old)));
        }
        changes
    }
}
