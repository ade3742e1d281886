//! The three frames of OCPP-J 2.0.1 (part 4, section 4): CALL, CALLRESULT, CALLERROR.

use super::scan::scan;
use super::{Finding, MAX_FRAME, MAX_MESSAGE_ID};
use serde_json::{Map, Value, json};

/// Longest `errorDescription` (OCPP-J 2.0.1, 4.2.3).
const MAX_DESCRIPTION: usize = 255;
/// The `messageId` of an answer to a frame whose own could not be read (OCPP-J 2.0.1, 4.2.3).
const UNREADABLE_ID: &str = "-1";
/// Longest action name that is looked at.
const MAX_ACTION: usize = 64;

/// Error codes of OCPP-J 2.0.1, table 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RpcCode {
    FormatViolation,
    InternalError,
    MessageTypeNotSupported,
    NotImplemented,
    NotSupported,
    OccurrenceConstraintViolation,
    PropertyConstraintViolation,
    RpcFrameworkError,
    SecurityError,
    TypeConstraintViolation,
}

impl RpcCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::FormatViolation => "FormatViolation",
            Self::InternalError => "InternalError",
            Self::MessageTypeNotSupported => "MessageTypeNotSupported",
            Self::NotImplemented => "NotImplemented",
            Self::NotSupported => "NotSupported",
            Self::OccurrenceConstraintViolation => "OccurrenceConstraintViolation",
            Self::PropertyConstraintViolation => "PropertyConstraintViolation",
            Self::RpcFrameworkError => "RpcFrameworkError",
            Self::SecurityError => "SecurityError",
            Self::TypeConstraintViolation => "TypeConstraintViolation",
        }
    }
}

/// What is wrong with a call: the code, the place and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) code: RpcCode,
    /// JSON pointer into the payload; empty for the frame or the payload itself.
    pub(super) at: String,
    pub(super) rule: String,
}

impl Violation {
    pub(super) fn new(code: RpcCode, at: &str, rule: impl Into<String>) -> Self {
        Self {
            code,
            at: at.to_owned(),
            rule: rule.into(),
        }
    }

    /// As one sentence: place and rule.
    pub(super) fn sentence(&self) -> String {
        if self.at.is_empty() {
            self.rule.clone()
        } else {
            format!("{}: {}", self.at, self.rule)
        }
    }
}

/// A frame of the peer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Frame {
    Call {
        id: String,
        action: String,
        payload: Map<String, Value>,
    },
    Result {
        id: String,
        payload: Value,
    },
    Error {
        id: String,
        code: String,
        text: String,
    },
}

/// A text that is no frame: the answer to send, where one is due, and what to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) reply: Option<String>,
    pub(super) finding: Finding,
}

/// Reads one frame, with what was odd about its text.
pub(super) fn parse(text: &str) -> Result<(Frame, Vec<Finding>), Unreadable> {
    let framework = |rule: String| {
        refuse(
            UNREADABLE_ID,
            &Violation::new(RpcCode::RpcFrameworkError, "", rule),
        )
    };
    if text.len() > MAX_FRAME {
        return Err(framework(format!(
            "frame of {} bytes; at most {MAX_FRAME} are read",
            text.len()
        )));
    }
    let findings = scan(text).map_err(|at| {
        framework(format!(
            "nested deeper than {} levels at byte {at}",
            super::MAX_DEPTH
        ))
    })?;
    let value: Value =
        serde_json::from_str(text).map_err(|e| framework(format!("no JSON: {e}")))?;
    let Value::Array(items) = value else {
        return Err(framework(
            "a frame is a JSON array of 3, 4 or 5 elements".into(),
        ));
    };
    Ok((frame(items)?, findings))
}

fn frame(items: Vec<Value>) -> Result<Frame, Unreadable> {
    let count = items.len();
    let mut items = items.into_iter();
    let kind = items.next().and_then(|v| v.as_u64());
    let id = match items.next() {
        Some(Value::String(id)) if !id.is_empty() && id.chars().count() <= MAX_MESSAGE_ID => id,
        _ => {
            let rule = format!(
                "the second element is the messageId, a string of 1 to {MAX_MESSAGE_ID} characters"
            );
            return Err(answer_if_call(
                kind,
                UNREADABLE_ID,
                &Violation::new(RpcCode::RpcFrameworkError, "", rule),
            ));
        }
    };
    match (kind, count) {
        (Some(2), 4) => call_frame(id, items.next(), items.next()),
        (Some(3), 3) => Ok(Frame::Result {
            id,
            payload: items.next().unwrap_or(Value::Null),
        }),
        // Some stations leave the details out.
        (Some(4), 4 | 5) => Ok(Frame::Error {
            id,
            code: text_of(items.next().as_ref()),
            text: text_of(items.next().as_ref()),
        }),
        (Some(2), _) => Err(refuse(
            &id,
            &Violation::new(
                RpcCode::RpcFrameworkError,
                "",
                format!("a CALL has 4 elements, not {count}"),
            ),
        )),
        (Some(3 | 4), _) => Err(unanswered(&format!(
            "an answer with {count} elements; 3 or 5 were expected"
        ))),
        _ => Err(refuse(
            &id,
            &Violation::new(
                RpcCode::MessageTypeNotSupported,
                "",
                "the first element is 2, 3 or 4",
            ),
        )),
    }
}

fn call_frame(
    id: String,
    action: Option<Value>,
    payload: Option<Value>,
) -> Result<Frame, Unreadable> {
    let violation = |code, rule: &str| Violation::new(code, "", rule);
    let Some(Value::String(action)) = action else {
        return Err(refuse(
            &id,
            &violation(
                RpcCode::RpcFrameworkError,
                "the third element of a CALL is the action, a string",
            ),
        ));
    };
    if action.len() > MAX_ACTION {
        return Err(refuse(
            &id,
            &violation(
                RpcCode::NotImplemented,
                "the action's name is longer than that of any action",
            ),
        ));
    }
    let Some(Value::Object(payload)) = payload else {
        return Err(refuse(
            &id,
            &violation(RpcCode::FormatViolation, "the payload is a JSON object"),
        ));
    };
    Ok(Frame::Call {
        id,
        action,
        payload,
    })
}

fn text_of(value: Option<&Value>) -> String {
    value
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(MAX_DESCRIPTION)
        .collect()
}

fn refuse(id: &str, violation: &Violation) -> Unreadable {
    Unreadable {
        reply: Some(error(id, violation)),
        finding: Finding::new("", &violation.rule),
    }
}

/// Answers are never answered: two peers could go on for ever.
fn unanswered(what: &str) -> Unreadable {
    Unreadable {
        reply: None,
        finding: Finding::new("", what),
    }
}

fn answer_if_call(kind: Option<u64>, id: &str, violation: &Violation) -> Unreadable {
    if matches!(kind, Some(3 | 4)) {
        unanswered(&violation.rule)
    } else {
        refuse(id, violation)
    }
}

/// A CALL as text.
pub(super) fn call(id: &str, action: &str, payload: &Value) -> String {
    json!([2, id, action, payload]).to_string()
}

/// A CALLRESULT as text.
pub(super) fn result(id: &str, payload: &Value) -> String {
    json!([3, id, payload]).to_string()
}

/// A CALLERROR as text.
pub(super) fn error(id: &str, violation: &Violation) -> String {
    let description: String = violation.sentence().chars().take(MAX_DESCRIPTION).collect();
    let details = if violation.at.is_empty() {
        json!({})
    } else {
        json!({ "at": violation.at })
    };
    json!([4, id, violation.code.as_str(), description, details]).to_string()
}
