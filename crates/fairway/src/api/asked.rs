//! What a request may ask for in its query: the names that the description gives for its address. Whatever else stands there is refused by
//! name, so that nobody takes a list for cut or filtered that is not.
//!
//! The names come from the description itself, so that the two cannot differ.

use super::openapi;
use super::problem::Problem;
use crate::config::distance;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest name of a parameter that is repeated in an answer, in characters.
const MAX_SHOWN: usize = 40;

/// The names of parameters by method and address.
#[derive(Debug, Clone)]
pub(super) struct Known(Arc<BTreeMap<(String, String), Vec<String>>>);

impl Known {
    /// The names of the description.
    pub(super) fn of_description() -> Self {
        Self(Arc::new(openapi::query_names()))
    }

    fn check(&self, method: &Method, path: &str, query: &str) -> Result<(), Problem> {
        // Who asks for the head of an answer asks as for the answer.
        let method = if *method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let Some(names) = self.0.get(&(method.to_owned(), path.to_owned())) else {
            return Ok(());
        };
        let told = query.split('&').filter(|pair| !pair.is_empty());
        let mut told = told.map(|pair| pair.split('=').next().unwrap_or_default());
        let Some(other) = told.find(|name| !names.iter().any(|known| known == name)) else {
            return Ok(());
        };
        let shown: String = other.chars().take(MAX_SHOWN).collect();
        let takes = match names.iter().min_by_key(|known| distance(&shown, known)) {
            Some(nearest) => format!("it takes {}; did you mean `{nearest}`?", names.join(", ")),
            None => "it takes none, and answers whole".to_owned(),
        };
        let text = format!("`{shown}` is no parameter of {method} {path}: {takes}");
        Err(Problem::new(StatusCode::BAD_REQUEST, "query", text))
    }
}

/// Refuses a request with a parameter that its address does not have.
pub(super) async fn asked(State(known): State<Known>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let query = request.uri().query().unwrap_or_default();
    if let Some(path) = path
        && let Err(problem) = known.check(request.method(), path.as_str(), query)
    {
        return problem.into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &Method, path: &str, query: &str) -> Option<String> {
        let checked = Known::of_description().check(method, path, query);
        checked.err().map(|problem| problem.body("", "").detail)
    }

    #[test]
    fn unknown_parameters_are_refused_by_name() {
        for (method, path, query) in [
            (Method::GET, "/api/v1/sessions", "limit=1&state=settled"),
            (Method::HEAD, "/api/v1/sessions", "limit=1"),
            (Method::GET, "/api/v1/stations", ""),
            (Method::GET, "/docs/{*path}", "anything=1"),
        ] {
            assert_eq!(refused(&method, path, query), None);
        }
        let near = refused(&Method::GET, "/api/v1/sessions", "limits=1").unwrap();
        assert!(near.starts_with("`limits` is no parameter of GET /api/v1/sessions: it takes "));
        assert!(near.ends_with("did you mean `limit`?"), "{near}");
        for path in ["stations", "agreements", "disputes", "visitors", "partners"] {
            let path = format!("/api/v1/{path}");
            let none = refused(&Method::GET, &path, "limit=1").unwrap();
            assert!(none.contains("it takes none"), "{none}");
        }
        let long = refused(&Method::POST, "/api/v1/login", &"x".repeat(9_000)).unwrap();
        assert!(long.len() < 200, "{long}");
    }
}
