//! What a finished charge costs.

use crate::compile::CompiledTariff;
use crate::error::RateError;
use fairway_model::{Adjustments, PriceBreakdown, Usage};

/// Longest charge that is priced, in milliseconds: 35 days.
pub const MAX_CHARGE_MS: i64 = 35 * 86_400_000;

/// Prices a charge.
///
/// # Errors
/// [`RateError`] when usage or adjustments are out of bounds, or the charge begins outside the tariff's validity.
pub fn rate(_tariff: &CompiledTariff, _adjustments: &Adjustments, _usage: &Usage) -> Result<PriceBreakdown, RateError> {
    todo!()
}
