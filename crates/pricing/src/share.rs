//! Who gets what of a price.

use crate::error::RateError;
use fairway_model::{PriceBreakdown, Shares, Split, TierTerms};

/// Shares the driver's total; the four shares add up to it exactly.
///
/// # Errors
/// [`RateError::Split`], [`RateError::TierTerms`] or [`RateError::Money`].
pub fn share(_breakdown: &PriceBreakdown, _split: &Split, _tier: Option<&TierTerms>) -> Result<Shares, RateError> {
    todo!()
}
