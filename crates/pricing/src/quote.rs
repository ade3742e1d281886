//! What a charge is expected to cost, before it begins.

use crate::compile::CompiledTariff;
use crate::error::RateError;
use fairway_model::{Adjustments, Energy, Estimate, Micro, Time};

/// What a charge is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Energy that the driver is expected to take; more than none.
    pub energy: Energy,
    /// Mean power in watts while charging; at least 1.
    pub power_w: u32,
    /// Milliseconds connected after charging ended; not negative.
    pub parking_ms: i64,
    /// How far energy and parking time may be off, in basis points of each, at most 10,000.
    pub spread_bps: u32,
}

/// Prices three simulated charges from `now` at the expected power: less, as, and more than expected.
///
/// # Errors
/// [`RateError::Expected`] when the expectation is out of bounds, else as [`crate::rate`].
pub fn quote(_tariff: &CompiledTariff, _adjustments: &Adjustments, _expected: &Expected, _now: Time) -> Result<Estimate, RateError> {
    todo!()
}

/// Net energy price per kWh of a charge that begins at `now`, after load, corridor and discount; `None` when no element prices
/// energy then.
pub fn price_per_kwh_now(_tariff: &CompiledTariff, _adjustments: &Adjustments, _now: Time) -> Option<Micro> {
    todo!()
}
