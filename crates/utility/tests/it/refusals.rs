//! Every "no" of the flow chart: its own code and sentence, nothing billed, nothing held, and the EVSE is free again.

use crate::setup::*;
use crate::world::World;
use fairway_model::station::{
    ConnectorState, FromStation, Identified, InputMethod, Presented, ToStation,
};
use fairway_model::time::MINUTE;
use fairway_model::{
    Cin, CinPrefix, CustomerNumber, MemberId, Micro, Payment, RefusalCode, Service,
};
use fairway_utility::command::{ChangedCustomer, Command, PartnerRules};

/// The next driver is served: no dead end.
fn free(world: &mut World, driver: &mut Driver) {
    let view = driver.offer(world, &cin(duke(), 3));
    driver.consent(world, false);
    assert_eq!(world.utility(duke()).state_of(view.session), Some("void"));
}

fn refused_with(world: &mut World, token: &str, code: RefusalCode) {
    let mut driver = Driver::at(duke(), 1);
    let refusal = driver.refused(world, token);
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.text.len() > 20, "no sentence: {refusal}");
    assert!(!refusal.text.contains(token));
    free(world, &mut driver);
    world.run(20_000);
    assert_clean(world);
    assert_eq!(driver.starts(), 0);
}

#[test]
fn bad_credentials_each_have_their_answer() {
    let mut world = world();
    let mut typo = cin(alabama(), 1).into_bytes();
    typo[12] = if typo[12] == b'9' { b'8' } else { typo[12] + 1 };
    refused_with(
        &mut world,
        &String::from_utf8(typo).unwrap(),
        RefusalCode::CinMistyped,
    );
    let stranger = Cin::new(
        CinPrefix::parse("8409991").unwrap(),
        Service::Standard,
        CustomerNumber::new(1).unwrap(),
    );
    refused_with(
        &mut world,
        &stranger.digits(),
        RefusalCode::CinUnknownNetwork,
    );
    refused_with(&mut world, &cin(alabama(), 77), RefusalCode::CinUnknown);
    let mut driver = Driver::at(duke(), 1);
    let foreign = Presented {
        method: InputMethod::Rfid,
        token: "not a card".to_owned(),
        pin: None,
    };
    let Identified::Refused(refusal) = driver.identify(&mut world, foreign) else {
        panic!()
    };
    assert_eq!(refusal.code, RefusalCode::CredentialForeign);
    world
        .command(
            alabama(),
            Command::SetBlocked {
                cin: cin(alabama(), 2),
                blocked: true,
            },
        )
        .unwrap();
    refused_with(&mut world, &cin(alabama(), 2), RefusalCode::CinBlocked);
}

#[test]
fn a_pin_is_asked_on_the_dial_pad() {
    let mut world = world();
    let mut new = customer(alabama(), 1);
    new.pin = Some("4711".to_owned());
    world.command(alabama(), Command::PutCustomer(new)).unwrap();
    let dial = |pin: Option<&str>| Presented {
        method: InputMethod::DialPad,
        token: cin(alabama(), 1),
        pin: pin.map(str::to_owned),
    };
    let mut driver = Driver::at(duke(), 1);
    for pin in [None, Some("0000")] {
        let Identified::Refused(refusal) = driver.identify(&mut world, dial(pin)) else {
            panic!()
        };
        assert_eq!(refusal.code, RefusalCode::PinWrong);
    }
    assert!(matches!(
        driver.identify(&mut world, dial(Some("4711"))),
        Identified::Offer(_)
    ));
    let rows: Vec<u8> = world.hosts[&duke()]
        .rows
        .values()
        .flat_map(|r| r.body.clone())
        .collect();
    assert!(!rows.windows(4).any(|w| w == b"4711"), "a PIN is stored");
    assert!(
        !rows.windows(20).any(|w| w == cin(alabama(), 1).as_bytes()),
        "a foreign CIN is stored"
    );
}

#[test]
fn without_an_agreement_there_is_no_charge() {
    let mut world = World::new(
        vec![config(alabama(), 1), config(duke(), 2)],
        members(),
        START,
    );
    furnish(&mut world);
    world.sleep(301 * fairway_model::time::DAY);
    let mut driver = Driver::at(duke(), 1);
    let refusal = driver.refused(&mut world, &cin(alabama(), 1));
    assert_eq!(refusal.code, RefusalCode::NoAgreement);
    assert!(refusal.text.contains("Alabama Power"));
}

#[test]
fn credit_that_does_not_suffice_is_refused() {
    let mut world = world();
    let mut poor = customer(alabama(), 1);
    poor.payment = Payment::Prepaid;
    poor.credit_limit = Micro::ZERO;
    world
        .command(alabama(), Command::PutCustomer(poor))
        .unwrap();
    refused_with(&mut world, &cin(alabama(), 1), RefusalCode::CreditExhausted);
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin(alabama(), 1),
                amount: Micro(2_000_000),
            },
        )
        .unwrap();
    // Enough for a guarantee, not for what a charge costs at least: the visited utility's policy says no, and home gets it back.
    refused_with(&mut world, &cin(alabama(), 1), RefusalCode::CreditExhausted);
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin(alabama(), 1),
                amount: Micro(30_000_000),
            },
        )
        .unwrap();
    let mut driver = Driver::at(duke(), 1);
    let session = driver.charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert!(
        !Driver::at(duke(), 2)
            .offer(&mut world, &cin(alabama(), 1))
            .local,
        "a prepaid charge always asks home"
    );
}

#[test]
fn a_prepaid_charge_stops_at_what_is_paid_for() {
    let mut world = world();
    let mut new = customer(alabama(), 1);
    new.payment = Payment::Prepaid;
    world.command(alabama(), Command::PutCustomer(new)).unwrap();
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin(alabama(), 1),
                amount: Micro(9_000_000),
            },
        )
        .unwrap();
    let mut driver = Driver::at(duke(), 1);
    driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    let limit = driver
        .heard
        .iter()
        .find_map(|w| match w {
            ToStation::Start { energy_limit, .. } => *energy_limit,
            _ => None,
        })
        .unwrap();
    // 9.00 / 1.06 / 0.95 less 0.50, at 0.36 a kWh: about 23.4 kWh.
    assert!((23_000_000..23_500_000).contains(&limit.0), "{limit:?}");
    driver.start(&mut world);
    world.run(2_000);
    world.sleep(hours(1));
    driver.end(&mut world, limit.0 / 1_000);
    world.run(5_000);
    assert_clean(&world);
    let books = world.books();
    let driver_account = books[&alabama()]
        .accounts
        .iter()
        .find(|a| a.0.starts_with("driver:"))
        .unwrap();
    assert!(
        (0..20_000).contains(&driver_account.1.0),
        "{driver_account:?}"
    );
}

#[test]
fn a_silent_home_is_named_and_late_words_change_nothing() {
    let mut world = world();
    world.off.insert(alabama());
    let mut driver = Driver::at(duke(), 1);
    let begin = world.now;
    let refusal = driver.refused(&mut world, &cin(alabama(), 1));
    assert_eq!(refusal.code, RefusalCode::HomeSilent);
    assert!(refusal.text.contains("Alabama Power"));
    assert!((8_000..9_000).contains(&world.now.since(begin)));
    free(&mut world, &mut driver);
    world.off.clear();
    world.run(120_000);
    assert_clean(&world);
    assert_eq!(driver.starts(), 0);
    // An answer that comes after the refusal: home answers, but its words were on the way too long.
    let call = driver.next_call();
    driver.say(
        &mut world,
        FromStation::Identify {
            call,
            evse: Some(1),
            presented: Driver::presented(&cin(alabama(), 1)),
        },
    );
    world.now = world.now.plus(60);
    let packets = core::mem::take(&mut world.packets);
    for (from, to, envelope) in packets {
        world.input(to, fairway_utility::door::Input::Peer { from, envelope });
    }
    let late = core::mem::take(&mut world.packets);
    assert!(!late.is_empty());
    world.sleep(9_000);
    for (from, to, envelope) in late {
        world.input(to, fairway_utility::door::Input::Peer { from, envelope });
    }
    driver.listen(&mut world);
    assert!(
        driver
            .heard
            .iter()
            .filter(|w| matches!(
                w,
                ToStation::Identified {
                    answer: Identified::Offer(_),
                    ..
                }
            ))
            .count()
            == 1,
        "only the first driver's offer"
    );
    world.run(30_000);
    assert_clean(&world);
}

#[test]
fn no_price_that_suits_both_ends_the_negotiation() {
    let mut world = world();
    let mut home = policy(2);
    home.residential.max_load_bps = 7_000;
    world
        .command(alabama(), Command::PutPolicy(Box::new(home)))
        .unwrap();
    refused_with(&mut world, &cin(alabama(), 1), RefusalCode::NoOffer);
    let mut visited = policy(2);
    visited.partners.push(PartnerRules {
        home: alabama(),
        tariff: "partner".to_owned(),
        max_load_bps: 100,
    });
    world
        .command(duke(), Command::PutPolicy(Box::new(visited)))
        .unwrap();
    refused_with(&mut world, &cin(alabama(), 1), RefusalCode::NoOffer);
}

#[test]
fn charging_points_that_cannot_serve_say_so() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let status = |state| FromStation::Status { evse: 1, state };
    for state in [
        ConnectorState::Faulted,
        ConnectorState::Unavailable,
        ConnectorState::Reserved,
    ] {
        driver.say(&mut world, status(state));
        assert_eq!(
            driver.refused(&mut world, &cin(duke(), 1)).code,
            RefusalCode::EvseUnavailable
        );
    }
    driver.say(&mut world, status(ConnectorState::Occupied));
    driver.charge_until_running(&mut world, &cin(duke(), 1));
    assert_eq!(
        driver.refused(&mut world, &cin(duke(), 2)).code,
        RefusalCode::EvseUnavailable
    );
    let mut nowhere = Driver::at(duke(), 9);
    assert_eq!(
        nowhere.refused(&mut world, &cin(duke(), 1)).code,
        RefusalCode::EvseUnavailable
    );
}

impl Driver {
    fn charge_until_running(&mut self, world: &mut World, token: &str) {
        self.offer(world, token);
        self.consent(world, true);
        self.start(world);
    }
}

#[test]
fn too_many_attempts_must_wait() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    for _ in 0..10 {
        assert_eq!(
            driver.refused(&mut world, "123").code,
            RefusalCode::CinMistyped
        );
    }
    assert_eq!(
        driver.refused(&mut world, &cin(duke(), 1)).code,
        RefusalCode::TooManyAttempts
    );
    world.sleep(MINUTE);
    driver.offer(&mut world, &cin(duke(), 1));
}

#[test]
fn a_no_cancels_and_frees() {
    for who in [alabama(), duke()] {
        let mut world = world();
        let mut driver = Driver::at(duke(), 1);
        let view = driver.offer(&mut world, &cin(who, 1));
        assert_eq!(driver.consent(&mut world, false), None);
        assert_eq!(driver.notices()[0].code, RefusalCode::ConsentDeclined);
        // A yes after the no is late.
        assert_eq!(
            driver.consent(&mut world, true).map(|r| r.code),
            Some(RefusalCode::ConsentDeclined)
        );
        world.run(5_000);
        assert_eq!(world.utility(who).state_of(view.session), Some("void"));
        assert_eq!(driver.starts(), 0);
        assert_clean(&world);
        free(&mut world, &mut driver);
    }
}

#[test]
fn an_offer_runs_out() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    world.run(2 * MINUTE + 1_000);
    driver.listen(&mut world);
    assert_eq!(driver.notices()[0].code, RefusalCode::ConsentTimeout);
    assert_eq!(
        driver.consent(&mut world, true).map(|r| r.code),
        Some(RefusalCode::ConsentTimeout)
    );
    assert_eq!(world.utility(duke()).state_of(view.session), Some("void"));
    world.run(3_000);
    assert_eq!(driver.starts(), 0);
    assert_clean(&world);
}

#[test]
fn another_credential_withdraws_an_open_offer() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let first = driver.offer(&mut world, &cin(alabama(), 1));
    let second = driver.offer(&mut world, &cin(duke(), 1));
    assert_eq!(world.utility(duke()).state_of(first.session), Some("void"));
    driver.session = Some(first.session);
    assert!(driver.consent(&mut world, true).is_some());
    driver.session = Some(second.session);
    assert_eq!(driver.consent(&mut world, true), None);
    assert_eq!(driver.starts(), 1);
}

#[test]
fn a_start_that_is_refused_or_never_comes_gives_everything_back() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    let command = driver.command.unwrap();
    driver.say(
        &mut world,
        FromStation::CommandAnswered {
            command,
            accepted: false,
            text: "cable locked".to_owned(),
        },
    );
    assert_eq!(driver.notices()[0].code, RefusalCode::EvseUnavailable);
    world.run(5_000);
    assert_eq!(
        world.utility(alabama()).state_of(view.session),
        Some("void")
    );
    assert_clean(&world);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    world.run(5 * MINUTE + 5_000);
    assert_eq!(world.utility(duke()).state_of(view.session), Some("void"));
    assert_clean(&world);
    free(&mut world, &mut driver);
}

#[test]
fn energy_without_permission_is_stopped_and_never_billed() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.session = None;
    let (cost, refusal) = driver.start(&mut world);
    assert_eq!(
        (cost, refusal.map(|r| r.code)),
        (None, Some(RefusalCode::OutOfOrder))
    );
    assert_eq!(driver.stops(), 1);
    driver.end(&mut world, 5_000);
    assert!(world.errors().iter().any(|e| e.contains("free-riding")));
    // Before consent there is no permission either, even when the charge is named.
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    driver.transaction = "other".to_owned();
    driver.session = Some(view.session);
    assert!(driver.start(&mut world).1.is_some());
    assert_eq!(
        world.utility(duke()).state_of(view.session),
        Some("offered")
    );
    driver.consent(&mut world, false);
    world.run(5_000);
    let none = |m: MemberId| world.books()[&m].billed;
    assert_eq!((none(duke()), none(alabama())), (Micro::ZERO, Micro::ZERO));
    assert_clean(&world);
}

#[test]
fn what_a_no_gives_back_pays_the_next_charge() {
    let mut world = world();
    let mut prepaid = customer(alabama(), 1);
    prepaid.payment = Payment::Prepaid;
    world
        .command(alabama(), Command::PutCustomer(prepaid))
        .unwrap();
    let (cin, amount) = (cin(alabama(), 1), Micro(10_000_000));
    world
        .command(
            alabama(),
            Command::TopUp {
                cin: cin.clone(),
                amount,
            },
        )
        .unwrap();
    // The balance covers one charge: each no must free it for the next offer.
    for _ in 0..3 {
        let mut driver = Driver::at(duke(), 1);
        driver.offer(&mut world, &cin);
        driver.consent(&mut world, false);
        world.run(2_000);
    }
    Driver::at(duke(), 1).charge(&mut world, &cin);
    world.run(5_000);
    assert_clean(&world);
}

#[test]
fn a_customer_needs_a_number_of_our_own() {
    let mut world = world();
    let mut new = customer(alabama(), 9);
    new.cin = cin(duke(), 9);
    let refusal = world
        .command(alabama(), Command::PutCustomer(new.clone()))
        .unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CustomerInvalid);
    assert!(refusal.text.contains("US*DUK's"), "{refusal}");
    new.cin = Cin::new(
        CinPrefix::parse("8400099").unwrap(),
        Service::Standard,
        CustomerNumber::new(9).unwrap(),
    )
    .digits();
    let refusal = world
        .command(alabama(), Command::PutCustomer(new))
        .unwrap_err();
    assert!(refusal.text.contains("8400099"), "{refusal}");
}

#[test]
fn a_change_of_a_customer_leaves_the_rest_as_it_was() {
    let mut world = world();
    let mut new = customer(alabama(), 1);
    new.pin = Some("4711".to_owned());
    world.command(alabama(), Command::PutCustomer(new)).unwrap();
    let change = |world: &mut World, changed: ChangedCustomer| {
        let changed = ChangedCustomer {
            cin: cin(alabama(), 1),
            ..changed
        };
        world.command(alabama(), Command::ChangeCustomer(Box::new(changed)))
    };
    let renamed = ChangedCustomer {
        name: Some("Another Name".to_owned()),
        ..ChangedCustomer::default()
    };
    change(&mut world, renamed).unwrap();
    let dial = |pin: Option<&str>| Presented {
        method: InputMethod::DialPad,
        token: cin(alabama(), 1),
        pin: pin.map(str::to_owned),
    };
    let mut driver = Driver::at(duke(), 1);
    let Identified::Refused(refusal) = driver.identify(&mut world, dial(None)) else {
        panic!("the PIN is gone")
    };
    assert_eq!(refusal.code, RefusalCode::PinWrong);
    let without = ChangedCustomer {
        pin: Some(String::new()),
        ..ChangedCustomer::default()
    };
    change(&mut world, without).unwrap();
    assert!(matches!(
        Driver::at(duke(), 2).identify(&mut world, dial(None)),
        Identified::Offer(_)
    ));
    let bad = ChangedCustomer {
        name: Some(String::new()),
        ..ChangedCustomer::default()
    };
    assert_eq!(
        change(&mut world, bad).unwrap_err().code,
        RefusalCode::CustomerInvalid
    );
}
