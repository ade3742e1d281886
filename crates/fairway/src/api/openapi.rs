//! The API's description, OpenAPI 3.1, made from the handlers. `fairway openapi` prints it; a test compares it with `openapi/fairway.json`.

use super::described;
use super::problem::{PROBLEM_JSON, ProblemBody};
use super::stated;
use super::what;
use super::who::Role;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn};
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

/// Names of the parameters that an address takes in its query, by method and address.
pub(super) fn query_names() -> BTreeMap<(String, String), Vec<String>> {
    let mut api = document();
    let all = operations(&mut api).map(|(path, method, operation)| {
        let told = operation.parameters.iter().flatten();
        let names = told.filter_map(|parameter| match parameter {
            RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name.clone()),
            _ => None,
        });
        ((method.to_uppercase(), path.clone()), names.collect())
    });
    all.collect()
}

/// Which operation is for which role, as the table of docs/api.md, with a line break at its end.
pub fn roles() -> String {
    let mut out = String::from("| Operation |");
    for role in Role::ALL {
        let _ = write!(out, " `{}` |", role.word());
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Role::ALL.len()));
    out.push('\n');
    let mut api = document();
    for (path, method, operation) in operations(&mut api) {
        let told = operation.extensions.as_ref().and_then(|e| e.get("x-roles"));
        let Some(may) = told.and_then(Value::as_array) else {
            continue;
        };
        let path = path.trim_start_matches("/api/v1");
        let _ = write!(out, "| `{} {path}` |", method.to_uppercase());
        for role in Role::ALL {
            let yes = may.iter().any(|word| word == role.word());
            out.push_str(if yes { " yes |" } else { " |" });
        }
        out.push('\n');
    }
    out
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
    fn the_table_of_roles_in_the_document_is_that_of_the_handlers() {
        let told = include_str!("../../../../docs/api.md");
        let begun = told.split_once("<!-- roles -->\n").unwrap().1;
        let table = begun.split_once("<!-- end of roles -->").unwrap().0;
        assert!(
            table.trim() == roles().trim(),
            "the table of docs/api.md is not what `fairway openapi --roles` prints: put it between the two marks"
        );
        let lines = roles().lines().count();
        let open = 4;
        assert_eq!(lines, operations(&mut document()).count() - open + 2);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(&text()).unwrap();
        let mut open = vec![&document];
        let mut found = 0;
        while let Some(value) = open.pop() {
            if let Some(place) = value.get("$ref").and_then(Value::as_str) {
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
    fn files_are_described_as_bytes() {
        let document: Value = serde_json::from_str(&text()).unwrap();
        let mut found = Vec::new();
        let mut open = vec![&document["paths"]];
        while let Some(value) = open.pop() {
            for media in ["application/pdf", "application/octet-stream"] {
                let Some(content) =
                    value.pointer(&format!("/content/{}", media.replace('/', "~1")))
                else {
                    continue;
                };
                let place = content["schema"]["$ref"].as_str().unwrap_or_default();
                let schema = document.pointer(place.trim_start_matches('#'));
                let schema = schema.unwrap_or(&content["schema"]);
                assert_eq!(
                    (&schema["type"], &schema["format"]),
                    (&"string".into(), &"binary".into()),
                    "{content}"
                );
                found.push(media);
            }
            open.extend(value.as_object().into_iter().flat_map(|all| all.values()));
        }
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "application/octet-stream",
                "application/octet-stream",
                "application/pdf",
                "application/pdf"
            ]
        );
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
