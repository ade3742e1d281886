//! Starting and ending a validator: checks of the configuration, its thread, its runtime.

use std::{
    collections::BTreeSet,
    fs, io,
    net::TcpListener,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    time::Duration,
};

use ::tokio::sync::mpsc;
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{
    Signer as _,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_runtime::{Runner as _, tokio};
use commonware_utils::ordered::Set;

use crate::{
    Config, Handle, MAX_BLOCK_BYTES, MAX_BLOCK_TXS, MAX_CHAIN_ID_BYTES, MAX_RECEIPT_BYTES,
    MAX_TX_BYTES, MAX_VALIDATORS, MIN_EPOCH_BLOCKS, Machine, StartError,
    block::Block,
    board::Board,
    bodies::keep_bounds,
    engine::{Doors, run},
    flaws::Flaws,
    genesis::genesis_block,
    network::connect,
    overlay::Core,
    proof::hex,
    runtime::{Runtime, panic_text},
    sets::Sets,
};

/// Requests that wait for the validator; beyond it the callers wait.
const REQUESTS: usize = 1_024;

/// Most nodes that one is connected with.
const MAX_PEERS: usize = 1_024;

/// File that binds a data folder to one chain and one validator.
pub(crate) const MARKER: &str = "chain.id";

/// Threads for file operations and for the machine.
const BLOCKING_THREADS: usize = 16;

/// Stack of each runtime thread, in bytes.
const STACK_BYTES: usize = 4 * 1024 * 1024;

/// The checked identity of a validator.
pub(crate) struct Identity {
    pub(crate) key: PrivateKey,
    /// All validators, in the configuration's order.
    pub(crate) validators: Vec<PublicKey>,
}

impl Identity {
    /// The validator with the smallest key.
    fn first(&self) -> PublicKey {
        let own = || self.key.public_key();
        self.validators.iter().min().cloned().unwrap_or_else(own)
    }
}

/// A validator that is checked and can be run on any runtime.
pub(crate) struct Prepared {
    pub(crate) config: Config,
    pub(crate) identity: Identity,
    pub(crate) core: Arc<Core>,
    pub(crate) doors: Doors,
    pub(crate) handle: Handle,
}

/// Checks a configuration and makes the parts of a validator that do not depend on where it runs.
pub(crate) fn prepare<E: Runtime>(
    config: Config,
    machine: Arc<dyn Machine>,
    flaws: Flaws,
) -> Result<Prepared, StartError> {
    let identity = check_identity(&config)?;
    check_bounds(&config)?;
    let genesis = genesis_block::<E>(&config, &identity.first(), &*machine);
    let founders =
        Set::try_from(identity.validators.clone()).map_err(|_| StartError::ValidatorCount(0))?;
    let sets = Sets::new(config.epoch_blocks, founders);
    let (submits, submit_requests) = mpsc::channel(REQUESTS);
    let (reads, read_requests) = mpsc::channel(REQUESTS);
    let (stop, stop_requests) = mpsc::channel(1);
    let (fatal, fatal_reasons) = mpsc::unbounded_channel();
    let board = Arc::new(Board::new(config.stall_after));
    let mut core = Core::new(machine, &config, genesis, sets, Arc::clone(&board), fatal);
    core.flaws = flaws;
    let (applied, first) = (core.applied.follow(), core.first.follow());
    let doors = Doors {
        submits: submit_requests,
        reads: read_requests,
        stop: stop_requests,
        fatal: fatal_reasons,
    };
    let handle = Handle {
        submits,
        reads,
        applied,
        first,
        board,
        stop,
    };
    Ok(Prepared {
        config,
        identity,
        core: Arc::new(core),
        doors,
        handle,
    })
}

/// The block at height 0 of a configuration.
pub(crate) fn genesis_of<E: Runtime>(
    config: &Config,
    machine: &dyn Machine,
) -> Result<Block, StartError> {
    let identity = check_identity(config)?;
    Ok(genesis_block::<E>(config, &identity.first(), machine))
}

pub(crate) fn start(config: Config, machine: Arc<dyn Machine>) -> Result<Handle, StartError> {
    let prepared = prepare::<tokio::Context>(config, machine, Flaws::NONE)?;
    let config = &prepared.config;
    claim_folder(config, &prepared.core.genesis, &prepared.identity)?;
    TcpListener::bind(config.listen).map_err(|error| StartError::Listen {
        address: config.listen,
        reason: error.to_string(),
    })?;
    let handle = prepared.handle.clone();
    std::thread::Builder::new()
        .name(format!("chain-{}", config.listen.port()))
        .spawn(move || live(prepared))
        .map_err(|error| StartError::Thread(error.to_string()))?;
    Ok(handle)
}

/// The whole life of the validator, on its own thread.
fn live(prepared: Prepared) {
    let Prepared {
        config,
        identity,
        core,
        doors,
        handle,
    } = prepared;
    let board = handle.board;
    let runtime = tokio::Config::new()
        .with_worker_threads(config.worker_threads)
        .with_max_blocking_threads(BLOCKING_THREADS)
        .with_thread_stack_size(STACK_BYTES)
        .with_catch_panics(false)
        .with_storage_directory(config.data_dir.join("store"));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        tokio::Runner::new(runtime).start(|context| async move {
            let Some(links) = connect(&context, &config, &identity, &core.limits) else {
                return Some("validators or their addresses are not distinct".into());
            };
            run(context, config, identity, core, links, doors).await
        })
    }));
    let error =
        ended.unwrap_or_else(|panic| Some(format!("engine stopped: {}", panic_text(&*panic))));
    if let Some(reason) = &error {
        tracing::error!(%reason, "validator has stopped");
    }
    board.end(error);
}

fn check_identity(config: &Config) -> Result<Identity, StartError> {
    let length = config.chain_id.len();
    if length == 0 || length > MAX_CHAIN_ID_BYTES {
        return Err(StartError::ChainId(length));
    }
    let count = config.validators.len();
    if count == 0 || count > MAX_VALIDATORS {
        return Err(StartError::ValidatorCount(count));
    }
    let (mut validators, mut seen) = (Vec::with_capacity(count), BTreeSet::new());
    for (index, validator) in config.validators.iter().enumerate() {
        let key = PublicKey::decode(Copying(validator.public_key.as_slice()))
            .map_err(|_| StartError::PublicKey(index))?;
        if !seen.insert(validator.public_key) {
            return Err(StartError::DuplicateValidator(hex(&validator.public_key)));
        }
        validators.push(key);
    }
    let key = private_key(&config.seed)
        .ok_or_else(|| StartError::NotAValidator("of an unusable seed".into()))?;
    let own = key.public_key();
    if validators.contains(&own) == config.joined {
        return Err(StartError::NotAValidator(hex(own.as_ref())));
    }
    Ok(Identity { key, validators })
}

fn private_key(seed: &[u8; 32]) -> Option<PrivateKey> {
    PrivateKey::decode(Copying(seed.as_slice())).ok()
}

/// Public key of a seed.
pub(crate) fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    // Every 32 bytes are a seed and give 32 bytes of key, so the fallback is never taken.
    private_key(seed)
        .and_then(|key| <[u8; 32]>::try_from(key.public_key().as_ref()).ok())
        .unwrap_or_default()
}

fn check_members(config: &Config) -> Result<(), StartError> {
    let bound = |field, value: String, expected: String| {
        Err(StartError::Bound {
            field,
            value,
            expected,
        })
    };
    if config.epoch_blocks < MIN_EPOCH_BLOCKS {
        return bound(
            "epoch_blocks",
            config.epoch_blocks.to_string(),
            format!("at least {MIN_EPOCH_BLOCKS}"),
        );
    }
    let named = config.validators.len().saturating_add(config.known.len());
    if !(named.saturating_add(1)..=MAX_PEERS).contains(&config.max_peers) {
        let expected = format!(
            "{} to {MAX_PEERS}: all that the configuration names, and one",
            named.saturating_add(1)
        );
        return bound("max_peers", config.max_peers.to_string(), expected);
    }
    Ok(())
}

/// A node that drops blocks keeps enough of them for itself, and no more than its index in memory is made for.
fn check_keep(config: &Config) -> Result<(), StartError> {
    let (least, most) = keep_bounds(config.epoch_blocks);
    match config.keep_blocks {
        Some(keep) if !(least..=most).contains(&keep) => Err(StartError::Bound {
            field: "keep_blocks",
            value: keep.to_string(),
            expected: format!(
                "{least} to {most} with epochs of {} blocks; left out it keeps every block",
                config.epoch_blocks
            ),
        }),
        _ => Ok(()),
    }
}

fn check_bounds(config: &Config) -> Result<(), StartError> {
    check_members(config)?;
    check_keep(config)?;
    let bound = |field, value: String, expected: String| {
        Err(StartError::Bound {
            field,
            value,
            expected,
        })
    };
    let least = MAX_TX_BYTES + MAX_RECEIPT_BYTES;
    if !(least..=MAX_BLOCK_BYTES).contains(&config.max_block_bytes) {
        let expected = format!("{least} to {MAX_BLOCK_BYTES}");
        return bound(
            "max_block_bytes",
            config.max_block_bytes.to_string(),
            expected,
        );
    }
    if !(1..=MAX_BLOCK_TXS).contains(&config.max_block_txs) {
        let expected = format!("1 to {MAX_BLOCK_TXS}");
        return bound("max_block_txs", config.max_block_txs.to_string(), expected);
    }
    if !(8..=1_000_000).contains(&config.mempool_max) {
        return bound(
            "mempool_max",
            config.mempool_max.to_string(),
            "8 to 1000000".into(),
        );
    }
    if !(1..=64).contains(&config.worker_threads) {
        return bound(
            "worker_threads",
            config.worker_threads.to_string(),
            "1 to 64".into(),
        );
    }
    let leader = config.leader_timeout;
    if !(Duration::from_millis(100)..=Duration::from_mins(1)).contains(&leader) {
        return bound(
            "leader_timeout",
            format!("{leader:?}"),
            "100ms to 60s".into(),
        );
    }
    if config.idle_interval > leader / 2 {
        let expected = format!("at most {:?}, half of leader_timeout", leader / 2);
        return bound(
            "idle_interval",
            format!("{:?}", config.idle_interval),
            expected,
        );
    }
    if config.busy_interval > config.idle_interval {
        let expected = format!("at most idle_interval, {:?}", config.idle_interval);
        return bound(
            "busy_interval",
            format!("{:?}", config.busy_interval),
            expected,
        );
    }
    Ok(())
}

/// Makes the data folder, or checks that it belongs to this chain and this validator.
fn claim_folder(config: &Config, genesis: &Block, identity: &Identity) -> Result<(), StartError> {
    let refuse = |reason: String| StartError::DataDir {
        path: config.data_dir.clone(),
        reason,
    };
    let (own, digest) = (identity.key.public_key(), hex(&genesis.digest));
    let line = format!("genesis {digest} validator {}\n", hex(own.as_ref()));
    fs::create_dir_all(&config.data_dir).map_err(|error| refuse(error.to_string()))?;
    let marker = config.data_dir.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(stored) if stored == line => Ok(()),
        Ok(stored) => Err(refuse(format!(
            "holds another chain or validator: {}, expected {}",
            stored.trim(),
            line.trim()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_marker(&marker, &line).map_err(|error| refuse(error.to_string()))
        }
        Err(error) => Err(refuse(format!("{MARKER}: {error}"))),
    }
}

fn write_marker(path: &Path, line: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, line)?;
    fs::File::open(&new)?.sync_all()?;
    fs::rename(&new, path)
}
