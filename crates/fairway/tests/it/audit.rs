//! The auditor's machine: an export of a consortium of processes, the genesis file, and nothing else.

use crate::stage::{Stage, folder, program};
use fairway::demo::members::{UTILITIES, WITNESS};
use fairway_ledger::books::Books;
use fairway_model::Currency;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(program()).args(arguments).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code(), text)
}

fn audit(file: &Path, genesis: &Path) -> (Option<i32>, String) {
    run(&[
        "audit",
        file.to_str().unwrap(),
        "--genesis",
        genesis.to_str().unwrap(),
    ])
}

/// Two charges, an export from a running member, and an audit that reproduces every balance; a changed byte is named.
#[tokio::test(flavor = "multi_thread")]
async fn process_export_is_audited_with_public_keys_only() {
    let stage = Stage::open("audit", BTreeMap::new()).await;
    for (utility, driver, percent) in [(2, 1, 55), (0, 2, 52)] {
        let mut post = stage.post(utility, driver);
        let cin = stage.drivers[driver].cin.clone();
        post.visit(&cin, percent).await.unwrap();
        stage.billed(driver, 1).await;
    }
    let (ledger, height) = fairway::demo::ledger_books(&stage.world).await.unwrap();
    let place = folder("audit-file");
    let name = |name: &str| place.join(name);
    let config = stage
        .world
        .folder
        .join(UTILITIES[0].folder)
        .join("fairway.toml");
    let config = config.to_str().unwrap();
    let (export, grown) = (name("ledger.export"), name("grown.cbor"));
    let (code, text) = run(&[
        "ledger",
        "export",
        "--config",
        config,
        "--out",
        export.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{text}");
    let newer = height.to_string();
    let (code, text) = run(&[
        "ledger",
        "consistency",
        "1",
        &newer,
        "--config",
        config,
        "--out",
        grown.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{text}");
    let bill = stage.bill(1).await;
    let path = format!("/ledger/v1/proof/{}", bill.lines[0].transaction);
    let proof = stage
        .world
        .client(WITNESS)
        .unwrap()
        .get(&path)
        .await
        .unwrap();
    std::fs::write(name("proof.cbor"), proof).unwrap();
    std::fs::copy(
        stage.world.folder.join("genesis.toml"),
        name("genesis.toml"),
    )
    .unwrap();
    let chain = stage.world.genesis.chain_id.clone();
    stage.close().await;

    // From here on nothing of the consortium is left but the files.
    let (code, text) = audit(&export, &name("genesis.toml"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("every block was executed again"), "{text}");
    for line in ledger.to_string().lines() {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(text.contains("books sum USD 0"), "{text}");
    assert_eq!(ledger.charges(), 2);
    says_what_it_proves(&place, &bill.lines[0].total.text(Currency::USD));
    names_what_was_changed(&export, &name("genesis.toml"), &ledger, &chain);
    std::fs::remove_dir_all(place).unwrap();
}

fn says_what_it_proves(place: &Path, total: &str) {
    let verify = |file: &str| {
        let (file, genesis) = (place.join(file), place.join("genesis.toml"));
        run(&[
            "ledger",
            "verify",
            file.to_str().unwrap(),
            "--validators",
            genesis.to_str().unwrap(),
        ])
    };
    let (code, text) = verify("proof.cbor");
    assert_eq!(code, Some(0), "{text}");
    for word in ["PROVEN", "kWh", "a station of", "signed by", total] {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
    let (code, text) = verify("grown.cbor");
    assert!(
        code == Some(0) && text.contains("is the chain at block 1, continued"),
        "{text}"
    );
}

fn names_what_was_changed(export: &Path, genesis: &Path, ledger: &Books, chain: &str) {
    let whole = std::fs::read(export).unwrap();
    let changed = export.with_extension("changed");
    let find = |word: &[u8]| whole.windows(word.len()).position(|w| w == word);
    // Inside the member id of a signed transaction, in the middle, in the head, at the end.
    let inside = find(b"US*DUK").unwrap() + 4;
    for at in [20, inside, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&changed, bytes).unwrap();
        let (code, text) = audit(&changed, genesis);
        let expected = if at == 20 { Some(2) } else { Some(3) };
        assert_eq!(code, expected, "{text}");
        assert!(text.contains(&format!("offset {at},")), "{at}: {text}");
    }
    std::fs::write(&changed, &whole[..whole.len() - 100]).unwrap();
    assert_eq!(audit(&changed, genesis).0, Some(4));
    std::fs::write(&changed, [whole.as_slice(), b"more"].concat()).unwrap();
    assert_eq!(audit(&changed, genesis).0, Some(5));
    let other = genesis.with_extension("other");
    let text = std::fs::read_to_string(genesis).unwrap();
    std::fs::write(&other, text.replace(chain, "another-chain")).unwrap();
    assert_eq!(audit(export, &other).0, Some(2));
    assert!(audit(&export.with_extension("missing"), genesis).0 == Some(1));
    assert!(ledger.charges() > 0);
}
