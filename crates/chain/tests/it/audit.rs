//! An export of a running chain is right, and whatever is changed in it is found, most often to the byte.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use fairway_chain::{
    AuditRules, Audited, BlockInfo, Executed, Exporter, FinalBlock, Finding, FindingKind, Machine,
    StateKey, Watcher, audit,
};

use crate::{
    epochs::set_peers,
    kv::{Kv, key, put},
    net::{CHAIN, Net},
};

struct Counting {
    blocks: u64,
}

impl Watcher for Counting {
    fn block(&mut self, block: &FinalBlock) -> Result<(), String> {
        self.blocks += 1;
        let told = block.txs.iter().any(|(_, tx, _)| tx.ends_with(b"objects"));
        if told {
            Err("it objects".into())
        } else {
            Ok(())
        }
    }

    fn wants(&self) -> Vec<StateKey> {
        vec![key("counter"), key("nothing")]
    }
}

fn check(bytes: &[u8], rules: &AuditRules) -> Result<Audited, Finding> {
    check_as(bytes, rules, Arc::new(Kv))
}

pub(crate) fn check_as(
    mut bytes: &[u8],
    rules: &AuditRules,
    machine: Arc<dyn Machine>,
) -> Result<Audited, Finding> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "audit-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut watcher = Counting { blocks: 0 };
    let found = audit(&mut bytes, rules, machine, &folder, &mut watcher);
    std::fs::remove_dir_all(folder).unwrap();
    if let Ok(audited) = &found {
        assert_eq!(watcher.blocks, audited.last - audited.first + 1);
    }
    found
}

async fn export(net: &Net, from: u64, to: u64) -> Vec<u8> {
    export_of(net, 0, from, to).await
}

async fn export_of(net: &Net, i: usize, from: u64, to: u64) -> Vec<u8> {
    let genesis = net.node(i).block(1).await.unwrap().parent;
    let mut file = Vec::new();
    let mut exporter = Exporter::new(&mut file, CHAIN, &genesis, from).unwrap();
    while exporter.next_height() <= to {
        let page = net.node(i).export(exporter.next_height(), to).await;
        exporter.put(&page.unwrap()).unwrap();
    }
    let last = exporter.finish().unwrap();
    assert!(last.is_some_and(|last| last <= to));
    file
}

/// Where each block begins, and where the end does.
fn parts(file: &[u8]) -> Vec<usize> {
    let mut at = 15 + 2 + CHAIN.len() + 32 + 8;
    let mut out = vec![at];
    while file[at] == b'B' {
        let length = u32::from_be_bytes(file[at + 1..at + 5].try_into().unwrap());
        at += 5 + length as usize;
        out.push(at);
    }
    out
}

/// Contracts that begin alike and give other receipts.
struct Other;

impl Machine for Other {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        Kv.admit(txs)
    }

    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey> {
        Kv.reads(txs)
    }

    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed {
        let mut done = Kv.execute(block, txs, state);
        done.receipts
            .iter_mut()
            .for_each(|receipt| receipt.push(b'!'));
        done
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        Kv.genesis()
    }
}

struct Chain {
    whole: Vec<u8>,
    part: Vec<u8>,
    rules: AuditRules,
}

async fn chain() -> Chain {
    let mut net = Net::new();
    net.start_all();
    for n in 0..12 {
        let value = if n % 5 == 4 { "refuse" } else { "value" };
        net.node(n % 4)
            .submit(put(n, n, &format!("name{n}"), value))
            .await
            .unwrap();
    }
    let blocks = net.blocks(0, 12).await;
    let last = blocks.len() as u64 + 4;
    net.reach(0, last).await;
    let out = Chain {
        whole: export(&net, 1, last).await,
        part: export(&net, 3, last).await,
        rules: AuditRules::new(CHAIN, net.keys()),
    };
    net.stop_all().await;
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_right_and_every_change_is_named() {
    let Chain { whole, part, rules } = chain().await;
    let audited = check(&whole, &rules).unwrap();
    assert!(audited.executed && audited.first == 1 && audited.transactions == 12);
    assert_eq!(audited.values, [Some(b"10".to_vec()), None]);
    assert_eq!(audited.bytes, whole.len() as u64);
    let begun_later = check(&part, &rules).unwrap();
    assert!(!begun_later.executed && begun_later.first == 3);
    assert_eq!(begun_later.digest, audited.digest);

    // An auditor whose contracts give other results says so of the whole chain, and cannot say it of a part.
    let finding = check_as(&whole, &rules, Arc::new(Other)).unwrap_err();
    assert_eq!(finding.kind, FindingKind::Execution, "{finding}");
    let unseen = check_as(&part, &rules, Arc::new(Other)).unwrap();
    assert_eq!((unseen.executed, unseen.digest), (false, audited.digest));

    every_kind_of_byte(&whole, &rules);
    cut_extended_reordered(&whole, &rules);
    others(&whole, &rules);
}

/// Changes single bytes: each is found, in its very place.
fn every_kind_of_byte(whole: &[u8], rules: &AuditRules) {
    let parts = parts(whole);
    let first = parts[0];
    let end = *parts.last().unwrap();
    // Some bytes of the head and of the end; of every block the next few of its kinds of bytes.
    let mut places: Vec<usize> = [0, 15, 16, 18, 30, first - 1].into();
    places.extend([0, 8, 40, 41, 72].map(|at| end + at));
    let kinds = [
        0, 1, 4, 5, 6, 29, 61, 93, 101, 109, 141, 145, 177, 209, 217, 229,
    ];
    for (n, pair) in parts.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        places.extend((0..3).map(|k| from + kinds[(3 * n + k) % kinds.len()]));
        // Something of the transactions, receipts and certificate.
        let behind = from + 230;
        places.push(behind + (37 * n) % (to - behind));
        if to - from > 700 {
            places.extend([
                behind,
                behind + 6,
                to - 1,
                to - 90,
                to - 97,
                to - 289,
                to - 290,
            ]);
            places.extend([to - 297, to - 304]);
        }
    }
    // A seeded choice among all bytes besides.
    let mut seed = 7u64;
    for _ in 0..12 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        places.push((seed >> 33) as usize % whole.len());
    }
    for (n, at) in places.into_iter().enumerate() {
        let mut changed = whole.to_vec();
        changed[at] ^= 1 << (n % 8);
        let finding = check(&changed, rules).expect_err("is found");
        let exact = matches!(
            finding.kind,
            FindingKind::Changed | FindingKind::OtherChain | FindingKind::Damaged
        );
        assert!(exact, "byte {at}: {finding}");
        assert_eq!(finding.offset, at as u64, "{finding}");
    }
}

fn cut_extended_reordered(whole: &[u8], rules: &AuditRules) {
    let parts = parts(whole);
    let end = *parts.last().unwrap();
    for at in [
        1,
        parts[0],
        parts[2] - 1,
        parts[3],
        end - 2,
        end,
        whole.len() - 1,
    ] {
        let finding = check(&whole[..at], rules).unwrap_err();
        assert_eq!(finding.kind, FindingKind::Cut, "{at}: {finding}");
        assert_eq!(finding.offset, at as u64, "{finding}");
    }
    let finding = check(&[whole, b"x"].concat(), rules).unwrap_err();
    assert_eq!(
        (finding.kind, finding.offset),
        (FindingKind::Extra, whole.len() as u64)
    );
    reordered(whole, &parts, rules, <[u8]>::to_vec);
    reordered(whole, &parts, rules, bare);
    // The last blocks taken away with the old end kept.
    let last = parts.len() - 3;
    let shorter = [&whole[..parts[last]], &whole[end..]].concat();
    let finding = check(&shorter, rules).unwrap_err();
    assert_eq!(finding.kind, FindingKind::Cut, "{finding}");
}

/// Blocks exchanged, left out and doubled are named where the order breaks, whether the blocks before the break have a
/// certificate of their own or not. `made` makes those blocks of the ones in the file.
fn reordered(whole: &[u8], parts: &[usize], rules: &AuditRules, made: impl Fn(&[u8]) -> Vec<u8>) {
    let block = |n: usize| &whole[parts[n]..parts[n + 1]];
    let (begin, rest) = (&whole[..parts[1]], &whole[parts[4]..]);
    let (second, third) = (made(block(1)), made(block(2)));
    let exchanged = [begin, &second, block(3), &third, rest].concat();
    let without = [begin, &second, block(3), rest].concat();
    let twice = [begin, &second, &third, &third, block(3), rest].concat();
    let breaks = begin.len() + second.len();
    let later = breaks + third.len();
    for (file, offset, height) in [
        (exchanged, breaks, 3),
        (without, breaks, 3),
        (twice, later, 4),
    ] {
        let finding = check(&file, rules).unwrap_err();
        assert_eq!(finding.kind, FindingKind::Order, "{finding}");
        assert_eq!(finding.offset, offset as u64, "{finding}");
        assert_eq!(finding.height, Some(height), "{finding}");
    }
}

/// A block as a node exports it that has no certificate for it.
fn bare(block: &[u8]) -> Vec<u8> {
    // The number of signatures, the round, and three signatures of 96 bytes.
    let Some(count) = block.len().checked_sub(1 + 16 + 3 * 96) else {
        return block.to_vec();
    };
    if block[count] != 3 {
        return block.to_vec();
    }
    let length = u32::try_from(count + 1 - 5).unwrap().to_be_bytes();
    [&block[..1], &length, &block[5..count], &[0]].concat()
}

fn others(whole: &[u8], rules: &AuditRules) {
    let mut other = rules.clone();
    "tes2".clone_into(&mut other.chain_id);
    let finding = check(whole, &other).unwrap_err();
    assert_eq!(
        (finding.kind, finding.field.as_str()),
        (FindingKind::OtherChain, "chain")
    );
    let mut other = rules.clone();
    other.validators[0] = fairway_chain::public_key(&[77; 32]);
    let finding = check(whole, &other).unwrap_err();
    assert_eq!(
        (finding.kind, finding.field.as_str()),
        (FindingKind::OtherChain, "genesis")
    );
    assert_eq!(
        check(b"", rules).unwrap_err().kind,
        FindingKind::Cut,
        "nothing at all"
    );
    // A changed amount, two bytes of it: the part is named though no single byte explains it.
    let at = whole
        .windows(5)
        .position(|window| window == b"name3")
        .unwrap();
    let mut changed = whole.to_vec();
    changed[at] ^= 1;
    changed[at + 1] ^= 1;
    let finding = check(&changed, rules).unwrap_err();
    assert_eq!(finding.kind, FindingKind::Damaged, "{finding}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_folder_was_wiped_catches_up_and_exports_the_same_chain() {
    let mut net = Net::new();
    net.start_all();
    for n in 0..8 {
        let tx = put(0, n, &format!("name{n}"), "before");
        net.node(0).submit(tx).await.unwrap();
    }
    net.blocks(3, 8).await;
    net.stop(3).await;
    std::fs::remove_dir_all(&net.configs[3].data_dir).unwrap();
    for n in 8..16 {
        let tx = put(0, n, &format!("name{n}"), "after");
        net.node(0).submit(tx).await.unwrap();
    }
    let last = net.blocks(0, 16).await.len() as u64 + 2;
    net.start(3);
    net.reach(3, last).await;
    net.reach(0, last).await;
    let rules = AuditRules::new(CHAIN, net.keys());
    let theirs = check(&export_of(&net, 0, 1, last).await, &rules).unwrap();
    let own = check(&export_of(&net, 3, 1, last).await, &rules).unwrap();
    let common = theirs.last.min(own.last);
    for height in 1..=common {
        let blocks = (
            net.node(0).block(height).await,
            net.node(3).block(height).await,
        );
        assert!(blocks.0.is_some() && blocks.0 == blocks.1, "block {height}");
    }
    assert_eq!(theirs.values, [Some(b"16".to_vec()), None]);
    assert_eq!(own.values, theirs.values);
    assert_eq!(
        net.node(3).get(key("name12")).await,
        Some(b"after".to_vec())
    );
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_across_a_change_of_validators_is_right_from_the_founders_keys() {
    let mut net = Net::of_epochs(8);
    net.start_all();
    let mut rules = AuditRules::new(CHAIN, net.keys());
    rules.epoch_blocks = 8;
    let early = net.node(0).submit(put(1, 1, "early", "value")).await;
    let early = early.unwrap();
    net.proof(0, early).await;
    let fifth = net.join();
    net.start(fifth);
    set_peers(&net, 0, &[0, 1, 2, 3, fifth], &[]).await;
    net.when(0, "of five", |s| s.validators == 5).await;
    let last = net.node(0).status().height + 12;
    net.reach(0, last).await;
    let file = export(&net, 1, last).await;
    let audited = check_as(&file, &rules, net.machine.clone()).unwrap();
    assert!(audited.executed && audited.last + 12 > last);
    // The early transaction is proven by the founders' signatures, under a block after its own.
    let proof = net.proof(0, early).await;
    let verified = fairway_chain::verify_proof(&proof, CHAIN, &rules.validators).unwrap();
    assert!(verified.signed_height >= verified.height && verified.signed_height < last);
    // With other founders or another length of epochs it is another chain.
    let mut other = rules.clone();
    other.epoch_blocks = 9;
    let finding = check_as(&file, &other, net.machine.clone()).unwrap_err();
    assert_eq!(finding.field, "genesis", "{finding}");
    // Blocks of five are signed by four of the five.
    let consistency = net.node(0).consistency(1, last - 3).await.unwrap();
    let own = fairway_chain::public_key(&net.configs[fifth].seed);
    let all_keys = [rules.validators.as_slice(), &[own]].concat();
    let found = fairway_chain::verify_consistency(&consistency, CHAIN, &all_keys).unwrap();
    assert_eq!((found.older, found.newer), (1, last - 3));
    net.stop_all().await;
}
