//! The JSON Schema of the configuration file, made from the types that read it, so that no key can be missing in it.

use super::Config;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema as _};

/// Where the types' own references point, and where they point in a schema that stands alone.
const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

/// The schema, in the version of 2020-12.
///
/// # Errors
/// When it cannot be written, which is our fault.
pub fn schema() -> Result<Value, String> {
    let value = |schema| serde_json::to_value(schema).map_err(|e: serde_json::Error| e.to_string());
    let mut parts = Vec::new();
    Config::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, local(value(part)?));
    }
    let Value::Object(mut whole) = local(value(Config::schema())?) else {
        return Err("the configuration's schema is no object".to_owned());
    };
    let heading = json!("https://json-schema.org/draft/2020-12/schema");
    whole.insert("$schema".to_owned(), heading);
    whole.insert("title".to_owned(), json!("fairway.toml"));
    whole.insert("$defs".to_owned(), Value::Object(definitions));
    Ok(Value::Object(whole))
}

/// The same with references inside the schema.
fn local(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(
            text.strip_prefix(COMPONENTS)
                .map_or_else(|| text.clone(), |name| format!("{DEFINITIONS}{name}")),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(local).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(k, v)| (k, local(v))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const FULL: &str = include_str!("full.toml");

    /// Keys of which a file has one at most, beside `url`.
    const OTHERS: [&str; 2] = ["file", "synthetic"];

    /// The schema behind a reference, also where the value may be left out.
    fn resolved<'a>(whole: &'a Value, at: &'a Value) -> &'a Value {
        let listed = at.get("oneOf").and_then(Value::as_array);
        let mut all = std::iter::once(at).chain(listed.into_iter().flatten());
        let name = all.find_map(|s| s.get("$ref").and_then(Value::as_str));
        let name = name.and_then(|n| n.strip_prefix(DEFINITIONS));
        name.map_or(at, |name| {
            let found = whole.get("$defs").and_then(|d| d.get(name));
            found.unwrap_or_else(|| panic!("{name} is not defined"))
        })
    }

    /// Every key of a table is in its schema, and every key of the schema is in the table.
    fn compare(whole: &Value, at: &Value, table: &toml::Table, place: &str) {
        assert_eq!(at["additionalProperties"], false, "{place}: {at}");
        let known = at["properties"].as_object().unwrap();
        for (key, value) in table {
            let place = format!("{place}.{key}");
            let schema = known
                .get(key)
                .unwrap_or_else(|| panic!("{place} is missing"));
            let schema = resolved(whole, schema);
            if let (toml::Value::Table(below), Some(_)) = (value, schema.get("properties")) {
                compare(whole, schema, below, &place);
            }
        }
        for key in known.keys().filter(|key| !OTHERS.contains(&key.as_str())) {
            assert!(table.contains_key(key), "{place}.{key} is not in full.toml");
        }
        for must in at["required"].as_array().into_iter().flatten() {
            assert!(known.contains_key(must.as_str().unwrap()));
        }
    }

    #[test]
    fn the_schema_has_every_key_and_no_other() {
        let whole = schema().unwrap();
        let table: toml::Table = toml::from_str(FULL).unwrap();
        compare(&whole, &whole, &table, "fairway.toml");
        let text = whole.to_string();
        assert!(!text.contains(COMPONENTS), "{text}");
        assert!(text.contains("Health and operator's commands"), "{text}");
        let required = whole["required"].as_array().unwrap();
        assert_eq!(required.len(), 3, "{required:?}");
    }

    #[test]
    fn every_key_can_be_read_and_shown() {
        let config = Config::parse(FULL, std::path::Path::new("/x/fairway.toml")).unwrap();
        let shown = toml::to_string(&config.without_secrets()).unwrap();
        let table: toml::Table = toml::from_str(FULL).unwrap();
        let again: toml::Table = toml::from_str(&shown).unwrap();
        let keys = |table: &toml::Table| table.keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(keys(&table), keys(&again));
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("postgres://fairway:***@db/duke"), "{shown}");
        assert!(shown.contains("/loads.csv?area=DUK&api_key=***"), "{shown}");
    }
}
