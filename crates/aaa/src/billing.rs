//! Finished charges of our drivers and their monthly bills (PR-06, AA-20): home and roaming lines in one format.
//!
//! A charge waits as pending until the ledger has settled it; it lands on the bill of the month in which it settled. Months begin at
//! midnight of a fixed offset from UTC ([`HomeCharges::new`]), the same all year, so that no settlement falls into no month or two.

use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange, money, read, unreadable};
use fairway_model::time::{DAY, MINUTE, civil_from_days};
use fairway_model::{
    BillLine, CreditLine, Energy, Hash, Micro, Pseudonym, Refusal, RefusalCode, SessionId, Time,
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most charges that wait for settlement at a time.
pub const MAX_PENDING: usize = 1_000_000;
/// Greatest offset of the billing months from UTC, in minutes.
pub const MAX_OFFSET_MINUTES: i32 = 14 * 60;

/// What leads from a charge on the ledger to the driver: opens the event's salted commitment. Erased with the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct DriverLink {
    /// The driver as the visited utility knows him.
    #[n(0)]
    pub pseudonym: Pseudonym,
    /// Salt of the commitment.
    #[n(1)]
    pub salt: Hash,
}

/// A settled charge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Settled {
    /// When the ledger settled it: the block's time.
    #[n(0)]
    pub at: Time,
    /// Its line.
    #[n(1)]
    pub line: BillLine,
}

/// A charge of one of our drivers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HomeCharge {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// Whose.
    #[n(1)]
    pub customer: CustomerKey,
    /// Opens the commitment.
    #[n(2)]
    pub link: DriverLink,
    /// When it was finished: both utilities agreed on the charge event.
    #[n(3)]
    pub finished: Time,
    /// None while it waits for the ledger.
    #[n(4)]
    pub settled: Option<Settled>,
    /// What came off it since; at most as many as the ledger allows.
    #[n(5)]
    #[cbor(default)]
    pub credits: Vec<CreditLine>,
}

/// Lines, sum and number of pending charges of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Settled charges in order of time.
    pub lines: Vec<BillLine>,
    /// Their sum, less the credits.
    pub total: Micro,
    /// What came off charges, in order of time.
    pub credits: Vec<CreditLine>,
    /// Finished and not settled.
    pub pending: u32,
}

/// All charges of our drivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeCharges {
    offset: i64,
    rows: BTreeMap<SessionId, HomeCharge>,
    customers: BTreeMap<CustomerKey, BTreeSet<SessionId>>,
    pending: BTreeSet<SessionId>,
}

impl HomeCharges {
    /// No charges; months begin at midnight of UTC plus `offset_minutes` (-300 for US Eastern standard time), held within
    /// [`MAX_OFFSET_MINUTES`] either way.
    pub fn new(offset_minutes: i32) -> Self {
        let offset = i64::from(offset_minutes.clamp(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES));
        Self {
            offset: offset.saturating_mul(MINUTE),
            rows: BTreeMap::new(),
            customers: BTreeMap::new(),
            pending: BTreeSet::new(),
        }
    }

    /// The billing month that an instant falls into: year, and month from 1 to 12.
    pub fn month_of(&self, at: Time) -> (i64, i64) {
        let (year, month, _) = civil_from_days(at.plus(self.offset).0.div_euclid(DAY));
        (year, month)
    }

    /// The charge with this id.
    pub fn get(&self, session: SessionId) -> Option<&HomeCharge> {
        self.rows.get(&session)
    }

    /// All charges of a customer, in order of id.
    pub fn of(&self, customer: CustomerKey) -> impl Iterator<Item = &HomeCharge> {
        self.customers
            .get(&customer)
            .into_iter()
            .flatten()
            .filter_map(|s| self.rows.get(s))
    }

    /// Finished charges of a customer that are not settled.
    pub fn pending(&self, customer: CustomerKey) -> usize {
        self.of(customer).filter(|c| c.settled.is_none()).count()
    }

    /// A charge is finished: both utilities agreed on its event. The same again changes nothing.
    ///
    /// # Errors
    /// `id-conflict` when the charge is another customer's; `busy` when [`MAX_PENDING`] wait.
    pub fn finish(
        &mut self,
        now: Time,
        customer: CustomerKey,
        session: SessionId,
        link: DriverLink,
    ) -> Result<Vec<StoredChange>, Refusal> {
        if let Some(row) = self.rows.get(&session) {
            let text = format!("{session} is another customer's charge");
            return if row.customer == customer {
                Ok(Vec::new())
            } else {
                Err(Refusal::new(RefusalCode::IdConflict, text))
            };
        }
        if self.pending.len() >= MAX_PENDING {
            return Err(Refusal::new(
                RefusalCode::Busy,
                "too many charges wait for the ledger",
            ));
        }
        Ok(vec![self.keep(HomeCharge {
            session,
            customer,
            link,
            finished: now,
            settled: None,
            credits: Vec::new(),
        })])
    }

    /// The ledger settled a charge at `at` (the block's time). The same again changes nothing.
    ///
    /// # Errors
    /// `session-unknown` unless it was finished; `id-conflict` when it was settled with another line; `price-wrong` when the line's
    /// amount is not its breakdown's.
    pub fn settle(&mut self, at: Time, line: BillLine) -> Result<Vec<StoredChange>, Refusal> {
        let session = line.session;
        let refuse = |code, text: &str| Err(Refusal::new(code, format!("{session} {text}")));
        let Some(row) = self.rows.get(&session) else {
            return refuse(
                RefusalCode::SessionUnknown,
                "is no finished charge of our drivers",
            );
        };
        if let Some(settled) = &row.settled {
            return if settled.line == line {
                Ok(Vec::new())
            } else {
                refuse(RefusalCode::IdConflict, "is settled with another line")
            };
        }
        if line.total != line.breakdown.total {
            return refuse(
                RefusalCode::PriceWrong,
                "has an amount that its breakdown does not give",
            );
        }
        let mut row = row.clone();
        row.settled = Some(Settled { at, line });
        Ok(vec![self.keep(row)])
    }

    /// The ledger took a credit of a charge. Nothing happens to unknown ones: their customer was erased.
    pub fn credit(&mut self, session: SessionId, line: CreditLine) -> Vec<StoredChange> {
        let Some(mut row) = self.rows.get(&session).cloned() else {
            return Vec::new();
        };
        row.credits.push(line);
        vec![self.keep(row)]
    }

    /// A finished charge will never settle. Nothing happens to settled or unknown ones.
    pub fn void(&mut self, session: SessionId) -> Vec<StoredChange> {
        match self.rows.get(&session) {
            Some(row) if row.settled.is_none() => self.remove(session).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// One month of a customer. Charges in another currency than `currency` cannot occur (see [`crate::authz::judge`]).
    ///
    /// # Errors
    /// `customer-invalid` when there is no such month; `too-large` when the sum does not fit.
    pub fn month(&self, customer: CustomerKey, year: i16, month: u8) -> Result<Month, Refusal> {
        if !(1..=12).contains(&month) {
            return Err(Refusal::new(
                RefusalCode::CustomerInvalid,
                format!("month {month}: 1 to 12"),
            ));
        }
        let wanted = (i64::from(year), i64::from(month));
        let settled = self.of(customer).filter_map(|c| c.settled.as_ref());
        let mut lines: Vec<BillLine> = settled
            .filter(|s| self.month_of(s.at) == wanted)
            .map(|s| s.line.clone())
            .collect();
        lines.sort_by_key(|l| (l.start, l.session));
        let mut credits: Vec<CreditLine> = self
            .of(customer)
            .flat_map(|c| &c.credits)
            .filter(|c| self.month_of(c.at) == wanted)
            .cloned()
            .collect();
        credits.sort_by_key(|c| (c.at, c.session));
        let off = Micro::sum(credits.iter().map(|c| c.amount)).map_err(money)?;
        let total = Micro::sum(lines.iter().map(|l| l.total))
            .and_then(|sum| sum.minus(off))
            .map_err(money)?;
        let pending = u32::try_from(self.pending(customer)).unwrap_or(u32::MAX);
        Ok(Month {
            lines,
            total,
            credits,
            pending,
        })
    }

    /// Energy that a customer charged in settled charges that ended at or after `since`, for loyalty tiers.
    pub fn energy_since(&self, customer: CustomerKey, since: Time) -> Energy {
        let settled = self
            .of(customer)
            .filter_map(|c| c.settled.as_ref())
            .filter(|s| s.line.end >= since);
        Energy(settled.fold(0u64, |sum, s| sum.saturating_add(s.line.energy.0)))
    }

    /// Removes every charge of a customer (CP-07): the amounts stay in the journal.
    pub fn erase(&mut self, customer: CustomerKey) -> Vec<StoredChange> {
        let sessions: Vec<_> = self
            .customers
            .get(&customer)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        sessions
            .into_iter()
            .filter_map(|s| self.remove(s))
            .collect()
    }

    /// The row of a charge, to be put back with [`HomeCharges::put_back`] when a later step of the same operation refuses.
    pub(crate) fn clone_row(&self, session: SessionId) -> Option<HomeCharge> {
        self.rows.get(&session).cloned()
    }

    pub(crate) fn put_back(&mut self, row: Option<HomeCharge>) {
        if let Some(row) = row {
            let _same_row = self.keep(row);
        }
    }

    fn remove(&mut self, session: SessionId) -> Option<StoredChange> {
        let row = self.rows.remove(&session)?;
        self.pending.remove(&session);
        if let Some(sessions) = self.customers.get_mut(&row.customer) {
            sessions.remove(&session);
            if sessions.is_empty() {
                self.customers.remove(&row.customer);
            }
        }
        Some(StoredChange::delete(
            StoreTable::HomeCharges,
            session.to_string(),
        ))
    }

    fn keep(&mut self, row: HomeCharge) -> StoredChange {
        let session = row.session;
        self.customers
            .entry(row.customer)
            .or_default()
            .insert(session);
        match &row.settled {
            None => self.pending.insert(session),
            Some(_) => self.pending.remove(&session),
        };
        let (at, summary) = row
            .settled
            .as_ref()
            .map_or((row.finished, "finished"), |s| (s.at, "settled"));
        let label = Label {
            key: session.to_string(),
            subject: row.customer.to_string(),
            at,
            summary: summary.to_owned(),
        };
        let change = StoredChange::put(StoreTable::HomeCharges, label, &row);
        self.rows.insert(session, row);
        change
    }

    /// Takes back a stored row.
    ///
    /// # Errors
    /// `malformed`.
    pub fn restore(&mut self, key: &str, body: &[u8]) -> Result<(), Refusal> {
        let row: HomeCharge = read(StoreTable::HomeCharges, key, body)?;
        if row.session.to_string() != key {
            return Err(unreadable(
                StoreTable::HomeCharges,
                key,
                "the row stands under the wrong key",
            ));
        }
        let _same_row = self.keep(row);
        Ok(())
    }
}
