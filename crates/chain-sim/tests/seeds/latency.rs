//! How long a transaction takes to become final while one of four validators does harm: in simulated time, in which computing takes
//! none, so that what is left is waiting.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use commonware_cryptography::ed25519::PublicKey;
use commonware_runtime::{Clock as _, Spawner as _, Supervisor as _, deterministic};
use fairway_chain::{
    BlockInfo, Config, Executed, Handle, Machine, StateKey, TxId, ValidatorAddress, public_key,
    wiring::{BLOCKS, TRANSACTIONS},
};
use fairway_chain_sim::{Link, Net, Node, run_world};
use fairway_model::Hash;

use crate::{run::key, world::T0};

/// Pause between two looks; latencies are known to this.
const TICK: Duration = Duration::from_millis(5);
/// Pause between two transactions.
const SPACING: Duration = Duration::from_millis(50);
/// How long transactions are handed in.
const LOAD: Duration = Duration::from_secs(6);
/// The validator that does harm.
const HARMFUL: usize = 3;
/// No transaction of the others may take longer. The shortest of all timeouts is a second.
const BOUND: Duration = Duration::from_millis(600);

/// A machine that takes everything and does nothing.
struct Nothing;

impl Machine for Nothing {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        vec![Ok(()); txs.len()]
    }

    fn reads(&self, _: &[Bytes]) -> Vec<StateKey> {
        Vec::new()
    }

    fn execute(&self, _: BlockInfo, txs: &[Bytes], _: &BTreeMap<StateKey, Vec<u8>>) -> Executed {
        Executed {
            receipts: vec![Vec::new(); txs.len()],
            writes: BTreeMap::new(),
        }
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        BTreeMap::new()
    }
}

/// Four validators that run.
struct Four {
    context: deterministic::Context,
    net: Net,
    nodes: Vec<Node>,
}

impl Four {
    /// Starts them, each configured as `change` says for its number.
    fn start(context: deterministic::Context, change: impl Fn(usize, &mut Config)) -> Self {
        let seeds: Vec<[u8; 32]> = (1..=4).map(|n| [n; 32]).collect();
        let validators: Vec<ValidatorAddress> = seeds
            .iter()
            .zip(1u16..)
            .map(|(seed, port)| ValidatorAddress {
                public_key: public_key(seed),
                address: ([127, 0, 0, 1], port).into(),
            })
            .collect();
        let keys: Vec<PublicKey> = validators.iter().map(|v| key(&v.public_key)).collect();
        let link = Link {
            latency: Duration::from_millis(5),
            jitter: Duration::from_millis(20),
            loss: 0,
            twice: 0,
        };
        let net = Net::start(&context, keys, link, 1);
        let mut nodes = Vec::new();
        for (end, seed) in seeds.iter().enumerate() {
            let address = validators[end].address;
            let mut config = Config::new(
                *seed,
                validators.clone(),
                address,
                PathBuf::new(),
                "latency",
            );
            change(end, &mut config);
            let mut node = Node::new(end, config.clone());
            let machinery = Arc::clone(&node.machinery);
            let clock = context.child("clock");
            config.clock = Some(Arc::new(move || {
                let now = clock.current().duration_since(SystemTime::UNIX_EPOCH);
                now.unwrap().as_millis() as i64 + machinery.skewed()
            }));
            node.configure(config);
            node.start(&context, &net, Arc::new(Nothing)).unwrap();
            nodes.push(node);
        }
        Self {
            context,
            net,
            nodes,
        }
    }

    fn handle(&self, end: usize) -> Handle {
        self.nodes[end].handle().unwrap().clone()
    }

    /// Hands transactions in at the honest ones in turn; gives how long the slowest took to be final where it was handed in, and the
    /// height at the end.
    async fn slowest(&self) -> (Duration, u64) {
        self.context.sleep(Duration::from_secs(2)).await;
        let begun = self.context.current();
        let mut waiting: BTreeMap<TxId, (usize, SystemTime)> = BTreeMap::new();
        let mut seen = [0; HARMFUL];
        let (mut slowest, mut sent) = (Duration::ZERO, 0u32);
        loop {
            let now = self.context.current();
            let loaded = now.duration_since(begun).unwrap();
            if loaded >= SPACING * sent && loaded < LOAD {
                let end = sent as usize % HARMFUL;
                let tx = Bytes::from(format!("honest {sent}"));
                waiting.insert(Hash::plain(&tx).0, (end, now));
                self.handle(end).submit(tx).await.unwrap();
                sent += 1;
            }
            for (end, seen) in seen.iter_mut().enumerate() {
                let handle = self.handle(end);
                while *seen < handle.status().height {
                    *seen += 1;
                    let block = handle.block(*seen).await.unwrap();
                    for (id, ..) in &block.txs {
                        if waiting.get(id).is_some_and(|(home, _)| *home == end) {
                            let (_, since) = waiting.remove(id).unwrap();
                            slowest = slowest.max(now.duration_since(since).unwrap());
                        }
                    }
                }
            }
            if loaded > LOAD && waiting.is_empty() {
                return (slowest, seen[0]);
            }
            assert!(loaded < LOAD * 3, "{} are never final", waiting.len());
            self.context.sleep(TICK).await;
        }
    }
}

/// Runs four validators; `change` configures them, `harm` begins what one of them does.
fn slowest(change: impl Fn(usize, &mut Config), harm: impl FnOnce(&Four)) -> (Duration, u64) {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(T0.0.cast_unsigned());
    run_world(7, start, LOAD * 8, |context| async move {
        let four = Four::start(context, change);
        harm(&four);
        four.slowest().await
    })
}

#[test]
fn nobody_waits_for_a_liar_about_the_time() {
    let (slowest, _) = slowest(
        |_, _| (),
        |four| four.nodes[HARMFUL].machinery.skew(600_000),
    );
    assert!(slowest < BOUND, "{slowest:?}");
}

/// To one whose clock is behind, every block comes too early. It follows all the same.
#[test]
fn nobody_waits_for_a_clock_that_is_behind() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(T0.0.cast_unsigned());
    run_world(7, start, LOAD * 8, |context| async move {
        let four = Four::start(context, |_, _| ());
        four.nodes[HARMFUL].machinery.skew(-600_000);
        let (slowest, height) = four.slowest().await;
        assert!(slowest < BOUND, "{slowest:?}");
        four.context.sleep(BOUND).await;
        let follows = four.handle(HARMFUL).status().height;
        assert!(follows >= height, "{follows} of {height}");
    });
}

#[test]
fn nobody_waits_for_a_new_epoch() {
    let (slowest, height) = slowest(|_, config| config.epoch_blocks = 16, |_| ());
    assert!(height > 60, "{height} blocks are too few epochs");
    assert!(slowest < BOUND, "{slowest:?}");
}

/// The harmful one hands in as many as its node takes, and has a full pool when it proposes.
#[test]
fn nobody_waits_behind_a_flood() {
    let (slowest, _) = slowest(
        |_, config| {
            config.mempool_max = 4_000;
            config.max_block_txs = 64;
        },
        |four| {
            let handle = four.handle(HARMFUL);
            four.context.child("flood").spawn(|context| async move {
                for n in 0u64.. {
                    let junk = Bytes::from(format!("junk {n}"));
                    if handle.submit(junk).await.is_err() || n % 32 == 0 {
                        context.sleep(Duration::from_millis(8)).await;
                    }
                }
            });
        },
    );
    assert!(slowest < BOUND, "{slowest:?}");
}

/// A member that hands in all the time, whose blocks nobody gets and whose messages with transactions were lost for a while.
#[test]
fn what_was_lost_is_sent_again_while_more_is_handed_in() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(T0.0.cast_unsigned());
    run_world(7, start, LOAD * 8, |context| async move {
        let four = Four::start(context, |_, _| ());
        let lost = Arc::new(AtomicBool::new(true));
        let losing = Arc::clone(&lost);
        let tap = move |channel, _: usize, bytes: &commonware_runtime::IoBuf| {
            let keep = match channel {
                c if c == BLOCKS.0 => false,
                c if c == TRANSACTIONS.0 => !losing.load(Ordering::Relaxed),
                _ => true,
            };
            if keep {
                vec![(channel, bytes.clone())]
            } else {
                Vec::new()
            }
        };
        four.net.tap(0, Arc::new(tap));
        let (own, other) = (four.handle(0), four.handle(1));
        let first = own.submit(Bytes::from_static(b"lost")).await.unwrap();
        four.context.sleep(Duration::from_millis(100)).await;
        lost.store(false, Ordering::Relaxed);
        for n in 0..30 {
            own.submit(Bytes::from(format!("more {n}"))).await.unwrap();
            four.context.sleep(Duration::from_millis(300)).await;
            if other.proof(first).await.is_some() {
                return;
            }
        }
        panic!("what was lost is never sent again");
    });
}
