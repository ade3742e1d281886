//! A station's end against gateways of others.

use super::{NOW, evse};
use fairway_model::RefusalCode;
use fairway_model::station::{
    CallId, ConnectorState, FromStation, Identified, InputMethod, ToStation,
};
use fairway_protocol::ocpp::{LinkConfig, SendError, StationLink};

pub(crate) fn linked() -> StationLink {
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
}

#[test]
fn a_gateway_of_others_stops_and_judges_in_its_own_words() {
    let mut link = linked();
    let order = r#"[2,"8","RequestStopTransaction",{"transactionId":"T"}]"#;
    let step = link.handle_text(NOW, order);
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
