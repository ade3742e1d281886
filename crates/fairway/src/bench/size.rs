//! What a charge costs one validator while its ledger grows: a single one, so that nothing but execution, state and storage is measured.

use super::figure;
use super::load::{CHAIN, Load, members, party};
use super::loads::refusals;
use crate::environment;
use crate::node::watch::folder_bytes;
use bytes::Bytes;
use clap::Args;
use fairway_chain::{Handle, SubmitError, ValidatorAddress};
use fairway_ledger::{Effect, Genesis, ItemEffect, ItemOutcome, Receipt, key_for_pair};
use fairway_model::Time;
use fairway_model::canonical::Canonical as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// How growth is measured.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
    /// Charges in the ledger at which a charge's cost is measured, in order.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000,10000,100000,1000000"
    )]
    sizes: Vec<u64>,
}

/// Charges of one transaction, about half of what fits.
const TOGETHER: u64 = 32;
/// Transactions that are made ahead of the node.
const AHEAD: usize = 64;
/// Charges handed in and not final yet.
const UNDER_WAY: u64 = 4_000;

/// Longest time without a block; a node that works makes several a second.
const QUIET: Duration = Duration::from_secs(30);

/// Fewest charges that are measured at a size, where it has so many: the system counts CPU time in steps of 10 ms.
const FEWEST: u64 = 5_000;

/// The last tenth before a size is what is measured there.
fn window(size: u64) -> u64 {
    size.div_ceil(10).max(FEWEST).min(size)
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("fairway-bench-size-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let chain = start(&folder)?;
    let mut load = Load::new(0, Time(environment::wall_ms()))?;
    for tx in load.set_up("8400010") {
        chain
            .submit(Bytes::from(tx))
            .await
            .map_err(|e| e.to_string())?;
    }
    let key = key_for_pair(party(1)?.id, party(0)?.id);
    while chain.get(key).await.is_none() {
        if let Some(error) = chain.status().error {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let count = options.sizes.iter().copied().max().unwrap_or(0);
    let making = Arc::new(AtomicU64::new(0));
    let charges = make(load, count, making.clone())?;
    let settled = Arc::new(AtomicU64::new(0));
    let offering = tokio::spawn(offer(chain.clone(), charges, settled.clone()));
    let end = tokio::select! {
        end = measure(&options, &chain, &folder, (&making, &settled)) => end,
        error = failure(offering) => Err(error),
    };
    chain.stop().await;
    let _ = std::fs::remove_dir_all(&folder);
    end
}

fn start(folder: &Path) -> Result<Handle, String> {
    let seed = party(0)?.validator_seed;
    let listen = crate::ports::free(1)?.pop().ok_or("no port")?;
    let validator = ValidatorAddress {
        public_key: fairway_chain::public_key(&seed),
        address: listen,
    };
    let mut members = members()?;
    for member in members.iter_mut().skip(1) {
        member.validator = None;
    }
    let genesis = Genesis {
        chain_id: CHAIN.into(),
        members,
    };
    let machine = crate::node::ledger::machine(&genesis)?;
    let config =
        fairway_chain::Config::new(seed, vec![validator], listen, folder.join("chain"), CHAIN);
    fairway_chain::start(config, machine).map_err(|e| e.to_string())
}

/// Makes charges on a thread of its own, whose CPU time (in milliseconds) it tells, so that it can be taken out of the figure.
fn make(
    mut load: Load,
    count: u64,
    told: Arc<AtomicU64>,
) -> Result<mpsc::Receiver<(Bytes, Bytes)>, String> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let work = move || {
        for _ in 0..count.div_ceil(TOGETHER) {
            let (holds, settlements) = (0..TOGETHER).map(|_| load.charge()).unzip();
            let holds = Bytes::from(load.together(holds));
            let settlements = Bytes::from(load.together(settlements));
            if sender.blocking_send((holds, settlements)).is_err() {
                return;
            }
            told.store(environment::thread_cpu_ms(), Ordering::Relaxed);
        }
    };
    std::thread::Builder::new()
        .name("load".to_owned())
        .spawn(work)
        .map(|_| receiver)
        .map_err(|e| e.to_string())
}

/// Hands charges in, each after its hold, as fast as they become final.
async fn offer(
    chain: Handle,
    mut charges: mpsc::Receiver<(Bytes, Bytes)>,
    settled: Arc<AtomicU64>,
) -> Result<(), String> {
    let mut handed = 0u64;
    while let Some((holds, settlements)) = charges.recv().await {
        for tx in [holds, settlements] {
            hand_in(&chain, tx).await?;
        }
        handed = handed.saturating_add(TOGETHER);
        while handed.saturating_sub(settled.load(Ordering::Relaxed)) > UNDER_WAY {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

/// Waits until charges are no longer handed in because of an error; for ever where all were handed in.
async fn failure(offering: tokio::task::JoinHandle<Result<(), String>>) -> String {
    match offering.await {
        Ok(Ok(())) => std::future::pending().await,
        Ok(Err(error)) => error,
        Err(error) => error.to_string(),
    }
}

/// Hands one transaction in, and waits while the node has no room for it.
///
/// # Errors
/// The node refused it or has stopped: what follows would never become final.
async fn hand_in(chain: &Handle, tx: Bytes) -> Result<(), String> {
    loop {
        match chain.submit(tx.clone()).await {
            Ok(_) => return Ok(()),
            Err(SubmitError::Full) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => return Err(format!("a part of the load was not taken: {error}")),
        }
    }
}

/// A point in the run.
#[derive(Clone, Copy)]
struct Mark {
    at: std::time::Instant,
    cpu_s: f64,
    ledger: u64,
}

async fn measure(
    options: &Options,
    chain: &Handle,
    folder: &Path,
    (making, settled): (&AtomicU64, &AtomicU64),
) -> Result<(), String> {
    let mark = || {
        let made = u32::try_from(making.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        Mark {
            at: environment::instant(),
            cpu_s: environment::cpu_seconds() - f64::from(made) / 1_000.0,
            ledger: folder_bytes(folder),
        }
    };
    let mut blocks = chain.subscribe(1);
    let mut sizes = options.sizes.iter().copied();
    let mut next = sizes.next();
    let mut begin = mark();
    let mut count = 0u64;
    while let Some(size) = next {
        let block = tokio::time::timeout(QUIET, blocks.next())
            .await
            .map_err(|_| silence(chain, count))?
            .ok_or_else(|| chain.status().error.unwrap_or_default())?;
        let before = count;
        for (_, _, receipt) in &block.txs {
            count = count.saturating_add(settles(receipt)?);
        }
        settled.store(count, Ordering::Relaxed);
        let opens = size.saturating_sub(window(size));
        if before < opens && count >= opens {
            begin = mark();
        }
        if count >= size {
            tell(
                options.json,
                size,
                count.saturating_sub(opens),
                (begin, mark()),
            );
            next = sizes.next();
        }
    }
    Ok(())
}

/// What to say when no block came for too long.
fn silence(chain: &Handle, settled: u64) -> String {
    let status = chain.status();
    format!(
        "no block for {} s after {settled} charges: height {}, epoch {} with {} validators, {} transactions wait",
        QUIET.as_secs(),
        status.height,
        status.epoch,
        status.validators,
        status.mempool
    )
}

/// How many charges a transaction settled.
///
/// # Errors
/// A refusal: then something else would be measured.
fn settles(receipt: &[u8]) -> Result<u64, String> {
    let receipt = Receipt::from_bytes(receipt).map_err(|e| e.to_string())?;
    if let Some(refusal) = refusals(&receipt).flatten().next() {
        return Err(format!("a part of the load was refused: {refusal}"));
    }
    let Some(Effect::Batch(items)) = receipt.effect() else {
        return Ok(0);
    };
    let settled = |item: &&ItemOutcome| {
        matches!(
            item,
            ItemOutcome::Applied {
                effect: ItemEffect::ChargeSettled { .. },
                ..
            }
        )
    };
    Ok(u64::try_from(items.iter().filter(settled).count()).unwrap_or(u64::MAX))
}

fn tell(json: bool, size: u64, charges: u64, (begin, end): (Mark, Mark)) {
    let charges = f64::from(u32::try_from(charges).unwrap_or(u32::MAX)).max(1.0);
    let bytes = u32::try_from(end.ledger.saturating_sub(begin.ledger)).unwrap_or(u32::MAX);
    let figure = |what: &str, value: f64, unit: &str| {
        figure(json, &format!("ledger-size/{size}/{what}"), value, unit);
    };
    let micros = (end.cpu_s - begin.cpu_s) * 1_000_000.0 / charges;
    figure("cpu_per_charge", micros, "us");
    let wall = end.at.duration_since(begin.at).as_secs_f64();
    figure("settled", charges / wall.max(0.001), "charges/s");
    figure("stored_per_charge", f64::from(bytes) / charges, "bytes");
    let memory = environment::process_status("VmRSS:").div_ceil(1_024);
    figure(
        "memory",
        f64::from(u32::try_from(memory).unwrap_or(u32::MAX)),
        "MiB",
    );
}
