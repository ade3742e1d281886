//! Whether a split rule can share what the agreement's charges cost.

use super::{WHOLE_BPS, invalid};
use fairway_model::agreement::Agreement;
use fairway_model::money::Micro;
use fairway_model::refusal::Refusal;
use fairway_model::split::{Costs, SplitRule};

/// The most that an amount of a rule may be: a million of the major unit, as a tariff's price.
const MAX_AMOUNT: Micro = Micro(1_000_000_000_000);

/// Checks the fixed parts, and the rule where there is one.
pub(super) fn check(agreement: &Agreement) -> Result<(), Refusal> {
    let split = agreement.split;
    let sum = split
        .home_bps
        .checked_add(split.visited_bps)
        .and_then(|sum| sum.checked_add(split.owner_bps));
    if sum != Some(WHOLE_BPS) {
        let (home, visited, owner) = (split.home_bps, split.visited_bps, split.owner_bps);
        return invalid(format!(
            "split {home} + {visited} + {owner} basis points does not add up to 10000"
        ));
    }
    let Some(rule) = &agreement.split_rule else {
        return Ok(());
    };
    if agreement.rule.is_some() {
        return invalid(
            "a split rule beside a custom rule, which may set shares too; name one of them",
        );
    }
    check_costs(agreement, rule.costs())?;
    match rule {
        SplitRule::Shapley { ad_hoc, .. } => {
            check_amount(agreement, "price on the spot", ad_hoc.price_per_kwh)?;
            if ad_hoc.chance_bps > WHOLE_BPS {
                return invalid(format!(
                    "a chance of {} basis points is over {WHOLE_BPS}: no more than all charges take place",
                    ad_hoc.chance_bps
                ));
            }
            Ok(())
        }
        SplitRule::Nash { alone, .. } => [
            ("what home earns alone", alone.home_per_kwh),
            ("what visited earns alone", alone.visited_per_kwh),
            ("what the owner earns alone", alone.owner_per_kwh),
        ]
        .into_iter()
        .try_for_each(|(what, amount)| check_amount(agreement, what, amount)),
    }
}

fn check_costs(agreement: &Agreement, costs: &Costs) -> Result<(), Refusal> {
    for (what, amount) in [
        ("cost of energy", costs.energy_per_kwh),
        ("network fee", costs.network_per_kwh),
        ("cost per charge", costs.per_charge),
    ] {
        check_amount(agreement, what, amount)?;
    }
    let cap = agreement.corridor.cap;
    let each = Micro(
        costs
            .energy_per_kwh
            .0
            .saturating_add(costs.network_per_kwh.0),
    );
    if each <= cap {
        return Ok(());
    }
    let (each, cap) = (each.text(agreement.currency), cap.text(agreement.currency));
    invalid(format!(
        "costs of {each} per kWh are over the corridor's cap {cap}: no charge could leave anything to share"
    ))
}

fn check_amount(agreement: &Agreement, what: &str, amount: Micro) -> Result<(), Refusal> {
    if (Micro::ZERO..=MAX_AMOUNT).contains(&amount) {
        return Ok(());
    }
    invalid(format!(
        "split rule: {what} of {}; 0 to {} are right",
        amount.text(agreement.currency),
        MAX_AMOUNT.text(agreement.currency)
    ))
}
