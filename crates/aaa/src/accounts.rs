//! The books of one utility: double entry, integers, balanced after every operation (AA-03, AA-06, AA-07).
//!
//! Balances, reservations and marks of posted charges are kept here and in the table `Balances`; the journal is written and never read
//! back; what it comes to by month is added up beside it ([`results`]). A settled charge is posted by [`Accounts::post_charge`], once per
//! charge however often it is asked. Sign convention and
//! names of accounts: [`journal::AccountName`].

mod credit;
pub mod journal;
mod post;
pub mod reserve;
pub mod results;

use crate::authz::Funds;
use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange, money, read, unreadable};
pub use credit::CreditPosting;
use fairway_model::time::DAY;
use fairway_model::{
    Currency, GuaranteeId, Hash, MemberId, Micro, Refusal, RefusalCode, Rounding, SessionId, Time,
};
use journal::{AccountName, EntryKind};
use minicbor::{Decode, Encode};
pub use post::{Payer, SettledCharge};
pub use reserve::Reservation;
use reserve::Reservations;
use results::{ResultKey, Sums};
use std::collections::{BTreeMap, BTreeSet};

/// How long a posted charge is remembered, in milliseconds; the ledger refuses a second settlement for ever.
pub const KEEP_POSTED: i64 = 400 * DAY;
/// Longest name of a tax jurisdiction in bytes.
pub const MAX_JURISDICTION: usize = 32;
/// Greatest single payment: a million of the major unit.
pub const MAX_PAYMENT: Micro = Micro(1_000_000_000_000);

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct AccountRow {
    #[n(0)]
    name: String,
    #[n(1)]
    currency: Currency,
    #[n(2)]
    balance: Micro,
}

/// Mark of a posted charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct PostedRow {
    #[n(0)]
    event: Hash,
    #[n(1)]
    at: Time,
}

/// Sums that reports need, and the end of the journal's chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    /// Number of the newest journal entry.
    #[n(0)]
    pub entries: u64,
    /// Its hash.
    #[n(1)]
    pub last: Hash,
    /// Charges posted as home utility.
    #[n(2)]
    pub settled_home: u64,
    /// Charges posted as visited utility.
    #[n(3)]
    pub settled_visited: u64,
    /// What our drivers were charged, by currency.
    #[n(4)]
    pub billed: BTreeMap<Currency, Micro>,
}

/// The books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    me: MemberId,
    balances: BTreeMap<(String, Currency), Micro>,
    reservations: Reservations,
    posted: BTreeMap<SessionId, PostedRow>,
    by_age: BTreeSet<(Time, SessionId)>,
    totals: Totals,
    results: BTreeMap<ResultKey, Sums>,
}

impl Accounts {
    /// Empty books of a utility.
    pub fn new(me: MemberId) -> Self {
        Self {
            me,
            balances: BTreeMap::new(),
            reservations: Reservations::default(),
            posted: BTreeMap::new(),
            by_age: BTreeSet::new(),
            totals: Totals::default(),
            results: BTreeMap::new(),
        }
    }

    /// Balance of an account by name; zero when nothing was ever posted to it.
    pub fn balance(&self, name: &str, currency: Currency) -> Micro {
        self.balances
            .get(&(name.to_owned(), currency))
            .copied()
            .unwrap_or_default()
    }

    /// Balance of a customer.
    pub fn driver(&self, customer: CustomerKey, currency: Currency) -> Micro {
        self.balance(&AccountName::Driver(customer).to_string(), currency)
    }

    /// Every account in order of name.
    pub fn balances(&self) -> impl Iterator<Item = (&str, Currency, Micro)> {
        self.balances
            .iter()
            .map(|((name, currency), balance)| (name.as_str(), *currency, *balance))
    }

    /// Sum over all accounts of all currencies: zero, or the books are wrong.
    ///
    /// # Errors
    /// `too-large` when the sum does not fit.
    pub fn trial_balance(&self) -> Result<Micro, Refusal> {
        let sum = self
            .balances
            .values()
            .map(|m| i128::from(m.0))
            .fold(0i128, i128::saturating_add);
        i64::try_from(sum)
            .map(Micro)
            .map_err(|_| Refusal::new(RefusalCode::TooLarge, "the trial balance is out of range"))
    }

    /// Counts and sums.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What a customer has, with `floor` from [`crate::customer::Customer::floor`].
    ///
    /// # Errors
    /// `too-large`.
    pub fn funds(
        &self,
        customer: CustomerKey,
        currency: Currency,
        floor: Micro,
    ) -> Result<Funds, Refusal> {
        let reserved = self.reservations.total(customer)?;
        Ok(Funds {
            balance: self.driver(customer, currency),
            reserved,
            floor,
        })
    }

    /// Reserves a guarantee's whole limit. The same again changes nothing.
    ///
    /// # Errors
    /// `credit-exhausted` when `funds` do not cover it; `id-conflict` when the guarantee has another reservation; `busy`.
    pub fn reserve(
        &mut self,
        now: Time,
        row: Reservation,
        funds: &Funds,
    ) -> Result<Vec<StoredChange>, Refusal> {
        if let Some(old) = self.reservations.get(row.guarantee) {
            let same = old.customer == row.customer && old.until == row.until;
            let text = format!("guarantee {} is reserved with other terms", row.guarantee);
            return if same {
                Ok(Vec::new())
            } else {
                Err(Refusal::new(RefusalCode::IdConflict, text))
            };
        }
        if self.reservations.is_full() {
            return Err(Refusal::new(
                RefusalCode::Busy,
                "too many open guarantees: try again later",
            ));
        }
        if row.amount <= Micro::ZERO || row.amount > funds.free()? {
            return Err(Refusal::new(
                RefusalCode::CreditExhausted,
                "credit limit or balance does not cover the guarantee",
            ));
        }
        Ok(vec![self.reservations.keep(now, row)])
    }

    /// The reservation of a guarantee, while there is one.
    pub fn reservation(&self, guarantee: GuaranteeId) -> Option<&Reservation> {
        self.reservations.get(guarantee)
    }

    /// All reservations of a customer.
    pub fn reservations(&self, customer: CustomerKey) -> impl Iterator<Item = &Reservation> {
        self.reservations.of(customer)
    }

    /// Holds a part of a guarantee's reservation for a charge that the driver consented to. The same again changes nothing.
    ///
    /// # Errors
    /// `guarantee-exceeded`, `id-conflict`, `busy`.
    pub fn place(
        &mut self,
        now: Time,
        guarantee: GuaranteeId,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        self.reservations.hold(now, guarantee, session, amount)
    }

    /// Holds an amount for a charge whose guarantee's reservation has ended, out of what is free now. The same again changes nothing.
    ///
    /// # Errors
    /// `credit-exhausted`, `id-conflict`, `busy`.
    pub fn place_late(
        &mut self,
        now: Time,
        row: Reservation,
        session: SessionId,
        amount: Micro,
        funds: &Funds,
    ) -> Result<Vec<StoredChange>, Refusal> {
        if self.reservations.of_session(session).is_some() {
            return self.reservations.hold(now, row.guarantee, session, amount);
        }
        if amount < Micro::ZERO || amount > funds.free()? {
            let text = "credit limit or balance does not cover the charge";
            return Err(Refusal::new(RefusalCode::CreditExhausted, text));
        }
        self.reservations.hold_late(now, row, session, amount)
    }

    /// Gives back what a charge holds: it ended without anything to settle. Nothing happens when it holds nothing.
    pub fn release(&mut self, now: Time, session: SessionId) -> Vec<StoredChange> {
        self.reservations.release(now, session)
    }

    /// Ends a single-use guarantee that was never consented to. Nothing happens to others.
    pub fn release_unused(&mut self, now: Time, guarantee: GuaranteeId) -> Vec<StoredChange> {
        match self
            .reservations
            .get(guarantee)
            .filter(|r| r.single && r.holds.is_empty())
        {
            Some(row) => {
                let mut row = row.clone();
                row.ended = true;
                vec![self.reservations.keep(now, row)]
            }
            None => Vec::new(),
        }
    }

    /// Ends all of a customer's reservations that no charge holds.
    pub(crate) fn end_reservations(
        &mut self,
        now: Time,
        customer: CustomerKey,
    ) -> Vec<StoredChange> {
        self.reservations.end_all(now, customer)
    }

    /// A customer paid in.
    ///
    /// # Errors
    /// `customer-invalid` unless the amount is positive and at most [`MAX_PAYMENT`]; `too-large`.
    pub fn pay_in(
        &mut self,
        now: Time,
        customer: CustomerKey,
        currency: Currency,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        if amount <= Micro::ZERO || amount > MAX_PAYMENT {
            return Err(Refusal::new(
                RefusalCode::CustomerInvalid,
                "amount: more than zero and at most a million",
            ));
        }
        if amount
            .round_to_minor(currency, Rounding::Down)
            .map_err(money)?
            != amount
        {
            return Err(Refusal::new(
                RefusalCode::CustomerInvalid,
                format!(
                    "amount: {} {currency} is no whole number of the smallest coin; {} decimals are right",
                    amount.text(currency),
                    currency.minor_digits()
                ),
            ));
        }
        let lines = vec![
            (AccountName::Driver(customer).to_string(), amount),
            (
                AccountName::Bank.to_string(),
                amount.negated().map_err(money)?,
            ),
        ];
        self.enter(now, EntryKind::Payment, currency, None, lines)
    }

    /// Whether this charge was posted.
    pub fn is_posted(&self, session: SessionId) -> bool {
        self.posted.contains_key(&session)
    }

    fn set(&mut self, now: Time, name: String, currency: Currency, balance: Micro) -> StoredChange {
        let label = Label {
            key: format!("account/{name}/{currency}"),
            subject: name
                .split_once(':')
                .map_or("", |(_, holder)| holder)
                .to_owned(),
            at: now,
            summary: format!("{} {currency}", balance.text(currency)),
        };
        let row = AccountRow {
            name,
            currency,
            balance,
        };
        let change = StoredChange::put(StoreTable::Balances, label, &row);
        self.balances.insert((row.name, currency), balance);
        change
    }

    fn mark(&mut self, session: SessionId, row: PostedRow) -> StoredChange {
        self.posted.insert(session, row);
        self.by_age.insert((row.at, session));
        let label = Label {
            key: format!("posted/{session}"),
            subject: session.to_string(),
            at: row.at,
            summary: "posted".to_owned(),
        };
        StoredChange::put(StoreTable::Balances, label, &row)
    }

    /// Ends reservations that can no longer be used, and forgets marks older than [`KEEP_POSTED`].
    pub fn expire(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = self.reservations.expire(now);
        while let Some((at, session)) = self
            .by_age
            .first()
            .copied()
            .filter(|(at, _)| now.since(*at) >= KEEP_POSTED)
        {
            self.by_age.remove(&(at, session));
            self.posted.remove(&session);
            changes.push(StoredChange::delete(
                StoreTable::Balances,
                format!("posted/{session}"),
            ));
        }
        changes
    }

    /// When [`Accounts::expire`] has something to do next.
    pub fn next_deadline(&self) -> Option<Time> {
        self.reservations.next_deadline()
    }

    /// Takes back a stored row of the table `Balances`.
    ///
    /// # Errors
    /// `malformed`.
    pub fn restore(&mut self, key: &str, body: &[u8]) -> Result<(), Refusal> {
        const TABLE: StoreTable = StoreTable::Balances;
        match key.split_once('/') {
            Some(("account", _)) => {
                let row: AccountRow = read(TABLE, key, body)?;
                self.balances.insert((row.name, row.currency), row.balance);
            }
            Some(("reserved", _)) => {
                let row: Reservation = read(TABLE, key, body)?;
                let _same_row = self.reservations.keep(row.until, row);
            }
            Some(("posted", session)) => {
                let session = SessionId::parse(session)
                    .map_err(|e| unreadable(TABLE, key, &e.to_string()))?;
                let row = read(TABLE, key, body)?;
                let _same_row = self.mark(session, row);
            }
            Some(("month", _)) => {
                let (of, sums): (ResultKey, Sums) = read(TABLE, key, body)?;
                self.results.insert(of, sums);
            }
            _ if key == "totals" => self.totals = read(TABLE, key, body)?,
            _ => return Err(unreadable(TABLE, key, "no kind of row that is known")),
        }
        Ok(())
    }
}
