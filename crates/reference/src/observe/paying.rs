//! What paying with tokens, and covering out of collateral, may change.

use super::Thing;
use fairway_ledger::Account;
use fairway_ledger::money::{Debt, MoneyOperation};
use fairway_model::{Currency, MemberId};

pub(super) fn named(operation: &MoneyOperation, things: &mut Vec<Thing>) {
    match operation {
        MoneyOperation::Pay { debt, issuer, .. } => {
            let (debtor, creditor, c) = debt.parties();
            if let Debt::Obligation(id) = debt {
                things.push(Thing::Obligation(*id));
            }
            let from = Account::Token {
                holder: debtor,
                issuer: *issuer,
            };
            things.extend(moved((debtor, creditor), from, *issuer, c));
        }
        MoneyOperation::Cover {
            obligation: id,
            issuer,
            ..
        } => {
            things.push(Thing::Obligation(*id));
            let from = Account::Collateral {
                debtor: id.debtor,
                creditor: id.creditor,
                issuer: *issuer,
            };
            things.extend(moved((id.debtor, id.creditor), from, *issuer, id.currency));
        }
        _ => {}
    }
}

fn moved(
    (debtor, creditor): (MemberId, MemberId),
    from: Account,
    issuer: MemberId,
    c: Currency,
) -> [Thing; 5] {
    let to = Account::Token {
        holder: creditor,
        issuer,
    };
    [
        Thing::Position(debtor, creditor, c),
        Thing::Account(Account::Member(debtor), c),
        Thing::Account(Account::Member(creditor), c),
        Thing::Account(from, c),
        Thing::Account(to, c),
    ]
}
