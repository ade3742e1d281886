//! Counter-proposals, suspension, and ends with notice or for breach.

use super::stage::{Stage, Step};
use super::state::{Ended, MAX_ROUNDS, Suspension};
use super::tx::{Ground, TermsEffect};
use crate::agreements::{check_newer, check_parties, must_be_party, pair};
use crate::context::{Context, Done, refuse};
use crate::keys::{key_for_agreement, key_for_agreement_status, key_for_pair};
use crate::receipt::Effect;
use crate::rules;
use crate::state::AgreementStatus;
use crate::terms;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::sign::Signature;
use fairway_model::time::{DAY, Time};

type Parties = (MemberId, MemberId);

/// Answers a proposal with other terms. The other party may, as often as [`MAX_ROUNDS`] says.
pub(super) fn counter(
    ctx: &mut Context<'_, '_>,
    old: AgreementId,
    agreement: &Agreement,
    signature: Signature,
) -> Result<Done, Refusal> {
    let id = agreement.id();
    let (terms, mut status) = ctx.agreement(old)?;
    let parties = (agreement.home, agreement.visited);
    check_parties(&terms.agreement, parties)?;
    must_be_party(ctx, parties.0, parties.1)?;
    Stage::of(&terms.agreement, &status, ctx.now()).check(Step::Counter, &old)?;
    if status.proposer == ctx.member() {
        let text = format!(
            "{} proposed {old}; the other party answers it, and its proposer withdraws it and proposes anew",
            ctx.member()
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    let round = status.round.unwrap_or(0).saturating_add(1);
    if round > MAX_ROUNDS {
        let text = format!(
            "terms were exchanged {MAX_ROUNDS} times; sign {old}, or decline it and begin anew"
        );
        return refuse(RefusalCode::RoundsExhausted, text);
    }
    if ctx
        .view
        .get::<AgreementStatus>(&key_for_agreement_status(id))?
        .is_some()
    {
        return refuse(RefusalCode::Duplicate, format!("{id} is proposed already"));
    }
    terms::check(agreement, ctx.now())?;
    rules::check_named(ctx, agreement)?;
    check_newer(&pair(ctx, agreement)?, agreement)?;
    status.superseded_by = Some(id);
    let new = AgreementStatus {
        round: Some(round),
        supersedes: Some(old),
        ..AgreementStatus::proposed(ctx.member(), signature, ctx.now())
    };
    ctx.view.put(key_for_agreement_status(old), &status);
    ctx.view.put(key_for_agreement(id), agreement);
    ctx.view.put(key_for_agreement_status(id), &new);
    Ok(Effect::Terms(TermsEffect::Countered {
        supersedes: old,
        agreement: id,
        round,
    })
    .into())
}

/// The terms and status of an agreement that a party takes a step with.
fn opened(
    ctx: &Context<'_, '_>,
    id: AgreementId,
    parties: Parties,
    step: Step,
) -> Result<AgreementStatus, Refusal> {
    let (terms, status) = ctx.agreement(id)?;
    check_parties(&terms.agreement, parties)?;
    must_be_party(ctx, parties.0, parties.1)?;
    Stage::of(&terms.agreement, &status, ctx.now()).check(step, &id)?;
    Ok(status)
}

pub(super) fn suspend(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: Parties,
    ground: Ground,
    evidence: Option<Hash>,
) -> Result<Done, Refusal> {
    let mut status = opened(ctx, id, parties, Step::Suspend)?;
    status.suspended = Some(Suspension {
        by: ctx.member(),
        ground,
        evidence,
        at: ctx.now(),
    });
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::Terms(TermsEffect::Suspended {
        agreement: id,
        ground,
    })
    .into())
}

pub(super) fn resume(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: Parties,
) -> Result<Done, Refusal> {
    let mut status = opened(ctx, id, parties, Step::Resume)?;
    if let Some(suspension) = status.suspended.filter(|s| s.by != ctx.member()) {
        return refuse(
            RefusalCode::NotAuthorized,
            format!("{} suspended {id}, and resumes it", suspension.by),
        );
    }
    status.suspended = None;
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::Terms(TermsEffect::Resumed { agreement: id }).into())
}

/// Ends at once. The ground and the hash of its evidence stay on the ledger under the name of the member who says so.
pub(super) fn breach(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: Parties,
    ground: Ground,
    evidence: Hash,
) -> Result<Done, Refusal> {
    let mut status = opened(ctx, id, parties, Step::Breach)?;
    let now = ctx.now();
    status.broken = Some(Ended {
        by: ctx.member(),
        ground,
        evidence,
        at: now,
    });
    status.terminated_from = Some(now);
    let (terms, _) = ctx.agreement(id)?;
    let mut versions = pair(ctx, &terms.agreement)?;
    for version in versions.versions.iter_mut().filter(|v| v.agreement == id) {
        version.until = version.until.min(now);
    }
    ctx.view.put(key_for_pair(parties.0, parties.1), &versions);
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::Terms(TermsEffect::Broken {
        agreement: id,
        ground,
    })
    .into())
}

/// Whether an end at `from` keeps the notice that the terms name.
pub(crate) fn check_notice(agreement: &Agreement, from: Time, now: Time) -> Result<(), Refusal> {
    let days = agreement.notice_days.unwrap_or(0);
    let earliest = now.plus(i64::from(days).saturating_mul(DAY));
    // An end by validity needs no notice, so none is asked for one that changes nothing.
    if from >= earliest.min(agreement.valid_until) {
        return Ok(());
    }
    refuse(
        RefusalCode::NoticeTooShort,
        format!(
            "the terms ask for {days} days of notice: an end at {from} is before {earliest}; at once only for breach"
        ),
    )
}

/// Whether new charges may begin under an agreement.
pub(crate) fn check_open(id: AgreementId, status: &AgreementStatus) -> Result<(), Refusal> {
    let Some(suspension) = status.suspended else {
        return Ok(());
    };
    refuse(
        RefusalCode::AgreementSuspended,
        format!(
            "{} suspended {id} at {}; no new charge begins until it resumes",
            suspension.by, suspension.at
        ),
    )
}
