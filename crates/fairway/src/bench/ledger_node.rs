//! One validator of the ledger benchmark, with the load of one visited utility.

use super::load::{CHAIN, Load, MEMBERS, members, party};
use super::loads::{Desk, refusals};
use super::noop::Noop;
use crate::environment;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use fairway_chain::{Handle, ValidatorAddress};
use fairway_ledger::{BatchItem, Genesis, Receipt, key_for_pair};
use fairway_model::canonical::Canonical as _;
use fairway_model::refusal::Refusal;
use fairway_model::{SigningKey, Time};
use std::collections::{BTreeMap, VecDeque};
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
    /// Ports under which the others reach the four validators.
    #[arg(long, value_delimiter = ',')]
    ports: Vec<u16>,
    /// The port that this one listens on; a proxy may stand between.
    #[arg(long)]
    listen: u16,
    /// How many of the four run.
    #[arg(long, default_value_t = MEMBERS)]
    running: usize,
    /// Makes no load and only does harm.
    #[arg(long)]
    harm: Option<Harm>,
    /// Transactions that do nothing, on a machine that does nothing.
    #[arg(long)]
    noop: bool,
    /// Charges per second of this node.
    #[arg(long)]
    rate: u32,
    /// Seconds of load.
    #[arg(long)]
    seconds: u32,
}

/// What one validator does to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Harm {
    /// Its clock of block times is ten minutes ahead.
    Lie,
    /// It hands in well-formed transactions that come to nothing, as many as its node takes.
    Flood,
}

/// How far ahead the lying clock is, in milliseconds.
const LIE_MS: i64 = 600_000;

/// A charge settles this long after its hold was handed in.
const HOLD_LEAD: Duration = Duration::from_secs(2);
/// Longest wait for what was handed in.
const DRAIN: Duration = Duration::from_mins(1);

/// What is handed in.
enum Work {
    /// The hold and the settlement of each charge, sent as a utility sends them.
    Charges(Box<Load>, Vec<(BatchItem, BatchItem)>),
    /// Transactions that do nothing.
    Noise(Vec<Bytes>),
}

/// The transactions that are under way; of each of their items since when it waits if its answer is measured.
type Sent = Arc<Mutex<BTreeMap<[u8; 32], Vec<Option<Instant>>>>>;

#[derive(Debug, Default)]
struct Seen {
    latencies: Vec<f64>,
    settled: u64,
    refused: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    reason: Option<String>,
}

impl Seen {
    /// Notes the answer to an item that waits since then; what is not measured counts for nothing.
    fn note(&mut self, since: Option<Instant>, refusal: Option<&Refusal>, now: Instant) {
        let Some(since) = since else {
            return;
        };
        self.first.get_or_insert(since);
        self.last = Some(now);
        if let Some(refusal) = refusal {
            self.refused = self.refused.saturating_add(1);
            self.reason = Some(refusal.to_string());
        } else {
            self.settled = self.settled.saturating_add(1);
            let waited = now.duration_since(since).as_secs_f64();
            self.latencies.push(waited * 1_000.0);
        }
    }
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
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, options.listen));
    let genesis = Genesis {
        chain_id: CHAIN.into(),
        members: members()?,
    };
    let machine: Arc<dyn fairway_chain::Machine> = if options.noop {
        Arc::new(Noop)
    } else {
        crate::node::ledger::machine(&genesis)?
    };
    let mut config = fairway_chain::Config::new(
        party(options.index)?.validator_seed,
        validators?,
        listen,
        options.dir.clone(),
        CHAIN,
    );
    config.worker_threads = 2;
    config.clock = (options.harm == Some(Harm::Lie)).then(|| -> fairway_chain::Clock {
        Arc::new(|| environment::wall_ms().saturating_add(LIE_MS))
    });
    fairway_chain::start(config, machine).map_err(|e| e.to_string())
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    let chain = start(&options)?;
    while chain.status().height < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = memory_mib();
    if let Some(harm) = options.harm {
        return do_harm(&chain, &options, harm).await;
    }
    let count = u64::from(options.rate).saturating_mul(u64::from(options.seconds));
    let work = if options.noop {
        Work::Noise((0..count).map(|at| noise(options.index, at)).collect())
    } else {
        charges(&chain, &options, count).await?
    };
    let busy = environment::cpu_seconds();
    let sent = Sent::default();
    let watcher = tokio::spawn(watch(chain.clone(), sent.clone(), count, options.noop));
    let rate = f64::from(options.rate.max(1));
    match work {
        Work::Charges(load, items) => offer(&chain, rate, (*load, items), &sent).await,
        Work::Noise(noise) => offer_noise(&chain, rate, noise, &sent).await,
    }
    let seen = watcher.await.map_err(|e| e.to_string())?;
    // The others may still need this validator's votes for their last charges.
    crate::cli::say(&report(
        &seen,
        idle,
        count,
        environment::cpu_seconds() - busy,
    ));
    tokio::time::sleep(Duration::from_secs(3)).await;
    chain.stop().await;
    Ok(())
}

/// Does its harm until somebody ends this process.
async fn do_harm(chain: &Handle, options: &Options, harm: Harm) -> Result<(), String> {
    let mut load = Load::new(options.index, Time(environment::wall_ms()))?;
    loop {
        if let Some(error) = chain.status().error {
            return Err(error);
        }
        match harm {
            Harm::Lie => tokio::time::sleep(Duration::from_secs(1)).await,
            Harm::Flood => {
                let junk = Bytes::from(load.junk());
                if chain.submit(junk).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
}

/// 300 bytes that no other transaction has.
fn noise(index: usize, at: u64) -> Bytes {
    let mut bytes = vec![0u8; 300];
    let name = fairway_model::Hash::of("fairway.bench.noop", format!("{index}/{at}").as_bytes());
    bytes.splice(..32, name.0);
    Bytes::from(bytes)
}

/// Registers and agrees, and makes all charges beforehand, so that signing them takes no time from the measurement.
async fn charges(chain: &Handle, options: &Options, count: u64) -> Result<Work, String> {
    let mut load = Load::new(options.index, Time(environment::wall_ms()))?;
    let prefix = format!("84000{}0", options.index.saturating_add(1));
    for tx in load.set_up(&prefix) {
        chain
            .submit(Bytes::from(tx))
            .await
            .map_err(|e| e.to_string())?;
    }
    let items = (0..count).map(|_| load.charge()).collect();
    all_agreed(chain, options.running).await?;
    Ok(Work::Charges(Box::new(load), items))
}

/// Waits until the agreements of all that make load are in force.
async fn all_agreed(chain: &Handle, running: usize) -> Result<(), String> {
    for number in 0..running {
        let key = key_for_pair(party(number.saturating_add(1))?.id, party(number)?.id);
        while chain.get(key).await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// Hands in holds and settlements at the given rate, evenly spaced.
async fn offer(
    chain: &Handle,
    rate: f64,
    (mut load, items): (Load, Vec<(BatchItem, BatchItem)>),
    sent: &Sent,
) {
    let begin = environment::instant();
    let (mut desk, mut held) = (Desk::default(), VecDeque::new());
    let mut charges = items.into_iter().enumerate().peekable();
    while charges.peek().is_some() || !held.is_empty() || !desk.is_empty() {
        let now = environment::instant();
        let passed = now.duration_since(begin);
        while let Some((at, (hold, settle))) = charges.next_if(|(at, _)| due(*at, rate) <= passed) {
            desk.put(hold, None);
            held.push_back((due(at, rate).saturating_add(HOLD_LEAD), settle));
        }
        while let Some((due, settle)) = held.pop_front() {
            if due > passed {
                held.push_front((due, settle));
                break;
            }
            desk.put(settle, Some(now));
        }
        while let Some((tx, since)) = desk.leave(&mut load, now) {
            hand_in(chain, Bytes::from(tx), since, sent).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Hands in transactions that do nothing, at the given rate, evenly spaced.
async fn offer_noise(chain: &Handle, rate: f64, noise: Vec<Bytes>, sent: &Sent) {
    let begin = environment::instant();
    let mut waiting = noise.into_iter().enumerate().peekable();
    while waiting.peek().is_some() {
        while let Some((_, tx)) = waiting.next_if(|(at, _)| due(*at, rate) <= begin.elapsed()) {
            hand_in(chain, tx, vec![Some(environment::instant())], sent).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn hand_in(chain: &Handle, tx: Bytes, since: Vec<Option<Instant>>, sent: &Sent) {
    let id = fairway_model::Hash::plain(&tx).0;
    sent.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id, since);
    let _ = chain.submit(tx).await;
}

fn due(at: usize, per_second: f64) -> Duration {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    Duration::from_secs_f64(f64::from(at) / per_second)
}

/// Notes when each of our settlements is final and applied on this node.
async fn watch(chain: Handle, sent: Sent, count: u64, noop: bool) -> Seen {
    let mut seen = Seen::default();
    let mut blocks = chain.subscribe(1);
    while seen.settled.saturating_add(seen.refused) < count {
        let Ok(Some(block)) = tokio::time::timeout(DRAIN, blocks.next()).await else {
            break;
        };
        let now = environment::instant();
        for (id, _, receipt) in &block.txs {
            let known = sent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(id);
            let Some(since) = known else {
                continue;
            };
            let receipt = (!noop).then(|| Receipt::from_bytes(receipt).ok()).flatten();
            match &receipt {
                Some(receipt) => {
                    let answers = since.iter().zip(refusals(receipt));
                    answers.for_each(|(since, refusal)| seen.note(*since, refusal, now));
                }
                None => since.iter().for_each(|since| seen.note(*since, None, now)),
            }
        }
    }
    seen
}

fn report(seen: &Seen, idle: u64, count: u64, cpu: f64) -> String {
    let seconds = match (seen.first, seen.last) {
        (Some(first), Some(last)) => last.duration_since(first).as_secs_f64(),
        _ => 0.0,
    };
    serde_json::json!({
        "offered": count, "settled": seen.settled, "refused": seen.refused, "reason": seen.reason, "seconds": seconds,
        "latencies_ms": seen.latencies, "idle_mib": idle, "loaded_mib": memory_mib(), "cpu_s": cpu,
    })
    .to_string()
}

fn memory_mib() -> u64 {
    environment::process_status("VmRSS:").div_ceil(1_024)
}
