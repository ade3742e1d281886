//! Where credits and cases sit.

use crate::keys::{Key, key};
use fairway_model::ids::{CreditId, MemberId, SessionId};
use fairway_model::money::Currency;

/// Of [`super::state::CreditState`]: what is credited of a charge.
pub fn key_for_credits(session: SessionId) -> Key {
    key("fairway.state.case-credits", &session)
}

/// Of [`super::state::CreditRecord`]: one credit.
pub fn key_for_credit(session: SessionId, credit: CreditId) -> Key {
    key("fairway.state.case-credit", &(session, credit))
}

/// Of [`super::state::CaseState`]: one per charge and party.
pub fn key_for_case(session: SessionId, opener: MemberId) -> Key {
    key("fairway.state.case", &(session, opener))
}

/// Of a [`crate::state::BalanceState`]: what of `debtor`'s position at `creditor` is disputed and left out of netting.
pub fn key_for_frozen(debtor: MemberId, creditor: MemberId, currency: Currency) -> Key {
    key("fairway.state.case-frozen", &(debtor, creditor, currency))
}
