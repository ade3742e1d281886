//! Nothing fails: order, uniqueness, agreement, latency.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use fairway_chain::SubmitError;

use crate::{
    kv::{key, put},
    net::{Net, PATIENCE},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_transactions_are_final_once_each_and_all_agree() {
    let mut net = Net::new();
    net.start_all();
    let mut ids = BTreeMap::new();
    for n in 0..200 {
        let tx = put(n % 4, n, &format!("k{}", n % 50), &format!("v{n}"));
        let id = net.node(n % 4).submit(tx.clone()).await.unwrap();
        // The same transaction at another member is the same transaction.
        assert_eq!(net.node((n + 1) % 4).submit(tx).await, Ok(id));
        ids.insert(id, 0);
    }
    let refused = net.node(0).submit(Bytes::from_static(b"one")).await;
    assert_eq!(refused, Err(SubmitError::Refused("not four words".into())));

    let first = net.blocks(0, 200).await;
    for (id, _, receipt) in first.iter().flat_map(|block| &block.txs) {
        assert!(receipt.ends_with(b"") && !receipt.is_empty());
        *ids.get_mut(id).expect("only what was submitted") += 1;
    }
    assert!(ids.values().all(|times| *times == 1));
    for pair in first.windows(2) {
        assert_eq!(pair[1].parent, pair[0].digest);
        assert!(pair[1].time_ms > pair[0].time_ms);
    }
    for i in 1..4 {
        assert_eq!(net.blocks(i, 200).await, first, "node {i}");
        assert_eq!(net.node(i).get(key("counter")).await, Some(b"200".to_vec()));
        assert_eq!(net.node(i).get(key("motto")).await, Some(b"fair".to_vec()));
        assert_eq!(net.node(i).get(key("nothing")).await, None);
    }
    // A final transaction is known for ever.
    let again = put(0, 0, "k0", "v0");
    assert!(net.node(2).submit(again).await.is_ok());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(net.node(2).get(key("counter")).await, Some(b"200".to_vec()));
    let settled = tokio::time::timeout(PATIENCE, async {
        loop {
            let status = net.node(3).status();
            if (status.peers, status.mempool) == (3, 0) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let status = settled.await.expect("all connected, nothing waits");
    assert!(!status.stalled);
    assert_eq!(status.error, None);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_transaction_is_final_within_a_second() {
    let mut net = Net::new();
    net.start_all();
    net.reach(0, 4).await;
    let mut times = Vec::new();
    for n in 0..20 {
        let node = net.node(n % 4);
        let begin = Instant::now();
        let id = node.submit(put(0, n, "a", "b")).await.unwrap();
        while node.proof(id).await.is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(begin.elapsed());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    times.sort();
    println!(
        "one at a time: p50 {:?}, slowest {:?}",
        times[10], times[19]
    );
    assert!(times[10] < Duration::from_secs(1), "{times:?}");
    net.stop_all().await;
}
