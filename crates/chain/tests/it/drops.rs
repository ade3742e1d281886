//! A node drops the bodies of old blocks and proves as before what it kept; the exported pieces are the chain.

use std::{path::PathBuf, sync::Arc, time::Duration};

use fairway_chain::{
    AuditRules, Begin, Exporter, Handle, JoinError, Keep, Machine, Proof, StartError, TxId,
    ValidatorHistory, export_folder, join_exports, section_blocks, start,
};

use crate::{
    audit::check_as,
    epochs::set_peers,
    kv::{Roster, put},
    net::{CHAIN, Net, PATIENCE},
};

/// Blocks of an epoch, and of a section.
const EPOCH: u64 = 6;
const SECTION: u64 = 24;

/// Keeps what begins with the author `1`.
fn keep() -> Keep {
    Arc::new(|tx, _| tx.starts_with(b"1 "))
}

async fn write(net: &Net, n: usize, author: usize) -> TxId {
    let secret = format!("of-author-{author}-number-{n}");
    let tx = put(author, n, &format!("k{n}"), &secret);
    let id = net.node(n % 4).submit(tx).await.unwrap();
    net.proof(0, id).await;
    id
}

/// Blocks `from..=to` of a node as a file.
async fn piece(node: &Handle, genesis: &[u8; 32], from: u64, to: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let mut exporter = Exporter::new(&mut file, CHAIN, genesis, from).unwrap();
    while exporter.next_height() <= to {
        let page = node.export(exporter.next_height(), to).await;
        exporter.put(&page.unwrap()).unwrap();
    }
    assert_eq!(exporter.finish().unwrap(), Some(to));
    file
}

/// Whether any file below a folder holds these bytes.
fn holds(folder: &std::path::Path, words: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => holds(&entry.path(), words),
        Ok(_) => {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            bytes.windows(words.len()).any(|window| window == words)
        }
        Err(_) => false,
    });
    found.any(|found| found)
}

fn history(net: &Net, handovers: &[Proof]) -> ValidatorHistory {
    let mut history = ValidatorHistory::new(CHAIN, &net.keys());
    history.follow(handovers).unwrap();
    history
}

/// What a node that dropped the blocks below `whole` still proves, and what it says of the rest.
async fn proves(net: &Net, [own, others]: [TxId; 2], whole: u64) {
    let node = net.node(0);
    let status = node.status();
    assert_eq!((status.first, status.whole), (1, whole));
    for height in [1, 5, whole - 1] {
        assert_eq!(node.block(height).await, None, "block {height}");
        assert_eq!(node.export(height, whole).await, None);
    }
    assert!(node.block(whole).await.is_some());
    assert!(node.subscribe(1).next().await.is_none());
    let history = history(net, &node.handovers().await.unwrap());
    let verified = history.verify(&node.proof(own).await.unwrap()).unwrap();
    assert!(verified.height < whole && verified.tx.starts_with(b"1 "));
    assert_eq!(node.proof(others).await, None);
    // A block becomes provable with the first certificate over it or a later one.
    let tip = status.height - 4;
    let pairs = (0..whole).step_by(5).map(|older| (older, older + 1));
    for (older, newer) in pairs.chain([(0, whole), (3, tip), (7, whole + 5)]) {
        let proof = node.consistency(older, newer).await;
        let proof = proof.unwrap_or_else(|| panic!("no proof from {older} to {newer}"));
        let found = history.verify_consistency(&proof).unwrap();
        assert_eq!((found.older, found.newer), (older, newer));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_blocks_are_gone_and_what_was_kept_is_proven() {
    assert_eq!(section_blocks(EPOCH), SECTION);
    let mut net = Net::of_epochs(EPOCH);
    net.start_all();
    let ids = [write(&net, 0, 1).await, write(&net, 1, 2).await];
    let fifth = net.join();
    net.start(fifth);
    set_peers(&net, 9_000, &[0, 1, 2, 3, fifth], &[]).await;
    net.when(fifth, "a validator", |s| s.votes && s.validators == 5)
        .await;
    net.reach(0, SECTION + 3).await;

    // It kept everything until now, and changes its mind in the middle of a section.
    let before = net.node(0).clone();
    net.stop(0).await;
    let border = ((before.status().height + 4) / SECTION + 1) * SECTION;
    net.configs[0].keep_blocks = Some(SECTION);
    net.start(0);
    net.reach(0, border + SECTION + 8).await;
    let node = net.node(0).clone();
    let genesis = node.status().genesis;
    let error = node.drop_before(SECTION + 1, keep()).await.unwrap_err();
    assert!(error.contains("no multiple"), "{error}");
    let error = node.drop_before(500 * SECTION, keep()).await.unwrap_err();
    assert!(error.contains("which are kept"), "{error}");
    let all = net.node(1).drop_before(SECTION, keep()).await.unwrap_err();
    assert!(all.contains("keeps every block"), "{all}");
    let pieces = [
        piece(&node, &genesis, 1, SECTION - 1).await,
        piece(&node, &genesis, SECTION, border - 1).await,
    ];
    assert!(holds(&net.configs[0].data_dir, b"of-author-2-number-1"));
    for whole in [SECTION, border] {
        assert_eq!(node.drop_before(whole, keep()).await, Ok(whole));
        proves(&net, ids, whole).await;
    }
    assert_eq!(node.drop_before(SECTION, keep()).await, Ok(border));

    // Nothing of it is on the disk, once what lives for some views has gone too, but for the state and what was kept.
    let store = net.configs[0].data_dir.join("store");
    let begin = std::time::Instant::now();
    while holds(&store.join("chain-blocks-value"), b"of-author-2-number-1") {
        assert!(begin.elapsed() < PATIENCE, "the body stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(holds(
        &store.join("chain-kept-value"),
        b"of-author-1-number-0"
    ));
    assert!(!holds(
        &store.join("chain-kept-value"),
        b"of-author-2-number-1"
    ));

    // The same after a restart, and one that keeps every block from now on.
    for keep_blocks in [Some(SECTION), None] {
        net.stop(0).await;
        net.configs[0].keep_blocks = keep_blocks;
        net.start(0);
        let tip = net.node(1).status().height;
        net.reach(0, tip + 4).await;
        proves(&net, ids, border).await;
    }

    // Who replays gets the old blocks from the others.
    let sixth = net.join();
    set_peers(&net, 9_001, &[0, 1, 2, 3, fifth], &[sixth]).await;
    net.start(sixth);
    let tip = net.node(1).status().height;
    net.reach(sixth, tip).await;
    let (theirs, other) = (net.node(sixth).block(5).await, net.node(1).block(5).await);
    assert!(theirs.is_some() && theirs == other);
    let later = piece(net.node(1), &genesis, border, border + SECTION - 1).await;
    let whole = piece(net.node(1), &genesis, 1, border + SECTION - 1).await;
    net.stop_all().await;
    let [one, two] = pieces;
    joined(&net, [one, two, later], &whole, border);
    stopped(&net, border);
}

/// A stopped node's folder is exported from where its blocks are whole.
fn stopped(net: &Net, border: u64) {
    let rules = rules(net);
    let folder = &net.configs[0].data_dir;
    let export = |from| {
        let mut file = Vec::new();
        export_folder(&rules, &Roster, folder, &mut file, from, None).map(|last| (last, file))
    };
    let error = export(1).unwrap_err();
    let words = format!("whose blocks begin at {border}");
    assert!(error.contains(&words), "{error}");
    let (last, file) = export(border).unwrap();
    assert!(last > border + SECTION && !file.is_empty());
}

fn rules(net: &Net) -> AuditRules {
    AuditRules {
        epoch_blocks: EPOCH,
        ..AuditRules::new(CHAIN, net.keys())
    }
}

/// Files in a folder of their own.
struct Pieces {
    folder: PathBuf,
    rules: AuditRules,
}

impl Pieces {
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn join(&self, files: &[&PathBuf]) -> Result<Vec<u8>, JoinError> {
        let scratch = self.folder.join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        let files: Vec<PathBuf> = files.iter().map(|file| (*file).clone()).collect();
        let (mut out, machine) = (Vec::new(), Arc::new(Roster) as Arc<dyn Machine>);
        let joined = join_exports(&files, &self.rules, &machine, &scratch, &mut out);
        std::fs::remove_dir_all(&scratch).unwrap();
        joined.map(|_| out)
    }
}

fn joined(net: &Net, [one, two, three]: [Vec<u8>; 3], whole: &[u8], border: u64) {
    let folder = net.configs[0].data_dir.with_extension("pieces");
    std::fs::create_dir_all(&folder).unwrap();
    let pieces = Pieces {
        folder,
        rules: rules(net),
    };
    let [a, b, c] = [
        pieces.file("a", &one),
        pieces.file("b", &two),
        pieces.file("c", &three),
    ];
    let out = pieces.join(&[&c, &a, &b]).unwrap();
    let audited = check_as(&out, &pieces.rules, Arc::new(Roster)).unwrap();
    let expected = check_as(whole, &pieces.rules, Arc::new(Roster)).unwrap();
    assert!(audited.executed && audited.last == border + SECTION - 1);
    assert_eq!(
        (audited.digest, audited.state_root),
        (expected.digest, expected.state_root)
    );
    // Overlaps that are the same are taken once, whoever exported them.
    let d = pieces.file("d", whole);
    let again = pieces.join(&[&b, &a, &d, &c, &b]).unwrap();
    let audited = check_as(&again, &pieces.rules, Arc::new(Roster)).unwrap();
    assert_eq!(audited.state_root, expected.state_root);

    assert!(matches!(pieces.join(&[]), Err(JoinError::NoPiece)));
    let error = pieces.join(&[&a, &c]).unwrap_err();
    let (from, to) = (SECTION, border - 1);
    let words = format!("blocks {from} to {to} are in no piece");
    assert!(error.to_string().contains(&words), "{error}");
    for (at, what) in [(two.len() / 2, "NOT RIGHT"), (17, "is not of chain")] {
        let mut changed = two.clone();
        changed[at] ^= 1;
        let bad = pieces.file("bad", &changed);
        let error = pieces.join(&[&a, &bad, &c]).unwrap_err().to_string();
        let place = format!("offset {at}");
        assert!(
            error.contains("bad: NOT RIGHT") && error.contains(&place),
            "{error}"
        );
        assert!(error.contains(what), "{error}");
    }
    let bad = pieces.file("bad", &two[..two.len() - 1]);
    let error = pieces.join(&[&a, &bad]).unwrap_err().to_string();
    assert!(error.contains("bad: NOT RIGHT"), "{error}");
    let none = pieces.folder.join("none");
    let error = pieces.join(&[&a, &none]).unwrap_err().to_string();
    assert!(error.contains("none: "), "{error}");
    std::fs::remove_dir_all(&pieces.folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_have_dropped_the_first_blocks_and_a_newcomer_takes_the_state() {
    let mut net = Net::of_epochs(EPOCH);
    for config in &mut net.configs {
        config.keep_blocks = Some(SECTION);
    }
    net.start_all();
    let ids = [write(&net, 0, 1).await, write(&net, 1, 2).await];
    let fifth = net.join();
    net.configs[fifth].begin = Begin::State;
    set_peers(&net, 9_000, &[0, 1, 2, 3], &[fifth]).await;
    net.reach(0, 2 * SECTION + 1).await;
    for i in 0..4 {
        net.reach(i, 2 * SECTION + 1).await;
        let node = net.node(i).clone();
        assert_eq!(node.drop_before(SECTION, keep()).await, Ok(SECTION));
    }
    proves(&net, ids, SECTION).await;
    net.start(fifth);
    let tip = net.node(0).status().height;
    net.reach(fifth, tip + 2).await;
    let status = net.node(fifth).status();
    assert!(
        status.first > SECTION && status.whole == status.first,
        "{status:?}"
    );

    // It drops blocks itself, its first one too.
    let border = (status.first / SECTION + 1) * SECTION;
    net.reach(fifth, border + SECTION).await;
    let node = net.node(fifth).clone();
    let genesis = node.status().genesis;
    let file = piece(&node, &genesis, status.first, border - 1).await;
    assert!(!file.is_empty());
    assert_eq!(node.drop_before(border, keep()).await, Ok(border));
    net.stop(fifth).await;
    net.start(fifth);
    net.reach(fifth, border + SECTION + 2).await;
    let node = net.node(fifth);
    let history = history(&net, &node.handovers().await.unwrap());
    for older in status.first..border {
        let proof = node.consistency(older, border + 1).await.unwrap();
        history.verify_consistency(&proof).unwrap();
    }
    assert_eq!(node.status().whole, border);
    net.stop_all().await;
}

#[tokio::test]
async fn too_few_and_too_many_blocks_to_keep_are_refused() {
    let net = Net::of_epochs(EPOCH);
    for keep in [0, SECTION - 1, 256 * SECTION + 1] {
        let mut config = net.configs[0].clone();
        config.keep_blocks = Some(keep);
        let refused = start(config, Arc::clone(&net.machine)).unwrap_err();
        assert!(matches!(refused, StartError::Bound { .. }));
        let text = refused.to_string();
        let words = format!("keep_blocks is {keep}, expected 24 to 6144 with epochs of 6 blocks");
        assert!(text.contains(&words), "{text}");
    }
}

/// Blocks of two sections of a chain that these four validators signed: all of them, the first section, and the second.
async fn signed_by_the_same(word: &str) -> ([Vec<u8>; 3], AuditRules) {
    let mut net = Net::of_epochs(EPOCH);
    net.start_all();
    let tx = put(1, 1, "word", word);
    net.node(1).submit(tx).await.unwrap();
    net.reach(0, 2 * SECTION + 2).await;
    let node = net.node(0).clone();
    let genesis = node.status().genesis;
    let last = 2 * SECTION - 1;
    let files = [
        piece(&node, &genesis, 1, last).await,
        piece(&node, &genesis, 1, SECTION - 1).await,
        piece(&node, &genesis, SECTION, last).await,
    ];
    net.stop_all().await;
    (files, rules(&net))
}

/// The same validators signed two chains from one genesis. Pieces of both are right each by itself, and are never joined: the place where
/// they part is named, wherever they meet. The signatures on both files are the evidence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_chains_under_the_same_signatures_are_never_joined() {
    let ([whole, first, _], rules) = signed_by_the_same("one").await;
    let ([other_whole, other_first, other_second], same) = signed_by_the_same("other").await;
    assert_eq!(rules.validators, same.validators);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("two-chains-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for file in [&whole, &other_whole] {
        let audited = check_as(file, &rules, Arc::new(Roster)).unwrap();
        assert!(audited.executed, "right by itself");
    }
    let pieces = Pieces { folder, rules };
    let whole = pieces.file("whole", &whole);
    let first = pieces.file("first", &first);
    let other_whole = pieces.file("other-whole", &other_whole);
    let other_first = pieces.file("other-first", &other_first);
    let other_second = pieces.file("other-second", &other_second);
    for (files, names, at) in [
        // One goes on where the other ends; one lies within the other, at its beginning or at its end.
        ([&first, &other_second], ["other-second", "first"], SECTION),
        (
            [&whole, &other_first],
            ["other-first", "whole"],
            SECTION - 1,
        ),
        (
            [&first, &other_whole],
            ["first", "other-whole"],
            SECTION - 1,
        ),
        (
            [&whole, &other_second],
            ["other-second", "whole"],
            2 * SECTION - 1,
        ),
        ([&other_second, &first], ["other-second", "first"], SECTION),
    ] {
        let error = pieces.join(&files).unwrap_err();
        let text = error.to_string();
        let JoinError::Differs {
            file,
            other,
            height,
            offset,
        } = error
        else {
            panic!("{text}");
        };
        let found = [&file, &other].map(|path| path.file_name().unwrap().to_str().unwrap());
        assert_eq!((found, height), (names, at), "{text}");
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(
            bytes[usize::try_from(offset).unwrap()],
            b'B',
            "a block begins there"
        );
        assert!(text.contains("and the validators signed both"), "{text}");
    }
    std::fs::remove_dir_all(&pieces.folder).unwrap();
}
