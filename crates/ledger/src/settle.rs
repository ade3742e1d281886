//! Settlement: a doubly signed charge event is checked against everything that was agreed, priced again, and posted.
//!
//! What leaves the home utility is the driver's total less the home utility's own share. The visited utility and the site's owner
//! are credited with their shares, and the visited utility's tax account with the tax. The position between the two utilities grows
//! by all that leaves home: the visited utility is the counterparty of the agreement, and pays owner and tax in its turn.
//!
//! A total above the hold is settled when the guarantee's rest and the exposure cap have room for the excess.

use crate::cache::Terms;
use crate::context::{Context, Done, overflow, refuse};
use crate::holds::{check_currency, check_exposure, check_guarantee, release, status_text};
use crate::keys::{key_for_charge, key_for_evse, key_for_hold};
use crate::money::position;
use crate::receipt::{Account, Effect, Posting};
use crate::rules::RuleUse;
use crate::state::{AgreementStatus, ChargeState, EvseState, HoldState, HoldStatus};
use crate::tx::Settlement;
use crate::{energy, forecast, life, meter, price, rules, usage};
use fairway_model::agreement::Agreement;
use fairway_model::charge::ChargeEvent;
use fairway_model::hash::Hash;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::{DAY, Time};

/// Settles a charge.
pub(crate) fn settle(ctx: &mut Context<'_, '_>, settlement: &Settlement) -> Result<Done, Refusal> {
    let event = settlement.event();
    check_submitter(ctx, settlement)?;
    check_fresh(ctx, event)?;
    let (terms, status) = ctx.agreement(event.agreement)?;
    let agreement = &terms.agreement;
    check_currency(settlement.currency, agreement)?;
    let start = usage::check(event, agreement, ctx.now(), ctx.rules)?;
    check_in_force(event, agreement, &status, start)?;
    let evse = check_evse(ctx, settlement, start)?;
    forecast::settled::check(ctx, settlement, agreement, start)?;
    let rule = rules::bound(ctx, agreement, settlement.rule)?;
    let note = price::check(event, &terms, &evse.entry.time_zone, rule)?;
    energy::settled::count(ctx, settlement, &evse.entry.area)?;
    let hold = find_hold(ctx, event, start)?;
    meter::sell(ctx, event)?;
    let released = post_hold(ctx, hold, event, agreement)?;
    let postings = post_shares(ctx, settlement)?;
    life::served(ctx, event.agreement, agreement, start)?;
    let hash = record(ctx, settlement, &terms);
    ctx.custom.extend(note.map(|note| RuleUse {
        session: event.session,
        note,
    }));
    let effect = Effect::ChargeSettled {
        session: event.session,
        event: hash,
        total: event.total,
        shares: event.shares,
        currency: settlement.currency,
        released,
    };
    Ok(Done { effect, postings })
}

fn check_submitter(ctx: &Context<'_, '_>, settlement: &Settlement) -> Result<(), Refusal> {
    let event = settlement.event();
    if ctx.member() != event.home && ctx.member() != event.visited {
        let text = format!(
            "{} is no party of a charge of {} at {}",
            ctx.member(),
            event.home,
            event.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    ctx.check_signer(event.visited, settlement.visited_key, "charge event")?;
    ctx.check_signer(event.home, settlement.home_key, "charge event")
}

fn check_fresh(ctx: &Context<'_, '_>, event: &ChargeEvent) -> Result<(), Refusal> {
    let Some(found) = ctx
        .view
        .get::<ChargeState>(&key_for_charge(event.session))?
    else {
        return Ok(());
    };
    let same = if found.event == event.hash() {
        "with the same content"
    } else {
        "with other content; object by a dispute"
    };
    refuse(
        RefusalCode::AlreadySettled,
        format!(
            "{} was settled in block {} {same}",
            event.session, found.height
        ),
    )
}

fn check_in_force(
    event: &ChargeEvent,
    agreement: &Agreement,
    status: &AgreementStatus,
    start: Time,
) -> Result<(), Refusal> {
    let id = event.agreement;
    if (agreement.home, agreement.visited) != (event.home, event.visited) {
        let text = format!(
            "{id} is between {} and {}, not {} and {}",
            agreement.home, agreement.visited, event.home, event.visited
        );
        return refuse(RefusalCode::AgreementUnknown, text);
    }
    if status.countersigned.is_none() {
        return refuse(
            RefusalCode::AgreementUnknown,
            format!("{id} is proposed but not countersigned"),
        );
    }
    let until = status
        .terminated_from
        .map_or(agreement.valid_until, |at| at.min(agreement.valid_until));
    if agreement.valid_from <= start && start < until {
        return Ok(());
    }
    let text = format!(
        "the charge began at {start}; {id} is in force from {} until {until}",
        agreement.valid_from
    );
    refuse(RefusalCode::AgreementNotInForce, text)
}

fn check_evse(
    ctx: &Context<'_, '_>,
    settlement: &Settlement,
    start: Time,
) -> Result<EvseState, Refusal> {
    let event = settlement.event();
    let Some(evse) = ctx.view.get::<EvseState>(&key_for_evse(&event.evse))? else {
        return refuse(
            RefusalCode::EvseUnavailable,
            format!("EVSE {} is not registered", event.evse),
        );
    };
    if evse.entry.utility != event.visited {
        let text = format!(
            "EVSE {} belongs to {}, not to {}",
            event.evse, evse.entry.utility, event.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    if let Some(at) = evse.retired.filter(|at| *at <= start) {
        return refuse(
            RefusalCode::EvseUnavailable,
            format!(
                "EVSE {} is out of use since {at}; the charge began at {start}",
                event.evse
            ),
        );
    }
    let old = evse
        .previous
        .is_some_and(|old| old.key == event.meter_key && start < old.until);
    if !old && evse.entry.meter_key_hash() != event.meter_key {
        let text = format!(
            "meter key {} is not the one registered for {}",
            event.meter_key, event.evse
        );
        return refuse(RefusalCode::MeterKey, text);
    }
    if evse.entry.owner != settlement.owner {
        let text = format!(
            "the owner of {} is {}, not {}",
            event.evse, evse.entry.owner, settlement.owner
        );
        return refuse(RefusalCode::IdConflict, text);
    }
    Ok(evse)
}

fn find_hold(
    ctx: &Context<'_, '_>,
    event: &ChargeEvent,
    start: Time,
) -> Result<HoldState, Refusal> {
    let Some(hold) = ctx.view.get::<HoldState>(&key_for_hold(event.session))? else {
        return refuse(
            RefusalCode::HoldUnknown,
            format!("{} has no hold; place one at consent", event.session),
        );
    };
    let conflict = |what: &str| {
        refuse(
            RefusalCode::IdConflict,
            format!("the hold for {} has another {what}", event.session),
        )
    };
    if hold.agreement != event.agreement {
        return conflict("agreement");
    }
    if hold.guarantee != event.guarantee {
        return conflict("guarantee");
    }
    if hold.offer != event.offer {
        return conflict("offer");
    }
    match hold.status {
        HoldStatus::Pending | HoldStatus::Expired if start < hold.expires_at => Ok(hold),
        HoldStatus::Pending | HoldStatus::Expired => refuse(
            RefusalCode::HoldClosed,
            format!(
                "the hold expired at {}, before the charge began at {start}",
                hold.expires_at
            ),
        ),
        status => refuse(
            RefusalCode::HoldClosed,
            format!("the hold for {} is {}", event.session, status_text(status)),
        ),
    }
}

/// Closes the hold, charges guarantee and position, and returns what was held and not needed.
fn post_hold(
    ctx: &mut Context<'_, '_>,
    mut hold: HoldState,
    event: &ChargeEvent,
    agreement: &Agreement,
) -> Result<Micro, Refusal> {
    let freed = if hold.status == HoldStatus::Pending {
        hold.amount
    } else {
        Micro::ZERO
    };
    let (usage, still_held) = release(ctx, &hold, freed, event.total)?;
    if hold.status == HoldStatus::Pending {
        life::free(ctx, &hold)?;
    }
    check_guarantee(&usage, hold.currency)?;
    let leaves_home = event.total.minus(event.shares.home).map_err(overflow)?;
    // A member's own driver at its own station: nobody owes anybody.
    if event.home != event.visited {
        let direction = (event.home, event.visited, hold.currency);
        let position = position::grow(ctx, direction, leaves_home)?;
        if leaves_home > freed {
            check_exposure(still_held, &position, agreement.caps.exposure, direction)?;
        }
    }
    hold.status = HoldStatus::Posted;
    ctx.view.put(key_for_hold(event.session), &hold);
    Ok(freed.minus(event.total).map_err(overflow)?.max(Micro::ZERO))
}

fn post_shares(
    ctx: &mut Context<'_, '_>,
    settlement: &Settlement,
) -> Result<Vec<Posting>, Refusal> {
    let event = settlement.event();
    let shares = event.shares;
    let leaves_home = event
        .total
        .minus(shares.home)
        .and_then(Micro::negated)
        .map_err(overflow)?;
    let amounts = vec![
        (Account::Member(event.home), leaves_home),
        (Account::Member(event.visited), shares.visited),
        (Account::Owner(settlement.owner.clone()), shares.owner),
        (Account::Tax(event.visited), shares.tax),
    ];
    ctx.post(settlement.currency, amounts)
}

fn record(ctx: &mut Context<'_, '_>, settlement: &Settlement, terms: &Terms) -> Hash {
    let event = settlement.event();
    let hash = event.hash();
    let days = i64::from(terms.agreement.dispute_days);
    let state = ChargeState {
        event: hash,
        agreement: event.agreement,
        home: event.home,
        visited: event.visited,
        energy: event.usage.energy().unwrap_or_default(),
        total: event.total,
        shares: event.shares,
        currency: terms.agreement.currency,
        height: ctx.block.height,
        settled_at: ctx.now(),
        dispute_until: ctx.now().plus(days.saturating_mul(DAY)),
        owner: Some(settlement.owner.clone()),
    };
    ctx.view.put(key_for_charge(event.session), &state);
    hash
}
