//! What stations say, as our words.

use super::frame::{RpcCode, Violation};
use super::get::Get;
use super::number::read_time;
use super::shape::check;
use super::{Finding, VENDOR, samples, shapes, vendor};
use fairway_model::station::{
    CallId, ConnectorState, FromStation, InputMethod, Presented, StopReason, TransactionReport,
};
use fairway_model::{SessionId, Time};
use serde_json::{Map, Value, json};

/// What a call of a station becomes.
#[derive(Debug)]
pub(super) enum Heard {
    /// Answered at once; perhaps a word for the utility.
    Answer(Value, Option<FromStation>),
    /// The utility answers; the word is made with the number of the request.
    Ask(Asked, Box<FromStation>),
}

/// What kind of answer a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Identify,
    Consent,
    /// Whether the request named a token: then the answer must judge it (OCPP 2.0.1, E05).
    Transaction {
        named_token: bool,
    },
}

/// Translates a call of a station that booted.
pub(super) fn hear(
    now: Time,
    call: CallId,
    action: &str,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<Heard, Violation> {
    match action {
        "Heartbeat" => Ok(Heard::Answer(json!({ "currentTime": now.rfc3339() }), None)),
        "StatusNotification" => status(payload, findings),
        "Authorize" => authorize(call, payload, findings),
        "TransactionEvent" => transaction(call, payload, findings),
        "MeterValues" => {
            check(shapes::METER_VALUES, payload, findings)?;
            findings.push(Finding::new(
                "",
                "meter values outside a transaction are not billed",
            ));
            Ok(Heard::Answer(json!({}), None))
        }
        "DataTransfer" => data_transfer(call, payload, findings),
        other => notification(other, payload, findings),
    }
}

/// The actions that have a meaning of their own here.
const HEARD: [&str; 7] = [
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
    "TransactionEvent",
];

/// An action of OCPP 2.0.1 by its own name, anything else as `other`: what is counted must have few names.
pub(super) fn known(action: &str) -> &'static str {
    let notifications = shapes::NOTIFICATIONS.iter().map(|(name, _)| *name);
    let all = HEARD.into_iter().chain(notifications);
    let all = all.chain(shapes::KNOWN_ACTIONS.iter().copied());
    all.into_iter()
        .find(|name| *name == action)
        .unwrap_or("other")
}

fn notification(
    action: &str,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<Heard, Violation> {
    if let Some((_, shape)) = shapes::NOTIFICATIONS
        .iter()
        .find(|(name, _)| *name == action)
    {
        check(shape, payload, findings)?;
        return Ok(Heard::Answer(json!({}), None));
    }
    if shapes::KNOWN_ACTIONS.contains(&action) {
        return Err(Violation::new(
            RpcCode::NotSupported,
            "",
            "this gateway does not offer the action",
        ));
    }
    Err(Violation::new(
        RpcCode::NotImplemented,
        "",
        "no action of OCPP 2.0.1 that a station sends",
    ))
}

/// The name and version told in a BootNotification, and whether it is a station of ours.
pub(super) fn boot(
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<(FromStation, bool), Violation> {
    check(shapes::BOOT, payload, findings)?;
    let of = |name: &str| {
        payload
            .text(&["chargingStation", name])
            .unwrap_or_default()
            .to_owned()
    };
    let booted = FromStation::Booted {
        model: format!("{} {}", of("vendorName"), of("model")),
        firmware: of("firmwareVersion"),
    };
    Ok((
        booted,
        payload.text(&["customData", "vendorId"]) == Some(VENDOR),
    ))
}

fn status(payload: &Map<String, Value>, findings: &mut Vec<Finding>) -> Result<Heard, Violation> {
    check(shapes::STATUS, payload, findings)?;
    let state = match payload.text(&["connectorStatus"]) {
        Some("Available") => ConnectorState::Available,
        Some("Occupied") => ConnectorState::Occupied,
        Some("Reserved") => ConnectorState::Reserved,
        Some("Unavailable") => ConnectorState::Unavailable,
        _ => ConnectorState::Faulted,
    };
    let evse = evse_number(payload.integer(&["evseId"]), "/evseId")?.unwrap_or(0);
    Ok(Heard::Answer(
        json!({}),
        Some(FromStation::Status { evse, state }),
    ))
}

fn evse_number(number: Option<i64>, at: &str) -> Result<Option<u32>, Violation> {
    let rule = || {
        Violation::new(
            RpcCode::PropertyConstraintViolation,
            at,
            "an EVSE number is 0 to 4294967295",
        )
    };
    number
        .map(|n| u32::try_from(n).map_err(|_| rule()))
        .transpose()
}

fn authorize(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<Heard, Violation> {
    check(shapes::AUTHORIZE, payload, findings)?;
    let evse = vendor::member(payload, "evseId")
        .and_then(Value::as_i64)
        .and_then(|n| u32::try_from(n).ok());
    match payload
        .value(&["idToken"])
        .and_then(Value::as_object)
        .and_then(presented)
    {
        Some(presented) => Ok(Heard::Ask(
            Asked::Identify,
            Box::new(FromStation::Identify {
                call,
                evse,
                presented,
            }),
        )),
        None => Ok(Heard::Answer(
            json!({ "idTokenInfo": { "status": "Invalid" } }),
            None,
        )),
    }
}

/// A credential; `None` for a token that names nobody.
fn presented(token: &Map<String, Value>) -> Option<Presented> {
    let method = match token.text(&["type"])? {
        "KeyCode" => InputMethod::DialPad,
        "ISO14443" | "ISO15693" => InputMethod::Rfid,
        "eMAID" | "MacAddress" => InputMethod::Contract,
        "NoAuthorization" => return None,
        _ => InputMethod::Code,
    };
    let mut text = token
        .text(&["idToken"])
        .filter(|text| !text.is_empty())?
        .to_owned();
    if method == InputMethod::Rfid {
        // Readers disagree about the case of hexadecimal digits; one card is one credential.
        text.make_ascii_uppercase();
    }
    let pin = token
        .list(&["additionalInfo"])
        .iter()
        .filter_map(Value::as_object)
        .find(|i| i.text(&["type"]) == Some("PIN"));
    Some(Presented {
        method,
        token: text,
        pin: pin
            .and_then(|i| i.text(&["additionalIdToken"]))
            .map(str::to_owned),
    })
}

fn transaction(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<Heard, Violation> {
    check(shapes::TRANSACTION, payload, findings)?;
    let token = payload.value(&["idToken"]).and_then(Value::as_object);
    let session = token
        .filter(|t| t.text(&["type"]) == Some("Central"))
        .and_then(|t| t.text(&["idToken"]))
        .and_then(|t| SessionId::parse(t).ok());
    let seq = u64::try_from(payload.integer(&["seqNo"]).unwrap_or(-1)).map_err(|_| {
        Violation::new(
            RpcCode::PropertyConstraintViolation,
            "/seqNo",
            "a sequence number counts up from 0",
        )
    })?;
    let remote = payload.integer(&["transactionInfo", "remoteStartId"]);
    let remote_start = remote.and_then(|n| u32::try_from(n).ok());
    if remote.is_some() && remote_start.is_none() {
        findings.push(Finding::new(
            "/transactionInfo/remoteStartId",
            "no number that a start command ever had; ignored",
        ));
    }
    let report = TransactionReport {
        transaction: payload
            .text(&["transactionInfo", "transactionId"])
            .unwrap_or_default()
            .to_owned(),
        evse: evse_number(payload.integer(&["evse", "id"]), "/evse/id")?,
        seq,
        at: payload
            .text(&["timestamp"])
            .and_then(read_time)
            .unwrap_or_default(),
        remote_start,
        charging: payload.text(&["transactionInfo", "chargingState"]) == Some("Charging"),
        samples: samples::read(payload.list(&["meterValue"]), "/meterValue", findings)?,
        session,
        presented: if session.is_some() {
            None
        } else {
            token.and_then(presented)
        },
    };
    let word = match payload.text(&["eventType"]) {
        Some("Started") => FromStation::Started { call, report },
        Some("Ended") => FromStation::Ended {
            call,
            report,
            reason: reason(payload),
        },
        _ => FromStation::Updated { call, report },
    };
    Ok(Heard::Ask(
        Asked::Transaction {
            named_token: token.is_some(),
        },
        Box::new(word),
    ))
}

/// A missing reason means `Local` (OCPP 2.0.1, 2.48).
fn reason(payload: &Map<String, Value>) -> StopReason {
    match payload.text(&["transactionInfo", "stoppedReason"]) {
        None | Some("Local" | "MasterPass") => StopReason::Local,
        Some("SOCLimitReached" | "StoppedByEV") => StopReason::Full,
        Some("EVDisconnected" | "Timeout") => StopReason::EvDisconnected,
        Some("Remote" | "DeAuthorized") => StopReason::Remote,
        Some("EnergyLimitReached" | "TimeLimitReached" | "LocalOutOfCredit") => {
            StopReason::LimitReached
        }
        Some("PowerLoss" | "Reboot" | "ImmediateReset") => StopReason::PowerLoss,
        Some(_) => StopReason::Fault,
    }
}

fn data_transfer(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<Heard, Violation> {
    check(shapes::DATA_TRANSFER, payload, findings)?;
    if payload.text(&["vendorId"]) != Some(VENDOR) {
        return Ok(Heard::Answer(json!({ "status": "UnknownVendorId" }), None));
    }
    if payload.text(&["messageId"]) != Some(vendor::CONSENT) {
        return Ok(Heard::Answer(json!({ "status": "UnknownMessageId" }), None));
    }
    let missing =
        |at: &str, rule: &str| Violation::new(RpcCode::PropertyConstraintViolation, at, rule);
    let session = payload
        .text(&["data", "session"])
        .and_then(|t| SessionId::parse(t).ok());
    let session = session.ok_or_else(|| {
        missing(
            "/data/session",
            "the id of a charge: ses_ and 32 hexadecimal digits",
        )
    })?;
    let accepted = payload
        .value(&["data", "accepted"])
        .and_then(Value::as_bool);
    let accepted = accepted.ok_or_else(|| missing("/data/accepted", "true or false"))?;
    Ok(Heard::Ask(
        Asked::Consent,
        Box::new(FromStation::Consent {
            call,
            session,
            accepted,
        }),
    ))
}
