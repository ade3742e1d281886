//! What a tariff says, in plain sentences.

use crate::compile::CompiledTariff;
use fairway_model::{Adjustments, Time};

/// The most sentences that [`describe`] returns.
pub const MAX_DESCRIPTION_LINES: usize = 12;

/// One plain English sentence per price component, tax and discount that may apply to a charge that begins at `now`.
pub fn describe(_tariff: &CompiledTariff, _adjustments: &Adjustments, _now: Time) -> Vec<String> {
    todo!()
}
