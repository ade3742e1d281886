//! A utility's computer: the machine, its disk, and the moments at which it dies.

use crate::cast::{CANARY, Fault};
use crate::ledger::contains;
use crate::plan::Sabotage;
use crate::world::{Event, World};
use fairway_model::canonical::Canonical as _;
use fairway_model::station::ToStation;
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{MemberId, Time};
use fairway_utility::Utility;
use fairway_utility::command::{Command, Reply};
use fairway_utility::door::{Block, Change, Effect, Input, Level, LogLine, Moment, Row, Table};
use fairway_utility::envelope::{Envelope, Receiver};
use std::collections::BTreeMap;

/// How long a computer takes to start again, from and to.
const RESTART: (i64, i64) = (SECOND, MINUTE);

/// One utility's computer.
#[derive(Debug)]
pub(crate) struct Host {
    machine: Option<Utility>,
    rows: BTreeMap<(Table, String), Row>,
    /// How far its clock is ahead of the world's.
    skew: i64,
    /// When it is woken, by the world's clock.
    wake: Option<Time>,
    pub(crate) next_block: usize,
    pub(crate) feeding: bool,
}

impl Host {
    pub(crate) fn new(skew: i64) -> Self {
        Self {
            machine: None,
            rows: BTreeMap::new(),
            skew,
            wake: None,
            next_block: 1,
            feeding: false,
        }
    }

    pub(crate) fn up(&self) -> bool {
        self.machine.is_some()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    fn store(&mut self, change: Change) {
        match change {
            Change::Put(row) => {
                self.rows.insert((row.table, row.key.clone()), row);
            }
            Change::Delete { table, key } => {
                self.rows.remove(&(table, key));
            }
        }
    }
}

/// How far one input's effects are carried out before the computer dies.
enum Fate {
    Lives,
    /// Nothing is stored, nothing leaves.
    BeforeStore,
    /// Everything is stored; so many effects leave.
    After(usize),
}

impl World {
    fn moment(&mut self, place: usize) -> Result<Moment, Fault> {
        let entropy = self.rng.bytes();
        let now = self.now();
        Ok(Moment {
            now: now.plus(self.host(place)?.skew),
            entropy,
        })
    }

    /// Gives an input to a utility, and carries out what it wants done.
    pub(crate) fn give(&mut self, place: usize, input: Input) -> Result<(), Fault> {
        let moment = self.moment(place)?;
        let Some(machine) = self.host(place)?.machine.as_mut() else {
            return Ok(());
        };
        let effects = machine.handle(moment, input);
        self.counts.inputs = self.counts.inputs.saturating_add(1);
        self.carry_out(place, effects)
    }

    fn fate(&mut self, acts: usize) -> Fate {
        if !self.faults || !self.rng.chance(self.plan.crash) {
            return Fate::Lives;
        }
        match self.rng.below(3) {
            0 => Fate::BeforeStore,
            1 => Fate::After(0),
            _ => Fate::After(self.rng.place(acts.saturating_add(1))),
        }
    }

    fn carry_out(&mut self, place: usize, effects: Vec<Effect>) -> Result<(), Fault> {
        let (mut changes, mut acts) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Store(change) => changes.push(change),
                other => acts.push(other),
            }
        }
        let fate = self.fate(acts.len());
        if matches!(fate, Fate::BeforeStore) {
            return self.crash(place, "before the store");
        }
        self.sabotage_disk(place, &mut changes, &acts);
        let host = self.host(place)?;
        for change in changes {
            host.store(change);
        }
        let leave = match fate {
            Fate::After(n) => n,
            _ => acts.len(),
        };
        for act in acts.into_iter().take(leave) {
            self.act(place, act)?;
        }
        if let Fate::After(n) = fate {
            return self.crash(place, &format!("after the store and {n} effects"));
        }
        Ok(())
    }

    /// Planted faults of the disk: see [`Sabotage`].
    fn sabotage_disk(&mut self, place: usize, changes: &mut Vec<Change>, acts: &[Effect]) {
        let starts = acts.iter().any(|a| {
            matches!(
                a,
                Effect::ToStation {
                    words: ToStation::Start { .. },
                    ..
                }
            )
        });
        if self.sabotaged || !self.faults || !starts || changes.is_empty() {
            return;
        }
        match self.plan.sabotage {
            Some(Sabotage::DiskForgets) => changes.clear(),
            Some(Sabotage::TornTransaction) => changes
                .retain(|c| !matches!(c, Change::Put(row) if row.table == Table::VisitedSessions)),
            _ => return,
        }
        self.sabotaged = true;
        self.note(format!("planted: the disk of utility {place} forgets"));
        self.queue.after(1, Event::Crash(place));
    }

    /// Planted fault of the link to the ledger.
    pub(crate) fn skips_block(&mut self, block: &Block) -> bool {
        let wanted =
            self.plan.sabotage == Some(Sabotage::BlockSkipped) && self.faults && !self.sabotaged;
        let settles = || {
            block
                .entries
                .iter()
                .filter_map(|entry| entry.content.as_ref().ok())
                .any(|content| crate::ledger::settles(&content.0.operation))
        };
        if !wanted || !settles() {
            return false;
        }
        self.sabotaged = true;
        self.note(format!("planted: block {} is skipped", block.height));
        true
    }

    fn act(&mut self, place: usize, act: Effect) -> Result<(), Fault> {
        match act {
            Effect::Store(_) | Effect::Happened(_) => {}
            Effect::ToStation { station, words } => self.say_to_post(place, &station, words),
            Effect::ToPeer { to, envelope } => {
                self.read_along(place, to, &envelope)?;
                if let Some(to) = self.place_of(to) {
                    self.send_peer(place, to, &envelope);
                }
            }
            Effect::Submit { transaction } => self.send_ledger(place, &transaction),
            Effect::Reply { id, reply } => {
                self.replies.insert(id, reply);
            }
            Effect::Log(line) => self.log(place, &line)?,
            Effect::WakeAt(at) => self.wake_at(place, at)?,
        }
        Ok(())
    }

    /// Opens a message with its addressee's keys: not even there is a name.
    fn read_along(&self, place: usize, to: MemberId, bytes: &[u8]) -> Result<(), Fault> {
        let Some(config) = self.cast.configs.iter().find(|c| c.id == to) else {
            return Ok(());
        };
        let receiver = Receiver {
            me: to,
            chain: &config.chain,
            now: self.now(),
            ring: &config.ring,
            replaced: &[],
            signed_by: &|_, _| None,
        };
        let opened = Envelope::from_bytes(bytes)
            .map_err(|e| e.to_string())
            .and_then(|envelope| envelope.open(&receiver).map_err(|e| e.to_string()));
        let (_, message) = opened.map_err(|e| format!("utility {place} to {to}: {e}"))?;
        let plain = message.to_bytes();
        if contains(&plain, CANARY.as_bytes()) {
            return Err(format!("utility {place} sends a customer's name to {to}"));
        }
        Ok(())
    }

    fn log(&mut self, place: usize, line: &LogLine) -> Result<(), Fault> {
        let secret = |text: &str| {
            let cin = |d: &crate::cast::Driver| text.contains(d.customer.cin.as_str());
            text.contains(CANARY) || self.cast.drivers.iter().any(cin)
        };
        if secret(&line.text) {
            return Err(format!("utility {place} logs personal data: {}", line.text));
        }
        if line.level == Level::Error {
            self.counts.alarms = self.counts.alarms.saturating_add(1);
        }
        if line.level != Level::Info {
            let session = line.session.map(|s| s.to_string()).unwrap_or_default();
            self.note(format!(
                "utility {place} {:?} {session} {}",
                line.level, line.text
            ));
        }
        Ok(())
    }

    fn place_of(&self, member: MemberId) -> Option<usize> {
        self.cast.configs.iter().position(|c| c.id == member)
    }

    fn wake_at(&mut self, place: usize, at: Time) -> Result<(), Fault> {
        let now = self.now();
        let host = self.host(place)?;
        let at = at.plus(host.skew.saturating_neg()).max(now.plus(1));
        if host.wake.is_none_or(|earlier| at < earlier) {
            host.wake = Some(at);
            self.queue.at(at, Event::Wake(place));
        }
        Ok(())
    }

    pub(crate) fn wake(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        let host = self.host(place)?;
        if host.wake.is_some_and(|at| at <= now) {
            host.wake = None;
            self.give(place, Input::Tick)?;
        }
        Ok(())
    }

    pub(crate) fn peer_arrives(
        &mut self,
        from: usize,
        to: usize,
        envelope: Vec<u8>,
    ) -> Result<(), Fault> {
        let member = self
            .cast
            .configs
            .get(from)
            .map(|c| c.id)
            .ok_or("no such member")?;
        self.give(
            to,
            Input::Peer {
                from: member,
                envelope,
            },
        )
    }

    /// The computer is gone, with everything that was not stored.
    pub(crate) fn crash(&mut self, place: usize, when: &str) -> Result<(), Fault> {
        self.note(format!("utility {place} dies {when}"));
        self.counts.crashes = self.counts.crashes.saturating_add(1);
        let host = self.host(place)?;
        host.machine = None;
        host.wake = None;
        let pause = self.rng.span(RESTART);
        self.queue.after(pause, Event::Boot(place));
        for post in 0..self.posts.len() {
            if self.posts.get(post).is_some_and(|p| p.bay.utility == place) {
                self.gateway_died(post);
            }
        }
        Ok(())
    }

    /// A new machine over the rows that were stored.
    pub(crate) fn boot(&mut self, place: usize) -> Result<(), Fault> {
        let config = self
            .cast
            .configs
            .get(place)
            .cloned()
            .ok_or("no such utility")?;
        let host = self.host(place)?;
        if host.up() {
            return Ok(());
        }
        let mut machine = Utility::new(config);
        for row in host.rows.values().filter(|r| !r.table.append_only()) {
            let back = machine.restore(row);
            back.map_err(|e| {
                format!(
                    "utility {place} cannot read its row {} of {}: {e}",
                    row.key,
                    row.table.name()
                )
            })?;
        }
        host.machine = Some(machine);
        self.note(format!("utility {place} starts"));
        let moment = self.moment(place)?;
        let effects = self
            .host(place)?
            .machine
            .as_mut()
            .map(|m| m.ready(moment))
            .unwrap_or_default();
        self.carry_out(place, effects)?;
        if !self.host(place)?.up() {
            return Ok(());
        }
        let height = self.status(place)?.height;
        let again = u64::from(self.faults && self.rng.chance(5_000));
        let next = height.saturating_add(1).saturating_sub(again).max(1);
        self.host(place)?.next_block = usize::try_from(next).unwrap_or(usize::MAX);
        self.want_feed(place);
        Ok(())
    }

    /// Asks a utility as its operator would, and gives the answer. Nothing dies meanwhile.
    pub(crate) fn ask(&mut self, place: usize, command: Command) -> Result<Reply, Fault> {
        let mut id = [0u8; 16];
        let number = self.fresh().to_be_bytes();
        id.iter_mut()
            .zip(number)
            .for_each(|(slot, byte)| *slot = byte);
        let what: String = format!("{command:?}").chars().take(60).collect();
        let faults = core::mem::replace(&mut self.faults, false);
        self.give(place, Input::Command { id, command })?;
        self.faults = faults;
        match self.replies.remove(&id) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(refusal)) => Err(format!("utility {place} refuses {what}: {refusal}")),
            None => Err(format!("utility {place} does not answer {what}")),
        }
    }

    pub(crate) fn status(
        &mut self,
        place: usize,
    ) -> Result<fairway_utility::command::Status, Fault> {
        match self.ask(place, Command::Status)? {
            Reply::Status(status) => Ok(status),
            other => Err(format!(
                "utility {place} answers a question for its status with {other:?}"
            )),
        }
    }
}
