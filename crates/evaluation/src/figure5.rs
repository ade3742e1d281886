//! Figure 5 from drawn drivers who pay bills of the price engine, beside the closed form of the reconstruction.

use crate::market::uniform;
use crate::number::{major, micro};
use crate::parameters::KWH;
use crate::regime::Deal;
use crate::simulate::run_seed;
use crate::stats::{Agreement, Moments};
use fairway_economics::figure::Abscissa;
use fairway_economics::{Regime, Scenario};
use fairway_model::agreement::Split;
use fairway_model::{Energy, Micro, SessionId};
use fairway_sim::Rng;

/// Where the curves are re-created: λ1 or w1.
pub const ABSCISSAS: [f64; 7] = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0];

/// One abscissa.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// λ1 in model A, w1 in model B.
    pub x: f64,
    /// Utility 1's revenue from the drawn drivers, by regime, per driver.
    revenue: [Moments; 3],
    /// Mass of drivers.
    mass: f64,
    /// The closed form.
    pub closed: [f64; 3],
}

impl Point {
    /// Revenue of one regime in the figure's unit.
    pub fn simulated(&self, regime: usize) -> f64 {
        self.revenue.get(regime).map_or(0.0, Moments::mean) * self.mass
    }

    /// Its standard error.
    pub fn error(&self, regime: usize) -> f64 {
        self.revenue
            .get(regime)
            .map_or(0.0, Moments::standard_error)
            * self.mass
    }
}

/// The curves of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// The scenario.
    pub scenario: Scenario,
    /// Its points, in rising order.
    pub points: Vec<Point>,
}

/// Revenue to utility 1 of one charge, per kWh: what its price is, and what it gets of it.
#[derive(Debug, Clone, Copy)]
struct Earned {
    price: Micro,
    gets: f64,
}

/// What utility 1 earns of its own drivers at home, its own abroad, and others' with it, by regime.
struct Terms {
    local: Earned,
    outbound: [Earned; 3],
    inbound: [Earned; 3],
}

/// Draws so many drivers at every abscissa.
///
/// # Errors
/// Prices that the engine does not take.
pub fn recreate(scenario: &Scenario, seed: u64, drivers: usize) -> Result<Curves, String> {
    let abscissa = Abscissa::of(scenario);
    let mut points = Vec::new();
    for (number, x) in ABSCISSAS.into_iter().enumerate() {
        let rate = match abscissa {
            Abscissa::Rate => x,
            Abscissa::Willingness => 1.0 / x,
        };
        let mut chance = Rng::new(run_seed(seed, number));
        points.push(point(scenario, (x, rate), drivers, &mut chance)?);
    }
    Ok(Curves {
        scenario: scenario.clone(),
        points,
    })
}

fn point(
    s: &Scenario,
    (x, rate): (f64, f64),
    drivers: usize,
    chance: &mut Rng,
) -> Result<Point, String> {
    let other = s.others.first().ok_or("a scenario needs a second region")?;
    let terms = terms(s, rate, other.rate)?;
    let mass = s.mass + other.mass;
    let mut revenue = [Moments::default(); 3];
    for _ in 0..drivers {
        let first = uniform(chance) * mass < s.mass;
        let own_rate = if first { rate } else { other.rate };
        let away = uniform(chance) < s.travel.share(own_rate);
        let highest = micro(-(1.0 - uniform(chance)).ln() / own_rate);
        let [stays, served] = [s.terms.stays, s.terms.served].map(|part| uniform(chance) < part);
        for (number, moments) in revenue.iter_mut().enumerate() {
            let earned = match (first, away, number) {
                (true, false, _) => Some(terms.local),
                (true, true, 0) => Some(terms.local).filter(|_| stays),
                (_, true, 1) if !served => None,
                (true, true, n) => terms.outbound.get(n).copied(),
                (false, true, n) => terms.inbound.get(n).copied(),
                (false, false, _) => None,
            };
            let taken = earned.filter(|e| e.price <= highest);
            moments.add(taken.map_or(0.0, |e| e.gets));
        }
    }
    Ok(Point {
        x,
        revenue,
        mass,
        closed: Regime::ALL.map(|regime| s.total(regime, rate)),
    })
}

fn terms(s: &Scenario, rate: f64, other: f64) -> Result<Terms, String> {
    let t = &s.terms;
    let in_loop = f64::from(u8::from(t.home_in_loop));
    let none = Earned {
        price: Micro(i64::MAX),
        gets: 0.0,
    };
    // Both sides of two margins get half of 2/λ.
    let hub_kept = 1.0 - t.fee_traditional;
    let kept = 1.0 - t.fee_ledger;
    Ok(Terms {
        local: earned(1.0 / rate, 0.0, false, 1.0)?,
        outbound: [
            none,
            earned(2.0 / rate, 0.5, true, hub_kept * in_loop)?,
            earned(1.0 / rate, t.home_share, true, kept)?,
        ],
        inbound: [
            none,
            earned(2.0 / other, 0.5, false, hub_kept)?,
            earned(1.0 / other, t.partner_share, false, kept)?,
        ],
    })
}

/// A charge at a price whose home gets a part, billed by the price engine; utility 1 is home or visited, and keeps a part after fees.
fn earned(price: f64, home: f64, as_home: bool, kept: f64) -> Result<Earned, String> {
    let home_bps = crate::number::bps(home);
    let split = Split {
        home_bps,
        visited_bps: 10_000_u32.saturating_sub(home_bps),
        owner_bps: 0,
    };
    let deal = Deal::new(micro(price), split)?;
    let energy = Energy(u64::from(KWH) * Energy::PER_KWH);
    let (price, _, shares) = deal.price(energy, 10_000, SessionId([0; 16]))?;
    let gets = major(if as_home { shares.home } else { shares.visited });
    Ok(Earned {
        price,
        gets: gets / f64::from(KWH) * kept,
    })
}

impl Curves {
    /// The model's letter.
    pub fn letter(&self) -> char {
        self.scenario.travel.letter()
    }

    /// Every point beside its closed form.
    pub fn agreements(&self) -> Vec<Agreement> {
        let mut out = Vec::new();
        let name = Abscissa::of(&self.scenario).name();
        for point in &self.points {
            for (number, (regime, closed)) in Regime::ALL.into_iter().zip(point.closed).enumerate()
            {
                out.push(Agreement {
                    what: format!(
                        "Figure 5, model {}, {}, {name} = {}",
                        self.letter(),
                        regime.name(),
                        point.x
                    ),
                    simulated: point.simulated(number),
                    standard_error: point.error(number),
                    closed_form: closed,
                });
            }
        }
        out
    }

    /// Simulated revenue in the order of rising willingness to pay.
    pub fn by_wealth(&self, regime: usize) -> Vec<f64> {
        let values = self.points.iter().map(|p| p.simulated(regime));
        match Abscissa::of(&self.scenario) {
            Abscissa::Willingness => values.collect(),
            Abscissa::Rate => values.rev().collect(),
        }
    }
}
