//! The committed tables against the time-zone database and the law of holidays.

use fairway_forecast::calendar::{Calendar, US_EASTERN, US_FEDERAL};
use fairway_forecast::hour::{Day, Hour, date_of};
use fairway_model::canonical::Canonical;
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn agree(calendar: &Calendar, zone: &str) {
    let zone = TimeZone::get(zone).unwrap();
    let (first, last) = calendar.span();
    for hour in (calendar.begin(first).0..calendar.begin(last).0).map(Hour) {
        let clock = zone.to_datetime(Timestamp::from_millisecond(hour.start().0).unwrap());
        let local = calendar.local(hour);
        let (year, month, day) = date_of(local.day);
        let ours = (year, month, day, i64::from(local.hour));
        let theirs = (
            i64::from(clock.year()),
            i64::from(clock.month()),
            i64::from(clock.day()),
            i64::from(clock.hour()),
        );
        assert_eq!(ours, theirs, "{hour:?}");
        let weekday = i32::from(clock.weekday().to_monday_zero_offset());
        assert_eq!(Calendar::weekday(local.day), weekday);
    }
}

#[test]
fn the_tables_are_those_of_the_zone_database() {
    agree(&Calendar::us_eastern().unwrap(), "America/New_York");
    agree(&Calendar::us_central().unwrap(), "America/Chicago");
}

#[test]
fn every_day_begins_where_the_day_before_ends() {
    let calendar = Calendar::us_eastern().unwrap();
    let (first, last) = calendar.span();
    let mut lengths = std::collections::BTreeMap::new();
    for day in (first.0..last.0).map(Day) {
        let hours: Vec<Hour> = calendar.hours(day).collect();
        assert!(hours.iter().all(|hour| calendar.local(*hour).day == day));
        assert_eq!(hours.last().unwrap().plus(1), calendar.begin(day.plus(1)));
        *lengths.entry(hours.len()).or_insert(0) += 1;
    }
    assert_eq!(lengths.get(&23), Some(&21));
    assert_eq!(lengths.get(&25), Some(&21));
}

/// Days by rule: the n-th weekday of a month, 5 U.S.C. 6103.
#[test]
fn holidays_follow_the_law() {
    let calendar = Calendar::us_eastern().unwrap();
    let (first, last) = calendar.span();
    let mut found = 0;
    for day in (first.0..=last.0).map(Day) {
        let (year, month, date) = date_of(day);
        let weekday = Calendar::weekday(day);
        let nth = (date - 1) / 7 + 1;
        let by_rule = matches!(
            (month, weekday, nth),
            (1 | 2, 0, 3) | (9, 0, 1) | (10, 0, 2) | (11, 3, 4)
        ) || (month == 5 && weekday == 0 && date > 24)
            || matches!((month, date), (1, 1) | (7, 4) | (12, 25))
            || (month, date, (0..5).contains(&weekday)) == (11, 11, true)
            || (year >= 2021 && (month, date, (0..5).contains(&weekday)) == (6, 19, true));
        // A fixed holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
        let fixed = |day: Day| {
            let (year, month, date) = date_of(day);
            matches!((month, date), (1, 1) | (7, 4) | (11, 11) | (12, 25))
                || (year >= 2021 && (month, date) == (6, 19))
        };
        let moved = (weekday == 4 && fixed(day.plus(1))) || (weekday == 0 && fixed(day.plus(-1)));
        // The last Friday of the table would stand for a day beyond it.
        assert_eq!(
            calendar.is_holiday(day),
            by_rule || moved,
            "{:?}",
            date_of(day)
        );
        found += i32::from(calendar.is_holiday(day));
    }
    assert!(found > 220, "{found}");
}

#[test]
fn distance_to_holidays_has_its_sign_and_reach() {
    let calendar = Calendar::us_eastern().unwrap();
    let christmas = fairway_forecast::hour::day_of(2018, 12, 25).unwrap();
    for (step, distance) in [(0, 0), (-1, -1), (2, 2), (-9, -7)] {
        assert_eq!(calendar.from_holiday(christmas.plus(step), 7), distance);
    }
}

#[test]
fn another_region_is_a_text() {
    let berlin = "region berlin\nvalid 2026-03-01 2026-04-30\noffset 2025-12-31T00Z 60\noffset 2026-03-29T01Z 120 # summer\nholiday 2026-04-03\nholiday 2026-04-06\n";
    let calendar = Calendar::parse(&[berlin]).unwrap();
    agree(&calendar, "Europe/Berlin");
    assert_eq!(Calendar::read(&calendar.to_bytes()), Ok(calendar.clone()));
    assert_ne!(calendar.hash(), Calendar::us_eastern().unwrap().hash());
}

#[test]
fn a_wrong_table_names_the_line() {
    for (text, error) in [
        (
            "region x\nvalid 2026-01-01",
            "calendar line 2: `valid` is none of",
        ),
        (
            "region x\noffset 2026-02-30T00Z 60",
            "calendar line 2: `2026-02-30` is no date",
        ),
        (
            "region x\noffset 2026-02-03T24Z 60",
            "calendar line 2: `2026-02-03T24Z` is no hour",
        ),
        (
            "region x\noffset 2026-02-03T01Z z",
            "calendar line 2: `z` is no number",
        ),
        (
            "region x\nvalid 2026-01-01 2026-02-01",
            "calendar line 0: the first offset",
        ),
        (
            "valid 2026-01-01 2026-02-01",
            "calendar line 0: a region has a name",
        ),
        (
            "region x\nvalid 2026-01-01 2026-02-01\noffset 2025-01-01T00Z 2000",
            "calendar line 0: an offset is more than",
        ),
    ] {
        let found = Calendar::parse(&[text]).unwrap_err().to_string();
        assert!(found.starts_with(error), "{found}");
    }
    assert!(Calendar::parse(&[US_EASTERN, US_EASTERN, US_FEDERAL]).is_err());
}
