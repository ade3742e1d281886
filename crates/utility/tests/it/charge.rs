//! Whole charges: abroad with home asked, again from the visiting profile, at home.

use crate::setup::*;
use fairway_model::station::{Identified, InputMethod, Presented, ToStation};
use fairway_model::time::DAY;
use fairway_model::{BillLine, Energy, Micro, RefusalCode};
use fairway_utility::command::{Command, Reply, Role};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use fairway_utility::happening::{Decider, Happening, Outcome};

/// A line says what was quoted, what the meter proved, where, and when it settled.
fn traceable(line: &BillLine) {
    let quoted = line.quoted.as_ref().unwrap();
    assert!(Micro::ZERO < quoted.low && quoted.low < quoted.high);
    assert!(!quoted.reasons.is_empty() && quoted.consented.unwrap() <= line.start);
    let metered = line.metered.unwrap();
    assert_eq!(metered.records, 4);
    assert_eq!(metered.begin.plus(line.energy), Some(metered.end));
    assert!(line.place.as_ref().unwrap().time_zone.contains('/'));
    assert!(line.settled.unwrap() >= line.end);
}

#[test]
fn a_first_visit_asks_home_and_ends_on_one_bill() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    assert!(!view.local);
    assert_eq!(
        (view.home_name.as_str(), view.visited_name.as_str()),
        ("Alabama Power", "Duke Energy")
    );
    assert!(view.estimate.low < view.estimate.high && !view.lines.is_empty());
    assert_eq!(driver.starts(), 0, "energy before consent");
    assert_eq!(driver.consent(&mut world, true), None);
    assert_eq!(driver.starts(), 1);
    driver.begin_and_end(&mut world);
    world.run(5_000);
    driver.listen(&mut world);
    let session = view.session;
    let bill = driver.bills()[0].clone();
    // 10 kWh at 0.36 and 0.50 once, less 5 % for Gold, plus 6 %: 4.10 * 0.95 * 1.06 = 4.1287.
    assert_eq!(bill.total, Micro(4_130_000));
    assert!(bill.text.contains("Alabama Power") && bill.soc == Some(55));
    assert_eq!(world.utility(duke()).state_of(session), Some("settled"));
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_clean(&world);
    let Ok(Reply::Bill(monthly)) = world.command(
        alabama(),
        Command::Bill {
            cin: cin(alabama(), 1),
            year: 2026,
            month: 11,
        },
    ) else {
        panic!()
    };
    assert_eq!(
        (monthly.lines.len(), monthly.total, monthly.pending),
        (1, bill.total, 0)
    );
    assert_eq!(monthly.lines[0].session, session);
    traceable(&monthly.lines[0]);
    assert_eq!(monthly.utility_name, "Alabama Power");
    let trace = world.utility(duke()).session_trace(session).unwrap();
    assert_eq!(
        monthly.lines[0].event,
        trace.event.as_ref().unwrap().event.hash()
    );
    assert_eq!(Some(monthly.lines[0].transaction), trace.transaction);
    assert_eq!(trace.evidence.len(), 4);
    assert_eq!(trace.summary.role, Role::Visited);
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn the_trace_names_every_step_of_the_flow_chart_in_order() {
    let mut world = world();
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let steps = |hops: &[fairway_utility::command::Hop]| -> Vec<u32> {
        let texts = hops.iter().flat_map(|h| {
            h.what
                .trim_start_matches('[')
                .split(']')
                .next()
                .unwrap()
                .split(' ')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        texts
            .map(|t| t.trim_start_matches("FL-").parse().unwrap())
            .collect()
    };
    let duke = world.utility(duke()).session_trace(session).unwrap();
    let seen = steps(&duke.hops);
    for step in (2..=20).filter(|s| *s != 12) {
        assert!(
            seen.contains(&step),
            "FL-{step:02} is missing: {:#?}",
            duke.hops
        );
    }
    assert!(duke.hops.windows(2).all(|w| w[0].at <= w[1].at));
    let home = world.utility(alabama()).session_trace(session).unwrap();
    let seen = steps(&home.hops);
    for step in [5, 7, 8, 11, 17, 18, 21] {
        assert!(
            seen.contains(&step),
            "FL-{step:02} is missing at home: {:#?}",
            home.hops
        );
    }
    // Both logs show the same rounds and the same price.
    assert_eq!(duke.breakdown, home.breakdown);
    assert_eq!(duke.offer, home.offer);
    let text = format!("{:?}{:?}", duke.hops, home.hops);
    assert!(!text.contains(&cin(alabama(), 1)) && !text.contains("Customer"));
}

#[test]
fn a_second_visit_needs_no_word_from_home() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    world.off.insert(alabama());
    let (there, back) = (
        world.messages(duke(), alabama()),
        world.messages(alabama(), duke()),
    );
    let mut driver = Driver::at(duke(), 2);
    let view = driver.offer(&mut world, &cin(alabama(), 1));
    assert!(view.local);
    assert_eq!(
        (
            world.messages(duke(), alabama()),
            world.messages(alabama(), duke())
        ),
        (there, back),
        "a message before start"
    );
    assert_eq!(driver.consent(&mut world, true), None);
    driver.begin_and_end(&mut world);
    world.run(10_000);
    driver.listen(&mut world);
    assert!(
        driver.bills()[0].text.contains("follows"),
        "{:?}",
        driver.bills()
    );
    // Home stays away for three days.
    for _ in 0..72 {
        world.sleep(hours(1));
    }
    assert_eq!(world.utility(duke()).status().open, 1);
    world.off.clear();
    world.run(150_000);
    assert_eq!(
        world.utility(alabama()).state_of(view.session),
        Some("settled")
    );
    assert_clean(&world);
    assert_eq!(world.books()[&alabama()].settled_home, 2);
}

#[test]
fn what_operators_count_is_told_once_and_names_nobody() {
    let mut world = world();
    let token = cin(alabama(), 1);
    Driver::at(duke(), 1).charge(&mut world, &token);
    world.run(5_000);
    let told = std::mem::take(&mut world.happened);
    let kinds: Vec<_> = told.iter().map(|(who, what)| (*who, *what)).collect();
    let [decided, quoted, began, delivered, closed] = kinds.as_slice() else {
        panic!("{kinds:?}")
    };
    let after = match decided {
        (who, Happening::Decided { by, refused, after }) => {
            assert_eq!((*who, *by, *refused), (duke(), Decider::Home, None));
            *after
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(*quoted, (duke(), Happening::Quoted { clamped: false }));
    assert!(matches!(began, (_, Happening::Began { after: later }) if *later >= after));
    let ten = Energy::from_wh(10_000).unwrap();
    assert_eq!(*delivered, (duke(), Happening::Delivered(ten)));
    assert_eq!(*closed, (duke(), Happening::Closed(Outcome::Settled)));
    let gauges = world.utility(duke()).gauges();
    assert_eq!((gauges.charging, gauges.open), (0, 0));
    let [money] = gauges.settlement.as_slice() else {
        panic!("{gauges:?}")
    };
    assert!(money.owed > Micro::ZERO && money.owing == Micro::ZERO);
    let theirs = world.utility(alabama()).gauges().settlement[0];
    assert_eq!(theirs.owing, money.owed);
    // Again from the visiting profile, and then not at all.
    Driver::at(duke(), 2).offer(&mut world, &token);
    assert!(world.happened.iter().any(|(_, what)| matches!(
        what,
        Happening::Decided {
            by: Decider::VisitingProfile,
            refused: None,
            ..
        }
    )));
    world.happened.clear();
    Driver::at(duke(), 1).refused(&mut world, &cin(alabama(), 999_999));
    let told: Vec<_> = world.happened.iter().map(|(_, what)| *what).collect();
    assert!(
        matches!(
            told.as_slice(),
            [
                Happening::Decided {
                    refused: Some(_),
                    ..
                },
                Happening::Closed(Outcome::Refused)
            ]
        ),
        "{told:?}"
    );
}

#[test]
fn a_charge_at_home_needs_no_network() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let session = driver.charge(&mut world, &cin(duke(), 1));
    world.run(5_000);
    driver.listen(&mut world);
    assert!(world.sent.is_empty(), "{:?}", world.sent);
    assert_eq!(world.utility(duke()).state_of(session), Some("settled"));
    assert_eq!(driver.bills().len(), 1);
    let books = world.books();
    assert_eq!(
        (books[&duke()].settled_home, books[&duke()].settled_visited),
        (1, 1)
    );
    assert_clean(&world);
}

#[test]
fn a_card_leads_to_the_same_customer_at_home_only() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let presented = Presented {
        method: InputMethod::Rfid,
        token: "04A2B300000001".to_owned(),
        pin: None,
    };
    assert!(matches!(
        driver.identify(&mut world, presented.clone()),
        Identified::Offer(_)
    ));
    // The same card number at another utility is nobody there.
    let mut other = presented;
    other.token = "04A2B300000077".to_owned();
    let mut driver = Driver::at(duke(), 2);
    let Identified::Refused(refusal) = driver.identify(&mut world, other) else {
        panic!()
    };
    assert_eq!(refusal.code, RefusalCode::CinUnknown);
    assert!(world.sent.is_empty(), "a card number left the utility");
}

#[test]
fn a_driver_who_comes_with_card_and_number_is_one_visitor() {
    let mut world = world();
    let number = cin(alabama(), 1);
    for (at, method) in [(1, InputMethod::Code), (2, InputMethod::DialPad)] {
        let presented = Presented {
            method,
            ..Driver::presented(&number)
        };
        let answer = Driver::at(duke(), at).identify(&mut world, presented);
        assert!(matches!(answer, Identified::Offer(_)), "{method:?}");
    }
    let asked = Command::Desk(DeskQuestion::Visitors);
    let Ok(Reply::Desk(answer)) = world.command(duke(), asked) else {
        panic!()
    };
    let DeskAnswer::Visitors(visitors) = *answer else {
        panic!()
    };
    assert_eq!(visitors.len(), 1, "{visitors:?}");
    assert_eq!(visitors[0].home, alabama());
}

#[test]
fn the_payload_of_a_card_and_the_contract_id_lead_to_the_same_customer() {
    let number = fairway_model::Cin::parse(&cin(alabama(), 1)).unwrap();
    let mut table = fairway_model::PrefixTable::new();
    table.insert(number.prefix(), alabama()).unwrap();
    let contract = fairway_model::Emaid::of(&number, &table).unwrap();
    for (method, token) in [
        (InputMethod::Code, format!("CIN:{}", number.digits())),
        (InputMethod::Rfid, format!("CIN:{}", number.digits())),
        (InputMethod::Contract, contract.grouped()),
    ] {
        let mut world = world();
        let mut driver = Driver::at(duke(), 1);
        let presented = Presented {
            method,
            token,
            pin: None,
        };
        let Identified::Offer(view) = driver.identify(&mut world, presented) else {
            panic!("{method:?}")
        };
        assert_eq!(view.home_name, "Alabama Power");
    }
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let presented = Presented {
        method: InputMethod::Contract,
        token: "US-APC-C12345678".to_owned(),
        pin: None,
    };
    let Identified::Refused(refusal) = driver.identify(&mut world, presented) else {
        panic!()
    };
    assert_eq!(refusal.code, RefusalCode::CredentialForeign, "{refusal}");
    assert!(
        world.sent.is_empty(),
        "a contract of no CIN left the utility"
    );
}

#[test]
fn the_second_presentation_is_consent_and_the_third_stops() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let token = cin(alabama(), 1);
    let view = driver.offer(&mut world, &token);
    assert_eq!(
        driver.identify(&mut world, Driver::presented(&token)),
        Identified::Consented(view.session)
    );
    assert_eq!(driver.starts(), 1);
    driver.start(&mut world);
    world.sleep(60_000);
    driver.update(&mut world, 100);
    assert_eq!(
        driver.identify(&mut world, Driver::presented(&token)),
        Identified::StopRequested(view.session)
    );
    assert_eq!(driver.stops(), 1);
    world.sleep(1_000);
    driver.end(&mut world, 10);
    world.run(5_000);
    assert_eq!(
        world.utility(duke()).state_of(view.session),
        Some("settled")
    );
    let trace = world
        .utility(alabama())
        .session_trace(view.session)
        .unwrap();
    assert_eq!(
        trace.consent.unwrap().consent.method,
        fairway_model::ConsentMethod::SecondPresentation
    );
    assert_clean(&world);
}

#[test]
fn an_offer_that_was_not_seen_is_shown_again_instead_of_taken() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let token = cin(alabama(), 1);
    let view = driver.offer(&mut world, &token);
    driver.reconnect(&mut world);
    assert_eq!(
        driver.identify(&mut world, Driver::presented(&token)),
        Identified::Offer(view.clone())
    );
    assert_eq!(driver.starts(), 0);
    world.restart(duke());
    driver.reconnect(&mut world);
    assert!(matches!(
        driver.identify(&mut world, Driver::presented(&token)),
        Identified::Offer(_)
    ));
    assert!(matches!(
        driver.identify(&mut world, Driver::presented(&token)),
        Identified::Consented(_)
    ));
}

#[test]
fn load_partner_rules_and_home_rules_move_the_price_before_consent() {
    let mut world = world();
    let price = |world: &mut crate::world::World, who: u32| {
        let mut driver = Driver::at(duke(), 1);
        let view = driver.offer(world, &cin(alabama(), who));
        driver.consent(world, false);
        world.run(2_000);
        view
    };
    let neutral = price(&mut world, 1);
    world
        .command(
            duke(),
            Command::SetLoad {
                area: "DUK-west".to_owned(),
                load_bps: 12_000,
            },
        )
        .unwrap();
    let loaded = price(&mut world, 2);
    assert_eq!(loaded.price_per_kwh.0 * 10, neutral.price_per_kwh.0 * 12);
    // Home's contract accepts at most 13,000: countered, and agreed in the second round.
    world
        .command(
            duke(),
            Command::SetLoad {
                area: "DUK-west".to_owned(),
                load_bps: 19_000,
            },
        )
        .unwrap();
    let countered = price(&mut world, 3);
    assert_eq!(countered.price_per_kwh.0 * 10, neutral.price_per_kwh.0 * 13);
    let rounds = |m| {
        world
            .utility(m)
            .session_trace(countered.session)
            .unwrap()
            .hops
            .iter()
            .filter(|h| h.what.contains("round"))
            .map(|h| h.what.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(rounds(duke()), rounds(alabama()));
    assert!(rounds(duke()).iter().any(|r| r.contains("countered")));
    // Duke's rules for Alabama's drivers: another tariff, less load (CR-11).
    let mut policy = policy(2);
    policy.partners.push(partner_rules(alabama()));
    world
        .command(duke(), Command::PutPolicy(Box::new(policy)))
        .unwrap();
    let partner = price(&mut world, 1);
    assert_eq!(partner.price_per_kwh, Micro(300_000 * 11 / 10 * 95 / 100));
}

#[test]
fn a_blocked_customer_is_refused_where_he_was_cached() {
    let mut world = world();
    let token = cin(alabama(), 1);
    Driver::at(duke(), 1).charge(&mut world, &token);
    world.run(5_000);
    assert_eq!(world.utility(duke()).status().visiting_profiles, 1);
    world
        .command(
            alabama(),
            Command::SetBlocked {
                cin: token.clone(),
                blocked: true,
            },
        )
        .unwrap();
    world.run(1_000);
    assert_eq!(world.utility(duke()).status().visiting_profiles, 0);
    assert_eq!(
        Driver::at(duke(), 2).refused(&mut world, &token).code,
        RefusalCode::CinBlocked
    );
    world.run(3_000);
    assert_clean(&world);
}

#[test]
fn a_visiting_profile_ends_with_its_time() {
    let mut world = world();
    let token = cin(alabama(), 1);
    Driver::at(duke(), 1).charge(&mut world, &token);
    world.run(5_000);
    world.sleep(31 * DAY);
    assert_eq!(world.utility(duke()).status().visiting_profiles, 0);
    assert!(!Driver::at(duke(), 2).offer(&mut world, &token).local);
}

#[test]
fn commands_are_done_once_by_id() {
    let mut world = world();
    let id = [9u8; 16];
    let top_up = Command::TopUp {
        cin: cin(duke(), 1),
        amount: Micro(5_000_000),
    };
    for _ in 0..3 {
        world.input(
            duke(),
            fairway_utility::door::Input::Command {
                id,
                command: top_up.clone(),
            },
        );
        world.restart(duke());
    }
    let bank = world.books()[&duke()]
        .accounts
        .iter()
        .find(|a| a.0 == "bank")
        .unwrap()
        .1;
    assert_eq!(bank, Micro(-5_000_000));
    let other = Command::TopUp {
        cin: cin(duke(), 1),
        amount: Micro(6_000_000),
    };
    world.input(
        duke(),
        fairway_utility::door::Input::Command { id, command: other },
    );
    assert_eq!(
        world.books()[&duke()]
            .accounts
            .iter()
            .find(|a| a.0 == "bank")
            .unwrap()
            .1,
        Micro(-5_000_000)
    );
}

#[test]
fn the_station_is_told_cost_while_charging() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, true);
    driver.start(&mut world);
    let mut last = Micro::ZERO;
    for _ in 0..3 {
        world.sleep(600_000);
        let (cost, _) = driver.update(&mut world, 1_000);
        assert!(cost.unwrap() > last);
        last = cost.unwrap();
    }
    world.sleep(600_000);
    let (cost, _) = driver.end(&mut world, 1_000);
    world.run(3_000);
    driver.listen(&mut world);
    assert_eq!(cost, Some(driver.bills()[0].total));
    assert!(
        driver
            .heard
            .iter()
            .all(|w| !matches!(w, ToStation::Notice { .. }))
    );
}
