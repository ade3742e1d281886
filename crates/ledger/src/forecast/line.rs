//! Which packages forecast for an agreement: proposed by one party, countersigned by the other, in force from a height, rolled back by either.

use super::bounds::MAX_ACTIVATION_BLOCKS;
use super::op::{ForecastEffect, LineProposal, Pack, Parties};
use super::state::{Coming, LineState, PackageState, key_for_line, key_for_package};
use crate::agreements::{check_parties, must_be_party};
use crate::cache::Terms;
use crate::context::{Context, Done, refuse};
use crate::receipt::Effect;
use fairway_model::agreement::Agreement;
use fairway_model::forecast::ForecastTerms;
use fairway_model::hash::Hash;
use fairway_model::refusal::{Refusal, RefusalCode};
use std::sync::Arc;

/// An agreement that both signed, and that follows the forecast.
pub(super) fn agreed(ctx: &Context<'_, '_>, parties: &Parties) -> Result<Arc<Terms>, Refusal> {
    let id = parties.agreement;
    let (terms, status) = ctx.agreement(id)?;
    check_parties(&terms.agreement, (parties.home, parties.visited))?;
    if status.countersigned.is_none() {
        return refuse(
            RefusalCode::AgreementUnknown,
            format!("{id} is proposed but not countersigned"),
        );
    }
    if status.terminated_from.is_some_and(|at| at <= ctx.now())
        || terms.agreement.valid_until <= ctx.now()
    {
        return refuse(RefusalCode::AgreementNotInForce, format!("{id} has ended"));
    }
    forecast_terms(&terms.agreement)?;
    Ok(terms)
}

/// The terms of an agreement that follows the forecast.
pub(super) fn forecast_terms(agreement: &Agreement) -> Result<&ForecastTerms, Refusal> {
    agreement.forecast.as_ref().ok_or_else(|| {
        Refusal::new(
            RefusalCode::TermsInvalid,
            format!("{} has no forecast terms", agreement.id()),
        )
    })
}

/// The line of an agreement in this block. Where nothing was proposed the agreement's own model counts.
pub(super) fn line(ctx: &Context<'_, '_>, agreement: &Agreement) -> Result<LineState, Refusal> {
    let found: Option<LineState> = ctx.view.get(&key_for_line(agreement.id()))?;
    let first = || LineState {
        active: agreement.model.map(|package| Pack {
            package,
            spare: agreement.forecast.as_ref().and_then(|terms| terms.spare),
        }),
        ..LineState::default()
    };
    Ok(found.unwrap_or_else(first).at(ctx.block.height))
}

fn stored(ctx: &Context<'_, '_>, package: Hash) -> Result<PackageState, Refusal> {
    let found = ctx.view.get(&key_for_package(package))?;
    found.ok_or_else(|| {
        Refusal::new(
            RefusalCode::ModelUnknown,
            format!("package {package} is not on this chain; store it first"),
        )
    })
}

/// The proposed packages are stored, the spare one needs no forecast of the member, and the height can still be reached.
fn check(ctx: &Context<'_, '_>, proposal: &LineProposal) -> Result<(), Refusal> {
    stored(ctx, proposal.pack.package)?;
    if let Some(spare) = proposal.pack.spare
        && stored(ctx, spare)?.package.spec.uses_forecast()
    {
        return refuse(
            RefusalCode::ModelInvalid,
            format!("package {spare} asks for the member's own forecast; a spare one does without"),
        );
    }
    let height = ctx.block.height;
    if proposal.from <= height || proposal.from.saturating_sub(height) > MAX_ACTIVATION_BLOCKS {
        return refuse(
            RefusalCode::OutOfBounds,
            format!(
                "height {} is not 1 to {MAX_ACTIVATION_BLOCKS} blocks after this one, {height}",
                proposal.from
            ),
        );
    }
    Ok(())
}

/// Proposes packages; a later proposal takes the place of one that waits.
pub(super) fn propose(ctx: &mut Context<'_, '_>, proposal: &LineProposal) -> Result<Done, Refusal> {
    let parties = &proposal.parties;
    must_be_party(ctx, parties.home, parties.visited)?;
    let terms = agreed(ctx, parties)?;
    check(ctx, proposal)?;
    let mut line = line(ctx, &terms.agreement)?;
    let coming = Coming {
        pack: proposal.pack,
        from: proposal.from,
        by: ctx.member(),
    };
    if line.proposed == Some(coming) {
        return refuse(
            RefusalCode::Duplicate,
            "these packages are proposed already",
        );
    }
    line.proposed = Some(coming);
    ctx.view.put(key_for_line(parties.agreement), &line);
    let effect = ForecastEffect::Proposed {
        agreement: parties.agreement,
    };
    Ok(Effect::Forecast(effect).into())
}

/// Agrees. A member that agrees with itself countersigns its own proposal.
pub(super) fn countersign(
    ctx: &mut Context<'_, '_>,
    proposal: &LineProposal,
) -> Result<Done, Refusal> {
    let parties = &proposal.parties;
    must_be_party(ctx, parties.home, parties.visited)?;
    let terms = agreed(ctx, parties)?;
    let mut line = line(ctx, &terms.agreement)?;
    let wanted = (proposal.pack, proposal.from);
    let Some(found) = line.proposed.filter(|p| (p.pack, p.from) == wanted) else {
        return refuse(
            RefusalCode::ProposalUnknown,
            "no such packages are proposed for this agreement and height",
        );
    };
    if parties.home != parties.visited && found.by == ctx.member() {
        return refuse(
            RefusalCode::NotAuthorized,
            format!(
                "{} proposed these packages; the other party countersigns",
                found.by
            ),
        );
    }
    check(ctx, proposal)?;
    line.proposed = None;
    line.next = Some(found);
    ctx.view.put(key_for_line(parties.agreement), &line);
    let effect = ForecastEffect::Agreed {
        agreement: parties.agreement,
        pack: found.pack,
        from: found.from,
    };
    Ok(Effect::Forecast(effect).into())
}

/// Goes back at once: what was agreed on and is not in force yet is dropped, or else the packages before are in force again, or else none.
pub(super) fn roll_back(ctx: &mut Context<'_, '_>, parties: &Parties) -> Result<Done, Refusal> {
    must_be_party(ctx, parties.home, parties.visited)?;
    let terms = agreed(ctx, parties)?;
    let mut line = line(ctx, &terms.agreement)?;
    line.proposed = None;
    if line.next.take().is_none() {
        if line.active.is_none() {
            return refuse(
                RefusalCode::NothingDue,
                "no package is in force; the agreed table prices already",
            );
        }
        line.active = line.before.take();
    }
    ctx.view.put(key_for_line(parties.agreement), &line);
    let effect = ForecastEffect::RolledBack {
        agreement: parties.agreement,
        pack: line.active,
    };
    Ok(Effect::Forecast(effect).into())
}
