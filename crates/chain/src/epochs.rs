//! One consensus engine after the other: each epoch has its own, with the validators of its set.
//!
//! When the last block of an epoch is applied, the next epoch's engine starts on top of it, and the one before ends. The messages of
//! each epoch travel under its number, so that engines of different epochs never hear each other. A message of a later epoch says that
//! its sender is ahead: then the sender is asked for the certificate over the own epoch's last block.

use std::{sync::Arc, time::Duration};

use commonware_codec::Encode as _;
use commonware_consensus::{
    Reporters,
    simplex::{
        self, Floor, ForwardPolicy, SkipBudget, SkipPolicy,
        elector::RoundRobin,
        scheme::ed25519::Scheme,
        types::{Nullify, Vote},
    },
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Sha256, ed25519::PublicKey, sha256::Digest};
use commonware_p2p::{
    Message,
    utils::mux::{Builder as _, MuxHandle, Muxer},
};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle as Task, IoBuf, buffer::paged::CacheRef};
use commonware_utils::{NZDuration, vec::NonEmptyVec};

use crate::{
    Config,
    early::{Early, Strays},
    engine::{Consensus, FETCH_PAUSE, FETCH_TIMEOUT, MAILBOX, Reporting, VIEWS_KEPT},
    flaws::Judge,
    overlay::Core,
    punctual::Punctual,
    reads::Marshal,
    runtime::{Channel, Peering, Runtime},
    sets::Schemes,
    store::{IO_BUFFER, PREFIX},
    witness::{Listening, Views, Witness},
};

/// How often a node looks whether its epoch has ended without a notice: a block that was applied just before a crash gives none.
const LOOK: Duration = Duration::from_millis(500);

type Engine<E, P> = simplex::Engine<
    E,
    Scheme,
    RoundRobin<Sha256>,
    <P as Peering>::Blocker,
    Digest,
    Judge<Punctual<E>>,
    Consensus<E>,
    Reporting<E>,
    Sequential,
>;

/// The engines' network: one channel per kind of message, divided by epoch.
struct Wires<P: Peering> {
    votes: MuxHandle<P::Sender>,
    certificates: MuxHandle<P::Sender>,
    resolver: MuxHandle<P::Sender>,
    stray_votes: Strays,
    stray_certificates: Strays,
    early_votes: Early,
    early_certificates: Early,
}

/// An engine at work; it ends with this value.
struct Running {
    epoch: u64,
    task: Task<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an epoch waits for.
enum Event {
    /// Its last block is applied.
    Last,
    /// Its engine ended; how.
    Ended(String),
    /// A peer is in a later epoch.
    Ahead(u64, PublicKey),
    /// Time to look.
    Look,
}

/// Starts and ends the engines.
pub(crate) struct Epochs<E: Runtime, P: Peering> {
    pub(crate) context: E,
    pub(crate) config: Config,
    pub(crate) core: Arc<Core>,
    pub(crate) schemes: Schemes,
    pub(crate) marshal: Marshal,
    pub(crate) deferred: Consensus<E>,
    pub(crate) punctual: Punctual<E>,
    pub(crate) blocker: P::Blocker,
    pub(crate) pages: CacheRef,
}

impl<E: Runtime, P: Peering> Epochs<E, P> {
    /// Runs until the node ends. What makes it impossible to go on stops the node by name.
    pub(crate) async fn run(
        mut self,
        votes: Channel<P>,
        certificates: Channel<P>,
        resolver: Channel<P>,
    ) {
        let reason = match self.follow(votes, certificates, resolver).await {
            Ok(never) => match never {},
            Err(reason) => reason,
        };
        self.core.stop_because(reason).await;
    }

    async fn follow(
        &mut self,
        votes: Channel<P>,
        certificates: Channel<P>,
        resolver: Channel<P>,
    ) -> Result<std::convert::Infallible, String> {
        let mut wires = self.wires(votes, certificates, resolver);
        let applied = self.core.applied.follow();
        let processed = self.processed().await;
        let mut epoch = self.core.sets.epoch_of(processed.saturating_add(1));
        let mut running = self.enter(epoch, &mut wires).await?;
        loop {
            let last = self.core.sets.last_of(epoch);
            let event = tokio::select! {
                biased;
                reached = applied.reached(last) => match reached {
                    Some(_) => Event::Last,
                    None => Event::Ended("the node has ended".into()),
                },
                result = &mut running.task => {
                    Event::Ended(result.map_or_else(|error| error.to_string(), |()| "without error".into()))
                }
                Some((theirs, message)) = wires.stray_votes.recv() => {
                    let from = message.0.clone();
                    wires.early_votes.keep(theirs, message);
                    Event::Ahead(theirs, from)
                }
                Some((theirs, message)) = wires.stray_certificates.recv() => {
                    let from = message.0.clone();
                    wires.early_certificates.keep(theirs, message);
                    Event::Ahead(theirs, from)
                }
                () = self.context.sleep(LOOK) => Event::Look,
            };
            let ended = match event {
                Event::Last => true,
                Event::Ended(how) => {
                    return Err(format!("the engine of epoch {epoch} has ended: {how}"));
                }
                Event::Ahead(theirs, from) => {
                    self.hint(theirs, epoch, from);
                    false
                }
                Event::Look => self.processed().await >= last,
            };
            if ended {
                // The engine before ends when the next one runs.
                running = self.enter(epoch.saturating_add(1), &mut wires).await?;
                epoch = running.epoch;
                self.forget_votes(epoch).await;
            }
        }
    }

    /// The height up to which blocks are applied and stored for good. A block whose state was taken counts.
    async fn processed(&mut self) -> u64 {
        let found = self.marshal.get_processed().await;
        let height = found.map_or(0, |processed| processed.height().get());
        match self.core.begins() {
            1 => height,
            begun => height.max(begun),
        }
    }

    fn hint(&self, theirs: u64, own: u64, from: PublicKey) {
        if theirs > own {
            let last = Height::new(self.core.sets.last_of(own));
            self.marshal.hint_finalized(last, NonEmptyVec::new(from));
        }
    }

    fn wires(&self, votes: Channel<P>, certificates: Channel<P>, resolver: Channel<P>) -> Wires<P> {
        let (mux, votes, stray_votes) =
            Muxer::builder(self.context.child("votes"), votes.0, votes.1)
                .with_backup()
                .build();
        mux.start();
        let (mux, certificates, stray_certificates) = Muxer::builder(
            self.context.child("certificates"),
            certificates.0,
            certificates.1,
        )
        .with_backup()
        .build();
        mux.start();
        let (mux, resolver) =
            Muxer::builder(self.context.child("resolver"), resolver.0, resolver.1).build();
        mux.start();
        Wires {
            votes,
            certificates,
            resolver,
            stray_votes,
            stray_certificates,
            early_votes: Early::default(),
            early_certificates: Early::default(),
        }
    }

    /// Starts an epoch's engine on the last block of the epoch before.
    async fn enter(&mut self, epoch: u64, wires: &mut Wires<P>) -> Result<Running, String> {
        let root = match epoch.checked_sub(1) {
            None => self.core.genesis.digest,
            Some(before) => {
                let height = self.core.sets.last_of(before);
                let found = self.marshal.get_block(Height::new(height)).await;
                let block = found
                    .ok_or_else(|| format!("block {height}, the last of its epoch, is missing"))?;
                let block = block.inner();
                self.core.sets.note(block);
                self.core.show_applied(block, false);
                block.digest
            }
        };
        let scheme = self
            .schemes
            .of(epoch)
            .ok_or_else(|| format!("the validators of epoch {epoch} are not known"))?;
        let set = self.core.sets.at(epoch).unwrap_or_default();
        let votes = set.iter().any(|key| *key == self.schemes.public_key());
        tracing::info!(epoch, validators = set.len(), votes, "epoch begins");
        self.core.board.update(|status| {
            status.epoch = epoch;
            status.validators = set.len();
            status.votes = votes;
        });
        let closed = |_| "the network's channels have closed".to_string();
        let greetings = self.greetings(epoch, &scheme);
        let (out, live) = wires.votes.register(epoch).await.map_err(closed)?;
        let votes = (
            out,
            wires
                .early_votes
                .prime(epoch, greetings, &mut wires.stray_votes, live),
        );
        let (out, live) = wires.certificates.register(epoch).await.map_err(closed)?;
        let (early, strays) = (&mut wires.early_certificates, &mut wires.stray_certificates);
        let certificates = (out, early.prime(epoch, Vec::new(), strays, live));
        let resolver = wires.resolver.register(epoch).await.map_err(closed)?;
        let (chain_id, board) = (&self.config.chain_id, Arc::clone(&self.core.board));
        let witness = Arc::new(Witness::new(chain_id, epoch, set, board));
        let engine = self.engine(epoch, root, scheme, Arc::clone(&witness));
        // The witness hears what came early too. The greetings say nothing to it: each is in another's name than its signer's.
        let (votes, heard) = votes;
        let heard = Listening {
            votes: heard,
            witness,
        };
        let task = engine.start((votes, heard), certificates, resolver);
        Ok(Running { epoch, task })
    }

    /// A vote that means nothing, in the name of each validator that was heard lately. It never leaves this node.
    ///
    /// An engine skips a leader from which it has heard nothing while it has heard others, and a new engine has heard nobody: without
    /// this some validators would give up the first leaders of each epoch and others not, and the view would have no quorum for either.
    fn greetings(&self, epoch: u64, scheme: &Scheme) -> Vec<Message<PublicKey>> {
        let nowhere = Round::new(Epoch::new(epoch), View::new(u64::MAX / 2));
        let Some(vote) = Nullify::sign::<Digest>(scheme, nowhere) else {
            return Vec::new();
        };
        let vote = Vote::<Scheme, Digest>::Nullify(vote).encode();
        let set = self.core.sets.at(epoch).unwrap_or_default();
        let heard = set.iter().filter(|key| self.core.hears(key));
        heard
            .map(|key| (key.clone(), IoBuf::from(vote.clone())))
            .collect()
    }

    fn engine(
        &self,
        epoch: u64,
        root: [u8; 32],
        scheme: Scheme,
        witness: Arc<Witness>,
    ) -> Engine<E, P> {
        let leader_timeout = self.config.leader_timeout;
        let board = Arc::clone(&self.core.board);
        let views = Views { board, witness };
        let config = simplex::Config {
            scheme,
            elector: RoundRobin::default(),
            blocker: self.blocker.clone(),
            automaton: Judge {
                inner: self.punctual.clone(),
                flaws: self.core.flaws,
            },
            relay: self.deferred.clone(),
            reporter: Reporters::from((self.deferred.clone(), views)),
            track_historical_votes: false,
            strategy: Sequential,
            partition: partition(epoch),
            mailbox_size: MAILBOX,
            epoch: Epoch::new(epoch),
            floor: Floor::Genesis(Digest(root)),
            replay_buffer: IO_BUFFER,
            write_buffer: IO_BUFFER,
            page_cache: self.pages.clone(),
            leader_timeout,
            certification_timeout: leader_timeout * 2,
            timeout_retry: leader_timeout / 2,
            view_retention: VIEWS_KEPT,
            skip: SkipPolicy::Enabled {
                timeout: leader_timeout * 5 / 2,
                budget: SkipBudget::Participants,
            },
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: FETCH_PAUSE,
            forward: ForwardPolicy::SilentLeader,
        };
        let name = self
            .context
            .child("consensus")
            .with_attribute("epoch", epoch);
        simplex::Engine::new(name, config)
    }

    /// Removes the votes of the epoch before the last one: nothing of it can be decided any more.
    async fn forget_votes(&mut self, epoch: u64) {
        let Some(old) = epoch.checked_sub(2) else {
            return;
        };
        if let Err(error) = self.context.remove(&partition(old), None).await {
            tracing::debug!(old, %error, "votes of an old epoch stay on disk");
        }
    }
}

/// Where the votes of an epoch are stored.
fn partition(epoch: u64) -> String {
    match epoch {
        0 => format!("{PREFIX}-votes"),
        _ => format!("{PREFIX}-votes-{epoch}"),
    }
}
