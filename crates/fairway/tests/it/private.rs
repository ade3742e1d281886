//! Who holds what about a person, in real processes: every file of every member is looked through.

use crate::canary::{Found, Scanner};
use crate::stage::{Stage, program};
use fairway::demo::members::{Cast, UTILITIES, WITNESS};
use fairway::store::Store;
use fairway::view::export::fields_of;
use fairway_model::cin::Cin;
use fairway_model::{Currency, CustomerClass, Micro, Payment, Tier};
use fairway_utility::command::{Command, NewCustomer, Reply};
use fairway_utility::door::{Row, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const NAME: &str = "Rosalind Canary-Finch";
const CARD: &str = "04CA4A4FACE881";
const LOYALTY: &str = "7731904482260";

/// The first driver of Alabama, with a name, cards and a number that can be looked for.
fn person(stage: &Stage) -> NewCustomer {
    NewCustomer {
        cin: stage.drivers[0].cin.clone(),
        name: NAME.to_owned(),
        class: CustomerClass::Residential,
        tier: Tier::Gold,
        payment: Payment::Postpaid,
        credit_limit: Micro(2_000_000_000),
        language: "en".to_owned(),
        pin: None,
        credentials: vec![CARD.to_owned(), LOYALTY.to_owned()],
        currency: Currency::USD,
    }
}

fn own(stage: &Stage, cast: Cast) -> std::path::PathBuf {
    stage.world.folder.join(cast.folder)
}

async fn table(stage: &Stage, cast: Cast, table: Table) -> Vec<Row> {
    let path = own(stage, cast).join("utility.db");
    let mut store = Store::open(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    let mut rows = Vec::new();
    store.load(table, |row| rows.push(row)).await.unwrap();
    rows
}

/// Every block of the chain as it is exported, in one file.
async fn exported(stage: &Stage) -> Vec<u8> {
    let client = stage.world.client(WITNESS).unwrap();
    let status = client.json("/ledger/v1/status").await.unwrap();
    let newest = status["height"].as_u64().unwrap();
    let mut all = Vec::new();
    for height in 1..=newest {
        let path = format!("/ledger/v1/export/{height}/{height}");
        all.extend(client.get(&path).await.unwrap());
    }
    all
}

fn scan(stage: &Stage, cast: Cast, scanner: &Scanner) -> Vec<Found> {
    let (found, files, bytes) = scanner.folder(&own(stage, cast));
    assert!(files > 5 && bytes > 10_000, "{files} files, {bytes} bytes");
    found
}

/// A driver of Alabama charges at Duke and at Georgia. His name, number and cards are in Alabama's database and nowhere else: no
/// block, no export, no ledger folder, no other member's database, no log, the home utility's included.
#[tokio::test(flavor = "multi_thread")]
async fn process_personal_data_stays_in_the_home_database() {
    let mut stage = Stage::open("canary-run", BTreeMap::new()).await;
    let new = person(&stage);
    let cin = new.cin.clone();
    let home = stage.world.client(UTILITIES[0]).unwrap();
    home.command(&Command::PutCustomer(new)).await.unwrap();
    for (lines, utility) in [(1, 1), (2, 2)] {
        let mut post = stage.post(utility, 0);
        post.visit(&cin, 55).await.unwrap();
        stage.billed(0, lines).await;
    }
    let blocks = exported(&stage).await;
    // A member that does not know the number asks home, and home says no: that leaves no trace of it either.
    let document = export_of_person(&stage, &cin).await;
    stage.world.stop().await;

    let customers = table(&stage, UTILITIES[0], Table::ResidentialCustomers).await;
    let row = customers
        .iter()
        .find(|row| row.body.windows(NAME.len()).any(|w| w == NAME.as_bytes()))
        .unwrap();
    let key = hex::decode(row.key.strip_prefix("cus_").unwrap()).unwrap();
    let grouped = Cin::parse(&cin).unwrap().grouped();
    let canaries: Vec<(&str, &[u8])> = vec![
        ("CIN", cin.as_bytes()),
        ("CIN in groups", grouped.as_bytes()),
        ("name", NAME.as_bytes()),
        ("card", CARD.as_bytes()),
        ("loyalty number", LOYALTY.as_bytes()),
        ("customer key", &key),
        ("customer key in words", row.key.as_bytes()),
    ];
    let scanner = Scanner::new(canaries);
    assert_eq!(scanner.bytes("export", &blocks), Vec::new());
    for cast in [UTILITIES[1], UTILITIES[2], WITNESS] {
        assert_eq!(scan(&stage, cast, &scanner), Vec::new(), "{}", cast.name);
    }
    // At home: in the database, and in no log and no block.
    let at_home = scan(&stage, UTILITIES[0], &scanner);
    let outside = |found: &&Found| !found.place.contains("/utility.db");
    assert_eq!(at_home.iter().filter(outside).count(), 0, "{at_home:?}");
    for name in [
        "CIN, plain",
        "name, plain",
        "card, plain",
        "customer key, plain",
    ] {
        assert!(
            at_home.iter().any(|f| f.what == name),
            "{name}: {at_home:?}"
        );
    }
    // The scanner would have seen it: the same files with one planted line.
    let log = own(&stage, UTILITIES[1]).join("log.txt");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}driver {cin}\n")).unwrap();
    assert_eq!(scan(&stage, UTILITIES[1], &scanner).len(), 1);

    secrets_stay_in_the_keys_folder(&stage, &blocks);
    unlinkable(&stage).await;
    complete(&document, &cin, row);
    stage.close().await;
}

/// The members' private keys are in their keys folders and nowhere else.
fn secrets_stay_in_the_keys_folder(stage: &Stage, blocks: &[u8]) {
    for cast in [UTILITIES[0], UTILITIES[1], UTILITIES[2], WITNESS] {
        let keys = own(stage, cast).join("keys");
        let secrets: Vec<(String, Vec<u8>)> = [
            "member.seed",
            "validator.seed",
            "secret.seed",
            "encryption.seed",
        ]
        .into_iter()
        .map(|name| {
            let text = std::fs::read_to_string(keys.join(name)).unwrap();
            (name.to_owned(), hex::decode(text.trim()).unwrap())
        })
        .collect();
        let scanner = Scanner::new(secrets.iter().map(|(n, s)| (n.as_str(), s.as_slice())));
        assert_eq!(scanner.bytes("export", blocks), Vec::new());
        let (found, _, _) = scanner.folder(&stage.world.folder);
        assert!(found.len() >= 4);
        let inside = |found: &Found| Path::new(&found.place).starts_with(&keys);
        assert!(found.iter().all(inside), "{found:?}");
    }
}

/// Texts and byte strings of a record, as deep as they lie.
fn leaves(bytes: &[u8], out: &mut BTreeSet<Vec<u8>>) {
    leaves_of(&fields_of(bytes), out);
}

fn leaves_of(value: &serde_json::Value, out: &mut BTreeSet<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => {
            out.extend(hex::decode(text).ok());
            out.insert(text.clone().into_bytes());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| leaves_of(item, out)),
        _ => {}
    }
}

/// Every value in a member's rows about the charges of one home utility's drivers.
async fn values(stage: &Stage, cast: Cast) -> BTreeSet<Vec<u8>> {
    let mut values = BTreeSet::new();
    for kind in [
        Table::VisitedSessions,
        Table::VisitingProfiles,
        Table::Outbox,
        Table::Audit,
        Table::Journal,
        Table::Balances,
        Table::Commands,
        Table::Marks,
    ] {
        for row in table(stage, cast, kind).await {
            values.extend([row.key, row.subject, row.summary].map(String::into_bytes));
            leaves(&row.body, &mut values);
        }
    }
    values
}

/// The same driver was at two partners. What both partners' databases have in common is what they would have in common without
/// him: it stands in the home utility's public words too (the agreement, names, units), and nothing of it is a pseudonym.
async fn unlinkable(stage: &Stage) {
    let (duke, georgia) = (
        values(stage, UTILITIES[1]).await,
        values(stage, UTILITIES[2]).await,
    );
    let long = |value: &&Vec<u8>| value.len() >= 8;
    let common: BTreeSet<&Vec<u8>> = duke.intersection(&georgia).filter(long).collect();
    let issued = table(stage, UTILITIES[0], Table::Issued).await;
    let mut told = BTreeSet::new();
    for row in &issued {
        leaves(&row.body, &mut told);
    }
    // What home said to both partners alike: who home is, and nothing that describes a person.
    let home = hex::encode(UTILITIES[0].id.replace('*', ""));
    let both: Vec<String> = common
        .iter()
        .filter(|value| told.contains(**value) && ***value != *home.as_bytes())
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect();
    assert!(issued.len() >= 2);
    assert_eq!(both, Vec::<String>::new());
    // And no random-looking value (16 bytes or more of no text) is in both, whoever made it.
    let opaque = |value: &&&Vec<u8>| value.len() >= 16 && std::str::from_utf8(value).is_err();
    let linked: Vec<String> = common.iter().filter(opaque).map(hex::encode).collect();
    assert_eq!(linked, Vec::<String>::new());
}

async fn export_of_person(stage: &Stage, cin: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;

    let config = own(stage, UTILITIES[0]).join("fairway.toml");
    let out = stage.world.folder.join("person.json");
    let output = std::process::Command::new(program())
        .args(["customer", "export", cin, "--config"])
        .arg(&config)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(&out).unwrap();
    let mode = std::fs::metadata(&out).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(out).unwrap();
    // Another member has nothing to say about the number.
    let other = stage.world.client(UTILITIES[1]).unwrap();
    let command = Command::ExportCustomer {
        cin: cin.to_owned(),
    };
    let refused = other
        .command(&command)
        .await
        .map(|_: Reply| ())
        .unwrap_err();
    assert!(refused.contains("cin-unknown"), "{refused}");
    text
}

/// The export has every personal field, and a record of each table that holds something of the person.
fn complete(document: &str, cin: &str, profile: &Row) {
    let value: serde_json::Value = serde_json::from_str(document).unwrap();
    for canary in [cin, NAME, CARD, LOYALTY, profile.key.as_str()] {
        assert!(document.contains(canary), "{canary}");
    }
    assert_eq!(value["charges"].as_array().unwrap().len(), 2);
    for name in [
        Table::ResidentialCustomers,
        Table::Issued,
        Table::HomeCharges,
        Table::Journal,
        Table::Balances,
        Table::Audit,
    ] {
        let records = value["records"][name.name()].as_array();
        assert!(records.is_some_and(|r| !r.is_empty()), "{}", name.name());
    }
    let mut told = BTreeSet::new();
    leaves(&profile.body, &mut told);
    assert!(told.contains(NAME.as_bytes()));
}
