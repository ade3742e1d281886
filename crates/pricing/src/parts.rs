//! A tariff's prices one by one, for a screen that names them in the order that the law asks for.

use crate::compile::{CompiledTariff, Rule};
use crate::custom;
use crate::quote::begin;
use crate::unit::energy_price;
use crate::when::Moment;
use fairway_model::station::{MAX_PRICE_PARTS, PricePart};
use fairway_model::tariff::Dimension;
use fairway_model::{Adjustments, Micro, Restrictions, Time};

/// Regulation (EU) 2023/1804 Art. 5(4): price per kWh, price per minute, price per session, any other.
const ORDER: [Dimension; 4] = [
    Dimension::Energy,
    Dimension::Time,
    Dimension::ParkingTime,
    Dimension::Flat,
];

/// The prices of a charge that begins at `now`, net of tax and before discount: first per kWh, then per time, then once. Within
/// each, the one that applies now comes first. Prices of zero and those whose last day is over are left out; at most
/// [`MAX_PRICE_PARTS`].
pub fn parts(tariff: &CompiledTariff, adjustments: &Adjustments, now: Time) -> Vec<PricePart> {
    let moment = begin(tariff, now);
    let mut out = Vec::new();
    for dimension in ORDER {
        let active = tariff.rule(dimension, &moment).map(|rule| rule.element);
        let mut rules: Vec<&Rule> = tariff
            .rules(dimension)
            .iter()
            .filter(|rule| rule.price != Micro::ZERO && !is_over(tariff, rule, &moment))
            .collect();
        rules.sort_by_key(|rule| Some(rule.element) != active);
        for rule in rules {
            let applies = Some(rule.element) == active;
            out.push(part(tariff, adjustments, (dimension, rule, applies), now));
        }
    }
    out.truncate(MAX_PRICE_PARTS);
    out
}

fn part(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    (dimension, rule, applies): (Dimension, &Rule, bool),
    now: Time,
) -> PricePart {
    let price = match dimension {
        Dimension::Energy => applies
            .then(|| custom::price_now(tariff, adjustments, rule.price, now))
            .flatten()
            .unwrap_or_else(|| energy_price(rule.price, adjustments).0),
        _ => rule.price,
    };
    let when = restrictions(tariff, rule).copied().unwrap_or_default();
    let clock_only = Restrictions {
        start_minute: when.start_minute,
        end_minute: when.end_minute,
        ..Restrictions::default()
    };
    PricePart {
        dimension,
        price,
        now: applies,
        from_minute: when.start_minute,
        until_minute: when.end_minute,
        conditional: when != clock_only,
        vat: rule.vat,
    }
}

fn restrictions<'a>(tariff: &'a CompiledTariff, rule: &Rule) -> Option<&'a Restrictions> {
    tariff
        .tariff()
        .elements
        .get(usize::from(rule.element))?
        .restrictions
        .as_ref()
}

fn is_over(tariff: &CompiledTariff, rule: &Rule, moment: &Moment) -> bool {
    restrictions(tariff, rule)
        .and_then(|r| r.end_day)
        .is_some_and(|day| i64::from(day) <= moment.day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{Currency, PriceComponent, Tariff, TariffElement};

    fn component(dimension: Dimension, price: i64) -> PriceComponent {
        PriceComponent {
            dimension,
            price: Micro(price),
            vat: None,
            step_size: 0,
        }
    }

    /// Written in another order than the law's, with a dearer price from 16:00 to 20:00.
    fn tariff() -> CompiledTariff {
        let peak = Restrictions {
            start_minute: Some(960),
            end_minute: Some(1_200),
            ..Restrictions::default()
        };
        let tariff = Tariff {
            id: "T".into(),
            currency: Currency::USD,
            elements: vec![
                TariffElement {
                    components: vec![component(Dimension::Energy, 480_000)],
                    restrictions: Some(peak),
                },
                TariffElement {
                    components: vec![
                        component(Dimension::Flat, 500_000),
                        component(Dimension::ParkingTime, 6_000_000),
                        component(Dimension::Energy, 400_000),
                        component(Dimension::Time, 0),
                    ],
                    restrictions: None,
                },
            ],
            min_price: None,
            max_price: None,
            valid_from: None,
            valid_until: None,
            sales_taxes: vec![],
        };
        CompiledTariff::compile(&tariff, "UTC").unwrap()
    }

    #[test]
    fn prices_come_in_the_order_of_the_law() {
        // 2026-11-29 12:00 UTC, outside of the dearer hours.
        let noon = Time(1_795_953_600_000);
        let load = Adjustments {
            load_bps: 11_000,
            ..Adjustments::NEUTRAL
        };
        let shown = parts(&tariff(), &load, noon);
        let seen: Vec<_> = shown
            .iter()
            .map(|p| (p.dimension, p.price.0, p.now, p.from_minute))
            .collect();
        assert_eq!(
            seen,
            [
                (Dimension::Energy, 440_000, true, None),
                (Dimension::Energy, 528_000, false, Some(960)),
                (Dimension::ParkingTime, 6_000_000, true, None),
                (Dimension::Flat, 500_000, true, None),
            ]
        );
        assert!(shown.iter().all(|p| !p.conditional));
    }
}
