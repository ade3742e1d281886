//! What this utility has used of the guarantees that home utilities gave it.

use crate::store::{Label, StoreTable, StoredChange};
use fairway_model::{Guarantee, GuaranteeId, Micro, Refusal, RefusalCode, SessionId, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most charges at a time under one guarantee.
pub const MAX_HOLDS: usize = 64;

/// What we have used of a guarantee. Several cards of one driver share it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GuaranteeUse {
    /// Its limit.
    #[n(0)]
    pub limit: Micro,
    /// No hold is placed from then on.
    #[n(1)]
    pub valid_until: Time,
    /// Charged under it so far.
    #[n(2)]
    pub used: Micro,
    /// Held for open charges.
    #[n(3)]
    pub holds: BTreeMap<SessionId, Micro>,
    /// The home utility took it back.
    #[n(4)]
    pub revoked: bool,
}

impl GuaranteeUse {
    /// What may still be held.
    pub fn remaining(&self) -> Micro {
        let held = self
            .holds
            .values()
            .fold(self.used.0, |sum, m| sum.saturating_add(m.0));
        Micro(self.limit.0.saturating_sub(held)).max(Micro::ZERO)
    }
}

fn exceeded(text: String) -> Refusal {
    Refusal::new(RefusalCode::GuaranteeExceeded, text)
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Guarantees {
    rows: BTreeMap<GuaranteeId, GuaranteeUse>,
    sessions: BTreeMap<SessionId, GuaranteeId>,
    ends: BTreeSet<(Time, GuaranteeId)>,
}

impl Guarantees {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn get(&self, id: GuaranteeId) -> Option<&GuaranteeUse> {
        self.rows.get(&id)
    }

    pub(super) fn remaining(&self, now: Time, id: GuaranteeId) -> Micro {
        let open = self
            .rows
            .get(&id)
            .filter(|g| !g.revoked && now < g.valid_until);
        open.map_or(Micro::ZERO, GuaranteeUse::remaining)
    }

    /// Begins to count, or goes on.
    pub(super) fn open(&mut self, now: Time, promise: &Guarantee) -> StoredChange {
        let row = self
            .rows
            .get(&promise.id)
            .cloned()
            .unwrap_or_else(|| GuaranteeUse {
                limit: promise.limit,
                valid_until: promise.valid_until,
                used: Micro::ZERO,
                holds: BTreeMap::new(),
                revoked: false,
            });
        self.keep(now, promise.id, row)
    }

    pub(super) fn keep(&mut self, now: Time, id: GuaranteeId, row: GuaranteeUse) -> StoredChange {
        if let Some(old) = self.rows.get(&id) {
            for session in old.holds.keys() {
                self.sessions.remove(session);
            }
        }
        for session in row.holds.keys() {
            self.sessions.insert(*session, id);
        }
        self.ends.insert((row.valid_until, id));
        let label = Label {
            key: format!("guarantee/{id}"),
            subject: String::new(),
            at: now,
            summary: format!("{} holds", row.holds.len()),
        };
        let change = StoredChange::put(StoreTable::VisitingProfiles, label, &row);
        self.rows.insert(id, row);
        change
    }

    pub(super) fn hold(
        &mut self,
        now: Time,
        id: GuaranteeId,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let row = self.rows.get(&id).ok_or_else(|| {
            exceeded(format!(
                "guarantee {id} is unknown: ask the home utility again"
            ))
        })?;
        let elsewhere = self.sessions.get(&session).is_some_and(|held| *held != id);
        match row.holds.get(&session) {
            Some(held) if *held == amount => return Ok(Vec::new()),
            None if !elsewhere => {}
            _ => {
                let text = format!("{session} holds another amount already");
                return Err(Refusal::new(RefusalCode::IdConflict, text));
            }
        }
        if amount < Micro::ZERO || amount > self.remaining(now, id) {
            let text =
                format!("guarantee {id} does not cover the hold: ask the home utility again");
            return Err(exceeded(text));
        }
        if row.holds.len() >= MAX_HOLDS {
            let text = format!("at most {MAX_HOLDS} charges at a time under one guarantee");
            return Err(Refusal::new(RefusalCode::Busy, text));
        }
        let mut row = row.clone();
        row.holds.insert(session, amount);
        Ok(vec![self.keep(now, id, row)])
    }

    pub(super) fn settle(
        &mut self,
        now: Time,
        session: SessionId,
        total: Micro,
    ) -> Vec<StoredChange> {
        let Some(id) = self.sessions.get(&session).copied() else {
            return Vec::new();
        };
        let Some(mut row) = self.rows.get(&id).cloned() else {
            return Vec::new();
        };
        row.holds.remove(&session);
        row.used = Micro(row.used.0.saturating_add(total.0));
        // Put back among the ends, so that a guarantee that is over leaves with the next sweep.
        vec![self.keep(now, id, row)]
    }

    pub(super) fn revoke(&mut self, now: Time, id: GuaranteeId) -> Option<StoredChange> {
        let mut row = self.rows.get(&id)?.clone();
        row.revoked = true;
        Some(self.keep(now, id, row))
    }

    /// Deletes what is over and holds nothing; what still holds something waits for its charges.
    pub(super) fn expire(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = Vec::new();
        while let Some((at, id)) = self.ends.first().copied().filter(|(at, _)| *at <= now) {
            self.ends.remove(&(at, id));
            if self.rows.get(&id).is_some_and(|row| row.holds.is_empty()) {
                self.rows.remove(&id);
                let key = format!("guarantee/{id}");
                changes.push(StoredChange::delete(StoreTable::VisitingProfiles, key));
            }
        }
        changes
    }
}
