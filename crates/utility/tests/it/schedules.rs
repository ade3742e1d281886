//! Charges under an agreement that follows the forecast: offered, checked by home and settled with the multiplier of their hour.

use crate::setup::*;
use crate::world::World;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::Hour;
use fairway_ledger::forecast::op::ForecastOperation;
use fairway_ledger::worded;
use fairway_model::canonical::Canonical;
use fairway_model::{Agreement, CurvePoint, ForecastTerms, Micro};
use fairway_utility::command::{Command, Reply};

/// Twenty per cent off at night, ten on top by day.
fn table() -> Vec<u32> {
    (0..24)
        .map(|hour| if hour < 7 { 8_000 } else { 11_000 })
        .collect()
}

fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![point(100, 8_000), point(900, 11_000)],
        step_bps: 1_000,
        notice_hours: 6,
        skill_days: 14,
        weekday_bps: table(),
        weekend_bps: table(),
        spare: None,
        stake: None,
    }
}

fn amend(world: &mut World) {
    let agreed = worded(Agreement {
        version: 2,
        forecast: Some(terms()),
        ..agreement(alabama(), duke())
    });
    let propose = Command::ProposeAgreement(Box::new(agreed.clone()));
    world.command(duke(), propose).unwrap();
    world.run(3_000);
    world
        .command(alabama(), Command::Countersign(agreed.id()))
        .unwrap();
    world.run(3_000);
}

#[test]
fn without_a_schedule_both_price_by_the_agreed_table() {
    let mut world = world();
    let calendar = Calendar::us_eastern().unwrap();
    let open = ForecastOperation::Open {
        calendar: calendar.to_bytes(),
    };
    world
        .command(duke(), Command::Forecast(Box::new(open)))
        .unwrap();
    amend(&mut world);
    let clock = calendar.local(Hour::of(START)).hour;
    assert!((0..7).contains(&clock), "the driver comes at night");
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    for member in [alabama(), duke()] {
        let trace = world.utility(member).session_trace(session).unwrap();
        let offer = trace.offer.unwrap().offer;
        assert_eq!(offer.adjustments.load_bps, 8_000, "{member}");
        let said = offer
            .reasons
            .iter()
            .any(|r| r.contains("By the agreed table 80 %") && r.contains("no schedule"));
        assert!(said, "{:?}", offer.reasons);
    }
    let bill = Command::Bill {
        cin: cin(alabama(), 1),
        year: 2026,
        month: 11,
    };
    let Ok(Reply::Bill(bill)) = world.command(alabama(), bill) else {
        panic!("no bill")
    };
    let energy = &bill.lines[0].breakdown.lines[0];
    assert_eq!(energy.unit_price, Micro(288_000), "0.36 at 80 %");
    assert_clean(&world);
}
