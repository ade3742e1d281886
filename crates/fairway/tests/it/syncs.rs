//! Two newcomers join a consortium with some history: one takes the state, is killed in the middle and goes on; the other
//! executes every block. Both end with the same state.

use crate::by_hand::{HOME, Shell, VISITED, founded, registered};
use crate::joins::number;
use crate::stage::{PATIENCE, folder};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// A newcomer: folder, id, and how it begins.
struct Newcomer {
    name: &'static str,
    id: &'static str,
    sync: &'static str,
}

impl Newcomer {
    fn config(&self) -> String {
        format!("--config={}/fairway.toml", self.name)
    }

    /// Starts its one command in the place of `shell.running`; the log is appended.
    fn start(&self, shell: &mut Shell, ports: &[u16]) {
        let at = |n: usize| format!("127.0.0.1:{}", ports[n]);
        let mut line = vec!["join".to_owned(), "--invitation=invitation.toml".to_owned()];
        line.extend([
            format!("--member={}", self.id),
            format!("--name={}", self.name),
            format!("--folder={}", self.name),
            format!("--sync={}", self.sync),
            format!("--endpoint=https://{}", at(2)),
            format!("--stations={}", at(0)),
            format!("--operations={}", at(1)),
            format!("--peers={}", at(2)),
            format!("--ledger={}", at(3)),
        ]);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let mut command = shell.command(&line);
        let path = shell.folder.join(format!("{}.log", self.name));
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(path);
        command
            .env("FAIRWAY_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        shell.running.push(command.spawn().unwrap());
    }

    fn log(&self, shell: &Shell) -> String {
        let path = shell.folder.join(format!("{}.log", self.name));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    async fn logged(&self, shell: &Shell, words: &str) {
        let begin = fairway::environment::instant();
        while !self.log(shell).contains(words) {
            assert!(
                begin.elapsed() < PATIENCE,
                "never {words:?}: {}",
                self.log(shell)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Voted in by more than two thirds: the first by three of four, the second by four of five.
    async fn admit(&self, shell: &Shell, votes: usize) {
        let begin = fairway::environment::instant();
        while !shell.folder.join(self.name).join("fairway.toml").exists() {
            assert!(begin.elapsed() < PATIENCE, "nothing is prepared");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let candidate = format!("{}/candidate.hex", self.name);
        let propose = ["council", "propose", "admit", &candidate, VISITED];
        let said = shell.good(&propose).await;
        let id = said
            .split([' ', ':', '`'])
            .find(|w| w.starts_with("pro_"))
            .unwrap();
        shell.until(&["council", "list", HOME], id).await;
        let electorate = [
            HOME,
            VISITED,
            "--config=regulator/fairway.toml",
            "--config=georgia/fairway.toml",
        ];
        for config in electorate.into_iter().take(votes) {
            shell.good(&["council", "vote", id, "yes", config]).await;
        }
    }

    /// Waits until it has applied a height.
    async fn reach(&self, shell: &Shell, height: u64) {
        let begin = fairway::environment::instant();
        let config = self.config();
        let line = ["ledger", "status", config.as_str()];
        loop {
            let (good, said) = shell.outcome(&line).await;
            let page: Value = serde_json::from_str(&said).unwrap_or_default();
            if good && page["height"].as_u64().is_some_and(|h| h >= height) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "not at {height}: {said}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What a member's node says of a block.
async fn block(shell: &Shell, name: &str, height: u64) -> Value {
    let text = std::fs::read_to_string(shell.folder.join(name).join("fairway.toml")).unwrap();
    let config: toml::Value = toml::from_str(&text).unwrap();
    let operations = config["listen"]["operations"].as_str().unwrap();
    let page = reqwest::get(format!("http://{operations}/ledger/v1/block/{height}")).await;
    serde_json::from_str(&page.unwrap().text().await.unwrap()).unwrap()
}

fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let length = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(length).sum()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn process_one_takes_the_state_and_one_replays_to_the_same() {
    fairway::node::tls::install_provider();
    let mut shell = Shell {
        folder: folder("syncs"),
        running: Vec::new(),
    };
    let gateway = founded(&mut shell, &["--epoch-blocks", "24"]).await;
    registered(&shell, &gateway).await;
    while number(&shell, VISITED, "height").await < 72 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    shell.good(&["invite", VISITED]).await;
    let ports = fairway::ports::free(8).unwrap();
    let ports: Vec<u16> = ports.iter().map(std::net::SocketAddr::port).collect();
    let state = Newcomer {
        name: "by-state",
        id: "US*STA",
        sync: "state",
    };
    let replay = Newcomer {
        name: "by-replay",
        id: "US*RPL",
        sync: "replay",
    };

    // Killed as soon as it has chosen a block, and started again.
    state.start(&mut shell, &ports[..4]);
    state.admit(&shell, 3).await;
    state
        .logged(&shell, "takes the state after this block")
        .await;
    shell.running.pop().unwrap().kill().await.unwrap();
    let goal = number(&shell, VISITED, "height").await;
    let clock = fairway::environment::instant();
    state.start(&mut shell, &ports[..4]);
    state.reach(&shell, goal).await;
    let by_state = clock.elapsed();
    let config = state.config();
    let first = number(&shell, &config, "first").await;
    let fetched = number(&shell, &config, "fetched_bytes").await;
    assert!(first >= 71, "{first}: {}", state.log(&shell));
    assert!(
        state.log(&shell).contains("registry taken from the state"),
        "{}",
        state.log(&shell)
    );
    shell
        .until(&["status", &config], "CIN prefix 8400011: US*ALP")
        .await;

    replay.start(&mut shell, &ports[4..]);
    replay.admit(&shell, 4).await;
    let goal = number(&shell, VISITED, "height").await;
    let clock = fairway::environment::instant();
    replay.reach(&shell, goal).await;
    let by_replay = clock.elapsed();
    assert_eq!(number(&shell, &replay.config(), "first").await, 1);
    state.reach(&shell, goal).await;
    for height in [first, goal] {
        let own = block(&shell, "by-state", height).await;
        assert!(own["state_root"].is_string(), "{own}");
        for other in ["duke", "georgia", "by-replay"] {
            assert_eq!(
                own,
                block(&shell, other, height).await,
                "block {height} of {other}"
            );
        }
    }
    let absent = block(&shell, "by-state", first - 1).await;
    let words = format!("the blocks of this node begin at {first}");
    assert!(
        absent["detail"].as_str().unwrap().contains(&words),
        "{absent}"
    );
    let stored = |name: &str| bytes(&shell.folder.join(name).join("ledger"));
    println!(
        "to block {goal}: by state {by_state:?} from block {first}, {fetched} bytes of state, {} stored; by replay {by_replay:?}, {} stored",
        stored("by-state"),
        stored("by-replay")
    );
    for mut child in shell.running.drain(..) {
        let _ = child.kill().await;
    }
    std::fs::remove_dir_all(&shell.folder).unwrap();
}
