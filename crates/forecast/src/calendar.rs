//! The calendar of a region: clock offsets, days, holidays, from a committed table.
//!
//! Nothing is looked up in the machine's time-zone database: two machines with different releases of it would compute different
//! features. The table is text, its canonical form has a hash, and the hash is part of every feature specification. Tables for the
//! zones of the United States are built in; another region gives its own text. A test compares the built-in ones with the zone database.

use crate::hour::{Day, Hour, day_of};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};

/// Domain label of a calendar's hash.
pub const CALENDAR_DOMAIN: &str = "fairway.forecast.calendar.v1";
/// The most offset changes or holidays that a table may have.
pub const MAX_CALENDAR_ENTRIES: usize = 4_096;
/// The longest table text that is read, in bytes.
pub const MAX_CALENDAR_TEXT: usize = 1 << 18;
/// The largest distance of local time from universal time, in minutes.
const MAX_OFFSET: i32 = 16 * 60;

/// Federal holidays of the United States as they are observed.
pub const US_FEDERAL: &str = include_str!("../tables/us-federal-holidays.txt");
/// Clock of the Eastern zone.
pub const US_EASTERN: &str = include_str!("../tables/us-eastern.txt");
/// Clock of the Central zone.
pub const US_CENTRAL: &str = include_str!("../tables/us-central.txt");

/// From an hour on, local time is so many minutes ahead of universal time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Offset {
    #[n(0)]
    from: Hour,
    #[n(1)]
    minutes: i32,
}

/// A region's clock and holidays.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Calendar {
    #[n(0)]
    region: String,
    #[n(1)]
    first: Day,
    #[n(2)]
    last: Day,
    #[n(3)]
    offsets: Vec<Offset>,
    #[n(4)]
    holidays: Vec<Day>,
}

/// An hour by the region's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// The calendar day.
    pub day: Day,
    /// The hour on the clock, 0 to 23.
    pub hour: i32,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarError {
    /// The line, counted from 1; 0 where the table as a whole is meant.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl core::fmt::Display for CalendarError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "calendar line {}: {}", self.line, self.what)
    }
}

impl core::error::Error for CalendarError {}

impl Calendar {
    /// Reads a table from one or several texts, which count as one. A line is `region NAME`, `valid FROM TO` (dates),
    /// `offset YYYY-MM-DDTHHZ MINUTES` or `holiday YYYY-MM-DD`; what follows `#` is a remark.
    ///
    /// # Errors
    /// The line and what is wrong there.
    pub fn parse(texts: &[&str]) -> Result<Self, CalendarError> {
        let mut calendar = Self {
            region: String::new(),
            first: Day(0),
            last: Day(-1),
            offsets: Vec::new(),
            holidays: Vec::new(),
        };
        if texts.iter().map(|text| text.len()).sum::<usize>() > MAX_CALENDAR_TEXT {
            let what = format!("the table is longer than {MAX_CALENDAR_TEXT} bytes");
            return Err(CalendarError { line: 0, what });
        }
        for (index, line) in texts.iter().flat_map(|text| text.lines()).enumerate() {
            calendar.line(line).map_err(|what| CalendarError {
                line: index + 1,
                what,
            })?;
        }
        calendar.holidays.sort_unstable();
        calendar.holidays.dedup();
        calendar
            .check()
            .map_err(|what| CalendarError { line: 0, what })?;
        Ok(calendar)
    }

    /// The Eastern zone of the United States with the federal holidays.
    pub fn us_eastern() -> Result<Self, CalendarError> {
        Self::parse(&[US_EASTERN, US_FEDERAL])
    }

    /// The Central zone of the United States with the federal holidays.
    pub fn us_central() -> Result<Self, CalendarError> {
        Self::parse(&[US_CENTRAL, US_FEDERAL])
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let text = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["region", name] => (*name).clone_into(&mut self.region),
            ["valid", from, to] => {
                self.first = date(from)?;
                self.last = date(to)?;
            }
            ["offset", from, minutes] => {
                let minutes: i32 = minutes
                    .parse()
                    .map_err(|_| format!("`{minutes}` is no number of minutes"))?;
                let from = hour(from)?;
                self.offsets.push(Offset { from, minutes });
            }
            ["holiday", day] => self.holidays.push(date(day)?),
            [other, ..] => {
                return Err(format!(
                    "`{other}` is none of: region NAME, valid FROM TO, offset HOUR MINUTES, holiday DATE"
                ));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.region.is_empty() || self.region.len() > 64 {
            return Err("a region has a name of 1 to 64 bytes".to_owned());
        }
        if self.first > self.last {
            return Err("`valid FROM TO` is missing, or ends before it begins".to_owned());
        }
        if self.offsets.is_empty()
            || self
                .offsets
                .first()
                .is_some_and(|o| self.local_day(o.from) > self.first)
        {
            return Err("the first offset begins after the first valid day".to_owned());
        }
        if self.offsets.len().max(self.holidays.len()) > MAX_CALENDAR_ENTRIES {
            return Err(format!("more than {MAX_CALENDAR_ENTRIES} entries"));
        }
        if self.offsets.iter().any(|o| o.minutes.abs() > MAX_OFFSET) {
            return Err(format!("an offset is more than {MAX_OFFSET} minutes"));
        }
        let rising = |pair: (&Offset, &Offset)| pair.0.from < pair.1.from;
        if !self
            .offsets
            .iter()
            .zip(self.offsets.iter().skip(1))
            .all(rising)
        {
            return Err("offsets stand in the order of their hours, each once".to_owned());
        }
        let rising = |pair: (&Day, &Day)| pair.0 < pair.1;
        if !self
            .holidays
            .iter()
            .zip(self.holidays.iter().skip(1))
            .all(rising)
        {
            return Err("holidays stand in the order of their days, each once".to_owned());
        }
        Ok(())
    }

    /// Reads a calendar's canonical bytes with the checks of [`Calendar::parse`].
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let calendar = Self::from_bytes(bytes).map_err(|error| error.to_string())?;
        calendar.check()?;
        Ok(calendar)
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The hash that feature specifications hold.
    pub fn hash(&self) -> Hash {
        self.digest(CALENDAR_DOMAIN)
    }

    /// Whether the table speaks about a day.
    pub fn covers(&self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// The first and the last day that the table speaks about.
    pub fn span(&self) -> (Day, Day) {
        (self.first, self.last)
    }

    fn offset(&self, hour: Hour) -> i64 {
        let after = self.offsets.partition_point(|o| o.from <= hour);
        let entry = self.offsets.get(after.saturating_sub(1));
        entry.map_or(0, |o| i64::from(o.minutes))
    }

    fn local_day(&self, hour: Hour) -> Day {
        self.local(hour).day
    }

    /// The region's clock in an hour. In a zone whose offset is no whole hour, the clock at the hour's beginning counts.
    pub fn local(&self, hour: Hour) -> Local {
        let minutes = hour.0.saturating_mul(60).saturating_add(self.offset(hour));
        let hour_of_day = minutes.rem_euclid(1_440).div_euclid(60);
        Local {
            day: Day(minutes.div_euclid(1_440)),
            hour: i32::try_from(hour_of_day).unwrap_or(0),
        }
    }

    /// The first hour of a local day.
    pub fn begin(&self, day: Day) -> Hour {
        // Offsets are below a day, so the beginning lies within one day of the same day in universal time.
        let guess = Hour(day.0.saturating_mul(24));
        let about = guess.plus(-self.offset(guess).div_euclid(60));
        (-3..=3)
            .map(|step| about.plus(step))
            .find(|hour| self.local_day(*hour) >= day)
            .unwrap_or(about)
    }

    /// The hours of a local day: 23 to 25 of them.
    pub fn hours(&self, day: Day) -> impl Iterator<Item = Hour> + use<> {
        (self.begin(day).0..self.begin(day.plus(1)).0).map(Hour)
    }

    /// Monday 0 to Sunday 6.
    pub fn weekday(day: Day) -> i32 {
        // 1970-01-01 was a Thursday.
        i32::try_from(day.0.saturating_add(3).rem_euclid(7)).unwrap_or(0)
    }

    /// Whether a day is a holiday.
    pub fn is_holiday(&self, day: Day) -> bool {
        self.holidays.binary_search(&day).is_ok()
    }

    /// Days to the nearest holiday: negative before it, 0 on it, positive after it, held within `reach`.
    pub fn from_holiday(&self, day: Day, reach: i64) -> i64 {
        let next = self.holidays.partition_point(|holiday| *holiday < day);
        let after = self.holidays.get(next).map(|h| day.0 - h.0);
        let before = next
            .checked_sub(1)
            .and_then(|index| self.holidays.get(index))
            .map(|h| day.0 - h.0);
        let nearest = match (before, after) {
            (Some(b), Some(a)) => {
                if -a <= b {
                    a
                } else {
                    b
                }
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => reach,
        };
        nearest.clamp(-reach, reach)
    }
}

fn date(text: &str) -> Result<Day, String> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let found = (|| {
        day_of(
            year?.parse().ok()?,
            month?.parse().ok()?,
            day?.parse().ok()?,
        )
    })();
    found
        .filter(|_| text.len() == 10 && parts.next().is_none())
        .ok_or_else(|| format!("`{text}` is no date of the form 2026-11-29"))
}

fn hour(text: &str) -> Result<Hour, String> {
    let wrong = || format!("`{text}` is no hour of the form 2026-11-01T06Z");
    let (day, rest) = text.split_once('T').ok_or_else(wrong)?;
    let hour: i64 = rest
        .strip_suffix('Z')
        .filter(|digits| digits.len() == 2)
        .and_then(|digits| digits.parse().ok())
        .filter(|hour| (0..24).contains(hour))
        .ok_or_else(wrong)?;
    Ok(Hour(date(day)?.0 * 24 + hour))
}
