//! The consortium overlay: orders opaque transactions among known validators, keeps their state authenticated, and
//! proves to third parties what was settled. It knows nothing of the meaning of a transaction.
//!
//! A caller hands a [`Machine`] and a [`Config`] to [`start`] and talks to the running validator through a [`Handle`].

// The engine's futures are deep; the auditor drives them from one more level.
#![recursion_limit = "256"]

mod anchor;
mod app;
mod audit;
mod block;
mod board;
mod bodies;
mod config;
#[cfg(test)]
mod conformance;
mod consistency;
mod dropping;
mod early;
mod engine;
mod epochs;
mod exec;
mod export;
mod flaws;
mod followed;
mod genesis;
mod handle;
mod header;
mod history;
mod ingress;
mod kept;
mod level;
mod lineage;
mod lineage_reads;
mod machine;
mod misdeed;
mod network;
mod node;
mod overlay;
mod peers;
mod pool;
mod proof;
mod punctual;
mod reads;
mod runtime;
mod sets;
mod state;
mod store;
mod stored;
mod sync;
mod tree;
pub mod wiring;
mod witness;

pub use audit::{
    AuditRules, Audited, Finding, FindingKind, JoinError, Joined, Passed, Watcher, audit,
    join_exports,
};
pub use bodies::{keep_bounds, section_blocks};
pub use config::{
    Begin, Clock, Config, MAX_BLOCK_BYTES, MAX_BLOCK_TXS, MAX_CHAIN_ID_BYTES, MAX_VALIDATORS,
    MIN_EPOCH_BLOCKS, StartError, ValidatorAddress,
};
pub use consistency::{
    CONSISTENCY_VERSION, Consistency, Consistent, MAX_CONSISTENCY_BYTES, verify_consistency,
};
pub use export::{EXPORT_PAGE_BLOCKS, EXPORT_PAGE_BYTES, EXPORT_VERSION, Exporter};
pub use followed::{
    FOLLOWED_VERSION, Followed, MAX_FOLLOWED_BYTES, MAX_HANDOVERS, Proven, history_of_file,
    verify_file,
};
pub use handle::{Filter, FinalBlock, Handle, Status, SubmitError, Subscription};
pub use history::ValidatorHistory;
pub use ingress::MAX_TX_BYTES;
pub use kept::Keep;
pub use machine::{
    BlockInfo, Executed, MAX_RECEIPT_BYTES, MAX_VALUE_BYTES, Machine, Peer, Peers, StateKey, TxId,
};
pub use misdeed::{Misdeed, SignedVote, VoteKind};
pub use proof::{MAX_PROOF_BYTES, PROOF_VERSION, Proof, ProofError, Verified, verify_proof};
pub use stored::export_folder;

use std::sync::Arc;

/// Starts a validator on its own thread and runtime. Returns at once; it never blocks on the network or on recovery.
///
/// What can be checked before is an error here; what goes wrong later is in [`Status::error`].
pub fn start(config: Config, machine: Arc<dyn Machine>) -> Result<Handle, StartError> {
    node::start(config, machine)
}

/// Public key of an ed25519 seed, as it stands in [`ValidatorAddress`].
pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    node::public_key(seed)
}
