//! Proofs of a running chain hold, and a change is named.

use fairway_chain::{MAX_PROOF_BYTES, Proof, ProofError, verify_proof};

use crate::{
    kv::put,
    net::{CHAIN, Net},
};

/// The encoded proof with one byte changed inside the given part of it.
fn changed(bytes: &[u8], part: &[u8], at: usize) -> Proof {
    let start = bytes
        .windows(part.len())
        .position(|window| window == part)
        .expect("part is in the proof");
    let mut bytes = bytes.to_vec();
    bytes[start + at] ^= 1;
    Proof::from_bytes(&bytes).expect("shape is kept")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_verify_offline_and_every_change_is_named() {
    let mut net = Net::new();
    net.start_all();
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(
            net.node(0)
                .submit(put(0, n, "name", "value"))
                .await
                .unwrap(),
        );
    }
    let blocks = net.blocks(1, 40).await;
    let keys = net.keys();
    for id in &ids {
        let proof = net.proof(1, *id).await;
        let again = Proof::from_bytes(&proof.to_bytes()).unwrap();
        let verified = verify_proof(&again, CHAIN, &keys).unwrap();
        let block = &blocks[verified.height as usize - 1];
        let found = block.txs.iter().find(|(other, ..)| other == id).unwrap();
        assert_eq!((&verified.tx, &verified.receipt), (&found.1, &found.2));
        assert_eq!(
            (verified.digest, verified.time_ms),
            (block.digest, block.time_ms)
        );
        assert!(verified.signers.len() >= 3);
    }
    assert_eq!(net.node(1).proof([9; 32]).await, None);

    // The transaction of the fullest block: its path is not empty.
    let block = blocks.iter().max_by_key(|block| block.txs.len()).unwrap();
    let (id, tx, receipt) = &block.txs[0];
    let proof = net.proof(2, *id).await;
    check_changes(&proof, tx, receipt, &keys);
    net.stop_all().await;
}

fn check_changes(proof: &Proof, tx: &[u8], receipt: &[u8], keys: &[[u8; 32]]) {
    let bytes = proof.to_bytes();
    let verify = |proof: &Proof| verify_proof(proof, CHAIN, keys);
    assert_eq!(
        verify(&changed(&bytes, tx, 2)),
        Err(ProofError::Transaction)
    );
    assert_eq!(
        verify(&changed(&bytes, receipt, 0)),
        Err(ProofError::Receipt)
    );
    let other = [public(50), public(51), public(52), public(53)];
    let error = verify_proof(proof, CHAIN, &other).unwrap_err();
    assert!(matches!(error, ProofError::UnknownSigner(_)), "{error}");
    let error = verify_proof(proof, "other", keys).unwrap_err();
    assert!(matches!(error, ProofError::Signature(_)), "{error}");
    // The same certificate does not suffice for a larger consortium.
    let larger: Vec<[u8; 32]> = keys.iter().copied().chain((60..70).map(public)).collect();
    let error = verify_proof(proof, CHAIN, &larger).unwrap_err();
    assert!(
        matches!(error, ProofError::Quorum { need: 10, .. }),
        "{error}"
    );
    for len in 0..bytes.len() {
        assert!(Proof::from_bytes(&bytes[..len]).is_err());
    }
    let long = vec![0; MAX_PROOF_BYTES + 1];
    assert_eq!(
        Proof::from_bytes(&long),
        Err(ProofError::TooLong(long.len(), MAX_PROOF_BYTES))
    );
}

fn public(n: u8) -> [u8; 32] {
    fairway_chain::public_key(&[n; 32])
}
