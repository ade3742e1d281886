//! Joins the contracts to the chain that orders them, and both to the utility's machine.

use super::core::{Job, Jobs};
use crate::config::{Config, SyncMode};
use crate::genesis::{Genesis, Keys};
use bytes::Bytes;
use fairway_chain::{
    Begin, BlockInfo, Executed, Filter, Handle, Machine, Peer, Peers, StateKey, SubmitError,
    ValidatorAddress,
};
use fairway_ledger::{Contracts, Role, RollState, Standing, key_for_roll};
use fairway_model::canonical::Canonical;
use fairway_model::{MemberId, PublicKey, Time};
use fairway_utility::door::Input;
use fairway_utility::founding::{Founding, Further, names_itself};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Wait after the chain's mempool was full.
const FULL_WAIT: Duration = Duration::from_millis(50);

/// The contracts as the chain sees them.
struct Ordered(Contracts);

/// The state machine of a chain that begins with `genesis`.
///
/// # Errors
/// When the genesis contradicts itself; says where.
pub fn machine(genesis: &fairway_ledger::Genesis) -> Result<Arc<dyn Machine>, String> {
    Ok(Arc::new(Ordered(
        Contracts::new(genesis).map_err(|e| format!("genesis: {e}"))?,
    )))
}

impl Machine for Ordered {
    fn version_keys(&self) -> Vec<StateKey> {
        Contracts::version_keys()
    }

    fn version(&self, height: u64, state: &BTreeMap<StateKey, Vec<u8>>) -> Result<u32, String> {
        let version = self.0.version_at(height, state);
        version.map_err(|refusal| refusal.to_string())
    }

    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        self.0
            .admit(txs)
            .into_iter()
            .map(|verdict| verdict.map_err(|refusal| refusal.to_string()))
            .collect()
    }

    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey> {
        txs.iter().flat_map(|tx| self.0.reads(tx)).collect()
    }

    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed {
        let block = fairway_ledger::Block {
            height: block.height,
            time: Time(block.time_ms),
        };
        let (receipts, writes) = self.0.execute(block, txs, state);
        Executed { receipts, writes }
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        self.0.genesis().clone()
    }

    fn peer_keys(&self) -> Vec<StateKey> {
        vec![key_for_roll()]
    }

    /// The roll says who validates; whoever is or was a member may follow, so that it can wind up what it began.
    fn peers(&self, state: &BTreeMap<StateKey, Vec<u8>>) -> Option<Peers> {
        let roll = RollState::from_bytes(state.get(&key_for_roll())?).ok()?;
        let mut peers = Peers::default();
        for entry in roll.entries {
            let Some(PublicKey(public_key)) = entry.validator else {
                continue;
            };
            let address = entry.ledger.parse().ok();
            let peer = Peer {
                public_key,
                address,
            };
            match (entry.role, entry.standing) {
                (Role::Validator, _) => peers.validators.push(peer),
                (Role::FullNode, Standing::Invited | Standing::Expelled) => {}
                (Role::FullNode, _) => peers.followers.push(peer),
            }
        }
        Some(peers)
    }
}

/// Starts this member's validator.
///
/// # Errors
/// When the genesis file or the configuration cannot be used; says why.
pub fn start(
    config: &Config,
    genesis: &Genesis,
    me: MemberId,
    keys: &Keys,
) -> Result<Handle, String> {
    let founding = fairway_ledger::Genesis {
        chain_id: genesis.chain_id.clone(),
        members: genesis.founders(),
    };
    let machine = machine(&founding)?;
    let own = genesis
        .find(me)
        .ok_or_else(|| format!("{me} is not in the genesis file"))?;
    let mut validators = Vec::new();
    for member in &genesis.member {
        let PublicKey(public_key) = member
            .read()?
            .validator
            .ok_or_else(|| format!("{} has no validator key", member.id))?;
        validators.push(ValidatorAddress {
            public_key,
            address: member.ledger,
        });
    }
    if own.ledger.port() != config.listen.ledger.port() {
        tracing::warn!(
            "listen.ledger {} differs from the address {} that the genesis file tells the others",
            config.listen.ledger,
            own.ledger
        );
    }
    let folder = config.path(&config.ledger.dir);
    let own_key = fairway_chain::public_key(&keys.validator);
    let mut chain = fairway_chain::Config::new(
        keys.validator,
        validators,
        config.listen.ledger,
        folder,
        &genesis.chain_id,
    );
    chain.epoch_blocks = genesis.epoch_blocks;
    chain.joined = !chain.validators.iter().any(|v| v.public_key == own_key);
    chain.begin = match config.ledger.sync {
        SyncMode::Replay => Begin::Replay,
        SyncMode::State => Begin::State,
    };
    chain.known = genesis
        .later
        .iter()
        .filter_map(|member| {
            let PublicKey(public_key) = member.read().ok()?.validator?;
            let address = member.ledger;
            let known = ValidatorAddress {
                public_key,
                address,
            };
            (public_key != own_key).then_some(known)
        })
        .collect();
    let room = chain.max_peers.saturating_add(chain.known.len());
    chain.max_peers = config.ledger.max_peers.unwrap_or(room);
    chain.leader_timeout = Duration::from_millis(config.ledger.leader_timeout_ms);
    chain.idle_interval = Duration::from_millis(config.ledger.idle_interval_ms);
    chain.worker_threads = config.ledger.worker_threads;
    chain.keep_blocks = config.ledger.keep_blocks;
    let clock = config.clock();
    chain.clock = Some(Arc::new(move || clock.now().0));
    fairway_chain::start(chain, machine).map_err(|e| format!("ledger node: {e}"))
}

/// A value of the present state; none where nothing readable stands, or when the node has no state to ask.
pub(super) async fn state<T: Canonical>(chain: &Handle, key: [u8; 32]) -> Option<T> {
    T::from_bytes(&chain.get(key).await?).ok()
}

/// Hands what comes out of `queue` to the chain. A refusal is logged; the machine hears of success from blocks only.
pub async fn submit_all(chain: Handle, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(transaction) = queue.recv().await {
        let bytes = Bytes::from(transaction);
        loop {
            match chain.submit(bytes.clone()).await {
                Ok(_) => break,
                Err(SubmitError::Full) => tokio::time::sleep(FULL_WAIT).await,
                Err(SubmitError::Refused(reason)) => {
                    tracing::error!("the ledger node refused a transaction of ours: {reason}");
                    break;
                }
                Err(SubmitError::Stopped) => {
                    tracing::error!(
                        "the ledger node has stopped: {}",
                        chain.status().error.unwrap_or_default()
                    );
                    return;
                }
            }
        }
    }
}

/// Where a member's blocks begin, when its database has seen those up to `seen`. A database that has seen none is filled from the
/// state, if the ledger's node began with one.
///
/// # Errors
/// When blocks that the database needs are not here; says where they are.
pub(super) async fn first_block(
    chain: &Handle,
    me: MemberId,
    seen: u64,
    jobs: &Jobs,
) -> Result<u64, String> {
    let Some(first) = chain.first().await else {
        return Err("the ledger node has stopped".to_owned());
    };
    let next = seen.saturating_add(1);
    let whole = chain.status().whole;
    if next < whole && whole > first {
        return Err(format!(
            "the database has seen the ledger up to block {seen}, and this node has dropped the blocks before {whole}: restore the database from a newer backup, or empty the ledger's folder and start with `sync = \"replay\"` under [ledger] while a member still has every block"
        ));
    }
    if next >= first {
        return Ok(next);
    }
    if seen > 0 {
        return Err(format!(
            "the database has seen the ledger up to block {seen}, and this node's blocks begin at {first}: blocks {next} to {} are missing for the books; restore the ledger's folder from a backup, or empty it and start with `sync = \"replay\"` under [ledger]",
            first.saturating_sub(1)
        ));
    }
    let founding = founding(chain, first).await?;
    if let Some(what) = founding.business(me) {
        return Err(format!(
            "{me} has business on the ledger from before block {first} ({what}), and its database has not seen the blocks that tell it; restore the database from a backup, or empty the ledger's folder and start with `sync = \"replay\"` under [ledger]"
        ));
    }
    tracing::info!(
        height = first,
        values = founding.values.len(),
        "registry taken from the state"
    );
    let input = Input::Founding(Box::new(founding));
    jobs.send(Job::Input(input))
        .await
        .map_err(|_| "the utility is stopping".to_owned())?;
    Ok(first.saturating_add(1))
}

/// Walks twice over the state after a block and picks what a registry is made of.
async fn founding(chain: &Handle, height: u64) -> Result<Founding, String> {
    let gone = || format!("the state after block {height} cannot be read");
    let block = chain.block(height).await.ok_or_else(gone)?;
    let named: Filter = Arc::new(names_itself);
    let mut values = chain.scan(height, named).await.ok_or_else(gone)?;
    let further = Further::of(&values);
    let led: Filter = Arc::new(move |key, value| further.wanted(key, value));
    values.extend(chain.scan(height, led).await.ok_or_else(gone)?);
    Ok(Founding {
        height,
        time: Time(block.time_ms),
        values,
    })
}
