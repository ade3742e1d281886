//! The view of a station as JSON for its pages.
//!
//! Money is `{amount, currency, scale}`: `amount` times ten to the power of minus `scale`, never a float. Energy is in whole
//! milliwatt-hours (`..._mwh`). Times are RFC 3339 by the station's clock; beside each deadline stands how many milliseconds of the reader's own
//! clock are left, because the demonstration's clock runs faster.

use super::About;
use super::acts::{label_of, name_of};
use crate::environment::Clock;
use fairway_model::cin::TypedState;
use fairway_model::station::{BillView, OfferView, PricePart, PriceReason};
use fairway_model::tariff::Dimension;
use fairway_model::{Currency, Energy, Micro, PriceBreakdown, Time};
use fairway_station::{ChargingView, Question, Screen, View};
use serde_json::{Value, json};

/// Decimal places of a [`Micro`].
const MICRO_SCALE: u32 = 6;

/// An amount with as few decimal places as say it exactly, and at least the currency's.
pub fn money(amount: Micro, currency: Currency) -> Value {
    let (mut value, mut scale) = (amount.0, MICRO_SCALE);
    while scale > currency.minor_digits() && value.checked_rem(10) == Some(0) {
        value = value.checked_div(10).unwrap_or(0);
        scale = scale.saturating_sub(1);
    }
    json!({ "amount": value, "currency": currency.to_string(), "scale": scale })
}

fn energy(energy: Energy) -> Value {
    json!(energy.0)
}

fn dimension(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Energy => "energy",
        Dimension::Flat => "flat",
        Dimension::Time => "time",
        Dimension::ParkingTime => "parking_time",
    }
}

/// Minutes of a local day as `16:00`.
fn clock(minute: u16) -> String {
    let hour = minute.checked_div(60).unwrap_or(0);
    let rest = minute.checked_rem(60).unwrap_or(0);
    format!("{hour:02}:{rest:02}")
}

/// One price, per unit as it is displayed: per kWh, per minute, or once.
pub fn part(part: &PricePart, currency: Currency) -> Value {
    let by_time = matches!(part.dimension, Dimension::Time | Dimension::ParkingTime);
    // Regulation (EU) 2023/1804 names prices of time per minute; the tariff has them per hour.
    let price = if by_time {
        part.price
            .scale(1, 60, fairway_model::Rounding::HalfUp)
            .unwrap_or(part.price)
    } else {
        part.price
    };
    json!({
        "dimension": dimension(part.dimension),
        "unit": if by_time { "minute" } else if part.dimension == Dimension::Energy { "kWh" } else { "charge" },
        "price": money(price, currency),
        "now": part.now,
        "from": part.from_minute.map(clock),
        "until": part.until_minute.map(clock),
        "conditional": part.conditional,
        "vat_ppm": part.vat.map(|v| v.0),
    })
}

fn offer(view: &OfferView) -> Value {
    let (facts, currency) = (&view.facts, view.currency);
    let samples: Vec<Value> = facts
        .samples
        .iter()
        .map(|s| json!({ "energy_mwh": energy(s.energy), "total": money(s.total, currency) }))
        .collect();
    let taxes: Vec<Value> = facts
        .taxes
        .iter()
        .map(|t| json!({ "name": t.name, "rate_ppm": t.rate.0 }))
        .collect();
    json!({
        "session": view.session.to_string(),
        "home": view.home_name,
        "visited": view.visited_name,
        "tier": format!("{:?}", view.tier).to_lowercase(),
        "price_per_kwh": money(view.price_per_kwh, currency),
        "undiscounted": facts.undiscounted.filter(|_| facts.discount_bps > 0).map(|p| money(p, currency)),
        "discount_bps": facts.discount_bps,
        "parts": facts.parts.iter().map(|p| part(p, currency)).collect::<Vec<_>>(),
        "taxes": taxes,
        "reason": match facts.reason {
            PriceReason::Tariff => "tariff",
            PriceReason::PresentLoad => "present_load",
            PriceReason::Forecast => "forecast",
        },
        "load_bps": facts.load_bps,
        "floor": money(facts.corridor.floor, currency),
        "cap": money(facts.corridor.cap, currency),
        "roaming": view.home_name != view.visited_name,
        "hold": money(facts.hold, currency),
        "expected": { "energy_mwh": energy(view.estimate.energy), "low": money(view.estimate.low, currency),
            "expected": money(view.estimate.expected, currency), "high": money(view.estimate.high, currency) },
        "samples": samples,
        "lines": view.lines,
        "local": view.local,
    })
}

fn breakdown(b: &PriceBreakdown) -> Value {
    let lines: Vec<Value> = b
        .lines
        .iter()
        .map(|l| {
            json!({
                "dimension": dimension(l.dimension),
                "quantity": l.billed,
                "unit_price": money(l.unit_price, b.currency),
                "amount": money(l.amount, b.currency),
            })
        })
        .collect();
    let taxes: Vec<Value> = b
        .taxes
        .iter()
        .map(|t| json!({ "name": t.name, "rate_ppm": t.rate.0, "amount": money(t.amount, b.currency) }))
        .collect();
    json!({ "lines": lines, "net": money(b.net, b.currency), "discount": money(b.discount, b.currency), "taxes": taxes })
}

fn bill(view: &BillView) -> Value {
    json!({
        "kind": "bill",
        "session": view.session.to_string(),
        "energy_mwh": energy(view.energy),
        "total": money(view.total, view.currency),
        "soc": view.soc,
        "home": view.home_name,
        "agreed": view.agreed,
        "breakdown": breakdown(&view.breakdown),
    })
}

fn charging(view: &ChargingView, now: Time) -> Value {
    let cost = view.cost.zip(view.currency);
    json!({
        "kind": "charging",
        "session": view.session.map(|s| s.to_string()),
        "energy_mwh": energy(view.energy),
        "power_w": view.power_w,
        "soc": view.soc,
        "cost": cost.map(|(cost, currency)| money(cost, currency)),
        "since": view.since.rfc3339(),
        "seconds": now.since(view.since).max(0).checked_div(1_000),
    })
}

fn typed(view: &View, digits: usize) -> Value {
    let typed = view.typed.as_ref();
    let groups = typed.map(fairway_model::cin::TypedCin::groups);
    let (state, missing, error, group) = match typed.map(|t| t.state) {
        Some(TypedState::Open { missing }) => ("open", missing, None, None),
        Some(TypedState::Unfit) => ("unfit", 0, None, None),
        Some(TypedState::Complete) => ("complete", 0, None, None),
        Some(TypedState::Wrong { error, group }) => ("wrong", 0, Some(error.code()), group),
        None => ("open", 0, None, None),
    };
    json!({ "kind": "typing", "digits": digits, "groups": groups.unwrap_or_default(), "state": state,
        "missing": missing, "error": error, "group": group })
}

/// What the screen shows, by its kind.
pub(crate) fn screen(view: &View, now: Time) -> Value {
    match &view.screen {
        Screen::Offline => json!({ "kind": "offline" }),
        Screen::Prompt => json!({ "kind": "prompt" }),
        Screen::Typing { digits } => typed(view, *digits),
        Screen::Pin { digits } => json!({ "kind": "pin", "digits": digits }),
        Screen::Checking => json!({ "kind": "checking" }),
        Screen::Error { refusal, .. } => {
            json!({ "kind": "error", "code": refusal.code.as_str(), "text": refusal.text })
        }
        Screen::Offer(_) => json!({ "kind": "offer" }),
        Screen::Preparing { .. } => json!({ "kind": "preparing" }),
        Screen::PlugIn { .. } => json!({ "kind": "plug_in" }),
        Screen::Charging(charge) => charging(charge, now),
        Screen::Thanks {
            session,
            energy: delivered,
            soc,
            ..
        } => {
            json!({ "kind": "thanks", "session": session.map(|s| s.to_string()), "energy_mwh": energy(*delivered), "soc": soc })
        }
        Screen::Bill(view) => bill(view),
        Screen::Faulted(fault) => {
            json!({ "kind": "faulted", "code": fault.code.map(|c| c.to_string()), "text": fault.text })
        }
    }
}

fn choices(view: &View, may_act: bool) -> Vec<Value> {
    let chosen = view.wanted;
    let sample = |number: Option<u8>| {
        let at = usize::from(number?).checked_sub(1)?;
        view.offer.as_ref()?.facts.samples.get(at).copied()
    };
    let currency = view.offer.as_ref().map(|o| o.currency);
    view.choices
        .iter()
        .filter(|_| may_act)
        .map(|(choice, key)| {
            let (name, number) = name_of(*choice);
            let mut out = json!({ "choice": name, "key": key.map(label_of) });
            if let (Some(number), Some(fields)) = (number, out.as_object_mut()) {
                fields.insert("number".into(), json!(number));
                let stated = sample(Some(number));
                let taken = stated.map(|s| s.energy) == chosen;
                fields.insert("chosen".into(), json!(taken));
                if let (Some(stated), Some(currency)) = (stated, currency) {
                    fields.insert("energy_mwh".into(), energy(stated.energy));
                    fields.insert("total".into(), money(stated.total, currency));
                }
            }
            out
        })
        .collect()
}

/// A view for a page; `may_act` where its reader may choose something.
pub fn view(about: &About, now: &Clock, view: &View, may_act: bool) -> Value {
    let at = now.now();
    let left = |until: Time| u64::try_from(now.until(until).as_millis()).unwrap_or(u64::MAX);
    let posted: Vec<Value> = about
        .posted_now(at)
        .iter()
        .map(|p| part(p, about.currency()))
        .collect();
    json!({
        "station": about.station,
        "operator": about.operator,
        "help": about.help,
        "power_w": about.power_w,
        "demonstration": about.simulated,
        "posted": posted,
        "at": at.rfc3339(),
        "step": view.step,
        "dialog": view.dialog,
        "linked": view.linked,
        "plugged": view.plugged,
        "until": view.until.map(|t| t.rfc3339()),
        "left_ms": view.until.map(left),
        "offer_left_ms": view.offer.as_ref().map(|o| left(o.valid_until)),
        "asks": view.question == Some(Question::MoreTime),
        "stop_asked": view.question == Some(Question::ReallyStop),
        "screen": screen(view, at),
        "offer": view.offer.as_deref().map(offer),
        "wanted_mwh": view.wanted.map(energy),
        "choices": choices(view, may_act),
        "may_act": may_act,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_no_more_places_than_it_needs() {
        let usd = |micros| money(Micro(micros), Currency::USD);
        assert_eq!(
            usd(8_420_000),
            json!({ "amount": 842, "currency": "USD", "scale": 2 })
        );
        assert_eq!(
            usd(360_500),
            json!({ "amount": 3605, "currency": "USD", "scale": 4 })
        );
        assert_eq!(
            usd(0),
            json!({ "amount": 0, "currency": "USD", "scale": 2 })
        );
        assert_eq!(
            usd(-1),
            json!({ "amount": -1, "currency": "USD", "scale": 6 })
        );
        let yen = money(Micro(5_000_000), Currency::parse("JPY").unwrap());
        assert_eq!(yen, json!({ "amount": 5, "currency": "JPY", "scale": 0 }));
    }

    #[test]
    fn prices_of_time_are_shown_per_minute() {
        let parking = PricePart {
            dimension: Dimension::ParkingTime,
            price: Micro(6_000_000),
            now: true,
            from_minute: Some(960),
            until_minute: None,
            conditional: false,
            vat: None,
        };
        let shown = part(&parking, Currency::USD);
        assert_eq!(shown["price"]["amount"], 10);
        assert_eq!(
            (&shown["unit"], &shown["from"]),
            (&json!("minute"), &json!("16:00"))
        );
    }
}
