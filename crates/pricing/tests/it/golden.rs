//! Vectors computed by hand: the argument of each stands beside it, in `fixtures/pricing/golden.json` with its expected parts.
//!
//! Amounts in the file are decimals of the currency; energies are kilowatt-hours, times RFC 3339 with the local offset.

use crate::model::{at, charging, compiled, parking, usage};
use fairway_model::tariff::SalesTax;
use fairway_model::{
    Adjustments, Corridor, Dimension, Energy, Micro, Ppm, PriceBreakdown, Tier, Usage,
};
use fairway_pricing::{RateError, TariffError, check_tariff, price_per_kwh_now, rate, share};
use fairway_protocol::ocpi_tariff::read_tariff;
use serde_json::Value;
use std::collections::BTreeMap;

/// Relative to the package.
const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/pricing/golden.json"
);

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

fn amount(value: &Value) -> Micro {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("an amount as text, not {value}"));
    Micro::parse(text).expect("an amount")
}

fn read_usage(case: &Value) -> Usage {
    let periods = case["periods"]
        .as_array()
        .expect("periods")
        .iter()
        .map(|p| {
            let start = at(text(p, "start"));
            match p.get("kwh") {
                Some(kwh) => charging(start, u64::try_from(amount(kwh).0).expect("an energy")),
                None => parking(start),
            }
        });
    usage(periods.collect(), at(text(case, "end")))
}

fn read_adjustments(case: &Value) -> Adjustments {
    let mut adjustments = Adjustments::NEUTRAL;
    if let Some(load) = case.get("load_bps").and_then(Value::as_u64) {
        adjustments.load_bps = u32::try_from(load).expect("a load");
    }
    if let Some(discount) = case.get("discount_bps").and_then(Value::as_u64) {
        (adjustments.discount_bps, adjustments.tier) =
            (u32::try_from(discount).expect("a discount"), Tier::Gold);
    }
    if let Some([floor, cap]) = case
        .get("corridor")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        adjustments.corridor = Corridor {
            floor: amount(floor),
            cap: amount(cap),
        };
    }
    adjustments
}

fn sales_taxes(case: &Value) -> Vec<SalesTax> {
    let dimension = |name: &Value| match name.as_str() {
        Some("ENERGY") => Dimension::Energy,
        Some("FLAT") => Dimension::Flat,
        Some("TIME") => Dimension::Time,
        _ => Dimension::ParkingTime,
    };
    let tax = |t: &Value| SalesTax {
        name: text(t, "name").into(),
        rate: Ppm(u32::try_from(t["ppm"].as_u64().expect("a rate")).expect("a rate")),
        on: t["on"]
            .as_array()
            .expect("dimensions")
            .iter()
            .map(dimension)
            .collect(),
    };
    case.get("sales_taxes")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |taxes| taxes.iter().map(tax).collect())
}

/// A breakdown in the words of the file.
fn words(b: &PriceBreakdown) -> BTreeMap<&'static str, Vec<String>> {
    let money = |m: Micro| m.text(b.currency);
    let line = |l: &fairway_model::PriceLine| {
        let quantity = |q: u64| match l.dimension {
            Dimension::Energy => format!("{} kWh", Energy(q).kwh_text()),
            Dimension::Flat => q.to_string(),
            Dimension::ParkingTime | Dimension::Time => {
                format!("{} s", Energy(q * 1_000).kwh_text())
            }
        };
        let billed = if l.billed == l.quantity {
            String::new()
        } else {
            format!(" billed {}", quantity(l.billed))
        };
        let clamped = if l.clamped { " clamped" } else { "" };
        format!(
            "{:?} {} {}{billed} at {}{clamped} = {}",
            l.dimension,
            l.element,
            quantity(l.quantity),
            money(l.unit_price),
            money(l.amount)
        )
    };
    BTreeMap::from([
        ("lines", b.lines.iter().map(line).collect()),
        ("net", vec![money(b.net)]),
        ("limit_change", vec![money(b.limit_change)]),
        ("discount", vec![money(b.discount)]),
        (
            "taxes",
            b.taxes
                .iter()
                .map(|t| {
                    format!(
                        "{} {} ppm of {} = {}",
                        t.name,
                        t.rate.0,
                        money(t.base),
                        money(t.amount)
                    )
                })
                .collect(),
        ),
        ("total", vec![money(b.total)]),
        ("rounding", vec![money(b.rounding)]),
    ])
}

#[test]
fn golden_vectors() {
    let file = std::fs::read_to_string(FIXTURE).expect("the vectors");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20, "{} cases", cases.len());
    for case in cases {
        let name = text(case, "name");
        let mut tariff = read_tariff(case["tariff"].to_string().as_bytes())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        tariff.sales_taxes = sales_taxes(case);
        let priced = rate(
            &compiled(&tariff, text(case, "time_zone")),
            &read_adjustments(case),
            &read_usage(case),
        );
        let priced = words(&priced.unwrap_or_else(|e| panic!("{name}: {e}")));
        for (part, want) in case["expect"].as_object().expect("expected parts") {
            let want: Vec<&str> = match want {
                Value::Array(list) => list.iter().map(|v| v.as_str().expect("text")).collect(),
                one => vec![one.as_str().expect("text")],
            };
            assert_eq!(
                priced
                    .get(part.as_str())
                    .unwrap_or_else(|| panic!("{name}: no part {part}")),
                &want,
                "{name}: {part}"
            );
        }
    }
}

mod refusals {
    use super::*;
    use crate::model::{always, component, discount, tariff, when};
    use fairway_model::{PriceBreakdown, Restrictions, Split, TierTerms};
    use fairway_pricing::{Sharing, Turn};

    fn by<'a>(parts: &'a Split, tier: Option<&'a TierTerms>) -> Sharing<'a> {
        Sharing {
            parts,
            rule: None,
            tier,
            turn: Turn::ALL[5],
        }
    }

    fn simple() -> PriceBreakdown {
        let t = tariff(vec![always(vec![component(Dimension::Energy, 333_333)])]);
        let begin = at("2026-11-23T12:00:00Z");
        rate(
            &compiled(&t, "UTC"),
            &discount(1_000),
            &usage(vec![charging(begin, 10_000_000)], begin.plus(3_600_000)),
        )
        .unwrap()
    }

    #[test]
    fn shares_by_hand() {
        // Net 3.33333, discount 10 % = 0.333333, exact 2.999997, total 3.00, rounding +0.000003.
        let split = Split {
            home_bps: 1_500,
            visited_bps: 7_000,
            owner_bps: 1_500,
        };
        let terms = TierTerms {
            tier: Tier::Gold,
            discount_bps: 1_000,
            home_bears_bps: 6_000,
        };
        let shares = share(&simple(), &by(&split, Some(&terms))).unwrap();
        // Parts: home 0.4999995, visited 2.333331, owner 0.4999995: the one micro-unit left goes to the owner, whose turn it is.
        // Home bears 0.2 of the discount (0.1999998 half-up), visited 0.133333.
        assert_eq!(shares.owner, Micro(500_000));
        assert_eq!(shares.home, Micro(499_999 - 200_000));
        assert_eq!(shares.visited, Micro(2_333_331 - 133_333 + 3));
        assert_eq!(shares.tax, Micro(0));
    }

    #[test]
    fn wrong_splits_terms_and_sums_are_refused() {
        let split = Split {
            home_bps: 5_000,
            visited_bps: 5_000,
            owner_bps: 0,
        };
        assert_eq!(
            share(
                &simple(),
                &by(
                    &Split {
                        owner_bps: 1,
                        ..split
                    },
                    None
                )
            ),
            Err(RateError::Split(10_001))
        );
        assert!(matches!(
            share(&simple(), &by(&split, None)),
            Err(RateError::TierTerms(_))
        ));
        let terms = TierTerms {
            tier: Tier::Gold,
            discount_bps: 1_000,
            home_bears_bps: 10_001,
        };
        assert!(matches!(
            share(&simple(), &by(&split, Some(&terms))),
            Err(RateError::TierTerms(_))
        ));
        let mut wrong = simple();
        wrong.total = Micro(wrong.total.0 + 10_000);
        assert!(matches!(
            share(&wrong, &by(&split, Some(&terms))),
            Err(RateError::Breakdown(_))
        ));
    }

    #[test]
    fn contradictory_tariffs_name_element_and_component() {
        let restricted = |r| {
            tariff(vec![
                always(vec![component(Dimension::Flat, 1)]),
                when(r, vec![component(Dimension::Energy, 1)]),
            ])
        };
        let hours = Restrictions {
            start_minute: Some(600),
            end_minute: Some(600),
            ..Restrictions::default()
        };
        assert!(matches!(
            check_tariff(&restricted(hours)),
            Err(TariffError::Restriction {
                element: 1,
                field: "end_time",
                ..
            })
        ));
        let energies = Restrictions {
            min_energy: Some(Energy(5)),
            max_energy: Some(Energy(5)),
            ..Restrictions::default()
        };
        assert!(matches!(
            check_tariff(&restricted(energies)),
            Err(TariffError::Restriction {
                element: 1,
                field: "max_kwh",
                ..
            })
        ));
        let days = Restrictions {
            days: 0x80,
            ..Restrictions::default()
        };
        assert!(matches!(
            check_tariff(&restricted(days)),
            Err(TariffError::Restriction {
                field: "day_of_week",
                ..
            })
        ));
    }

    #[test]
    fn contradictory_elements_are_named() {
        let twice = tariff(vec![always(vec![
            component(Dimension::Energy, 1),
            component(Dimension::Energy, 2),
        ])]);
        let error = check_tariff(&twice).unwrap_err();
        assert_eq!(
            error,
            TariffError::DuplicateDimension {
                element: 0,
                component: 1,
                dimension: Dimension::Energy
            }
        );
        assert!(error.to_string().contains("element 0, component 1"));
        let negative = tariff(vec![always(vec![
            component(Dimension::Flat, 1),
            component(Dimension::Energy, -1),
        ])]);
        assert!(matches!(
            check_tariff(&negative),
            Err(TariffError::Component {
                element: 0,
                component: 1,
                ..
            })
        ));
        assert_eq!(check_tariff(&tariff(vec![])), Err(TariffError::Elements(0)));
        assert_eq!(
            check_tariff(&tariff(vec![always(vec![])])),
            Err(TariffError::Components {
                element: 0,
                count: 0
            })
        );
    }

    #[test]
    fn impossible_usages_are_refused() {
        let mut t = tariff(vec![always(vec![component(Dimension::Energy, 1)])]);
        t.valid_until = Some(at("2027-01-01T00:00:00Z"));
        let price = |u: &Usage| rate(&compiled(&t, "UTC"), &Adjustments::NEUTRAL, u);
        let begin = at("2026-12-31T23:00:00Z");
        let late = at("2027-01-01T00:00:00Z");
        assert_eq!(price(&usage(vec![], begin)), Err(RateError::NoPeriods));
        assert!(
            price(&usage(vec![charging(begin, 1)], late)).is_ok(),
            "a charge that began in time is priced whole"
        );
        assert_eq!(
            price(&usage(vec![charging(late, 1)], late)),
            Err(RateError::NotValid { begin: late })
        );
        assert_eq!(
            price(&usage(
                vec![charging(begin, 1), charging(begin.plus(-1), 1)],
                late
            )),
            Err(RateError::PeriodOrder(1))
        );
        assert_eq!(
            price(&usage(vec![charging(begin, 1)], begin.plus(-1))),
            Err(RateError::PeriodOrder(0))
        );
        assert_eq!(
            price(&usage(
                vec![charging(begin, u64::MAX), charging(begin, 1)],
                late
            )),
            Err(RateError::PeriodEnergy(1))
        );
        assert!(matches!(
            price(&usage(
                vec![charging(begin, 1)],
                begin.plus(36 * 86_400_000)
            )),
            Err(RateError::TooLong(_))
        ));
        assert_eq!(
            price(&usage(vec![charging(begin, 1); 673], late)),
            Err(RateError::TooManyPeriods(673))
        );
    }

    #[test]
    fn the_price_now_follows_clock_load_corridor_and_discount() {
        let peak = Restrictions {
            start_minute: Some(14 * 60),
            end_minute: Some(19 * 60),
            ..Restrictions::default()
        };
        let t = tariff(vec![
            when(peak, vec![component(Dimension::Energy, 500_000)]),
            always(vec![component(Dimension::Energy, 300_000)]),
        ]);
        let t = compiled(&t, "America/New_York");
        let corridor = Corridor {
            floor: Micro(200_000),
            cap: Micro(600_000),
        };
        let adjustments = Adjustments {
            load_bps: 15_000,
            tier: Tier::Gold,
            discount_bps: 1_000,
            corridor,
        };
        let now = |text| price_per_kwh_now(&t, &adjustments, at(text));
        assert_eq!(
            now("2026-11-23T18:59:59Z"),
            Some(Micro(405_000)),
            "13:59:59 in New York: 0.30 * 1.5 - 10 %"
        );
        assert_eq!(
            now("2026-11-23T19:00:00Z"),
            Some(Micro(540_000)),
            "14:00: 0.75 held at 0.60, - 10 %"
        );
        assert_eq!(
            now("2026-07-23T18:00:00Z"),
            Some(Micro(540_000)),
            "14:00 in summer"
        );
    }
}
