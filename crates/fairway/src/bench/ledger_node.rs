//! One validator of the ledger benchmark, with the load of one visited utility.

use super::load::{CHAIN, Load, MEMBERS, members, party};
use crate::environment;
use bytes::Bytes;
use clap::Args;
use fairway_chain::{Handle, ValidatorAddress};
use fairway_ledger::{Genesis, Receipt, key_for_pair};
use fairway_model::canonical::Canonical as _;
use fairway_model::{SigningKey, Time};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A node is told its place and its load.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Number of this validator, from 0.
    #[arg(long)]
    index: usize,
    /// Its folder.
    #[arg(long)]
    dir: PathBuf,
    /// Ports of the four validators.
    #[arg(long, value_delimiter = ',')]
    ports: Vec<u16>,
    /// Charges per second of this node.
    #[arg(long)]
    rate: u32,
    /// Seconds of load.
    #[arg(long)]
    seconds: u32,
}

/// A charge settles this long after its hold was handed in.
const HOLD_LEAD: Duration = Duration::from_secs(2);
/// Longest wait for what was handed in.
const DRAIN: Duration = Duration::from_mins(1);

type Sent = Arc<Mutex<BTreeMap<[u8; 32], Instant>>>;

#[derive(Debug, Default)]
struct Seen {
    latencies: Vec<f64>,
    settled: u64,
    refused: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    reason: Option<String>,
}

fn start(options: &Options) -> Result<Handle, String> {
    let validators: Result<Vec<ValidatorAddress>, String> = options
        .ports
        .iter()
        .enumerate()
        .map(|(number, port)| {
            let public_key = SigningKey::from_seed(party(number)?.validator_seed)
                .public()
                .0;
            Ok(ValidatorAddress {
                public_key,
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, *port)),
            })
        })
        .collect();
    let port = options
        .ports
        .get(options.index)
        .ok_or("no port for this index")?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
    let genesis = Genesis {
        chain_id: CHAIN.into(),
        members: members()?,
    };
    let machine = crate::node::ledger::machine(&genesis)?;
    let mut config = fairway_chain::Config::new(
        party(options.index)?.validator_seed,
        validators?,
        listen,
        options.dir.clone(),
        CHAIN,
    );
    config.worker_threads = 2;
    fairway_chain::start(config, machine).map_err(|e| e.to_string())
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    let chain = start(&options)?;
    let now = Time(environment::wall_ms());
    let mut load = Load::new(options.index, now)?;
    let prefix = format!("84000{}0", options.index.saturating_add(1));
    while chain.status().height < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = memory_mib();
    for tx in load.set_up(&prefix) {
        chain
            .submit(Bytes::from(tx))
            .await
            .map_err(|e| e.to_string())?;
    }
    let count = u64::from(options.rate).saturating_mul(u64::from(options.seconds));
    let charges: Vec<(Bytes, Bytes)> = (0..count)
        .map(|_| load.charge())
        .map(|(a, b)| (Bytes::from(a), Bytes::from(b)))
        .collect();
    all_agreed(&chain).await?;
    let sent = Sent::default();
    let watcher = tokio::spawn(watch(chain.clone(), sent.clone(), count));
    offer(&chain, &options, charges, &sent).await;
    let seen = watcher.await.map_err(|e| e.to_string())?;
    // The others may still need this validator's votes for their last charges.
    crate::cli::say(&report(&seen, idle, count));
    tokio::time::sleep(Duration::from_secs(3)).await;
    chain.stop().await;
    Ok(())
}

/// Waits until the agreements of all four are in force.
async fn all_agreed(chain: &Handle) -> Result<(), String> {
    for number in 0..MEMBERS {
        let key = key_for_pair(party(number.saturating_add(1))?.id, party(number)?.id);
        while chain.get(key).await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// Hands in holds and settlements at the given rate, evenly spaced.
async fn offer(chain: &Handle, options: &Options, charges: Vec<(Bytes, Bytes)>, sent: &Sent) {
    let begin = environment::instant();
    let per_second = f64::from(options.rate.max(1));
    let mut waiting = std::collections::VecDeque::new();
    let mut charges = charges.into_iter().enumerate().peekable();
    while charges.peek().is_some() || !waiting.is_empty() {
        let passed = begin.elapsed();
        while let Some((at, (hold, settle))) =
            charges.next_if(|(at, _)| due(*at, per_second) <= passed)
        {
            let _ = chain.submit(hold).await;
            waiting.push_back((due(at, per_second).saturating_add(HOLD_LEAD), settle));
        }
        while waiting.front().is_some_and(|(due, _)| *due <= passed) {
            let Some((_, settle)) = waiting.pop_front() else {
                break;
            };
            let id = fairway_model::Hash::plain(&settle).0;
            sent.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, environment::instant());
            let _ = chain.submit(settle).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn due(at: usize, per_second: f64) -> Duration {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    Duration::from_secs_f64(f64::from(at) / per_second)
}

/// Notes when each of our settlements is final and applied on this node.
async fn watch(chain: Handle, sent: Sent, count: u64) -> Seen {
    let mut seen = Seen::default();
    let mut blocks = chain.subscribe(1);
    while seen.settled.saturating_add(seen.refused) < count {
        let Ok(Some(block)) = tokio::time::timeout(DRAIN, blocks.next()).await else {
            break;
        };
        let now = environment::instant();
        for (id, _, receipt) in &block.txs {
            let Some(begin) = sent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(id)
            else {
                continue;
            };
            seen.first.get_or_insert(begin);
            seen.last = Some(now);
            match Receipt::from_bytes(receipt)
                .ok()
                .and_then(|r| r.refusal().cloned())
            {
                None => {
                    seen.settled = seen.settled.saturating_add(1);
                    seen.latencies
                        .push(now.duration_since(begin).as_secs_f64() * 1_000.0);
                }
                Some(refusal) => {
                    seen.refused = seen.refused.saturating_add(1);
                    seen.reason = Some(refusal.to_string());
                }
            }
        }
    }
    seen
}

fn report(seen: &Seen, idle: u64, count: u64) -> String {
    let seconds = match (seen.first, seen.last) {
        (Some(first), Some(last)) => last.duration_since(first).as_secs_f64(),
        _ => 0.0,
    };
    serde_json::json!({
        "offered": count, "settled": seen.settled, "refused": seen.refused, "reason": seen.reason, "seconds": seconds,
        "latencies_ms": seen.latencies, "idle_mib": idle, "loaded_mib": memory_mib(), "cpu_s": cpu_seconds(),
    })
    .to_string()
}

fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
        .div_ceil(1_024)
}

/// CPU seconds of this process so far (clock ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|t| t.parse::<u32>().ok())
            .unwrap_or(0)
    };
    (f64::from(ticks(11)) + f64::from(ticks(12))) / 100.0
}
