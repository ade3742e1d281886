//! How cases end: by agreement, or by rule when a deadline has passed.

use super::credit::{Claims, credits, give_back, left_of};
use super::effect::CaseEffect;
use super::keys::key_for_case;
use super::op::CaseRef;
use super::panel::plurality;
use super::state::{CaseState, ClosedState, Ruling};
use super::{charge_of, freeze, must_be, open_case};
use crate::context::{Context, Done, overflow, refuse};
use crate::receipt::Effect;
use crate::state::ChargeState;
use crate::tx::DisputeReason;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;

/// What a case comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) ruling: Ruling,
    /// The total that is right.
    pub(super) total: Micro,
}

/// The opener takes the answer's total.
pub(super) fn accept(ctx: &mut Context<'_, '_>, case: &CaseRef) -> Result<Done, Refusal> {
    let charge = charge_of(ctx, case)?;
    let state = open_case(ctx, case)?;
    must_be(ctx, case.opener, "accept the answer")?;
    let Some(answer) = state.answer else {
        return refuse(
            RefusalCode::NotDue,
            "the case is not answered; there is nothing to accept",
        );
    };
    let decision = Decision {
        ruling: Ruling::Agreed,
        total: answer.total,
    };
    close(ctx, case, &charge, state, decision)
}

/// The opener gives the case up.
pub(super) fn withdraw(ctx: &mut Context<'_, '_>, case: &CaseRef) -> Result<Done, Refusal> {
    let charge = charge_of(ctx, case)?;
    let state = open_case(ctx, case)?;
    must_be(ctx, case.opener, "withdraw this case")?;
    let decision = Decision {
        ruling: Ruling::Withdrawn,
        total: left_of(&charge, &credits(ctx, case.session)?)?,
    };
    close(ctx, case, &charge, state, decision)
}

/// Decides a case whose deadline has passed; anybody may ask for it.
pub(super) fn close_by_rule(ctx: &mut Context<'_, '_>, case: &CaseRef) -> Result<Done, Refusal> {
    let charge = charge_of(ctx, case)?;
    let state = open_case(ctx, case)?;
    let left = left_of(&charge, &credits(ctx, case.session)?)?;
    let due = due(&state);
    if ctx.now() < due {
        return refuse(
            RefusalCode::NotDue,
            format!("the case waits until {due} before it is decided by rule"),
        );
    }
    let decision = decide(&state, case.opener == charge.home, left);
    close(ctx, case, &charge, state, decision)
}

/// When the rules decide.
fn due(state: &CaseState) -> Time {
    match (&state.panel, &state.answer) {
        (Some(panel), _) => panel.vote_until,
        (None, Some(answer)) => answer.settle_until,
        (None, None) => state.answer_until,
    }
}

/// The rules of [`Ruling`], in their order. `left` is what is left of the charge.
fn decide(state: &CaseState, by_home: bool, left: Micro) -> Decision {
    let claim = |ruling| Decision {
        ruling,
        total: state.claimed,
    };
    let Some(answer) = &state.answer else {
        let visited_owes_proof = matches!(
            state.reason,
            DisputeReason::MeterEvidence | DisputeReason::NotTheDriver
        );
        return if state.rated || !by_home || visited_owes_proof {
            claim(Ruling::Unanswered)
        } else {
            Decision {
                ruling: Ruling::NotProven,
                total: left,
            }
        };
    };
    if let Some(verdict) = state.panel.as_ref().and_then(plurality) {
        return Decision {
            ruling: Ruling::Panel,
            total: super::panel::total(verdict, state, answer.total, left),
        };
    }
    let evidence_missing = by_home
        && state
            .meter_evidence
            .is_some_and(|named| named != answer.evidence);
    if evidence_missing {
        return claim(Ruling::EvidenceMissing);
    }
    Decision {
        ruling: Ruling::Answered,
        total: answer.total,
    }
}

/// Ends a case: credits what the decision takes off the charge, and frees what was frozen.
pub(super) fn close(
    ctx: &mut Context<'_, '_>,
    case: &CaseRef,
    charge: &ChargeState,
    mut state: CaseState,
    decision: Decision,
) -> Result<Done, Refusal> {
    let left = left_of(charge, &credits(ctx, case.session)?)?;
    // Credits that came meanwhile count: never more than the way to the total that is right.
    let credited = left
        .minus(decision.total)
        .map_err(overflow)?
        .max(Micro::ZERO);
    let claims = Claims {
        session: case.session,
        home: case.home,
        visited: case.visited,
        owner: &case.owner,
        currency: case.currency,
    };
    let (shares, postings) = give_back(ctx, charge, &claims, credited)?;
    let freed = state.frozen.negated().map_err(overflow)?;
    freeze(ctx, (charge.home, charge.visited), charge.currency, freed)?;
    state.closed = Some(ClosedState {
        ruling: decision.ruling,
        total: decision.total,
        credited,
        at: ctx.now(),
    });
    ctx.view
        .put(key_for_case(case.session, case.opener), &state);
    let effect = CaseEffect::Closed {
        session: case.session,
        opener: case.opener,
        ruling: decision.ruling,
        total: decision.total,
        credited,
        shares,
        currency: charge.currency,
    };
    Ok(Done {
        effect: Effect::Case(effect),
        postings,
    })
}
