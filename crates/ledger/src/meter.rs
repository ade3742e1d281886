//! Which stretches of a meter's register are sold: no energy is sold twice.
//!
//! A meter counts what flows through it in one register that never runs backwards, so two charges at one EVSE are two stretches of
//! it that do not overlap. That is compared, and not the times of the charges: clocks of stations are set, jump and differ, while a
//! register has an order of its own, in which it does not matter when a charge reaches the ledger. A charge that an offline station
//! delivers weeks later fits between those that were settled before.
//!
//! Sold stretches are kept by page of [`METER_PAGE`], so that a settlement touches a few values that its bytes name. Tested by
//! `tests/it/meter.rs`.

use crate::context::{Context, refuse};
use crate::keys::{Key, key};
use crate::limits::{MAX_METER_PAGES, MAX_PAGE_STRETCHES, METER_PAGE};
use fairway_model::charge::ChargeEvent;
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::SessionId;
use fairway_model::refusal::{Refusal, RefusalCode};
use minicbor::{Decode, Encode};

/// Of a [`MeterPage`].
pub fn key_for_meter_page(meter_key: Hash, page: u64) -> Key {
    key("fairway.state.meter-page", &(meter_key, page))
}

/// What is sold of one page of a meter's register, in the order of settlement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct MeterPage {
    /// At most [`MAX_PAGE_STRETCHES`].
    #[n(0)]
    pub stretches: Vec<Stretch>,
}

/// One charge's stretch of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Stretch {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The register at its begin.
    #[n(1)]
    pub from: Energy,
    /// The register at its end, which the next stretch may begin with.
    #[n(2)]
    pub to: Energy,
}

/// Keys of the pages that a charge touches: none when its register runs backwards or too far, which is refused before they are read.
pub(crate) fn reads(event: &ChargeEvent) -> Vec<Key> {
    pages(event)
        .map(|page| key_for_meter_page(event.meter_key, page))
        .collect()
}

fn pages(event: &ChargeEvent) -> impl Iterator<Item = u64> + use<> {
    let page = |register: u64| register.checked_div(METER_PAGE.0).unwrap_or(0);
    let (first, last) = (
        page(event.meter_start.0),
        page(event.meter_end.0.saturating_sub(1)),
    );
    let fits = event.meter_start < event.meter_end && last.saturating_sub(first) < MAX_METER_PAGES;
    (first..=last).filter(move |_| fits)
}

/// Marks a charge's stretch as sold.
pub(crate) fn sell(ctx: &mut Context<'_, '_>, event: &ChargeEvent) -> Result<(), Refusal> {
    let own = Stretch {
        session: event.session,
        from: event.meter_start,
        to: event.meter_end,
    };
    let mut any = false;
    for number in pages(event) {
        any = true;
        let key = key_for_meter_page(event.meter_key, number);
        let mut page: MeterPage = ctx.view.get(&key)?.unwrap_or_default();
        check_free(&page, &own)?;
        page.stretches.push(own);
        ctx.view.put(key, &page);
    }
    if any {
        return Ok(());
    }
    let most = MAX_METER_PAGES.saturating_mul(METER_PAGE.0);
    refuse(
        RefusalCode::TooLarge,
        format!(
            "the register runs from {} to {} kWh; one charge may take up to {} kWh of it",
            own.from.kwh_text(),
            own.to.kwh_text(),
            Energy(most).kwh_text()
        ),
    )
}

fn check_free(page: &MeterPage, own: &Stretch) -> Result<(), Refusal> {
    let overlaps = |sold: &&Stretch| sold.from < own.to && own.from < sold.to;
    if let Some(sold) = page.stretches.iter().find(overlaps) {
        let text = format!(
            "{} sold kWh {} to {} of this meter; this charge takes {} to {}",
            sold.session,
            sold.from.kwh_text(),
            sold.to.kwh_text(),
            own.from.kwh_text(),
            own.to.kwh_text()
        );
        return refuse(RefusalCode::MeterOverlap, text);
    }
    if page.stretches.len() < MAX_PAGE_STRETCHES {
        return Ok(());
    }
    refuse(
        RefusalCode::TooLarge,
        format!(
            "{MAX_PAGE_STRETCHES} charges are settled within {} kWh of this meter already",
            METER_PAGE.kwh_text()
        ),
    )
}
