//! The authenticated network between the validators: who may connect, how much each may send.

use std::{num::NonZeroU32, time::Duration};

use commonware_consensus::{
    marshal::{self, standard::Standard},
    simplex::{self, scheme::ed25519::Scheme},
};
use commonware_cryptography::{
    ChaCha20Poly1305,
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest,
};
use commonware_p2p::{
    Address, AddressableManager as _,
    authenticated::lookup::{self, Network, Oracle},
    max_message_size,
};
use commonware_runtime::{Quota, Supervisor as _, tokio::Context};
use commonware_stream::{
    SakeCups,
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Map};

use crate::{
    Config,
    block::{Block, Limits},
    config::namespace,
    ingress::MAX_GOSSIP_BYTES,
    node::Identity,
};

/// Difference of two validators' clocks up to which they connect.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(10);

/// Channels of the network, and how many messages a second each peer may send on them. The network sets aside memory
/// for every message that these quotas allow.
const VOTES: (u64, NonZeroU32) = (0, NZU32!(256));
const CERTIFICATES: (u64, NonZeroU32) = (1, NZU32!(128));
const RESOLVER: (u64, NonZeroU32) = (2, NZU32!(64));
const BACKFILL: (u64, NonZeroU32) = (3, NZU32!(128));
const BLOCKS: (u64, NonZeroU32) = (4, NZU32!(128));
const TRANSACTIONS: (u64, NonZeroU32) = (5, NZU32!(256));

type Upgrade = SakeCups<PrivateKey, ChaCha20Poly1305>;

/// Both ends of one channel.
pub(crate) type Channel = (
    lookup::Sender<PublicKey, Context>,
    lookup::Receiver<PublicKey>,
);

/// The network, not started yet, and its channels.
pub(crate) struct Links {
    pub(crate) network: Network<Context, Upgrade>,
    pub(crate) oracle: Oracle<PublicKey>,
    pub(crate) votes: Channel,
    pub(crate) certificates: Channel,
    pub(crate) resolver: Channel,
    pub(crate) backfill: Channel,
    pub(crate) blocks: Channel,
    pub(crate) transactions: Channel,
}

/// Makes the network; `None` when an address or a validator is repeated.
pub(crate) fn connect(
    context: &Context,
    config: &Config,
    identity: &Identity,
    limits: &Limits,
) -> Option<Links> {
    let count = u32::try_from(config.validators.len()).ok()?;
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
    let peers = NZUsize!(config.validators.len());
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
    let pairs = identity.validators.iter().zip(&config.validators);
    let addresses: Vec<(PublicKey, Address)> = pairs
        .map(|(key, validator)| (key.clone(), Address::from(validator.address)))
        .collect();
    oracle.track(0, Map::try_from(addresses).ok()?);
    let mut open = |(id, rate): (u64, NonZeroU32)| network.register(id, Quota::per_second(rate));
    let (votes, certificates, resolver) = (open(VOTES), open(CERTIFICATES), open(RESOLVER));
    let (backfill, blocks, transactions) = (open(BACKFILL), open(BLOCKS), open(TRANSACTIONS));
    Some(Links {
        network,
        oracle,
        votes,
        certificates,
        resolver,
        backfill,
        blocks,
        transactions,
    })
}

fn longest_message(validators: u32, limits: &Limits) -> u32 {
    max_message_size(&[
        simplex::max_payload_size::<Scheme, Digest>(validators),
        marshal::max_payload_size::<Standard<Block>, Scheme>(validators, limits),
        MAX_GOSSIP_BYTES,
    ])
}
