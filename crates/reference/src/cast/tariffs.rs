//! Tariffs of every shape that OCPI knows.

use crate::chance::Chance;
use fairway_model::tariff::{PriceLimit, SalesTax};
use fairway_model::time::{DAY, HOUR};
use fairway_model::{
    Currency, Dimension, Energy, Micro, Ppm, PriceComponent, Restrictions, Tariff, TariffElement,
    Time,
};

const DIMENSIONS: [Dimension; 4] = [
    Dimension::Energy,
    Dimension::Flat,
    Dimension::ParkingTime,
    Dimension::Time,
];

/// A tariff around an instant.
pub(super) fn make(chance: &mut Chance, number: u64, currency: Currency, edge: i64) -> Tariff {
    let mut elements: Vec<TariffElement> = (0..chance.below(4))
        .map(|_| TariffElement {
            components: components(chance, 50),
            restrictions: Some(restrictions(chance, edge)),
        })
        .collect();
    elements.push(TariffElement {
        components: components(chance, 75),
        restrictions: None,
    });
    let sales_taxes = (0..chance.below(3)).map(|n| SalesTax {
        name: format!("tax {n}"),
        rate: Ppm(chance.small(1, 250_000)),
        on: if chance.percent(50) {
            Vec::new()
        } else {
            vec![chance.pick(&DIMENSIONS, Dimension::Energy)]
        },
    });
    let sales_taxes = sales_taxes.collect();
    let least = chance.span(0, 4_000_000);
    let most = least + chance.span(0, 20_000_000);
    let after = |chance: &mut Chance, before: i64| {
        chance
            .percent(50)
            .then(|| Micro(before + chance.span(0, 2_000_000)))
    };
    let min_price = chance.percent(25).then(|| PriceLimit {
        before_taxes: Micro(least),
        after_taxes: after(chance, least),
    });
    let max_price = chance.percent(25).then(|| PriceLimit {
        before_taxes: Micro(most + 2_000_000),
        after_taxes: after(chance, most + 2_000_000),
    });
    Tariff {
        id: format!("tariff-{number}"),
        currency,
        elements,
        min_price,
        max_price,
        valid_from: chance.percent(10).then(|| Time(edge - 5 * HOUR)),
        valid_until: chance.percent(10).then(|| Time(edge + 6 * HOUR)),
        sales_taxes,
    }
}

fn components(chance: &mut Chance, percent: u64) -> Vec<PriceComponent> {
    let mut out = Vec::new();
    for dimension in DIMENSIONS {
        let energy = dimension == Dimension::Energy;
        if !chance.percent(if energy { 85 } else { percent / 2 }) {
            continue;
        }
        let price = match dimension {
            Dimension::Energy => chance.span(0, 900_000),
            Dimension::Flat => chance.span(0, 2_000_000),
            Dimension::ParkingTime | Dimension::Time => chance.span(0, 4_000_000),
        };
        let free = chance.percent(8);
        out.push(PriceComponent {
            dimension,
            price: Micro(if free { 0 } else { price }),
            vat: chance
                .percent(30)
                .then(|| Ppm(chance.pick(&[190_000, 70_000, 0, 200_000], 190_000))),
            step_size: chance.pick(&[0, 1, 1, 1, 60, 300, 500, 900], 1),
        });
    }
    if out.is_empty() {
        out.push(PriceComponent {
            dimension: Dimension::Energy,
            price: Micro(333_333),
            vat: None,
            step_size: 1,
        });
    }
    out
}

fn restrictions(chance: &mut Chance, edge: i64) -> Restrictions {
    let mut r = Restrictions::default();
    let today = i32::try_from(edge.div_euclid(DAY)).unwrap_or(0);
    match chance.below(9) {
        0 | 1 => {
            let minute = |chance: &mut Chance| u16::try_from(chance.below(1_440)).unwrap_or(0);
            // Hours in which clocks change are drawn more often than others.
            let from = if chance.percent(50) {
                chance.pick(&[60, 90, 120, 150, 180], 120)
            } else {
                minute(chance)
            };
            let to = (from + 1 + minute(chance) % 1_438) % 1_440;
            r.start_minute = chance.percent(90).then_some(from);
            r.end_minute = Some(to);
        }
        2 => {
            r.start_day = Some(today - i32::try_from(chance.below(2)).unwrap_or(0));
            r.end_day = chance.percent(50).then_some(today + 1);
        }
        3 => r.days = u8::try_from(chance.below(127) + 1).unwrap_or(1),
        4 | 5 => {
            let low = chance.below(6_000_000);
            r.min_energy = chance.percent(60).then_some(Energy(low));
            r.max_energy = chance
                .percent(60)
                .then(|| Energy(low + 1 + chance.below(8_000_000)));
        }
        6 => {
            let low = chance.small(0, 5_000);
            r.min_duration_s = chance.percent(60).then_some(low);
            r.max_duration_s = chance.percent(60).then(|| low + 1 + chance.small(0, 9_000));
        }
        7 => {
            let low = chance.small(0, 60_000);
            r.min_power_w = Some(low);
            r.max_power_w = chance.percent(50).then_some(low + 20_000);
        }
        _ => {
            let low = chance.small(0, 100_000);
            r.min_current_ma = Some(low);
            r.reservation = chance.percent(30);
        }
    }
    r
}
