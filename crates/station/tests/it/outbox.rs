//! Events through lost links and lost power.

use crate::bay::{Bay, call_of, card, config, key, report};
use crate::dialog::consented;
use fairway_model::RefusalCode;
use fairway_model::station::{FromStation, StopReason};
use fairway_station::{Input, MAX_OUTBOX, Screen, Station};

#[test]
fn events_wait_for_the_link_and_are_repeated_until_confirmed() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    consented(&mut bay, 1);
    bay.start(1, 1, None);
    bay.act(Input::LinkDown);
    assert!(
        bay.wait(150).is_empty() && bay.station.is_delivering(),
        "a charge goes on without the link"
    );
    assert_eq!(bay.station.unsent(), 3);
    bay.unplug();
    let said = bay.act(Input::LinkUp);
    let first = said.iter().find(|w| report(w).is_some()).unwrap().clone();
    assert!(matches!(first, FromStation::Started { .. }));
    bay.act(Input::Lost(call_of(&first)));
    assert!(bay.station.poll_timeout().is_some());
    let again = bay.wait(6);
    assert_eq!(report(&again[0]), report(&first), "the same event again");
    assert_ne!(call_of(&again[0]), call_of(&first));
    let events = bay.drain(again);
    assert_eq!(events.len(), 4);
    assert!(matches!(events[3], FromStation::Ended { .. }) && bay.station.unsent() == 0);
}

#[test]
fn power_loss_keeps_every_event_and_ends_the_charge() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    consented(&mut bay, 1);
    bay.start(1, 1, None);
    bay.act(Input::LinkDown);
    bay.wait(70);
    let register = bay.rig.register();
    // The contactor falls open by itself; the program starts anew from what it saved.
    let now = bay.now;
    bay.rig.set_contactor(now, false);
    bay.station = Station::restore(config(), key(), &bay.saved).unwrap();
    bay.power_on();
    assert!(!bay.station.is_delivering());
    let said = bay.act(Input::LinkUp);
    let events = bay.drain(said);
    let FromStation::Ended {
        report: end,
        reason,
        ..
    } = events.last().unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (*reason, end.samples[0].register),
        (StopReason::PowerLoss, register)
    );
    let seqs: Vec<_> = events.iter().filter_map(report).map(|r| r.seq).collect();
    assert_eq!(seqs, [0, 1, 2]);
    let again = Station::restore(config(), key(), &bay.saved).unwrap();
    assert_eq!(again.unsent(), 0, "what was confirmed is not sent again");
    // The start command of before the loss is remembered.
    assert!(matches!(
        bay.start(1, 1, None)[..],
        [FromStation::CommandAnswered { .. }]
    ));
    assert!(!bay.station.is_delivering());
    assert!(Station::restore(config(), key(), b"junk").is_err());
}

#[test]
fn weeks_without_a_link_drop_interim_readings_only() {
    let mut bay = Bay::new();
    bay.plug_in(0);
    consented(&mut bay, 1);
    bay.start(1, 1, None);
    bay.act(Input::LinkDown);
    for _ in 0..MAX_OUTBOX + 20 {
        bay.now = bay.now.plus(60_000);
        bay.act(Input::Tick);
    }
    assert_eq!(bay.station.unsent(), MAX_OUTBOX);
    bay.unplug();
    let said = bay.act(Input::LinkUp);
    let events = bay.drain(said);
    assert_eq!(events.len(), MAX_OUTBOX);
    assert!(matches!(events[0], FromStation::Started { .. }));
    assert!(matches!(events.last(), Some(FromStation::Ended { .. })));
}

#[test]
fn without_a_link_nobody_is_identified() {
    let mut bay = Bay::new();
    bay.act(Input::LinkDown);
    assert_eq!(bay.station.screen(), &Screen::Offline);
    assert!(bay.act(Input::Presented(card())).is_empty());
    assert!(
        matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == RefusalCode::HomeSilent)
    );
}
