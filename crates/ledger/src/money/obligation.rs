//! Obligations: noted, paid, charged with interest, covered from collateral.
//!
//! A payment first charges the interest that ran up to its day, then pays interest, then principal. So no day is charged twice and
//! no payment escapes its interest.

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::key_for_payment;

use crate::money::effect::MoneyEffect;
use crate::money::keys::key_for_obligation;
use crate::money::operation::{Debt, ObligationId, PaymentReceived, PaymentSent, UtcDay};
use crate::money::position;
use crate::money::state::ObligationState;
use crate::money::token::{check_held, check_room, token};
use crate::receipt::{Account, Posting};
use crate::tx::Payment;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};

fn find(ctx: &Context<'_, '_>, id: &ObligationId) -> Result<ObligationState, Refusal> {
    let unknown = || {
        Refusal::new(
            RefusalCode::ObligationUnknown,
            format!("no cycle left an obligation {id}"),
        )
    };
    ctx.view.get(&key_for_obligation(id))?.ok_or_else(unknown)
}

/// Who signs must be the one who may.
fn must_be(ctx: &Context<'_, '_>, who: MemberId, what: &str) -> Result<(), Refusal> {
    if ctx.member() == who {
        return Ok(());
    }
    let text = format!("{} cannot {what}; only {who} can", ctx.member());
    refuse(RefusalCode::NotAuthorized, text)
}

/// Charges what ran up; the postings, none when nothing did.
fn accrue(
    ctx: &mut Context<'_, '_>,
    id: &ObligationId,
    state: &mut ObligationState,
    through: UtcDay,
) -> Result<(Micro, Vec<Posting>), Refusal> {
    let amount = state.charge(through).map_err(overflow)?;
    if amount == Micro::ZERO {
        return Ok((amount, Vec::new()));
    }
    position::change(ctx, (id.debtor, id.creditor, id.currency), |p| {
        p.oblige(amount)
    })?;
    let owed = amount.negated().map_err(overflow)?;
    let postings = ctx.post(
        id.currency,
        vec![
            (Account::Member(id.debtor), owed),
            (Account::Member(id.creditor), amount),
        ],
    )?;
    Ok((amount, postings))
}

/// Charges interest through a day.
pub(crate) fn charge_interest(
    ctx: &mut Context<'_, '_>,
    id: &ObligationId,
    through: UtcDay,
) -> Result<Done, Refusal> {
    let mut state = find(ctx, id)?;
    let today = UtcDay::of(ctx.now());
    if through > today {
        let text = format!("interest through {through} cannot be charged on {today}");
        return refuse(RefusalCode::TimeInvalid, text);
    }
    if through <= state.due {
        let text = format!(
            "{id} is due on {}; no interest runs on {through}",
            state.due
        );
        return refuse(RefusalCode::NothingDue, text);
    }
    if through <= state.charged_through {
        let text = format!(
            "interest on {id} is charged through {} already",
            state.charged_through
        );
        return refuse(RefusalCode::InterestCharged, text);
    }
    if state.accrued(through).map_err(overflow)? == Micro::ZERO {
        let text = format!("no interest ran up on {id} through {through}");
        return refuse(RefusalCode::NothingDue, text);
    }
    let (amount, postings) = accrue(ctx, id, &mut state, through)?;
    ctx.view.put(key_for_obligation(id), &state);
    let effect = MoneyEffect::InterestCharged {
        obligation: *id,
        through,
        amount,
        open: state.open().map_err(overflow)?,
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

/// Puts the debtor's word on record.
pub(crate) fn sent(ctx: &mut Context<'_, '_>, sent: &PaymentSent) -> Result<Done, Refusal> {
    let id = sent.obligation;
    must_be(ctx, id.debtor, "say that it paid")?;
    let mut state = find(ctx, &id)?;
    if state.sent == Some(*sent) {
        return refuse(RefusalCode::Duplicate, "this payment is noted already");
    }
    check_unused(ctx, id.creditor, &payment(&id, sent.amount, sent.reference))?;
    // Interest that will be charged with the payment may be in what is sent.
    let accrued = state.accrued(UtcDay::of(ctx.now())).map_err(overflow)?;
    let open = state.open().and_then(|o| o.plus(accrued));
    check_owed(&Debt::Obligation(id), sent.amount, open.map_err(overflow)?)?;
    state.sent = Some(*sent);
    ctx.view.put(key_for_obligation(&id), &state);
    Ok(Done::from(MoneyEffect::PaymentNoted { obligation: id }))
}

fn payment(id: &ObligationId, amount: Micro, reference: fairway_model::hash::Hash) -> Payment {
    Payment {
        debtor: id.debtor,
        creditor: id.creditor,
        currency: id.currency,
        amount,
        reference,
    }
}

/// One bank reference pays once, be it a position or an obligation.
fn check_unused(
    ctx: &Context<'_, '_>,
    creditor: MemberId,
    payment: &Payment,
) -> Result<(), Refusal> {
    let reference = payment.reference;
    match ctx
        .view
        .get::<Payment>(&key_for_payment(creditor, reference))?
    {
        Some(found) if found == *payment => refuse(
            RefusalCode::Duplicate,
            format!("payment {reference} is confirmed already"),
        ),
        Some(_) => refuse(
            RefusalCode::IdConflict,
            format!("payment {reference} was confirmed with other content"),
        ),
        None => Ok(()),
    }
}

fn check_owed(debt: &Debt, amount: Micro, open: Micro) -> Result<(), Refusal> {
    if amount <= open {
        return Ok(());
    }
    let (debtor, creditor, currency) = debt.parties();
    let (amount, open) = (amount.text(currency), open.text(currency));
    refuse(
        RefusalCode::AmountOverCap,
        format!("{amount} {currency} paid; {debtor} owes {creditor} only {open}"),
    )
}

/// The creditor confirms a payment by bank.
pub(crate) fn received(
    ctx: &mut Context<'_, '_>,
    received: &PaymentReceived,
) -> Result<Done, Refusal> {
    let id = received.obligation;
    must_be(ctx, id.creditor, "confirm this payment")?;
    let state = find(ctx, &id)?;
    let record = payment(&id, received.amount, received.reference);
    check_unused(ctx, id.creditor, &record)?;
    if let Some(sent) = state
        .sent
        .filter(|sent| sent.reference == received.reference && sent.amount != received.amount)
    {
        let text = format!(
            "{} says that it sent {} {} under this reference, not {}",
            id.debtor,
            sent.amount.text(id.currency),
            id.currency,
            received.amount.text(id.currency)
        );
        return refuse(RefusalCode::IdConflict, text);
    }
    ctx.view
        .put(key_for_payment(id.creditor, received.reference), &record);
    let account = Account::Member(id.creditor);
    let less = received.amount.negated().map_err(overflow)?;
    reduce(ctx, &id, state, received.amount, vec![(account, less)])
}

/// Charges interest, pays an obligation and posts: the debtor is credited, and against it stands what `against` says.
fn reduce(
    ctx: &mut Context<'_, '_>,
    id: &ObligationId,
    mut state: ObligationState,
    amount: Micro,
    against: Vec<(Account, Micro)>,
) -> Result<Done, Refusal> {
    let (interest, mut postings) = accrue(ctx, id, &mut state, UtcDay::of(ctx.now()))?;
    let open = state.open().map_err(overflow)?;
    check_owed(&Debt::Obligation(*id), amount, open)?;
    state.pay(amount).map_err(overflow)?;
    ctx.view.put(key_for_obligation(id), &state);
    let less = amount.negated().map_err(overflow)?;
    position::change(ctx, (id.debtor, id.creditor, id.currency), |p| {
        p.oblige(less)
    })?;
    let mut amounts = vec![(Account::Member(id.debtor), amount)];
    amounts.extend(against);
    postings.extend(ctx.post(id.currency, amounts)?);
    let effect = MoneyEffect::ObligationPaid {
        obligation: *id,
        interest,
        open: state.open().map_err(overflow)?,
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

/// What a payment in tokens posts beside the debtor's credit.
fn in_tokens(
    from: Account,
    (creditor, issuer): (MemberId, MemberId),
    amount: Micro,
) -> Result<Vec<(Account, Micro)>, Refusal> {
    let less = amount.negated().map_err(overflow)?;
    Ok(vec![
        (Account::Member(creditor), less),
        (from, less),
        (token(creditor, issuer), amount),
    ])
}

/// Pays with tokens.
pub(crate) fn pay(
    ctx: &mut Context<'_, '_>,
    debt: &Debt,
    issuer: MemberId,
    amount: Micro,
) -> Result<Done, Refusal> {
    let (debtor, creditor, currency) = debt.parties();
    must_be(ctx, debtor, "pay this debt with its tokens")?;
    check_held(ctx, &token(debtor, issuer), currency, amount)?;
    check_room(ctx, (creditor, issuer, currency), amount)?;
    let against = in_tokens(token(debtor, issuer), (creditor, issuer), amount)?;
    match debt {
        Debt::Obligation(id) => {
            let state = find(ctx, id)?;
            reduce(ctx, id, state, amount, against)
        }
        Debt::Position { .. } => pay_position(ctx, debt, amount, against),
    }
}

fn pay_position(
    ctx: &mut Context<'_, '_>,
    debt: &Debt,
    amount: Micro,
    against: Vec<(Account, Micro)>,
) -> Result<Done, Refusal> {
    let (debtor, creditor, currency) = debt.parties();
    if debtor == creditor {
        let text = format!("{debtor} cannot pay itself");
        return refuse(RefusalCode::Malformed, text);
    }
    let direction = (debtor, creditor, currency);
    let owed = position::position(ctx, direction)?.amount;
    check_owed(debt, amount, owed)?;
    let state = position::change(ctx, direction, |p| p.shrink(amount))?;
    let mut amounts = vec![(Account::Member(debtor), amount)];
    amounts.extend(against);
    let postings = ctx.post(currency, amounts)?;
    let effect = MoneyEffect::PositionPaid {
        debtor,
        creditor,
        currency,
        owed: state.amount,
    };
    Ok(Done {
        postings,
        ..effect.into()
    })
}

/// Takes an overdue obligation out of the collateral.
pub(crate) fn cover(
    ctx: &mut Context<'_, '_>,
    id: &ObligationId,
    issuer: MemberId,
    amount: Micro,
) -> Result<Done, Refusal> {
    must_be(ctx, id.creditor, "take this collateral")?;
    let state = find(ctx, id)?;
    let grace = ctx.rules.money.grace_days;
    let first = state.due.plus(grace).plus(1);
    if UtcDay::of(ctx.now()) < first {
        let text = format!(
            "{id} was due on {}; with {grace} days of grace the collateral may be taken from {first} on",
            state.due
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    let pledged = Account::Collateral {
        debtor: id.debtor,
        creditor: id.creditor,
        issuer,
    };
    check_held(ctx, &pledged, id.currency, amount)?;
    check_room(ctx, (id.creditor, issuer, id.currency), amount)?;
    let less = amount.negated().map_err(overflow)?;
    let direction: (MemberId, MemberId, Currency) = (id.debtor, id.creditor, id.currency);
    position::change(ctx, direction, |p| p.pledge(less))?;
    let against = in_tokens(pledged, (id.creditor, issuer), amount)?;
    reduce(ctx, id, state, amount, against)
}
