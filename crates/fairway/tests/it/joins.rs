//! A fifth utility joins a consortium that runs: by invitation and vote, from nothing to its first settled charge, and on to its vote in
//! the ledger's blocks. No member starts again for it.

use crate::by_hand::{
    CIN, HOME, Shell, Terminal, VISITED, charged, founded, registered, stationed,
};
use crate::stage::{PATIENCE, folder};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const NEW: &str = "--config=newcomer/fairway.toml";
const REGULATOR: &str = "--config=regulator/fairway.toml";
const GEORGIA: &str = "--config=georgia/fairway.toml";

/// A number that a member's ledger node tells of itself.
pub(crate) async fn number(shell: &Shell, config: &str, name: &str) -> u64 {
    let said = shell.good(&["ledger", "status", config]).await;
    let page: serde_json::Value = serde_json::from_str(&said).unwrap();
    page.get(name).and_then(serde_json::Value::as_u64).unwrap()
}

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

/// The files of the examples: with the newcomer as home utility, and in a folder of their own as visited one.
fn examples(folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    std::fs::create_dir_all(folder.join("visited")).unwrap();
    for name in ["agreement.toml", "agreement.txt", "tariff.json"] {
        let text = std::fs::read_to_string(from.join(name)).unwrap();
        let home = text.replace("home = \"US*ALP\"", "home = \"US*NEW\"");
        std::fs::write(folder.join(name), home).unwrap();
        let visited = text.replace("visited = \"US*DUK\"", "visited = \"US*NEW\"");
        std::fs::write(folder.join("visited").join(name), visited).unwrap();
    }
}

/// Invited, prepared, voted in, with a prefix on the ledger.
async fn joined(shell: &mut Shell) -> String {
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
    // The others run on and have seen it too.
    shell.until(&["status", VISITED], words).await;
    format!("wss://127.0.0.1:{}", ports[0])
}

/// An agreement that one member proposes and another countersigns.
async fn agreed(shell: &Shell, file: &str, by: &str, with: &str, listed: &str) {
    let propose = ["agreement", "propose", file, by];
    let said = shell.good(&propose).await;
    let mut words = said.split(['`', ' ', ':']);
    let id = words.find(|w| w.starts_with("agr_")).unwrap();
    shell.until(&["agreement", "list", with], id).await;
    shell.good(&["agreement", "countersign", id, with]).await;
    let listed = format!("{listed}: {id}");
    shell.until(&["agreement", "list", by], &listed).await;
}

/// So many charges on a driver's bill of this month; the last cost so much.
async fn billed(shell: &Shell, cin: &str, config: &str, charges: usize) -> String {
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let month: String = now.chars().take(7).collect();
    let line = ["bill", cin, &month, config];
    let noun = if charges == 1 { "charge" } else { "charges" };
    shell.until(&line, &format!("({charges} {noun}, ")).await
}

/// An agreement of both, and a charge of the newcomer's driver at Duke's station, on the newcomer's bill.
async fn first_charge(shell: &Shell, terminal: &mut Terminal, cin: &str) {
    let listed = "drivers of US*NEW at stations of US*DUK";
    agreed(shell, "agreement.toml", VISITED, NEW, listed).await;
    let total = charged(terminal, cin).await;
    let paper = billed(shell, cin, NEW, 1).await;
    assert!(
        paper.contains(&format!("Total {total}")),
        "{total}: {paper}"
    );
}

/// A driver of Alabama, which runs since before, at the newcomer's station.
async fn charge_at_the_newcomer(shell: &Shell, gateway: &str) {
    let station = stationed(shell, "newcomer", ["NEW-01", "US*NEW*E0001*1"], gateway).await;
    let listed = "drivers of US*ALP at stations of US*NEW";
    agreed(shell, "visited/agreement.toml", NEW, HOME, listed).await;
    shell
        .until(&["status", NEW], "CIN prefix 8400011: US*ALP")
        .await;
    let mut terminal = Terminal::open(station);
    let total = charged(&mut terminal, CIN).await;
    let paper = billed(shell, CIN, HOME, 1).await;
    assert!(paper.contains(&total), "{total}: {paper}");
    terminal.press("quit").await;
}

/// Both replace keys and certificates while they run, and go on with each other.
async fn keys_replaced(shell: &Shell, terminal: &mut Terminal, cin: &str) {
    for config in [VISITED, NEW] {
        for key in ["rotate-member", "rotate-tls"] {
            let said = shell.good(&["key", key, config]).await;
            assert!(said.contains("is in use"), "{said}");
        }
    }
    charged(terminal, cin).await;
    billed(shell, cin, NEW, 2).await;
}

/// What four validators signed, and what five did: both stand on the genesis file's keys alone.
async fn proven(shell: &Shell, after: u64) {
    let before = shell.transaction_from(1).await;
    let after = shell.transaction_from(after).await;
    // The newcomer's blocks begin with the state that it took: what is older is proven by who was there.
    let proven = [
        (&before, VISITED, "of 4 validators"),
        (&after, NEW, "of 5 validators"),
    ];
    for ((height, id), by, of) in proven {
        let file = format!("proof-{height}.cbor");
        let out = format!("--out={file}");
        shell.good(&["ledger", "proof", id, &out, by]).await;
        let verify = ["ledger", "verify", &file, "--validators=genesis.toml"];
        let said = shell.good(&verify).await;
        assert!(said.contains("PROVEN") && said.contains(of), "{said}");
    }
    let heights = [before.0.as_str(), &after.0];
    let grown = [
        &["ledger", "consistency"],
        &heights[..],
        &["--out=grown.cbor", VISITED],
    ];
    shell.until(&grown.concat(), "bytes written").await;
    let verify = [
        "ledger",
        "verify",
        "grown.cbor",
        "--validators=genesis.toml",
    ];
    let said = shell.good(&verify).await;
    assert!(said.contains("of 5 validators"), "{said}");
}

/// The folder of a member that does not run serves an auditor, who has nothing else but the genesis file.
async fn audited_from_a_stopped_folder(shell: &Shell, later: &str) {
    let export = ["ledger", "export", "--genesis=genesis.toml"];
    let running = [&export[..], &["--folder=duke/ledger", "--out=duke.export"]].concat();
    shell
        .bad(&running, "another process runs this member")
        .await;
    let stopped = [
        &export[..],
        &["--folder=georgia/ledger", "--out=georgia.export"],
    ]
    .concat();
    let said = shell.good(&stopped).await;
    assert!(said.contains("blocks 1 to"), "{said}");
    let audit = ["audit", "georgia.export", "--genesis=genesis.toml"];
    let said = shell.good(&audit).await;
    assert!(said.contains("RIGHT: blocks 1 to"), "{said}");
    // Later blocks alone need to be told who validates.
    let from = format!("--from={later}");
    let part = ["ledger", "export", &from, "--out=part.export", VISITED];
    shell.until(&part, "written to").await;
    let audit = ["audit", "part.export", "--genesis=genesis.toml"];
    shell.bad(&audit, "NOT RIGHT").await;
    let told = [&audit[..], &["--proof=grown.cbor"]].concat();
    let said = shell.good(&told).await;
    let words = format!("RIGHT: blocks {later} to");
    assert!(said.contains(&words), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_a_utility_joins_and_settles_its_first_charge() {
    let mut shell = Shell {
        folder: folder("joins"),
        running: Vec::new(),
    };
    examples(&shell.folder);
    let gateway = founded(&mut shell, &["--epoch-blocks", "24"]).await;
    let station = registered(&shell, &gateway).await;
    // The registrations are behind the end of an epoch, so the newcomer knows them from the state only.
    while number(&shell, VISITED, "height").await < 96 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    let begin = fairway::environment::instant();
    let gateway_of_newcomer = joined(&mut shell).await;
    println!("from nothing to a member: {:?}", begin.elapsed());
    let first = number(&shell, NEW, "first").await;
    assert!(first >= 95, "it began with the state after block {first}");
    shell
        .bad(
            &["ledger", "export", "--out=none", NEW],
            &format!("the blocks of this node begin at {first}"),
        )
        .await;
    let cin = complete(&shell, &CIN.replacen("840 001 1", "840 009 9", 1)).await;
    let mut terminal = Terminal::open(station);
    first_charge(&shell, &mut terminal, &cin).await;
    println!("and to its first settled charge: {:?}", begin.elapsed());
    charge_at_the_newcomer(&shell, &gateway_of_newcomer).await;
    keys_replaced(&shell, &mut terminal, &cin).await;
    terminal.press("quit").await;

    // From the epoch's end on the newcomer votes: of five validators one may be gone, and four are enough only with it.
    let status = ["ledger", "status", NEW];
    let said = shell.until(&status, "\"votes\": true").await;
    assert!(said.contains("\"validators\": 5"), "{said}");
    shell.running.get_mut(2).unwrap().kill().await.unwrap();
    let motion = ["parameter", "offer-grace-ms", "1000", NEW];
    let said = shell
        .good(&[&["council", "propose"], &motion[..]].concat())
        .await;
    let after = said.split("final in block ").nth(1).unwrap();
    let after = after.split_whitespace().next().unwrap();
    proven(&shell, after.parse().unwrap()).await;
    audited_from_a_stopped_folder(&shell, after).await;
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
