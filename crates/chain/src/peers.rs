//! Who is connected with whom: the validators of the present epoch, those to come, and the full nodes that follow.
//!
//! Who takes part is read from the machine's state after each block; addresses that the state does not name come from the
//! configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Address, AddressableManager as _, AddressableTrackedPeers};
use commonware_utils::ordered::Map;

use crate::{
    Config, Peer, Peers, StateKey,
    overlay::Core,
    runtime::{Peering, Runtime},
    state::{Databases, Key, machine_key},
};

/// Addresses by key: the last one that was heard of.
type Book = BTreeMap<PublicKey, SocketAddr>;

/// The peers of a node in the order of importance: keys and addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wanted {
    primary: Vec<(PublicKey, SocketAddr)>,
    secondary: Vec<(PublicKey, SocketAddr)>,
}

fn read_key(key: &[u8; 32]) -> Option<PublicKey> {
    PublicKey::decode(Copying(key.as_slice())).ok()
}

/// The addresses in the configuration.
fn book(config: &Config) -> Book {
    let all = config.known.iter().chain(&config.validators);
    all.filter_map(|v| Some((read_key(&v.public_key)?, v.address)))
        .collect()
}

/// The peers before any block is known: whoever the configuration names.
pub(crate) fn first_peers(config: &Config) -> Option<AddressableTrackedPeers<PublicKey>> {
    let founders: BTreeSet<PublicKey> = config
        .validators
        .iter()
        .filter_map(|v| read_key(&v.public_key))
        .collect();
    let (primary, secondary) = book(config)
        .into_iter()
        .partition(|(key, _)| founders.contains(key));
    tracked(&Wanted { primary, secondary })
}

fn tracked(wanted: &Wanted) -> Option<AddressableTrackedPeers<PublicKey>> {
    let map = |list: &[(PublicKey, SocketAddr)]| {
        let pairs: Vec<(PublicKey, Address)> = list
            .iter()
            .map(|(key, address)| (key.clone(), Address::from(*address)))
            .collect();
        Map::try_from(pairs).ok()
    };
    Some(AddressableTrackedPeers::new(
        map(&wanted.primary)?,
        map(&wanted.secondary)?,
    ))
}

/// Follows the machine's state and keeps the network's set of peers as it says.
pub(crate) async fn follow_peers<E: Runtime, P: Peering>(
    core: Arc<Core>,
    databases: Databases<E>,
    config: Config,
    mut network: P::Peers,
) {
    let keys = core.machine.peer_keys();
    let mut book = book(&config);
    let applied = core.applied.follow();
    let (mut seen, mut last) = (None, Wanted::default());
    while !keys.is_empty() {
        let height = core.applied.now();
        let values = match read(&databases, &keys).await {
            Ok(values) => values,
            Err(reason) => core.stop_because(reason).await,
        };
        let epoch = core.sets.epoch_of(height.saturating_add(1));
        let now = Some((epoch, values));
        if height > 0 && now != seen {
            let state = now
                .as_ref()
                .map(|(_, values)| values.clone())
                .unwrap_or_default();
            if let Some(peers) = core.machine.peers(&state) {
                let wanted = want(&core, epoch, &peers, &mut book, config.max_peers);
                if wanted != last
                    && let Some(set) = tracked(&wanted)
                {
                    let (primary, secondary) = (wanted.primary.len(), wanted.secondary.len());
                    tracing::info!(height, primary, secondary, "peers change");
                    let _ = network.track(height, set);
                    last = wanted;
                }
            }
            seen = now;
        }
        if applied.reached(height.saturating_add(1)).await.is_none() {
            break;
        }
    }
    std::future::pending::<()>().await;
}

async fn read<E: Runtime>(
    databases: &Databases<E>,
    keys: &[StateKey],
) -> Result<BTreeMap<StateKey, Vec<u8>>, String> {
    let stored: Vec<Key> = keys.iter().map(machine_key).collect();
    let found = databases
        .read()
        .await
        .get_many(&stored.iter().collect::<Vec<_>>())
        .await
        .map_err(|error| format!("state cannot be read: {error}"))?;
    let pairs = keys.iter().zip(found);
    Ok(pairs
        .filter_map(|(key, value)| value.map(|value| (*key, value.to_vec())))
        .collect())
}

/// Validators of this epoch and of the state first, then the full nodes; what is over the bound is left out and said.
fn want(core: &Core, epoch: u64, peers: &Peers, book: &mut Book, most: usize) -> Wanted {
    let mut note = |peer: &Peer| -> Option<PublicKey> {
        let key = read_key(&peer.public_key)?;
        if let Some(address) = peer.address {
            book.insert(key.clone(), address);
        }
        Some(key)
    };
    let mut primary: BTreeSet<PublicKey> = peers.validators.iter().filter_map(&mut note).collect();
    primary.extend(
        core.sets
            .at(epoch)
            .iter()
            .flat_map(|set| set.iter().cloned()),
    );
    let followers: BTreeSet<PublicKey> = peers.followers.iter().filter_map(&mut note).collect();
    let mut wanted = Wanted::default();
    let secondary = followers.difference(&primary).cloned().collect::<Vec<_>>();
    for (key, first) in primary
        .into_iter()
        .map(|key| (key, true))
        .chain(secondary.into_iter().map(|key| (key, false)))
    {
        let count = wanted.primary.len() + wanted.secondary.len();
        let Some(address) = book.get(&key) else {
            tracing::warn!(%key, "no address of this peer is known");
            continue;
        };
        if count >= most {
            tracing::warn!(%key, most, "more peers than max_peers allows; this one is left out");
        } else if first {
            wanted.primary.push((key, *address));
        } else {
            wanted.secondary.push((key, *address));
        }
    }
    wanted
}
