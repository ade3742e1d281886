//! The view of a station as JSON for its pages.
//!
//! Money is `{amount, currency, scale}`: `amount` times ten to the power of minus `scale`, never a float. Energy is in whole
//! milliwatt-hours (`..._mwh`). Times are RFC 3339 by the station's clock; beside each deadline stands how many milliseconds of the reader's own
//! clock are left, because the demonstration's clock runs faster.

use super::About;
use super::acts::{label_of, name_of};
use super::steps;
use crate::environment::Clock;
use fairway_model::cin::TypedState;
use fairway_model::station::{BillView, OfferView, PricePart, PriceReason, SampleCost};
use fairway_model::tariff::{Dimension, SalesTax};
use fairway_model::{CinError, Currency, Energy, Micro, Payment, PriceBreakdown, Rounding, Time};
use fairway_station::{ChargingView, Question, Screen, View};
use serde_json::{Value, json};

/// Decimal places of a [`Micro`].
const MICRO_SCALE: u32 = 6;
/// Basis points of the whole.
const WHOLE_BPS: u32 = 10_000;

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
pub(super) fn clock(minute: u16) -> String {
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
            .scale(1, 60, Rounding::HalfUp)
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

/// What remains of a price after a discount.
fn less(price: Micro, discount_bps: u32) -> Micro {
    let rest = WHOLE_BPS.saturating_sub(discount_bps);
    price
        .scale(i64::from(rest), i64::from(WHOLE_BPS), Rounding::HalfUp)
        .unwrap_or(price)
}

fn taxes(taxes: &[SalesTax]) -> Vec<Value> {
    taxes
        .iter()
        .map(|t| json!({ "name": t.name, "rate_ppm": t.rate.0 }))
        .collect()
}

/// The prices of an offer as they are at a minute of the local day, after the discount, and the step that comes next.
fn prices(view: &OfferView, minute: Option<u16>) -> (Vec<PricePart>, Option<(u16, Micro)>) {
    let facts = &view.facts;
    let mut all = facts.parts.clone();
    for part in &mut all {
        part.price = less(part.price, facts.discount_bps);
    }
    let Some(minute) = minute else {
        return (all, None);
    };
    let next = steps::next(&all, minute);
    if let Some(present) = steps::present(&all, minute) {
        for (at, part) in all.iter_mut().enumerate() {
            if part.dimension == Dimension::Energy {
                part.now = at == present;
            }
        }
    }
    (all, next)
}

fn offer(view: &OfferView, minute: Option<u16>) -> Value {
    let (facts, currency) = (&view.facts, view.currency);
    let (parts, next) = prices(view, minute);
    let at = parts
        .iter()
        .position(|p| p.dimension == Dimension::Energy && p.now);
    let price = at.and_then(|at| parts.get(at)).map(|p| p.price);
    let price = price.unwrap_or(view.price_per_kwh);
    let full = at.and_then(|at| facts.parts.get(at)).map(|p| p.price);
    let before = full
        .or(facts.undiscounted)
        .filter(|_| facts.discount_bps > 0);
    let samples: Vec<Value> = facts
        .samples
        .iter()
        .map(|s| json!({ "energy_mwh": energy(s.energy), "total": money(s.total, currency) }))
        .collect();
    json!({
        "session": view.session.to_string(),
        "home": view.home_name,
        "visited": view.visited_name,
        "tier": format!("{:?}", view.tier).to_lowercase(),
        "price_per_kwh": money(price, currency),
        "next": next.map(|(from, price)| json!({ "from": clock(from), "price": money(price, currency) })),
        "undiscounted": before.map(|p| money(p, currency)),
        "discount_bps": facts.discount_bps,
        "parts": parts.iter().map(|p| part(p, currency)).collect::<Vec<_>>(),
        "taxes": taxes(&facts.taxes),
        "reason": match facts.reason {
            PriceReason::Tariff => "tariff",
            PriceReason::PresentLoad => "present_load",
            PriceReason::Forecast => "forecast",
        },
        "load_bps": facts.load_bps,
        "floor": money(facts.corridor.floor, currency),
        "cap": money(facts.corridor.cap, currency),
        "roaming": view.home_name != view.visited_name,
        // On a monthly bill nothing of the driver's is set aside.
        "hold": (view.payment == Payment::Prepaid).then(|| money(facts.hold, currency)),
        "expected": { "energy_mwh": energy(view.estimate.energy), "low": money(view.estimate.low, currency),
            "expected": money(view.estimate.expected, currency), "high": money(view.estimate.high, currency) },
        "samples": samples,
        "lines": view.lines,
        "local": view.local,
        "language": view.language,
    })
}

/// An amount in whole minor units, as a person reads it.
fn whole(amount: Micro, currency: Currency) -> Micro {
    amount
        .round_to_minor(currency, Rounding::HalfUp)
        .unwrap_or(amount)
}

/// What a bill is made of, in whole minor units, so that a person can add it up: what that leaves is the rounding.
fn breakdown(b: &PriceBreakdown) -> Value {
    let shown = |amount| whole(amount, b.currency);
    let mut rest = b.total;
    let mut take = |amount: Micro| {
        let amount = shown(amount);
        rest = rest.minus(amount).unwrap_or(rest);
        money(amount, b.currency)
    };
    let lines: Vec<Value> = b
        .lines
        .iter()
        .map(|l| {
            json!({
                "dimension": dimension(l.dimension),
                "quantity": l.billed,
                "unit_price": money(l.unit_price, b.currency),
                "amount": take(l.amount),
            })
        })
        .collect();
    let limit = (b.limit_change != Micro::ZERO).then(|| take(b.limit_change));
    let less = Micro(b.discount.0.saturating_neg());
    let discount = (b.discount != Micro::ZERO).then(|| take(less));
    let taxes: Vec<Value> = b
        .taxes
        .iter()
        .map(|t| json!({ "name": t.name, "rate_ppm": t.rate.0, "amount": take(t.amount) }))
        .collect();
    let rounding = (rest != Micro::ZERO).then(|| money(rest, b.currency));
    json!({ "lines": lines, "limit": limit, "discount": discount, "taxes": taxes, "rounding": rounding })
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
        "costed_mwh": view.costed.filter(|_| cost.is_some()).map(energy),
        "since": view.since.rfc3339(),
        "seconds": now.since(view.since).max(0).checked_div(1_000),
    })
}

fn typed(view: &View, digits: usize, refused: Option<CinError>) -> Value {
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
        "missing": missing, "error": error, "group": group, "refused": refused.map(|e| e.code()) })
}

/// What the screen shows, by its kind.
pub(crate) fn screen(view: &View, now: Time) -> Value {
    match &view.screen {
        Screen::Offline => json!({ "kind": "offline" }),
        Screen::Prompt => json!({ "kind": "prompt" }),
        Screen::Typing { digits, wrong } => typed(view, *digits, *wrong),
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

/// What a further kilowatt-hour costs with tax, between the least and the greatest stated energy: nobody knows yet how much the car takes.
fn further(samples: &[SampleCost], currency: Currency) -> Option<Micro> {
    let (first, last) = (samples.first()?, samples.last()?);
    let more = last.energy.minus(first.energy)?;
    let cost = last.total.minus(first.total).ok()?;
    let (one, more) = (
        i64::try_from(Energy::PER_KWH).ok()?,
        i64::try_from(more.0).ok()?,
    );
    let each = cost.scale(one, more, Rounding::HalfUp).ok()?;
    each.round_to_minor(currency, Rounding::HalfUp).ok()
}

fn choices(view: &View, may_act: bool) -> Vec<Value> {
    let chosen = view.wanted;
    let sample = |number: Option<u8>| {
        let at = usize::from(number?).checked_sub(1)?;
        view.offer.as_ref()?.facts.samples.get(at).copied()
    };
    let currency = view.offer.as_ref().map(|o| o.currency);
    let each = view
        .offer
        .as_ref()
        .and_then(|o| further(&o.facts.samples, o.currency));
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
                } else if let Some((each, currency)) = each.zip(currency) {
                    fields.insert("each".into(), money(each, currency));
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
        "posted_taxes": taxes(about.posted_taxes()),
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
        "offer": view.offer.as_deref().map(|o| offer(o, about.minute(at))),
        "wanted_mwh": view.wanted.map(energy),
        "choices": choices(view, may_act),
        "may_act": may_act,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{Ppm, PriceLine, TaxLine};

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
    fn a_bill_adds_up_in_whole_cents() {
        let line = |amount| PriceLine {
            dimension: Dimension::Energy,
            element: 0,
            quantity: 1,
            billed: 1,
            list_price: Micro(360_600),
            unit_price: Micro(360_600),
            amount: Micro(amount),
            vat: None,
            clamped: false,
        };
        let bill = PriceBreakdown {
            currency: Currency::USD,
            lines: vec![line(7_212_000), line(500_000)],
            net: Micro(7_712_000),
            limit_change: Micro::ZERO,
            discount: Micro(385_600),
            taxes: vec![TaxLine {
                name: "Sales tax NC".into(),
                rate: Ppm(40_000),
                base: Micro(7_326_400),
                amount: Micro(293_056),
            }],
            total: Micro(7_620_000),
            rounding: Micro(544),
            energy: Energy(20_000_000),
            rule: None,
        };
        let shown = breakdown(&bill);
        let cents = |value: &Value| value["amount"].as_i64().unwrap();
        let sum = cents(&shown["lines"][0]["amount"])
            + cents(&shown["lines"][1]["amount"])
            + cents(&shown["discount"])
            + cents(&shown["taxes"][0]["amount"])
            + cents(&shown["rounding"]);
        assert_eq!(sum, 762);
        assert_eq!(
            (cents(&shown["discount"]), cents(&shown["rounding"])),
            (-39, 1)
        );
        assert_eq!(shown["limit"], Value::Null);
    }

    #[test]
    fn until_full_costs_what_a_further_kilowatt_hour_costs() {
        let sample = |kwh: u64, total| SampleCost {
            energy: Energy(kwh * Energy::PER_KWH),
            total: Micro(total),
        };
        let samples = [sample(20, 8_030_000), sample(60, 24_030_000)];
        assert_eq!(further(&samples, Currency::USD), Some(Micro(400_000)));
        assert_eq!(further(&samples[..1], Currency::USD), None);
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
