//! What the offer screen says.

use crate::model::{always, at, compiled, component, tariff, when, with_step, with_vat};
use expect_test::expect;
use fairway_model::tariff::{PriceLimit, SalesTax};
use fairway_model::{Adjustments, Corridor, Dimension, Energy, Micro, Ppm, Restrictions, Tier};
use fairway_pricing::{MAX_DESCRIPTION_LINES, describe};

#[test]
fn one_sentence_per_component_tax_and_discount() {
    let mut t = tariff(vec![
        when(
            Restrictions {
                start_minute: Some(14 * 60),
                end_minute: Some(19 * 60),
                days: 0x1f,
                ..Restrictions::default()
            },
            vec![component(Dimension::Energy, 560_000)],
        ),
        when(
            Restrictions {
                end_day: Some(20_000),
                ..Restrictions::default()
            },
            vec![component(Dimension::Energy, 10_000)],
        ),
        when(
            Restrictions {
                max_energy: Some(Energy(2_000_000)),
                ..Restrictions::default()
            },
            vec![component(Dimension::Energy, 0)],
        ),
        always(vec![
            with_vat(component(Dimension::Energy, 420_000), 190_000),
            component(Dimension::Flat, 1_000_000),
            with_step(component(Dimension::ParkingTime, 6_000_000), 300),
            component(Dimension::Time, 0),
        ]),
    ]);
    t.sales_taxes = vec![SalesTax {
        name: "NC sales tax".into(),
        rate: Ppm(72_500),
        on: vec![Dimension::Energy],
    }];
    t.min_price = Some(PriceLimit {
        before_taxes: Micro(500_000),
        after_taxes: None,
    });
    let adjustments = Adjustments {
        load_bps: 11_250,
        tier: Tier::Gold,
        discount_bps: 1_000,
        corridor: Corridor {
            floor: Micro(200_000),
            cap: Micro(600_000),
        },
    };
    let lines = describe(
        &compiled(&t, "America/New_York"),
        &adjustments,
        at("2026-11-23T20:00:00Z"),
    );
    expect![[r"
        Energy costs 0.60 USD per kWh now (from 14:00 until 19:00, Mon to Fri).
        Energy is free (up to 2 kWh).
        Energy costs 0.4725 USD per kWh, plus 19 % VAT.
        A start fee of 1.00 USD is charged once.
        Charging time is free.
        Parking without charging costs 6.00 USD per hour, billed by every started 5 min.
        A charge costs at least 0.50 USD before tax.
        NC sales tax of 7.25 % on energy is added.
        Energy prices are raised by 12.5 % for present grid load, within the agreed price corridor.
        Your Gold discount takes 10 % off the price before tax."]]
    .assert_eq(&lines.join("\n"));
    assert!(lines.iter().all(|line| line.len() <= 160));
}

#[test]
fn a_long_tariff_is_cut_and_says_so() {
    let elements = (1..20)
        .map(|n| {
            let hours = Restrictions {
                start_minute: Some(n * 60),
                end_minute: Some(n * 60 + 30),
                ..Restrictions::default()
            };
            when(
                hours,
                vec![component(Dimension::Energy, 100_000 * i64::from(n))],
            )
        })
        .collect();
    let lines = describe(
        &compiled(&tariff(elements), "UTC"),
        &Adjustments::NEUTRAL,
        at("2026-11-23T05:10:00Z"),
    );
    assert_eq!(lines.len(), MAX_DESCRIPTION_LINES);
    assert_eq!(
        lines[0],
        "Energy costs 0.50 USD per kWh now (from 05:00 until 05:30)."
    );
    assert_eq!(
        lines[11],
        "8 more price components apply; the tariff lists them."
    );
}
