//! Rates the workload of `fairway bench rate` with the crate `ocpi-kit`.

#[path = "../../measure.rs"]
mod measure;

use ocpi_kit::convert::Upgrade;
use ocpi_kit::tariffs::{PricedSession, PricingEngine, PricingPolicy, TimeZone};
use ocpi_kit::v2_2_1::cdrs::Cdr;
use ocpi_kit::v2_3_0::tariffs::Tariff;
use std::hint::black_box;

fn read(text: &str) -> Result<Cdr, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// What its engine takes: a session and tariffs of OCPI 2.3.0.
fn prepare(cdr: &Cdr, zone: &TimeZone) -> (PricedSession, Vec<Tariff>) {
    let tariffs = cdr.tariffs.iter().cloned().map(|t| t.upgrade().ignore_losses()).collect();
    (PricedSession::from_cdr_v2_2_1(cdr, zone.clone()), tariffs)
}

fn main() -> Result<(), String> {
    let workload = measure::workload()?;
    let zone = TimeZone::named(&workload.time_zone).map_err(|e| e.to_string())?;
    // Six digits instead of its default of cents, so that prices can be compared before they are rounded.
    let mut policy = PricingPolicy::default();
    (policy.component_decimals, policy.currency_decimals) = (6, 6);
    let engine = PricingEngine::with_policy(policy);
    let prepared: Vec<_> = workload.cdrs.iter().map(|c| read(c).map(|cdr| prepare(&cdr, &zone))).collect::<Result<_, _>>()?;
    let mut nets = Vec::new();
    for (session, tariffs) in &prepared {
        nets.push(engine.price(session, tariffs).map_err(|e| e.to_string())?.total_excl_vat.to_string());
    }
    let typed = measure::best(prepared.len(), || {
        for (session, tariffs) in &prepared {
            black_box(engine.price(black_box(session), tariffs).map_err(|e| e.to_string())?);
        }
        Ok(())
    })?;
    let json = measure::best(workload.cdrs.len(), || {
        for text in &workload.cdrs {
            let (session, tariffs) = prepare(&read(black_box(text))?, &zone);
            black_box(engine.price(&session, &tariffs).map_err(|e| e.to_string())?);
        }
        Ok(())
    })?;
    measure::print("ocpi-kit", typed, json, &nets);
    Ok(())
}
