//! What holds for every tariff and every charge.

use crate::model::{at, compiled, tariff};
use fairway_model::tariff::{PriceLimit, SalesTax};
use fairway_model::time::MINUTE;
use fairway_model::{
    Adjustments, Corridor, Dimension, Energy, Micro, Period, PeriodKind, Ppm, PriceBreakdown,
    PriceComponent, Restrictions, Split, Tariff, TariffElement, Tier, TierTerms, Time, Usage,
};
use fairway_pricing::{
    CompiledTariff, Expected, Sharing, Turn, check_tariff, describe, price_per_kwh_now, quote,
    rate, share,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const ZONES: [&str; 4] = [
    "America/New_York",
    "Europe/Amsterdam",
    "Asia/Kathmandu",
    "UTC",
];
/// Two days before the change to summer time in New York.
const BEGIN: &str = "2026-03-06T12:00:00Z";

fn dimension() -> impl Strategy<Value = Dimension> {
    select(vec![
        Dimension::Energy,
        Dimension::Flat,
        Dimension::ParkingTime,
        Dimension::Time,
    ])
}

fn component() -> impl Strategy<Value = PriceComponent> {
    let vat = option::of(0_u32..250_000).prop_map(|v| v.map(Ppm));
    (
        dimension(),
        0_i64..9_000_000,
        vat,
        select(vec![0_u32, 1, 60, 250, 300, 1_000]),
    )
        .prop_map(|(dimension, price, vat, step_size)| PriceComponent {
            dimension,
            price: Micro(price),
            vat,
            step_size,
        })
}

fn range<T: Copy + PartialOrd>(pair: Option<(T, T)>) -> (Option<T>, Option<T>) {
    pair.map_or((None, None), |(a, b)| {
        if a < b {
            (Some(a), Some(b))
        } else {
            (None, Some(a))
        }
    })
}

prop_compose! {
    fn restrictions()(
        minutes in option::of((0_u16..1_440, 0_u16..1_440)),
        days in prop_oneof![3 => Just(0_u8), 1 => 1_u8..128],
        dates in option::of((20_516_i32..20_523, 20_516_i32..20_523)),
        energy in option::of((1_u64..40_000_000, 1_u64..40_000_000)),
        duration in option::of((1_u32..90_000, 1_u32..90_000)),
        power in option::weighted(0.2, (1_u32..60_000, 1_u32..60_000)),
        current in option::weighted(0.1, (1_u32..60_000, 1_u32..60_000)),
        reservation in prop::bool::weighted(0.05),
    ) -> Restrictions {
        let (min_energy, max_energy) = range(energy);
        let (start_day, end_day) = range(dates);
        let (min_duration_s, max_duration_s) = range(duration);
        let (min_power_w, max_power_w) = range(power);
        let (min_current_ma, max_current_ma) = range(current);
        let minutes = minutes.filter(|(a, b)| a != b);
        Restrictions {
            start_minute: minutes.map(|m| m.0), end_minute: minutes.map(|m| m.1), start_day, end_day,
            min_energy: min_energy.map(Energy), max_energy: max_energy.map(Energy),
            min_current_ma, max_current_ma, min_power_w, max_power_w, min_duration_s, max_duration_s, days, reservation,
        }
    }
}

fn element() -> impl Strategy<Value = TariffElement> {
    (vec(component(), 1..4), option::of(restrictions())).prop_map(
        |(mut components, restrictions)| {
            components.sort_by_key(|c| c.dimension);
            components.dedup_by_key(|c| c.dimension);
            TariffElement {
                components,
                restrictions,
            }
        },
    )
}

prop_compose! {
    fn any_tariff()(
        elements in vec(element(), 1..7),
        min in option::weighted(0.3, (0_i64..5_000_000, prop::bool::ANY)),
        max in option::weighted(0.3, (5_000_000_i64..90_000_000, prop::bool::ANY)),
        sales in option::weighted(0.3, (1_u32..120_000, vec(dimension(), 0..2))),
    ) -> Tariff {
        let limit = |(before, taxed): (i64, bool)| PriceLimit {
            before_taxes: Micro(before), after_taxes: taxed.then(|| Micro(before + before / 5)),
        };
        let mut t = tariff(elements);
        (t.min_price, t.max_price) = (min.map(limit), max.map(limit));
        t.sales_taxes = sales.map(|(rate, mut on)| {
            on.dedup();
            SalesTax { name: "Sales tax".into(), rate: Ppm(rate), on }
        }).into_iter().collect();
        t
    }
}

prop_compose! {
    fn any_adjustments()(
        load_bps in 0_u32..40_000,
        discount_bps in prop_oneof![Just(0_u32), 0_u32..=10_000],
        floor in 0_i64..500_000,
        width in 0_i64..900_000,
    ) -> Adjustments {
        Adjustments { load_bps, tier: Tier::Gold, discount_bps, corridor: Corridor { floor: Micro(floor), cap: Micro(floor + width) } }
    }
}

/// Periods of whole minutes with energy in multiples of the minutes, so that they can be cut without remainder.
fn any_usage() -> impl Strategy<Value = Usage> {
    let period = (
        0_i64..400,
        0_u64..700_000,
        prop::bool::weighted(0.7),
        option::of(0_u32..60_000),
        option::of(0_u32..60_000),
    );
    (0_i64..4_320, vec(period, 1..9)).prop_map(|(offset, parts)| {
        let mut start = at(BEGIN).plus(offset * MINUTE);
        let mut periods = Vec::new();
        for (minutes, per_minute, charging, power_w, current_ma) in parts {
            let (kind, energy) = if charging {
                (
                    PeriodKind::Charging,
                    Energy(per_minute * minutes.unsigned_abs()),
                )
            } else {
                (PeriodKind::Parking, Energy::ZERO)
            };
            periods.push(Period {
                start,
                kind,
                energy,
                power_w,
                current_ma,
            });
            start = start.plus(minutes * MINUTE);
        }
        Usage {
            end: start,
            periods,
        }
    })
}

/// The charge with one of its periods cut at a whole minute.
fn cut(usage: &Usage, which: usize, at: u64) -> Usage {
    let mut periods = usage.periods.clone();
    let index = which % periods.len();
    let end = periods.get(index + 1).map_or(usage.end, |p| p.start);
    let minutes = u64::try_from(end.since(periods[index].start) / MINUTE).unwrap();
    if minutes > 1 {
        let first = 1 + at % (minutes - 1);
        let whole = periods[index];
        let energy = whole.energy.0 / minutes * first;
        periods[index].energy = Energy(energy);
        let start = whole.start.plus(i64::try_from(first).unwrap() * MINUTE);
        periods.insert(
            index + 1,
            Period {
                start,
                energy: Energy(whole.energy.0 - energy),
                ..whole
            },
        );
    }
    Usage {
        periods,
        ..usage.clone()
    }
}

fn zone() -> impl Strategy<Value = &'static str> {
    select(ZONES.to_vec())
}

/// What every breakdown must fulfil.
fn sound(b: &PriceBreakdown, usage: &Usage) {
    let sum: i64 = b.lines.iter().map(|l| l.amount.0).sum();
    let taxes: i64 = b.taxes.iter().map(|t| t.amount.0).sum();
    assert_eq!(b.net.0, sum + b.limit_change.0);
    assert_eq!(b.total.0, b.net.0 - b.discount.0 + taxes + b.rounding.0);
    assert_eq!(b.total.0 % 10_000, 0);
    assert!(
        b.rounding.0.abs() <= 5_000 && b.net.0 >= 0 && b.discount.0 >= 0 && b.discount <= b.net
    );
    assert!(
        b.lines
            .iter()
            .all(|l| l.billed >= l.quantity && l.quantity > 0)
    );
    assert_eq!(Some(b.energy), usage.energy());
    for dimension in [Dimension::Energy, Dimension::Time, Dimension::ParkingTime] {
        let extra = b
            .lines
            .iter()
            .filter(|l| l.dimension == dimension && l.billed > l.quantity)
            .count();
        assert!(extra <= 1, "a step is billed once");
    }
    assert!(
        b.lines
            .iter()
            .filter(|l| l.dimension == Dimension::Flat)
            .count()
            <= 1
    );
    for rate in b.taxes.iter().filter(|t| t.name == "VAT").map(|t| t.rate) {
        assert!(b.lines.iter().any(|l| l.vat == Some(rate)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn breakdowns_add_up_and_energy_prices_stay_inside_the_corridor(
        t in any_tariff(), zone in zone(), adjustments in any_adjustments(), usage in any_usage()
    ) {
        let b = rate(&compiled(&t, zone), &adjustments, &usage).unwrap();
        sound(&b, &usage);
        for line in b.lines.iter().filter(|l| l.dimension == Dimension::Energy) {
            let corridor = adjustments.corridor;
            let inside = (corridor.floor..=corridor.cap).contains(&line.unit_price);
            prop_assert!(inside || (line.list_price.0 == 0 && line.unit_price.0 == 0));
        }
    }

    #[test]
    fn cutting_a_period_changes_nothing(
        t in any_tariff(), zone in zone(), adjustments in any_adjustments(), usage in any_usage(), which in 0_usize..9, first in any::<u64>()
    ) {
        // Where power was not measured it is the period's mean, which a cut leaves as it is.
        let compiled = compiled(&t, zone);
        let halves = cut(&usage, which, first);
        prop_assert_eq!(rate(&compiled, &adjustments, &usage), rate(&compiled, &adjustments, &halves));
    }

    #[test]
    fn what_was_quoted_is_inside_the_quote(
        t in any_tariff(), zone in zone(), adjustments in any_adjustments(),
        energy in 1_u64..90_000_000, power_w in 1_000_u32..350_000, parking in 0_i64..600, spread_bps in 0_u32..=10_000
    ) {
        let compiled = compiled(&t, zone);
        let expected = Expected { energy: Energy(energy), power_w, parking_ms: parking * MINUTE, spread_bps };
        let estimate = quote(&compiled, &adjustments, &expected, at(BEGIN)).unwrap();
        let rated = rate(&compiled, &adjustments, &expected.usage(at(BEGIN)).unwrap()).unwrap();
        prop_assert!(estimate.low <= rated.total && rated.total <= estimate.high);
        prop_assert_eq!(estimate.expected, rated.total);
        prop_assert_eq!(estimate.breakdown, rated);
    }

    #[test]
    fn more_energy_never_costs_less(
        mut t in any_tariff(), zone in zone(), usage in any_usage(), which in 0_usize..9, more in 0_u64..5_000_000
    ) {
        // Steps may make more energy cheaper: what is rounded up is billed at the last component's price. Power is kept.
        for element in &mut t.elements {
            element.components.iter_mut().for_each(|c| c.step_size = 1);
            if let Some(r) = &mut element.restrictions {
                let prices_energy_only = element.components.iter().all(|c| c.dimension == Dimension::Energy);
                if !prices_energy_only {
                    (r.min_energy, r.max_energy) = (None, None);
                }
                (r.min_power_w, r.max_power_w) = (None, None);
            }
        }
        // Under a limit after taxes the net price follows the mix of taxed and untaxed parts.
        [&mut t.min_price, &mut t.max_price].into_iter().flatten().for_each(|limit| limit.after_taxes = None);
        // A window of time moves what the extra energy pushes over a threshold into it: only thresholds, or only windows.
        if t.elements.iter().any(|e| e.restrictions.is_some_and(|r| r.min_energy.or(r.max_energy).is_some())) {
            t.elements.iter_mut().filter_map(|e| e.restrictions.as_mut()).for_each(|r| {
                let kept = Restrictions { min_energy: r.min_energy, max_energy: r.max_energy, ..Restrictions::default() };
                *r = kept;
            });
        }
        let compiled = compiled(&t, zone);
        let mut larger = usage.clone();
        let index = which % larger.periods.len();
        larger.periods[index].energy.0 += more;
        let net = |u: &Usage| rate(&compiled, &Adjustments::NEUTRAL, u).unwrap().net;
        // Every line is rounded half-up on its own.
        prop_assert!(net(&larger).0 + 8 >= net(&usage).0);
    }

    #[test]
    fn shares_add_up_and_the_owner_never_pays(
        t in any_tariff(), zone in zone(), adjustments in any_adjustments(), usage in any_usage(),
        home in 0_u32..=10_000, rest in 0_u32..=10_000, home_bears_bps in 0_u32..=10_000
    ) {
        let b = rate(&compiled(&t, zone), &adjustments, &usage).unwrap();
        let owner_bps = (10_000 - home) * rest / 10_000;
        let split = Split { home_bps: home, visited_bps: 10_000 - home - owner_bps, owner_bps };
        let terms = TierTerms { tier: Tier::Gold, discount_bps: adjustments.discount_bps, home_bears_bps };
        let sharing = Sharing { parts: &split, rule: None, tier: Some(&terms), turn: Turn::ALL[usize::try_from(rest % 6).unwrap()] };
        let s = share(&b, &sharing).unwrap();
        prop_assert_eq!(s.home.0 + s.visited.0 + s.owner.0 + s.tax.0, b.total.0);
        prop_assert!(s.owner.0 >= 0 && s.tax.0 >= 0);
        // Whatever the order of the lines and taxes, the shares are the same.
        let mut turned = b.clone();
        turned.lines.reverse();
        turned.taxes.reverse();
        prop_assert_eq!(share(&turned, &sharing), Ok(s));
        let fair = i128::from(b.net.0) * i128::from(owner_bps);
        prop_assert!((i128::from(s.owner.0) * 10_000 - fair).abs() < 10_000, "within a micro-unit of its part");
    }
}

/// A tariff of any numbers at all.
fn wild_tariff() -> impl Strategy<Value = Tariff> {
    let component = (
        dimension(),
        any::<i64>(),
        option::of(any::<u32>()),
        any::<u32>(),
    )
        .prop_map(|(dimension, price, vat, step_size)| PriceComponent {
            dimension,
            price: Micro(price),
            vat: vat.map(Ppm),
            step_size,
        });
    let restrictions = (
        any::<[Option<u16>; 2]>(),
        any::<[Option<i32>; 2]>(),
        any::<[Option<u64>; 2]>(),
        any::<[Option<u32>; 6]>(),
        any::<u8>(),
    )
        .prop_map(|(m, d, e, n, days)| Restrictions {
            start_minute: m[0],
            end_minute: m[1],
            start_day: d[0],
            end_day: d[1],
            min_energy: e[0].map(Energy),
            max_energy: e[1].map(Energy),
            min_current_ma: n[0],
            max_current_ma: n[1],
            min_power_w: n[2],
            max_power_w: n[3],
            min_duration_s: n[4],
            max_duration_s: n[5],
            days,
            reservation: false,
        });
    let element =
        (vec(component, 0..4), option::of(restrictions)).prop_map(|(components, restrictions)| {
            TariffElement {
                components,
                restrictions,
            }
        });
    (
        vec(element, 0..4),
        any::<[Option<i64>; 4]>(),
        any::<[Option<i64>; 2]>(),
    )
        .prop_map(|(elements, limits, times)| {
            let mut t = tariff(elements);
            let limit = |before: Option<i64>, after: Option<i64>| {
                before.map(|b| PriceLimit {
                    before_taxes: Micro(b),
                    after_taxes: after.map(Micro),
                })
            };
            (t.min_price, t.max_price) = (limit(limits[0], limits[1]), limit(limits[2], limits[3]));
            (t.valid_from, t.valid_until) = (times[0].map(Time), times[1].map(Time));
            t
        })
}

fn wild_usage() -> impl Strategy<Value = Usage> {
    let times = prop_oneof![
        any::<i64>(),
        0_i64..4_000_000_000_000,
        1_772_000_000_000_i64..1_772_900_000_000
    ];
    let period = (
        times.clone(),
        prop::bool::ANY,
        any::<u64>(),
        any::<Option<u32>>(),
        any::<Option<u32>>(),
    )
        .prop_map(|(start, charging, energy, power_w, current_ma)| {
            let kind = if charging {
                PeriodKind::Charging
            } else {
                PeriodKind::Parking
            };
            Period {
                start: Time(start),
                kind,
                energy: Energy(energy),
                power_w,
                current_ma,
            }
        });
    (vec(period, 0..6), times, prop::bool::ANY).prop_map(|(mut periods, end, sorted)| {
        if sorted {
            periods.sort_by_key(|p| p.start);
        }
        Usage {
            periods,
            end: Time(end),
        }
    })
}

fn wild_adjustments() -> impl Strategy<Value = Adjustments> {
    (any::<u32>(), any::<u32>(), any::<i64>(), any::<i64>()).prop_map(
        |(load_bps, discount_bps, floor, cap)| Adjustments {
            load_bps,
            tier: Tier::Standard,
            discount_bps: discount_bps % 11_000,
            corridor: Corridor {
                floor: Micro(floor),
                cap: Micro(cap),
            },
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(
        wild in wild_tariff(), tame in any_tariff(), usage in wild_usage(), adjustments in wild_adjustments(), fair in any_adjustments(),
        expected in (any::<u64>(), any::<u32>(), any::<i64>(), any::<u32>()), now in any::<i64>()
    ) {
        let accepted = check_tariff(&wild);
        prop_assert_eq!(accepted.is_ok(), CompiledTariff::compile(&wild, "UTC").is_ok());
        let expected = Expected { energy: Energy(expected.0), power_w: expected.1, parking_ms: expected.2, spread_bps: expected.3 % 20_000 };
        for t in [wild, tame] {
            let Ok(compiled) = CompiledTariff::compile(&t, "America/New_York") else { continue };
            for adjustments in [adjustments, fair] {
                let _ = rate(&compiled, &adjustments, &usage).map_err(|e| e.to_string());
                let _ = quote(&compiled, &adjustments, &expected, Time(now)).map_err(|e| e.to_string());
                let _ = price_per_kwh_now(&compiled, &adjustments, Time(now));
                prop_assert!(describe(&compiled, &adjustments, Time(now)).len() <= 12);
            }
        }
        let _ = accepted.map_err(|e| e.to_string());
    }
}
