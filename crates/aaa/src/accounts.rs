//! The books of one utility: double entry, integers, balanced after every operation (AA-03, AA-06, AA-07).
//!
//! Balances, reservations and marks of posted charges are kept here and in the table `Balances`; the journal is written and never read
//! back. A settled charge is posted by [`Accounts::post_charge`], once per charge however often it is asked. Sign convention and
//! names of accounts: [`journal::AccountName`].

pub mod journal;
pub mod reserve;

use crate::authz::Funds;
use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange, money, read, unreadable};
use fairway_model::time::DAY;
use fairway_model::{
    ChargeEvent, Currency, GuaranteeId, Hash, MemberId, Micro, OwnerId, Refusal, RefusalCode,
    SessionId, Time,
};
use journal::{AccountName, ChargeReference, EntryKind, JournalEntry, JournalLine};
use minicbor::{Decode, Encode};
pub use reserve::Reservation;
use reserve::Reservations;
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

/// Whose account a home charge goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payer {
    /// The customer.
    pub customer: CustomerKey,
    /// Whether the account may not go below zero; then the utility bears what the balance does not cover.
    pub prepaid: bool,
}

/// A charge that the ledger has settled.
#[derive(Debug, Clone, Copy)]
pub struct SettledCharge<'a> {
    /// The event that both signed. Home, visited and shares are read from it.
    pub event: &'a ChargeEvent,
    /// Currency of its agreement.
    pub currency: Currency,
    /// Version of the charging rules and policy that made the offer.
    pub policy_version: u32,
    /// Our customer, when we are the home utility.
    pub payer: Option<Payer>,
    /// The owner of the EVSE's site, when we are the visited utility.
    pub owner: Option<&'a OwnerId>,
    /// The jurisdiction that taxes the charge, when we are the visited utility; at most [`MAX_JURISDICTION`] bytes.
    pub jurisdiction: Option<&'a str>,
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

    /// Posts a settled charge: as home, as visited utility, or, when both are this utility, both sides in one entry. The home
    /// side takes the total out of the guarantee's reservation. The same event again changes nothing.
    ///
    /// # Errors
    /// `not-authorized` when this utility has no part in it; `id-conflict` when the charge was posted with another event;
    /// `shares-wrong` when the shares do not add up to the total or the total is negative; `customer-invalid` when the payer is
    /// missing; `evse-unavailable` when the owner is missing; `too-large`. Nothing is changed then.
    pub fn post_charge(
        &mut self,
        now: Time,
        charge: &SettledCharge<'_>,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let event = charge.event;
        let hash = event.hash();
        if let Some(posted) = self.posted.get(&event.session) {
            let text = format!("{} was posted with another charge event", event.session);
            return if posted.event == hash {
                Ok(Vec::new())
            } else {
                Err(Refusal::new(RefusalCode::IdConflict, text))
            };
        }
        let kind = match (event.home == self.me, event.visited == self.me) {
            (true, true) => EntryKind::OwnCharge,
            (true, false) => EntryKind::HomeCharge,
            (false, true) => EntryKind::VisitedCharge,
            (false, false) => {
                return Err(Refusal::new(
                    RefusalCode::NotAuthorized,
                    format!("{} has no part in {}", self.me, event.session),
                ));
            }
        };
        check_shares(event)?;
        let mut lines = Vec::new();
        if kind != EntryKind::VisitedCharge {
            lines.extend(self.home_lines(charge)?);
        }
        if kind != EntryKind::HomeCharge {
            lines.extend(self.visited_lines(charge)?);
        }
        let reference = ChargeReference {
            session: event.session,
            agreement: event.agreement,
            tariff: event.tariff.clone(),
            policy_version: charge.policy_version,
            event: hash,
        };
        let mut totals = self.totals.clone();
        count(&mut totals, kind, charge)?;
        let before = core::mem::replace(&mut self.totals, totals);
        let entered = self.enter(now, kind, charge.currency, Some(reference), lines);
        let mut changes = entered.inspect_err(|_| self.totals = before)?;
        if kind != EntryKind::VisitedCharge {
            changes.extend(self.reservations.take(
                now,
                event.guarantee,
                event.session,
                event.total,
            ));
        }
        changes.push(self.mark(
            event.session,
            PostedRow {
                event: hash,
                at: now,
            },
        ));
        Ok(changes)
    }

    /// The driver pays the total; home keeps its share; the rest is owed to the visited utility, unless that is this one.
    fn home_lines(&self, charge: &SettledCharge<'_>) -> Result<Vec<(String, Micro)>, Refusal> {
        let event = charge.event;
        let payer = charge.payer.ok_or_else(|| {
            Refusal::new(
                RefusalCode::CustomerInvalid,
                format!("{}: no customer to charge", event.session),
            )
        })?;
        let paid = self.payable_by(payer, charge)?;
        let lost = event.total.minus(paid).map_err(money)?;
        let mut lines = vec![
            (
                AccountName::Driver(payer.customer).to_string(),
                paid.negated().map_err(money)?,
            ),
            (
                AccountName::Shortfall.to_string(),
                lost.negated().map_err(money)?,
            ),
            (AccountName::HomeShare.to_string(), event.shares.home),
        ];
        if event.visited != self.me {
            let owed = event.total.minus(event.shares.home).map_err(money)?;
            lines.push((AccountName::Payable(event.visited).to_string(), owed));
        }
        Ok(lines)
    }

    /// What of the total the driver's account bears. A prepaid account never goes below zero and never touches what is reserved
    /// for other charges.
    fn payable_by(&self, payer: Payer, charge: &SettledCharge<'_>) -> Result<Micro, Refusal> {
        let event = charge.event;
        if !payer.prepaid {
            return Ok(event.total);
        }
        let others = self.reservations.left_after(
            payer.customer,
            event.guarantee,
            event.session,
            event.total,
        )?;
        let left = self
            .driver(payer.customer, charge.currency)
            .minus(others)
            .map_err(money)?;
        Ok(event.total.min(left).max(Micro::ZERO))
    }

    /// The partner owes everything but the home share; it belongs to us, the site's owner and the tax authority.
    fn visited_lines(&self, charge: &SettledCharge<'_>) -> Result<Vec<(String, Micro)>, Refusal> {
        let (event, shares) = (charge.event, charge.event.shares);
        let missing = |what: &str| {
            Refusal::new(
                RefusalCode::EvseUnavailable,
                format!("{}: no {what} for {}", event.session, event.evse),
            )
        };
        let mut lines = vec![(AccountName::VisitedShare.to_string(), shares.visited)];
        if shares.owner != Micro::ZERO {
            let owner = charge.owner.ok_or_else(|| missing("owner"))?;
            lines.push((AccountName::Owner(owner).to_string(), shares.owner));
        }
        if shares.tax != Micro::ZERO {
            let jurisdiction = charge
                .jurisdiction
                .filter(|j| !j.is_empty() && j.len() <= MAX_JURISDICTION)
                .ok_or_else(|| missing("tax jurisdiction"))?;
            lines.push((AccountName::Tax(jurisdiction).to_string(), shares.tax));
        }
        if event.home != self.me {
            let owed = event.shares.home.minus(event.total).map_err(money)?;
            lines.push((AccountName::Receivable(event.home).to_string(), owed));
        }
        Ok(lines)
    }

    /// Makes an entry: every balance is computed before the first is changed.
    fn enter(
        &mut self,
        now: Time,
        kind: EntryKind,
        currency: Currency,
        charge: Option<ChargeReference>,
        lines: Vec<(String, Micro)>,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let lines: Vec<_> = lines
            .into_iter()
            .filter(|(_, m)| *m != Micro::ZERO)
            .collect();
        if Micro::sum(lines.iter().map(|l| l.1)).map_err(money)? != Micro::ZERO {
            return Err(Refusal::new(
                RefusalCode::SharesWrong,
                "the entry does not balance",
            ));
        }
        let mut after: BTreeMap<String, Micro> = BTreeMap::new();
        for (name, amount) in &lines {
            let present = after
                .get(name)
                .copied()
                .unwrap_or_else(|| self.balance(name, currency));
            after.insert(name.clone(), present.plus(*amount).map_err(money)?);
        }
        let lines = lines
            .into_iter()
            .map(|(account, amount)| JournalLine { account, amount })
            .collect();
        let number = self.totals.entries.saturating_add(1);
        let entry = JournalEntry {
            number,
            at: now,
            kind,
            currency,
            charge,
            lines,
            previous: self.totals.last,
        };
        self.totals.entries = number;
        self.totals.last = entry.hash();
        let mut changes = vec![journal_change(now, &entry)];
        for (name, balance) in after {
            changes.push(self.set(now, name, currency, balance));
        }
        let label = Label {
            key: "totals".to_owned(),
            subject: String::new(),
            at: now,
            summary: format!("{number} entries"),
        };
        changes.push(StoredChange::put(StoreTable::Balances, label, &self.totals));
        Ok(changes)
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
            _ if key == "totals" => self.totals = read(TABLE, key, body)?,
            _ => return Err(unreadable(TABLE, key, "no kind of row that is known")),
        }
        Ok(())
    }
}

fn journal_change(now: Time, entry: &JournalEntry) -> StoredChange {
    let session = entry.charge.as_ref().map(|c| c.session.to_string());
    let label = Label {
        key: format!("{:020}", entry.number),
        subject: session.unwrap_or_default(),
        at: now,
        summary: format!(
            "{:?}, {} lines, {}",
            entry.kind,
            entry.lines.len(),
            entry.currency
        ),
    };
    StoredChange::put(StoreTable::Journal, label, entry)
}

fn check_shares(event: &ChargeEvent) -> Result<(), Refusal> {
    let s = event.shares;
    let sum = Micro::sum([s.home, s.visited, s.owner, s.tax]).map_err(money)?;
    if sum == event.total && event.total >= Micro::ZERO {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::SharesWrong,
        format!(
            "{}: the shares do not add up to a total that is not negative",
            event.session
        ),
    ))
}

fn count(totals: &mut Totals, kind: EntryKind, charge: &SettledCharge<'_>) -> Result<(), Refusal> {
    if kind != EntryKind::VisitedCharge {
        totals.settled_home = totals.settled_home.saturating_add(1);
        let billed = totals.billed.entry(charge.currency).or_default();
        *billed = billed.plus(charge.event.total).map_err(money)?;
    }
    if kind != EntryKind::HomeCharge {
        totals.settled_visited = totals.settled_visited.saturating_add(1);
    }
    Ok(())
}
