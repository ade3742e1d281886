//! What a gateway says, as our words.

use super::frame::{RpcCode, Violation};
use super::get::Get;
use super::number::read_money;
use super::shape::check;
use super::{Finding, VENDOR, shapes, vendor};
use fairway_model::station::{CallId, Identified, ToStation};
use fairway_model::{Energy, EvseId, Refusal, RefusalCode, SessionId};
use serde_json::{Map, Value, json};

/// What a call of the gateway becomes.
#[derive(Debug)]
pub(super) enum Ordered {
    /// Answered at once; perhaps a word for the station.
    Answer(Value, Option<ToStation>),
    /// The station answers the command with this number.
    Command(u32, ToStation),
}

/// Translates a call of the gateway. `stop` is the number that a stop command gets.
pub(super) fn order(
    action: &str,
    payload: &Map<String, Value>,
    evse_id: &EvseId,
    stop: u32,
    findings: &mut Vec<Finding>,
) -> Result<Ordered, Violation> {
    match action {
        "RequestStartTransaction" => start(payload, evse_id, findings),
        "RequestStopTransaction" => {
            check(shapes::REMOTE_STOP, payload, findings)?;
            let transaction = payload
                .text(&["transactionId"])
                .unwrap_or_default()
                .to_owned();
            Ok(Ordered::Command(
                stop,
                ToStation::Stop {
                    command: stop,
                    transaction,
                },
            ))
        }
        "CostUpdated" => {
            check(shapes::COST_UPDATED, payload, findings)?;
            Ok(Ordered::Answer(json!({}), None))
        }
        "SetDisplayMessage" => {
            check(shapes::DISPLAY, payload, findings)?;
            Ok(Ordered::Answer(json!({ "status": "Rejected" }), None))
        }
        "DataTransfer" => show(payload, findings),
        other if shapes::KNOWN_ACTIONS.contains(&other) => Err(Violation::new(
            RpcCode::NotSupported,
            "",
            "this station does not offer the action",
        )),
        _ => Err(Violation::new(
            RpcCode::NotImplemented,
            "",
            "no action of OCPP 2.0.1 that a gateway sends",
        )),
    }
}

fn start(
    payload: &Map<String, Value>,
    evse_id: &EvseId,
    findings: &mut Vec<Finding>,
) -> Result<Ordered, Violation> {
    check(shapes::REMOTE_START, payload, findings)?;
    let outside =
        |at: &str, rule: &str| Violation::new(RpcCode::PropertyConstraintViolation, at, rule);
    let number = |name: &str| payload.integer(&[name]).map(u32::try_from);
    let command = number("remoteStartId")
        .and_then(Result::ok)
        .ok_or_else(|| outside("/remoteStartId", "a number from 0 to 4294967295"))?;
    let Some(session) = payload
        .text(&["idToken", "idToken"])
        .and_then(|t| SessionId::parse(t).ok())
    else {
        let refusal = Refusal::new(
            RefusalCode::SessionUnknown,
            "the token is no charge id; this station starts only charges that were offered",
        );
        return Ok(Ordered::Answer(
            json!({ "status": "Rejected", "statusInfo": vendor::status_info(&refusal) }),
            None,
        ));
    };
    let evse = number("evseId")
        .unwrap_or(Ok(1))
        .map_err(|_| outside("/evseId", "an EVSE number"))?;
    let told = vendor::member(payload, "evse")
        .and_then(Value::as_str)
        .and_then(|t| EvseId::parse(t).ok());
    let limit = vendor::member(payload, "energyLimitMilliwattHours")
        .and_then(Value::as_u64)
        .map(Energy);
    let word = ToStation::Start {
        command,
        evse,
        evse_id: told.unwrap_or_else(|| evse_id.clone()),
        session,
        energy_limit: limit,
    };
    Ok(Ordered::Command(command, word))
}

fn show(payload: &Map<String, Value>, findings: &mut Vec<Finding>) -> Result<Ordered, Violation> {
    check(shapes::DATA_TRANSFER, payload, findings)?;
    if payload.text(&["vendorId"]) != Some(VENDOR) {
        return Ok(Ordered::Answer(
            json!({ "status": "UnknownVendorId" }),
            None,
        ));
    }
    let unreadable = |at: &str| {
        Violation::new(
            RpcCode::PropertyConstraintViolation,
            at,
            "not the canonical bytes of the value it names",
        )
    };
    let word = match payload.text(&["messageId"]) {
        Some(vendor::BILL) => {
            let view = vendor::unpack(payload.value(&["data", "canonical"]))
                .ok_or_else(|| unreadable("/data/canonical"))?;
            ToStation::Bill(Box::new(view))
        }
        Some(vendor::NOTICE) => {
            let session = payload
                .text(&["data", "session"])
                .and_then(|t| SessionId::parse(t).ok());
            let refusal = vendor::read_refusal(payload.value(&["data", "refusal"]));
            let (session, refusal) = session.zip(refusal).ok_or_else(|| unreadable("/data"))?;
            ToStation::Notice { session, refusal }
        }
        _ => {
            return Ok(Ordered::Answer(
                json!({ "status": "UnknownMessageId" }),
                None,
            ));
        }
    };
    Ok(Ordered::Answer(json!({ "status": "Accepted" }), Some(word)))
}

/// The answer to an `Authorize`.
pub(super) fn identified(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<ToStation, Violation> {
    check(shapes::AUTHORIZE_ANSWER, payload, findings)?;
    let status = payload.text(&["idTokenInfo", "status"]).unwrap_or_default();
    let session = |name: &str| {
        vendor::member(payload, name)
            .and_then(Value::as_str)
            .and_then(|t| SessionId::parse(t).ok())
    };
    let offer = vendor::member(payload, "canonical");
    let answer = if let Some(view) = vendor::unpack(offer) {
        Identified::Offer(Box::new(view))
    } else if let Some(session) = session("consented").filter(|_| status == "Accepted") {
        Identified::Consented(session)
    } else if let Some(session) = session("stop").filter(|_| status == "Accepted") {
        Identified::StopRequested(session)
    } else {
        if offer.is_some() {
            findings.push(vendor::unreadable("canonical"));
        }
        Identified::Refused(refusal(status, payload))
    };
    Ok(ToStation::Identified { call, answer })
}

/// The utility's refusal as it was, or what the status says.
fn refusal(status: &str, payload: &Map<String, Value>) -> Refusal {
    if let Some(refusal) = vendor::read_refusal(vendor::member(payload, "refusal")) {
        return refusal;
    }
    let said = payload
        .text(&["idTokenInfo", "personalMessage", "content"])
        .map(str::to_owned);
    match status {
        "Accepted" => Refusal::new(
            RefusalCode::NoOffer,
            "the gateway accepted the credential without offering a price; nothing starts without one",
        ),
        _ => Refusal::new(
            vendor::code_of(status),
            said.unwrap_or_else(|| format!("refused by the gateway: {status}")),
        ),
    }
}

/// The answer to a consent.
pub(super) fn consent_noted(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<ToStation, Violation> {
    check(shapes::DATA_TRANSFER_ANSWER, payload, findings)?;
    let refusal = match payload.text(&["status"]) {
        Some("Accepted") => None,
        status => Some(
            vendor::read_refusal(payload.value(&["data"])).unwrap_or_else(|| {
                let said = payload
                    .text(&["statusInfo", "additionalInfo"])
                    .or(status)
                    .unwrap_or_default();
                Refusal::new(
                    RefusalCode::NotAuthorized,
                    format!("the gateway does not take the consent: {said}"),
                )
            }),
        ),
    };
    Ok(ToStation::ConsentNoted { call, refusal })
}

/// The answer to a transaction event.
pub(super) fn transaction_noted(
    call: CallId,
    payload: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Result<ToStation, Violation> {
    check(shapes::TRANSACTION_ANSWER, payload, findings)?;
    let cost = payload.number(&["totalCost"]).and_then(read_money);
    let status = payload
        .text(&["idTokenInfo", "status"])
        .filter(|status| *status != "Accepted");
    Ok(ToStation::TransactionNoted {
        call,
        cost,
        refusal: status.map(|status| refusal(status, payload)),
    })
}
