//! What OCPP 2.0.1 has no field for, carried in `customData` and `DataTransfer` under our vendor id.
//!
//! Values that a station must show exactly as the utility meant them travel as Base64 of their canonical bytes, beside a summary
//! that people and other programs can read.

use super::get::Get;
use super::number::money;
use super::{Finding, VENDOR};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fairway_model::station::{BillView, OfferView};
use fairway_model::{Canonical, Micro, Refusal, RefusalCode, SessionId};
use serde_json::{Map, Value, json};

/// `messageId` of a driver's answer to an offer.
pub(super) const CONSENT: &str = "Consent";
/// `messageId` of a bill to show.
pub(super) const BILL: &str = "Bill";
/// `messageId` of a message to show.
pub(super) const NOTICE: &str = "Notice";
/// Longest text on a station's screen (`MessageContentType.content`).
const MAX_CONTENT: usize = 512;
/// Longest `reasonCode`.
const MAX_REASON: usize = 20;

/// A `customData` object of ours with these members.
pub(super) fn custom(members: Value) -> Value {
    let mut data = json!({ "vendorId": VENDOR });
    if let (Some(data), Value::Object(members)) = (data.as_object_mut(), members) {
        data.extend(members);
    }
    data
}

/// A member of our `customData`, where the payload has one.
pub(super) fn member<'a>(payload: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if payload.text(&["customData", "vendorId"]) == Some(VENDOR) {
        payload.value(&["customData", name])
    } else {
        None
    }
}

/// A value as text.
pub(super) fn pack(value: &impl Canonical) -> String {
    STANDARD.encode(value.to_bytes())
}

/// A value from the text that [`pack`] made.
pub(super) fn unpack<T: Canonical>(value: Option<&Value>) -> Option<T> {
    STANDARD
        .decode(value?.as_str()?)
        .ok()
        .and_then(|bytes| T::from_bytes(&bytes).ok())
}

/// A text for a screen (`MessageContentType`); cut to 512 characters.
pub(super) fn content(text: &str) -> Value {
    json!({ "format": "UTF8", "language": "en", "content": text.chars().take(MAX_CONTENT).collect::<String>() })
}

/// A `StatusInfoType` of a refusal.
pub(super) fn status_info(refusal: &Refusal) -> Value {
    let reason: String = refusal.code.as_str().chars().take(MAX_REASON).collect();
    json!({ "reasonCode": reason, "additionalInfo": refusal.text })
}

/// The charge's id as the token of a start command or of the transaction that it began.
pub(super) fn session_token(session: SessionId) -> Value {
    json!({ "idToken": session.to_string(), "type": "Central" })
}

/// The offer for our own stations.
pub(super) fn offer(view: &OfferView) -> Value {
    custom(json!({
        "offer": {
            "session": view.session.to_string(),
            "home": view.home_name,
            "visited": view.visited_name,
            "currency": view.currency.to_string(),
            "pricePerKwh": money(view.price_per_kwh),
            "lines": view.lines,
            "expected": money(view.estimate.expected),
            "validUntil": view.valid_until.rfc3339(),
        },
        "canonical": pack(view),
    }))
}

/// The offer in words, for a station that only has a line of text: price, estimate, how to say yes.
pub(super) fn offer_text(view: &OfferView, seconds: i64) -> String {
    let amount = |m: Micro| amount_text(m, view.currency.minor_digits());
    let e = &view.estimate;
    let head = format!(
        "{} {} per kWh. About {} {} for {} kWh ({} to {}).",
        price_text(view.price_per_kwh, view.currency.minor_digits()),
        view.currency,
        amount(e.expected),
        view.currency,
        e.energy.kwh_text(),
        amount(e.low),
        amount(e.high),
    );
    let tail = format!(" To accept, present the same card again within {seconds} s.");
    let room = MAX_CONTENT
        .saturating_sub(head.chars().count())
        .saturating_sub(tail.chars().count());
    let mut lines = String::new();
    for line in &view.lines {
        if lines
            .chars()
            .count()
            .saturating_add(line.chars().count())
            .saturating_add(1)
            > room
        {
            break;
        }
        lines.push(' ');
        lines.push_str(line);
    }
    format!("{head}{lines}{tail}")
}

/// The bill for our own stations.
pub(super) fn bill(view: &BillView) -> Value {
    json!({
        "session": view.session.to_string(),
        "transactionId": view.transaction,
        "energyKwh": view.energy.kwh_text(),
        "total": money(view.total),
        "currency": view.currency.to_string(),
        "text": view.text,
        "canonical": pack(view),
    })
}

/// The bill as one line.
pub(super) fn bill_text(view: &BillView) -> String {
    let total = amount_text(view.total, view.currency.minor_digits());
    format!(
        "{} kWh, {total} {}. {}",
        view.energy.kwh_text(),
        view.currency,
        view.text
    )
}

/// A refusal as `customData` members carry it.
pub(super) fn refusal(refusal: &Refusal) -> Value {
    json!({ "code": refusal.code.as_str(), "text": refusal.text, "canonical": pack(refusal) })
}

/// A refusal from such an object.
pub(super) fn read_refusal(value: Option<&Value>) -> Option<Refusal> {
    unpack(value?.get("canonical"))
}

/// The status that a driver's refusal becomes where the station only knows OCPP's (`AuthorizationStatusEnumType`).
pub(super) fn status_of(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::CinUnknown | RefusalCode::CinUnknownNetwork | RefusalCode::MemberUnknown => {
            "Unknown"
        }
        RefusalCode::CinBlocked | RefusalCode::CinFrozen | RefusalCode::TooManyAttempts => {
            "Blocked"
        }
        RefusalCode::CreditExhausted
        | RefusalCode::GuaranteeExceeded
        | RefusalCode::ExposureOverCap => "NoCredit",
        RefusalCode::ServiceNotAllowed => "NotAllowedTypeEVSE",
        RefusalCode::NoAgreement | RefusalCode::AgreementNotInForce => "NotAtThisLocation",
        RefusalCode::HomeSilent
        | RefusalCode::NoOffer
        | RefusalCode::OfferExpired
        | RefusalCode::EvseUnavailable
        | RefusalCode::Busy
        | RefusalCode::LedgerStalled => "NotAtThisTime",
        _ => "Invalid",
    }
}

/// The other way, for a gateway that is not ours.
pub(super) fn code_of(status: &str) -> RefusalCode {
    match status {
        "Unknown" => RefusalCode::CinUnknown,
        "Blocked" | "Expired" => RefusalCode::CinBlocked,
        "NoCredit" => RefusalCode::CreditExhausted,
        "NotAllowedTypeEVSE" => RefusalCode::ServiceNotAllowed,
        "NotAtThisLocation" => RefusalCode::NoAgreement,
        "NotAtThisTime" => RefusalCode::EvseUnavailable,
        _ => RefusalCode::NotAuthorized,
    }
}

/// An amount with the currency's digits; what is finer is cut, for a screen only.
fn amount_text(amount: Micro, digits: u32) -> String {
    let text = amount_exact(amount);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let width = usize::try_from(digits).unwrap_or(0);
    let fraction: String = fraction
        .chars()
        .chain("000000".chars())
        .take(width)
        .collect();
    if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    }
}

/// A unit price with all its digits, and at least the currency's.
fn price_text(price: Micro, digits: u32) -> String {
    let (exact, shown) = (amount_exact(price), amount_text(price, digits));
    if exact.len() > shown.len() {
        exact
    } else {
        shown
    }
}

fn amount_exact(amount: Micro) -> String {
    money(amount).to_string()
}

/// A finding for something of ours that does not read back.
pub(super) fn unreadable(name: &str) -> Finding {
    Finding::new(
        &format!("/customData/{name}"),
        "not the canonical bytes of the value it names",
    )
}
