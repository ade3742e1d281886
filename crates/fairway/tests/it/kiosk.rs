//! The station's own screen over HTTP: a real station program, with and without its gateway.

use crate::stage::{PATIENCE, Stage};
use fairway::demo::drive::Post;
use fairway::demo::members::UTILITIES;
use fairway::environment::Clock;
use fairway::station::kiosk::{About, Kiosk, serve};
use fairway::station::{MAX_WAITING, Setup, run};
use fairway_model::{Energy, EvseId, StationId};
use fairway_protocol::ocmf::MeterKey;
use fairway_protocol::ocpp::LinkConfig;
use fairway_station::{StationConfig, View};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// A browser at one station, without a screen.
struct Page {
    client: Client,
    base: String,
    presses: u64,
}

fn about(station: &str, url: String) -> About {
    About {
        station: station.to_owned(),
        operator: "Duke Energy".to_owned(),
        help: Some("+1 800 555 0100".to_owned()),
        power_w: 150_000,
        simulated: true,
        url,
        posted: None,
    }
}

impl Page {
    async fn open(station: &str, kiosk: impl FnOnce(About) -> Kiosk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, kiosk(about(station, base.clone()))));
        Self {
            client: Client::new(),
            base,
            presses: 0,
        }
    }

    async fn of(post: &Post) -> Self {
        Self::open(post.bay.station.as_str(), |about| post.kiosk(about)).await
    }

    async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap()
    }

    async fn send(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send_as(path, body, &[]).await
    }

    async fn send_as(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, json_of(answer).await)
    }

    /// Presses something at the post.
    async fn act(&mut self, station: &str, body: &Value) -> Value {
        self.presses += 1;
        let mut body = body.clone();
        body["id"] = json!(format!("press-{}", self.presses));
        let (status, view) = self.send(&format!("/kiosk/{station}/act"), &body).await;
        assert_eq!(status, 200, "{body}: {view}");
        view
    }

    async fn keys(&mut self, station: &str, keys: &str) -> Value {
        let mut view = Value::Null;
        for key in keys.chars() {
            let body = json!({ "act": "key", "key": key.to_string() });
            view = self.act(station, &body).await;
        }
        view
    }

    /// Waits until an event of this path satisfies `wanted`.
    async fn see(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut stream = request.send().await.unwrap();
        assert_eq!(stream.status().as_u16(), 200);
        let mut text = String::new();
        let mut last = Value::Null;
        let reading = async {
            while let Some(part) = stream.chunk().await.unwrap() {
                text.push_str(&String::from_utf8_lossy(&part));
                while let Some((event, rest)) = text.clone().split_once("\n\n") {
                    rest.clone_into(&mut text);
                    let data = event.lines().find_map(|l| l.strip_prefix("data: "));
                    let Some(data) = data else { continue };
                    last = serde_json::from_str(data).unwrap();
                    if wanted(&last) {
                        return true;
                    }
                }
            }
            false
        };
        let seen = tokio::time::timeout(PATIENCE, reading).await;
        assert_eq!(seen, Ok(true), "the last view of {path}: {last}");
        last
    }

    async fn kind(&self, station: &str, kind: &str) -> Value {
        let path = format!("/kiosk/{station}/events");
        self.see(&path, &[], |view| view["screen"]["kind"] == kind)
            .await
    }
}

async fn json_of(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// A station program whose gateway nobody runs.
async fn lonely() -> Page {
    fairway::node::tls::install_provider();
    let meter = MeterKey::from_seed([9; 32]);
    let evse = EvseId::parse("US*DUK*E0009*1").unwrap();
    let station = StationId::parse("DUK-09").unwrap();
    let setup = Setup {
        link: LinkConfig::new("DUK-09", evse.clone(), meter.public_spki()),
        config: StationConfig::new(evse, "Duke Energy", "DUK-09", [5; 16]),
        meter,
        register: Energy::ZERO,
        offered_w: 150_000,
        gateway: "wss://127.0.0.1:9".to_owned(),
        password: "nobody".to_owned(),
        tls: Arc::new(
            rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth(),
        ),
        clock: Clock::WALL,
        state: None,
        station,
    };
    let (acts, receiver) = mpsc::channel(MAX_WAITING);
    let (shown, views) = watch::channel(View::dark());
    tokio::spawn(run(setup, receiver, shown));
    Page::open("DUK-09", |about| {
        Kiosk::new(about, Clock::WALL, views, acts)
    })
    .await
}

/// Every way to ask wrongly has a problem that says what would be right, and none reaches the station.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn kiosk_requests_that_are_wrong_have_their_problem() {
    let page = lonely().await;
    let act = "/kiosk/DUK-09/act";
    let stop = json!({ "id": "1", "act": "stop" });
    let cases = [
        (act, json!({ "act": "stop" }), 422, "request-invalid"),
        (
            act,
            json!({ "id": "1", "act": "dance" }),
            422,
            "request-invalid",
        ),
        (
            act,
            json!({ "id": "1", "act": "stop", "more": 1 }),
            422,
            "request-invalid",
        ),
        (
            act,
            json!({ "id": "1", "act": "key", "key": "x" }),
            422,
            "request-invalid",
        ),
        (
            act,
            json!({ "id": "x".repeat(5_000), "act": "stop" }),
            413,
            "body-unreadable",
        ),
        (
            act,
            json!({ "id": "2", "act": "key", "key": "1", "step": 999 }),
            409,
            "screen-changed",
        ),
        ("/kiosk/DUK-10/act", stop.clone(), 404, "station-unknown"),
        ("/s/AAAAAAAA/act", stop.clone(), 404, "code-gone"),
        ("/s/AAAAAAAA/open", json!({}), 404, "code-gone"),
        ("/nothing", stop.clone(), 404, "not-found"),
        ("/kiosk/DUK-09", stop.clone(), 405, "method-not-allowed"),
    ];
    for (path, body, status, code) in cases {
        let (got, problem) = page.send(path, &body).await;
        assert_eq!(
            (got, &problem["code"]),
            (status, &json!(code)),
            "{path} {problem}"
        );
        assert!(
            problem["detail"].as_str().is_some_and(|d| d.len() > 20),
            "{problem}"
        );
    }
    let foreign = [("origin", "https://elsewhere.example")];
    assert_eq!(page.send_as(act, &stop, &foreign).await.0, 403);
    let foreign = [("sec-fetch-site", "cross-site")];
    assert_eq!(page.send_as(act, &stop, &foreign).await.0, 403);
    let rebound = [("host", "evil.example")];
    assert_eq!(page.send_as(act, &stop, &rebound).await.0, 421);
    let plain = page.client.post(format!("{}{act}", page.base)).body("x");
    assert_eq!(plain.send().await.unwrap().status().as_u16(), 415);
    let text = page.client.post(format!("{}{act}", page.base));
    let text = text.header("content-type", "application/json").body("{");
    assert_eq!(text.send().await.unwrap().status().as_u16(), 400);
    let wrong = page
        .client
        .request(Method::DELETE, format!("{}/kiosk/DUK-09", page.base));
    assert_eq!(wrong.send().await.unwrap().status().as_u16(), 405);
    let odd = page.get("/kiosk/%ff").await;
    assert_eq!(odd.headers()["content-type"], "application/problem+json");
    let view = page.kind("DUK-09", "offline").await;
    assert_eq!((&view["step"], &view["linked"]), (&json!(0), &json!(false)));
}

/// Without a gateway the screen works, says so, and begins nothing.
#[tokio::test(flavor = "multi_thread")]
async fn kiosk_works_while_the_gateway_is_away() {
    let mut page = lonely().await;
    let answer = page.get("/kiosk/DUK-09").await;
    let headers = answer.headers().clone();
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(answer.text().await.unwrap().contains("<html"));
    let view = page.keys("DUK-09", "8").await;
    assert_eq!(view["screen"]["code"], "home-silent");
    let view = page.keys("DUK-09", "#").await;
    assert_eq!(view["screen"]["kind"], "offline");
    // A simulated fault is shown with its code, and goes away.
    let fault = json!({ "act": "fault", "code": "CX008", "text": "emergency stop" });
    let view = page.act("DUK-09", &fault).await;
    assert_eq!(
        view["screen"],
        json!({ "kind": "faulted", "code": "CX008", "text": "emergency stop" })
    );
    page.act("DUK-09", &json!({ "act": "repair" })).await;
    // An event that was seen is not sent again.
    let mut stream = page.get("/kiosk/DUK-09/events").await;
    let first = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    let id = first
        .lines()
        .find_map(|l| l.strip_prefix("id: "))
        .unwrap()
        .to_owned();
    let again = page
        .client
        .get(format!("{}/kiosk/DUK-09/events", page.base));
    let mut again = again.header("last-event-id", &id).send().await.unwrap();
    let silent = tokio::time::timeout(std::time::Duration::from_millis(700), again.chunk()).await;
    assert!(silent.is_err(), "{silent:?}");
    page.keys("DUK-09", "8").await;
    let next = again.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&next).contains("home-silent"));
}

/// A whole charge by the keys of the dial pad: a second press on Start starts nothing more, and the bill is the driver's.
#[tokio::test(flavor = "multi_thread")]
async fn process_kiosk_charge_by_dial_pad() {
    let stage = Stage::open("kiosk", BTreeMap::new()).await;
    let mut post = stage.post(1, 0);
    post.free().await.unwrap();
    let mut page = Page::of(&post).await;
    let (station, driver) = (post.bay.station.to_string(), stage.drivers[0].clone());
    let typed = page.keys(&station, &driver.cin).await;
    assert_eq!(typed["screen"]["state"], "complete", "{typed}");
    page.keys(&station, "#").await;
    let offer = page.kind(&station, "offer").await;
    shown_in_full(&offer);
    let step = &offer["step"];
    let start = json!({ "id": "start", "act": "choose", "choice": "start", "step": step });
    let path = format!("/kiosk/{station}/act");
    assert_eq!(page.send(&path, &start).await.0, 200);
    assert_eq!(page.send(&path, &start).await.0, 200, "twice is once");
    let other = json!({ "id": "again", "act": "choose", "choice": "start", "step": step });
    let (status, problem) = page.send(&path, &other).await;
    assert_eq!((status, &problem["code"]), (409, &json!("screen-changed")));
    let reused = json!({ "id": "start", "act": "choose", "choice": "decline", "step": step });
    assert_eq!(page.send(&path, &reused).await.1["code"], "id-conflict");
    page.kind(&station, "plug_in").await;
    page.act(&station, &json!({ "act": "plug", "percent": 30 }))
        .await;
    let events = format!("/kiosk/{station}/events");
    let charged = |v: &Value| {
        v["screen"]["energy_mwh"]
            .as_u64()
            .is_some_and(|e| e > 1_000_000)
    };
    let charging = page.see(&events, &[], charged).await;
    assert_eq!(charging["offer"]["home"], UTILITIES[0].name);
    page.keys(&station, "*#").await;
    // The bill is shown at once; that home came to the same price is told when home has answered.
    let agreed = |v: &Value| v["screen"]["kind"] == "bill" && v["screen"]["agreed"] == true;
    let bill = page.see(&events, &[], agreed).await;
    page.act(&station, &json!({ "act": "unplug" })).await;
    let paper = stage.billed(0, 1).await;
    let minor = paper.lines[0].total.0 / 10_000;
    assert_eq!(
        bill["screen"]["total"],
        json!({ "amount": minor, "currency": "USD", "scale": 2 })
    );
    stage.close().await;
}

/// What station-rules ask of a price before consent.
fn shown_in_full(view: &Value) {
    let offer = &view["offer"];
    let order: Vec<&str> = offer["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["dimension"].as_str().unwrap())
        .collect();
    assert_eq!(order.first(), Some(&"energy"));
    assert_eq!(order.last(), Some(&"flat"), "{order:?}");
    assert_eq!(offer["discount_bps"], 500);
    assert_eq!(offer["tier"], "gold");
    assert_eq!(offer["samples"].as_array().unwrap().len(), 3);
    // Nothing of this driver is set aside, so no amount looks like a limit.
    assert_eq!(offer["hold"], Value::Null);
    assert!(offer["undiscounted"]["amount"].as_u64() > Some(0));
    assert_eq!(offer["roaming"], true);
    let amounts = view["choices"].as_array().unwrap();
    assert!(
        amounts
            .iter()
            .any(|c| c["choice"] == "start" && c["key"] == "#")
    );
    assert!(
        amounts
            .iter()
            .any(|c| c["choice"] == "amount" && c["energy_mwh"] == 20_000_000)
    );
}

/// Types a number on a phone, and finishes it.
async fn typed(page: &Page, (act, mine): (&str, &[(&str, &str)]), digits: &str) {
    for (n, key) in digits.chars().chain(['#']).enumerate() {
        let id = format!("{}-{n}", digits.len());
        let body = json!({ "id": id, "act": "key", "key": key.to_string() });
        let (status, view) = page.send_as(act, &body, mine).await;
        assert_eq!(status, 200, "{view}");
    }
}

/// A charge from the driver's phone, by a code that serves one phone; the link to the gateway is cut meanwhile and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn process_kiosk_charge_by_phone_while_the_gateway_is_away() {
    let mut stage = Stage::open("kiosk-phone", BTreeMap::new()).await;
    let mut post = stage.post(1, 2);
    post.free().await.unwrap();
    let mut page = Page::of(&post).await;
    let (station, driver) = (post.bay.station.to_string(), stage.drivers[2].clone());
    let shown = page.kind(&station, "prompt").await;
    let code = shown["phone"]["code"].as_str().unwrap().to_owned();
    let svg = page.get(&format!("/kiosk/{station}/qr/{code}")).await;
    assert!(svg.text().await.unwrap().starts_with("<svg"));
    let opened = page.client.post(format!("{}/s/{code}/open", page.base));
    let opened = opened.header("content-type", "application/json").body("{}");
    let opened = opened.send().await.unwrap();
    let cookie = opened.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let mine = [("cookie", cookie.as_str())];
    assert_eq!(json_of(opened).await["may_act"], true);
    let (status, problem) = page.send(&format!("/s/{code}/open"), &json!({})).await;
    assert_eq!((status, &problem["code"]), (410, &json!("code-taken")));
    let act = format!("/s/{code}/act");
    let events = format!("/s/{code}/events");
    typed(&page, (&act, &mine), &driver.cin).await;
    page.see(&events, &mine, |v| v["screen"]["kind"] == "pin")
        .await;
    typed(&page, (&act, &mine), driver.pin.unwrap()).await;
    let offer = page
        .see(&events, &mine, |v| v["screen"]["kind"] == "offer")
        .await;
    let card = json!({ "id": "c", "act": "card", "token": driver.cin });
    assert_eq!(page.send_as(&act, &card, &mine).await.0, 403);
    let start = json!({ "id": "s", "act": "choose", "choice": "start", "step": offer["step"] });
    assert_eq!(page.send_as(&act, &start, &mine).await.0, 200);
    page.act(&station, &json!({ "act": "plug", "percent": 30 }))
        .await;
    page.see(&events, &mine, |v| v["screen"]["kind"] == "charging")
        .await;
    stage.world.kill(UTILITIES[1]).await.unwrap();
    let away = page.see(&events, &mine, |v| v["linked"] == false).await;
    let energy = |v: &Value| v["screen"]["energy_mwh"].as_u64().unwrap_or_default();
    let before = energy(&away);
    let goes_on = move |v: &Value| v["linked"] == false && energy(v) > before + 1_000_000;
    page.see(&events, &mine, goes_on).await;
    stage.world.start(UTILITIES[1]).unwrap();
    stage.world.ready(UTILITIES[1]).await.unwrap();
    page.see(&events, &mine, |v| v["linked"] == true).await;
    for (n, choice) in ["stop", "stop_now"].into_iter().enumerate() {
        let body = json!({ "id": format!("e{n}"), "act": "choose", "choice": choice });
        assert_eq!(page.send_as(&act, &body, &mine).await.0, 200);
    }
    page.see(&events, &mine, |v| v["screen"]["kind"] == "bill")
        .await;
    // The receipt stays with the phone when the post is free for the next driver.
    let receipt = page.see(&events, &mine, |v| v["phase"] == "receipt").await;
    assert_eq!(receipt["screen"]["kind"], "bill");
    assert_eq!(page.send_as(&act, &start, &mine).await.0, 403);
    stage.billed(2, 1).await;
    stage.close().await;
}
