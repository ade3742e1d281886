//! The API's manners on the real program: the first account, sign-ins, every error path, and who may do what. One member of four
//! runs, without the others: pages need no quorum.

use crate::api_person::Person;
use crate::stage::{PATIENCE, Stage, folder, program};
use fairway::api::Role;
use fairway::demo::accounts;
use fairway::demo::members::{Cast, UTILITIES};
use fairway::demo::world::{Plan, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const PASSWORD: &str = "a long enough password";

/// One member alone, its pages' address, and the link's token from its log.
pub(crate) async fn alone(name: &str) -> (World, Cast, Person, String) {
    alone_with(name, None).await
}

/// As [`alone`], with one text of its configuration in another's place.
pub(crate) async fn alone_with(
    name: &str,
    change: Option<(&str, &str)>,
) -> (World, Cast, Person, String) {
    fairway::node::tls::install_provider();
    let folder = folder(name);
    let plan = Plan {
        folder: folder.clone(),
        seed: 5,
        speed: 1,
        program: program(),
        begin_ms: fairway::demo::world::BEGIN_MS,
        databases: BTreeMap::new(),
        lines: false,
        pages: None,
        forecast: false,
    };
    let mut world = World::prepare(&plan).unwrap();
    let cast = UTILITIES[1];
    if let Some((before, after)) = change {
        let file = folder.join(cast.folder).join("fairway.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        assert!(config.contains(before), "{config}");
        std::fs::write(&file, config.replace(before, after)).unwrap();
    }
    world.start(cast).unwrap();
    let person = Person::arrive(&world.pages(cast).unwrap()).await;
    let begin = fairway::environment::instant();
    loop {
        let log = std::fs::read_to_string(folder.join(cast.folder).join("log.txt")).unwrap();
        if let Some((_, rest)) = log.split_once("/setup#") {
            let token: String = rest.chars().take(68).collect();
            return (world, cast, person, token);
        }
        assert!(begin.elapsed() < PATIENCE, "no link in the log: {log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn end(mut world: World) {
    world.stop().await;
    let _ = std::fs::remove_dir_all(&world.folder);
}

pub(crate) async fn first(person: &Person, token: &str) -> Person {
    let body =
        json!({ "token": token, "name": "Ada", "display_name": "Ada", "password": PASSWORD });
    let answer = person.say("POST", "/api/v1/setup", &body, &[]).await;
    person.with(answer, 201)
}

#[tokio::test]
async fn process_api_first_account_by_a_link_that_works_once() {
    let (mut world, cast, person, token) = alone("api-setup").await;
    let state = person.get("/api/v1/setup").await.expect(200);
    assert_eq!(
        (&state["needed"], &state["member"]),
        (&json!(true), &json!("US*DUK"))
    );
    let body = |token: &str, password: &str| json!({ "token": token, "name": "ada", "display_name": "Ada", "password": password });
    let wrong = person
        .say("POST", "/api/v1/setup", &body("set_00", PASSWORD), &[])
        .await;
    assert_eq!(wrong.problem(403), "setup-token");
    let short = person
        .say("POST", "/api/v1/setup", &body(&token, "short"), &[])
        .await;
    assert_eq!(short.problem(422), "password");
    let ada = first(&person, &token).await;
    assert_eq!(ada.get("/api/v1/me").await.expect(200)["role"], "operator");
    let again = person
        .say("POST", "/api/v1/setup", &body(&token, PASSWORD), &[])
        .await;
    assert_eq!(again.problem(403), "setup-token");
    // The sign-in outlives a restart of the program; after the sign-out it is over.
    world.kill(cast).await.unwrap();
    world.start(cast).unwrap();
    Person::arrive(&ada.base).await;
    assert_eq!(ada.get("/api/v1/me").await.expect(200)["name"], "ada");
    let out = ada.say("POST", "/api/v1/logout", &json!({}), &[]).await;
    assert_eq!(out.status, 204);
    assert_eq!(ada.get("/api/v1/me").await.problem(401), "not-signed-in");
    end(world).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn process_api_every_failure_is_a_problem() {
    let (world, cast, person, token) = alone("api-problems").await;
    let ada = first(&person, &token).await;
    assert_eq!(
        person.get("/api/v1/nothing").await.problem(404),
        "not-found"
    );
    assert_eq!(person.get("/nothing.js").await.problem(404), "not-found");
    assert_eq!(person.get("/api/v1/me").await.problem(401), "not-signed-in");
    let method = ada.send("DELETE", "/api/v1/me", &[], None).await;
    assert!(method.headers.contains_key("allow"));
    assert_eq!(method.problem(405), "method");
    let large = vec![b' '; 300 * 1024];
    let csrf = ("x-fairway-csrf", ada.csrf.as_str());
    let json_type = ("content-type", "application/json");
    let large = ada
        .send("POST", "/api/v1/accounts", &[csrf, json_type], Some(large))
        .await;
    assert_eq!(large.problem(413), "body-too-large");
    let text = ada
        .send("POST", "/api/v1/accounts", &[csrf], Some(b"{}".to_vec()))
        .await;
    assert_eq!(text.problem(415), "media-type");
    let broken = ada
        .send(
            "POST",
            "/api/v1/accounts",
            &[csrf, json_type],
            Some(b"{".to_vec()),
        )
        .await;
    assert_eq!(broken.problem(400), "json");
    let shape = ada
        .say("POST", "/api/v1/accounts", &json!({ "name": 3 }), &[])
        .await;
    assert_eq!(shape.json["errors"][0]["pointer"], "/name");
    assert_eq!(shape.problem(422), "fields");
    assert_eq!(
        ada.get("/api/v1/sessions?limit=0").await.problem(400),
        "query"
    );
    assert_eq!(
        ada.get("/api/v1/sessions?size=1").await.problem(400),
        "query"
    );
    assert_eq!(
        ada.get("/api/v1/sessions?cursor=x").await.problem(400),
        "query"
    );
    for (path, part) in [
        ("/api/v1/sessions?limits=1", "did you mean `limit`"),
        ("/api/v1/stations?limit=1", "takes none"),
        ("/api/v1/sessions?state=nope", "one of identifying"),
    ] {
        let answer = ada.get(path).await;
        let detail = answer.json["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{detail}");
        assert_eq!(answer.problem(400), "query");
    }
    let load = json!({ "load_bps": 12_000 });
    let nowhere = ada.say("PUT", "/api/v1/loads/ZZZ-NOPE", &load, &[]).await;
    assert_eq!(nowhere.problem(404), "not-found");
    let load = json!({ "load_bps": 4_000_000_000u32 });
    let much = ada.say("PUT", "/api/v1/loads/ZZZ-NOPE", &load, &[]).await;
    assert_eq!(much.problem(422), "fields");
    let unnamed =
        json!({ "name": "eve", "display_name": " ", "role": "engineer", "password": PASSWORD });
    let unnamed = ada.say("POST", "/api/v1/accounts", &unnamed, &[]).await;
    assert_eq!(unnamed.problem(422), "fields");
    let page = person.get("/problems/etag").await;
    assert_eq!(
        (page.status, page.media.as_str()),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(
        person.get("/problems/asdfasdf").await.problem(404),
        "not-found"
    );
    // What was refused is in the log under its name, without the address that may name a person.
    let refused = ada.get("/api/v1/customers/cus_of_somebody").await;
    assert_eq!(refused.headers["x-content-type-options"], "nosniff");
    let trace = refused.json["trace_id"].as_str().unwrap().to_owned();
    let log = std::fs::read_to_string(world.folder.join(cast.folder).join("log.txt")).unwrap();
    let line = log.lines().find(|line| line.contains(&trace)).unwrap();
    assert!(
        line.contains("/api/v1/customers/{customer}") && !line.contains("cus_of_somebody"),
        "{line}"
    );
    assert_eq!(
        ada.get("/api/v1/sessions/ses_1").await.problem(404),
        "not-found"
    );
    assert_eq!(
        ada.get("/api/v1/ledger/blocks/x").await.problem(404),
        "path"
    );
    let no_key = ada.say("POST", "/api/v1/customers", &json!({}), &[]).await;
    assert_eq!(no_key.problem(400), "idempotency-key");
    let mut forged = ada.clone();
    forged.csrf = "00".repeat(32);
    let account =
        json!({ "name": "eve", "display_name": "Eve", "role": "engineer", "password": PASSWORD });
    assert_eq!(
        forged
            .say("POST", "/api/v1/accounts", &account, &[])
            .await
            .problem(403),
        "csrf"
    );
    assert_eq!(
        ada.say("PUT", "/api/v1/policy", &json!({}), &[])
            .await
            .problem(422),
        "fields"
    );
    end(world).await;
}

#[tokio::test]
async fn process_api_wrong_passwords_cost_time() {
    let (world, _, person, token) = alone("api-locked").await;
    first(&person, &token).await;
    let login = |name: &str, password: &str| {
        let body = json!({ "name": name, "password": password });
        let person = person.clone();
        async move { person.say("POST", "/api/v1/login", &body, &[]).await }
    };
    for _ in 0..5 {
        assert_eq!(
            login("ada", "wrong wrong wrong").await.problem(401),
            "credentials"
        );
    }
    let locked = login("ada", PASSWORD).await;
    assert!(locked.headers.contains_key("retry-after"));
    assert_eq!(locked.problem(429), "locked");
    assert_eq!(login("nobody", PASSWORD).await.problem(401), "credentials");
    // Three by the set-up and these, and then the address has to wait.
    let mut code = String::new();
    for _ in 0..6 {
        let answer = login("nobody", PASSWORD).await;
        code = answer.json["code"].as_str().unwrap_or_default().to_owned();
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("ratelimit-limit"), "10");
        if code == "rate" {
            assert!(answer.headers.contains_key("retry-after"));
            assert_eq!(header("ratelimit-remaining"), "0");
            break;
        }
    }
    assert_eq!(code, "rate");
    end(world).await;
}

#[tokio::test]
async fn process_api_a_stream_ends_with_its_sign_in() {
    let (world, _, person, token) = alone("api-stream").await;
    let ada = first(&person, &token).await;
    let sign_in = || Person::sign_in(&ada.base, "ada", PASSWORD);
    let open = async |who: &Person| {
        let mut events = who.events(None).await;
        // At once, so that a line that breaks before any news has a number to come back with.
        let (id, _) = events.until(|name, _| name == "hello").await;
        assert!(id.parse::<u64>().is_ok(), "{id}");
        events
    };
    let leaving = sign_in().await;
    let (stays, goes) = (open(&ada).await, open(&leaving).await);
    leaving.say("POST", "/api/v1/logout", &json!({}), &[]).await;
    goes.over().await;
    let other = open(&sign_in().await).await;
    let body = json!({ "old": PASSWORD, "new": "another long password" });
    let changed = ada.say("PUT", "/api/v1/me/password", &body, &[]).await;
    assert_eq!(changed.status, 204);
    other.over().await;
    let still = tokio::time::timeout(Duration::from_millis(500), stays.over());
    assert!(still.await.is_err(), "one's own stream goes on");
    for unreadable in ["abc", "", "-1"] {
        let mut events = ada.events(Some(unreadable)).await;
        let (first, _) = events.until(|_, _| true).await;
        assert!(first.parse::<u64>().is_ok(), "{first}");
        let mut events = ada.events(Some(unreadable)).await;
        events.until(|name, _| name == "reset").await;
    }
    end(world).await;
}

#[tokio::test]
async fn process_api_nobody_gives_a_role_that_is_not_his() {
    let (world, _, person, token) = alone("api-gives").await;
    let ada = first(&person, &token).await;
    let account = |name: &str, role: &str| json!({ "name": name, "display_name": name, "role": role, "password": PASSWORD });
    let grace = ada
        .say(
            "POST",
            "/api/v1/accounts",
            &account("grace", "engineer"),
            &[],
        )
        .await;
    grace.expect(201);
    let grace = Person::sign_in(&ada.base, "grace", PASSWORD).await;
    for role in ["operator", "roaming_manager", "auditor", "driver"] {
        let answer = grace
            .say("POST", "/api/v1/accounts", &account("eve", role), &[])
            .await;
        assert_eq!(answer.problem(403), "role", "{role}");
    }
    let made = grace
        .say("POST", "/api/v1/accounts", &account("eve", "engineer"), &[])
        .await;
    let eve = made.expect(201)["account"].as_str().unwrap().to_owned();
    let me = ada.get("/api/v1/me").await.expect(200);
    let change = |id: &str| format!("/api/v1/accounts/{id}");
    let body = json!({ "disabled": true });
    let operator = change(me["account"].as_str().unwrap());
    let answer = grace.say("PATCH", &operator, &body, &[]).await;
    assert_eq!(answer.problem(403), "role");
    let answer = grace.say("PATCH", &change(&eve), &body, &[]).await;
    assert_eq!(answer.expect(200)["disabled"], true);
    let nobody = change(&format!("acc_{}", "0".repeat(32)));
    let answer = ada.say("PATCH", &nobody, &body, &[]).await;
    assert_eq!(answer.problem(404), "not-found");
    // A list of values is no object, and what follows the object is refused too.
    for (text, status) in [
        (format!("[\"ada\",\"{PASSWORD}\"]"), 422),
        (
            format!("{{\"name\":\"ada\",\"password\":\"{PASSWORD}\"}} trailing"),
            400,
        ),
    ] {
        let json_type = [("content-type", "application/json")];
        let bytes = Some(text.into_bytes());
        let answer = person
            .send("POST", "/api/v1/login", &json_type, bytes)
            .await;
        assert_eq!(answer.status, status);
    }
    end(world).await;
}

/// A path with something in the place of each name.
fn filled(path: &str) -> String {
    let zeros = "0".repeat(64);
    let agreement = format!("agr_{zeros}");
    let session = format!("ses_{}", "0".repeat(32));
    path.replace("{session}", &session)
        .replace("{agreement}", &agreement)
        .replace("{other}", &agreement)
        .replace("{transaction}", &zeros)
        .replace("{height}", "1")
        .replace("{month}", "2026-11")
        .replace("{day}", "2026-11-17")
        .replace("{station}", "NONE-01")
        .replace("{area}", "NONE")
        .replace("{customer}", &format!("cus_{}", "0".repeat(32)))
        .replace("{account}", &format!("acc_{}", "0".repeat(32)))
        .replace("{dispute}", &format!("dsp_{}", "0".repeat(32)))
}

/// Operations of the description, and those among them that need no sign-in.
const OPERATIONS: usize = 78;
const OPEN: usize = 4;

/// Whether an answer says that this role may not.
async fn refused(person: &Person, method: &str, path: &str) -> bool {
    let key = ("idempotency-key", "role-test");
    let answer = match method {
        // Whoever may hears the stream, which has no end.
        "GET" if path == "/api/v1/events" => {
            person.events(None).await;
            return false;
        }
        "GET" => person.get(path).await,
        "POST" if path == "/api/v1/logout" => person.say(method, path, &json!({}), &[]).await,
        _ => {
            person
                .say(method, path, &json!({ "none": 1 }), &[key])
                .await
        }
    };
    assert!(
        answer.status < 500 || answer.status == 503,
        "{method} {path}: {answer:?}"
    );
    answer.json["code"] == "role" && answer.status == 403
}

#[tokio::test]
async fn process_api_every_address_and_every_role() {
    // With its partners, since a driver's account needs a customer, and a customer a prefix on the ledger.
    let stage = Stage::open("api-roles", BTreeMap::new()).await;
    accounts::make(&stage.world, &stage.drivers).await.unwrap();
    let base = stage.world.pages(UTILITIES[1]).unwrap();
    let person = Person::arrive(&base).await;
    let described = person.get("/openapi.json").await.expect(200);
    let committed = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../openapi/fairway.json"
    ))
    .unwrap();
    assert!(
        described == serde_json::from_str::<Value>(&committed).unwrap(),
        "openapi/fairway.json is not what the program serves"
    );
    let mut people = Vec::new();
    for role in Role::ALL {
        let name = match role {
            Role::Driver => accounts::name_of(&stage.drivers[1]),
            staff => staff.word().replace('_', "-"),
        };
        let signed = Person::sign_in(&base, &name, accounts::PASSWORD).await;
        assert_eq!(
            signed.get("/api/v1/me").await.expect(200)["role"],
            role.word()
        );
        people.push((role.word(), signed));
    }
    let (mut asked, mut open) = (0, 0);
    let paths = described["paths"].as_object().unwrap();
    // A sign-out is the last that anybody asks.
    let (last, others): (Vec<_>, Vec<_>) = paths.iter().partition(|(p, _)| p.ends_with("/logout"));
    for (path, item) in others.into_iter().chain(last) {
        for (method, operation) in item.as_object().unwrap() {
            let Some(roles) = operation["x-roles"].as_array() else {
                open += 1;
                continue;
            };
            let (method, filled) = (method.to_uppercase(), filled(path));
            let stranger = match method.as_str() {
                "GET" => person.get(&filled).await,
                _ => {
                    person
                        .say(&method, &filled, &json!({}), &[("idempotency-key", "x")])
                        .await
                }
            };
            assert_eq!(stranger.problem(401), "not-signed-in", "{method} {path}");
            for (role, person) in &people {
                asked += 1;
                let may = roles.iter().any(|r| r == role);
                assert_eq!(
                    refused(person, &method, &filled).await,
                    !may,
                    "{role}: {method} {path}"
                );
            }
        }
    }
    assert_eq!(
        (open, asked),
        (OPEN, (OPERATIONS - OPEN) * 5),
        "count a new operation at OPERATIONS"
    );
    stage.close().await;
}

#[tokio::test]
async fn process_api_pages_are_served_with_a_strict_policy() {
    let (world, _, person, _) = alone("api-pages").await;
    let page = person.get("/").await;
    assert_eq!(
        (page.status, page.media.as_str()),
        (200, "text/html; charset=utf-8")
    );
    let header = |name: &str| {
        page.headers
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    assert!(header("content-security-policy").contains("default-src 'self'"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    let tag = header("etag");
    let again = person
        .send("GET", "/", &[("if-none-match", &tag)], None)
        .await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    for bad in [
        "/../keys/member.seed",
        "/..%2fkeys/member.seed",
        "/assets/../../keys/member.seed",
    ] {
        assert_eq!(person.get(bad).await.status, 404, "{bad}");
    }
    let reference = person.get("/api/docs").await;
    assert_eq!(
        (reference.status, reference.media.as_str()),
        (200, "text/html; charset=utf-8")
    );
    assert!(reference.headers.contains_key("content-security-policy"));
    let setup = person.get("/setup").await;
    assert_eq!(setup.status, 200);
    end(world).await;
}
