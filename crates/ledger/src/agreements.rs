//! The beginning and the end of an agreement: proposed, countersigned, ended with notice. What lies between is in [`crate::life`].

use crate::context::{Context, Done, refuse};
use crate::keys::{key_for_agreement, key_for_agreement_status, key_for_pair};
use crate::life::{Stage, Step, check_notice};
use crate::limits::MAX_PAIR_VERSIONS;
use crate::receipt::Effect;
use crate::rules;
use crate::state::{AgreementStatus, Countersigned, PairLimits, PairState, PairVersion};
use crate::terms;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::sign::Signature;
use fairway_model::time::Time;

/// Proposes terms. The proposer's signature was checked on admission against the transaction's key.
pub(crate) fn propose(
    ctx: &mut Context<'_, '_>,
    agreement: &Agreement,
    signature: Signature,
) -> Result<Done, Refusal> {
    let id = agreement.id();
    must_be_party(ctx, agreement.home, agreement.visited)?;
    ctx.utility(agreement.home)?;
    ctx.utility(agreement.visited)?;
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
    let status = AgreementStatus::proposed(ctx.member(), signature, ctx.now());
    ctx.view.put(key_for_agreement(id), agreement);
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::AgreementProposed { agreement: id }.into())
}

/// Agrees. Newer versions price new charges from their own validity on; charges under older ones still settle.
pub(crate) fn countersign(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: (MemberId, MemberId),
    signature: Signature,
) -> Result<Done, Refusal> {
    let (terms, mut status) = ctx.agreement(id)?;
    let agreement = &terms.agreement;
    check_parties(agreement, parties)?;
    must_be_party(ctx, agreement.home, agreement.visited)?;
    Stage::of(agreement, &status, ctx.now()).check(Step::Countersign, &id)?;
    if agreement.home != agreement.visited && status.proposer == ctx.member() {
        return refuse(
            RefusalCode::NotAuthorized,
            format!(
                "{} proposed {id}; the other party countersigns",
                ctx.member()
            ),
        );
    }
    let mut pair = pair(ctx, agreement)?;
    check_newer(&pair, agreement)?;
    if pair.versions.len() >= MAX_PAIR_VERSIONS {
        pair.versions.remove(0);
    }
    let from = agreement.valid_from.max(ctx.now());
    pair.versions.push(PairVersion {
        agreement: id,
        version: agreement.version,
        from,
        until: agreement.valid_until,
        limits: PairLimits {
            currency: agreement.currency,
            exposure: agreement.caps.exposure,
            collateral: agreement.collateral,
        },
    });
    status.countersigned = Some(Countersigned {
        signature,
        at: ctx.now(),
    });
    ctx.view
        .put(key_for_pair(agreement.home, agreement.visited), &pair);
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::AgreementCountersigned { agreement: id }.into())
}

/// Ends an agreement at a time to come, or withdraws a proposal. An end can be brought forward, never put off.
pub(crate) fn terminate(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: (MemberId, MemberId),
    from: Time,
) -> Result<Done, Refusal> {
    let (terms, mut status) = ctx.agreement(id)?;
    let agreement = &terms.agreement;
    check_parties(agreement, parties)?;
    must_be_party(ctx, agreement.home, agreement.visited)?;
    let stage = Stage::of(agreement, &status, ctx.now());
    stage.check(Step::Terminate, &id)?;
    match status.terminated_from {
        Some(at) if at == from => {
            return refuse(RefusalCode::Duplicate, format!("{id} ends at {at} already"));
        }
        Some(at) if at < from => {
            return refuse(
                RefusalCode::TimeInvalid,
                format!("{id} ends at {at}; {from} would prolong it, which takes new terms"),
            );
        }
        _ => {}
    }
    if from < ctx.now() {
        let text = format!(
            "an end at {from} lies before the block's time {}; charges may have begun since",
            ctx.now()
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    if stage != Stage::Open {
        check_notice(agreement, from, ctx.now())?;
    }
    status.terminated_from = Some(from);
    let mut pair = pair(ctx, agreement)?;
    for version in pair.versions.iter_mut().filter(|v| v.agreement == id) {
        version.until = version.until.min(from);
    }
    ctx.view
        .put(key_for_pair(agreement.home, agreement.visited), &pair);
    ctx.view.put(key_for_agreement_status(id), &status);
    Ok(Effect::AgreementTerminated {
        agreement: id,
        from,
    }
    .into())
}

pub(crate) fn pair(ctx: &Context<'_, '_>, agreement: &Agreement) -> Result<PairState, Refusal> {
    Ok(ctx
        .view
        .get(&key_for_pair(agreement.home, agreement.visited))?
        .unwrap_or_default())
}

pub(crate) fn must_be_party(
    ctx: &Context<'_, '_>,
    home: MemberId,
    visited: MemberId,
) -> Result<(), Refusal> {
    if ctx.member() == home || ctx.member() == visited {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!(
            "{} is no party of an agreement between {home} and {visited}",
            ctx.member()
        ),
    )
}

pub(crate) fn check_parties(
    agreement: &Agreement,
    claimed: (MemberId, MemberId),
) -> Result<(), Refusal> {
    if (agreement.home, agreement.visited) == claimed {
        return Ok(());
    }
    let text = format!(
        "the agreement's home is {} and its visited {}; the operation says otherwise",
        agreement.home, agreement.visited
    );
    refuse(RefusalCode::IdConflict, text)
}

pub(crate) fn check_newer(pair: &PairState, agreement: &Agreement) -> Result<(), Refusal> {
    match pair.versions.iter().map(|v| v.version).max() {
        Some(newest) if agreement.version <= newest => refuse(
            RefusalCode::TermsInvalid,
            format!(
                "version {} does not follow version {newest} of the pair",
                agreement.version
            ),
        ),
        _ => Ok(()),
    }
}
