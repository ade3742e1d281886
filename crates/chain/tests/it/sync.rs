//! A node takes the state from its peers, follows from there, and serves and proves what it holds.

use std::time::{Duration, Instant};

use fairway_chain::{Begin, Consistent, ValidatorHistory, verify_consistency};

use crate::{
    epochs::set_peers,
    kv::{key, put},
    net::{CHAIN, Net},
};

/// Blocks of an epoch.
const EPOCH: u64 = 24;

/// Writes `count` values of some length, and waits until the last is final.
async fn write(net: &Net, from: usize, count: usize, length: usize) -> Vec<[u8; 32]> {
    let mut ids = Vec::new();
    for n in from..from + count {
        let value = format!("{n}").repeat(length);
        let tx = put(n % 4, n, &format!("k{n}"), &value);
        ids.push(net.node(n % 4).submit(tx).await.unwrap());
    }
    net.proof(0, *ids.last().unwrap()).await;
    ids
}

/// Bytes of a folder.
fn bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let lengths = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    lengths.sum()
}

/// Waits until both nodes have applied a height and compares what they say of it.
async fn same(net: &Net, i: usize, j: usize, height: u64) {
    net.reach(i, height).await;
    net.reach(j, height).await;
    let (one, two) = (
        net.node(i).block(height).await,
        net.node(j).block(height).await,
    );
    assert!(one.is_some(), "block {height} of node {i}");
    assert_eq!(one, two, "block {height} of nodes {i} and {j}");
}

/// Every older block that the node holds is proven to be an ancestor of a newer one.
async fn consistent(net: &Net, i: usize, first: u64, newer: u64) {
    let handovers = net.node(i).handovers().await.unwrap();
    let mut history = ValidatorHistory::new(CHAIN, &net.keys());
    history.follow(&handovers).unwrap();
    for older in first..newer {
        let proof = net.node(i).consistency(older, newer).await;
        let proof = proof.unwrap_or_else(|| panic!("no proof from {older} to {newer}"));
        let keys = history.at(newer / EPOCH);
        let Consistent { .. } = verify_consistency(&proof, CHAIN, keys).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_takes_the_state_and_a_sixth_replays_to_the_same() {
    let mut net = Net::of_epochs(EPOCH);
    net.start_all();
    let ids = write(&net, 0, 1_500, 120).await;
    let (fifth, sixth) = (net.join(), net.join());
    net.configs[fifth].begin = Begin::State;
    set_peers(&net, 9_000, &[0, 1, 2, 3], &[fifth, sixth]).await;
    let tip = net.node(0).status().height;
    net.reach(0, (tip / EPOCH + 3) * EPOCH).await;

    let goal = net.node(0).status().height;
    let clock = Instant::now();
    net.start(fifth);
    net.reach(fifth, goal).await;
    let by_state = clock.elapsed();
    let status = net.node(fifth).status();
    let first = net.node(fifth).first().await.unwrap();
    assert!(first > tip && first % EPOCH == EPOCH - 1, "{status:?}");
    let clock = Instant::now();
    net.start(sixth);
    net.reach(sixth, goal).await;
    let by_replay = clock.elapsed();
    let folders = [fifth, sixth].map(|i| bytes(&net.configs[i].data_dir));
    println!(
        "to block {goal}: by state {by_state:?}, {} bytes fetched, {} stored; by replay {by_replay:?}, {} stored",
        status.fetched, folders[0], folders[1]
    );

    // It holds the same state and follows; what it did not take it says.
    write(&net, 2_000, 8, 10).await;
    let tip = net.node(0).status().height;
    for i in [0, sixth] {
        same(&net, fifth, i, first).await;
        same(&net, fifth, i, tip).await;
    }
    for name in ["counter", "motto", "k0", "k1499", "k2007", "peers"] {
        let (one, two) = (
            net.node(fifth).get(key(name)).await,
            net.node(0).get(key(name)).await,
        );
        assert!(one.is_some() && one == two, "{name}");
    }
    assert_eq!(net.node(fifth).block(first - 1).await, None);
    assert_eq!(net.node(fifth).proof(ids[0]).await, None);
    assert_eq!(net.node(fifth).export(1, first).await, None);
    assert!(net.node(fifth).export(first, tip).await.is_some());
    assert!(net.node(fifth).subscribe(1).next().await.is_none());
    net.reach(fifth, tip + 3).await;
    consistent(&net, fifth, first, tip).await;

    // A walk over the state finds what was written before and not what came after.
    let prefix: fairway_chain::Filter = std::sync::Arc::new(|_, value| value.starts_with(b"149"));
    let found = net.node(fifth).scan(first, prefix.clone()).await.unwrap();
    assert_eq!(Some(found.clone()), net.node(1).scan(first, prefix).await);
    assert!(found.contains_key(&key("k1499")), "{}", found.len());

    // It comes back from its own folder, and a seventh takes the state from it too.
    net.stop(fifth).await;
    net.start(fifth);
    net.reach(fifth, tip + 5).await;
    assert_eq!(net.node(fifth).first().await, Some(first));
    same(&net, fifth, 0, tip + 5).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_changed_long_ago_and_the_newcomer_knows_only_the_founders() {
    let mut net = Net::of_epochs(EPOCH);
    net.start_all();
    write(&net, 0, 40, 5).await;
    let fifth = net.join();
    net.start(fifth);
    set_peers(&net, 9_000, &[0, 1, 2, 3, fifth], &[]).await;
    net.when(fifth, "a validator", |s| s.votes && s.validators == 5)
        .await;
    let sixth = net.join();
    net.configs[sixth].begin = Begin::State;
    set_peers(&net, 9_001, &[1, 2, 3, fifth], &[0, sixth]).await;
    net.when(1, "of four", |s| s.validators == 4 && s.epoch > 2)
        .await;
    let tip = net.node(1).status().height;
    net.reach(1, (tip / EPOCH + 2) * EPOCH).await;
    let goal = net.node(1).status().height;
    net.start(sixth);
    net.reach(sixth, goal).await;
    let first = net.node(sixth).first().await.unwrap();
    assert!(first > tip, "{:?}", net.node(sixth).status());
    let handovers = net.node(sixth).handovers().await.unwrap();
    assert_eq!(handovers.len(), 2);
    let both = goal.max(first + 3);
    same(&net, sixth, 1, both).await;
    consistent(&net, sixth, first, both - 2).await;

    // It becomes a validator itself, and comes back as one.
    set_peers(&net, 9_002, &[1, 2, 3, fifth, sixth], &[0]).await;
    net.when(sixth, "a validator", |s| s.votes && s.validators == 5)
        .await;
    net.stop(sixth).await;
    net.start(sixth);
    net.when(sixth, "a validator again", |s| s.votes).await;
    let tip = net.node(1).status().height;
    net.reach(sixth, tip + 3).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_epoch_has_ended_every_block_is_executed() {
    let mut net = Net::of_epochs(100_000);
    net.start_all();
    write(&net, 0, 20, 5).await;
    let fifth = net.join();
    net.configs[fifth].begin = Begin::State;
    net.start(fifth);
    // Until it is a peer, nothing is known of a beginning.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(net.node(fifth).status().first, 0);
    set_peers(&net, 9_000, &[0, 1, 2, 3], &[fifth]).await;
    let tip = net.node(0).status().height;
    net.reach(fifth, tip).await;
    assert_eq!(net.node(fifth).first().await, Some(1));
    same(&net, fifth, 0, 1).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_any_time_of_the_sync_is_made_good_by_the_next_start() {
    let mut net = Net::of_epochs(EPOCH);
    net.start_all();
    write(&net, 0, 600, 5_000).await;
    let fifth = net.join();
    net.configs[fifth].begin = Begin::State;
    set_peers(&net, 9_000, &[0, 1, 2, 3], &[fifth]).await;
    let tip = net.node(0).status().height;
    net.reach(0, (tip / EPOCH + 2) * EPOCH).await;
    let mut interrupted = 0;
    for pieces in 0..4u64 {
        net.start(fifth);
        let some = |s: &fairway_chain::Status| s.first > 0 || s.fetched > pieces * 1_500_000;
        net.when(fifth, "a piece further", some).await;
        interrupted += u32::from(net.node(fifth).status().first == 0);
        net.stop(fifth).await;
    }
    println!("interrupted {interrupted} times");
    assert!(interrupted > 0, "the sync was never interrupted");
    net.start(fifth);
    net.when(fifth, "its beginning", |s| s.first > 0).await;
    let goal = net.node(0).status().height;
    same(&net, fifth, 0, goal.max(net.node(fifth).status().first)).await;
    net.stop_all().await;
}
