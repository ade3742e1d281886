//! Who gets what of a price.

use crate::apportion::apportion;
use crate::error::RateError;
use crate::unit::WHOLE_BPS;
use fairway_model::{Micro, PriceBreakdown, Rounding, Shares, Split, TierTerms};

/// Shares the driver's total; the four shares add up to it exactly.
///
/// The net price before discount is split in micro-units by the agreement's basis points (largest remainder; among equal
/// remainders visited, then owner, then home comes first). Of the discount the home utility bears its part (half-up to a
/// micro-unit), the visited utility the rest; the owner bears none, so that its share is never negative. Tax stands apart.
/// What rounding the total to minor units added or took goes to the visited utility. Where a custom rule set the home utility's
/// share, that counts instead of the agreed one.
///
/// # Errors
/// [`RateError::Split`] when the split is not 10,000 basis points; [`RateError::TierTerms`] when a discount has no terms or the
/// terms pass 10,000; [`RateError::Breakdown`] when the breakdown's own sums are wrong; [`RateError::Money`].
pub fn share(
    breakdown: &PriceBreakdown,
    split: &Split,
    tier: Option<&TierTerms>,
) -> Result<Shares, RateError> {
    let split = custom_split(breakdown, split)?;
    let bps = [split.visited_bps, split.owner_bps, split.home_bps];
    let sum = bps
        .iter()
        .map(|b| u64::from(*b))
        .fold(0, u64::saturating_add);
    if sum != u64::from(WHOLE_BPS) {
        return Err(RateError::Split(sum));
    }
    let tax = check(breakdown)?;
    let parts = apportion(breakdown.net, &bps.map(|b| Micro(i64::from(b))))?;
    let [visited, owner, home] = parts.as_slice() else {
        return Err(RateError::Breakdown("net price cannot be split"));
    };
    let home_bears = home_part(breakdown.discount, tier)?;
    let visited_bears = breakdown.discount.minus(home_bears)?;
    Ok(Shares {
        home: home.minus(home_bears)?,
        visited: visited.minus(visited_bears)?.plus(breakdown.rounding)?,
        owner: *owner,
        tax,
    })
}

/// The split with a custom rule's share of the home utility; the visited utility has what home and owner leave.
fn custom_split(breakdown: &PriceBreakdown, split: &Split) -> Result<Split, RateError> {
    let Some(home_bps) = breakdown.rule.and_then(|note| note.home_bps) else {
        return Ok(*split);
    };
    let visited_bps = WHOLE_BPS
        .checked_sub(split.owner_bps)
        .and_then(|rest| rest.checked_sub(home_bps))
        .ok_or(RateError::Breakdown(
            "the rule's share for the home utility is more than the owner leaves",
        ))?;
    Ok(Split {
        home_bps,
        visited_bps,
        owner_bps: split.owner_bps,
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
