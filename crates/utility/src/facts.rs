//! An offer's price taken apart for the station's screen.

use crate::crp::NEUTRAL_BPS;
use fairway_model::registry::EvseEntry;
use fairway_model::station::{MAX_SAMPLE_COSTS, OfferFacts, PriceReason, SampleCost};
use fairway_model::{Adjustments, Energy, Offer, Time};
use fairway_pricing::{CompiledTariff, Expected, parts, price_per_kwh_now, quote};

/// Energies whose cost is shown: a top-up, most of a battery, a full one.
const SAMPLES_KWH: [u64; MAX_SAMPLE_COSTS] = [20, 40, 60];

/// A station of more power than this loads at direct current, and the car decides how fast.
const FAST_W: u32 = 50_000;
/// What a car takes of a fast station's power, from start to end, in basis points: it slows down long before it is full.
const FAST_MEAN_BPS: u32 = 5_000;

/// Mean power in watts at which a charge is expected to run: by it, its hours are known.
fn mean_power(evse: &EvseEntry) -> u32 {
    let most = evse.max_power_w.max(1);
    let mean = u64::from(most)
        .saturating_mul(u64::from(FAST_MEAN_BPS))
        .div_euclid(10_000);
    let mean = u32::try_from(mean).unwrap_or(most);
    if most > FAST_W {
        mean.max(FAST_W)
    } else {
        most
    }
}

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

/// What some amounts of energy cost in the hours that they take; one that the tariff gives no price for is left out.
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
                power_w: mean_power(evse),
                parking_ms: 0,
                spread_bps: 0,
            };
            let total = quote(tariff, adjustments, &expected, now).ok()?.expected;
            Some(SampleCost { energy, total })
        })
        .collect()
}
