//! How an auditor folds trades of energy: from the transaction alone.

use super::op::{EnergyEffect, EnergyOperation};
use crate::books::{BooksError, Change, postings};
use crate::receipt::{Account, Effect};
use fairway_model::ids::MemberId;

/// What an applied operation of the group does; `None` when the receipt claims what it cannot do.
pub(crate) fn change(
    signer: MemberId,
    operation: &EnergyOperation,
    effect: &Effect,
) -> Result<Option<Change>, BooksError> {
    let Effect::Energy(effect) = effect else {
        return Ok(None);
    };
    match (operation, effect) {
        (EnergyOperation::State(_), EnergyEffect::Stated { .. })
        | (EnergyOperation::Offer(_), EnergyEffect::Offered { .. })
        | (EnergyOperation::Cancel(_), EnergyEffect::Cancelled { .. }) => {
            Ok(Some(Change::default()))
        }
        (EnergyOperation::Accept(acceptance), EnergyEffect::Traded { amount, .. }) => {
            let owed = acceptance.amount()?;
            let (seller, currency) = (acceptance.seller, acceptance.currency);
            let amounts = [
                (Account::Member(signer), owed.negated()?),
                (Account::Member(seller), owed),
            ];
            let change = Change {
                postings: postings(amounts, currency),
                positions: vec![(signer, seller, currency, owed)],
                ..Change::default()
            };
            Ok((owed == *amount).then_some(change))
        }
        _ => Ok(None),
    }
}
