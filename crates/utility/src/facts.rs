//! An offer's price taken apart for the station's screen.

use crate::crp::NEUTRAL_BPS;
use fairway_model::registry::EvseEntry;
use fairway_model::station::{MAX_SAMPLE_COSTS, OfferFacts, PriceReason, SampleCost};
use fairway_model::{Adjustments, Energy, Offer, Time};
use fairway_pricing::{CompiledTariff, Expected, parts, price_per_kwh_now, quote};

/// Energies whose cost is shown: a top-up, most of a battery, a full one.
const SAMPLES_KWH: [u64; MAX_SAMPLE_COSTS] = [20, 40, 60];

/// The facts of an offer whose tariff is compiled for its EVSE; `forecast` where its agreement follows the forecast load.
pub(crate) fn of(
    offer: &Offer,
    tariff: &CompiledTariff,
    evse: &EvseEntry,
    forecast: bool,
    now: Time,
) -> OfferFacts {
    let adjustments = offer.adjustments;
    let undiscounted = Adjustments {
        discount_bps: 0,
        ..adjustments
    };
    OfferFacts {
        parts: parts(tariff, &adjustments, now),
        taxes: tariff.tariff().sales_taxes.clone(),
        reason: if forecast {
            PriceReason::Forecast
        } else if adjustments.load_bps == NEUTRAL_BPS {
            PriceReason::Tariff
        } else {
            PriceReason::PresentLoad
        },
        load_bps: adjustments.load_bps,
        corridor: adjustments.corridor,
        discount_bps: adjustments.discount_bps,
        undiscounted: price_per_kwh_now(tariff, &undiscounted, now),
        hold: offer.hold,
        samples: samples(tariff, &adjustments, evse, now),
    }
}

/// What some amounts of energy cost; one that the tariff gives no price for is left out.
fn samples(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    evse: &EvseEntry,
    now: Time,
) -> Vec<SampleCost> {
    SAMPLES_KWH
        .into_iter()
        .filter_map(|kwh| {
            let energy = Energy(kwh.saturating_mul(Energy::PER_KWH));
            let expected = Expected {
                energy,
                power_w: evse.max_power_w.max(1),
                parking_ms: 0,
                spread_bps: 0,
            };
            let total = quote(tariff, adjustments, &expected, now).ok()?.expected;
            Some(SampleCost { energy, total })
        })
        .collect()
}
