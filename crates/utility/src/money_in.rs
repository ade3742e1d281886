//! Money that moves by itself: on every day (UTC) the member closes the cycle that ended, charges interest that is owed to it, pays
//! what it owes with tokens when the policy says so, and warns of what falls due.
//!
//! All members try, a few seconds apart, and the contract takes the first; a later one's refusal is no error. Every step may be
//! repeated at will: the contract closes, charges and pays once.

use crate::door::{Level, Table};
use crate::machine::Utility;
use crate::money::ObligationRecord;
use crate::out::Out;
use fairway_ledger::money::{CloseCycle, Debt, MoneyOperation, UtcDay};
use fairway_ledger::{Account, Operation};
use fairway_model::{Currency, MemberId, Micro, Refusal, RefusalCode, Time};
use std::collections::BTreeSet;

/// How long after midnight the first member acts, in milliseconds: clocks differ, and a block before midnight closes nothing.
const AFTER_MIDNIGHT: i64 = 2_000;
/// Pause between one member's try and the next one's, in milliseconds.
const BETWEEN_MEMBERS: i64 = 3_000;
/// Most members that wait for each other; the rest try with the last of them.
const MAX_RANK: i64 = 40;

/// The outbox key of an automatic operation; the prefix tells refusals of such from an operator's.
fn key(what: &str, of: &impl core::fmt::Display) -> String {
    format!("auto/{what}/{of}")
}

impl Utility {
    /// Our place among the members, by which we wait for others.
    fn rank(&self) -> i64 {
        let before = self.registry.members.range(..self.me.id).count();
        i64::try_from(before).unwrap_or(MAX_RANK).min(MAX_RANK)
    }

    fn begin_of(&self, day: UtcDay) -> Time {
        let wait = self.rank().saturating_mul(BETWEEN_MEMBERS);
        day.begin().plus(AFTER_MIDNIGHT).plus(wait)
    }

    /// When there is something to look at next; nothing while nothing is open.
    pub(crate) fn next_money(&self) -> Option<Time> {
        let book = &self.registry.money;
        let open = book.obligations.values().any(ObligationRecord::is_open);
        let day = self.money_day?;
        (open || !book.since.is_empty()).then(|| self.begin_of(day.plus(1)))
    }

    /// The work of a day, once a day and after a restart.
    pub(crate) fn run_money(&mut self, out: &mut Out) {
        let today = UtcDay::of(out.now);
        if self.money_day >= Some(today) || out.now < self.begin_of(today) {
            return;
        }
        self.money_day = Some(today);
        self.close_netting(out, today);
        self.charge_interest(out, today);
        self.pay_obligations(out);
        self.warn_of_due(out, today);
    }

    fn close_netting(&mut self, out: &mut Out, today: UtcDay) {
        let open: BTreeSet<Currency> = self
            .registry
            .positions
            .iter()
            .filter(|((_, _, currency), owed)| owed.0 >= currency.micros_per_minor())
            .map(|((_, _, currency), _)| *currency)
            .collect();
        let due = |currency: &Currency| {
            let since = self.registry.money.since.get(currency);
            since.is_none_or(|day| *day < today)
        };
        let due: Vec<Currency> = open.into_iter().filter(due).collect();
        for currency in due {
            let request = CloseCycle {
                currency,
                cycle: today,
                members: self.registry.members.keys().copied().collect(),
            };
            let of = format!("{currency}/{today}");
            self.act(out, key("close", &of), MoneyOperation::CloseCycle(request));
        }
    }

    fn act(&mut self, out: &mut Out, key: String, operation: MoneyOperation) {
        if self.outbox.contains(&key) {
            return;
        }
        self.submit(out, key, Operation::Money(Box::new(operation)), None, 0);
    }

    /// Of what is overdue and owed to us.
    fn charge_interest(&mut self, out: &mut Out, today: UtcDay) {
        let me = self.me.id;
        let runs = |record: &&ObligationRecord| {
            let accrued = record.state.accrued(today);
            record.id.creditor == me
                && record.is_open()
                && accrued.is_ok_and(|amount| amount > Micro::ZERO)
        };
        let obligations = self.registry.money.obligations.values();
        let due: Vec<_> = obligations.filter(runs).map(|record| record.id).collect();
        for obligation in due {
            let operation = MoneyOperation::ChargeInterest {
                obligation,
                through: today,
            };
            let of = format!("{obligation}/{today}");
            self.act(out, key("interest", &of), operation);
        }
    }

    /// Pays what we owe with tokens that the creditor accepts, as far as there are any. Called by day and after each close.
    pub(crate) fn pay_obligations(&mut self, out: &mut Out) {
        let pays = self.policy().money.is_some_and(|money| money.auto_pay);
        if !pays {
            return;
        }
        let (me, today) = (self.me.id, UtcDay::of(out.now));
        let ours = |record: &&ObligationRecord| record.id.debtor == me && record.is_open();
        let obligations = self.registry.money.obligations.values().filter(ours);
        let open: Vec<ObligationRecord> = obligations.cloned().collect();
        let mut spent = std::collections::BTreeMap::new();
        for record in open {
            let of = key("pay", &record.id);
            let accrued = record.state.accrued(today).unwrap_or_default();
            let Ok(owed) = record.state.open().and_then(|open| open.plus(accrued)) else {
                continue;
            };
            let (creditor, currency) = (record.id.creditor, record.id.currency);
            let Some((issuer, amount)) = self.tokens_for(creditor, currency, owed, &spent) else {
                continue;
            };
            if self.outbox.contains(&of) {
                continue;
            }
            let before: &mut Micro = spent.entry((issuer, currency)).or_default();
            *before = before.plus(amount).unwrap_or(*before);
            let debt = Debt::Obligation(record.id);
            let operation = MoneyOperation::Pay {
                debt,
                issuer,
                amount,
            };
            self.act(out, of, operation);
        }
    }

    /// Whose tokens can pay a creditor, and how much of what is owed: the first issuer with the most.
    fn tokens_for(
        &self,
        creditor: MemberId,
        currency: Currency,
        owed: Micro,
        spent: &std::collections::BTreeMap<(MemberId, Currency), Micro>,
    ) -> Option<(MemberId, Micro)> {
        let book = &self.registry.money;
        let held = |holder: MemberId, issuer: MemberId| {
            let account = Account::Token { holder, issuer };
            let balance = book.tokens.get(&(account, currency));
            balance.copied().unwrap_or_default()
        };
        let mut best: Option<(MemberId, Micro)> = None;
        for ((holder, issuer, of), limit) in &book.accepted {
            if *holder != creditor || *of != currency {
                continue;
            }
            let used = spent.get(&(*issuer, currency)).copied().unwrap_or_default();
            let mine = held(self.me.id, *issuer).minus(used).unwrap_or_default();
            let room = limit.minus(held(creditor, *issuer)).unwrap_or_default();
            let can = owed.min(mine).min(room);
            if can > best.map_or(Micro::ZERO, |(_, most)| most) {
                best = Some((*issuer, can));
            }
        }
        best
    }

    fn warn_of_due(&self, out: &mut Out, today: UtcDay) {
        let days = self.policy().money.map_or(0, |money| money.warn_days);
        for record in self.registry.money.obligations.values() {
            if record.id.debtor != self.me.id || !record.is_open() {
                continue;
            }
            let due = record.state.due;
            let open = record.state.open().unwrap_or_default();
            let text = format!(
                "{} {} to {} (obligation {})",
                open.text(record.id.currency),
                record.id.currency,
                record.id.creditor,
                record.id
            );
            if today > due {
                let text = format!("overdue since {due}, interest runs: {text}");
                out.log(Level::Error, None, text);
            } else if due.since(today) <= u32::from(days) {
                out.log(Level::Warn, None, format!("due on {due}: {text}"));
            }
        }
    }

    /// After a block: a close by whomever settles our own try, and what it left is paid at once.
    pub(crate) fn cycle_closed(&mut self, out: &mut Out, currency: Currency, cycle: UtcDay) {
        let of = format!("{currency}/{cycle}");
        self.answered(out, &key("close", &of));
        for forgotten in self.registry.money.forget() {
            out.delete(Table::Registry, forgotten);
        }
        self.pay_obligations(out);
    }

    /// A refusal of an operation of the group. What another did before us is no error.
    pub(crate) fn on_money_refused(&mut self, out: &mut Out, outbox_key: &str, refusal: &Refusal) {
        let early = refusal.code == RefusalCode::CycleOpen;
        if early || matches!(refusal.code, RefusalCode::Busy | RefusalCode::LedgerStalled) {
            let text = format!("the ledger refused for now: {refusal}");
            return out.log(Level::Info, None, text);
        }
        self.answered(out, outbox_key);
        let automatic = outbox_key.starts_with("auto/");
        let done_by_another = matches!(
            refusal.code,
            RefusalCode::CycleClosed
                | RefusalCode::Duplicate
                | RefusalCode::InterestCharged
                | RefusalCode::NothingDue
                // A cycle of more days than one: the grid day is another.
                | RefusalCode::TimeInvalid
        );
        let level = match (automatic, done_by_another) {
            (true, true) => Level::Info,
            (true, false) => Level::Warn,
            (false, _) => Level::Error,
        };
        out.log(
            level,
            None,
            format!("the ledger refused {outbox_key}: {refusal}"),
        );
    }
}
