//! Prices with their argument, and who gets what of them.

use super::{Money, word};
use fairway_model::tariff::Dimension;
use fairway_model::{Currency, PriceBreakdown, RuleVerdict, ShareNote, Shares};
use serde::Serialize;
use utoipa::ToSchema;

/// One priced quantity.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PriceLine {
    /// `energy`, `flat`, `parking_time` or `time`.
    pub(crate) dimension: String,
    /// Which element of the tariff priced it, counted from 0.
    pub(crate) element: u16,
    /// What was used: milliwatt-hours, milliseconds, or 1.
    pub(crate) quantity: u64,
    /// What is billed after the step size, same unit.
    pub(crate) billed: u64,
    /// What a price is for: `kWh`, `h` or `once`.
    pub(crate) unit: &'static str,
    /// The tariff's price per unit.
    pub(crate) list_price: Money,
    /// The price after load and corridor.
    pub(crate) unit_price: Money,
    /// Net amount.
    pub(crate) amount: Money,
    /// VAT in millionths, where the component names one.
    pub(crate) vat_ppm: Option<u32>,
    /// Whether the agreement's corridor moved the price.
    pub(crate) held_by_corridor: bool,
}

/// One tax.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TaxLine {
    /// Name as printed.
    pub(crate) name: String,
    /// Rate in millionths.
    pub(crate) rate_ppm: u32,
    /// What it is levied on.
    pub(crate) base: Money,
    /// The tax.
    pub(crate) amount: Money,
}

/// What a custom rule did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleLine {
    /// SHA-256 of the module.
    pub(crate) hash: String,
    /// `used`, `declined` or `fell_back`.
    pub(crate) verdict: &'static str,
    /// Why the agreed base rule priced instead.
    pub(crate) why: Option<&'static str>,
}

/// A price with its whole argument.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Breakdown {
    /// ISO 4217.
    pub(crate) currency: String,
    /// What was used and what it costs.
    pub(crate) lines: Vec<PriceLine>,
    /// Sum of the lines, inside the tariff's minimum and maximum.
    pub(crate) net: Money,
    /// What minimum or maximum changed.
    pub(crate) limit_change: Money,
    /// Tier discount, subtracted from `net`.
    pub(crate) discount: Money,
    /// Taxes on `net - discount`.
    pub(crate) taxes: Vec<TaxLine>,
    /// What rounding to minor units added.
    pub(crate) rounding: Money,
    /// What the driver pays.
    pub(crate) total: Money,
    /// Energy in milliwatt-hours.
    pub(crate) energy_mwh: u64,
    /// A custom rule's part.
    pub(crate) rule: Option<RuleLine>,
}

impl From<&PriceBreakdown> for Breakdown {
    fn from(b: &PriceBreakdown) -> Self {
        let money = |value| Money::new(value, b.currency);
        let lines = b.lines.iter().map(|l| PriceLine {
            dimension: word(&l.dimension),
            element: l.element,
            quantity: l.quantity,
            billed: l.billed,
            unit: match l.dimension {
                Dimension::Energy => "kWh",
                Dimension::Flat => "once",
                Dimension::ParkingTime | Dimension::Time => "h",
            },
            list_price: money(l.list_price),
            unit_price: money(l.unit_price),
            amount: money(l.amount),
            vat_ppm: l.vat.map(|v| v.0),
            held_by_corridor: l.clamped,
        });
        let taxes = b.taxes.iter().map(|t| TaxLine {
            name: t.name.clone(),
            rate_ppm: t.rate.0,
            base: money(t.base),
            amount: money(t.amount),
        });
        let rule = b.rule.map(|note| {
            let (verdict, why) = match note.verdict {
                RuleVerdict::Used => ("used", None),
                RuleVerdict::Declined => ("declined", None),
                RuleVerdict::FellBack(fault) => ("fell_back", Some(fault.text())),
            };
            RuleLine {
                hash: note.rule.hex(),
                verdict,
                why,
            }
        });
        Self {
            currency: b.currency.to_string(),
            lines: lines.collect(),
            net: money(b.net),
            limit_change: money(b.limit_change),
            discount: money(b.discount),
            taxes: taxes.collect(),
            rounding: money(b.rounding),
            total: money(b.total),
            energy_mwh: b.energy.0,
            rule,
        }
    }
}

/// A net price shared by the agreement's fixed parts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Parts {
    /// The home utility's.
    pub(crate) home: Money,
    /// The visited utility's.
    pub(crate) visited: Money,
    /// The site owner's.
    pub(crate) owner: Money,
}

/// Who gets what of a charge.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Split {
    /// `fixed`, `shapley` or `nash`, where the agreement is known here.
    pub(crate) rule: Option<&'static str>,
    /// The rule in words.
    pub(crate) title: Option<&'static str>,
    /// The home utility's.
    pub(crate) home: Money,
    /// The visited utility's, without tax.
    pub(crate) visited: Money,
    /// The site owner's.
    pub(crate) owner: Money,
    /// Tax, which the visited utility remits.
    pub(crate) tax: Money,
    /// What the visited utility got back before anything was shared.
    pub(crate) costs: Option<Money>,
    /// What was left to share.
    pub(crate) surplus: Option<Money>,
    /// What the others would make without home (Shapley), or all alone (Nash).
    pub(crate) alone: Option<Money>,
    /// The same net price by fixed parts, for comparison.
    pub(crate) by_parts: Option<Parts>,
}

/// Shares, and their argument where it is known.
pub(crate) fn split(shares: &Shares, note: Option<&ShareNote>, currency: Currency) -> Split {
    let money = |value| Money::new(value, currency);
    let kind = note.map(|n| n.division.kind);
    Split {
        rule: kind.map(fairway_model::SplitKind::word),
        title: kind.map(fairway_model::SplitKind::title),
        home: money(shares.home),
        visited: money(shares.visited),
        owner: money(shares.owner),
        tax: money(shares.tax),
        costs: note.map(|n| money(n.division.costs)),
        surplus: note.map(|n| money(n.division.surplus)),
        alone: note.map(|n| money(n.division.alone)),
        by_parts: note.map(|n| Parts {
            home: money(n.by_parts.home),
            visited: money(n.by_parts.visited),
            owner: money(n.by_parts.owner),
        }),
    }
}
