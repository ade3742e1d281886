//! A member whose node drops old blocks: it is killed again and again while it does, proves its own bill line as before, and its exported
//! pieces together are the chain.

use crate::by_hand::{CIN, HOME, Shell, Terminal, VISITED, agreed, charged, founded, registered};
use crate::joins::number;
use crate::stage::PATIENCE;
use fairway::genesis::Genesis;
use fairway_verify::{Proven, verify};
use std::path::PathBuf;
use std::time::Duration;

/// Blocks of a section with the epochs of this test.
const SECTION: u64 = 24;

/// Files of dropped blocks.
fn pieces(shell: &Shell) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(shell.folder.join("duke/exports"));
    let paths = entries.into_iter().flatten().flatten().map(|e| e.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "export"))
        .collect();
    paths.sort();
    paths
}

/// Kills Duke and starts it again.
async fn again(shell: &mut Shell) {
    let mut duke = shell.running.remove(1);
    duke.kill().await.unwrap();
    shell.serve("duke");
    let duke = shell.running.pop().unwrap();
    shell.running.insert(1, duke);
    shell.until(&["ledger", "status", VISITED], "height").await;
}

/// Waits until Duke's blocks are whole from a height on only.
async fn dropped(shell: &Shell, whole: u64) {
    let begin = fairway::environment::instant();
    while number(shell, VISITED, "whole").await < whole {
        assert!(begin.elapsed() < PATIENCE, "nothing is dropped");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Kills Duke at different moments of its first exports, and once with a file that another hand changed.
async fn killed_while_dropping(shell: &mut Shell) {
    let config = shell.folder.join("duke/fairway.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let few = format!("{text}[ledger]\nkeep_blocks = 23\n");
    std::fs::write(&config, few).unwrap();
    let refused = "keep_blocks is 23, expected 24 to 6144 with epochs of 6 blocks";
    let mut duke = shell.running.remove(1);
    duke.kill().await.unwrap();
    shell.bad(&["serve", VISITED], refused).await;
    std::fs::write(&config, format!("{text}[ledger]\nkeep_blocks = 24\n")).unwrap();
    shell.serve("duke");
    let duke = shell.running.pop().unwrap();
    shell.running.insert(1, duke);
    for moment in [1_050, 1_150, 1_000] {
        tokio::time::sleep(Duration::from_millis(moment)).await;
        again(shell).await;
    }
    dropped(shell, SECTION).await;
}

/// What the small verifier, which shares no code with the ledger, says of a proof file.
fn verified(shell: &Shell, proof: &str) -> Proven {
    let bytes = std::fs::read(shell.folder.join(proof)).unwrap();
    let genesis = Genesis::read(&shell.folder.join("genesis.toml")).unwrap();
    let founders = genesis.founders();
    let keys = founders.iter().map(|member| member.validator.unwrap().0);
    let keys: Vec<[u8; 32]> = keys.collect();
    verify(&bytes, &genesis.chain_id, &keys).unwrap()
}

/// The own bill line, and that the chain only grew, from the node that has dropped both blocks.
async fn proven(shell: &Shell, transaction: &str, total: &str) {
    let proof = ["ledger", "proof", transaction, "--out=line.cbor", VISITED];
    shell.good(&proof).await;
    let Proven::Inclusion { block, .. } = verified(shell, "line.cbor") else {
        panic!("no inclusion");
    };
    assert!(block.height < number(shell, VISITED, "whole").await);
    let said = shell
        .good(&["ledger", "verify", "line.cbor", "--validators=genesis.toml"])
        .await;
    assert!(said.contains("PROVEN") && said.contains(total), "{said}");
    for (older, newer) in [("0", "3"), ("2", "31"), ("5", "17")] {
        let grown = [
            "ledger",
            "consistency",
            older,
            newer,
            "--out=grown.cbor",
            VISITED,
        ];
        shell.good(&grown).await;
        let Proven::Consistency {
            older: one,
            newer: two,
            ..
        } = verified(shell, "grown.cbor")
        else {
            panic!("no consistency");
        };
        assert_eq!(
            [one.height.to_string(), two.height.to_string()],
            [older, newer]
        );
    }
}

/// The pieces and what the node still has are one export, equal to that of a member that keeps everything; what is wrong with a piece is named.
async fn one_again(shell: &mut Shell) {
    let missing = "this node has dropped the blocks before ";
    let old = ["ledger", "export", "--out=no.export", VISITED];
    shell.bad(&old, missing).await;
    shell.running.remove(1).kill().await.unwrap();
    let last = pieces(shell).pop().unwrap();
    let last = last.file_stem().unwrap().to_str().unwrap();
    let whole: u64 = last.split('-').next_back().unwrap().parse::<u64>().unwrap() + 1;
    // The last block of an epoch, which has a certificate of its own on every node.
    let (from, to) = (format!("--from={whole}"), format!("--to={}", whole + 5));
    let rest = [
        "ledger",
        "export",
        "--out=rest.export",
        &from,
        &to,
        "--folder=duke/ledger",
    ];
    shell.good(&rest).await;
    let all = ["ledger", "export", "--out=all.export", &to, HOME];
    shell.good(&all).await;
    let files = pieces(shell);
    let mut names: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    names.push("rest.export");
    let out = ["--out=joined.export"];
    let said = shell
        .good(&[&["ledger", "concat"], &out[..], &names[..]].concat())
        .await;
    assert!(said.contains("blocks 1 to "), "{said}");
    let mut roots = Vec::new();
    for file in ["joined.export", "all.export"] {
        let said = shell.good(&["audit", file]).await;
        assert!(said.contains("every block was executed again"), "{said}");
        let lines = said
            .lines()
            .filter(|l| l.contains("state root") || l.contains("last header"));
        roots.push(lines.map(str::to_owned).collect::<Vec<_>>());
    }
    assert!(roots[0].len() == 3 && roots[0] == roots[1], "{roots:?}");
    let exists = ["ledger", "concat", "--out=joined.export", "all.export"];
    shell.bad(&exists, "joined.export: ").await;
    let gap = ["ledger", "concat", "--out=x", names[0], "rest.export"];
    if names.len() > 2 {
        shell.bad(&gap, "are in no piece").await;
    }
    let mut bytes = std::fs::read(&files[0]).unwrap();
    // In the header of the first block.
    let at = 130;
    bytes[at] ^= 1;
    std::fs::write(shell.folder.join("bad.export"), bytes).unwrap();
    let words = format!("bad.export: NOT RIGHT: changed byte at offset {at}, block 1");
    let tampered = ["ledger", "concat", "--out=x", "bad.export", "rest.export"];
    shell.bad(&tampered, &words).await;
    assert!(!shell.folder.join("x").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn process_dropped_blocks_are_proven_and_joined() {
    let mut shell = Shell::with_examples("drops");
    let gateway = founded(&mut shell, &["--epoch-blocks", "6"]).await;
    let station = registered(&shell, &gateway).await;
    agreed(&shell).await;
    let mut terminal = Terminal::open(station);
    let total = charged(&mut terminal, CIN).await;
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let month: String = now.chars().take(7).collect();
    let line = ["bill", CIN, &month, "--json", HOME];
    let paper = shell.until(&line, "\"transaction\":").await;
    terminal.press("quit").await;
    drop(terminal);
    let billed = number(&shell, VISITED, "height").await;
    let transaction = paper.split("\"transaction\":").nth(1).unwrap();
    let transaction = transaction.split('"').nth(1).unwrap();

    killed_while_dropping(&mut shell).await;
    dropped(&shell, (billed / SECTION + 1) * SECTION).await;
    proven(&shell, transaction, &total).await;
    one_again(&mut shell).await;
    for mut child in shell.running.drain(..) {
        child.kill().await.unwrap();
    }
    std::fs::remove_dir_all(&shell.folder).unwrap();
}
