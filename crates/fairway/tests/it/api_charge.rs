//! What the pages show of real charges: four members, real stations, and people of every role.

use crate::api_person::Person;
use crate::stage::{Stage, program};
use fairway::demo::accounts::{self, PASSWORD, name_of};
use fairway::demo::members::{UTILITIES, WITNESS};
use serde_json::{Value, json};
use std::collections::BTreeMap;

async fn somebody(stage: &Stage, utility: usize, name: &str) -> Person {
    let base = stage.world.pages(UTILITIES[utility]).unwrap();
    Person::sign_in(&base, name, PASSWORD).await
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

/// The story of a charge, as one of the two utilities tells it.
fn check_story(story: &Value) {
    assert_eq!(text(story, "/session/state"), "settled");
    let checks = story["checks"].as_array().unwrap();
    assert!(checks.len() > 12, "{story}");
    for check in checks {
        assert_eq!(check["ok"], true, "{check}");
    }
    assert!(story["hops"].as_array().unwrap().len() > 5);
    let readings = story["meter"]["readings"].as_array().unwrap();
    assert!(!readings.is_empty());
    for reading in readings {
        assert_eq!(reading["verified"], true, "{reading}");
    }
    for by in story["rating"]["by"].as_array().unwrap() {
        assert_eq!(by["verified"], true, "{by}");
    }
    assert_eq!(story["consent"]["verified"], true);
    assert_eq!(story["negotiation"]["offer"]["visited_verified"], true);
    let sum: i64 = story["settlement"]["postings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| micro(&p["amount"]))
        .sum();
    assert_eq!(sum, 0);
    assert!(story["settlement"]["postings"].as_array().unwrap().len() > 2);
}

fn micro(money: &Value) -> i64 {
    let scale = u32::try_from(money["scale"].as_u64().unwrap()).unwrap();
    money["amount"].as_i64().unwrap() * 10i64.pow(6 - scale)
}

#[tokio::test]
async fn process_api_tells_the_story_of_a_charge() {
    let stage = Stage::open("api-charge", BTreeMap::new()).await;
    accounts::make(&stage.world, &stage.drivers).await.unwrap();
    let (ana, ben) = (stage.drivers[0].clone(), stage.drivers[1].clone());
    let driver = somebody(&stage, 0, &name_of(&ana)).await;
    let other = somebody(&stage, 1, &name_of(&ben)).await;
    let visited = somebody(&stage, 1, "operator").await;
    let home = somebody(&stage, 0, "operator").await;
    let mut events = driver.events(None).await;
    let mut foreign = other.events(None).await;
    let mut post = stage.post(1, 0);
    post.visit(&ana.cin, ana.soc).await.unwrap();
    stage.billed(0, 1).await;
    // The driver sees his charge move, and nobody else's driver does.
    let (id, news) = events
        .until(|name, data| {
            name == "fairway.session.updated.v1" && data["session"]["state"] == "settled"
        })
        .await;
    let session = text(&news, "/session/session").to_owned();
    let mut again = driver
        .events(Some(&(id.parse::<u64>().unwrap() - 1).to_string()))
        .await;
    let (resumed, _) = again
        .until(|name, _| name == "fairway.session.updated.v1")
        .await;
    assert_eq!(resumed, id, "the stream goes on behind the last event");
    let mut lost = driver.events(Some("5")).await;
    lost.until(|name, _| name == "reset").await;
    drop((lost, again));
    let quiet = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        foreign.until(|name, _| name.contains("session")),
    );
    assert!(quiet.await.is_err(), "a driver hears of others' charges");

    let mine = driver
        .get(&format!("/api/v1/my/sessions/{session}"))
        .await
        .expect(200);
    check_story(&mine);
    check_story(
        &visited
            .get(&format!("/api/v1/sessions/{session}"))
            .await
            .expect(200),
    );
    check_story(
        &home
            .get(&format!("/api/v1/sessions/{session}"))
            .await
            .expect(200),
    );
    trace(&visited, &session).await;
    let guessed = other.get(&format!("/api/v1/my/sessions/{session}")).await;
    assert_eq!(guessed.problem(404), "not-found");
    bill_and_proof(&stage, &driver, &session).await;
    objection(&driver, &home, &session).await;
    lists(&visited, &home, &mine).await;
    other_terms(&visited, &mine).await;
    explorer(&stage, &mine).await;
    stage.close().await;
}

/// The trace as a file that is saved.
async fn trace(visited: &Person, session: &str) {
    let saved = visited
        .get(&format!("/api/v1/sessions/{session}/trace"))
        .await;
    let file = saved.headers["content-disposition"].to_str().unwrap();
    assert_eq!(
        file,
        format!("attachment; filename=\"trace-{session}.json\"")
    );
    let trace = saved.expect(200);
    assert_eq!(text(&trace, "/summary/session"), session);
    assert!(trace["hops"].as_array().unwrap().len() > 10 && trace["charge_event"].is_object());
}

async fn bill_and_proof(stage: &Stage, driver: &Person, session: &str) {
    let months = driver.get("/api/v1/my/bills").await.expect(200);
    let month = text(&months, "/data/0/month").to_owned();
    let bill = driver
        .get(&format!("/api/v1/my/bills/{month}"))
        .await
        .expect(200);
    let line = &bill["lines"][0];
    assert_eq!(line["session"], session);
    assert_eq!(micro(&line["total"]), micro(&line["breakdown"]["total"]));
    let proof = driver.get(text(line, "/proof")).await;
    assert_eq!(
        (proof.status, proof.media.as_str()),
        (200, "application/octet-stream")
    );
    let file = stage.world.folder.join("api-proof.cbor");
    std::fs::write(&file, &proof.bytes).unwrap();
    let keys = driver.get("/api/v1/ledger/validators").await;
    let validators = stage.world.folder.join("api-validators.txt");
    std::fs::write(&validators, &keys.bytes).unwrap();
    let output = std::process::Command::new(program())
        .args([
            "ledger",
            "verify",
            file.to_str().unwrap(),
            "--validators",
            validators.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("PROVEN") && said.contains(session),
        "{said}"
    );
    let csrf = ("x-fairway-csrf", driver.csrf.as_str());
    let here = driver
        .send(
            "POST",
            "/api/v1/ledger/verify",
            &[csrf],
            Some(proof.bytes.clone()),
        )
        .await;
    assert_eq!(here.expect(200)["proven"], true);
    let mut changed = proof.bytes;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let broken = driver
        .send("POST", "/api/v1/ledger/verify", &[csrf], Some(changed))
        .await;
    assert_eq!(broken.problem(422), "proof");
}

/// A driver objects once however often he sends it, and the utility answers.
async fn objection(driver: &Person, home: &Person, session: &str) {
    let body = json!({ "session": session, "reason": "price", "text": "<b>too dear</b>" });
    let key = [("idempotency-key", "first")];
    let made = driver
        .say("POST", "/api/v1/my/disputes", &body, &key)
        .await
        .expect(201);
    let again = driver.say("POST", "/api/v1/my/disputes", &body, &key).await;
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
    assert_eq!(again.expect(201), made);
    let other = json!({ "session": session, "reason": "meter", "text": "else" });
    let conflict = driver
        .say("POST", "/api/v1/my/disputes", &other, &key)
        .await;
    assert_eq!(conflict.problem(422), "idempotency-key");
    let second = driver
        .say(
            "POST",
            "/api/v1/my/disputes",
            &other,
            &[("idempotency-key", "second")],
        )
        .await;
    assert_eq!(second.problem(409), "duplicate");
    let open = home.get("/api/v1/disputes").await.expect(200);
    assert_eq!(open["data"][0]["text"], "<b>too dear</b>");
    let path = format!("/api/v1/disputes/{}/close", text(&made, "/dispute"));
    let answer = json!({ "answer": "the tariff was shown before" });
    home.say("POST", &path, &answer, &[("idempotency-key", "close")])
        .await
        .expect(200);
    let mine = driver.get("/api/v1/my/disputes").await.expect(200);
    assert_eq!(mine["data"][0]["state"], "closed");
}

/// The results are what the charge came to, and what the accounts of the member's own journal hold.
async fn results(person: &Person, kind: &str, story: &Value) {
    let newest = person.get("/api/v1/results").await.expect(200);
    let month = text(&newest, "/months/0");
    let page = person.get(&format!("/api/v1/results?month={month}")).await;
    let page = page.expect(200);
    let lines = page["lines"].as_array().unwrap();
    let part = |of: &str, partner: bool| {
        let mut all = lines.iter();
        let found = all.find(|l| l["charges_of"] == of && l["partner"].is_string() == partner);
        found.unwrap_or_else(|| panic!("no {of} in {page}"))["now"].clone()
    };
    let (whole, all) = (part(kind, false), part("all", false));
    assert_eq!(whole, part(kind, true), "one partner is all");
    assert_eq!(whole, all, "one charge is all");
    assert_eq!(part("own", false)["charges"], 0);
    assert_eq!(
        (&whole["charges"], &whole["credits"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(whole["energy_mwh"], story["session"]["energy_mwh"]);
    assert_eq!(micro(&whole["billed"]), micro(&story["session"]["total"]));
    let books = person.get("/api/v1/books").await.expect(200);
    let held = |prefix: &str| -> i64 {
        let accounts = books["accounts"].as_array().unwrap().iter();
        let some = accounts.filter(|a| text(a, "/account").starts_with(prefix));
        some.map(|a| a["amount_micro"].as_i64().unwrap()).sum()
    };
    let came = |name: &str| micro(&whole[name]);
    assert_eq!(came("net"), held("revenue:") + held("shortfall"));
    assert_eq!(came("owners"), held("owner:"));
    assert_eq!(came("taxes"), held("tax:"));
    let fees = &page["fees"][0];
    if kind == "inbound" {
        assert_eq!(came("billed") - came("partners"), -held("receivable:"));
        assert_eq!(micro(&fees["paid"]), came("partners"));
    } else {
        assert_eq!(came("partners"), held("payable:"));
        assert_eq!(micro(&fees["received"]), held("revenue:home-share"));
    }
    let wrong = person.get("/api/v1/results?month=2026-13").await;
    assert_eq!(wrong.problem(400), "query");
}

async fn lists(visited: &Person, home: &Person, story: &Value) {
    results(visited, "inbound", story).await;
    results(home, "outbound", story).await;
    let session = text(story, "/session/session");
    let overview = visited.get("/api/v1/overview").await.expect(200);
    assert_eq!(
        (
            &overview["today"]["success_bps"],
            &overview["books_balance"]
        ),
        (&json!(10_000), &json!(true))
    );
    let sessions = visited
        .get("/api/v1/sessions?state=settled&role=visited&limit=1")
        .await
        .expect(200);
    assert_eq!(sessions["data"][0]["session"], session);
    assert_eq!(sessions["has_more"], false);
    let stations = visited.get("/api/v1/stations").await.expect(200);
    assert_eq!(stations["data"].as_array().unwrap().len(), 3);
    let visitors = visited.get("/api/v1/visitors").await.expect(200);
    assert_eq!(visitors["data"][0]["home"], "US*ALP");
    let customers = home.get("/api/v1/customers?q=ana").await.expect(200);
    let key = text(&customers, "/data/0/customer").to_owned();
    let path = format!("/api/v1/customers/{key}");
    let customer = home.get(&path).await;
    let tag = customer
        .headers
        .get("etag")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let change = json!({ "language": "de" });
    assert_eq!(
        home.say("PATCH", &path, &change, &[]).await.problem(428),
        "etag"
    );
    let changed = home
        .say("PATCH", &path, &change, &[("if-match", &tag)])
        .await
        .expect(200);
    assert_eq!(changed["language"], "de");
    assert_eq!(
        home.say("PATCH", &path, &change, &[("if-match", &tag)])
            .await
            .problem(412),
        "etag"
    );
    let network = visited.get("/api/v1/network").await.expect(200);
    assert_eq!(network["members"].as_array().unwrap().len(), 4);
    let open = visited.get("/api/v1/settlement/open").await.expect(200);
    assert_eq!(text(&open, "/positions/0/debtor"), "US*ALP");
    assert_eq!(
        visited.get("/api/v1/forecasts").await.expect(200)["data"],
        json!([])
    );
}

/// What a dearer tariff would have meant for the charge, and what a screen would show of it.
async fn other_terms(visited: &Person, story: &Value) {
    let agreement = text(story, "/event/agreement");
    let path = format!("/api/v1/agreements/{agreement}");
    let same = visited
        .get(&format!("{path}/effect/{agreement}"))
        .await
        .expect(200);
    assert_eq!((&same["charges"], &same["most"]), (&json!(1), &json!([])));
    let total = micro(&story["event"]["total"]);
    assert_eq!(micro(&same["older"]["driver"]), total);
    let mut terms = visited.get(&path).await.expect(200)["terms"].clone();
    terms["corridor"]["cap"]["amount"] = json!(100);
    terms["corridor"]["cap"]["scale"] = json!(2);
    for tariff in terms["tariffs"].as_array_mut().unwrap() {
        for element in tariff["elements"].as_array_mut().unwrap() {
            for component in element["components"].as_array_mut().unwrap() {
                component["price"]["amount"] = json!(90);
                component["price"]["scale"] = json!(2);
            }
        }
    }
    let body = json!({ "terms": terms });
    let dearer = visited
        .say("POST", &format!("{path}/effect"), &body, &[])
        .await
        .expect(200);
    let newer = &dearer["newer"];
    assert!(micro(&newer["driver"]) > total, "{dearer}");
    let parts = ["home", "visited", "owner", "tax"].map(|part| micro(&newer[part]));
    assert_eq!(parts.iter().sum::<i64>(), micro(&newer["driver"]));
    assert_eq!(dearer["most"][0]["session"], story["session"]["session"]);
    let list = visited.get("/api/v1/tariffs").await.expect(200);
    let rows = list["data"].as_array().unwrap();
    let row = rows.iter().find(|r| r["agreement"] == agreement).unwrap();
    let query = format!("tariff={}&energy_mwh=20000000", text(row, "/tariff/id"));
    let shown = visited
        .get(&format!("{path}/preview?{query}"))
        .await
        .expect(200);
    assert_eq!(shown["view"]["screen"]["kind"], "offer");
    assert_eq!(shown["total"], shown["view"]["choices"][2]["total"]);
    let proposed = visited
        .say(
            "POST",
            &format!("/api/v1/agreements/preview?{query}"),
            &body,
            &[],
        )
        .await
        .expect(200);
    assert!(micro(&proposed["total"]) > micro(&shown["total"]));
    let wrong = visited.get(&format!("{path}/preview?tariff=none")).await;
    assert_eq!(wrong.problem(422), "no-offer");
    let nothing = visited
        .get(&format!("{path}/preview?{query}&minutes=-1"))
        .await;
    assert_eq!(nothing.problem(400), "query");
}

/// The regulator's explorer: no stations and no customers, but every block, every transaction, and a sum of zero.
async fn explorer(stage: &Stage, story: &Value) {
    let base = stage.world.pages(WITNESS).unwrap();
    let auditor = Person::sign_in(&base, "auditor", PASSWORD).await;
    assert_eq!(
        auditor.get("/api/v1/overview").await.problem(404),
        "witness"
    );
    let transaction = text(story, "/settlement/transaction").to_owned();
    let page = auditor
        .get(&format!("/api/v1/ledger/transactions/{transaction}"))
        .await
        .expect(200);
    assert!(text(&page, "/plain/0").contains("Duke Energy"), "{page}");
    assert!(page["signers"].as_array().unwrap().len() >= 3);
    let height = page["height"].as_u64().unwrap();
    let block = auditor
        .get(&format!("/api/v1/ledger/blocks/{height}"))
        .await
        .expect(200);
    assert!(
        block["entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["transaction"] == transaction.as_str())
    );
    let blocks = auditor
        .get("/api/v1/ledger/blocks?limit=2")
        .await
        .expect(200);
    let cursor = text(&blocks, "/next_cursor").to_owned();
    let older = auditor
        .get(&format!("/api/v1/ledger/blocks?limit=2&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        older["data"][0]["height"].as_u64().unwrap() + 1,
        blocks["data"][1]["height"].as_u64().unwrap()
    );
    let filled = auditor
        .get("/api/v1/ledger/blocks?filled=true&limit=200")
        .await
        .expect(200);
    let filled = filled["data"].as_array().unwrap().clone();
    assert!(filled.iter().any(|b| b["height"] == height));
    assert!(filled.iter().all(|b| b["transactions"] != 0), "{filled:?}");
    books_at(&auditor, height).await;
    finds(&auditor, story, &transaction).await;
}

/// The books are read in the background, and those of any height are there.
async fn books_at(auditor: &Person, height: u64) {
    let begin = fairway::environment::instant();
    let mut books = auditor.get("/api/v1/ledger/accounts").await.expect(200);
    while books["complete"] == false {
        assert!(begin.elapsed() < crate::stage::PATIENCE, "{books}");
        books = auditor.get("/api/v1/ledger/accounts").await.expect(200);
    }
    assert_eq!(books["sums"][0]["amount"], 0);
    assert_eq!(books["charges"], 1);
    for (height, charges) in [(0, 0), (1, 0), (height - 1, 0), (height, 1)] {
        let then = auditor
            .get(&format!("/api/v1/ledger/accounts?height={height}"))
            .await
            .expect(200);
        assert_eq!(
            (&then["height"], &then["charges"], &then["complete"]),
            (&json!(height), &json!(charges), &json!(true))
        );
    }
    let later = auditor
        .get("/api/v1/ledger/accounts?height=1000000")
        .await
        .problem(404);
    assert_eq!(later, "not-found");
}

/// At a witness, which has no part in charges and agreements, both are found on the ledger.
async fn finds(auditor: &Person, story: &Value, transaction: &str) {
    let me = auditor.get("/api/v1/me").await.expect(200);
    assert_eq!(me["member"]["kind"], "witness");
    let session = text(story, "/session/session");
    for asked in [transaction, session] {
        let found = auditor
            .get(&format!("/api/v1/ledger/search?q={asked}"))
            .await
            .expect(200);
        let path = format!("/explorer/transactions/{transaction}");
        assert_eq!(
            (&found["kind"], &found["path"]),
            (&json!("transaction"), &json!(path))
        );
    }
    let agreement = text(story, "/event/agreement");
    let found = auditor
        .get(&format!("/api/v1/ledger/search?q={agreement}"))
        .await
        .expect(200);
    assert_eq!(
        found["path"],
        format!("/explorer/agreements/{agreement}").as_str()
    );
    let unknown = format!("/api/v1/ledger/search?q=ses_{}", "0".repeat(32));
    let unknown = auditor.get(&unknown).await.expect(200);
    assert_eq!(unknown["kind"], "none");
    let all = auditor.get("/api/v1/ledger/agreements").await.expect(200);
    let all = all["data"].as_array().unwrap();
    let one = all.iter().find(|a| a["agreement"] == agreement).unwrap();
    assert_eq!(one["state"], "in_force");
    let signed: Vec<&str> = (0..2)
        .map(|at| text(one, &format!("/steps/{at}/step")))
        .collect();
    assert_eq!(signed, ["proposed", "countersigned"]);
    let page = auditor
        .get(&format!("/api/v1/agreements/{agreement}"))
        .await
        .expect(200);
    assert_eq!(
        (&page["row"], &page["steps"]),
        (&json!(null), &one["steps"])
    );
    let signature = text(one, "/steps/1/transaction");
    let signature = auditor
        .get(&format!("/api/v1/ledger/transactions/{signature}"))
        .await
        .expect(200);
    assert_eq!(signature["kind"], "countersign_agreement");
    assert_eq!(signature["height"], one["steps"][1]["height"]);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn process_api_two_members_agree_on_other_terms() {
    let stage = Stage::open("api-terms", BTreeMap::new()).await;
    accounts::make(&stage.world, &stage.drivers).await.unwrap();
    let duke = somebody(&stage, 1, "roaming-manager").await;
    let alabama = somebody(&stage, 0, "roaming-manager").await;
    let list = duke.get("/api/v1/agreements").await.expect(200);
    let rows = list["data"].as_array().unwrap();
    let old = rows
        .iter()
        .find(|r| r["home"] == "US*ALP" && r["visited"] == "US*DUK")
        .unwrap();
    let old = text(old, "/agreement").to_owned();
    let page = duke
        .get(&format!("/api/v1/agreements/{old}"))
        .await
        .expect(200);
    assert!(text(&page, "/text").contains("ROAMING AGREEMENT"));
    let mut terms = page["terms"].clone();
    terms["version"] = json!(2);
    terms["dispute_days"] = json!(45);
    let check = duke
        .say(
            "POST",
            "/api/v1/agreements/check",
            &json!({ "terms": terms }),
            &[],
        )
        .await
        .expect(200);
    assert_eq!(check["ok"], true, "{check}");
    let mut bad = terms.clone();
    bad["split"]["owner_bps"] = json!(1);
    let check = duke
        .say(
            "POST",
            "/api/v1/agreements/check",
            &json!({ "terms": bad }),
            &[],
        )
        .await
        .expect(200);
    assert!(
        text(&check, "/problem").contains("does not add up"),
        "{check}"
    );
    let refused = duke
        .say(
            "POST",
            "/api/v1/agreements",
            &json!({ "terms": bad }),
            &[("idempotency-key", "bad")],
        )
        .await;
    assert_eq!(refused.problem(422), "terms-invalid");
    let mut news = alabama.events(None).await;
    let proposed = duke
        .say(
            "POST",
            "/api/v1/agreements",
            &json!({ "terms": terms }),
            &[("idempotency-key", "one")],
        )
        .await
        .expect(202);
    let new = text(&proposed, "/agreement").to_owned();
    let this = |name: &str, data: &Value| {
        name == "fairway.agreement.updated.v1" && data["agreement"] == new.as_str()
    };
    news.until(this).await;
    wait_for(&alabama, &new, "proposed").await;
    let diff = alabama
        .get(&format!("/api/v1/agreements/{old}/diff/{new}"))
        .await
        .expect(200);
    let paths: Vec<&str> = diff["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/dispute_days", "/version"]);
    let path = format!("/api/v1/agreements/{new}/countersign");
    alabama
        .say("POST", &path, &json!({}), &[("idempotency-key", "sign")])
        .await
        .expect(202);
    wait_for(&duke, &new, "in_force").await;
    wait_for(&duke, &old, "replaced").await;
    let partners = duke.get("/api/v1/partners").await.expect(200);
    let partners = partners["data"].as_array().unwrap();
    assert!(!partners.is_empty() && partners.iter().all(|p| p["member"] != "US*DUK"));
    let path = format!("/api/v1/agreements/{new}/suspend");
    duke.say(
        "POST",
        &path,
        &json!({ "ground": "technical" }),
        &[("idempotency-key", "s")],
    )
    .await
    .expect(202);
    wait_for(&alabama, &new, "suspended").await;
    stage.close().await;
}

async fn wait_for(person: &Person, agreement: &str, state: &str) {
    let begin = fairway::environment::instant();
    loop {
        let page = person.get(&format!("/api/v1/agreements/{agreement}")).await;
        if page.json["row"]["state"] == state {
            return;
        }
        assert!(
            begin.elapsed() < crate::stage::PATIENCE,
            "{state}: {:?}",
            page.json
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
