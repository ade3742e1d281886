//! Chosen runs.

use std::time::Duration;

use fairway_chain_sim::Torn;

use crate::{
    byzantine::Trick,
    plan::{Change, Event, Faulty, Plan},
    run::{Planted, Report, run},
    seeds::seeds,
    world::member,
};

fn held(plan: &Plan) -> Report {
    run(plan, Planted::Nothing).unwrap_or_else(|error| panic!("{error}"))
}

fn at(ms: u64, event: Event) -> (Duration, Event) {
    (Duration::from_millis(ms), event)
}

/// The power of a validator goes at each change of its disk in turn: all of them when many seeds are asked for, else some.
#[test]
fn a_power_cut_at_any_write_loses_nothing() {
    let calm = held(&Plan::calm(4));
    let writes = calm.writes[1];
    let step = (writes / seeds()).max(1);
    let mut cuts = 0;
    let mut change = 1;
    while change <= writes {
        let mut plan = Plan::calm(4);
        plan.events = vec![
            at(0, Event::CrashAtWrite(1, change)),
            at(1_500, Event::Restart(1)),
            at(2_000, Event::Heal),
        ];
        run(&plan, Planted::Nothing).unwrap_or_else(|e| panic!("cut at write {change}: {e}"));
        cuts += 1;
        change += step;
    }
    println!("{cuts} power cuts within {writes} writes");
}

/// One clock is wrong by ten minutes, and then set right again.
#[test]
fn a_wrong_clock_does_not_stop_the_ledger() {
    for skew in [600_000, -600_000] {
        let mut plan = Plan::calm(2);
        plan.events = vec![at(100, Event::Skew(0, skew)), at(10_000, Event::Heal)];
        let report = held(&plan);
        assert!(report.ahead_ms < 1_000, "{}", report.ahead_ms);
    }
}

/// A member whose blocks are ahead by nearly an hour, which the rules of the header allow.
#[test]
fn a_liar_does_not_carry_the_time_away() {
    let mut plan = Plan::calm(3);
    plan.faulty = Faulty::Tricks(Trick::Ahead);
    plan.events = vec![at(10_000, Event::Heal)];
    let report = held(&plan);
    assert!(report.ahead_ms < 1_000, "{}", report.ahead_ms);
}

/// All clocks are wrong within the bound, and a member lies besides: the bound makes it one fault and not two.
#[test]
fn clocks_within_the_bound_bear_a_liar_besides() {
    for trick in [Trick::Silent, Trick::Ahead, Trick::Withhold] {
        let mut plan = Plan::calm(6);
        plan.faulty = Faulty::Tricks(trick);
        plan.events = vec![
            at(100, Event::Skew(0, 249)),
            at(110, Event::Skew(1, -249)),
            at(4_000, Event::Skew(0, -249)),
            at(4_010, Event::Skew(2, 249)),
            at(10_000, Event::Heal),
        ];
        held(&plan);
    }
}

/// A version is decided while three of four programs lack it. One is replaced in time; two stop at its height by name, which halts
/// the ledger, and all go on with the new program.
#[test]
fn a_version_begins_with_old_and_new_programs_in_one_consortium() {
    let mut plan = Plan::calm(8);
    plan.change = Change::Upgrade {
        from: 24,
        old: vec![0, 1, 2],
    };
    plan.events = vec![at(2_000, Event::Install(0))];
    let report = held(&plan);
    assert_eq!(report.lacked, 2);
    // Whoever has the new program from the beginning never stops.
    plan.change = Change::Upgrade {
        from: 24,
        old: Vec::new(),
    };
    assert_eq!(held(&plan).lacked, 0);
}

/// The old program is down while the version begins, and comes back behind it.
#[test]
fn an_old_program_that_slept_through_the_beginning_stops_and_catches_up() {
    let mut plan = Plan::calm(9);
    plan.change = Change::Upgrade {
        from: 20,
        old: vec![2],
    };
    plan.events = vec![
        at(1_000, Event::Crash(2, Torn::Lost)),
        at(12_000, Event::Restart(2)),
    ];
    assert_eq!(held(&plan).lacked, 1);
}

/// One joins and another leaves while the consortium is parted, each way that leaves or takes a quorum.
#[test]
fn validators_change_during_a_partition() {
    for group in [vec![0], vec![4], vec![0, 1], vec![2, 4], vec![0, 4]] {
        let mut plan = Plan::calm(10);
        plan.change = Change::Validators { leave_after: 3_000 };
        plan.epoch_blocks = 8;
        plan.events = vec![
            at(800, Event::Split(group.clone())),
            at(9_000, Event::Heal),
            at(9_500, Event::Split(group)),
            at(12_000, Event::Heal),
        ];
        let report = held(&plan);
        assert!((1..=2).contains(&report.handovers), "{}", report.handovers);
    }
}

/// Frames that are too long, or say so, from one member: the others cut it off or pass over it, and go on.
#[test]
fn oversized_and_malformed_frames_stop_nobody() {
    for trick in [Trick::Oversized, Trick::Garbage] {
        let mut plan = Plan::calm(11);
        plan.faulty = Faulty::Tricks(trick);
        plan.events = vec![at(10_000, Event::Heal)];
        let report = held(&plan);
        assert!(report.lies[0].1 > 0, "{trick:?} never lied");
        assert!(trick == Trick::Garbage || report.too_long > 0);
    }
}

/// Seven validators bear two liars of different kinds; two that help each other to show two blocks do not fork them.
#[test]
fn seven_validators_bear_two_liars() {
    let pairs = [
        (Trick::Equivocate, Trick::Equivocate),
        (Trick::DoubleVote, Trick::Nullify),
        (Trick::StateRoot, Trick::Oversized),
        (Trick::Withhold, Trick::Silent),
    ];
    for (one, two) in pairs {
        let mut plan = Plan::calm(12);
        plan.validators = 7;
        (plan.faulty, plan.second) = (Faulty::Tricks(one), Faulty::Tricks(two));
        plan.events = vec![at(6_000, Event::Heal)];
        let report = held(&plan);
        assert!(
            report.lies.iter().all(|(_, lies)| *lies > 0),
            "{one:?}, {two:?}"
        );
    }
}

/// Whoever signs two votes that contradict each other is on record and suspended before the run ends, whichever face it shows to
/// whom; the honest members report it without being asked.
#[test]
fn a_liar_is_suspended_in_the_same_run() {
    for faulty in [
        Faulty::Tricks(Trick::DoubleVote),
        Faulty::Tricks(Trick::Equivocate),
        Faulty::Twins,
    ] {
        let mut plan = Plan::calm(6);
        plan.faulty = faulty;
        plan.events = vec![at(6_000, Event::Heal)];
        let report = held(&plan);
        let liar = member("REG");
        println!("{faulty:?}: {:?}", report.misdeeds);
        assert!(report.misdeeds.contains(&(liar, true)), "{faulty:?}");
        assert!(report.misdeeds.iter().all(|(member, _)| *member == liar));
        let suspensions = report.misdeeds.iter().filter(|(_, suspended)| *suspended);
        assert_eq!(suspensions.count(), 1, "{faulty:?}");
    }
}

/// Nobody is accused for what an honest program does: crashes, partitions and wrong clocks prove nothing.
#[test]
fn nobody_honest_is_accused() {
    for seed in 0..4 {
        let mut plan = Plan::of(seed);
        (plan.faulty, plan.second) = (Faulty::Nobody, Faulty::Nobody);
        let report = held(&plan);
        assert_eq!(report.misdeeds, [], "seed {seed}");
    }
}
