//! Files whose form is known, so that no schema is needed: hourly electric grid monitor data of the U.S. Energy Information Administration (form EIA-930).
//!
//! Three forms are told apart by their header. *Balance*: the six-month file that the EIA publishes, one row per authority and hour, with local and
//! universal time at the end of the hour, and megawatts with separators of thousands. *Wide*: `utc_hour_ending` and per authority NAME the columns `NAME_mw`,
//! `NAME_df_mw`, `NAME_flag`. *Single*: `utc`, `demand_mwh`, `df_mwh`, and `t2_k` for the temperature. All give rows of [`crate::schema::LOADS`].

use crate::csv::{Finding, Record};
use crate::table::{Refused, Row, each_record, header};
use crate::value::{Value, date_of, decimal, timestamp};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Hour, day_of};
use fairway_model::Time;
use fairway_model::time::HOUR;
use std::collections::BTreeSet;

/// A known form, and where its columns stand.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Balance {
        authority: usize,
        local: Option<usize>,
        utc: usize,
        load: usize,
        adjusted: Option<usize>,
        forecast: Option<usize>,
    },
    Columns {
        utc: usize,
        load: usize,
        forecast: Option<usize>,
        flag: Option<usize>,
        temperature: Option<usize>,
    },
}

/// What a file of a known form holds of one authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The form's name.
    pub form: &'static str,
    /// Rows of [`crate::schema::LOADS`], in the order of the file.
    pub rows: Vec<Row>,
    /// Columns that were not taken.
    pub left: Vec<String>,
}

/// Reads a file of a known form; `None` where the header is of none. `authority` chooses among several.
///
/// # Errors
/// Every cell that is wrong; an authority that is not there, or none chosen among several; local times that are not those of the calendar.
pub fn read(
    bytes: &[u8],
    authority: Option<&str>,
    calendar: &Calendar,
) -> Result<Option<Known>, Refused> {
    let (header, rest) = header(bytes)?;
    let Some((name, form)) = form(&header, authority)? else {
        return Ok(None);
    };
    let wanted = match &form {
        Form::Balance { .. } => Some(authority.ok_or_else(|| {
            Finding::file("the file holds several balancing authorities; choose one with --authority, as in --authority DUK")
        })?),
        Form::Columns { .. } => None,
    };
    let (mut refused, mut rows) = (Refused::default(), Vec::new());
    let reader = Reader {
        header: &header,
        form: &form,
        wanted,
        calendar,
    };
    each_record(
        &header,
        rest,
        &mut refused,
        |record, refused| match reader.row(record) {
            Ok(Some(values)) => rows.push(Row {
                line: record.line,
                values,
            }),
            Ok(None) => {}
            Err(finding) => refused.add(finding),
        },
    )?;
    refused.done()?;
    if let (Some(wanted), true) = (wanted, rows.is_empty()) {
        return Err(
            Finding::file(format!("no row is of the balancing authority `{wanted}`")).into(),
        );
    }
    let taken = form.places();
    let left = header
        .cells
        .iter()
        .enumerate()
        .filter(|(place, _)| !taken.contains(place));
    Ok(Some(Known {
        form: name,
        rows,
        left: left.map(|(_, cell)| cell.clone()).collect(),
    }))
}

/// The balancing authorities of a file, in rising order: none where a file of a known form holds a single one without a name. `None` where the header is of no known form.
///
/// # Errors
/// A file without a header, or one that is damaged.
pub fn holds(bytes: &[u8]) -> Result<Option<Vec<String>>, Refused> {
    let (header, rest) = header(bytes)?;
    let place = |name: &str| header.cells.iter().position(|cell| cell == name);
    if let (Some(authority), Some(_), Some(_)) = (
        place("Balancing Authority"),
        place("UTC Time at End of Hour"),
        place("Demand (MW)"),
    ) {
        let (mut refused, mut names) = (Refused::default(), BTreeSet::new());
        each_record(&header, rest, &mut refused, |record, _| {
            names.insert(cell(record, authority).to_owned());
        })?;
        refused.done()?;
        return Ok(Some(names.into_iter().collect()));
    }
    if place("utc").is_some() && place("demand_mwh").is_some() {
        return Ok(Some(Vec::new()));
    }
    let names: BTreeSet<&str> = authorities(&header).into_iter().collect();
    let known = place("utc_hour_ending").is_some() && !names.is_empty();
    Ok(known.then(|| names.into_iter().map(str::to_owned).collect()))
}

/// The authorities that a wide header names.
fn authorities(header: &Record) -> Vec<&str> {
    let names = header
        .cells
        .iter()
        .filter_map(|cell| cell.strip_suffix("_mw"));
    names.filter(|name| !name.ends_with("_df")).collect()
}

fn form(header: &Record, authority: Option<&str>) -> Result<Option<(&'static str, Form)>, Finding> {
    let place = |name: &str| header.cells.iter().position(|cell| cell == name);
    if let (Some(authority), Some(utc), Some(load)) = (
        place("Balancing Authority"),
        place("UTC Time at End of Hour"),
        place("Demand (MW)"),
    ) {
        let form = Form::Balance {
            authority,
            utc,
            load,
            local: place("Local Time at End of Hour"),
            adjusted: place("Demand (MW) (Adjusted)"),
            forecast: place("Demand Forecast (MW)"),
        };
        return Ok(Some(("EIA-930 balance", form)));
    }
    if let (Some(utc), Some(load)) = (place("utc"), place("demand_mwh")) {
        let form = Form::Columns {
            utc,
            load,
            forecast: place("df_mwh"),
            temperature: place("t2_k"),
            flag: None,
        };
        return Ok(Some(("EIA-930 single", form)));
    }
    let Some(utc) = place("utc_hour_ending") else {
        return Ok(None);
    };
    let names = authorities(header);
    let name = match (authority, names.as_slice()) {
        (Some(wanted), _) => wanted,
        (None, [only]) => only,
        (None, _) => {
            return Err(Finding::file(format!(
                "the file holds {}; choose one with --authority",
                names.join(", ")
            )));
        }
    };
    let load = place(&format!("{name}_mw")).ok_or_else(|| {
        Finding::file(format!(
            "there is no authority `{name}` in the file; it holds {}",
            names.join(", ")
        ))
    })?;
    let form = Form::Columns {
        utc,
        load,
        forecast: place(&format!("{name}_df_mw")),
        flag: place(&format!("{name}_flag")),
        temperature: None,
    };
    Ok(Some(("EIA-930 wide", form)))
}

impl Form {
    fn places(&self) -> Vec<usize> {
        match self {
            Self::Balance {
                authority,
                local,
                utc,
                load,
                adjusted,
                forecast,
            } => [
                Some(*authority),
                *local,
                Some(*utc),
                Some(*load),
                *adjusted,
                *forecast,
            ]
            .into_iter()
            .flatten()
            .collect(),
            Self::Columns {
                utc,
                load,
                forecast,
                flag,
                temperature,
            } => [Some(*utc), Some(*load), *forecast, *flag, *temperature]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

struct Reader<'a> {
    header: &'a Record,
    form: &'a Form,
    wanted: Option<&'a str>,
    calendar: &'a Calendar,
}

impl Reader<'_> {
    fn fault(&self, record: &Record, place: usize, what: impl Into<String>) -> Finding {
        let name = self.header.cells.get(place).map_or("", String::as_str);
        Finding::cell(record.line, name, what)
    }

    fn row(&self, record: &Record) -> Result<Option<Vec<Value>>, Finding> {
        match self.form {
            Form::Balance {
                authority,
                local,
                utc,
                load,
                adjusted,
                forecast,
            } => {
                if Some(cell(record, *authority)) != self.wanted {
                    return Ok(None);
                }
                let end = self.time(record, *utc)?;
                if let Some(local) = local {
                    self.same_clock(record, *local, end)?;
                }
                let measured = self.kilowatts(record, *load)?;
                let adjusted = match adjusted {
                    Some(place) => self.kilowatts(record, *place)?,
                    None => Value::Missing,
                };
                // What the EIA put in the place of a missing or anomalous value is no measurement.
                let imputed = adjusted != Value::Missing && adjusted != measured;
                let forecast = self.optional(record, *forecast)?;
                let load = if imputed { adjusted } else { measured };
                Ok(Some(loads_row(
                    end,
                    load,
                    forecast,
                    Value::Missing,
                    imputed,
                )))
            }
            Form::Columns {
                utc,
                load,
                forecast,
                flag,
                temperature,
            } => {
                let text = cell(record, *utc);
                let end = timestamp(text).map_err(|what| self.fault(record, *utc, what))?;
                let imputed = match flag.map(|place| (place, cell(record, place))) {
                    None | Some((_, "0")) => false,
                    Some((_, "1" | "2")) => true,
                    Some((place, other)) => {
                        let what = format!(
                            "`{other}` is no flag; 0 is measured, 1 was missing, 2 was anomalous"
                        );
                        return Err(self.fault(record, place, what));
                    }
                };
                let load = self.kilowatts(record, *load)?;
                let forecast = self.optional(record, *forecast)?;
                let temperature = self.optional(record, *temperature)?;
                Ok(Some(loads_row(end, load, forecast, temperature, imputed)))
            }
        }
    }

    fn optional(&self, record: &Record, place: Option<usize>) -> Result<Value, Finding> {
        place.map_or(Ok(Value::Missing), |place| self.kilowatts(record, place))
    }

    /// Megawatts in kilowatts, or degrees in thousandths: three digits more. Digits beyond them are noise of a conversion and are cut off.
    fn kilowatts(&self, record: &Record, place: usize) -> Result<Value, Finding> {
        let text = cell(record, place);
        if text.is_empty() {
            return Ok(Value::Missing);
        }
        let number = without_separators(text).and_then(|plain| {
            let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
            let all_digits = part.bytes().all(|b| b.is_ascii_digit());
            let kept: String = part.chars().take(3).collect();
            let joined = if kept.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{kept}")
            };
            all_digits.then(|| decimal(&joined, 3)).flatten()
        });
        let number = number.ok_or_else(|| {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            self.fault(
                record,
                place,
                format!("`{shown}` is no number such as 14794, 14,794 or 14794.5"),
            )
        })?;
        Ok(Value::Integer(number))
    }

    /// `07/01/2019 5:00:00 AM`, or the form of a timestamp.
    fn time(&self, record: &Record, place: usize) -> Result<Time, Finding> {
        let text = cell(record, place);
        let found = us_time(text)
            .or_else(|| timestamp(&format!("{text}Z")).ok())
            .or_else(|| timestamp(text).ok());
        found.ok_or_else(|| {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            self.fault(
                record,
                place,
                format!("`{shown}` is no time such as 07/01/2019 5:00:00 AM"),
            )
        })
    }

    /// Whether the local time is that of the calendar at the beginning or the end of the hour: they differ where clocks are changed.
    fn same_clock(&self, record: &Record, place: usize, end: Time) -> Result<(), Finding> {
        let local = self.time(record, place)?;
        let ends = Hour::of(end);
        let clock = |hour: Hour| {
            let local = self.calendar.local(hour);
            local.day.0 * 24 + i64::from(local.hour)
        };
        let ahead = [clock(ends) - ends.0, clock(ends.plus(-1)) - ends.plus(-1).0];
        let found = local.since(end).div_euclid(HOUR);
        if ahead.contains(&found) {
            return Ok(());
        }
        let [usual, _] = ahead;
        let what = format!(
            "the clock is {found:+} hours from universal time, in region {} it is {usual:+}; the region is another one, or a column is shifted",
            self.calendar.region()
        );
        Err(self.fault(record, place, what))
    }
}

fn cell(record: &Record, place: usize) -> &str {
    record.cells.get(place).map_or("", |cell| cell.trim())
}

fn loads_row(
    end: Time,
    load: Value,
    forecast: Value,
    temperature: Value,
    imputed: bool,
) -> Vec<Value> {
    let quality = if load == Value::Missing {
        Value::Missing
    } else {
        Value::Class(usize::from(imputed))
    };
    vec![
        Value::Timestamp(end.plus(-HOUR)),
        load,
        forecast,
        temperature,
        quality,
    ]
}

/// A number without separators of thousands, which have to stand where they belong.
fn without_separators(text: &str) -> Option<String> {
    if !text.contains(',') {
        return Some(text.to_owned());
    }
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups
        .next()
        .is_some_and(|group| (1..=3).contains(&group.len()));
    let others = groups.all(|group| group.len() == 3);
    (first && others).then(|| text.replace(',', ""))
}

/// `7/1/2019 5:00:00 AM`.
fn us_time(text: &str) -> Option<Time> {
    let mut words = text.split_whitespace();
    let (date, clock, half) = (words.next()?, words.next()?, words.next()?);
    let mut parts = date.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let day = day_of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let mut parts = clock.split(':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let rest = parts.all(|part| part == "00");
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    let sound = rest && words.next().is_none() && clock.len() >= 4;
    sound.then(|| Hour(day.0 * 24 + hour).start())
}

/// A date of the form 2026-11-29 as a day.
pub fn day(text: &str) -> Option<fairway_forecast::hour::Day> {
    date_of(text).map(fairway_forecast::hour::Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eastern() -> Calendar {
        Calendar::us_eastern().unwrap()
    }

    const BALANCE: &str = "Balancing Authority,Data Date,Hour Number,Local Time at End of Hour,UTC Time at End of Hour,Demand Forecast (MW),Demand (MW),Net Generation (MW),Demand (MW) (Adjusted)\n";

    #[test]
    fn the_balance_file_is_read_with_its_separators_and_clocks() {
        let text = format!(
            "{BALANCE}DUK,07/01/2019,1,07/01/2019 1:00:00 AM,07/01/2019 5:00:00 AM,\"12,500\",\"12,345\",1,\"12,345\"\n\
             SOCO,07/01/2019,1,07/01/2019 12:00:00 AM,07/01/2019 5:00:00 AM,1,2,3,2\n\
             DUK,07/01/2019,12,07/01/2019 12:00:00 PM,07/01/2019 4:00:00 PM,,,,15000\n"
        );
        let known = read(text.as_bytes(), Some("DUK"), &eastern())
            .unwrap()
            .unwrap();
        assert_eq!((known.form, known.rows.len()), ("EIA-930 balance", 2));
        assert_eq!(
            known.left,
            ["Data Date", "Hour Number", "Net Generation (MW)"]
        );
        let hour = timestamp("2019-07-01T04:00Z").unwrap();
        assert_eq!(
            known.rows[0].values,
            [
                Value::Timestamp(hour),
                Value::Integer(12_345_000),
                Value::Integer(12_500_000),
                Value::Missing,
                Value::Class(0)
            ]
        );
        assert_eq!(known.rows[1].values[4], Value::Class(1));
        let none = read(text.as_bytes(), None, &eastern())
            .unwrap_err()
            .to_string();
        assert_eq!(
            none,
            "the file holds several balancing authorities; choose one with --authority, as in --authority DUK"
        );
    }

    #[test]
    fn a_clock_of_another_zone_is_named() {
        let text = format!(
            "{BALANCE}DUK,07/01/2019,1,07/01/2019 12:00:00 AM,07/01/2019 5:00:00 AM,1,2,3,2\n"
        );
        assert_eq!(
            read(text.as_bytes(), Some("DUK"), &eastern())
                .unwrap_err()
                .to_string(),
            "line 2, column `Local Time at End of Hour`: the clock is -5 hours from universal time, in region us-eastern it is -4; the region is another one, or a column is shifted"
        );
        let named = read(text.as_bytes(), Some("PJM"), &eastern())
            .unwrap_err()
            .to_string();
        assert_eq!(named, "no row is of the balancing authority `PJM`");
    }

    #[test]
    fn wide_and_single_files_are_read() {
        let wide = "utc_hour_ending,DUK_mw,DUK_df_mw,DUK_flag,SOCO_mw,SOCO_flag\n2015-07-02T00:00Z,14794,16013,0,33687,2\n";
        let known = read(wide.as_bytes(), Some("SOCO"), &eastern())
            .unwrap()
            .unwrap();
        let hour = Value::Timestamp(timestamp("2015-07-01T23:00Z").unwrap());
        assert_eq!(
            known.rows[0].values,
            [
                hour,
                Value::Integer(33_687_000),
                Value::Missing,
                Value::Missing,
                Value::Class(1)
            ]
        );
        assert_eq!(
            read(wide.as_bytes(), None, &eastern())
                .unwrap_err()
                .to_string(),
            "the file holds DUK, SOCO; choose one with --authority"
        );
        assert_eq!(
            read(wide.as_bytes(), Some("TVA"), &eastern())
                .unwrap_err()
                .to_string(),
            "there is no authority `TVA` in the file; it holds DUK, SOCO"
        );
        let single = "utc,demand_mwh,df_mwh,t2_k\n2015-07-01T06:00Z,37456.0,39708.25,297.95\n";
        let known = read(single.as_bytes(), None, &eastern()).unwrap().unwrap();
        assert_eq!(
            known.rows[0].values.get(1..4).unwrap(),
            [
                Value::Integer(37_456_000),
                Value::Integer(39_708_250),
                Value::Integer(297_950)
            ]
        );
        assert_eq!(read(b"a,b\n1,2\n", None, &eastern()).unwrap(), None);
    }

    #[test]
    fn a_file_tells_whose_loads_it_holds() {
        let held = |text: &str| holds(text.as_bytes()).unwrap();
        let balance = format!("{BALANCE}SOCO,,,,,,,,\nDUK,,,,,,,,\nSOCO,,,,,,,,\n");
        let names = Some(vec!["DUK".to_owned(), "SOCO".to_owned()]);
        assert_eq!(held(&balance), names);
        assert_eq!(held("utc_hour_ending,SOCO_mw,DUK_mw,DUK_df_mw\n"), names);
        assert_eq!(held("utc,demand_mwh\n"), Some(Vec::new()));
        assert_eq!(held("a,b\n"), None);
    }

    #[test]
    fn wrong_cells_have_their_place() {
        let text = "utc_hour_ending,X_mw,X_flag\n2015-07-02T00:00Z,1479x,0\n2015-07-02T01:00Z,1,7\n2015-07-02 02:00,1,0\n2015-07-02T03:00Z,\"1,47\",0\n";
        assert_eq!(
            read(text.as_bytes(), None, &eastern())
                .unwrap_err()
                .to_string(),
            "line 2, column `X_mw`: `1479x` is no number such as 14794, 14,794 or 14794.5\n\
             line 3, column `X_flag`: `7` is no flag; 0 is measured, 1 was missing, 2 was anomalous\n\
             line 4, column `utc_hour_ending`: `2015-07-02 02:00` says no distance from universal time; add `Z`, or one such as -05:00\n\
             line 5, column `X_mw`: `1,47` is no number such as 14794, 14,794 or 14794.5"
        );
    }
}
