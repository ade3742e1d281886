//! A short load: all of it becomes final, and the times are printed. The numbers of the project come from its benchmark.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{kv::put, net::Net};

/// Transactions a second over all members, and how many of them; more in an optimised build.
const RATE: (usize, usize) = if cfg!(debug_assertions) {
    (2_000, 6_000)
} else {
    (8_000, 40_000)
};

/// Resident memory of this process, in MiB.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let words = line.and_then(|line| line.split_whitespace().nth(1));
    words.and_then(|kib| kib.parse::<usize>().ok()).unwrap_or(0) / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_load_becomes_final() {
    let mut net = Net::new();
    net.start_all();
    net.reach(0, 3).await;
    println!("four idle validators in one process: {} MiB", memory());
    let follow = tokio::spawn({
        let mut stream = net.node(1).subscribe(1);
        async move {
            let mut done = BTreeMap::new();
            while done.len() < RATE.1 {
                let block = stream.next().await.expect("runs");
                let now = Instant::now();
                done.extend(block.txs.iter().map(|(id, ..)| (*id, now)));
            }
            done
        }
    });
    let filler = "x".repeat(270);
    let begin = Instant::now();
    let mut sent = BTreeMap::new();
    let mut n = 0;
    while n < RATE.1 {
        let due = (begin.elapsed().as_millis() as usize * RATE.0 / 1_000).min(RATE.1);
        let burst = (n..due).map(|n| {
            let tx = put(n % 4, n, &format!("k{}", n % 5_000), &filler);
            let node = net.node(n % 4).clone();
            async move { (node.submit(tx).await.expect("taken"), Instant::now()) }
        });
        let burst: Vec<_> = burst.map(tokio::spawn).collect();
        n = due;
        for task in burst {
            let (id, at) = task.await.unwrap();
            sent.insert(id, at);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let done = tokio::time::timeout(Duration::from_secs(40), follow);
    let done = done.await.expect("all final in time").unwrap();
    let took = begin.elapsed();
    let mut times: Vec<Duration> = sent
        .iter()
        .map(|(id, at)| done[id].saturating_duration_since(*at))
        .collect();
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!(
        "{} tx offered at {}/s, all final after {took:?}; p50 {:?}, p99 {:?}; height {}; {} MiB",
        RATE.1,
        RATE.0,
        at(50),
        at(99),
        net.node(1).status().height,
        memory(),
    );
    net.stop_all().await;
}
