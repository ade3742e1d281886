//! Posting of settled charges: who owes whom what, in one balanced entry.

use super::journal::{AccountName, ChargeReference, EntryKind, JournalEntry, JournalLine};
use super::results::{Month, ResultKey, Sums, shortfall};
use super::{Accounts, MAX_JURISDICTION, PostedRow, Totals};
use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange, money};
use fairway_model::{ChargeEvent, Currency, Micro, OwnerId, Refusal, RefusalCode, Time};
use std::collections::BTreeMap;

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

impl Accounts {
    /// Posts a settled charge: as home, as visited utility, or, when both are this utility, both sides in one entry. The home
    /// side takes the total out of the guarantee's reservation. The charge counts in the results of `month`. The same event again changes
    /// nothing.
    ///
    /// # Errors
    /// `not-authorized` when this utility has no part in it; `id-conflict` when the charge was posted with another event;
    /// `shares-wrong` when the shares do not add up to the total or the total is negative; `customer-invalid` when the payer is
    /// missing; `evse-unavailable` when the owner is missing; `too-large`. Nothing is changed then.
    pub fn post_charge(
        &mut self,
        now: Time,
        month: Month,
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
        let (of, sums) = self.counted(month, charge, &lines)?;
        let mut totals = self.totals.clone();
        count(&mut totals, kind, charge)?;
        let before = core::mem::replace(&mut self.totals, totals);
        let entered = self.enter(now, kind, charge.currency, Some(reference), lines);
        let mut changes = entered.inspect_err(|_| self.totals = before)?;
        changes.extend(self.keep_results(now, of, sums));
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

    /// What the results of a month come to with a charge.
    fn counted(
        &self,
        month: Month,
        charge: &SettledCharge<'_>,
        lines: &[(String, Micro)],
    ) -> Result<(ResultKey, Sums), Refusal> {
        let event = charge.event;
        let of = ResultKey {
            month,
            currency: charge.currency,
            home: event.home,
            visited: event.visited,
        };
        let more = Sums {
            charges: 1,
            energy: event.usage.energy().unwrap_or_default(),
            total: event.total,
            shares: event.shares,
            shortfall: shortfall(lines)?,
            ..Sums::default()
        };
        Ok((of, self.added(&of, more)?))
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
    pub(super) fn enter(
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
