//! From the forecast load of a day to the multipliers of its hours, by the agreed curve and inside the agreed band.
//!
//! Contract, visited and home utility use the same function, so that they cannot differ. Invariant: whatever the loads, the percentiles and the
//! curve say, every multiplier lies in the band. Tested with hostile values in `ledger/tests/it/forecast_corridor.rs`.

use fairway_model::agreement::LoadBand;
use fairway_model::forecast::{CurvePoint, ForecastTerms};

/// The multipliers of consecutive hours in basis points.
///
/// `percentiles` are the loads at the curve's levels, in the order of its points; `before` is the multiplier of the hour before the first,
/// where a schedule gave one: the agreed step counts from it. Between two points the multiplier is interpolated and rounded to the nearest,
/// halves up; where several points have one load the last of them counts. The band holds before and after the step.
pub fn multipliers(
    terms: &ForecastTerms,
    band: LoadBand,
    percentiles: &[i64],
    loads: &[i64],
    before: Option<u32>,
) -> Vec<u32> {
    let mut last = before;
    loads
        .iter()
        .map(|load| {
            let wanted = band.held(at(&terms.curve, percentiles, *load));
            let stepped = last.map_or(wanted, |last| {
                let (low, high) = (
                    last.saturating_sub(terms.step_bps),
                    last.saturating_add(terms.step_bps),
                );
                wanted.max(low).min(high)
            });
            let bps = band.held(stepped);
            last = Some(bps);
            bps
        })
        .collect()
}

/// A multiplier of the agreed table for an hour of the clock, held in the band. The tariff's own price (10,000), held in the band, for
/// an hour that the table does not have.
pub fn table_multiplier(terms: &ForecastTerms, band: LoadBand, clock: i32, weekend: bool) -> u32 {
    band.held(terms.table(clock, weekend).unwrap_or(10_000))
}

/// The curve's multiplier for a load.
fn at(curve: &[CurvePoint], percentiles: &[i64], load: i64) -> u32 {
    let mut below: Option<(i64, u32)> = None;
    for (point, percentile) in curve.iter().zip(percentiles) {
        if *percentile <= load {
            below = Some((*percentile, point.bps));
            continue;
        }
        return below.map_or(point.bps, |below| {
            between(below, (*percentile, point.bps), load)
        });
    }
    below.map_or(10_000, |(_, bps)| bps)
}

/// Linear between two points with different loads, the first of them at most the load, the second above it.
fn between((low, from): (i64, u32), (high, to): (i64, u32), load: i64) -> u32 {
    let (low, high, load) = (i128::from(low), i128::from(high), i128::from(load));
    let width = high.saturating_sub(low);
    let rise = i128::from(to).saturating_sub(i128::from(from));
    // (2 x rise x part + width) / (2 x width), rounded down, is the nearest with halves up. All factors are below 2^65.
    let moved = rise
        .saturating_mul(load.saturating_sub(low))
        .saturating_mul(2)
        .saturating_add(width)
        .checked_div_euclid(width.saturating_mul(2))
        .unwrap_or(0);
    u32::try_from(i128::from(from).saturating_add(moved)).unwrap_or(from)
}
