//! The auditor's own reckoning of netting, obligations, interest and tokens.
//!
//! Nothing is taken from a receipt but what only the contracts know: a cycle's due day and interest. That the transfers of a cycle
//! are right is checked by what they must fulfil, not by the rule that found them.

use super::{Books, BooksError, PairKey, postings};
use crate::money::{
    CloseCycle, CycleSummary, Debt, MoneyEffect, MoneyOperation, NettedPosition, ObligationId,
    Pledge, UtcDay,
};
use crate::receipt::{Account, Posting, Receipt};
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError, Rounding};
use std::collections::{BTreeMap, BTreeSet};

/// An obligation as the auditor follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owed {
    principal: Micro,
    interest: Micro,
    interest_bps: u32,
    charged_through: UtcDay,
}

impl Owed {
    /// What is unpaid, interest included.
    pub(super) fn open(&self) -> Result<Micro, MoneyError> {
        self.principal.plus(self.interest)
    }

    /// Charges the interest that ran up through a day and returns it.
    fn charge(&mut self, day: UtcDay) -> Result<Micro, MoneyError> {
        let days = i64::from(day.since(self.charged_through));
        let yearly = i64::from(self.interest_bps);
        let bps_days = days.checked_mul(yearly);
        let bps_days = bps_days.ok_or(MoneyError::Overflow("interest"))?;
        let amount = self
            .principal
            .scale(bps_days, 3_650_000, Rounding::HalfEven)?;
        self.interest = self.interest.plus(amount)?;
        self.charged_through = self.charged_through.max(day);
        Ok(amount)
    }

    /// Pays interest, then principal; whether so much was open.
    fn pay(&mut self, amount: Micro) -> Result<bool, MoneyError> {
        let rest = self.interest.minus(amount)?;
        if rest >= Micro::ZERO {
            self.interest = rest;
            return Ok(true);
        }
        self.interest = Micro::ZERO;
        self.principal = self.principal.plus(rest)?;
        Ok(self.principal >= Micro::ZERO)
    }
}

/// What one money operation does; applied after everything was computed.
#[derive(Debug, Default)]
struct Step {
    postings: Vec<Posting>,
    /// What positions are paid.
    standings: Vec<(PairKey, Micro)>,
    /// What stays of them after that.
    carried: Vec<(PairKey, Micro)>,
    obligations: Vec<(ObligationId, Owed)>,
    reference: Option<(MemberId, Hash)>,
    cycle: Option<(Currency, UtcDay)>,
}

/// One applied transaction as the auditor looks at it.
struct Case<'a> {
    id: Hash,
    by: MemberId,
    today: UtcDay,
    effect: &'a MoneyEffect,
}

impl Case<'_> {
    fn wrong<T>(&self, what: &'static str) -> Result<T, BooksError> {
        Err(BooksError::Contradiction(self.id, what))
    }

    fn must(&self, holds: bool, what: &'static str) -> Result<(), BooksError> {
        if holds { Ok(()) } else { self.wrong(what) }
    }
}

impl Books {
    /// Folds an applied money operation.
    pub(super) fn record_money(
        &mut self,
        by: MemberId,
        operation: &MoneyOperation,
        effect: &MoneyEffect,
        receipt: &Receipt,
    ) -> Result<(), BooksError> {
        let case = Case {
            id: receipt.transaction,
            by,
            today: UtcDay::of(receipt.time),
            effect,
        };
        let step = self.step(&case, operation)?;
        if step.postings != receipt.postings {
            return Err(BooksError::PostingsDiffer(case.id));
        }
        let accounts = self.moved_accounts(&step.postings)?;
        let mut standings = BTreeMap::new();
        for (pair, less) in &step.standings {
            let mut standing = self.positions.get(pair).cloned().unwrap_or_default();
            case.must(standing.pay(*less)?, "more is paid than is owed")?;
            standings.insert(*pair, standing);
        }
        for (pair, more) in &step.carried {
            let found = || self.positions.get(pair).cloned().unwrap_or_default();
            let standing = standings.entry(*pair).or_insert_with(found);
            standing.grow(case.today, *more)?;
        }
        self.accounts.extend(accounts);
        self.positions.extend(standings);
        self.obligations.extend(step.obligations);
        self.references.extend(step.reference);
        self.cycles.extend(step.cycle);
        Ok(())
    }

    fn step(&self, case: &Case<'_>, operation: &MoneyOperation) -> Result<Step, BooksError> {
        match (operation, case.effect) {
            (MoneyOperation::CloseCycle(request), MoneyEffect::CycleClosed(summary)) => {
                self.close(case, request, summary)
            }
            (
                MoneyOperation::ChargeInterest {
                    obligation,
                    through,
                },
                MoneyEffect::InterestCharged { .. },
            ) => self.interest(case, obligation, *through),
            (MoneyOperation::PaymentSent(_), MoneyEffect::PaymentNoted { .. })
            | (MoneyOperation::RegisterIssuer { .. }, MoneyEffect::IssuerRegistered)
            | (MoneyOperation::AcceptIssuer { .. }, MoneyEffect::IssuerAccepted) => {
                Ok(Step::default())
            }
            (MoneyOperation::PaymentReceived(received), MoneyEffect::ObligationPaid { .. }) => {
                let id = received.obligation;
                let reference = self.fresh(case, id.creditor, received.reference)?;
                let step = self.paid(case, &id, received.amount, &[])?;
                Ok(Step {
                    reference: Some(reference),
                    ..step
                })
            }
            (
                MoneyOperation::Pay {
                    debt,
                    issuer,
                    amount,
                },
                _,
            ) => self.pay(case, debt, *issuer, *amount),
            (
                MoneyOperation::Cover {
                    obligation,
                    issuer,
                    amount,
                },
                MoneyEffect::ObligationPaid { .. },
            ) => {
                let from = collateral(obligation.debtor, obligation.creditor, *issuer);
                let to = token(obligation.creditor, *issuer);
                self.paid(case, obligation, *amount, &[(from, false), (to, true)])
            }
            _ => self.tokens(case, operation),
        }
    }

    fn tokens(&self, case: &Case<'_>, operation: &MoneyOperation) -> Result<Step, BooksError> {
        let by = case.by;
        match (operation, case.effect) {
            (MoneyOperation::Mint(mint), MoneyEffect::Minted { .. }) => {
                let (from, to) = (Account::Issued(by), token(mint.holder, by));
                moved(from, to, mint.amount, mint.currency)
            }
            (
                MoneyOperation::Transfer {
                    to,
                    issuer,
                    currency,
                    amount,
                    ..
                },
                MoneyEffect::Transferred,
            ) => {
                self.holds(case, &token(by, *issuer), *amount, *currency)?;
                moved(token(by, *issuer), token(*to, *issuer), *amount, *currency)
            }
            (MoneyOperation::RequestRedemption(r), MoneyEffect::RedemptionRequested) => {
                self.holds(case, &token(by, r.issuer), r.amount, r.currency)?;
                let waiting = redeeming(by, r.issuer);
                moved(token(by, r.issuer), waiting, r.amount, r.currency)
            }
            (
                MoneyOperation::ConfirmRedemption {
                    redemption: r,
                    reference,
                },
                MoneyEffect::Redeemed { .. },
            ) => {
                let waiting = redeeming(by, r.issuer);
                self.holds(case, &waiting, r.amount, r.currency)?;
                let reference = self.fresh(case, by, *reference)?;
                let step = moved(waiting, Account::Issued(r.issuer), r.amount, r.currency)?;
                Ok(Step {
                    reference: Some(reference),
                    ..step
                })
            }
            (MoneyOperation::DepositCollateral(p), MoneyEffect::CollateralDeposited { .. }) => {
                self.holds(case, &token(p.debtor, p.issuer), p.amount, p.currency)?;
                moved(token(p.debtor, p.issuer), pledged(p), p.amount, p.currency)
            }
            (MoneyOperation::ReleaseCollateral(p), MoneyEffect::CollateralReleased { .. }) => {
                self.holds(case, &pledged(p), p.amount, p.currency)?;
                moved(pledged(p), token(p.debtor, p.issuer), p.amount, p.currency)
            }
            _ => case.wrong("the effect is of another operation"),
        }
    }

    /// The laws of a close: complete, true to every member's balance, few, and no member pays and is paid.
    fn close(
        &self,
        case: &Case<'_>,
        request: &CloseCycle,
        summary: &CycleSummary,
    ) -> Result<Step, BooksError> {
        let (currency, cycle) = (request.currency, request.cycle);
        let named = (summary.currency, summary.cycle) == (currency, cycle);
        case.must(named, "the receipt closes another cycle")?;
        let later = self.cycles.get(&currency).is_none_or(|last| *last < cycle);
        case.must(later, "a cycle is closed twice")?;
        case.must(cycle <= case.today, "a cycle is closed before its end")?;
        let members: BTreeSet<MemberId> = request.members.iter().copied().collect();
        let (mut nets, mut gross) = (BTreeMap::<MemberId, Micro>::new(), Micro::ZERO);
        let mut standings = Vec::new();
        for (pair, standing) in self.positions.iter().filter(|(pair, _)| pair.2 == currency) {
            let taken = standing.nettable(case.today, self.frozen(*pair)?)?;
            if taken == Micro::ZERO {
                continue;
            }
            let known = members.contains(&pair.0) && members.contains(&pair.1);
            case.must(known, "a member with open positions is left out of a close")?;
            gross = gross.plus(taken)?;
            moved_between(&mut nets, (pair.0, pair.1), taken)?;
            standings.push((*pair, taken));
        }
        let taken = standings.iter().map(|(pair, amount)| NettedPosition {
            debtor: pair.0,
            creditor: pair.1,
            amount: *amount,
        });
        let told = summary.gross == gross && taken.eq(summary.positions.iter().copied());
        case.must(told, "a close does not take what stood at midnight")?;
        let obligations = check_transfers(case, summary, nets, members.len())?;
        let carried = summary.transfers.iter();
        let carried = carried.map(|t| ((t.debtor, t.creditor, currency), t.carried));
        Ok(Step {
            standings,
            carried: carried.collect(),
            obligations,
            cycle: Some((currency, cycle)),
            ..Step::default()
        })
    }

    fn obligation_of(&self, case: &Case<'_>, id: &ObligationId) -> Result<Owed, BooksError> {
        match self.obligations.get(id) {
            Some(owed) => Ok(*owed),
            None => case.wrong("no close left this obligation"),
        }
    }

    fn interest(
        &self,
        case: &Case<'_>,
        id: &ObligationId,
        through: UtcDay,
    ) -> Result<Step, BooksError> {
        let mut owed = self.obligation_of(case, id)?;
        let fresh = owed.charged_through < through && through <= case.today;
        case.must(fresh, "interest is charged twice or for a day to come")?;
        let amount = owed.charge(through)?;
        Ok(Step {
            postings: postings(
                [
                    (Account::Member(id.debtor), amount.negated()?),
                    (Account::Member(id.creditor), amount),
                ],
                id.currency,
            ),
            obligations: vec![(*id, owed)],
            ..Step::default()
        })
    }

    /// A payment of an obligation, in tokens where accounts are named: `false` those that give, `true` those that get.
    fn paid(
        &self,
        case: &Case<'_>,
        id: &ObligationId,
        amount: Micro,
        in_tokens: &[(Account, bool)],
    ) -> Result<Step, BooksError> {
        let mut owed = self.obligation_of(case, id)?;
        let mut step = Step::default();
        let accrued = owed.charge(case.today)?;
        step.postings = postings(
            [
                (Account::Member(id.debtor), accrued.negated()?),
                (Account::Member(id.creditor), accrued),
            ],
            id.currency,
        );
        case.must(owed.pay(amount)?, "more is paid than is owed")?;
        let told = matches!(case.effect, MoneyEffect::ObligationPaid { open, .. } if *open == owed.open()?);
        case.must(told, "another amount is open after the payment")?;
        step.obligations.push((*id, owed));
        let between = (id.debtor, id.creditor, id.currency);
        step.postings
            .extend(self.settled(case, between, amount, in_tokens)?);
        Ok(step)
    }

    fn pay(
        &self,
        case: &Case<'_>,
        debt: &Debt,
        issuer: MemberId,
        amount: Micro,
    ) -> Result<Step, BooksError> {
        let (debtor, creditor, _) = debt.parties();
        let accounts = [
            (token(debtor, issuer), false),
            (token(creditor, issuer), true),
        ];
        match (debt, case.effect) {
            (Debt::Obligation(id), MoneyEffect::ObligationPaid { .. }) => {
                self.paid(case, id, amount, &accounts)
            }
            (Debt::Position { .. }, MoneyEffect::PositionPaid { .. }) => Ok(Step {
                postings: self.settled(case, debt.parties(), amount, &accounts)?,
                standings: vec![(debt.parties(), amount)],
                ..Step::default()
            }),
            _ => case.wrong("the effect is of another operation"),
        }
    }

    /// The postings of a payment: the debtor is credited, the creditor's claim shrinks, tokens change hands.
    fn settled(
        &self,
        case: &Case<'_>,
        (debtor, creditor, currency): PairKey,
        amount: Micro,
        in_tokens: &[(Account, bool)],
    ) -> Result<Vec<Posting>, BooksError> {
        let mut amounts = vec![
            (Account::Member(debtor), amount),
            (Account::Member(creditor), amount.negated()?),
        ];
        for (account, gets) in in_tokens {
            if *gets {
                amounts.push((account.clone(), amount));
            } else {
                self.holds(case, account, amount, currency)?;
                amounts.push((account.clone(), amount.negated()?));
            }
        }
        Ok(postings(amounts, currency))
    }

    fn holds(
        &self,
        case: &Case<'_>,
        account: &Account,
        amount: Micro,
        currency: Currency,
    ) -> Result<(), BooksError> {
        let enough = self.account(account, currency) >= amount;
        case.must(enough, "more tokens are used than are held")
    }

    fn fresh(
        &self,
        case: &Case<'_>,
        creditor: MemberId,
        reference: Hash,
    ) -> Result<(MemberId, Hash), BooksError> {
        let fresh = !self.references.contains(&(creditor, reference));
        case.must(fresh, "a bank reference pays twice")?;
        Ok((creditor, reference))
    }
}

fn check_transfers(
    case: &Case<'_>,
    summary: &CycleSummary,
    mut nets: BTreeMap<MemberId, Micro>,
    members: usize,
) -> Result<Vec<(ObligationId, Owed)>, BooksError> {
    let few = summary.transfers.len() < members;
    case.must(few, "a close leaves more obligations than members")?;
    let (mut net, mut obligations) = (Micro::ZERO, BTreeMap::new());
    let payers: BTreeSet<MemberId> = summary.transfers.iter().map(|t| t.debtor).collect();
    for transfer in &summary.transfers {
        let one_sided = !payers.contains(&transfer.creditor);
        case.must(one_sided, "a member pays and is paid in one close")?;
        let whole = transfer.whole()?;
        case.must(whole > Micro::ZERO, "an obligation of nothing")?;
        let payable = whole.round_to_minor(summary.currency, Rounding::Down)?;
        case.must(
            transfer.amount == payable,
            "an obligation is not of whole minor units",
        )?;
        net = net.plus(transfer.amount)?;
        moved_between(&mut nets, (transfer.creditor, transfer.debtor), whole)?;
        let id = ObligationId {
            currency: summary.currency,
            cycle: summary.cycle,
            debtor: transfer.debtor,
            creditor: transfer.creditor,
        };
        let owed = Owed {
            principal: transfer.amount,
            interest: Micro::ZERO,
            interest_bps: summary.interest_bps,
            charged_through: summary.due,
        };
        let once = obligations.insert(id, owed).is_none();
        case.must(
            once,
            "two obligations between the same members in one close",
        )?;
    }
    obligations.retain(|_, owed: &mut Owed| owed.principal > Micro::ZERO);
    case.must(
        net == summary.net,
        "the net sum is not that of the obligations",
    )?;
    let true_to_all = nets.values().all(|rest| *rest == Micro::ZERO);
    case.must(
        true_to_all,
        "a close changes what a member is owed on balance",
    )?;
    Ok(obligations.into_iter().collect())
}

/// The first owes the second so much more.
fn moved_between(
    nets: &mut BTreeMap<MemberId, Micro>,
    (debtor, creditor): (MemberId, MemberId),
    amount: Micro,
) -> Result<(), MoneyError> {
    let less = nets.entry(debtor).or_default();
    *less = less.minus(amount)?;
    let more = nets.entry(creditor).or_default();
    *more = more.plus(amount)?;
    Ok(())
}

fn moved(
    from: Account,
    to: Account,
    amount: Micro,
    currency: Currency,
) -> Result<Step, BooksError> {
    let amounts = [(from, amount.negated()?), (to, amount)];
    Ok(Step {
        postings: postings(amounts, currency),
        ..Step::default()
    })
}

fn token(holder: MemberId, issuer: MemberId) -> Account {
    Account::Token { holder, issuer }
}

fn redeeming(holder: MemberId, issuer: MemberId) -> Account {
    Account::Redeeming { holder, issuer }
}

fn collateral(debtor: MemberId, creditor: MemberId, issuer: MemberId) -> Account {
    Account::Collateral {
        debtor,
        creditor,
        issuer,
    }
}

fn pledged(pledge: &Pledge) -> Account {
    collateral(pledge.debtor, pledge.creditor, pledge.issuer)
}
