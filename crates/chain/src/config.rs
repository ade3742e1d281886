//! What a validator is started with, and why a start can be refused.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Largest number of validators that one chain accepts.
pub const MAX_VALIDATORS: usize = 100;

/// Fewest blocks of an epoch.
pub const MIN_EPOCH_BLOCKS: u64 = 4;

/// Peers beyond the configured validators that a configuration makes room for when it does not say how many.
const SPARE_PEERS: usize = 4;

/// Longest chain id, in bytes.
pub const MAX_CHAIN_ID_BYTES: usize = 64;

/// Largest block that any configuration may allow, in bytes.
pub const MAX_BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// Largest number of transactions that any configuration may allow in one block.
pub const MAX_BLOCK_TXS: usize = 20_000;

/// One validator of the consortium, as every member knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidatorAddress {
    /// The validator's ed25519 public key.
    pub public_key: [u8; 32],
    /// Where its overlay listens.
    pub address: SocketAddr,
}

/// How a node with an empty folder comes to the present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// It fetches every block since the first and executes it.
    #[default]
    Replay,
    /// It takes the state at the end of the newest epoch, and executes the blocks after it. Before the first epoch has
    /// ended it executes every block.
    State,
}

/// A clock for block times.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Everything that one validator needs to run.
///
/// `chain_id`, the validators' keys, `epoch_blocks`, `max_block_bytes` and `max_block_txs` must be equal on all nodes.
#[derive(Clone)]
pub struct Config {
    /// This validator's ed25519 seed (the private key). It is never logged.
    pub seed: [u8; 32],
    /// The founding validators, in any order; this one among them unless it `joined`.
    pub validators: Vec<ValidatorAddress>,
    /// Whether this node joined after genesis: its key is not among `validators`, and it follows until the machine's state
    /// makes it a validator.
    pub joined: bool,
    /// How it begins when its folder is empty; without meaning later, except that what was begun is completed.
    pub begin: Begin,
    /// Further nodes whose addresses are known, so that a node that joins finds somebody to learn the chain from.
    pub known: Vec<ValidatorAddress>,
    /// Blocks of an epoch, at least [`MIN_EPOCH_BLOCKS`]; the validator set changes between epochs only.
    pub epoch_blocks: u64,
    /// Most nodes that this one is connected with, itself counted. The network sets memory aside for each.
    pub max_peers: usize,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Folder of this validator's blocks, votes and state. One validator per folder.
    pub data_dir: PathBuf,
    /// Name of the chain, 1 to [`MAX_CHAIN_ID_BYTES`] bytes; part of every signature, so that none is valid on another chain.
    pub chain_id: String,
    /// Largest sum of transaction bytes in one block, at most [`MAX_BLOCK_BYTES`] together with the receipts.
    pub max_block_bytes: usize,
    /// Most transactions in one block, at most [`MAX_BLOCK_TXS`].
    pub max_block_txs: usize,
    /// How long a leader may stay silent before the others go on without it.
    pub leader_timeout: Duration,
    /// Least time between two blocks while no transaction waits. Must be below half of `leader_timeout`.
    pub idle_interval: Duration,
    /// Least time between two blocks while transactions wait.
    pub busy_interval: Duration,
    /// Most transactions in the mempool: half of it for what is handed in here, beyond which [`crate::Handle::submit`] answers
    /// [`crate::SubmitError::Full`], and half for the peers.
    pub mempool_max: usize,
    /// After this time without any finalized block the status says `stalled`.
    pub stall_after: Duration,
    /// Newest blocks of which nothing is ever dropped, within [`crate::keep_bounds`]; the bodies of older ones may be
    /// ([`crate::Handle::drop_before`]). `None` keeps every block.
    pub keep_blocks: Option<u64>,
    /// Worker threads of the validator's own runtime.
    pub worker_threads: usize,
    /// Gives block times in milliseconds since 1970-01-01 UTC; `None` is the wall clock. All validators need the same.
    pub clock: Option<Clock>,
}

impl Config {
    /// A configuration with the documented defaults; only what differs between validators is asked for.
    pub fn new(
        seed: [u8; 32],
        validators: Vec<ValidatorAddress>,
        listen: SocketAddr,
        data_dir: PathBuf,
        chain_id: impl Into<String>,
    ) -> Self {
        Self {
            seed,
            max_peers: validators.len().saturating_add(SPARE_PEERS),
            validators,
            joined: false,
            begin: Begin::Replay,
            known: Vec::new(),
            epoch_blocks: 1_000,
            listen,
            data_dir,
            chain_id: chain_id.into(),
            max_block_bytes: 2 * 1024 * 1024,
            max_block_txs: 4_096,
            leader_timeout: Duration::from_secs(1),
            idle_interval: Duration::from_millis(250),
            busy_interval: Duration::from_millis(10),
            mempool_max: 50_000,
            stall_after: Duration::from_secs(10),
            keep_blocks: None,
            worker_threads: 2,
            clock: None,
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("chain_id", &self.chain_id)
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("validators", &self.validators.len())
            .finish_non_exhaustive()
    }
}

/// Why a validator could not be started. Each says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The chain id is empty or too long.
    #[error("chain id has {0} bytes, expected 1 to {MAX_CHAIN_ID_BYTES}")]
    ChainId(usize),
    /// No validator, or more than [`MAX_VALIDATORS`].
    #[error("{0} validators configured, expected 1 to {MAX_VALIDATORS}")]
    ValidatorCount(usize),
    /// A validator's public key is not a point of the curve.
    #[error("public key of validator {0} is not a valid ed25519 key")]
    PublicKey(usize),
    /// The same validator is listed twice.
    #[error("validator {0} is listed twice")]
    DuplicateValidator(String),
    /// The seed's public key is not among the founding validators, or is although the node `joined`.
    #[error(
        "own public key {0} must be among the configured validators, or `joined` be set and it must not"
    )]
    NotAValidator(String),
    /// A bound is outside its range.
    #[error("{field} is {value}, expected {expected}")]
    Bound {
        /// Name of the field of [`Config`].
        field: &'static str,
        /// The configured value.
        value: String,
        /// The accepted range.
        expected: String,
    },
    /// The data folder cannot be used.
    #[error("data folder {path}: {reason}")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the file system answered, or why the stored chain is another one.
        reason: String,
    },
    /// The listen address cannot be bound.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system answered.
        reason: String,
    },
    /// The thread of the validator could not be created.
    #[error("cannot start the validator's thread: {0}")]
    Thread(String),
}

/// Signing namespace of a chain: a signature of one chain means nothing on another.
pub fn namespace(chain_id: &str) -> Vec<u8> {
    let mut out = b"fairway-chain/1/".to_vec();
    out.extend_from_slice(chain_id.as_bytes());
    out
}

/// Validators that must sign: all of them but the largest number below a third.
pub(crate) fn quorum(validators: usize) -> usize {
    validators - validators.saturating_sub(1) / 3
}
