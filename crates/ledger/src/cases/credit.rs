//! Credits: checked against what is left of the charge, divided as the charge was, and posted.
//!
//! The position of home at visited shrinks by what visited, owner and tax give back. Where it was paid or netted before, visited owes
//! home the rest.

use super::effect::CaseEffect;
use super::keys::{key_for_credit, key_for_credits};
use super::op::CreditNote;
use super::settled;
use super::state::{CreditRecord, CreditState};
use crate::context::{Context, Done, overflow, refuse};
use crate::limits::MAX_CREDITS;
use crate::money::position;
use crate::receipt::{Account, Effect, Posting};
use crate::state::ChargeState;
use fairway_model::credit::Credit;
use fairway_model::ids::{MemberId, OwnerId, SessionId};
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::price::Shares;
use fairway_model::refusal::{Refusal, RefusalCode};

/// What a transaction says of the charge that it is about, so that the state it touches is known from its bytes.
pub(super) struct Claims<'a> {
    pub(super) session: SessionId,
    pub(super) home: MemberId,
    pub(super) visited: MemberId,
    pub(super) owner: &'a OwnerId,
    pub(super) currency: Currency,
}

/// Credits a charge with both signatures.
pub(super) fn credit(ctx: &mut Context<'_, '_>, note: &CreditNote) -> Result<Done, Refusal> {
    let credit = &note.signed.credit;
    if ctx.member() != credit.home && ctx.member() != credit.visited {
        let text = format!(
            "{} is no party of a credit between {} and {}",
            ctx.member(),
            credit.home,
            credit.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    ctx.check_signer(credit.visited, note.visited_key, "credit")?;
    ctx.check_signer(credit.home, note.home_key, "credit")?;
    check_fresh(ctx, credit)?;
    let charge = settled(ctx, credit.session)?;
    let claims = Claims {
        session: credit.session,
        home: credit.home,
        visited: credit.visited,
        owner: &note.owner,
        currency: note.currency,
    };
    check_claims(&charge, &claims)?;
    if charge.event != credit.event {
        let text = format!(
            "{} was settled with event {}, not {}",
            credit.session, charge.event, credit.event
        );
        return refuse(RefusalCode::IdConflict, text);
    }
    check_minor("the credit", credit.amount, note.currency)?;
    count(ctx, credit.session)?;
    let (shares, postings) = give_back(ctx, &charge, &claims, credit.amount)?;
    let record = CreditRecord {
        content: credit.hash(),
    };
    ctx.view
        .put(key_for_credit(credit.session, credit.id), &record);
    let effect = CaseEffect::Credited {
        session: credit.session,
        credit: credit.id,
        amount: credit.amount,
        shares,
        currency: note.currency,
    };
    Ok(Done {
        effect: Effect::Case(effect),
        postings,
    })
}

fn count(ctx: &mut Context<'_, '_>, session: SessionId) -> Result<(), Refusal> {
    let mut state = credits(ctx, session)?;
    if state.count >= MAX_CREDITS {
        return refuse(
            RefusalCode::TooLarge,
            format!("{session} has {MAX_CREDITS} credits; no more are allowed"),
        );
    }
    state.count = state.count.saturating_add(1);
    ctx.view.put(key_for_credits(session), &state);
    Ok(())
}

fn check_fresh(ctx: &Context<'_, '_>, credit: &Credit) -> Result<(), Refusal> {
    let key = key_for_credit(credit.session, credit.id);
    match ctx.view.get::<CreditRecord>(&key)? {
        None => Ok(()),
        Some(found) if found.content == credit.hash() => refuse(
            RefusalCode::Duplicate,
            format!("{} of {} took effect before", credit.id, credit.session),
        ),
        Some(_) => refuse(
            RefusalCode::IdConflict,
            format!(
                "{} of {} took effect with other content; a new credit needs a new id",
                credit.id, credit.session
            ),
        ),
    }
}

/// Compares the claims with the charge.
pub(super) fn check_claims(charge: &ChargeState, claims: &Claims<'_>) -> Result<(), Refusal> {
    if (charge.home, charge.visited) != (claims.home, claims.visited) {
        let text = format!(
            "{} is a charge of {} at {}, not of {} at {}",
            claims.session, charge.home, charge.visited, claims.home, claims.visited
        );
        return refuse(RefusalCode::IdConflict, text);
    }
    if charge.currency != claims.currency {
        let text = format!(
            "{} was settled in {}, not {}",
            claims.session, charge.currency, claims.currency
        );
        return refuse(RefusalCode::IdConflict, text);
    }
    if charge.owner.as_ref() == Some(claims.owner) {
        return Ok(());
    }
    let owner = charge
        .owner
        .as_ref()
        .map_or("unknown", |owner| owner.as_str());
    refuse(
        RefusalCode::IdConflict,
        format!(
            "the owner's share of {} went to {owner}, not {}",
            claims.session, claims.owner
        ),
    )
}

/// Bills are in whole minor units, and stay so.
pub(crate) fn check_minor(what: &str, amount: Micro, currency: Currency) -> Result<(), Refusal> {
    if amount.0.checked_rem(currency.micros_per_minor()) == Some(0) {
        return Ok(());
    }
    refuse(
        RefusalCode::Malformed,
        format!(
            "{what} is {} {currency}; whole minor units are right",
            amount.text(currency)
        ),
    )
}

/// What is credited of a charge so far.
pub(super) fn credits(ctx: &Context<'_, '_>, session: SessionId) -> Result<CreditState, Refusal> {
    Ok(ctx
        .view
        .get(&key_for_credits(session))?
        .unwrap_or(CreditState::NONE))
}

/// The charge's total less its credits.
pub(super) fn left_of(charge: &ChargeState, credits: &CreditState) -> Result<Micro, Refusal> {
    charge.total.minus(credits.credited).map_err(overflow)
}

/// Shares of a credit, out of what is left of the charge's shares.
pub(super) fn shares_of(
    charge: &ChargeState,
    credits: &CreditState,
    amount: Micro,
) -> Result<Shares, Refusal> {
    let left = zip(&charge.shares, &credits.given, Micro::minus).map_err(overflow)?;
    fairway_pricing::reverse(amount, &left)
        .map_err(|e| Refusal::new(RefusalCode::SharesWrong, e.to_string()))
}

fn zip(
    a: &Shares,
    b: &Shares,
    f: fn(Micro, Micro) -> Result<Micro, MoneyError>,
) -> Result<Shares, MoneyError> {
    Ok(Shares {
        home: f(a.home, b.home)?,
        visited: f(a.visited, b.visited)?,
        owner: f(a.owner, b.owner)?,
        tax: f(a.tax, b.tax)?,
    })
}

/// Posts a credit of an amount that the charge still has.
pub(super) fn give_back(
    ctx: &mut Context<'_, '_>,
    charge: &ChargeState,
    claims: &Claims<'_>,
    amount: Micro,
) -> Result<(Shares, Vec<Posting>), Refusal> {
    let (session, currency) = (claims.session, charge.currency);
    let before = credits(ctx, session)?;
    let left = left_of(charge, &before)?;
    if amount > left {
        let (amount, left) = (amount.text(currency), left.text(currency));
        let text = format!("a credit of {amount} {currency}; only {left} of {session} is left");
        return refuse(RefusalCode::CreditExceeds, text);
    }
    let shares = shares_of(charge, &before, amount)?;
    let after = CreditState {
        credited: before.credited.plus(amount).map_err(overflow)?,
        given: zip(&before.given, &shares, Micro::plus).map_err(overflow)?,
        count: before.count,
    };
    ctx.view.put(key_for_credits(session), &after);
    let comes_home = amount.minus(shares.home).map_err(overflow)?;
    if charge.home != charge.visited {
        owe_back(ctx, (charge.home, charge.visited), currency, comes_home)?;
    }
    let less = |amount: Micro| amount.negated().map_err(overflow);
    let amounts = vec![
        (Account::Member(charge.home), comes_home),
        (Account::Member(charge.visited), less(shares.visited)?),
        (Account::Owner(claims.owner.clone()), less(shares.owner)?),
        (Account::Tax(charge.visited), less(shares.tax)?),
    ];
    let postings = ctx.post(currency, amounts)?;
    Ok((shares, postings))
}

/// Takes `amount` off what the first owes the second; what it no longer owes the second owes back.
fn owe_back(
    ctx: &mut Context<'_, '_>,
    (debtor, creditor): (MemberId, MemberId),
    currency: Currency,
    amount: Micro,
) -> Result<(), Refusal> {
    let direction = (debtor, creditor, currency);
    if amount < Micro::ZERO {
        let more = amount.negated().map_err(overflow)?;
        return position::grow(ctx, direction, more).map(|_| ());
    }
    let off = amount.min(position::position(ctx, direction)?.amount);
    position::change(ctx, direction, |p| p.shrink(off))?;
    let rest = amount.minus(off).map_err(overflow)?;
    if rest != Micro::ZERO {
        position::grow(ctx, (creditor, debtor, currency), rest)?;
    }
    Ok(())
}
