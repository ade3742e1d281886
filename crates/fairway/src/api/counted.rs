//! Counts requests of addresses without a sign-in, and tells everybody what is left.

use super::Api;
use super::listener::Visitor;
use super::problem::Problem;
use super::who::authorized::shown;
use super::who::limits::{Caller, Left};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

fn tell(headers: &mut HeaderMap, left: Left) {
    let values = [
        ("ratelimit-limit", u64::from(left.limit)),
        ("ratelimit-remaining", u64::from(left.remaining)),
        ("ratelimit-reset", left.reset),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// Whether a request tries a password, or the link of the first account.
fn signs_in(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::POST && matches!(path, "/api/v1/login" | "/api/v1/setup")
}

fn caller(api: &Api, request: &Request, visitor: Visitor) -> Caller {
    let address = visitor.0.ip();
    if signs_in(request) {
        return Caller::Login(address);
    }
    match shown(request.headers(), api) {
        Some((session, _)) => {
            let hash = super::wire::hash(&session.token).unwrap_or_default();
            Caller::Session(hash.0)
        }
        None => Caller::Stranger(address),
    }
}

/// Who showed a valid cookie is counted by sign-in, whoever else by address, and whoever signs in by
/// address and more strictly. Files of the pages are not counted.
pub(super) async fn counted(
    State(api): State<Api>,
    ConnectInfo(visitor): ConnectInfo<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if !path.starts_with("/api/") {
        return next.run(request).await;
    }
    let (left, mut response) = match api.limits().count(caller(&api, &request, visitor)) {
        Ok(left) => (left, next.run(request).await),
        Err(left) => (left, Problem::rate(left).into_response()),
    };
    tell(response.headers_mut(), left);
    response
}
