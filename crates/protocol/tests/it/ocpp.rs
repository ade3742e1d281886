//! OCPP: what is refused and how, what is accepted with a finding, and the dialog with a station that nobody here wrote.

use fairway_model::station::{
    BillView, CallId, ConnectorState, FromStation, Identified, InputMethod, OfferView,
    ReadingContext, StopReason, ToStation, TransactionReport,
};
use fairway_model::{
    Currency, Energy, Estimate, EvseId, MemberId, Micro, PriceBreakdown, Refusal, RefusalCode,
    Service, SessionId, Tier, Time,
};
use fairway_protocol::ocpp::{
    CsmsConfig, CsmsSession, CsmsStep, LinkConfig, MAX_FRAME, MAX_QUEUED, MAX_UNANSWERED,
    SendError, StationLink,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Time = Time(1_795_422_000_000);

fn booted() -> CsmsSession {
    CsmsSession::new(CsmsConfig {
        booted_before: true,
        ..CsmsConfig::default()
    })
}

fn session() -> SessionId {
    SessionId::make(&[1; 32], MemberId::parse("US*DUK").unwrap(), 1)
}

fn offer() -> OfferView {
    let breakdown = PriceBreakdown {
        currency: Currency::USD,
        lines: vec![],
        net: Micro(0),
        limit_change: Micro(0),
        discount: Micro(0),
        taxes: vec![],
        total: Micro(4_320_000),
        rounding: Micro(0),
        energy: Energy(10_000_000),
    };
    OfferView {
        session: session(),
        home_name: "Alabama Power".into(),
        visited_name: "Duke Energy".into(),
        tier: Tier::Gold,
        service: Service::from_digit(1).unwrap(),
        currency: Currency::USD,
        price_per_kwh: Micro(400_000),
        lines: vec!["Energy 0.40 USD per kWh.".into(), "x".repeat(600)],
        estimate: Estimate {
            energy: Energy(10_000_000),
            low: Micro(3_000_000),
            expected: Micro(4_320_000),
            high: Micro(6_000_000),
            breakdown,
        },
        valid_until: NOW.plus(60_000),
        local: false,
    }
}

fn evse() -> EvseId {
    EvseId::parse("US*DUK*E0001*1").unwrap()
}

fn event(kind: &str, seq: i64, more: &Value) -> String {
    let mut payload = json!({
        "eventType": kind, "timestamp": "2026-11-23T08:20:00.123456789Z", "triggerReason": "Authorized", "seqNo": seq,
        "transactionInfo": { "transactionId": "T1", "chargingState": "Charging" },
    });
    payload
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!([2, format!("{kind}-{seq}"), "TransactionEvent", payload]).to_string()
}

fn value(number: &str, more: &Value) -> Value {
    let mut value = json!({ "value": number.parse::<serde_json::Number>().unwrap() });
    value
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "meterValue": [{ "timestamp": "2026-11-23T08:20:00Z", "sampledValue": [value] }] })
}

fn error_of(step: &CsmsStep) -> (String, String, String) {
    assert!(step.words.is_empty(), "{step:?}");
    let reply: Value = serde_json::from_str(&step.replies[0]).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    assert_eq!(reply[0], 4, "{reply}");
    (text(&reply[1]), text(&reply[2]), text(&reply[4]["at"]))
}

#[test]
fn bad_frames_have_their_error() {
    let deep = format!(
        "[2,\"1\",\"Heartbeat\",{}1{}]",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let large = format!(
        "[2,\"1\",\"Heartbeat\",{{\"x\":\"{}\"}}]",
        "y".repeat(MAX_FRAME)
    );
    let token = "[2,\"1\",\"Authorize\",{\"idToken\":{\"idToken\":\"";
    let long = format!("{token}{}\",\"type\":\"ISO14443\"}}}}]", "9".repeat(37));
    let started = |more: Value| event("Started", 0, &more);
    for (frame, id, code, at) in [
        (String::new(), "-1", "RpcFrameworkError", ""),
        ("[2".into(), "-1", "RpcFrameworkError", ""),
        ("{}".into(), "-1", "RpcFrameworkError", ""),
        (large, "-1", "RpcFrameworkError", ""),
        (deep, "-1", "RpcFrameworkError", ""),
        (
            "[2,7,\"Heartbeat\",{}]".into(),
            "-1",
            "RpcFrameworkError",
            "",
        ),
        (
            format!("[2,\"{}\",\"Heartbeat\",{{}}]", "i".repeat(37)),
            "-1",
            "RpcFrameworkError",
            "",
        ),
        (
            "[2,\"1\",\"Heartbeat\"]".into(),
            "1",
            "RpcFrameworkError",
            "",
        ),
        (
            "[2,\"1\",\"Heartbeat\",[]]".into(),
            "1",
            "FormatViolation",
            "",
        ),
        (
            "[9,\"1\",\"Heartbeat\",{}]".into(),
            "1",
            "MessageTypeNotSupported",
            "",
        ),
        ("[2,\"1\",\"Fly\",{}]".into(), "1", "NotImplemented", ""),
        (
            "[2,\"1\",\"SignCertificate\",{}]".into(),
            "1",
            "NotSupported",
            "",
        ),
        (
            "[2,\"1\",\"Authorize\",{}]".into(),
            "1",
            "OccurrenceConstraintViolation",
            "/idToken",
        ),
        (
            "[2,\"1\",\"Authorize\",{\"idToken\":\"x\"}]".into(),
            "1",
            "TypeConstraintViolation",
            "/idToken",
        ),
        (
            format!("{token}a\",\"type\":\"Face\"}}}}]"),
            "1",
            "PropertyConstraintViolation",
            "/idToken/type",
        ),
        (long, "1", "PropertyConstraintViolation", "/idToken/idToken"),
        (
            started(json!({ "timestamp": "yesterday" })),
            "Started-0",
            "FormatViolation",
            "/timestamp",
        ),
        (
            started(json!({ "seqNo": -1 })),
            "Started-0",
            "PropertyConstraintViolation",
            "/seqNo",
        ),
        (
            started(json!({ "seqNo": 1.5 })),
            "Started-0",
            "TypeConstraintViolation",
            "/seqNo",
        ),
        (
            started(json!({ "transactionInfo": {} })),
            "Started-0",
            "OccurrenceConstraintViolation",
            "/transactionInfo/transactionId",
        ),
        (
            started(value("-1", &json!({}))),
            "Started-0",
            "PropertyConstraintViolation",
            "/meterValue/0/sampledValue/0/value",
        ),
        (
            started(value("1e30", &json!({}))),
            "Started-0",
            "PropertyConstraintViolation",
            "/meterValue/0/sampledValue/0/value",
        ),
        (
            started(value("1", &json!({ "unitOfMeasure": { "unit": "Joule" } }))),
            "Started-0",
            "PropertyConstraintViolation",
            "/meterValue/0/sampledValue/0/unitOfMeasure/unit",
        ),
    ] {
        let step = booted().handle_text(NOW, &frame);
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
    let stop = ToStation::Stop {
        command: 1,
        transaction: "T".into(),
    };
    for _ in 0..=MAX_QUEUED {
        csms.send(NOW, &stop).unwrap();
    }
    assert_eq!(csms.send(NOW, &stop), Err(SendError::QueueFull));
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

fn linked() -> StationLink {
    let mut link = StationLink::new(LinkConfig::new("S", evse(), vec![]));
    link.connected(1);
    let frames = link
        .send(
            NOW,
            &FromStation::Booted {
                model: "M".into(),
                firmware: "1".into(),
            },
        )
        .unwrap();
    assert!(frames[0].contains("BootNotification"));
    let accepted = r#"[3,"0000000000000001-1",{"currentTime":"2026-11-23T08:20:00Z","interval":60,"status":"Accepted"}]"#;
    assert_eq!(
        link.handle_text(NOW, accepted),
        fairway_protocol::ocpp::LinkStep::default()
    );
    link
}

#[test]
fn a_station_says_nothing_before_its_boot_was_accepted() {
    let mut link = StationLink::new(LinkConfig::new("S", evse(), vec![]));
    let status = FromStation::Status {
        evse: 1,
        state: ConnectorState::Available,
    };
    assert_eq!(link.send(NOW, &status), Err(SendError::Closed));
    link.connected(1);
    assert_eq!(link.send(NOW, &status).unwrap(), Vec::<String>::new());
    link.send(
        NOW,
        &FromStation::Booted {
            model: "M".into(),
            firmware: "1".into(),
        },
    )
    .unwrap();
    let pending = r#"[3,"0000000000000001-1",{"currentTime":"2026-11-23T08:20:00Z","interval":10,"status":"Pending"}]"#;
    assert!(link.handle_text(NOW, pending).replies.is_empty() && !link.is_accepted());
    let again = link.handle_timeout(NOW.plus(10_000));
    assert!(again.replies[0].contains("BootNotification"));
    let accepted = r#"[3,"0000000000000001-2",{"currentTime":"2026-11-23T08:20:00Z","interval":10,"status":"Accepted"}]"#;
    assert!(link.handle_text(NOW, accepted).replies[0].contains("StatusNotification"));
}

#[test]
fn a_station_beats_and_gives_requests_up() {
    let mut link = linked();
    assert!(link.handle_timeout(NOW.plus(60_000)).replies[0].contains("Heartbeat"));
    let mut link = linked();
    let presented = fairway_model::station::Presented {
        method: InputMethod::Rfid,
        token: "04".into(),
        pin: Some("1234".into()),
    };
    let word = FromStation::Identify {
        call: CallId(3),
        evse: Some(1),
        presented,
    };
    assert!(
        link.send(NOW, &word).unwrap()[0]
            .contains(r#"[{"additionalIdToken":"1234","type":"PIN"}]"#)
    );
    assert_eq!(link.handle_timeout(NOW.plus(30_000)).lost, [CallId(3)]);
    let mut link = linked();
    link.send(NOW, &word).unwrap();
    let step = link.handle_text(
        NOW,
        r#"[4,"0000000000000001-2","InternalError","try again",{}]"#,
    );
    assert_eq!((step.lost, step.words.len()), (vec![CallId(3)], 0));
}

#[test]
fn a_gateway_of_others_gets_answers() {
    let mut link = linked();
    for (frame, expected) in [
        (
            r#"[2,"1","RequestStartTransaction",{"idToken":{"idToken":"04","type":"ISO14443"},"remoteStartId":1}]"#,
            "Rejected",
        ),
        (
            r#"[2,"2","RequestStartTransaction",{"idToken":{"idToken":"04","type":"ISO14443"}}]"#,
            "OccurrenceConstraintViolation",
        ),
        (r#"[2,"3","Reset",{"type":"Immediate"}]"#, "NotSupported"),
        (r#"[2,"4","Fly",{}]"#, "NotImplemented"),
        (
            r#"[2,"5","DataTransfer",{"vendorId":"other"}]"#,
            "UnknownVendorId",
        ),
        (
            r#"[2,"6","DataTransfer",{"vendorId":"org.fairway","messageId":"Bill","data":{"canonical":"AAAA"}}]"#,
            "PropertyConstraintViolation",
        ),
        (
            r#"[2,"7","CostUpdated",{"totalCost":1,"transactionId":"T"}]"#,
            "{}",
        ),
    ] {
        let step = link.handle_text(NOW, frame);
        assert!(
            step.replies[0].contains(expected) && step.words.is_empty(),
            "{frame}: {:?}",
            step.replies
        );
    }
    let stop = r#"[2,"8","RequestStopTransaction",{"transactionId":"T"}]"#;
    let step = link.handle_text(NOW, stop);
    let ToStation::Stop { command, .. } = step.words[0] else {
        panic!()
    };
    let frames = link
        .send(
            NOW,
            &FromStation::CommandAnswered {
                command,
                accepted: false,
                text: "no".into(),
            },
        )
        .unwrap();
    assert!(frames[0].starts_with(r#"[3,"8""#) && frames[0].contains("Rejected"));
    let authorize = |link: &mut StationLink, status: &str| {
        let presented = fairway_model::station::Presented {
            method: InputMethod::Rfid,
            token: "04".into(),
            pin: None,
        };
        let frames = link
            .send(
                NOW,
                &FromStation::Identify {
                    call: CallId(1),
                    evse: None,
                    presented,
                },
            )
            .unwrap();
        let id = frames[0].split('"').nth(1).unwrap().to_owned();
        link.handle_text(
            NOW,
            &format!(r#"[3,"{id}",{{"idTokenInfo":{{"status":"{status}"}}}}]"#),
        )
        .words
        .remove(0)
    };
    for (status, code) in [
        ("Blocked", RefusalCode::CinBlocked),
        ("Accepted", RefusalCode::NoOffer),
    ] {
        let word = authorize(&mut link, status);
        assert!(
            matches!(word, ToStation::Identified { answer: Identified::Refused(r), .. } if r.code == code)
        );
    }
}

/// A station that knows only OCPP, and every frame both ways.
struct Foreign {
    csms: CsmsSession,
    frames: Vec<String>,
}

impl Foreign {
    fn says(&mut self, frame: &str) -> Vec<FromStation> {
        self.frames.push(format!("> {frame}"));
        let step = self.csms.handle_text(NOW, frame);
        self.frames
            .extend(step.replies.iter().map(|f| format!("< {f}")));
        step.words
    }

    fn hears(&mut self, word: &ToStation) -> Vec<Value> {
        let frames = self.csms.send(NOW, word).unwrap();
        self.frames.extend(frames.iter().map(|f| format!("< {f}")));
        frames
            .iter()
            .map(|f| serde_json::from_str(f).unwrap())
            .collect()
    }

    fn authorize(&mut self, id: &str, answer: Identified) -> Value {
        let words = self.says(&format!(
            r#"[2,"{id}","Authorize",{{"idToken":{{"idToken":"04A1B2C3","type":"ISO14443"}}}}]"#
        ));
        let FromStation::Identify {
            call,
            evse: None,
            presented,
        } = &words[0]
        else {
            panic!("{words:?}")
        };
        assert_eq!(
            (presented.method, presented.token.as_str()),
            (InputMethod::Rfid, "04A1B2C3")
        );
        self.hears(&ToStation::Identified {
            call: *call,
            answer,
        })
        .remove(0)[2]
            .clone()
    }

    fn event(&mut self, kind: &str, seq: i64, refusal: Option<Refusal>) -> Value {
        let mut more = value("1500", &json!({ "context": "Transaction.Begin" }));
        let token = json!({ "idToken": { "idToken": "04A1B2C3", "type": "ISO14443" } });
        more.as_object_mut()
            .unwrap()
            .extend(token.as_object().unwrap().clone());
        let words = self.says(&event(kind, seq, &more));
        let (call, report) = transaction(&words[0]);
        assert_eq!(report.presented.as_ref().unwrap().token, "04A1B2C3");
        assert_eq!(
            (report.session, report.samples[0].context),
            (None, ReadingContext::Begin)
        );
        self.hears(&ToStation::TransactionNoted {
            call,
            cost: Some(Micro(1_500_000)),
            refusal,
        })
        .remove(0)[2]
            .clone()
    }
}

fn transaction(word: &FromStation) -> (CallId, &TransactionReport) {
    match word {
        FromStation::Started { call, report }
        | FromStation::Updated { call, report }
        | FromStation::Ended { call, report, .. } => (*call, report),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_station_of_others_shows_the_price_and_gets_no_energy_before_consent() {
    let mut station = Foreign {
        csms: CsmsSession::new(CsmsConfig::default()),
        frames: vec![],
    };
    station.says(r#"[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]"#);
    let offered = station.authorize("a", Identified::Offer(Box::new(offer())));
    assert_eq!(offered["idTokenInfo"]["status"], "NotAtThisTime");
    assert_eq!(
        offered["idTokenInfo"]["personalMessage"]["content"],
        "0.40 USD per kWh. About 4.32 USD for 10 kWh (3.00 to 6.00). Energy 0.40 USD per kWh. To accept, present the same card again within 60 s."
    );
    assert_eq!(offered.get("customData"), None);
    assert_eq!(
        station.authorize("b", Identified::Consented(session()))["idTokenInfo"]["status"],
        "Accepted"
    );
    assert_eq!(
        station.event("Started", 0, None)["idTokenInfo"]["status"],
        "Accepted"
    );
    assert_eq!(
        station.event("Updated", 1, None)["totalCost"].to_string(),
        "1.5"
    );
    let refusal = Refusal::new(
        RefusalCode::CinBlocked,
        "this card is blocked; call Alabama Power",
    );
    assert_eq!(
        station.event("Ended", 2, Some(refusal.clone()))["idTokenInfo"]["status"],
        "Invalid"
    );
    assert_eq!(
        station.authorize("c", Identified::Refused(refusal.clone()))["idTokenInfo"]["status"],
        "Blocked"
    );
    let view = BillView {
        session: session(),
        transaction: "T1".into(),
        energy: Energy(1_500_000),
        total: Micro(1_500_000),
        currency: Currency::USD,
        soc: None,
        text: "On your Alabama Power bill.".into(),
    };
    assert_eq!(
        station.hears(&ToStation::Bill(Box::new(view)))[0][2],
        "CostUpdated"
    );
    station.says(r#"[3,"fw-1",{}]"#);
    assert!(
        station
            .frames
            .last()
            .unwrap()
            .contains("1.5 kWh, 1.50 USD. On your Alabama Power bill.")
    );
    station.says(r#"[3,"fw-2",{"status":"NotSupportedPriority"}]"#);
    station.hears(&ToStation::Notice {
        session: session(),
        refusal,
    });
    station.says(r#"[4,"fw-3","NotSupported","",{}]"#);
    station.hears(&ToStation::Stop {
        command: 3,
        transaction: "T1".into(),
    });
    station.says(r#"[2,"z","Authorize",{}]"#);
    let text = station.frames.join("\n") + "\n";
    expect_test::expect_file!["../../../../fixtures/ocpp/foreign.frames"].assert_eq(&text);
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,300}", json in r#"\[[234],"[a-z-]{0,3}","(Authorize|TransactionEvent|BootNotification|DataTransfer)",\{"(idToken|meterValue|seqNo|data)":[\[\{\}\]"a-z0-9:,.e-]{0,40}\}\]"#) {
        for frame in [&text, &json] {
            let step = booted().handle_text(NOW, frame);
            prop_assert!(step.replies.iter().all(|r| r.len() <= MAX_FRAME));
            let _ = linked().handle_text(NOW, frame);
        }
    }

    #[test]
    fn no_changed_frame_panics(line in 0usize..60, at in 0usize..4_000, byte in 32u8..127, cut in any::<bool>()) {
        let frames = concat!(include_str!("../../../../fixtures/ocpp/charge.frames"), include_str!("../../../../fixtures/ocpp/foreign.frames"));
        let lines: Vec<&str> = frames.lines().collect();
        let mut bytes = lines[line % lines.len()][2..].as_bytes().to_vec();
        let place = at % bytes.len();
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        if let Ok(text) = String::from_utf8(bytes) {
            booted().handle_text(NOW, &text);
            linked().handle_text(NOW, &text);
        }
    }
}
