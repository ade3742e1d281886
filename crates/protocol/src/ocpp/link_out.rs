//! A station's words, as payloads.

use super::{VENDOR, samples, vendor};
use fairway_model::station::{
    ConnectorState, InputMethod, MeterSample, Presented, ReadingContext, StopReason,
    TransactionReport,
};
use fairway_model::time::MINUTE;
use fairway_model::{SessionId, Time};
use serde_json::{Value, json};

/// Longest `idToken` (OCPP 2.0.1).
const MAX_ID_TOKEN: usize = 36;
/// An event told this much later than it happened counts as `offline`.
const OFFLINE_AFTER: i64 = MINUTE;

/// `BootNotification`.
pub(super) fn boot(
    vendor_name: &str,
    serial: &str,
    model: &str,
    firmware: &str,
    first: bool,
) -> Value {
    let cut = |text: &str, max: usize| text.chars().take(max).collect::<String>();
    json!({
        "reason": if first { "PowerUp" } else { "Unknown" },
        "chargingStation": {
            "vendorName": cut(vendor_name, 50), "model": cut(model, 20),
            "serialNumber": cut(serial, 25), "firmwareVersion": cut(firmware, 50),
        },
        "customData": { "vendorId": VENDOR },
    })
}

/// `StatusNotification`.
pub(super) fn status(now: Time, evse: u32, state: ConnectorState) -> Value {
    let word = match state {
        ConnectorState::Available => "Available",
        ConnectorState::Occupied => "Occupied",
        ConnectorState::Reserved => "Reserved",
        ConnectorState::Unavailable => "Unavailable",
        ConnectorState::Faulted => "Faulted",
    };
    json!({ "timestamp": now.rfc3339(), "connectorStatus": word, "evseId": evse, "connectorId": 1 })
}

/// An `IdTokenType`; `None` when the credential is longer than OCPP 2.0.1 can carry.
fn id_token(presented: &Presented) -> Option<Value> {
    let kind = match presented.method {
        InputMethod::DialPad => "KeyCode",
        InputMethod::Rfid => "ISO14443",
        InputMethod::Code => "Central",
        InputMethod::Contract => "eMAID",
    };
    let pin = presented.pin.as_deref().unwrap_or_default();
    if presented.token.chars().count() > MAX_ID_TOKEN || pin.chars().count() > MAX_ID_TOKEN {
        return None;
    }
    let mut token = json!({ "idToken": presented.token, "type": kind });
    if let (Some(map), false) = (token.as_object_mut(), pin.is_empty()) {
        map.insert(
            "additionalInfo".into(),
            json!([{ "additionalIdToken": pin, "type": "PIN" }]),
        );
    }
    Some(token)
}

/// `Authorize`; `None` when the credential is too long.
pub(super) fn authorize(evse: Option<u32>, presented: &Presented) -> Option<Value> {
    let token = id_token(presented)?;
    let mut payload = json!({ "idToken": token });
    if let (Some(map), Some(evse)) = (payload.as_object_mut(), evse) {
        map.insert(
            "customData".into(),
            vendor::custom(json!({ "evseId": evse })),
        );
    }
    Some(payload)
}

/// `DataTransfer` with the driver's answer.
pub(super) fn consent(session: SessionId, accepted: bool) -> Value {
    json!({ "vendorId": VENDOR, "messageId": vendor::CONSENT, "data": { "session": session.to_string(), "accepted": accepted } })
}

/// Which event a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Started,
    Updated,
    Ended(StopReason),
}

/// `TransactionEvent`.
pub(super) fn transaction(
    now: Time,
    event: Event,
    report: &TransactionReport,
    meter_spki: &[u8],
) -> Value {
    let (word, reason) = match event {
        Event::Started => ("Started", None),
        Event::Updated => ("Updated", None),
        Event::Ended(reason) => ("Ended", Some(stopped(reason))),
    };
    let mut info = json!({ "transactionId": report.transaction, "chargingState": if report.charging { "Charging" } else { "Idle" } });
    if let Some(info) = info.as_object_mut() {
        info.extend(reason.map(|r| ("stoppedReason".to_owned(), json!(r))));
        info.extend(
            report
                .remote_start
                .map(|n| ("remoteStartId".to_owned(), json!(n))),
        );
    }
    let mut payload = json!({
        "eventType": word, "timestamp": report.at.rfc3339(), "triggerReason": trigger(event, report), "seqNo": report.seq,
        "offline": now.since(report.at) > OFFLINE_AFTER, "transactionInfo": info,
    });
    if let Some(map) = payload.as_object_mut() {
        map.extend(
            report
                .evse
                .map(|evse| ("evse".to_owned(), json!({ "id": evse, "connectorId": 1 }))),
        );
        let token = report
            .session
            .map(vendor::session_token)
            .or_else(|| report.presented.as_ref().and_then(id_token));
        map.extend(token.map(|token| ("idToken".to_owned(), token)));
        if !report.samples.is_empty() {
            map.insert(
                "meterValue".into(),
                samples::write(&report.samples, meter_spki),
            );
        }
    }
    payload
}

fn stopped(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Local => "Local",
        StopReason::Full => "SOCLimitReached",
        StopReason::EvDisconnected => "EVDisconnected",
        StopReason::Remote => "Remote",
        StopReason::LimitReached => "EnergyLimitReached",
        StopReason::PowerLoss => "PowerLoss",
        StopReason::Fault => "Other",
    }
}

fn trigger(event: Event, report: &TransactionReport) -> &'static str {
    let periodic = |s: &MeterSample| s.context == ReadingContext::Interval;
    match event {
        Event::Started if report.remote_start.is_some() => "RemoteStart",
        Event::Started => "Authorized",
        Event::Updated if report.charging && report.samples.iter().any(periodic) => {
            "MeterValuePeriodic"
        }
        Event::Updated | Event::Ended(StopReason::Full) => "ChargingStateChanged",
        Event::Ended(StopReason::Local) => "StopAuthorized",
        Event::Ended(StopReason::EvDisconnected) => "EVDeparted",
        Event::Ended(StopReason::Remote) => "RemoteStop",
        Event::Ended(StopReason::LimitReached) => "EnergyLimitReached",
        Event::Ended(StopReason::PowerLoss | StopReason::Fault) => "AbnormalCondition",
    }
}
