//! Answers for programs. Amounts are integers in micro-units with their currency; times are RFC 3339.

use super::dimension;
use super::sharing::note_json;
use fairway_model::{Bill, BillLine, Currency, Metered, Micro, Place, PriceBreakdown, Quoted};
use fairway_utility::command::{Books, CaseView, SessionSummary, SessionTrace, Status};
use serde_json::{Value, json};

pub(super) fn amount(value: Micro, currency: Currency) -> Value {
    json!({ "amount": value.0, "scale": 6, "currency": currency.to_string() })
}

/// A price with its argument.
pub fn breakdown(b: &PriceBreakdown) -> Value {
    let lines: Vec<Value> = b
        .lines
        .iter()
        .map(|l| {
            json!({ "type": dimension(l.dimension), "element": l.element, "quantity": l.quantity, "billed": l.billed,
                "list_price": amount(l.list_price, b.currency), "unit_price": amount(l.unit_price, b.currency),
                "amount": amount(l.amount, b.currency), "vat_ppm": l.vat.map(|v| v.0), "held_by_corridor": l.clamped })
        })
        .collect();
    let taxes: Vec<Value> = b
        .taxes
        .iter()
        .map(|t| json!({ "name": t.name, "rate_ppm": t.rate.0, "base": amount(t.base, b.currency), "amount": amount(t.amount, b.currency) }))
        .collect();
    json!({ "lines": lines, "net": amount(b.net, b.currency), "limit_change": amount(b.limit_change, b.currency),
        "discount": amount(b.discount, b.currency), "taxes": taxes, "rounding": amount(b.rounding, b.currency),
        "total": amount(b.total, b.currency), "energy_mwh": b.energy.0 })
}

fn bill_line(l: &BillLine, currency: Currency) -> Value {
    json!({ "session": l.session.to_string(), "visited": l.visited.to_string(), "visited_name": l.visited_name, "evse": l.evse.as_str(),
        "start": l.start.rfc3339(), "end": l.end.rfc3339(), "energy_kwh": l.energy.kwh_text(), "total": amount(l.total, currency),
        "breakdown": breakdown(&l.breakdown), "offer": l.offer.hex(), "meter_evidence": l.meter_evidence.hex(),
        "agreement": l.agreement.to_string(), "charge_event": l.event.hex(), "transaction": l.transaction.hex(), "height": l.height,
        "shared": l.shared.as_ref().map(|note| note_json(note, currency)),
        "quoted": l.quoted.as_ref().map(|q| quoted(q, currency)), "metered": l.metered.as_ref().map(metered),
        "place": l.place.as_ref().map(place), "settled": l.settled.map(|at| at.rfc3339()) })
}

/// What was shown and agreed to.
fn quoted(q: &Quoted, currency: Currency) -> Value {
    let terms = &q.adjustments;
    json!({ "tariff": q.tariff, "load_bps": terms.load_bps, "tier": format!("{:?}", terms.tier).to_lowercase(), "discount_bps": terms.discount_bps,
        "corridor": { "floor": amount(terms.corridor.floor, currency), "cap": amount(terms.corridor.cap, currency) },
        "reasons": q.reasons, "estimate": { "low": amount(q.low, currency), "high": amount(q.high, currency) },
        "consented": q.consented.map(|at| at.rfc3339()) })
}

/// What the signed meter records proved; all of them were verified, or there would be no line.
fn metered(m: &Metered) -> Value {
    json!({ "records": m.records, "signatures": "verified", "meter_key": m.key.hex(), "begin_kwh": m.begin.kwh_text(), "end_kwh": m.end.kwh_text() })
}

fn place(p: &Place) -> Value {
    json!({ "time_zone": p.time_zone, "area": p.area })
}

/// A month's bill.
pub fn bill(b: &Bill) -> Value {
    json!({ "utility": b.utility.to_string(), "utility_name": b.utility_name, "customer": b.customer, "cin": b.cin, "language": b.language,
        "year": b.year, "month": b.month,
        "lines": b.lines.iter().map(|l| bill_line(l, b.currency)).collect::<Vec<_>>(), "total": amount(b.total, b.currency), "pending": b.pending,
        "credits": b.credits.iter().map(|c| json!({ "session": c.session.to_string(), "at": c.at.rfc3339(), "amount": amount(c.amount, b.currency),
            "reason": c.reason, "transaction": c.transaction.hex(), "height": c.height })).collect::<Vec<_>>() })
}

/// Disputes.
pub fn cases(cases: &[CaseView]) -> Value {
    Value::Array(cases.iter().map(case).collect())
}

fn case(c: &CaseView) -> Value {
    let (case, currency) = (&c.case, c.case.currency);
    let end = c.end.map(|end| {
        json!({ "ruling": end.ruling.word(), "total": amount(end.total, currency), "credited": amount(end.credited, currency), "at": end.at.rfc3339() })
    });
    json!({ "session": case.session.to_string(), "opener": case.opener.to_string(), "home": case.home.to_string(), "visited": case.visited.to_string(),
        "reason": format!("{:?}", c.reason), "evidence": c.evidence.hex(), "claimed": amount(c.claimed, currency),
        "opened_at": c.opened_at.rfc3339(), "answer_until": c.answer_until.rfc3339(),
        "answered": c.answered.map(|total| amount(total, currency)), "settle_until": c.settle_until.map(|at| at.rfc3339()),
        "panel": c.panel.iter().map(ToString::to_string).collect::<Vec<_>>(), "vote_until": c.vote_until.map(|at| at.rfc3339()), "end": end })
}

fn summary(s: &SessionSummary) -> Value {
    json!({ "session": s.session.to_string(), "role": format!("{:?}", s.role).to_lowercase(), "home": s.home.map(|m| m.to_string()),
        "visited": s.visited.to_string(), "evse": s.evse.as_ref().map(ToString::to_string), "state": s.state, "at": s.at.rfc3339(),
        "local": s.local, "energy_kwh": s.energy.kwh_text(), "total_micro": s.total.map(|t| t.0),
        "refusal": s.refusal.as_ref().map(|r| json!({ "code": r.code.as_str(), "text": r.text })) })
}

/// A list of charges.
pub fn sessions(list: &[SessionSummary]) -> Value {
    Value::Array(list.iter().map(summary).collect())
}

/// One charge, hop by hop.
pub fn trace(t: &SessionTrace) -> Value {
    let hops: Vec<Value> = t
        .hops
        .iter()
        .map(|h| json!({ "at": h.at.rfc3339(), "from": h.from, "to": h.to, "what": h.what }))
        .collect();
    let offer = t.offer.as_ref().map(|o| {
        json!({ "hash": o.offer.hash().hex(), "tariff": o.offer.tariff, "agreement": o.offer.agreement.to_string(),
            "load_bps": o.offer.adjustments.load_bps, "discount_bps": o.offer.adjustments.discount_bps,
            "expected": amount(o.offer.estimate.expected, o.offer.currency), "low": amount(o.offer.estimate.low, o.offer.currency),
            "high": amount(o.offer.estimate.high, o.offer.currency), "reasons": o.offer.reasons })
    });
    let consent =
        t.consent.as_ref().map(|c| json!({ "method": format!("{:?}", c.consent.method), "given_at": c.consent.given_at.rfc3339() }));
    let event = t.event.as_ref().map(|e| {
        json!({ "hash": e.event.hash().hex(), "total_micro": e.event.total.0, "shares_micro": { "home": e.event.shares.home.0,
            "visited": e.event.shares.visited.0, "owner": e.event.shares.owner.0, "tax": e.event.shares.tax.0 } })
    });
    json!({ "summary": summary(&t.summary), "hops": hops, "offer": offer, "consent": consent,
        "breakdown": t.breakdown.as_ref().map(breakdown), "charge_event": event, "meter_records": t.evidence,
        "transaction": t.transaction.map(|h| h.hex()), "height": t.height,
        "shared": t.shared.as_ref().zip(t.breakdown.as_ref()).map(|(note, price)| note_json(note, price.currency)) })
}

/// State of a utility.
pub fn status(s: &Status) -> Value {
    json!({ "member": s.member.to_string(), "height": s.height, "open": s.open, "outbox": s.outbox,
        "connected": s.connected.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "agreements": s.agreements.iter().map(|(h, v, id)| json!({ "home": h.to_string(), "visited": v.to_string(), "id": id.to_string() })).collect::<Vec<_>>(),
        "proposals": s.proposals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "prefixes": s.prefixes.iter().map(|(p, m)| json!({ "prefix": p, "member": m.to_string() })).collect::<Vec<_>>(),
        "evses": s.evses, "policy_version": s.policy_version, "visiting_profiles": s.visiting_profiles })
}

/// A utility's own books.
pub fn books(b: &Books) -> Value {
    json!({ "trial_balance_micro": b.trial_balance.0, "settled_home": b.settled_home, "settled_visited": b.settled_visited,
        "billed_micro": b.billed.0,
        "accounts": b.accounts.iter().map(|(name, value)| json!({ "account": name, "micro": value.0 })).collect::<Vec<_>>(),
        "positions": b.positions.iter().map(|(m, c, a)| json!({ "partner": m.to_string(), "amount": amount(*a, *c) })).collect::<Vec<_>>() })
}
