//! One run: the consortium, what happens to it, and what must come of it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::ed25519::{PrivateKey, PublicKey};
use commonware_runtime::{Clock as _, Supervisor as _, deterministic};
use fairway_chain::{
    Config, Handle, TxId, ValidatorAddress, public_key, verify_proof, wiring::Limits,
};
use fairway_chain_sim::{Chance, Link, Net, Node, Torn, run_world};

use crate::{
    byzantine,
    check::Canon,
    load::{Load, Rules, Wrong},
    plan::{CHAOS, Event, Faulty, Plan},
    world::{CHAIN, T0},
};

/// Pause between two looks at the consortium.
const TICK: Duration = Duration::from_millis(50);
/// A transaction that is not final is handed in again after this time, at the next validator.
const AGAIN: Duration = Duration::from_secs(3);
/// Everything must be final so long after everything is healed.
const BOUND: Duration = Duration::from_mins(1);
/// Time that an answer of a validator may take; a stopped one gives none.
const PATIENCE: Duration = Duration::from_millis(400);

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) heights: u64,
    pub(crate) messages: u64,
    /// Changes that each validator made on its disk.
    pub(crate) writes: Vec<u64>,
    pub(crate) healed_after: Duration,
    /// Digest of all that the runtime did.
    pub(crate) audit: String,
    /// How far the last block is ahead of the true time, in milliseconds; 0 when it is not.
    pub(crate) ahead_ms: i64,
    /// Last state root.
    pub(crate) root: [u8; 32],
    /// Ends that somebody cut off for breaking the protocol.
    pub(crate) cut_off: Vec<(usize, usize)>,
    pub(crate) trace: String,
}

/// What is planted to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// All state machines do this wrong.
    Rules(Wrong),
    /// All validators forget their votes when they come back.
    Forget,
    /// A transaction is handed in once and never again.
    Once,
    /// More validators live twice than the protocol bears.
    Twins,
}

/// Runs a plan; the error holds the trace.
pub(crate) fn run(plan: &Plan, planted: Planted) -> Result<Report, String> {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(T0.0.cast_unsigned() + 100_000);
    let most = CHAOS + BOUND + Duration::from_mins(4);
    let plan = plan.clone();
    let seed = plan.seed;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        run_world(seed, start, most, |context| async move {
            let mut world = World::new(context, plan, planted);
            let done = world.play().await;
            if done.is_err() {
                world.describe();
                world.guilt().await;
            }
            let trace = std::mem::take(&mut world.trace);
            done.map(|report| Report {
                trace: trace.clone(),
                ..report
            })
            .map_err(|error| format!("{error}\n{trace}"))
        })
    }));
    ended.unwrap_or_else(|_| Err("the run itself failed".to_string()))
}

struct World {
    context: deterministic::Context,
    net: Net,
    plan: Plan,
    planted: Planted,
    nodes: Vec<Node>,
    load: Load,
    canon: Canon,
    chance: Chance,
    /// Height up to which each node's blocks were compared since it started.
    seen: Vec<u64>,
    submitted: BTreeMap<TxId, (SystemTime, usize)>,
    trace: String,
    begun: SystemTime,
    healthy: bool,
    asleep: Vec<bool>,
    rotten: bool,
}

fn configuration(plan: &Plan) -> (Vec<[u8; 32]>, Vec<ValidatorAddress>) {
    let seeds: Vec<[u8; 32]> = (0..plan.validators).map(|n| [n as u8 + 1; 32]).collect();
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

pub(crate) fn key(bytes: &[u8; 32]) -> PublicKey {
    PublicKey::decode(Copying(bytes.as_slice())).unwrap()
}

impl World {
    fn new(context: deterministic::Context, plan: Plan, planted: Planted) -> Self {
        let (seeds, validators) = configuration(&plan);
        let last = plan.validators - 1;
        let mut twins = Vec::new();
        if plan.faulty == Faulty::Twins {
            twins.push(last);
        }
        if planted == Planted::Twins {
            twins = vec![2, 3];
        }
        let places: Vec<usize> = (0..plan.validators).chain(twins).collect();
        let keys: Vec<PublicKey> = places
            .iter()
            .map(|v| key(&validators[*v].public_key))
            .collect();
        let net = Net::start(&context, keys.clone(), plan.link, plan.seed);
        let mut nodes = Vec::new();
        for (end, place) in places.iter().enumerate() {
            let address = validators[*place].address;
            let mut config = Config::new(
                seeds[*place],
                validators.clone(),
                address,
                PathBuf::new(),
                CHAIN,
            );
            config.max_block_bytes = 256 * 1024;
            config.max_block_txs = 256;
            let mut node = Node::new(end, config.clone());
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
        if let Faulty::Tricks(trick) = plan.faulty {
            let secret = PrivateKey::decode(Copying(seeds[last].as_slice())).unwrap();
            let limits = Limits {
                txs: 256,
                bytes: 256 * 1024,
            };
            let own = keys[last].clone();
            let all = keys[..plan.validators].to_vec();
            let tap = byzantine::tap(trick, secret, own, all, limits, plan.seed);
            net.tap(last, tap);
        }
        let load = Load::new(plan.charges);
        let begun = context.current();
        Self {
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
            trace: String::new(),
            begun,
            healthy: false,
            rotten: false,
        }
    }

    fn note(&mut self, text: &str) {
        let at = self
            .context
            .current()
            .duration_since(self.begun)
            .unwrap_or_default();
        let _ = writeln!(self.trace, "{:>8.3} {text}", at.as_secs_f64());
    }

    /// After a fork: who signed two blocks of one height, proven by certificates that anybody can check.
    async fn guilt(&mut self) {
        let (Some(one), Some(two)) = (self.nodes[0].handle(), self.nodes[1].handle()) else {
            return;
        };
        let (one, two) = (one.clone(), two.clone());
        let keys: Vec<[u8; 32]> = configuration(&self.plan)
            .1
            .iter()
            .map(|v| v.public_key)
            .collect();
        for height in 1..=one.status().height.min(two.status().height) {
            let mut signers = Vec::new();
            for handle in [&one, &two] {
                let Some(block) = self.ask(handle, height).await else {
                    continue;
                };
                let Some((id, ..)) = block.txs.first() else {
                    continue;
                };
                let proof = tokio::select! {
                    biased;
                    proof = handle.proof(*id) => proof,
                    () = self.context.sleep(PATIENCE) => None,
                };
                let Some(verified) = proof.and_then(|p| verify_proof(&p, CHAIN, &keys).ok()) else {
                    continue;
                };
                signers.push((verified.height, verified.digest, verified.signers));
            }
            if let [(first, left, a), (second, right, b)] = signers.as_slice()
                && first == second
                && left != right
            {
                let both = a.iter().filter(|key| b.contains(key)).count();
                self.note(&format!("{both} validators signed both blocks {first}"));
                return;
            }
        }
    }

    fn ahead(&self) -> i64 {
        let now = self
            .context
            .current()
            .duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis() as i64;
        let last = self.canon.blocks.last().map_or(0, |block| block.time_ms);
        (last - now).max(0)
    }

    /// Where everybody stands, for the trace of a failure.
    fn describe(&mut self) {
        let now = self.context.current();
        for end in 0..self.nodes.len() {
            let status = self.nodes[end].handle().map(Handle::status);
            let text = status.map_or("down".to_string(), |status| {
                let (height, view, pool) = (status.height, status.view, status.mempool);
                format!("height {height}, view {view}, {pool} waiting")
            });
            self.note(&format!("validator {end}: {text}"));
        }
        for block in self.canon.blocks.clone() {
            let at = SystemTime::UNIX_EPOCH + Duration::from_millis(block.time_ms.cast_unsigned());
            let ahead = at.duration_since(now).map_or_else(
                |behind| format!("{:?} ago", behind.duration()),
                |ahead| format!("{ahead:?} AHEAD"),
            );
            let (height, txs) = (block.height, block.txs.len());
            self.note(&format!("block {height}: {txs} transactions, {ahead}"));
        }
    }

    /// The last validator, and its second half, may be faulty; the others are honest.
    fn honest(&self, end: usize) -> bool {
        if self.planted == Planted::Twins {
            return end < 2;
        }
        let last = self.plan.validators - 1;
        end < last || (end == last && self.plan.faulty == Faulty::Nobody)
    }

    fn start(&mut self, end: usize) -> Result<(), String> {
        let wrong = match (self.planted, self.plan.faulty) {
            (Planted::Rules(wrong), _) => wrong,
            (_, Faulty::Rules(wrong)) if !self.honest(end) => wrong,
            _ => Wrong::Nothing,
        };
        let machine = Rules::machine(&self.load.first, wrong);
        self.seen[end] = 0;
        self.asleep[end] = false;
        self.nodes[end]
            .start(&self.context, &self.net, machine)
            .map_err(|error| format!("validator {end} cannot start: {error}"))
    }

    async fn play(&mut self) -> Result<Report, String> {
        self.note(&format!("{:?}", self.plan));
        for end in 0..self.nodes.len() {
            self.start(end)?;
        }
        self.part_twins();
        self.forge().await?;
        let events = std::mem::take(&mut self.plan.events);
        for (at, event) in events {
            self.until(self.begun + at).await?;
            self.note(&format!("{event:?}"));
            self.happen(event).await?;
        }
        if self.planted == Planted::Twins {
            self.until(self.begun + Duration::from_secs(20)).await?;
        }
        self.recover().await?;
        let healed = self.context.current();
        loop {
            match self.finished() {
                Ok(()) => break,
                Err(reason) if self.context.current() > healed + BOUND => {
                    return Err(format!("not live {BOUND:?} after healing: {reason}"));
                }
                Err(_) => self.tick().await?,
            }
        }
        let healed_after = self
            .context
            .current()
            .duration_since(healed)
            .unwrap_or_default();
        Ok(Report {
            heights: self.canon.blocks.len() as u64,
            messages: self.net.sent(),
            writes: self
                .nodes
                .iter()
                .map(|n| n.machinery.disk.changes())
                .collect(),
            healed_after,
            audit: self.context.auditor().state(),
            ahead_ms: self.ahead(),
            root: self
                .canon
                .blocks
                .last()
                .map_or([0; 32], |block| block.state_root),
            cut_off: self.net.blocked(),
            trace: String::new(),
        })
    }

    /// Hands in what nobody signed; an honest validator refuses it at once.
    async fn forge(&self) -> Result<(), String> {
        let forged = self.load.forged.clone();
        match self.nodes[0].handle() {
            Some(handle) if handle.submit(forged).await.is_ok() => match self.planted {
                Planted::Nothing => Err("a forged transaction was taken".to_string()),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Each half of a validator that lives twice sees a part of the others.
    fn part_twins(&self) {
        let n = self.plan.validators;
        if self.planted == Planted::Twins {
            // 0 with 2 and 3, 1 with their other halves 4 and 5.
            for from in 0..6 {
                for to in 0..6 {
                    let side = |end: usize| usize::from([1, 4, 5].contains(&end));
                    if side(from) != side(to) {
                        self.net.cut(from, to);
                    }
                }
            }
        } else if self.plan.faulty == Faulty::Twins {
            for end in 0..n - 1 {
                let half = if end % 2 == 0 { n } else { n - 1 };
                if end != 1 {
                    self.net.cut(end, half);
                    self.net.cut(half, end);
                }
            }
        }
    }

    async fn until(&mut self, time: SystemTime) -> Result<(), String> {
        while self.context.current() < time {
            self.tick().await?;
        }
        Ok(())
    }

    /// Looks at everybody, and hands transactions in.
    async fn tick(&mut self) -> Result<(), String> {
        self.context.sleep(TICK).await;
        for end in 0..self.nodes.len() {
            self.look_after(end).await?;
            if self.honest(end) && self.nodes[end].runs() && !self.asleep[end] {
                self.compare(end).await?;
            }
        }
        self.submit().await;
        Ok(())
    }

    /// A validator whose power went crashes; one that stopped by itself is started again when all is healthy.
    async fn look_after(&mut self, end: usize) -> Result<(), String> {
        if !self.nodes[end].runs() {
            return Ok(());
        }
        if self.nodes[end].machinery.disk.stopped() {
            self.note(&format!("power of {end} is gone"));
            let torn = [Torn::Lost, Torn::Beginning, Torn::Bytes][self.chance.place(3)];
            self.crash(end, torn).await;
        } else if let Some(reason) = self.nodes[end].failed() {
            self.note(&format!("{end} stopped: {reason}"));
            let by_disk = self.nodes[end].machinery.disk.refused();
            if self.honest(end) && !by_disk {
                return Err(format!(
                    "honest validator {end} stopped by itself: {reason}"
                ));
            }
            if self.healthy && !self.honest(end) {
                // Nobody has to repair a faulty member; it is down.
                self.crash(end, Torn::Lost).await;
                return Ok(());
            }
            self.crash(end, Torn::Lost).await;
            if self.healthy {
                self.start(end)?;
            }
        }
        Ok(())
    }

    async fn crash(&mut self, end: usize, torn: Torn) {
        self.nodes[end]
            .crash(&self.context, &self.net, torn, &mut self.chance)
            .await;
        let last = self.plan.validators - 1;
        if end == last && self.plan.faulty == Faulty::Rot && !self.rotten {
            self.rotten = true;
            let place = self.nodes[end].rot(&self.context, &mut self.chance).await;
            self.note(&format!("a byte of {end} changed in {place:?}"));
        }
        if (end == last && self.plan.faulty == Faulty::Amnesia) || self.planted == Planted::Forget {
            self.nodes[end]
                .wipe(&self.context, |partition| {
                    partition.ends_with("chain-votes")
                })
                .await;
        }
    }

    /// Compares the new final blocks of a validator with the chain.
    async fn compare(&mut self, end: usize) -> Result<(), String> {
        let Some(handle) = self.nodes[end].handle().cloned() else {
            return Ok(());
        };
        let tip = handle.status().height;
        while self.seen[end] < tip {
            let height = self.seen[end] + 1;
            let Some(block) = self.ask(&handle, height).await else {
                return Ok(());
            };
            self.canon.show(end, &block)?;
            self.seen[end] = height;
        }
        Ok(())
    }

    async fn ask(&self, handle: &Handle, height: u64) -> Option<Arc<fairway_chain::FinalBlock>> {
        tokio::select! {
            biased;
            block = handle.block(height) => block,
            () = self.context.sleep(PATIENCE) => None,
        }
    }

    async fn submit(&mut self) {
        let now = self.context.current();
        for item in self.load.items.clone() {
            let ready = item
                .after
                .is_none_or(|id| self.canon.places.contains_key(&id));
            if !ready || self.canon.places.contains_key(&item.id) {
                continue;
            }
            let tries = match self.submitted.get(&item.id) {
                Some(_) if self.planted == Planted::Once => continue,
                Some((at, _)) if now < *at + AGAIN => continue,
                Some((_, tries)) => *tries + 1,
                None => 0,
            };
            let end = (item.home + tries) % self.plan.validators;
            self.submitted.insert(item.id, (now, tries));
            if self.asleep[end] {
                continue;
            }
            let Some(handle) = self.nodes[end].handle().cloned() else {
                continue;
            };
            tokio::select! {
                biased;
                _ = handle.submit(item.tx.clone()) => {}
                () = self.context.sleep(PATIENCE) => {}
            }
        }
    }

    async fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Split(group) => {
                for from in 0..self.nodes.len() {
                    for to in 0..self.nodes.len() {
                        if group.contains(&from) != group.contains(&to) {
                            self.net.cut(from, to);
                        }
                    }
                }
            }
            Event::OneWay(from, to) => self.net.cut(from, to),
            Event::Heal => {
                self.net.heal(|_, _| true);
                self.part_twins();
            }
            Event::Crash(end, torn) => {
                if self.nodes[end].runs() {
                    self.crash(end, torn).await;
                }
            }
            Event::CrashAtWrite(end, writes) => {
                let disk = &self.nodes[end].machinery.disk;
                disk.stop_at(disk.changes() + writes);
            }
            Event::DiskFull(end, writes) => {
                let disk = &self.nodes[end].machinery.disk;
                disk.refuse_from(disk.changes() + writes);
            }
            Event::Restart(end) => {
                if !self.nodes[end].runs() {
                    self.start(end)?;
                }
            }
            Event::Pause(end) => {
                self.asleep[end] = true;
                self.nodes[end].machinery.pause();
            }
            Event::Resume(end) => self.wake(end),
            Event::Skew(end, ms) => self.nodes[end].machinery.skew(ms),
        }
        Ok(())
    }

    fn wake(&mut self, end: usize) {
        self.asleep[end] = false;
        self.nodes[end].machinery.resume();
    }

    /// Ends every fault of nature.
    async fn recover(&mut self) -> Result<(), String> {
        self.note("everything is healed");
        self.healthy = true;
        self.net.heal(|_, _| true);
        if self.planted == Planted::Twins {
            self.part_twins();
        }
        self.net.weather(Link {
            loss: 0,
            twice: 0,
            ..self.plan.link
        });
        for end in 0..self.nodes.len() {
            self.wake(end);
            let disk = &self.nodes[end].machinery.disk;
            if !disk.stopped() {
                disk.repair();
            }
            self.nodes[end].machinery.skew(0);
            self.look_after(end).await?;
            if !self.nodes[end].runs() && (self.honest(end) || self.plan.faulty != Faulty::Rot) {
                self.start(end)?;
            }
        }
        Ok(())
    }

    /// Everything handed in is final, and every honest validator has it all.
    fn finished(&self) -> Result<(), String> {
        self.canon.complete(&self.load.items)?;
        let last = self.canon.places.values().max().copied().unwrap_or(0);
        for end in 0..self.nodes.len() {
            if self.honest(end) && self.seen[end] < last {
                let seen = self.seen[end];
                return Err(format!("validator {end} is at {seen} of {last}"));
            }
        }
        Ok(())
    }
}
