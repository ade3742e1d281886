//! Collateral: tokens that a debtor sets aside for one creditor.
//!
//! Collateral of a direction is taken off the exposure that the agreement's cap limits. The debtor takes back only what is not
//! needed: what is held, owed and obliged in the direction stays secured, and never less than what agreements in force ask for. The
//! creditor may give up any of it; below what an agreement asks for no new charge begins under it. Whoever gives it back, it comes back
//! as tokens that the debtor holds, so the debtor's own limit for them counts; who is at its limit raises it first.

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::{key_for_held, key_for_pair};
use crate::money::effect::MoneyEffect;
use crate::money::operation::Pledge;
use crate::money::position;
use crate::money::token::{accepted, check_held, check_room, token};
use crate::receipt::Account;
use crate::state::{HeldState, PairState};
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

fn account(pledge: &Pledge) -> Account {
    Account::Collateral {
        debtor: pledge.debtor,
        creditor: pledge.creditor,
        issuer: pledge.issuer,
    }
}

/// Sets tokens aside.
pub(crate) fn deposit(ctx: &mut Context<'_, '_>, pledge: &Pledge) -> Result<Done, Refusal> {
    let Pledge {
        debtor,
        creditor,
        issuer,
        currency,
        amount,
    } = *pledge;
    if ctx.member() != debtor {
        let text = format!("{} cannot pledge tokens of {debtor}", ctx.member());
        return refuse(RefusalCode::NotAuthorized, text);
    }
    if debtor == creditor {
        let text = format!("{debtor} owes itself nothing that needs collateral");
        return refuse(RefusalCode::Malformed, text);
    }
    // Security in paper that the creditor does not take is none.
    accepted(ctx, (creditor, issuer, currency))?;
    check_held(ctx, &token(debtor, issuer), currency, amount)?;
    let state = position::change(ctx, (debtor, creditor, currency), |p| p.pledge(amount))?;
    let less = amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        currency,
        vec![(token(debtor, issuer), less), (account(pledge), amount)],
    )?;
    let effect = MoneyEffect::CollateralDeposited {
        collateral: state.collateral.unwrap_or_default(),
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

/// Gives tokens back to the debtor.
pub(crate) fn release(ctx: &mut Context<'_, '_>, pledge: &Pledge) -> Result<Done, Refusal> {
    let Pledge {
        debtor,
        creditor,
        issuer,
        currency,
        amount,
    } = *pledge;
    if ctx.member() != debtor && ctx.member() != creditor {
        let text = format!(
            "{} is no party of the collateral of {debtor} for {creditor}",
            ctx.member()
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    check_held(ctx, &account(pledge), currency, amount)?;
    if ctx.member() == debtor {
        check_not_needed(ctx, pledge)?;
    }
    check_room(ctx, (debtor, issuer, currency), amount)?;
    let less = amount.negated().map_err(overflow)?;
    let state = position::change(ctx, (debtor, creditor, currency), |p| p.pledge(less))?;
    let postings = ctx.post(
        currency,
        vec![(account(pledge), less), (token(debtor, issuer), amount)],
    )?;
    let effect = MoneyEffect::CollateralReleased {
        collateral: state.collateral.unwrap_or_default(),
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

/// What stays must cover everything that is held and owed.
fn check_not_needed(ctx: &Context<'_, '_>, pledge: &Pledge) -> Result<(), Refusal> {
    let Pledge {
        debtor,
        creditor,
        currency,
        amount,
        ..
    } = *pledge;
    let held: HeldState = ctx
        .view
        .get(&key_for_held(debtor, creditor, currency))?
        .unwrap_or_default();
    let state = position::position(ctx, (debtor, creditor, currency))?;
    let open = state
        .owed()
        .and_then(|owed| owed.plus(held.amount))
        .map_err(overflow)?;
    let collateral = state.collateral.unwrap_or_default();
    let pair: PairState = ctx
        .view
        .get(&key_for_pair(debtor, creditor))?
        .unwrap_or_default();
    let pledged = pair.pledged(ctx.now(), currency);
    let bound = open.max(pledged);
    let free = collateral.minus(bound).map_err(overflow)?.max(Micro::ZERO);
    if amount <= free {
        return Ok(());
    }
    let [amount, free, open, pledged] =
        [amount, free, open, pledged].map(|amount| amount.text(currency));
    refuse(
        RefusalCode::CollateralNeeded,
        format!(
            "{debtor} has {open} {currency} open with {creditor}, holds included, and pledged {pledged} in their agreement; {free} of its collateral is free, not {amount}"
        ),
    )
}
