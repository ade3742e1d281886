//! The program's own words when it is used wrongly.

use crate::stage::{folder, program};
use std::path::Path;
use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(program()).args(arguments).output().unwrap();
    (
        output.status.code(),
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    )
}

const CONFIG: &str = "member = \"US*DUK\"\ngenesis = \"genesis.toml\"\n[listen]\npeers = \"127.0.0.1:1\"\nstations = \"127.0.0.1:2\"\noperations = \"127.0.0.1:3\"\nledger = \"127.0.0.1:4\"\n";

fn serve(path: &Path, config: &str) -> String {
    let file = path.join("fairway.toml");
    std::fs::write(&file, config).unwrap();
    let (code, text) = run(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{text}");
    text
}

#[test]
fn configuration_errors_name_the_place_and_the_way_out() {
    let path = folder("config");
    let text = serve(&path, &CONFIG.replace("stations", "station"));
    assert!(
        text.contains("unknown key `station`; did you mean `stations`?"),
        "{text}"
    );
    let text = serve(&path, CONFIG);
    assert!(
        text.contains("genesis.toml") && text.contains("cannot be read"),
        "{text}"
    );
    let (code, text) = run(&[
        "serve",
        "--config",
        path.join("missing.toml").to_str().unwrap(),
    ]);
    assert!(code == Some(1) && text.contains("missing.toml"), "{text}");
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn keys_are_made_once_and_never_overwritten() {
    let path = folder("format");
    let keys = path.join("keys");
    let arguments = [
        "format",
        "--member",
        "US*TST",
        "--name",
        "Test",
        "--ledger",
        "127.0.0.1:9",
        "--endpoint",
        "https://127.0.0.1:8",
        "--keys",
        keys.to_str().unwrap(),
    ];
    let (code, text) = run(&arguments);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("[[member]]")
            && text.contains("BEGIN CERTIFICATE")
            && !text.contains("PRIVATE"),
        "{text}"
    );
    let before = std::fs::read(keys.join("member.seed")).unwrap();
    let (code, text) = run(&arguments);
    assert!(
        code == Some(1) && text.contains("already holds keys; nothing was changed"),
        "{text}"
    );
    assert_eq!(std::fs::read(keys.join("member.seed")).unwrap(), before);
    let (code, text) = run(&[
        "format",
        "--member",
        "duke",
        "--name",
        "x",
        "--ledger",
        "127.0.0.1:9",
        "--keys",
        path.join("k2").to_str().unwrap(),
    ]);
    assert!(code == Some(1) && text.contains("as in US*DUK"), "{text}");
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_file_that_is_no_proof_is_named() {
    let path = folder("no-proof");
    let (proof, keys) = (path.join("p"), path.join("k"));
    std::fs::write(&proof, b"garbage").unwrap();
    std::fs::write(&keys, "chain x\nvalidator zz\n").unwrap();
    let arguments = [
        "ledger",
        "verify",
        proof.to_str().unwrap(),
        "--validators",
        keys.to_str().unwrap(),
    ];
    let (code, text) = run(&arguments);
    assert!(
        code == Some(1) && text.contains("line 2: expected"),
        "{text}"
    );
    std::fs::write(&keys, format!("chain x\nvalidator {}\n", "00".repeat(32))).unwrap();
    let (code, text) = run(&arguments);
    assert!(code == Some(1) && text.contains("p:"), "{text}");
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn the_flow_chart_in_the_documents_is_the_programs_own() {
    let (code, drawn) = run(&["flow-chart"]);
    assert_eq!(code, Some(0), "{drawn}");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/flow-chart.svg");
    assert!(
        std::fs::read_to_string(document).unwrap() == drawn,
        "draw it again: fairway flow-chart > docs/flow-chart.svg"
    );
}

#[test]
fn the_program_tells_its_version_its_manual_and_its_completions() {
    let (code, said) = run(&["version"]);
    assert!(code == Some(0) && said.starts_with("fairway 0."), "{said}");
    let (_, said) = run(&["version", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["name"], "fairway");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, said) = run(&["completions", shell]);
        assert!(code == Some(0) && said.contains("healthcheck"), "{shell}");
    }
    let (code, said) = run(&["completions", "cmd"]);
    assert!(
        code == Some(2) && said.contains("possible values"),
        "{said}"
    );
    let (code, said) = run(&["man"]);
    assert!(code == Some(0) && said.contains(".TH fairway 1"), "{said}");
    let path = folder("man");
    let (code, said) = run(&["man", "--out", path.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let page = std::fs::read_to_string(path.join("fairway-account-password.1")).unwrap();
    assert!(page.contains("forgotten password"), "{page}");
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_configuration_is_checked_whole_and_shown_without_passwords() {
    let path = folder("config-check");
    let file = path.join("fairway.toml");
    let config = |verb: &str| run(&["config", verb, "--config", file.to_str().unwrap()]);
    std::fs::write(&file, CONFIG.replace("127.0.0.1:4", "127.0.0.1:3")).unwrap();
    let (code, said) = config("check");
    assert_eq!(code, Some(1), "{said}");
    for words in [
        "genesis.toml",
        "`fairway format` makes keys",
        "listen.ledger = 127.0.0.1:3: is the address of listen.operations too",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let secret = "[database]\nurl = \"postgres://fairway:hidden@db/duke\"\n";
    std::fs::write(&file, format!("{CONFIG}{secret}")).unwrap();
    let (code, said) = config("show");
    assert!(
        code == Some(0) && said.contains("offer_ttl_s = 120"),
        "{said}"
    );
    assert!(
        said.contains("fairway:***@db") && !said.contains("hidden"),
        "{said}"
    );
    let (code, said) = run(&["config", "schema"]);
    assert_eq!(code, Some(0), "{said}");
    let schema: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(schema["title"], "fairway.toml");
    std::fs::write(&file, CONFIG.replace("member", "membre")).unwrap();
    let (code, said) = config("check");
    assert!(
        code == Some(1) && said.contains("did you mean `member`?"),
        "{said}"
    );
    std::fs::remove_dir_all(path).unwrap();
}
