//! Nodes stop, start, and find their files damaged.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use fairway_chain::{StartError, start};

use crate::{
    kv::{Kv, key, put},
    net::{Net, PATIENCE},
};

async fn submit(net: &Net, i: usize, from: usize, to: usize) {
    for n in from..to {
        net.node(i)
            .submit(put(i, n, &format!("k{n}"), "v"))
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_of_four_go_on_and_the_fourth_catches_up() {
    let mut net = Net::new();
    net.start_all();
    submit(&net, 3, 0, 20).await;
    net.blocks(3, 20).await;
    net.stop(3).await;
    submit(&net, 0, 20, 60).await;
    net.blocks(1, 60).await;
    let ahead = net.node(1).status().height;
    net.start(3);
    net.reach(3, ahead).await;
    submit(&net, 3, 60, 70).await;
    let theirs = net.blocks(0, 70).await;
    assert_eq!(net.blocks(3, 70).await, theirs);
    assert_eq!(net.node(3).get(key("counter")).await, Some(b"70".to_vec()));
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_four_stall_and_all_restarted_go_on() {
    let mut net = Net::new();
    for config in &mut net.configs {
        config.stall_after = Duration::from_secs(2);
    }
    net.start_all();
    submit(&net, 0, 0, 30).await;
    let before = net.blocks(2, 30).await;
    net.stop(0).await;
    net.stop(1).await;
    let tip = net.node(2).status().height;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let status = net.node(2).status();
    assert!(status.stalled && status.height <= tip + 2, "{status:?}");
    assert_eq!(status.error, None);
    net.stop_all().await;

    net.start_all();
    submit(&net, 1, 30, 40).await;
    for i in 0..4 {
        let after = net.blocks(i, 40).await;
        assert_eq!(after[..before.len()], before[..], "node {i}");
        assert_eq!(net.node(i).get(key("counter")).await, Some(b"40".to_vec()));
    }
    assert!(!net.node(2).status().stalled);
    net.stop_all().await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// Flips one bit of a known transaction in the archive of blocks.
fn damage_archive(folder: &Path, text: &[u8]) {
    let mut hits = 0;
    for path in files(folder) {
        if !path.to_string_lossy().contains("chain-blocks-value") {
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            hits += 1;
        }
    }
    assert_eq!(hits, 1, "the transaction is in the archive once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_archive_stops_the_node_by_name() {
    let mut net = Net::new();
    net.start_all();
    submit(&net, 0, 0, 10).await;
    net.blocks(3, 10).await;
    let tip = net.node(3).status().height;
    net.reach(3, tip + 3).await;
    net.stop(3).await;
    damage_archive(&net.configs[3].data_dir, &put(0, 4, "k4", "v"));
    net.start(3);
    let node = net.node(3).clone();
    let error = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(error) = node.status().error {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("damage is found");
    println!("{error}");
    assert!(error.contains("block"), "{error}");
    assert!(node.status().stalled);
    assert!(node.subscribe(1).next().await.is_none());
    assert!(node.submit(put(0, 99, "a", "b")).await.is_err());
    net.stop_all().await;
}

/// Waits until a node has stopped by itself, or until it has applied a height.
async fn outcome(net: &Net, i: usize, height: u64) -> Option<String> {
    tokio::time::timeout(PATIENCE, async {
        loop {
            let status = net.node(i).status();
            if status.error.is_some() || status.height >= height {
                return status.error;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("stops or goes on")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_named_or_made_again_but_never_served() {
    let mut net = Net::new();
    net.start_all();
    submit(&net, 0, 0, 50).await;
    net.blocks(3, 50).await;
    net.stop(3).await;
    let log = files(&net.configs[3].data_dir)
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("chain-state-log_data"))
        .max_by_key(|path| fs::metadata(path).map_or(0, |data| data.len()))
        .expect("the state has a log");
    let mut bytes = fs::read(&log).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[used / 3] ^= 0x10;
    fs::write(&log, bytes).unwrap();
    net.start(3);
    let tip = net.node(1).status().height + 2;
    net.reach(1, tip).await;
    if let Some(error) = outcome(&net, 3, tip).await {
        println!("damaged state: {error}");
    } else {
        println!("damaged state was made again");
        let theirs = net.node(1).block(tip).await.unwrap();
        assert_eq!(net.node(3).block(tip).await.unwrap(), theirs);
        for n in 0..50 {
            let value = net.node(3).get(key(&format!("k{n}"))).await;
            assert_eq!(value, Some(b"v".to_vec()));
        }
    }
    net.stop_all().await;
}

#[test]
fn a_start_that_cannot_work_is_refused_by_name() {
    let net = Net::new();
    let config = &net.configs[0];
    let try_start = |change: &dyn Fn(&mut fairway_chain::Config)| {
        let mut config = config.clone();
        change(&mut config);
        start(config, std::sync::Arc::new(Kv)).unwrap_err()
    };
    let error = try_start(&|c| c.seed = [77; 32]);
    assert!(matches!(error, StartError::NotAValidator(_)), "{error}");
    let error = try_start(&|c| c.chain_id.clear());
    assert!(matches!(error, StartError::ChainId(0)), "{error}");
    let error = try_start(&|c| c.validators.clear());
    assert!(matches!(error, StartError::ValidatorCount(0)), "{error}");
    let error = try_start(&|c| c.validators.push(c.validators[1]));
    assert!(
        matches!(error, StartError::DuplicateValidator(_)),
        "{error}"
    );
    let error = try_start(&|c| c.idle_interval = c.leader_timeout);
    assert!(error.to_string().contains("idle_interval"), "{error}");
    let error = try_start(&|c| c.joined = true);
    assert!(matches!(error, StartError::NotAValidator(_)), "{error}");
    let error = try_start(&|c| c.epoch_blocks = 3);
    assert!(error.to_string().contains("epoch_blocks"), "{error}");
    let error = try_start(&|c| c.max_peers = 4);
    assert!(error.to_string().contains("max_peers"), "{error}");
    let error = try_start(&|c| c.max_block_txs = 0);
    assert!(error.to_string().contains("max_block_txs"), "{error}");
    let taken = std::net::TcpListener::bind(config.listen).unwrap();
    let error = try_start(&|_| ());
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
    drop(taken);
    // The refused start above has claimed the folder for its chain.
    let error = try_start(&|c| c.chain_id = "another".into());
    assert!(matches!(error, StartError::DataDir { .. }), "{error}");
}
