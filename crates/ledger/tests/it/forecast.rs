//! Readings and own forecasts on the ledger: once, corrected, late, from the future, in another unit, far off; committed and revealed.

use crate::forecast_world::{Grid, op, today};
use crate::world::{T0, World, member};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_ledger::Operation;
use fairway_ledger::forecast::bounds::LOAD_PAGES;
use fairway_ledger::forecast::op::{ForecastOperation, Reveal};
use fairway_ledger::forecast::state::{
    LoadPage, LoadRecord, Reading, key_for_load_page, key_for_load_record,
};
use fairway_ledger::forecast::{closes, revealed_by};
use fairway_model::time::{DAY, HOUR, MINUTE, Time};

fn post(readings: &[(Hour, i64)]) -> Operation {
    let readings = readings.iter().map(|(hour, kw)| Reading {
        hour: *hour,
        kw: *kw,
    });
    op(ForecastOperation::Post {
        readings: readings.collect(),
    })
}

fn value(world: &World, hour: Hour) -> Option<i64> {
    let page: LoadPage = world.get(key_for_load_page(member("DUK"), LoadPage::of(hour)))?;
    page.known().find(|(h, _)| *h == hour).map(|(_, v)| v)
}

#[test]
fn readings_count_once_and_corrections_replace() {
    let mut grid = Grid::bare(|_| {});
    let hour = Hour::of(T0).plus(-2);
    let world = &mut grid.world;
    assert!(world.outcome("DUK", post(&[(hour, 900)])).contains("New"));
    let again = world.outcome("DUK", post(&[(hour, 900)]));
    assert!(again.starts_with("duplicate: all of these"), "{again}");
    let other = world.outcome("DUK", post(&[(hour, 950)]));
    assert!(other.contains("Corrected { before: 900 }"), "{other}");
    assert_eq!(value(world, hour), Some(950));
    let record: LoadRecord = world.get(key_for_load_record(member("DUK"))).unwrap();
    assert_eq!((record.hours, record.corrected, record.held), (1, 1, 0));
}

#[test]
fn readings_have_deadlines() {
    let mut grid = Grid::bare(|_| {});
    let hour = Hour::of(T0);
    let world = &mut grid.world;
    let early = world.outcome("DUK", post(&[(hour, 900)]));
    assert!(early.contains("has not ended"), "{early}");
    world.time = T0.plus(72 * HOUR);
    world.must("DUK", post(&[(hour, 900)]));
    world.time = T0.plus(73 * HOUR);
    let late = world.outcome("DUK", post(&[(hour, 950)]));
    assert!(late.starts_with("reading-refused"), "{late}");
    assert!(
        late.contains("could be posted and corrected until"),
        "{late}"
    );
    let mixed = world.outcome("DUK", post(&[(hour, 950), (hour.plus(1), 900)]));
    assert!(mixed.contains("[Refused(Late), New]"), "{mixed}");
    assert_eq!(value(world, hour), Some(900));
}

#[test]
fn history_is_taken_for_a_month_and_no_longer() {
    let mut grid = Grid::bare(|_| {});
    let old = Hour::of(T0).plus(-300 * 24);
    let world = &mut grid.world;
    world.must("DUK", post(&[(old, 900)]));
    let older = world.outcome("DUK", post(&[(Hour::of(T0).plus(-421 * 24), 900)]));
    assert!(older.contains("outside of the series"), "{older}");
    world.time = T0.plus(31 * DAY);
    let late = world.outcome("DUK", post(&[(old.plus(1), 900)]));
    assert!(late.starts_with("reading-refused"), "{late}");
}

#[test]
fn values_that_are_no_load_are_refused_or_held_by_name() {
    let mut grid = Grid::bare(|_| {});
    grid.post_until(Hour::of(T0));
    let hour = Hour::of(T0);
    let usual = grid.data.load.get(hour).unwrap();
    let world = &mut grid.world;
    world.time = T0.plus(2 * HOUR);
    for (kw, words) in [
        (-1, "is no load"),
        (i64::MAX, "is no load"),
        (usual / 1_000, "seems to be in MW"),
        (usual * 500, "seems to be in W"),
    ] {
        let found = world.outcome("DUK", post(&[(hour, kw)]));
        assert!(found.contains(words), "{found}");
    }
    let spike = usual * 100;
    let held = world.outcome("DUK", post(&[(hour, spike)]));
    assert!(held.contains("Held"), "{held}");
    assert_eq!(value(world, hour), None, "what is held is no value");
    world.must("DUK", post(&[(hour, usual)]));
    assert_eq!(value(world, hour), Some(usual));
    world.must("DUK", post(&[(hour, usual * 4)]));
    let confirmed = world.outcome("DUK", post(&[(hour, usual * 4)]));
    assert!(confirmed.contains("Corrected"), "{confirmed}");
    let record: LoadRecord = world.get(key_for_load_record(member("DUK"))).unwrap();
    assert_eq!(record.held, 2);
}

#[test]
fn only_a_member_with_a_book_posts_and_readings_have_an_order() {
    let mut grid = Grid::bare(|_| {});
    let hour = Hour::of(T0).plus(-2);
    let none = grid.world.outcome("APC", post(&[(hour, 900)]));
    assert!(none.contains("has no load book"), "{none}");
    for wrong in [
        vec![],
        vec![(hour, 1), (hour, 1)],
        vec![(hour, 1), (hour.plus(-1), 1)],
        vec![(hour.plus(-700), 1), (hour, 1)],
        vec![(Hour(i64::MIN), 1), (Hour(i64::MAX), 1)],
    ] {
        let tx = grid.world.sign("DUK", post(&wrong));
        assert!(grid.world.contracts.admit(&[tx])[0].is_err(), "{wrong:?}");
    }
    let garbage = ForecastOperation::Open {
        calendar: b"garbage".to_vec(),
    };
    let tx = grid.world.sign("APC", op(garbage));
    assert!(grid.world.contracts.admit(&[tx])[0].is_err());
}

/// A page's place is written over after sixteen pages, and what it held is gone.
#[test]
fn the_ring_of_pages_has_an_end() {
    let mut grid = Grid::bare(|_| {});
    let hour = Hour::of(T0).plus(-2);
    let world = &mut grid.world;
    world.must("DUK", post(&[(hour, 900)]));
    let values = world.state.len();
    let round = LOAD_PAGES * 28 * 24;
    world.time = Time(T0.0 + round * HOUR);
    world.must("DUK", post(&[(hour.plus(round), 1_000)]));
    assert_eq!(value(world, hour), None);
    assert_eq!(value(world, hour.plus(round)), Some(1_000));
    // The nonce of the second transaction is new, and nothing else.
    assert_eq!(world.state.len(), values + 1);
}

/// Ten and eleven o'clock are what people's clocks show, also on the two days of a year on which those change. Each row is a day of 2026 and
/// how many hours after its midnight it is ten.
#[test]
fn deadlines_are_those_of_the_clock_on_days_on_which_it_changes() {
    let calendar = Calendar::us_eastern().unwrap();
    let (march_7, march_8, november_1) = (Day(20_519), Day(20_520), Day(20_758));
    for (eve, ten) in [(march_7, 10), (march_8, 9), (november_1, 11)] {
        let (midnight, day) = (calendar.begin(eve), eve.plus(1));
        assert_eq!(closes(&calendar, day), midnight.plus(ten), "{eve:?}");
        assert_eq!(revealed_by(&calendar, day), midnight.plus(ten + 1));
        let clocks = [closes, revealed_by].map(|of| calendar.local(of(&calendar, day)).hour);
        assert_eq!(clocks, [10, 11], "{eve:?}");
    }
}

#[test]
fn a_forecast_is_committed_then_revealed_each_in_its_hours() {
    let mut grid = Grid::bare(|_| {});
    grid.post_until(Hour::of(T0));
    let (day, eve) = (today().plus(2), today().plus(1));
    let far = grid.commit(today().plus(9));
    assert!(far.contains("more than 3 days ahead"), "{far}");
    grid.at(eve, 9 * HOUR);
    assert!(grid.commit(day).contains("Committed"));
    assert!(grid.commit(day).starts_with("duplicate"));
    let reveal = grid.reveal_of(day);
    let tell = |grid: &mut Grid, reveal: &Reveal| {
        let operation = ForecastOperation::Reveal(reveal.clone());
        grid.world.outcome("DUK", op(operation))
    };
    let early = tell(&mut grid, &reveal);
    assert!(early.contains("are revealed from"), "{early}");
    grid.at(eve, 10 * HOUR + 10 * MINUTE);
    let late = grid.commit(day);
    assert!(late.contains("were open until"), "{late}");
    let mut other = reveal.clone();
    other.salt = [8; 16];
    let wrong = tell(&mut grid, &other);
    assert!(wrong.contains("is not what was committed to"), "{wrong}");
    assert!(tell(&mut grid, &reveal).contains("Revealed"));
    assert!(tell(&mut grid, &reveal).starts_with("duplicate"));
    let nothing = Reveal {
        day: day.plus(1),
        ..reveal
    };
    let nothing = tell(&mut grid, &nothing);
    assert!(nothing.contains("nothing was committed"), "{nothing}");
}

#[test]
fn a_forecast_passes_an_admission_test() {
    type Edit = fn(&mut Vec<i64>);
    let cases: [(Edit, &str); 4] = [
        (
            |values| values.truncate(23),
            "the day has 24 hours in us-eastern; the forecast has 23",
        ),
        (|values| values[3] = 0, "hour 3 of the forecast is no load"),
        (
            |values| values.iter_mut().for_each(|v| *v /= 1_000),
            "seems to be in MW",
        ),
        (
            |values| values.iter_mut().for_each(|v| *v *= 4),
            "is more than 3 times",
        ),
    ];
    for (edit, words) in cases {
        let mut grid = Grid::bare(|_| {});
        grid.post_until(Hour::of(T0));
        let (day, eve) = (today().plus(2), today().plus(1));
        let mut reveal = grid.reveal_of(day);
        edit(&mut reveal.values);
        let commitment = reveal.commitment(member("DUK"));
        grid.at(eve, 9 * HOUR);
        let commit = ForecastOperation::Commit { day, commitment };
        grid.world.must("DUK", op(commit));
        grid.at(eve, 10 * HOUR + MINUTE);
        let found = grid
            .world
            .outcome("DUK", op(ForecastOperation::Reveal(reveal)));
        assert!(found.contains(words), "{found}");
    }
}
