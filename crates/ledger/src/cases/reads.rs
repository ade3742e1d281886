//! Which state an operation on a settled charge may touch.

use super::keys::{key_for_case, key_for_credit, key_for_credits, key_for_frozen};
use super::op::{CaseOperation, CaseRef, CreditNote};
use crate::keys::{
    Key, key_for_account, key_for_agreement, key_for_agreement_status, key_for_charge,
    key_for_evse, key_for_member, key_for_position,
};
use crate::receipt::Account;
use fairway_model::charge::ChargeEvent;
use fairway_model::ids::{MemberId, OwnerId, SessionId};
use fairway_model::money::Currency;

pub(crate) fn reads(operation: &CaseOperation) -> Vec<Key> {
    match operation {
        CaseOperation::Credit(note) => credit(note),
        CaseOperation::Open(opening) => with_event(&opening.case, opening.event.as_deref()),
        CaseOperation::Answer(answer) => with_event(&answer.case, answer.event.as_deref()),
        CaseOperation::Escalate(reference) => {
            let mut keys = case(reference);
            keys.push(crate::council::key_for_roll());
            keys
        }
        CaseOperation::Accept(reference)
        | CaseOperation::Withdraw(reference)
        | CaseOperation::Close(reference)
        | CaseOperation::Vote {
            case: reference, ..
        } => case(reference),
    }
}

/// What every credit touches, by itself or as the end of a case.
fn giving_back(
    session: SessionId,
    (home, visited): (MemberId, MemberId),
    owner: &OwnerId,
    currency: Currency,
) -> Vec<Key> {
    vec![
        key_for_charge(session),
        key_for_credits(session),
        key_for_position(home, visited, currency),
        key_for_position(visited, home, currency),
        key_for_account(&Account::Member(home), currency),
        key_for_account(&Account::Member(visited), currency),
        key_for_account(&Account::Tax(visited), currency),
        key_for_account(&Account::Owner(owner.clone()), currency),
    ]
}

fn credit(note: &CreditNote) -> Vec<Key> {
    let credit = &note.signed.credit;
    let pair = (credit.home, credit.visited);
    let mut keys = giving_back(credit.session, pair, &note.owner, note.currency);
    keys.extend([
        key_for_member(credit.home),
        key_for_member(credit.visited),
        key_for_credit(credit.session, credit.id),
    ]);
    keys
}

fn case(case: &CaseRef) -> Vec<Key> {
    let pair = (case.home, case.visited);
    let mut keys = giving_back(case.session, pair, &case.owner, case.currency);
    keys.extend([
        key_for_case(case.session, case.opener),
        key_for_frozen(case.home, case.visited, case.currency),
    ]);
    keys
}

fn with_event(reference: &CaseRef, event: Option<&ChargeEvent>) -> Vec<Key> {
    let mut keys = case(reference);
    if let Some(event) = event {
        keys.extend([
            key_for_agreement(event.agreement),
            key_for_agreement_status(event.agreement),
            key_for_evse(&event.evse),
        ]);
    }
    keys
}
