//! Eligibility statements that this home utility has issued: which customer is behind a pseudonym, and which guarantee is whose.

use crate::authz::EligibilityRequest;
use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange, read, unreadable};
use fairway_model::time::DAY;
use fairway_model::{EligibilityStatement, Payment, Refusal, RefusalCode};
use fairway_model::{
    GuaranteeId, Hash, MemberId, Micro, Pseudonym, SessionId, SignedEligibility, Time,
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// How long a row is kept after its statement expired, so that late charges find their customer, in milliseconds.
pub const KEEP_AFTER_EXPIRY: i64 = 40 * DAY;
/// Most rows.
pub const MAX_ISSUED: usize = 4_000_000;

/// The driver as one partner knows him: an HMAC under the home secret, different for every partner (CP-07). It is made of the
/// customer's random key and not of the CIN: once the customer is erased, not even who has the secret can find it again from a CIN.
pub fn pseudonym(secret: &[u8; 32], visited: MemberId, customer: CustomerKey) -> Pseudonym {
    let mut body = format!("{visited}|").into_bytes();
    body.extend_from_slice(&customer.0);
    Hash::keyed(secret, "fairway.pseudonym.v2", &body)
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct IssuedRow {
    /// Who is behind it.
    #[n(0)]
    pub customer: CustomerKey,
    /// The charge that it was issued for.
    #[n(1)]
    pub session: SessionId,
    /// What was said.
    #[n(2)]
    pub signed: SignedEligibility,
    /// Taken back: it is not given out again.
    #[n(3)]
    pub revoked: bool,
}

impl IssuedRow {
    fn statement(&self) -> &EligibilityStatement {
        &self.signed.statement
    }

    /// Whether the statement has at least half of its life before it.
    pub fn is_fresh(&self, now: Time) -> bool {
        let s = self.statement();
        s.expires_at.since(now).saturating_mul(2) >= s.expires_at.since(s.issued_at)
    }

    /// Name of the guarantee in it.
    pub fn guarantee(&self) -> GuaranteeId {
        self.statement().guarantee.guarantee.id
    }

    /// Its limit.
    pub fn limit(&self) -> Micro {
        self.statement().guarantee.guarantee.limit
    }

    fn name(&self) -> (MemberId, Pseudonym) {
        (self.statement().visited, self.statement().pseudonym)
    }
}

/// A statement to take back at a partner, or here when the partner is this utility itself (CP-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revocation {
    /// Where it is kept.
    pub visited: MemberId,
    /// The driver as that partner knows him.
    pub pseudonym: Pseudonym,
}

/// All statements issued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issued {
    rows: BTreeMap<GuaranteeId, IssuedRow>,
    names: BTreeMap<(MemberId, Pseudonym), BTreeSet<GuaranteeId>>,
    customers: BTreeMap<CustomerKey, BTreeSet<GuaranteeId>>,
    sessions: BTreeMap<SessionId, BTreeSet<GuaranteeId>>,
}

impl Issued {
    /// The statement with this guarantee.
    pub fn by_guarantee(&self, id: GuaranteeId) -> Option<&IssuedRow> {
        self.rows.get(&id)
    }

    /// The customer behind a partner's pseudonym.
    pub fn customer(&self, visited: MemberId, pseudonym: Pseudonym) -> Option<CustomerKey> {
        let ids = self.names.get(&(visited, pseudonym))?;
        ids.last()
            .and_then(|id| self.rows.get(id))
            .map(|row| row.customer)
    }

    /// Rows of one customer, in order of guarantee id.
    pub fn of(&self, customer: CustomerKey) -> impl Iterator<Item = &IssuedRow> {
        self.customers
            .get(&customer)
            .into_iter()
            .flatten()
            .filter_map(|id| self.rows.get(id))
    }

    /// Guarantees that were issued for this charge.
    pub fn of_session(&self, session: SessionId) -> Vec<GuaranteeId> {
        self.sessions
            .get(&session)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// Statements that can be given out again for a charge: of the same charge, or reusable and not expired; those that have most
    /// of their life before them come first.
    pub(crate) fn again(
        &self,
        now: Time,
        customer: CustomerKey,
        request: &EligibilityRequest,
    ) -> Vec<&IssuedRow> {
        let fits = |row: &&IssuedRow| {
            let s = row.statement();
            let mine = row.session == request.session || s.payment == Payment::Postpaid;
            let place = s.visited == request.visited
                && s.guarantee.guarantee.agreement == request.agreement;
            mine && place && !row.revoked && s.expires_at > now
        };
        let mut rows: Vec<_> = self.of(customer).filter(fits).collect();
        rows.sort_by_key(|row| core::cmp::Reverse(row.statement().expires_at));
        rows
    }

    /// Keeps a statement that was issued.
    ///
    /// # Errors
    /// `busy` when there are [`MAX_ISSUED`].
    pub(crate) fn add(&mut self, row: IssuedRow) -> Result<StoredChange, Refusal> {
        if self.rows.len() >= MAX_ISSUED {
            return Err(Refusal::new(
                RefusalCode::Busy,
                "too many open eligibility statements: try again later",
            ));
        }
        Ok(self.keep(row))
    }

    fn keep(&mut self, row: IssuedRow) -> StoredChange {
        let id = row.guarantee();
        self.names.entry(row.name()).or_default().insert(id);
        self.customers.entry(row.customer).or_default().insert(id);
        self.sessions.entry(row.session).or_default().insert(id);
        let label = Label {
            key: id.to_string(),
            subject: row.customer.to_string(),
            at: row.statement().issued_at,
            summary: format!(
                "for {}{}",
                row.statement().visited,
                if row.revoked { ", revoked" } else { "" }
            ),
        };
        let change = StoredChange::put(StoreTable::Issued, label, &row);
        self.rows.insert(id, row);
        change
    }

    /// Marks every statement of a customer that has not expired as taken back, and says where they are kept.
    pub fn revoke(
        &mut self,
        now: Time,
        customer: CustomerKey,
    ) -> (Vec<Revocation>, Vec<StoredChange>) {
        let live: Vec<IssuedRow> = self
            .of(customer)
            .filter(|r| !r.revoked && r.statement().expires_at > now)
            .cloned()
            .collect();
        let mut places = BTreeSet::new();
        let mut changes = Vec::new();
        for mut row in live {
            let (visited, pseudonym) = row.name();
            places.insert(Revocation { visited, pseudonym });
            row.revoked = true;
            changes.push(self.keep(row));
        }
        (places.into_iter().collect(), changes)
    }

    fn remove(&mut self, id: GuaranteeId) -> Option<StoredChange> {
        let row = self.rows.remove(&id)?;
        drop_id(&mut self.names, &row.name(), id);
        drop_id(&mut self.customers, &row.customer, id);
        drop_id(&mut self.sessions, &row.session, id);
        Some(StoredChange::delete(StoreTable::Issued, id.to_string()))
    }

    /// Removes every row of a customer (CP-07).
    pub fn erase(&mut self, customer: CustomerKey) -> Vec<StoredChange> {
        let ids: Vec<_> = self
            .customers
            .get(&customer)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Removes rows whose statement expired long ago and whose guarantee `in_use` denies.
    pub fn expire(&mut self, now: Time, in_use: impl Fn(GuaranteeId) -> bool) -> Vec<StoredChange> {
        let old = |row: &&IssuedRow| {
            now.since(row.statement().expires_at) >= KEEP_AFTER_EXPIRY && !in_use(row.guarantee())
        };
        let ids: Vec<_> = self
            .rows
            .values()
            .filter(old)
            .map(IssuedRow::guarantee)
            .collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Takes back a stored row.
    ///
    /// # Errors
    /// `malformed`.
    pub fn restore(&mut self, key: &str, body: &[u8]) -> Result<(), Refusal> {
        let row: IssuedRow = read(StoreTable::Issued, key, body)?;
        if row.guarantee().to_string() != key {
            return Err(unreadable(
                StoreTable::Issued,
                key,
                "the row stands under the wrong key",
            ));
        }
        let _same_row = self.keep(row);
        Ok(())
    }

    /// Rows kept.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn drop_id<K: Ord>(index: &mut BTreeMap<K, BTreeSet<GuaranteeId>>, key: &K, id: GuaranteeId) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
