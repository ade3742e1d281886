//! Runs validators as they ship, consensus included, in one thread under a seed: time, chance, disks and the network are
//! simulated, everything above them is the production wiring of `fairway-chain`.
//!
//! Invariant: the same seed gives the same run, to the last message. What a run checks stands in this crate's tests.

mod chance;
mod context;
mod disk;
mod net;
mod node;

pub use chance::Chance;
pub use context::{Machinery, NodeContext};
pub use disk::{Disk, Torn};
pub use net::{Link, Net, Simulated, Tap, Watch};
pub use node::{Node, run_world};
