//! The AAA node: all components of one utility together, in the operations that a charge needs (AA-18: the same for home and visited).
//!
//! Every call that changes something returns what to store; all of it belongs in one transaction. [`AaaNode::restore`] brings the
//! rows of every table back at start, in any order; the append-only tables need not be given.

mod privacy;

use crate::accounts::{Accounts, Payer, Reservation, SettledCharge};
use crate::audit::{Audit, AuditKind, AuditRecord};
use crate::authz::{AuthorizationRules, EligibilityRequest, SINGLE_USE_TTL, judge};
use crate::billing::{Bill, BillLine, DriverLink, HomeCharges};
use crate::customer::{Customer, CustomerInput, CustomerKey};
use crate::hcp::{HomeProfiles, ProfileChange};
use crate::issued::{Issued, IssuedRow, Revocation, pseudonym};
use crate::loyalty::TierLadder;
use crate::store::{StoreTable, StoredChange};
use crate::vcp::VisitingProfiles;
use fairway_model::profile::SignedGuarantee;
use fairway_model::station::Presented;
use fairway_model::time::{DAY, HOUR};
use fairway_model::{
    AgreementId, ChargeEvent, Currency, EligibilityStatement, Guarantee, GuaranteeId, Hash,
    MemberId, Micro, OwnerId, Payment, Pseudonym, Refusal, RefusalCode, SessionId,
    SignedEligibility, SigningKey, Time,
};
pub use privacy::Erased;

/// How often rows that nobody waits for are swept out, in milliseconds.
pub const SWEEP_EVERY: i64 = HOUR;

/// What a node is made from.
#[derive(Clone)]
pub struct NodeConfig {
    /// This utility.
    pub member: MemberId,
    /// Keys pseudonyms, PIN hashes and fingerprints at home; must stay the same over restarts and is in no database.
    pub home_secret: [u8; 32],
    /// Keys the visiting profiles; another secret than the home one.
    pub visited_secret: [u8; 32],
    /// Offset of the billing months from UTC in minutes.
    pub billing_offset_minutes: i32,
    /// How loyalty tiers are earned.
    pub tiers: TierLadder,
}

impl core::fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NodeConfig({})", self.member)
    }
}

/// One utility's AAA node. The components may be read directly; changes go through the node's methods.
#[derive(Debug, Clone)]
pub struct AaaNode {
    config: NodeConfig,
    profiles: HomeProfiles,
    issued: Issued,
    visiting: VisitingProfiles,
    accounts: Accounts,
    charges: HomeCharges,
    audit: Audit,
    swept: Time,
}

/// The answer to an eligibility request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The statement for the visited utility, or the refusal for the driver.
    pub answer: Result<SignedEligibility, Refusal>,
    /// Whose credential it is, once that was established.
    pub customer: Option<CustomerKey>,
    /// What to store: reservation, statement, audit records. To be stored even with a refusal.
    pub changes: Vec<StoredChange>,
}

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
    /// An empty node.
    pub fn new(config: NodeConfig) -> Self {
        Self {
            profiles: HomeProfiles::new(config.home_secret),
            issued: Issued::default(),
            visiting: VisitingProfiles::new(config.member, config.visited_secret),
            accounts: Accounts::new(config.member),
            charges: HomeCharges::new(config.billing_offset_minutes),
            audit: Audit::default(),
            swept: Time(i64::MIN),
            config,
        }
    }

    /// Home profiles.
    pub fn profiles(&self) -> &HomeProfiles {
        &self.profiles
    }

    /// Statements issued.
    pub fn issued(&self) -> &Issued {
        &self.issued
    }

    /// Visiting profiles.
    pub fn visiting(&self) -> &VisitingProfiles {
        &self.visiting
    }

    /// Visiting profiles, to change: `remember`, `hold`, `release`, `settle`, `revoke`. Store what they return.
    pub fn visiting_mut(&mut self) -> &mut VisitingProfiles {
        &mut self.visiting
    }

    /// The books.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Charges of our drivers.
    pub fn charges(&self) -> &HomeCharges {
        &self.charges
    }

    /// Takes back a stored row; rows of append-only tables are passed over.
    ///
    /// # Errors
    /// `malformed` or `customer-invalid` with the row's table and key: the database is damaged or newer than the program.
    pub fn restore(&mut self, table: StoreTable, key: &str, body: &[u8]) -> Result<(), Refusal> {
        match table {
            StoreTable::ResidentialCustomers | StoreTable::CommercialCustomers => {
                self.profiles.restore(table, key, body)
            }
            StoreTable::VisitingProfiles => self.visiting.restore(key, body),
            StoreTable::Issued => self.issued.restore(key, body),
            StoreTable::Balances => self.accounts.restore(key, body),
            StoreTable::HomeCharges => self.charges.restore(key, body),
            StoreTable::Journal | StoreTable::Audit => Ok(()),
        }
    }

    /// Adds or changes a customer.
    ///
    /// # Errors
    /// As [`HomeProfiles::put`]; besides `customer-invalid` when a customer who owes money would become prepaid.
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

    fn revoke_here(&mut self, now: Time, places: &[Revocation]) -> Vec<StoredChange> {
        let me = self.config.member;
        let here = places.iter().filter(|p| p.visited == me);
        here.flat_map(|p| self.visiting.revoke(now, me, p.pseudonym, now))
            .collect()
    }

    /// A customer pays in: prepaid balance, or a bill.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; as [`Accounts::pay_in`].
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

    /// Answers a visited utility (or our own station) that asks whether the presenter of a credential may charge: authenticates,
    /// authorizes, reserves, and issues the statement (AA-19, CP-03). `entropy` names a new guarantee. Call it once per charge:
    /// answers to repeated messages come from what the caller kept. A statement that still has most of its life, and whose guarantee
    /// has enough left, is given out again, so that one driver's cards at one partner share one guarantee.
    pub fn decide(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        key: &SigningKey,
        request: &EligibilityRequest,
        presented: &Presented,
        rules: &AuthorizationRules,
    ) -> Decision {
        let record = |kind| AuditRecord {
            asking: Some(request.visited),
            session: Some(request.session),
            method: Some(presented.method),
            ..AuditRecord::of(kind)
        };
        let found = self
            .profiles
            .authenticate(now, request.visited, presented)
            .cloned();
        let customer = found.as_ref().ok().map(|c| c.key);
        let refused = found.as_ref().err().map(|r| r.code);
        let mut changes = vec![self.audit.record(
            now,
            AuditRecord {
                customer,
                refused,
                ..record(AuditKind::Authentication)
            },
        )];
        let found = match found {
            Ok(found) => found,
            Err(refusal) => {
                return Decision {
                    answer: Err(refusal),
                    customer: None,
                    changes,
                };
            }
        };
        let mut reasons = Vec::new();
        let answer = self.entitle(now, entropy, key, &found, request, rules, &mut reasons);
        let refused = answer.as_ref().err().map(|r| r.code);
        changes.push(self.audit.record(
            now,
            AuditRecord {
                customer,
                refused,
                reasons,
                ..record(AuditKind::Authorization)
            },
        ));
        let answer = answer.map(|(signed, stored)| {
            changes.extend(stored);
            signed
        });
        Decision {
            answer,
            customer,
            changes,
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of `decide`, cut out to keep both readable"
    )]
    fn entitle(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        key: &SigningKey,
        customer: &Customer,
        request: &EligibilityRequest,
        rules: &AuthorizationRules,
        reasons: &mut Vec<String>,
    ) -> Result<(SignedEligibility, Vec<StoredChange>), Refusal> {
        let funds = self
            .accounts
            .funds(customer.key, customer.currency, customer.floor())?;
        let judgement = judge(customer, request, rules, &funds);
        let out_of_credit = judgement
            .granted
            .as_ref()
            .is_err_and(|r| r.code == RefusalCode::CreditExhausted);
        reasons.extend(judgement.reasons);
        if judgement.granted.is_ok() || out_of_credit {
            // What an open guarantee has reserved is not free any more, but it is there for this very driver.
            if let Some(row) = self.usable_again(now, customer.key, request, rules.least) {
                reasons.push("the open guarantee for this partner has enough left".to_owned());
                return Ok((row.signed.clone(), Vec::new()));
            }
        }
        let limit = judgement.granted?;
        let guarantee =
            GuaranteeId(Hash::keyed(entropy, "fairway.guarantee-id", &request.session.0).short());
        let signed = self.statement(now, key, customer, request, rules, guarantee, limit);
        let row = IssuedRow {
            customer: customer.key,
            session: request.session,
            signed: signed.clone(),
            revoked: false,
        };
        let reservation = Reservation {
            guarantee,
            customer: customer.key,
            amount: limit,
            until: signed.statement.expires_at,
            single: customer.payment == Payment::Prepaid,
            holds: std::collections::BTreeMap::new(),
            ended: false,
        };
        let mut changes = self.accounts.reserve(now, reservation, &funds)?;
        changes.push(self.issued.add(row)?);
        Ok((signed, changes))
    }

    fn usable_again(
        &self,
        now: Time,
        customer: CustomerKey,
        request: &EligibilityRequest,
        least: Micro,
    ) -> Option<&IssuedRow> {
        let row = self.issued.again(
            now,
            customer,
            request.visited,
            request.agreement,
            request.session,
        )?;
        let left = self
            .accounts
            .reservation(row.guarantee())
            .filter(|r| !r.ended)?
            .free();
        (left >= least).then_some(row)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of the statement, which is built here only"
    )]
    fn statement(
        &self,
        now: Time,
        key: &SigningKey,
        customer: &Customer,
        request: &EligibilityRequest,
        rules: &AuthorizationRules,
        guarantee: GuaranteeId,
        limit: Micro,
    ) -> SignedEligibility {
        let postpaid = customer.payment == Payment::Postpaid;
        let ttl = if postpaid {
            rules.profile_ttl
        } else {
            rules.profile_ttl.min(SINGLE_USE_TTL)
        };
        let expires_at = now.plus(ttl.max(0));
        let promise = Guarantee {
            id: guarantee,
            agreement: request.agreement,
            limit,
            valid_until: expires_at,
        };
        let statement = EligibilityStatement {
            home: self.config.member,
            visited: request.visited,
            pseudonym: pseudonym(&self.config.home_secret, request.visited, &customer.cin),
            service: customer.service(),
            tier: customer.tier,
            class: customer.class,
            language: customer.language.clone(),
            payment: customer.payment,
            issued_at: now,
            expires_at,
            reusable: postpaid,
            standing_acceptance: postpaid,
            guarantee: SignedGuarantee::sign(promise, key),
        };
        SignedEligibility::sign(statement, key)
    }

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
        let row = self.issued.by_guarantee(guarantee).ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotAuthorized,
                format!("{guarantee} is no guarantee of ours"),
            )
        })?;
        if self.accounts.is_posted(session) {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        if self.accounts.reservation(guarantee).is_none() {
            let customer = self
                .profiles
                .by_key(row.customer)
                .ok_or_else(|| Refusal::new(RefusalCode::CinUnknown, "the customer was erased"))?;
            let funds = self
                .accounts
                .funds(customer.key, customer.currency, customer.floor())?;
            let single = customer.payment == Payment::Prepaid;
            let late = Reservation {
                guarantee,
                customer: customer.key,
                amount,
                until: now,
                single,
                holds: std::collections::BTreeMap::new(),
                ended: false,
            };
            changes.extend(self.accounts.reserve(now, late, &funds)?);
        }
        changes.extend(self.accounts.place(now, guarantee, session, amount)?);
        Ok(changes)
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
    /// As [`HomeCharges::finish`].
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
    /// As [`Accounts::post_charge`] and [`HomeCharges::settle`]; `session-unknown` when we are home and the charge was not finished
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
        self.accounts.post_charge(at, &charge)
    }

    /// One month's bill of the customer with this CIN.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; as [`HomeCharges::month`].
    pub fn bill(&self, cin: &str, year: i16, month: u8) -> Result<Bill, Refusal> {
        let customer = self.profiles.by_cin(cin)?;
        let found = self.charges.month(customer.key, year, month)?;
        Ok(Bill {
            utility: self.config.member,
            customer: customer.name.clone(),
            cin: customer.cin.digits(),
            year,
            month,
            currency: customer.currency,
            lines: found.lines,
            total: found.total,
            pending: found.pending,
        })
    }

    /// Time has passed: ends what can no longer be used and deletes what has expired.
    pub fn tick(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = self.visiting.expire(now);
        changes.extend(self.accounts.expire(now));
        if now >= self.swept.plus(SWEEP_EVERY) {
            self.swept = now;
            self.profiles.expire(now);
            let accounts = &self.accounts;
            changes.extend(
                self.issued
                    .expire(now, |id| accounts.reservation(id).is_some()),
            );
        }
        changes
    }

    /// When [`AaaNode::tick`] has something to do next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        let both = [self.visiting.next_deadline(), self.accounts.next_deadline()];
        both.into_iter().flatten().min()
    }
}
