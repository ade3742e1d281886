//! The machine: its state, its one door, and what every handler shares.

use crate::cases::Cases;
use crate::command::{Hop, Policy};
use crate::config::Config;
use crate::door::{Effect, Input, Level, Moment, Row, Table};
use crate::energy::EnergyView;
use crate::envelope::{Envelope, Seen, Sender};
use crate::forecasting::Forecasting;
use crate::home::Homes;
use crate::identify::Attempts;
use crate::marks::Marks;
use crate::node::Node;
use crate::out::{MAX_LOCAL, Out};
use crate::outbox::{Outbox, Parcel};
use crate::peer::Message;
use crate::refused::Refused;
use crate::registry::Registry;
use crate::said::Says;
use crate::trace::Trace;
use crate::visit::{Visits, deadline, session_row};
use fairway_gateway::Step;
use fairway_ledger::money::UtcDay;
use fairway_ledger::{BatchItem, Operation, Transaction, TxNonce};
use fairway_model::canonical::Canonical;
use fairway_model::station::ConnectorState;
use fairway_model::time::DAY;
use fairway_model::{Hash, MemberId, Refusal, RefusalCode, SessionId, SigningKey, StationId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// First pause before a transaction that the ledger refused for now is submitted again, in milliseconds; it doubles each time.
const RESUBMIT: i64 = 2_000;
/// Longest such pause, in milliseconds.
const LONGEST_RESUBMIT: i64 = 60_000;

/// One member's whole business.
#[derive(Debug)]
pub struct Utility {
    pub(crate) me: Config,
    pub(crate) policies: BTreeMap<u32, Policy>,
    pub(crate) registry: Registry,
    pub(crate) visits: Visits,
    pub(crate) homes: Homes,
    pub(crate) outbox: Outbox,
    pub(crate) node: Node,
    pub(crate) marks: Marks,
    pub(crate) traces: BTreeMap<SessionId, Trace>,
    pub(crate) loads: BTreeMap<String, u32>,
    pub(crate) stations: BTreeMap<StationId, String>,
    pub(crate) answers: crate::command_in::Answers,
    /// Connected stations and since when.
    pub(crate) connected: BTreeMap<StationId, Time>,
    pub(crate) connectors: BTreeMap<(StationId, u32), ConnectorState>,
    pub(crate) attempts: Attempts,
    pub(crate) cases: Cases,
    pub(crate) energy: EnergyView,
    /// Its own part in forecasts.
    pub(crate) forecasts: Forecasting,
    /// The day whose money was looked after, since the start of the program.
    pub(crate) money_day: Option<UtcDay>,
    /// Messages that were opened.
    pub(crate) seen: Seen,
    /// What the ledger refused of what operators asked.
    pub(crate) refused: Refused,
}

impl Utility {
    /// A utility with an empty database.
    pub fn new(config: Config) -> Self {
        let policies = BTreeMap::from([(config.policy.version, config.policy.clone())]);
        Self {
            policies,
            registry: Registry::new(config.id, &config.members),
            money_day: None,
            seen: Seen::default(),
            refused: Refused::default(),
            visits: Visits::default(),
            homes: Homes::default(),
            outbox: Outbox::default(),
            node: Node::new(&config),
            marks: Marks::default(),
            traces: BTreeMap::new(),
            loads: BTreeMap::new(),
            stations: BTreeMap::new(),
            answers: crate::command_in::Answers::default(),
            connected: BTreeMap::new(),
            connectors: BTreeMap::new(),
            attempts: Attempts::default(),
            cases: Cases::default(),
            energy: EnergyView::default(),
            forecasts: Forecasting::new(),
            me: config,
        }
    }

    /// The one door: what happened, and everything that must be done about it, in order. The stores of one call are one
    /// database transaction and durable before anything else of it leaves.
    pub fn handle(&mut self, moment: Moment, input: Input) -> Vec<Effect> {
        let mut out = Out::new(moment);
        match input {
            Input::Station { station, words } => self.on_station(&mut out, &station, words),
            Input::Peer { from, envelope } => self.on_envelope(&mut out, from, &envelope),
            Input::Block(block) => self.on_block(&mut out, &block),
            Input::Founding(founding) => self.on_founding(&mut out, &founding),
            Input::Command { id, command } => self.on_command(&mut out, id, command),
            Input::DecryptionKeys(ring) => self.me.ring = ring,
            Input::Loads(loads) => {
                if let Err(refusal) = self.take_loads(&mut out, &loads) {
                    out.log(Level::Error, None, format!("loads: {refusal}"));
                }
            }
            Input::Tick => {}
            Input::Key(key) => self.rekey(&mut out, key),
        }
        self.finish(out)
    }

    /// After the last [`Utility::restore`]: everything that was open goes on.
    pub fn ready(&mut self, moment: Moment) -> Vec<Effect> {
        let mut out = Out::new(moment);
        self.resume(&mut out);
        self.finish(out)
    }

    fn finish(&mut self, mut out: Out) -> Vec<Effect> {
        self.talk_to_ourselves(&mut out);
        self.run_timers(&mut out);
        self.talk_to_ourselves(&mut out);
        self.send_due(&mut out);
        self.write_rows(&mut out);
        let timers = [
            self.visits.next_timer(),
            self.outbox.next_due(),
            self.homes.next_end(),
            self.node.next_deadline(),
            self.cases.next_due(),
            self.registry.duty.next_due(),
            self.next_money(),
            self.forecasts.next_due(),
        ];
        let wake = timers.into_iter().flatten().min();
        out.finish(wake)
    }

    /// Messages between our own two roles need no network: they are handled at once.
    fn talk_to_ourselves(&mut self, out: &mut Out) {
        for _ in 0..MAX_LOCAL {
            let Some(message) = out.local.pop_front() else {
                return;
            };
            self.on_message(out, self.me.id, message);
        }
        out.log(
            Level::Error,
            None,
            format!("more than {MAX_LOCAL} messages to ourselves in one input"),
        );
    }

    fn run_timers(&mut self, out: &mut Out) {
        // Timers of charges that this input changed are set first.
        self.set_timers(out);
        while let Some(id) = self.visits.pop_timer(out.now) {
            self.on_timer(out, id);
            self.set_timer(id);
        }
        while let Some(id) = self.homes.pop_end(out.now) {
            self.home_over(out, id);
        }
        self.act_in_cases(out);
        self.node.expire(out);
        self.close_cycles(out);
        self.run_money(out);
        self.run_forecasts(out);
    }

    fn set_timers(&mut self, out: &Out) {
        for id in out.visits.clone() {
            self.set_timer(id);
        }
    }

    pub(crate) fn set_timer(&mut self, id: SessionId) {
        let Some(visit) = self.visits.get(id) else {
            return;
        };
        let connected = self.connected.get(&visit.session.station).copied();
        let ttl = visit
            .session
            .agreement
            .and_then(|a| self.registry.agreement(a))
            .map_or(DAY, |a| a.hold_ttl);
        let at = deadline(visit, self.policy().home_timeout, connected, ttl);
        self.visits.set_timer(id, at);
    }

    fn send_due(&mut self, out: &mut Out) {
        for _ in 0..MAX_LOCAL {
            let due = self.outbox.take_due(out.now);
            let loads = self.send_loads(out);
            if due.is_empty() && !loads {
                return;
            }
            for (_, parcel, _) in due {
                match parcel {
                    Parcel::Peer { to, message } => self.send(out, to, *message),
                    Parcel::Ledger { transaction } => out.act(Effect::Submit { transaction }),
                    // Items leave in loads.
                    Parcel::Item { .. } => {}
                }
            }
            // What we answer ourselves may ask for more.
            self.talk_to_ourselves(out);
        }
    }

    /// Signs and submits what is due of holds, releases and charges: one alone as an operation of its own, more as a batch. Whether
    /// anything left.
    fn send_loads(&mut self, out: &mut Out) -> bool {
        let mut left = false;
        for transaction in self.outbox.take_overdue(out.now) {
            out.act(Effect::Submit { transaction });
            left = true;
        }
        while let Some(load) = self.outbox.take_load(out.now) {
            let origin: Vec<(String, u32)> = load.iter().map(|(k, r, _)| (k.clone(), *r)).collect();
            let keys: BTreeSet<String> = load.iter().map(|(key, ..)| key.clone()).collect();
            let mut items: Vec<BatchItem> = load.into_iter().map(|(.., item)| item).collect();
            let operation = match items.pop() {
                Some(only) if items.is_empty() => only.into_operation(),
                last => Operation::Batch(items.into_iter().chain(last).collect()),
            };
            let origin = (origin, operation.clone()).to_bytes();
            let transaction = self.sign(operation, &origin);
            self.outbox.loaded(keys, transaction.clone(), out.now);
            out.act(Effect::Submit { transaction });
            left = true;
        }
        left
    }

    fn write_rows(&mut self, out: &mut Out) {
        for id in core::mem::take(&mut out.visits) {
            self.visits.index(id);
            self.set_timer(id);
            if let Some(visit) = self.visits.get(id) {
                out.put(session_row(visit));
            }
        }
        for id in core::mem::take(&mut out.homes) {
            self.homes.index(id);
            if let Some(charge) = self.homes.all.get(&id) {
                out.put(charge.row());
            }
        }
        for id in core::mem::take(&mut out.traces) {
            if let Some(trace) = self.traces.get(&id) {
                let row = self.trace_row(id, trace);
                out.put(row);
            }
        }
        // A trace lives as long as its charge.
        if self.traces.len()
            > crate::visit::MAX_CLOSED
                .saturating_add(crate::home::MAX_CLOSED_HOME)
                .saturating_add(crate::visit::MAX_OPEN)
        {
            let (visits, homes) = (&self.visits, &self.homes);
            self.traces
                .retain(|id, _| visits.get(*id).is_some() || homes.all.contains_key(id));
        }
    }

    fn trace_row(&self, id: SessionId, trace: &Trace) -> Row {
        let (table, key) = if self.visits.get(id).is_some() {
            (Table::VisitedSessions, format!("{id}/hops"))
        } else {
            (Table::HomeCharges, format!("{}{id}", crate::restore::HOPS))
        };
        Row::new(
            table,
            key,
            id.to_string(),
            trace.began,
            format!("{} hops", trace.hops.len()),
            trace,
        )
    }

    // What handlers share.

    /// Rules and policy in force.
    pub(crate) fn policy(&self) -> &Policy {
        self.policies
            .last_key_value()
            .map_or(&self.me.policy, |(_, p)| p)
    }

    /// Sends once; to ourselves without network.
    pub(crate) fn send(&mut self, out: &mut Out, to: MemberId, message: Message) {
        if to == self.me.id {
            out.local.push_back(message);
            return;
        }
        let sender = Sender {
            me: self.me.id,
            chain: &self.me.chain,
            key: &self.me.key,
        };
        let key = self.registry.encryption_key_of(to);
        match Envelope::seal(&sender, (to, key), out.now, &message, out.draw()) {
            Ok(envelope) => out.peer(to, envelope.to_bytes()),
            // What waits for an answer is tried again, and goes when there is a key.
            Err(refusal) => out.log(
                Level::Error,
                None,
                format!("{} not sent: {refusal}", message.name()),
            ),
        }
    }

    /// Sends, and repeats until [`Utility::answered`].
    pub(crate) fn ask(
        &mut self,
        out: &mut Out,
        key: String,
        to: MemberId,
        message: Message,
        session: Option<SessionId>,
        durable: bool,
    ) {
        let message = Box::new(message);
        let row = self
            .outbox
            .add(key, Parcel::Peer { to, message }, session, durable, out.now);
        if let Some(row) = row {
            out.put(row);
        }
    }

    /// Submits an operation, and repeats until its receipt. The same operation makes the same transaction; what may stand in a batch
    /// leaves with whatever else is due.
    pub(crate) fn submit(
        &mut self,
        out: &mut Out,
        key: String,
        operation: Operation,
        session: Option<SessionId>,
        delay: i64,
    ) {
        match BatchItem::of(operation) {
            Ok(item) => self.put_item(out, key, item, (session, delay, 0)),
            Err(operation) => {
                let origin = (key.clone(), operation.clone()).to_bytes();
                self.submit_as(out, key, *operation, (session, delay), &origin);
            }
        }
    }

    fn put_item(
        &mut self,
        out: &mut Out,
        key: String,
        item: BatchItem,
        (session, delay, refused): (Option<SessionId>, i64, u32),
    ) {
        let item = Box::new(item);
        let parcel = Parcel::Item { item, refused };
        let at = out.now.plus(delay);
        if let Some(row) = self.outbox.add(key, parcel, session, true, at) {
            out.put(row);
        }
    }

    /// Submits an operation again whose transaction was refused for now: under another nonce, and after a pause.
    pub(crate) fn submit_again(
        &mut self,
        out: &mut Out,
        key: &str,
        operation: Operation,
        refused: Hash,
    ) {
        let (session, before) = (self.outbox.session_of(key), self.outbox.refusals(key));
        let pause = RESUBMIT
            .saturating_mul(1 << before.min(16))
            .min(LONGEST_RESUBMIT);
        let count = before.saturating_add(1);
        match BatchItem::of(operation) {
            Ok(item) => self.put_item(out, key.to_owned(), item, (session, pause, count)),
            Err(operation) => {
                self.submit_as(
                    out,
                    key.to_owned(),
                    *operation,
                    (session, pause),
                    &refused.0,
                );
                self.outbox.set_refusals(key, count);
            }
        }
    }

    fn sign(&self, operation: Operation, origin: &[u8]) -> Vec<u8> {
        let nonce = Hash::keyed(&self.me.secret, "fairway.nonce", origin);
        let nonce = TxNonce(nonce.short());
        Transaction::sign(&self.me.chain, self.me.id, nonce, operation, &self.me.key).to_bytes()
    }

    fn submit_as(
        &mut self,
        out: &mut Out,
        key: String,
        operation: Operation,
        (session, delay): (Option<SessionId>, i64),
        origin: &[u8],
    ) {
        let transaction = self.sign(operation, origin);
        let parcel = Parcel::Ledger { transaction };
        if let Some(row) = self
            .outbox
            .add(key, parcel, session, true, out.now.plus(delay))
        {
            out.put(row);
        }
    }

    /// Signs with another key from now on, and anew what waits for the ledger: it takes the old key no more.
    fn rekey(&mut self, out: &mut Out, key: SigningKey) {
        self.me.key = key;
        self.outbox.unload(out.now);
        self.sign_anew(out);
    }

    /// Signs with our present key what waits for the ledger under another one.
    pub(crate) fn sign_anew(&mut self, out: &mut Out) {
        let present = self.me.key.public();
        for (name, session, waiting) in self.outbox.transactions() {
            let Ok(tx) = Transaction::read(&waiting) else {
                continue;
            };
            if tx.key == present {
                continue;
            }
            let (chain, me, key) = (&self.me.chain, self.me.id, &self.me.key);
            let transaction = Transaction::sign(chain, me, tx.nonce, tx.operation, key).to_bytes();
            let parcel = Parcel::Ledger { transaction };
            if let Some(row) = self.outbox.add(name, parcel, session, true, out.now) {
                out.put(row);
            }
        }
    }

    /// Whether the ledger refused a transaction only because it was signed with a key that was replaced meanwhile. It is signed anew
    /// when the new key is here.
    pub(crate) fn signed_before(&self, tx: &Transaction, refusal: &Refusal) -> bool {
        refusal.code == RefusalCode::NotAuthorized
            && tx.member == self.me.id
            && self.registry.key_of(tx.member) != Some(tx.key)
    }

    /// Takes what was answered out of the outbox; whether it was there.
    pub(crate) fn answered(&mut self, out: &mut Out, key: &str) -> bool {
        let Some(entry) = self.outbox.done(key) else {
            return false;
        };
        if entry.durable {
            out.delete(Table::Outbox, key);
        }
        true
    }

    /// Adds a hop to a charge's trace; the sentence names the flow chart's step.
    pub(crate) fn hop(
        &mut self,
        out: &mut Out,
        id: SessionId,
        way: (&str, &str),
        step: &str,
        what: &Says,
    ) {
        let hop = Hop {
            at: out.now,
            from: way.0.to_owned(),
            to: way.1.to_owned(),
            what: format!("[{step}] {what}"),
        };
        self.traces.entry(id).or_default().push(hop);
        out.traces.insert(id);
    }

    /// Moves a charge at our station on; a step that does not fit is logged and changes nothing.
    pub(crate) fn step(&mut self, out: &mut Out, id: SessionId, step: Step) -> bool {
        let Some(visit) = self.visits.get_mut(id) else {
            return false;
        };
        match visit.session.step(step, out.now) {
            Ok(_) => {
                out.visits.insert(id);
                self.happened(out, id, step);
                self.visits.index(id);
                true
            }
            Err(refusal) => {
                out.log(Level::Warn, Some(id), refusal.to_string());
                false
            }
        }
    }
}
