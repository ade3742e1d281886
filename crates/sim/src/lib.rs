//! The simulator: three utilities, their stations and drivers, and four ledger replicas, all shipped code, in one thread under one seed.
//!
//! The clock, the network, the disks and the power are the world's, and the seed decides when they fail. [`run`] gives a
//! [`Report`] or the first [`Violation`]; the same seed and plan give the same report, byte for byte.
//!
//! Invariants that are checked: the ledger's accounts sum to zero after every transaction; replicas have equal receipts and
//! states; no contactor closes without a driver's yes and a start command; each delivered charge is settled once, for the energy that
//! the meter measured, and stands once on one bill; nothing else is billed; a utility's books agree with the ledger's; no name
//! and no number of a driver in any transaction or log; everything open closes within a bound once the faults are over.

mod cast;
mod check;
mod driver;
mod host;
mod ledger;
pub mod market;
mod plan;
mod post;
mod queue;
mod report;
mod rng;
mod setup;
mod trace;
mod words;
mod world;

pub use plan::{Plan, Sabotage};
pub use report::{Report, Violation};
pub use rng::Rng;
pub use trace::TRACE;

use world::World;

/// Runs one world from its beginning until everything is over, and checks it.
///
/// # Errors
/// The first thing that must not be, with the newest events before it.
pub fn run(seed: u64, plan: &Plan) -> Result<Report, Box<Violation>> {
    let fail = |what: String, trace: Vec<String>, sabotaged: bool| {
        Box::new(Violation {
            seed,
            plan: plan.name,
            what,
            trace,
            sabotaged,
        })
    };
    let mut world = World::new(seed, *plan).map_err(|what| fail(what, Vec::new(), false))?;
    match live(&mut world) {
        Ok(billed) => Ok(report::of(seed, &mut world, billed)),
        Err(what) => Err(fail(what, world.trace.newest(), world.sabotaged)),
    }
}

fn live(world: &mut World) -> Result<fairway_model::Micro, String> {
    world.set_up()?;
    world.ledger.sabotage = world.plan.sabotage;
    world.let_break();
    world.invite();
    let end = world.now().plus(world.plan.window);
    world.run_to(end)?;
    world.heal();
    world.run_until_quiet()?;
    world.check()
}
