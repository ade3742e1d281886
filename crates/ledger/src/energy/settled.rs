//! What settled charges take from the energy of their area and hours.

use super::op::Hour;
use super::state::key_for_energy;
use super::{book, fits};
use crate::context::{Context, refuse};
use crate::keys::Key;
use crate::tx::Settlement;
use fairway_model::charge::ChargeEvent;
use fairway_model::energy::Energy;
use fairway_model::refusal::{Refusal, RefusalCode};
use std::collections::BTreeMap;

/// Energy of a charge by hour: a period's counts in the hour in which it begins. Nothing for hours without any.
///
/// # Errors
/// `malformed` when a sum does not fit.
pub fn by_hour(event: &ChargeEvent) -> Result<BTreeMap<Hour, Energy>, Refusal> {
    let mut hours = BTreeMap::new();
    for period in event.usage.periods.iter().filter(|p| p.energy.0 > 0) {
        let sum: &mut Energy = hours.entry(Hour::of(period.start)).or_default();
        *sum = fits(sum.plus(period.energy))?;
    }
    Ok(hours)
}

/// The counters that a settlement touches.
pub(crate) fn reads(settlement: &Settlement) -> Vec<Key> {
    let (event, Some(area)) = (settlement.event(), &settlement.area) else {
        return Vec::new();
    };
    let hours = by_hour(event).unwrap_or_default();
    hours
        .keys()
        .map(|hour| key_for_energy(event.visited, area, *hour))
        .collect()
}

/// Counts a charge. `area` is the EVSE's.
pub(crate) fn count(
    ctx: &mut Context<'_, '_>,
    settlement: &Settlement,
    area: &str,
) -> Result<(), Refusal> {
    let event = settlement.event();
    let Some(claimed) = &settlement.area else {
        if ctx.rules.energy_strict && !area.is_empty() {
            return refuse(
                RefusalCode::EnergyNotOwned,
                format!(
                    "the settlement does not name the grid area {area} of {}; its energy must be counted",
                    event.evse
                ),
            );
        }
        return Ok(());
    };
    if claimed != area {
        return refuse(
            RefusalCode::IdConflict,
            format!(
                "the grid area of {} is {area:?}, not {claimed:?}",
                event.evse
            ),
        );
    }
    for (hour, energy) in by_hour(event)? {
        let mut own = book(ctx, event.visited, area, hour)?;
        own.delivered = fits(own.delivered.plus(energy))?;
        let short = own.short()?;
        let closed = ctx.now() >= hour.closes() && own.statement.is_some();
        if short > Energy::ZERO && (ctx.rules.energy_strict || closed) {
            return refuse(
                RefusalCode::EnergyNotOwned,
                format!(
                    "{} would have sold {} kWh more than it had in {area} in the hour from {}",
                    event.visited,
                    short.kwh_text(),
                    hour.begin()
                ),
            );
        }
        ctx.view
            .put(key_for_energy(event.visited, area, hour), &own);
    }
    Ok(())
}
