//! What two members agree about prices that follow the forecast load.

use crate::hash::Hash;
use crate::money::Micro;
use minicbor::{Decode, Encode};

/// Hours of a day in the agreed table.
pub const TABLE_HOURS: usize = 24;
/// Fewest points of a curve.
pub const MIN_CURVE: usize = 2;
/// Most points of a curve.
pub const MAX_CURVE: usize = 16;
/// Longest notice before a day begins, in hours: schedules are computed from 11 o'clock of the day before.
pub const MAX_NOTICE_HOURS: u8 = 12;
/// Longest window over which skill is asked for, in days.
pub const MAX_SKILL_DAYS: u16 = 90;
/// Shortest window over which skill is asked for, in days.
pub const MIN_SKILL_DAYS: u16 = 7;

/// A point of the curve from load to price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CurvePoint {
    /// Percentile of the load of the trailing year, in thousandths, 0 to 1,000.
    #[n(0)]
    pub level: u16,
    /// Multiplier of energy prices there, in basis points.
    #[n(1)]
    pub bps: u32,
}

/// How forecast load moves prices. All limits of the agreement hold whatever this says: its band, its corridor, its caps.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForecastTerms {
    /// The curve: levels and multipliers rise, [`MIN_CURVE`] to [`MAX_CURVE`] points, linear between them and flat outside.
    #[n(0)]
    pub curve: Vec<CurvePoint>,
    /// The most that the multiplier changes from one hour to the next, in basis points; at least 1.
    #[n(1)]
    pub step_bps: u32,
    /// Hours before a day begins until which its schedule may be made; at most [`MAX_NOTICE_HOURS`].
    #[n(2)]
    pub notice_hours: u8,
    /// Days over which the forecast must have shown skill to price, [`MIN_SKILL_DAYS`] to [`MAX_SKILL_DAYS`].
    #[n(3)]
    pub skill_days: u16,
    /// Multipliers of the hours of a weekday without a schedule, in basis points; [`TABLE_HOURS`] of them, on the region's clock.
    #[n(4)]
    pub weekday_bps: Vec<u32>,
    /// The same for Saturday and Sunday.
    #[n(5)]
    pub weekend_bps: Vec<u32>,
    /// The package that forecasts where the member's own forecast is missing, if both agreed on one. The one that is used with it is the
    /// agreement's `model`.
    #[n(6)]
    pub spare: Option<Hash>,
    /// What each of the two puts in per day, the visited utility on its own forecast and home on the baseline, in the agreement's currency.
    /// Without it no money moves by scores.
    #[n(7)]
    pub stake: Option<Micro>,
}

impl ForecastTerms {
    /// The agreed table's multiplier for an hour of the clock, in basis points. `None` for an hour that no clock shows, or a table
    /// that is too short: such terms are refused when they are proposed.
    pub fn table(&self, clock: i32, weekend: bool) -> Option<u32> {
        let hours = if weekend {
            &self.weekend_bps
        } else {
            &self.weekday_bps
        };
        hours.get(usize::try_from(clock).ok()?).copied()
    }
}
