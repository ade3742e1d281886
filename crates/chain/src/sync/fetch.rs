//! Pieces of the state's log from peers, and for peers. Who asks for a piece checks its path to the signed root; here it only
//! has to decode, to have the right kind and to stay within its bounds.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use commonware_codec::{Decode as _, Encode as _, EncodeSize as _, RangeCfg};
use commonware_cryptography::{Signer as _, ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::db::{AttachableResolver, Shared, SyncEngineConfig};
use commonware_resolver::{
    Consumer, Delivery, Fetch, Resolver as _,
    p2p::{Config, Engine, Mailbox, Producer},
};
use commonware_runtime::Handle as Task;
use commonware_storage::{
    mmr,
    qmdb::sync::{Feedback, Request, Response, Source, source},
};
use commonware_utils::{
    NZDuration, NZU64, NZUsize,
    channel::{mpsc, oneshot},
};

use crate::{
    engine::{FETCH_PAUSE, FETCH_TIMEOUT, MAILBOX},
    node::Identity,
    runtime::{Channel, Peering, Runtime},
    state::{Databases, Db, Operation, value_range},
};

/// Operations of one piece, at most.
const PIECE_OPERATIONS: NonZeroU64 = NZU64!(1_024);

/// Bytes of one piece, at most; a single operation with its path is shorter.
pub(crate) const PIECE_BYTES: usize = 1024 * 1024;

/// Pieces that are asked for at a time.
const PIECES: NonZeroUsize = NZUsize!(8);

/// Operations that are built into the state at a time.
const APPLY_OPERATIONS: NonZeroU64 = NZU64!(4_096);

/// Pieces that are read for peers at a time; who asks beyond it hears that there is none, and asks again or elsewhere.
const SERVED: usize = 4;

/// How the engine asks.
pub(crate) const PACE: SyncEngineConfig = SyncEngineConfig {
    fetch_batch_size: PIECE_OPERATIONS,
    apply_batch_size: APPLY_OPERATIONS,
    max_outstanding_requests: PIECES,
};

type Key = Request<mmr::Family>;
type Piece = Response<mmr::Family, Operation, Digest>;
type Answer = (Piece, oneshot::Sender<bool>);

/// One who waits for a piece.
#[derive(Clone)]
pub(crate) struct Waiting {
    number: u64,
    reply: mpsc::Sender<Answer>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

/// What both directions share.
struct Inner<E: Runtime> {
    context: E,
    /// The own state, once it is whole.
    databases: Mutex<Option<Databases<E>>>,
    /// Pieces that are being read for peers.
    serving: AtomicUsize,
    /// Bytes that came from peers, whether right or not.
    received: Arc<AtomicU64>,
}

/// The resolver's ends: takes pieces in and gives pieces out.
struct Ends<E: Runtime>(Arc<Inner<E>>);

impl<E: Runtime> Clone for Ends<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Runtime> Consumer for Ends<E> {
    type Key = Key;
    type Value = Bytes;
    type Subscriber = Waiting;
    type Outcome = bool;

    fn deliver(
        &mut self,
        delivery: Delivery<Key, Waiting>,
        value: Bytes,
    ) -> oneshot::Receiver<bool> {
        let (verdict, judged) = oneshot::channel();
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        self.0.received.fetch_add(length, Ordering::Relaxed);
        match read_piece(&delivery.key, value) {
            // Whoever is first judges for all: they check against the same root.
            Some(piece) => {
                let open = delivery
                    .subscribers
                    .iter()
                    .find(|(w, _)| !w.reply.is_closed());
                if let Some((waiting, _)) = open {
                    let _ = waiting.reply.try_send((piece, verdict));
                }
            }
            None => {
                let _ = verdict.send(false);
            }
        }
        judged
    }
}

/// A piece of the kind that was asked for.
fn read_piece(key: &Key, value: Bytes) -> Option<Piece> {
    let most = usize::try_from(key.max_ops().get()).ok()?;
    let operation: ((), RangeCfg<usize>) = ((), value_range());
    let piece = Piece::decode_cfg(value, &(most, operation)).ok()?;
    let fits = match (key, &piece) {
        (Request::Operations { .. }, Response::Operations { operations, .. }) => {
            !operations.is_empty()
        }
        (Request::Boundary { .. }, Response::Boundary { .. }) => true,
        _ => false,
    };
    fits.then_some(piece)
}

impl<E: Runtime> Producer for Ends<E> {
    type Key = Key;

    fn produce(&mut self, key: Key) -> oneshot::Receiver<Bytes> {
        let (reply, answer) = oneshot::channel();
        let state = self.0.databases.lock();
        let Some(databases) = state.unwrap_or_else(PoisonError::into_inner).clone() else {
            return answer;
        };
        if key.max_ops() > PIECE_OPERATIONS {
            return answer;
        }
        if self.0.serving.fetch_add(1, Ordering::Relaxed) >= SERVED {
            self.0.serving.fetch_sub(1, Ordering::Relaxed);
            return answer;
        }
        let inner = Arc::clone(&self.0);
        self.0.context.child("piece").spawn(move |_| async move {
            if let Some(bytes) = cut_piece(&databases, key).await {
                let _ = reply.send(bytes);
            }
            inner.serving.fetch_sub(1, Ordering::Relaxed);
        });
        answer
    }
}

/// A piece that is no longer than allowed: fewer operations when they are long.
async fn cut_piece<E: Runtime>(databases: &Databases<E>, mut key: Key) -> Option<Bytes> {
    loop {
        let (piece, _) = databases.serve(key).await.ok()?;
        if piece.encode_size() <= PIECE_BYTES {
            return Some(piece.encode());
        }
        let Request::Operations { max_ops, .. } = &mut key else {
            return None;
        };
        *max_ops = NonZeroU64::new(max_ops.get() / 4)?;
    }
}

/// The source of pieces for the engine that builds the state.
pub(crate) struct Pieces<E: Runtime> {
    inner: Arc<Inner<E>>,
    resolver: Mailbox<Key, PublicKey, Waiting>,
    next: Arc<AtomicU64>,
}

impl<E: Runtime> Clone for Pieces<E> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            resolver: self.resolver.clone(),
            next: Arc::clone(&self.next),
        }
    }
}

impl<E: Runtime> Pieces<E> {
    /// Starts fetching and serving over a channel. What is received is counted in `received`.
    pub(crate) fn start<P: Peering>(
        context: &E,
        identity: &Identity,
        (peers, blocker): (&P::Peers, &P::Blocker),
        channel: Channel<P>,
        received: Arc<AtomicU64>,
    ) -> (Self, Task<()>) {
        let inner = Arc::new(Inner {
            context: context.child("pieces"),
            databases: Mutex::new(None),
            serving: AtomicUsize::new(0),
            received,
        });
        let ends = Ends(Arc::clone(&inner));
        let config = Config {
            peer_provider: peers.clone(),
            blocker: blocker.clone(),
            consumer: ends.clone(),
            producer: ends,
            mailbox_size: MAILBOX,
            me: Some(identity.key.public_key()),
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: FETCH_PAUSE,
            priority_requests: false,
            priority_responses: false,
        };
        let (engine, resolver) = Engine::new(context.child("resolver"), config);
        let pieces = Self {
            inner,
            resolver,
            next: Arc::default(),
        };
        (pieces, engine.start(channel))
    }
}

/// A piece that nobody will bring any more.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the network that brings the state has ended")]
pub(crate) struct Ended;

impl<E: Runtime> Source for Pieces<E> {
    type Family = mmr::Family;
    type Digest = Digest;
    type Op = Operation;
    type Error = Ended;

    async fn serve(&self, key: Key) -> source::Result<Self> {
        let (reply, mut answers) = mpsc::channel(1);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut resolver = self.resolver.clone();
        // Who does not wait any more need not be served.
        let _ = resolver.retain(|_, waiting: &Waiting| !waiting.reply.is_closed());
        let _ = resolver.fetch(Fetch {
            key,
            subscriber: Waiting { number, reply },
            span: tracing::Span::none(),
        });
        let (piece, verdict) = answers.recv().await.ok_or(Ended)?;
        Ok((piece, Some(Feedback::new(verdict, answers))))
    }
}

impl<E: Runtime> AttachableResolver<Db<E>> for Pieces<E> {
    async fn attach_database(&self, databases: Shared<Db<E>>) {
        let mut own = self
            .inner
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *own = Some(databases);
    }
}
