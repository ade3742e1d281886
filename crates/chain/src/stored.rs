//! Reads the folder of a node that does not run: the finalized blocks in it, for an export. A backup serves an auditor this way.
//!
//! Invariant: nothing is executed and no key is needed; what is written is checked by whoever audits it.

use std::{
    io::{self, Write},
    path::Path,
};

use commonware_consensus::simplex::{scheme::ed25519::Scheme, types::Finalization};
use commonware_cryptography::sha256::Digest;
use commonware_runtime::{Runner as _, Supervisor as _, buffer::paged::CacheRef, tokio};
use commonware_storage::archive::{Archive as _, Identifier, immutable::Archive};

use crate::{
    AuditRules, Exporter, MAX_VALIDATORS, Machine,
    anchor::Certificate,
    audit::config_of,
    block::Limits,
    bodies::Bodies,
    export::frame,
    genesis::genesis_block,
    kept::{Kept, learn_sets},
    node::MARKER,
    proof::hex,
    sets::{Sets, read_set},
    store::{self, PAGE_SIZE, PAGES},
    sync::origin::{Origin, OriginStore},
};

type Store<V> = Archive<tokio::Context, Digest, V>;

/// What an opened folder holds.
struct Stored {
    sets: Sets,
    /// Where the node began, when that was not genesis.
    origin: Option<Origin>,
    blocks: Bodies<tokio::Context>,
    kept: Kept<tokio::Context>,
    certificates: Store<Finalization<Scheme, Digest>>,
}

/// Writes the blocks of a stopped node's folder from height `from` up to `to` (the last one without it) as an export; gives the height of
/// its last block. The caller sees to it that no node uses the folder.
///
/// # Errors
/// When the folder is not of this chain, lacks a block, or cannot be read; or when the writer fails.
pub fn export_folder(
    rules: &AuditRules,
    machine: &dyn Machine,
    folder: &Path,
    out: &mut (dyn Write + Send),
    from: u64,
    to: Option<u64>,
) -> Result<u64, String> {
    let config = config_of(rules, folder);
    let founders =
        read_set(&rules.validators).ok_or("the validators' keys are none, repeated, or no keys")?;
    let first = founders.iter().next().cloned();
    let first = first.ok_or("no validator key is known")?;
    let genesis = genesis_block::<tokio::Context>(&config, &first, machine);
    check_marker(folder, &genesis.digest)?;
    let limits = Limits {
        txs: config.max_block_txs,
        bytes: config.max_block_bytes,
    };
    let sets = Sets::new(config.epoch_blocks, founders);
    let exporter = Exporter::new(out, &rules.chain_id, &genesis.digest, from)
        .map_err(|error| written(&error))?;
    let runtime = tokio::Config::new()
        .with_worker_threads(1)
        .with_storage_directory(folder.join("store"));
    // A runtime of its own thread: the caller may be inside another one.
    std::thread::scope(|scope| {
        let work = scope.spawn(move || {
            tokio::Runner::new(runtime).start(|context| async move {
                let open = Stored::open(&context, sets, limits, rules.epoch_blocks);
                let stored = Box::pin(open).await?;
                stored.learn_beginning(&rules.chain_id, &rules.validators)?;
                stored.write(exporter, to).await
            })
        });
        work.join()
            .unwrap_or_else(|_| Err("the stored blocks cannot be read".into()))
    })
}

fn written(error: &io::Error) -> String {
    format!("export: {error}")
}

/// The folder must be of this chain; whose node's it was does not matter.
fn check_marker(folder: &Path, genesis: &[u8; 32]) -> Result<(), String> {
    let path = folder.join(MARKER);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        format!(
            "{}: {error}; is it the ledger folder of a node?",
            path.display()
        )
    })?;
    let wanted = hex(genesis);
    if text.split(' ').nth(1) == Some(wanted.as_str()) {
        return Ok(());
    }
    Err(format!(
        "{} is of another chain: {}, expected genesis {wanted}",
        folder.display(),
        text.trim()
    ))
}

impl Stored {
    async fn open(
        context: &tokio::Context,
        sets: Sets,
        limits: Limits,
        epoch_blocks: u64,
    ) -> Result<Self, String> {
        let pages = CacheRef::new(PAGE_SIZE, PAGES);
        let certificates = store::archive("certificates", &pages, MAX_VALIDATORS);
        let certificates = Archive::init(context.child("certificates"), certificates)
            .await
            .map_err(|error| format!("archive of certificates: {error}"))?;
        // Nothing is written, so it does not matter whether the node dropped blocks.
        let open = Bodies::open(context, &pages, limits, epoch_blocks, false);
        let blocks = Box::pin(open).await?;
        let kept = Kept::open(context, &pages, limits).await?;
        let origin = OriginStore::open(context.child("origin")).await?.get()?;
        Ok(Self {
            sets,
            origin,
            blocks,
            kept,
            certificates,
        })
    }

    /// A node that began with a state keeps the proofs of the validators before it.
    fn learn_beginning(&self, chain_id: &str, founders: &[[u8; 32]]) -> Result<(), String> {
        let origin = self.origin.as_ref();
        origin.map_or(Ok(()), |o| o.teach(chain_id, founders, &self.sets))
    }

    async fn certificate(&self, height: u64) -> Result<Option<Certificate>, String> {
        let found = self.certificates.get(Identifier::Index(height)).await;
        let found = found.map_err(|error| format!("archive of certificates: {error}"))?;
        let set = self.sets.at(self.sets.epoch_of(height));
        Ok(found
            .zip(set)
            .and_then(|(found, set)| Certificate::of(&found, &set)))
    }

    async fn write(
        &self,
        mut exporter: Exporter<&mut (dyn Write + Send)>,
        to: Option<u64>,
    ) -> Result<u64, String> {
        let stored = self.blocks.newest().unwrap_or(0);
        let last = to.map_or(stored, |to| to.min(stored));
        // The last blocks of epochs tell who signs in which.
        let origin = self.origin.as_ref().map_or(0, |origin| origin.height);
        let begun = self.sets.epoch_of(origin);
        learn_sets(&self.sets, &self.blocks, &self.kept, begun).await?;
        let first = exporter.next_height();
        while exporter.next_height() <= last {
            let height = exporter.next_height();
            let Some(block) = self.blocks.at(height).await? else {
                // Blocks that came before those between are not the chain's end.
                if height > first {
                    break;
                }
                let whole = self.kept.border().await.max(origin).max(1);
                return Err(format!(
                    "block {height} is not in this folder, whose blocks begin at {whole}"
                ));
            };
            let frame = frame(&block, self.certificate(height).await?.as_ref());
            exporter.put(&frame).map_err(|error| written(&error))?;
        }
        let written_to = exporter.finish().map_err(|error| written(&error))?;
        written_to.ok_or_else(|| {
            format!("no block from {first} to {last} in this folder has a certificate of its own")
        })
    }
}
