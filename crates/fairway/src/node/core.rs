//! Drives one utility's machine: takes inputs in batches, stores what changed in one transaction, then lets effects out.

use crate::api::events::News;
use crate::environment::{self, Clock};
use crate::genesis::read_ring;
use crate::node::meters::Meters;
use crate::node::outlets::Outlets;
use crate::node::passwords::Passwords;
use crate::store::{Store, StoreError};
use fairway_model::{Refusal, SessionId, StationId};
use fairway_utility::Utility;
use fairway_utility::command::{Command, Reply};
use fairway_utility::door::{Change, Effect, Input, Level, LogLine, Moment, Table};
use fairway_utility::happening::Gauges;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Most inputs waiting for the machine; senders wait when it is full.
pub const MAX_QUEUE: usize = 8_192;
/// Most inputs handled before their changes are stored together.
const MAX_BATCH: usize = 256;
/// Wait before a refused database write is tried again.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// A tick comes at least this often (wall clock).
const MAX_SLEEP: Duration = Duration::from_millis(500);

/// What is sent to the machine.
#[derive(Debug)]
pub enum Job {
    /// An input without an answer of its own.
    Input(Input),
    /// A command; the answer goes to the sender.
    Command {
        /// Id of the command.
        id: [u8; 16],
        /// What is wanted.
        command: Command,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Reply, Refusal>>,
    },
    /// What stands now, for metrics; it changes nothing.
    Gauges(oneshot::Sender<Gauges>),
}

/// The sending end, for all servers of the node.
pub type Jobs = mpsc::Sender<Job>;

/// Condition of the machine, for health pages.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Why the database refuses to write at present.
    pub store_error: Option<String>,
    /// Inputs handled since the start.
    pub handled: u64,
    /// Block up to which everything of the ledger is stored in the database.
    pub height: u64,
}

/// The machine with its database.
#[derive(Debug)]
pub struct Core {
    utility: Utility,
    store: Store,
    clock: Clock,
    outlets: Outlets,
    replies: BTreeMap<[u8; 16], Vec<oneshot::Sender<Result<Reply, Refusal>>>>,
    health: watch::Sender<Health>,
    wake: Option<fairway_model::Time>,
    passwords: Passwords,
    keys: Option<PathBuf>,
    news: Option<News>,
    meters: Meters,
    /// Stations that spoke in the present batch.
    spoke: BTreeSet<StationId>,
}

impl Core {
    /// A core over a machine that was restored from `store`.
    pub fn new(
        utility: Utility,
        store: Store,
        clock: Clock,
        outlets: Outlets,
    ) -> (Self, watch::Receiver<Health>) {
        let (health, seen) = watch::channel(Health {
            height: utility.height(),
            ..Health::default()
        });
        (
            Self {
                utility,
                store,
                clock,
                outlets,
                replies: BTreeMap::new(),
                health,
                wake: None,
                passwords: Passwords::default(),
                keys: None,
                news: None,
                meters: Meters::default(),
                spoke: BTreeSet::new(),
            },
            seen,
        )
    }

    /// Keeps the gate's list of stations up to date.
    #[must_use]
    pub fn with_passwords(self, passwords: Passwords) -> Self {
        Self { passwords, ..self }
    }

    /// Reads the private encryption keys in this folder anew when another shall count.
    #[must_use]
    pub fn with_keys(self, folder: PathBuf) -> Self {
        Self {
            keys: Some(folder),
            ..self
        }
    }

    /// Tells open pages what changes.
    #[must_use]
    pub(crate) fn with_news(self, news: Option<News>) -> Self {
        Self { news, ..self }
    }

    /// Counts what happens.
    #[must_use]
    pub fn with_meters(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    /// What the machine must know before it can carry a command out.
    fn before(&self, job: &Job) -> Option<Input> {
        let Job::Command {
            command: Command::RotateEncryptionKey { .. },
            ..
        } = job
        else {
            return None;
        };
        match read_ring(self.keys.as_deref()?) {
            Ok(ring) => Some(Input::DecryptionKeys(ring)),
            Err(error) => {
                tracing::error!("{error}");
                None
            }
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.clock.now(),
            entropy: environment::entropy(),
        }
    }

    /// Runs until every sender is gone.
    pub async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let effects = self.utility.ready(self.moment());
        self.carry_out(effects).await;
        let mut batch = Vec::with_capacity(MAX_BATCH);
        loop {
            let sleep = self
                .wake
                .map_or(MAX_SLEEP, |at| self.clock.until(at).min(MAX_SLEEP));
            let received = tokio::time::timeout(sleep, jobs.recv_many(&mut batch, MAX_BATCH)).await;
            if matches!(received, Ok(0)) {
                return;
            }
            let mut effects = Vec::new();
            for job in batch.drain(..) {
                if let Some(first) = self.before(&job) {
                    effects.extend(self.utility.handle(self.moment(), first));
                }
                if let Some(input) = self.admit(job) {
                    effects.extend(self.utility.handle(self.moment(), input));
                }
            }
            let due = self.wake.is_none_or(|at| at <= self.clock.now());
            if received.is_err() || due {
                self.wake = None;
                effects.extend(self.utility.handle(self.moment(), Input::Tick));
            }
            self.carry_out(effects).await;
        }
    }

    /// The input of a job; a question about the present state is answered at once.
    fn admit(&mut self, job: Job) -> Option<Input> {
        self.health
            .send_modify(|h| h.handled = h.handled.saturating_add(1));
        match job {
            Job::Input(input) => {
                if let (Input::Station { station, .. }, true) = (&input, self.news.is_some()) {
                    self.spoke.insert(station.clone());
                }
                Some(input)
            }
            Job::Command { id, command, reply } => {
                self.replies.entry(id).or_default().push(reply);
                Some(Input::Command { id, command })
            }
            Job::Gauges(reply) => {
                // Who asked may have gone away.
                let _ = reply.send(self.utility.gauges());
                None
            }
        }
    }

    /// Stores first, then lets the rest out. When the database refuses, nothing leaves until it takes the changes.
    async fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut changes: Vec<Change> = Vec::new();
        let mut rest = Vec::with_capacity(effects.len());
        for effect in effects {
            match effect {
                Effect::Store(change) => {
                    if let Change::Put(row) = &change {
                        self.passwords.learn(row);
                    }
                    changes.push(change);
                }
                other => rest.push(other),
            }
        }
        while let Err(error) = self.store.apply(&changes).await {
            self.report_refused_write(&error).await;
        }
        if self.health.borrow().store_error.is_some() {
            tracing::info!("the database takes changes again");
            self.health.send_modify(|h| h.store_error = None);
        }
        self.tell(&changes);
        let height = self.utility.height();
        self.health.send_if_modified(|h| {
            let higher = height > h.height;
            h.height = height;
            higher
        });
        for effect in rest {
            self.let_out(effect);
        }
    }

    /// Tells open pages what was stored, and which stations spoke.
    fn tell(&mut self, changes: &[Change]) {
        let heard = std::mem::take(&mut self.spoke);
        let Some(news) = self.news.as_ref().filter(|listeners| listeners.wanted()) else {
            return;
        };
        let (mut moved, mut rules) = (BTreeSet::new(), false);
        for change in changes {
            let Change::Put(row) = change else {
                continue;
            };
            match row.table {
                Table::VisitedSessions | Table::HomeCharges => {
                    let named = row
                        .key
                        .rsplit('/')
                        .find_map(|part| SessionId::parse(part).ok());
                    moved.extend(named.or_else(|| SessionId::parse(&row.subject).ok()));
                }
                Table::Policies => rules = true,
                _ => {}
            }
        }
        for id in moved {
            if let Some(row) = self.utility.charge_row(id) {
                let owner = self.utility.owner_of(id);
                news.charge(&row, owner.map(|key| key.to_string()));
            }
        }
        for station in heard {
            if let Some(view) = self.utility.station_view(&station) {
                news.station(&view);
            }
        }
        if rules {
            news.policy(self.utility.status().policy_version);
        }
    }

    async fn report_refused_write(&mut self, error: &StoreError) {
        let text = error.to_string();
        if self.health.borrow().store_error.as_ref() != Some(&text) {
            tracing::error!("{text}");
        }
        self.health.send_modify(|h| h.store_error = Some(text));
        tokio::time::sleep(STORE_RETRY).await;
        if let Err(error) = self.store.reopen().await {
            tracing::error!("{error}");
        }
    }

    fn let_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store(_) => {}
            Effect::ToStation { station, words } => self.outlets.to_station(&station, words),
            Effect::ToPeer { to, envelope } => self.outlets.to_peer(to, envelope),
            Effect::Submit { transaction } => self.outlets.submit(transaction),
            Effect::Reply { id, reply } => {
                for waiting in self.replies.remove(&id).unwrap_or_default() {
                    // The asker may have gone away; the answer is kept by the machine.
                    let _ = waiting.send(reply.clone());
                }
            }
            Effect::Log(line) => log(&line),
            Effect::Happened(what) => self.meters.happened(&what),
            Effect::WakeAt(at) => self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at))),
        }
    }
}

fn log(line: &LogLine) {
    let session = line.session.map(tracing::field::display);
    match line.level {
        Level::Info => tracing::info!(session, "{}", line.text),
        Level::Warn => tracing::warn!(session, "{}", line.text),
        Level::Error => tracing::error!(session, "{}", line.text),
    }
}
