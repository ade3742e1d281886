//! The life of agreements beyond proposal and countersignature, the members' board of offers, and measured service levels.
//!
//! The group's operations, effects, keys and state lie here and below; the shared files have one arm for all of them. Invariants:
//! every step is one of the table in `stage`; a driver counts once per charge; a cycle is closed once.

mod board;
mod fold;
mod negotiate;
mod service;
mod sessions;
mod stage;
mod state;
mod tx;

pub use board::{BoardOffer, BoardState, MAX_BOARD_AREAS, MAX_BOARD_DAYS, MAX_BOARD_SLOTS};
pub use service::{CLAIM_DAYS, Count, MAX_CYCLES, closes_at, cycle_of, penalty};
pub use stage::{Stage, Step};
pub use state::{
    ClaimState, CycleCount, Ended, MAX_ROUNDS, PairUse, Suspension, key_for_board, key_for_claim,
    key_for_use,
};
pub use tx::{Ground, Release, ServiceClaim, TermsEffect, TermsOperation};

pub(crate) use fold::{Penalty, ServiceBooks};
pub(crate) use negotiate::{check_notice, check_open};
pub(crate) use service::served;
pub(crate) use sessions::{free, take};

use crate::admit::{check_agreement, check_currency, check_member};
use crate::context::{Context, Done};
use crate::keys::{
    Key, key_for_account, key_for_agreement, key_for_agreement_status, key_for_member,
    key_for_pair, key_for_position,
};
use crate::receipt::Account;
use fairway_model::ids::MemberId;
use fairway_model::refusal::Refusal;

/// Carries an operation of this group out.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &TermsOperation) -> Result<Done, Refusal> {
    match operation {
        TermsOperation::Counter {
            supersedes,
            agreement,
            signature,
        } => negotiate::counter(ctx, *supersedes, agreement, *signature),
        TermsOperation::Suspend {
            agreement,
            home,
            visited,
            ground,
            evidence,
        } => negotiate::suspend(ctx, *agreement, (*home, *visited), *ground, *evidence),
        TermsOperation::Resume {
            agreement,
            home,
            visited,
        } => negotiate::resume(ctx, *agreement, (*home, *visited)),
        TermsOperation::Breach {
            agreement,
            home,
            visited,
            ground,
            evidence,
        } => negotiate::breach(ctx, *agreement, (*home, *visited), *ground, *evidence),
        TermsOperation::PostOffer(offer) => board::post(ctx, offer),
        TermsOperation::WithdrawOffer { slot } => board::withdraw(ctx, *slot),
        TermsOperation::ClaimRefusal(claim) => service::claim(ctx, claim),
        TermsOperation::AnswerRefusal { request, release } => {
            service::answer(ctx, request, release.as_ref())
        }
        TermsOperation::CloseCycle {
            agreement,
            home,
            visited,
            currency,
            cycle,
        } => service::close(ctx, *agreement, (*home, *visited), *currency, *cycle),
    }
}

/// Bounds and form, without state.
pub(crate) fn check(operation: &TermsOperation) -> Result<(), Refusal> {
    let pair =
        |home: MemberId, visited: MemberId| check_member(home).and_then(|()| check_member(visited));
    match operation {
        TermsOperation::Counter { agreement, .. } => check_agreement(agreement),
        TermsOperation::Suspend { home, visited, .. }
        | TermsOperation::Resume { home, visited, .. }
        | TermsOperation::Breach { home, visited, .. } => pair(*home, *visited),
        TermsOperation::PostOffer(offer) => board::check(offer),
        TermsOperation::WithdrawOffer { slot } => board::check_slot(*slot),
        TermsOperation::ClaimRefusal(claim) => pair(claim.request.home, claim.request.visited),
        TermsOperation::AnswerRefusal { request, .. } => pair(request.home, request.visited),
        TermsOperation::CloseCycle {
            home,
            visited,
            currency,
            ..
        } => pair(*home, *visited).and_then(|()| check_currency(*currency)),
    }
}

/// The state that an operation of this group may touch, besides the member's own and its nonce.
pub(crate) fn reads(operation: &TermsOperation, member: MemberId) -> Vec<Key> {
    match operation {
        TermsOperation::Counter {
            supersedes,
            agreement,
            ..
        } => {
            let (home, visited, id) = (agreement.home, agreement.visited, agreement.id());
            let mut keys = vec![
                key_for_member(home),
                key_for_member(visited),
                key_for_agreement(*supersedes),
                key_for_agreement_status(*supersedes),
                key_for_agreement(id),
                key_for_agreement_status(id),
                key_for_pair(home, visited),
            ];
            keys.extend(crate::rules::reads_of_terms(agreement));
            keys
        }
        TermsOperation::Suspend { agreement, .. } | TermsOperation::Resume { agreement, .. } => {
            vec![
                key_for_agreement(*agreement),
                key_for_agreement_status(*agreement),
            ]
        }
        TermsOperation::Breach {
            agreement,
            home,
            visited,
            ..
        } => vec![
            key_for_agreement(*agreement),
            key_for_agreement_status(*agreement),
            key_for_pair(*home, *visited),
        ],
        TermsOperation::PostOffer(offer) => vec![key_for_board(member, offer.slot)],
        TermsOperation::WithdrawOffer { slot } => vec![key_for_board(member, *slot)],
        TermsOperation::ClaimRefusal(claim) => service::reads(&claim.request),
        TermsOperation::AnswerRefusal { request, .. } => service::reads(request),
        TermsOperation::CloseCycle {
            agreement,
            home,
            visited,
            currency,
            ..
        } => vec![
            key_for_agreement(*agreement),
            key_for_agreement_status(*agreement),
            key_for_use(*home, *visited),
            key_for_position(*visited, *home, *currency),
            key_for_account(&Account::Member(*home), *currency),
            key_for_account(&Account::Member(*visited), *currency),
        ],
    }
}
