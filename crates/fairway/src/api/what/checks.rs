//! What the contract compares before it settles a charge, computed here again from the same records.

use fairway_model::{Agreement, ChargeEvent};
use fairway_utility::desk::ChargeView;
use serde::Serialize;
use utoipa::ToSchema;

/// One comparison.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct Comparison {
    /// Its name.
    pub(crate) check: &'static str,
    /// What is compared.
    pub(crate) title: &'static str,
    /// What must be.
    pub(crate) expected: String,
    /// What is.
    pub(crate) found: String,
    /// Whether it holds.
    pub(crate) ok: bool,
}

fn check(
    name: &'static str,
    title: &'static str,
    expected: impl Into<String>,
    found: impl Into<String>,
    ok: bool,
) -> Comparison {
    Comparison {
        check: name,
        title,
        expected: expected.into(),
        found: found.into(),
        ok,
    }
}

/// Every comparison that what is known here allows.
pub(crate) fn checks(view: &ChargeView) -> Vec<Comparison> {
    let Some(signed) = &view.trace.event else {
        return Vec::new();
    };
    let event = &signed.event;
    let key = |member| view.keys.iter().find(|k| k.member == member).map(|k| k.key);
    let mut list = Vec::new();
    for (name, title, member, signature) in [
        (
            "visited-signature",
            "The visited utility signed the charge event",
            event.visited,
            &signed.visited_signature,
        ),
        (
            "home-signature",
            "The home utility signed the same charge event",
            event.home,
            &signed.home_signature,
        ),
    ] {
        let good = key(member).is_some_and(|key| event.verify(&key, signature));
        list.push(check(
            name,
            title,
            format!("a signature of {member}"),
            if good {
                "verified"
            } else {
                "not verified with the present key"
            },
            good,
        ));
    }
    list.extend(meter(view, event));
    list.extend(
        view.agreement
            .as_deref()
            .map(|a| terms(a, event))
            .unwrap_or_default(),
    );
    list.extend(money(view, event));
    list
}

fn meter(view: &ChargeView, event: &ChargeEvent) -> Vec<Comparison> {
    let mut list = Vec::new();
    if let Some(evse) = &view.evse {
        let registered = evse.meter_key_hash();
        list.push(check(
            "meter-key",
            "The meter key is the one registered for the charging point",
            registered.hex(),
            event.meter_key.hex(),
            registered == event.meter_key,
        ));
    }
    let used = event.usage.energy();
    let register = event.meter_end.minus(event.meter_start);
    let kwh = |e: Option<fairway_model::Energy>| {
        e.map_or_else(|| "?".to_owned(), |e| format!("{} kWh", e.kwh_text()))
    };
    list.push(check(
        "register",
        "The register's difference is the energy of the periods",
        kwh(register),
        kwh(used),
        register == used && used.is_some(),
    ));
    let evidence = fairway_gateway::evidence_hash(view.trace.evidence.iter().map(String::as_str));
    let fits = evidence == event.meter_evidence;
    // Beside the records that the event names the visited utility keeps those that it did not need.
    if fits || (view.gateway.is_none() && !view.trace.evidence.is_empty()) {
        list.push(check(
            "evidence",
            "The kept meter records are those that the event names",
            event.meter_evidence.hex(),
            evidence.hex(),
            fits,
        ));
    }
    list
}

/// What the agreement says of the charge itself.
fn terms(agreement: &Agreement, event: &ChargeEvent) -> Vec<Comparison> {
    let id = agreement.id();
    let start = event.usage.start().unwrap_or(event.usage.end);
    let tariffs: Vec<&str> = agreement.tariffs.iter().map(|t| t.id.as_str()).collect();
    let mut list = vec![
        check(
            "agreement",
            "The charge falls under the agreement of the two",
            id.to_string(),
            event.agreement.to_string(),
            id == event.agreement,
        ),
        check(
            "validity",
            "The charge began while the agreement was valid",
            format!("{} to {}", agreement.valid_from, agreement.valid_until),
            start.rfc3339(),
            agreement.valid_from <= start && start < agreement.valid_until,
        ),
        check(
            "tariff",
            "The tariff is one of the agreement's",
            tariffs.join(", "),
            event.tariff.clone(),
            agreement.tariff(&event.tariff).is_some(),
        ),
    ];
    list.extend(limits(agreement, event));
    list
}

/// Whether price, energy and amount stayed inside the agreed limits.
fn limits(agreement: &Agreement, event: &ChargeEvent) -> [Comparison; 5] {
    let (band, caps, corridor) = (agreement.load_band, &agreement.caps, agreement.corridor);
    let adjusted = &event.adjustments;
    let amount = |value: fairway_model::Micro| {
        format!("{} {}", value.text(agreement.currency), agreement.currency)
    };
    let range =
        |c: fairway_model::Corridor| format!("{} to {} per kWh", amount(c.floor), amount(c.cap));
    let tier = agreement.tier_terms(adjusted.tier);
    let tier = tier.map_or(0, |t| t.discount_bps);
    let energy = event.usage.energy().unwrap_or_default();
    [
        check(
            "load",
            "The load multiplier lies inside the agreed band",
            format!("{} to {} bps", band.min_bps, band.max_bps),
            format!("{} bps", adjusted.load_bps),
            (band.min_bps..=band.max_bps).contains(&adjusted.load_bps),
        ),
        check(
            "corridor",
            "Floor and cap of the energy price are the agreed ones",
            range(corridor),
            range(adjusted.corridor),
            adjusted.corridor == corridor,
        ),
        check(
            "tier",
            "The tier's discount is the agreed one",
            format!("{tier} bps"),
            format!("{} bps", adjusted.discount_bps),
            tier == adjusted.discount_bps,
        ),
        check(
            "energy-cap",
            "The energy is under the cap of one charge",
            format!("at most {} kWh", caps.energy_per_charge.kwh_text()),
            format!("{} kWh", energy.kwh_text()),
            energy <= caps.energy_per_charge,
        ),
        check(
            "amount-cap",
            "The amount is under the cap of one charge",
            format!("at most {}", amount(caps.amount_per_charge)),
            amount(event.total),
            event.total <= caps.amount_per_charge,
        ),
    ]
}

fn money(view: &ChargeView, event: &ChargeEvent) -> Vec<Comparison> {
    let mut list = Vec::new();
    let shares = &event.shares;
    let sum = fairway_model::Micro::sum([shares.home, shares.visited, shares.owner, shares.tax]);
    let sum_text = sum
        .as_ref()
        .map_or_else(|_| "?".to_owned(), |s| s.0.to_string());
    list.push(check(
        "shares",
        "Home, visited, owner and tax add up to the total",
        format!("{} millionths", event.total.0),
        format!("{sum_text} millionths"),
        sum == Ok(event.total),
    ));
    if let Some(price) = &view.trace.breakdown {
        let currency = price.currency;
        let text = |value: fairway_model::Micro| format!("{} {currency}", value.text(currency));
        list.push(check(
            "price",
            "Rated again from the signed records, the price is the event's",
            text(price.total),
            text(event.total),
            price.total == event.total,
        ));
    }
    if let Some(note) = &view.trace.shared {
        list.push(check(
            "split",
            "The shares are what the agreed rule gives",
            note.division.kind.title(),
            "the event's shares",
            note.shares == event.shares,
        ));
    }
    if let Some(offer) = &view.trace.offer {
        let hash = offer.offer.hash();
        list.push(check(
            "offer",
            "The event names the offer that the driver consented to",
            hash.hex(),
            event.offer.hex(),
            hash == event.offer,
        ));
        if let Some(consent) = &view.trace.consent {
            let found = consent.consent.offer;
            list.push(check(
                "consent",
                "The consent is to that offer",
                hash.hex(),
                found.hex(),
                found == hash,
            ));
        }
    }
    list
}
