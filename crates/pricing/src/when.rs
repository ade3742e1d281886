//! Whether a tariff element applies at a moment of a charge (OCPI 2.2.1, `TariffRestrictions`).

use fairway_model::Restrictions;
use fairway_model::time::{DAY, MINUTE, SECOND};

/// What restrictions look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Milliseconds of the local day.
    pub(crate) clock: i64,
    /// Local date as days since 1970-01-01.
    pub(crate) day: i64,
    /// Energy of the charge so far, in mWh.
    pub(crate) energy: u64,
    /// Milliseconds since the charge began.
    pub(crate) elapsed: i64,
    /// Power in watts, where known.
    pub(crate) power: Option<u32>,
    /// Current in milliamperes, where known.
    pub(crate) current: Option<u32>,
}

/// A half-open range of a measured value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Band {
    min: u32,
    max: Option<u32>,
}

impl Band {
    fn of(min: Option<u32>, max: Option<u32>) -> Option<Self> {
        (min.is_some() || max.is_some()).then(|| Self {
            min: min.unwrap_or(0),
            max,
        })
    }

    /// A value that nobody measured is in no band.
    fn holds(self, value: Option<u32>) -> bool {
        value.is_some_and(|v| v >= self.min && self.max.is_none_or(|max| v < max))
    }
}

/// Restrictions with every absent bound filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    /// Begin and end of the daily window in milliseconds of the local day; the begin is later when it passes midnight.
    clock: (i64, i64),
    dates: (i64, i64),
    days: u8,
    energy: (u64, u64),
    elapsed: (i64, i64),
    power: Option<Band>,
    current: Option<Band>,
}

impl When {
    /// Prepares restrictions; `None` when they restrict nothing.
    pub(crate) fn of(r: &Restrictions) -> Option<Self> {
        let ms = |minute: u16| i64::from(minute).saturating_mul(MINUTE);
        // OCPI 2.2.1, `end_time`: 00:00 stops at the end of the day.
        let end = r.end_minute.filter(|m| *m != 0).map_or(DAY, ms);
        let seconds = |s: u32| i64::from(s).saturating_mul(SECOND);
        let when = Self {
            clock: (r.start_minute.map_or(0, ms), end),
            dates: (
                r.start_day.map_or(i64::MIN, i64::from),
                r.end_day.map_or(i64::MAX, i64::from),
            ),
            days: if r.days == 0 { 0x7f } else { r.days & 0x7f },
            energy: (
                r.min_energy.map_or(0, |e| e.0),
                r.max_energy.map_or(u64::MAX, |e| e.0),
            ),
            elapsed: (
                r.min_duration_s.map_or(0, seconds),
                r.max_duration_s.map_or(i64::MAX, seconds),
            ),
            power: Band::of(r.min_power_w, r.max_power_w),
            current: Band::of(r.min_current_ma, r.max_current_ma),
        };
        let free = !when.is_local()
            && when.energy == (0, u64::MAX)
            && when.elapsed == (0, i64::MAX)
            && when.power.is_none()
            && when.current.is_none();
        (!free).then_some(when)
    }

    /// Whether local time matters.
    pub(crate) fn is_local(&self) -> bool {
        self.clock != (0, DAY) || self.dates != (i64::MIN, i64::MAX) || self.days != 0x7f
    }

    /// Milliseconds of the local day at which it may begin or cease to hold.
    pub(crate) fn clock_bounds(&self) -> [i64; 2] {
        [self.clock.0, self.clock.1]
    }

    /// Energies at which it may begin or cease to hold.
    pub(crate) fn energy_bounds(&self) -> [u64; 2] {
        [self.energy.0, self.energy.1]
    }

    /// Milliseconds since the begin at which it may begin or cease to hold.
    pub(crate) fn elapsed_bounds(&self) -> [i64; 2] {
        [self.elapsed.0, self.elapsed.1]
    }

    /// Whether every restriction holds.
    pub(crate) fn holds(&self, m: &Moment) -> bool {
        let (from, until) = self.clock;
        let clock = if from <= until {
            m.clock >= from && m.clock < until
        } else {
            m.clock >= from || m.clock < until
        };
        // 1970-01-01 was a Thursday, the fourth day from Monday.
        let weekday = m.day.saturating_add(3).rem_euclid(7);
        clock
            && m.day >= self.dates.0
            && m.day < self.dates.1
            && u8::try_from(weekday).is_ok_and(|d| {
                self.days
                    .checked_shr(u32::from(d))
                    .is_some_and(|bits| bits & 1 == 1)
            })
            && m.energy >= self.energy.0
            && m.energy < self.energy.1
            && m.elapsed >= self.elapsed.0
            && m.elapsed < self.elapsed.1
            && self.power.is_none_or(|band| band.holds(m.power))
            && self.current.is_none_or(|band| band.holds(m.current))
    }
}
