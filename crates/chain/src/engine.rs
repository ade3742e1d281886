//! The wiring of the engine: network, store, consensus, and the tasks around them. Everything generic is made concrete
//! here and nowhere else.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use commonware_broadcast::buffered;
use commonware_consensus::{
    Reporters,
    marshal::{
        self,
        core::{Actor as MarshalActor, Floor},
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    simplex::{self, scheme::ed25519::Scheme},
    types::{FixedEpocher, ViewDelta},
};
use commonware_cryptography::{Digested, Signer as _, ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::{
    Config as StatefulConfig, Mailbox as StatefulMailbox, Stateful, SyncPlan,
};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle as Task, buffer::paged::CacheRef};
use commonware_storage::archive::immutable::Archive;
use commonware_utils::{NZDuration, NZU64, NZUsize};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Begin, Config, MAX_VALIDATORS,
    app::App,
    block::{Block, Limits},
    bodies::Bodies,
    dropping::Dropping,
    epochs::Epochs,
    handle::Request,
    ingress::{GOSSIP_QUEUE, receive_gossip, send_gossip, serve_submits},
    kept::{Kept, learn_sets},
    network::Links,
    node::Identity,
    overlay::Core,
    peers::follow_peers,
    punctual::Punctual,
    reads::{Marshal, Reads},
    runtime::{Channel, Peering, Runtime},
    sets::Schemes,
    state::Databases,
    store::{self, IO_BUFFER, PAGE_SIZE, PAGES, PREFIX},
    sync::{
        answer,
        fetch::{PACE, Pieces},
        find::find,
        origin::{Origin, OriginStore},
    },
    witness::Views,
};

/// Messages that wait for one of the engine's actors.
pub(crate) const MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// Blocks handed to the state before the first of them is durable there.
const PENDING_ACKS: NonZeroUsize = NZUsize!(16);
/// Missing blocks that a validator which catches up asks for at a time.
const REPAIR: NonZeroUsize = NZUsize!(32);
/// Proposed blocks of one peer that are kept in memory.
const PROPOSALS_KEPT: usize = 16;
/// Views behind the last final one for which votes and proposals are kept.
pub(crate) const VIEWS_KEPT: ViewDelta = ViewDelta::new(64);
/// Time that an answer from a peer may take.
pub(crate) const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause before a peer is asked again.
pub(crate) const FETCH_PAUSE: Duration = Duration::from_millis(100);

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
    let (submits, reads) = (doors.submits, doors.reads);
    let work = async {
        let node = Node {
            context: &context,
            config: &config,
            identity: &identity,
            core: &core,
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
        Some(_reply) = doors.stop.recv() => {
            core.leaving.store(true, std::sync::atomic::Ordering::Relaxed);
            None
        }
        Some(reason) = doors.fatal.recv() => Some(reason),
        reason = Box::pin(work) => Some(reason),
    }
}

type Store<E, V> = Archive<E, Digest, V>;
type Finalization = simplex::types::Finalization<Scheme, Digest>;
type State<E> = StatefulMailbox<E, App>;
pub(crate) type Consensus<E> = Deferred<E, Scheme, State<E>, Block, FixedEpocher>;
type Plan<E> = SyncPlan<E, Scheme, Standard<Block>>;
type MarshalConfig = marshal::Config<Schemes, FixedEpocher, Sequential, Block, Digested<Block>>;
pub(crate) type Reporting<E> = Reporters<Consensus<E>, Views>;
type Tasks = Vec<Task<()>>;

/// What the engines work on.
struct Stores<E: Runtime> {
    mailbox: State<E>,
    marshal: Marshal,
    databases: Databases<E>,
    schemes: Schemes,
    pages: CacheRef,
}

/// What all parts of the wiring need.
struct Node<'a, E> {
    context: &'a E,
    config: &'a Config,
    identity: &'a Identity,
    core: &'a Arc<Core>,
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
            mut blocker,
            mut begin,
            ..
        } = links;
        let pages = CacheRef::new(PAGE_SIZE, PAGES);
        let schemes = self.schemes();
        let mut tasks = Tasks::from_iter(network);
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
        let (finalizations, finalized, kept) = self.archives(&pages).await?;
        let (plan, store, origin) = self.beginning::<P>(&mut blocker, &mut begin).await?;
        let sets = &self.core.sets;
        let begun = origin.as_ref().map_or(0, |o| sets.epoch_of(o.height));
        learn_sets(sets, &finalized, &kept, begun).await?;
        let (pieces, resolver) = Pieces::start::<P>(
            &self.context.child("state"),
            self.identity,
            (&peers, &blocker),
            links.state,
            Arc::clone(&self.core.board.fetched),
        );
        tasks.push(resolver);
        let (marshal_actor, marshal, floor) =
            MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
                self.context.child("marshal"),
                finalizations,
                finalized,
                self.marshal_config(&plan, &schemes, &pages)?,
            )
            .await;
        let (stateful, mailbox) = Stateful::new(
            self.context.child("stateful"),
            self.stateful_config(plan, pieces, (marshal.clone(), floor), &pages),
        );
        tasks.push(marshal_actor.start(mailbox.clone(), buffer, fetcher));
        tasks.push(stateful.start());
        let databases = mailbox.subscribe_databases().await;
        let reader = self.reader(&marshal, &databases, kept);
        reader.settle(store, origin).await?;
        self.recover(&reader).await?;
        let stores = Stores {
            mailbox,
            marshal,
            databases,
            schemes,
            pages,
        };
        let channels = (links.votes, links.certificates, links.resolver);
        self.take_part::<P>(stores, channels, peers, blocker, &mut tasks)?;
        self.serve::<P>(
            reader,
            (links.transactions, begin),
            submits,
            reads,
            &mut tasks,
        );
        Ok(tasks)
    }

    fn reader(&self, marshal: &Marshal, databases: &Databases<E>, kept: Kept<E>) -> Reads<E> {
        Reads {
            kept: Arc::new(kept),
            dropping: Arc::new(Dropping::new(self.config)),
            context: Arc::new(self.context.child("reader")),
            core: Arc::clone(self.core),
            marshal: marshal.clone(),
            databases: databases.clone(),
        }
    }

    fn schemes(&self) -> Schemes {
        let sets = Arc::clone(&self.core.sets);
        Schemes::new(sets, &self.config.chain_id, self.identity.key.clone())
    }

    /// Starts the engines of the epochs, and follows who takes part.
    fn take_part<P: Peering>(
        &self,
        stores: Stores<E>,
        (votes, certificates, resolver): (Channel<P>, Channel<P>, Channel<P>),
        peers: P::Peers,
        blocker: P::Blocker,
        tasks: &mut Tasks,
    ) -> Result<(), String> {
        let deferred: Consensus<E> = Deferred::new(
            self.context.child("deferred"),
            stores.mailbox,
            stores.marshal.clone(),
            self.epocher()?,
        );
        let punctual = Punctual::new(
            self.context.child("punctual"),
            Arc::clone(self.core),
            stores.marshal.clone(),
            deferred.clone(),
        );
        let epochs = Epochs::<E, P> {
            context: self.context.child("epochs"),
            config: self.config.clone(),
            core: Arc::clone(self.core),
            schemes: stores.schemes,
            marshal: stores.marshal,
            deferred,
            punctual,
            blocker,
            pages: stores.pages,
        };
        let core = Arc::clone(self.core);
        let follow = follow_peers::<E, P>(core, stores.databases, self.config.clone(), peers);
        tasks.push(self.context.child("peers").spawn(|_| follow));
        let engines = self.context.child("engines");
        tasks.push(engines.spawn(|_| epochs.run(votes, certificates, resolver)));
        Ok(())
    }

    fn epocher(&self) -> Result<FixedEpocher, String> {
        let length = NonZeroU64::new(self.config.epoch_blocks);
        length
            .filter(|length| length.get() > 1)
            .map(FixedEpocher::new)
            .ok_or_else(|| "epochs have no blocks".into())
    }

    /// Where the node begins: at genesis, where it began before, or where its peers say that it can.
    async fn beginning<P: Peering>(
        &self,
        blocker: &mut P::Blocker,
        channel: &mut Channel<P>,
    ) -> Result<(Plan<E>, OriginStore<E>, Option<Origin>), String> {
        let mut plan = SyncPlan::init(self.context.child("plan"), PREFIX).await;
        let mut store = OriginStore::open(self.context.child("origin")).await?;
        // Founders have nobody to take a state from: they would all wait for each other.
        let wanted = self.config.joined && self.config.begin == Begin::State;
        if wanted && plan.should_sync(true) && plan.floor().is_none() {
            (plan, store) = self.begin::<P>(plan, store, blocker, channel).await?;
        }
        let origin = store.get()?;
        self.adopt(origin.as_ref())?;
        Ok((plan, store, origin))
    }

    fn stateful_config(
        &self,
        plan: Plan<E>,
        pieces: Pieces<E>,
        marshal: (Marshal, Floor),
        pages: &CacheRef,
    ) -> StatefulConfig<E, App, Standard<Block>, Pieces<E>, Sequential> {
        StatefulConfig {
            application: App(Arc::clone(self.core)),
            db_config: store::state(pages),
            provider: (),
            marshal,
            mailbox_size: MAILBOX,
            plan,
            resolvers: pieces,
            sync_config: PACE,
            prune_config: None,
            strategy: Sequential,
        }
    }

    /// Asks the peers for a block to begin at. What they prove is stored first, so that a crash after it changes nothing.
    async fn begin<P: Peering>(
        &self,
        plan: Plan<E>,
        store: OriginStore<E>,
        blocker: &mut P::Blocker,
        channel: &mut Channel<P>,
    ) -> Result<(Plan<E>, OriginStore<E>), String> {
        let (mut context, chain) = (self.context.child("find"), &self.config.chain_id);
        let found = find::<E, P>(&mut context, chain, &self.core.sets, blocker, channel).await?;
        let Some(found) = found else {
            tracing::info!("no epoch has ended yet: every block is executed");
            return Ok((plan, store));
        };
        let height = found.height;
        tracing::info!(height, "takes the state after this block");
        let origin = Origin {
            height,
            edge: None,
            handovers: found.handovers,
        };
        let store = store.put(&origin).await?;
        Ok((plan.set_floor(found.floor).await, store))
    }

    /// Takes over the validator sets before the beginning, after checking them from the founders on.
    fn adopt(&self, origin: Option<&Origin>) -> Result<(), String> {
        let Some(origin) = origin else {
            return Ok(());
        };
        let founders = self.config.validators.iter().map(|v| v.public_key);
        let founders: Vec<[u8; 32]> = founders.collect();
        origin.teach(&self.config.chain_id, &founders, &self.core.sets)?;
        self.core.keep_handovers(origin.handovers.clone());
        Ok(())
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

    fn marshal_config(
        &self,
        plan: &Plan<E>,
        schemes: &Schemes,
        pages: &CacheRef,
    ) -> Result<MarshalConfig, String> {
        Ok(marshal::Config {
            provider: schemes.clone(),
            epocher: self.epocher()?,
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
        })
    }

    async fn archives(
        &self,
        pages: &CacheRef,
    ) -> Result<(Store<E, Finalization>, Bodies<E>, Kept<E>), String> {
        let certificates = Archive::init(
            self.context.child("certificates"),
            store::archive("certificates", pages, MAX_VALIDATORS),
        )
        .await
        .map_err(|error| format!("archive of certificates: {error}"))?;
        let (limits, drops) = (self.core.limits, self.config.keep_blocks.is_some());
        let epoch = self.config.epoch_blocks;
        let blocks = Bodies::open(self.context, pages, limits, epoch, drops).await?;
        let kept = Kept::open(self.context, pages, limits).await?;
        Ok((certificates, blocks, kept))
    }

    /// Shows the stored tip, after checking the newest stored blocks.
    async fn recover(&self, reader: &Reads<E>) -> Result<(), String> {
        let Some((_, tip)) = reader.marshal.get_anchor().await else {
            return Ok(());
        };
        reader.drop_again();
        reader.check_newest(tip.inner().header.height).await?;
        self.core.show_applied(tip.inner(), false);
        Ok(())
    }

    /// Starts the tasks that speak with the outside.
    fn serve<P: Peering>(
        &self,
        reader: Reads<E>,
        ((sender, receiver), (offers, asks)): (Channel<P>, Channel<P>),
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
        let answers = reader.clone();
        let begin = self.context.child("begin");
        tasks.push(begin.spawn(|_| answer(answers, offers, asks)));
        let checker = reader.clone();
        tasks.push(self.context.child("check").spawn(|context| async move {
            let tip = core.applied.now();
            if let Err(reason) = checker.check_all(&context, tip).await {
                core.stop_because(reason).await;
            }
            std::future::pending::<()>().await;
        }));
        tasks.push(self.context.child("reads").spawn(|_| reader.serve(reads)));
    }
}
