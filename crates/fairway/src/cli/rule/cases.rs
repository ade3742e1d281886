//! The cases of the bench: charges in, prices out, through the same functions that price real charges.

use super::super::say;
use fairway_model::{
    Adjustments, Corridor, Currency, Dimension, Energy, Micro, Period, PeriodKind, PriceBreakdown,
    PriceComponent, RuleVerdict, Split, Tariff, TariffElement, Tier, Time, Usage,
};
use fairway_pricing::{BoundRule, CompiledTariff, MAX_RULE_FUEL, RuleModule, rate};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// Most bytes of a file of cases.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// IANA zone of the EVSE.
    zone: String,
    /// Fuel as the agreement grants it.
    fuel: u64,
    /// Prices and limits of the agreement.
    agreement: Terms,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    /// Per kWh, decimal.
    energy_price: String,
    /// Once, decimal.
    start_fee: String,
    floor: String,
    cap: String,
    amount_per_charge: String,
    home_bps: u32,
    visited_bps: u32,
    owner_bps: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "neutral")]
    load_bps: u32,
    #[serde(default)]
    tier: TierName,
    #[serde(default)]
    discount_bps: u32,
    periods: Vec<CasePeriod>,
    end: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Expect>,
}

fn neutral() -> u32 {
    10_000
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum TierName {
    #[default]
    Standard,
    Gold,
    Diamond,
    Platinum,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CasePeriod {
    /// RFC 3339.
    start: String,
    /// Decimal; none means parking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kwh: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Per kWh, after the corridor; none when nothing was charged for energy.
    energy_price: Option<String>,
    /// Whether the corridor moved it.
    clamped: bool,
    home_bps: Option<u32>,
    fuel: u64,
    outcome: String,
    total: String,
}

/// Runs every case of a file; prints a table.
///
/// # Errors
/// A file that cannot be read, or how many cases came out otherwise than expected.
pub(super) fn run(rule: &RuleModule, path: &Path, update: bool) -> Result<(), String> {
    let wrong = |e: &dyn core::fmt::Display| format!("{}: {e}", path.display());
    let size = std::fs::metadata(path).map_err(|e| wrong(&e))?.len();
    if size > MAX_FILE_BYTES {
        return Err(wrong(&format!("{size} bytes; at most {MAX_FILE_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    let mut file: File = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
    let tariff = compile(&file, rule).map_err(|e| wrong(&e))?;
    let corridor = Corridor {
        floor: amount("floor", &file.agreement.floor)?,
        cap: amount("cap", &file.agreement.cap)?,
    };
    let mut table = format!(
        "{:<32} {:>10} {:>7} {:>6} {:>7} {:>10}  {}\n",
        "case", "per kWh", "clamped", "home", "fuel", "total", "outcome"
    );
    let mut different = 0usize;
    for case in &mut file.cases {
        let found =
            price(&tariff, case, corridor).map_err(|e| wrong(&format!("{}: {e}", case.name)))?;
        row(&mut table, &case.name, &found);
        if update {
            case.expect = Some(found);
        } else if let Some(expected) = case.expect.as_ref().filter(|e| **e != found) {
            different = different.saturating_add(1);
            row(&mut table, "  expected", expected);
        }
    }
    say(table.trim_end());
    if update {
        let mut text = serde_json::to_string_pretty(&file).map_err(|e| wrong(&e))?;
        text.push('\n');
        std::fs::write(path, text).map_err(|e| wrong(&e))?;
    }
    if different > 0 {
        return Err(format!(
            "{different} of {} cases came out otherwise than expected",
            file.cases.len()
        ));
    }
    Ok(())
}

fn row(table: &mut String, name: &str, e: &Expect) {
    let short: String = name.chars().take(32).collect();
    let home = e.home_bps.map_or_else(|| "-".to_owned(), |b| b.to_string());
    // Writing to a String cannot fail.
    let _ = writeln!(
        table,
        "{short:<32} {:>10} {:>7} {home:>6} {:>7} {:>10}  {}",
        e.energy_price.as_deref().unwrap_or("-"),
        if e.clamped { "yes" } else { "no" },
        e.fuel,
        e.total,
        e.outcome
    );
}

fn amount(key: &str, text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| format!("{key}: {e}"))
}

fn compile(file: &File, rule: &RuleModule) -> Result<CompiledTariff, String> {
    let terms = &file.agreement;
    if file.fuel == 0 || file.fuel > MAX_RULE_FUEL {
        return Err(format!(
            "fuel: {}; 1 to {MAX_RULE_FUEL} may be granted",
            file.fuel
        ));
    }
    let component = |dimension, price| PriceComponent {
        dimension,
        price,
        vat: None,
        step_size: 1,
    };
    let tariff = Tariff {
        id: "bench".to_owned(),
        currency: Currency::USD,
        elements: vec![TariffElement {
            components: vec![
                component(
                    Dimension::Energy,
                    amount("energy_price", &terms.energy_price)?,
                ),
                component(Dimension::Flat, amount("start_fee", &terms.start_fee)?),
            ],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: Vec::new(),
    };
    let split = Split {
        home_bps: terms.home_bps,
        visited_bps: terms.visited_bps,
        owner_bps: terms.owner_bps,
    };
    let cap = amount("amount_per_charge", &terms.amount_per_charge)?;
    let bound = BoundRule::new(rule.clone(), file.fuel, split, cap);
    CompiledTariff::compile_with(&tariff, &file.zone, Some(bound)).map_err(|e| e.to_string())
}

fn price(tariff: &CompiledTariff, case: &Case, corridor: Corridor) -> Result<Expect, String> {
    let adjustments = Adjustments {
        load_bps: case.load_bps,
        tier: match case.tier {
            TierName::Standard => Tier::Standard,
            TierName::Gold => Tier::Gold,
            TierName::Diamond => Tier::Diamond,
            TierName::Platinum => Tier::Platinum,
        },
        discount_bps: case.discount_bps,
        corridor,
    };
    let periods: Result<Vec<Period>, String> = case.periods.iter().map(period).collect();
    let usage = Usage {
        end: time(&case.end)?,
        periods: periods?,
    };
    let price = rate(tariff, &adjustments, &usage).map_err(|e| e.to_string())?;
    Ok(found(&price))
}

fn found(price: &PriceBreakdown) -> Expect {
    let energy = price
        .lines
        .iter()
        .find(|line| line.dimension == Dimension::Energy);
    let note = price.rule;
    let outcome = match note.map(|n| n.verdict) {
        Some(RuleVerdict::Used) => "used".to_owned(),
        Some(RuleVerdict::Declined) => "left to the base rule".to_owned(),
        Some(RuleVerdict::FellBack(fault)) => format!("fell back: {}", fault.text()),
        None => "no rule".to_owned(),
    };
    Expect {
        energy_price: energy.map(|line| line.unit_price.text(price.currency)),
        clamped: energy.is_some_and(|line| line.clamped),
        home_bps: note.and_then(|n| n.home_bps),
        fuel: note.map_or(0, |n| n.fuel),
        outcome,
        total: price.total.text(price.currency),
    }
}

fn period(case: &CasePeriod) -> Result<Period, String> {
    let energy = match &case.kwh {
        // A kWh has as many milliwatt-hours as a unit of money has micro-units.
        Some(text) => Micro::parse(text)
            .ok()
            .and_then(|m| u64::try_from(m.0).ok()),
        None => Some(0),
    };
    Ok(Period {
        start: time(&case.start)?,
        kind: if case.kwh.is_some() {
            PeriodKind::Charging
        } else {
            PeriodKind::Parking
        },
        energy: energy
            .map(Energy)
            .ok_or_else(|| format!("kwh: {:?}; a decimal such as 12.5 is right", case.kwh))?,
        power_w: None,
        current_ma: None,
    })
}

fn time(text: &str) -> Result<Time, String> {
    text.parse::<jiff::Timestamp>()
        .map(|t| Time(t.as_millisecond()))
        .map_err(|e| format!("{text:?}: {e}; 2026-06-01T15:00:00-04:00 is right"))
}
