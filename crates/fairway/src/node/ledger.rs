//! Joins the contracts to the chain that orders them, and both to the utility's machine.

use super::core::{Job, Jobs};
use crate::config::Config;
use crate::genesis::{Genesis, Keys};
use bytes::Bytes;
use fairway_chain::{
    BlockInfo, Executed, Handle, Machine, Peer, Peers, StateKey, SubmitError, ValidatorAddress,
};
use fairway_ledger::{Contracts, Role, RollState, Standing, key_for_roll};
use fairway_model::canonical::Canonical as _;
use fairway_model::{MemberId, PublicKey, Time};
use fairway_utility::door::{Block, Input};
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
    chain.joined = !genesis.founded_by(me);
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
    let clock = config.clock();
    chain.clock = Some(Arc::new(move || clock.now().0));
    fairway_chain::start(chain, machine).map_err(|e| format!("ledger node: {e}"))
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

/// Feeds finalized blocks from `height` on to the machine, in order. Empty blocks are told once in a while only, as marks of time.
pub async fn follow(chain: Handle, from: u64, jobs: Jobs) {
    /// Every this many empty blocks one is passed on, so that the stored height stays fresh.
    const EMPTY_MARK: u64 = 64;
    let mut blocks = chain.subscribe(from);
    while let Some(block) = blocks.next().await {
        if block.txs.is_empty() && block.height.checked_rem(EMPTY_MARK) != Some(0) {
            continue;
        }
        let entries = block
            .txs
            .iter()
            .map(|(_, tx, receipt)| (tx.to_vec(), receipt.clone()))
            .collect();
        let input = Input::Block(Block {
            height: block.height,
            time: Time(block.time_ms),
            entries,
        });
        if jobs.send(Job::Input(input)).await.is_err() {
            return;
        }
    }
}
