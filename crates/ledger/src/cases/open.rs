//! Opening a case: within the agreement's days of dispute, with a claim below what is left of the charge.

use super::credit::{credits, left_of, shares_of};
use super::effect::CaseEffect;
use super::keys::key_for_case;
use super::op::{CaseClaim, CaseOpening};
use super::state::CaseState;
use super::{charge_of, check_total, freeze};
use crate::context::{Context, Done, overflow, refuse};
use crate::keys::key_for_evse;
use crate::limits::CASE_ANSWER_MS;
use crate::price;
use crate::receipt::Effect;
use crate::state::{ChargeState, EvseState};
use crate::tx::DisputeReason;
use fairway_model::canonical::Canonical;
use fairway_model::charge::ChargeEvent;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Opens a case and freezes what it is about.
pub(super) fn open(ctx: &mut Context<'_, '_>, opening: &CaseOpening) -> Result<Done, Refusal> {
    let case = &opening.case;
    let charge = charge_of(ctx, case)?;
    check_opener(ctx, opening, &charge)?;
    let content = opening.digest("fairway.case-opening");
    let key = key_for_case(case.session, case.opener);
    match ctx.view.get::<CaseState>(&key)? {
        None => {}
        Some(found) if found.content == content => {
            return refuse(RefusalCode::Duplicate, "the case was opened before");
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "{} had a case about {} before; a party has one",
                    case.opener, case.session
                ),
            );
        }
    }
    if ctx.now() >= charge.dispute_until {
        return refuse(
            RefusalCode::TimeInvalid,
            format!(
                "{} could be disputed until {}",
                case.session, charge.dispute_until
            ),
        );
    }
    let before = credits(ctx, case.session)?;
    let left = left_of(&charge, &before)?;
    let event = event_of(&charge, opening.event.as_deref())?;
    let claimed = total_of(ctx, &opening.claim, event, &charge)?;
    check_total(claimed, left, charge.currency)?;
    let disputed = left.minus(claimed).map_err(overflow)?;
    if disputed == Micro::ZERO {
        return refuse(
            RefusalCode::Malformed,
            "the claim is what is left of the charge; there is nothing to decide",
        );
    }
    let shares = shares_of(&charge, &before, disputed)?;
    let frozen = disputed.minus(shares.home).map_err(overflow)?;
    freeze(ctx, (charge.home, charge.visited), charge.currency, frozen)?;
    let disputes_meter = opening.reason == DisputeReason::MeterEvidence;
    let state = CaseState {
        content,
        reason: opening.reason,
        evidence: opening.evidence,
        claimed,
        rated: matches!(opening.claim, CaseClaim::Usage(_)),
        meter_evidence: event.filter(|_| disputes_meter).map(|e| e.meter_evidence),
        opened_at: ctx.now(),
        answer_until: ctx.now().plus(CASE_ANSWER_MS),
        frozen,
        answer: None,
        panel: None,
        closed: None,
    };
    ctx.view.put(key, &state);
    Ok(Effect::Case(CaseEffect::Opened {
        session: case.session,
        opener: case.opener,
        claimed,
        frozen,
        answer_until: state.answer_until,
    })
    .into())
}

fn check_opener(
    ctx: &Context<'_, '_>,
    opening: &CaseOpening,
    charge: &ChargeState,
) -> Result<(), Refusal> {
    let case = &opening.case;
    super::must_be(ctx, case.opener, "open this case")?;
    if case.opener != charge.home && case.opener != charge.visited {
        let text = format!(
            "{} is no party of this charge of {} at {}",
            case.opener, charge.home, charge.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    if charge.home == charge.visited {
        return refuse(
            RefusalCode::NotAuthorized,
            "the charge is of one member alone; it credits its driver without a case",
        );
    }
    if opening.reason == DisputeReason::MeterEvidence && opening.event.is_none() {
        return refuse(
            RefusalCode::Malformed,
            "meter evidence is disputed; the settled event, which names it, must come along",
        );
    }
    Ok(())
}

/// The event, when it is the one that was settled.
pub(super) fn event_of<'e>(
    charge: &ChargeState,
    event: Option<&'e ChargeEvent>,
) -> Result<Option<&'e ChargeEvent>, Refusal> {
    match event {
        Some(event) if event.hash() != charge.event => refuse(
            RefusalCode::IdConflict,
            format!(
                "the event has hash {}; settled was {}",
                event.hash(),
                charge.event
            ),
        ),
        event => Ok(event),
    }
}

/// The total that a claim stands for; a usage is rated under the terms of the charge itself.
pub(super) fn total_of(
    ctx: &Context<'_, '_>,
    claim: &CaseClaim,
    event: Option<&ChargeEvent>,
    charge: &ChargeState,
) -> Result<Micro, Refusal> {
    let usage = match claim {
        CaseClaim::Total(total) => return Ok(*total),
        CaseClaim::Usage(usage) => usage,
    };
    let Some(event) = event else {
        return refuse(
            RefusalCode::Malformed,
            "a usage is rated with the settled event, which must come along",
        );
    };
    let (terms, _) = ctx.agreement(charge.agreement)?;
    let Some(evse) = ctx.view.get::<EvseState>(&key_for_evse(&event.evse))? else {
        return refuse(
            RefusalCode::EvseUnavailable,
            format!("EVSE {} is not registered", event.evse),
        );
    };
    price::total(event, usage, &terms, &evse.entry.time_zone)
}
