//! How rough a world is.

use fairway_model::time::{HOUR, MINUTE, SECOND};

/// A planted fault of the world itself, to prove that the checks can fail. Shipped code knows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A utility's disk loses one committed transaction: the one with a driver's consent. The utility dies at once and restarts.
    DiskForgets,
    /// One replica adds a micro-unit to a posting of a receipt.
    ReplicaAdds,
    /// All replicas agree on a receipt that has a micro-unit too much.
    AllReplicasAdd,
    /// The network hands a station a start command that no utility sent.
    StartWithoutConsent,
    /// The network changes the charge that a start command names.
    StartForAnother,
    /// A utility's disk commits the transaction of a driver's consent without the row of the charge, and the utility dies.
    TornTransaction,
    /// The ledger's link skips a block.
    BlockSkipped,
}

/// What happens in a world, and how often. Chances are per ten thousand, times in milliseconds; an interval of 0 means never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Name, for reports.
    pub name: &'static str,
    /// Visits of drivers.
    pub visits: usize,
    /// Stations of each utility.
    pub stations: usize,
    /// How long drivers come and faults happen.
    pub window: i64,
    /// Delay of a message, from and to.
    pub delay: (i64, i64),
    /// Chance that a message is lost.
    pub loss: u32,
    /// Chance that a message arrives twice.
    pub twice: u32,
    /// Mean time between two partitions.
    pub partition_every: i64,
    /// Length of a partition or an outage.
    pub outage: (i64, i64),
    /// Chance that a utility dies at one input.
    pub crash: u32,
    /// Mean time between two power cuts of stations.
    pub power_cut_every: i64,
    /// Mean time between two cuts of station links.
    pub link_cut_every: i64,
    /// Mean time between two outages of ledger replicas.
    pub replica_out_every: i64,
    /// How far a clock is off at most, to either side.
    pub skew: i64,
    /// Time between blocks.
    pub block: (i64, i64),
    /// A planted fault.
    pub sabotage: Option<Sabotage>,
}

impl Plan {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        name: "calm",
        visits: 16,
        stations: 2,
        window: HOUR,
        delay: (5, 60),
        loss: 0,
        twice: 0,
        partition_every: 0,
        outage: (5 * SECOND, 5 * MINUTE),
        crash: 0,
        power_cut_every: 0,
        link_cut_every: 0,
        replica_out_every: 0,
        skew: 0,
        block: (200, 1_000),
        sabotage: None,
    };

    /// The network loses, repeats, delays and reorders; partitions come and go; clocks differ.
    pub const LOSSY: Self = Self {
        name: "lossy",
        delay: (5, 3_000),
        loss: 1_500,
        twice: 1_500,
        partition_every: 8 * MINUTE,
        link_cut_every: 6 * MINUTE,
        replica_out_every: 10 * MINUTE,
        skew: 20 * SECOND,
        ..Self::CALM
    };

    /// Utilities die at any step, stations lose power.
    pub const CRASHY: Self = Self {
        name: "crashy",
        crash: 200,
        power_cut_every: 6 * MINUTE,
        link_cut_every: 8 * MINUTE,
        replica_out_every: 15 * MINUTE,
        ..Self::CALM
    };

    /// All of it.
    pub const EVERYTHING: Self = Self {
        name: "everything",
        crash: 100,
        power_cut_every: 8 * MINUTE,
        ..Self::LOSSY
    };

    /// The presets.
    pub const ALL: [Self; 4] = [Self::CALM, Self::LOSSY, Self::CRASHY, Self::EVERYTHING];

    /// The preset that a seed runs under in the ordinary round; the rougher ones come more often.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 8 {
            0 => Self::CALM,
            1 | 2 => Self::LOSSY,
            3 | 4 => Self::CRASHY,
            _ => Self::EVERYTHING,
        }
    }

    /// This plan with a planted fault.
    #[must_use]
    pub fn with(self, sabotage: Sabotage) -> Self {
        Self {
            sabotage: Some(sabotage),
            ..self
        }
    }
}
