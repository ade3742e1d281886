//! What is owed and paid, and objections.

use super::charges::moved;
use super::{DAY, Judge, Life, Model, Move, Postings, Verdict, micro};
use fairway_ledger::{Account, Dispute, Effect, Payment};
use fairway_model::{Currency, MemberId, RefusalCode};

impl Move {
    fn currency(&self) -> Currency {
        match self {
            Self::Charge { currency, .. }
            | Self::Paid { currency, .. }
            | Self::Back { currency, .. } => *currency,
        }
    }

    fn about(&self) -> ((MemberId, MemberId), i128, i64) {
        match self {
            Self::Charge {
                pair, amount, at, ..
            }
            | Self::Paid {
                pair, amount, at, ..
            }
            | Self::Back {
                pair, amount, at, ..
            } => (*pair, *amount, *at),
        }
    }
}

impl Model {
    /// Notes what a credit changed on accounts.
    pub(super) fn posted(&mut self, postings: &Postings) {
        for ((account, currency), amount) in postings {
            self.entries.push((account.clone(), *currency, *amount));
        }
    }

    /// What one member owes another for charges that it has not paid.
    pub fn owed(&self, debtor: MemberId, creditor: MemberId, currency: Currency) -> i128 {
        if debtor == creditor {
            return 0;
        }
        self.owed_before(debtor, creditor, currency, i64::MAX)
    }

    /// What one member owed another before a time, netted amounts left out.
    pub(super) fn owed_before(
        &self,
        debtor: MemberId,
        creditor: MemberId,
        currency: Currency,
        time: i64,
    ) -> i128 {
        self.fold(debtor, creditor, currency, |_, at| at < time)
            .iter()
            .sum()
    }

    /// By how much a position changed, change by change, from a time on.
    pub(super) fn changes(
        &self,
        pair: (MemberId, MemberId),
        currency: Currency,
        from: i64,
    ) -> Vec<i128> {
        let all = self.fold(pair.0, pair.1, currency, |_, _| true);
        let before = self.fold(pair.0, pair.1, currency, |_, at| at < from);
        all.into_iter().skip(before.len()).collect()
    }

    /// The changes of a position by those moves that are wanted.
    fn fold(
        &self,
        debtor: MemberId,
        creditor: MemberId,
        currency: Currency,
        wanted: impl Fn(&Move, i64) -> bool,
    ) -> Vec<i128> {
        let mut out = Vec::new();
        let (mut there, mut back) = (0, 0);
        for change in self.moves.iter().filter(|m| m.currency() == currency) {
            let (pair, amount, at) = change.about();
            let forth = pair == (debtor, creditor);
            if !wanted(change, at) || !(forth || pair == (creditor, debtor)) {
                continue;
            }
            let (owes, owed_back) = if forth {
                (&mut there, &mut back)
            } else {
                (&mut back, &mut there)
            };
            let (first, second) = match change {
                Move::Charge { .. } => (amount, None),
                Move::Paid { .. } => (-amount, None),
                Move::Back { .. } => {
                    let off = amount.min(*owes);
                    (-off, Some(amount - off).filter(|rest| *rest != 0))
                }
            };
            *owes += first;
            *owed_back += second.unwrap_or(0);
            out.extend(if forth { Some(first) } else { second });
        }
        out
    }

    /// What an account has, added up from everything that ever moved it.
    pub fn account(&self, account: &Account, currency: Currency) -> i128 {
        let charges = self
            .charges
            .values()
            .filter(|c| c.currency == currency)
            .flat_map(moved)
            .filter(|(a, _)| a == account)
            .map(|(_, amount)| amount);
        let payments = self
            .payments
            .iter()
            .filter(|p| p.currency == currency)
            .flat_map(|p| {
                let amount = i128::from(p.amount.0);
                [
                    (Account::Member(p.debtor), amount),
                    (Account::Member(p.creditor), -amount),
                ]
            })
            .filter(|(a, _)| a == account)
            .map(|(_, amount)| amount);
        let given = self
            .entries
            .iter()
            .filter(|(a, c, _)| a == account && *c == currency)
            .map(|(_, _, amount)| *amount);
        charges.sum::<i128>() + payments.sum::<i128>() + given.sum::<i128>()
    }

    pub(super) fn confirm(&mut self, by: MemberId, payment: &Payment, now: i64) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == payment.creditor, RefusalCode::NotAuthorized);
        judge.must(payment.debtor != payment.creditor, RefusalCode::Malformed);
        judge.must(
            self.members.contains_key(&payment.debtor),
            RefusalCode::MemberUnknown,
        );
        let known = self.reference(payment.creditor, payment.reference);
        if let Some(known) = known {
            judge.no(if known == payment {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let owed = self.owed(payment.debtor, payment.creditor, payment.currency);
        let amount = i128::from(payment.amount.0);
        judge.must(amount <= owed, RefusalCode::AmountOverCap);
        if judge.clear() {
            self.payments.push(payment.clone());
            self.moves.push(Move::Paid {
                pair: (payment.debtor, payment.creditor),
                currency: payment.currency,
                amount,
                at: now,
            });
        }
        let effect = Effect::PaymentConfirmed {
            debtor: payment.debtor,
            creditor: payment.creditor,
            owed: micro(owed - amount),
            currency: payment.currency,
        };
        let postings = Postings::from([
            ((Account::Member(payment.debtor), payment.currency), amount),
            (
                (Account::Member(payment.creditor), payment.currency),
                -amount,
            ),
        ]);
        judge.verdict(effect, postings)
    }

    pub(super) fn dispute(&mut self, by: MemberId, dispute: &Dispute, now: i64) -> Verdict {
        let mut judge = Judge::default();
        if let Some((known, _)) = self.disputes.get(&(dispute.session, by)) {
            judge.no(if known == dispute {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        if let Some(charge) = self.charges.get(&dispute.session) {
            let party = by == charge.pair.0 || by == charge.pair.1;
            judge.must(party, RefusalCode::NotAuthorized);
            judge.must(now < charge.disputable, RefusalCode::TimeInvalid);
        } else if let Some(rec) = self.holds.get_mut(&dispute.session) {
            let party = by == rec.hold.guarantee.home || by == rec.hold.visited;
            judge.must(party, RefusalCode::NotAuthorized);
            judge.must(rec.life == Life::Pending, RefusalCode::HoldClosed);
            if judge.clear() {
                rec.protected = Some(rec.hold.expires_at.0 + 30 * DAY);
            }
        } else {
            judge.no(RefusalCode::SessionUnknown);
        }
        if judge.clear() {
            self.disputes
                .insert((dispute.session, by), (dispute.clone(), now));
        }
        let effect = Effect::DisputeRecorded {
            session: dispute.session,
        };
        judge.verdict(effect, Postings::new())
    }
}
