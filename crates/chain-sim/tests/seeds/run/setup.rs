//! Sets a run's consortium up: validators, their keys and ends, liars, and the watch over votes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::ed25519::{PrivateKey, PublicKey};
use commonware_runtime::{Clock as _, IoBuf, Supervisor as _, deterministic};
use fairway_chain::{
    Config, FinalBlock, ValidatorAddress, public_key,
    wiring::{Flaws, Limits, longest_message},
};
use fairway_chain_sim::{Chance, Net, Node};

use super::{Planted, World};
use crate::{
    byzantine::{self, Liar, Sets, Swapped},
    check::Canon,
    council::validator_seed,
    load::{self, JOINS, Load},
    plan::{Change, Faulty, Plan},
    watch::Watched,
    world::CHAIN,
};

/// Bounds of the simulated chain's blocks.
const LIMITS: Limits = Limits {
    txs: 256,
    bytes: 256 * 1024,
};

pub(crate) fn key(bytes: &[u8; 32]) -> PublicKey {
    PublicKey::decode(Copying(bytes.as_slice())).unwrap()
}

pub(super) fn configuration(plan: &Plan) -> (Vec<[u8; 32]>, Vec<ValidatorAddress>) {
    let names = load::members(plan.validators);
    let seeds: Vec<[u8; 32]> = names.into_iter().map(validator_seed).collect();
    let validators = seeds
        .iter()
        .zip(1u16..)
        .map(|(seed, port)| ValidatorAddress {
            public_key: public_key(seed),
            address: ([127, 0, 0, 1], port).into(),
        });
    let validators = validators.collect();
    (seeds, validators)
}

/// Whose key each end of the network has, by the founders' places; the place after them is the one that joins.
fn places(plan: &Plan, planted: Planted) -> Vec<usize> {
    let founders = 0..plan.validators;
    if planted == Planted::Twins {
        return founders.chain([2, 3]).collect();
    }
    let further = match (plan.faulty, plan.joins()) {
        (Faulty::Twins, _) => Some(plan.validators - 1),
        (_, true) => Some(plan.validators),
        _ => None,
    };
    founders.chain(further).collect()
}

fn flaws(planted: Planted, end: usize) -> Flaws {
    Flaws {
        lost_wake_up: planted == Planted::LostWakeUp,
        unchecked_root: planted == Planted::UncheckedRoots
            || (planted == Planted::UncheckedRoot && end == 0),
    }
}

impl World {
    #[expect(clippy::too_many_lines, reason = "one story, told in order")]
    pub(super) fn new(context: deterministic::Context, plan: Plan, planted: Planted) -> Self {
        let (seeds, validators) = configuration(&plan);
        let places = places(&plan, planted);
        let seed_of = |place: usize| {
            let founder = seeds.get(place).copied();
            founder.unwrap_or_else(|| validator_seed(JOINS))
        };
        let keys: Vec<PublicKey> = places
            .iter()
            .map(|place| key(&public_key(&seed_of(*place))))
            .collect();
        let net = Net::start(&context, keys, plan.link, plan.seed);
        net.longest(longest_message(100, &LIMITS) as usize);
        let mut nodes = Vec::new();
        for (end, place) in places.iter().enumerate() {
            let own = validators.get(*place);
            let address = own.map_or(([127, 0, 0, 1], 99).into(), |own| own.address);
            let mut config = Config::new(
                seed_of(*place),
                validators.clone(),
                address,
                PathBuf::new(),
                CHAIN,
            );
            config.joined = own.is_none();
            config.max_block_bytes = LIMITS.bytes;
            config.max_block_txs = LIMITS.txs;
            config.idle_interval = plan.idle;
            config.epoch_blocks = plan.epoch_blocks;
            let mut node = Node::new(end, config.clone());
            node.flaws = flaws(planted, end);
            if plan.clock {
                let machinery = Arc::clone(&node.machinery);
                let clock = context.child("clock");
                config.clock = Some(Arc::new(move || {
                    let now = clock.current().duration_since(SystemTime::UNIX_EPOCH);
                    now.unwrap().as_millis() as i64 + machinery.skewed()
                }));
                node.configure(config);
            }
            nodes.push(node);
        }
        let old = (0..nodes.len()).map(|end| match &plan.change {
            Change::Upgrade { old, .. } => old.contains(&end),
            _ => false,
        });
        let old = old.collect();
        let load = Load::new(&plan);
        let begun = context.current();
        let world = Self {
            seen: vec![0; nodes.len()],
            asleep: vec![false; nodes.len()],
            chance: Chance::new(plan.seed ^ 0xfeed),
            context,
            net,
            plan,
            planted,
            nodes,
            load,
            canon: Canon::default(),
            submitted: BTreeMap::new(),
            shown: BTreeSet::new(),
            trace: String::new(),
            begun,
            healthy: false,
            rotten: false,
            watched: Watched::default(),
            sets: Sets::default(),
            old,
            lacked: 0,
            slowest: Duration::ZERO,
        };
        world.tap();
        world.watch();
        world
    }

    /// Gives the liars their ways.
    fn tap(&self) {
        let (seeds, validators) = configuration(&self.plan);
        let all: Vec<PublicKey> = validators.iter().map(|v| key(&v.public_key)).collect();
        self.sets.change(0, all.clone());
        let swapped = Swapped::default();
        for end in self.plan.liars() {
            let Faulty::Tricks(trick) = self.plan.kind(end) else {
                continue;
            };
            let secret = PrivateKey::decode(Copying(seeds[end].as_slice())).unwrap();
            let liar = Liar {
                trick,
                end,
                own: all[end].clone(),
                secret,
                sets: self.sets.clone(),
                limits: LIMITS,
                chance: Chance::new(self.plan.seed ^ end as u64),
                swapped: Arc::clone(&swapped),
                watched: self.watched.clone(),
                old: VecDeque::new(),
                past: Vec::new(),
                held: VecDeque::new(),
            };
            self.net.tap(end, byzantine::tap(liar));
        }
    }

    /// Tells the liars what a final block says about who validates.
    pub(super) fn teach(&self, block: &FinalBlock) {
        let next = (block.height + 1) / self.plan.epoch_blocks;
        if let Some(handover) = &block.handover {
            let (_, validators) = configuration(&self.plan);
            let founders = validators.iter().map(|v| v.public_key);
            let all = founders.chain([public_key(&validator_seed(JOINS))]);
            let named = all.filter(|key| handover.windows(key.len()).any(|part| part == key));
            self.sets
                .change(next, named.map(|bytes| key(&bytes)).collect());
        }
        self.sets.reach(next);
    }

    /// Looks at the votes of the honest. Whoever has forgotten his votes, as planted, is not judged by them.
    fn watch(&self) {
        let honest: Vec<bool> = (0..self.nodes.len()).map(|end| self.honest(end)).collect();
        if self.planted == Planted::Forget {
            return;
        }
        let watched = self.watched.clone();
        self.net
            .watch(Arc::new(move |end: usize, channel: u64, bytes: &IoBuf| {
                if honest[end] {
                    watched.look(end, channel, bytes);
                }
            }));
    }
}
