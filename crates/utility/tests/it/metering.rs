//! Signed meter records: what is wrong is kept as evidence and never billed; what is proven is billed.

use crate::setup::*;
use crate::world::World;
use fairway_model::station::{
    ConnectorState, FromStation, MeterSample, ReadingContext, StopReason, ToStation,
};
use fairway_model::time::MINUTE;
use fairway_model::{Energy, Micro, RefusalCode, SessionId};
use fairway_utility::{END_GRACE, VACANT_GRACE};

fn running(world: &mut World) -> (Driver, SessionId) {
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(world, &cin(alabama(), 1));
    assert_eq!(driver.consent(world, true), None);
    driver.start(world);
    world.run(2_000);
    world.sleep(15 * MINUTE);
    driver.update(world, 4_000);
    world.sleep(15 * MINUTE);
    (driver, view.session)
}

fn send(driver: &mut Driver, world: &mut World, sample: MeterSample, last: bool) {
    let report = driver.report(world, vec![sample]);
    driver.deliver(world, |call| {
        let report = report.clone();
        if last {
            FromStation::Ended {
                call,
                report,
                reason: StopReason::Local,
            }
        } else {
            FromStation::Updated { call, report }
        }
    });
}

fn energy(world: &World, id: SessionId) -> Energy {
    world
        .utility(alabama())
        .session_trace(id)
        .unwrap()
        .breakdown
        .unwrap()
        .energy
}

#[test]
fn a_register_that_runs_backwards_is_refused_and_the_rest_billed() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    let good = driver.register;
    driver.register = good - 500_000;
    let sample = driver.sample(&world, ReadingContext::Interval);
    send(&mut driver, &mut world, sample, false);
    driver.register = good;
    world.sleep(MINUTE);
    driver.end(&mut world, 1_000);
    world.run(5_000);
    assert_eq!(energy(&world, id), Energy(5_000_000));
    let trace = world.utility(duke()).session_trace(id).unwrap();
    assert_eq!(trace.evidence.len(), 4, "three good, one kept as evidence");
    assert!(
        trace
            .hops
            .iter()
            .any(|h| h.what.contains("meter-backwards"))
    );
    assert_clean(&world);
}

#[test]
fn a_bad_final_record_bills_what_was_proven_and_is_marked() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    let before = driver.register;
    driver.register = before - 1;
    let sample = driver.sample(&world, ReadingContext::End);
    send(&mut driver, &mut world, sample, true);
    world.run(END_GRACE + 10_000);
    assert_eq!(energy(&world, id), Energy(4_000_000));
    let refusal = world
        .utility(duke())
        .session_trace(id)
        .unwrap()
        .summary
        .refusal
        .unwrap();
    assert_eq!(refusal.code, RefusalCode::MeterBackwards);
    assert!(refusal.text.contains("disputed"));
    assert!(world.errors().iter().any(|e| e.contains("meter-backwards")));
    assert_clean(&world);
}

#[test]
fn wrong_signature_and_wrong_key_are_told_apart() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    let mut sample = driver.sample(&world, ReadingContext::Interval);
    sample.signed = sample.signed.map(|s| s.replace("\"RV\":5", "\"RV\":6"));
    send(&mut driver, &mut world, sample.clone(), false);
    driver.register += 700_000;
    driver.meter = meter(duke(), 2);
    let mut other = driver.sample(&world, ReadingContext::Interval);
    other.public_key = Some(driver.meter.public_spki());
    send(&mut driver, &mut world, other, false);
    driver.meter = meter(duke(), 1);
    world.sleep(MINUTE);
    driver.end(&mut world, 0);
    world.run(5_000);
    let hops = world.utility(duke()).session_trace(id).unwrap().hops;
    for code in ["meter-signature", "meter-key"] {
        assert!(
            hops.iter().any(|h| h.what.contains(code)),
            "{code}: {hops:#?}"
        );
    }
    assert_clean(&world);
}

#[test]
fn a_charge_whose_meter_proves_nothing_is_stopped_at_its_first_record() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    driver.meter = meter(duke(), 2);
    let stops = driver.stops();
    driver.start(&mut world);
    assert!(driver.stops() > stops, "the station is told to stop");
    driver.end(&mut world, 0);
    world.sleep(hours(1));
    world.run(20_000);
    assert_eq!(world.utility(duke()).state_of(view.session), Some("void"));
    assert_clean(&world);
}

#[test]
fn a_record_of_another_charge_is_not_taken() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    driver.session = Some(SessionId([9; 16]));
    driver.register += 9_000_000;
    let stolen = driver.sample(&world, ReadingContext::Interval);
    driver.session = Some(id);
    driver.register -= 9_000_000;
    send(&mut driver, &mut world, stolen, false);
    driver.end(&mut world, 1_000);
    world.run(5_000);
    assert_eq!(energy(&world, id), Energy(5_000_000));
}

#[test]
fn unsigned_values_show_a_cost_and_bill_nothing() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    let mut cost = None;
    for wh in [0, 1_000, 2_000] {
        driver.register += wh * 1_000;
        let mut sample = driver.sample(&world, ReadingContext::Interval);
        sample.signed = None;
        let report = driver.report(&world, vec![sample]);
        cost = driver
            .deliver(&mut world, |call| FromStation::Updated {
                call,
                report: report.clone(),
            })
            .0;
        world.sleep(MINUTE);
    }
    assert!(cost.is_some_and(|c| c > Micro::ZERO));
    let report = driver.report(&world, Vec::new());
    driver.deliver(&mut world, |call| FromStation::Ended {
        call,
        report: report.clone(),
        reason: StopReason::Local,
    });
    world.run(END_GRACE + 10_000);
    assert_eq!(world.utility(duke()).state_of(view.session), Some("void"));
    assert_eq!(
        driver_notice(&mut driver, &mut world),
        RefusalCode::NothingDelivered
    );
    assert_clean(&world);
}

fn driver_notice(driver: &mut Driver, world: &mut World) -> RefusalCode {
    driver.listen(world);
    driver.notices().last().unwrap().code
}

#[test]
fn nothing_delivered_is_void() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    driver.start(&mut world);
    world.sleep(MINUTE);
    assert_eq!(driver.end(&mut world, 0).0, Some(Micro::ZERO));
    world.run(5_000);
    assert_eq!(
        world.utility(alabama()).state_of(view.session),
        Some("void")
    );
    assert_eq!(
        driver_notice(&mut driver, &mut world),
        RefusalCode::NothingDelivered
    );
    assert_clean(&world);
}

#[test]
fn a_late_offline_queue_is_merged_before_rating() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    // Two records wait in the station while the end arrives first.
    let mut reports = Vec::new();
    for wh in [1_000, 1_000] {
        driver.register += wh * 1_000;
        let sample = driver.sample(&world, ReadingContext::Interval);
        reports.push(driver.report(&world, vec![sample]));
        world.sleep(MINUTE);
    }
    driver.end(&mut world, 1_000);
    assert_eq!(world.utility(duke()).state_of(id), Some("ended"));
    for report in reports.into_iter().rev() {
        for _ in 0..2 {
            driver.deliver(&mut world, |call| FromStation::Updated {
                call,
                report: report.clone(),
            });
        }
    }
    world.run(5_000);
    let trace = world.utility(duke()).session_trace(id).unwrap();
    assert_eq!(trace.event.unwrap().event.usage.periods.len(), 4);
    assert_eq!(energy(&world, id), Energy(7_000_000));
    assert_clean(&world);
}

#[test]
fn a_missing_end_record_bills_the_last_signed_one() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    let report = driver.report(&world, Vec::new());
    driver.deliver(&mut world, |call| FromStation::Ended {
        call,
        report: report.clone(),
        reason: StopReason::PowerLoss,
    });
    world.run(END_GRACE + 10_000);
    assert_eq!(energy(&world, id), Energy(4_000_000));
    driver.listen(&mut world);
    assert!(driver.heard.iter().any(|w| matches!(w, ToStation::Bill(_))));
    assert_clean(&world);
}

#[test]
fn a_station_that_never_comes_back_is_billed_up_to_its_last_record() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    driver.say(&mut world, FromStation::Disconnected);
    for _ in 0..8 {
        world.sleep(24 * hours(1));
    }
    world.run(60_000);
    assert_eq!(energy(&world, id), Energy(4_000_000));
    assert_clean(&world);
}

#[test]
fn a_station_that_goes_over_the_limit_is_stopped() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    let limit = driver.heard.iter().find_map(|w| match w {
        ToStation::Start { energy_limit, .. } => *energy_limit,
        _ => None,
    });
    // The agreement's cap of 200 kWh; what is delivered above it nobody has agreed to pay.
    assert_eq!(limit, Some(Energy(200 * Energy::PER_KWH)));
    assert_eq!(driver.stops(), 0);
    world.sleep(hours(4));
    driver.update(&mut world, 196_000);
    assert_eq!(driver.stops(), 1);
    driver.update(&mut world, 0);
    assert_eq!(driver.stops(), 2, "said again until it is heard");
    driver.end(&mut world, 0);
    world.run(5_000);
    assert_eq!(world.utility(duke()).state_of(id), Some("settled"));
    assert_clean(&world);
}

#[test]
fn a_free_connector_ends_a_charge_whose_end_was_lost() {
    let mut world = world();
    let (mut driver, id) = running(&mut world);
    driver.say(
        &mut world,
        FromStation::Status {
            evse: 1,
            state: ConnectorState::Available,
        },
    );
    world.run(VACANT_GRACE - 1_000);
    assert_eq!(world.utility(duke()).state_of(id), Some("charging"));
    world.run(END_GRACE + 20_000);
    assert_eq!(world.utility(duke()).state_of(id), Some("settled"));
    assert_eq!(energy(&world, id), Energy(4_000_000));
    driver.finished();
    driver.offer(&mut world, &cin(duke(), 1));
}
