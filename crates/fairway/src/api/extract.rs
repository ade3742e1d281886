//! What handlers take from a request. The frame's own extractors answer failures as text; these answer with problems.

use super::problem::Problem;
use super::strict::Strict;
use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use fairway_model::Hash;
use serde::Deserialize as _;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;
use utoipa::ToSchema;

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

/// One step of a JSON pointer (RFC 6901, section 3).
fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A place in a body as a JSON pointer, as far as it is known.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let steps = path.iter().map_while(|segment| match segment {
        Segment::Seq { index } => Some(step(&index.to_string())),
        Segment::Map { key: name } | Segment::Enum { variant: name } => Some(step(name)),
        Segment::Unknown => None,
    });
    steps.collect()
}

/// The field that serde's message names, where it names one.
fn named(message: &str) -> Option<&str> {
    let about_field = message.starts_with("missing field") || message.starts_with("unknown field");
    message.split('`').nth(1).filter(|_| about_field)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let no_json = |error: serde_json::Error| {
        let text = format!("the body is no JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "json", text)
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first.is_some_and(|b| *b != b'{') {
        IgnoredAny::deserialize(&mut reader).map_err(no_json)?;
        let text = "the body is an object, `{...}`, with the fields of the description by name";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "fields", text).at("", text));
    }
    let value = serde_path_to_error::deserialize(Strict(&mut reader)).map_err(|error| {
        let path = pointer(error.path());
        let cause = error.into_inner();
        let message = cause.to_string();
        if cause.is_syntax() || cause.is_eof() {
            return no_json(cause);
        }
        let place = match named(&message).map(step) {
            Some(field) if !path.ends_with(&field) => format!("{path}{field}"),
            _ => path,
        };
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "fields",
            format!("the body has another form: {message}"),
        )
        .at(&place, message)
    })?;
    reader.end().map_err(no_json)?;
    Ok(value)
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

/// The bytes of a body of any kind; in the description, those of answers too.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Octets(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        raw(request, state).await.map(Self)
    }
}

/// What is wrong with a part of the path, in words of the API and not of the program's types.
pub(crate) fn misread(rejection: &PathRejection) -> String {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return "the path cannot be read".to_owned();
    };
    match failed.kind() {
        ErrorKind::ParseErrorAtKey { key, value, .. } => {
            format!("the path: {key} is a whole number, and not `{value}`")
        }
        ErrorKind::ParseError { value, .. } | ErrorKind::ParseErrorAtIndex { value, .. } => {
            format!("the path: `{value}` stands where a whole number does")
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            format!("the path: {key} is no text (UTF-8)")
        }
        _ => "the path: a part of it is of another kind".to_owned(),
    }
}

/// Parts of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found
            .map(|path| Self(path.0))
            .map_err(|e| Problem::new(StatusCode::NOT_FOUND, "path", misread(&e)))
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
    use super::super::strict::LIST;
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
        // Names with the signs of pointers (RFC 6901, section 3).
        assert_eq!(
            problem("{\"name\":\"a\",\"list\":[],\"a/b~\":1}"),
            (422, "/a~1b~0".to_owned())
        );
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    enum Choice {
        Nothing,
        Plain(#[expect(dead_code, reason = "only read from JSON")] Inner),
        Named {
            #[expect(dead_code, reason = "only read from JSON")]
            inner: Option<Inner>,
        },
        Pair(
            #[expect(dead_code, reason = "only read from JSON")] i64,
            #[expect(dead_code, reason = "only read from JSON")] i64,
        ),
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Deep {
        #[expect(dead_code, reason = "only read from JSON")]
        choices: Vec<Choice>,
        #[expect(dead_code, reason = "only read from JSON")]
        more: Option<std::collections::BTreeMap<String, Inner>>,
        #[expect(dead_code, reason = "only read from JSON")]
        pair: Option<(u8, String)>,
        #[expect(dead_code, reason = "only read from JSON")]
        anything: Option<serde_json::Value>,
    }

    /// Where a list that stands for an object is found; nothing where none is.
    fn list_at(text: &str) -> Option<String> {
        let problem = read::<Deep>(text.as_bytes()).err()?.body("/", "");
        let place = problem.errors.first().unwrap();
        assert_eq!(problem.status, 422, "{text}");
        assert!(place.message.starts_with(LIST), "{}", place.message);
        Some(place.pointer.clone())
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for (text, place) in [
            (r#"{"choices":[{"plain":[1]}]}"#, "/choices/0/plain"),
            (r#"{"choices":[{"named":[null]}]}"#, "/choices/0/named"),
            (
                r#"{"choices":[{"named":{"inner":[1]}}]}"#,
                "/choices/0/named/inner",
            ),
            (
                r#"{"choices":[],"more":{"a":{"amount":1},"b":[2]}}"#,
                "/more/b",
            ),
        ] {
            assert_eq!(list_at(text).as_deref(), Some(place), "{text}");
        }
        for good in [
            r#"{"choices":["nothing",{"plain":{"amount":1}},{"named":{"inner":null}},{"pair":[1,-2]}]}"#,
            r#"{"choices":[],"more":{"a":{"amount":-9223372036854775808}},"pair":[255,"\u00e4\n"]}"#,
            r#"{"choices":[],"anything":[{"a":[1.5e300,null,true]},"x"]}"#,
        ] {
            assert_eq!(list_at(good), None, "{good}");
        }
        let list = "{\"name\":\"a\",\"list\":[{\"amount\":1},[2]]}";
        assert_eq!(problem(list), (422, "/list/1".to_owned()));
    }

    #[test]
    fn only_one_whole_object_is_a_body() {
        let good = "{\"name\":\"a\",\"list\":[]}";
        assert!(read::<Outer>(format!(" \n{good}\r\n").as_bytes()).is_ok());
        for tail in [" trailing }}}", "}", "{}", ",", "x"] {
            assert_eq!(problem(&format!("{good}{tail}")), (400, String::new()));
        }
        for other in ["[\"a\",[]]", "\"a\"", "null", "7"] {
            assert_eq!(problem(other), (422, String::new()), "{other}");
        }
        for none in ["", "  ", "abc", "[\"a\",", "\u{feff}{}"] {
            assert_eq!(problem(none), (400, String::new()), "{none}");
        }
    }
}
