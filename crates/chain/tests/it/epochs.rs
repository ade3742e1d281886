//! Epochs pass, validators change, full nodes follow.

use std::time::Duration;

use fairway_chain::{ProofError, ValidatorHistory, verify_proof};

use crate::{
    kv::{key, put},
    net::{CHAIN, Net},
};

async fn submit(net: &Net, i: usize, n: usize) -> [u8; 32] {
    let tx = put(i, n, &format!("k{n}"), "v");
    net.node(i).submit(tx).await.unwrap()
}

/// Writes who takes part, and waits until it is final.
pub(crate) async fn set_peers(net: &Net, n: usize, validators: &[usize], followers: &[usize]) {
    let tx = put(0, n, "peers", &net.peers(validators, followers));
    let id = net.node(1).submit(tx).await.unwrap();
    net.proof(1, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn epochs_pass_with_the_same_validators() {
    let mut net = Net::of_epochs(8);
    net.start_all();
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(submit(&net, n % 4, n).await);
        net.reach(0, n as u64 + 2).await;
    }
    net.stop(3).await;
    net.reach(0, 50).await;
    net.start(3);
    net.reach(3, 60).await;
    let status = net.node(3).status();
    assert!(
        status.epoch >= 7 && status.votes && status.validators == 4,
        "{status:?}"
    );
    for id in &ids {
        let proof = net.proof(1, *id).await;
        let verified = verify_proof(&proof, CHAIN, &net.keys()).unwrap();
        assert_eq!(verified.epoch, verified.height / 8);
    }
    assert_eq!(net.node(2).handovers().await, Some(Vec::new()));
    assert_eq!(net.blocks(3, 30).await, net.blocks(0, 30).await);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_joins_one_leaves_and_proofs_cross_the_changes() {
    let mut net = Net::of_epochs(12);
    net.start_all();
    let fifth = net.join();
    net.start(fifth);
    let before = submit(&net, 0, 0).await;
    net.reach(0, 30).await;
    assert_eq!(net.node(fifth).status().height, 0, "nobody knows it yet");

    // It follows as a full node: it executes, and takes transactions, without a vote.
    set_peers(&net, 1, &[0, 1, 2, 3], &[fifth]).await;
    net.reach(fifth, 30).await;
    let status = net.node(fifth).status();
    assert!(!status.votes && status.validators == 4, "{status:?}");
    let from_fifth = submit(&net, fifth, 2).await;
    net.proof(0, from_fifth).await;
    net.proof(fifth, before).await;

    // It votes from the next epoch on.
    set_peers(&net, 3, &[0, 1, 2, 3, fifth], &[]).await;
    net.when(fifth, "a validator of five", |s| {
        s.votes && s.validators == 5
    })
    .await;

    // The first one leaves, and goes on as a full node.
    set_peers(&net, 4, &[1, 2, 3, fifth], &[0]).await;
    net.when(0, "a full node", |s| !s.votes && s.validators == 4)
        .await;
    let tip = net.node(0).status().height;
    net.reach(0, tip + 15).await;

    // Three of the new four are enough only if the fifth is one of them.
    net.stop(0).await;
    net.stop(1).await;
    let tip = net.node(2).status().height;
    let after = submit(&net, 2, 5).await;
    net.reach(fifth, tip + 15).await;
    let proof = net.proof(fifth, after).await;

    // An auditor that has the founders' keys follows the changes; without them it refuses the new validators.
    let handovers = net.node(fifth).handovers().await.unwrap();
    assert_eq!(handovers.len(), 2);
    let mut history = ValidatorHistory::new(CHAIN, &net.keys());
    let unknown = history.verify(&proof).unwrap_err();
    assert!(matches!(unknown, ProofError::UnknownSigner(_)), "{unknown}");
    let missing = history.clone().follow(&handovers[1..]).unwrap_err();
    assert!(
        matches!(
            missing,
            ProofError::Handover(_) | ProofError::UnknownSigner(_)
        ),
        "{missing}"
    );
    let none = history
        .clone()
        .follow(&[net.proof(2, before).await])
        .unwrap_err();
    assert!(matches!(none, ProofError::Handover(_)), "{none}");
    history.follow(&handovers).unwrap();
    let verified = history.verify(&proof).unwrap();
    assert_eq!(history.at(verified.epoch).len(), 4);
    history.verify(&net.proof(2, before).await).unwrap();
    assert!(verify_proof(&proof, CHAIN, &net.keys()).is_err());

    // The one that left comes back, and a node from nothing learns the whole chain from today's validators.
    net.start(0);
    net.start(1);
    let tip = net.node(2).status().height;
    net.reach(0, tip).await;
    net.reach(1, tip + 3).await;
    assert_eq!(
        net.node(0).get(key("counter")).await,
        net.node(2).get(key("counter")).await
    );
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_stop_around_a_change_find_the_way() {
    let mut net = Net::of_epochs(10);
    net.start_all();
    let fifth = net.join();
    net.start(fifth);
    set_peers(&net, 0, &[0, 1, 2, 3, fifth], &[]).await;
    // One is down while the set changes; two more restart right after each other.
    net.stop(3).await;
    net.when(0, "of five", |s| s.validators == 5).await;
    net.stop(0).await;
    net.start(0);
    net.when(0, "back", |s| s.validators == 5).await;
    let tip = net.node(0).status().height;
    net.reach(fifth, tip + 25).await;
    net.start(3);
    let tip = net.node(1).status().height;
    net.reach(3, tip + 5).await;
    let status = net.node(3).status();
    assert!(status.votes && status.validators == 5, "{status:?}");
    net.stop_all().await;
    for i in 0..5 {
        net.start(i);
    }
    net.reach(2, tip + 30).await;
    let same = net.node(2).block(tip).await.unwrap();
    for i in 0..5 {
        net.reach(i, tip + 30).await;
        assert_eq!(net.node(i).block(tip).await.unwrap(), same);
        assert_eq!(net.node(i).handovers().await.unwrap().len(), 1);
    }
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_set_changes_nothing_and_a_marked_transaction_is_refused() {
    let mut net = Net::of_epochs(6);
    net.start_all();
    let twice = format!("{},{}", net.peers(&[0, 1, 2], &[]), net.peers(&[0], &[]));
    for (n, value) in [twice.as_str(), "f9@127.0.0.1:1", "nonsense"]
        .iter()
        .enumerate()
    {
        let id = net.node(1).submit(put(1, n, "peers", value)).await.unwrap();
        net.proof(1, id).await;
        let tip = net.node(1).status().height;
        net.reach(1, tip + 8).await;
    }
    assert_eq!(net.node(1).status().validators, 4);
    assert_eq!(net.node(1).handovers().await, Some(Vec::new()));
    let marked = bytes::Bytes::from_static(b"fairway-chain/handover/1: 1 a b");
    let error = net.node(1).submit(marked).await.unwrap_err();
    assert!(error.to_string().contains("handover"), "{error}");
    tokio::time::sleep(Duration::from_millis(10)).await;
    net.stop_all().await;
}
