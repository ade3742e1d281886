//! A driver freezes his own cards: at once, everywhere, beside the utility's block, and never in the middle of a charge.

use crate::setup::*;
use crate::stops::key_of;
use crate::world::World;
use fairway_model::{MemberId, RefusalCode};
use fairway_utility::command::{Command, Reply};
use fairway_utility::desk::{CustomerView, DeskAnswer, DeskQuestion, ToldView};

fn freeze(world: &mut World, frozen: bool) {
    let customer = key_of(world, alabama(), 1);
    let command = Command::SetFrozen { customer, frozen };
    world.command(alabama(), command).unwrap();
}

fn block(world: &mut World, blocked: bool) {
    let cin = cin(alabama(), 1);
    let command = Command::SetBlocked { cin, blocked };
    world.command(alabama(), command).unwrap();
}

fn ask(world: &mut World, question: DeskQuestion) -> DeskAnswer {
    let reply = world.command(alabama(), Command::Desk(question)).unwrap();
    let Reply::Desk(answer) = reply else { panic!() };
    *answer
}

fn customer_view(world: &mut World) -> CustomerView {
    let key = key_of(world, alabama(), 1);
    let DeskAnswer::Customer(view) = ask(world, DeskQuestion::Customer(key)) else {
        panic!()
    };
    *view
}

fn told(world: &mut World) -> Vec<ToldView> {
    let key = key_of(world, alabama(), 1);
    let DeskAnswer::Told(told) = ask(world, DeskQuestion::Told(key)) else {
        panic!()
    };
    told
}

fn refused(world: &mut World, member: MemberId, n: u8) -> RefusalCode {
    let refusal = Driver::at(member, n).refused(world, &cin(alabama(), 1));
    assert!(refusal.text.len() > 20, "no sentence: {refusal}");
    refusal.code
}

#[test]
fn a_frozen_card_is_refused_where_it_was_cached_until_its_driver_lifts_it() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    assert_eq!(world.utility(duke()).status().visiting_profiles, 1);
    freeze(&mut world, true);
    let since = customer_view(&mut world).frozen;
    assert_eq!(since, Some(world.now));
    world.run(1_000);
    assert_eq!(world.utility(duke()).status().visiting_profiles, 0);
    assert_eq!(refused(&mut world, duke(), 2), RefusalCode::CinFrozen);
    assert_eq!(refused(&mut world, alabama(), 1), RefusalCode::CinFrozen);
    // Twice is once, and a restart forgets nothing.
    freeze(&mut world, true);
    world.restart(alabama());
    assert_eq!(customer_view(&mut world).frozen, since);
    freeze(&mut world, false);
    assert_eq!(customer_view(&mut world).frozen, None);
    world.run(1_000);
    let view = Driver::at(duke(), 2).offer(&mut world, &cin(alabama(), 1));
    assert!(!view.local, "home was asked anew");
}

#[test]
fn freeze_and_block_do_not_lift_each_other() {
    let mut world = world();
    freeze(&mut world, true);
    block(&mut world, true);
    assert_eq!(refused(&mut world, duke(), 1), RefusalCode::CinBlocked);
    freeze(&mut world, false);
    let view = customer_view(&mut world);
    assert_eq!((view.blocked, view.frozen), (true, None));
    assert_eq!(refused(&mut world, duke(), 1), RefusalCode::CinBlocked);
    freeze(&mut world, true);
    block(&mut world, false);
    let view = customer_view(&mut world);
    assert!(!view.blocked && view.frozen.is_some());
    assert_eq!(refused(&mut world, duke(), 1), RefusalCode::CinFrozen);
    // What an operator changes about the customer leaves the freeze alone.
    let mut new = customer(alabama(), 1);
    new.name = "Customer One".to_owned();
    world.command(alabama(), Command::PutCustomer(new)).unwrap();
    assert_eq!(refused(&mut world, duke(), 1), RefusalCode::CinFrozen);
}

#[test]
fn a_charge_under_way_goes_on_when_its_card_is_frozen() {
    let mut world = world();
    let mut driver = Driver::at(duke(), 1);
    let session = driver.offer(&mut world, &cin(alabama(), 1)).session;
    assert_eq!(driver.consent(&mut world, true), None);
    assert_eq!(driver.start(&mut world).1, None);
    world.run(2_000);
    freeze(&mut world, true);
    world.run(2_000);
    assert_eq!(driver.update(&mut world, 4_000).1, None);
    assert_eq!(driver.stops(), 0);
    assert_eq!(driver.end(&mut world, 2_000).1, None);
    world.run(40_000);
    assert_eq!(world.utility(alabama()).state_of(session), Some("settled"));
    assert_clean(&world);
}

#[test]
fn a_driver_sees_who_may_keep_a_profile_of_him_and_until_when() {
    let mut world = world();
    assert!(told(&mut world).is_empty());
    // His own utility needs no profile of him.
    Driver::at(alabama(), 1).charge(&mut world, &cin(alabama(), 1));
    assert!(told(&mut world).is_empty());
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let kept = told(&mut world);
    let one = kept.first().unwrap();
    assert_eq!((one.member, one.name.as_str()), (duke(), "Duke Energy"));
    assert!(one.told_at < world.now && one.until > world.now && !one.taken_back);
    // While the other utility is away, what is taken back is still there.
    world.off.insert(duke());
    freeze(&mut world, true);
    world.run(1_000);
    assert!(told(&mut world).first().unwrap().taken_back);
    world.off.remove(&duke());
    world.run(10_000);
    assert!(told(&mut world).is_empty());
    assert_eq!(world.utility(duke()).status().visiting_profiles, 0);
}
