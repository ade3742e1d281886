//! One run: the consortium, what happens to it, and what must come of it.

mod accuse;
mod happen;
mod setup;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use commonware_runtime::{Clock as _, deterministic};
use fairway_chain::{Consistent, FinalBlock, Handle, TxId, verify_consistency};
use fairway_chain_sim::{Chance, Net, Node, run_world};
use fairway_model::MemberId;

use crate::{
    byzantine::Sets,
    check::Canon,
    load::{self, LEAVES, Load, Rules, Wrong},
    plan::{CHAOS, Faulty, Plan},
    watch::Watched,
    world::{CHAIN, T0},
};
use setup::configuration;
pub(crate) use setup::key;

/// Everything must be final so long after everything is healed.
const BOUND: Duration = Duration::from_mins(1);
/// Time that an answer of a validator may take; a stopped one gives none.
const PATIENCE: Duration = Duration::from_millis(400);
/// Messages, one after the other, that make a transaction final at a healthy ledger: on its way to the proposer, the block, two votes,
/// and the same for a block that was under way.
const HOPS: u32 = 6;
/// Time for everything else on that way.
const WORK: Duration = Duration::from_millis(60);
/// Time for views that were begun while things were wrong.
const SETTLE: Duration = Duration::from_secs(8);
/// Pause between two looks at a transaction whose time is taken.
const CLOSE_LOOK: Duration = Duration::from_millis(5);

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) heights: u64,
    pub(crate) messages: u64,
    /// Changes that each validator made on its disk.
    pub(crate) writes: Vec<u64>,
    pub(crate) healed_after: Duration,
    /// How far the last block is ahead of the true time, in milliseconds; 0 when it is not.
    pub(crate) ahead_ms: i64,
    /// Last state root.
    pub(crate) root: [u8; 32],
    /// Ends that somebody cut off for breaking the protocol.
    pub(crate) cut_off: Vec<(usize, usize)>,
    pub(crate) transactions: u64,
    /// Simulated time.
    pub(crate) lasted: Duration,
    /// Votes of honest validators that were looked at.
    pub(crate) votes: u64,
    /// What each liar is like, and how often it lied.
    pub(crate) lies: Vec<(Faulty, u64)>,
    /// Programs that stopped because they lacked the version in force.
    pub(crate) lacked: usize,
    /// Blocks that hand over to other validators.
    pub(crate) handovers: usize,
    /// Messages that were too long for the network.
    pub(crate) too_long: u64,
    /// Longest time from handing in to final, once everything was healthy.
    pub(crate) slowest: Duration,
    /// Misdeeds on record, each with whether its member was suspended for it.
    pub(crate) misdeeds: Vec<(MemberId, bool)>,
    /// Hash over every step of the runtime, in their order.
    pub(crate) steps: String,
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
    /// More validators are liars than the protocol bears, as the plan says.
    Liars,
    /// No proposer is woken by a transaction.
    LostWakeUp,
    /// The first validator votes without comparing the state root.
    UncheckedRoot,
    /// All do.
    UncheckedRoots,
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
    watched: Watched,
    /// Who validates when, for the liars.
    sets: Sets,
    /// Which ends have a program that lacks the next version.
    old: Vec<bool>,
    lacked: usize,
    slowest: Duration,
    shown: accuse::Shown,
    trace: String,
    begun: SystemTime,
    healthy: bool,
    asleep: Vec<bool>,
    rotten: bool,
}

impl World {
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
        for height in 1..=one.status().height.min(two.status().height) {
            let (Some(left), Some(right)) = (
                self.signed(&one, height).await,
                self.signed(&two, height).await,
            ) else {
                continue;
            };
            if left.newer_digest != right.newer_digest {
                let signers = left.signers.iter();
                let both = signers.filter(|key| right.signers.contains(key)).count();
                self.note(&format!("{both} validators signed both blocks {height}"));
                return;
            }
        }
    }

    /// What a validator can prove about its final block at a height, as the founders signed it.
    async fn signed(&self, handle: &Handle, height: u64) -> Option<Consistent> {
        let proof = tokio::select! {
            biased;
            proof = handle.consistency(0, height) => proof,
            () = self.context.sleep(PATIENCE) => None,
        };
        let (_, validators) = configuration(&self.plan);
        let keys: Vec<[u8; 32]> = validators.iter().map(|v| v.public_key).collect();
        verify_consistency(&proof?, CHAIN, &keys).ok()
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

    /// Whether an end is honest. The half of a validator that lives twice is not; the one that joins is.
    fn honest(&self, end: usize) -> bool {
        if self.planted == Planted::Twins {
            return end < 2;
        }
        if end >= self.plan.validators {
            return self.plan.joins();
        }
        self.plan.kind(end) == Faulty::Nobody
    }

    fn start(&mut self, end: usize) -> Result<(), String> {
        let wrong = match (self.planted, self.plan.kind(end)) {
            (Planted::Rules(wrong), _) => wrong,
            (_, Faulty::Rules(wrong)) if !self.honest(end) => wrong,
            _ => Wrong::Nothing,
        };
        let machine = Rules::machine(&self.load, wrong, self.old[end]);
        self.seen[end] = 0;
        self.asleep[end] = false;
        self.nodes[end]
            .start(&self.context, &self.net, machine)
            .map_err(|error| format!("validator {end} cannot start: {error}"))
    }

    #[expect(clippy::too_many_lines, reason = "one story, told in order")]
    async fn play(&mut self) -> Result<Report, String> {
        self.note(&format!("{:?}", self.plan));
        for end in 0..self.nodes.len() {
            // One that joins is there from the beginning, or comes when the seed says, at the latest when all is healed.
            if end < self.plan.validators || !self.plan.joins() || self.plan.seed.is_multiple_of(2)
            {
                self.start(end)?;
            }
        }
        self.part_twins();
        self.forge().await?;
        let events = self.plan.events.clone();
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
        if self.plan.prompt {
            self.prompt().await?;
        }
        let lies = self.plan.liars().into_iter();
        let lies = lies.map(|end| (self.plan.kind(end), self.watched.lies(end)));
        Ok(Report {
            transactions: self.canon.places.len() as u64,
            lasted: self
                .context
                .current()
                .duration_since(self.begun)
                .unwrap_or_default(),
            votes: self.watched.votes(),
            lies: lies.collect(),
            lacked: self.lacked,
            handovers: self.canon.handovers(),
            too_long: self.net.too_long(),
            slowest: self.slowest,
            heights: self.canon.blocks.len() as u64,
            messages: self.net.sent(),
            writes: self
                .nodes
                .iter()
                .map(|n| n.machinery.disk.changes())
                .collect(),
            healed_after,
            ahead_ms: self.ahead(),
            root: self
                .canon
                .blocks
                .last()
                .map_or([0; 32], |block| block.state_root),
            cut_off: self.net.blocked(),
            misdeeds: self.canon.misdeeds.clone(),
            steps: self.context.auditor().state(),
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

    /// Nothing disturbs the consortium any more: a transaction that is handed in anywhere is final there at once, not only with the
    /// next idle block.
    async fn prompt(&mut self) -> Result<(), String> {
        let link = self.plan.link;
        let bound = (link.latency + link.jitter) * HOPS + WORK;
        self.until(self.context.current() + SETTLE).await?;
        for (n, tx) in self.load.probes.clone().into_iter().enumerate() {
            let pause = self.chance.below(2 * self.plan.idle.as_millis() as u64);
            let begin = self.context.current() + Duration::from_millis(pause);
            while self.context.current() < begin {
                self.tick().await?;
            }
            let end = n % self.plan.validators;
            let Some(handle) = self.nodes[end].handle().cloned() else {
                continue;
            };
            let handed_in = self.context.current();
            let id = handle.submit(tx).await.map_err(|error| error.to_string())?;
            let mut took = Duration::ZERO;
            while !self.canon.places.contains_key(&id) {
                self.context.sleep(CLOSE_LOOK).await;
                self.compare(end).await?;
                let now = self.context.current();
                took = now.duration_since(handed_in).unwrap_or_default();
                if took > BOUND {
                    return Err(format!(
                        "not live: transaction {n} is not final after {took:?}"
                    ));
                }
            }
            self.slowest = self.slowest.max(took);
            if took > bound {
                return Err(format!(
                    "a healthy ledger is not prompt: transaction {n}, handed in at {end}, took {took:?}, at most {bound:?}"
                ));
            }
        }
        Ok(())
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
            self.teach(&block);
            self.seen[end] = height;
        }
        Ok(())
    }

    async fn ask(&self, handle: &Handle, height: u64) -> Option<Arc<FinalBlock>> {
        tokio::select! {
            biased;
            block = handle.block(height) => block,
            () = self.context.sleep(PATIENCE) => None,
        }
    }

    /// Everything handed in is final, and every honest validator has it all.
    fn finished(&self) -> Result<(), String> {
        self.canon.complete(&self.load)?;
        let last = self.canon.places.values().max().copied().unwrap_or(0);
        for end in 0..self.nodes.len() {
            if self.honest(end) && self.seen[end] < last {
                let seen = self.seen[end];
                return Err(format!("validator {end} is at {seen} of {last}"));
            }
        }
        self.changed()
    }

    /// Who was to join votes, and who was to leave does not.
    fn changed(&self) -> Result<(), String> {
        if !self.plan.joins() {
            return Ok(());
        }
        let validators = self.plan.validators;
        let members = load::members(validators);
        let left = members.iter().position(|name| *name == LEAVES);
        for end in 0..self.nodes.len() {
            let Some(status) = self.nodes[end].handle().map(Handle::status) else {
                continue;
            };
            let votes = Some(end) != left;
            if self.honest(end) && (status.votes != votes || status.validators != validators) {
                let (epoch, of) = (status.epoch, status.validators);
                let is = status.votes;
                return Err(format!(
                    "validator {end} votes: {is}, expected {votes}; epoch {epoch} has {of} validators"
                ));
            }
        }
        Ok(())
    }
}
