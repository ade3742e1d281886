//! A sample of drivers through the running composition, and whether the shorter way gives the same, charge by charge.
//!
//! The composition executes some dozens of charges a second: screens, gateways, both utilities, sealed messages, four replicas of the contract. The
//! statistics need hundreds of thousands. So the runs go the shorter way over the same price engine, and this sample shows, for every
//! trip, that offered price, decision, multiplier, total and every party's share are the composition's to the micro-unit.

use crate::market::{Choice, Market, Wish};
use crate::regime::{BAND, Deal, NEUTRAL, Regime};
use fairway_model::Micro;
use fairway_sim::Rng;
use fairway_sim::market::{Charge, Ended, Market as World, Terms, Trip, market as run};

/// Hours of a sample: one day.
const HOURS: usize = 24;

/// What the sample of one regime gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which regime.
    pub regime: Regime,
    /// Trips that were sent.
    pub trips: usize,
    /// Charges that were settled on the ledger.
    pub charged: usize,
    /// Trips for which there was no agreement.
    pub refused: usize,
    /// Offers that were too dear.
    pub too_dear: usize,
    /// Blocks of the ledger.
    pub blocks: usize,
    /// What differs, one sentence each; empty where everything is equal.
    pub differences: Vec<String>,
    /// Mean milliseconds from a driver's arrival until power flowed.
    pub waited: i64,
    /// Sum of all bills.
    pub billed: Micro,
}

/// Sends so many drivers of one day, beginning at `first`, through the composition.
///
/// # Errors
/// What must not be in the world: a broken invariant, with its trace.
pub fn sample(
    market: &Market<'_>,
    regime: Regime,
    first: usize,
    trips: usize,
) -> Result<Sample, String> {
    let end = first.saturating_add(HOURS).min(market.loads.hours());
    let mut chance = Rng::new(market.parameters.seed);
    let mut sent: Vec<(Wish, Option<Choice>)> = Vec::new();
    while sent.len() < trips {
        let wish = Wish {
            hour: first + chance.place(end.saturating_sub(first)),
            ..market.wish(&mut chance)
        };
        // A start that fails in the hub never reaches the visited utility.
        if !(regime == Regime::Hub && wish.away && !wish.hub_works) {
            sent.push((wish, market.choose(regime, &wish, end)));
        }
    }
    let world = World {
        terms: terms(market, regime),
        loads: (first..end)
            .map(|hour| [0, 1].map(|v| market.book.multiplier(regime, v, hour)))
            .map(|[a, b]| [a, b, NEUTRAL])
            .collect(),
        trips: sent
            .iter()
            .map(|(wish, choice)| trip(market, wish, choice.as_ref(), first))
            .collect(),
    };
    let report = run(market.parameters.seed, &world).map_err(|violation| violation.to_string())?;
    let mut found = Sample {
        regime,
        trips,
        charged: 0,
        refused: 0,
        too_dear: 0,
        blocks: report.blocks,
        differences: Vec::new(),
        waited: 0,
        billed: report.billed,
    };
    for (number, ((wish, choice), ended)) in sent.iter().zip(&report.ended).enumerate() {
        found.count(ended);
        if let Some(difference) = differs(market, regime, wish, choice.as_ref(), ended) {
            found
                .differences
                .push(format!("trip {number}: {difference}"));
        }
    }
    let charged = i64::try_from(found.charged).unwrap_or(1).max(1);
    found.waited /= charged;
    Ok(found)
}

impl Sample {
    fn count(&mut self, ended: &Ended) {
        match ended {
            Ended::Refused => self.refused += 1,
            Ended::TooDear(_) => self.too_dear += 1,
            Ended::Charged(_, charge) => {
                self.charged += 1;
                self.waited = self.waited.saturating_add(charge.waited);
            }
        }
    }
}

fn terms(market: &Market<'_>, regime: Regime) -> Vec<Terms> {
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
    let of = |(home, visited)| {
        let deal = market.book.deal(regime, home, visited)?;
        Some(Terms {
            home,
            visited,
            tariff: deal.tariff.clone(),
            corridor: deal.corridor,
            load_band: BAND,
            split: deal.split,
            split_rule: None,
        })
    };
    pairs.into_iter().filter_map(of).collect()
}

/// A driver whom nobody serves tries it where he is.
fn trip(market: &Market<'_>, wish: &Wish, choice: Option<&Choice>, first: usize) -> Trip {
    let abroad = usize::from(wish.away == (wish.home == 0));
    let waiting = choice.map_or(Micro(0), |c| market.waiting(c));
    Trip {
        home: wish.home,
        visited: choice.map_or(abroad, |c| c.visited),
        hour: choice.map_or(wish.hour, |c| c.hour).saturating_sub(first),
        highest: Micro(wish.highest.0.saturating_sub(waiting.0)),
    }
}

fn differs(
    market: &Market<'_>,
    regime: Regime,
    wish: &Wish,
    choice: Option<&Choice>,
    ended: &Ended,
) -> Option<String> {
    let Some(choice) = choice else {
        return (*ended != Ended::Refused)
            .then(|| format!("no agreement, and it ended as {ended:?}"));
    };
    let takes = market.takes(wish, choice);
    match ended {
        Ended::TooDear(price) if !takes && *price == choice.bill.offered => None,
        Ended::Charged(price, charge) if takes && *price == choice.bill.offered => {
            let deal = market.book.deal(regime, choice.home, choice.visited)?;
            settles_otherwise(deal, choice, charge)
        }
        other => Some(format!(
            "{choice:?} for at most {:?} ended as {other:?}",
            wish.highest
        )),
    }
}

/// The charge as the ledger settled it against the price engine's answer for the measured energy.
fn settles_otherwise(deal: &Deal, choice: &Choice, charge: &Charge) -> Option<String> {
    if charge.load_bps != choice.load_bps {
        return Some(format!(
            "multiplier {} was settled, {} was published",
            charge.load_bps, choice.load_bps
        ));
    }
    match deal.price(charge.energy, charge.load_bps, charge.session) {
        Ok((_, total, shares)) if total == charge.total && shares == charge.shares => None,
        other => Some(format!("{charge:?} was settled, the engine says {other:?}")),
    }
}
