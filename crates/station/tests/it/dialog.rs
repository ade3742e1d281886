//! The dialog of the flow chart, branch by branch, without a wire.

use crate::bay::{Bay, bill, call_of, card, cin, evse, key, offer, report, session};
use fairway_model::station::{
    FromStation, Identified, InputMethod, ReadingContext, StopReason, ToStation,
};
use fairway_model::{CinError, Energy, Micro, Refusal, RefusalCode};
use fairway_protocol::ocmf::verify;
use fairway_station::{Input, PadKey, Screen};

fn type_digits(bay: &mut Bay, digits: &str) -> Vec<FromStation> {
    for digit in digits.bytes() {
        assert!(bay.act(Input::Key(PadKey::Digit(digit - b'0'))).is_empty());
    }
    bay.act(Input::Key(PadKey::Enter))
}

/// Card, offer, yes, start.
pub(crate) fn consented(bay: &mut Bay, n: u64) {
    let said = bay.act(Input::Presented(card()));
    let answer = Identified::Offer(Box::new(offer(session(n), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    assert!(matches!(bay.station.screen(), Screen::Offer(view) if view.session == session(n)));
    let said = bay.act(Input::Choice(true));
    assert!(matches!(
        said[0],
        FromStation::Consent { accepted: true, .. }
    ));
    bay.tell(ToStation::ConsentNoted {
        call: call_of(&said[0]),
        refusal: None,
    });
    assert!(
        !bay.station.is_delivering(),
        "consent alone lets nothing flow"
    );
}

/// From the first digit to the events that the start makes.
fn typed_and_started(bay: &mut Bay) -> Vec<FromStation> {
    assert!(matches!(bay.said[0], FromStation::Booted { .. }));
    assert_eq!(bay.station.screen(), &Screen::Prompt);
    let said = type_digits(bay, &cin());
    assert!(
        matches!(&said[0], FromStation::Identify { presented, .. } if presented.token == cin())
    );
    assert_eq!(bay.station.screen(), &Screen::Checking);
    let answer = Identified::Offer(Box::new(offer(session(1), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    let said = bay.act(Input::Choice(true));
    assert_eq!(
        bay.station.screen(),
        &Screen::Preparing {
            session: session(1)
        }
    );
    bay.tell(ToStation::ConsentNoted {
        call: call_of(&said[0]),
        refusal: None,
    });
    let begun = bay.start(7, 1, None);
    assert!(matches!(
        begun[0],
        FromStation::CommandAnswered {
            command: 7,
            accepted: true,
            ..
        }
    ));
    begun
}

#[test]
fn a_whole_charge() {
    let mut bay = Bay::new();
    let begun = typed_and_started(&mut bay);
    assert!(matches!(bay.station.screen(), Screen::PlugIn { .. }) && !bay.station.is_delivering());
    let started = bay.drain(begun);
    let plugged = bay.plug_in(60);
    assert!(bay.station.is_delivering());
    bay.drain(plugged);
    let call = call_of(bay.wait(61).iter().find(|w| report(w).is_some()).unwrap());
    let cost = Some(Micro(120_000));
    bay.tell(ToStation::TransactionNoted {
        call,
        cost,
        refusal: None,
    });
    let charging =
        |s: &Screen| matches!(s, Screen::Charging(v) if v.cost == cost && v.energy > Energy::ZERO);
    assert!(charging(bay.station.screen()));
    let said = bay.act(Input::StopButton);
    let ended = bay.drain(said);
    assert!(!bay.station.is_delivering() && bay.station.unsent() == 0);
    let first = report(&started[0]).unwrap().samples[0].clone();
    let FromStation::Ended {
        report: end,
        reason,
        ..
    } = &ended[0]
    else {
        panic!("{ended:?}")
    };
    let contexts = (first.context, end.samples[0].context);
    assert_eq!(
        (*reason, contexts),
        (
            StopReason::Local,
            (ReadingContext::Begin, ReadingContext::End)
        )
    );
    let energy = end.samples[0].register.minus(first.register).unwrap();
    assert!(
        energy.0 > 800_000 && energy.0 < 900_000,
        "61 s at 50 kW: {energy:?}"
    );
    let Screen::Thanks { text, .. } = bay.station.screen() else {
        panic!()
    };
    assert_eq!(text, "battery 61 % charged, thanks for using Duke Energy");
    bay.tell(ToStation::Bill(Box::new(bill(
        session(1),
        &end.transaction,
        energy,
    ))));
    assert!(matches!(bay.station.screen(), Screen::Bill(b) if b.energy == energy));
    bay.wait(31);
    assert_eq!(bay.station.screen(), &Screen::Prompt);
}

#[test]
fn every_reading_is_signed_in_order() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    consented(&mut bay, 1);
    let begun = bay.start(1, 1, None);
    let mut events = bay.drain(begun);
    for _ in 0..3 {
        let said = bay.wait(60);
        events.extend(bay.drain(said));
    }
    let said = bay.unplug();
    events.extend(bay.drain(said));
    let samples: Vec<_> = events
        .iter()
        .filter_map(report)
        .flat_map(|r| &r.samples)
        .collect();
    assert_eq!(samples.len(), 5);
    for (i, sample) in samples.iter().enumerate() {
        let read = verify(sample.signed.as_ref().unwrap(), &key().public_spki()).unwrap();
        assert_eq!(
            (read.register, read.at, read.context),
            (sample.register, sample.at, sample.context)
        );
        assert_eq!(
            (read.pagination, read.session),
            (i as u64 + 1, Some(session(1)))
        );
    }
    let seqs: Vec<_> = events.iter().filter_map(report).map(|r| r.seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3, 4]);
}

#[test]
fn every_ending_has_its_reason() {
    type Act = fn(&mut Bay) -> Vec<FromStation>;
    let stop: Act = |bay| {
        let transaction = bay
            .said
            .iter()
            .filter_map(report)
            .next_back()
            .unwrap()
            .transaction
            .clone();
        bay.tell(ToStation::Stop {
            command: 9,
            transaction,
        })
    };
    let cases: [(StopReason, u8, Option<Energy>, Act); 6] = [
        (StopReason::Local, 10, None, |bay| {
            bay.act(Input::StopButton)
        }),
        (StopReason::EvDisconnected, 10, None, Bay::unplug),
        (StopReason::Remote, 10, None, stop),
        (StopReason::LimitReached, 10, Some(Energy(500_000)), |bay| {
            bay.wait(40)
        }),
        (StopReason::Full, 99, None, |bay| bay.wait(600)),
        (StopReason::Fault, 10, None, |bay| {
            bay.act(Input::Fault("insulation".into()))
        }),
    ];
    for (expected, soc, limit, act) in cases {
        let mut bay = Bay::new();
        bay.plug_in(soc);
        consented(&mut bay, 1);
        let begun = bay.start(1, 1, limit);
        bay.drain(begun);
        bay.wait(5);
        let said = act(&mut bay);
        let events = bay.drain(said);
        let last = events.last();
        assert!(
            matches!(last, Some(FromStation::Ended { reason, .. }) if *reason == expected),
            "{expected:?}: {last:?}"
        );
        assert!(!bay.station.is_delivering());
    }
}

#[test]
fn refusals_are_shown_and_leave_no_dead_end() {
    for code in [
        RefusalCode::CinUnknown,
        RefusalCode::CinBlocked,
        RefusalCode::CreditExhausted,
        RefusalCode::NoAgreement,
    ] {
        let mut bay = Bay::new();
        let said = bay.act(Input::Presented(card()));
        let answer = Identified::Refused(Refusal::new(code, "because"));
        bay.tell(ToStation::Identified {
            call: call_of(&said[0]),
            answer,
        });
        assert!(
            matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == code)
        );
        bay.wait(60);
        assert_eq!(bay.station.screen(), &Screen::Prompt);
    }
}

#[test]
fn typing_errors_never_travel() {
    let mut bay = Bay::new();
    let mut wrong = cin();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    assert!(type_digits(&mut bay, &wrong).is_empty());
    let typed = |digits, wrong| Screen::Typing { digits, wrong };
    let mistyped = typed(wrong.len(), Some(CinError::Mistyped));
    assert_eq!(bay.station.screen(), &mistyped);
    // The digits stay: star takes the wrong one back, and the right one goes on.
    bay.act(Input::Key(PadKey::Back));
    assert_eq!(bay.station.screen(), &typed(wrong.len() - 1, None));
    assert!(!type_digits(&mut bay, &last.to_string()).is_empty());
}

#[test]
fn a_number_that_is_not_complete_stays_with_its_reason() {
    for (digits, code) in [
        ("8400", "length"),
        ("999", "unknown-country"),
        ("84", "length"),
    ] {
        let mut bay = Bay::new();
        assert!(type_digits(&mut bay, digits).is_empty());
        let Screen::Typing {
            digits: kept,
            wrong,
        } = bay.station.screen()
        else {
            panic!("{:?}", bay.station.screen())
        };
        assert_eq!((*kept, wrong.map(|w| w.code())), (digits.len(), Some(code)));
    }
}

#[test]
fn a_scanned_number_that_is_wrong_is_refused_and_nothing_for_a_minute_ends_an_entry() {
    let mut bay = Bay::new();
    let mut wrong = card();
    wrong.method = InputMethod::Code;
    wrong.token = "840001111234567898".into();
    assert!(bay.act(Input::Presented(wrong)).is_empty());
    assert!(
        matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == RefusalCode::CinMistyped)
    );
    bay.act(Input::Key(PadKey::Digit(8)));
    bay.wait(60);
    assert_eq!(bay.station.screen(), &Screen::Prompt);
}

#[test]
fn a_missing_pin_is_asked_for() {
    let mut bay = Bay::new();
    let said = type_digits(&mut bay, &cin());
    let refusal = Refusal::new(RefusalCode::PinWrong, "this CIN needs its PIN");
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer: Identified::Refused(refusal),
    });
    assert_eq!(bay.station.screen(), &Screen::Pin { digits: 0 });
    let said = type_digits(&mut bay, "4711");
    assert!(
        matches!(&said[0], FromStation::Identify { presented, .. } if presented.pin.as_deref() == Some("4711"))
    );
}

#[test]
fn no_and_silence_start_nothing() {
    let mut bay = Bay::new();
    let said = bay.act(Input::Presented(card()));
    let answer = Identified::Offer(Box::new(offer(session(1), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer: answer.clone(),
    });
    let said = bay.act(Input::Choice(false));
    assert!(matches!(
        said[0],
        FromStation::Consent {
            accepted: false,
            ..
        }
    ));
    assert_eq!(bay.station.screen(), &Screen::Prompt);
    // No answer to the offer.
    let said = bay.act(Input::Presented(card()));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    bay.wait(60);
    assert!(
        matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == RefusalCode::ConsentTimeout)
    );
    // Consent refused by the utility.
    let mut bay = Bay::new();
    let said = bay.act(Input::Presented(card()));
    let answer = Identified::Offer(Box::new(offer(session(2), bay.now)));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer,
    });
    let said = bay.act(Input::Choice(true));
    let refusal = Some(Refusal::new(RefusalCode::OfferExpired, "too late"));
    bay.tell(ToStation::ConsentNoted {
        call: call_of(&said[0]),
        refusal,
    });
    assert!(
        matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == RefusalCode::OfferExpired)
    );
    assert!(!bay.station.is_delivering());
}

#[test]
fn starts_are_judged_and_repeated_ones_change_nothing() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    let refused = |said: &[FromStation]| {
        matches!(
            said[0],
            FromStation::CommandAnswered {
                accepted: false,
                ..
            }
        )
    };
    let elsewhere = ToStation::Start {
        command: 1,
        evse: 2,
        evse_id: evse(),
        session: session(1),
        energy_limit: None,
    };
    assert!(refused(&bay.tell(elsewhere)));
    consented(&mut bay, 1);
    assert!(
        refused(&bay.start(2, 99, None)),
        "another charge than the one consented to"
    );
    let begun = bay.start(3, 1, None);
    assert!(!refused(&begun));
    bay.drain(begun);
    assert_eq!(
        bay.start(3, 1, None).len(),
        1,
        "answered again, nothing else"
    );
    assert!(refused(&bay.start(4, 2, None)), "one at a time");
    let unknown = ToStation::Stop {
        command: 5,
        transaction: "other".into(),
    };
    assert!(refused(&bay.tell(unknown)) && bay.station.is_delivering());
}

#[test]
fn no_cable_gives_the_permission_back() {
    let mut bay = Bay::new();
    consented(&mut bay, 1);
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    let said = bay.wait(180);
    let events = bay.drain(said);
    assert!(
        matches!(&events[0], FromStation::Ended { report, reason: StopReason::EvDisconnected, .. } if !report.charging)
    );
    assert!(
        matches!(bay.station.screen(), Screen::Error { refusal, .. } if refusal.code == RefusalCode::NothingDelivered)
    );
}

#[test]
fn a_refused_transaction_stops_at_once() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    consented(&mut bay, 1);
    let begun = bay.start(1, 1, None);
    let call = call_of(begun.iter().find(|w| report(w).is_some()).unwrap());
    let refusal = Some(Refusal::new(RefusalCode::SessionUnknown, "no such charge"));
    let said = bay.tell(ToStation::TransactionNoted {
        call,
        cost: None,
        refusal,
    });
    assert!(!bay.station.is_delivering());
    assert!(matches!(
        said.last(),
        Some(FromStation::Ended {
            reason: StopReason::Remote,
            ..
        })
    ));
}

#[test]
fn the_owner_stops_with_his_card_and_nobody_else_can() {
    let mut bay = Bay::new();
    bay.plug_in(20);
    consented(&mut bay, 1);
    let begun = bay.start(1, 1, None);
    bay.drain(begun);
    let said = bay.act(Input::Presented(card()));
    let refusal = Identified::Refused(Refusal::new(RefusalCode::EvseUnavailable, "in use"));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer: refusal,
    });
    assert!(bay.station.is_delivering());
    let said = bay.act(Input::Presented(card()));
    bay.tell(ToStation::Identified {
        call: call_of(&said[0]),
        answer: Identified::StopRequested(session(1)),
    });
    assert!(!bay.station.is_delivering());
}

#[test]
fn a_start_that_comes_too_late_starts_nothing() {
    for decline in [true, false] {
        let mut bay = Bay::new();
        bay.plug_in(20);
        if decline {
            let said = bay.act(Input::Presented(card()));
            let answer = Identified::Offer(Box::new(offer(session(1), bay.now)));
            bay.tell(ToStation::Identified {
                call: call_of(&said[0]),
                answer,
            });
            bay.act(Input::Choice(false));
        } else {
            consented(&mut bay, 1);
            bay.act(Input::LinkDown);
            bay.act(Input::LinkUp);
        }
        let said = bay.start(1, 1, None);
        assert!(matches!(
            said[0],
            FromStation::CommandAnswered {
                accepted: false,
                ..
            }
        ));
        assert!(!bay.station.is_delivering());
        consented(&mut bay, 1);
        bay.start(2, 1, None);
        assert!(bay.station.is_delivering(), "asked and consented anew");
    }
}
