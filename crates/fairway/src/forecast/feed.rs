//! Loads for the ledger: read from a file, from an address, or made up for a demonstration.

use super::Fault;
use super::service::calendar_text;
use super::store::read_bounded;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Hour, day_of};
use fairway_forecast::series::Series;
use fairway_forecast::synthetic::Synthetic;
use fairway_ledger::forecast::state::Reading;
use fairway_model::Time;
use fairway_training::checks::Allow;
use fairway_training::dataset::{Dataset, File};
use fairway_training::schema::Schema;
use fairway_utility::command::Loads;
use fairway_utility::{MAX_FED, MAX_SOURCE};
use std::path::Path;

/// The largest file of loads that is read, in bytes.
pub const MAX_FEED_BYTES: usize = 64 << 20;
/// How far back loads are handed on, in hours: what the ledger takes as history.
const BACK: i64 = 420 * 24;
/// How far ahead a made-up forecast goes, in hours.
const AHEAD: i64 = 60;
/// The year in which every made-up load begins: the same hour has the same load, whenever it is made.
const BEGINS: i64 = 2_024;

/// A region's calendar: a built-in one by name, or the table of a file.
///
/// # Errors
/// What is wrong with the file, and which calendars are built in.
pub fn calendar(region: &str) -> Result<(String, Calendar), Fault> {
    let text = if Path::new(region).is_file() {
        let most = fairway_forecast::calendar::MAX_CALENDAR_TEXT;
        let long = |size: usize| format!("{size} bytes; a calendar has at most {most}");
        let bytes = read_bounded(Path::new(region), most, long)?;
        String::from_utf8(bytes).map_err(|_| Fault::Wrong(format!("{region}: no UTF-8 text")))?
    } else {
        calendar_text(region)?
    };
    let calendar =
        Calendar::parse(&[&text]).map_err(|error| Fault::Wrong(format!("{region}: {error}")))?;
    Ok((text, calendar))
}

/// Reads a file of hourly loads: any form of `fairway forecast dataset import` that needs no schema. It is taken whole or not at all.
///
/// # Errors
/// Everything that is wrong with the file, with line and column.
pub fn read(file: &File<'_>, calendar_text: &str, now: Time, allow: Allow) -> Result<Loads, Fault> {
    let mut dataset = Dataset::new("feed", calendar_text, Schema::loads()).map_err(Fault::Wrong)?;
    let present = Hour::of(now);
    dataset.import(file, present, &[], allow)?;
    let hours = dataset.hours().map_err(Fault::Wrong)?;
    let recent = hours
        .points
        .iter()
        .filter(|(hour, _)| present.since(**hour) <= BACK);
    let (mut loads, mut forecasts) = (Vec::new(), Vec::new());
    for (hour, point) in recent {
        let reading = |kw: i64| Reading { hour: *hour, kw };
        // What somebody put in the place of a missing value is no reading.
        loads.extend(point.load.filter(|_| !point.imputed).map(reading));
        forecasts.extend(point.forecast.map(reading));
    }
    let longest = loads.len().saturating_add(forecasts.len());
    if longest > MAX_FED {
        return Err(Fault::Wrong(format!(
            "{longest} values; at most {MAX_FED} are handed on at once"
        )));
    }
    Ok(Loads {
        source: shortened(file.name),
        loads,
        forecasts,
        confirm: false,
    })
}

/// The made-up load of a seed, as it would be known at a time.
pub fn made_up(seed: u64, mean_kw: i64, calendar: &Calendar, now: Time) -> Loads {
    let present = Hour::of(now);
    let source = format!("synthetic load, seed {seed}: made up, nobody has it");
    let first = day_of(BEGINS, 1, 1).unwrap_or_default();
    let last = calendar.local(present).day.plus(4);
    let Ok(days) = u16::try_from(last.0.saturating_sub(first.0)) else {
        return Loads {
            source,
            ..Loads::default()
        };
    };
    let made = Synthetic {
        seed,
        mean: mean_kw,
        first,
        days,
        lean: 0,
    }
    .make(calendar);
    let from = present.plus(-BACK);
    let reading = |(hour, kw): (Hour, Option<i64>)| Some(Reading { hour, kw: kw? });
    let known = made
        .load
        .iter()
        .filter(|(hour, _)| (from..present).contains(hour));
    let ahead = made.forecast.iter().flat_map(Series::iter);
    let until = present.plus(AHEAD);
    let said = ahead.filter(|(hour, _)| (from..until).contains(hour));
    Loads {
        source,
        loads: known.filter_map(reading).collect(),
        forecasts: said.filter_map(reading).collect(),
        confirm: false,
    }
}

/// The bytes of a file of loads.
///
/// # Errors
/// The path and what is wrong.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, Fault> {
    let long = |size: usize| {
        format!(
            "{size} bytes; at most {MAX_FEED_BYTES} are read, a file of the last months is enough"
        )
    };
    read_bounded(path, MAX_FEED_BYTES, long)
}

/// A source's name, cut to what is kept.
fn shortened(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if text.len().saturating_add(c.len_utf8()) > MAX_SOURCE {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_load_is_the_same_whenever_it_is_made() {
        let calendar = Calendar::us_eastern().unwrap();
        let now = Time(1_795_500_000_000);
        let (one, two) = (
            made_up(7, 10_000_000, &calendar, now),
            made_up(7, 10_000_000, &calendar, now.plus(5 * 24 * 3_600_000)),
        );
        assert_eq!(one.loads.len(), 420 * 24);
        assert!(one.source.contains("made up"));
        let newest = one.loads.last().unwrap();
        assert!(two.loads.contains(newest));
        assert!(two.forecasts.contains(one.forecasts.last().unwrap()));
        assert!(one.loads.len() + one.forecasts.len() <= MAX_FED);
        let early = made_up(7, 10_000_000, &calendar, Time(0));
        assert!(early.loads.is_empty());
    }

    #[test]
    fn a_file_in_the_form_of_the_eia_is_read_whole_or_not_at_all() {
        let (text, _) = calendar("us-eastern").unwrap();
        let now = Time(1_795_500_000_000);
        let file = |bytes: &'static str| File {
            name: "loads.csv",
            bytes: bytes.as_bytes(),
            authority: None,
        };
        // The hour that ends at 07:00 of universal time began at six.
        let good = "utc,demand_mwh,df_mwh\n2026-11-23T07:00:00Z,10250,10300\n2026-11-23T08:00:00Z,10100,10200\n";
        let found = read(&file(good), &text, now, Allow::default()).unwrap();
        assert_eq!((found.loads.len(), found.forecasts.len()), (2, 2));
        assert_eq!(found.loads[0].kw, 10_250_000);
        let bad = "utc,demand_mwh,df_mwh\n2026-11-23T07:00:00Z,10250,10300\n2026-11-23T08:00:00Z,ten,10200\n";
        let fault = read(&file(bad), &text, now, Allow::default()).unwrap_err();
        assert!(fault.to_string().contains("line 3"), "{fault}");
        assert!(
            calendar("mars")
                .unwrap_err()
                .to_string()
                .contains("us-eastern")
        );
    }
}
