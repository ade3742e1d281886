//! What operations about service and the board may change, and how it stands in the state.

use super::{Thing, both, read};
use crate::model::Model;
use fairway_ledger::life::{BoardState, ClaimState, PairUse};
use fairway_ledger::{Account, TermsOperation};
use fairway_model::{MemberId, SessionId};

pub(super) fn named(by: MemberId, operation: &TermsOperation, things: &mut Vec<Thing>) {
    let request = match operation {
        TermsOperation::PostOffer(offer) => {
            things.push(Thing::Board(by, offer.slot));
            return;
        }
        TermsOperation::WithdrawOffer { slot } => {
            things.push(Thing::Board(by, *slot));
            return;
        }
        TermsOperation::CloseCycle {
            home,
            visited,
            currency,
            ..
        } => {
            things.extend([
                Thing::Use(*home, *visited),
                Thing::Position(*visited, *home, *currency),
                Thing::Account(Account::Member(*home), *currency),
                Thing::Account(Account::Member(*visited), *currency),
            ]);
            return;
        }
        TermsOperation::ClaimRefusal(claim) => &claim.request,
        TermsOperation::AnswerRefusal { request, .. } => request,
        _ => return,
    };
    things.push(Thing::Claim(request.session));
    things.push(Thing::Use(request.home, request.visited));
}

pub(super) fn claim(
    model: &Model,
    session: SessionId,
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<ClaimState> = read(shown)?;
    Ok(both(found, model.service.claims.get(&session), |a, b| {
        (a.agreement, a.cycle, a.answer_until.0, a.answered)
            == (b.agreement, b.cycle, b.until, b.answered)
    }))
}

pub(super) fn board(
    model: &Model,
    slot: (MemberId, u8),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<BoardState> = read(shown)?;
    Ok(both(found, model.service.board.get(&slot), |a, b| {
        (&a.offer, a.at.0) == (&b.0, b.1)
    }))
}

/// Charges under way, those of the day, and the cycles that can still be closed.
pub(super) fn used(
    model: &Model,
    (home, visited): (MemberId, MemberId),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: PairUse = read(shown)?.unwrap_or_default();
    let mut cycles: Vec<_> = found
        .cycles
        .iter()
        .map(|c| (c.agreement, c.cycle, c.served, c.refused, c.closes_at.0))
        .collect();
    cycles.sort_unstable();
    let known = model.open_cycles(home, visited);
    let known = known
        .iter()
        .map(|t| (t.agreement, t.cycle, t.served, t.refused, t.over));
    let same = (found.open, found.day, found.today) == model.use_of(home, visited);
    Ok(same && known.eq(cycles))
}
