//! Drivers who weigh the price: who has no agreement is refused, who finds it too dear goes, who charges pays the hour's price.

use fairway_model::agreement::{Corridor, LoadBand, Split};
use fairway_model::tariff::{Dimension, PriceComponent, TariffElement};
use fairway_model::{Currency, Micro, Tariff};
use fairway_sim::market::{Ended, MAX_HOURS, Market, Terms, Trip, market};

fn terms(home: usize, visited: usize) -> Terms {
    let component = PriceComponent {
        dimension: Dimension::Energy,
        price: Micro(300_000),
        vat: None,
        step_size: 1,
    };
    Terms {
        home,
        visited,
        tariff: Tariff {
            id: "PUBLIC".to_owned(),
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
        },
        corridor: Corridor {
            floor: Micro(150_000),
            cap: Micro(500_000),
        },
        load_band: LoadBand {
            min_bps: 7_000,
            max_bps: 20_000,
        },
        split: Split {
            home_bps: if home == visited { 0 } else { 3_000 },
            visited_bps: if home == visited { 8_500 } else { 5_500 },
            owner_bps: 1_500,
        },
        split_rule: None,
    }
}

fn trip(home: usize, visited: usize, hour: usize, highest: i64) -> Trip {
    Trip {
        home,
        visited,
        hour,
        highest: Micro(highest),
    }
}

#[test]
fn drivers_pay_the_hour_s_price_or_go() {
    let asked = Market {
        terms: vec![terms(0, 0), terms(0, 1), terms(1, 1)],
        loads: vec![[10_000; 3], [10_000, 12_000, 10_000]],
        trips: vec![
            trip(0, 1, 0, 300_000),
            trip(0, 1, 0, 299_999),
            trip(0, 1, 1, 360_000),
            trip(0, 1, 1, 359_999),
            trip(1, 0, 0, 900_000),
            trip(0, 0, 1, 900_000),
        ],
    };
    let found = market(1, &asked).unwrap_or_else(|violation| panic!("{violation}"));
    let [plain, dear, loaded, dearer, foreign, own] = found.ended.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        [*dear, *dearer, *foreign],
        [
            Ended::TooDear(Micro(300_000)),
            Ended::TooDear(Micro(360_000)),
            Ended::Refused
        ]
    );
    let mut billed = 0;
    for (ended, price, load_bps) in [
        (plain, 300_000, 10_000),
        (loaded, 360_000, 12_000),
        (own, 300_000, 10_000),
    ] {
        let Ended::Charged(offered, charge) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!((offered.0, charge.load_bps), (price, load_bps));
        let shares = charge.shares;
        let sum = [shares.home, shares.visited, shares.owner, shares.tax];
        assert_eq!(Micro::sum(sum), Ok(charge.total));
        assert!(charge.waited > 0);
        billed += charge.total.0;
    }
    assert_eq!(found.billed, Micro(billed));
}

#[test]
fn markets_out_of_bounds_are_refused() {
    let wrong = |market_of: Market, wanted: &str| {
        let violation = market(1, &market_of).unwrap_err();
        assert!(violation.what.contains(wanted), "{}", violation.what);
    };
    let empty = Market {
        terms: Vec::new(),
        loads: vec![[10_000; 3]],
        trips: vec![trip(0, 3, 0, 1)],
    };
    wrong(empty.clone(), "utilities 0 to 2");
    let trips = Vec::new();
    let loads = vec![[10_000; 3]; MAX_HOURS + 1];
    wrong(
        Market {
            loads,
            trips,
            ..empty.clone()
        },
        "at most",
    );
    let (terms, trips) = (vec![terms(0, 7)], Vec::new());
    wrong(
        Market {
            terms,
            trips,
            ..empty
        },
        "0 to 2 are right",
    );
}
