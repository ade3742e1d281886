//! The API's description, OpenAPI 3.1, made from the handlers. `fairway openapi` prints it; a test compares it with `openapi/fairway.json`.

use super::described;
use super::extract::Path;
use super::problem::{PROBLEM_JSON, ProblemBody};
use super::stated;
use super::what;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fairway_model::RefusalCode;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

/// What the description begins with; paths come from the handlers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Fairway",
        version = "1",
        description = "The API behind the pages of one member. Sign in with POST /api/v1/login; changing requests show `X-Fairway-Csrf`; money is \
            `amount / 10^scale`; energy is in milliwatt-hours; times are RFC 3339. docs/api.md tells the manners.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody, what::sessions::RoleWord))
)]
pub(super) struct Base;

/// Every operation with its path and method.
fn operations(
    api: &mut utoipa::openapi::OpenApi,
) -> impl Iterator<Item = (&String, &'static str, &mut Operation)> {
    api.paths.paths.iter_mut().flat_map(|(path, item)| {
        let all = [
            ("get", item.get.as_mut()),
            ("post", item.post.as_mut()),
            ("put", item.put.as_mut()),
            ("patch", item.patch.as_mut()),
            ("delete", item.delete.as_mut()),
        ];
        let there = all
            .into_iter()
            .filter_map(|(method, operation)| Some((method, operation?)));
        there.map(move |(method, operation)| (path, method, operation))
    })
}

/// The name of an operation, from which a client's function gets its own: `get_sessions_by_session`.
fn name(method: &str, path: &str) -> String {
    let mut name = method.to_owned();
    for part in path
        .trim_start_matches("/api/v1")
        .split('/')
        .filter(|p| !p.is_empty())
    {
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(parameter) => name.extend(["_by_", parameter]),
            None => name.extend(["_", &part.replace('-', "_")]),
        }
    }
    name
}

/// Paths that need no sign-in.
const OPEN: [&str; 3] = ["/api/v1/setup", "/api/v1/login", "/version"];

fn document() -> utoipa::openapi::OpenApi {
    let (_, mut api) = what::routes().split_for_parts();
    let problem = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let failure = ResponseBuilder::new()
        .description("A problem (RFC 9457)")
        .content(PROBLEM_JSON, problem)
        .build();
    for (path, method, operation) in operations(&mut api) {
        operation.operation_id = Some(name(method, path));
        operation
            .responses
            .responses
            .insert("default".to_owned(), RefOr::T(failure.clone()));
        let open = OPEN.contains(&path.as_str());
        stated::parameters(method, open, operation);
        if !open {
            let none: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new("session", none)]);
        }
    }
    let all: Vec<Operation> = operations(&mut api)
        .map(|(_, _, operation)| operation.clone())
        .collect();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(super::who::authorized::COOKIE));
    if let Some(components) = api.components.as_mut() {
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        described::complete(&mut components.schemas, all.iter());
    }
    api
}

/// The description as JSON, with a line break at its end.
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Serves it.
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text()).into_response()
}

/// A page about a kind of problem, for the `type` of a problem.
pub(super) async fn problem_page(Path(code): Path<String>) -> Response {
    let known = RefusalCode::ALL.iter().any(|c| c.as_str() == code);
    let text = if known {
        format!(
            "{code}: a refusal of the utility or of the contracts; `detail` says what was wrong and what would be right.\n"
        )
    } else {
        format!(
            "{code}: a problem of the API; `detail` says what was wrong, `errors` where in the request. docs/api.md lists the codes.\n"
        )
    };
    // Codes are words of ours; whatever else is asked for must not become a page of somebody's.
    let safe: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | '&'))
        .collect();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], safe).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_that_of_the_handlers() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/fairway.json");
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == text(),
            "openapi/fairway.json is not what `fairway openapi` prints: write it anew and look at the difference"
        );
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: serde_json::Value = serde_json::from_str(&text()).unwrap();
        let mut open = vec![&document];
        let mut found = 0;
        while let Some(value) = open.pop() {
            if let Some(place) = value.get("$ref").and_then(serde_json::Value::as_str) {
                let pointer = place.trim_start_matches('#');
                assert!(document.pointer(pointer).is_some(), "{place} is nowhere");
                found += 1;
            }
            open.extend(value.as_object().into_iter().flat_map(|all| all.values()));
            open.extend(value.as_array().into_iter().flatten());
        }
        assert!(found > 100, "{found}");
    }

    #[test]
    fn every_operation_says_who_may_and_how_it_fails() {
        let mut api = document();
        let mut names = std::collections::BTreeSet::new();
        for (path, _, operation) in operations(&mut api) {
            assert!(names.insert(operation.operation_id.clone()), "{path}");
            assert!(
                operation.responses.responses.contains_key("default"),
                "{path}"
            );
            let roles = operation
                .extensions
                .as_ref()
                .is_some_and(|e| e.contains_key("x-roles"));
            assert!(
                roles || OPEN.contains(&path.as_str()),
                "{path} does not say who may"
            );
            assert!(operation.summary.is_some(), "{path} has no summary");
        }
        assert!(names.len() > 50, "{}", names.len());
    }
}
