//! Terms that contradict themselves.

use super::DAY;
use fairway_model::forecast::ForecastTerms;
use fairway_model::tariff::{PriceLimit, Restrictions};
use fairway_model::{Agreement, Currency, Dimension, Energy, Micro, Ppm, SplitRule, Tariff, Tier};
use std::collections::BTreeSet;

/// Withdrawn currencies and codes that are no money, among those of the generator.
const NO_MONEY: &[&str] = &["XTS", "AAA", "DEM", "HRK"];
/// Basis points of the whole.
const WHOLE: u64 = 10_000;
/// Most days of notice, and most hours to answer a claim of refusal.
const MOST_NOTICE_DAYS: u16 = 366;
const MOST_ANSWER_HOURS: u16 = 31 * 24;
/// A million of the major unit: the highest price and price limit.
const DEAREST: Micro = Micro(1_000_000_000_000);

/// Whether a currency is one that people pay with.
pub fn is_money(currency: Currency) -> bool {
    !NO_MONEY.contains(&currency.to_string().as_str())
}

/// Whether an agreement can be signed at this time: nothing in it contradicts anything else in it.
pub fn sound(a: &Agreement, now: i64) -> bool {
    let validity = a.valid_from < a.valid_until
        && a.valid_until.0 > now
        && a.valid_until.0 - a.valid_from.0 <= 3_653 * DAY;
    let split = [a.split.home_bps, a.split.visited_bps, a.split.owner_bps];
    let whole: u64 = split.into_iter().map(u64::from).sum();
    let deadlines = [a.netting_days, a.due_days, a.dispute_days];
    validity
        && is_money(a.currency)
        && a.corridor.floor >= Micro::ZERO
        && a.corridor.floor <= a.corridor.cap
        && 0 < a.load_band.min_bps
        && a.load_band.min_bps <= a.load_band.max_bps
        && a.load_band.max_bps <= 100_000
        && a.caps.energy_per_charge > Energy::ZERO
        && a.caps.amount_per_charge > Micro::ZERO
        && a.caps.amount_per_charge <= a.caps.exposure
        && whole == WHOLE
        && 0 < a.hold_ttl
        && a.hold_ttl <= 35 * DAY
        && a.netting_days > 0
        && deadlines.iter().all(|days| *days <= 366)
        && u64::from(a.interest_bps) <= WHOLE
        && tiers(a)
        && optional(a)
        && tariffs(a)
        && a.text_hash == fairway_ledger::text_hash(a)
}

/// Terms that may be left out.
fn optional(a: &Agreement) -> bool {
    let alone = a.home == a.visited;
    let caps = a.session_caps.is_none_or(|c| {
        let named = [c.concurrent, c.per_day];
        named.iter().any(Option::is_some) && !named.contains(&Some(0))
    });
    let service = a.service.is_none_or(|s| {
        !alone
            && u64::from(s.least_served_bps) <= WHOLE
            && s.penalty > Micro::ZERO
            && s.penalty_cap >= s.penalty
            && (1..=MOST_ANSWER_HOURS).contains(&s.answer_hours)
    });
    let collateral = a.collateral.is_none_or(|c| !alone && c > Micro::ZERO);
    let split = a
        .split_rule
        .is_none_or(|r| a.rule.is_none() && shares(&r, a.corridor.cap));
    let rule = a.rule.is_some() == a.rule_fuel.is_some() && a.rule_fuel != Some(0);
    let follows = a.forecast.as_ref();
    let follows = follows.is_none_or(|f| forecast(f, a.load_band.min_bps..=a.load_band.max_bps));
    caps && follows
        && service
        && collateral
        && rule
        && split
        && a.notice_days.is_none_or(|d| d <= MOST_NOTICE_DAYS)
}

/// A rule whose amounts are what people pay, and whose costs a price inside the corridor may cover.
fn shares(rule: &SplitRule, cap: Micro) -> bool {
    let c = rule.costs();
    let (amounts, chance) = match rule {
        SplitRule::Shapley { ad_hoc, .. } => (vec![ad_hoc.price_per_kwh], ad_hoc.chance_bps),
        SplitRule::Nash { alone, .. } => {
            let all = [
                alone.home_per_kwh,
                alone.visited_per_kwh,
                alone.owner_per_kwh,
            ];
            (all.to_vec(), 0)
        }
    };
    let costs = [c.energy_per_kwh, c.network_per_kwh, c.per_charge];
    costs
        .iter()
        .chain(&amounts)
        .all(|m| (Micro::ZERO..=DEAREST).contains(m))
        && u64::from(chance) <= WHOLE
        && c.energy_per_kwh.0 + c.network_per_kwh.0 <= cap.0
}

/// A curve that rises, a step, a notice, days of skill, and a table that has every hour inside the band.
fn forecast(terms: &ForecastTerms, band: core::ops::RangeInclusive<u32>) -> bool {
    let rises = terms
        .curve
        .is_sorted_by(|a, b| a.level < b.level && a.bps <= b.bps);
    let points = terms
        .curve
        .iter()
        .all(|p| p.level <= 1_000 && (1..=100_000).contains(&p.bps));
    let tables = [&terms.weekday_bps, &terms.weekend_bps];
    (2..=16).contains(&terms.curve.len())
        && rises
        && points
        && terms.step_bps > 0
        && terms.notice_hours <= 12
        && (7..=90).contains(&terms.skill_days)
        && tables
            .iter()
            .all(|t| t.len() == 24 && t.iter().all(|bps| band.contains(bps)))
}

fn tiers(a: &Agreement) -> bool {
    let kinds: BTreeSet<Tier> = a.tiers.iter().map(|t| t.tier).collect();
    kinds.len() == a.tiers.len()
        && !kinds.contains(&Tier::Standard)
        && a.tiers
            .iter()
            .all(|t| u64::from(t.discount_bps.max(t.home_bears_bps)) <= WHOLE)
}

fn tariffs(a: &Agreement) -> bool {
    let ids: BTreeSet<&str> = a.tariffs.iter().map(|t| t.id.as_str()).collect();
    !ids.is_empty()
        && ids.len() == a.tariffs.len()
        && a.tariffs
            .iter()
            .all(|t| t.currency == a.currency && tariff(t))
}

fn tariff(t: &Tariff) -> bool {
    let id = t.id.chars().count();
    let window = t.valid_from.zip(t.valid_until).is_none_or(|(a, b)| a < b);
    let elements = !t.elements.is_empty()
        && t.elements.len() <= 64
        && t.elements.iter().all(|e| {
            let kinds: BTreeSet<Dimension> = e.components.iter().map(|c| c.dimension).collect();
            !kinds.is_empty()
                && kinds.len() == e.components.len()
                && e.components.iter().all(|c| {
                    let longest = match c.dimension {
                        Dimension::Energy => 1_000_000,
                        Dimension::Time | Dimension::ParkingTime => 604_800,
                        Dimension::Flat => u32::MAX,
                    };
                    (Micro::ZERO..=DEAREST).contains(&c.price)
                        && c.vat.is_none_or(|v| v <= Ppm::ONE)
                        && c.step_size <= longest
                })
                && e.restrictions.as_ref().is_none_or(restrictions)
        });
    let taxes = t.sales_taxes.len() <= 8
        && t.sales_taxes.iter().all(|tax| {
            let on: BTreeSet<Dimension> = tax.on.iter().copied().collect();
            let name = tax.name.chars().count();
            (1..=64).contains(&name)
                && Ppm(0) < tax.rate
                && tax.rate <= Ppm::ONE
                && on.len() == tax.on.len()
        });
    (1..=36).contains(&id) && window && elements && taxes && limits(t)
}

fn ordered<T: PartialOrd>(low: Option<T>, high: Option<T>) -> bool {
    low.zip(high).is_none_or(|(low, high)| low < high)
}

fn restrictions(r: &Restrictions) -> bool {
    let minutes = [r.start_minute, r.end_minute];
    let clock = minutes.into_iter().flatten().all(|m| m < 1_440)
        && r.start_minute
            .zip(r.end_minute)
            .is_none_or(|(a, b)| a != b || a == 0);
    let zero = [r.max_current_ma, r.max_power_w, r.max_duration_s].contains(&Some(0))
        || r.max_energy == Some(Energy::ZERO);
    clock
        && !zero
        && r.days < 128
        && ordered(r.start_day, r.end_day)
        && ordered(r.min_energy, r.max_energy)
        && ordered(r.min_current_ma, r.max_current_ma)
        && ordered(r.min_power_w, r.max_power_w)
        && ordered(r.min_duration_s, r.max_duration_s)
}

fn limits(t: &Tariff) -> bool {
    let one = |l: &PriceLimit| {
        (Micro::ZERO..=DEAREST).contains(&l.before_taxes)
            && l.after_taxes
                .is_none_or(|a| l.before_taxes <= a && a <= DEAREST)
    };
    let each = t.min_price.iter().chain(&t.max_price).all(one);
    let both = t.min_price.zip(t.max_price).is_none_or(|(min, max)| {
        min.before_taxes <= max.before_taxes
            && min
                .after_taxes
                .zip(max.after_taxes)
                .is_none_or(|(a, b)| a <= b)
    });
    each && both
}
