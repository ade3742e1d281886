//! The API's manners on the real program: the first account, sign-ins, every error path, and who may do what. One member of four
//! runs, without the others: pages need no quorum.

use crate::api_person::Person;
use crate::stage::{PATIENCE, folder, program};
use fairway::demo::members::{Cast, UTILITIES};
use fairway::demo::world::{Plan, World};
use serde_json::{Value, json};
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
        databases: std::collections::BTreeMap::new(),
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
    let (world, _, person, token) = alone("api-problems").await;
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
        if code == "rate" {
            assert!(answer.headers.contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(code, "rate");
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

/// Whether an answer says that this role may not.
async fn refused(person: &Person, method: &str, path: &str) -> bool {
    let key = ("idempotency-key", "role-test");
    let answer = match method {
        "GET" => person.get(path).await,
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
    let (world, _, person, token) = alone("api-roles").await;
    let ada = first(&person, &token).await;
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
    let mut people = vec![("operator", ada.clone())];
    for role in ["roaming_manager", "auditor", "engineer"] {
        let body =
            json!({ "name": role, "display_name": role, "role": role, "password": PASSWORD });
        ada.say("POST", "/api/v1/accounts", &body, &[])
            .await
            .expect(201);
        people.push((role, Person::sign_in(&ada.base, role, PASSWORD).await));
    }
    let mut asked = 0;
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(roles) = operation["x-roles"].as_array() else {
                continue;
            };
            let (method, filled) = (method.to_uppercase(), filled(path));
            if matches!(
                filled.as_str(),
                "/api/v1/events" | "/api/v1/logout" | "/api/v1/me/password"
            ) || filled.contains("/transactions/")
            {
                continue;
            }
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
    assert!(asked > 150, "{asked}");
    end(world).await;
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
    let setup = person.get("/setup").await;
    assert_eq!(setup.status, 200);
    end(world).await;
}
