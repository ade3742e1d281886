//! kill -9 after every single input of a whole day: the restored utility is equal, and the final books are too.

use crate::setup::*;
use crate::world::World;
use fairway_model::station::Identified;

/// A charge abroad, a decline, a charge at home, a second visit: everything from the credential to the ledger.
fn day(world: &mut World) {
    let mut first = Driver::at(duke(), 1);
    first.charge(world, &cin(alabama(), 1));
    world.run(2_000);
    let mut declined = Driver::at(duke(), 2);
    declined.offer(world, &cin(alabama(), 2));
    declined.consent(world, false);
    let mut own = Driver::at(alabama(), 1);
    own.charge(world, &cin(alabama(), 3));
    let mut second = Driver::at(duke(), 2);
    let token = cin(alabama(), 1);
    second.offer(world, &token);
    for _ in 0..3 {
        if matches!(
            second.identify(world, Driver::presented(&token)),
            Identified::Consented(_)
        ) {
            break;
        }
    }
    second.begin_and_end(world);
    world.run(150_000);
}

#[test]
fn every_position_ends_with_the_same_books() {
    let mut calm = world();
    let first = calm.inputs;
    day(&mut calm);
    assert_clean(&calm);
    let (books, last) = (calm.books(), calm.inputs);
    let mut crashes = 0;
    for leave in [true, false] {
        // Ticks at the end repeat themselves: every input up to there is a position.
        for at in first + 1..=last {
            let mut world = world();
            world.crash_at = Some((at, leave));
            day(&mut world);
            assert!(world.crashed, "position {at} was not reached");
            world.run(60_000);
            assert_eq!(
                world.books(),
                books,
                "crash at {at}, effects leave: {leave}"
            );
            assert_clean(&world);
            crashes += 1;
        }
    }
    assert!(crashes > 80, "{crashes}");
}
