//! Which multiplier a charge has to use.

use super::bounds::PRICE_GRACE_MS;
use super::state::{PriceDay, key_for_load_book, key_for_prices};
use super::{book, calendar};
use crate::context::{Context, refuse};
use crate::keys::Key;
use crate::tx::Settlement;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_model::agreement::{Agreement, LoadBand};
use fairway_model::forecast::ForecastTerms;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;
use fairway_pricing::table_multiplier;

/// Keys that a settlement reads for its price.
pub(crate) fn reads(settlement: &Settlement) -> Vec<Key> {
    let event = settlement.event();
    settlement.forecast.map_or_else(Vec::new, |day| {
        vec![
            key_for_load_book(event.visited),
            key_for_prices(event.agreement, day),
        ]
    })
}

/// The multiplier of an hour in basis points: the schedule's, or the agreed table's on the region's clock where there is no schedule that
/// prices. `prices` is the day's, if one was made.
pub fn price_of(
    terms: &ForecastTerms,
    band: LoadBand,
    calendar: &Calendar,
    prices: Option<&PriceDay>,
    hour: Hour,
) -> u32 {
    let local = calendar.local(hour);
    let scheduled = prices
        .filter(|prices| prices.day == local.day && prices.reason.is_none())
        .and_then(|prices| {
            let place = usize::try_from(hour.since(prices.first)).ok()?;
            prices.bps.get(place).copied()
        });
    scheduled.map_or_else(
        || {
            let weekend = Calendar::weekday(local.day) >= 5;
            table_multiplier(terms, band, local.hour, weekend)
        },
        |bps| bps.min(band.max_bps).max(band.min_bps),
    )
}

/// Checks the multiplier of a charge under an agreement that follows the forecast, and that a charge under another one claims no day.
pub(crate) fn check(
    ctx: &Context<'_, '_>,
    settlement: &Settlement,
    agreement: &Agreement,
    start: Time,
) -> Result<(), Refusal> {
    let (terms, day) = match (&agreement.forecast, settlement.forecast) {
        (None, None) => return Ok(()),
        (Some(terms), Some(day)) => (terms, day),
        (None, Some(_)) => {
            return refuse(
                RefusalCode::IdConflict,
                "the settlement names a day of forecast prices; its agreement has none",
            );
        }
        (Some(_), None) => {
            return refuse(
                RefusalCode::IdConflict,
                "the settlement does not name the day of its forecast price",
            );
        }
    };
    let event = settlement.event();
    let calendar = calendar(&book(ctx, event.visited)?)?;
    let found: Option<PriceDay> = ctx.view.get(&key_for_prices(event.agreement, day))?;
    let prices = found.filter(|found| found.day == day);
    let right = candidates(&calendar, day, start)
        .map(|hour| price_of(terms, agreement.load_band, &calendar, prices.as_ref(), hour));
    let right: Vec<u32> = right.collect();
    if right.contains(&event.adjustments.load_bps) {
        return Ok(());
    }
    let text = match right.as_slice() {
        [] => format!("the charge began at {start}, which is not in the day that its price names"),
        hours => {
            let by = prices.map_or("the agreed table", |p| {
                p.reason.map_or("the schedule", |_| "the agreed table")
            });
            format!(
                "load multiplier {}; {by} has {hours:?} basis points for a charge that began at {start}",
                event.adjustments.load_bps
            )
        }
    };
    refuse(RefusalCode::AdjustmentOutside, text)
}

/// The hour in which the charge began and the one before it, as far as they lie in the day.
fn candidates(calendar: &Calendar, day: Day, start: Time) -> impl Iterator<Item = Hour> + '_ {
    let begun = Hour::of(start);
    let before = Hour::of(start.plus(PRICE_GRACE_MS.saturating_neg()));
    let hours = [begun, before].into_iter();
    hours.filter(move |hour| calendar.local(*hour).day == day)
}
