//! A net price divided among home utility, visited utility and site owner by the agreement's rule.

use crate::error::RateError;
use crate::game::{self, GameError};
use crate::unit::WHOLE_BPS;
use crate::whole::{Turn, whole};
use fairway_model::{
    AdHoc, Agreement, Alone, Costs, Division, Energy, Micro, MoneyError, PriceBreakdown, Rounding,
    SessionId, Split, SplitKind, SplitRule, Tier, TierTerms,
};

/// What an agreement says about who gets what of one charge.
#[derive(Debug, Clone, Copy)]
pub struct Sharing<'a> {
    /// Fixed parts, or bargaining powers.
    pub parts: &'a Split,
    /// The rule, unless fixed parts share.
    pub rule: Option<&'a SplitRule>,
    /// Who bears the discount of the driver's tier.
    pub tier: Option<&'a TierTerms>,
    /// Who comes first where remainders are equal.
    pub turn: Turn,
}

impl<'a> Sharing<'a> {
    /// What `agreement` says for a driver of `tier` in a charge.
    pub fn of(agreement: &'a Agreement, tier: Tier, session: SessionId) -> Self {
        Self {
            parts: &agreement.split,
            rule: agreement.split_rule.as_ref(),
            tier: agreement.tier_terms(tier),
            turn: Turn::of(session),
        }
    }
}

/// Divides a net price before discount. Every part is a whole number of micro-units, none is negative, and together they are the net
/// price exactly; equal remainders go by the charge's [`Turn`].
///
/// A cost per kWh times energy is rounded half-up to a micro-unit, and so is what a party has alone; what visited and owner make on
/// the spot (A) is rounded down. Where the net price is under the costs the visited utility gets all of it. Where A is over the
/// surplus S it counts as S: home adds nothing and gets nothing. Where all three alone have more than S, S is divided in proportion
/// to what they have alone.
///
/// # Errors
/// [`RateError::Split`] when the fixed parts are not 10,000 basis points; [`RateError::Breakdown`] when the net price or an amount of
/// the rule is negative; [`RateError::Money`].
pub fn divide(net: Micro, energy: Energy, sharing: &Sharing<'_>) -> Result<Division, RateError> {
    let parts = sharing.parts;
    let bps = [parts.home_bps, parts.visited_bps, parts.owner_bps];
    let sum = bps
        .iter()
        .map(|b| u64::from(*b))
        .fold(0, u64::saturating_add);
    if sum != u64::from(WHOLE_BPS) {
        return Err(RateError::Split(sum));
    }
    if net < Micro::ZERO {
        return Err(RateError::Breakdown("net price is negative"));
    }
    let Some(rule) = sharing.rule else {
        let shares = by_parts(net, bps, sharing.turn)?;
        let figures = (Micro::ZERO, net, Micro::ZERO);
        return Ok(division(SplitKind::Fixed, figures, &shares)?);
    };
    check_amounts(rule)?;
    let costs = costs_of(rule.costs(), energy)?;
    let surplus = net.minus(costs)?.max(Micro::ZERO);
    let (alone, shares) = match rule {
        SplitRule::Shapley { ad_hoc, .. } => {
            let alone = on_the_spot(ad_hoc, energy, costs)?.min(surplus);
            (alone, three_way_shapley(surplus, alone, sharing.turn)?)
        }
        SplitRule::Nash { alone, .. } => {
            let alone = alone_of(alone, energy)?;
            let sum = Micro::sum(alone)?.min(surplus);
            (sum, three_way_nash(surplus, &alone, bps, sharing.turn)?)
        }
    };
    let divided = division(rule.kind(), (net.minus(surplus)?, surplus, alone), &shares)?;
    Ok(Division {
        visited: divided.visited.plus(divided.costs)?,
        ..divided
    })
}

/// Divides the net price of a breakdown as [`divide`] does; where a custom rule set the home utility's share of it, that counts
/// instead of the agreed fixed parts, the owner's stays, and the visited utility has the rest.
///
/// # Errors
/// As [`divide`], and [`RateError::Breakdown`] when the custom rule's share does not fit.
pub fn division_of(
    breakdown: &PriceBreakdown,
    sharing: &Sharing<'_>,
) -> Result<Division, RateError> {
    let Some(home_bps) = breakdown.rule.and_then(|note| note.home_bps) else {
        return divide(breakdown.net, breakdown.energy, sharing);
    };
    if sharing.rule.is_some() {
        return Err(RateError::Breakdown(
            "a custom rule set the home utility's share beside a split rule",
        ));
    }
    let parts = &custom_parts(sharing.parts, home_bps)?;
    divide(
        breakdown.net,
        breakdown.energy,
        &Sharing { parts, ..*sharing },
    )
}

fn division(
    kind: SplitKind,
    (costs, surplus, alone): (Micro, Micro, Micro),
    shares: &[Micro],
) -> Result<Division, MoneyError> {
    let [home, visited, owner] = shares else {
        return Err(MoneyError::Overflow("sharing among three"));
    };
    Ok(Division {
        kind,
        costs,
        surplus,
        alone,
        home: *home,
        visited: *visited,
        owner: *owner,
    })
}

fn custom_parts(parts: &Split, home_bps: u32) -> Result<Split, RateError> {
    let visited_bps = WHOLE_BPS
        .checked_sub(parts.owner_bps)
        .and_then(|rest| rest.checked_sub(home_bps))
        .ok_or(RateError::Breakdown(
            "the rule's share for the home utility is more than the owner leaves",
        ))?;
    Ok(Split {
        home_bps,
        visited_bps,
        owner_bps: parts.owner_bps,
    })
}

fn by_parts(net: Micro, bps: [u32; 3], turn: Turn) -> Result<Vec<Micro>, MoneyError> {
    let numerators = bps.map(|b| i128::from(net.0).saturating_mul(i128::from(b)));
    whole(net, &numerators, i128::from(WHOLE_BPS), &turn.ranks())
}

fn check_amounts(rule: &SplitRule) -> Result<(), RateError> {
    let costs = rule.costs();
    let mut amounts = vec![
        costs.energy_per_kwh,
        costs.network_per_kwh,
        costs.per_charge,
    ];
    match rule {
        SplitRule::Shapley { ad_hoc, .. } if ad_hoc.chance_bps > WHOLE_BPS => {
            return Err(RateError::Breakdown("a chance is over 10000 basis points"));
        }
        SplitRule::Shapley { ad_hoc, .. } => amounts.push(ad_hoc.price_per_kwh),
        SplitRule::Nash { alone, .. } => {
            amounts.extend([
                alone.home_per_kwh,
                alone.visited_per_kwh,
                alone.owner_per_kwh,
            ]);
        }
    }
    if amounts.iter().all(|amount| *amount >= Micro::ZERO) {
        return Ok(());
    }
    Err(RateError::Breakdown(
        "an amount of the split rule is negative",
    ))
}

fn per_kwh(price: Micro, energy: Energy) -> Result<Micro, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("amount per kWh");
    let energy = i64::try_from(energy.0).map_err(|_| OVERFLOW)?;
    let kwh = i64::try_from(Energy::PER_KWH).map_err(|_| OVERFLOW)?;
    price.scale(energy, kwh, Rounding::HalfUp)
}

/// What serving a charge of so much energy costs.
fn costs_of(costs: &Costs, energy: Energy) -> Result<Micro, MoneyError> {
    let each = costs.energy_per_kwh.plus(costs.network_per_kwh)?;
    per_kwh(each, energy)?.plus(costs.per_charge)
}

/// What visited and owner would make of the same energy without home.
fn on_the_spot(ad_hoc: &AdHoc, energy: Energy, costs: Micro) -> Result<Micro, MoneyError> {
    per_kwh(ad_hoc.price_per_kwh, energy)?
        .minus(costs)?
        .max(Micro::ZERO)
        .scale(
            i64::from(ad_hoc.chance_bps),
            i64::from(WHOLE_BPS),
            Rounding::Down,
        )
}

fn alone_of(alone: &Alone, energy: Energy) -> Result<[Micro; 3], MoneyError> {
    Ok([
        per_kwh(alone.home_per_kwh, energy)?,
        per_kwh(alone.visited_per_kwh, energy)?,
        per_kwh(alone.owner_per_kwh, energy)?,
    ])
}

/// The closed form of [`game::shapley`] for this game: in sixths, home has 2 (S - A), visited and owner 2 S + A each.
fn three_way_shapley(surplus: Micro, alone: Micro, turn: Turn) -> Result<Vec<Micro>, MoneyError> {
    let (s, a) = (i128::from(surplus.0), i128::from(alone.0));
    let home = s.saturating_sub(a).saturating_mul(2);
    let other = s.saturating_mul(2).saturating_add(a);
    whole(surplus, &[home, other, other], 6, &turn.ranks())
}

fn three_way_nash(
    surplus: Micro,
    alone: &[Micro; 3],
    powers: [u32; 3],
    turn: Turn,
) -> Result<Vec<Micro>, RateError> {
    match game::bargain(surplus, alone, &powers, &turn.ranks()) {
        Ok(shares) => Ok(shares),
        Err(GameError::NothingGained(sum, _)) => {
            let numerators = alone.map(|a| i128::from(a.0).saturating_mul(i128::from(surplus.0)));
            Ok(whole(
                surplus,
                &numerators,
                i128::from(sum.0),
                &turn.ranks(),
            )?)
        }
        Err(GameError::Money(error)) => Err(RateError::Money(error)),
        Err(_) => Err(RateError::Breakdown("nobody has bargaining power")),
    }
}
