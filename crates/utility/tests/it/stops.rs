//! A driver ends his charge from afar: at home, abroad, twice, too early, too late, and never somebody else's.

use crate::setup::*;
use crate::world::World;
use fairway_model::canonical::Canonical;
use fairway_model::station::{ReadingContext, StopReason, ToStation};
use fairway_model::{MemberId, Refusal, RefusalCode, SessionId};
use fairway_utility::command::{Command, Reply};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use fairway_utility::door::Input;
use fairway_utility::envelope::{Envelope, Sender};
use fairway_utility::peer::{Message, StopAnswer};
use fairway_utility::stop::StopWish;

pub(crate) fn key_of(world: &mut World, member: MemberId, number: u32) -> String {
    let question = DeskQuestion::KeyOf(cin(member, number));
    let reply = world.command(member, Command::Desk(question)).unwrap();
    let Reply::Desk(answer) = reply else { panic!() };
    let DeskAnswer::Owner(Some(key)) = *answer else {
        panic!()
    };
    key
}

fn stop(
    world: &mut World,
    home: MemberId,
    number: u32,
    session: SessionId,
) -> Result<Reply, Refusal> {
    let customer = key_of(world, home, number);
    world.command(home, Command::StopCharge { customer, session })
}

fn wish(world: &World, home: MemberId, session: SessionId) -> Option<StopWish> {
    world.utility(home).charge_row(session).unwrap().stop
}

fn answer(world: &World, home: MemberId, session: SessionId) -> Option<StopAnswer> {
    wish(world, home, session).and_then(|wish| wish.answer)
}

/// A driver of Alabama's whose car charges.
fn charging(world: &mut World, at: MemberId) -> (Driver, SessionId) {
    let mut driver = Driver::at(at, 1);
    let view = driver.offer(world, &cin(alabama(), 1));
    assert_eq!(driver.consent(world, true), None);
    assert_eq!(driver.start(world).1, None);
    world.run(2_000);
    driver.listen(world);
    (driver, view.session)
}

/// The station does as it was told.
fn ends(world: &mut World, driver: &mut Driver) {
    driver.register += 3_000_000;
    let sample = driver.sample(world, ReadingContext::End);
    let report = driver.report(world, vec![sample]);
    let (_, refusal) = driver.deliver(world, |call| fairway_model::station::FromStation::Ended {
        call,
        report: report.clone(),
        reason: StopReason::Remote,
    });
    assert_eq!(refusal, None);
    world.run(40_000);
}

fn hops(world: &World, member: MemberId, session: SessionId, part: &str) -> usize {
    let trace = world.utility(member).session_trace(session).unwrap();
    trace.hops.iter().filter(|h| h.what.contains(part)).count()
}

fn told(driver: &Driver) -> Vec<String> {
    let stops = driver.heard.iter().filter_map(|w| match w {
        ToStation::Stop { transaction, .. } => Some(transaction.clone()),
        _ => None,
    });
    stops.collect()
}

#[test]
fn a_driver_stops_his_charge_abroad_and_twice_is_once() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, duke());
    stop(&mut world, alabama(), 1, session).unwrap();
    assert_eq!(
        answer(&world, alabama(), session),
        None,
        "asked, and said so"
    );
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(1_000);
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(3_000);
    driver.listen(&mut world);
    assert_eq!(answer(&world, alabama(), session), Some(StopAnswer::Told));
    assert_eq!(told(&driver), ["tx-1"], "one transaction, told once");
    assert_eq!(hops(&world, alabama(), session, "wants to stop"), 1);
    assert_eq!(hops(&world, duke(), session, "home asks"), 1);
    ends(&mut world, &mut driver);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_eq!(wish(&world, alabama(), session).unwrap().number, 1);
    let late = stop(&mut world, alabama(), 1, session).unwrap_err();
    assert_eq!(late.code, RefusalCode::OutOfOrder);
    assert_clean(&world);
}

#[test]
fn a_driver_stops_his_charge_at_home_without_a_message() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, alabama());
    let before = world.sent.values().sum::<u64>();
    stop(&mut world, alabama(), 1, session).unwrap();
    assert_eq!(answer(&world, alabama(), session), Some(StopAnswer::Told));
    driver.listen(&mut world);
    assert_eq!(driver.stops(), 1);
    assert_eq!(world.sent.values().sum::<u64>(), before);
    ends(&mut world, &mut driver);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_clean(&world);
}

#[test]
fn nobody_stops_the_charge_of_another_or_one_that_there_is_not() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, duke());
    for number in [2, 3] {
        let refusal = stop(&mut world, alabama(), number, session).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::SessionUnknown);
    }
    // Where it runs, its customers are others than its visitor.
    let refusal = stop(&mut world, duke(), 1, session).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::SessionUnknown);
    let unknown = SessionId([9; 16]);
    let refusal = stop(&mut world, alabama(), 1, unknown).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::SessionUnknown);
    world.run(2_000);
    driver.listen(&mut world);
    assert_eq!(driver.stops(), 0);
    ends(&mut world, &mut driver);
    assert_clean(&world);
}

#[test]
fn an_operator_ends_a_charge_at_his_own_station_and_at_no_other() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, duke());
    let end = Command::EndCharge { session };
    let elsewhere = world.command(alabama(), end.clone()).unwrap_err();
    assert_eq!(elsewhere.code, RefusalCode::SessionUnknown);
    let nothing = Command::EndCharge {
        session: SessionId([9; 16]),
    };
    let nothing = world.command(duke(), nothing).unwrap_err();
    assert_eq!(nothing.code, RefusalCode::SessionUnknown);
    for _ in 0..2 {
        assert_eq!(world.command(duke(), end.clone()), Ok(Reply::Done));
        assert_eq!(said_of(&mut world, session), Some(StopAnswer::Told));
    }
    // The driver's own wish comes later and is answered, and the station is not told again.
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(3_000);
    driver.listen(&mut world);
    assert_eq!(answer(&world, alabama(), session), Some(StopAnswer::Told));
    assert_eq!(driver.stops(), 1);
    assert_eq!(hops(&world, duke(), session, "operator wants"), 1);
    ends(&mut world, &mut driver);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_eq!(said_of(&mut world, session), None);
    let late = world.command(duke(), end).unwrap_err();
    assert_eq!(late.code, RefusalCode::OutOfOrder);
    assert_clean(&world);
}

/// What Duke's operator reads of a wish to end a charge at his station.
fn said_of(world: &mut World, session: SessionId) -> Option<StopAnswer> {
    let question = Command::Desk(DeskQuestion::Charge(session));
    let Ok(Reply::Desk(answer)) = world.command(duke(), question) else {
        panic!()
    };
    let DeskAnswer::Charge(view) = *answer else {
        panic!()
    };
    view.gateway.unwrap().stop
}

/// Says something as a member that follows no rules.
fn forge(world: &mut World, (from, seed): (MemberId, u8), to: (MemberId, u8), message: &Message) {
    let key = config(from, seed).key;
    let sender = Sender {
        me: from,
        chain: "test",
        key: &key,
    };
    let ring = decryption_key(to.1).public();
    let entropy = [world.inputs as u8; 32];
    let envelope =
        Envelope::seal(&sender, (to.0, Some(ring)), world.now, message, entropy).unwrap();
    let input = Input::Peer {
        from,
        envelope: envelope.to_bytes(),
    };
    world.input(to.0, input);
}

#[test]
fn a_member_that_is_not_the_home_of_a_charge_stops_nothing() {
    let mut world = world();
    // Duke's driver at Duke's station: Alabama has no part in it.
    let mut driver = Driver::at(duke(), 1);
    let session = driver.offer(&mut world, &cin(duke(), 1)).session;
    assert_eq!(driver.consent(&mut world, true), None);
    assert_eq!(driver.start(&mut world).1, None);
    for session in [session, SessionId([7; 16])] {
        let message = Message::StopAsked { session, number: 1 };
        forge(&mut world, (alabama(), 1), (duke(), 2), &message);
    }
    world.run(1_000);
    driver.listen(&mut world);
    assert_eq!(driver.stops(), 0);
    assert_eq!(hops(&world, duke(), session, "home asks"), 0);
    // An answer that nobody waits for changes nothing either.
    let message = Message::StopAnswered {
        session,
        number: 1,
        answer: StopAnswer::Told,
    };
    forge(&mut world, (alabama(), 1), (duke(), 2), &message);
    assert_eq!(wish(&world, duke(), session), None);
    ends(&mut world, &mut driver);
    assert_clean(&world);
}

#[test]
fn before_energy_flows_there_is_nothing_to_stop_and_it_may_be_asked_again() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let session = driver.offer(&mut world, &cin(alabama(), 1)).session;
    let early = stop(&mut world, alabama(), 1, session).unwrap_err();
    assert_eq!(early.code, RefusalCode::OutOfOrder);
    assert_eq!(driver.consent(&mut world, true), None);
    world.run(2_000);
    driver.listen(&mut world);
    // Home cannot know whether the cable is in yet: the visited utility does.
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(2_000);
    let Some(StopAnswer::Refused(refusal)) = answer(&world, alabama(), session) else {
        panic!()
    };
    assert_eq!(refusal.code, RefusalCode::OutOfOrder);
    assert_eq!(driver.start(&mut world).1, None);
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(2_000);
    driver.listen(&mut world);
    assert_eq!(answer(&world, alabama(), session), Some(StopAnswer::Told));
    assert_eq!(wish(&world, alabama(), session).unwrap().number, 2);
    assert_eq!(driver.stops(), 1);
    ends(&mut world, &mut driver);
    assert_clean(&world);
}

#[test]
fn a_wish_to_stop_outlives_a_silent_partner_a_restart_and_a_station_without_a_line() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, duke());
    world.off.insert(duke());
    stop(&mut world, alabama(), 1, session).unwrap();
    world.run(5_000);
    world.restart(alabama());
    assert_eq!(answer(&world, alabama(), session), None);
    world.off.remove(&duke());
    driver.say(
        &mut world,
        fairway_model::station::FromStation::Disconnected,
    );
    world.run(65_000);
    assert_eq!(answer(&world, alabama(), session), Some(StopAnswer::Waits));
    world.take_said(&driver.station);
    driver.reconnect(&mut world);
    assert!(driver.stops() > 0, "told as soon as it is back");
    ends(&mut world, &mut driver);
    assert_clean(&world);
}

/// The network carries everything but wishes to stop.
fn loses_wishes(world: &mut World) {
    let session = SessionId([0; 16]);
    let kind = Message::StopAsked { session, number: 1 }.kind();
    let other = |bytes: &[u8]| Envelope::from_bytes(bytes).is_ok_and(|e| e.head.kind != kind);
    world.packets.retain(|(_, _, bytes)| other(bytes));
}

#[test]
fn a_wish_to_stop_ends_with_its_charge_although_nobody_answered() {
    let mut world = world();
    let (mut driver, session) = charging(&mut world, duke());
    stop(&mut world, alabama(), 1, session).unwrap();
    for _ in 0..200 {
        loses_wishes(&mut world);
        world.step();
    }
    loses_wishes(&mut world);
    // The key on the post was quicker.
    assert_eq!(driver.end(&mut world, 3_000).1, None);
    for _ in 0..800 {
        loses_wishes(&mut world);
        world.step();
    }
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_eq!(answer(&world, alabama(), session), None);
    assert_clean(&world);
}
