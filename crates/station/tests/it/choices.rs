//! What can be chosen on each screen: twelve keys suffice, a press counts once, time is asked for, a stop is confirmed.

use crate::bay::{Bay, call_of, card, cin, offer, report, session};
use fairway_model::cin::TypedState;
use fairway_model::station::{FromStation, Identified, StopReason, ToStation};
use fairway_model::{Energy, Micro, RefusalCode};
use fairway_station::{Choice, Fault, FaultCode, Input, PadKey, Question, Screen, View};

const HASH: Input = Input::Key(PadKey::Enter);
const STAR: Input = Input::Key(PadKey::Back);

fn view(bay: &Bay) -> View {
    bay.station.view(bay.now)
}

fn asks(bay: &Bay) -> bool {
    view(bay).question == Some(Question::MoreTime)
}

fn stop_asked(bay: &Bay) -> bool {
    view(bay).question == Some(Question::ReallyStop)
}

fn offered(bay: &mut Bay, n: u64) {
    let said = bay.act(Input::Presented(card()));
    let answer = Identified::Offer(Box::new(offer(session(n), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    assert!(matches!(bay.station.screen(), Screen::Offer(_)));
}

fn key(digit: u8) -> Input {
    Input::Key(PadKey::Digit(digit))
}

/// A whole charge by the twelve keys and the cable, from the number to the next driver.
#[test]
fn twelve_keys_are_enough() {
    let mut bay = Bay::new();
    for digit in cin().bytes() {
        bay.act(key(digit - b'0'));
    }
    assert_eq!(view(&bay).typed.unwrap().state, TypedState::Complete);
    let said = bay.act(HASH);
    let answer = Identified::Offer(Box::new(offer(session(1), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    bay.act(key(2));
    assert_eq!(view(&bay).wanted, Some(Energy(40_000_000)));
    let said = bay.act(HASH);
    assert!(matches!(
        said[0],
        FromStation::Consent { accepted: true, .. }
    ));
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    let plugged = bay.plug_in(10);
    bay.drain(plugged);
    bay.act(STAR);
    assert!(stop_asked(&bay) && bay.station.is_delivering());
    bay.act(STAR);
    assert!(!stop_asked(&bay) && bay.station.is_delivering());
    bay.act(STAR);
    let said = bay.act(HASH);
    assert!(!bay.station.is_delivering());
    assert!(matches!(
        bay.drain(said).last(),
        Some(FromStation::Ended {
            reason: StopReason::Local,
            ..
        })
    ));
    let dialog = view(&bay).dialog;
    bay.act(HASH);
    let free = view(&bay);
    assert_eq!((free.screen, free.offer), (Screen::Prompt, None));
    assert_eq!(free.dialog, dialog + 1);
}

#[test]
fn a_second_press_on_start_starts_nothing_more() {
    let mut bay = Bay::new();
    offered(&mut bay, 1);
    let step = view(&bay).step;
    let said = bay.act(Input::Choose(Choice::Start));
    assert_eq!(said.len(), 1);
    assert!(
        view(&bay).step > step,
        "the press belongs to another screen"
    );
    for again in [
        Input::Choose(Choice::Start),
        HASH,
        Input::Choice(true),
        Input::Choose(Choice::Decline),
    ] {
        assert!(bay.act(again).is_empty());
    }
}

#[test]
fn what_a_screen_does_not_offer_changes_nothing() {
    let mut bay = Bay::new();
    let before = view(&bay);
    for choice in [
        Choice::Start,
        Choice::StopNow,
        Choice::Amount(1),
        Choice::Done,
        Choice::MoreTime,
    ] {
        assert!(bay.act(Input::Choose(choice)).is_empty());
    }
    assert_eq!(view(&bay), before);
    offered(&mut bay, 1);
    bay.act(Input::Choose(Choice::Amount(9)));
    assert_eq!(view(&bay).wanted, None);
}

#[test]
fn the_station_stops_at_the_wanted_energy_and_never_above_what_is_allowed() {
    for (allowed, expected) in [(None, 20_000_000), (Some(5_000_000), 5_000_000)] {
        let mut bay = Bay::new();
        bay.plug_in(10);
        offered(&mut bay, 1);
        bay.act(key(1));
        bay.act(HASH);
        let begun = bay.start(1, 1, allowed.map(Energy));
        let mut said = bay.drain(begun);
        for _ in 0..200 {
            let more = bay.wait(15);
            said.extend(bay.drain(more));
            if !bay.station.is_delivering() {
                break;
            }
        }
        let Some(FromStation::Ended {
            report: end,
            reason,
            ..
        }) = said.last()
        else {
            panic!("{said:?}")
        };
        assert_eq!(*reason, StopReason::LimitReached);
        let first = report(&said[0]).unwrap().samples[0].register;
        let used = end.samples[0].register.minus(first).unwrap();
        assert!(used.0.abs_diff(expected) < 20_000, "{used:?}");
    }
}

#[test]
fn time_is_asked_for_before_it_ends_and_doubles() {
    let mut bay = Bay::new();
    bay.act(key(8));
    bay.wait(39);
    assert!(!asks(&bay));
    bay.wait(1);
    assert!(asks(&bay));
    bay.act(Input::Choose(Choice::MoreTime));
    let longer = view(&bay);
    assert_eq!(longer.until, Some(bay.now.plus(120_000)));
    assert_eq!(longer.question, None);
    bay.wait(119);
    assert!(matches!(bay.station.screen(), Screen::Typing { .. }));
    bay.wait(1);
    assert_eq!(bay.station.screen(), &Screen::Prompt);
    // The next driver has the usual time again.
    bay.act(key(8));
    assert_eq!(view(&bay).until, Some(bay.now.plus(60_000)));
}

#[test]
fn who_needs_more_time_at_the_end_of_an_offer_gets_another_one() {
    let mut bay = Bay::new();
    offered(&mut bay, 1);
    bay.act(key(9));
    bay.wait(101);
    assert!(asks(&bay), "{:?}", view(&bay));
    let said = bay.act(key(9));
    assert!(
        matches!(said[0], FromStation::Consent { session: of, accepted: false, .. } if of == session(1)),
        "presenting the credential alone would be consent: {said:?}"
    );
    let FromStation::Identify { presented, .. } = &said[1] else {
        panic!("{said:?}")
    };
    assert_eq!(*presented, card());
    assert_eq!(bay.station.screen(), &Screen::Checking);
    let answer = Identified::Offer(Box::new(offer(session(2), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[1]),
        answer,
    });
    let fresh = view(&bay);
    assert_eq!(fresh.question, None);
    assert_eq!(fresh.offer.map(|o| o.session), Some(session(2)));
    // The first offer is over: nothing of it starts.
    bay.start(1, 1, None);
    assert!(!bay.station.is_delivering());
    assert!(matches!(bay.station.screen(), Screen::Offer(_)));
}

#[test]
fn an_offer_never_stands_longer_than_it_is_valid_and_says_what_to_do_then() {
    let mut bay = Bay::new();
    offered(&mut bay, 1);
    let valid_until = view(&bay).offer.unwrap().valid_until;
    for _ in 0..5 {
        bay.act(key(9));
    }
    assert_eq!(view(&bay).until, Some(valid_until));
    bay.wait(120);
    let Screen::Error { refusal, .. } = bay.station.screen() else {
        panic!("{:?}", bay.station.screen())
    };
    assert_eq!(refusal.code, RefusalCode::ConsentTimeout);
    assert!(refusal.text.contains("present your card again"));
    let names: Vec<Choice> = view(&bay).choices.iter().map(|(c, _)| *c).collect();
    assert_eq!(names, [Choice::Done, Choice::MoreTime]);
}

#[test]
fn a_question_to_stop_is_withdrawn_by_itself() {
    let mut bay = Bay::new();
    bay.plug_in(10);
    offered(&mut bay, 1);
    bay.act(HASH);
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    bay.act(STAR);
    assert!(stop_asked(&bay));
    bay.wait(30);
    assert!(!stop_asked(&bay) && bay.station.is_delivering());
}

#[test]
fn a_cost_names_the_energy_that_it_is_of() {
    let mut bay = Bay::new();
    bay.plug_in(10);
    offered(&mut bay, 1);
    bay.act(HASH);
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    let told = bay.wait(60);
    let read = report(&told[0]).unwrap().samples[0].register;
    bay.wait(20);
    bay.tell(ToStation::TransactionNoted {
        call: call_of(&told[0]),
        cost: Some(Micro(1_000_000)),
        refusal: None,
    });
    bay.wait(10);
    let Screen::Charging(charge) = bay.station.screen() else {
        panic!("{:?}", bay.station.screen())
    };
    let costed = read.minus(Energy(1_000_000));
    assert_eq!(
        (charge.cost, charge.costed),
        (Some(Micro(1_000_000)), costed)
    );
    assert!(Some(charge.energy) > costed);
}

#[test]
fn the_cable_may_take_longer_and_may_be_given_up() {
    let mut bay = Bay::new();
    offered(&mut bay, 1);
    bay.act(HASH);
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    let usual = view(&bay).until.unwrap();
    bay.act(key(9));
    assert!(view(&bay).until.unwrap() > usual);
    let said = bay.act(STAR);
    assert!(matches!(
        bay.drain(said).last(),
        Some(FromStation::Ended { .. })
    ));
    assert!(!bay.station.is_delivering());
}

#[test]
fn typed_digits_are_judged_and_a_pin_is_never_shown() {
    let mut bay = Bay::new();
    for _ in 0..3 {
        bay.act(key(9));
    }
    let typed = view(&bay).typed.unwrap();
    assert!(matches!(
        typed.state,
        TypedState::Wrong { group: Some(0), .. }
    ));
    for _ in 0..3 {
        bay.act(STAR);
    }
    assert!(matches!(
        bay.station.screen(),
        Screen::Typing { digits: 0, .. }
    ));
    bay.act(STAR);
    assert_eq!(bay.station.screen(), &Screen::Prompt);
}

#[test]
fn a_fault_is_shown_with_its_code() {
    let mut bay = Bay::new();
    let fault = Fault {
        code: Some(FaultCode::EMERGENCY_STOP),
        text: "emergency stop was pressed".into(),
    };
    bay.act(Input::Fault(fault.clone()));
    assert_eq!(bay.station.screen(), &Screen::Faulted(fault));
    assert!(view(&bay).choices.is_empty());
    bay.act(Input::FaultCleared);
    assert_eq!(bay.station.screen(), &Screen::Prompt);
}
