//! Disputes: objections on record, with the hash of their evidence.
//!
//! A dispute edits nothing. About a settled charge it is a record, and whatever comes of it is a later entry of its own. About a
//! charge that is not settled it keeps the hold from being freed by others for a while, and nothing else.

use crate::context::{Context, Done, refuse};
use crate::holds::status_text;
use crate::keys::{key_for_charge, key_for_dispute, key_for_hold};
use crate::limits::DISPUTED_HOLD_MS;
use crate::receipt::Effect;
use crate::state::{ChargeState, DisputeState, HoldState, HoldStatus};
use crate::tx::Dispute;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Records a dispute; one per charge and party.
pub(crate) fn record(ctx: &mut Context<'_, '_>, dispute: &Dispute) -> Result<Done, Refusal> {
    let session = dispute.session;
    let key = key_for_dispute(session, ctx.member());
    match ctx.view.get::<DisputeState>(&key)? {
        Some(found) if found.dispute == *dispute => {
            return refuse(RefusalCode::Duplicate, "the dispute is on record already");
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "{} disputes {session} already with other content",
                    ctx.member()
                ),
            );
        }
        None => {}
    }
    if let Some(charge) = ctx.view.get::<ChargeState>(&key_for_charge(session))? {
        must_be_party(ctx, charge.home, charge.visited)?;
        if ctx.now() >= charge.dispute_until {
            return refuse(
                RefusalCode::TimeInvalid,
                format!("{session} could be disputed until {}", charge.dispute_until),
            );
        }
    } else if let Some(hold) = ctx.view.get::<HoldState>(&key_for_hold(session))? {
        keep_hold(ctx, dispute, hold)?;
    } else {
        return refuse(
            RefusalCode::SessionUnknown,
            format!("{session} is neither held nor settled here"),
        );
    }
    ctx.view.put(
        key,
        &DisputeState {
            dispute: dispute.clone(),
            recorded_at: ctx.now(),
        },
    );
    Ok(Effect::DisputeRecorded { session }.into())
}

fn keep_hold(
    ctx: &mut Context<'_, '_>,
    dispute: &Dispute,
    mut hold: HoldState,
) -> Result<(), Refusal> {
    must_be_party(ctx, hold.home, hold.visited)?;
    if hold.status != HoldStatus::Pending {
        return refuse(
            RefusalCode::HoldClosed,
            format!(
                "the hold for {} is {}",
                dispute.session,
                status_text(hold.status)
            ),
        );
    }
    hold.disputed_until = Some(hold.expires_at.plus(DISPUTED_HOLD_MS));
    ctx.view.put(key_for_hold(dispute.session), &hold);
    Ok(())
}

fn must_be_party(ctx: &Context<'_, '_>, home: MemberId, visited: MemberId) -> Result<(), Refusal> {
    if ctx.member() == home || ctx.member() == visited {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!(
            "{} is no party of this charge of {home} at {visited}",
            ctx.member()
        ),
    )
}
