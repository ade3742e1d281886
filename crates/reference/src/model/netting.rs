//! Netting cycles and the obligations that they leave.

use super::{DAY, Judge, Model, Move, Place, Postings, Verdict, micro, terms};
use crate::rating;
use fairway_ledger::money::{
    CloseCycle, CycleSummary, MoneyEffect, MoneyOperation, NetTransfer, NettedPosition,
    ObligationId, PaymentReceived, PaymentSent, UtcDay,
};
use fairway_ledger::{Account, Effect, Parameter, Payment};
use fairway_model::{Currency, Hash, MemberId, RefusalCode};
use std::collections::BTreeMap;

/// An obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// As the cycle left it.
    pub amount: i128,
    /// Unpaid of it.
    pub principal: i128,
    /// Unpaid interest.
    pub interest: i128,
    /// Last day of payment in time.
    pub due: u32,
    /// Through which day interest was charged.
    pub charged: u32,
    /// Yearly interest after the due day in basis points.
    pub late_bps: u32,
    /// The debtor's newest word.
    pub sent: Option<PaymentSent>,
    /// Height of its block.
    pub height: u64,
}

impl Obligation {
    /// Unpaid, interest included.
    pub fn open(&self) -> i128 {
        self.principal + self.interest
    }

    /// Unpaid on a day, with the interest through it.
    pub fn due_through(&self, day: u32) -> i128 {
        self.open() + self.accrued(day)
    }

    /// Interest of the days that were not charged yet: actual days over 365, halves to the even neighbour.
    pub(super) fn accrued(&self, day: u32) -> i128 {
        let days = i128::from(day.saturating_sub(self.charged));
        let (n, d) = (
            self.principal * i128::from(self.late_bps) * days,
            10_000 * 365,
        );
        let (whole, rest) = (n / d, n % d);
        match (2 * rest).cmp(&d) {
            core::cmp::Ordering::Less => whole,
            core::cmp::Ordering::Greater => whole + 1,
            core::cmp::Ordering::Equal => whole + whole % 2,
        }
    }
}

/// A closed cycle as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// What it came to.
    pub summary: CycleSummary,
    /// Height and time of its block.
    pub closed: (u64, i64),
    /// Who handed it in.
    pub by: MemberId,
    /// The one before it.
    pub before: Option<UtcDay>,
}

pub(super) fn day_of(now: i64) -> u32 {
    u32::try_from(now.div_euclid(DAY).max(0)).unwrap_or(u32::MAX)
}

impl Model {
    /// What is open of a direction's obligations.
    pub fn obliged(&self, debtor: MemberId, creditor: MemberId, currency: Currency) -> i128 {
        self.obligations
            .iter()
            .filter(|(id, _)| (id.debtor, id.creditor, id.currency) == (debtor, creditor, currency))
            .map(|(_, o)| o.open())
            .sum()
    }

    /// What a close on a day takes of a position: what stood when the day began and was not paid since, not more than is owed, and
    /// nothing that is disputed.
    fn nettable(&self, pair: (MemberId, MemberId), currency: Currency, day: u32) -> i128 {
        let begin = i64::from(day) * DAY;
        let mut free = self.owed_before(pair.0, pair.1, currency, begin);
        let mut grown = false;
        for change in self.changes(pair, currency, begin) {
            if change >= 0 {
                grown = true;
            } else {
                // Before anything new came, what is paid is old; afterwards the old is paid first.
                free += change;
                free = if grown { free.max(0) } else { free };
            }
        }
        let owed = self.owed(pair.0, pair.1, currency);
        (free.min(owed) - self.frozen(pair, currency)).max(0)
    }

    pub(super) fn money(
        &mut self,
        by: MemberId,
        op: &MoneyOperation,
        place: Place,
    ) -> Option<Verdict> {
        match op {
            MoneyOperation::CloseCycle(request) => Some(self.close_cycle(by, request, place)),
            MoneyOperation::PaymentSent(sent) => Some(self.sent(by, sent, place.now)),
            MoneyOperation::PaymentReceived(got) => Some(self.received(by, got, place.now)),
            MoneyOperation::ChargeInterest {
                obligation,
                through,
            } => Some(self.interest(obligation, *through, place.now)),
            _ => None,
        }
    }

    /// The newest end of a cycle on the grid from 1970.
    pub fn newest_end(&self, now: i64) -> u32 {
        let days = self.days(Parameter::NettingCycle).max(1);
        day_of(now) / days * days
    }

    fn close_cycle(&mut self, by: MemberId, request: &CloseCycle, place: Place) -> Verdict {
        let (currency, today) = (request.currency, day_of(place.now));
        let mut judge = Judge::default();
        judge.must(terms::is_money(currency), RefusalCode::TermsInvalid);
        let before = self.last_cycle(currency);
        judge.must(
            before.is_none_or(|last| last < request.cycle),
            RefusalCode::CycleClosed,
        );
        let newest = self.newest_end(place.now);
        judge.must(request.cycle.0 <= newest, RefusalCode::CycleOpen);
        judge.must(request.cycle.0 >= newest, RefusalCode::TimeInvalid);
        let roll: Vec<MemberId> = self.members.keys().copied().collect();
        judge.must(roll == request.members, RefusalCode::MembersIncomplete);
        let mut taken: Vec<((MemberId, MemberId), i128)> = Vec::new();
        for debtor in &roll {
            for creditor in roll.iter().filter(|c| *c != debtor) {
                let amount = self.nettable((*debtor, *creditor), currency, today);
                if amount > 0 {
                    taken.push(((*debtor, *creditor), amount));
                }
            }
        }
        judge.must(!taken.is_empty(), RefusalCode::NothingDue);
        if !judge.clear() {
            return judge.refused();
        }
        let mut nets: BTreeMap<MemberId, i128> = BTreeMap::new();
        for ((debtor, creditor), amount) in &taken {
            *nets.entry(*debtor).or_default() -= amount;
            *nets.entry(*creditor).or_default() += amount;
            self.moves.push(Move::Paid {
                pair: (*debtor, *creditor),
                currency,
                amount: *amount,
                at: place.now,
            });
        }
        let coin = rating::coin(&currency.to_string());
        let transfers: Vec<NetTransfer> = few(&nets)
            .into_iter()
            .map(|(debtor, creditor, whole)| NetTransfer {
                debtor,
                creditor,
                amount: micro(whole / coin * coin),
                carried: micro(whole % coin),
            })
            .collect();
        let summary = CycleSummary {
            currency,
            cycle: request.cycle,
            gross: micro(taken.iter().map(|(_, amount)| amount).sum()),
            net: micro(transfers.iter().map(|t| i128::from(t.amount.0)).sum()),
            positions: taken.iter().map(netted).collect(),
            due: UtcDay(today + self.days(Parameter::DueTime)),
            interest_bps: self.days(Parameter::LateInterest),
            transfers,
        };
        self.oblige(&summary, place);
        let cycle = Cycle {
            summary: summary.clone(),
            closed: (place.height, place.now),
            by,
            before,
        };
        self.cycles.insert((currency, request.cycle), cycle);
        let effect = Effect::Money(Box::new(MoneyEffect::CycleClosed(summary)));
        Judge::default().verdict(effect, Postings::new())
    }

    /// The newest closed cycle of a currency.
    pub(crate) fn last_cycle(&self, currency: Currency) -> Option<UtcDay> {
        let closed = self.cycles.keys().filter(|(c, _)| *c == currency);
        closed.map(|(_, day)| *day).max()
    }

    fn oblige(&mut self, summary: &CycleSummary, place: Place) {
        for transfer in &summary.transfers {
            self.moves.push(Move::Charge {
                pair: (transfer.debtor, transfer.creditor),
                currency: summary.currency,
                amount: i128::from(transfer.carried.0),
                at: place.now,
            });
            if transfer.amount.0 == 0 {
                continue;
            }
            let id = ObligationId {
                currency: summary.currency,
                cycle: summary.cycle,
                debtor: transfer.debtor,
                creditor: transfer.creditor,
            };
            let amount = i128::from(transfer.amount.0);
            let obligation = Obligation {
                amount,
                principal: amount,
                interest: 0,
                due: summary.due.0,
                charged: summary.due.0,
                late_bps: summary.interest_bps,
                sent: None,
                height: place.height,
            };
            self.obligations.insert(id, obligation);
        }
    }

    /// A bank reference pays once.
    fn reference_free(&self, id: &ObligationId, amount: i128, reference: Hash, judge: &mut Judge) {
        let known = self
            .payments
            .iter()
            .find(|p| (p.creditor, p.reference) == (id.creditor, reference));
        if let Some(known) = known {
            let same = *known == payment(id, amount, reference);
            judge.no(if same {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
    }

    fn sent(&mut self, by: MemberId, sent: &PaymentSent, now: i64) -> Verdict {
        let (id, mut judge) = (sent.obligation, Judge::default());
        judge.must(by == id.debtor, RefusalCode::NotAuthorized);
        let amount = i128::from(sent.amount.0);
        self.reference_free(&id, amount, sent.reference, &mut judge);
        let Some(found) = self.obligations.get_mut(&id) else {
            judge.no(RefusalCode::ObligationUnknown);
            return judge.refused();
        };
        judge.must(found.sent != Some(*sent), RefusalCode::Duplicate);
        let open = found.open() + found.accrued(day_of(now));
        judge.must(amount <= open, RefusalCode::AmountOverCap);
        if judge.clear() {
            found.sent = Some(*sent);
        }
        let effect = MoneyEffect::PaymentNoted { obligation: id };
        judge.verdict(Effect::Money(Box::new(effect)), Postings::new())
    }

    fn received(&mut self, by: MemberId, got: &PaymentReceived, now: i64) -> Verdict {
        let (id, mut judge) = (got.obligation, Judge::default());
        judge.must(by == id.creditor, RefusalCode::NotAuthorized);
        let amount = i128::from(got.amount.0);
        self.reference_free(&id, amount, got.reference, &mut judge);
        let Some(found) = self.obligations.get(&id) else {
            judge.no(RefusalCode::ObligationUnknown);
            return judge.refused();
        };
        let other = found
            .sent
            .is_some_and(|s| s.reference == got.reference && s.amount != got.amount);
        judge.must(!other, RefusalCode::IdConflict);
        let due = found.due_through(day_of(now));
        judge.must(amount <= due, RefusalCode::AmountOverCap);
        if !judge.clear() {
            return judge.refused();
        }
        let (interest, open) = self.pay_off(&id, amount, now);
        self.payments.push(payment(&id, amount, got.reference));
        let mut postings = self.interest_posted(&id, interest);
        for (member, change) in [(id.debtor, amount), (id.creditor, -amount)] {
            let key = (Account::Member(member), id.currency);
            *postings.entry(key).or_default() += change;
        }
        postings.retain(|_, change| *change != 0);
        let effect = MoneyEffect::ObligationPaid {
            obligation: id,
            interest: micro(interest),
            open: micro(open),
        };
        judge.verdict(Effect::Money(Box::new(effect)), postings)
    }

    /// Charges interest through the day and takes a payment off it first, then off the principal; gives the interest and what stays
    /// open.
    pub(super) fn pay_off(&mut self, id: &ObligationId, amount: i128, now: i64) -> (i128, i128) {
        let Some(found) = self.obligations.get_mut(id) else {
            return (0, 0);
        };
        let interest = found.accrued(day_of(now));
        found.interest += interest;
        found.charged = found.charged.max(day_of(now));
        let on_interest = amount.min(found.interest);
        found.interest -= on_interest;
        found.principal -= amount - on_interest;
        (interest, found.open())
    }

    pub(super) fn interest_posted(&mut self, id: &ObligationId, amount: i128) -> Postings {
        let mut postings = Postings::from([
            ((Account::Member(id.debtor), id.currency), -amount),
            ((Account::Member(id.creditor), id.currency), amount),
        ]);
        postings.retain(|_, change| *change != 0);
        self.posted(&postings);
        postings
    }

    fn interest(&mut self, id: &ObligationId, through: UtcDay, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let Some(found) = self.obligations.get_mut(id) else {
            judge.no(RefusalCode::ObligationUnknown);
            return judge.refused();
        };
        judge.must(through.0 <= day_of(now), RefusalCode::TimeInvalid);
        judge.must(through.0 > found.due, RefusalCode::NothingDue);
        judge.must(through.0 > found.charged, RefusalCode::InterestCharged);
        let amount = found.accrued(through.0);
        judge.must(amount > 0, RefusalCode::NothingDue);
        if !judge.clear() {
            return judge.refused();
        }
        found.interest += amount;
        found.charged = through.0;
        let open = found.open();
        let postings = self.interest_posted(id, amount);
        let effect = MoneyEffect::InterestCharged {
            obligation: *id,
            through,
            amount: micro(amount),
            open: micro(open),
        };
        judge.verdict(Effect::Money(Box::new(effect)), postings)
    }
}

fn payment(id: &ObligationId, amount: i128, reference: Hash) -> Payment {
    Payment {
        debtor: id.debtor,
        creditor: id.creditor,
        currency: id.currency,
        amount: micro(amount),
        reference,
    }
}

fn netted(((debtor, creditor), amount): &((MemberId, MemberId), i128)) -> NettedPosition {
    NettedPosition {
        debtor: *debtor,
        creditor: *creditor,
        amount: micro(*amount),
    }
}

/// Few transfers that leave everybody as well off: equal and opposite balances first, then the greatest debtor to the greatest
/// creditor, the first member of equals.
fn few(nets: &BTreeMap<MemberId, i128>) -> Vec<(MemberId, MemberId, i128)> {
    let mut rest: Vec<(MemberId, i128)> = nets
        .iter()
        .filter(|(_, net)| **net != 0)
        .map(|(m, net)| (*m, *net))
        .collect();
    let mut found = Vec::new();
    for (debtor, owes) in rest.clone().into_iter().filter(|(_, net)| *net < 0) {
        let twin = rest.iter().find(|(_, net)| *net == -owes).copied();
        if let Some((creditor, net)) = twin {
            found.push((debtor, creditor, net));
            rest.retain(|(m, _)| *m != debtor && *m != creditor);
        }
    }
    loop {
        let debtor = rest
            .iter()
            .filter(|(_, n)| *n < 0)
            .min_by_key(|(m, n)| (*n, *m));
        let creditor = rest
            .iter()
            .filter(|(_, n)| *n > 0)
            .min_by_key(|(m, n)| (-*n, *m));
        let (Some((debtor, owes)), Some((creditor, due))) = (debtor.copied(), creditor.copied())
        else {
            return found;
        };
        let amount = due.min(-owes);
        found.push((debtor, creditor, amount));
        for (member, net) in &mut rest {
            if *member == debtor {
                *net += amount;
            } else if *member == creditor {
                *net -= amount;
            }
        }
    }
}
