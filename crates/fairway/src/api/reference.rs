//! The reference of the API at `/api/docs`: every operation by subject, made from the description and set like the documents.

use super::docs;
use super::openapi;
use super::pages::answer;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// The page; the description does not change while the program runs.
static PAGE: LazyLock<String> = LazyLock::new(|| docs::page(docs::REFERENCE, &text()));

/// Where the description's schemas lie.
const SCHEMAS: &str = "#/components/schemas/";
/// Deepest part of a schema that is worded where it stands.
const MAX_DEPTH: usize = 4;

/// Serves the page.
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    answer(&headers, "page.html", Cow::Borrowed(PAGE.as_bytes()))
}

/// What stands at a place, or nothing.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// A value's entries, where it has some.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A text of the description on one line of a table.
fn line(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
        .replace('<', "&lt;")
}

/// The operations by subject, in the order of the description.
fn by_tag(document: &Value) -> Vec<(String, Vec<(String, &Value)>)> {
    let mut tags: Vec<(String, Vec<(String, &Value)>)> = Vec::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item) {
            let tag = at(operation, "/tags/0").as_str();
            let tag = tag.unwrap_or("others").to_owned();
            let named = (format!("{} {path}", method.to_uppercase()), operation);
            match tags.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, all)) => all.push(named),
                None => tags.push((tag, vec![named])),
            }
        }
    }
    tags
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value, depth: usize) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        let name = place.trim_start_matches(SCHEMAS);
        return format!("[{name}](#{})", docs::slug(name));
    }
    if depth > MAX_DEPTH {
        return "a value".to_owned();
    }
    let inner = |of: &Value| kind(of, depth.saturating_add(1));
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[choice].as_array() {
            let all: Vec<String> = all.iter().map(inner).collect();
            return all.join(if choice == "allOf" { " and " } else { " or " });
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return values.join(" ").replace('"', "");
    }
    if schema["format"] == "binary" {
        return "bytes".to_owned();
    }
    let word = |of: &Value| match of.as_str().unwrap_or("any value") {
        "array" => format!("list of {}", inner(&schema["items"])),
        "object" if schema["properties"].is_object() => {
            let fields = entries(&schema["properties"]);
            let fields: Vec<String> = fields
                .map(|(name, field)| format!("`{name}`: {}", inner(field)))
                .collect();
            format!("object with {}", fields.join(", "))
        }
        plain => plain.to_owned(),
    };
    let plain = match &schema["type"] {
        Value::Array(types) => types.iter().map(word).collect::<Vec<_>>().join(" or "),
        one => word(one),
    };
    format!("{plain}{}", bounds(schema))
}

/// The limits of a schema.
fn bounds(schema: &Value) -> String {
    let mut out = String::new();
    for (name, word) in [
        ("minimum", "from"),
        ("maximum", "to"),
        ("minLength", "characters from"),
        ("maxLength", "characters to"),
        ("pattern", "like"),
    ] {
        let value = &schema[name];
        if let Some(text) = value.as_str() {
            let _ = write!(out, ", {word} `{}`", text.replace('|', "\\|"));
        } else if !value.is_null() {
            let _ = write!(out, ", {word} {value}");
        }
    }
    out
}

/// The kinds of a body, by media type.
fn contents(holder: &Value) -> String {
    let all = entries(&holder["content"]);
    let all = all.map(|(media, content)| match &content["schema"] {
        Value::Null => format!("`{media}`"),
        schema => format!("`{media}`: {}", kind(schema, 0)),
    });
    all.collect::<Vec<_>>().join("; ")
}

fn operation(out: &mut String, name: &str, of: &Value) {
    let _ = write!(out, "### `{name}`\n\n{}\n\n", line(&of["summary"]));
    let told = line(&of["description"]);
    if !told.is_empty() {
        let _ = write!(out, "{told}\n\n");
    }
    let roles = of["x-roles"].as_array().into_iter().flatten();
    let roles: Vec<String> = roles
        .filter_map(Value::as_str)
        .map(|role| format!("`{role}`"))
        .collect();
    let who = if roles.is_empty() {
        "nobody need be signed in".to_owned()
    } else {
        roles.join(", ")
    };
    let _ = write!(out, "For: {who}\n\n");
    if let Some(parameters) = of["parameters"].as_array() {
        out.push_str("| Parameter | In | Kind | |\n|---|---|---|---|\n");
        for one in parameters {
            let needed = if one["required"] == true {
                " (needed)"
            } else {
                ""
            };
            let (name, place) = (line(&one["name"]), line(&one["in"]));
            let (kind, about) = (kind(&one["schema"], 0), line(&one["description"]));
            let _ = writeln!(out, "| `{name}` | {place} | {kind}{needed} | {about} |");
        }
        out.push('\n');
    }
    let body = contents(&of["requestBody"]);
    if !body.is_empty() {
        let _ = write!(out, "Body: {body}\n\n");
    }
    out.push_str("| Answer | Body | |\n|---|---|---|\n");
    for (status, answer) in entries(&of["responses"]) {
        let status = if status == "default" {
            "otherwise"
        } else {
            status
        };
        let (body, about) = (contents(answer), line(&answer["description"]));
        let _ = writeln!(out, "| {status} | {body} | {about} |");
    }
    out.push('\n');
}

fn schema(out: &mut String, name: &str, of: &Value) {
    let _ = write!(out, "### {name}\n\n");
    let about = line(&of["description"]);
    if !about.is_empty() {
        let _ = write!(out, "{about}\n\n");
    }
    if !of["properties"].is_object() {
        let _ = write!(out, "{}\n\n", kind(of, 0));
        return;
    }
    out.push_str("| Field | Kind | |\n|---|---|---|\n");
    let required: Vec<&str> = of["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (field, of) in entries(&of["properties"]) {
        let left_out = if required.contains(&field.as_str()) {
            ""
        } else {
            " (may be left out)"
        };
        let (kind, about) = (kind(of, 0), line(&of["description"]));
        let _ = writeln!(out, "| `{field}` | {kind}{left_out} | {about} |");
    }
    out.push('\n');
}

/// The reference as Markdown.
fn text() -> String {
    let document: Value = serde_json::from_str(&openapi::text()).unwrap_or_default();
    let tags = by_tag(&document);
    let mut out = format!(
        "# Reference of the API\n\n{}\n\nThe same for programs: [/openapi.json](/openapi.json). The manners, with examples: \
         [The API](/docs/api.md).\n\n",
        line(at(&document, "/info/description"))
    );
    for (tag, all) in &tags {
        let _ = writeln!(
            out,
            "- [{tag}](#operations-{}): {} operations",
            docs::slug(tag),
            all.len()
        );
    }
    out.push_str("- [Schemas](#schemas)\n\n");
    for (tag, all) in &tags {
        let _ = write!(out, "## Operations: {tag}\n\n");
        for (name, of) in all {
            operation(&mut out, name, of);
        }
    }
    out.push_str("## Schemas\n\n");
    for (name, of) in entries(at(&document, "/components/schemas")) {
        schema(&mut out, name, of);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_schema_is_in_the_reference() {
        let document: Value = serde_json::from_str(&openapi::text()).unwrap();
        let page = PAGE.as_str();
        let mut count = 0;
        for (path, item) in entries(&document["paths"]) {
            for (method, _) in entries(item) {
                let heading = format!("<code>{} {path}</code></h3>", method.to_uppercase());
                assert_eq!(page.matches(&heading).count(), 1, "{heading}");
                count += 1;
            }
        }
        assert!(count > 70, "{count}");
        for (name, _) in entries(&document["components"]["schemas"]) {
            assert!(page.contains(&format!(">{name}</h3>")), "{name}");
        }
        assert!(page.contains("<title>Reference of the API - Fairway</title>"));
        assert!(page.contains("href=\"/docs/api.md\"") && page.contains("href=\"/openapi.json\""));
    }

    #[test]
    fn every_link_of_the_reference_has_its_place() {
        let mut found = 0;
        for part in PAGE.split("href=\"#").skip(1) {
            let place = part.split('"').next().unwrap();
            let there = place == "content" || PAGE.contains(&format!("id=\"{place}\""));
            assert!(there, "{place}");
            found += 1;
        }
        assert!(found > 200, "{found}");
    }

    #[test]
    fn markup_of_the_description_stays_text() {
        let of = serde_json::json!({ "summary": "<script>a|b</script>", "responses": {} });
        let mut out = String::new();
        operation(&mut out, "GET /x", &of);
        assert!(!out.contains("<script") && out.contains("a\\|b"), "{out}");
    }
}
