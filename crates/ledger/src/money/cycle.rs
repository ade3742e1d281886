//! The close of a netting cycle.
//!
//! A close takes of every position what stood at the midnight before it (UTC) and is not frozen by a dispute, so what is opened
//! while a cycle closes goes to the next one. Nothing is posted: each member is owed as much on balance as before, only by others.
//! A cycle that nobody closed in time is taken along by the next close.

use crate::cases::keys::key_for_frozen;
use crate::context::{Context, Done, overflow, refuse};
use crate::council::{RollState, Standing, key_for_roll};
use crate::keys::key_for_position;
use crate::money::effect::{CycleSummary, MoneyEffect, NetTransfer, NettedPosition};
use crate::money::keys::{key_for_cycle, key_for_last_cycle, key_for_obligation};
use crate::money::net::{balances, transfers};
use crate::money::operation::{CloseCycle, ObligationId, UtcDay};
use crate::money::position;
use crate::money::state::{CycleState, LastCycle, MoneyTerms, ObligationState, PositionState};
use fairway_model::ids::MemberId;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Every ordered pair of different members.
pub(crate) fn pairs(members: &[MemberId]) -> impl Iterator<Item = (MemberId, MemberId)> {
    members.iter().flat_map(move |debtor| {
        let others = members.iter().filter(move |creditor| *creditor != debtor);
        others.map(move |creditor| (*debtor, *creditor))
    })
}

/// Closes a cycle.
pub(crate) fn close(ctx: &mut Context<'_, '_>, request: &CloseCycle) -> Result<Done, Refusal> {
    crate::terms::check_currency_in_use(request.currency)?;
    let terms = ctx.rules.money;
    let before = check_time(ctx, request, &terms)?;
    check_roll(ctx, request)?;
    let taken = take(ctx, request)?;
    let gross = Micro::sum(taken.iter().map(|p| p.amount)).map_err(overflow)?;
    if gross == Micro::ZERO {
        let text = format!(
            "nothing in {} stood open at the last midnight, so there is nothing to net",
            request.currency
        );
        return refuse(RefusalCode::NothingDue, text);
    }
    let owed = taken.iter().map(|p| (p.debtor, p.creditor, p.amount));
    let found = balances(owed).and_then(|nets| transfers(&nets));
    let found = found.map_err(overflow)?.into_iter();
    let whole = |(debtor, creditor, amount)| {
        NetTransfer::of(debtor, creditor, amount, request.currency).map_err(overflow)
    };
    let transfers = found.map(whole).collect::<Result<Vec<_>, _>>()?;
    let summary = CycleSummary {
        currency: request.currency,
        cycle: request.cycle,
        gross,
        net: Micro::sum(transfers.iter().map(|t| t.amount)).map_err(overflow)?,
        positions: taken,
        due: UtcDay::of(ctx.now()).plus(terms.due_days),
        interest_bps: terms.interest_bps,
        transfers,
    };
    for transfer in &summary.transfers {
        oblige(ctx, &summary, transfer)?;
    }
    record(ctx, &summary, before);
    Ok(Done::from(MoneyEffect::CycleClosed(summary)))
}

fn check_time(
    ctx: &Context<'_, '_>,
    request: &CloseCycle,
    terms: &MoneyTerms,
) -> Result<Option<UtcDay>, Refusal> {
    let (cycle, currency) = (request.cycle, request.currency);
    let key = key_for_last_cycle(currency);
    let before = ctx.view.get::<LastCycle>(&key)?.map(|last| last.cycle);
    if let Some(last) = before.filter(|last| *last >= cycle) {
        let text = if last == cycle {
            format!("the cycle in {currency} that ended at {cycle} is closed already")
        } else {
            format!("the cycle in {currency} that ended at {last}, a later one, is closed already")
        };
        return refuse(RefusalCode::CycleClosed, text);
    }
    let newest = terms.newest_end(ctx.now());
    if cycle > newest {
        let text = format!(
            "the cycle that ends at {cycle} is not over at {}; the newest that is ended at {newest}",
            ctx.now().rfc3339()
        );
        return refuse(RefusalCode::CycleOpen, text);
    }
    if cycle < newest {
        let text = format!(
            "no cycle to close ended at {cycle}; cycles have {} days, and the newest ended at {newest}",
            terms.cycle_days
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    Ok(before)
}

/// Every member that was ever taken in, in order: what one that left still owes is still netted.
fn roll(ctx: &Context<'_, '_>) -> Result<Vec<MemberId>, Refusal> {
    let roll: RollState = ctx.view.get(&key_for_roll())?.unwrap_or_default();
    let taken_in = roll.entries.iter();
    let taken_in = taken_in.filter(|entry| entry.standing != Standing::Invited);
    Ok(taken_in.map(|entry| entry.member).collect())
}

fn check_roll(ctx: &Context<'_, '_>, request: &CloseCycle) -> Result<(), Refusal> {
    let roll = roll(ctx)?;
    if roll == request.members {
        return Ok(());
    }
    let missing = roll.iter().find(|m| !request.members.contains(m));
    let strange = request.members.iter().find(|m| !roll.contains(m));
    let text = match (missing, strange) {
        (Some(member), _) => format!("{member} is missing from the list of members to net"),
        (None, Some(member)) => format!("{member} is not on the roll of members to net"),
        (None, None) => "the list of members to net is not in order, each once".to_owned(),
    };
    refuse(RefusalCode::MembersIncomplete, text)
}

/// Takes what can be netted out of every position; what was taken, where it was more than nothing.
fn take(ctx: &mut Context<'_, '_>, request: &CloseCycle) -> Result<Vec<NettedPosition>, Refusal> {
    let (today, mut taken) = (UtcDay::of(ctx.now()), Vec::new());
    for (debtor, creditor) in pairs(&request.members) {
        let key = key_for_position(debtor, creditor, request.currency);
        let Some(mut state) = ctx.view.get::<PositionState>(&key)? else {
            continue;
        };
        let frozen = ctx.balance(&key_for_frozen(debtor, creditor, request.currency))?;
        let amount = state.nettable(today, frozen).map_err(overflow)?;
        if amount > Micro::ZERO {
            state.shrink(amount).map_err(overflow)?;
            ctx.view.put(key, &state);
            taken.push(NettedPosition {
                debtor,
                creditor,
                amount,
            });
        }
    }
    Ok(taken)
}

fn oblige(
    ctx: &mut Context<'_, '_>,
    summary: &CycleSummary,
    transfer: &NetTransfer,
) -> Result<(), Refusal> {
    let id = ObligationId {
        currency: summary.currency,
        cycle: summary.cycle,
        debtor: transfer.debtor,
        creditor: transfer.creditor,
    };
    let (direction, today) = ((id.debtor, id.creditor, id.currency), UtcDay::of(ctx.now()));
    position::change(ctx, direction, |p| {
        p.oblige(transfer.amount)?;
        p.grow(transfer.carried, today)
    })?;
    if transfer.amount == Micro::ZERO {
        return Ok(());
    }
    let state = ObligationState {
        amount: transfer.amount,
        principal: transfer.amount,
        interest: Micro::ZERO,
        due: summary.due,
        interest_bps: summary.interest_bps,
        charged_through: summary.due,
        sent: None,
        height: ctx.block.height,
    };
    ctx.view.put(key_for_obligation(&id), &state);
    Ok(())
}

fn record(ctx: &mut Context<'_, '_>, summary: &CycleSummary, before: Option<UtcDay>) {
    let state = CycleState {
        summary: summary.clone(),
        height: ctx.block.height,
        closed_at: ctx.now(),
        by: ctx.member(),
        before,
    };
    let last = LastCycle {
        cycle: summary.cycle,
    };
    ctx.view
        .put(key_for_cycle(summary.currency, summary.cycle), &state);
    ctx.view.put(key_for_last_cycle(summary.currency), &last);
}
