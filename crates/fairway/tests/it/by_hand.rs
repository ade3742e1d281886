//! A consortium set up with the commands of docs/consortium.md, from nothing to the bill of the first charge.

use crate::stage::{PATIENCE, folder, program};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) const CIN: &str = "840 001 1 1 123456789 9";
const EVSE: &str = "US*DUK*E0001*1";
/// Folder and id of each member; the last has no endpoint, so it is a witness.
const MEMBERS: [(&str, &str); 4] = [
    ("alabama", "US*ALP"),
    ("duke", "US*DUK"),
    ("georgia", "US*GPC"),
    ("regulator", "US*REG"),
];

/// A folder in which commands are typed.
pub(crate) struct Shell {
    pub(crate) folder: PathBuf,
    pub(crate) running: Vec<Child>,
}

impl Shell {
    /// In a new folder of this name, with the documents' agreement, its text and its tariff.
    pub(crate) fn with_examples(name: &str) -> Self {
        let folder = folder(name);
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
        for name in ["agreement.toml", "agreement.txt", "tariff.json"] {
            std::fs::copy(examples.join(name), folder.join(name)).unwrap();
        }
        Self {
            folder,
            running: Vec::new(),
        }
    }

    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(line)
            .current_dir(&self.folder)
            .kill_on_drop(true);
        command
    }

    /// Both outputs of a command, and whether it succeeded.
    pub(crate) async fn outcome(&self, line: &[&str]) -> (bool, String) {
        let out = self.command(line).output().await.unwrap();
        let text = [out.stdout, out.stderr].concat();
        (
            out.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    pub(crate) async fn good(&self, line: &[&str]) -> String {
        let (good, text) = self.outcome(line).await;
        assert!(good, "{line:?}: {text}");
        text
    }

    pub(crate) async fn bad(&self, line: &[&str], words: &str) {
        let (good, text) = self.outcome(line).await;
        assert!(!good && text.contains(words), "{line:?}: {text}");
    }

    /// Keys, entry and configuration of a member.
    async fn member(&self, (name, id): (&str, &str), ports: &[u16]) {
        let at = |n: usize| format!("127.0.0.1:{}", ports[n]);
        let (keys, ledger) = (format!("{name}/keys"), at(3));
        let endpoint = format!("https://{}", at(2));
        let mut line = vec!["format", "--member", id, "--name", name];
        line.extend(["--keys", &keys, "--ledger", &ledger]);
        if name != "regulator" {
            line.extend(["--endpoint", &endpoint]);
        }
        let entry = self.good(&line).await;
        std::fs::write(self.folder.join(name).join("entry.toml"), entry).unwrap();
        let config = format!(
            "member = \"{id}\"\ngenesis = \"../genesis.toml\"\n[listen]\nstations = \"{}\"\noperations = \"{}\"\npeers = \"{}\"\nledger = \"{}\"\n",
            at(0),
            at(1),
            at(2),
            at(3)
        );
        std::fs::write(self.folder.join(name).join("fairway.toml"), config).unwrap();
    }

    /// Starts a member.
    pub(crate) fn serve(&mut self, name: &str) {
        let mut command = self.command(&["serve", "--config", &format!("{name}/fairway.toml")]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running.push(command.spawn().unwrap());
    }

    /// The first transaction from a height on, as Duke's node shows it: height and id.
    pub(crate) async fn transaction_from(&self, mut height: u64) -> (String, String) {
        let config = std::fs::read_to_string(self.folder.join("duke/fairway.toml")).unwrap();
        let operations = behind(&config, "operations = \"");
        let operations = operations.trim_end_matches('"');
        fairway::node::tls::install_provider();
        loop {
            let url = format!("http://{operations}/ledger/v1/block/{height}");
            let page = reqwest::get(url).await.unwrap().bytes().await.unwrap();
            let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
            if let Some(id) = page["entries"][0]["id"].as_str() {
                return (height.to_string(), id.to_owned());
            }
            assert!(page["height"].is_number(), "no transaction: {page}");
            height += 1;
        }
    }

    /// Waits until a command succeeds and prints these words.
    pub(crate) async fn until(&self, line: &[&str], words: &str) -> String {
        let begin = fairway::environment::instant();
        loop {
            let (good, text) = self.outcome(line).await;
            if good && text.contains(words) {
                return text;
            }
            assert!(begin.elapsed() < PATIENCE, "{line:?}: {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What stands in the first line that begins so, behind that beginning.
pub(crate) fn behind<'a>(text: &'a str, begin: &str) -> &'a str {
    text.lines().find_map(|l| l.strip_prefix(begin)).unwrap()
}

/// A station on its terminal.
pub(crate) struct Terminal {
    keys: ChildStdin,
    screen: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Terminal {
    pub(crate) fn open(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            keys: child.stdin.take().unwrap(),
            screen: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
        }
    }

    pub(crate) async fn press(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.keys.write_all(line.as_bytes()).await.unwrap();
    }

    /// The next line that `wanted` takes.
    pub(crate) async fn see(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        loop {
            match tokio::time::timeout(PATIENCE, self.screen.next_line()).await {
                Ok(Ok(Some(line))) if wanted(&line) => return line,
                Ok(Ok(Some(line))) => seen.push(line),
                end => panic!("no {what}, {end:?}: {seen:#?}"),
            }
        }
    }
}

/// Members with keys, genesis file and configuration, running; gives the address for Duke's stations.
pub(crate) async fn founded(shell: &mut Shell, more: &[&str]) -> String {
    let ports: Vec<u16> = fairway::ports::free(16)
        .unwrap()
        .iter()
        .map(SocketAddr::port)
        .collect();
    let mut line = vec!["genesis", "assemble", "--chain", "by-hand"];
    let entries: Vec<String> = MEMBERS
        .iter()
        .map(|(name, _)| format!("{name}/entry.toml"))
        .collect();
    for (member, ports) in MEMBERS.into_iter().zip(ports.chunks(4)) {
        shell.member(member, ports).await;
    }
    line.extend(more);
    line.extend(entries.iter().map(String::as_str));
    let said = shell.good(&line).await;
    assert!(
        said.contains("members: 4") && !said.contains("warning"),
        "{said}"
    );
    shell.bad(&line, "nothing was written").await;
    for (name, _) in MEMBERS {
        shell.serve(name);
    }
    for name in ["alabama", "duke"] {
        let config = format!("{name}/fairway.toml");
        shell
            .until(&["status", "--config", &config], "at ledger height")
            .await;
    }
    format!("wss://127.0.0.1:{}", ports[4])
}

pub(crate) const HOME: &str = "--config=alabama/fairway.toml";
pub(crate) const VISITED: &str = "--config=duke/fairway.toml";

/// Prefix, customer, station, EVSE; gives the command that runs the station.
pub(crate) async fn registered(shell: &Shell, gateway: &str) -> Command {
    let said = shell.good(&["prefix", "register", "8400011", HOME]).await;
    let words = "prefix 8400011 of US*ALP: final in block";
    assert!(said.contains(words), "{said}");
    let again = ["prefix", "register", "8400011", VISITED];
    shell.bad(&again, "is registered by US*ALP").await;
    let mut customer = vec!["customer", "put", CIN, "--name", "Ana Example"];
    customer.extend(["--tier", "gold", HOME]);
    shell.good(&customer).await;

    stationed(shell, "duke", ["DUK-01", EVSE], gateway).await
}

/// A station of a member, and its EVSE; gives the command that runs it.
pub(crate) async fn stationed(
    shell: &Shell,
    member: &str,
    [station, evse]: [&str; 2],
    gateway: &str,
) -> Command {
    let config = format!("--config={member}/fairway.toml");
    let said = shell.good(&["gate", "allow", station, &config]).await;
    let password = behind(&said, "password, shown only now: ");
    let point = ["--evse", evse, "--station", station];
    let mut station = vec!["station", "--gateway", gateway, "--password", password];
    let certificate = format!("{member}/keys/tls.crt");
    let state = format!("{member}-station");
    station.extend(["--certificate", &certificate, "--state", &state]);
    station.extend(point);
    let key = [&station[..], &["--print-meter-key"]].concat();
    let key = shell.good(&key).await;
    let mut evse = vec!["evse", "register", "--owner", "site-1", &config];
    evse.extend(point);
    evse.extend(["--meter-key", key.trim(), "--power", "150000"]);
    let zone = |name: &'static str| [&evse[..], &["--area", "DUK-NC", "--zone", name]].concat();
    shell.bad(&zone("Mars/North"), "no IANA time zone").await;
    let said = shell.good(&zone("America/New_York")).await;
    assert!(said.contains("final in block"), "{said}");
    shell.command(&station)
}

/// A charge at a terminal, from the offer to the first energy.
pub(crate) async fn begun(terminal: &mut Terminal, cin: &str) {
    terminal
        .see("prompt", |l| l.starts_with("Present your card"))
        .await;
    terminal.press(&format!("card {cin}")).await;
    terminal
        .see("offer", |l| l.ends_with("Start? yes / no"))
        .await;
    terminal.press("yes").await;
    terminal
        .see("request to plug in", |l| l == "Please plug in.")
        .await;
    terminal.press("plug").await;
    terminal
        .see("energy", |l| {
            l.starts_with("Charging: ") && !l.starts_with("Charging: 0 kWh")
        })
        .await;
}

/// One charge at a terminal; what it cost.
pub(crate) async fn charged(terminal: &mut Terminal, cin: &str) -> String {
    begun(terminal, cin).await;
    terminal.press("stop").await;
    let bill = terminal
        .see("bill", |l| l.contains("comes on your bill of"))
        .await;
    terminal.press("unplug").await;
    let total = bill.split(": ").nth(1).unwrap().split(". ").next();
    total.unwrap().to_owned()
}

/// The agreement, the load and the policy.
pub(crate) async fn agreed(shell: &Shell) {
    let said = shell
        .good(&["agreement", "propose", "agreement.toml", VISITED])
        .await;
    let mut words = said.split(['`', ' ', ':']);
    let id = words.find(|w| w.starts_with("agr_")).unwrap();
    let countersign = ["agreement", "countersign", id, HOME];
    let said = shell.good(&countersign).await;
    assert!(said.contains("final in block"), "{said}");
    shell.bad(&countersign, "countersigned already").await;
    let listed = format!("drivers of US*ALP at stations of US*DUK: {id}");
    shell.until(&["agreement", "list", VISITED], &listed).await;
    lived(shell, id).await;
    shell
        .good(&["load", "set", "DUK-NC", "1.05", VISITED])
        .await;
    let policy = "[policy]\noffer_ttl_s = 60\n";
    std::fs::write(shell.folder.join("policy.toml"), policy).unwrap();
    let said = shell.good(&["policy", "put", "policy.toml", VISITED]).await;
    assert!(said.contains("policy version 2 is in force"), "{said}");
    shell
        .until(&["status", VISITED], "CIN prefix 8400011: US*ALP")
        .await;
}

/// What parties do between signature and end, and what they see of each other.
async fn lived(shell: &Shell, id: &str) {
    let text = shell.good(&["agreement", "text", "agreement.toml"]).await;
    let beside = std::fs::read_to_string(shell.folder.join("agreement.txt")).unwrap();
    assert_eq!(text.trim_end(), beside.trim_end());
    let suspend = ["agreement", "suspend", id, "--ground", "technical", VISITED];
    let said = shell.good(&suspend).await;
    assert!(said.contains("final in block"), "{said}");
    let list = ["agreement", "list", HOME];
    shell.until(&list, "suspended by US*DUK").await;
    let said = shell.good(&["agreement", "resume", id, VISITED]).await;
    assert!(said.contains("final in block"), "{said}");
    shell.until(&list, "in force; ends at 2035-12-31").await;
    let breach = ["agreement", "terminate", id, "--breach", "payment", HOME];
    shell.bad(&breach, "--evidence").await;
    let other = format!("agr_{}", "0".repeat(64));
    let counter = ["agreement", "counter", &other, "agreement.toml", HOME];
    shell.bad(&counter, "agreement-unknown").await;
    let offer =
        "partner offer --area DUK-NC --energy-price 0.38 --floor 0.2 --cap 0.6 --home-bps 800";
    let mut offer: Vec<&str> = offer.split(' ').collect();
    offer.push(VISITED);
    let said = shell.good(&offer).await;
    assert!(said.contains("offer 0: final in block"), "{said}");
    let show = ["partner", "show", "US*DUK", HOME];
    shell.until(&show, "offer 0: 0.38 USD per kWh").await;
    let shown = shell.good(&show).await;
    for words in [
        "agreements suspended: 1",
        &format!("in force: drivers of US*ALP at stations of US*DUK: {id}"),
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let listed = shell.good(&["partner", "list", HOME]).await;
    assert!(
        listed.contains("US*GPC") && !listed.contains("US*REG"),
        "{listed}"
    );
}

/// A part of the debt changes its currency: stated by the witness, proposed by the debtor, countersigned by the creditor.
async fn converted(shell: &Shell) {
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let day: String = now.chars().take(10).collect();
    std::fs::write(shell.folder.join("ecb.csv"), "USD,1.0853\n").unwrap();
    let mut state = vec!["rate", "state", "--base", "USD", "--quote", "EUR"];
    state.extend(["--rate", "0.9214", "--day", &day, "--source", "ECB"]);
    state.extend(["--document", "ecb.csv"]);
    state.push("--config=regulator/fairway.toml");
    let said = shell.good(&state).await;
    assert!(
        said.contains("1 USD is 0.9214 EUR") && said.contains("final"),
        "{said}"
    );
    shell.bad(&state, "on record already").await;
    let propose = |rate: &'static str, out: &'static str| {
        let line = "rate convert --debtor US*ALP --creditor US*DUK --amount 0.25 --from USD --to EUR --stated-by US*REG";
        let mut line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let more = ["--day", &day, "--rate", rate, "--out", out, HOME];
        line.extend(more.map(str::to_owned));
        line
    };
    for (rate, out, answer) in [
        ("0.93", "dear.txt", Err("the stated rate is 0.9214")),
        ("0.9214", "fair.txt", Ok("conversion: final in block")),
    ] {
        let line = propose(rate, out);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let said = shell.good(&line).await;
        assert!(said.contains("0.25 USD less and 0.23 EUR more"), "{said}");
        shell.bad(&line, "File exists").await;
        let shown = shell.good(&["rate", "show", out]).await;
        assert!(shown.contains("signed by US*ALP"), "{shown}");
        let countersign = ["rate", "countersign", out, VISITED];
        match answer {
            Err(words) => shell.bad(&countersign, words).await,
            Ok(words) => {
                let said = shell.good(&countersign).await;
                assert!(said.contains(words), "{said}");
                shell.bad(&countersign, "took effect before").await;
            }
        }
    }
    for currency in ["USD", "EUR"] {
        let statement = ["netting", "show", "US*DUK", "--currency", currency, HOME];
        shell.until(&statement, "conversion").await;
    }
    let alone = ["netting", "show", "US*DUK", VISITED];
    shell.bad(&alone, "between two members").await;
    let euros = ["netting", "show", "US*ALP", "--currency", "EUR", VISITED];
    shell.until(&euros, "0.23").await;
}

/// What an operator sees of the ledger: what was refused and why, what a charge cost, metrics.
async fn watched(shell: &Shell) {
    let refused = shell.good(&["ledger", "refused", VISITED]).await;
    for words in ["US*DUK prefix-taken", "US*DUK malformed", "2 refused"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    // The bill was seen at home; the visited member's node may be a block behind.
    let cost = ["ledger", "cost", VISITED];
    let cost = shell.until(&cost, "1 charges settled").await;
    assert!(cost.contains("fee of the protocol: 0"), "{cost}");
    let config = std::fs::read_to_string(shell.folder.join("duke/fairway.toml")).unwrap();
    let operations = behind(&config, "operations = \"");
    let url = format!("http://{}/metrics", operations.trim_end_matches('"'));
    fairway::node::tls::install_provider();
    let begun = fairway::environment::instant();
    let metrics = loop {
        let page = reqwest::get(&url).await.unwrap();
        let metrics = page.text().await.unwrap();
        // The connection between two of them may just be made anew.
        if metrics.contains("fairway_ledger_peers 3") || begun.elapsed() > PATIENCE {
            break metrics;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    measured(&metrics);
}

/// What the visited member's metrics say after one charge of another's driver.
fn measured(metrics: &str) {
    for line in [
        "fairway_ledger_own_charges_settled_total 1",
        "fairway_ledger_peers 3",
        "fairway_ledger_stalled 0",
        "outcome=\"prefix-taken\"} 1",
        "fairway_build_info{version=\"",
        "fairway_sessions_active 0",
        "fairway_sessions_total{outcome=\"settled\"} 1",
        "fairway_session_start_seconds_count 1",
        "fairway_authorizations_total{path=\"remote_home\",result=\"allowed\"} 1",
        "fairway_authorization_seconds_count 1",
        "fairway_price_quotes_total{clamped=\"false\"} 1",
        "fairway_ocpp_messages_total{action=\"Authorize\",direction=\"from_station\",result=\"accepted\"} ",
        "fairway_ocpp_messages_total{action=\"RequestStartTransaction\",direction=\"to_station\",result=\"accepted\"} ",
        "fairway_http_requests_total{class=\"2xx\"} 0",
        "fairway_settlement_open_minor_units{currency=\"USD\",side=\"owed_by_us\"} 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    for name in [
        "fairway_energy_delivered_joules_total ",
        "fairway_settlement_open_minor_units{currency=\"USD\",side=\"owed_to_us\"} ",
        "fairway_process_cpu_seconds_total ",
    ] {
        let value = metrics.lines().find_map(|l| l.strip_prefix(name));
        let value: f64 = value.unwrap_or_default().parse().unwrap_or(0.0);
        assert!(value > 0.0, "{name}: {metrics}");
    }
    let document = include_str!("../../../../docs/metrics.md");
    for name in metrics.lines().filter_map(|l| l.strip_prefix("# TYPE ")) {
        let name = name.split(' ').next().unwrap_or_default();
        assert!(
            document.contains(&format!("`{name}")),
            "{name} is in no document"
        );
    }
}

/// The same bill in another language, and as a file that is not written over.
async fn bill_saved(shell: &Shell, month: &str) {
    let line = ["bill", CIN, month, "--language=es", HOME];
    let paper = shell.good(&line).await;
    assert!(paper.starts_with("Factura de recarga de "), "{paper}");
    assert!(paper.contains("lecturas firmadas"), "{paper}");
    let line = ["bill", CIN, month, "--language=de", "--pdf=bill.pdf", HOME];
    let said = shell.good(&line).await;
    assert!(said.contains("written to bill.pdf"), "{said}");
    let file = std::fs::read(shell.folder.join("bill.pdf")).unwrap();
    assert!(file.starts_with(b"%PDF-1.7"));
    shell.bad(&line, "nothing was written over").await;
    let line = ["bill", CIN, month, "--language=fr", HOME];
    shell.bad(&line, "en, es or de").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_consortium_by_hand() {
    let mut shell = Shell::with_examples("by-hand");
    let said = shell.good(&["agreement", "check", "agreement.toml"]).await;
    assert!(said.contains("as the ledger takes it"), "{said}");
    let gateway = founded(&mut shell, &[]).await;
    let station = registered(&shell, &gateway).await;
    agreed(&shell).await;
    let mut terminal = Terminal::open(station);
    let total = charged(&mut terminal, CIN).await;
    let now = fairway_model::Time(fairway::environment::wall_ms()).rfc3339();
    let month: String = now.chars().take(7).collect();
    let line = ["bill", CIN, &month, HOME];
    let paper = shell.until(&line, "(1 charge, ").await;
    assert!(
        paper.contains(&format!("Total {total}")),
        "{total}: {paper}"
    );
    bill_saved(&shell, &month).await;
    terminal.press("quit").await;
    drop(terminal);
    watched(&shell).await;
    converted(&shell).await;
    for mut child in shell.running.drain(..) {
        child.kill().await.unwrap();
    }
    std::fs::remove_dir_all(&shell.folder).unwrap();
}
