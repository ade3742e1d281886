//! The auditor: reads an export as a stream and believes nothing in it but what the validators' signatures, the hashes and
//! its own execution of every block say. Of what was changed it names the byte, the block and the field.
//!
//! Invariant: a block is executed only after a certificate covers it, and counts only when receipts, state root and the
//! tree over the headers come out as its header says. Tested by changing exports: every single byte, cut, extended, with
//! blocks exchanged, of another chain.

mod blame;
mod finding;
mod frame;
mod join;
mod locate;
mod replay;
mod walk;
mod window;

use std::{io::Read, path::Path, sync::Arc};

use commonware_cryptography::ed25519::PublicKey;
use commonware_runtime::{Runner as _, tokio};
use commonware_utils::ordered::Set;

use crate::{
    Config, FinalBlock, Machine, StateKey, ValidatorAddress, ValidatorHistory, block::Block,
    genesis::genesis_block, sets::read_set,
};

pub use finding::{Finding, FindingKind};
pub use join::{JoinError, Joined, join_exports};

/// What every auditor of a chain must know; nothing of it comes from the export.
#[derive(Debug, Clone)]
pub struct AuditRules {
    /// Name of the chain.
    pub chain_id: String,
    /// Public keys of its founding validators, in any order; later sets follow from the chain itself.
    pub validators: Vec<[u8; 32]>,
    /// Blocks of an epoch, as in [`Config::epoch_blocks`].
    pub epoch_blocks: u64,
    /// Who validated when, as a proof told it; needed for an export that does not begin with block 1, after the founders handed over.
    pub history: Option<ValidatorHistory>,
    /// Whether blocks are executed. Without it only links, certificates and bodies are checked, as of an export that does not begin
    /// with block 1, which never can be executed.
    pub execute: bool,
}

impl AuditRules {
    /// Rules of a chain with this name and founders, and epochs of the usual length.
    pub fn new(chain_id: &str, validators: Vec<[u8; 32]>) -> Self {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let usual = Config::new([0; 32], Vec::new(), nowhere, "".into(), chain_id);
        Self {
            chain_id: chain_id.to_owned(),
            validators,
            epoch_blocks: usual.epoch_blocks,
            history: None,
            execute: true,
        }
    }
}

/// Watches an audit: it is told every block that was found right, in order, and may ask for values at the end.
pub trait Watcher: Send {
    /// Takes a block that is certified and was executed with the same result.
    ///
    /// # Errors
    /// What is wrong with it in the watcher's eyes; the audit ends with [`FindingKind::Books`].
    fn block(&mut self, block: &FinalBlock) -> Result<(), String>;

    /// Takes the same block as it stands in the export, before [`Watcher::block`] does. Most watchers have no use for it.
    ///
    /// # Errors
    /// As [`Watcher::block`].
    fn passed(&mut self, _block: &Passed<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Names the state values that it wants at the end.
    fn wants(&self) -> Vec<StateKey>;
}

/// A block of an export.
#[derive(Debug, Clone, Copy)]
pub struct Passed<'a> {
    /// Its height.
    pub height: u64,
    /// Digest of its header.
    pub digest: [u8; 32],
    /// Digest of its parent's header.
    pub parent: [u8; 32],
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// All of its bytes, the certificate included.
    pub bytes: &'a [u8],
}

/// What an audit without a finding gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// First block of the export.
    pub first: u64,
    /// Last block of the export; it has a certificate of its own.
    pub last: u64,
    /// Digest of the last header.
    pub digest: [u8; 32],
    /// Root of the state after the last block.
    pub state_root: [u8; 32],
    /// Time of the last block, milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Blocks with a certificate of their own.
    pub certificates: u64,
    /// Transactions.
    pub transactions: u64,
    /// Bytes of the export.
    pub bytes: u64,
    /// Whether the blocks were executed: only an export that begins with block 1 can be.
    pub executed: bool,
    /// Who validated when, as far as the blocks and what was known before tell.
    pub history: ValidatorHistory,
    /// The wanted values after the last block, in the order in which they were named; empty when nothing was executed.
    pub values: Vec<Option<Vec<u8>>>,
}

/// Audits an export. The state is built in `folder`, which must be empty and is the caller's to remove.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit(
    input: &mut (dyn Read + Send),
    rules: &AuditRules,
    machine: Arc<dyn Machine>,
    folder: &Path,
    watcher: &mut dyn Watcher,
) -> Result<Audited, Finding> {
    let config = config_of(rules, folder);
    let (founders, genesis) = beginning(rules, &config, &*machine)?;
    let runtime = tokio::Config::new()
        .with_worker_threads(1)
        .with_storage_directory(folder.join("state"));
    // A runtime of its own thread: the caller may be inside another one.
    std::thread::scope(|scope| {
        let work = scope.spawn(move || {
            tokio::Runner::new(runtime).start(|context| async move {
                let replay =
                    replay::Replay::open(context, config, machine, genesis, founders).await;
                walk::Walk::new(input, rules, replay, watcher).run().await
            })
        });
        work.join()
            .unwrap_or_else(|_| Err(Finding::setup("the auditor's state failed")))
    })
}

/// The founding validators, and the block before the first.
fn beginning(
    rules: &AuditRules,
    config: &Config,
    machine: &dyn Machine,
) -> Result<(Set<PublicKey>, Block), Finding> {
    let founders = read_set(&rules.validators)
        .ok_or_else(|| Finding::setup("the validators' keys are none, repeated, or no keys"))?;
    let first = founders.iter().next().cloned();
    let first = first.ok_or_else(|| Finding::setup("no validator key is known"))?;
    let genesis = genesis_block::<tokio::Context>(config, &first, machine);
    Ok((founders, genesis))
}

pub(crate) fn config_of(rules: &AuditRules, folder: &Path) -> Config {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let validators = rules.validators.iter();
    let validators = validators
        .map(|key| ValidatorAddress {
            public_key: *key,
            address,
        })
        .collect();
    let folder = folder.to_path_buf();
    let mut config = Config::new([0; 32], validators, address, folder, &rules.chain_id);
    config.epoch_blocks = rules.epoch_blocks;
    config
}
