//! OCPP: what is refused and how, what is accepted with a finding, and the dialog with a station that nobody here wrote.

mod foreign;
mod frames;
mod link;
mod random;

use fairway_model::station::{OfferFacts, OfferView, PriceReason};
use fairway_model::{
    Adjustments, Currency, Energy, Estimate, EvseId, MemberId, Micro, Payment, PriceBreakdown,
    Service, SessionId, Tier, Time,
};
use fairway_protocol::ocpp::{CsmsConfig, CsmsSession, CsmsStep};
use serde_json::{Value, json};

pub(crate) const NOW: Time = Time(1_795_422_000_000);

pub(crate) fn booted() -> CsmsSession {
    CsmsSession::new(CsmsConfig {
        booted_before: true,
        ..CsmsConfig::default()
    })
}

pub(crate) fn session() -> SessionId {
    SessionId::make(&[1; 32], MemberId::parse("US*DUK").unwrap(), 1)
}

pub(crate) fn breakdown() -> PriceBreakdown {
    PriceBreakdown {
        currency: Currency::USD,
        lines: vec![],
        net: Micro(0),
        limit_change: Micro(0),
        discount: Micro(0),
        taxes: vec![],
        total: Micro(4_320_000),
        rounding: Micro(0),
        energy: Energy(10_000_000),
        rule: None,
    }
}

pub(crate) fn offer() -> OfferView {
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
            breakdown: breakdown(),
        },
        valid_until: NOW.plus(60_000),
        local: false,
        facts: OfferFacts {
            parts: vec![],
            taxes: vec![],
            reason: PriceReason::Tariff,
            load_bps: 10_000,
            corridor: Adjustments::NEUTRAL.corridor,
            discount_bps: 0,
            undiscounted: None,
            hold: Micro(7_000_000),
            samples: vec![],
        },
        language: "es-US".into(),
        payment: Payment::Postpaid,
    }
}

pub(crate) fn evse() -> EvseId {
    EvseId::parse("US*DUK*E0001*1").unwrap()
}

pub(crate) fn event(kind: &str, seq: i64, more: &Value) -> String {
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

pub(crate) fn value(number: &str, more: &Value) -> Value {
    let mut value = json!({ "value": number.parse::<serde_json::Number>().unwrap() });
    value
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "meterValue": [{ "timestamp": "2026-11-23T08:20:00Z", "sampledValue": [value] }] })
}

pub(crate) fn error_of(step: &CsmsStep) -> (String, String, String) {
    assert!(step.words.is_empty(), "{step:?}");
    let reply: Value = serde_json::from_str(&step.replies[0]).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    assert_eq!(reply[0], 4, "{reply}");
    (text(&reply[1]), text(&reply[2]), text(&reply[4]["at"]))
}
