//! The ledger as members and auditors meet it.

use crate::stage::{PATIENCE, Stage, folder, program};
use fairway::demo::members::{UTILITIES, WITNESS};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn verify(proof: &Path, validators: &Path) -> (bool, String) {
    let output = Command::new(program())
        .args(["ledger", "verify"])
        .arg(proof)
        .arg("--validators")
        .arg(validators)
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

/// A bill line is proven offline with public keys only, and no changed byte of the proof passes.
#[tokio::test(flavor = "multi_thread")]
async fn process_bill_line_is_proven_offline() {
    let stage = Stage::open("proof", BTreeMap::new()).await;
    let mut post = stage.post(2, 1);
    let driver = stage.drivers[1].clone();
    post.visit(&driver.cin, 55).await.unwrap();
    let bill = stage.billed(1, 1).await;
    let path = format!("/ledger/v1/proof/{}", bill.lines[0].transaction);
    let proof = stage
        .world
        .client(WITNESS)
        .unwrap()
        .get(&path)
        .await
        .unwrap();
    let genesis = std::fs::read_to_string(stage.world.folder.join("genesis.toml")).unwrap();
    let keys: Vec<String> = stage
        .world
        .genesis
        .member
        .iter()
        .map(|m| format!("validator {}", m.validator))
        .collect();
    let chain = stage.world.genesis.chain_id.clone();
    stage.close().await;

    let place = folder("proof-file");
    let (file, genesis_file, keys_file) = (
        place.join("proof.cbor"),
        place.join("genesis.toml"),
        place.join("keys.txt"),
    );
    std::fs::write(&file, &proof).unwrap();
    std::fs::write(&genesis_file, genesis).unwrap();
    std::fs::write(&keys_file, format!("chain {chain}\n{}\n", keys.join("\n"))).unwrap();
    for trusted in [&genesis_file, &keys_file] {
        let (proven, text) = verify(&file, trusted);
        assert!(proven && text.contains("PROVEN"), "{text}");
    }
    for at in (0..proof.len()).step_by(proof.len() / 23) {
        let mut changed = proof.clone();
        changed[at] ^= 1;
        std::fs::write(&file, changed).unwrap();
        let (proven, text) = verify(&file, &keys_file);
        assert!(!proven, "byte {at} changed: {text}");
    }
    std::fs::write(&file, &proof).unwrap();
    std::fs::write(
        &keys_file,
        format!("chain another-chain\n{}\n", keys.join("\n")),
    )
    .unwrap();
    assert!(!verify(&file, &keys_file).0);
    std::fs::remove_dir_all(place).unwrap();
}

/// Without a quorum the ledger says so, charging goes on, and what was charged is settled when the quorum is back.
#[tokio::test(flavor = "multi_thread")]
async fn process_without_quorum_charging_goes_on() {
    let mut stage = Stage::open("quorum", BTreeMap::new()).await;
    let mut post = stage.post(1, 0);
    let driver = stage.drivers[0].clone();
    stage.world.kill(WITNESS).await.unwrap();
    stage.world.kill(UTILITIES[2]).await.unwrap();
    let begin = fairway::environment::instant();
    let duke = stage.world.client(UTILITIES[1]).unwrap();
    loop {
        match duke.json("/readyz").await {
            Err(text) if text.contains("no quorum") => break,
            other => assert!(begin.elapsed() < PATIENCE, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let visit = post.visit(&driver.cin, 52).await.unwrap();
    assert!(
        stage.bill(0).await.lines.is_empty(),
        "nothing is settled without a quorum"
    );
    stage.world.start(WITNESS).unwrap();
    stage.world.start(UTILITIES[2]).unwrap();
    let bill = stage.billed(0, 1).await;
    assert_eq!(bill.lines[0].total, visit.bill.total);
    stage.close().await;
}
