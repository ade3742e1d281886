//! Whether a tariff is inside its bounds and free of contradictions.

use crate::error::TariffError;
use fairway_model::Tariff;

/// The most sales taxes of one tariff.
pub const MAX_SALES_TAXES: usize = 8;

/// Checks bounds and contradictions.
///
/// # Errors
/// The first problem found, naming element and component.
pub fn check_tariff(_t: &Tariff) -> Result<(), TariffError> {
    todo!()
}
