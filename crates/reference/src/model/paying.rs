//! Debts that are paid with tokens, and overdue ones that the creditor takes out of the collateral.
//!
//! Written from decision 0009 and the postings of `docs/accounting.md`: final in one transaction, interest charged with every payment,
//! nobody holds more of an issuer's tokens than it accepts, and collateral is taken only when an obligation is past its grace.

use super::netting::day_of;
use super::tokens::{held_by, told, wide};
use super::{Judge, Model, Move, Postings, Verdict, micro};
use fairway_ledger::money::{Debt, MoneyEffect, MoneyOperation, ObligationId};
use fairway_ledger::{Account, Parameter};
use fairway_model::{Currency, MemberId, Micro, RefusalCode};

/// Tokens that pay: who owes whom, in which currency, where they lie, whose they are, how many.
struct Purse {
    pair: (MemberId, MemberId),
    currency: Currency,
    from: Account,
    issuer: MemberId,
    amount: Micro,
}

impl Purse {
    /// The debt shrinks on both accounts, and the tokens change hands.
    fn postings(&self) -> Postings {
        let (debtor, creditor) = self.pair;
        let amount = wide(self.amount);
        let moved = [
            (Account::Member(debtor), amount),
            (Account::Member(creditor), -amount),
            (self.from.clone(), -amount),
            (held_by(creditor, self.issuer), amount),
        ];
        let mut out = Postings::new();
        for (account, change) in moved {
            *out.entry((account, self.currency)).or_default() += change;
        }
        out.retain(|_, change| *change != 0);
        out
    }
}

impl Model {
    pub(super) fn paying(
        &mut self,
        by: MemberId,
        operation: &MoneyOperation,
        now: i64,
    ) -> Option<Verdict> {
        match operation {
            MoneyOperation::Pay {
                debt,
                issuer,
                amount,
            } => {
                let (debtor, creditor, currency) = debt.parties();
                let purse = Purse {
                    pair: (debtor, creditor),
                    currency,
                    from: held_by(debtor, *issuer),
                    issuer: *issuer,
                    amount: *amount,
                };
                let mut judge = Judge::default();
                judge.must(by == debtor, RefusalCode::NotAuthorized);
                Some(match debt {
                    Debt::Position { .. } => self.pay_position(judge, &purse, now),
                    Debt::Obligation(id) => self.pay_obligation(judge, id, &purse, now),
                })
            }
            MoneyOperation::Cover {
                obligation,
                issuer,
                amount,
            } => Some(self.cover(by, obligation, (*issuer, *amount), now)),
            _ => None,
        }
    }

    /// The tokens are there, and the creditor takes so many more.
    fn tokens_suffice(&self, purse: &Purse, judge: &mut Judge) {
        self.has(&purse.from, purse.currency, purse.amount, judge);
        let holder = (purse.pair.1, purse.issuer);
        self.has_room(holder, purse.currency, purse.amount, judge);
    }

    fn pay_position(&mut self, mut judge: Judge, purse: &Purse, now: i64) -> Verdict {
        let ((debtor, creditor), currency) = (purse.pair, purse.currency);
        judge.must(debtor != creditor, RefusalCode::Malformed);
        let owed = self.owed(debtor, creditor, currency);
        judge.must(wide(purse.amount) <= owed, RefusalCode::AmountOverCap);
        self.tokens_suffice(purse, &mut judge);
        let postings = purse.postings();
        if judge.clear() {
            self.posted(&postings);
            self.moves.push(Move::Paid {
                pair: purse.pair,
                currency,
                amount: wide(purse.amount),
                at: now,
            });
        }
        let effect = MoneyEffect::PositionPaid {
            debtor,
            creditor,
            currency,
            owed: micro(owed - wide(purse.amount)),
        };
        judge.verdict(told(effect), postings)
    }

    fn pay_obligation(
        &mut self,
        mut judge: Judge,
        id: &ObligationId,
        purse: &Purse,
        now: i64,
    ) -> Verdict {
        self.tokens_suffice(purse, &mut judge);
        let Some(found) = self.obligations.get(id) else {
            judge.no(RefusalCode::ObligationUnknown);
            return judge.refused();
        };
        let due = found.due_through(day_of(now));
        judge.must(wide(purse.amount) <= due, RefusalCode::AmountOverCap);
        if !judge.clear() {
            return judge.refused();
        }
        let (interest, open) = self.pay_off(id, wide(purse.amount), now);
        let mut postings = self.interest_posted(id, interest);
        let paid = purse.postings();
        self.posted(&paid);
        for (key, change) in paid {
            *postings.entry(key).or_default() += change;
        }
        postings.retain(|_, change| *change != 0);
        let effect = MoneyEffect::ObligationPaid {
            obligation: *id,
            interest: micro(interest),
            open: micro(open),
        };
        judge.verdict(told(effect), postings)
    }

    fn cover(
        &mut self,
        by: MemberId,
        id: &ObligationId,
        (issuer, amount): (MemberId, Micro),
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == id.creditor, RefusalCode::NotAuthorized);
        let grace = self.days(Parameter::CollateralGrace);
        let late = self.obligations.get(id);
        let late = late.is_none_or(|o| day_of(now) > o.due.saturating_add(grace));
        judge.must(late, RefusalCode::TimeInvalid);
        let purse = Purse {
            pair: (id.debtor, id.creditor),
            currency: id.currency,
            from: Account::Collateral {
                debtor: id.debtor,
                creditor: id.creditor,
                issuer,
            },
            issuer,
            amount,
        };
        self.pay_obligation(judge, id, &purse, now)
    }
}
