//! A consortium of four on loopback, whose members stop and start.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fairway_chain::{
    Config, FinalBlock, Handle, Machine, Proof, Status, TxId, ValidatorAddress, public_key, start,
};
use tokio::time::timeout;

use crate::kv::{Kv, Roster};

pub(crate) const CHAIN: &str = "test";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Net {
    pub(crate) configs: Vec<Config>,
    pub(crate) nodes: Vec<Option<Handle>>,
    pub(crate) machine: Arc<dyn Machine>,
    root: PathBuf,
}

/// An address on which nobody listens, below the ports that the system takes for outgoing connections: validators dial
/// each other before all of them listen, and such a connection would take the port.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let place = u64::from(std::process::id()) * 37 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + u16::try_from(place % 22_000).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// A fresh folder below the target's temporary folder.
fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "chain-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

impl Net {
    /// Four validators, not started.
    pub(crate) fn new() -> Self {
        let root = fresh_folder();
        let seeds: Vec<[u8; 32]> = (1..=4u8).map(|n| [n; 32]).collect();
        let validators: Vec<ValidatorAddress> = seeds
            .iter()
            .map(|seed| ValidatorAddress {
                public_key: public_key(seed),
                address: free_address(),
            })
            .collect();
        let configs = (0..4)
            .map(|i| {
                let folder = root.join(i.to_string());
                let listen = validators[i].address;
                Config::new(seeds[i], validators.clone(), listen, folder, CHAIN)
            })
            .collect();
        Self {
            configs,
            nodes: vec![None; 4],
            machine: Arc::new(Kv),
            root,
        }
    }

    pub(crate) fn start(&mut self, i: usize) {
        self.nodes[i] = Some(start(self.configs[i].clone(), Arc::clone(&self.machine)).unwrap());
    }

    /// Four validators whose epochs have `blocks` blocks and whose set the state names.
    pub(crate) fn of_epochs(blocks: u64) -> Self {
        let mut net = Self::new();
        net.machine = Arc::new(Roster);
        for config in &mut net.configs {
            config.epoch_blocks = blocks;
            config.idle_interval = Duration::from_millis(40);
        }
        net
    }

    /// A node that knows the founders and is none of them, not started; its number.
    pub(crate) fn join(&mut self) -> usize {
        let number = self.configs.len();
        let mut config = self.configs[0].clone();
        config.seed = [u8::try_from(number).unwrap() + 1; 32];
        config.joined = true;
        config.listen = free_address();
        config.data_dir = self.root.join(number.to_string());
        self.configs.push(config);
        self.nodes.push(None);
        number
    }

    /// The value of `peers` that makes these nodes validators and those full nodes.
    pub(crate) fn peers(&self, validators: &[usize], followers: &[usize]) -> String {
        let node = |kind: char, i: &usize| {
            let config = &self.configs[*i];
            format!("{kind}{}@{}", config.seed[0], config.listen)
        };
        let all = validators.iter().map(|i| node('v', i));
        let all = all.chain(followers.iter().map(|i| node('f', i)));
        all.collect::<Vec<_>>().join(",")
    }

    pub(crate) fn start_all(&mut self) {
        (0..4).for_each(|i| self.start(i));
    }

    pub(crate) async fn stop(&mut self, i: usize) {
        if let Some(node) = self.nodes[i].take() {
            timeout(PATIENCE, node.stop()).await.expect("node stops");
        }
    }

    pub(crate) async fn stop_all(&mut self) {
        for i in 0..self.nodes.len() {
            self.stop(i).await;
        }
    }

    pub(crate) fn node(&self, i: usize) -> &Handle {
        self.nodes[i].as_ref().unwrap()
    }

    pub(crate) fn keys(&self) -> Vec<[u8; 32]> {
        self.configs[0]
            .validators
            .iter()
            .map(|v| v.public_key)
            .collect()
    }

    /// Waits until a node has applied a height.
    pub(crate) async fn reach(&self, i: usize, height: u64) {
        let reached = timeout(PATIENCE, async {
            while self.node(i).status().height < height {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        if reached.await.is_err() {
            panic!(
                "node {i} did not reach {height}: {:?}",
                self.node(i).status()
            );
        }
    }

    /// Waits until a node's status is as wanted.
    pub(crate) async fn when(&self, i: usize, what: &str, wanted: impl Fn(&Status) -> bool) {
        let reached = timeout(PATIENCE, async {
            while !wanted(&self.node(i).status()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        if reached.await.is_err() {
            panic!("node {i}: not {what}: {:?}", self.node(i).status());
        }
    }

    /// Waits until a node gives the proof of a transaction.
    pub(crate) async fn proof(&self, i: usize, id: TxId) -> Proof {
        let found = timeout(PATIENCE, async {
            loop {
                if let Some(proof) = self.node(i).proof(id).await {
                    return proof;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        found.await.expect("becomes final")
    }

    /// All blocks of a node from height 1 until `txs` transactions were seen.
    pub(crate) async fn blocks(&self, i: usize, txs: usize) -> Vec<Arc<FinalBlock>> {
        let mut stream = self.node(i).subscribe(1);
        let (mut blocks, mut seen) = (Vec::new(), 0);
        while seen < txs {
            let next = timeout(PATIENCE, stream.next()).await;
            let Ok(Some(block)) = next else {
                panic!("node {i} saw {seen} of {txs}: {:?}", self.node(i).status());
            };
            assert_eq!(block.height, blocks.len() as u64 + 1, "gap-free from 1");
            seen += block.txs.len();
            blocks.push(block);
        }
        blocks
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
