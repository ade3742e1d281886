//! One register, sold once: stretches of a meter that overlap, touch and come late.

use crate::table::Table;
use crate::world::{Charge, World, kwh, place, settle, signed, usd};
use expect_test::expect;
use fairway_ledger::limits::{MAX_METER_PAGES, METER_PAGE};
use fairway_ledger::{MeterPage, Operation, key_for_meter_page};
use fairway_model::energy::Energy;
use fairway_model::time::DAY;

/// A charge of 20 kWh whose register begins here; a small one, so that holds find room.
fn from(number: u8, register: u64) -> (Charge, Operation) {
    let mut charge = Charge::new(["APC", "GPC"][usize::from(number % 2)], "DUK", number);
    charge.hold = usd("9");
    let mut event = charge.event();
    event.meter_start = Energy(register);
    event.meter_end = Energy(register + kwh(20).0);
    (charge.clone(), settle(signed(event)))
}

fn placed(t: &mut Table, what: &str, number: u8, register: u64) {
    let (charge, settlement) = from(number, register);
    t.world.must("DUK", place(&charge));
    t.row(what, "DUK", settlement);
}

#[test]
fn energy_is_not_sold_twice() {
    let mut t = Table::on(World::ready());
    let mwh = |kwh: u64| kwh * Energy::PER_KWH;
    placed(&mut t, "first", 1, mwh(1_000));
    placed(&mut t, "the same stretch", 2, mwh(1_000));
    placed(&mut t, "a milliwatt-hour of it", 3, mwh(1_020) - 1);
    placed(&mut t, "right behind it", 4, mwh(1_020));
    placed(&mut t, "late, and before it", 5, mwh(980));
    placed(&mut t, "across both", 6, mwh(990));
    expect![[r#"
        first | DUK: ChargeSettled
        the same stretch | DUK: meter-overlap: ses_01010101010101010101010101010101 sold kWh 1000 to 1020 of this meter; this charge takes 1000 to 1020
        a milliwatt-hour of it | DUK: meter-overlap: ses_01010101010101010101010101010101 sold kWh 1000 to 1020 of this meter; this charge takes 1019.999999 to 1039.999999
        right behind it | DUK: ChargeSettled
        late, and before it | DUK: ChargeSettled
        across both | DUK: meter-overlap: ses_05050505050505050505050505050505 sold kWh 980 to 1000 of this meter; this charge takes 990 to 1010"#]]
    .assert_eq(&t.heads());
    let meter = from(1, 0).0.event().meter_key;
    let page = mwh(1_000) / METER_PAGE.0;
    let kept: MeterPage = t.world.get(key_for_meter_page(meter, page)).unwrap();
    assert_eq!(kept.stretches.len(), 3);
}

/// A charge of an hour ago, delivered after one of today, and one that a station kept for weeks: clocks and order do not matter.
#[test]
fn what_an_offline_station_delivers_late_still_settles() {
    let mut world = World::ready();
    let (mut early, mut late) = (Charge::new("APC", "DUK", 1), Charge::new("APC", "DUK", 2));
    for charge in [&mut early, &mut late] {
        charge.hold = usd("9");
        world.must("DUK", place(charge));
    }
    // The station's clock was set back between the two: the times overlap, the registers do not.
    late.start = early.start.plus(1_000);
    world.must("DUK", settle(late.settlement()));
    world.time = world.time.plus(30 * DAY);
    world.must("DUK", settle(early.settlement()));
    assert_eq!(world.books.charges(), 2);
}

#[test]
fn a_register_that_runs_too_far_is_refused() {
    let mut world = World::ready();
    let (charge, _) = from(1, 0);
    let mut event = charge.event();
    event.meter_start = Energy(0);
    event.meter_end = Energy(METER_PAGE.0 * MAX_METER_PAGES + 1);
    let operation = settle(signed(event));
    let tx = world.sign("DUK", operation);
    // Its keys are not even named: it is refused for its energy before.
    assert!(world.contracts.reads(&tx).len() < 40);
    world.must("DUK", place(&charge));
    assert!(world.execute(&tx).refusal().is_some());
}
