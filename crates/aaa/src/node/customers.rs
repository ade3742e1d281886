//! Customers of the node: entered, changed, blocked, paid in.

use super::AaaNode;
use crate::audit::{AuditKind, AuditRecord};
use crate::customer::{Customer, CustomerInput, CustomerKey, CustomerPatch};
use crate::hcp::ProfileChange;
use crate::issued::Revocation;
use crate::store::StoredChange;
use fairway_model::time::DAY;
use fairway_model::{Micro, Payment, Refusal, RefusalCode, Time};

/// What a change of a customer asks of the composition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerChange {
    /// The customer.
    pub customer: CustomerKey,
    /// Statements to take back at partners (and in our own visiting profiles, which the node has done already).
    pub revoke: Vec<Revocation>,
    /// What to store.
    pub changes: Vec<StoredChange>,
}

impl AaaNode {
    /// Adds or changes a customer.
    ///
    /// # Errors
    /// As [`crate::hcp::HomeProfiles::put`]; besides `customer-invalid` when a customer who owes money would become prepaid.
    pub fn put_customer(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        input: &CustomerInput,
    ) -> Result<CustomerChange, Refusal> {
        if let Ok(before) = self.profiles.by_cin(&input.cin) {
            self.check_payment(before, input.payment)?;
        }
        let change = self.profiles.put(now, entropy, input)?;
        let kind = if change.added {
            AuditKind::CustomerAdded
        } else {
            AuditKind::CustomerChanged
        };
        Ok(self.changed(now, kind, change))
    }

    /// Changes a customer in some respects and leaves the others as they are.
    ///
    /// # Errors
    /// As [`crate::hcp::HomeProfiles::patch`]; besides `customer-invalid` when a customer who owes money would become prepaid.
    pub fn patch_customer(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        cin: &str,
        patch: &CustomerPatch,
    ) -> Result<CustomerChange, Refusal> {
        let before = self.profiles.by_cin(cin)?;
        self.check_payment(before, patch.payment.unwrap_or(before.payment))?;
        let change = self.profiles.patch(now, entropy, cin, patch)?;
        Ok(self.changed(now, AuditKind::CustomerChanged, change))
    }

    fn check_payment(&self, before: &Customer, payment: Payment) -> Result<(), Refusal> {
        if payment == before.payment {
            return Ok(());
        }
        let open = self.accounts.reservations(before.key).next().is_some();
        let owes = self.accounts.driver(before.key, before.currency) < Micro::ZERO;
        if open || (owes && payment == Payment::Prepaid) {
            let text = "payment: guarantees are open or money is owed: change it when charges are settled and the bill is paid";
            return Err(Refusal::new(RefusalCode::CustomerInvalid, text));
        }
        Ok(())
    }

    /// Blocks or unblocks every credential of the customer with this CIN (CIN-10, CP-06).
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`.
    pub fn set_blocked(
        &mut self,
        now: Time,
        cin: &str,
        blocked: bool,
    ) -> Result<CustomerChange, Refusal> {
        let key = self.profiles.by_cin(cin)?.key;
        let change = self.profiles.set_blocked(now, key, blocked)?;
        let kind = if blocked {
            AuditKind::Blocked
        } else {
            AuditKind::Unblocked
        };
        Ok(self.changed(now, kind, change))
    }

    /// The customer freezes every credential of his, or lifts that again; the utility's block is another thing and stays. What partners
    /// were told is taken back as with a block.
    ///
    /// # Errors
    /// `cin-unknown`.
    pub fn set_frozen(
        &mut self,
        now: Time,
        customer: CustomerKey,
        frozen: bool,
    ) -> Result<CustomerChange, Refusal> {
        let change = self.profiles.set_frozen(now, customer, frozen)?;
        let kind = if frozen {
            AuditKind::Frozen
        } else {
            AuditKind::Unfrozen
        };
        Ok(self.changed(now, kind, change))
    }

    /// Gives a customer the tier that he has earned by the rule of the configuration: full years since he was entered, and energy of
    /// the last 365 days.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`.
    pub fn review_tier(&mut self, now: Time, cin: &str) -> Result<CustomerChange, Refusal> {
        const YEAR: i64 = 365 * DAY;
        let customer = self.profiles.by_cin(cin)?;
        let (key, since) = (customer.key, customer.since);
        let years = u32::try_from(now.since(since).max(0).div_euclid(YEAR)).unwrap_or(u32::MAX);
        let tier = self
            .config
            .tiers
            .tier_for(years, self.charges.energy_since(key, now.plus(-YEAR)));
        let change = self.profiles.set_tier(now, key, tier)?;
        Ok(self.changed(now, AuditKind::CustomerChanged, change))
    }

    fn changed(&mut self, now: Time, kind: AuditKind, change: ProfileChange) -> CustomerChange {
        let ProfileChange {
            customer,
            fields,
            stale,
            mut changes,
            ..
        } = change;
        let mut revoke = Vec::new();
        if stale {
            let (places, stored) = self.issued.revoke(now, customer);
            changes.extend(stored);
            changes.extend(self.revoke_here(now, &places));
            revoke = places;
        }
        if !changes.is_empty() {
            let reasons = fields.iter().map(|f| (*f).to_owned()).collect();
            changes.push(self.audit.record(
                now,
                AuditRecord {
                    customer: Some(customer),
                    reasons,
                    ..AuditRecord::of(kind)
                },
            ));
        }
        CustomerChange {
            customer,
            revoke,
            changes,
        }
    }

    pub(super) fn revoke_here(&mut self, now: Time, places: &[Revocation]) -> Vec<StoredChange> {
        let me = self.config.member;
        let here = places.iter().filter(|p| p.visited == me);
        here.flat_map(|p| self.visiting.revoke(now, me, p.pseudonym, now))
            .collect()
    }

    /// A customer pays in: prepaid balance, or a bill.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; as [`crate::accounts::Accounts::pay_in`].
    pub fn top_up(
        &mut self,
        now: Time,
        cin: &str,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let customer = self.profiles.by_cin(cin)?;
        self.accounts
            .pay_in(now, customer.key, customer.currency, amount)
    }
}
