//! Holds: money set aside for a charge before energy flows.
//!
//! A hold stays pending, and its amount counts against the guarantee and the exposure, until it is posted by settlement or voided:
//! by the visited utility at any time, by any member once it has expired. So expiry frees nothing by itself and the state depends
//! on transactions alone. A charge that comes after others have voided its expired hold still settles if the guarantee and the
//! exposure have room for it then.

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::{key_for_guarantee, key_for_held, key_for_hold, key_for_pair};
use crate::life;
use crate::money::state::Direction;
use crate::money::{PositionState, position};
use crate::receipt::Effect;
use crate::state::{GuaranteeState, HeldState, HoldState, HoldStatus, PairState};
use crate::tx::{GuaranteeClaim, Hold};
use fairway_model::agreement::Agreement;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{GuaranteeId, MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::profile::GUARANTEE_DOMAIN;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Hashing domain of a hold's content.
const HOLD_DOMAIN: &str = "fairway.hold.v1";

/// What a request to void says about its hold.
pub(crate) struct HoldClaims {
    pub(crate) home: MemberId,
    pub(crate) visited: MemberId,
    pub(crate) guarantee: GuaranteeId,
    pub(crate) currency: Currency,
}

/// Places a hold.
pub(crate) fn place(ctx: &mut Context<'_, '_>, hold: &Hold) -> Result<Done, Refusal> {
    let claim = &hold.guarantee;
    if ctx.member() != hold.visited {
        let text = format!(
            "{} cannot hold for a charge at {}; the visited utility does",
            ctx.member(),
            hold.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    ctx.check_signer(claim.home, claim.home_key, "guarantee")?;
    let content = hold.digest(HOLD_DOMAIN);
    if let Some(found) = ctx.view.get::<HoldState>(&key_for_hold(hold.session))? {
        return if found.content == content {
            refuse(
                RefusalCode::Duplicate,
                format!("the hold for {} is placed already", hold.session),
            )
        } else {
            refuse(
                RefusalCode::IdConflict,
                format!("{} has a hold with other content", hold.session),
            )
        };
    }
    let (terms, status) = ctx.agreement(claim.guarantee.agreement)?;
    life::check_open(claim.guarantee.agreement, &status)?;
    check_agreement(ctx, hold, &terms.agreement)?;
    check_times(ctx, hold, &terms.agreement)?;
    check_amount(hold, &terms.agreement)?;
    reserve(ctx, hold, &terms.agreement)?;
    let counted = life::take(ctx, &terms.agreement)?.then_some(true);
    let state = HoldState {
        counted,
        ..new_state(hold, content)
    };
    ctx.view.put(key_for_hold(hold.session), &state);
    Ok(Effect::HoldPlaced {
        session: hold.session,
        amount: hold.amount,
    }
    .into())
}

fn new_state(hold: &Hold, content: Hash) -> HoldState {
    HoldState {
        content,
        agreement: hold.guarantee.guarantee.agreement,
        home: hold.guarantee.home,
        visited: hold.visited,
        guarantee: hold.guarantee.guarantee.id,
        offer: hold.offer,
        amount: hold.amount,
        currency: hold.currency,
        expires_at: hold.expires_at,
        status: HoldStatus::Pending,
        disputed_until: None,
        counted: None,
    }
}

/// The agreement must be the pair's newest in force, or have been so until a moment ago.
fn check_agreement(
    ctx: &Context<'_, '_>,
    hold: &Hold,
    agreement: &Agreement,
) -> Result<(), Refusal> {
    let (home, visited, id) = (
        hold.guarantee.home,
        hold.visited,
        hold.guarantee.guarantee.agreement,
    );
    if (agreement.home, agreement.visited) != (home, visited) {
        let text = format!(
            "{id} is between {} and {}, not {home} and {visited}",
            agreement.home, agreement.visited
        );
        return refuse(RefusalCode::AgreementUnknown, text);
    }
    let pair: PairState = ctx
        .view
        .get(&key_for_pair(home, visited))?
        .unwrap_or_default();
    let known = pair.versions.iter().any(|v| v.agreement == id);
    if !known {
        return refuse(
            RefusalCode::AgreementUnknown,
            format!("{id} is not countersigned, or was replaced long ago"),
        );
    }
    let in_force = |time| pair.in_force(time).is_some_and(|v| v.agreement == id);
    if in_force(ctx.now()) || in_force(ctx.now().plus(ctx.rules.offer_grace_ms.saturating_neg())) {
        return Ok(());
    }
    refuse(
        RefusalCode::AgreementNotInForce,
        format!(
            "{id} is not the agreement in force between {home} and {visited} at {}",
            ctx.now()
        ),
    )
}

fn check_times(ctx: &Context<'_, '_>, hold: &Hold, agreement: &Agreement) -> Result<(), Refusal> {
    let until = hold.guarantee.guarantee.valid_until;
    if ctx.now() >= until {
        return refuse(
            RefusalCode::GuaranteeExceeded,
            format!("the guarantee ended at {until}; ask the home utility for a new one"),
        );
    }
    let latest = ctx
        .now()
        .plus(agreement.hold_ttl)
        .plus(ctx.rules.clock_skew_ms);
    if hold.expires_at <= ctx.now() || hold.expires_at > latest {
        let text = format!(
            "the hold expires at {}; it must be after {} and not after {latest}",
            hold.expires_at,
            ctx.now()
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    Ok(())
}

fn check_amount(hold: &Hold, agreement: &Agreement) -> Result<(), Refusal> {
    check_currency(hold.currency, agreement)?;
    if hold.amount > agreement.caps.amount_per_charge {
        let (amount, cap) = (
            hold.amount.text(hold.currency),
            agreement.caps.amount_per_charge.text(hold.currency),
        );
        return refuse(
            RefusalCode::AmountOverCap,
            format!(
                "the hold of {amount} {} is over the cap of {cap} per charge",
                hold.currency
            ),
        );
    }
    Ok(())
}

/// Whether a claimed currency is the agreement's.
pub(crate) fn check_currency(claimed: Currency, agreement: &Agreement) -> Result<(), Refusal> {
    if claimed == agreement.currency {
        return Ok(());
    }
    refuse(
        RefusalCode::IdConflict,
        format!(
            "the operation is in {claimed}, the agreement in {}",
            agreement.currency
        ),
    )
}

/// Takes the amount out of the guarantee and the pair's exposure.
fn reserve(ctx: &mut Context<'_, '_>, hold: &Hold, agreement: &Agreement) -> Result<(), Refusal> {
    let (home, visited, currency) = (hold.guarantee.home, hold.visited, hold.currency);
    let mut usage = guarantee_usage(ctx, &hold.guarantee)?;
    usage.held = usage.held.plus(hold.amount).map_err(overflow)?;
    check_guarantee(&usage, currency)?;
    let held_key = key_for_held(home, visited, currency);
    let before: HeldState = ctx.view.get(&held_key)?.unwrap_or_default();
    let amount = before.amount.plus(hold.amount).map_err(overflow)?;
    let position = position::position(ctx, (home, visited, currency))?;
    check_pledged(&position, agreement)?;
    check_exposure(
        amount,
        &position,
        agreement.caps.exposure,
        (home, visited, currency),
    )?;
    ctx.view.put(held_key, &HeldState { amount });
    ctx.view
        .put(key_for_guarantee(home, hold.guarantee.guarantee.id), &usage);
    Ok(())
}

fn guarantee_usage(
    ctx: &Context<'_, '_>,
    claim: &GuaranteeClaim,
) -> Result<GuaranteeState, Refusal> {
    let guarantee = &claim.guarantee;
    let content = guarantee.digest(GUARANTEE_DOMAIN);
    match ctx
        .view
        .get::<GuaranteeState>(&key_for_guarantee(claim.home, guarantee.id))?
    {
        Some(found) if found.content != content => refuse(
            RefusalCode::IdConflict,
            format!(
                "{} of {} was used before with other content",
                guarantee.id, claim.home
            ),
        ),
        Some(found) => Ok(found),
        None => Ok(GuaranteeState {
            content,
            agreement: guarantee.agreement,
            limit: guarantee.limit,
            held: Micro::ZERO,
            charged: Micro::ZERO,
        }),
    }
}

/// Whether everything held and charged under a guarantee stays within it.
pub(crate) fn check_guarantee(usage: &GuaranteeState, currency: Currency) -> Result<(), Refusal> {
    let used = usage.held.plus(usage.charged).map_err(overflow)?;
    if used <= usage.limit {
        return Ok(());
    }
    let (used, limit) = (used.text(currency), usage.limit.text(currency));
    refuse(
        RefusalCode::GuaranteeExceeded,
        format!(
            "held and charged together would be {used} {currency}; the guarantee is of {limit}"
        ),
    )
}

/// Whether home has pledged what the terms ask for. No charge begins before; what began settles whatever becomes of the pledge.
fn check_pledged(position: &PositionState, agreement: &Agreement) -> Result<(), Refusal> {
    let (asked, found) = (
        agreement.collateral.unwrap_or_default(),
        position.collateral.unwrap_or_default(),
    );
    if found >= asked {
        return Ok(());
    }
    let (home, currency) = (agreement.home, agreement.currency);
    refuse(
        RefusalCode::CollateralNeeded,
        format!(
            "the agreement asks {home} for {} {currency} of collateral; {} is deposited",
            asked.text(currency),
            found.text(currency)
        ),
    )
}

/// Whether holds and debts of a direction, netted or not, less the collateral, stay within a cap.
pub(crate) fn check_exposure(
    held: Micro,
    position: &PositionState,
    cap: Micro,
    (debtor, creditor, currency): Direction,
) -> Result<(), Refusal> {
    let exposure = position
        .unsecured()
        .and_then(|open| open.plus(held))
        .map_err(overflow)?;
    if exposure <= cap {
        return Ok(());
    }
    let (exposure, cap) = (exposure.text(currency), cap.text(currency));
    refuse(
        RefusalCode::ExposureOverCap,
        format!(
            "{debtor} would owe {creditor} {exposure} {currency}, holds included; the cap is {cap}"
        ),
    )
}

/// Gives a hold up.
pub(crate) fn void(
    ctx: &mut Context<'_, '_>,
    session: SessionId,
    claims: &HoldClaims,
) -> Result<Done, Refusal> {
    let Some(mut hold) = ctx.view.get::<HoldState>(&key_for_hold(session))? else {
        return refuse(RefusalCode::HoldUnknown, format!("{session} has no hold"));
    };
    if (hold.home, hold.visited, hold.guarantee, hold.currency)
        != (
            claims.home,
            claims.visited,
            claims.guarantee,
            claims.currency,
        )
    {
        return refuse(
            RefusalCode::IdConflict,
            format!("the hold for {session} has another home, visited, guarantee or currency"),
        );
    }
    if hold.status != HoldStatus::Pending {
        return refuse(
            RefusalCode::HoldClosed,
            format!("the hold for {session} is {}", status_text(hold.status)),
        );
    }
    let own = ctx.member() == hold.visited;
    check_may_void(ctx, &hold, own)?;
    hold.status = if own {
        HoldStatus::Void
    } else {
        HoldStatus::Expired
    };
    let released = hold.amount;
    release(ctx, &hold, released, Micro::ZERO)?;
    life::free(ctx, &hold)?;
    ctx.view.put(key_for_hold(session), &hold);
    Ok(Effect::HoldVoided {
        session,
        released,
        expired: !own,
    }
    .into())
}

/// How a closed hold is named in refusals.
pub(crate) fn status_text(status: HoldStatus) -> &'static str {
    match status {
        HoldStatus::Pending => "pending",
        HoldStatus::Posted => "posted: its charge is settled",
        HoldStatus::Void => "void: the visited utility gave it up",
        HoldStatus::Expired => "expired and freed",
    }
}

fn check_may_void(ctx: &Context<'_, '_>, hold: &HoldState, own: bool) -> Result<(), Refusal> {
    if own {
        return Ok(());
    }
    let from = hold
        .disputed_until
        .map_or(hold.expires_at, |until| until.max(hold.expires_at));
    if ctx.now() >= from {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!("until {from} only {} may void this hold", hold.visited),
    )
}

/// Moves `freed` out of the hold's guarantee and the pair's exposure, and `charged` into the guarantee. Returns the guarantee's
/// usage and the pair's held sum, both as they are then.
pub(crate) fn release(
    ctx: &mut Context<'_, '_>,
    hold: &HoldState,
    freed: Micro,
    charged: Micro,
) -> Result<(GuaranteeState, Micro), Refusal> {
    let held_key = key_for_held(hold.home, hold.visited, hold.currency);
    let before: HeldState = ctx.view.get(&held_key)?.unwrap_or_default();
    let amount = before.amount.minus(freed).map_err(overflow)?;
    let key = key_for_guarantee(hold.home, hold.guarantee);
    let Some(mut usage) = ctx.view.get::<GuaranteeState>(&key)? else {
        return refuse(
            RefusalCode::HoldUnknown,
            format!("{} was never used", hold.guarantee),
        );
    };
    usage.held = usage.held.minus(freed).map_err(overflow)?;
    usage.charged = usage.charged.plus(charged).map_err(overflow)?;
    ctx.view.put(held_key, &HeldState { amount });
    ctx.view.put(key, &usage);
    Ok((usage, amount))
}
