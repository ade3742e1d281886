//! The clock at a charging point, from the compiled-in IANA database only.

use fairway_model::Time;
use fairway_model::time::SECOND;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use std::sync::LazyLock;

/// The compiled-in rules, whatever the machine has installed.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How far the clock at a place is ahead of UTC, in milliseconds; none when zone or time are unknown, and the bill then says UTC.
pub(crate) fn offset(zone: &str, at: Time) -> Option<i64> {
    let zone = DATABASE.get(zone).ok()?;
    let instant = Timestamp::from_millisecond(at.0).ok()?;
    Some(i64::from(zone.to_offset(instant).seconds()).saturating_mul(SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::time::HOUR;

    #[test]
    fn clocks_are_those_of_the_zone() {
        let (winter, summer) = (Time(1_795_399_507_000), Time(1_782_000_000_000));
        assert_eq!(offset("America/New_York", winter), Some(-5 * HOUR));
        assert_eq!(offset("America/New_York", summer), Some(-4 * HOUR));
        assert_eq!(offset("No/Where", winter), None);
    }
}
