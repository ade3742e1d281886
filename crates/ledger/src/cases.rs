//! What happens to a charge after it is settled: credits that both utilities sign, and disputes that end.
//!
//! A settled charge is never edited. Whatever comes off it is a credit of its own, and the contract computes who gives back how
//! much: the shares of all credits of a charge never pass the charge's shares, and the whole of it reverses them exactly.
//!
//! A dispute (a case) is about the driver's total, and only ever lowers it. From its opening the disputed amount is frozen: netting
//! leaves it out. It ends by agreement, by a panel of members that are no party, or by rule when a deadline passes
//! ([`state::Ruling`]); then the amount is credited like any other. A case costs nothing.
//!
//! The tests are `tests/it/cases.rs` and `tests/it/credits.rs`.

pub(crate) mod admit;
mod answer;
mod close;
pub(crate) mod credit;
pub mod effect;
pub(crate) mod fold;
pub mod keys;
pub mod op;
mod open;
mod panel;
pub(crate) mod reads;
pub mod state;

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::key_for_charge;
use crate::state::{BalanceState, ChargeState};
pub(crate) use credit::check_minor;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};
use keys::{key_for_case, key_for_frozen};
use op::{CaseOperation, CaseRef};
use state::CaseState;

/// Carries out one operation of the group.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &CaseOperation) -> Result<Done, Refusal> {
    match operation {
        CaseOperation::Credit(note) => credit::credit(ctx, note),
        CaseOperation::Open(opening) => open::open(ctx, opening),
        CaseOperation::Answer(answer) => answer::answer(ctx, answer),
        CaseOperation::Accept(case) => close::accept(ctx, case),
        CaseOperation::Withdraw(case) => close::withdraw(ctx, case),
        CaseOperation::Escalate(case) => panel::escalate(ctx, case),
        CaseOperation::Vote { case, verdict } => panel::vote(ctx, case, *verdict),
        CaseOperation::Close(case) => close::close_by_rule(ctx, case),
    }
}

/// A settled charge.
fn settled(ctx: &Context<'_, '_>, session: SessionId) -> Result<ChargeState, Refusal> {
    let unknown = || {
        Refusal::new(
            RefusalCode::SessionUnknown,
            format!("{session} is not settled here"),
        )
    };
    ctx.view.get(&key_for_charge(session))?.ok_or_else(unknown)
}

/// The settled charge of a case, compared with what the transaction claims of it.
fn charge_of(ctx: &Context<'_, '_>, case: &CaseRef) -> Result<ChargeState, Refusal> {
    let charge = settled(ctx, case.session)?;
    let claims = credit::Claims {
        session: case.session,
        home: case.home,
        visited: case.visited,
        owner: &case.owner,
        currency: case.currency,
    };
    credit::check_claims(&charge, &claims)?;
    Ok(charge)
}

/// A case that is not decided.
fn open_case(ctx: &Context<'_, '_>, case: &CaseRef) -> Result<CaseState, Refusal> {
    let key = key_for_case(case.session, case.opener);
    let Some(found) = ctx.view.get::<CaseState>(&key)? else {
        return refuse(
            RefusalCode::CaseUnknown,
            format!("{} has no case about {}", case.opener, case.session),
        );
    };
    if let Some(closed) = &found.closed {
        let text = format!(
            "the case of {} about {} was closed at {}",
            case.opener, case.session, closed.at
        );
        return refuse(RefusalCode::CaseClosed, text);
    }
    Ok(found)
}

/// The party that did not open the case.
fn other_party(case: &CaseRef) -> MemberId {
    if case.opener == case.home {
        case.visited
    } else {
        case.home
    }
}

fn must_be(ctx: &Context<'_, '_>, who: MemberId, what: &str) -> Result<(), Refusal> {
    if ctx.member() == who {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!("{} cannot {what}; {who} can", ctx.member()),
    )
}

/// A total that could stand on a bill: whole minor units, not negative, not above what is left of the charge.
fn check_total(total: Micro, left: Micro, currency: Currency) -> Result<(), Refusal> {
    check_minor("the total", total, currency)?;
    if Micro::ZERO <= total && total <= left {
        return Ok(());
    }
    let (total, left) = (total.text(currency), left.text(currency));
    refuse(
        RefusalCode::PriceWrong,
        format!(
            "{total} {currency} is named; a case can bring the charge to nothing at least and to {left}, what is left of it, at most"
        ),
    )
}

/// Changes what is frozen of `debtor`'s position at `creditor` by `amount`.
fn freeze(
    ctx: &mut Context<'_, '_>,
    pair: (MemberId, MemberId),
    currency: Currency,
    amount: Micro,
) -> Result<(), Refusal> {
    let key = key_for_frozen(pair.0, pair.1, currency);
    let before = ctx
        .view
        .get::<BalanceState>(&key)?
        .unwrap_or_default()
        .amount;
    let after = before.plus(amount).map_err(overflow)?;
    ctx.set_balance(key, after);
    Ok(())
}
