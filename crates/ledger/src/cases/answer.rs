//! The other party's answer.

use super::close::{Decision, close};
use super::credit::{credits, left_of};
use super::effect::CaseEffect;
use super::keys::key_for_case;
use super::op::{CaseAnswer, CaseReply};
use super::open::{event_of, total_of};
use super::state::{AnswerState, Ruling};
use super::{charge_of, check_total, must_be, open_case, other_party};
use crate::context::{Context, Done, refuse};
use crate::limits::CASE_SETTLE_MS;
use crate::receipt::Effect;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Answers a case; an accepted claim closes it.
pub(super) fn answer(ctx: &mut Context<'_, '_>, answer: &CaseAnswer) -> Result<Done, Refusal> {
    let case = &answer.case;
    let charge = charge_of(ctx, case)?;
    let mut state = open_case(ctx, case)?;
    must_be(ctx, other_party(case), "answer this case")?;
    if state.answer.is_some() {
        return refuse(RefusalCode::CaseClosed, "the case is answered already");
    }
    if ctx.now() >= state.answer_until {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("the answer was due before {}", state.answer_until),
        );
    }
    let left = left_of(&charge, &credits(ctx, case.session)?)?;
    let total = match &answer.reply {
        CaseReply::Accept => {
            let decision = Decision {
                ruling: Ruling::Accepted,
                total: state.claimed,
            };
            return close(ctx, case, &charge, state, decision);
        }
        CaseReply::Contest => left,
        CaseReply::Offer(claim) => {
            let event = event_of(&charge, answer.event.as_deref())?;
            let total = total_of(ctx, claim, event, &charge)?;
            check_total(total, left, charge.currency)?;
            if total < state.claimed {
                return refuse(
                    RefusalCode::Malformed,
                    format!(
                        "the offer is below the claim of {} {}; accept the claim instead",
                        state.claimed.text(charge.currency),
                        charge.currency
                    ),
                );
            }
            total
        }
    };
    let settle_until = ctx.now().plus(CASE_SETTLE_MS);
    state.answer = Some(AnswerState {
        evidence: answer.evidence,
        total,
        settle_until,
    });
    ctx.view
        .put(key_for_case(case.session, case.opener), &state);
    Ok(Effect::Case(CaseEffect::Answered {
        session: case.session,
        opener: case.opener,
        total,
        settle_until,
    })
    .into())
}
