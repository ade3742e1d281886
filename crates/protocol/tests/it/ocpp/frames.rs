//! What is refused and how, and what is accepted with a finding.

use super::{NOW, booted, error_of, event, evse, session, value};
use fairway_model::Energy;
use fairway_model::station::{ConnectorState, FromStation, StopReason, ToStation};
use fairway_protocol::ocpp::{
    CallResult, CsmsConfig, CsmsSession, Direction, MAX_FRAME, MAX_QUEUED, MAX_UNANSWERED,
    SendError,
};
use serde_json::json;

/// Frame, messageId of the answer, code, place.
const BAD_FRAMES: &[(&str, &str, &str, &str)] = &[
    ("", "-1", "RpcFrameworkError", ""),
    ("[2", "-1", "RpcFrameworkError", ""),
    ("{}", "-1", "RpcFrameworkError", ""),
    (r#"[2,7,"Heartbeat",{}]"#, "-1", "RpcFrameworkError", ""),
    (
        r#"[2,"1234567890123456789012345678901234567","Heartbeat",{}]"#,
        "-1",
        "RpcFrameworkError",
        "",
    ),
    (r#"[2,"1","Heartbeat"]"#, "1", "RpcFrameworkError", ""),
    (r#"[2,"1","Heartbeat",[]]"#, "1", "FormatViolation", ""),
    (
        r#"[9,"1","Heartbeat",{}]"#,
        "1",
        "MessageTypeNotSupported",
        "",
    ),
    (r#"[2,"1","Fly",{}]"#, "1", "NotImplemented", ""),
    (r#"[2,"1","SignCertificate",{}]"#, "1", "NotSupported", ""),
    (
        r#"[2,"1","Authorize",{}]"#,
        "1",
        "OccurrenceConstraintViolation",
        "/idToken",
    ),
    (
        r#"[2,"1","Authorize",{"idToken":"x"}]"#,
        "1",
        "TypeConstraintViolation",
        "/idToken",
    ),
    (
        r#"[2,"1","Authorize",{"idToken":{"idToken":"x","type":"Face"}}]"#,
        "1",
        "PropertyConstraintViolation",
        "/idToken/type",
    ),
    (
        r#"[2,"1","Authorize",{"idToken":{"idToken":"1234567890123456789012345678901234567","type":"Local"}}]"#,
        "1",
        "PropertyConstraintViolation",
        "/idToken/idToken",
    ),
];

#[test]
fn bad_frames_have_their_error() {
    let deep = format!(
        r#"[2,"1","Heartbeat",{}1{}]"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let large = format!(r#"[2,"1","Heartbeat",{{"x":"{}"}}]"#, "y".repeat(MAX_FRAME));
    let made = [large.as_str(), deep.as_str()].map(|frame| (frame, "-1", "RpcFrameworkError", ""));
    for (frame, id, code, at) in BAD_FRAMES.iter().copied().chain(made) {
        let step = booted().handle_text(NOW, frame);
        let shown: String = frame.chars().take(200).collect();
        assert_eq!(
            error_of(&step),
            (id.into(), code.into(), at.into()),
            "{shown}"
        );
        assert!(!step.findings.is_empty());
    }
}

#[test]
fn bad_transaction_events_name_the_place() {
    let sampled = "/meterValue/0/sampledValue/0";
    let joule = json!({ "unitOfMeasure": { "unit": "Joule" } });
    for (more, code, at) in [
        (
            json!({ "timestamp": "yesterday" }),
            "FormatViolation",
            "/timestamp".to_owned(),
        ),
        (
            json!({ "seqNo": -1 }),
            "PropertyConstraintViolation",
            "/seqNo".into(),
        ),
        (
            json!({ "seqNo": 1.5 }),
            "TypeConstraintViolation",
            "/seqNo".into(),
        ),
        (
            json!({ "transactionInfo": {} }),
            "OccurrenceConstraintViolation",
            "/transactionInfo/transactionId".into(),
        ),
        (
            value("-1", &json!({})),
            "PropertyConstraintViolation",
            format!("{sampled}/value"),
        ),
        (
            value("1e30", &json!({})),
            "PropertyConstraintViolation",
            format!("{sampled}/value"),
        ),
        (
            value("1e308", &json!({})),
            "PropertyConstraintViolation",
            format!("{sampled}/value"),
        ),
        (
            value("1", &joule),
            "PropertyConstraintViolation",
            format!("{sampled}/unitOfMeasure/unit"),
        ),
    ] {
        let step = booted().handle_text(NOW, &event("Started", 0, &more));
        assert_eq!(
            error_of(&step),
            ("Started-0".into(), code.into(), at),
            "{more}"
        );
    }
}

#[test]
fn answers_are_never_answered() {
    for frame in [
        "[3,\"none\",{}]",
        "[4,\"-1\",\"RpcFrameworkError\",\"x\",{}]",
        "[3,\"1\"]",
        "[4,7,\"x\",\"y\",{}]",
    ] {
        let step = booted().handle_text(NOW, frame);
        assert!(
            step.replies.is_empty() && step.words.is_empty() && step.findings.len() == 1,
            "{frame}"
        );
    }
}

#[test]
fn boot_comes_first() {
    let mut csms = CsmsSession::new(CsmsConfig::default());
    let step = csms.handle_text(NOW, "[2,\"1\",\"Heartbeat\",{}]");
    assert_eq!(error_of(&step).1, "SecurityError");
    let boot = r#"[2,"2","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]"#;
    let step = csms.handle_text(NOW, boot);
    assert_eq!(
        step.words,
        [FromStation::Booted {
            model: "V M".into(),
            firmware: String::new()
        }]
    );
    assert!(step.replies[0].contains("Accepted") && !csms.is_ours());
    assert_eq!(
        csms.handle_text(NOW, "[2,\"3\",\"Heartbeat\",{}]").replies,
        [r#"[3,"3",{"currentTime":"2026-11-23T08:20:00.000Z"}]"#]
    );
}

#[test]
fn quirks_of_the_field_are_accepted_and_told() {
    let mut csms = booted();
    let serial = "S".repeat(40);
    for (frame, at, what) in [
        (
            format!(r#"[2,"a","BootNotification",{{"reason":"PowerUp","chargingStation":{{"model":"M","vendorName":"V","serialNumber":"{serial}"}}}}]"#),
            "/chargingStation/serialNumber",
            "40 characters",
        ),
        (r#"[2,"b","Heartbeat",{"x":1,"x":2}]"#.into(), "", "twice"),
        (r#"[2,"c","MeterValues",{"evseId":1,"meterValue":[]}]"#.into(), "/meterValue", "0 items"),
        (r#"[2,"d","NotifyEvent",{"generatedAt":"2026-11-23T08:20:00Z","seqNo":0,"eventData":[{}],"more":1}]"#.into(), "/more", "not a field"),
        (r#"[2,"e","FirmwareStatusNotification",{"status":"Installed","requestId":null}]"#.into(), "/requestId", "null"),
    ] {
        let step = csms.handle_text(NOW, &frame);
        assert!(step.replies[0].starts_with("[3,"), "{:?}", step.replies);
        assert!(step.findings.iter().any(|f| f.at == at && f.what.contains(what)), "{:?}", step.findings);
    }
    let step = csms.handle_text(NOW, &event("Updated", 3, &value("1.2345678", &json!({}))));
    assert!(
        step.findings[0]
            .what
            .contains("finer than a milliwatt-hour")
    );
    let FromStation::Updated { report, .. } = &step.words[0] else {
        panic!()
    };
    assert_eq!(
        (report.samples[0].register, report.at),
        (Energy(1_234), NOW.plus(123))
    );
    assert_eq!(report.evse, None);
}

#[test]
fn registers_are_exact_in_every_unit() {
    for (number, more, expected) in [
        ("2935.6", json!({}), 2_935_600),
        (
            "2935.6",
            json!({ "unitOfMeasure": { "unit": "kWh" } }),
            2_935_600_000,
        ),
        (
            "29356",
            json!({ "unitOfMeasure": { "unit": "Wh", "multiplier": 2 } }),
            2_935_600_000,
        ),
        (
            "0.1",
            json!({ "unitOfMeasure": { "unit": "kWh" } }),
            100_000,
        ),
        ("9007199254740993.001", json!({}), 9_007_199_254_740_993_001),
        (
            "1.8e3",
            json!({ "measurand": "Energy.Active.Import.Register", "context": "Transaction.End" }),
            1_800_000,
        ),
    ] {
        let step = booted().handle_text(NOW, &event("Ended", 1, &value(number, &more)));
        let FromStation::Ended { report, .. } = &step.words[0] else {
            panic!("{step:?}")
        };
        assert_eq!(
            report.samples[0].register,
            Energy(expected),
            "{number} {more}"
        );
    }
    let phase = value("1", &json!({ "phase": "L1" }));
    let step = booted().handle_text(NOW, &event("Updated", 1, &phase));
    assert!(
        matches!(&step.words[0], FromStation::Updated { report, .. } if report.samples.is_empty())
    );
}

#[test]
fn statuses_and_reasons() {
    let mut csms = booted();
    let frame = r#"[2,"1","StatusNotification",{"timestamp":"2026-11-23T08:20:00Z","connectorStatus":"Faulted","evseId":2,"connectorId":1}]"#;
    assert_eq!(
        csms.handle_text(NOW, frame).words,
        [FromStation::Status {
            evse: 2,
            state: ConnectorState::Faulted
        }]
    );
    for (word, expected) in [
        ("Local", StopReason::Local),
        ("StoppedByEV", StopReason::Full),
        ("EVDisconnected", StopReason::EvDisconnected),
        ("DeAuthorized", StopReason::Remote),
        ("TimeLimitReached", StopReason::LimitReached),
        ("PowerLoss", StopReason::PowerLoss),
        ("GroundFault", StopReason::Fault),
    ] {
        let more = json!({ "transactionInfo": { "transactionId": "T1", "stoppedReason": word } });
        let step = booted().handle_text(NOW, &event("Ended", 9, &more));
        assert!(
            matches!(&step.words[0], FromStation::Ended { reason, report, .. } if *reason == expected && !report.charging)
        );
    }
}

#[test]
fn silence_has_an_end_both_ways() {
    let mut csms = booted();
    let start = |command| ToStation::Start {
        command,
        evse: 1,
        evse_id: evse(),
        session: session(),
        energy_limit: None,
    };
    assert_eq!(csms.send(NOW, &start(1)).unwrap().len(), 1);
    assert_eq!(
        csms.send(NOW, &start(2)).unwrap(),
        Vec::<String>::new(),
        "one call on the way at a time"
    );
    let step = csms.handle_text(
        NOW,
        "[2,\"q\",\"Authorize\",{\"idToken\":{\"idToken\":\"A\",\"type\":\"Local\"}}]",
    );
    let FromStation::Identify { call, .. } = step.words[0] else {
        panic!()
    };
    let again = csms.handle_text(NOW, "[2,\"q\",\"Heartbeat\",{}]");
    assert!(again.replies.is_empty() && again.findings[0].what.contains("used again"));
    assert_eq!(csms.poll_timeout(), Some(NOW.plus(25_000)));
    let later = NOW.plus(25_000);
    assert_eq!(error_of(&csms.handle_timeout(later)).1, "InternalError");
    let word = ToStation::ConsentNoted {
        call,
        refusal: None,
    };
    assert_eq!(csms.send(later, &word), Err(SendError::UnknownCall(call)));
    let step = csms.handle_timeout(NOW.plus(30_000));
    assert!(matches!(
        &step.words[..],
        [FromStation::CommandAnswered {
            command: 1,
            accepted: false,
            ..
        }]
    ));
    assert!(step.replies[0].contains("\"remoteStartId\":2"));
    let late = csms.handle_text(NOW, "[3,\"fw-1\",{\"status\":\"Accepted\"}]");
    assert!(late.words.is_empty() && late.findings.len() == 1);
    let closed = csms.closed().words;
    assert!(matches!(
        closed[..],
        [
            FromStation::CommandAnswered {
                command: 2,
                accepted: false,
                ..
            },
            FromStation::Disconnected
        ]
    ));
    assert_eq!(csms.send(later, &word), Err(SendError::Closed));
}

#[test]
fn queues_are_bounded() {
    let mut csms = booted();
    let halt = ToStation::Stop {
        command: 1,
        transaction: "T".into(),
    };
    for _ in 0..=MAX_QUEUED {
        csms.send(NOW, &halt).unwrap();
    }
    assert_eq!(csms.send(NOW, &halt), Err(SendError::QueueFull));
    for i in 0..MAX_UNANSWERED {
        assert_eq!(
            csms.handle_text(
                NOW,
                &event("Updated", i64::try_from(i).unwrap(), &json!({}))
            )
            .words
            .len(),
            1
        );
    }
    let step = csms.handle_text(NOW, &event("Updated", 99, &json!({})));
    assert_eq!(error_of(&step).1, "InternalError");
}

#[test]
fn a_rejected_command_says_why() {
    let mut csms = booted();
    csms.send(
        NOW,
        &ToStation::Stop {
            command: 5,
            transaction: "T".into(),
        },
    )
    .unwrap();
    let answer = r#"[3,"fw-1",{"status":"Rejected","statusInfo":{"reasonCode":"x","additionalInfo":"no such transaction"}}]"#;
    let step = csms.handle_text(NOW, answer);
    assert_eq!(
        step.words,
        [FromStation::CommandAnswered {
            command: 5,
            accepted: false,
            text: "Rejected: no such transaction".into()
        }]
    );
    csms.send(
        NOW,
        &ToStation::Stop {
            command: 6,
            transaction: "T".into(),
        },
    )
    .unwrap();
    let step = csms.handle_text(NOW, r#"[4,"fw-2","NotSupported","never heard of it"]"#);
    assert_eq!(
        step.words,
        [FromStation::CommandAnswered {
            command: 6,
            accepted: false,
            text: "NotSupported: never heard of it".into()
        }]
    );
}

#[test]
fn calls_of_both_sides_are_told_for_counting() {
    let mut csms = booted();
    csms.take_exchanges();
    csms.handle_text(NOW, "[2,\"1\",\"Heartbeat\",{}]");
    csms.handle_text(NOW, "[2,\"2\",\"Made\\nUp\",{}]");
    csms.handle_text(NOW, "[2,\"3\",\"Authorize\",{}]");
    let stop = |transaction: &str| ToStation::Stop {
        command: 1,
        transaction: transaction.to_owned(),
    };
    let mut answered = |status: &str| {
        let frames = csms.send(NOW, &stop("t")).unwrap();
        let frame: serde_json::Value = serde_json::from_str(&frames[0]).unwrap();
        let answer = json!([3, frame[1], { "status": status }]).to_string();
        csms.handle_text(NOW, &answer);
    };
    answered("Accepted");
    answered("Rejected");
    csms.send(NOW, &stop("t")).unwrap();
    csms.handle_timeout(NOW.plus(60_000));
    csms.send(NOW, &stop("t")).unwrap();
    csms.closed();
    let told: Vec<_> = csms
        .take_exchanges()
        .iter()
        .map(|e| (e.action, e.direction, e.result))
        .collect();
    let (from, to) = (Direction::FromStation, Direction::ToStation);
    let stop = "RequestStopTransaction";
    assert_eq!(
        told,
        [
            ("Heartbeat", from, CallResult::Accepted),
            ("other", from, CallResult::Refused),
            ("Authorize", from, CallResult::Refused),
            (stop, to, CallResult::Accepted),
            (stop, to, CallResult::Refused),
            (stop, to, CallResult::Unanswered),
            (stop, to, CallResult::Unanswered),
        ]
    );
    assert!(csms.take_exchanges().is_empty());
}
