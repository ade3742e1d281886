//! Answers that are no page and no view: problems (RFC 9457), and the headers that every answer carries.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// Nothing but this station's own files; no inline script or style; in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Where, as a JSON pointer.
    pub pointer: &'static str,
    /// What would be right.
    pub message: String,
}

impl Flaw {
    /// A flaw at a place.
    pub fn new(pointer: &'static str, message: String) -> Self {
        Self { pointer, message }
    }
}

/// A refusal of a request.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    /// A stable word for the page.
    code: &'static str,
    detail: String,
    more: Vec<(&'static str, Value)>,
}

impl Problem {
    /// A problem with a stable code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            more: Vec::new(),
        }
    }

    /// The same with another member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// A request whose members are wrong.
    pub fn flaws(flaws: &[Flaw]) -> Self {
        let at = flaws.first().map_or("", |f| f.pointer);
        let right = flaws.first().map_or("", |f| f.message.as_str());
        let detail = format!("{at} is wrong; right would be: {right}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request-invalid", detail)
            .with("errors", json!(flaws))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let mut body = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(),
            "code": self.code, "detail": self.detail,
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(self.more.into_iter().map(|(n, v)| (n.to_owned(), v)));
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut answer = (self.status, kind, body.to_string()).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let headers = answer.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        answer
    }
}

/// Puts the policy on every answer; what did not say how long it may be kept, is not kept. What the framework refuses by itself
/// becomes a problem like every other.
pub async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if plain && (answer.status().is_client_error() || answer.status().is_server_error()) {
        let text = "the request cannot be read; docs/kiosk.md lists the addresses";
        answer = Problem::new(answer.status(), "request-invalid", text).into_response();
    }
    let headers = answer.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}
