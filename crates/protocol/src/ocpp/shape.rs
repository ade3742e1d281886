//! Checks a payload against the shape of its message: what is missing, of the wrong type, or outside a bound, with its JSON pointer.
//!
//! Deviations that real stations are known for are accepted and told as findings: unknown names, texts longer than the schema
//! allows where nothing depends on them, empty lists.

use super::Finding;
use super::frame::{RpcCode, Violation};
use super::number::{read_time, scaled};
use serde_json::{Map, Value};

/// Longest text accepted where a field is marked [`Kind::Lax`].
pub(super) const MAX_LAX_TEXT: usize = 1_024;
/// Longest list of any message.
const MAX_LIST: usize = 1_024;
/// Most findings told per payload.
const MAX_FINDINGS: usize = 16;

/// What a field may hold.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// Text of at most so many characters by the schema; more is odd, not wrong.
    Lax(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    Integer,
    /// A number that fits 38 digits.
    Decimal,
    Boolean,
    Time,
    Object(&'static [Field]),
    /// At least so many items by the schema (fewer is odd, not wrong).
    List(usize, &'static Kind),
    Any,
}

/// One field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: true,
        kind,
    }
}

pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: false,
        kind,
    }
}

/// Checks `payload`, adding what is odd to `findings`.
pub(super) fn check(
    fields: &'static [Field],
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    object(fields, payload, "", findings)
}

fn object(
    fields: &'static [Field],
    map: &Map<String, Value>,
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    for field in fields {
        let at = format!("{at}/{}", field.name);
        match map.get(field.name) {
            None if field.required => {
                return Err(Violation::new(
                    RpcCode::OccurrenceConstraintViolation,
                    &at,
                    "required and missing",
                ));
            }
            None => {}
            // A null stands for a missing field in the JSON of some stations.
            Some(Value::Null) if !field.required => odd(findings, &at, "null; taken as missing"),
            Some(value) => one(&field.kind, value, &at, findings)?,
        }
    }
    for name in map
        .keys()
        .filter(|name| *name != "customData" && !fields.iter().any(|f| f.name == *name))
    {
        let name: String = name.chars().take(64).collect();
        odd(
            findings,
            &format!("{at}/{name}"),
            "not a field of this message; ignored",
        );
    }
    Ok(())
}

fn odd(findings: &mut Vec<Finding>, at: &str, what: &str) {
    if findings.len() < MAX_FINDINGS {
        findings.push(Finding::new(at, what));
    }
}

fn one(
    kind: &'static Kind,
    value: &Value,
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    let wrong_type = |expected: &str| {
        Violation::new(
            RpcCode::TypeConstraintViolation,
            at,
            format!("{expected} expected, not {}", name_of(value)),
        )
    };
    match kind {
        Kind::Text(max) => text(value, *max, at),
        Kind::Lax(max) => lax_text(value, *max, at, findings),
        Kind::OneOf(words) => {
            let word = value.as_str().ok_or_else(|| wrong_type("a string"))?;
            if words.contains(&word) {
                Ok(())
            } else {
                Err(property(at, format!("none of {}", words.join(", "))))
            }
        }
        Kind::Integer => value
            .as_i64()
            .map(|_| ())
            .ok_or_else(|| wrong_type("an integer of 64 bits")),
        Kind::Decimal => {
            let number = value.as_number().ok_or_else(|| wrong_type("a number"))?;
            scaled(number.as_str(), 9).map(|_| ()).ok_or_else(|| {
                property(
                    at,
                    "a number out of range: at most 29 digits before the point".into(),
                )
            })
        }
        Kind::Boolean => value
            .as_bool()
            .map(|_| ())
            .ok_or_else(|| wrong_type("true or false")),
        Kind::Time => {
            let text = value.as_str().ok_or_else(|| wrong_type("a string"))?;
            read_time(text).map(|_| ()).ok_or_else(|| {
                Violation::new(
                    RpcCode::FormatViolation,
                    at,
                    "no RFC 3339 time such as 2026-11-23T08:21:27.000Z",
                )
            })
        }
        Kind::Object(fields) => object(
            fields,
            value.as_object().ok_or_else(|| wrong_type("an object"))?,
            at,
            findings,
        ),
        Kind::List(min, kind) => list(
            *min,
            kind,
            value.as_array().ok_or_else(|| wrong_type("a list"))?,
            at,
            findings,
        ),
        Kind::Any => Ok(()),
    }
}

fn list(
    min: usize,
    kind: &'static Kind,
    items: &[Value],
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    if items.len() > MAX_LIST {
        return Err(Violation::new(
            RpcCode::OccurrenceConstraintViolation,
            at,
            format!("{} items; at most {MAX_LIST} are read", items.len()),
        ));
    }
    if items.len() < min {
        odd(
            findings,
            at,
            &format!("{} items; the schema asks for {min}", items.len()),
        );
    }
    items
        .iter()
        .enumerate()
        .try_for_each(|(i, item)| one(kind, item, &format!("{at}/{i}"), findings))
}

fn lax_text(
    value: &Value,
    max: usize,
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    text(value, MAX_LAX_TEXT, at)?;
    let length = value.as_str().unwrap_or_default().chars().count();
    if length > max {
        odd(
            findings,
            at,
            &format!("{length} characters; the schema allows {max}"),
        );
    }
    Ok(())
}

fn text(value: &Value, max: usize, at: &str) -> Result<(), Violation> {
    let text = value.as_str().ok_or_else(|| {
        Violation::new(
            RpcCode::TypeConstraintViolation,
            at,
            format!("a string expected, not {}", name_of(value)),
        )
    })?;
    let length = text.chars().count();
    if length > max {
        Err(property(
            at,
            format!("{length} characters; at most {max} are allowed"),
        ))
    } else {
        Ok(())
    }
}

fn property(at: &str, rule: String) -> Violation {
    Violation::new(RpcCode::PropertyConstraintViolation, at, rule)
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
