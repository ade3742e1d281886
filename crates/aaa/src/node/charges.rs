//! A charge's way through the home accounts: consent, end, settlement; and our own part as visited utility.

use super::AaaNode;
use crate::accounts::{Payer, Reservation, SettledCharge};
use crate::billing::DriverLink;
use crate::customer::{Customer, CustomerKey};
use crate::issued::IssuedRow;
use crate::store::StoredChange;
use fairway_model::{
    AgreementId, BillLine, ChargeEvent, Currency, GuaranteeId, MemberId, Micro, OwnerId, Payment,
    Pseudonym, Refusal, RefusalCode, SessionId, Time,
};

/// A charge that the ledger settled, as the node posts it.
#[derive(Debug, Clone, Copy)]
pub struct Settlement<'a> {
    /// The event that both signed.
    pub event: &'a ChargeEvent,
    /// Currency of its agreement.
    pub currency: Currency,
    /// Version of the charging rules and policy that made the offer.
    pub policy_version: u32,
    /// The owner of the EVSE's site, when we are the visited utility.
    pub owner: Option<&'a OwnerId>,
    /// The jurisdiction that taxes the charge, when we are the visited utility.
    pub jurisdiction: Option<&'a str>,
    /// The bill line, when we are the home utility.
    pub line: Option<&'a BillLine>,
}

impl AaaNode {
    /// The customer behind a partner's pseudonym, for consents and charges that name him by it.
    ///
    /// # Errors
    /// `not-authorized` when no statement about such a driver was issued to that partner.
    pub fn customer_of(
        &self,
        visited: MemberId,
        pseudonym: Pseudonym,
    ) -> Result<&Customer, Refusal> {
        let key = self.issued.customer(visited, pseudonym);
        key.and_then(|k| self.profiles.by_key(k)).ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotAuthorized,
                format!("{visited} has no statement of ours about this driver"),
            )
        })
    }

    /// Every charge of a customer's that is kept.
    pub fn sessions_of(&self, customer: CustomerKey) -> impl Iterator<Item = SessionId> {
        self.charges.of(customer).map(|charge| charge.session)
    }

    /// The statement behind a guarantee that a partner names, when it was issued to that partner under that agreement.
    ///
    /// # Errors
    /// `not-authorized`.
    pub fn statement_of(
        &self,
        visited: MemberId,
        agreement: AgreementId,
        guarantee: GuaranteeId,
    ) -> Result<&IssuedRow, Refusal> {
        let row = self.issued.by_guarantee(guarantee).filter(|row| {
            row.signed.statement.visited == visited
                && row.signed.statement.guarantee.guarantee.agreement == agreement
        });
        row.ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotAuthorized,
                format!("{guarantee} is no guarantee of ours for {visited} under this agreement"),
            )
        })
    }

    /// The driver consented: holds the offer's amount out of the guarantee's reservation. The same again changes nothing. When the
    /// reservation has ended meanwhile (the message came late), the amount is reserved anew out of what is free.
    ///
    /// # Errors
    /// `not-authorized`, `guarantee-exceeded`, `credit-exhausted`, `id-conflict`, `busy`.
    pub fn consent(
        &mut self,
        now: Time,
        guarantee: GuaranteeId,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let unknown = |text: String| Refusal::new(RefusalCode::NotAuthorized, text);
        let row = self
            .issued
            .by_guarantee(guarantee)
            .ok_or_else(|| unknown(format!("{guarantee} is no guarantee of ours")))?;
        if self.accounts.is_posted(session) {
            return Ok(Vec::new());
        }
        if self
            .accounts
            .reservation(guarantee)
            .is_some_and(|r| !r.ended)
        {
            return self.accounts.place(now, guarantee, session, amount);
        }
        let customer = self
            .profiles
            .by_key(row.customer)
            .ok_or_else(|| unknown(format!("the customer of {guarantee} was erased")))?;
        let funds = self
            .accounts
            .funds(customer.key, customer.currency, customer.floor())?;
        let late = Reservation::new(guarantee, customer, Micro::ZERO, now);
        self.accounts.place_late(now, late, session, amount, &funds)
    }

    /// A charge of our driver ended without anything to settle: its hold, or its unused single-use guarantee, is free again.
    pub fn void(&mut self, now: Time, session: SessionId) -> Vec<StoredChange> {
        let mut changes = self.charges.void(session);
        changes.extend(self.accounts.release(now, session));
        for guarantee in self.issued.of_session(session) {
            changes.extend(self.accounts.release_unused(now, guarantee));
        }
        changes
    }

    /// A charge of our driver is finished: both utilities agreed on its event, the ledger has it next.
    ///
    /// # Errors
    /// As [`crate::billing::HomeCharges::finish`].
    pub fn finished(
        &mut self,
        now: Time,
        customer: CustomerKey,
        session: SessionId,
        link: DriverLink,
    ) -> Result<Vec<StoredChange>, Refusal> {
        self.charges.finish(now, customer, session, link)
    }

    /// The ledger settled a charge in a block of time `at`: posts it in whatever role we have, and puts it on the bill when we are
    /// the home utility. The same again changes nothing. Our hold as visited utility ends too.
    ///
    /// # Errors
    /// As [`crate::accounts::Accounts::post_charge`] and [`crate::billing::HomeCharges::settle`]; `session-unknown` when we are home and the charge was not finished
    /// here. Nothing is changed then.
    pub fn settled(
        &mut self,
        at: Time,
        settlement: &Settlement<'_>,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let event = settlement.event;
        let mut changes = Vec::new();
        let mut payer = None;
        if event.home == self.config.member && !self.accounts.is_posted(event.session) {
            let line = settlement.line.ok_or_else(|| {
                Refusal::new(
                    RefusalCode::SessionUnknown,
                    format!("{}: no bill line", event.session),
                )
            })?;
            payer = Some(self.payer(event.session)?);
            let before = self.charges.clone_row(event.session);
            changes.extend(self.charges.settle(at, line.clone())?);
            match self.post(at, settlement, payer) {
                Ok(posted) => changes.extend(posted),
                Err(refusal) => {
                    self.charges.put_back(before);
                    return Err(refusal);
                }
            }
        } else {
            changes.extend(self.post(at, settlement, payer)?);
        }
        if event.visited == self.config.member {
            changes.extend(self.visiting.settle(at, event.session, event.total));
        }
        Ok(changes)
    }

    fn payer(&self, session: SessionId) -> Result<Payer, Refusal> {
        let unknown = || {
            Refusal::new(
                RefusalCode::SessionUnknown,
                format!("{session} is no finished charge of our drivers"),
            )
        };
        let customer = self.charges.get(session).ok_or_else(unknown)?.customer;
        let prepaid = self
            .profiles
            .by_key(customer)
            .is_some_and(|c| c.payment == Payment::Prepaid);
        Ok(Payer { customer, prepaid })
    }

    fn post(
        &mut self,
        at: Time,
        s: &Settlement<'_>,
        payer: Option<Payer>,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let charge = SettledCharge {
            event: s.event,
            currency: s.currency,
            policy_version: s.policy_version,
            payer,
            owner: s.owner,
            jurisdiction: s.jurisdiction,
        };
        let month = self.charges.month_of(at);
        self.accounts.post_charge(at, month, &charge)
    }
}
