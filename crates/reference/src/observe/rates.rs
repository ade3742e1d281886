//! What rates and conversions may change, and how they stand in the state.

use super::{Thing, read};
use crate::model::Model;
use fairway_ledger::Account;
use fairway_ledger::money::UtcDay;
use fairway_ledger::rates::{RateOperation, RateStatement};
use fairway_model::{Currency, Hash, MemberId};

pub(super) fn named(by: MemberId, operation: &RateOperation, things: &mut Vec<Thing>) {
    match operation {
        RateOperation::State(s) => things.push(Thing::Rate(by, s.base, s.quote, s.day)),
        RateOperation::Convert(signed) => {
            let c = &signed.conversion;
            things.push(Thing::Converted(c.debtor, c.creditor, c.id));
            for currency in [c.from, c.to] {
                things.push(Thing::Position(c.debtor, c.creditor, currency));
                for member in [c.debtor, c.creditor] {
                    things.push(Thing::Account(Account::Member(member), currency));
                }
            }
        }
    }
}

pub(super) fn rate(
    model: &Model,
    key: (MemberId, Currency, Currency, UtcDay),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<RateStatement> = read(shown)?;
    Ok(found.as_ref() == model.rates.stated.get(&key))
}

pub(super) fn converted(
    model: &Model,
    key: (MemberId, MemberId, Hash),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<Hash> = read(shown)?;
    Ok(found == model.rates.converted.get(&key).copied())
}
