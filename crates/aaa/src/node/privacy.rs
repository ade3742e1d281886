//! Export and erasure of a person's data (CP-07; GDPR articles 15, 17 and 20).
//!
//! After erasure the journal keeps its amounts under the customer key, which was random from the start and then leads nowhere.

use super::AaaNode;
use crate::audit::{AuditKind, AuditRecord};
use crate::billing::HomeCharge;
use crate::customer::{Customer, CustomerKey};
use crate::issued::{IssuedRow, Revocation};
use crate::store::StoredChange;
use fairway_model::{Refusal, RefusalCode, Time};

/// What erasure did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The key that the journal keeps; it leads nowhere now.
    pub customer: CustomerKey,
    /// Statements to take back at partners; our own visiting profiles have forgotten theirs already.
    pub revoke: Vec<Revocation>,
    /// What to store.
    pub changes: Vec<StoredChange>,
}

type Rows = Vec<(String, String)>;

impl AaaNode {
    /// Everything that is kept about a person, as named values in plain text, and what to store: the export is recorded.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`.
    pub fn export(&mut self, now: Time, cin: &str) -> Result<(Rows, Vec<StoredChange>), Refusal> {
        let customer = self.profiles.by_cin(cin)?;
        let key = customer.key;
        let mut rows = profile_rows(customer);
        let balance = self.accounts.driver(key, customer.currency);
        rows.push((
            "account.balance".to_owned(),
            format!("{} {}", balance.text(customer.currency), customer.currency),
        ));
        for (at, r) in (1u32..).zip(self.accounts.reservations(key)) {
            let text = format!(
                "{} until {}, {} charges",
                r.amount.text(customer.currency),
                r.until,
                r.holds.len()
            );
            rows.push((format!("reserved.{at}"), text));
        }
        for (at, row) in (1u32..).zip(self.issued.of(key)) {
            rows.push((format!("statement.{at}"), statement_text(row)));
        }
        for (at, charge) in (1u32..).zip(self.charges.of(key)) {
            rows.push((format!("charge.{at}"), charge_text(charge)));
        }
        let record = AuditRecord {
            customer: Some(key),
            ..AuditRecord::of(AuditKind::Exported)
        };
        let changes = vec![self.audit.record(now, record)];
        Ok((rows, changes))
    }

    /// Erases a person: profile, credentials, PIN and salts, statements with their pseudonyms, charges with the salts of
    /// their commitments. Amounts stay in the journal under the key that leads nowhere; the books stay balanced.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; `customer-invalid` while charges are open: what is being charged must still be billed.
    pub fn erase(&mut self, now: Time, cin: &str) -> Result<Erased, Refusal> {
        let key = self.profiles.by_cin(cin)?.key;
        let held = self.accounts.reservations(key).any(|r| !r.holds.is_empty());
        if held || self.charges.pending(key) > 0 {
            return Err(Refusal::new(
                RefusalCode::CustomerInvalid,
                "charges are open: erase the customer when they are settled or void",
            ));
        }
        let (revoke, _) = self.issued.revoke(now, key);
        let mut changes = self.revoke_here(now, &revoke);
        changes.extend(self.profiles.remove(key));
        changes.extend(self.issued.erase(key));
        changes.extend(self.accounts.end_reservations(now, key));
        changes.extend(self.charges.erase(key));
        changes.push(self.audit.record(
            now,
            AuditRecord {
                customer: Some(key),
                ..AuditRecord::of(AuditKind::Erased)
            },
        ));
        Ok(Erased {
            customer: key,
            revoke,
            changes,
        })
    }
}

fn profile_rows(c: &Customer) -> Rows {
    let mut rows: Rows = [
        ("profile.cin", c.cin.grouped()),
        ("profile.name", c.name.clone()),
        ("profile.class", format!("{:?}", c.class)),
        ("profile.service", format!("{:?}", c.service())),
        ("profile.tier", format!("{:?}", c.tier)),
        ("profile.payment", format!("{:?}", c.payment)),
        ("profile.credit_limit", credit(c)),
        ("profile.language", c.language.clone()),
        (
            "profile.pin",
            if c.pin.is_some() {
                "kept as a salted hash only"
            } else {
                "none"
            }
            .to_owned(),
        ),
        ("profile.blocked", c.blocked.to_string()),
        (
            "profile.frozen",
            c.frozen
                .map_or("no".to_owned(), |at| format!("by the customer, since {at}")),
        ),
        ("profile.since", c.since.to_string()),
        ("profile.key", c.key.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (at, text) in (1u32..).zip(&c.credentials) {
        rows.push((format!("profile.credential.{at}"), text.clone()));
    }
    rows
}

fn credit(c: &Customer) -> String {
    format!("{} {}", c.credit_limit.text(c.currency), c.currency)
}

fn statement_text(row: &IssuedRow) -> String {
    let s = &row.signed.statement;
    format!(
        "told {} on {}, until {}: {:?}, {:?}, {:?}, as {}",
        s.visited, s.issued_at, s.expires_at, s.service, s.tier, s.class, s.pseudonym
    )
}

fn charge_text(charge: &HomeCharge) -> String {
    let Some(settled) = &charge.settled else {
        return format!(
            "{} finished on {}, not settled",
            charge.session, charge.finished
        );
    };
    let line = &settled.line;
    let currency = line.breakdown.currency;
    format!(
        "{} at {} of {}, {} to {}, {} kWh, {} {currency}, settled {}",
        line.session,
        line.evse,
        line.visited,
        line.start,
        line.end,
        line.energy.kwh_text(),
        line.total.text(currency),
        settled.at
    )
}
