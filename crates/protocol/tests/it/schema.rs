//! Every frame in fixtures/ocpp against the official schemas: as the types that `ocpp-types` generated from them, and in Python with
//! the schema files that the package `ocpp` ships.

#![expect(
    clippy::disallowed_methods,
    reason = "tests find the peers' Python by a variable"
)]

use ocpp_types::v201;
use ocpp_types::validate::Validate;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

const FRAMES: &[&str] = &[
    include_str!("../../../../fixtures/ocpp/charge.frames"),
    include_str!("../../../../fixtures/ocpp/foreign.frames"),
];

fn fits<T: DeserializeOwned + Validate>(payload: &Value) -> Result<(), String> {
    let typed: T = serde_json::from_value(payload.clone()).map_err(|e| e.to_string())?;
    typed.validate().map_err(|e| e.to_string())
}

fn check(action: &str, request: bool, payload: &Value) -> Result<(), String> {
    macro_rules! actions {
        ($($name:literal: $request:ty, $response:ty;)+) => {
            match action {
                $($name => if request { fits::<$request>(payload) } else { fits::<$response>(payload) },)+
                other => Err(format!("no type for {other}")),
            }
        };
    }
    actions! {
        "Authorize": v201::AuthorizeRequest, v201::AuthorizeResponse;
        "BootNotification": v201::BootNotificationRequest, v201::BootNotificationResponse;
        "CostUpdated": v201::CostUpdatedRequest, v201::CostUpdatedResponse;
        "DataTransfer": v201::DataTransferRequest<Value>, v201::DataTransferResponse<Value>;
        "RequestStartTransaction": v201::RequestStartTransactionRequest, v201::RequestStartTransactionResponse;
        "RequestStopTransaction": v201::RequestStopTransactionRequest, v201::RequestStopTransactionResponse;
        "SetDisplayMessage": v201::SetDisplayMessageRequest, v201::SetDisplayMessageResponse;
        "StatusNotification": v201::StatusNotificationRequest, v201::StatusNotificationResponse;
        "TransactionEvent": v201::TransactionEventRequest, v201::TransactionEventResponse;
    }
}

#[test]
fn frames_fit_the_official_types() {
    let mut seen = BTreeMap::new();
    for text in FRAMES {
        let mut calls: BTreeMap<String, String> = BTreeMap::new();
        for line in text.lines() {
            let frame: Value = serde_json::from_str(&line[2..]).unwrap();
            let id = frame[1].as_str().unwrap().to_owned();
            let (action, request, payload) = match frame[0].as_u64() {
                Some(2) => {
                    let action = frame[2].as_str().unwrap().to_owned();
                    calls.insert(id.clone(), action.clone());
                    (action, true, &frame[3])
                }
                Some(3) => (calls[&id].clone(), false, &frame[2]),
                _ => continue,
            };
            // The one call that is wrong on purpose is answered with CALLERROR.
            if id == "z" {
                continue;
            }
            check(&action, request, payload)
                .unwrap_or_else(|e| panic!("{action} {request}: {e}\n{line}"));
            *seen.entry((action, request)).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), 17, "{seen:?}");
}

/// Runs where the variable names a Python with the pinned packages of tests/peers; the test command sets it.
#[test]
fn peer_ocpp_frames_fit_the_official_schemas() {
    let Ok(python) = std::env::var("FAIRWAY_PEER_PYTHON") else {
        return;
    };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let out = std::process::Command::new(python)
        .arg(format!("{root}/tests/peers/ocpp_schemas.py"))
        .args([
            format!("{root}/fixtures/ocpp/charge.frames"),
            format!("{root}/fixtures/ocpp/foreign.frames"),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains(" frames fit"),
        "{said}{}",
        String::from_utf8_lossy(&out.stderr)
    );
}
