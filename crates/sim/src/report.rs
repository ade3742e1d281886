//! What a run says at its end.

use crate::cast::{BEGIN, USD};
use crate::world::World;
use core::fmt;
use fairway_model::{Hash, Micro};

/// A world in which everything held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Name of the plan.
    pub plan: &'static str,
    /// Over every event, every stored row and the ledger's state: equal for equal seed and plan.
    pub digest: Hash,
    /// Events of the virtual clock.
    pub events: u64,
    /// Inputs that utilities handled.
    pub inputs: u64,
    /// Lines of the trace.
    pub lines: u64,
    /// Deaths of utilities.
    pub crashes: u64,
    /// Power cuts of stations.
    pub power_cuts: u64,
    /// Partitions, cut links, outages.
    pub troubles: u64,
    /// Drivers' visits.
    pub visits: usize,
    /// Offers that drivers saw.
    pub offers: u64,
    /// Charges that were settled, each once.
    pub settled: usize,
    /// Different pairs of home and visited utility among them.
    pub pairs: usize,
    /// Blocks of the ledger.
    pub height: usize,
    /// Transactions in those blocks.
    pub transactions: usize,
    /// How long the world lasted, in milliseconds of its own time.
    pub lasted_ms: i64,
    /// Transactions that the contracts refused, by reason.
    pub refused: Vec<(&'static str, u32)>,
    /// Whether a planted fault was carried out, and did no harm.
    pub sabotaged: bool,
    /// Log lines that call for a person.
    pub alarms: u64,
    /// Sum of all bills and of all settled charges, in micro-units.
    pub billed: Micro,
}

pub(crate) fn of(seed: u64, world: &mut World, billed: Micro) -> Report {
    let rows = world.rows_digest();
    Report {
        seed,
        plan: world.plan.name,
        digest: world.trace.digest(&rows),
        events: world.counts.events,
        inputs: world.counts.inputs,
        lines: world.trace.count(),
        crashes: world.counts.crashes,
        power_cuts: world.counts.power_cuts,
        troubles: world.counts.troubles,
        visits: world.visits.len(),
        offers: world.counts.offers,
        settled: world.ledger.settled.len(),
        pairs: world.pairs(),
        height: world.ledger.height(),
        transactions: world.ledger.transactions(),
        lasted_ms: world.now().0.saturating_sub(BEGIN.0),
        refused: world.ledger.refused.iter().map(|(k, v)| (*k, *v)).collect(),
        sabotaged: world.sabotaged,
        alarms: world.counts.alarms,
        billed,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {} {}: {} of {} visits settled in {} blocks ({} pairs, {} offers, {} {USD}), {} crashes, {} power cuts, {} other faults, {} events, {} alarms, refused {:?}, {}",
            self.seed,
            self.plan,
            self.settled,
            self.visits,
            self.height,
            self.pairs,
            self.offers,
            self.billed.text(USD),
            self.crashes,
            self.power_cuts,
            self.troubles,
            self.events,
            self.alarms,
            self.refused,
            self.digest
        )
    }
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// Name of the plan.
    pub plan: &'static str,
    /// What, in one sentence.
    pub what: String,
    /// The newest events before it, at most [`crate::TRACE`].
    pub trace: Vec<String>,
    /// Whether a planted fault had been carried out by then.
    pub sabotaged: bool,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} ({}): {}", self.seed, self.plan, self.what)?;
        writeln!(f, "the newest events:")?;
        self.trace
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))?;
        write!(
            f,
            "replay: FAIRWAY_SIM_SEED={} FAIRWAY_SIM_PLAN={} cargo test -p fairway-sim --test world replay -- --nocapture",
            self.seed, self.plan
        )
    }
}

impl core::error::Error for Violation {}
