//! Errors of the API: RFC 9457 problems, on every path that fails.
//!
//! A handler gives a [`Problem`]; the outermost layer ([`finish`]) words it with the request's path and trace id. What did not
//! come from us (a method that a path does not have, a body that is too large) gets the same form there, so no error leaves as text.

use super::MAX_BODY;
use super::who::limits::Left;
use crate::environment;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fairway_model::{Refusal, RefusalCode};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// The media type.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Where a request's trace id is told.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One place in the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProblemPlace)]
pub(crate) struct Place {
    /// JSON pointer into the body (RFC 6901); empty: the body as a whole.
    pub(crate) pointer: String,
    /// What is wrong, and what would be right.
    pub(crate) message: String,
}

/// A problem as it is sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Page about this kind of problem.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind in a few words.
    pub(crate) title: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// What was wrong, where, what would be right.
    pub(crate) detail: String,
    /// Path of the request.
    pub(crate) instance: String,
    /// Names the request in the log.
    pub(crate) trace_id: String,
    /// Stable code: of the API, or of the utility's or contract's refusal.
    pub(crate) code: String,
    /// Places in the request that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Place>,
}

/// Why a request was not carried out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<Place>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem by status and code.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Nothing is there, or nothing that this account may see.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", what)
    }

    /// A field of the body says something that cannot be.
    pub(crate) fn field(pointer: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let detail = format!("{pointer}: {message}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "fields", detail).at(pointer, message)
    }

    /// Something that should answer does not at present.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
    }

    /// Too many requests came from somebody.
    pub(crate) fn rate(left: Left) -> Self {
        let Left { limit, reset, .. } = left;
        let text = format!("more than {limit} requests in a minute; go on in {reset} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate", text).retry_after(reset)
    }

    /// A member without stations and customers is asked for such.
    pub(crate) fn witness() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "witness",
            "this member is a witness: it has no stations, no customers and no agreements of its own",
        )
    }

    /// Names a place.
    pub(crate) fn at(mut self, pointer: &str, message: impl Into<String>) -> Self {
        self.errors.push(Place {
            pointer: pointer.to_owned(),
            message: message.into(),
        });
        self
    }

    /// Says when it is worth to try again, in seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// As JSON, for a request's path and trace id.
    pub(crate) fn body(&self, instance: &str, trace_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            trace_id: trace_id.to_owned(),
            code: self.code.to_string(),
            errors: self.errors.clone(),
        }
    }

    fn worded(&self, instance: &str, trace_id: &str) -> Response {
        let text = serde_json::to_string(&self.body(instance, trace_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            RefusalCode::Duplicate
            | RefusalCode::IdConflict
            | RefusalCode::CaseClosed
            | RefusalCode::CycleClosed => StatusCode::CONFLICT,
            RefusalCode::SessionUnknown
            | RefusalCode::AgreementUnknown
            | RefusalCode::CinUnknown
            | RefusalCode::CaseUnknown
            | RefusalCode::StationUnknown => StatusCode::NOT_FOUND,
            RefusalCode::Busy | RefusalCode::LedgerStalled => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let problem = Self::new(status, refusal.code.as_str(), refusal.text);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            problem.retry_after(1)
        } else {
            problem
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// A request's name in the log.
fn trace_id() -> String {
    let bytes = environment::entropy();
    hex::encode(bytes.get(..16).unwrap_or_default())
}

/// What a failure that no handler worded says.
fn foreign(status: StatusCode, path: &str, limit: usize) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(
            status,
            "not-found",
            format!("nothing is served at {path}; /openapi.json lists what is"),
        ),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            status,
            "method",
            format!("{path} does not take this method; `Allow` lists those that it takes"),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            status,
            "body-too-large",
            format!("a body has at most {limit} bytes here"),
        ),
        _ => Problem::new(
            status,
            "request",
            status.canonical_reason().unwrap_or("the request failed"),
        ),
    }
}

/// The outermost layer: words every failure as a problem, names the request, and keeps answers out of caches.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // What stands in the log is the address as the description writes it: an address that was asked for may name a person.
    let matched = request.extensions().get::<MatchedPath>();
    let address = matched
        .map_or("another address", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let trace = trace_id();
    let response = next.run(request).await;
    let (status, allow) = (
        response.status(),
        response.headers().get(header::ALLOW).cloned(),
    );
    let limits: Vec<(HeaderName, HeaderValue)> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("ratelimit-"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let failed = status.is_client_error() || status.is_server_error();
    let told = response.extensions().get::<Problem>().cloned();
    let told = told.or_else(|| failed.then(|| foreign(status, &path, MAX_BODY)));
    let mut response = match &told {
        Some(problem) => problem.worded(&path, &trace),
        None => response,
    };
    if let Some(problem) = &told {
        let code = &problem.code;
        if status.is_server_error() {
            tracing::error!(%method, %address, %code, %trace, "answered with {status}");
        } else {
            tracing::info!(%method, %address, %code, %trace, "refused with {status}");
        }
    }
    let headers = response.headers_mut();
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
    for (name, value) in limits {
        headers.insert(name, value);
    }
    if let Ok(value) = HeaderValue::from_str(&trace) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_sentence() {
        let refusal = Refusal::new(RefusalCode::AgreementUnknown, "agr_ is not known here");
        let problem = Problem::from(refusal);
        let body = problem.body("/api/v1/agreements/x", "aa");
        assert_eq!(
            (body.status, body.code.as_str(), body.kind.as_str()),
            (404, "agreement-unknown", "/problems/agreement-unknown")
        );
        assert_eq!(body.detail, "agr_ is not known here");
    }
}
