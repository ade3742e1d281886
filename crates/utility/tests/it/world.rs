//! The world: utilities with their stored rows, a ledger, a network that may lose, double and reorder.

use fairway_gateway::State;
use fairway_ledger::{Block as LedgerBlock, Contracts, Genesis, Key};
use fairway_model::registry::Member;
use fairway_model::station::{FromStation, ToStation};
use fairway_model::{Hash, MemberId, SessionId, StationId, Time};
use fairway_utility::command::{Books, Command, Reply};
use fairway_utility::door::{
    Block, Change, Effect, Entry, Input, Level, LogLine, Moment, Row, Table,
};
use fairway_utility::happening::Happening;
use fairway_utility::{Config, Utility};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) struct Host {
    pub(crate) config: Config,
    pub(crate) utility: Option<Utility>,
    pub(crate) rows: BTreeMap<(Table, String), Row>,
    pub(crate) wake: Option<Time>,
}

/// What the network does to messages and transactions.
#[derive(Clone, Copy, Default)]
pub(crate) struct Net {
    pub(crate) lose_percent: u64,
    pub(crate) double_percent: u64,
    pub(crate) shuffle: bool,
}

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) hosts: BTreeMap<MemberId, Host>,
    pub(crate) off: BTreeSet<MemberId>,
    contracts: Contracts,
    state: BTreeMap<Key, Vec<u8>>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) mempool: Vec<Vec<u8>>,
    pub(crate) ledger_stalled: bool,
    pub(crate) packets: VecDeque<(MemberId, MemberId, Vec<u8>)>,
    pub(crate) sent: BTreeMap<(MemberId, MemberId), u64>,
    pub(crate) said: BTreeMap<StationId, Vec<ToStation>>,
    pub(crate) logs: Vec<(MemberId, LogLine)>,
    pub(crate) happened: Vec<(MemberId, Happening)>,
    replies: BTreeMap<[u8; 16], Result<Reply, fairway_model::Refusal>>,
    pub(crate) net: Net,
    random: u64,
    pub(crate) inputs: u64,
    /// Crash the handling utility at this input, and whether its effects still leave.
    pub(crate) crash_at: Option<(u64, bool)>,
    pub(crate) crashed: bool,
    pub(crate) states: BTreeSet<(State, State)>,
    last: BTreeMap<SessionId, State>,
}

impl World {
    pub(crate) fn new(configs: Vec<Config>, members: Vec<Member>, start: Time) -> Self {
        let genesis = Genesis {
            chain_id: "test".to_owned(),
            members,
        };
        let contracts = Contracts::new(&genesis).unwrap();
        let state = contracts.genesis().clone();
        let hosts = configs
            .into_iter()
            .map(|config| {
                (
                    config.id,
                    Host {
                        utility: Some(Utility::new(config.clone())),
                        config,
                        rows: BTreeMap::new(),
                        wake: None,
                    },
                )
            })
            .collect();
        Self {
            now: start,
            hosts,
            off: BTreeSet::new(),
            contracts,
            state,
            blocks: Vec::new(),
            mempool: Vec::new(),
            ledger_stalled: false,
            packets: VecDeque::new(),
            sent: BTreeMap::new(),
            said: BTreeMap::new(),
            logs: Vec::new(),
            happened: Vec::new(),
            replies: BTreeMap::new(),
            net: Net::default(),
            random: 7,
            inputs: 0,
            crash_at: None,
            crashed: false,
            states: BTreeSet::new(),
            last: BTreeMap::new(),
        }
    }

    pub(crate) fn random(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }

    /// A value of the ledger's state.
    pub(crate) fn state_of(&self, key: &Key) -> Option<Vec<u8>> {
        self.state.get(key).cloned()
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    }

    pub(crate) fn utility(&self, member: MemberId) -> &Utility {
        self.hosts[&member].utility.as_ref().unwrap()
    }

    fn moment(&mut self) -> Moment {
        let entropy =
            Hash::plain(&[self.inputs.to_be_bytes(), self.now.0.to_be_bytes()].concat()).0;
        Moment {
            now: self.now,
            entropy,
        }
    }

    pub(crate) fn input(&mut self, member: MemberId, input: Input) {
        if self.off.contains(&member) {
            return;
        }
        self.inputs += 1;
        let moment = self.moment();
        let host = self.hosts.get_mut(&member).unwrap();
        let effects = host.utility.as_mut().unwrap().handle(moment, input);
        let crash = self.crash_at.filter(|(at, _)| *at == self.inputs);
        self.carry_out(member, effects, crash.is_none_or(|(_, leave)| leave));
        self.watch(member);
        if crash.is_some() {
            self.crashed = true;
            self.restart(member);
        }
    }

    /// kill -9 and start again from the stored rows.
    pub(crate) fn restart(&mut self, member: MemberId) {
        let moment = self.moment();
        let host = self.hosts.get_mut(&member).unwrap();
        let before = host.utility.take().map(|u| u.fingerprint());
        let mut utility = Utility::new(host.config.clone());
        // Rows in any order: here the reverse one.
        for row in host.rows.values().rev() {
            utility.restore(row).unwrap();
        }
        let effects = utility.ready(Moment {
            now: Time(i64::MIN),
            ..moment
        });
        // Nothing is due before all times, so only what `resume` itself ends may differ.
        let ended = effects.iter().any(|e| matches!(e, Effect::Store(c) if matches!(c, Change::Put(r) if r.table == Table::VisitedSessions)));
        if !ended {
            assert_eq!(
                before,
                Some(utility.fingerprint()),
                "a restored utility is another one"
            );
        }
        let mut again = Utility::new(host.config.clone());
        for row in host.rows.values() {
            again.restore(row).unwrap();
        }
        let effects = again.ready(moment);
        host.utility = Some(again);
        host.wake = None;
        self.carry_out(member, effects, true);
        self.watch(member);
    }

    fn carry_out(&mut self, member: MemberId, effects: Vec<Effect>, leave: bool) {
        let mut others = false;
        for effect in effects {
            if let Effect::Store(change) = effect {
                assert!(!others, "a store after another effect: {change:?}");
                let rows = &mut self.hosts.get_mut(&member).unwrap().rows;
                match change {
                    Change::Put(row) => {
                        assert!(row.key.len() <= 160, "{}", row.key);
                        rows.insert((row.table, row.key.clone()), row);
                    }
                    Change::Delete { table, key } => {
                        rows.remove(&(table, key));
                    }
                }
                continue;
            }
            others = true;
            if let Effect::Happened(what) = effect {
                self.happened.push((member, what));
                continue;
            }
            if leave || matches!(effect, Effect::Log(_) | Effect::WakeAt(_)) {
                self.outward(member, effect);
            }
        }
    }

    fn outward(&mut self, member: MemberId, effect: Effect) {
        let copies = if self.random() % 100 < self.net.lose_percent {
            0
        } else if self.random() % 100 < self.net.double_percent {
            2
        } else {
            1
        };
        match effect {
            Effect::ToStation { station, words } => {
                self.said.entry(station).or_default().push(words);
            }
            Effect::ToPeer { to, envelope } => {
                *self.sent.entry((member, to)).or_default() += 1;
                for _ in 0..copies {
                    self.packets.push_back((member, to, envelope.clone()));
                }
            }
            Effect::Submit { transaction } => {
                if copies > 0 {
                    self.mempool.push(transaction);
                }
            }
            Effect::Reply { id, reply } => {
                self.replies.insert(id, reply);
            }
            Effect::Log(line) => self.logs.push((member, line)),
            Effect::WakeAt(at) => self.hosts.get_mut(&member).unwrap().wake = Some(at),
            Effect::Store(_) | Effect::Happened(_) => unreachable!(),
        }
    }

    /// Notes which ways the charges took.
    fn watch(&mut self, member: MemberId) {
        let utility = self.hosts[&member].utility.as_ref().unwrap();
        for summary in utility.summaries() {
            let Some(state) = utility.gateway_state(summary.session) else {
                continue;
            };
            let before = self.last.insert(summary.session, state);
            if let Some(before) = before.filter(|b| *b != state) {
                self.states.insert((before, state));
            }
        }
    }

    pub(crate) fn command(
        &mut self,
        member: MemberId,
        command: Command,
    ) -> Result<Reply, fairway_model::Refusal> {
        let mut id = [0u8; 16];
        id[..8].copy_from_slice(&(self.inputs + 1_000_000).to_be_bytes());
        loop {
            self.input(
                member,
                Input::Command {
                    id,
                    command: command.clone(),
                },
            );
            if let Some(reply) = self.replies.get(&id) {
                return reply.clone();
            }
        }
    }

    pub(crate) fn station(&mut self, member: MemberId, station: &StationId, words: FromStation) {
        self.input(
            member,
            Input::Station {
                station: station.clone(),
                words,
            },
        );
    }

    /// A value of the ledger's state.
    pub(crate) fn value<T: fairway_model::canonical::Canonical>(&self, key: Key) -> Option<T> {
        T::from_bytes(self.state.get(&key)?).ok()
    }

    fn make_block(&mut self) {
        if self.mempool.is_empty() || self.ledger_stalled {
            return;
        }
        let mut waiting = core::mem::take(&mut self.mempool);
        waiting.dedup();
        let verdicts = self.contracts.admit(&waiting);
        let txs: Vec<Vec<u8>> = waiting
            .into_iter()
            .zip(verdicts)
            .filter_map(|(tx, v)| v.map_err(|r| panic!("not admitted: {r}")).ok().map(|()| tx))
            .collect();
        let height = self.blocks.len() as u64 + 1;
        let block = LedgerBlock {
            height,
            time: self.now,
        };
        let (receipts, writes) = self.contracts.execute(block, &txs, &self.state);
        for (key, value) in writes {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        self.blocks.push(Block {
            height,
            time: self.now,
            entries: txs
                .iter()
                .zip(&receipts)
                .map(|(tx, receipt)| Entry::read(tx, receipt))
                .collect(),
        });
    }

    fn deliver_blocks(&mut self) {
        for member in self.hosts.keys().copied().collect::<Vec<_>>() {
            while !self.off.contains(&member)
                && (self.utility(member).height() as usize) < self.blocks.len()
            {
                let block = self.blocks[self.utility(member).height() as usize].clone();
                self.input(member, Input::Block(block));
            }
        }
    }

    fn deliver_packets(&mut self) {
        for _ in 0..self.packets.len() {
            if self.packets.is_empty() {
                break;
            }
            let at = if self.net.shuffle {
                self.random() as usize % self.packets.len()
            } else {
                0
            };
            let (from, to, envelope) = self.packets.remove(at).unwrap();
            self.input(to, Input::Peer { from, envelope });
        }
    }

    /// One step of 50 ms: messages, a block each second, timers.
    pub(crate) fn step(&mut self) {
        self.now = self.now.plus(50);
        self.deliver_packets();
        if self.now.0 % 1_000 == 0 {
            self.make_block();
        }
        self.deliver_blocks();
        for member in self.hosts.keys().copied().collect::<Vec<_>>() {
            if self.hosts[&member].wake.is_some_and(|at| at <= self.now) {
                self.hosts.get_mut(&member).unwrap().wake = None;
                self.input(member, Input::Tick);
            }
        }
    }

    pub(crate) fn run(&mut self, millis: i64) {
        let until = self.now.plus(millis);
        while self.now < until {
            self.step();
        }
    }

    /// Jumps ahead without a step in between: for waits of hours.
    pub(crate) fn sleep(&mut self, millis: i64) {
        self.now = self.now.plus(millis);
        self.step();
    }

    pub(crate) fn take_said(&mut self, station: &StationId) -> Vec<ToStation> {
        self.said.remove(station).unwrap_or_default()
    }

    pub(crate) fn books(&self) -> BTreeMap<MemberId, Books> {
        self.hosts
            .keys()
            .map(|m| (*m, self.utility(*m).books().unwrap()))
            .collect()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.logs
            .iter()
            .filter(|(_, l)| l.level == Level::Error)
            .map(|(m, l)| format!("{m}: {}", l.text))
            .collect()
    }

    pub(crate) fn messages(&self, from: MemberId, to: MemberId) -> u64 {
        self.sent.get(&(from, to)).copied().unwrap_or(0)
    }
}
