//! The two regions of the back-test, out of a file in the form of EIA-930, which the forecasting service's strict reader reads.

use super::{Loads, Source};
use crate::parameters::REGIONS;
use fairway_forecast::calendar::{US_CENTRAL, US_EASTERN, US_FEDERAL};
use fairway_forecast::hour::day_of;
use fairway_training::dataset::{Dataset, File};
use fairway_training::search::Member;

/// The file in a folder of loads.
pub const FILE: &str = "eia930_load_2015_2020.csv";
/// The regions: balancing authority, name, and the zone of its clock.
const NAMES: [(&str, &str, &str); REGIONS] = [
    ("SOCO", "Southern Company", US_CENTRAL),
    ("DUK", "Duke Energy Carolinas", US_EASTERN),
];
/// The first month.
const FIRST: (i64, u8, u8) = (2018, 7, 1);

/// Reads both regions from the bytes of a file.
///
/// # Errors
/// Line and column of what is wrong, and what would be right; as [`Loads::of`].
pub fn read(bytes: &[u8], months: usize) -> Result<Loads, String> {
    let source = |(code, name, zone): (&str, &str, &str)| {
        let file = File {
            name: FILE,
            bytes,
            authority: Some(code),
        };
        let calendar = format!("{zone}{US_FEDERAL}");
        let dataset = Dataset::of_file(&code.to_lowercase(), &calendar, &file)
            .map_err(|refused| refused.to_string())?;
        let member = Member::of(&dataset)?;
        Ok::<_, String>(Source {
            name: format!("{name} ({code})"),
            calendar: member.calendar,
            inputs: member.inputs,
        })
    };
    let [a, b] = NAMES;
    let sources = [source(a)?, source(b)?];
    let (year, month, day) = FIRST;
    let first = day_of(year, month, day).ok_or("no first day")?;
    let origin = format!("EIA-930 loads of {} and {}", a.1, b.1);
    Loads::of(origin, false, &sources, first, months)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "utc_hour_ending,DUK_mw,DUK_df_mw,DUK_flag,SOCO_mw,SOCO_df_mw,SOCO_flag\n";

    #[test]
    fn what_is_wrong_in_a_file_of_loads_is_named_with_its_place() {
        let wrong = |rest: &str| read(format!("{HEAD}{rest}").as_bytes(), 1).unwrap_err();
        assert!(
            read(b"utc_hour_ending,DUK_mw\n", 1)
                .unwrap_err()
                .contains("no authority `SOCO`")
        );
        assert!(wrong("").contains("a header and no rows"));
        assert!(wrong("2018-07-01,1,1,0,1,1,0\n").starts_with("line 2, column `utc_hour_ending`"));
        assert!(
            wrong("2018-07-01T00:00Z,1,1,0,1,x,0\n")
                .starts_with("line 2, column `SOCO_df_mw`: `x`")
        );
        let twice = "2018-07-01T00:00Z,1,1,0,1,1,0\n2018-07-01T00:00Z,1,1,0,2,1,0\n";
        assert!(wrong(twice).starts_with("line 3: the hour 2018-06-30T23:00Z stands on line 2"));
        assert!(wrong("2018-07-01T00:00Z,1,1,0,1,1,0\n").contains("at least a year before"));
    }
}
