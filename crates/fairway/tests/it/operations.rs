//! What an operator does on the member's machine while it runs: accounts, readiness, version; and whose requests are limited behind a proxy.

use crate::api::{PASSWORD, alone, alone_with, end, first};
use crate::stage::program;
use fairway::demo::members::UTILITIES;
use fairway::demo::world::World;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Runs the program on a member's folder; gives its exit code and what it said.
fn run(world: &World, line: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(program())
        .args(line)
        .current_dir(world.folder.join(UTILITIES[1].folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn good(world: &World, line: &[&str], input: &str) -> String {
    let (code, said) = run(world, line, input);
    assert_eq!(code, Some(0), "{line:?}: {said}");
    said
}

fn operations(world: &World) -> String {
    let file = world.folder.join(UTILITIES[1].folder).join("fairway.toml");
    let config = std::fs::read_to_string(file).unwrap();
    let (_, rest) = config.split_once("operations = \"").unwrap();
    format!("http://{}", rest.split('"').next().unwrap())
}

async fn json_of(url: &str) -> (u16, Value) {
    let answer = reqwest::get(url).await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

#[tokio::test]
async fn process_operator_keeps_accounts_on_the_machine() {
    let (mut world, cast, person, token) = alone("operations-accounts").await;
    let ada = first(&person, &token).await;
    let listed = good(&world, &["account", "list"], "");
    assert!(
        listed.starts_with("ada  operator  Ada; last signed in "),
        "{listed}"
    );
    // A forgotten password: tried too often, set anew, and the old sign-in is over.
    for _ in 0..6 {
        let wrong = json!({ "name": "ada", "password": "not the right one" });
        person.say("POST", "/api/v1/login", &wrong, &[]).await;
    }
    let (code, said) = run(&world, &["account", "password", "ada"], "short\n");
    assert!(code == Some(1) && said.contains("12 characters"), "{said}");
    assert_eq!(ada.get("/api/v1/me").await.status, 200);
    let said = good(
        &world,
        &["account", "password", "ada"],
        "another long password\n",
    );
    assert!(said.contains("its sign-ins are over"), "{said}");
    assert_eq!(ada.get("/api/v1/me").await.problem(401), "not-signed-in");
    let sign_in = async |password: &str| {
        let body = json!({ "name": "ada", "password": password });
        person.say("POST", "/api/v1/login", &body, &[]).await
    };
    assert_eq!(sign_in(PASSWORD).await.status, 401);
    let answer = sign_in("another long password").await;
    let ada = person.with(answer, 200);
    // Disabled and enabled, and what it says of both.
    let said = good(&world, &["account", "disable", "ada", "--json"], "");
    let account: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(account["disabled"], true);
    assert!(!said.contains("argon2"), "{said}");
    assert_eq!(ada.get("/api/v1/me").await.problem(401), "not-signed-in");
    let listed = good(&world, &["account", "list"], "");
    assert!(listed.contains(", disabled"), "{listed}");
    good(&world, &["account", "enable", "ada"], "");
    let (code, said) = run(&world, &["account", "disable", "eve"], "");
    assert!(
        code == Some(1) && said.contains("no account is named"),
        "{said}"
    );
    // Without the token nobody is told anything.
    let url = format!("{}/operator/v1/account", operations(&world));
    assert_eq!(json_of(&url).await.0, 401);
    // The change outlives a restart.
    world.kill(cast).await.unwrap();
    world.start(cast).unwrap();
    crate::api_person::Person::sign_in(&person.base, "ada", "another long password").await;
    end(world).await;
}

#[tokio::test]
async fn process_operator_asks_whether_it_serves() {
    let (mut world, cast, person, _) = alone("operations-ready").await;
    let base = operations(&world);
    let (status, version) = json_of(&format!("{base}/version")).await;
    assert_eq!((status, &version["name"]), (200, &json!("fairway")));
    // One member of four has no quorum: it runs, and is not ready.
    let (status, told) = json_of(&format!("{base}/readyz")).await;
    assert_eq!((status, &told["ready"]), (503, &json!(false)));
    assert!(told.get("checks").is_none(), "{told}");
    let (_, told) = json_of(&format!("{base}/readyz?verbose")).await;
    let names: Vec<&str> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["database", "ledger", "peers", "clock"]);
    let (code, said) = run(&world, &["healthcheck"], "");
    assert!(
        code == Some(3) && said.contains("not ready: ledger: "),
        "{said}"
    );
    let (code, said) = run(&world, &["healthcheck", "--json"], "");
    assert!(code == Some(3) && said.contains("\"checks\""), "{said}");
    // What the API answers is counted.
    person.get("/api/v1/nothing").await.problem(404);
    let page = reqwest::get(format!("{base}/metrics")).await.unwrap();
    let page = page.text().await.unwrap();
    for line in [
        "fairway_http_requests_total{class=\"4xx\"} 1",
        "fairway_build_info{version=\"",
        "fairway_sessions_active 0",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    world.kill(cast).await.unwrap();
    let (code, said) = run(&world, &["healthcheck"], "");
    assert!(code == Some(3) && said.contains("is not reached"), "{said}");
    let said = good(&world, &["config", "check"], "");
    assert!(said.contains("good, for member US*DUK"), "{said}");
    end(world).await;
}

#[tokio::test]
async fn process_requests_behind_a_proxy_are_counted_by_who_asks() {
    let believed = (
        "trusted_proxies = []",
        "trusted_proxies = [\"127.0.0.0/8\"]",
    );
    let (world, _, person, _) = alone_with("operations-proxy", Some(believed)).await;
    let left = async |hops: &str| {
        let header = [("x-forwarded-for", hops)];
        let answer = person.send("GET", "/api/v1/setup", &header, None).await;
        let left = answer.headers.get("ratelimit-remaining").unwrap();
        left.to_str().unwrap().parse::<u32>().unwrap()
    };
    let most = left("198.51.100.7").await;
    assert_eq!(left("198.51.100.7").await, most - 1);
    assert_eq!(left("203.0.113.1, 198.51.100.7").await, most - 2);
    assert_eq!(left("198.51.100.8").await, most, "another one has his own");
    end(world).await;
}
