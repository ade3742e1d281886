//! Which state a money operation may touch, from its bytes alone.

use crate::cases::keys::key_for_frozen;
use crate::council::key_for_roll;
use crate::keys::{
    Key, key_for_account, key_for_held, key_for_pair, key_for_payment, key_for_position,
};
use crate::money::cycle::pairs;
use crate::money::keys::{
    key_for_acceptance, key_for_cycle, key_for_issuer, key_for_last_cycle, key_for_obligation,
    key_for_redemption,
};
use crate::money::operation::{CloseCycle, Debt, MoneyOperation, ObligationId, Pledge, Redemption};
use crate::money::state::Direction;
use crate::money::token::token;
use crate::receipt::Account;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::Currency;

/// Every key beside the signer's own.
pub(crate) fn reads(member: MemberId, operation: &MoneyOperation) -> Vec<Key> {
    match operation {
        MoneyOperation::CloseCycle(request) => close(request),
        MoneyOperation::ChargeInterest { obligation, .. } => of_obligation(obligation, None),
        MoneyOperation::PaymentSent(sent) => of_obligation(&sent.obligation, Some(sent.reference)),
        MoneyOperation::PaymentReceived(received) => {
            of_obligation(&received.obligation, Some(received.reference))
        }
        MoneyOperation::Pay { debt, issuer, .. } => pay(debt, *issuer),
        MoneyOperation::RegisterIssuer { currency, .. } => vec![key_for_issuer(member, *currency)],
        MoneyOperation::AcceptIssuer {
            issuer, currency, ..
        } => vec![
            key_for_issuer(*issuer, *currency),
            key_for_acceptance(member, *issuer, *currency),
        ],
        MoneyOperation::Mint(mint) => {
            let mut keys = tokens((mint.holder, member, mint.currency)).to_vec();
            keys.push(key_for_issuer(member, mint.currency));
            keys.push(key_for_account(&Account::Issued(member), mint.currency));
            keys
        }
        MoneyOperation::Transfer {
            to,
            issuer,
            currency,
            ..
        } => {
            let mut keys = tokens((*to, *issuer, *currency)).to_vec();
            keys.push(key_for_account(&token(member, *issuer), *currency));
            keys
        }
        MoneyOperation::RequestRedemption(redemption) => redemption_keys(member, redemption),
        MoneyOperation::ConfirmRedemption {
            redemption,
            reference,
        } => {
            let mut keys = redemption_keys(member, redemption);
            keys.push(key_for_payment(member, *reference));
            keys
        }
        MoneyOperation::DepositCollateral(pledge) | MoneyOperation::ReleaseCollateral(pledge) => {
            let acceptance = (pledge.debtor, pledge.issuer, pledge.currency);
            let mut keys = collateral(pledge);
            keys.extend(tokens(acceptance));
            keys
        }
        MoneyOperation::Cover {
            obligation, issuer, ..
        } => cover(obligation, *issuer),
    }
}

fn close(request: &CloseCycle) -> Vec<Key> {
    let (currency, cycle) = (request.currency, request.cycle);
    let mut keys = vec![
        key_for_roll(),
        key_for_last_cycle(currency),
        key_for_cycle(currency, cycle),
    ];
    for (debtor, creditor) in pairs(&request.members) {
        keys.push(key_for_position(debtor, creditor, currency));
        keys.push(key_for_frozen(debtor, creditor, currency));
        keys.push(key_for_obligation(&ObligationId {
            currency,
            cycle,
            debtor,
            creditor,
        }));
    }
    keys
}

fn between(debtor: MemberId, creditor: MemberId, currency: Currency) -> [Key; 3] {
    [
        key_for_position(debtor, creditor, currency),
        key_for_account(&Account::Member(debtor), currency),
        key_for_account(&Account::Member(creditor), currency),
    ]
}

fn of_obligation(id: &ObligationId, reference: Option<Hash>) -> Vec<Key> {
    let mut keys = between(id.debtor, id.creditor, id.currency).to_vec();
    keys.push(key_for_obligation(id));
    keys.extend(reference.map(|r| key_for_payment(id.creditor, r)));
    keys
}

/// A holder's tokens and its acceptance of them: (holder, issuer, currency).
fn tokens((holder, issuer, currency): Direction) -> [Key; 2] {
    [
        key_for_acceptance(holder, issuer, currency),
        key_for_account(&token(holder, issuer), currency),
    ]
}

fn pay(debt: &Debt, issuer: MemberId) -> Vec<Key> {
    let (debtor, creditor, currency) = debt.parties();
    let mut keys = match debt {
        Debt::Obligation(id) => of_obligation(id, None),
        Debt::Position { .. } => between(debtor, creditor, currency).to_vec(),
    };
    keys.extend(tokens((creditor, issuer, currency)));
    keys.push(key_for_account(&token(debtor, issuer), currency));
    keys
}

fn redemption_keys(holder: MemberId, redemption: &Redemption) -> Vec<Key> {
    let (issuer, currency) = (redemption.issuer, redemption.currency);
    vec![
        key_for_redemption(holder, redemption.id),
        key_for_issuer(issuer, currency),
        key_for_account(&token(holder, issuer), currency),
        key_for_account(&Account::Redeeming { holder, issuer }, currency),
        key_for_account(&Account::Issued(issuer), currency),
    ]
}

fn collateral(pledge: &Pledge) -> Vec<Key> {
    let Pledge {
        debtor,
        creditor,
        issuer,
        currency,
        ..
    } = *pledge;
    vec![
        key_for_acceptance(creditor, issuer, currency),
        key_for_pair(debtor, creditor),
        key_for_held(debtor, creditor, currency),
        key_for_position(debtor, creditor, currency),
        key_for_account(
            &Account::Collateral {
                debtor,
                creditor,
                issuer,
            },
            currency,
        ),
    ]
}

fn cover(id: &ObligationId, issuer: MemberId) -> Vec<Key> {
    let (debtor, creditor) = (id.debtor, id.creditor);
    let pledged = Account::Collateral {
        debtor,
        creditor,
        issuer,
    };
    let mut keys = of_obligation(id, None);
    keys.push(key_for_account(&pledged, id.currency));
    keys.extend(tokens((creditor, issuer, id.currency)));
    keys
}
