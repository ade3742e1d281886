//! Tokens and collateral. What somebody holds is added up from all postings that there ever were.

use super::{Judge, Model, Postings, Verdict, micro, terms};
use fairway_ledger::money::{
    Mint, MoneyEffect, MoneyOperation, Pledge, Redemption, RedemptionId, Reserve,
};
use fairway_ledger::{Account, Effect, Payment};
use fairway_model::{Currency, Hash, MemberId, Micro, RefusalCode};
use std::collections::BTreeMap;

/// What is known of tokens beside who holds them.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Cap, terms and newest reserve of who issues.
    pub issuers: BTreeMap<(MemberId, Currency), (Micro, Hash, Option<Reserve>)>,
    /// Up to which amount a holder takes an issuer's tokens.
    pub taken: BTreeMap<(MemberId, MemberId, Currency), Micro>,
    /// Requests to be paid out: content, when, and by which reference it was done.
    pub requests: BTreeMap<(MemberId, RedemptionId), (Redemption, i64, Option<Hash>)>,
    /// What issuers paid out.
    pub paid_out: Vec<Payment>,
}

pub(super) fn held_by(holder: MemberId, issuer: MemberId) -> Account {
    Account::Token { holder, issuer }
}

pub(super) fn wide(amount: Micro) -> i128 {
    i128::from(amount.0)
}

fn moved(from: Account, to: Account, currency: Currency, amount: Micro) -> Postings {
    Postings::from([
        ((from, currency), -wide(amount)),
        ((to, currency), wide(amount)),
    ])
}

impl Model {
    /// What secures the debts of one member to another.
    pub fn pledged(&self, debtor: MemberId, creditor: MemberId, currency: Currency) -> i128 {
        let of_pair = |account: &Account| matches!(account, Account::Collateral { debtor: d, creditor: c, .. } if (*d, *c) == (debtor, creditor));
        self.entries
            .iter()
            .filter(|(account, c, _)| of_pair(account) && *c == currency)
            .map(|(_, _, amount)| *amount)
            .sum()
    }

    /// Tokens of an issuer that are in the world.
    pub fn outstanding(&self, issuer: MemberId, currency: Currency) -> i128 {
        -self.account(&Account::Issued(issuer), currency)
    }

    /// What of its collateral a debtor may take back.
    pub fn free_collateral(
        &self,
        (debtor, creditor): (MemberId, MemberId),
        currency: Currency,
        now: i64,
    ) -> i128 {
        let open = self.owed(debtor, creditor, currency)
            + self.obliged(debtor, creditor, currency)
            + self.held((debtor, creditor), currency);
        let live = self.remembered(debtor, creditor);
        let asked = live
            .iter()
            .filter(|a| now < a.until() && a.terms.currency == currency)
            .filter_map(|a| a.terms.collateral.map(wide))
            .max();
        let needed = open.max(asked.unwrap_or(0));
        (self.pledged(debtor, creditor, currency) - needed).max(0)
    }

    pub(super) fn token(
        &mut self,
        by: MemberId,
        operation: &MoneyOperation,
        now: i64,
    ) -> Option<Verdict> {
        let verdict = match operation {
            MoneyOperation::RegisterIssuer {
                currency,
                cap,
                terms,
            } => self.issue(by, *currency, *cap, *terms),
            MoneyOperation::AcceptIssuer {
                issuer,
                currency,
                limit,
            } => self.take(by, *issuer, *currency, *limit),
            MoneyOperation::Mint(mint) => self.mint(by, mint, now),
            MoneyOperation::Transfer {
                to,
                issuer,
                currency,
                amount,
                ..
            } => self.give((by, *to), *issuer, *currency, *amount),
            MoneyOperation::RequestRedemption(wanted) => self.ask_out(by, wanted, now),
            MoneyOperation::ConfirmRedemption {
                redemption,
                reference,
            } => self.paid_out(by, redemption, *reference),
            MoneyOperation::DepositCollateral(pledge) => self.deposit(by, pledge),
            MoneyOperation::ReleaseCollateral(pledge) => self.release(by, pledge, now),
            _ => return None,
        };
        if let Verdict::Applied(_, postings) = &verdict {
            let postings = postings.clone();
            self.posted(&postings);
        }
        Some(verdict)
    }

    fn issue(&mut self, by: MemberId, currency: Currency, cap: Micro, words: Hash) -> Verdict {
        let mut judge = Judge::default();
        judge.must(terms::is_money(currency), RefusalCode::TermsInvalid);
        let known = self.tokens.issuers.get(&(by, currency)).copied();
        let same = known.is_some_and(|(c, t, _)| (c, t) == (cap, words));
        judge.must(!same, RefusalCode::Duplicate);
        let enough = self.outstanding(by, currency) <= wide(cap);
        judge.must(enough, RefusalCode::AmountOverCap);
        if judge.clear() {
            let reserve = known.and_then(|(.., reserve)| reserve);
            let issuer = (cap, words, reserve);
            self.tokens.issuers.insert((by, currency), issuer);
        }
        judge.verdict(told(MoneyEffect::IssuerRegistered), Postings::new())
    }

    fn take(
        &mut self,
        by: MemberId,
        issuer: MemberId,
        currency: Currency,
        limit: Micro,
    ) -> Verdict {
        let mut judge = Judge::default();
        let known = self.tokens.issuers.contains_key(&(issuer, currency));
        judge.must(known, RefusalCode::IssuerUnknown);
        let key = (by, issuer, currency);
        let same = self.tokens.taken.get(&key) == Some(&limit);
        judge.must(!same, RefusalCode::Duplicate);
        if judge.clear() {
            self.tokens.taken.insert(key, limit);
        }
        judge.verdict(told(MoneyEffect::IssuerAccepted), Postings::new())
    }

    /// Whether a holder takes so many more.
    pub(super) fn has_room(
        &self,
        (holder, issuer): (MemberId, MemberId),
        currency: Currency,
        amount: Micro,
        judge: &mut Judge,
    ) {
        let limit = self.tokens.taken.get(&(holder, issuer, currency));
        let then = self.account(&held_by(holder, issuer), currency) + wide(amount);
        judge.must(
            limit.is_some_and(|limit| then <= wide(*limit)),
            RefusalCode::TokensNotAccepted,
        );
    }

    pub(super) fn has(
        &self,
        account: &Account,
        currency: Currency,
        amount: Micro,
        judge: &mut Judge,
    ) {
        let held = self.account(account, currency);
        judge.must(wide(amount) <= held, RefusalCode::TokensMissing);
    }

    fn mint(&mut self, by: MemberId, mint: &Mint, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let currency = mint.currency;
        let Some((cap, words, reserve)) = self.tokens.issuers.get(&(by, currency)).copied() else {
            judge.no(RefusalCode::IssuerUnknown);
            return judge.refused();
        };
        let newest = reserve.map_or(i64::MIN, |r| r.as_of.0);
        let timely = (newest..=now).contains(&mint.reserve.as_of.0);
        judge.must(timely, RefusalCode::TimeInvalid);
        self.has_room((mint.holder, by), currency, mint.amount, &mut judge);
        let then = self.outstanding(by, currency) + wide(mint.amount);
        let most = wide(cap.min(mint.reserve.amount));
        judge.must(then <= most, RefusalCode::AmountOverCap);
        if judge.clear() {
            let issuer = (cap, words, Some(mint.reserve));
            self.tokens.issuers.insert((by, currency), issuer);
        }
        let effect = MoneyEffect::Minted {
            outstanding: micro(then),
        };
        let postings = moved(
            Account::Issued(by),
            held_by(mint.holder, by),
            currency,
            mint.amount,
        );
        judge.verdict(told(effect), postings)
    }

    fn give(
        &mut self,
        (from, to): (MemberId, MemberId),
        issuer: MemberId,
        currency: Currency,
        amount: Micro,
    ) -> Verdict {
        let mut judge = Judge::default();
        judge.must(from != to, RefusalCode::Malformed);
        self.has(&held_by(from, issuer), currency, amount, &mut judge);
        self.has_room((to, issuer), currency, amount, &mut judge);
        let postings = moved(held_by(from, issuer), held_by(to, issuer), currency, amount);
        judge.verdict(told(MoneyEffect::Transferred), postings)
    }

    fn ask_out(&mut self, by: MemberId, wanted: &Redemption, now: i64) -> Verdict {
        let mut judge = Judge::default();
        if let Some((known, ..)) = self.tokens.requests.get(&(by, wanted.id)) {
            judge.no(if known == wanted {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let (issuer, currency) = (wanted.issuer, wanted.currency);
        self.has(&held_by(by, issuer), currency, wanted.amount, &mut judge);
        if judge.clear() {
            let request = (*wanted, now, None);
            self.tokens.requests.insert((by, wanted.id), request);
        }
        let waiting = Account::Redeeming { holder: by, issuer };
        let postings = moved(held_by(by, issuer), waiting, currency, wanted.amount);
        judge.verdict(told(MoneyEffect::RedemptionRequested), postings)
    }

    fn paid_out(&mut self, by: MemberId, wanted: &Redemption, reference: Hash) -> Verdict {
        let mut judge = Judge::default();
        let (issuer, currency) = (wanted.issuer, wanted.currency);
        let known = self.tokens.requests.get(&(by, wanted.id)).copied();
        let Some((_, at, paid)) = known.filter(|(known, ..)| known == wanted) else {
            judge.no(RefusalCode::RedemptionUnknown);
            return judge.refused();
        };
        judge.must(paid.is_none(), RefusalCode::Duplicate);
        let used = self.reference(by, reference).is_some();
        judge.must(!used, RefusalCode::IdConflict);
        let then = self.outstanding(issuer, currency) - wide(wanted.amount);
        if judge.clear() {
            let request = (*wanted, at, Some(reference));
            self.tokens.requests.insert((by, wanted.id), request);
            self.tokens.paid_out.push(Payment {
                debtor: issuer,
                creditor: by,
                currency,
                amount: wanted.amount,
                reference,
            });
        }
        let effect = MoneyEffect::Redeemed {
            outstanding: micro(then),
        };
        let waiting = Account::Redeeming { holder: by, issuer };
        let postings = moved(waiting, Account::Issued(issuer), currency, wanted.amount);
        judge.verdict(told(effect), postings)
    }

    /// What a bank reference paid to a creditor.
    pub(crate) fn reference(&self, creditor: MemberId, reference: Hash) -> Option<&Payment> {
        let all = self.payments.iter().chain(&self.tokens.paid_out);
        all.into_iter()
            .find(|p| (p.creditor, p.reference) == (creditor, reference))
    }

    fn deposit(&mut self, by: MemberId, pledge: &Pledge) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == pledge.debtor, RefusalCode::NotAuthorized);
        judge.must(pledge.debtor != pledge.creditor, RefusalCode::Malformed);
        let key = (pledge.creditor, pledge.issuer, pledge.currency);
        let takes = self.tokens.taken.contains_key(&key);
        judge.must(takes, RefusalCode::TokensNotAccepted);
        let own = held_by(pledge.debtor, pledge.issuer);
        self.has(&own, pledge.currency, pledge.amount, &mut judge);
        let then = self.pledged(pledge.debtor, pledge.creditor, pledge.currency);
        let effect = MoneyEffect::CollateralDeposited {
            collateral: micro(then + wide(pledge.amount)),
        };
        let postings = moved(own, secured(pledge), pledge.currency, pledge.amount);
        judge.verdict(told(effect), postings)
    }

    fn release(&mut self, by: MemberId, pledge: &Pledge, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let pair = (pledge.debtor, pledge.creditor);
        judge.must(by == pair.0 || by == pair.1, RefusalCode::NotAuthorized);
        self.has(&secured(pledge), pledge.currency, pledge.amount, &mut judge);
        if by == pair.0 {
            let free = self.free_collateral(pair, pledge.currency, now);
            let enough = wide(pledge.amount) <= free;
            judge.must(enough, RefusalCode::CollateralNeeded);
        }
        // Back in the debtor's hand they are tokens like any other.
        let back = (pledge.debtor, pledge.issuer);
        self.has_room(back, pledge.currency, pledge.amount, &mut judge);
        let then = self.pledged(pair.0, pair.1, pledge.currency) - wide(pledge.amount);
        let effect = MoneyEffect::CollateralReleased {
            collateral: micro(then),
        };
        let own = held_by(pledge.debtor, pledge.issuer);
        let postings = moved(secured(pledge), own, pledge.currency, pledge.amount);
        judge.verdict(told(effect), postings)
    }
}

fn secured(pledge: &Pledge) -> Account {
    Account::Collateral {
        debtor: pledge.debtor,
        creditor: pledge.creditor,
        issuer: pledge.issuer,
    }
}

pub(super) fn told(effect: MoneyEffect) -> Effect {
    Effect::Money(Box::new(effect))
}
