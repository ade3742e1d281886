//! The wiring of the engine: network, store, consensus, and the tasks around them. Everything generic is made concrete
//! here and nowhere else.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use commonware_actor::Feedback;
use commonware_broadcast::buffered;
use commonware_consensus::{
    Reporter, Reporters, Viewable as _,
    marshal::{
        self,
        core::Actor as MarshalActor,
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    simplex::{
        self, Floor, ForwardPolicy, SkipBudget, SkipPolicy, elector::RoundRobin,
        scheme::ed25519::Scheme, types::Activity,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Sha256, Signer as _, certificate::ConstantProvider, ed25519::PublicKey,
    sha256::Digest,
};
use commonware_glue::stateful::{
    Config as StatefulConfig, Mailbox as StatefulMailbox, Stateful, SyncPlan, db::SyncEngineConfig,
};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle as Task, buffer::paged::CacheRef};
use commonware_storage::archive::immutable::Archive;
use commonware_utils::{NZDuration, NZU64, NZUsize, ordered::Set};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Config,
    app::App,
    block::{Block, Limits},
    board::Board,
    config::namespace,
    handle::Request,
    ingress::{GOSSIP_QUEUE, receive_gossip, send_gossip, serve_submits},
    network::Links,
    node::Identity,
    overlay::Core,
    reads::Reads,
    runtime::{Channel, Peering, Runtime},
    state::NoStateSync,
    store::{self, IO_BUFFER, PAGE_SIZE, PAGES, PREFIX},
};

/// Messages that wait for one of the engine's actors.
const MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// Blocks handed to the state before the first of them is durable there.
const PENDING_ACKS: NonZeroUsize = NZUsize!(16);
/// Missing blocks that a validator which catches up asks for at a time.
const REPAIR: NonZeroUsize = NZUsize!(32);
/// Proposed blocks of one peer that are kept in memory.
const PROPOSALS_KEPT: usize = 16;
/// Views behind the last final one for which votes and proposals are kept.
const VIEWS_KEPT: ViewDelta = ViewDelta::new(64);
/// One epoch: the validators are fixed for the life of the chain.
const EPOCH_BLOCKS: NonZeroU64 = NZU64!(u64::MAX);
/// Time that an answer from a peer may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause before a peer is asked again.
const FETCH_PAUSE: Duration = Duration::from_millis(100);

/// The state is never fetched from peers, so these numbers are the smallest.
const NO_SYNC: SyncEngineConfig = SyncEngineConfig {
    fetch_batch_size: NZU64!(1),
    apply_batch_size: NZU64!(1),
    max_outstanding_requests: NZUsize!(1),
};

/// The validator's ends of the handle's channels.
pub(crate) struct Doors {
    pub(crate) submits: mpsc::Receiver<Request>,
    pub(crate) reads: mpsc::Receiver<Request>,
    pub(crate) stop: mpsc::Receiver<oneshot::Sender<()>>,
    pub(crate) fatal: mpsc::UnboundedReceiver<String>,
}

/// Runs a validator until it is stopped, or until it cannot go on: then it says why.
pub(crate) async fn run<E: Runtime, P: Peering>(
    context: E,
    config: Config,
    identity: Identity,
    core: Arc<Core>,
    links: Links<P>,
    mut doors: Doors,
) -> Option<String> {
    let Some(participants) = participants(&identity) else {
        return Some("validators are not distinct".into());
    };
    let (submits, reads) = (doors.submits, doors.reads);
    let work = async {
        let node = Node {
            context: &context,
            config: &config,
            identity: &identity,
            core: &core,
            participants: &participants,
        };
        match node.build(links, submits, reads).await {
            Ok(tasks) => match Task::select(tasks).await {
                Ok(()) => "an engine task has ended".to_string(),
                Err(error) => format!("an engine task has failed: {error}"),
            },
            Err(reason) => reason,
        }
    };
    tokio::select! {
        biased;
        Some(_reply) = doors.stop.recv() => None,
        Some(reason) = doors.fatal.recv() => Some(reason),
        reason = Box::pin(work) => Some(reason),
    }
}

fn participants(identity: &Identity) -> Option<Set<PublicKey>> {
    Set::try_from(identity.validators.clone()).ok()
}

/// Tells the board in which view the consensus is.
#[derive(Clone)]
struct Views(Arc<Board>);

impl Reporter for Views {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        let view = activity.view().get();
        self.0.update(|status| status.view = status.view.max(view));
        Feedback::Ok
    }
}

type Store<E, V> = Archive<E, Digest, V>;
type Finalization = simplex::types::Finalization<Scheme, Digest>;
type State<E> = StatefulMailbox<E, App>;
type Consensus<E> = Deferred<E, Scheme, State<E>, Block, FixedEpocher>;
type Plan<E> = SyncPlan<E, Scheme, Standard<Block>>;
type MarshalConfig = marshal::Config<
    ConstantProvider<Scheme, Epoch>,
    FixedEpocher,
    Sequential,
    Block,
    Digested<Block>,
>;
type Reporting<E> = Reporters<Consensus<E>, Views>;
type Engine<E, P> = simplex::Engine<
    E,
    Scheme,
    RoundRobin<Sha256>,
    <P as Peering>::Blocker,
    Digest,
    Consensus<E>,
    Consensus<E>,
    Reporting<E>,
    Sequential,
>;
type Tasks = Vec<Task<()>>;

/// What all parts of the wiring need.
struct Node<'a, E> {
    context: &'a E,
    config: &'a Config,
    identity: &'a Identity,
    core: &'a Arc<Core>,
    participants: &'a Set<PublicKey>,
}

impl<E: Runtime> Node<'_, E> {
    /// Starts every part and gives their tasks; the end of any of them is the end of the validator.
    async fn build<P: Peering>(
        &self,
        links: Links<P>,
        submits: mpsc::Receiver<Request>,
        reads: mpsc::Receiver<Request>,
    ) -> Result<Tasks, String> {
        let Links {
            network,
            peers,
            blocker,
            ..
        } = links;
        let pages = CacheRef::new(PAGE_SIZE, PAGES);
        let scheme = self.scheme()?;
        let mut tasks = Tasks::from_iter(network);
        let plan = SyncPlan::init(self.context.child("plan"), PREFIX).await;
        let fetcher = marshal_resolver::init(
            self.context.child("backfill"),
            self.backfill_config::<P>(&peers, &blocker),
            links.backfill,
        );
        let (broadcast, buffer) = buffered::Engine::new(
            self.context.child("blocks"),
            self.blocks_config::<P>(&peers),
        );
        tasks.push(broadcast.start(links.blocks));
        let (finalizations, finalized) = self.archives(&pages).await?;
        let (marshal_actor, marshal, floor) =
            MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
                self.context.child("marshal"),
                finalizations,
                finalized,
                self.marshal_config(&plan, &scheme, &pages),
            )
            .await;
        let (stateful, mailbox) = Stateful::new(
            self.context.child("stateful"),
            StatefulConfig {
                application: App(Arc::clone(self.core)),
                db_config: store::state(&pages),
                provider: (),
                marshal: (marshal.clone(), floor),
                mailbox_size: MAILBOX,
                plan,
                resolvers: NoStateSync,
                sync_config: NO_SYNC,
                prune_config: None,
                strategy: Sequential,
            },
        );
        tasks.push(marshal_actor.start(mailbox.clone(), buffer, fetcher));
        tasks.push(stateful.start());
        let databases = mailbox.subscribe_databases().await;
        let reader = Reads {
            core: Arc::clone(self.core),
            marshal: marshal.clone(),
            databases: databases.clone(),
            validators: Arc::new(self.participants.iter().cloned().collect()),
        };
        self.recover(&reader).await?;
        let deferred: Consensus<E> = Deferred::new(
            self.context.child("deferred"),
            mailbox,
            marshal,
            FixedEpocher::new(EPOCH_BLOCKS),
        );
        let consensus = self.consensus::<P>(scheme, blocker, deferred, pages);
        tasks.push(consensus.start(links.votes, links.certificates, links.resolver));
        self.serve::<P>(reader, links.transactions, submits, reads, &mut tasks);
        Ok(tasks)
    }

    fn scheme(&self) -> Result<Scheme, String> {
        let space = namespace(&self.config.chain_id);
        Scheme::signer(&space, self.participants.clone(), self.identity.key.clone())
            .ok_or_else(|| "own key is not among the validators".into())
    }

    fn backfill_config<P: Peering>(
        &self,
        peers: &P::Peers,
        blocker: &P::Blocker,
    ) -> marshal_resolver::Config<PublicKey, P::Peers, P::Blocker> {
        marshal_resolver::Config {
            public_key: self.identity.key.public_key(),
            peer_provider: peers.clone(),
            blocker: blocker.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: FETCH_PAUSE,
            priority_requests: false,
            priority_responses: false,
        }
    }

    fn blocks_config<P: Peering>(
        &self,
        peers: &P::Peers,
    ) -> buffered::Config<PublicKey, Limits, P::Peers, Sequential> {
        buffered::Config {
            public_key: self.identity.key.public_key(),
            mailbox_size: MAILBOX,
            deque_size: PROPOSALS_KEPT,
            priority: true,
            codec_config: self.core.limits,
            peer_provider: peers.clone(),
            strategy: Sequential,
        }
    }

    fn marshal_config(&self, plan: &Plan<E>, scheme: &Scheme, pages: &CacheRef) -> MarshalConfig {
        marshal::Config {
            provider: ConstantProvider::new(scheme.clone()),
            epocher: FixedEpocher::new(EPOCH_BLOCKS),
            start: plan.marshal_start(Digested::precomputed(
                self.core.genesis.clone(),
                Digest(self.core.genesis.digest),
            )),
            partition_prefix: PREFIX.to_string(),
            mailbox_size: MAILBOX,
            view_retention: VIEWS_KEPT,
            prunable_items_per_section: NZU64!(256),
            page_cache: pages.clone(),
            replay_buffer: IO_BUFFER,
            key_write_buffer: IO_BUFFER,
            value_write_buffer: IO_BUFFER,
            block_codec_config: self.core.limits,
            max_repair: REPAIR,
            max_pending_acks: PENDING_ACKS,
            strategy: Sequential,
        }
    }

    async fn archives(
        &self,
        pages: &CacheRef,
    ) -> Result<(Store<E, Finalization>, Store<E, Arc<Block>>), String> {
        let validators = self.participants.len();
        let certificates = Archive::init(
            self.context.child("certificates"),
            store::archive("certificates", pages, validators),
        )
        .await
        .map_err(|error| format!("archive of certificates: {error}"))?;
        let blocks = Archive::init(
            self.context.child("archive"),
            store::archive("blocks", pages, self.core.limits),
        )
        .await
        .map_err(|error| format!("archive of finalized blocks: {error}"))?;
        Ok((certificates, blocks))
    }

    /// Shows the stored tip, after checking the newest stored blocks.
    async fn recover(&self, reader: &Reads<E>) -> Result<(), String> {
        let Some((_, tip)) = reader.marshal.get_anchor().await else {
            return Ok(());
        };
        reader.check_newest(tip.inner().header.height).await?;
        self.core.show_applied(tip.inner(), false);
        Ok(())
    }

    fn consensus<P: Peering>(
        &self,
        scheme: Scheme,
        blocker: P::Blocker,
        deferred: Consensus<E>,
        page_cache: CacheRef,
    ) -> Engine<E, P> {
        let leader_timeout = self.config.leader_timeout;
        let config = simplex::Config {
            scheme,
            elector: RoundRobin::default(),
            blocker,
            automaton: deferred.clone(),
            relay: deferred.clone(),
            reporter: Reporters::from((deferred, Views(Arc::clone(&self.core.board)))),
            track_historical_votes: false,
            strategy: Sequential,
            partition: format!("{PREFIX}-votes"),
            mailbox_size: MAILBOX,
            epoch: Epoch::zero(),
            floor: Floor::Genesis(Digest(self.core.genesis.digest)),
            replay_buffer: IO_BUFFER,
            write_buffer: IO_BUFFER,
            page_cache,
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
        simplex::Engine::new(self.context.child("consensus"), config)
    }

    /// Starts the tasks that speak with the outside.
    fn serve<P: Peering>(
        &self,
        reader: Reads<E>,
        (sender, receiver): Channel<P>,
        submits: mpsc::Receiver<Request>,
        reads: mpsc::Receiver<Request>,
        tasks: &mut Tasks,
    ) {
        let (gossip, queue) = mpsc::channel(GOSSIP_QUEUE);
        let databases = reader.databases.clone();
        let core = Arc::clone(self.core);
        tasks.push(self.context.child("submits").spawn({
            let (core, databases) = (core.clone(), databases.clone());
            |context| serve_submits(context, core, databases, submits, gossip)
        }));
        tasks.push(self.context.child("gossip_out").spawn({
            let core = core.clone();
            |context| send_gossip(context, core, queue, sender)
        }));
        tasks.push(self.context.child("gossip_in").spawn({
            let core = core.clone();
            |context| receive_gossip(context, core, databases, receiver)
        }));
        let checker = reader.clone();
        tasks.push(self.context.child("check").spawn(|context| async move {
            let tip = *core.applied.borrow();
            if let Err(reason) = checker.check_all(&context, tip).await {
                core.stop_because(reason).await;
            }
            std::future::pending::<()>().await;
        }));
        tasks.push(self.context.child("reads").spawn(|_| reader.serve(reads)));
    }
}
