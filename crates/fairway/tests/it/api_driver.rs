//! What a driver does on his own pages with a real charge: he stops it from afar, and freezes his card.

use crate::api_person::Person;
use crate::stage::{PATIENCE, Stage};
use fairway::demo::accounts::{self, PASSWORD, name_of};
use fairway::demo::members::UTILITIES;
use fairway_model::RefusalCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const FREEZE: &str = "/api/v1/my/freeze";

async fn somebody(stage: &Stage, utility: usize, name: &str) -> Person {
    let base = stage.world.pages(UTILITIES[utility]).unwrap();
    Person::sign_in(&base, name, PASSWORD).await
}

/// Asks again until the answer is as wanted.
async fn until(person: &Person, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begin = fairway::environment::instant();
    loop {
        let found = person.get(path).await.expect(200);
        if wanted(&found) {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{path}: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whoever is not the driver, or does not show that the page itself asks, changes nothing.
async fn only_his_own(driver: &Person, others: [&Person; 2], path: &str, body: &Value) {
    let key = ("idempotency-key", "not-mine");
    let [stranger, operator] = others;
    let refused = operator.say("POST", path, body, &[key]).await;
    assert_eq!(refused.problem(403), "role");
    if path != FREEZE {
        let refused = stranger.say("POST", path, body, &[key]).await;
        assert_eq!(refused.problem(404), "not-found");
    }
    let headers = [("content-type", "application/json"), key];
    let bytes = Some(body.to_string().into_bytes());
    let forged = driver.send("POST", path, &headers, bytes).await;
    assert_eq!(forged.problem(403), "csrf");
    let keyless = driver.say("POST", path, body, &[]).await;
    assert_eq!(keyless.problem(400), "idempotency-key");
}

async fn freezes(driver: &Person, frozen: bool, key: &str) -> Value {
    let body = json!({ "frozen": frozen });
    let key = [("idempotency-key", key)];
    driver.say("POST", FREEZE, &body, &key).await.expect(200)
}

#[tokio::test]
async fn process_api_a_driver_stops_his_charge_and_freezes_his_card() {
    let stage = Stage::open("api-driver", BTreeMap::new()).await;
    accounts::make(&stage.world, &stage.drivers).await.unwrap();
    let (ana, ben) = (stage.drivers[0].clone(), stage.drivers[1].clone());
    let driver = somebody(&stage, 0, &name_of(&ana)).await;
    let stranger = somebody(&stage, 1, &name_of(&ben)).await;
    let operator = somebody(&stage, 0, "operator").await;
    let visited = somebody(&stage, 1, "operator").await;
    let mut post = stage.post(1, 0);
    let session = post.offer(&ana.cin).await.unwrap().session.to_string();
    post.begin(5).await.unwrap();
    let kept = until(&driver, "/api/v1/my/profiles", |all| {
        all["data"][0].is_object()
    })
    .await;
    assert_eq!(kept["data"][0]["member"], "US*DUK");
    // Frozen while the car charges: the charge goes on.
    only_his_own(
        &driver,
        [&stranger, &operator],
        FREEZE,
        &json!({ "frozen": true }),
    )
    .await;
    let frozen = freezes(&driver, true, "freeze").await;
    assert!(
        frozen["frozen_since"].is_string() && frozen["blocked"] == false,
        "{frozen}"
    );
    assert_eq!(freezes(&driver, true, "freeze").await, frozen);
    until(&driver, "/api/v1/my/profiles", |all| {
        all["data"] == json!([])
    })
    .await;
    let path = format!("/api/v1/my/sessions/{session}/stop");
    let live = |now: &Value| now["live"][0]["state"] == "authorized";
    let now = until(&driver, "/api/v1/my", live).await;
    assert_eq!(now["live"][0]["stop"], json!(null));
    // Nobody stops it here but its station's operator, and a charge elsewhere is not his to stop.
    let end = format!("/api/v1/sessions/{session}/stop");
    let key = [("idempotency-key", "end")];
    let elsewhere = operator.say("POST", &end, &json!({}), &key).await;
    assert_eq!(elsewhere.problem(404), "session-unknown");
    driver.say("POST", &end, &json!({}), &key).await.expect(403);
    // And is stopped by its driver, from afar.
    only_his_own(&driver, [&stranger, &operator], &path, &json!({})).await;
    let key = [("idempotency-key", "stop")];
    let asked = driver
        .say("POST", &path, &json!({}), &key)
        .await
        .expect(202);
    assert_eq!(asked["session"], session.as_str());
    assert!(asked["stop"]["at"].is_string(), "{asked}");
    let again = driver.say("POST", &path, &json!({}), &key).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let bill = post.finish().await.unwrap();
    assert_eq!(bill.session.to_string(), session);
    stage.billed(0, 1).await;
    let sessions = driver.get("/api/v1/my/sessions").await.expect(200);
    assert_eq!(sessions["data"][0]["stop"]["state"], "told", "{sessions}");
    let trace = format!("/api/v1/sessions/{session}/trace");
    let trace = visited.get(&trace).await.expect(200).to_string();
    assert!(
        trace.contains("home asks for its driver: stop") && trace.contains("Remote"),
        "{trace}"
    );
    let late = driver
        .say("POST", &path, &json!({}), &[("idempotency-key", "late")])
        .await;
    assert_eq!(late.problem(422), "out-of-order");
    lifted_by_nobody_else(&stage, &driver, &operator, &ana.cin).await;
    ended_by_its_operator(&stage, &visited, &ana.cin).await;
    stage.close().await;
}

/// The operator of a station ends a charge at it, and the driver has a bill for what he took.
async fn ended_by_its_operator(stage: &Stage, operator: &Person, cin: &str) {
    let mut post = stage.post(1, 2);
    let session = post.offer(cin).await.unwrap().session.to_string();
    post.begin(5).await.unwrap();
    let charge = format!("/api/v1/sessions/{session}");
    until(operator, &charge, |now| now["gateway_state"] == "charging").await;
    let path = format!("{charge}/stop");
    let key = [("idempotency-key", "end-it")];
    let story = operator
        .say("POST", &path, &json!({}), &key)
        .await
        .expect(202);
    assert_eq!(story["stop"], "told", "{story}");
    let again = operator.say("POST", &path, &json!({}), &key).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let bill = post.finish().await.unwrap();
    assert_eq!(bill.session.to_string(), session);
    let story = operator.get(&charge).await.expect(200);
    assert_eq!(story["stop"], json!(null));
    assert!(story.to_string().contains("stop-by-operator"), "{story}");
}

/// The operator sees the freeze, and his block and its end leave it alone; the driver lifts it.
async fn lifted_by_nobody_else(stage: &Stage, driver: &Person, operator: &Person, cin: &str) {
    let mut post = stage.post(1, 1);
    assert_eq!(
        post.refused(cin).await.unwrap().code,
        RefusalCode::CinFrozen
    );
    let list = operator.get("/api/v1/customers?q=ana").await.expect(200);
    assert!(list["data"][0]["frozen_since"].is_string(), "{list}");
    let path = format!(
        "/api/v1/customers/{}/block",
        list["data"][0]["customer"].as_str().unwrap()
    );
    for (blocked, key) in [(true, "block"), (false, "unblock")] {
        let body = json!({ "blocked": blocked });
        let key = [("idempotency-key", key)];
        let after = operator.say("POST", &path, &body, &key).await.expect(200);
        assert!(
            after["frozen_since"].is_string() && after["blocked"] == blocked,
            "{after}"
        );
        let mine = freezes(driver, true, &format!("again-{blocked}")).await;
        assert_eq!(
            mine["blocked"], blocked,
            "a driver does not touch the block"
        );
    }
    assert_eq!(
        freezes(driver, false, "lift").await["frozen_since"],
        json!(null)
    );
    post.free().await.unwrap();
    post.offer(cin).await.unwrap();
}
