//! What is owed and paid, and objections.

use super::charges::moved;
use super::{DAY, Judge, Life, Model, Postings, Verdict, micro};
use fairway_ledger::{Account, Dispute, Effect, Payment};
use fairway_model::{Currency, MemberId, RefusalCode};

impl Model {
    /// What one member owes another for charges that it has not paid.
    pub fn owed(&self, debtor: MemberId, creditor: MemberId, currency: Currency) -> i128 {
        if debtor == creditor {
            return 0;
        }
        let owed = self
            .charges
            .values()
            .filter(|c| c.pair == (debtor, creditor) && c.currency == currency)
            .map(|c| c.total - i128::from(c.shares.home.0));
        let paid = self
            .payments
            .iter()
            .filter(|p| (p.debtor, p.creditor, p.currency) == (debtor, creditor, currency))
            .map(|p| i128::from(p.amount.0));
        owed.sum::<i128>() - paid.sum::<i128>()
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
        charges.sum::<i128>() + payments.sum::<i128>()
    }

    pub(super) fn confirm(&mut self, by: MemberId, payment: &Payment) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == payment.creditor, RefusalCode::NotAuthorized);
        judge.must(payment.debtor != payment.creditor, RefusalCode::Malformed);
        judge.must(
            self.members.contains_key(&payment.debtor),
            RefusalCode::MemberUnknown,
        );
        let known = self
            .payments
            .iter()
            .find(|p| (p.creditor, p.reference) == (payment.creditor, payment.reference));
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
