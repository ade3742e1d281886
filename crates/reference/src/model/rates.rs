//! Rates on record, and debts that change their currency by them.
//!
//! Written from decision 0018: a statement never changes, a conversion names the statement and both parties sign it, it moves whole
//! minor units that no dispute freezes, and the other leg is rounded half-up, once, to a minor unit of its currency.

use super::netting::day_of;
use super::{Judge, Model, Move, Postings, Verdict, micro};
use crate::rating;
use fairway_ledger::money::UtcDay;
use fairway_ledger::rates::{
    Conversion, RateEffect, RateOperation, RateStatement, SignedConversion,
};
use fairway_ledger::{Account, Effect};
use fairway_model::canonical::Canonical;
use fairway_model::{Currency, Hash, MemberId, RefusalCode};
use std::collections::BTreeMap;

/// A rate serves until it is so many days old.
const OLDEST_DAYS: u32 = 4;
/// Micro-units of a major unit.
const MAJOR: i128 = 1_000_000;

/// What is known of rates.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Statements by who made them, both currencies and day.
    pub stated: BTreeMap<(MemberId, Currency, Currency, UtcDay), RateStatement>,
    /// Conversions that took effect, by debtor, creditor and id: their hashes.
    pub converted: BTreeMap<(MemberId, MemberId, Hash), Hash>,
}

/// The other leg: whole minor units, halves up.
fn other_leg(c: &Conversion) -> i128 {
    let coin = rating::coin(&c.to.to_string());
    let exact = i128::from(c.amount.0) * i128::from(c.rate.0);
    rating::half_up(exact, MAJOR * coin) * coin
}

impl Model {
    pub(super) fn rate(&mut self, by: MemberId, operation: &RateOperation, now: i64) -> Verdict {
        match operation {
            RateOperation::State(statement) => self.state_rate(by, statement, now),
            RateOperation::Convert(signed) => self.convert(by, signed, now),
        }
    }

    fn state_rate(&mut self, by: MemberId, statement: &RateStatement, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let key = (by, statement.base, statement.quote, statement.day);
        if let Some(known) = self.rates.stated.get(&key) {
            judge.no(if known == statement {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        judge.must(statement.day.0 <= day_of(now), RefusalCode::TimeInvalid);
        if judge.clear() {
            self.rates.stated.insert(key, statement.clone());
        }
        let effect = RateEffect::Stated {
            statement: Hash::of("fairway.rate.v1", &statement.to_bytes()),
        };
        judge.verdict(Effect::Rate(effect), Postings::new())
    }

    /// What of a position may be converted: nothing that a dispute freezes.
    pub fn convertible(&self, pair: (MemberId, MemberId), currency: Currency) -> i128 {
        let owed = self.owed(pair.0, pair.1, currency);
        (owed - self.frozen(pair, currency)).max(0)
    }

    fn convert(&mut self, by: MemberId, signed: &SignedConversion, now: i64) -> Verdict {
        let (c, mut judge) = (&signed.conversion, Judge::default());
        let pair = (c.debtor, c.creditor);
        judge.must(by == pair.0 || by == pair.1, RefusalCode::NotAuthorized);
        judge.must(pair.0 != pair.1, RefusalCode::Malformed);
        self.speaks(pair.0, signed.debtor_key, now, &mut judge);
        self.speaks(pair.1, signed.creditor_key, now, &mut judge);
        let content = Hash::of("fairway.conversion.v1", &c.to_bytes());
        let record = (pair.0, pair.1, c.id);
        if let Some(known) = self.rates.converted.get(&record) {
            judge.no(if *known == content {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let amount = i128::from(c.amount.0);
        let coin = rating::coin(&c.from.to_string());
        judge.must(amount % coin == 0, RefusalCode::Malformed);
        let free = self.convertible(pair, c.from);
        judge.must(amount <= free, RefusalCode::AmountOverCap);
        let key = (c.stated_by, c.from, c.to, c.day);
        let stated = self.rates.stated.get(&key);
        let same = stated.is_none_or(|s| s.rate == c.rate);
        judge.must(same, RefusalCode::IdConflict);
        let good = stated.is_some() && day_of(now) <= c.day.0.saturating_add(OLDEST_DAYS);
        judge.must(good, RefusalCode::RateUnknown);
        let Some(statement) = stated.map(|s| Hash::of("fairway.rate.v1", &s.to_bytes())) else {
            return judge.refused();
        };
        let converted = other_leg(c);
        let mut postings = Postings::new();
        for (currency, change) in [(c.from, amount), (c.to, -converted)] {
            postings.insert((Account::Member(pair.0), currency), change);
            postings.insert((Account::Member(pair.1), currency), -change);
        }
        postings.retain(|_, change| *change != 0);
        if judge.clear() {
            self.rates.converted.insert(record, content);
            self.posted(&postings);
            self.change_currency(c, (amount, converted), now);
        }
        let effect = RateEffect::Converted {
            statement,
            amount: c.amount,
            from: c.from,
            converted: micro(converted),
            to: c.to,
        };
        judge.verdict(Effect::Rate(effect), postings)
    }

    /// Paid in the one currency, owed anew in the other.
    fn change_currency(&mut self, c: &Conversion, (amount, converted): (i128, i128), at: i64) {
        let pair = (c.debtor, c.creditor);
        self.moves.push(Move::Paid {
            pair,
            currency: c.from,
            amount,
            at,
        });
        self.moves.push(Move::Charge {
            pair,
            currency: c.to,
            amount: converted,
            at,
        });
    }
}
