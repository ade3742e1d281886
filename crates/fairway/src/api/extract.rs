//! What handlers take from a request. The frame's own extractors answer failures as text; these answer with problems.

use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use fairway_model::Hash;
use serde::de::DeserializeOwned;

/// Longest idempotency key, in characters.
pub(crate) const MAX_KEY: usize = 255;
/// Names the header of such a key.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A JSON body, and a hash of method, path and body that tells a repeated request from another one under the same key.
#[derive(Debug)]
pub(crate) struct Body<T> {
    /// What the body says.
    pub(crate) value: T,
    /// SHA-256 over method, path and bytes.
    pub(crate) fingerprint: Hash,
}

fn is_json(headers: &HeaderMap) -> bool {
    let told = headers.get(header::CONTENT_TYPE);
    let told = told.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = told.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

/// `a.b[2]` as a JSON pointer.
fn pointer(path: &str) -> String {
    let plain = path.replace(['[', '.'], "/").replace(']', "");
    if plain.is_empty() || plain == "/" {
        String::new()
    } else {
        format!("/{plain}")
    }
}

/// The field that serde's message names, where it names one.
fn named(message: &str) -> Option<&str> {
    let about_field = message.starts_with("missing field") || message.starts_with("unknown field");
    message.split('`').nth(1).filter(|_| about_field)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = pointer(&error.path().to_string());
        let cause = error.into_inner();
        let message = cause.to_string();
        if cause.is_syntax() || cause.is_eof() {
            let text = format!("the body is no JSON: {message}");
            return Problem::new(StatusCode::BAD_REQUEST, "json", text);
        }
        let place = match named(&message) {
            Some(field) if !path.ends_with(&format!("/{field}")) => format!("{path}/{field}"),
            _ => path,
        };
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "fields",
            format!("the body has another form: {message}"),
        )
        .at(&place, message)
    })
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "send `Content-Type: application/json`",
            ));
        }
        let head = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = raw(request, state).await?;
        let value = read(&bytes)?;
        let fingerprint = Hash::plain(&[head.as_bytes(), &bytes].concat());
        Ok(Self { value, fingerprint })
    }
}

async fn raw<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|e| {
        if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let text = "the body is larger than this address takes";
            return Problem::new(e.status(), "body-too-large", text);
        }
        Problem::new(
            StatusCode::BAD_REQUEST,
            "body",
            format!("the body cannot be read: {}", e.body_text()),
        )
    })
}

/// The bytes of a body of any kind.
#[derive(Debug)]
pub(crate) struct Octets(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        raw(request, state).await.map(Self)
    }
}

/// Parts of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found.map(|path| Self(path.0)).map_err(|e| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "path",
                format!("the path: {}", e.body_text()),
            )
        })
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found.map(|query| Self(query.0)).map_err(|e| {
            let text = format!("the query: {}", e.body_text());
            Problem::new(StatusCode::BAD_REQUEST, "query", text)
        })
    }
}

/// The idempotency key of a request that moves energy or money, or binds the utility.
#[derive(Debug, Clone)]
pub(crate) struct Key(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let told = parts.headers.get(IDEMPOTENCY_KEY);
        let told = told.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let fits =
            !told.is_empty() && told.len() <= MAX_KEY && told.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            return Ok(Self(told.to_owned()));
        }
        Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency-key",
            format!(
                "send `Idempotency-Key` with 1 to {MAX_KEY} visible ASCII characters: a new one for a new request, the same one to repeat a request whose answer was lost"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only read from JSON")]
        amount: i64,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only read from JSON")]
        name: String,
        #[expect(dead_code, reason = "only read from JSON")]
        list: Vec<Inner>,
    }

    fn problem(text: &str) -> (u16, String) {
        let body = read::<Outer>(text.as_bytes()).unwrap_err().body("/", "");
        let place = body.errors.first().map(|p| p.pointer.clone());
        (body.status, place.unwrap_or_default())
    }

    #[test]
    fn wrong_fields_are_pointed_at() {
        assert_eq!(problem("{"), (400, String::new()));
        assert_eq!(problem("{\"name\":\"a\"}"), (422, "/list".to_owned()));
        assert_eq!(
            problem("{\"name\":\"a\",\"list\":[{\"amount\":\"x\"}]}"),
            (422, "/list/0/amount".to_owned())
        );
        assert_eq!(
            problem("{\"name\":\"a\",\"list\":[],\"size\":1}"),
            (422, "/size".to_owned())
        );
    }
}
