//! A node begins with a state: among liars, and with its power cut at its own writes.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use commonware_cryptography::ed25519::PublicKey;
use commonware_runtime::{Clock as _, IoBuf, Supervisor as _, deterministic};
use fairway_chain::{
    Begin, Config, Handle, Status, ValidatorAddress, public_key,
    wiring::{BEGIN, STATE},
};
use fairway_chain_sim::{Chance, Link, Net, Node, Tap, Torn, run_world};

use crate::{
    council::validator_seed,
    load::{Load, Rules, Wrong, members},
    plan::Plan,
    run::key,
    world::{CHAIN, T0},
};

/// Blocks of an epoch.
const EPOCH: u64 = 16;
/// The end that begins.
const NEW: usize = 4;
/// Simulated time for one step of a test.
const BOUND: Duration = Duration::from_mins(2);
const TICK: Duration = Duration::from_millis(20);

struct Scene {
    context: deterministic::Context,
    net: Net,
    nodes: Vec<Node>,
    load: Load,
}

impl Scene {
    /// Four validators with some history, and a fifth node that is not started.
    async fn new(context: deterministic::Context, seed: u64) -> Self {
        let founders = members(NEW).into_iter().map(validator_seed);
        let seeds: Vec<[u8; 32]> = founders.chain([[5; 32]]).collect();
        let at = |(seed, port): (&[u8; 32], u16)| ValidatorAddress {
            public_key: public_key(seed),
            address: ([127, 0, 0, 1], port).into(),
        };
        let all: Vec<ValidatorAddress> = seeds.iter().zip(1u16..).map(at).collect();
        let keys: Vec<PublicKey> = all.iter().map(|v| key(&v.public_key)).collect();
        let link = Link {
            latency: Duration::from_millis(3),
            jitter: Duration::from_millis(4),
            loss: 0,
            twice: 5,
        };
        let net = Net::start(&context, keys, link, seed);
        let node = |(end, seed): (usize, &[u8; 32])| {
            let founders = all[..NEW].to_vec();
            let mut config = Config::new(*seed, founders, all[end].address, PathBuf::new(), CHAIN);
            config.max_block_bytes = 256 * 1024;
            config.max_block_txs = 256;
            config.epoch_blocks = EPOCH;
            config.joined = end == NEW;
            if end == NEW {
                config.begin = Begin::State;
            }
            Node::new(end, config)
        };
        let nodes = seeds.iter().enumerate().map(node).collect();
        let mut scene = Self {
            context,
            net,
            nodes,
            load: Load::new(&Plan {
                charges: 60,
                ..Plan::calm(60)
            }),
        };
        for end in 0..NEW {
            scene.start(end);
        }
        scene.settle().await;
        scene
    }

    fn start(&mut self, end: usize) {
        let machine = Rules::machine(&self.load, Wrong::Nothing, true);
        self.nodes[end]
            .start(&self.context, &self.net, machine)
            .unwrap();
    }

    fn handle(&self, end: usize) -> Handle {
        self.nodes[end].handle().unwrap().clone()
    }

    fn status(&self, end: usize) -> Status {
        self.nodes[end]
            .handle()
            .map(Handle::status)
            .unwrap_or_default()
    }

    async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = self.context.current();
        while !done(self) {
            let all: Vec<Status> = (0..=NEW).map(|end| self.status(end)).collect();
            let late = self.context.current().duration_since(begun).unwrap() > BOUND;
            assert!(!late, "not {what}: {all:#?}");
            self.context.sleep(TICK).await;
        }
    }

    /// Hands everything in and waits until it is final, and until three more epochs have ended.
    async fn settle(&self) {
        for item in &self.load.items {
            if let Some(before) = item.after {
                let handle = self.handle(item.home);
                while handle.proof(before).await.is_none() {
                    self.context.sleep(TICK).await;
                }
            }
            self.handle(item.home)
                .submit(item.tx.clone())
                .await
                .unwrap();
        }
        let handle = self.handle(0);
        let last = self.load.items.last().unwrap().id;
        while handle.proof(last).await.is_none() {
            self.context.sleep(TICK).await;
        }
        let goal = (self.status(0).height / EPOCH + 3) * EPOCH;
        self.until("at the next epochs", |s| {
            (0..NEW).all(|e| s.status(e).height >= goal)
        })
        .await;
    }

    /// The new node has caught up, and holds what the others hold.
    async fn whole(&self) {
        self.until("caught up", |s| {
            let (own, tip) = (s.status(NEW), s.status(0).height);
            own.first > 1 && own.height + 4 >= tip && own.error.is_none()
        })
        .await;
        let height = self.status(NEW).height.min(self.status(0).height);
        let (own, theirs) = (self.handle(NEW), self.handle(0));
        let first = own.status().first;
        assert_eq!(first % EPOCH, EPOCH - 1, "the last block of an epoch");
        for at in first..=height {
            let block = own.block(at).await;
            assert!(
                block.is_some() && block == theirs.block(at).await,
                "block {at}"
            );
        }
        assert!(own.consistency(first, height).await.is_some() || first == height);
    }

    async fn crash(&mut self, chance: &mut Chance) {
        let net = self.net.clone();
        self.nodes[NEW]
            .crash(&self.context, &net, Torn::Bytes, chance)
            .await;
    }
}

/// Plays a scene; the time is far more than it takes.
fn play<F, Fut>(seed: u64, scene: F)
where
    F: FnOnce(Scene) -> Fut,
    Fut: Future<Output = ()>,
{
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(T0.0.cast_unsigned() + 100_000);
    run_world(seed, start, Duration::from_hours(2), |context| async move {
        let scene_of = Scene::new(context, seed).await;
        scene(scene_of).await;
    });
}

/// Changes one byte of each message on a channel, where it says what is wrong.
fn spoil(channel: u64, place: fn(usize) -> usize) -> Tap {
    Arc::new(move |on, _, bytes: &IoBuf| {
        let mut changed = bytes.as_ref().to_vec();
        let at = place(changed.len());
        if on == channel
            && changed.len() > 64
            && let Some(byte) = changed.get_mut(at)
        {
            *byte ^= 0x10;
        }
        vec![(on, IoBuf::from(changed))]
    })
}

#[test]
fn peers_that_lie_about_the_state_are_cut_off_and_another_is_asked() {
    for (seed, place) in [(1, 0), (2, 1), (3, 2)] {
        play(seed, move |mut scene| async move {
            let places: [fn(usize) -> usize; 3] =
                [|len| len.saturating_sub(3), |len| len / 2, |len| len / 3];
            // All but one lie, so that some lie is met.
            for end in 1..NEW {
                scene.net.tap(end, spoil(STATE.0, places[place]));
            }
            scene.start(NEW);
            scene.whole().await;
            let cut = scene.net.blocked();
            let liars = cut
                .iter()
                .filter(|(by, whom)| *by == NEW && *whom != 0)
                .count();
            assert!(liars > 0, "no lie was met: {cut:?}");
            assert!(
                !cut.contains(&(NEW, 0)),
                "the honest one is cut off: {cut:?}"
            );
        });
    }
}

#[test]
fn a_peer_that_lies_about_the_beginning_is_cut_off() {
    for seed in 1..4 {
        play(seed, |mut scene| async move {
            // The honest ones are not heard before the liar is.
            scene
                .net
                .tap(1, spoil(BEGIN.0, |len| len.saturating_sub(9)));
            for end in [0, 2, 3] {
                scene.net.cut(end, NEW);
            }
            scene.start(NEW);
            let met = |s: &Scene| s.net.blocked().contains(&(NEW, 1));
            scene.until("cut off", met).await;
            scene.net.heal(|_, _| true);
            scene.whole().await;
            assert_eq!(scene.net.blocked(), [(NEW, 1)]);
        });
    }
}

#[test]
fn silent_peers_and_old_offers_delay_a_beginning_and_no_more() {
    play(7, |mut scene| async move {
        // One keeps silent, and one gives the answer that it gave long ago.
        let silent: Tap = Arc::new(|on, _, bytes| match on {
            _ if on == BEGIN.0 => Vec::new(),
            _ => vec![(on, bytes.clone())],
        });
        scene.net.tap(1, silent);
        let old = Arc::new(std::sync::Mutex::new(None));
        let stale: Tap = Arc::new(move |on, _, bytes: &IoBuf| {
            if on != BEGIN.0 {
                return vec![(on, bytes.clone())];
            }
            let first = old
                .lock()
                .unwrap()
                .get_or_insert_with(|| bytes.clone())
                .clone();
            vec![(on, first)]
        });
        scene.net.tap(2, stale);
        scene.start(NEW);
        scene.whole().await;
        let first = scene.status(NEW).first;
        let mut chance = Chance::new(7);
        scene.crash(&mut chance).await;
        let context = scene.context.child("wipe");
        scene.nodes[NEW].wipe(&context, |_| true).await;
        scene
            .until("two epochs on", |s| s.status(0).height > first + 3 * EPOCH)
            .await;
        scene.start(NEW);
        scene.whole().await;
        assert!(
            scene.status(NEW).first > first,
            "the newest of the answers is taken"
        );
    });
}

#[test]
fn a_power_cut_at_any_write_of_a_sync_is_made_good() {
    play(11, |mut scene| async move {
        let mut chance = Chance::new(11);
        scene.start(NEW);
        scene.whole().await;
        let writes = scene.nodes[NEW].machinery.disk.changes();
        let step = (writes / 14).max(1);
        let (mut at, mut cuts) = (1, 0);
        while at < writes {
            scene.crash(&mut chance).await;
            let context = scene.context.child("wipe");
            scene.nodes[NEW].wipe(&context, |_| true).await;
            let done = scene.nodes[NEW].machinery.disk.changes();
            scene.nodes[NEW].machinery.disk.stop_at(done + at);
            scene.start(NEW);
            scene
                .until("without power", |s| s.nodes[NEW].machinery.disk.stopped())
                .await;
            scene.crash(&mut chance).await;
            scene.start(NEW);
            scene.whole().await;
            (at, cuts) = (at + step, cuts + 1);
        }
        println!("{cuts} power cuts within {writes} writes");
        assert!(cuts >= 10);
    });
}
