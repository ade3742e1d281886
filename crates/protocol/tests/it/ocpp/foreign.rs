//! The dialog with a station that knows only OCPP.

use super::{NOW, breakdown, event, offer, session, value};
use fairway_model::station::{
    BillView, CallId, FromStation, Identified, InputMethod, ReadingContext, ToStation,
    TransactionReport,
};
use fairway_model::{Currency, Energy, Micro, Refusal, RefusalCode};
use fairway_protocol::ocpp::{CsmsConfig, CsmsSession};
use serde_json::{Value, json};

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
            r#"[2,"{id}","Authorize",{{"idToken":{{"idToken":"04a1b2C3","type":"ISO14443"}}}}]"#
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

fn bill() -> BillView {
    BillView {
        session: session(),
        transaction: "T1".into(),
        energy: Energy(1_500_000),
        total: Micro(1_500_000),
        currency: Currency::USD,
        soc: None,
        text: "On your Alabama Power bill.".into(),
        home_name: "Alabama Power".into(),
        agreed: true,
        breakdown: breakdown(),
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
    assert_eq!(
        station.hears(&ToStation::Bill(Box::new(bill())))[0][2],
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
    expect_test::expect_file!["../../../../../fixtures/ocpp/foreign.frames"].assert_eq(&text);
}
