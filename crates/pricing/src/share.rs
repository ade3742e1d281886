//! Who gets what of a price.

use crate::divide::{Sharing, division_of};
use crate::error::RateError;
use crate::unit::WHOLE_BPS;
use fairway_model::{Micro, PriceBreakdown, Rounding, ShareNote, Shares, TierTerms};

/// Shares the driver's total; the four shares add up to it exactly.
///
/// The net price before discount is divided by the agreement's rule ([`division_of`]). Of the discount the home utility bears its part
/// (half-up to a micro-unit), the visited utility the rest; the owner bears none, so that its share is never negative. Tax stands
/// apart. What rounding the total to minor units added or took goes to the visited utility.
///
/// # Errors
/// [`RateError::Split`] when the split is not 10,000 basis points; [`RateError::TierTerms`] when a discount has no terms or the
/// terms pass 10,000; [`RateError::Breakdown`] when the breakdown's own sums are wrong, and as [`division_of`]; [`RateError::Money`].
pub fn share(breakdown: &PriceBreakdown, sharing: &Sharing<'_>) -> Result<Shares, RateError> {
    let tax = check(breakdown)?;
    let division = division_of(breakdown, sharing)?;
    let home_bears = home_part(breakdown.discount, sharing.tier)?;
    let visited_bears = breakdown.discount.minus(home_bears)?;
    Ok(Shares {
        home: division.home.minus(home_bears)?,
        visited: division
            .visited
            .minus(visited_bears)?
            .plus(breakdown.rounding)?,
        owner: division.owner,
        tax,
    })
}

/// The shares with their whole argument: the rule's figures, and what fixed parts would have given.
///
/// # Errors
/// As [`share`].
pub fn share_note(
    breakdown: &PriceBreakdown,
    sharing: &Sharing<'_>,
) -> Result<ShareNote, RateError> {
    let by_parts = Sharing {
        rule: None,
        ..*sharing
    };
    Ok(ShareNote {
        division: division_of(breakdown, sharing)?,
        by_parts: division_of(breakdown, &by_parts)?,
        shares: share(breakdown, sharing)?,
    })
}

/// Checks that the breakdown adds up; gives its taxes.
fn check(breakdown: &PriceBreakdown) -> Result<Micro, RateError> {
    if breakdown.net.0 < 0 || breakdown.discount.0 < 0 || breakdown.discount > breakdown.net {
        return Err(RateError::Breakdown(
            "net price or discount is negative, or the discount is larger than the net price",
        ));
    }
    let tax = Micro::sum(breakdown.taxes.iter().map(|t| t.amount))?;
    if breakdown
        .net
        .minus(breakdown.discount)?
        .plus(tax)?
        .plus(breakdown.rounding)?
        != breakdown.total
    {
        return Err(RateError::Breakdown(
            "total is not net - discount + taxes + rounding",
        ));
    }
    Ok(tax)
}

/// What of the discount the home utility bears.
fn home_part(discount: Micro, tier: Option<&TierTerms>) -> Result<Micro, RateError> {
    if discount == Micro::ZERO {
        return Ok(Micro::ZERO);
    }
    let terms = tier.ok_or(RateError::TierTerms(
        "breakdown has a discount; the tier terms that say who bears it are needed",
    ))?;
    if terms.home_bears_bps > WHOLE_BPS {
        return Err(RateError::TierTerms(
            "home utility bears over 10000 basis points of the discount",
        ));
    }
    Ok(discount.scale(
        i64::from(terms.home_bears_bps),
        i64::from(WHOLE_BPS),
        Rounding::HalfUp,
    )?)
}
