//! Local time at an EVSE, from the compiled-in IANA database only: every member must see the same rules.

use crate::error::TariffError;
use fairway_model::Time;
use fairway_model::time::SECOND;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// The compiled-in rules, whatever the machine has installed.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// First and last instant that is priced: 1900-01-01 and 9000-01-01, well inside what the rules cover.
const FIRST: Time = Time(-2_208_988_800_000);
/// See [`FIRST`].
const LAST: Time = Time(221_845_392_000_000);
/// The offsets of 2024-01-01 to 2051-01-01 are read once per compiled tariff; other times ask the rules.
const TABLE_FROM: i64 = 1_704_067_200_000;
/// See [`TABLE_FROM`].
const TABLE_UNTIL: i64 = 2_556_144_000_000;

/// A stretch of time with one offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Until when it holds, exclusive, in milliseconds since 1970.
    pub(crate) until: i64,
    /// Milliseconds to add to UTC.
    pub(crate) offset: i64,
}

/// The rules of one zone.
#[derive(Debug)]
pub(crate) struct Zone {
    rules: TimeZone,
    /// Spans from [`TABLE_FROM`] on, in order.
    table: Vec<Span>,
}

/// Whether a time is inside the priced range.
pub(crate) fn in_range(time: Time) -> bool {
    (FIRST..=LAST).contains(&time)
}

impl Zone {
    /// Looks the name up.
    pub(crate) fn named(name: &str) -> Result<Self, TariffError> {
        let rules = DATABASE
            .get(name)
            .map_err(|_| TariffError::TimeZone(name.chars().take(64).collect()))?;
        let mut zone = Self {
            rules,
            table: Vec::new(),
        };
        let mut at = TABLE_FROM;
        while at < TABLE_UNTIL {
            let span = zone.ask(at);
            zone.table.push(span);
            at = span.until;
        }
        Ok(zone)
    }

    /// The span that holds at `at`.
    pub(crate) fn span(&self, at: i64) -> Span {
        if at < TABLE_FROM {
            return self.ask(at);
        }
        let index = self.table.partition_point(|span| span.until <= at);
        self.table
            .get(index)
            .copied()
            .unwrap_or_else(|| self.ask(at))
    }

    /// Asks the rules. A time outside the range that they cover has the offset 0; callers have checked [`in_range`].
    fn ask(&self, at: i64) -> Span {
        let Ok(instant) = Timestamp::from_millisecond(at) else {
            return Span {
                until: i64::MAX,
                offset: 0,
            };
        };
        let offset = i64::from(self.rules.to_offset(instant).seconds()).saturating_mul(SECOND);
        let next = self.rules.following(instant).next();
        Span {
            until: next.map_or(i64::MAX, |change| change.timestamp().as_millisecond()),
            offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_match_the_rules_inside_and_outside_the_table() {
        let zone = Zone::named("America/New_York").unwrap();
        let hour = 3_600_000;
        // 2026-03-08T07:00Z and 2026-11-01T06:00Z.
        let (spring, autumn) = (1_772_953_200_000, 1_793_512_800_000);
        assert_eq!(
            zone.span(spring - 1),
            Span {
                until: spring,
                offset: -5 * hour
            }
        );
        assert_eq!(
            zone.span(spring),
            Span {
                until: autumn,
                offset: -4 * hour
            }
        );
        assert_eq!(zone.span(autumn).offset, -5 * hour);
        for at in (TABLE_FROM..TABLE_UNTIL + 10_000_000_000).step_by(3_333_333_333) {
            assert_eq!(zone.span(at), zone.ask(at), "{at}");
        }
        assert_eq!(
            Zone::named("UTC").unwrap().span(0),
            Span {
                until: i64::MAX,
                offset: 0
            }
        );
        assert!(matches!(
            Zone::named("Mars/Olympus"),
            Err(TariffError::TimeZone(_))
        ));
    }
}
