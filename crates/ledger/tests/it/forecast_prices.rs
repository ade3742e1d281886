//! Schedules, the agreed table, charges and scores: computed by everybody, checked at settlement, never outside of what was agreed.

use crate::forecast_world::{Grid, op, package, terms, today};
use crate::world::{T0, countersign, member, propose};
use expect_test::expect_file;
use fairway_forecast::ensemble::Forecaster;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::series::Series;
use fairway_ledger::forecast::bounds::ISSUE;
use fairway_ledger::forecast::day::{DayInputs, compute};
use fairway_ledger::forecast::op::{ForecastEffect, ForecastOperation};
use fairway_ledger::forecast::price_of;
use fairway_ledger::forecast::stakes::Settled;
use fairway_ledger::forecast::state::{
    DetailDay, LoadPage, LoadRecord, TableReason, key_for_detail, key_for_line, key_for_load_book,
    key_for_load_page, key_for_load_record, key_for_model, key_for_own_day, key_for_own_page,
    key_for_package, key_for_prices, key_for_score,
};
use fairway_ledger::money::state::PositionState;
use fairway_ledger::worded;
use fairway_ledger::{Effect, key_for_position};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::money::Micro;
use fairway_model::time::{DAY, HOUR, MINUTE};
use std::fmt::Write as _;

fn own() -> Hash {
    package(true, 0).hash()
}

/// The day after tomorrow.
fn day() -> Day {
    today().plus(2)
}

#[test]
fn a_schedule_is_what_anybody_computes_from_what_is_known() {
    let mut grid = Grid::ready(|_| {});
    let found = grid.publish(day(), true, Some(own()));
    assert_eq!((found.reason, found.bps.len()), (None, 24));
    let band = grid.agreement.load_band;
    assert!(
        found
            .bps
            .iter()
            .all(|bps| (band.min_bps..=band.max_bps).contains(bps))
    );
    assert!(found.bps.iter().max() > found.bps.iter().min(), "{found:?}");
    // An auditor takes the readings and the revealed forecast, and finds the same bits.
    let bytes: Vec<_> = crate::forecast_world::models(true, 0);
    let find = |hash: &Hash| {
        bytes
            .iter()
            .find(|m| m.hash() == *hash)
            .map(Canonical::to_bytes)
    };
    let forecaster = Forecaster::assemble(package(true, 0), find).unwrap();
    let last = ISSUE.last(&grid.calendar, day());
    let posted = grid.data.load.iter().take_while(|(hour, _)| *hour <= last);
    let load = Series::new(grid.data.load.start(), posted.map(|(_, v)| v).collect());
    let forecast = grid.data.forecast.as_ref().unwrap();
    let revealed = grid.calendar.hours(day()).map(|hour| forecast.get(hour));
    let agreed = terms();
    let computed = compute(&DayInputs {
        calendar: &grid.calendar,
        forecaster: &forecaster,
        tracker: &forecaster.tracker().unwrap(),
        terms: &agreed,
        band,
        day: day(),
        load,
        own: Some(Series::new(grid.calendar.begin(day()), revealed.collect())),
        before: None,
    })
    .unwrap();
    assert_eq!(
        (computed.bps, Some(computed.inputs)),
        (found.bps, found.inputs)
    );
    let detail: DetailDay = grid
        .world
        .get(key_for_detail(grid.agreement.id(), day()))
        .unwrap();
    assert_eq!(
        (detail.hours, detail.percentiles),
        (computed.hours, computed.percentiles)
    );
    assert_eq!(detail.own.map(|own| own.len()), Some(24));
}

#[test]
fn a_schedule_has_its_time_and_its_package() {
    let mut grid = Grid::ready(|_| {});
    let asked = grid.asked(day(), Some(own()));
    let early = grid.world.outcome("APC", asked.clone());
    assert!(early.contains("is made from"), "{early}");
    grid.eve(day(), true);
    let none = grid.asked(day(), None);
    let none = grid.world.outcome("APC", none);
    assert!(none.contains("it is the turn of package"), "{none}");
    let unknown = grid.asked(day(), Some(Hash::plain(b"?")));
    let unknown = grid.world.outcome("APC", unknown);
    assert!(unknown.starts_with("id-conflict"), "{unknown}");
    grid.world.must("GPC", asked.clone());
    let twice = grid.world.outcome("APC", asked);
    assert!(twice.starts_with("duplicate"), "{twice}");
    let mut late = Grid::ready(|_| {});
    late.eve(day(), true);
    late.at(day().plus(-1), 18 * HOUR);
    let asked = late.asked(day(), Some(own()));
    let found = late.world.outcome("APC", asked);
    assert!(found.contains("could be made until"), "{found}");
    assert_eq!(late.prices(day()), None);
}

#[test]
fn a_charge_has_the_multiplier_of_its_hour() {
    let mut grid = Grid::ready(|_| {});
    let prices = grid.publish(day(), true, Some(own()));
    let at = |hour: usize| prices.bps[hour];
    assert_ne!(at(8), at(7));
    assert_ne!(at(8), at(9));
    let right = grid.charge(1, day(), 8 * HOUR + 5 * MINUTE, at(8));
    assert!(grid.settle(&right).contains("ChargeSettled"));
    // The offer was open as the hour turned.
    let before = grid.charge(2, day(), 10 * HOUR + MINUTE, at(9));
    assert!(grid.settle(&before).contains("ChargeSettled"));
    let mut wrong = grid.charge(3, day(), 12 * HOUR + MINUTE, at(12) + 1);
    let found = grid.settle(&wrong);
    assert!(found.starts_with("adjustment-outside"), "{found}");
    assert!(found.contains("the schedule has"), "{found}");
    for (claim, words) in [
        (None, "does not name the day"),
        (Some(day().plus(1)), "not in the day"),
        (Some(day().plus(128)), "not in the day"),
    ] {
        wrong.day = claim;
        let found = grid.settle(&wrong);
        assert!(found.contains(words), "{found}");
    }
    let mut plain = crate::world::Charge::new("APC", "DUK", 9);
    plain.day = Some(day());
    let tx = crate::world::settle(plain.settlement());
    assert!(
        grid.world
            .outcome("DUK", tx)
            .starts_with("agreement-unknown")
    );
}

/// The forecast is withheld for a day: the table prices it, from its first hour to its last, and the next day is forecast again.
#[test]
fn without_a_forecast_the_agreed_table_prices_the_day_and_says_why() {
    let mut grid = Grid::ready(|_| {});
    let withheld = grid.publish(day(), false, Some(own()));
    assert_eq!(withheld.reason, Some(TableReason::NoForecast));
    let table = terms().weekday_bps;
    for (number, hour) in [(1, 0), (2, 13), (3, 23)] {
        let ms = i64::try_from(hour).unwrap() * HOUR + MINUTE;
        let charge = grid.charge(number, day(), ms, table[hour]);
        let found = grid.settle(&charge);
        assert!(found.contains("ChargeSettled"), "{found}");
    }
    // Nobody asked for a schedule of the day after.
    let charge = grid.charge(4, day().plus(1), 9 * HOUR, table[10]);
    let found = grid.settle(&charge);
    assert!(found.contains("the agreed table has"), "{found}");
    let back = grid.publish(day().plus(3), true, Some(own()));
    assert_eq!(back.reason, None);
}

#[test]
fn a_spare_package_forecasts_without_the_members_own() {
    let spare = package(false, 0).hash();
    let mut grid = Grid::ready(|agreement| {
        agreement.forecast = Some(fairway_model::forecast::ForecastTerms {
            spare: Some(spare),
            ..terms()
        });
    });
    grid.store(false, 0);
    let found = grid.publish(day(), false, Some(spare));
    assert_eq!((found.reason, found.package), (None, Some(spare)));
    let found = grid.publish(day().plus(1), true, Some(own()));
    assert_eq!((found.reason, found.package), (None, Some(own())));
}

#[test]
fn a_short_history_and_a_foreign_model_leave_the_table() {
    let mut grid = Grid::bare(|_| {});
    grid.next = Hour::of(T0).plus(-60 * 24);
    grid.post_until(Hour::of(T0));
    let unknown = grid.publish(day(), true, Some(own()));
    assert_eq!(
        unknown.reason,
        Some(TableReason::NoModel),
        "named, never stored"
    );
    grid.store(true, 0);
    let short = grid.publish(day().plus(1), true, Some(own()));
    assert_eq!(short.reason, Some(TableReason::NoYear));
    // The member's region gets another clock; the package is not for it.
    let central = fairway_forecast::calendar::Calendar::us_central().unwrap();
    let mut grid = Grid::ready(|_| {});
    let calendar = central.to_bytes();
    grid.world
        .must("DUK", op(ForecastOperation::Open { calendar }));
    grid.calendar = central;
    let foreign = grid.publish(day(), true, Some(own()));
    assert_eq!(foreign.reason, Some(TableReason::OtherCalendar));
}

/// Runs days: forecast, published, and where asked for scored as soon as their readings are closed.
fn days(grid: &mut Grid, from: Day, days: i64, scored: bool) {
    for day in (0..days).map(|n| from.plus(n)) {
        grid.publish(day, true, Some(own_of(grid)));
        let closed = day.plus(-5);
        if scored && closed >= from {
            let found = grid.score(closed);
            assert!(found.contains("Scored"), "{found}");
        }
    }
}

fn own_of(grid: &Grid) -> Hash {
    grid.agreement.model.unwrap()
}

#[test]
fn days_are_scored_once_in_order_and_a_good_forecast_shows_skill() {
    let mut grid = Grid::ready(|_| {});
    days(&mut grid, day(), 14, true);
    let state = grid.scores();
    assert_eq!(state.days.len(), 9);
    for scored in &state.days {
        assert_eq!(scored.hours, 24);
        assert!(scored.loss < scored.baseline, "{scored:?}");
        assert!(scored.own.unwrap() < scored.own_baseline, "{scored:?}");
    }
    let early = grid.score(day().plus(11));
    assert!(early.contains("are open until"), "{early}");
    let again = grid.score(day().plus(8));
    assert!(again.starts_with("duplicate"), "{again}");
    let nothing = grid.score(day().plus(-2));
    assert!(nothing.starts_with("nothing-due"), "{nothing}");
    assert!(state.trackers.iter().all(|t| t.tracker.is_sound()));
    assert_eq!(state.trackers.len(), 1);
}

/// A model that leans by a third forecasts worse than the week before: after seven scored days the table prices, by itself and in sight, and the
/// forecasts go on in the shadow.
#[test]
fn a_forecast_without_skill_stops_pricing() {
    let lean = 330_000;
    let mut grid = Grid::bare(|agreement| agreement.model = Some(package(true, lean).hash()));
    grid.post_until(Hour::of(T0));
    let leaning = grid.store(true, lean);
    days(&mut grid, day(), 12, true);
    let before = grid.prices(day().plus(11)).unwrap();
    assert_eq!((grid.scores().days.len(), before.reason), (7, None));
    let stopped = grid.publish(day().plus(12), true, Some(leaning));
    assert_eq!(stopped.reason, Some(TableReason::NoSkill));
    assert_eq!(
        stopped.bps.len(),
        24,
        "what it would have been is on record"
    );
    let band = grid.agreement.load_band;
    let first = grid.calendar.begin(day().plus(12));
    let priced = price_of(&terms(), band, &grid.calendar, Some(&stopped), first);
    assert_eq!(priced, terms().weekday_bps[0]);
    let words = TableReason::NoSkill.words();
    assert!(words.contains("no better than the baseline"));
}

/// One member doubles its readings for three days. No price leaves the band, no step is larger than agreed, and the score of its own forecast
/// shows whose readings they were.
#[test]
fn poisoned_readings_move_no_price_beyond_the_limits_and_are_scored_against_their_author() {
    let mut grid = Grid::ready(|_| {});
    days(&mut grid, day(), 3, false);
    grid.poison = 220;
    days(&mut grid, day().plus(3), 3, false);
    grid.poison = 100;
    days(&mut grid, day().plus(6), 7, false);
    let (band, step) = (grid.agreement.load_band, terms().step_bps);
    for n in 0..13 {
        let prices = grid.prices(day().plus(n)).unwrap();
        for bps in &prices.bps {
            assert!((band.min_bps..=band.max_bps).contains(bps), "{prices:?}");
        }
        let pairs = prices.bps.iter().zip(prices.bps.iter().skip(1));
        assert!(
            pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= step),
            "{prices:?}"
        );
    }
    grid.at(day().plus(20), HOUR);
    for n in 0..13 {
        grid.score(day().plus(n));
    }
    let state = grid.scores();
    let loss = |scored: &fairway_ledger::forecast::state::DayScore| scored.own.unwrap();
    let worst = state.days.iter().map(loss).max().unwrap();
    let least = state.days.iter().map(loss).min().unwrap();
    assert!(worst > 5 * least, "{worst} {least}");
    let record: LoadRecord = grid.world.get(key_for_load_record(member("DUK"))).unwrap();
    assert!(record.hours > 0);
}

/// The agreement names a stake: with each scored day one of the two owes the other, to the unit what the scores say, and the books stay balanced.
#[test]
fn stakes_move_what_the_scores_say_and_no_more() {
    let stake = Micro(100_000_000);
    let mut grid = Grid::ready(|agreement| {
        agreement.forecast = Some(fairway_model::forecast::ForecastTerms {
            stake: Some(stake),
            ..terms()
        });
    });
    days(&mut grid, day(), 6, false);
    grid.at(day().plus(10), HOUR);
    let mut owed = Micro::ZERO;
    for n in 0..3 {
        let scored = grid.score(day().plus(n));
        assert!(scored.contains("Scored"), "{scored}");
        let (_, receipt) = grid.world.log.last().unwrap();
        let receipt = fairway_ledger::Receipt::from_bytes(receipt).unwrap();
        let Some(Effect::Forecast(ForecastEffect::Scored {
            stakes: Some(settled),
            ..
        })) = receipt.effect()
        else {
            unreachable!("{receipt:?}")
        };
        let Settled { own, baseline, .. } = *settled;
        assert!(own > baseline, "a good forecast: {settled:?}");
        let paid = settled.owed().unwrap();
        assert!(paid > Micro::ZERO && paid < stake);
        let sum: i64 = receipt.postings.iter().map(|p| p.amount.0).sum();
        assert_eq!((receipt.postings.len(), sum), (2, 0));
        owed = owed.plus(paid).unwrap();
    }
    let key = key_for_position(member("APC"), member("DUK"), grid.agreement.currency);
    let position: PositionState = grid.world.get(key).unwrap();
    assert_eq!(position.amount, owed);
    // Without the currency, or with one where no stake is agreed, nothing is scored.
    let operation = ForecastOperation::Score {
        parties: grid.parties(),
        day: day().plus(3),
        currency: None,
    };
    let none = grid.world.outcome("APC", op(operation));
    assert!(none.starts_with("id-conflict"), "{none}");
}

#[test]
fn terms_that_cannot_price_are_refused_by_name() {
    type Edit = fn(&mut fairway_model::forecast::ForecastTerms);
    let cases: [(Edit, &str); 10] = [
        (|t| t.stake = Some(Micro(0)), "a stake of 0.00 a day"),
        (|t| t.curve.truncate(1), "forecast curve of 1 points"),
        (|t| t.curve.swap(0, 1), "point 1 does not lie right of"),
        (|t| t.curve[3].level = 1_001, "levels are thousandths"),
        (|t| t.step_bps = 0, "a step of 0 basis points"),
        (|t| t.notice_hours = 13, "notice of 13 hours"),
        (|t| t.skill_days = 6, "skill over 6 days"),
        (|t| t.weekday_bps.truncate(23), "has 23 hours for weekdays"),
        (
            |t| t.weekend_bps[5] = 20_000,
            "hour 5 of weekends is outside the load band",
        ),
        (|t| t.curve[0].bps = 0, "0 basis points are outside"),
    ];
    for (edit, words) in cases {
        let mut agreed = terms();
        edit(&mut agreed);
        let agreement = worded(fairway_model::Agreement {
            forecast: Some(agreed),
            ..crate::world::agreement("APC", "DUK", 1)
        });
        let mut world = crate::world::World::new();
        let found = world.outcome("DUK", propose(&agreement, "DUK"));
        assert!(found.starts_with("terms-invalid"), "{found}");
        assert!(found.contains(words), "{found}");
    }
    // Without forecast terms nothing can be asked for.
    let mut grid = Grid::ready(|_| {});
    let plain = worded(crate::world::agreement("APC", "DUK", 2));
    grid.world.must("DUK", propose(&plain, "DUK"));
    grid.world.must("APC", countersign(&plain, "APC"));
    grid.agreement = plain;
    let asked = grid.asked(day(), None);
    let found = grid.world.outcome("APC", asked);
    assert!(found.contains("has no forecast terms"), "{found}");
}

/// Hashes of everything that a day of forecasts signs and stores. `UPDATE_EXPECT=1` writes the file anew.
#[test]
fn the_bytes_of_a_day_are_conformant() {
    let mut grid = Grid::ready(|_| {});
    let priced = grid.publish(day(), true, Some(own()));
    let charge = grid.charge(1, day(), 8 * HOUR + MINUTE, priced.bps[8]);
    assert!(grid.settle(&charge).contains("ChargeSettled"));
    grid.at(day().plus(1), HOUR);
    let noon = grid.calendar.begin(day().plus(1));
    grid.post_until(noon);
    grid.world.time = noon.start().plus(3 * DAY);
    let scored = grid.score(day());
    assert!(scored.contains("Scored"), "{scored}");
    let mut text = String::new();
    let hash = |bytes: &[u8]| Hash::plain(bytes);
    for (transaction, receipt) in grid.world.log.iter().rev().take(24).rev() {
        writeln!(
            text,
            "transaction {} receipt {}",
            hash(transaction),
            hash(receipt)
        )
        .unwrap();
    }
    let (duke, id, page) = (member("DUK"), grid.agreement.id(), LoadPage::of(noon));
    for (name, key) in [
        ("load-book", key_for_load_book(duke)),
        ("load-record", key_for_load_record(duke)),
        ("load-page", key_for_load_page(duke, page)),
        ("own-page", key_for_own_page(duke, page)),
        ("own-day", key_for_own_day(duke, day())),
        (
            "model",
            key_for_model(crate::forecast_world::models(true, 0)[0].hash()),
        ),
        ("package", key_for_package(own())),
        ("prices", key_for_prices(id, day())),
        ("detail", key_for_detail(id, day())),
        ("score", key_for_score(id)),
    ] {
        let value = grid.world.state.get(&key).ok_or(name).unwrap();
        writeln!(text, "{name} key {} value {}", hash(&key), hash(value)).unwrap();
    }
    writeln!(text, "line key {}", hash(&key_for_line(id))).unwrap();
    expect_file!["../../../../fixtures/conformance/ledger-forecast.txt"].assert_eq(&text);
}
