//! Reservations: money that a guarantee has promised and a charge may take. The rule is in [`crate::authz`].

use crate::customer::{Customer, CustomerKey};
use crate::store::{Label, StoreTable, StoredChange, money};
use fairway_model::time::MINUTE;
use fairway_model::{GuaranteeId, Micro, Payment, Refusal, RefusalCode, SessionId, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// How long after a guarantee's end its reservation stays: a hold placed in the last moment may still be on its way through
/// the ledger, in milliseconds.
pub const GRACE: i64 = 10 * MINUTE;
/// Most reservations.
pub const MAX_RESERVATIONS: usize = 1_000_000;
/// Most charges under one reservation at a time.
pub const MAX_HOLDS: usize = 64;

/// What one guarantee has reserved on its customer's account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reservation {
    /// The guarantee.
    #[n(0)]
    pub guarantee: GuaranteeId,
    /// Whose account.
    #[n(1)]
    pub customer: CustomerKey,
    /// What is reserved now: free part and holds together.
    #[n(2)]
    pub amount: Micro,
    /// End of the guarantee.
    #[n(3)]
    pub until: Time,
    /// Serves one charge only (prepaid).
    #[n(4)]
    pub single: bool,
    /// Parts held for charges.
    #[n(5)]
    pub holds: BTreeMap<SessionId, Micro>,
    /// The free part was given back; only holds are left.
    #[n(6)]
    pub ended: bool,
}

impl Reservation {
    /// A reservation without holds on a customer's account; a prepaid customer's serves one charge.
    pub fn new(guarantee: GuaranteeId, customer: &Customer, amount: Micro, until: Time) -> Self {
        Self {
            guarantee,
            customer: customer.key,
            amount,
            until,
            single: customer.payment == Payment::Prepaid,
            holds: BTreeMap::new(),
            ended: false,
        }
    }

    fn held(&self) -> Micro {
        // Holds are never more than the reservation's amount, so their sum fits.
        self.holds
            .values()
            .fold(Micro::ZERO, |sum, m| Micro(sum.0.saturating_add(m.0)))
    }

    /// What is not held for a charge.
    pub fn free(&self) -> Micro {
        Micro(self.amount.0.saturating_sub(self.held().0))
    }

    fn deadline(&self) -> Time {
        self.until.plus(GRACE)
    }
}

/// All reservations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reservations {
    rows: BTreeMap<GuaranteeId, Reservation>,
    sessions: BTreeMap<SessionId, GuaranteeId>,
    customers: BTreeMap<CustomerKey, BTreeSet<GuaranteeId>>,
    deadlines: BTreeSet<(Time, GuaranteeId)>,
}

fn key(guarantee: GuaranteeId) -> String {
    format!("reserved/{guarantee}")
}

impl Reservations {
    pub(crate) fn get(&self, guarantee: GuaranteeId) -> Option<&Reservation> {
        self.rows.get(&guarantee)
    }

    pub(crate) fn of_session(&self, session: SessionId) -> Option<&Reservation> {
        self.sessions.get(&session).and_then(|g| self.rows.get(g))
    }

    pub(crate) fn of(&self, customer: CustomerKey) -> impl Iterator<Item = &Reservation> {
        self.customers
            .get(&customer)
            .into_iter()
            .flatten()
            .filter_map(|g| self.rows.get(g))
    }

    pub(crate) fn total(&self, customer: CustomerKey) -> Result<Micro, Refusal> {
        Micro::sum(self.of(customer).map(|r| r.amount)).map_err(money)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= MAX_RESERVATIONS
    }

    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Keeps a reservation, or removes it when nothing is left in it.
    pub(crate) fn keep(&mut self, now: Time, mut row: Reservation) -> StoredChange {
        let id = row.guarantee;
        if let Some(old) = self.rows.get(&id) {
            self.deadlines.remove(&(old.deadline(), id));
            for session in old.holds.keys() {
                self.sessions.remove(session);
            }
        }
        if row.ended {
            row.amount = row.held();
        }
        if row.ended && row.holds.is_empty() {
            return self.remove(&row);
        }
        for session in row.holds.keys() {
            self.sessions.insert(*session, id);
        }
        if !row.ended {
            self.deadlines.insert((row.deadline(), id));
        }
        self.customers.entry(row.customer).or_default().insert(id);
        let label = Label {
            key: key(id),
            subject: row.customer.to_string(),
            at: now,
            summary: format!(
                "{} holds{}",
                row.holds.len(),
                if row.ended { ", ended" } else { "" }
            ),
        };
        let change = StoredChange::put(StoreTable::Balances, label, &row);
        self.rows.insert(id, row);
        change
    }

    fn remove(&mut self, row: &Reservation) -> StoredChange {
        self.rows.remove(&row.guarantee);
        if let Some(ids) = self.customers.get_mut(&row.customer) {
            ids.remove(&row.guarantee);
            if ids.is_empty() {
                self.customers.remove(&row.customer);
            }
        }
        StoredChange::delete(StoreTable::Balances, key(row.guarantee))
    }

    /// Holds a part for a charge. The same again changes nothing.
    pub(crate) fn hold(
        &mut self,
        now: Time,
        guarantee: GuaranteeId,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let row = self.rows.get(&guarantee).ok_or_else(|| {
            Refusal::new(
                RefusalCode::GuaranteeExceeded,
                format!("guarantee {guarantee} has ended or is unknown"),
            )
        })?;
        if let Some(held) = row.holds.get(&session) {
            return if *held == amount {
                Ok(Vec::new())
            } else {
                Err(conflict(session))
            };
        }
        if self.sessions.contains_key(&session) {
            return Err(conflict(session));
        }
        if row.holds.len() >= MAX_HOLDS {
            return Err(Refusal::new(
                RefusalCode::Busy,
                format!("at most {MAX_HOLDS} charges at a time under one guarantee"),
            ));
        }
        if amount < Micro::ZERO || amount > row.free() {
            return Err(Refusal::new(
                RefusalCode::GuaranteeExceeded,
                format!("guarantee {guarantee} does not cover this hold"),
            ));
        }
        let mut row = row.clone();
        row.holds.insert(session, amount);
        Ok(vec![self.keep(now, row)])
    }

    /// Holds an amount for a charge whose reservation has ended: `row` is what to begin with when nothing is left of it. The caller
    /// has checked that the amount is free.
    pub(crate) fn hold_late(
        &mut self,
        now: Time,
        row: Reservation,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let mut row = self.rows.get(&row.guarantee).cloned().unwrap_or(row);
        if row.holds.len() >= MAX_HOLDS || self.is_full() {
            return Err(Refusal::new(
                RefusalCode::Busy,
                "too many charges at a time: try again later",
            ));
        }
        row.ended = true;
        row.amount = row.amount.plus(amount).map_err(money)?;
        row.holds.insert(session, amount);
        Ok(vec![self.keep(now, row)])
    }

    /// Gives back what a charge holds. Nothing happens when it holds nothing.
    pub(crate) fn release(&mut self, now: Time, session: SessionId) -> Vec<StoredChange> {
        let Some(mut row) = self.of_session(session).cloned() else {
            return Vec::new();
        };
        row.holds.remove(&session);
        row.ended = row.ended || row.single;
        vec![self.keep(now, row)]
    }

    /// Takes up to `asked` out of the guarantee for a settled charge; the charge's hold is over.
    pub(crate) fn take(
        &mut self,
        now: Time,
        guarantee: GuaranteeId,
        session: SessionId,
        asked: Micro,
    ) -> Vec<StoredChange> {
        let id = self.sessions.get(&session).copied().unwrap_or(guarantee);
        let Some(mut row) = self.rows.get(&id).cloned() else {
            return Vec::new();
        };
        taken_from(&mut row, session, asked);
        vec![self.keep(now, row)]
    }

    /// What stays reserved for a customer once the charge has taken its part.
    pub(crate) fn left_after(
        &self,
        customer: CustomerKey,
        guarantee: GuaranteeId,
        session: SessionId,
        asked: Micro,
    ) -> Result<Micro, Refusal> {
        let id = self.sessions.get(&session).copied().unwrap_or(guarantee);
        let left = self.of(customer).map(|row| {
            let mut row = row.clone();
            if row.guarantee == id {
                taken_from(&mut row, session, asked);
                if row.ended {
                    row.amount = row.held();
                }
            }
            row.amount
        });
        Micro::sum(left).map_err(money)
    }

    /// Ends reservations whose guarantee can no longer be used; parts held for charges stay.
    pub(crate) fn expire(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = Vec::new();
        while let Some((at, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, id));
            if let Some(mut row) = self.rows.get(&id).cloned() {
                row.ended = true;
                changes.push(self.keep(now, row));
            }
        }
        changes
    }

    /// Ends every reservation of a customer that no charge holds (CP-07).
    pub(crate) fn end_all(&mut self, now: Time, customer: CustomerKey) -> Vec<StoredChange> {
        let rows: Vec<_> = self.of(customer).cloned().collect();
        rows.into_iter()
            .map(|mut row| {
                row.ended = true;
                self.keep(now, row)
            })
            .collect()
    }
}

/// Ends the charge's hold and takes what was asked out of what no other charge holds; the rest of the hold is free again.
fn taken_from(row: &mut Reservation, session: SessionId, asked: Micro) {
    row.holds.remove(&session);
    let others = row.held();
    let taken = asked
        .min(Micro(row.amount.0.saturating_sub(others.0)))
        .max(Micro::ZERO);
    row.amount = Micro(row.amount.0.saturating_sub(taken.0));
    row.ended = row.ended || row.single;
}

fn conflict(session: SessionId) -> Refusal {
    Refusal::new(
        RefusalCode::IdConflict,
        format!("{session} holds another amount already"),
    )
}
