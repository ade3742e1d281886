//! A fifth utility joins a consortium that runs: by invitation and vote, from nothing to its first settled charge, and on to its vote in
//! the ledger's blocks, with a member killed in between.

use crate::by_hand::{CIN, HOME, Shell, Terminal, VISITED, charged, founded, registered};
use crate::stage::{PATIENCE, folder};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const NEW: &str = "--config=newcomer/fairway.toml";
const REGULATOR: &str = "--config=regulator/fairway.toml";
const GEORGIA: &str = "--config=georgia/fairway.toml";

/// The command with which the newcomer joins.
fn join(ports: &[u16]) -> Vec<String> {
    let at = |n: usize| format!("127.0.0.1:{}", ports[n]);
    let endpoint = format!("https://{}", at(2));
    let words = [
        "join",
        "--invitation=invitation.toml",
        "--member=US*NEW",
        "--name=Newcomer Electric",
        "--folder=newcomer",
        "--prefix=8400099",
    ];
    let addresses = [
        format!("--endpoint={endpoint}"),
        format!("--stations={}", at(0)),
        format!("--operations={}", at(1)),
        format!("--peers={}", at(2)),
        format!("--ledger={}", at(3)),
    ];
    words
        .map(str::to_owned)
        .into_iter()
        .chain(addresses)
        .collect()
}

fn start(shell: &mut Shell, line: &[&str]) {
    let mut command = shell.command(line);
    let log = std::fs::File::create(shell.folder.join("newcomer.log")).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    shell.running.push(command.spawn().unwrap());
}

/// Votes until it is decided; wrong ones are refused by name.
async fn admitted(shell: &Shell) {
    let propose = [
        "council",
        "propose",
        "admit",
        "newcomer/candidate.hex",
        VISITED,
    ];
    let said = shell.good(&propose).await;
    let mut words = said.split([' ', ':', '`']);
    let id = words.find(|w| w.starts_with("pro_")).unwrap().to_owned();
    shell.until(&["council", "list", HOME], &id).await;
    for config in [HOME, VISITED] {
        let vote = ["council", "vote", id.as_str(), "yes", config];
        shell.good(&vote).await;
        shell.bad(&vote, "duplicate").await;
    }
    shell
        .bad(
            &["council", "enact", &id, HOME],
            "threshold-not-met: 2 of 4",
        )
        .await;
    let said = shell
        .good(&["council", "vote", &id, "yes", REGULATOR])
        .await;
    assert!(said.contains("Enacted  yes 3 no 0"), "{said}");
    shell
        .bad(&["council", "vote", &id, "no", GEORGIA], "proposal-closed")
        .await;
    shell.bad(&propose, "US*NEW is a member already").await;
}

/// Duke learns the newcomer's certificate from its entry, and starts again after kill -9.
async fn introduced(shell: &mut Shell) {
    let path = shell.folder.join("duke/fairway.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("[listen]", "later = [\"../newcomer/entry.toml\"]\n[listen]");
    std::fs::write(&path, text).unwrap();
    shell.running.get_mut(1).unwrap().kill().await.unwrap();
    shell.serve("duke");
    shell
        .until(&["status", VISITED], "CIN prefix 8400099: US*NEW")
        .await;
}

/// The files of the examples, with the newcomer as home utility.
fn examples(folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    for name in ["agreement.toml", "agreement.txt", "tariff.json"] {
        let text = std::fs::read_to_string(from.join(name)).unwrap();
        let text = text.replace("home = \"US*ALP\"", "home = \"US*NEW\"");
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// Invited, prepared, voted in, with a prefix on the ledger.
async fn joined(shell: &mut Shell) {
    let ports: Vec<u16> = fairway::ports::free(4)
        .unwrap()
        .iter()
        .map(std::net::SocketAddr::port)
        .collect();
    shell.good(&["invite", VISITED]).await;
    let line = join(&ports);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    start(shell, &line);
    let begin = fairway::environment::instant();
    while !shell.folder.join("newcomer/fairway.toml").exists() {
        assert!(begin.elapsed() < PATIENCE, "nothing is prepared");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    admitted(shell).await;
    let words = "US*NEW  active, validator, has a vote";
    shell.until(&["council", "show", NEW], words).await;
    let words = "CIN prefix 8400099: US*NEW";
    shell.until(&["status", NEW], words).await;
}

/// An agreement of both, and a charge of the newcomer's driver at Duke's station, on the newcomer's bill.
async fn first_charge(shell: &Shell, station: tokio::process::Command) {
    let cin = complete(shell, &CIN.replacen("840 001 1", "840 009 9", 1)).await;
    let propose = ["agreement", "propose", "agreement.toml", VISITED];
    let said = shell.good(&propose).await;
    let mut words = said.split(['`', ' ', ':']);
    let id = words.find(|w| w.starts_with("agr_")).unwrap();
    shell.until(&["agreement", "list", NEW], id).await;
    shell.good(&["agreement", "countersign", id, NEW]).await;
    let listed = format!("drivers of US*NEW at stations of US*DUK: {id}");
    shell.until(&["agreement", "list", VISITED], &listed).await;
    let mut terminal = Terminal::open(station);
    let total = charged(&mut terminal, &cin).await;
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let month: String = now.chars().take(7).collect();
    let line = ["bill", &cin, &month, NEW];
    let paper = shell.until(&line, "1 charges, total").await;
    assert!(
        paper.contains(&format!("total {total}")),
        "{total}: {paper}"
    );
    terminal.press("quit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_a_utility_joins_and_settles_its_first_charge() {
    let mut shell = Shell {
        folder: folder("joins"),
        running: Vec::new(),
    };
    examples(&shell.folder);
    let gateway = founded(&mut shell, &["--epoch-blocks", "120"]).await;
    let station = registered(&shell, &gateway).await;

    let begin = fairway::environment::instant();
    joined(&mut shell).await;
    println!("from nothing to a member: {:?}", begin.elapsed());
    introduced(&mut shell).await;
    first_charge(&shell, station).await;
    println!("and to its first settled charge: {:?}", begin.elapsed());

    // From the epoch's end on the newcomer votes: of five validators one may be gone, and four are enough only with it.
    let status = ["ledger", "status", NEW];
    let said = shell.until(&status, "\"votes\": true").await;
    assert!(said.contains("\"validators\": 5"), "{said}");
    shell.running.get_mut(2).unwrap().kill().await.unwrap();
    let motion = ["parameter", "offer-grace-ms", "1000", NEW];
    shell
        .good(&[&["council", "propose"], &motion[..]].concat())
        .await;
    for mut child in shell.running.drain(..) {
        let _ = child.kill().await;
    }
    std::fs::remove_dir_all(&shell.folder).unwrap();
}

/// A customer of the newcomer; the number with the check digit that is right for it.
async fn complete(shell: &Shell, cin: &str) -> String {
    let without: String = cin
        .trim_end()
        .chars()
        .rev()
        .skip(1)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let mut last = String::new();
    for digit in 0..10 {
        let number = format!("{without}{digit}");
        let line = [
            "customer",
            "put",
            &number,
            "--name",
            "Ben Example",
            "--tier",
            "gold",
            NEW,
        ];
        let (good, text) = shell.outcome(&line).await;
        if good {
            return number;
        }
        last = text;
    }
    panic!("no check digit of {without} is right: {last}");
}
