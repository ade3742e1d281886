//! Our words to stations, as payloads.

use super::csms_in::Asked;
use super::number::money;
use super::{VENDOR, vendor};
use fairway_model::station::{BillView, Identified};
use fairway_model::time::SECOND;
use fairway_model::{Energy, EvseId, Micro, Refusal, SessionId, Time};
use serde_json::{Value, json};

/// The answer to an `Authorize`. An offer is answered with a status that authorises nothing: energy needs consent, also at stations
/// that know nothing of offers. They show the price as the personal message, and the second presentation is the consent.
pub(super) fn identified(now: Time, answer: &Identified, ours: bool) -> Value {
    match answer {
        Identified::Offer(view) => {
            let seconds = view.valid_until.since(now).max(0).div_euclid(SECOND);
            let info = json!({ "status": "NotAtThisTime", "personalMessage": vendor::content(&vendor::offer_text(view, seconds)) });
            with_custom(
                json!({ "idTokenInfo": info }),
                ours.then(|| vendor::offer(view)),
            )
        }
        Identified::Consented(session) => accepted("consented", *session, ours),
        Identified::StopRequested(session) => accepted("stop", *session, ours),
        Identified::Refused(refusal) => {
            let info = json!({ "status": vendor::status_of(refusal.code), "personalMessage": vendor::content(&refusal.text) });
            with_custom(
                json!({ "idTokenInfo": info }),
                ours.then(|| refusal_data(refusal)),
            )
        }
    }
}

fn accepted(what: &str, session: SessionId, ours: bool) -> Value {
    let data = vendor::custom(json!({ what: session.to_string() }));
    with_custom(
        json!({ "idTokenInfo": { "status": "Accepted" } }),
        ours.then_some(data),
    )
}

fn refusal_data(refusal: &Refusal) -> Value {
    vendor::custom(json!({ "refusal": vendor::refusal(refusal) }))
}

fn with_custom(mut payload: Value, custom: Option<Value>) -> Value {
    if let (Some(map), Some(custom)) = (payload.as_object_mut(), custom) {
        map.insert("customData".into(), custom);
    }
    payload
}

/// The answer to a consent.
pub(super) fn consent_noted(refusal: Option<&Refusal>) -> Value {
    match refusal {
        None => json!({ "status": "Accepted" }),
        Some(r) => {
            json!({ "status": "Rejected", "statusInfo": vendor::status_info(r), "data": vendor::refusal(r) })
        }
    }
}

/// The answer to a transaction event.
pub(super) fn transaction_noted(
    asked: Asked,
    cost: Option<Micro>,
    refusal: Option<&Refusal>,
    ours: bool,
) -> Value {
    let mut payload = json!({});
    if let Some(map) = payload.as_object_mut() {
        if let Some(cost) = cost {
            map.insert("totalCost".into(), Value::Number(money(cost)));
        }
        if let Some(refusal) = refusal {
            map.insert(
                "idTokenInfo".into(),
                json!({ "status": "Invalid", "personalMessage": vendor::content(&refusal.text) }),
            );
            map.insert(
                "updatedPersonalMessage".into(),
                vendor::content(&refusal.text),
            );
        } else if asked == (Asked::Transaction { named_token: true }) {
            map.insert("idTokenInfo".into(), json!({ "status": "Accepted" }));
        }
    }
    with_custom(payload, refusal.filter(|_| ours).map(refusal_data))
}

/// `RequestStartTransaction`. The token is the charge's id: no credential is repeated.
pub(super) fn start(
    command: u32,
    evse: u32,
    evse_id: &EvseId,
    session: SessionId,
    limit: Option<Energy>,
    ours: bool,
) -> Value {
    let payload = json!({ "remoteStartId": command, "evseId": evse, "idToken": vendor::session_token(session) });
    let mut data = json!({ "evse": evse_id.as_str() });
    if let (Some(map), Some(limit)) = (data.as_object_mut(), limit) {
        map.insert("energyLimitMilliwattHours".into(), json!(limit.0));
    }
    with_custom(payload, ours.then(|| vendor::custom(data)))
}

/// `DataTransfer` with a bill.
pub(super) fn bill(view: &BillView) -> Value {
    json!({ "vendorId": VENDOR, "messageId": vendor::BILL, "data": vendor::bill(view) })
}

/// `DataTransfer` with a message.
pub(super) fn notice(session: SessionId, refusal: &Refusal) -> Value {
    json!({ "vendorId": VENDOR, "messageId": vendor::NOTICE, "data": { "session": session.to_string(), "refusal": vendor::refusal(refusal) } })
}

/// `CostUpdated`.
pub(super) fn cost(view: &BillView) -> Value {
    json!({ "totalCost": money(view.total), "transactionId": view.transaction })
}

/// `SetDisplayMessage` for stations that know no bill of ours.
pub(super) fn display(id: u32, text: &str) -> Value {
    json!({ "message": { "id": id, "priority": "InFront", "message": vendor::content(text) } })
}
