//! The books as an auditor keeps them: all balances and positions folded from exported transactions and receipts, without the
//! state and without trusting the postings that receipts state.

mod balance;
mod money;
mod part;
mod standing;

use crate::batch;
use crate::forecast::op::{ForecastEffect, ForecastOperation};
use crate::life::{Penalty, ServiceBooks, TermsEffect, TermsOperation};
use crate::money::{ObligationId, UtcDay};
use crate::receipt::{Account, Effect, Outcome, Posting, Receipt};
use crate::tx::{Operation, Payment, Settlement, Transaction};
use core::fmt;
use fairway_model::canonical::Canonical;
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, OwnerId, SessionId};
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::price::Shares;
use money::Owed;
use standing::Standing;
use std::collections::{BTreeMap, BTreeSet};

pub use balance::Balance;
pub use part::Movements;

/// Why exported records do not fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BooksError {
    /// Not canonical bytes of a transaction or receipt; which, and why.
    Unreadable(&'static str, String),
    /// The receipt is of another transaction than the one beside it.
    OtherTransaction(Hash),
    /// The receipt's effect or postings are not what the transaction does; which transaction.
    PostingsDiffer(Hash),
    /// A charge is settled a second time.
    SettledTwice(SessionId),
    /// A record contradicts what the records before it say; which transaction, and how.
    Contradiction(Hash, &'static str),
    /// A sum does not fit.
    Money(MoneyError),
}

impl fmt::Display for BooksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(what, why) => write!(f, "no {what}: {why}"),
            Self::OtherTransaction(id) => {
                write!(f, "the receipt beside transaction {id} is of another")
            }
            Self::PostingsDiffer(id) => write!(
                f,
                "the receipt of transaction {id} states other postings than the transaction makes"
            ),
            Self::SettledTwice(session) => write!(f, "{session} is settled twice"),
            Self::Contradiction(id, what) => write!(f, "transaction {id}: {what}"),
            Self::Money(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BooksError {}

impl From<MoneyError> for BooksError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

/// Charges of one direction of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnover {
    /// How many were settled.
    pub charges: u64,
    /// Their energy.
    pub energy: Energy,
    /// What the drivers pay for them.
    pub total: Micro,
}

impl Turnover {
    /// With one charge more.
    fn with(self, charge: &Charge) -> Result<Self, BooksError> {
        const OVERFLOW: BooksError = BooksError::Money(MoneyError::Overflow("turnover"));
        Ok(Self {
            charges: self.charges.checked_add(1).ok_or(OVERFLOW)?,
            energy: self.energy.plus(charge.energy).ok_or(OVERFLOW)?,
            total: self.total.plus(charge.total)?,
        })
    }
}

/// Balances and positions after some records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    accounts: BTreeMap<(Account, Currency), Micro>,
    positions: BTreeMap<PairKey, Standing>,
    turnover: BTreeMap<PairKey, Turnover>,
    settled: BTreeMap<SessionId, BookedCharge>,
    cases: BTreeMap<(SessionId, MemberId), BookedCase>,
    credits: BTreeMap<PairKey, (u64, Micro)>,
    obligations: BTreeMap<ObligationId, Owed>,
    references: BTreeSet<(MemberId, Hash)>,
    cycles: BTreeMap<Currency, UtcDay>,
    service: ServiceBooks,
}

impl Books {
    /// Folds one record of an exported block: a transaction's bytes and its receipt's, in the order of the chain. Refused
    /// transactions change nothing; a batch is folded item by item.
    ///
    /// # Errors
    /// [`BooksError`] when the record is unreadable or contradicts itself; the books are then as before, but for the items of a batch
    /// ahead of the one that contradicts.
    pub fn record(&mut self, transaction: &[u8], receipt: &[u8]) -> Result<(), BooksError> {
        let parts = Self::read(transaction, receipt)?;
        parts
            .iter()
            .try_for_each(|(tx, receipt)| self.record_part(tx, receipt))
    }

    /// What a record holds: the transaction with its receipt, or the items of a batch with theirs; nothing when it was refused.
    fn read(transaction: &[u8], receipt: &[u8]) -> Result<Vec<(Transaction, Receipt)>, BooksError> {
        let receipt = Receipt::from_bytes(receipt)
            .map_err(|e| BooksError::Unreadable("receipt", e.to_string()))?;
        let id = Hash::plain(transaction);
        if receipt.transaction != id {
            return Err(BooksError::OtherTransaction(id));
        }
        if receipt.refusal().is_some() {
            return Self::refused(&receipt).map(|()| Vec::new());
        }
        let tx = Transaction::read(transaction)
            .map_err(|e| BooksError::Unreadable("transaction", e.to_string()))?;
        batch::parts(tx, receipt).ok_or(BooksError::PostingsDiffer(id))
    }

    fn refused(receipt: &Receipt) -> Result<(), BooksError> {
        if receipt.postings.is_empty() {
            return Ok(());
        }
        Err(BooksError::PostingsDiffer(receipt.transaction))
    }

    /// Folds one transaction that is no batch, or one item of a batch.
    fn record_part(&mut self, tx: &Transaction, receipt: &Receipt) -> Result<(), BooksError> {
        let id = receipt.transaction;
        let Outcome::Applied(effect) = &receipt.outcome else {
            return Self::refused(receipt);
        };
        let change = match (&tx.operation, effect) {
            (
                Operation::Terms(operation @ TermsOperation::CloseCycle { .. }),
                Effect::Terms(done),
            ) => {
                let penalty = self.service.closing(operation, done)?;
                penalty.map(Change::of_penalty).transpose()?
            }
            (Operation::Terms(_), Effect::Terms(done))
                if !matches!(done, TermsEffect::CycleClosed { .. }) =>
            {
                Some(Change::default())
            }
            (Operation::Money(operation), Effect::Money(effect)) => {
                return self.record_money(tx.member, operation, effect, receipt);
            }
            (Operation::Money(_) | Operation::Terms(_), _)
            | (_, Effect::Money(_) | Effect::Terms(_)) => None,
            (Operation::Case(operation), _) => self.of_case(operation, effect)?,
            (Operation::Rate(operation), _) => crate::rates::change(operation, effect)?,
            (Operation::Energy(operation), _) => {
                crate::energy::fold::change(tx.member, operation, effect)?
            }
            (operation, _) => Change::of(operation, effect)?,
        };
        let change = change.filter(|change| change.postings == receipt.postings);
        self.apply(&change.ok_or(BooksError::PostingsDiffer(id))?, receipt)?;
        self.service.note(&tx.operation, effect, receipt.time);
        Ok(())
    }

    /// What an account has; nothing when it never moved.
    pub fn account(&self, account: &Account, currency: Currency) -> Micro {
        self.accounts
            .get(&(account.clone(), currency))
            .copied()
            .unwrap_or_default()
    }

    /// Every account that ever moved, with what it has.
    pub fn accounts(&self) -> impl Iterator<Item = (&Account, Currency, Micro)> {
        let all = self.accounts.iter();
        all.map(|((account, currency), amount)| (account, *currency, *amount))
    }

    /// Every pair that ever owed, with what the first owes the second.
    pub fn positions(&self) -> impl Iterator<Item = (MemberId, MemberId, Currency, Micro)> {
        let all = self.positions.iter();
        all.map(|(&(debtor, creditor, currency), standing)| {
            let owed = standing.total().unwrap_or_default();
            (debtor, creditor, currency, owed)
        })
    }

    /// What `debtor` owes `creditor`.
    pub fn position(&self, debtor: MemberId, creditor: MemberId, currency: Currency) -> Micro {
        self.positions
            .get(&(debtor, creditor, currency))
            .and_then(|standing| standing.total().ok())
            .unwrap_or_default()
    }

    /// What is open of an obligation, interest included; nothing when no close left it.
    pub fn obligation(&self, id: &ObligationId) -> Micro {
        self.obligations
            .get(id)
            .and_then(|owed| owed.open().ok())
            .unwrap_or_default()
    }

    /// Every obligation that a close left, paid or not.
    pub fn obligations(&self) -> impl Iterator<Item = &ObligationId> {
        self.obligations.keys()
    }

    /// What open cases freeze of a position.
    fn frozen(&self, pair: PairKey) -> Result<Micro, MoneyError> {
        let open = self.cases.iter().filter(|(_, case)| !case.closed);
        let of_pair = open.filter(|((session, _), _)| {
            self.settled
                .get(session)
                .is_some_and(|c| (c.home, c.visited, c.currency) == pair)
        });
        Micro::sum(of_pair.map(|(_, case)| case.frozen))
    }

    /// Settled charges of `home`'s drivers at `visited`'s stations.
    pub fn turnover(&self, home: MemberId, visited: MemberId, currency: Currency) -> Turnover {
        self.turnover
            .get(&(home, visited, currency))
            .copied()
            .unwrap_or_default()
    }

    /// A settled charge, as far as later entries need it.
    pub(crate) fn charge(&self, session: SessionId) -> Option<&BookedCharge> {
        self.settled.get(&session)
    }

    /// A case that was opened.
    pub(crate) fn case(&self, session: SessionId, opener: MemberId) -> Option<&BookedCase> {
        self.cases.get(&(session, opener))
    }

    /// How many charges were settled.
    pub fn charges(&self) -> usize {
        self.settled.len()
    }

    /// The sum of all accounts in one currency; zero, or the books are wrong.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn sum(&self, currency: Currency) -> Result<Micro, MoneyError> {
        Micro::sum(
            self.accounts
                .iter()
                .filter(|((_, c), _)| *c == currency)
                .map(|(_, amount)| *amount),
        )
    }

    /// Everything or nothing: new values are computed before any is written.
    fn apply(&mut self, change: &Change, receipt: &Receipt) -> Result<(), BooksError> {
        let accounts = self.moved_accounts(&change.postings)?;
        let mut positions = BTreeMap::new();
        for (debtor, creditor, currency, amount) in &change.positions {
            let key = (*debtor, *creditor, *currency);
            let grows = change.charge.is_some() || *amount >= Micro::ZERO;
            positions.insert(key, self.stood(key, (*amount, grows), receipt)?);
        }
        let used = |reference| self.references.contains(&reference);
        if change.reference.is_some_and(used) {
            let id = receipt.transaction;
            return Err(BooksError::Contradiction(id, "a bank reference pays twice"));
        }
        let turnover = change.charge.as_ref().map(|c| self.grown(c)).transpose()?;
        let credited = change
            .credit
            .as_ref()
            .map(|c| self.credited(c))
            .transpose()?;
        if let (Some(grown), Some(charge)) = (turnover, &change.charge) {
            if self.settled.contains_key(&charge.session) {
                return Err(BooksError::SettledTwice(charge.session));
            }
            self.settled.insert(charge.session, charge.booked.clone());
            self.turnover.insert(charge.pair, grown);
        }
        if let (Some(sum), Some(credit)) = (credited, &change.credit) {
            self.credits.insert(credit.pair, sum);
            if let Some(charge) = self.settled.get_mut(&credit.session) {
                charge.left = credit.left;
            }
        }
        self.cases.extend(change.case);
        self.accounts.extend(accounts);
        self.positions.extend(positions);
        self.references.extend(change.reference);
        Ok(())
    }

    /// The accounts that postings change, as they are then.
    fn moved_accounts(
        &self,
        postings: &[Posting],
    ) -> Result<BTreeMap<(Account, Currency), Micro>, BooksError> {
        let mut accounts = BTreeMap::new();
        for posting in postings {
            let key = (posting.account.clone(), posting.currency);
            let before = accounts
                .get(&key)
                .copied()
                .unwrap_or_else(|| self.account(&key.0, key.1));
            accounts.insert(key, before.plus(posting.amount)?);
        }
        Ok(accounts)
    }

    /// A position after it changed: grew, or was paid by an amount below nothing.
    fn stood(
        &self,
        pair: PairKey,
        (amount, grows): (Micro, bool),
        receipt: &Receipt,
    ) -> Result<Standing, BooksError> {
        let mut standing = self.positions.get(&pair).cloned().unwrap_or_default();
        if grows {
            standing.grow(UtcDay::of(receipt.time), amount)?;
        } else if !standing.pay(amount.negated()?)? {
            let id = receipt.transaction;
            return Err(BooksError::Contradiction(id, "more is paid than is owed"));
        }
        Ok(standing)
    }

    fn grown(&self, charge: &Charge) -> Result<Turnover, BooksError> {
        self.turnover(charge.pair.0, charge.pair.1, charge.pair.2)
            .with(charge)
    }

    fn credited(&self, credit: &Credited) -> Result<(u64, Micro), BooksError> {
        let (count, sum) = self.credits.get(&credit.pair).copied().unwrap_or_default();
        Ok((count.saturating_add(1), sum.plus(credit.amount)?))
    }
}

/// Home or debtor, visited or creditor, and the currency.
pub(crate) type PairKey = (MemberId, MemberId, Currency);

/// What one applied operation does to the books.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) postings: Vec<Posting>,
    /// By how much what the first owes the second changes; no pair twice.
    pub(crate) positions: Vec<(MemberId, MemberId, Currency, Micro)>,
    pub(crate) charge: Option<Charge>,
    pub(crate) credit: Option<Credited>,
    pub(crate) case: Option<((SessionId, MemberId), BookedCase)>,
    /// To whom a bank reference paid.
    pub(crate) reference: Option<(MemberId, Hash)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Charge {
    session: SessionId,
    pair: PairKey,
    energy: Energy,
    total: Micro,
    booked: BookedCharge,
}

/// A settled charge as later entries need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookedCharge {
    pub(crate) home: MemberId,
    pub(crate) visited: MemberId,
    pub(crate) owner: OwnerId,
    pub(crate) currency: Currency,
    /// Its shares less what credits reversed.
    pub(crate) left: Shares,
}

/// A case as far as its end must fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BookedCase {
    pub(crate) claimed: Micro,
    pub(crate) answered: Option<Micro>,
    pub(crate) closed: bool,
    /// What it keeps out of netting while it is open.
    pub(crate) frozen: Micro,
}

/// A credit that takes effect.
#[derive(Debug, Clone)]
pub(crate) struct Credited {
    pub(crate) session: SessionId,
    pub(crate) pair: PairKey,
    pub(crate) amount: Micro,
    /// What is left of the charge's shares after it.
    pub(crate) left: Shares,
}

impl Change {
    /// From the operation alone; `None` when the effect is of another kind.
    fn of(operation: &Operation, effect: &Effect) -> Result<Option<Self>, BooksError> {
        match (operation, effect) {
            (Operation::SettleCharge(settlement), Effect::ChargeSettled { .. }) => {
                Self::of_charge(settlement).map(Some)
            }
            (Operation::ConfirmPayment(payment), Effect::PaymentConfirmed { .. }) => {
                Self::of_payment(payment).map(Some)
            }
            (Operation::Forecast(operation), Effect::Forecast(effect)) => {
                Self::of_forecast(operation, effect).map(Some)
            }
            (
                Operation::SettleCharge(_) | Operation::ConfirmPayment(_) | Operation::Forecast(_),
                _,
            )
            | (
                _,
                Effect::ChargeSettled { .. }
                | Effect::PaymentConfirmed { .. }
                | Effect::Case(_)
                | Effect::Energy(_)
                | Effect::Rate(_)
                | Effect::Forecast(_)
                | Effect::Batch(_),
            ) => Ok(None),
            _ => Ok(Some(Self::default())),
        }
    }

    fn of_charge(settlement: &Settlement) -> Result<Self, BooksError> {
        let (event, currency) = (settlement.event(), settlement.currency);
        let leaves_home = event.total.minus(event.shares.home)?;
        let amounts = [
            (Account::Member(event.home), leaves_home.negated()?),
            (Account::Member(event.visited), event.shares.visited),
            (Account::Owner(settlement.owner.clone()), event.shares.owner),
            (Account::Tax(event.visited), event.shares.tax),
        ];
        let owed = (event.home != event.visited).then_some((
            event.home,
            event.visited,
            currency,
            leaves_home,
        ));
        let energy = event.usage.energy().ok_or(MoneyError::Overflow("energy"))?;
        let charge = Charge {
            session: event.session,
            pair: (event.home, event.visited, currency),
            energy,
            total: event.total,
            booked: BookedCharge {
                home: event.home,
                visited: event.visited,
                owner: settlement.owner.clone(),
                currency,
                left: event.shares,
            },
        };
        Ok(Self {
            postings: postings(amounts, currency),
            positions: owed.into_iter().collect(),
            charge: Some(charge),
            ..Self::default()
        })
    }

    /// The visited utility owes home for drivers whom it refused.
    fn of_penalty(penalty: Penalty) -> Result<Self, BooksError> {
        let Penalty {
            debtor,
            creditor,
            currency,
            amount,
        } = penalty;
        let amounts = [
            (Account::Member(debtor), amount.negated()?),
            (Account::Member(creditor), amount),
        ];
        Ok(Self {
            postings: postings(amounts, currency),
            positions: vec![(debtor, creditor, currency, amount)],
            ..Self::default()
        })
    }

    /// Stakes on a forecast, settled from the scores that the receipt names.
    fn of_forecast(
        operation: &ForecastOperation,
        effect: &ForecastEffect,
    ) -> Result<Self, BooksError> {
        let (
            ForecastOperation::Score {
                parties,
                currency: Some(currency),
                ..
            },
            ForecastEffect::Scored {
                stakes: Some(stakes),
                ..
            },
        ) = (operation, effect)
        else {
            return Ok(Self::default());
        };
        let owed = stakes.owed()?;
        if parties.home == parties.visited || owed == Micro::ZERO {
            return Ok(Self::default());
        }
        let (debtor, creditor, amount) = if owed > Micro::ZERO {
            (parties.home, parties.visited, owed)
        } else {
            (parties.visited, parties.home, owed.negated()?)
        };
        Self::of_penalty(Penalty {
            debtor,
            creditor,
            currency: *currency,
            amount,
        })
    }

    fn of_payment(payment: &Payment) -> Result<Self, BooksError> {
        let Payment {
            debtor,
            creditor,
            currency,
            amount,
            reference,
        } = *payment;
        let amounts = [
            (Account::Member(debtor), amount),
            (Account::Member(creditor), amount.negated()?),
        ];
        let positions = vec![(debtor, creditor, currency, amount.negated()?)];
        Ok(Self {
            postings: postings(amounts, currency),
            positions,
            reference: Some((creditor, reference)),
            ..Self::default()
        })
    }
}

pub(crate) fn postings(
    amounts: impl IntoIterator<Item = (Account, Micro)>,
    currency: Currency,
) -> Vec<Posting> {
    let moved = amounts
        .into_iter()
        .filter(|(_, amount)| *amount != Micro::ZERO);
    moved
        .map(|(account, amount)| Posting {
            account,
            amount,
            currency,
        })
        .collect()
}

/// One line per account, position, turnover and currency sum, sorted; what two sets of books are compared by.
impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = BTreeSet::new();
        for ((account, currency), amount) in &self.accounts {
            lines.insert(format!(
                "books account {account} {currency} {}",
                amount.text(*currency)
            ));
        }
        for (debtor, creditor, currency) in self.positions.keys() {
            let amount = self.position(*debtor, *creditor, *currency);
            lines.insert(format!(
                "books position {debtor} owes {creditor} {currency} {}",
                amount.text(*currency)
            ));
        }
        for id in self.obligations.keys() {
            let open = self.obligation(id).text(id.currency);
            lines.insert(format!("books obligation {id} open {open}"));
        }
        for ((home, visited, currency), t) in &self.turnover {
            let (energy, total) = (t.energy.kwh_text(), t.total.text(*currency));
            lines.insert(format!(
                "books charges {home} at {visited} {currency} {total} for {energy} kWh in {}",
                t.charges
            ));
        }
        for ((home, visited, currency), (count, sum)) in &self.credits {
            lines.insert(format!(
                "books credits {home} at {visited} {currency} {} in {count}",
                sum.text(*currency)
            ));
        }
        for currency in self.accounts.keys().map(|(_, currency)| *currency) {
            let sum = self
                .sum(currency)
                .map_or_else(|e| e.to_string(), |sum| sum.text(currency));
            lines.insert(format!("books sum {currency} {sum}"));
        }
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
