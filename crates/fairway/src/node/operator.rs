//! Health, and operator's commands, over HTTP on loopback. Commands are canonical CBOR with the operator's token.

use super::accounts;
use super::core::{Health, Job, Jobs};
use super::forecast;
use super::meters::Meters;
use super::readiness;
use super::watch::Record;
use crate::api::Api;
use crate::environment::{self, Clock};
use crate::export::{Marks, rows};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use fairway_chain::{Followed, Handle, Proof, SubmitError};
use fairway_model::canonical::Canonical;
use fairway_model::{Refusal, RefusalCode};
use fairway_utility::command::{Command, CustomerExport, Reply};
use fairway_utility::happening::Gauges;
use fairway_utility::peer::Answer;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// Largest command in bytes.
const MAX_COMMAND: usize = 256 * 1024;
/// Time in which a proof that is asked for may become possible, and the pause between two looks.
const PROOF: Duration = Duration::from_secs(3);
const PROOF_LOOK: Duration = Duration::from_millis(100);
/// Time for the machine to tell what stands.
const GAUGES: Duration = Duration::from_secs(2);
/// Time for one command.
const COMMAND: Duration = Duration::from_secs(10);

/// What the pages show and where commands go.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The machine; none on a witness.
    pub jobs: Option<Jobs>,
    /// The ledger node.
    pub chain: Handle,
    /// Condition of the machine; none on a witness.
    pub health: Option<watch::Receiver<Health>>,
    /// URL of the database, for exports; none on a witness.
    pub database: Option<String>,
    /// What a program must show.
    pub token: String,
    /// Which member.
    pub member: String,
    /// What its ledger node has seen.
    pub record: Record,
    /// The forecasting service, where the configuration asks for one.
    pub forecast: Option<forecast::Service>,
    /// The API for people, where the configuration asks for pages.
    pub(crate) api: Option<Api>,
    /// What is counted beside the ledger.
    pub(crate) meters: Meters,
    /// The member's clock.
    pub(crate) clock: Clock,
}

/// The operator's token, which a program must show.
#[derive(Debug, Clone)]
pub(super) struct Token(String);

impl Token {
    /// A token of some text.
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether a request shows it. The comparison takes as long whatever was shown.
    pub(super) fn shown_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "))
            .unwrap_or_default();
        let equal = shown
            .bytes()
            .zip(self.0.bytes())
            .fold(0u8, |acc, (a, b)| acc | (a ^ b))
            == 0;
        equal && shown.len() == self.0.len()
    }

    /// The answer to a request that does not show it.
    pub(super) fn asked_for() -> Response {
        problem(
            StatusCode::UNAUTHORIZED,
            "show the operator's token (keys/operator.token) as `Authorization: Bearer`",
        )
    }
}

/// Serves until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, desk: Desk) -> Result<(), String> {
    let forecasts = desk
        .forecast
        .clone()
        .map(|service| forecast::router(service, Token::new(&desk.token)));
    let router = Router::new()
        .route("/ledger/v1/proof/{transaction}", get(ledger_proof))
        .route("/ledger/v1/block/{height}", get(ledger_block))
        .route("/ledger/v1/state/{key}", get(ledger_state))
        .route("/ledger/v1/refused", get(ledger_refused))
        .route("/ledger/v1/cost", get(ledger_cost))
        .route("/ledger/v1/misdeeds", get(ledger_misdeeds))
        .route("/ledger/v1/transaction", post(ledger_transaction))
        .route(
            "/ledger/v1/consistency/{older}/{newer}",
            get(ledger_consistency),
        )
        .route("/ledger/v1/export/{from}/{to}", get(ledger_export))
        .route("/operator/v1/command/{id}", post(command))
        .layer(from_fn_with_state(desk.clone(), begun))
        .route(
            "/operator/v1/account",
            get(accounts::list).post(accounts::add),
        )
        .route("/operator/v1/account/change", post(accounts::change))
        .route("/version", get(version))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/ledger/v1/status", get(ledger_status))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(MAX_COMMAND))
        .with_state(desk)
        .merge(forecasts.unwrap_or_default())
        .layer(from_fn(worded));
    axum::serve(listener, router)
        .await
        .map_err(|e| e.to_string())
}

pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    problem_with(status, &detail.into(), Vec::new())
}

/// A problem (RFC 9457) with the places of what is wrong, where there are any.
pub(super) fn problem_with(status: StatusCode, detail: &str, places: Vec<Value>) -> Response {
    let title = status.canonical_reason().unwrap_or("error");
    let mut body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    if let (Some(fields), false) = (body.as_object_mut(), places.is_empty()) {
        fields.insert("errors".to_owned(), Value::Array(places));
    }
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    )
        .into_response()
}

/// What no handler worded: an address that is not served, another method, a part of a path that cannot be read.
async fn worded(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let (status, headers) = (response.status(), response.headers());
    let told = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let plain = told.is_none_or(|media| media.starts_with("text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let allow = headers.get(header::ALLOW).cloned();
    let detail = match status {
        StatusCode::NOT_FOUND => format!("nothing is served at {path}"),
        StatusCode::METHOD_NOT_ALLOWED => {
            format!("{path} does not take {method}; `Allow` lists what it takes")
        }
        StatusCode::PAYLOAD_TOO_LARGE => format!("a body has at most {MAX_COMMAND} bytes here"),
        StatusCode::BAD_REQUEST => format!(
            "a part of {path} or of its query cannot be read: heights are whole numbers, ids hexadecimal digits"
        ),
        _ => format!("{method} {path} could not be served"),
    };
    let mut response = problem(status, detail);
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

async fn version() -> Response {
    Json(json!({ "name": "fairway", "version": env!("CARGO_PKG_VERSION"), "api": "v1" }))
        .into_response()
}

/// `?verbose` adds every check with its finding.
async fn ready(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let standing = readiness::look(&desk);
    let status = if standing.ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let verbose = query
        .iter()
        .flat_map(|q| q.split('&'))
        .any(|part| part.split('=').next() == Some("verbose"));
    (status, Json(standing.json(&desk, verbose))).into_response()
}

async fn ledger_status(State(desk): State<Desk>) -> Response {
    let s = desk.chain.status();
    let body = json!({
        "member": desk.member, "height": s.height, "time_ms": s.time_ms, "finalized_age_ms": u64::try_from(s.finalized_age.as_millis()).unwrap_or(u64::MAX),
        "peers": s.peers, "mempool": s.mempool, "state_root": hex::encode(s.state_root), "epoch": s.epoch, "validators": s.validators, "votes": s.votes, "view": s.view, "first": s.first, "whole": s.whole, "fetched_bytes": s.fetched, "genesis": hex::encode(s.genesis), "stalled": s.stalled, "error": s.error,
    });
    Json(body).into_response()
}

async fn ledger_refused(State(desk): State<Desk>) -> Response {
    Json(desk.record.refused()).into_response()
}

/// What the node heard of validators that contradict themselves, as evidence that the contracts take.
async fn ledger_misdeeds(State(desk): State<Desk>) -> Response {
    let heard = super::evidence::heard(&desk.chain).await;
    let heard: Vec<String> = heard.iter().map(|e| hex::encode(e.to_bytes())).collect();
    Json(json!({ "member": desk.member, "evidence": heard })).into_response()
}

async fn ledger_cost(State(desk): State<Desk>) -> Response {
    Json(desk.record.cost()).into_response()
}

async fn metrics(State(desk): State<Desk>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let gauges = gauges(&desk).await;
    let text = desk
        .record
        .metrics(&desk.chain, &desk.meters, gauges.as_ref());
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}

/// What stands in the machine; nothing while it does not answer, for metrics matter most when something hangs.
async fn gauges(desk: &Desk) -> Option<Gauges> {
    let jobs = desk.jobs.as_ref()?;
    let (reply, answer) = oneshot::channel();
    let asked = async {
        jobs.send(Job::Gauges(reply)).await.ok()?;
        answer.await.ok()
    };
    tokio::time::timeout(GAUGES, asked).await.ok().flatten()
}

/// Takes a transaction that is signed already, by whichever member: what the contracts admit is spread and proposed.
async fn ledger_transaction(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let token = Token::new(&desk.token);
    if !token.shown_in(&headers) {
        return Token::asked_for();
    }
    match desk.chain.submit(body).await {
        Ok(id) => (
            StatusCode::ACCEPTED,
            Json(json!({ "transaction": hex::encode(id) })),
        )
            .into_response(),
        Err(SubmitError::Refused(reason)) => problem(StatusCode::UNPROCESSABLE_ENTITY, reason),
        Err(SubmitError::Full) => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many transactions wait; hand the same one in again later",
        ),
        Err(SubmitError::Stopped) => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "the ledger node has stopped",
        ),
    }
}

/// Where older blocks are, when this node does not hold all.
fn elsewhere(chain: &Handle) -> String {
    let status = chain.status();
    if status.whole > status.first {
        return format!(
            "; this node has dropped the blocks before {}, but for its own transactions and what proofs need: they are in its folder of exports, which `fairway ledger concat` joins, and with members that keep them",
            status.whole
        );
    }
    match status.first {
        0 | 1 => String::new(),
        first => format!(
            "; the blocks of this node begin at {first}, older ones are with members that followed from the beginning, and in exports"
        ),
    }
}

/// Whether the ledger's node can answer; while it waits for its first state it cannot.
async fn begun(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if desk.chain.status().first == 0 && desk.chain.status().error.is_none() {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "the ledger node has no state yet: it waits for the members' vote, or for its peers",
        );
    }
    next.run(request).await
}

/// The proof, or none after a while: who was told by another member that a charge is settled may ask a node that is a block behind.
async fn proof_soon(chain: &Handle, id: [u8; 32]) -> Option<Proof> {
    let begin = environment::instant();
    loop {
        let found = chain.proof(id).await;
        if found.is_some() || begin.elapsed() > PROOF {
            return found;
        }
        tokio::time::sleep(PROOF_LOOK).await;
    }
}

/// A proof that stands on the founders' keys: with the changes of the validators before it, where there were some.
async fn followed(chain: &Handle, proof: Vec<u8>) -> Response {
    let handovers = chain.handovers().await;
    match handovers.map(|handovers| Followed::wrap(proof, &handovers)) {
        Some(Ok(bytes)) => bytes.into_response(),
        Some(Err(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        None => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "the last change of the validators has no certificate here yet; ask again",
        ),
    }
}

async fn ledger_proof(State(desk): State<Desk>, Path(transaction): Path<String>) -> Response {
    let id = hex::decode(&transaction)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(id) = id else {
        return problem(
            StatusCode::BAD_REQUEST,
            "a transaction id has 64 hexadecimal digits",
        );
    };
    match proof_soon(&desk.chain, id).await {
        Some(proof) => followed(&desk.chain, proof.to_bytes()).await,
        None => problem(
            StatusCode::NOT_FOUND,
            format!(
                "no finalized block of this node holds transaction {transaction}{}",
                elsewhere(&desk.chain)
            ),
        ),
    }
}

/// One value of the state after the last applied block, as it is stored.
async fn ledger_state(State(desk): State<Desk>, Path(key): Path<String>) -> Response {
    let bytes = hex::decode(&key)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(bytes) = bytes else {
        return problem(
            StatusCode::BAD_REQUEST,
            "a state key has 64 hexadecimal digits",
        );
    };
    match desk.chain.get(bytes).await {
        Some(value) => value.into_response(),
        None => problem(StatusCode::NOT_FOUND, format!("nothing stands under {key}")),
    }
}

async fn ledger_block(State(desk): State<Desk>, Path(height): Path<u64>) -> Response {
    let Some(block) = desk.chain.block(height).await else {
        return problem(
            StatusCode::NOT_FOUND,
            format!(
                "no block at height {height}; the newest is {}{}",
                desk.chain.status().height,
                elsewhere(&desk.chain)
            ),
        );
    };
    let entry = |(id, tx, receipt): &([u8; 32], Bytes, Vec<u8>)| json!({ "id": hex::encode(id), "transaction": hex::encode(tx), "receipt": hex::encode(receipt) });
    let body = json!({
        "height": block.height, "time_ms": block.time_ms, "parent": hex::encode(block.parent), "digest": hex::encode(block.digest),
        "state_root": hex::encode(block.state_root), "proposer": hex::encode(block.proposer), "entries": block.txs.iter().map(entry).collect::<Vec<_>>(),
    });
    Json(body).into_response()
}

async fn ledger_consistency(
    State(desk): State<Desk>,
    Path((older, newer)): Path<(u64, u64)>,
) -> Response {
    match desk.chain.consistency(older, newer).await {
        Some(proof) => followed(&desk.chain, proof.to_bytes()).await,
        None => problem(
            StatusCode::NOT_FOUND,
            format!(
                "no proof from block {older} to block {newer}: the first must be the lower one, and the newest block is {}{}",
                desk.chain.status().height,
                elsewhere(&desk.chain)
            ),
        ),
    }
}

/// Blocks with certificates, as many as fit an answer; the caller goes on behind the last of them.
async fn ledger_export(State(desk): State<Desk>, Path((from, to)): Path<(u64, u64)>) -> Response {
    match desk.chain.export(from, to).await {
        Some(blocks) => blocks.into_response(),
        None => problem(
            StatusCode::NOT_FOUND,
            format!(
                "no block at height {from}; the newest is {}{}",
                desk.chain.status().height,
                elsewhere(&desk.chain)
            ),
        ),
    }
}

async fn command(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = Token::new(&desk.token);
    if !token.shown_in(&headers) {
        return Token::asked_for();
    }
    let Some(jobs) = desk.jobs else {
        return problem(
            StatusCode::NOT_FOUND,
            "this member is a witness: it has no stations and no customers",
        );
    };
    let id = hex::decode(&id)
        .ok()
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let Some(id) = id else {
        return problem(
            StatusCode::BAD_REQUEST,
            "a command id has 32 hexadecimal digits",
        );
    };
    let command = match Command::from_bytes(&body) {
        Ok(command) => command,
        Err(error) => return problem(StatusCode::BAD_REQUEST, format!("the command: {error}")),
    };
    let (reply, answer) = oneshot::channel();
    if jobs
        .send(Job::Command { id, command, reply })
        .await
        .is_err()
    {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the utility is stopping");
    }
    let result = match tokio::time::timeout(COMMAND, answer).await {
        Ok(Ok(result)) => result,
        _ => Err(Refusal::new(
            RefusalCode::Busy,
            "no answer in time; ask again with the same id",
        )),
    };
    let result = match (result, &desk.database) {
        (Ok(Reply::Export(export)), Some(url)) => with_rows(*export, url).await,
        (result, _) => result,
    };
    let answer: Answer<Reply> = match result {
        Ok(reply) => Answer::Yes(Box::new(reply)),
        Err(refusal) => Answer::No(refusal),
    };
    answer.to_bytes().into_response()
}

/// Adds the database's rows to what the machine knows of a person.
async fn with_rows(mut export: CustomerExport, url: &str) -> Result<Reply, Refusal> {
    let marks = Marks::new(export.marks.drain(..).map(Into::into));
    export.rows = rows(url, &marks)
        .await
        .map_err(|error| Refusal::new(RefusalCode::Busy, format!("the export: {error}")))?;
    Ok(Reply::Export(Box::new(export)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_no_handler_worded_is_a_problem() {
        let block = |Path(height): Path<u64>| async move { height.to_string() };
        let wrong = || async { problem(StatusCode::BAD_REQUEST, "as it was worded") };
        let routes = Router::new()
            .route("/block/{height}", get(block))
            .route("/wrong", get(wrong))
            .layer(from_fn(worded));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        crate::node::tls::install_provider();
        let http = reqwest::Client::new();
        for (method, path, status, part) in [
            ("GET", "/nothing", 404, "nothing is served at /nothing"),
            ("POST", "/block/7", 405, "does not take POST"),
            ("GET", "/block/x", 400, "heights are whole numbers"),
            ("GET", "/wrong", 400, "as it was worded"),
        ] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = http.request(method, format!("{base}{path}"));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(answer.headers().contains_key("allow"), status == 405);
            let text = answer.text().await.unwrap();
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["status"], status);
            assert!(body["detail"].as_str().unwrap().contains(part), "{text}");
        }
        let fine = http.get(format!("{base}/block/7")).send().await.unwrap();
        assert_eq!(fine.text().await.unwrap(), "7");
    }
}
