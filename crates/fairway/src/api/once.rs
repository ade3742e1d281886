//! Twice is once: a request that binds the utility is carried out once under its key, and repeated requests get the first answer.

use super::extract::Key;
use super::problem::Problem;
use super::records::Records;
use super::who::authorized::Signed;
use crate::environment;
use crate::store::records::Kind;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_model::Hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How long answers are kept, in milliseconds: 7 days.
const KEPT: i64 = 7 * 24 * 3_600_000;
/// Most requests that run under keys at a time.
const MAX_RUNNING: usize = 1_024;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer that is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    status: u16,
    body: Value,
}

/// What a handler answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    /// An answer by status and content.
    pub(crate) fn new(status: StatusCode, content: &impl Serialize) -> Self {
        Self {
            status,
            body: serde_json::to_value(content).unwrap_or_default(),
        }
    }
}

fn response(status: StatusCode, body: &Value, replayed: bool) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        response(self.status, &self.body, false)
    }
}

/// The requests that run now.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<BTreeSet<String>>);

/// Takes a request off the list of running ones, however it ends.
struct Running<'a> {
    once: &'a Once,
    id: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.once.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.id);
    }
}

/// The id of the machine's command for a request: the same request has the same effect even when its answer was never kept.
pub(crate) fn command_id(by: &Signed, key: &Key) -> [u8; 16] {
    let text = format!("{}\n{}", by.account().id, key.0);
    Hash::of("fairway.api.command", text.as_bytes()).short()
}

impl Once {
    fn begin(&self, id: &str) -> Result<Running<'_>, Problem> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= MAX_RUNNING {
            return Err(Problem::busy("too many requests are being carried out"));
        }
        if !running.insert(id.to_owned()) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "idempotency-key",
                "a request under this key is being carried out; repeat it in a moment",
            )
            .retry_after(1));
        }
        Ok(Running {
            once: self,
            id: id.to_owned(),
        })
    }

    /// Carries a request out unless it was.
    pub(crate) async fn run(
        &self,
        records: &Records,
        (by, key, fingerprint): (&Signed, &Key, Hash),
        work: impl Future<Output = Result<Answer, Problem>>,
    ) -> Result<Response, Problem> {
        let id = hex::encode(command_id(by, key));
        let running = self.begin(&id)?;
        let now = environment::wall_ms();
        if let Some(kept) = records.get::<Kept>(Kind::Once, &id).await? {
            if kept.fingerprint != fingerprint.hex() {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency-key",
                    "another request was sent under this key; a new request needs a new key",
                ));
            }
            let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
            return Ok(response(status, &kept.body, true));
        }
        let answer = work.await?;
        let kept = Kept {
            fingerprint: fingerprint.hex(),
            status: answer.status.as_u16(),
            body: answer.body.clone(),
        };
        records.put(Kind::Once, &id, now, &kept).await?;
        records.forget(Kind::Once, now.saturating_sub(KEPT)).await?;
        drop(running);
        Ok(answer.into_response())
    }
}
