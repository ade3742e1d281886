//! Counts requests of addresses without a sign-in, and tells everybody what is left.

use super::Api;
use super::listener::Visitor;
use super::who::authorized::shown;
use super::who::limits::{Caller, Left};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
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

/// Who showed a valid cookie is counted by sign-in, whoever else by address. Files of the pages are not counted.
pub(super) async fn counted(
    State(api): State<Api>,
    ConnectInfo(Visitor(address)): ConnectInfo<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if !path.starts_with("/api/") {
        return next.run(request).await;
    }
    let signed = shown(request.headers(), &api);
    let caller = match signed {
        Some((session, _)) => {
            let hash = super::wire::hash(&session.token).unwrap_or_default();
            Caller::Session(hash.0)
        }
        None => Caller::Stranger(address.ip()),
    };
    match api.limits().count(caller) {
        Ok(left) => {
            let mut response = next.run(request).await;
            tell(response.headers_mut(), left);
            response
        }
        Err(problem) => problem.into_response(),
    }
}
