//! Lies about tokens, rates, the council, service and the board.

use super::{Sabotage, change};
use fairway_ledger::life::{key_for_board, key_for_claim};
use fairway_ledger::money::state::AcceptanceState;
use fairway_ledger::money::{Debt, MoneyOperation, ObligationId, ObligationState, UtcDay};
use fairway_ledger::money::{key_for_acceptance, key_for_obligation};
use fairway_ledger::rates::{RateOperation, key_for_conversion};
use fairway_ledger::state::{BalanceState, MemberState};
use fairway_ledger::{
    Account, Block, CouncilOperation, Key, Operation, Role, RollState, TermsOperation, Transaction,
    key_for_account, key_for_charter, key_for_evidence, key_for_member, key_for_roll,
    key_for_used_key,
};
use fairway_model::Micro;
use fairway_model::time::DAY;
use std::collections::BTreeMap;

type View = BTreeMap<Key, Vec<u8>>;

/// Changes what the contracts see.
pub(super) fn lie(sabotage: Sabotage, tx: &Transaction, view: &mut View, block: &mut Block) {
    match (sabotage, &tx.operation) {
        (_, Operation::Money(operation)) => money(sabotage, operation, view),
        (Sabotage::StaleRate, Operation::Rate(RateOperation::Convert(_))) => {
            block.time = block.time.plus(-DAY);
        }
        (Sabotage::ConvertedTwice, Operation::Rate(RateOperation::Convert(signed))) => {
            let c = &signed.conversion;
            view.remove(&key_for_conversion(c.debtor, c.creditor, c.id));
        }
        (Sabotage::ClaimTwice, Operation::Terms(TermsOperation::ClaimRefusal(claim))) => {
            view.remove(&key_for_claim(claim.request.session));
        }
        (Sabotage::EarlyCycle, Operation::Terms(TermsOperation::CloseCycle { .. })) => {
            block.time = block.time.plus(1);
        }
        (Sabotage::OfferStays, Operation::Terms(TermsOperation::WithdrawOffer { slot })) => {
            view.remove(&key_for_board(tx.member, *slot));
        }
        (_, Operation::Council(operation)) => council(sabotage, tx, operation, view),
        _ => {}
    }
    let council = matches!(tx.operation, Operation::Council(_));
    match sabotage {
        Sabotage::SuspendedActs => {
            change(view, key_for_member(tx.member), |m: &mut MemberState| {
                m.standing = None;
            });
        }
        Sabotage::ParameterIgnored if !council => {
            view.remove(&key_for_charter());
        }
        _ => {}
    }
}

fn money(sabotage: Sabotage, operation: &MoneyOperation, view: &mut View) {
    match (sabotage, operation) {
        (Sabotage::TokensMade, MoneyOperation::Pay { debt, issuer, .. }) => {
            let (holder, _, currency) = debt.parties();
            let issuer = *issuer;
            let own = key_for_account(&Account::Token { holder, issuer }, currency);
            change(view, own, |b: &mut BalanceState| {
                b.amount = Micro(b.amount.0 + 1);
            });
        }
        (Sabotage::LimitForgotten, MoneyOperation::ReleaseCollateral(p)) => {
            let own = key_for_acceptance(p.debtor, p.issuer, p.currency);
            change(view, own, |a: &mut AcceptanceState| {
                a.limit = Micro(i64::MAX);
            });
        }
        (Sabotage::EarlyCover, MoneyOperation::Cover { obligation, .. }) => {
            due(view, obligation, |o| o.due = UtcDay(o.due.0 - 1));
        }
        (
            Sabotage::TokensWithoutInterest,
            MoneyOperation::Pay {
                debt: Debt::Obligation(id),
                ..
            }
            | MoneyOperation::Cover { obligation: id, .. },
        ) => due(view, id, |o| o.charged_through = UtcDay(u32::MAX)),
        _ => {}
    }
}

fn due(view: &mut View, id: &ObligationId, edit: impl FnOnce(&mut ObligationState)) {
    change(view, key_for_obligation(id), edit);
}

fn council(sabotage: Sabotage, tx: &Transaction, operation: &CouncilOperation, view: &mut View) {
    match (sabotage, operation) {
        (Sabotage::VoteForgotten, CouncilOperation::Vote { .. }) => {
            change(view, key_for_roll(), |roll: &mut RollState| {
                let other = roll
                    .entries
                    .iter_mut()
                    .find(|e| e.member != tx.member && e.role == Role::Validator);
                if let Some(entry) = other {
                    entry.role = Role::FullNode;
                }
            });
        }
        (Sabotage::EvidenceForgotten, CouncilOperation::Report(evidence)) => {
            let (epoch, view_) = evidence.first.ballot.round();
            view.remove(&key_for_evidence(evidence.key, epoch, view_));
        }
        (Sabotage::KeyTwice, CouncilOperation::RotateValidatorKey { new_key, .. }) => {
            view.remove(&key_for_used_key(*new_key));
        }
        _ => {}
    }
}
