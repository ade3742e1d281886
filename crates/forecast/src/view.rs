//! What is known about a member's load, and the numbers that a model sees of it for one hour to come.
//!
//! Invariant: a row for an hour uses no load after the last known hour, no posted forecast after the hour's local day, and nothing but
//! whole numbers. A missing value is [`MISSING`], never a guess.

use crate::bias::Corrected;
use crate::calendar::{Calendar, Local};
use crate::hour::Hour;
use crate::number::{MISSING, PPM, count, feature, ratio, scaled};
use crate::series::Series;
use crate::spec::{Anchor, Feature, FeatureSpec};

/// Hours whose mean is the scale of a member's load.
pub const SCALE_HOURS: i64 = 168;
/// How many whole days an anchor goes further back where a reading is missing.
const ANCHOR_TRIES: i64 = 7;

/// A member's data, as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Measured load, in kilowatts.
    pub load: Series,
    /// The member's own day-ahead forecast as posted, in kilowatts.
    pub forecast: Option<Series>,
    /// Temperature in thousandths of a degree, measured for the past and forecast for hours to come.
    pub temperature: Option<Series>,
    /// Loads of neighbours, in the order of the specification's slots.
    pub neighbours: Vec<Series>,
}

/// Why there is no row for an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRow {
    /// The hour is not 1 to `horizon` hours after the last known one.
    OutOfHorizon {
        /// Hours from the last known hour.
        ahead: i64,
        /// The specification's furthest.
        horizon: u16,
    },
    /// Fewer than half of the last 168 hours have a reading, or their mean is not positive.
    NoScale,
    /// The member posted no forecast for the hour.
    NoForecast,
    /// No earlier same hour has a reading.
    NoAnchor,
    /// The calendar's table does not reach the hour.
    NoCalendar,
    /// The specification names other calendars than this one.
    OtherCalendar,
}

impl core::fmt::Display for NoRow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OutOfHorizon { ahead, horizon } => write!(
                f,
                "{ahead} hours after the last known hour; the model reaches 1 to {horizon}"
            ),
            Self::NoScale => write!(
                f,
                "fewer than half of the last {SCALE_HOURS} hours have a positive reading"
            ),
            Self::NoForecast => write!(f, "no forecast was posted for the hour"),
            Self::NoAnchor => write!(f, "no earlier same hour has a reading"),
            Self::NoCalendar => write!(f, "the calendar's table does not reach the hour"),
            Self::OtherCalendar => write!(f, "the specification is for another calendar"),
        }
    }
}

/// The numbers for one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The hour to forecast.
    pub hour: Hour,
    /// The last hour whose load is known.
    pub last: Hour,
    /// Kilowatts that a model output of one is worth.
    pub scale: i64,
    /// Kilowatts that the model's output is added to.
    pub anchor: i64,
    /// The columns of the specification.
    pub values: Vec<i32>,
}

impl Row {
    /// The load that a model output means, in kilowatts, never negative: `anchor + output x scale / 10^6`, to the nearest.
    pub fn load(&self, output: i64) -> i64 {
        self.anchor
            .saturating_add(scaled(self.scale, output, PPM))
            .max(0)
    }

    /// The model output that would have been right for a load; the inverse of [`Row::load`] up to rounding.
    pub fn target(&self, load: i64) -> i32 {
        ratio(load.saturating_sub(self.anchor), self.scale)
    }
}

/// A member's data under one specification.
#[derive(Debug)]
pub struct View<'a> {
    inputs: &'a Inputs,
    calendar: &'a Calendar,
    spec: &'a FeatureSpec,
    corrected: Option<Corrected>,
}

/// What the columns of one row have in common.
struct Moment {
    last: Hour,
    hour: Hour,
    /// The latest same hour that is known.
    same: Hour,
    scale: i64,
    local: Local,
}

impl<'a> View<'a> {
    /// Joins data, calendar and specification, and corrects the posted forecast.
    ///
    /// # Errors
    /// [`NoRow::OtherCalendar`] when the specification is for another region.
    pub fn new(
        inputs: &'a Inputs,
        calendar: &'a Calendar,
        spec: &'a FeatureSpec,
    ) -> Result<Self, NoRow> {
        if !spec.calendars.contains(&calendar.hash()) {
            return Err(NoRow::OtherCalendar);
        }
        let posted = inputs.forecast.as_ref().filter(|_| spec.uses_forecast());
        let corrected = posted.map(|f| spec.bias.correct(&inputs.load, f, spec.lag_days()));
        Ok(Self {
            inputs,
            calendar,
            spec,
            corrected,
        })
    }

    /// The corrected forecast, where there is one.
    pub fn corrected(&self) -> Option<&Corrected> {
        self.corrected.as_ref()
    }

    /// The data.
    pub fn inputs(&self) -> &Inputs {
        self.inputs
    }

    /// The specification.
    pub fn spec(&self) -> &FeatureSpec {
        self.spec
    }

    /// The region's calendar.
    pub fn calendar(&self) -> &Calendar {
        self.calendar
    }

    /// The row of `hour` when `last` is the last hour whose load is known.
    ///
    /// # Errors
    /// [`NoRow`] says what is missing.
    pub fn row(&self, last: Hour, hour: Hour) -> Result<Row, NoRow> {
        let ahead = hour.since(last);
        if !(1..=i64::from(self.spec.horizon)).contains(&ahead) {
            return Err(NoRow::OutOfHorizon {
                ahead,
                horizon: self.spec.horizon,
            });
        }
        let local = self.calendar.local(hour);
        if !self.calendar.covers(local.day) {
            return Err(NoRow::NoCalendar);
        }
        let scale = self
            .inputs
            .load
            .mean(last, SCALE_HOURS)
            .filter(|mean| *mean > 0)
            .ok_or(NoRow::NoScale)?;
        let back = ahead.saturating_add(23).div_euclid(24).saturating_mul(24);
        let moment = Moment {
            last,
            hour,
            same: hour.plus(-back),
            scale,
            local,
        };
        let anchor = self.anchor(&moment)?;
        let columns = self.spec.features.iter();
        Ok(Row {
            hour,
            last,
            scale,
            anchor,
            values: columns.map(|f| self.column(*f, &moment)).collect(),
        })
    }

    fn anchor(&self, m: &Moment) -> Result<i64, NoRow> {
        let back = |from: Hour, days: i64| {
            (0..ANCHOR_TRIES).find_map(|n| self.inputs.load.get(from.plus(-24 * days * n)))
        };
        match self.spec.anchor {
            Anchor::Forecast => self.posted(m, m.hour).ok_or(NoRow::NoForecast),
            Anchor::Week => back(m.hour.plus(-168), 7).ok_or(NoRow::NoAnchor),
            Anchor::Latest => back(m.same, 1).ok_or(NoRow::NoAnchor),
            Anchor::Zero => Ok(0),
        }
    }

    /// The corrected forecast of an hour as it stands at issue.
    fn posted(&self, m: &Moment, hour: Hour) -> Option<i64> {
        let lag = self.spec.lag_days();
        if hour.since(m.last) <= lag.saturating_mul(24) {
            return self.corrected.as_ref()?.values.get(hour);
        }
        let (load, posted) = (&self.inputs.load, self.inputs.forecast.as_ref()?);
        let factor = self.spec.bias.factor(load, posted, hour, lag + 1);
        posted.get(hour).map(|value| scaled(value, factor, PPM))
    }

    fn column(&self, column: Feature, m: &Moment) -> i32 {
        match column {
            Feature::Horizon => feature(m.hour.since(m.last)),
            Feature::LocalHour => m.local.hour,
            Feature::Weekday => Calendar::weekday(m.local.day),
            Feature::DayOfYear => day_of_year(m.local),
            Feature::Holiday => i32::from(self.calendar.is_holiday(m.local.day)),
            Feature::FromHoliday => feature(self.calendar.from_holiday(m.local.day, 7)),
            Feature::Temperature { .. }
            | Feature::TemperatureMean { .. }
            | Feature::TemperatureChange => {
                self.temperature_column(column, m).map_or(MISSING, feature)
            }
            Feature::NeighbourRecent { slot, .. }
            | Feature::NeighbourChange { slot, .. }
            | Feature::NeighbourSameHour { slot, .. }
            | Feature::NeighbourMean { slot, .. } => {
                self.neighbour_column(column, slot, m).unwrap_or(MISSING)
            }
            Feature::ForecastFactor => self.factor_column(m).unwrap_or(MISSING),
            Feature::Level { hours } => self
                .inputs
                .load
                .mean(m.last, i64::from(hours))
                .map_or(MISSING, |mean| ratio(m.scale, mean)),
            _ => self
                .load_column(column, m)
                .or_else(|| self.forecast_column(column, m))
                .map_or(MISSING, |kilowatts| ratio(kilowatts, m.scale)),
        }
    }

    /// Columns over the member's own load, in kilowatts.
    fn load_column(&self, column: Feature, m: &Moment) -> Option<i64> {
        let known = |hour: Hour| self.inputs.load.get(hour).filter(|_| hour <= m.last);
        let recent = |hours: u16| (0..i64::from(hours)).filter_map(|n| known(m.last.plus(-n)));
        match column {
            Feature::SameHour { days, shift } => {
                known(m.same.plus(i64::from(shift) - 24 * i64::from(days)))
            }
            Feature::Week { weeks, shift } => {
                known(m.hour.plus(i64::from(shift) - 168 * i64::from(weeks)))
            }
            Feature::Recent { hours } => known(m.last.plus(-i64::from(hours))),
            Feature::RecentMean { hours, skip } => self
                .inputs
                .load
                .mean(m.last.plus(-i64::from(skip)), i64::from(hours)),
            Feature::RecentLow { hours } => recent(hours).min(),
            Feature::RecentHigh { hours } => recent(hours).max(),
            Feature::Change { hours } => {
                Some(known(m.last)? - known(m.last.plus(-i64::from(hours)))?)
            }
            Feature::SameHourChange => Some(known(m.same)? - known(m.same.plus(-168))?),
            _ => None,
        }
    }

    /// Columns over the corrected forecast, in kilowatts.
    fn forecast_column(&self, column: Feature, m: &Moment) -> Option<i64> {
        let corrected = self.corrected.as_ref()?;
        let at = |shift: i8| {
            let hour = m.hour.plus(i64::from(shift));
            // What lies after the local day is posted only after the issue.
            let inside = self.calendar.local(hour).day <= m.local.day;
            self.posted(m, hour).filter(|_| inside)
        };
        let error = |hour: Hour| corrected.errors.get(hour).filter(|_| hour <= m.last);
        let own = |hour: Hour| self.inputs.load.get(hour).filter(|_| hour <= m.last);
        match column {
            Feature::Forecast { shift } => at(shift),
            Feature::ForecastStep { shift } => Some(at(shift)? - at(0)?),
            Feature::ForecastDayMean => self.day_mean(m),
            Feature::ForecastBelowPeak => {
                let day = self.calendar.hours(m.local.day);
                let peak = day.filter_map(|hour| self.posted(m, hour)).max()?;
                Some(at(0)? - peak)
            }
            Feature::ForecastAgainst { days } => {
                Some(at(0)? - own(m.same.plus(-24 * i64::from(days)))?)
            }
            Feature::ForecastDayChange => {
                Some(self.day_mean(m)? - self.inputs.load.mean(m.last, 24)?)
            }
            Feature::Error { hours } => error(m.last.plus(-i64::from(hours))),
            Feature::ErrorMean { hours } => corrected.errors.mean(m.last, i64::from(hours)),
            Feature::ErrorSameHour { days } => error(m.same.plus(-24 * i64::from(days))),
            Feature::ErrorSameHourMean { days } => {
                let found: Vec<i64> = (0..i64::from(days))
                    .filter_map(|n| error(m.same.plus(-24 * n)))
                    .collect();
                found
                    .iter()
                    .sum::<i64>()
                    .checked_div_euclid(count(found.len()))
            }
            _ => None,
        }
    }

    /// The hour's factor of correction against that of its local day.
    fn factor_column(&self, m: &Moment) -> Option<i32> {
        let factors = &self.corrected.as_ref()?.factors;
        // The one hour more of a day of 25 hours has the factor of the hour before it.
        let latest = m.last.plus(self.spec.lag_days().saturating_mul(24));
        let day = self.calendar.hours(m.local.day);
        let known: Vec<i64> = day
            .filter(|hour| *hour <= latest)
            .filter_map(|hour| factors.get(hour))
            .collect();
        let sum = known.iter().copied().fold(0, i64::saturating_add);
        let mean = sum.checked_div_euclid(count(known.len()))?;
        let own = factors.get(m.hour.min(latest))?;
        (mean > 0).then(|| ratio(own, mean))
    }

    fn day_mean(&self, m: &Moment) -> Option<i64> {
        let day = self.calendar.hours(m.local.day);
        let found: Vec<i64> = day.filter_map(|hour| self.posted(m, hour)).collect();
        found
            .iter()
            .sum::<i64>()
            .checked_div_euclid(count(found.len()))
    }

    /// Columns over one neighbour's load, by the neighbour's own scale.
    fn neighbour_column(&self, column: Feature, slot: u8, m: &Moment) -> Option<i32> {
        let load = self.inputs.neighbours.get(usize::from(slot))?;
        let scale = load.mean(m.last, SCALE_HOURS).filter(|mean| *mean > 0)?;
        let known = |hour: Hour| load.get(hour).filter(|_| hour <= m.last);
        let kilowatts = match column {
            Feature::NeighbourRecent { hours, .. } => known(m.last.plus(-i64::from(hours)))?,
            Feature::NeighbourChange { hours, .. } => {
                known(m.last)? - known(m.last.plus(-i64::from(hours)))?
            }
            Feature::NeighbourSameHour { days, .. } => known(m.same.plus(-24 * i64::from(days)))?,
            Feature::NeighbourMean { hours, .. } => load.mean(m.last, i64::from(hours))?,
            _ => return None,
        };
        Some(ratio(kilowatts, scale))
    }

    fn temperature_column(&self, column: Feature, m: &Moment) -> Option<i64> {
        let temperature = self.inputs.temperature.as_ref()?;
        match column {
            Feature::Temperature { shift } => temperature.get(m.hour.plus(i64::from(shift))),
            Feature::TemperatureMean { hours } => temperature.mean(m.hour, i64::from(hours)),
            Feature::TemperatureChange => Some(temperature.get(m.hour)? - temperature.get(m.same)?),
            _ => None,
        }
    }
}

fn day_of_year(local: Local) -> i32 {
    let (year, _, _) = crate::hour::date_of(local.day);
    let first = crate::hour::day_of(year, 1, 1).map_or(0, |day| day.0);
    feature(local.day.0.saturating_sub(first))
}
