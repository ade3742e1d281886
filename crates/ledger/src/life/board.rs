//! The board: what members offer to partners whom they do not know yet. An offer binds nobody; terms do.

use super::state::key_for_board;
use super::tx::TermsEffect;
use crate::admit::{check_currency, check_len};
use crate::context::{Context, Done, refuse};
use crate::limits::MAX_AREA_LEN;
use crate::receipt::Effect;
use crate::terms::check_currency_in_use;
use fairway_model::agreement::Corridor;
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::{DAY, Time};
use minicbor::{Decode, Encode};

/// Most offers of one member.
pub const MAX_BOARD_SLOTS: u8 = 8;
/// Most areas of one offer.
pub const MAX_BOARD_AREAS: usize = 16;
/// Longest validity of an offer in days.
pub const MAX_BOARD_DAYS: i64 = 366;

/// What a member offers to others' drivers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BoardOffer {
    /// Which of the member's offers; from 0, under [`MAX_BOARD_SLOTS`].
    #[n(0)]
    pub slot: u8,
    /// Grid areas with stations, as in EVSE entries; at most [`MAX_BOARD_AREAS`].
    #[n(1)]
    pub areas: Vec<String>,
    /// Currency of the amounts.
    #[n(2)]
    pub currency: Currency,
    /// Energy price per kWh before tax at neutral load, inside the corridor.
    #[n(3)]
    pub energy_price: Micro,
    /// Fee once per charge before tax.
    #[n(4)]
    pub start_fee: Micro,
    /// Limits of the energy price that the terms would name.
    #[n(5)]
    pub corridor: Corridor,
    /// Part of the net price that the home utility would get, in basis points.
    #[n(6)]
    pub home_bps: u32,
    /// Least part of the drivers that the terms would bind to serve, in basis points; none offers no service level.
    #[n(7)]
    pub least_served_bps: Option<u32>,
    /// The offer stands until then, exclusive.
    #[n(8)]
    pub valid_until: Time,
}

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BoardState {
    /// The offer; none once it was withdrawn.
    #[n(0)]
    pub offer: Option<BoardOffer>,
    /// Block time of the last change.
    #[n(1)]
    pub at: Time,
}

pub(super) fn check_slot(slot: u8) -> Result<(), Refusal> {
    if slot < MAX_BOARD_SLOTS {
        return Ok(());
    }
    refuse(
        RefusalCode::TooLarge,
        format!(
            "slot {slot}; a member has slots 0 to {}",
            MAX_BOARD_SLOTS - 1
        ),
    )
}

pub(super) fn check(offer: &BoardOffer) -> Result<(), Refusal> {
    check_slot(offer.slot)?;
    check_currency(offer.currency)?;
    check_len("areas of the offer", offer.areas.len(), 1, MAX_BOARD_AREAS)?;
    offer
        .areas
        .iter()
        .try_for_each(|area| check_len("bytes of the grid area", area.len(), 1, MAX_AREA_LEN))
}

/// Posts an offer in place of what stood in its slot.
pub(super) fn post(ctx: &mut Context<'_, '_>, offer: &BoardOffer) -> Result<Done, Refusal> {
    ctx.utility(ctx.member())?;
    check_content(offer, ctx.now())?;
    let state = BoardState {
        offer: Some(offer.clone()),
        at: ctx.now(),
    };
    ctx.view
        .put(key_for_board(ctx.member(), offer.slot), &state);
    Ok(Effect::Terms(TermsEffect::OfferPosted { slot: offer.slot }).into())
}

fn check_content(offer: &BoardOffer, now: Time) -> Result<(), Refusal> {
    let invalid = |text: String| refuse(RefusalCode::TermsInvalid, text);
    let text = |amount: Micro| amount.text(offer.currency);
    let (floor, cap) = (offer.corridor.floor, offer.corridor.cap);
    check_currency_in_use(offer.currency)?;
    if floor < Micro::ZERO || cap < floor {
        return invalid(format!(
            "corridor {} to {} is inverted or negative",
            text(floor),
            text(cap)
        ));
    }
    if offer.energy_price < floor || offer.energy_price > cap || offer.start_fee < Micro::ZERO {
        return invalid(format!(
            "energy price {} is outside the corridor {} to {}, or the fee {} is negative",
            text(offer.energy_price),
            text(floor),
            text(cap),
            text(offer.start_fee)
        ));
    }
    let bps = offer.home_bps.max(offer.least_served_bps.unwrap_or(0));
    if bps > 10_000 {
        return invalid(format!(
            "{bps} basis points are over 10000: nobody gets or serves more than all"
        ));
    }
    let last = now.plus(MAX_BOARD_DAYS.saturating_mul(DAY));
    if offer.valid_until <= now || offer.valid_until > last {
        let text = format!(
            "the offer is valid until {}; after {now} and not after {last} is right",
            offer.valid_until
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    Ok(())
}

/// Takes an offer off the board.
pub(super) fn withdraw(ctx: &mut Context<'_, '_>, slot: u8) -> Result<Done, Refusal> {
    let key = key_for_board(ctx.member(), slot);
    let stands = ctx
        .view
        .get::<BoardState>(&key)?
        .is_some_and(|state| state.offer.is_some());
    if !stands {
        return refuse(
            RefusalCode::OfferUnknown,
            format!("{} has no offer in slot {slot}", ctx.member()),
        );
    }
    let state = BoardState {
        offer: None,
        at: ctx.now(),
    };
    ctx.view.put(key, &state);
    Ok(Effect::Terms(TermsEffect::OfferWithdrawn { slot }).into())
}
