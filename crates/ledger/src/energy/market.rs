//! The market: offers, acceptances, cancellations. Money moves through the position between the two members.

use super::op::{EnergyAcceptance, EnergyCancellation, EnergyEffect, EnergyOffer};
use super::state::{OfferState, key_for_energy, key_for_energy_offer};
use super::{book, fits};
use crate::context::{Context, Done, overflow, refuse};
use crate::holds::check_exposure;
use crate::keys::{key_for_held, key_for_pair};
use crate::money::position;
use crate::money::state::Direction;
use crate::receipt::{Account, Effect};
use crate::state::{HeldState, PairState};
use fairway_model::energy::Energy;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Posts an offer and sets its energy aside.
pub(super) fn offer(ctx: &mut Context<'_, '_>, offer: &EnergyOffer) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    let key = key_for_energy_offer(me, offer.id);
    match ctx.view.get::<OfferState>(&key)? {
        None => {}
        Some(found) if found.offer == *offer => {
            return refuse(
                RefusalCode::Duplicate,
                format!("{} was posted before", offer.id),
            );
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "{} was posted with other content; a new offer needs a new id",
                    offer.id
                ),
            );
        }
    }
    let closes = offer.hour.closes();
    if offer.valid_until <= ctx.now() || offer.valid_until > closes {
        return refuse(
            RefusalCode::TimeInvalid,
            format!(
                "the offer is valid until {}; it must end after now and by {closes}, when the hour is closed",
                offer.valid_until
            ),
        );
    }
    let mut own = book(ctx, me, &offer.area, offer.hour)?;
    let free = own.free()?;
    if offer.energy > free {
        return refuse(
            RefusalCode::EnergyNotOwned,
            format!(
                "{} kWh are offered; {me} has {} kWh free in {} in the hour from {}",
                offer.energy.kwh_text(),
                free.kwh_text(),
                offer.area,
                offer.hour.begin()
            ),
        );
    }
    own.offered = fits(own.offered.plus(offer.energy))?;
    ctx.view
        .put(key_for_energy(me, &offer.area, offer.hour), &own);
    let state = OfferState {
        offer: offer.clone(),
        left: offer.energy,
    };
    ctx.view.put(key, &state);
    Ok(Effect::Energy(EnergyEffect::Offered { id: offer.id }).into())
}

/// Takes an offer: energy to the buyer's book, money to the seller's account.
pub(super) fn accept(
    ctx: &mut Context<'_, '_>,
    acceptance: &EnergyAcceptance,
) -> Result<Done, Refusal> {
    let (buyer, seller) = (ctx.member(), acceptance.seller);
    ctx.utility(buyer)?;
    if buyer == seller {
        return refuse(
            RefusalCode::NotAuthorized,
            format!("{buyer} cannot buy from itself; it may cancel the offer"),
        );
    }
    let mut state = find(ctx, acceptance)?;
    let offer = &state.offer;
    let same = offer.area == acceptance.area
        && (offer.hour, offer.price, offer.currency)
            == (acceptance.hour, acceptance.price, acceptance.currency);
    if !same {
        return refuse(
            RefusalCode::IdConflict,
            format!(
                "{} is for {} in the hour from {} at {} {} per kWh",
                offer.id,
                offer.area,
                offer.hour.begin(),
                offer.price.text(offer.currency),
                offer.currency
            ),
        );
    }
    if ctx.now() >= offer.valid_until {
        return refuse(
            RefusalCode::OfferExpired,
            format!("{} could be accepted until {}", offer.id, offer.valid_until),
        );
    }
    let Some(left) = state.left.minus(acceptance.energy) else {
        return refuse(
            RefusalCode::EnergyNotOwned,
            format!(
                "{} kWh are asked for; {} has {} kWh left",
                acceptance.energy.kwh_text(),
                offer.id,
                state.left.kwh_text()
            ),
        );
    };
    state.left = left;
    ctx.view
        .put(key_for_energy_offer(seller, acceptance.id), &state);
    hand_over(ctx, acceptance)?;
    let amount = acceptance.amount().map_err(overflow)?;
    owe(ctx, (buyer, seller, acceptance.currency), amount)?;
    let less = amount.negated().map_err(overflow)?;
    let amounts: Vec<(Account, Micro)> = vec![
        (Account::Member(buyer), less),
        (Account::Member(seller), amount),
    ];
    let postings = ctx.post(acceptance.currency, amounts)?;
    let effect = EnergyEffect::Traded {
        seller,
        id: acceptance.id,
        energy: acceptance.energy,
        amount,
        left,
    };
    Ok(Done {
        effect: Effect::Energy(effect),
        postings,
    })
}

/// The buyer owes the seller the price, within what the agreement of that direction lets stand open, as for charges.
fn owe(ctx: &mut Context<'_, '_>, direction: Direction, amount: Micro) -> Result<(), Refusal> {
    let (buyer, seller, currency) = direction;
    let pair: PairState = ctx
        .view
        .get(&key_for_pair(buyer, seller))?
        .unwrap_or_default();
    let held: HeldState = ctx
        .view
        .get(&key_for_held(buyer, seller, currency))?
        .unwrap_or_default();
    let position = position::grow(ctx, direction, amount)?;
    let cap = pair.exposure_cap(ctx.now(), currency);
    check_exposure(held.amount, &position, cap, direction)
}

fn find(ctx: &Context<'_, '_>, acceptance: &EnergyAcceptance) -> Result<OfferState, Refusal> {
    let key = key_for_energy_offer(acceptance.seller, acceptance.id);
    ctx.view.get(&key)?.ok_or_else(|| {
        Refusal::new(
            RefusalCode::OfferUnknown,
            format!("{} has posted no {}", acceptance.seller, acceptance.id),
        )
    })
}

/// From what the seller set aside to what the buyer has.
fn hand_over(ctx: &mut Context<'_, '_>, acceptance: &EnergyAcceptance) -> Result<(), Refusal> {
    let (area, hour, energy) = (&acceptance.area, acceptance.hour, acceptance.energy);
    let mut sold = book(ctx, acceptance.seller, area, hour)?;
    sold.offered = sold.offered.minus(energy).unwrap_or_default();
    sold.traded = fits(sold.traded.plus(energy))?;
    ctx.view
        .put(key_for_energy(acceptance.seller, area, hour), &sold);
    let buyer = ctx.member();
    let mut bought = book(ctx, buyer, area, hour)?;
    bought.bought = fits(bought.bought.plus(energy))?;
    ctx.view.put(key_for_energy(buyer, area, hour), &bought);
    Ok(())
}

/// Ends an offer: the seller at any time, anybody after its time.
pub(super) fn cancel(
    ctx: &mut Context<'_, '_>,
    cancellation: &EnergyCancellation,
) -> Result<Done, Refusal> {
    let (seller, id) = (cancellation.seller, cancellation.id);
    let key = key_for_energy_offer(seller, id);
    let Some(mut state) = ctx.view.get::<OfferState>(&key)? else {
        return refuse(
            RefusalCode::OfferUnknown,
            format!("{seller} has posted no {id}"),
        );
    };
    let offer = &state.offer;
    if (offer.area.as_str(), offer.hour) != (cancellation.area.as_str(), cancellation.hour) {
        return refuse(
            RefusalCode::IdConflict,
            format!(
                "{id} is for {} in the hour from {}",
                offer.area,
                offer.hour.begin()
            ),
        );
    }
    if ctx.member() != seller && ctx.now() < offer.valid_until {
        return refuse(
            RefusalCode::NotAuthorized,
            format!("until {} only {seller} can cancel {id}", offer.valid_until),
        );
    }
    if state.left == Energy::ZERO {
        return refuse(
            RefusalCode::Duplicate,
            format!("{id} is over: nothing of it is set aside"),
        );
    }
    let energy = core::mem::take(&mut state.left);
    ctx.view.put(key, &state);
    let mut own = book(ctx, seller, &cancellation.area, cancellation.hour)?;
    own.offered = own.offered.minus(energy).unwrap_or_default();
    ctx.view.put(
        key_for_energy(seller, &cancellation.area, cancellation.hour),
        &own,
    );
    Ok(Effect::Energy(EnergyEffect::Cancelled { seller, id, energy }).into())
}
