//! The curve from load to multiplier: by hand, and with loads, percentiles and curves that no honest model gives.
#![expect(
    clippy::disallowed_methods,
    reason = "how many cases are drawn is set from outside"
)]

use fairway_model::agreement::{Corridor, LoadBand};
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::money::{Currency, Micro};
use fairway_model::price::Adjustments;
use fairway_model::profile::Tier;
use fairway_model::tariff::{Dimension, PriceComponent, Tariff, TariffElement};
use fairway_model::time::Time;
use fairway_pricing::{CompiledTariff, multipliers, price_per_kwh_now, table_multiplier};

const BAND: LoadBand = LoadBand {
    min_bps: 8_000,
    max_bps: 12_500,
};

fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![
            point(100, 8_000),
            point(500, 10_000),
            point(900, 11_500),
            point(990, 13_000),
        ],
        step_bps: 1_000,
        notice_hours: 6,
        skill_days: 28,
        weekday_bps: (0..24).map(|hour| 9_000 + 100 * hour).collect(),
        weekend_bps: vec![9_500; 24],
        spare: None,
        stake: None,
    }
}

/// Loads at the curve's levels.
const PERCENTILES: [i64; 4] = [500, 1_000, 1_400, 1_600];

fn one(load: i64) -> u32 {
    multipliers(&terms(), BAND, &PERCENTILES, &[load], None)[0]
}

#[test]
fn points_lie_on_the_curve_and_between_them_it_is_linear() {
    assert_eq!(one(500), 8_000);
    assert_eq!(one(750), 9_000);
    assert_eq!(one(1_000), 10_000);
    assert_eq!(one(1_001), 10_004, "3.75 basis points to the nearest");
    assert_eq!(one(1_400), 11_500);
    assert_eq!(one(1_500), 12_250);
    assert_eq!(one(0), 8_000, "flat below the first point");
    assert_eq!(one(i64::MAX), 12_500, "the band ends before the curve");
}

#[test]
fn a_step_is_never_larger_than_agreed() {
    let found = multipliers(
        &terms(),
        BAND,
        &PERCENTILES,
        &[500, 1_600, 1_600, 500],
        None,
    );
    assert_eq!(found, [8_000, 9_000, 10_000, 9_000]);
    let after = multipliers(&terms(), BAND, &PERCENTILES, &[500], Some(12_000));
    assert_eq!(after, [11_000]);
}

#[test]
fn percentiles_that_are_equal_have_the_last_points_multiplier() {
    let flat = [700; 4];
    let found = multipliers(&terms(), BAND, &flat, &[699], None);
    assert_eq!(found, [8_000]);
    let found = multipliers(&terms(), BAND, &flat, &[700], None);
    assert_eq!(found, [12_500]);
}

#[test]
fn the_table_has_an_hour_for_every_clock() {
    assert_eq!(table_multiplier(&terms(), BAND, 17, false), 10_700);
    assert_eq!(table_multiplier(&terms(), BAND, 17, true), 9_500);
    assert_eq!(table_multiplier(&terms(), BAND, 24, true), 10_000);
    assert_eq!(table_multiplier(&terms(), BAND, -1, true), 10_000);
}

/// A sequence that depends only on its seed (SplitMix64).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap()
    }

    /// A load as an honest, a broken or a hostile model gives it.
    fn load(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => 0,
            3 => i64::from_be_bytes(self.next().to_be_bytes()),
            4 => PERCENTILES[usize::try_from(self.below(4)).unwrap()],
            _ => i64::from(self.below(2_500)),
        }
    }
}

fn tariff(price: Micro) -> CompiledTariff {
    let component = PriceComponent {
        dimension: Dimension::Energy,
        price,
        vat: None,
        step_size: 1,
    };
    let tariff = Tariff {
        id: "t".to_owned(),
        currency: Currency::USD,
        elements: vec![TariffElement {
            components: vec![component],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: Vec::new(),
    };
    CompiledTariff::compile(&tariff, "America/New_York").unwrap()
}

/// Draws days of hostile outputs under drawn terms; every multiplier lies in the band and every price in the corridor. Gives the hours.
fn hostile(hours: u64) -> u64 {
    let mut draw = Sequence(2_027);
    let tariffs = [1, 2_000, 200_000, 360_000, 900_000_000].map(|price| tariff(Micro(price)));
    let mut seen = 0;
    while seen < hours {
        let min_bps = 1 + draw.below(12_000);
        let band = LoadBand {
            min_bps,
            max_bps: min_bps + draw.below(20_000),
        };
        let floor = i64::from(draw.below(400_000));
        let corridor = Corridor {
            floor: Micro(floor),
            cap: Micro(floor + i64::from(draw.below(400_000))),
        };
        let mut drawn = terms();
        drawn.step_bps = 1 + draw.below(30_000);
        for point in &mut drawn.curve {
            point.bps = draw.below(u32::MAX);
        }
        let percentiles: Vec<i64> = (0..draw.below(6)).map(|_| draw.load()).collect();
        let loads: Vec<i64> = (0..24).map(|_| draw.load()).collect();
        let before = (draw.below(2) == 0).then(|| draw.below(u32::MAX));
        let found = multipliers(&drawn, band, &percentiles, &loads, before);
        assert_eq!(found.len(), loads.len());
        for bps in found {
            assert!(
                (band.min_bps..=band.max_bps).contains(&bps),
                "{bps} {band:?}"
            );
            let adjustments = Adjustments {
                load_bps: bps,
                tier: Tier::Standard,
                discount_bps: 0,
                corridor,
            };
            let tariff = &tariffs[usize::try_from(draw.below(5)).unwrap()];
            let price = price_per_kwh_now(tariff, &adjustments, Time(1_795_420_800_000)).unwrap();
            assert!(
                (corridor.floor..=corridor.cap).contains(&price),
                "{price:?} {corridor:?}"
            );
            seen += 1;
        }
    }
    seen
}

/// `FAIRWAY_CORRIDOR_HOURS` says how many hours are drawn.
#[test]
fn no_model_output_makes_a_price_outside_of_the_corridor() {
    let asked = std::env::var("FAIRWAY_CORRIDOR_HOURS").ok();
    let hours = asked.map_or(20_000, |text| text.parse().unwrap());
    eprintln!(
        "{} hours of hostile outputs, no price outside",
        hostile(hours)
    );
}
