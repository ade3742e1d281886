//! Everything together: the clock, the network, and who answers which event.

use crate::cast::{BEGIN, Cast, Driver, Fault, REPLICAS, UTILITIES};
use crate::driver::Visit;
use crate::host::Host;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::post::Post;
use crate::queue::Queue;
use crate::rng::Rng;
use crate::trace::Trace;
use fairway_model::station::{CallId, FromStation, ToStation};
use fairway_model::time::SECOND;
use fairway_model::{Energy, Refusal, SessionId, Time};
use fairway_utility::command::Reply;
use std::collections::{BTreeMap, BTreeSet};

/// Most events of one world; more means that something runs in a circle.
const MAX_EVENTS: u64 = 2_000_000;
/// Where the ends of links to replicas are counted from, beside the utilities.
pub(crate) const REPLICA_END: usize = 10;

/// What can happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A utility wanted to be woken.
    Wake(usize),
    /// A utility starts again.
    Boot(usize),
    /// A utility dies.
    Crash(usize),
    /// A message between utilities arrives.
    Peer {
        from: usize,
        to: usize,
        envelope: Vec<u8>,
    },
    /// A transaction arrives at a replica.
    Submit {
        replica: usize,
        transaction: Vec<u8>,
    },
    /// Time to cut a block.
    Cut,
    /// A replica hears of new blocks.
    Execute(usize),
    /// A utility's link to its replica brings the next block.
    Feed(usize),
    /// Words of a station arrive at its gateway.
    ToGateway {
        post: usize,
        conn: u64,
        words: FromStation,
    },
    /// Words of a gateway arrive at its station.
    ToPost {
        post: usize,
        conn: u64,
        words: ToStation,
    },
    /// A station tries to connect.
    Connect(usize),
    /// A gateway notices that a connection is dead.
    Noticed { post: usize, conn: u64 },
    /// A station waited long enough for an answer.
    TimedOut {
        post: usize,
        conn: u64,
        call: CallId,
    },
    /// A station wanted to be woken.
    Tick(usize),
    /// The instruments of a station are read.
    Measure { post: usize, boots: u64 },
    /// A station has power again.
    PowerOn(usize),
    /// A driver comes.
    Arrive(usize),
    /// A driver looks at the screen.
    Look(usize),
    /// Something breaks.
    Break(Trouble),
}

/// What breaks from time to time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    Partition,
    PowerCut,
    LinkCut,
    ReplicaOut,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) inputs: u64,
    pub(crate) events: u64,
    pub(crate) crashes: u64,
    pub(crate) power_cuts: u64,
    pub(crate) troubles: u64,
    pub(crate) offers: u64,
    pub(crate) alarms: u64,
}

/// A world under a seed.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) rng: Rng,
    pub(crate) queue: Queue<Event>,
    pub(crate) trace: Trace,
    pub(crate) cast: Cast,
    pub(crate) ledger: Ledger,
    pub(crate) hosts: Vec<Host>,
    pub(crate) posts: Vec<Post>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) replies: BTreeMap<[u8; 16], Result<Reply, Refusal>>,
    /// Whether things break now.
    pub(crate) faults: bool,
    /// Links that carry nothing until a time, by both ends, one direction each.
    pub(crate) blocked: BTreeMap<(usize, usize), Time>,
    /// Charges that a driver said yes to while the offer stood on the screen.
    pub(crate) consented: BTreeSet<SessionId>,
    /// What the meters measured while the contactor was closed for a charge.
    pub(crate) delivered: BTreeMap<SessionId, Energy>,
    pub(crate) counts: Counts,
    /// Whether the planted fault was carried out.
    pub(crate) sabotaged: bool,
    pub(crate) numbers: u64,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Result<Self, Fault> {
        Self::with(seed, plan, Cast::new(plan.stations)?)
    }

    /// A world with this cast.
    pub(crate) fn with(seed: u64, plan: Plan, cast: Cast) -> Result<Self, Fault> {
        let mut rng = Rng::new(seed);
        let cins = cast.drivers.iter().map(|d: &Driver| d.customer.cin.clone());
        let ledger = Ledger::new(&cast.genesis, cins)?;
        let skew = (plan.skew.saturating_neg(), plan.skew);
        let hosts = (0..UTILITIES).map(|_| Host::new(rng.span(skew))).collect();
        let posts = cast
            .bays
            .iter()
            .map(|bay| Post::new(bay.clone(), rng.span(skew), BEGIN))
            .collect();
        Ok(Self {
            plan,
            rng,
            queue: Queue::new(BEGIN),
            trace: Trace::default(),
            cast,
            ledger,
            hosts,
            posts,
            visits: Vec::new(),
            replies: BTreeMap::new(),
            faults: false,
            blocked: BTreeMap::new(),
            consented: BTreeSet::new(),
            delivered: BTreeMap::new(),
            counts: Counts::default(),
            sabotaged: false,
            numbers: 0,
        })
    }

    pub(crate) fn now(&self) -> Time {
        self.queue.now()
    }

    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        let now = self.queue.now();
        self.trace.note(now, text);
    }

    /// A number that was not used before.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    pub(crate) fn host(&mut self, place: usize) -> Result<&mut Host, Fault> {
        self.hosts
            .get_mut(place)
            .ok_or_else(|| format!("no utility {place}"))
    }

    pub(crate) fn post(&mut self, place: usize) -> Result<&mut Post, Fault> {
        self.posts
            .get_mut(place)
            .ok_or_else(|| format!("no station {place}"))
    }

    /// Runs until `until`, or to the first thing that must not be.
    pub(crate) fn run_to(&mut self, until: Time) -> Result<(), Fault> {
        while let Some(event) = self.queue.pop(until) {
            self.counts.events = self.counts.events.saturating_add(1);
            if self.counts.events > MAX_EVENTS {
                return Err(format!(
                    "more than {MAX_EVENTS} events: something runs in a circle"
                ));
            }
            self.happen(event)?;
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), Fault> {
        match event {
            Event::Wake(host) => self.wake(host),
            Event::Boot(host) => self.boot(host),
            Event::Crash(host) => self.crash(host, "planted"),
            Event::Peer { from, to, envelope } => self.peer_arrives(from, to, envelope),
            Event::Submit {
                replica,
                transaction,
            } => self.submitted(replica, transaction),
            Event::Cut => {
                self.cut();
                Ok(())
            }
            Event::Execute(replica) => self.executes(replica),
            Event::Feed(host) => self.feed(host),
            Event::ToGateway { post, conn, words } => self.at_gateway(post, conn, words),
            Event::ToPost { post, conn, words } => self.at_post(post, conn, words),
            Event::Connect(post) => self.connect(post),
            Event::Noticed { post, conn } => self.noticed(post, conn),
            Event::TimedOut { post, conn, call } => self.timed_out(post, conn, call),
            Event::Tick(post) => self.tick(post),
            Event::Measure { post, boots } => self.measure(post, boots),
            Event::PowerOn(post) => self.power_on(post),
            Event::Arrive(visit) => self.arrive(visit),
            Event::Look(visit) => self.look(visit),
            Event::Break(trouble) => self.breaks(trouble),
        }
    }

    // The network.

    /// Delay of one message; before and after the faults the network is quick.
    pub(crate) fn delay(&mut self) -> i64 {
        let range = if self.faults {
            self.plan.delay
        } else {
            Plan::CALM.delay
        };
        self.rng.span(range)
    }

    pub(crate) fn open(&self, from: usize, to: usize) -> bool {
        self.blocked
            .get(&(from, to))
            .is_none_or(|until| *until <= self.now())
    }

    /// How often a message arrives: not at all, once, twice.
    pub(crate) fn copies(&mut self) -> usize {
        if !self.faults {
            return 1;
        }
        if self.rng.chance(self.plan.loss) {
            return 0;
        }
        if self.rng.chance(self.plan.twice) {
            2
        } else {
            1
        }
    }

    pub(crate) fn send_peer(&mut self, from: usize, to: usize, envelope: &[u8]) {
        if !self.open(from, to) {
            return;
        }
        for _ in 0..self.copies() {
            let delay = self.delay();
            let envelope = envelope.to_vec();
            self.queue.after(delay, Event::Peer { from, to, envelope });
        }
    }

    pub(crate) fn send_ledger(&mut self, from: usize, transaction: &[u8]) {
        // A utility speaks to its own replica, and to the next one when its own is gone.
        let reachable = (0..REPLICAS)
            .map(|n| from.saturating_add(n) % REPLICAS)
            .find(|r| self.ledger.reachable(*r, self.now()));
        let Some(replica) = reachable.filter(|_| self.open(from, REPLICA_END)) else {
            return;
        };
        for _ in 0..self.copies() {
            let delay = self.delay();
            let transaction = transaction.to_vec();
            self.queue.after(
                delay,
                Event::Submit {
                    replica,
                    transaction,
                },
            );
        }
    }

    // The ledger.

    fn submitted(&mut self, replica: usize, transaction: Vec<u8>) -> Result<(), Fault> {
        let kind = Ledger::kind(&transaction);
        if !self.ledger.reachable(replica, self.now()) {
            return Ok(());
        }
        self.note(format!("ledger takes {kind}"));
        self.ledger.submit(replica, transaction)
    }

    fn cut(&mut self) {
        let now = self.now();
        if let Some(height) = self.ledger.cut(now) {
            self.note(format!("block {height}"));
            for replica in 0..REPLICAS {
                let delay = self.delay();
                self.queue.after(delay, Event::Execute(replica));
            }
        }
        let next = self.rng.span(self.plan.block);
        self.queue.after(next.max(1), Event::Cut);
    }

    fn executes(&mut self, replica: usize) -> Result<(), Fault> {
        let now = self.now();
        self.ledger.catch_up(replica, now)?;
        self.want_feed(replica);
        Ok(())
    }

    /// Sees to it that a utility hears of blocks.
    pub(crate) fn want_feed(&mut self, place: usize) {
        let delay = self.delay();
        if let Some(host) = self.hosts.get_mut(place)
            && !host.feeding
        {
            host.feeding = true;
            self.queue.after(delay, Event::Feed(place));
        }
    }

    fn feed(&mut self, place: usize) -> Result<(), Fault> {
        let open = self.open(REPLICA_END, place);
        let host = self.host(place)?;
        host.feeding = false;
        if !host.up() {
            return Ok(());
        }
        let height = host.next_block;
        if !open {
            self.host(place)?.feeding = true;
            self.queue.after(SECOND, Event::Feed(place));
            return Ok(());
        }
        let Some(block) = self.ledger.block_for(place, height) else {
            return Ok(());
        };
        self.host(place)?.next_block = height.saturating_add(1);
        if self.skips_block(&block) {
            return Ok(());
        }
        if self.faults && self.rng.chance(self.plan.twice) {
            self.give(place, fairway_utility::door::Input::Block(block.clone()))?;
        }
        self.give(place, fairway_utility::door::Input::Block(block))?;
        self.want_feed(place);
        Ok(())
    }
}
