//! The table of transitions and the behaviour are the same: no charge goes a way that is not in the table, and every way is gone.

use crate::setup::*;
use crate::world::World;
use fairway_gateway::{State, TRANSITIONS};
use fairway_model::time::MINUTE;
use std::collections::BTreeSet;

/// States that a charge passes within one input are seen as one way; the table's ways joined.
fn reachable() -> BTreeSet<(State, State)> {
    let mut ways: BTreeSet<(State, State)> = TRANSITIONS.iter().map(|t| (t.from, t.to)).collect();
    for _ in 0..TRANSITIONS.len() {
        let joined: Vec<_> = ways
            .iter()
            .flat_map(|(a, b)| {
                ways.iter()
                    .filter(move |(c, _)| b == c)
                    .map(move |(_, d)| (*a, *d))
            })
            .collect();
        ways.extend(joined);
    }
    ways
}

fn gone(scenario: impl Fn(&mut World)) -> BTreeSet<(State, State)> {
    let mut world = world();
    scenario(&mut world);
    world.states
}

#[test]
fn the_table_is_the_behaviour() {
    let mut seen = BTreeSet::new();
    seen.extend(gone(|w| {
        Driver::at(duke(), 1).charge(w, &cin(alabama(), 1));
        w.run(5_000);
    }));
    seen.extend(gone(|w| {
        let mut d = Driver::at(duke(), 1);
        d.offer(w, &cin(alabama(), 1));
        w.run(2 * MINUTE + 1_000);
        d.offer(w, &cin(alabama(), 1));
        d.consent(w, true);
        w.run(5 * MINUTE + 1_000);
        w.off.insert(alabama());
        Driver::at(duke(), 2).refused(w, &cin(alabama(), 2));
    }));
    seen.extend(gone(|w| {
        let mut d = Driver::at(duke(), 1);
        d.offer(w, &cin(alabama(), 1));
        d.consent(w, true);
        d.start(w);
        w.sleep(MINUTE);
        let report = d.report(w, Vec::new());
        d.deliver(w, |call| fairway_model::station::FromStation::Ended {
            call,
            report: report.clone(),
            reason: fairway_model::station::StopReason::Local,
        });
        w.run(60_000);
    }));
    let allowed = reachable();
    for way in &seen {
        assert!(allowed.contains(way), "{way:?} is not in the table");
    }
    for way in [
        (State::Identifying, State::Negotiating),
        (State::Identifying, State::Refused),
        (State::Negotiating, State::Offered),
        (State::Offered, State::Authorized),
        (State::Offered, State::Void),
        (State::Authorized, State::Charging),
        (State::Authorized, State::Void),
        (State::Charging, State::Proposed),
        (State::Charging, State::Ended),
        (State::Ended, State::Void),
        (State::Proposed, State::Agreed),
        (State::Agreed, State::Settled),
    ] {
        assert!(seen.contains(&way), "{way:?} was not gone: {seen:?}");
    }
}
