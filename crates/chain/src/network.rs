//! The authenticated network between the validators: who may connect, how much each may send.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use commonware_consensus::{
    marshal::{self, standard::Standard},
    simplex::{self, scheme::ed25519::Scheme},
};
use commonware_cryptography::{ChaCha20Poly1305, ed25519::PublicKey, sha256::Digest};
use commonware_p2p::{
    AddressableManager as _,
    authenticated::lookup::{self, Network, Oracle},
    max_message_size as longest_of,
    utils::mux::prefixed,
};
use commonware_resolver::p2p::max_message_size;
use commonware_runtime::{Handle as Task, Quota, Supervisor as _, tokio::Context};
use commonware_storage::{mmr, qmdb::sync::Request};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize};

use crate::{
    Config, MAX_VALIDATORS,
    block::{Block, Limits},
    config::namespace,
    ingress::MAX_GOSSIP_BYTES,
    node::Identity,
    peers::first_peers,
    runtime::{Channel, Peering},
    sync::{MAX_OFFER_BYTES, fetch::PIECE_BYTES},
};

/// Difference of two validators' clocks up to which they connect.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(10);

/// Channel of single votes, and how many messages a second each peer may send on it. The network sets aside memory for
/// every message that these quotas allow.
pub const VOTES: (u64, NonZeroU32) = (0, NZU32!(256));
/// Channel of certificates, and its quota.
pub const CERTIFICATES: (u64, NonZeroU32) = (1, NZU32!(128));
/// Channel of requests for certificates, and its quota.
pub const RESOLVER: (u64, NonZeroU32) = (2, NZU32!(64));
/// Channel of requests for blocks, and its quota.
pub const BACKFILL: (u64, NonZeroU32) = (3, NZU32!(128));
/// Channel of proposed blocks, and its quota.
pub const BLOCKS: (u64, NonZeroU32) = (4, NZU32!(128));
/// Channel of transactions, and its quota.
pub const TRANSACTIONS: (u64, NonZeroU32) = (5, NZU32!(256));
/// Channel on which a node that begins asks where it can, and its quota.
pub const BEGIN: (u64, NonZeroU32) = (6, NZU32!(8));
/// Channel of pieces of the state, and its quota.
pub const STATE: (u64, NonZeroU32) = (7, NZU32!(64));

/// The authenticated network over TCP, which production has.
pub(crate) struct Authenticated;

impl Peering for Authenticated {
    type Sender = lookup::Sender<PublicKey, Context>;
    type Receiver = lookup::Receiver<PublicKey>;
    type Peers = Oracle<PublicKey>;
    type Blocker = Oracle<PublicKey>;
}

/// A running network and its channels, from the view of one validator.
pub struct Links<P: Peering> {
    /// The network's task, when it ends with the validator.
    pub network: Option<Task<()>>,
    /// Who the peers are.
    pub peers: P::Peers,
    /// Cuts off peers.
    pub blocker: P::Blocker,
    /// Single votes.
    pub votes: Channel<P>,
    /// Certificates over votes.
    pub certificates: Channel<P>,
    /// Requests for certificates.
    pub resolver: Channel<P>,
    /// Requests for blocks.
    pub backfill: Channel<P>,
    /// Proposed blocks.
    pub blocks: Channel<P>,
    /// Transactions on their way to a proposer.
    pub transactions: Channel<P>,
    /// Questions of nodes that begin, and the answers.
    pub begin: Channel<P>,
    /// Pieces of the state.
    pub state: Channel<P>,
}

/// Makes and starts the network; `None` when an address or a validator is repeated.
pub(crate) fn connect(
    context: &Context,
    config: &Config,
    identity: &Identity,
    limits: &Limits,
) -> Option<Links<Authenticated>> {
    let count = u32::try_from(MAX_VALIDATORS).ok()?;
    let mut space = namespace(&config.chain_id);
    space.extend_from_slice(b"/network");
    let handshake = Cups::<_, ChaCha20Poly1305>::new(
        Sake {
            signer: identity.key.clone(),
            synchrony_bound: CLOCK_DIFFERENCE,
            max_handshake_age: CLOCK_DIFFERENCE,
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    let peers = NonZeroUsize::new(config.max_peers)?;
    let longest = longest_message(count, limits);
    let mut settings = lookup::Config::local(
        handshake,
        &space,
        config.listen,
        peers,
        longest,
        NZUsize!(1_024),
    );
    settings.tracked_peer_sets = NZUsize!(1);
    settings.allow_dns = false;
    let (mut network, mut oracle) = Network::new(context.child("network"), settings);
    oracle.track(0, first_peers(config)?);
    let mut open = |(id, rate): (u64, NonZeroU32)| network.register(id, Quota::per_second(rate));
    let (votes, certificates, resolver) = (open(VOTES), open(CERTIFICATES), open(RESOLVER));
    let (backfill, blocks, transactions) = (open(BACKFILL), open(BLOCKS), open(TRANSACTIONS));
    let (begin, state) = (open(BEGIN), open(STATE));
    Some(Links {
        // The stores ask the peers for what they miss and wait for the network's answer, so it runs before them.
        network: Some(network.start()),
        peers: oracle.clone(),
        blocker: oracle,
        votes,
        certificates,
        resolver,
        backfill,
        blocks,
        transactions,
        begin,
        state,
    })
}

/// Longest message on any channel, in bytes. Votes, certificates and requests for them carry their epoch in front.
pub fn longest_message(validators: u32, limits: &Limits) -> u32 {
    longest_of(&[
        prefixed(simplex::max_payload_size::<Scheme, Digest>(validators)),
        marshal::max_payload_size::<Standard<Block>, Scheme>(validators, limits),
        MAX_GOSSIP_BYTES,
        MAX_OFFER_BYTES,
        max_message_size::<Request<mmr::Family>>(PIECE_BYTES),
    ])
}

impl<P: Peering> std::fmt::Debug for Links<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}
