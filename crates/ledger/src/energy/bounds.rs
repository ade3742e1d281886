//! Checks of this group that need no state, and the state that its operations touch.

use super::op::EnergyOperation;
use super::state::{key_for_energy, key_for_energy_offer};
use crate::admit::{check_currency, check_len, check_member};
use crate::context::refuse;
use crate::keys::{
    Key, key_for_account, key_for_held, key_for_member, key_for_pair, key_for_position,
};
use crate::limits::MAX_AREA_LEN;
use crate::receipt::Account;
use fairway_model::energy::Energy;
use fairway_model::ids::MemberId;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Form and bounds.
pub(crate) fn check(operation: &EnergyOperation) -> Result<(), Refusal> {
    match operation {
        EnergyOperation::State(statement) => check_area(&statement.area),
        EnergyOperation::Offer(offer) => {
            check_area(&offer.area)?;
            check_currency(offer.currency)?;
            check_price(offer.price)?;
            check_energy(offer.energy)
        }
        EnergyOperation::Accept(acceptance) => {
            check_member(acceptance.seller)?;
            check_area(&acceptance.area)?;
            check_currency(acceptance.currency)?;
            check_price(acceptance.price)?;
            check_energy(acceptance.energy)
        }
        EnergyOperation::Cancel(cancellation) => {
            check_member(cancellation.seller)?;
            check_area(&cancellation.area)
        }
    }
}

fn check_area(area: &str) -> Result<(), Refusal> {
    check_len("bytes of the grid area", area.len(), 1, MAX_AREA_LEN)
}

fn check_price(price: Micro) -> Result<(), Refusal> {
    if price >= Micro::ZERO {
        return Ok(());
    }
    refuse(RefusalCode::Malformed, "the price is negative")
}

fn check_energy(energy: Energy) -> Result<(), Refusal> {
    if energy > Energy::ZERO {
        return Ok(());
    }
    refuse(RefusalCode::Malformed, "no energy is offered or asked for")
}

/// Every key that executing may read or write, besides those of the signer.
pub(crate) fn reads(signer: MemberId, operation: &EnergyOperation) -> Vec<Key> {
    match operation {
        EnergyOperation::State(s) => vec![key_for_energy(signer, &s.area, s.hour)],
        EnergyOperation::Offer(o) => vec![
            key_for_energy(signer, &o.area, o.hour),
            key_for_energy_offer(signer, o.id),
        ],
        EnergyOperation::Accept(a) => vec![
            key_for_member(a.seller),
            key_for_energy_offer(a.seller, a.id),
            key_for_energy(a.seller, &a.area, a.hour),
            key_for_energy(signer, &a.area, a.hour),
            key_for_pair(signer, a.seller),
            key_for_held(signer, a.seller, a.currency),
            key_for_position(signer, a.seller, a.currency),
            key_for_account(&Account::Member(signer), a.currency),
            key_for_account(&Account::Member(a.seller), a.currency),
        ],
        EnergyOperation::Cancel(c) => vec![
            key_for_energy_offer(c.seller, c.id),
            key_for_energy(c.seller, &c.area, c.hour),
        ],
    }
}
