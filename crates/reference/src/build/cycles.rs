//! Netting cycles and obligations.

use super::Builder;
use crate::cast::Missing;
use crate::model::netting::Obligation;
use crate::step::{Fault, ObligationStep, What};
use fairway_ledger::money::{
    CloseCycle, Debt, MoneyOperation, ObligationId, PaymentReceived, PaymentSent, UtcDay,
};
use fairway_ledger::{Account, Operation};
use fairway_model::time::DAY;
use fairway_model::{Currency, Hash, MemberId, Micro};

/// Everybody's tokens are those of this member.
pub(crate) const ISSUER: usize = 0;

impl Builder<'_> {
    /// Who signs: of a step about an obligation the party that may, when it is to be right.
    pub(super) fn signer(&self) -> usize {
        let What::Owed(which, true, part) = self.step.what else {
            return self.step.by;
        };
        let id = self.obligation(which).ok();
        let party = match part {
            ObligationStep::Sent(..) | ObligationStep::Tokens(_) => id.map(|id| id.debtor),
            ObligationStep::Received(..) | ObligationStep::Cover(_) => id.map(|id| id.creditor),
            ObligationStep::Interest(..) => None,
        };
        let place = self.cast.members.iter().position(|m| Some(*m) == party);
        place.unwrap_or(self.step.by)
    }

    /// One of the obligations that the ledger has, or one that nobody has.
    fn obligation(&self, which: usize) -> Result<ObligationId, Missing> {
        let all: Vec<&ObligationId> = self.model.obligations.keys().collect();
        let found = which.checked_rem(all.len()).and_then(|at| all.get(at));
        match (found, self.cast.members.as_slice()) {
            (Some(id), _) => Ok(**id),
            (None, [debtor, creditor, ..]) => Ok(ObligationId {
                currency: Currency::USD,
                cycle: UtcDay(1),
                debtor: *debtor,
                creditor: *creditor,
            }),
            _ => Err(Missing("no members".to_owned())),
        }
    }

    pub(super) fn close_cycle(
        &self,
        pair: usize,
        version: u32,
        days: i64,
    ) -> Result<Operation, Missing> {
        let mut currency = self.cast.terms(pair, version)?.currency;
        let today = i64::from(self.model.newest_end(self.step.at)) + days;
        let mut members: Vec<MemberId> = self.model.members.keys().copied().collect();
        match self.step.fault {
            Fault::Unsound(0) => {
                members.pop();
            }
            Fault::Unsound(1) => members.reverse(),
            Fault::Unsound(_) => currency = Currency::parse("XTS")?,
            _ => {}
        }
        let request = CloseCycle {
            currency,
            cycle: UtcDay(u32::try_from(today).unwrap_or(0)),
            members,
        };
        let operation = MoneyOperation::CloseCycle(request);
        Ok(Operation::Money(Box::new(operation)))
    }

    pub(super) fn owed(&self, which: usize, part: ObligationStep) -> Result<Operation, Missing> {
        let id = self.obligation(which)?;
        let found = self.model.obligations.get(&id);
        let open = found.map_or(1_000, Obligation::open);
        let amount = |per_mille: i64| {
            let part = open * i128::from(per_mille) / 1_000;
            let amount = match self.step.fault {
                Fault::Amount(more) => part + i128::from(more),
                Fault::AmountIs(amount) => i128::from(amount),
                _ => part,
            };
            Micro(i64::try_from(amount).unwrap_or(i64::MAX))
        };
        let hash = |reference: u32| Hash::plain(&reference.to_be_bytes());
        let operation = match part {
            ObligationStep::Sent(per_mille, reference) => {
                MoneyOperation::PaymentSent(PaymentSent {
                    obligation: id,
                    amount: amount(per_mille),
                    reference: hash(reference),
                    message: Hash::plain(b"pain.001"),
                })
            }
            ObligationStep::Received(per_mille, reference) => {
                MoneyOperation::PaymentReceived(PaymentReceived {
                    obligation: id,
                    amount: amount(per_mille),
                    reference: hash(reference),
                })
            }
            ObligationStep::Tokens(per_mille) => {
                let issuer = self.cast.member(ISSUER)?;
                let holder = id.debtor;
                let from = Account::Token { holder, issuer };
                MoneyOperation::Pay {
                    debt: Debt::Obligation(id),
                    issuer,
                    amount: self.purse(amount(per_mille), &id, &from),
                }
            }
            ObligationStep::Cover(per_mille) => {
                let issuer = self.cast.member(ISSUER)?;
                let from = Account::Collateral {
                    debtor: id.debtor,
                    creditor: id.creditor,
                    issuer,
                };
                MoneyOperation::Cover {
                    obligation: id,
                    issuer,
                    amount: self.purse(amount(per_mille), &id, &from),
                }
            }
            ObligationStep::Interest(days) => {
                let day = self.step.at.div_euclid(DAY) + days;
                MoneyOperation::ChargeInterest {
                    obligation: id,
                    through: UtcDay(u32::try_from(day).unwrap_or(0)),
                }
            }
        };
        Ok(Operation::Money(Box::new(operation)))
    }

    /// An amount; or with a fault all that is open with its interest, all tokens that pay, or all that the creditor still takes, and
    /// so many micro-units more.
    fn purse(&self, amount: Micro, id: &ObligationId, from: &Account) -> Micro {
        let all = match self.step.fault {
            Fault::ToCap(more) => {
                let day = u32::try_from(self.step.at.div_euclid(DAY)).unwrap_or(0);
                let found = self.model.obligations.get(id);
                found.map_or(1, |o| o.due_through(day)) + i128::from(more)
            }
            Fault::ToExposure(more) => self.model.account(from, id.currency) + i128::from(more),
            Fault::ToGuarantee(more) => {
                let (Some(issuer), holder) = (self.cast.members.get(ISSUER), id.creditor) else {
                    return amount;
                };
                let limit = self.model.tokens.taken.get(&(holder, *issuer, id.currency));
                let issuer = *issuer;
                let held = self
                    .model
                    .account(&Account::Token { holder, issuer }, id.currency);
                limit.map_or(1, |l| i128::from(l.0) - held) + i128::from(more)
            }
            _ => return amount,
        };
        Micro(i64::try_from(all).unwrap_or(i64::MAX))
    }
}
