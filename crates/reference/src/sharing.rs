//! Who gets what of a price, worked out from the sentences of the readable agreement: by hand over the orders in which the parties may
//! come together, not by a formula.

use crate::rating::{Price, half_up};
use fairway_model::{Agreement, ChargeEvent, Micro, SessionId, Shares, SplitRule, Tier, TierTerms};
use std::collections::BTreeSet;

/// Milliwatt-hours in a kilowatt-hour.
const KWH: i128 = 1_000_000;
/// Basis points of the whole.
const WHOLE: i128 = 10_000;

/// The three that share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Home,
    Visited,
    Owner,
}

use Party::{Home, Owner, Visited};

/// In which orders the three may come together; a charge draws one of them, by its number in this list.
const ORDERS: [[Party; 3]; 6] = [
    [Home, Visited, Owner],
    [Home, Owner, Visited],
    [Visited, Home, Owner],
    [Visited, Owner, Home],
    [Owner, Home, Visited],
    [Owner, Visited, Home],
];

/// The order that a charge draws: its id, read as one number, modulo 6.
fn drawn(session: SessionId) -> [Party; 3] {
    let number = session
        .0
        .iter()
        .fold(0_usize, |rest, byte| (rest * 256 + usize::from(*byte)) % 6);
    ORDERS
        .get(number)
        .copied()
        .unwrap_or([Home, Visited, Owner])
}

/// A share in fractions: so many parts of one that all have in common.
type Fractions = [(Party, i128); 3];

/// Whole micro-units out of fractions of `base` each. Everybody gets the whole ones; then one at a time the party with the largest
/// rest gets one more, of equals the first in the order.
fn in_whole(total: i128, exact: &Fractions, base: i128, order: [Party; 3]) -> Fractions {
    let mut shares = exact.map(|(party, n)| (party, n / base));
    let mut served = BTreeSet::new();
    while shares.iter().map(|(_, n)| n).sum::<i128>() < total {
        let waiting = order.iter().filter(|p| !served.contains(*p));
        let rest = |party: &Party| of(exact, *party) % base;
        // The first of the largest: `max_by_key` would take the last.
        let next = waiting.fold(None, |best: Option<Party>, party| match best {
            Some(best) if rest(&best) >= rest(party) => Some(best),
            _ => Some(*party),
        });
        let Some(next) = next else { break };
        served.insert(next);
        for (party, n) in &mut shares {
            if *party == next {
                *n += 1;
            }
        }
    }
    shares
}

fn of(shares: &Fractions, wanted: Party) -> i128 {
    shares
        .iter()
        .filter(|(party, _)| *party == wanted)
        .map(|(_, n)| n)
        .sum()
}

/// What a charge's net price is shared by.
#[derive(Debug)]
struct Charge {
    net: i128,
    energy: i128,
    order: [Party; 3],
}

fn net_shares(terms: &Agreement, charge: &Charge) -> Fractions {
    let bps = [
        (Home, i128::from(terms.split.home_bps)),
        (Visited, i128::from(terms.split.visited_bps)),
        (Owner, i128::from(terms.split.owner_bps)),
    ];
    let Some(rule) = &terms.split_rule else {
        let exact = bps.map(|(party, part)| (party, part * charge.net));
        return in_whole(charge.net, &exact, WHOLE, charge.order);
    };
    let priced = |price: Micro| half_up(i128::from(price.0) * charge.energy, KWH);
    let costs = rule.costs();
    let both = Micro(costs.energy_per_kwh.0 + costs.network_per_kwh.0);
    let cost = priced(both) + i128::from(costs.per_charge.0);
    let repaid = cost.min(charge.net);
    let surplus = charge.net - repaid;
    let mut shares = match rule {
        SplitRule::Shapley { ad_hoc, .. } => {
            let left = (priced(ad_hoc.price_per_kwh) - cost).max(0);
            let alone = left * i128::from(ad_hoc.chance_bps) / WHOLE;
            averaged(surplus, alone.min(surplus), charge.order)
        }
        SplitRule::Nash { alone, .. } => {
            let alone = [
                (Home, priced(alone.home_per_kwh)),
                (Visited, priced(alone.visited_per_kwh)),
                (Owner, priced(alone.owner_per_kwh)),
            ];
            bargained(surplus, &alone, &bps, charge.order)
        }
    };
    for (party, n) in &mut shares {
        if *party == Visited {
            *n += repaid;
        }
    }
    shares
}

/// Everybody gets what it adds to those who came before, averaged over the six orders.
fn averaged(surplus: i128, alone: i128, drawn: [Party; 3]) -> Fractions {
    let makes = |group: &BTreeSet<Party>| match group.len() {
        3 => surplus,
        2 if !group.contains(&Home) => alone,
        _ => 0,
    };
    let mut added = [(Home, 0), (Visited, 0), (Owner, 0)];
    for order in ORDERS {
        let mut group = BTreeSet::new();
        for party in order {
            let before = makes(&group);
            group.insert(party);
            for (other, n) in &mut added {
                if *other == party {
                    *n += makes(&group) - before;
                }
            }
        }
    }
    in_whole(surplus, &added, 6, drawn)
}

/// Everybody gets what it has alone, and its power's part of the rest.
fn bargained(surplus: i128, alone: &Fractions, powers: &Fractions, order: [Party; 3]) -> Fractions {
    let sum: i128 = alone.iter().map(|(_, n)| n).sum();
    if surplus < sum {
        let exact = alone.map(|(party, n)| (party, n * surplus));
        return in_whole(surplus, &exact, sum, order);
    }
    let gain = surplus - sum;
    let exact = powers.map(|(party, power)| (party, power * gain));
    in_whole(gain, &exact, WHOLE, order).map(|(party, n)| (party, n + of(alone, party)))
}

fn micro(n: i128) -> Micro {
    Micro(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Who gets what: the net price by the agreement's rule, the discount borne as the tier's terms say, tax apart, the coins' rounding to
/// the visited utility.
pub fn shares(price: &Price, terms: &Agreement, tier: Tier, event: (SessionId, i128)) -> Shares {
    let (session, energy) = event;
    let charge = Charge {
        net: price.net,
        energy,
        order: drawn(session),
    };
    let parts = net_shares(terms, &charge);
    let bears = |t: &TierTerms| i128::from(t.home_bears_bps);
    let tier = terms.tiers.iter().find(|t| t.tier == tier);
    let by_home = half_up(price.discount * tier.map_or(0, bears), WHOLE);
    let rounding = price.total - (price.net - price.discount + price.tax);
    Shares {
        home: micro(of(&parts, Home) - by_home),
        visited: micro(of(&parts, Visited) - (price.discount - by_home) + rounding),
        owner: micro(of(&parts, Owner)),
        tax: micro(price.tax),
    }
}

/// The shares of a charge event's price.
pub fn of_event(price: &Price, terms: &Agreement, event: &ChargeEvent) -> Shares {
    let periods = event.usage.periods.iter();
    let energy = periods.map(|p| i128::from(p.energy.0)).sum();
    shares(
        price,
        terms,
        event.adjustments.tier,
        (event.session, energy),
    )
}
