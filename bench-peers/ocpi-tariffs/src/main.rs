//! Rates the workload of `fairway bench rate` with the crate `ocpi-tariffs`.

#[path = "../../measure.rs"]
mod measure;

use ocpi_tariffs::{Version, cdr, price};
use std::hint::black_box;

fn read(text: &str) -> Result<cdr::Versioned<'_>, String> {
    cdr::parse_with_version(text, Version::V221).map(|report| report.cdr).map_err(|e| format!("{e:?}"))
}

fn rate(cdr: &cdr::Versioned<'_>, zone: chrono_tz::Tz) -> Result<price::Report, String> {
    cdr::price(cdr, price::TariffSource::UseCdr, zone).map(|report| report.into_parts().0).map_err(|e| format!("{e:?}"))
}

fn main() -> Result<(), String> {
    let workload = measure::workload()?;
    let zone: chrono_tz::Tz = workload.time_zone.parse().map_err(|e| format!("{e:?}"))?;
    let parsed: Vec<_> = workload.cdrs.iter().map(|c| read(c)).collect::<Result<_, _>>()?;
    let mut nets = Vec::new();
    for cdr in &parsed {
        let total = rate(cdr, zone)?.total_cost.calculated.ok_or("a charge has no total")?;
        // It prints amounts with a currency sign.
        nets.push(total.excl_vat.to_string().trim_end_matches('¤').to_owned());
    }
    let typed = measure::best(parsed.len(), || {
        for cdr in &parsed {
            black_box(rate(black_box(cdr), zone)?);
        }
        Ok(())
    })?;
    let json = measure::best(workload.cdrs.len(), || {
        for text in &workload.cdrs {
            black_box(rate(&read(black_box(text))?, zone)?);
        }
        Ok(())
    })?;
    measure::print("ocpi-tariffs", typed, json, &nets);
    Ok(())
}
