//! What a model looks at: the feature specification, with its canonical bytes and hash.
//!
//! A model is bound to the hash of its specification, and the specification to the hash of its calendar. So two members cannot run one
//! model on features that differ in a lag, a rounding or a holiday without noticing.

use crate::bias::BiasRule;
use crate::track::{RATE, RATE_ALONE};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};

/// Domain label of a specification's hash.
pub const SPEC_DOMAIN: &str = "fairway.forecast.spec.v1";
/// The most features of a specification.
pub const MAX_FEATURES: usize = 256;
/// The longest look back of a feature, in hours: three years.
pub const MAX_LOOK_BACK: i64 = 3 * 366 * 24;
/// The furthest hour ahead that a specification may forecast.
pub const MAX_HORIZON: u16 = 168;
/// The most regions that share a specification.
pub const MAX_CALENDARS: usize = 64;
/// The most neighbours.
pub const MAX_NEIGHBOURS: u8 = 16;

/// One column. Loads are divided by the scale, the mean of the last 168 known hours, and counted in millionths.
/// *Latest* means the same hour of the day, the fewest whole days back at which it is known at issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Feature {
    /// Hours from the last known hour to the forecast one.
    #[n(0)]
    Horizon,
    /// Hour on the region's clock, 0 to 23.
    #[n(1)]
    LocalHour,
    /// Monday 0 to Sunday 6.
    #[n(2)]
    Weekday,
    /// Day of the year, 0 to 365.
    #[n(3)]
    DayOfYear,
    /// 1 on a holiday, else 0.
    #[n(4)]
    Holiday,
    /// Days from the nearest holiday, -7 to 7.
    #[n(5)]
    FromHoliday,
    /// Load of the latest same hour, so many further days back, moved by some hours.
    #[n(6)]
    SameHour {
        /// Further days back.
        #[n(0)]
        days: u16,
        /// Hours later (earlier where negative) than the same hour.
        #[n(1)]
        shift: i8,
    },
    /// Load so many weeks before, moved by some hours.
    #[n(7)]
    Week {
        /// Weeks back, at least 1.
        #[n(0)]
        weeks: u16,
        /// Hours later (earlier where negative).
        #[n(1)]
        shift: i8,
    },
    /// Load so many hours before the last known hour.
    #[n(8)]
    Recent {
        /// Hours back.
        #[n(0)]
        hours: u16,
    },
    /// Mean load of some hours up to so many hours before the last known hour.
    #[n(9)]
    RecentMean {
        /// Hours in the mean.
        #[n(0)]
        hours: u16,
        /// Hours between its end and the last known hour.
        #[n(1)]
        skip: u16,
    },
    /// Smallest load of the last hours.
    #[n(10)]
    RecentLow {
        /// Hours looked at.
        #[n(0)]
        hours: u16,
    },
    /// Largest load of the last hours.
    #[n(11)]
    RecentHigh {
        /// Hours looked at.
        #[n(0)]
        hours: u16,
    },
    /// Change from so many hours before the last known hour to it.
    #[n(12)]
    Change {
        /// Hours back.
        #[n(0)]
        hours: u16,
    },
    /// Change from a week before the latest same hour to it.
    #[n(13)]
    SameHourChange,
    /// Load of a neighbour, so many hours before the last known hour, by the neighbour's own scale.
    #[n(14)]
    NeighbourRecent {
        /// Which neighbour, from 0.
        #[n(0)]
        slot: u8,
        /// Hours back.
        #[n(1)]
        hours: u16,
    },
    /// Change of a neighbour's load from so many hours before the last known hour to it.
    #[n(15)]
    NeighbourChange {
        /// Which neighbour, from 0.
        #[n(0)]
        slot: u8,
        /// Hours back.
        #[n(1)]
        hours: u16,
    },
    /// A neighbour's load of the latest same hour.
    #[n(16)]
    NeighbourSameHour {
        /// Which neighbour, from 0.
        #[n(0)]
        slot: u8,
        /// Further days back.
        #[n(1)]
        days: u16,
    },
    /// Mean of a neighbour's last hours.
    #[n(17)]
    NeighbourMean {
        /// Which neighbour, from 0.
        #[n(0)]
        slot: u8,
        /// Hours in the mean.
        #[n(1)]
        hours: u16,
    },
    /// The corrected forecast, moved by some hours inside the same local day.
    #[n(18)]
    Forecast {
        /// Hours later (earlier where negative).
        #[n(0)]
        shift: i8,
    },
    /// Change of the corrected forecast from the hour to one so many hours later.
    #[n(19)]
    ForecastStep {
        /// Hours later (earlier where negative).
        #[n(0)]
        shift: i8,
    },
    /// Mean of the corrected forecast over the local day.
    #[n(20)]
    ForecastDayMean,
    /// The corrected forecast less the largest of the local day.
    #[n(21)]
    ForecastBelowPeak,
    /// The corrected forecast less the load of the latest same hour, so many further days back.
    #[n(22)]
    ForecastAgainst {
        /// Further days back.
        #[n(0)]
        days: u16,
    },
    /// Mean of the corrected forecast over the local day less the mean load of the last 24 known hours.
    #[n(23)]
    ForecastDayChange,
    /// Error of the corrected forecast, so many hours before the last known hour.
    #[n(24)]
    Error {
        /// Hours back.
        #[n(0)]
        hours: u16,
    },
    /// Mean error of the corrected forecast over the last known hours.
    #[n(25)]
    ErrorMean {
        /// Hours in the mean.
        #[n(0)]
        hours: u16,
    },
    /// Error of the corrected forecast in the latest same hour.
    #[n(26)]
    ErrorSameHour {
        /// Further days back.
        #[n(0)]
        days: u16,
    },
    /// Mean error of the corrected forecast in the latest same hours of several days.
    #[n(27)]
    ErrorSameHourMean {
        /// Days in the mean.
        #[n(0)]
        days: u16,
    },
    /// Temperature, in thousandths of a degree, moved by some hours; for hours to come it is a forecast.
    #[n(28)]
    Temperature {
        /// Hours later (earlier where negative).
        #[n(0)]
        shift: i8,
    },
    /// Mean temperature of some hours up to the forecast hour.
    #[n(29)]
    TemperatureMean {
        /// Hours in the mean.
        #[n(0)]
        hours: u16,
    },
    /// Temperature less that of the latest same hour.
    #[n(30)]
    TemperatureChange,
    /// The scale against the mean of a longer past, both in millionths of that mean.
    #[n(31)]
    Level {
        /// Hours in the longer past.
        #[n(0)]
        hours: u16,
    },
    /// What the posted forecast of the hour is multiplied with to correct it, against the mean of the hours of its local day, in millionths of that mean. The part of the
    /// correction that all hours share, such as a constant lie, is not in it.
    #[n(32)]
    ForecastFactor,
}

/// What a model's output is added to, after it is multiplied with the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Anchor {
    /// The member's corrected forecast.
    #[n(0)]
    Forecast,
    /// The load a week before.
    #[n(1)]
    Week,
    /// The load of the latest same hour.
    #[n(2)]
    Latest,
    /// Nothing: the model forecasts the load itself.
    #[n(3)]
    Zero,
}

/// A feature specification.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FeatureSpec {
    /// The columns, in their order.
    #[n(0)]
    pub features: Vec<Feature>,
    /// What the model's output is added to.
    #[n(1)]
    pub anchor: Anchor,
    /// How the member's forecast is corrected.
    #[n(2)]
    pub bias: BiasRule,
    /// The furthest hour from the last known one, 1 to [`MAX_HORIZON`].
    #[n(3)]
    pub horizon: u16,
    /// Hashes of the calendars whose regions may use it, in rising order: one, or several where regions share a model.
    #[n(4)]
    pub calendars: Vec<Hash>,
}

impl FeatureSpec {
    /// Whole days back at which the same hour is known for every hour of a day of 24 hours. The one hour more of a day on which clocks are
    /// put back lies beyond; [`crate::view::View`] goes a day further back for it.
    pub fn lag_days(&self) -> i64 {
        i64::from(self.horizon)
            .saturating_add(22)
            .div_euclid(24)
            .max(1)
    }

    /// The hash that models hold.
    pub fn hash(&self) -> Hash {
        self.digest(SPEC_DOMAIN)
    }

    /// The rate at which quantiles of these columns are tracked, see [`crate::track`].
    pub fn rate(&self) -> u16 {
        if self.uses_forecast() {
            RATE
        } else {
            RATE_ALONE
        }
    }

    /// Whether a column or the anchor asks for the member's own forecast.
    pub fn uses_forecast(&self) -> bool {
        self.anchor == Anchor::Forecast || self.features.iter().any(|f| f.is_of_forecast())
    }

    /// Reads canonical bytes and checks them.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let spec = Self::from_bytes(bytes).map_err(|error| error.to_string())?;
        spec.check()?;
        Ok(spec)
    }

    /// Whether every number is in its range.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.features.is_empty() || self.features.len() > MAX_FEATURES {
            return Err(format!(
                "{} features; a specification has 1 to {MAX_FEATURES}",
                self.features.len()
            ));
        }
        if !(1..=MAX_HORIZON).contains(&self.horizon) {
            return Err(format!(
                "horizon of {} hours; it is 1 to {MAX_HORIZON}",
                self.horizon
            ));
        }
        let rising = |pair: (&Hash, &Hash)| pair.0 < pair.1;
        let in_order = self
            .calendars
            .iter()
            .zip(self.calendars.iter().skip(1))
            .all(rising);
        if self.calendars.is_empty() || self.calendars.len() > MAX_CALENDARS || !in_order {
            return Err(format!(
                "1 to {MAX_CALENDARS} calendars are named, in rising order of their hashes"
            ));
        }
        if !self.bias.is_sound() {
            return Err("the bias rule is out of its ranges: 1 to 60 days, at most 3 hours beside, no more readings than there are".to_owned());
        }
        let wrong = self.features.iter().position(|f| !f.is_sound(self.horizon));
        wrong.map_or(Ok(()), |place| {
            Err(format!(
                "feature {place} ({:?}) is out of its range",
                self.features.get(place)
            ))
        })
    }
}

impl Feature {
    fn is_of_forecast(self) -> bool {
        matches!(
            self,
            Self::Forecast { .. }
                | Self::ForecastStep { .. }
                | Self::ForecastDayMean
                | Self::ForecastBelowPeak
                | Self::ForecastAgainst { .. }
                | Self::ForecastDayChange
                | Self::Error { .. }
                | Self::ErrorMean { .. }
                | Self::ErrorSameHour { .. }
                | Self::ErrorSameHourMean { .. }
                | Self::ForecastFactor
        )
    }

    fn is_sound(self, horizon: u16) -> bool {
        let hours_fit = |hours: u16| (1..=MAX_LOOK_BACK).contains(&i64::from(hours));
        let days_fit = |days: u16| i64::from(days).saturating_mul(24) <= MAX_LOOK_BACK;
        match self {
            // A week before, moved, must be known at issue whatever the horizon.
            Self::Week { weeks, shift } => {
                weeks >= 1
                    && days_fit(weeks.saturating_mul(7))
                    && i64::from(shift) <= 168_i64.saturating_sub(i64::from(horizon))
            }
            Self::SameHour { days, .. }
            | Self::ForecastAgainst { days }
            | Self::ErrorSameHour { days } => days_fit(days),
            Self::ErrorSameHourMean { days } => (1..=60).contains(&days),
            Self::RecentMean { hours, skip } => {
                hours_fit(hours) && hours_fit(skip.saturating_add(1))
            }
            Self::RecentLow { hours } | Self::RecentHigh { hours } => (1..=168).contains(&hours),
            Self::TemperatureMean { hours } | Self::Level { hours } | Self::ErrorMean { hours } => {
                hours_fit(hours)
            }
            Self::NeighbourMean { slot, hours } => slot < MAX_NEIGHBOURS && hours_fit(hours),
            Self::NeighbourSameHour { slot, days } => slot < MAX_NEIGHBOURS && days_fit(days),
            Self::NeighbourRecent { slot, hours } | Self::NeighbourChange { slot, hours } => {
                slot < MAX_NEIGHBOURS && hours_fit(hours.saturating_add(1))
            }
            Self::Recent { hours } | Self::Change { hours } | Self::Error { hours } => {
                hours_fit(hours.saturating_add(1))
            }
            _ => true,
        }
    }
}
