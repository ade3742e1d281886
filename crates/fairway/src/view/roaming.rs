//! Partners, agreements and conversions for programs.

use super::json::amount;
use fairway_model::{AgreementId, Currency, MemberId, Micro};
use fairway_utility::command::Status;
use fairway_utility::roaming::{AgreementView, PartnerView};
use serde_json::{Value, json};

fn in_force((home, visited, id): &(MemberId, MemberId, AgreementId)) -> Value {
    json!({ "agreement": id.to_string(), "home": home.to_string(), "visited": visited.to_string() })
}

/// A utility of the consortium with its offers and its record. Counts are of the whole ledger.
pub fn partner(p: &PartnerView) -> Value {
    let r = &p.record;
    let offers = p.offers.iter().map(|o| {
        json!({ "slot": o.slot, "areas": o.areas, "energy_price": amount(o.energy_price, o.currency),
            "start_fee": amount(o.start_fee, o.currency), "floor": amount(o.corridor.floor, o.currency),
            "cap": amount(o.corridor.cap, o.currency), "home_bps": o.home_bps, "least_served_bps": o.least_served_bps,
            "valid_until": o.valid_until.rfc3339() })
    });
    let owes = p.owes.iter().map(|(currency, owes, owed): &(Currency, Micro, Micro)| {
        json!({ "owes": amount(*owes, *currency), "is_owed": amount(*owed, *currency) })
    });
    let prices = p.prices.iter().map(|price| {
        json!({ "tariff": price.tariff, "price": price.price.map(|of| amount(of, price.currency)), "load_bps": price.load_bps,
            "floor": amount(price.corridor.floor, price.currency), "cap": amount(price.corridor.cap, price.currency) })
    });
    let (o, d) = (&p.outcomes, &p.dues);
    json!({ "member": p.member.to_string(), "name": p.name, "evses": p.evses, "areas": p.areas,
        "offers": offers.collect::<Vec<_>>(), "open": owes.collect::<Vec<_>>(),
        "agreements": p.agreements.iter().map(in_force).collect::<Vec<_>>(),
        "prices": prices.collect::<Vec<_>>(),
        "our_drivers": { "attempts": o.attempts, "charged": o.charged, "refused": o.refused, "not_started": o.not_started,
            "declined": o.declined, "open": o.open, "disputed": o.disputed },
        "dues": { "in_time": d.in_time, "late": d.late, "open": d.open, "overdue": d.overdue },
        "record": { "served": r.served, "energy_mwh": r.energy.0, "sent": r.sent, "refused": r.refused, "disputes": r.disputes,
            "disputed": r.disputed, "corrected": r.corrected, "refusals": r.refusals, "answered": r.answered, "penalties": r.penalties,
            "payments": r.payments, "paid_at": r.paid_at.map(|at| at.rfc3339()), "suspensions": r.suspensions,
            "breaches_said": r.breaches_said, "breaches_heard": r.breaches_heard } })
}

/// Agreements in force, those to countersign here, and where each version stands.
pub fn agreements(status: &Status, views: &[AgreementView]) -> Value {
    let all = views.iter().map(|v| {
        json!({ "agreement": v.agreement.to_string(), "version": v.version, "home": v.home.to_string(),
            "visited": v.visited.to_string(), "stage": v.stage })
    });
    json!({ "in_force": status.agreements.iter().map(in_force).collect::<Vec<_>>(),
        "to_countersign": status.proposals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "data": all.collect::<Vec<_>>(), "height": status.height })
}
