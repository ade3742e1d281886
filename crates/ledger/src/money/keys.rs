//! Where each value of [`super::state`] sits.

use crate::keys::{Key, key};
use crate::money::operation::{ObligationId, RedemptionId, UtcDay};
use fairway_model::ids::MemberId;
use fairway_model::money::Currency;

/// Of [`super::state::LastCycle`].
pub fn key_for_last_cycle(currency: Currency) -> Key {
    key("fairway.state.money-last-cycle", &currency)
}

/// Of [`super::state::CycleState`].
pub fn key_for_cycle(currency: Currency, cycle: UtcDay) -> Key {
    key("fairway.state.money-cycle", &(currency, cycle))
}

/// Of [`super::state::ObligationState`].
pub fn key_for_obligation(obligation: &ObligationId) -> Key {
    key("fairway.state.money-obligation", obligation)
}

/// Of [`super::state::IssuerState`].
pub fn key_for_issuer(issuer: MemberId, currency: Currency) -> Key {
    key("fairway.state.money-issuer", &(issuer, currency))
}

/// Of [`super::state::AcceptanceState`].
pub fn key_for_acceptance(holder: MemberId, issuer: MemberId, currency: Currency) -> Key {
    key(
        "fairway.state.money-acceptance",
        &(holder, issuer, currency),
    )
}

/// Of [`super::state::RedemptionState`].
pub fn key_for_redemption(holder: MemberId, id: RedemptionId) -> Key {
    key("fairway.state.money-redemption", &(holder, id))
}
