//! The network between simulated validators: late, lossy, split, one-way, and tapped by the dishonest.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use commonware_actor::{Feedback, Unreliable};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    Address, AddressableManager, AddressableTrackedPeers, BlockedSubscription, Blocker,
    CheckedSender, LimitedSender, PeerSetSubscription, PeerSetUpdate, Provider, Receiver,
    Recipients, TrackedPeers,
};
use commonware_runtime::{Clock as _, IoBuf, IoBufs, Spawner as _, deterministic};
use commonware_utils::{NZUsize, channel::ring, ordered::Map, ordered::Set};
use fairway_chain::wiring::{Channel, Links, Peering};
use tokio::sync::{Notify, mpsc};

use crate::Chance;

/// Messages that a receiver says it holds.
const CAPACITY: NonZeroUsize = NZUsize!(1_024);

/// How messages from one end to another fare.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Least time on the way.
    pub latency: Duration,
    /// Up to so much more, by chance.
    pub jitter: Duration,
    /// Messages lost of a thousand.
    pub loss: u64,
    /// Messages of a thousand that come twice, the second time later.
    pub twice: u64,
}

/// What a dishonest end does with each of its messages: channel, receiving end, bytes; gives what is sent instead.
pub type Tap = Arc<dyn Fn(u64, usize, &IoBuf) -> Vec<(u64, IoBuf)> + Send + Sync>;

/// Sees each message that an end itself sends, before a tap changes it: sending end, channel, bytes.
pub type Watch = Arc<dyn Fn(usize, u64, &IoBuf) + Send + Sync>;

struct Packet {
    from: usize,
    to: usize,
    channel: u64,
    bytes: IoBuf,
}

struct Inner {
    chance: Chance,
    keys: Vec<PublicKey>,
    link: Link,
    cut: BTreeSet<(usize, usize)>,
    blocked: BTreeSet<(usize, usize)>,
    taps: BTreeMap<usize, Tap>,
    watch: Option<Watch>,
    longest: usize,
    too_long: u64,
    doors: BTreeMap<(usize, u64), mpsc::UnboundedSender<(PublicKey, IoBuf)>>,
    flight: BTreeMap<(SystemTime, u64), Packet>,
    latest: BTreeMap<(usize, usize), SystemTime>,
    next: u64,
    subscribers: Vec<mpsc::UnboundedSender<PeerSetUpdate<PublicKey>>>,
    sent: u64,
}

/// The network of all ends. An end is a validator, or one half of a validator that lives twice.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<deterministic::Context>,
    wake: Arc<Notify>,
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").finish_non_exhaustive()
    }
}

impl Net {
    /// A network whose end `i` speaks with the key `keys[i]`. It delivers while the context's task tree lives.
    pub fn start(
        context: &deterministic::Context,
        keys: Vec<PublicKey>,
        link: Link,
        seed: u64,
    ) -> Self {
        use commonware_runtime::Supervisor as _;
        let inner = Inner {
            chance: Chance::new(seed),
            keys,
            link,
            cut: BTreeSet::new(),
            blocked: BTreeSet::new(),
            taps: BTreeMap::new(),
            watch: None,
            longest: usize::MAX,
            too_long: 0,
            doors: BTreeMap::new(),
            flight: BTreeMap::new(),
            latest: BTreeMap::new(),
            next: 0,
            subscribers: Vec::new(),
            sent: 0,
        };
        let net = Self {
            inner: Arc::new(Mutex::new(inner)),
            clock: Arc::new(context.child("net_clock")),
            wake: Arc::new(Notify::new()),
        };
        let pump = net.clone();
        context
            .child("net")
            .spawn(|_| async move { pump.deliver().await });
        net
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All links fare so from now on.
    pub fn weather(&self, link: Link) {
        self.lock().link = link;
    }

    /// Nothing passes from one end to the other any more.
    pub fn cut(&self, from: usize, to: usize) {
        self.lock().cut.insert((from, to));
    }

    /// Ends the cuts among these ends.
    pub fn heal(&self, among: impl Fn(usize, usize) -> bool) {
        self.lock().cut.retain(|(from, to)| !among(*from, *to));
    }

    /// Whom each end has cut off for a broken protocol.
    pub fn blocked(&self) -> Vec<(usize, usize)> {
        self.lock().blocked.iter().copied().collect()
    }

    /// Messages handed to the network so far.
    pub fn sent(&self) -> u64 {
        self.lock().sent
    }

    /// Longest message that passes, in bytes. A longer one breaks the connection, as in the network over TCP: it is lost, and so is
    /// all that was under way on it.
    pub fn longest(&self, bytes: usize) {
        self.lock().longest = bytes;
    }

    /// Messages that were too long so far.
    pub fn too_long(&self) -> u64 {
        self.lock().too_long
    }

    /// Shows every message to a watch from now on.
    pub fn watch(&self, watch: Watch) {
        self.lock().watch = Some(watch);
    }

    /// An end is dishonest from now on.
    pub fn tap(&self, end: usize, tap: Tap) {
        self.lock().taps.insert(end, tap);
    }

    /// Opens all channels of an end anew; what was on the way to it is lost, and it has cut off nobody.
    pub fn open(&self, end: usize) -> Links<Simulated> {
        use fairway_chain::wiring::{
            BACKFILL, BEGIN, BLOCKS, CERTIFICATES, RESOLVER, STATE, TRANSACTIONS, VOTES,
        };
        self.close(end);
        Links {
            network: None,
            peers: Peers(self.clone()),
            blocker: Cutter(self.clone(), end),
            votes: self.channel(end, VOTES.0),
            certificates: self.channel(end, CERTIFICATES.0),
            resolver: self.channel(end, RESOLVER.0),
            backfill: self.channel(end, BACKFILL.0),
            blocks: self.channel(end, BLOCKS.0),
            transactions: self.channel(end, TRANSACTIONS.0),
            begin: self.channel(end, BEGIN.0),
            state: self.channel(end, STATE.0),
        }
    }

    /// An end is gone.
    pub fn close(&self, end: usize) {
        let mut inner = self.lock();
        inner.doors.retain(|(owner, _), _| *owner != end);
        inner.flight.retain(|_, packet| packet.to != end);
        inner.blocked.retain(|(by, _)| *by != end);
    }

    fn channel(&self, end: usize, channel: u64) -> Channel<Simulated> {
        let (door, messages) = mpsc::unbounded_channel();
        self.lock().doors.insert((end, channel), door);
        let net = self.clone();
        (Out { net, end, channel }, In(messages))
    }

    /// Sends from an end as it is, past its tap.
    pub fn inject(&self, from: usize, to: usize, channel: u64, bytes: IoBuf) {
        let now = self.clock.current();
        self.lock().launch(now, from, to, channel, bytes);
        self.wake.notify_one();
    }

    fn send(&self, from: usize, channel: u64, to: &[PublicKey], bytes: &IoBuf) {
        let now = self.clock.current();
        let (ends, tap, watch) = {
            let inner = self.lock();
            let ends: Vec<usize> = inner.ends(to);
            let tap = inner.taps.get(&from).cloned();
            (ends, tap, inner.watch.clone())
        };
        if let Some(watch) = watch {
            watch(from, channel, bytes);
        }
        for end in ends {
            // A tap may look at the network, so it is not called under the lock.
            let messages = match &tap {
                Some(tap) => tap(channel, end, bytes),
                None => vec![(channel, bytes.clone())],
            };
            let mut inner = self.lock();
            for (channel, bytes) in messages {
                inner.launch(now, from, end, channel, bytes);
            }
        }
        self.wake.notify_one();
    }

    async fn deliver(self) {
        loop {
            let now = self.clock.current();
            let next = {
                let mut inner = self.lock();
                while let Some(entry) = inner.flight.first_entry() {
                    if entry.key().0 > now {
                        break;
                    }
                    let packet = entry.remove();
                    inner.arrive(packet);
                }
                inner.flight.first_key_value().map(|(key, _)| key.0)
            };
            match next {
                None => self.wake.notified().await,
                Some(due) => tokio::select! {
                    biased;
                    () = self.wake.notified() => {}
                    () = self.clock.sleep_until(due) => {}
                },
            }
        }
    }
}

impl Inner {
    fn ends(&self, keys: &[PublicKey]) -> Vec<usize> {
        let ends = self.keys.iter().enumerate();
        ends.filter(|(_, key)| keys.contains(key))
            .map(|(end, _)| end)
            .collect()
    }

    fn parted(&self, from: usize, to: usize) -> bool {
        self.cut.contains(&(from, to))
            || self.blocked.contains(&(from, to))
            || self.blocked.contains(&(to, from))
    }

    fn launch(&mut self, now: SystemTime, from: usize, to: usize, channel: u64, bytes: IoBuf) {
        self.sent = self.sent.saturating_add(1);
        if bytes.len() > self.longest {
            self.too_long = self.too_long.saturating_add(1);
            self.flight
                .retain(|_, packet| (packet.from, packet.to) != (from, to));
            return;
        }
        if self.parted(from, to) || self.chance.per_mille(self.link.loss) {
            return;
        }
        let again = self.chance.per_mille(self.link.twice);
        let jitter = u64::try_from(self.link.jitter.as_micros()).unwrap_or(0);
        let late = Duration::from_micros(self.chance.below(jitter.saturating_add(1)));
        let mut due = now + self.link.latency + late;
        // One connection keeps the order of its messages.
        if let Some(latest) = self.latest.get(&(from, to)) {
            due = due.max(*latest);
        }
        self.latest.insert((from, to), due);
        if again {
            let bytes = bytes.clone();
            let packet = Packet {
                from,
                to,
                channel,
                bytes,
            };
            self.put(due + self.link.latency * 20, packet);
        }
        let packet = Packet {
            from,
            to,
            channel,
            bytes,
        };
        self.put(due, packet);
    }

    fn put(&mut self, due: SystemTime, packet: Packet) {
        self.flight.insert((due, self.next), packet);
        self.next = self.next.saturating_add(1);
    }

    fn arrive(&mut self, packet: Packet) {
        if self.parted(packet.from, packet.to) {
            return;
        }
        let Some(key) = self.keys.get(packet.from).cloned() else {
            return;
        };
        if let Some(door) = self.doors.get(&(packet.to, packet.channel)) {
            let _ = door.send((key, packet.bytes));
        }
    }
}

/// The kind of the simulated network.
#[derive(Debug)]
pub struct Simulated;

impl Peering for Simulated {
    type Sender = Out;
    type Receiver = In;
    type Peers = Peers;
    type Blocker = Cutter;
}

/// Sends on one channel.
#[derive(Debug, Clone)]
pub struct Out {
    net: Net,
    end: usize,
    channel: u64,
}

impl Out {
    fn others(&self) -> Vec<PublicKey> {
        let inner = self.net.lock();
        let own = inner.keys.get(self.end);
        let all: BTreeSet<PublicKey> = inner.keys.iter().cloned().collect();
        all.into_iter().filter(|key| Some(key) != own).collect()
    }
}

impl LimitedSender for Out {
    type PublicKey = PublicKey;
    type Checked<'a> = Checked<'a>;

    fn check(&mut self, recipients: Recipients<PublicKey>) -> Result<Checked<'_>, SystemTime> {
        let others = self.others();
        let to = match recipients {
            Recipients::All => others,
            Recipients::Some(some) => some.into_iter().filter(|k| others.contains(k)).collect(),
            Recipients::One(one) => Some(one)
                .into_iter()
                .filter(|k| others.contains(k))
                .collect(),
        };
        Ok(Checked { out: self, to })
    }
}

/// A message that may be sent.
#[derive(Debug)]
pub struct Checked<'a> {
    out: &'a Out,
    to: Vec<PublicKey>,
}

impl CheckedSender for Checked<'_> {
    type PublicKey = PublicKey;

    fn recipients(&self) -> Vec<PublicKey> {
        self.to.clone()
    }

    fn send(self, message: impl Into<IoBufs> + Send, _: bool) -> Unreliable<Feedback> {
        let bytes: IoBufs = message.into();
        let out = self.out;
        out.net
            .send(out.end, out.channel, &self.to, &bytes.coalesce());
        Unreliable::Outcome(Feedback::Ok)
    }
}

/// Receives on one channel.
#[derive(Debug)]
pub struct In(mpsc::UnboundedReceiver<(PublicKey, IoBuf)>);

/// The network is gone.
#[derive(Debug, thiserror::Error)]
#[error("the network is gone")]
pub struct Gone;

impl Receiver for In {
    type Error = Gone;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<(PublicKey, IoBuf), Gone> {
        self.0.recv().await.ok_or(Gone)
    }

    fn capacity(&self) -> NonZeroUsize {
        CAPACITY
    }
}

/// Tells who is a peer.
#[derive(Debug, Clone)]
pub struct Peers(Net);

impl Peers {
    fn all(&self) -> TrackedPeers<PublicKey> {
        TrackedPeers::primary(Set::from_iter_dedup(self.0.lock().keys.iter().cloned()))
    }
}

impl Provider for Peers {
    type PublicKey = PublicKey;

    async fn peer_set(&mut self, _: u64) -> Option<TrackedPeers<PublicKey>> {
        Some(self.all())
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PublicKey> {
        let (news, subscription) = mpsc::unbounded_channel();
        let (latest, all) = (self.all(), self.all());
        let _ = news.send(PeerSetUpdate {
            index: 0,
            latest,
            all,
        });
        // Kept open, or the subscriber would take it for the network's end.
        self.0.lock().subscribers.push(news);
        subscription
    }
}

impl AddressableManager for Peers {
    fn track<R>(&mut self, _: u64, _: R) -> Feedback
    where
        R: Into<AddressableTrackedPeers<PublicKey>> + Send,
    {
        Feedback::Ok
    }

    fn overwrite(&mut self, _: Map<PublicKey, Address>) -> Feedback {
        Feedback::Ok
    }
}

/// Cuts off an end that broke the protocol.
#[derive(Debug, Clone)]
pub struct Cutter(Net, usize);

impl Blocker for Cutter {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        let mut inner = self.0.lock();
        for end in inner.ends(&[peer]) {
            inner.blocked.insert((self.1, end));
        }
        Feedback::Ok
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        let (_, subscription) = ring::channel(NZUsize!(1));
        subscription
    }
}
