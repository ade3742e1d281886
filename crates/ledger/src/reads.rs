//! Which state a transaction may touch, from its bytes alone.

use crate::admit::cin_prefix;
use crate::batch::BatchItem;
use crate::council::{self, key_for_charter, key_for_used_key};
use crate::forecast;
use crate::keys::{
    Key, key_for_account, key_for_agreement, key_for_agreement_status, key_for_charge,
    key_for_dispute, key_for_evse, key_for_guarantee, key_for_held, key_for_hold, key_for_member,
    key_for_node, key_for_nonce, key_for_pair, key_for_payment, key_for_position, key_for_prefix,
    key_for_rule, key_for_station,
};
use crate::life::{self, key_for_use};
use crate::receipt::Account;
use crate::rules;
use crate::tx::{Hold, Operation, Payment, Settlement, Transaction};
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::cin::{CinPrefix, MIN_PREFIX_DIGITS};
use fairway_model::ids::{GuaranteeId, MemberId, SessionId};
use fairway_model::money::Currency;
use fairway_model::registry::PrefixEntry;
use std::collections::BTreeSet;

/// Every key that executing may read or write.
pub(crate) fn reads(tx: &Transaction) -> Vec<Key> {
    let mut keys = vec![
        key_for_member(tx.member),
        key_for_nonce(tx.member, tx.nonce),
        key_for_charter(),
    ];
    match &tx.operation {
        Operation::RegisterPrefix(entry) => {
            keys.extend(register_prefix(entry));
        }
        Operation::RegisterEvse(entry) => {
            keys.extend([key_for_evse(&entry.evse), key_for_station(&entry.station)]);
        }
        Operation::RetireEvse { evse, .. } | Operation::RotateMeterKey { evse, .. } => {
            keys.push(key_for_evse(evse));
        }
        Operation::RotateMemberKey { new_key, .. } => keys.push(key_for_used_key(*new_key)),
        Operation::RotateEncryptionKey { new_key, .. } => {
            keys.push(key_for_used_key(council::used_name(*new_key)));
        }
        Operation::ProposeAgreement { agreement, .. } => keys.extend(propose(agreement)),
        Operation::CountersignAgreement {
            agreement,
            home,
            visited,
            ..
        }
        | Operation::TerminateAgreement {
            agreement,
            home,
            visited,
            ..
        } => {
            keys.extend([key_for_member(*home), key_for_member(*visited)]);
            keys.extend(terms(*agreement, *home, *visited));
        }
        Operation::PlaceHold(hold) => keys.extend(place_hold(hold)),
        Operation::VoidHold {
            session,
            home,
            visited,
            guarantee,
            currency,
        } => {
            keys.extend(void_hold(
                *session,
                (*home, *visited),
                *guarantee,
                *currency,
            ));
        }
        Operation::Batch(items) => {
            // The items of one batch mostly belong to one pair, and share half of their keys.
            let all: BTreeSet<Key> = items.iter().flat_map(BatchItem::reads).collect();
            keys.extend(all);
        }
        Operation::SettleCharge(settlement) => keys.extend(settle(settlement)),
        Operation::ConfirmPayment(payment) => keys.extend(confirm(payment)),
        Operation::Rule(operation) => keys.extend(rules::reads(operation, tx.member)),
        Operation::Forecast(operation) => keys.extend(forecast::reads(tx.member, operation)),
        Operation::Dispute(dispute) => keys.extend(dispute_keys(dispute.session, tx.member)),
        Operation::Council(operation) => keys.extend(council::reads(tx, operation)),
        Operation::Case(operation) => keys.extend(crate::cases::reads::reads(operation)),
        Operation::Energy(operation) => keys.extend(crate::energy::reads(tx.member, operation)),
        Operation::Rate(operation) => keys.extend(crate::rates::reads(tx.member, operation)),
        Operation::Money(operation) => {
            keys.extend(crate::money::reads::reads(tx.member, operation));
        }
        Operation::Terms(operation) => keys.extend(life::reads(operation, tx.member)),
    }
    keys
}

/// The prefix and every shorter beginning that may be one, shortest first.
pub(crate) fn beginnings(prefix: &CinPrefix) -> impl Iterator<Item = &str> {
    let digits = prefix.as_str();
    (MIN_PREFIX_DIGITS..=digits.len()).filter_map(|n| digits.get(..n))
}

/// None for a text that is no prefix: it is refused before any state is looked at.
fn register_prefix(entry: &PrefixEntry) -> Vec<Key> {
    let Ok(prefix) = cin_prefix(&entry.prefix) else {
        return Vec::new();
    };
    let mut keys: Vec<Key> = beginnings(&prefix).map(key_for_prefix).collect();
    keys.push(key_for_node(entry.member, prefix.node()));
    keys
}

fn propose(agreement: &Agreement) -> Vec<Key> {
    let mut keys = vec![
        key_for_member(agreement.home),
        key_for_member(agreement.visited),
    ];
    keys.extend(terms(agreement.id(), agreement.home, agreement.visited));
    keys.extend(rules::reads_of_terms(agreement));
    keys
}

fn terms(agreement: AgreementId, home: MemberId, visited: MemberId) -> [Key; 3] {
    [
        key_for_agreement(agreement),
        key_for_agreement_status(agreement),
        key_for_pair(home, visited),
    ]
}

fn dispute_keys(session: SessionId, by: MemberId) -> [Key; 3] {
    [
        key_for_charge(session),
        key_for_hold(session),
        key_for_dispute(session, by),
    ]
}

pub(crate) fn place_hold(hold: &Hold) -> Vec<Key> {
    let (home, visited, guarantee) = (hold.guarantee.home, hold.visited, &hold.guarantee.guarantee);
    let mut keys = terms(guarantee.agreement, home, visited).to_vec();
    keys.extend([
        key_for_member(home),
        key_for_hold(hold.session),
        key_for_guarantee(home, guarantee.id),
        key_for_held(home, visited, hold.currency),
        key_for_position(home, visited, hold.currency),
        key_for_use(home, visited),
    ]);
    keys
}

pub(crate) fn void_hold(
    session: SessionId,
    (home, visited): (MemberId, MemberId),
    guarantee: GuaranteeId,
    currency: Currency,
) -> [Key; 4] {
    [
        key_for_hold(session),
        key_for_guarantee(home, guarantee),
        key_for_held(home, visited, currency),
        key_for_use(home, visited),
    ]
}

pub(crate) fn settle(settlement: &Settlement) -> Vec<Key> {
    let (event, currency) = (settlement.event(), settlement.currency);
    let (home, visited) = (event.home, event.visited);
    let mut keys = crate::energy::settled::reads(settlement);
    keys.extend(crate::meter::reads(event));
    keys.extend([
        key_for_member(home),
        key_for_member(visited),
        key_for_evse(&event.evse),
        key_for_agreement(event.agreement),
        key_for_agreement_status(event.agreement),
        key_for_charge(event.session),
        key_for_hold(event.session),
        key_for_guarantee(home, event.guarantee),
        key_for_held(home, visited, currency),
        key_for_position(home, visited, currency),
        key_for_use(home, visited),
        key_for_account(&Account::Member(home), currency),
        key_for_account(&Account::Member(visited), currency),
        key_for_account(&Account::Tax(visited), currency),
        key_for_account(&Account::Owner(settlement.owner.clone()), currency),
    ]);
    keys.extend(settlement.rule.map(key_for_rule));
    keys.extend(forecast::settled::reads(settlement));
    keys
}

fn confirm(payment: &Payment) -> [Key; 5] {
    let Payment {
        debtor,
        creditor,
        currency,
        reference,
        ..
    } = payment;
    [
        key_for_member(*debtor),
        key_for_payment(*creditor, *reference),
        key_for_position(*debtor, *creditor, *currency),
        key_for_account(&Account::Member(*debtor), *currency),
        key_for_account(&Account::Member(*creditor), *currency),
    ]
}
