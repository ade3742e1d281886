//! Where each state value sits: 32-byte keys made by hashing, so that they spread evenly and never collide across kinds.

use crate::receipt::Account;
use crate::tx::TxNonce;
use fairway_model::agreement::AgreementId;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, GuaranteeId, MemberId, SessionId, StationId};
use fairway_model::money::Currency;

/// Key of one state value.
pub type Key = [u8; 32];

pub(crate) fn key(kind: &str, parts: &impl Canonical) -> Key {
    Hash::of(kind, &parts.to_bytes()).0
}

/// Of [`crate::state::MemberState`].
pub fn key_for_member(member: MemberId) -> Key {
    key("fairway.state.member", &member)
}

/// Of [`crate::state::PrefixState`]: the digits themselves or the beginning of longer registered ones.
pub fn key_for_prefix(digits: &str) -> Key {
    key("fairway.state.prefix", &digits.to_owned())
}

/// Of [`crate::state::NodeState`]: one AAA node number of a member.
pub fn key_for_node(member: MemberId, node: &str) -> Key {
    key("fairway.state.node", &(member, node.to_owned()))
}

/// Of [`crate::state::EvseState`].
pub fn key_for_evse(evse: &EvseId) -> Key {
    Hash::of("fairway.state.evse", evse.as_str().as_bytes()).0
}

/// Of [`crate::state::StationState`].
pub fn key_for_station(station: &StationId) -> Key {
    Hash::of("fairway.state.station", station.as_str().as_bytes()).0
}

/// Of the terms ([`fairway_model::Agreement`]), which never change.
pub fn key_for_agreement(agreement: AgreementId) -> Key {
    key("fairway.state.agreement", &agreement)
}

/// Of [`crate::state::AgreementStatus`].
pub fn key_for_agreement_status(agreement: AgreementId) -> Key {
    key("fairway.state.agreement-status", &agreement)
}

/// Of [`crate::state::PairState`]: which agreement prices new charges of `home`'s drivers at `visited`'s stations.
pub fn key_for_pair(home: MemberId, visited: MemberId) -> Key {
    key("fairway.state.pair", &(home, visited))
}

/// Of [`crate::state::HeldState`]: the sum of pending holds of `home`'s drivers at `visited`'s stations.
pub fn key_for_held(home: MemberId, visited: MemberId, currency: Currency) -> Key {
    key("fairway.state.held", &(home, visited, currency))
}

/// Of [`crate::state::HoldState`].
pub fn key_for_hold(session: SessionId) -> Key {
    key("fairway.state.hold", &session)
}

/// Of [`crate::state::GuaranteeState`].
pub fn key_for_guarantee(home: MemberId, guarantee: GuaranteeId) -> Key {
    key("fairway.state.guarantee", &(home, guarantee))
}

/// Of [`crate::state::ChargeState`].
pub fn key_for_charge(session: SessionId) -> Key {
    key("fairway.state.charge", &session)
}

/// Of a [`crate::state::BalanceState`]: what an account has.
pub fn key_for_account(account: &Account, currency: Currency) -> Key {
    key("fairway.state.account", &(account.clone(), currency))
}

/// Of a [`crate::money::PositionState`]: what `debtor` owes `creditor`.
pub fn key_for_position(debtor: MemberId, creditor: MemberId, currency: Currency) -> Key {
    key("fairway.state.position", &(debtor, creditor, currency))
}

/// Of [`crate::state::DisputeState`]: one per charge and party.
pub fn key_for_dispute(session: SessionId, by: MemberId) -> Key {
    key("fairway.state.dispute", &(session, by))
}

/// Of [`crate::state::NonceState`]: which transaction used a nonce.
pub fn key_for_nonce(member: MemberId, nonce: TxNonce) -> Key {
    key("fairway.state.nonce", &(member, nonce))
}

/// Of a [`crate::rules::RuleState`].
pub fn key_for_rule(rule: Hash) -> Key {
    key("fairway.state.rule", &rule)
}

/// Of a [`crate::rules::RulesOfState`]: how many modules a member uploaded.
pub fn key_for_rules_of(member: MemberId) -> Key {
    key("fairway.state.rule-count", &member)
}

/// Of a [`crate::tx::Payment`] that its creditor confirmed.
pub fn key_for_payment(creditor: MemberId, reference: Hash) -> Key {
    key("fairway.state.payment", &(creditor, reference))
}
