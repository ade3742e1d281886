//! Posting of credits: what comes off a settled charge, in the accounts that the charge went through.

use super::Accounts;
use super::journal::{AccountName, ChargeReference, EntryKind};
use super::results::{Month, ResultKey, Sums, shortfall};
use crate::customer::CustomerKey;
use crate::store::{StoredChange, money};
use fairway_model::{
    Currency, MemberId, Micro, OwnerId, Refusal, RefusalCode, SessionId, Shares, Time,
};

/// A credit that the ledger took, as it is posted in whatever roles we have.
#[derive(Debug, Clone, Copy)]
pub struct CreditPosting<'a> {
    /// The charge.
    pub session: SessionId,
    /// What the charge's own entry refers to, where it is still known.
    pub charge: Option<&'a ChargeReference>,
    /// Home utility.
    pub home: MemberId,
    /// Visited utility.
    pub visited: MemberId,
    /// Currency.
    pub currency: Currency,
    /// What the driver gets back.
    pub amount: Micro,
    /// Who gives back how much of it; they add up to the amount.
    pub shares: Shares,
    /// Our customer, when we are home; none when he was erased: the utility keeps the amount then.
    pub customer: Option<CustomerKey>,
    /// The owner of the site, when we are the visited utility.
    pub owner: &'a OwnerId,
    /// The jurisdiction that taxed the charge, when we are the visited utility.
    pub jurisdiction: &'a str,
}

impl Accounts {
    /// Posts a credit; it counts in the results of `month`. The ledger takes a credit once, and its blocks are read once, so nothing is
    /// remembered here.
    ///
    /// # Errors
    /// `not-authorized` when this utility has no part in it; `shares-wrong` when the shares do not add up; `too-large`. Nothing is
    /// changed then.
    pub fn post_credit(
        &mut self,
        now: Time,
        month: Month,
        credit: &CreditPosting<'_>,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let kind = match (credit.home == self.me, credit.visited == self.me) {
            (true, true) => EntryKind::OwnCredit,
            (true, false) => EntryKind::HomeCredit,
            (false, true) => EntryKind::VisitedCredit,
            (false, false) => {
                let text = format!("{} has no part in {}", self.me, credit.session);
                return Err(Refusal::new(RefusalCode::NotAuthorized, text));
            }
        };
        let mut lines = Vec::new();
        if kind != EntryKind::VisitedCredit {
            lines.extend(self.home_credit(credit)?);
        }
        if kind != EntryKind::HomeCredit {
            lines.extend(self.visited_credit(credit)?);
        }
        let of = ResultKey {
            month,
            currency: credit.currency,
            home: credit.home,
            visited: credit.visited,
        };
        let more = Sums {
            credits: 1,
            credited: credit.amount,
            returned: credit.shares,
            shortfall: shortfall(&lines)?,
            ..Sums::default()
        };
        let sums = self.added(&of, more)?;
        let mut totals = self.totals.clone();
        if kind != EntryKind::VisitedCredit {
            let billed = totals.billed.entry(credit.currency).or_default();
            *billed = billed.minus(credit.amount).map_err(money)?;
        }
        let before = core::mem::replace(&mut self.totals, totals);
        let entered = self.enter(now, kind, credit.currency, credit.charge.cloned(), lines);
        let mut changes = entered.inspect_err(|_| self.totals = before)?;
        changes.extend(self.keep_results(now, of, sums));
        Ok(changes)
    }

    fn home_credit(&self, credit: &CreditPosting<'_>) -> Result<Vec<(String, Micro)>, Refusal> {
        let account = credit
            .customer
            .map_or(AccountName::Shortfall, AccountName::Driver);
        let share = credit.shares.home.negated().map_err(money)?;
        let mut lines = vec![
            (account.to_string(), credit.amount),
            (AccountName::HomeShare.to_string(), share),
        ];
        if credit.visited != self.me {
            let less = credit.shares.home.minus(credit.amount).map_err(money)?;
            lines.push((AccountName::Payable(credit.visited).to_string(), less));
        }
        Ok(lines)
    }

    fn visited_credit(&self, credit: &CreditPosting<'_>) -> Result<Vec<(String, Micro)>, Refusal> {
        let less = |amount: Micro| amount.negated().map_err(money);
        let shares = credit.shares;
        let mut lines = vec![
            (AccountName::VisitedShare.to_string(), less(shares.visited)?),
            (
                AccountName::Owner(credit.owner).to_string(),
                less(shares.owner)?,
            ),
            (
                AccountName::Tax(credit.jurisdiction).to_string(),
                less(shares.tax)?,
            ),
        ];
        if credit.home != self.me {
            let owed = credit.amount.minus(shares.home).map_err(money)?;
            lines.push((AccountName::Receivable(credit.home).to_string(), owed));
        }
        Ok(lines)
    }
}
