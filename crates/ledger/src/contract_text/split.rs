//! The part of the readable contract that says who gets what, with an example that the contracts' own arithmetic worked.

use super::percent;
use fairway_model::agreement::Agreement;
use fairway_model::energy::Energy;
use fairway_model::money::{Micro, Rounding};
use fairway_model::split::{AdHoc, Alone, Costs, Division, SplitRule};
use fairway_pricing::{RateError, Sharing, Turn, divide};

/// Energy of the example: 30 kWh.
const EXAMPLE_ENERGY: Energy = Energy(30_000_000);
/// The same in kWh.
const EXAMPLE_KWH: i64 = 30;

fn money(a: &Agreement, amount: Micro) -> String {
    format!("{} {}", amount.text(a.currency), a.currency)
}

/// Who gets which fixed part.
pub(super) fn parts(a: &Agreement) -> String {
    format!(
        "{} gets {}, {} gets {}, and the owner of the charging point's site gets {}",
        a.home,
        percent(a.split.home_bps),
        a.visited,
        percent(a.split.visited_bps),
        percent(a.split.owner_bps)
    )
}

/// A rule in sentences, with its example.
pub(super) fn rule(a: &Agreement, rule: &SplitRule) -> Vec<String> {
    let mut lines = vec![costs(a, rule.costs())];
    match rule {
        SplitRule::Shapley { ad_hoc, .. } => lines.extend(shapley(a, ad_hoc)),
        SplitRule::Nash { alone, .. } => lines.extend(nash(a, alone)),
    }
    lines.push("Amounts are whole millionths of the currency's unit. What cannot be divided goes to the largest remainders, among equal ones in one of the six orders of the three, which each charge draws by its id.".to_owned());
    lines.push(example(a, rule));
    lines
}

fn costs(a: &Agreement, costs: &Costs) -> String {
    format!(
        "Of the net price before discount {} first gets back what serving costs it: {} for energy and {} for the network per kWh, and {} per charge; where the net price is less, all of it. What is left is the surplus S.",
        a.visited,
        money(a, costs.energy_per_kwh),
        money(a, costs.network_per_kwh),
        money(a, costs.per_charge)
    )
}

fn shapley(a: &Agreement, ad_hoc: &AdHoc) -> Vec<String> {
    let (home, visited) = (a.home, a.visited);
    vec![
        format!(
            "S is shared by the Shapley value of three parties: {home}, {visited}, and the owner of the charging point's site. Each gets what it adds, averaged over the orders in which the three may come together."
        ),
        format!(
            "The three together make S. Without {home}, {visited} and the owner would serve {} of such charges for drivers who pay {} per kWh on the spot; what that leaves after the same costs is A, at least nothing and at most S. Any other group, and each alone, makes nothing.",
            percent(ad_hoc.chance_bps),
            money(a, ad_hoc.price_per_kwh)
        ),
        format!(
            "So {home} gets a third of S - A, and {visited} and the owner each get a third of S and a sixth of A."
        ),
        format!(
            "Fixed parts are not applied; statements compare with these: {}.",
            parts(a)
        ),
    ]
}

fn nash(a: &Agreement, alone: &Alone) -> Vec<String> {
    let (home, visited) = (a.home, a.visited);
    let powers = format!(
        "{} for {home}, {} for {visited}, {} for the owner",
        percent(a.split.home_bps),
        percent(a.split.visited_bps),
        percent(a.split.owner_bps)
    );
    vec![
        format!(
            "S is shared by the Nash bargaining solution. Without an agreement {home} would earn {} per kWh, {visited} {}, and the owner of the charging point's site {}; each gets that first.",
            money(a, alone.home_per_kwh),
            money(a, alone.visited_per_kwh),
            money(a, alone.owner_per_kwh)
        ),
        format!("What is then left of S goes by bargaining power: {powers}."),
        "Where S is less than the three would earn without an agreement, it is divided in proportion to what each would earn.".to_owned(),
    ]
}

/// The net price in the example: 30 kWh in the middle of the price corridor.
fn example(a: &Agreement, rule: &SplitRule) -> String {
    worked(a, rule).unwrap_or_else(|_| {
        "No example is given: the amounts of these terms are too large to compute one.".to_owned()
    })
}

fn worked(a: &Agreement, rule: &SplitRule) -> Result<String, RateError> {
    let price = a
        .corridor
        .floor
        .plus(a.corridor.cap)?
        .scale(1, 2, Rounding::Down)?;
    let net = price.scale(EXAMPLE_KWH, 1, Rounding::Down)?;
    let sharing = Sharing {
        parts: &a.split,
        rule: Some(rule),
        tier: None,
        turn: Turn::ALL[0],
    };
    let d = divide(net, EXAMPLE_ENERGY, &sharing)?;
    let kwh = EXAMPLE_ENERGY.kwh_text();
    Ok(format!(
        "Example: {kwh} kWh at {} have a net price of {}. {}",
        money(a, price),
        money(a, net),
        figures(a, rule, &d)
    ))
}

fn figures(a: &Agreement, rule: &SplitRule, d: &Division) -> String {
    let alone = match rule {
        SplitRule::Shapley { .. } => format!("A = {}", money(a, d.alone)),
        SplitRule::Nash { .. } => format!("without an agreement {}", money(a, d.alone)),
    };
    format!(
        "Costs {}, S = {}, {alone}. {} gets {}, {} gets {} with its costs, the owner gets {}; together {}.",
        money(a, d.costs),
        money(a, d.surplus),
        a.home,
        money(a, d.home),
        a.visited,
        money(a, d.visited),
        money(a, d.owner),
        money(a, d.costs.plus(d.surplus).unwrap_or_default())
    )
}
