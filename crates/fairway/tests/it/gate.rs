//! What a station's connection meets that does not behave.

use crate::stage::Stage;
use fairway::demo::drive::Bay;
use fairway::demo::members::UTILITIES;
use fairway::node::tls;
use fairway::station::{Socket, open};
use fairway_model::StationId;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::Message;

async fn connect(stage: &Stage, station: &StationId, password: &str) -> Result<Socket, String> {
    let certificate = stage
        .world
        .genesis
        .find(UTILITIES[1].member().unwrap())
        .unwrap()
        .certificate_der()
        .unwrap();
    let tls = Arc::new(tls::station_client(certificate).unwrap());
    open(
        &stage.world.gateway(UTILITIES[1]).unwrap(),
        station,
        password,
        tls,
    )
    .await
}

async fn say(socket: &mut Socket, text: &str) {
    socket
        .send(Message::Text(text.to_owned().into()))
        .await
        .unwrap();
}

async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => panic!("closed: {frame:?}"),
            _ => {}
        }
    }
}

async fn booted(stage: &Stage, bay: &Bay) -> Socket {
    let mut socket = connect(stage, &bay.station, &bay.password).await.unwrap();
    let boot = json!([2, "b", "BootNotification", { "reason": "PowerUp", "chargingStation": { "model": "M", "vendorName": "V" } }]);
    say(&mut socket, &boot.to_string()).await;
    assert_eq!(hear(&mut socket).await[2]["status"], "Accepted");
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn process_gate_keeps_out_what_does_not_belong() {
    let stage = Stage::open("gate", BTreeMap::new()).await;
    let bay = stage.bay(1, 0);

    // Nobody gets in without the password, and guessing is slowed down.
    let error = connect(&stage, &bay.station, "wrong").await.unwrap_err();
    assert!(
        error.contains("401") && error.contains("unknown station or wrong password"),
        "{error}"
    );
    let error = connect(
        &stage,
        &StationId::parse("NOT-OURS").unwrap(),
        &bay.password,
    )
    .await
    .unwrap_err();
    assert!(error.contains("401"), "{error}");
    for _ in 0..5 {
        assert!(
            connect(&stage, &StationId::parse("GUESSED").unwrap(), "x")
                .await
                .is_err()
        );
    }
    let error = connect(&stage, &StationId::parse("GUESSED").unwrap(), "x")
        .await
        .unwrap_err();
    assert!(
        error.contains("429") && error.contains("wait a minute"),
        "{error}"
    );

    // A second connection under a live name is refused, and the first goes on.
    let mut first = booted(&stage, &bay).await;
    let error = connect(&stage, &bay.station, &bay.password)
        .await
        .unwrap_err();
    assert!(
        error.contains("409") && error.contains("connected already"),
        "{error}"
    );
    say(&mut first, r#"[2,"h1","Heartbeat",{}]"#).await;
    assert_eq!(hear(&mut first).await[1], "h1");

    broken_frames(&mut first).await;
    oversized(&stage, &bay, first).await;
    stage.close().await;
}

/// Each broken frame gets its own CALLERROR, and the connection stays.
async fn broken_frames(socket: &mut Socket) {
    for (frame, code) in [
        (r#"[2,"u1","NoSuchAction",{}]"#, "NotImplemented"),
        (
            r#"[2,"f1","Authorize",{"idToken":{"idToken":7,"type":"Central"}}]"#,
            "TypeConstraintViolation",
        ),
        (
            r#"[2,"o1","Authorize",{}]"#,
            "OccurrenceConstraintViolation",
        ),
        (
            r#"[2,"p1","Authorize",{"idToken":{"idToken":"1","type":"NoSuchType"}}]"#,
            "PropertyConstraintViolation",
        ),
    ] {
        say(socket, frame).await;
        let answer = hear(socket).await;
        assert_eq!(
            (&answer[0], &answer[2]),
            (&json!(4), &json!(code)),
            "{frame} -> {answer}"
        );
        assert!(!answer[3].as_str().unwrap().is_empty(), "{answer}");
    }
    say(socket, "[2,").await;
    assert_eq!(hear(socket).await[0], 4);
    say(socket, r#"[2,"h2","Heartbeat",{}]"#).await;
    assert_eq!(hear(socket).await[1], "h2");
}

/// A frame over the bound ends the connection with a reason in the log; the station can come back.
async fn oversized(stage: &Stage, bay: &Bay, mut socket: Socket) {
    let _ = socket
        .send(Message::Text(
            "x".repeat(fairway_protocol::ocpp::MAX_FRAME + 1).into(),
        ))
        .await;
    while let Some(Ok(_)) = socket.next().await {}
    stage.logged(1, "a frame is larger than").await;
    let mut again = loop {
        match connect(stage, &bay.station, &bay.password).await {
            Ok(socket) => break socket,
            Err(error) => assert!(error.contains("409"), "{error}"),
        }
    };
    say(&mut again, r#"[2,"h3","Heartbeat",{}]"#).await;
    assert_eq!(hear(&mut again).await[1], "h3");
    // An end of a transaction that never began is answered and bills nothing.
    let ended = json!([2, "e1", "TransactionEvent", { "eventType": "Ended", "timestamp": "2026-11-16T15:10:00.000Z", "triggerReason": "StopAuthorized",
        "seqNo": 5, "transactionInfo": { "transactionId": "never-began", "stoppedReason": "Local" } }]);
    say(&mut again, &ended.to_string()).await;
    assert_eq!(hear(&mut again).await[1], "e1");
    again
        .send(Message::Binary(vec![0, 1].into()))
        .await
        .unwrap();
    stage.logged(1, "binary frame").await;
}
