//! A market: drivers who weigh the price charge through the whole composition, hour after hour, while stations' prices follow a schedule.
//!
//! Nothing breaks here. Each trip goes the way of every charge: the station's screen, the gateway, both utilities, the offer that both policies
//! agree on, consent, the meter, settlement by the contract on four replicas, the bill. All checks of [`crate::run`] apply. What the evaluation
//! computes by a shorter way is compared with this, charge by charge.

use crate::cast::{BEGIN, Cast, Fault, UTILITIES};
use crate::driver::Visit;
use crate::plan::Plan;
use crate::report::Violation;
use crate::world::{Event, World};
use fairway_model::agreement::{Corridor, LoadBand, Split};
use fairway_model::time::{HOUR, MINUTE};
use fairway_model::{Energy, Micro, SessionId, Shares, SplitRule, Tariff};
use fairway_utility::command::Command;

/// Most hours of a market: bills are checked for one month.
pub const MAX_HOURS: usize = 24 * 14;
/// Most trips of a market.
pub const MAX_TRIPS: usize = 10_000;
/// Customers of each utility, who take turns.
const CUSTOMERS: u32 = 12;
/// Drivers come in the first part of an hour, so that they see its price.
const ARRIVALS: i64 = 35 * MINUTE;
/// A quiet network: messages take milliseconds and blocks seconds.
const QUIET: Plan = Plan {
    name: "market",
    visits: 0,
    stations: 6,
    block: (1_000, 4_000),
    ..Plan::CALM
};

/// The neutral load multiplier in basis points.
const NEUTRAL_BPS: u32 = 10_000;

/// What two utilities agreed for the drivers of one at the stations of the other, or a utility with its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Place of the home utility, 0 to 2.
    pub home: usize,
    /// Place of the visited utility, 0 to 2.
    pub visited: usize,
    /// The price list.
    pub tariff: Tariff,
    /// Limits of the energy price.
    pub corridor: Corridor,
    /// Limits of the load multiplier.
    pub load_band: LoadBand,
    /// Who gets what.
    pub split: Split,
    /// By which rule, unless by fixed parts.
    pub split_rule: Option<SplitRule>,
}

/// One driver's wish to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trip {
    /// Place of the driver's home utility.
    pub home: usize,
    /// Place of the utility at whose station he is.
    pub visited: usize,
    /// The hour of the market.
    pub hour: usize,
    /// What he pays at most for a kWh.
    pub highest: Micro,
}

/// A market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// The agreements; who has none does not charge.
    pub terms: Vec<Terms>,
    /// For each hour the load multipliers of the three utilities in basis points.
    pub loads: Vec<[u32; UTILITIES]>,
    /// The trips.
    pub trips: Vec<Trip>,
}

/// A charge as the ledger settled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Its id.
    pub session: SessionId,
    /// Energy by the meter.
    pub energy: Energy,
    /// What the driver pays.
    pub total: Micro,
    /// Who gets what of it.
    pub shares: Shares,
    /// The agreed load multiplier in basis points.
    pub load_bps: u32,
    /// Milliseconds from the driver's arrival until power flowed.
    pub waited: i64,
}

/// How a trip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// No offer: the utilities have no agreement.
    Refused,
    /// The offer's price per kWh was more than he pays.
    TooDear(Micro),
    /// He charged at this price per kWh.
    Charged(Micro, Charge),
}

/// What came of a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketReport {
    /// For each trip, in the given order.
    pub ended: Vec<Ended>,
    /// Blocks of the ledger.
    pub blocks: usize,
    /// Sum of all bills.
    pub billed: Micro,
}

/// Runs a market under a seed until every charge is settled and billed, and checks the world as [`crate::run`] does.
///
/// # Errors
/// What must not be, with the newest events before it; also for a market out of bounds.
pub fn market(seed: u64, market: &Market) -> Result<MarketReport, Box<Violation>> {
    let fail = |what: Fault, trace: Vec<String>| {
        Box::new(Violation {
            seed,
            plan: QUIET.name,
            what,
            trace,
            sabotaged: false,
        })
    };
    let mut world = checked(seed, market).map_err(|what| fail(what, Vec::new()))?;
    live(&mut world, market).map_err(|what| fail(what, world.trace.newest()))
}

fn checked(seed: u64, market: &Market) -> Result<World, Fault> {
    if market.loads.len() > MAX_HOURS || market.trips.len() > MAX_TRIPS {
        return Err(format!(
            "a market of {} hours and {} trips: at most {MAX_HOURS} and {MAX_TRIPS} are right",
            market.loads.len(),
            market.trips.len()
        ));
    }
    let outside =
        |t: &&Trip| t.home >= UTILITIES || t.visited >= UTILITIES || t.hour >= market.loads.len();
    if let Some(trip) = market.trips.iter().find(outside) {
        return Err(format!(
            "{trip:?}: utilities 0 to 2 and an hour under {} are right",
            market.loads.len()
        ));
    }
    let cast = Cast::market(QUIET.stations, CUSTOMERS, &market.terms)?;
    World::with(seed, QUIET, cast)
}

fn live(world: &mut World, market: &Market) -> Result<MarketReport, Fault> {
    world.set_up()?;
    let first = world.visits.len();
    for trip in &market.trips {
        let visit = world.shopper(*trip)?;
        world.visits.push(visit);
    }
    let begin = BEGIN.plus(HOUR);
    world.run_to(begin)?;
    for (hour, loads) in market.loads.iter().enumerate() {
        for (utility, load_bps) in loads.iter().enumerate() {
            world.load(utility, *load_bps)?;
        }
        for (number, trip) in market.trips.iter().enumerate() {
            if trip.hour == hour {
                let pause = world.rng.span((MINUTE, ARRIVALS));
                let number = first.saturating_add(number);
                world.queue.after(pause, Event::Arrive(number));
            }
        }
        let next = world.now().plus(HOUR);
        world.run_to(next)?;
    }
    for utility in 0..UTILITIES {
        world.load(utility, NEUTRAL_BPS)?;
    }
    world.run_until_quiet()?;
    let billed = world.check()?;
    let ended = world.visits.iter().skip(first).map(|v| end_of(world, v));
    Ok(MarketReport {
        ended: ended.collect::<Result<_, _>>()?,
        blocks: world.ledger.height(),
        billed,
    })
}

fn end_of(world: &World, visit: &Visit) -> Result<Ended, Fault> {
    let Some((session, price)) = visit.offered else {
        return Ok(Ended::Refused);
    };
    if !world.consented.contains(&session) {
        return Ok(Ended::TooDear(price));
    }
    let settled = world.ledger.settled.get(&session);
    let settled = settled.ok_or_else(|| format!("{session} was agreed to and is not settled"))?;
    let from = visit
        .charging
        .ok_or_else(|| format!("{session} never charged"))?;
    Ok(Ended::Charged(
        price,
        Charge {
            session,
            energy: settled.energy,
            total: settled.total,
            shares: settled.shares,
            load_bps: settled.load_bps,
            waited: from.since(visit.came()),
        },
    ))
}

impl World {
    /// A trip as a visit: customers and stations of a utility take turns.
    fn shopper(&self, trip: Trip) -> Result<Visit, Fault> {
        let turn = self.visits.len();
        let customers = usize::try_from(CUSTOMERS).unwrap_or(1);
        let driver = trip
            .home
            .saturating_mul(customers)
            .saturating_add(turn % customers);
        let post = trip
            .visited
            .saturating_mul(self.plan.stations)
            .saturating_add(turn % self.plan.stations.max(1));
        let known = self.cast.drivers.get(driver);
        let cin = known.ok_or_else(|| format!("no customer {driver}"))?;
        let token = cin.customer.cin.clone();
        Ok(Visit::trip(driver, post, token, trip.highest))
    }

    /// The load of a utility's area, as its operator feeds it.
    fn load(&mut self, utility: usize, load_bps: u32) -> Result<(), Fault> {
        let bay = self.cast.bays.iter().find(|b| b.utility == utility);
        let area = bay.map(|b| b.entry.area.clone());
        let area = area.ok_or_else(|| format!("utility {utility} has no station"))?;
        self.ask(utility, Command::SetLoad { area, load_bps })?;
        Ok(())
    }
}
