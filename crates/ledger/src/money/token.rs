//! Settlement tokens: claims on an issuer, in the same zero-sum books.
//!
//! Any member may issue, and nobody has to take what it issues: a member holds an issuer's tokens only up to the limit that it set
//! itself. So no token needs an appointed issuer, and whoever bears the risk has agreed to it. Tokens in circulation never pass
//! the issuer's cap nor the reserve that its newest statement shows.

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::{key_for_account, key_for_payment};
use crate::money::effect::MoneyEffect;
use crate::money::keys::{key_for_acceptance, key_for_issuer, key_for_redemption};
use crate::money::operation::{Mint, Redemption};
use crate::money::state::{AcceptanceState, Direction, IssuerState, RedemptionState};
use crate::receipt::Account;
use crate::tx::Payment;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};

/// Tokens that a member may use.
pub(crate) fn token(holder: MemberId, issuer: MemberId) -> Account {
    Account::Token { holder, issuer }
}

/// Tokens that wait to be paid out.
fn redeeming(holder: MemberId, issuer: MemberId) -> Account {
    Account::Redeeming { holder, issuer }
}

/// Whether an account holds so many tokens.
pub(crate) fn check_held(
    ctx: &Context<'_, '_>,
    account: &Account,
    currency: Currency,
    amount: Micro,
) -> Result<(), Refusal> {
    let held = ctx.balance(&key_for_account(account, currency))?;
    if amount <= held {
        return Ok(());
    }
    let (amount, held) = (amount.text(currency), held.text(currency));
    refuse(
        RefusalCode::TokensMissing,
        format!("{amount} {currency} asked of {account}, which holds {held}"),
    )
}

/// Whether a member accepts so many more of an issuer's tokens: (holder, issuer, currency).
pub(crate) fn check_room(
    ctx: &Context<'_, '_>,
    (holder, issuer, currency): Direction,
    amount: Micro,
) -> Result<(), Refusal> {
    let limit = accepted(ctx, (holder, issuer, currency))?;
    let held = ctx.balance(&key_for_account(&token(holder, issuer), currency))?;
    let then = held.plus(amount).map_err(overflow)?;
    if then <= limit {
        return Ok(());
    }
    let (then, limit) = (then.text(currency), limit.text(currency));
    refuse(
        RefusalCode::TokensNotAccepted,
        format!("{holder} would hold {then} {currency} of {issuer}; it accepts up to {limit}"),
    )
}

/// The limit up to which a member accepts an issuer's tokens.
pub(crate) fn accepted(
    ctx: &Context<'_, '_>,
    (holder, issuer, currency): Direction,
) -> Result<Micro, Refusal> {
    let key = key_for_acceptance(holder, issuer, currency);
    let none = || {
        Refusal::new(
            RefusalCode::TokensNotAccepted,
            format!("{holder} does not accept tokens of {issuer} in {currency}"),
        )
    };
    ctx.view
        .get::<AcceptanceState>(&key)?
        .map(|state| state.limit)
        .ok_or_else(none)
}

fn issuer_state(
    ctx: &Context<'_, '_>,
    issuer: MemberId,
    currency: Currency,
) -> Result<IssuerState, Refusal> {
    let none = || {
        Refusal::new(
            RefusalCode::IssuerUnknown,
            format!("{issuer} does not issue tokens in {currency}"),
        )
    };
    ctx.view
        .get(&key_for_issuer(issuer, currency))?
        .ok_or_else(none)
}

/// Becomes an issuer, or changes cap and terms.
pub(crate) fn register(
    ctx: &mut Context<'_, '_>,
    currency: Currency,
    cap: Micro,
    terms: Hash,
) -> Result<Done, Refusal> {
    crate::terms::check_currency_in_use(currency)?;
    let key = key_for_issuer(ctx.member(), currency);
    let before = ctx.view.get::<IssuerState>(&key)?;
    if before.is_some_and(|found| found.cap == cap && found.terms == terms) {
        let text = format!("{} issues under these terms already", ctx.member());
        return refuse(RefusalCode::Duplicate, text);
    }
    let outstanding = before.map(|found| found.outstanding).unwrap_or_default();
    if cap < outstanding {
        let (cap, out) = (cap.text(currency), outstanding.text(currency));
        let text = format!("a cap of {cap} {currency} is below the {out} in circulation");
        return refuse(RefusalCode::AmountOverCap, text);
    }
    let state = IssuerState {
        cap,
        terms,
        outstanding,
        reserve: before.and_then(|found| found.reserve),
    };
    ctx.view.put(key, &state);
    Ok(Done::from(MoneyEffect::IssuerRegistered))
}

/// Accepts an issuer's tokens up to a limit.
pub(crate) fn accept(
    ctx: &mut Context<'_, '_>,
    issuer: MemberId,
    currency: Currency,
    limit: Micro,
) -> Result<Done, Refusal> {
    issuer_state(ctx, issuer, currency)?;
    let key = key_for_acceptance(ctx.member(), issuer, currency);
    let state = AcceptanceState { limit };
    if ctx.view.get::<AcceptanceState>(&key)? == Some(state) {
        return refuse(RefusalCode::Duplicate, "this limit is set already");
    }
    ctx.view.put(key, &state);
    Ok(Done::from(MoneyEffect::IssuerAccepted))
}

/// Issues tokens.
pub(crate) fn mint(ctx: &mut Context<'_, '_>, mint: &Mint) -> Result<Done, Refusal> {
    let (issuer, currency) = (ctx.member(), mint.currency);
    let mut state = issuer_state(ctx, issuer, currency)?;
    check_reserve(ctx, mint, &state)?;
    check_room(ctx, (mint.holder, issuer, currency), mint.amount)?;
    let outstanding = state.outstanding.plus(mint.amount).map_err(overflow)?;
    let most = state.cap.min(mint.reserve.amount);
    if outstanding > most {
        let (out, most) = (outstanding.text(currency), most.text(currency));
        let text =
            format!("{out} {currency} would be in circulation; cap and reserve allow {most}");
        return refuse(RefusalCode::AmountOverCap, text);
    }
    state.outstanding = outstanding;
    state.reserve = Some(mint.reserve);
    ctx.view.put(key_for_issuer(issuer, currency), &state);
    let less = mint.amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        currency,
        vec![
            (Account::Issued(issuer), less),
            (token(mint.holder, issuer), mint.amount),
        ],
    )?;
    let effect = MoneyEffect::Minted { outstanding };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

fn check_reserve(ctx: &Context<'_, '_>, mint: &Mint, state: &IssuerState) -> Result<(), Refusal> {
    let reserve = mint.reserve;
    if reserve.as_of > ctx.now() {
        let text = format!(
            "the reserve statement is of {}, in the future",
            reserve.as_of
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    if let Some(newer) = state.reserve.filter(|known| known.as_of > reserve.as_of) {
        let text = format!(
            "the reserve statement is of {}; one of {} is known",
            reserve.as_of, newer.as_of
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    Ok(())
}

/// Gives tokens to another member.
pub(crate) fn transfer(
    ctx: &mut Context<'_, '_>,
    (to, issuer, currency): Direction,
    amount: Micro,
) -> Result<Done, Refusal> {
    let from = ctx.member();
    if from == to {
        let text = format!("{from} cannot give tokens to itself");
        return refuse(RefusalCode::Malformed, text);
    }
    check_held(ctx, &token(from, issuer), currency, amount)?;
    check_room(ctx, (to, issuer, currency), amount)?;
    let less = amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        currency,
        vec![(token(from, issuer), less), (token(to, issuer), amount)],
    )?;
    Ok(Done {
        postings,
        ..MoneyEffect::Transferred.into()
    })
}

/// Asks to be paid out. The tokens are set aside until the holder says that it was.
pub(crate) fn request_redemption(
    ctx: &mut Context<'_, '_>,
    redemption: &Redemption,
) -> Result<Done, Refusal> {
    let (holder, issuer, currency) = (ctx.member(), redemption.issuer, redemption.currency);
    let key = key_for_redemption(holder, redemption.id);
    match ctx.view.get::<RedemptionState>(&key)? {
        Some(found) if found.redemption == *redemption => {
            let text = format!("{} is requested already", redemption.id);
            return refuse(RefusalCode::Duplicate, text);
        }
        Some(_) => {
            let text = format!("{} was requested with other content", redemption.id);
            return refuse(RefusalCode::IdConflict, text);
        }
        None => {}
    }
    check_held(ctx, &token(holder, issuer), currency, redemption.amount)?;
    let state = RedemptionState {
        redemption: *redemption,
        requested_at: ctx.now(),
        paid: None,
    };
    ctx.view.put(key, &state);
    let less = redemption.amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        currency,
        vec![
            (token(holder, issuer), less),
            (redeeming(holder, issuer), redemption.amount),
        ],
    )?;
    Ok(Done {
        postings,
        ..MoneyEffect::RedemptionRequested.into()
    })
}

/// The holder was paid out: the tokens are gone.
pub(crate) fn confirm_redemption(
    ctx: &mut Context<'_, '_>,
    redemption: &Redemption,
    reference: Hash,
) -> Result<Done, Refusal> {
    let (holder, issuer, currency) = (ctx.member(), redemption.issuer, redemption.currency);
    let key = key_for_redemption(holder, redemption.id);
    let found = ctx.view.get::<RedemptionState>(&key)?;
    let Some(mut state) = found.filter(|found| found.redemption == *redemption) else {
        let text = format!(
            "{holder} has no request {} with this content",
            redemption.id
        );
        return refuse(RefusalCode::RedemptionUnknown, text);
    };
    if let Some(paid) = state.paid {
        let text = format!("{} was paid out by {paid} already", redemption.id);
        return refuse(RefusalCode::Duplicate, text);
    }
    let record = Payment {
        debtor: issuer,
        creditor: holder,
        currency,
        amount: redemption.amount,
        reference,
    };
    let payment_key = key_for_payment(holder, reference);
    if ctx.view.get::<Payment>(&payment_key)?.is_some() {
        let text = format!("payment {reference} was confirmed for something else");
        return refuse(RefusalCode::IdConflict, text);
    }
    ctx.view.put(payment_key, &record);
    state.paid = Some(reference);
    ctx.view.put(key, &state);
    let mut tokens = issuer_state(ctx, issuer, currency)?;
    tokens.outstanding = tokens
        .outstanding
        .minus(redemption.amount)
        .map_err(overflow)?;
    ctx.view.put(key_for_issuer(issuer, currency), &tokens);
    let less = redemption.amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        currency,
        vec![
            (redeeming(holder, issuer), less),
            (Account::Issued(issuer), redemption.amount),
        ],
    )?;
    let effect = MoneyEffect::Redeemed {
        outstanding: tokens.outstanding,
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}
