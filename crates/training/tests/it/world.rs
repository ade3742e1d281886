//! Synthetic loads as files.

use fairway_forecast::calendar::{Calendar, US_EASTERN, US_FEDERAL};
use fairway_forecast::hour::{Hour, day_of};
use fairway_forecast::synthetic::Synthetic;
use fairway_training::checks::Allow;
use fairway_training::dataset::{Dataset, File, Report};
use fairway_training::schema::Schema;
use fairway_training::table::Refused;
use std::fmt::Write as _;

/// Long after every reading of these tests.
pub(crate) const NOW: Hour = Hour(500_000);

pub(crate) fn eastern() -> Calendar {
    Calendar::us_eastern().unwrap()
}

/// An hour's lines: hour ending, load and forecast in megawatts.
pub(crate) struct Line {
    pub(crate) end: Hour,
    pub(crate) load: i64,
    pub(crate) forecast: i64,
}

pub(crate) fn lines(seed: u64, days: u16) -> Vec<Line> {
    let made = Synthetic {
        seed,
        mean: 10_000_000,
        first: day_of(2019, 1, 1).unwrap(),
        days,
        lean: 20,
    }
    .make(&eastern());
    let forecast = made.forecast.unwrap();
    let each = made.load.iter();
    each.map(|(hour, load)| Line {
        end: hour.plus(1),
        load: load.unwrap() / 1_000,
        forecast: forecast.get(hour).unwrap() / 1_000,
    })
    .collect()
}

pub(crate) fn instant(hour: Hour) -> String {
    fairway_training::hours::text(hour)
}

/// A wide file of the authority SYN.
pub(crate) fn wide(lines: &[Line]) -> String {
    let mut out = "utc_hour_ending,SYN_mw,SYN_df_mw,SYN_flag\n".to_owned();
    for line in lines {
        writeln!(
            out,
            "{},{},{},0",
            instant(line.end),
            line.load,
            line.forecast
        )
        .unwrap();
    }
    out
}

pub(crate) fn empty(name: &str) -> Dataset {
    let calendar = format!("{US_EASTERN}{US_FEDERAL}");
    Dataset::new(name, &calendar, Schema::loads()).unwrap()
}

pub(crate) fn take(dataset: &mut Dataset, text: &str) -> Result<Report, Refused> {
    take_as(dataset, text, Allow::default())
}

pub(crate) fn take_as(dataset: &mut Dataset, text: &str, allow: Allow) -> Result<Report, Refused> {
    let file = File {
        name: "test.csv",
        bytes: text.as_bytes(),
        authority: None,
    };
    dataset.import(&file, NOW, &[], allow)
}

pub(crate) fn filled(name: &str, seed: u64, days: u16) -> Dataset {
    let mut dataset = empty(name);
    take(&mut dataset, &wide(&lines(seed, days))).unwrap();
    dataset
}
