//! One simulated validator, which crashes and comes back from its disk.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use commonware_runtime::{
    Blob as _, Clock as _, Handle as Task, ReadOptions, Runner as _, Storage as _, Supervisor as _,
    WriteOptions, deterministic,
};
use fairway_chain::{
    Config, Handle, Machine, StartError,
    wiring::{self, Flaws},
};

use crate::{Chance, Machinery, Net, NodeContext, Torn};

/// Wait until the tasks of a crashed validator are gone.
const TIDY_UP: Duration = Duration::from_millis(5);

/// A validator and its machine.
pub struct Node {
    /// Its end of the network.
    pub end: usize,
    /// Its machine: clock, disk, pauses.
    pub machinery: Arc<Machinery>,
    /// Mistakes that are planted in it, to see that they are found.
    pub flaws: Flaws,
    config: Config,
    running: Option<(Handle, Task<Option<String>>)>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A validator that is not started.
    pub fn new(end: usize, config: Config) -> Self {
        Self {
            end,
            machinery: Arc::new(Machinery::new(format!("n{end}-"))),
            flaws: Flaws::NONE,
            config,
            running: None,
        }
    }

    /// Changes the configuration, before a start.
    pub fn configure(&mut self, config: Config) {
        self.config = config;
    }

    /// Its handle, while it runs.
    pub fn handle(&self) -> Option<&Handle> {
        self.running.as_ref().map(|(handle, _)| handle)
    }

    /// Whether it was started and has not crashed; it may have stopped by itself.
    pub fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Why it does not go on by itself: its own reason, or the text of a panic.
    pub fn failed(&self) -> Option<String> {
        let error = self.handle().and_then(|handle| handle.status().error);
        error.or_else(|| self.machinery.panicked())
    }

    /// Starts the shipped validator with this state machine.
    pub fn start(
        &mut self,
        context: &deterministic::Context,
        net: &Net,
        machine: Arc<dyn Machine>,
    ) -> Result<(), StartError> {
        self.machinery.fresh();
        let inner = context.child("node").with_attribute("end", self.end);
        let inside = NodeContext::new(inner, Arc::clone(&self.machinery));
        let links = net.open(self.end);
        let running = wiring::launch(inside, self.config.clone(), links, machine, self.flaws)?;
        self.running = Some(running);
        Ok(())
    }

    /// The machine loses power: every task ends where it stands, and the disk keeps what was synced and torn parts.
    pub async fn crash(
        &mut self,
        context: &deterministic::Context,
        net: &Net,
        torn: Torn,
        chance: &mut Chance,
    ) {
        self.machinery.halt();
        net.close(self.end);
        if let Some((_, task)) = self.running.take() {
            task.abort();
        }
        context.sleep(TIDY_UP).await;
        self.machinery.disk.repair();
        for ((partition, name), offset, bytes) in self.machinery.disk.leftovers(torn, chance) {
            if let Ok((blob, _)) = context.open(&partition, &name).await {
                let _ = blob.write_at(offset, bytes, WriteOptions::SYNC).await;
            }
        }
    }

    /// Changes one byte of what is stored; gives the blob's partition. Only while the validator is down.
    pub async fn rot(
        &self,
        context: &deterministic::Context,
        chance: &mut Chance,
    ) -> Option<String> {
        let names = self.machinery.disk.names();
        for _ in 0..names.len() {
            let (partition, name) = names.get(chance.place(names.len()))?;
            let Ok((blob, size)) = context.open(partition, name).await else {
                continue;
            };
            if size == 0 {
                continue;
            }
            let at = chance.below(size);
            let Ok(old) = blob.read_at(at, 1, ReadOptions::default()).await else {
                continue;
            };
            let old = old.coalesce();
            let flipped: Vec<u8> = old.as_ref().iter().map(|byte| byte ^ 0x40).collect();
            let _ = blob.write_at(at, flipped, WriteOptions::SYNC).await;
            return Some(partition.clone());
        }
        None
    }

    /// Forgets everything that it stored, or only the partitions that the filter names. Only while it is down.
    pub async fn wipe(&self, context: &deterministic::Context, which: impl Fn(&str) -> bool) {
        for (partition, name) in self.machinery.disk.names() {
            if which(&partition) {
                let _ = context.remove(&partition, Some(&name)).await;
            }
        }
    }
}

/// Runs a world under a seed, from a time on, for at most so much simulated time.
pub fn run_world<F, Fut>(seed: u64, start: SystemTime, most: Duration, world: F) -> Fut::Output
where
    F: FnOnce(deterministic::Context) -> Fut,
    Fut: Future,
{
    let config = deterministic::Config::new()
        .with_seed(seed)
        .with_start_time(start)
        .with_timeout(Some(most));
    deterministic::Runner::new(config).start(world)
}
