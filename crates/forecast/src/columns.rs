//! The specifications that we recommend and that the search starts from.

use crate::bias::BiasRule;
use crate::spec::{Anchor, Feature, FeatureSpec};
use fairway_model::hash::Hash;

/// What a member has besides its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extras {
    /// Its own day-ahead forecast.
    pub forecast: bool,
    /// Temperature, of the past and as forecast.
    pub temperature: bool,
    /// How many neighbours' loads.
    pub neighbours: u8,
}

impl FeatureSpec {
    /// The recommended columns for what a member has, up to `horizon` hours from the last known one.
    pub fn recommended(extras: Extras, horizon: u16, calendars: &[Hash]) -> Self {
        let mut calendars = calendars.to_vec();
        calendars.sort_unstable();
        calendars.dedup();
        let mut features = calendar_columns();
        features.extend(load_columns());
        for slot in 0..extras.neighbours {
            features.extend(neighbour_columns(slot));
        }
        if extras.forecast {
            features.extend(forecast_columns());
        }
        if extras.temperature {
            features.extend(temperature_columns());
        }
        Self {
            features,
            anchor: if extras.forecast {
                Anchor::Forecast
            } else {
                Anchor::Latest
            },
            bias: BiasRule::FORTNIGHT,
            horizon,
            calendars,
        }
    }
}

fn calendar_columns() -> Vec<Feature> {
    vec![
        Feature::Horizon,
        Feature::LocalHour,
        Feature::Weekday,
        Feature::DayOfYear,
        Feature::Holiday,
        Feature::FromHoliday,
    ]
}

fn load_columns() -> Vec<Feature> {
    let mut columns = Vec::new();
    columns.extend((0..7).map(|days| Feature::SameHour { days, shift: 0 }));
    columns.extend([-2, -1, 1, 2].map(|shift| Feature::SameHour { days: 0, shift }));
    columns.extend([1, 2, 3, 4].map(|weeks| Feature::Week { weeks, shift: 0 }));
    columns.extend([-1, 1].map(|shift| Feature::Week { weeks: 1, shift }));
    columns.push(Feature::Week {
        weeks: 52,
        shift: 0,
    });
    columns.extend([0, 1, 2, 3, 5, 8, 12].map(|hours| Feature::Recent { hours }));
    columns.extend([1, 3, 24, 48, 168].map(|hours| Feature::Change { hours }));
    columns.extend([0, 24, 48, 144].map(|skip| Feature::RecentMean { hours: 24, skip }));
    columns.push(Feature::RecentMean { hours: 6, skip: 0 });
    columns.push(Feature::RecentLow { hours: 24 });
    columns.push(Feature::RecentHigh { hours: 24 });
    columns.push(Feature::SameHourChange);
    columns.extend([672, 8_760].map(|hours| Feature::Level { hours }));
    columns
}

fn neighbour_columns(slot: u8) -> Vec<Feature> {
    let mut columns = Vec::new();
    columns.extend([0, 2, 5].map(|hours| Feature::NeighbourRecent { slot, hours }));
    columns.extend([3, 24].map(|hours| Feature::NeighbourChange { slot, hours }));
    columns.extend([0, 1].map(|days| Feature::NeighbourSameHour { slot, days }));
    columns.push(Feature::NeighbourMean { slot, hours: 24 });
    columns
}

fn forecast_columns() -> Vec<Feature> {
    let mut columns = vec![
        Feature::Forecast { shift: 0 },
        Feature::ForecastDayMean,
        Feature::ForecastBelowPeak,
        Feature::ForecastDayChange,
        Feature::ForecastFactor,
    ];
    columns.extend([-3, -2, -1, 1, 2, 3].map(|shift| Feature::ForecastStep { shift }));
    columns.extend([0, 1, 6].map(|days| Feature::ForecastAgainst { days }));
    columns.extend([0, 1, 2, 3, 5].map(|hours| Feature::Error { hours }));
    columns.extend([3, 6, 12, 24, 72, 168].map(|hours| Feature::ErrorMean { hours }));
    columns.extend([0, 1, 2, 6].map(|days| Feature::ErrorSameHour { days }));
    columns.extend([3, 7, 14, 28].map(|days| Feature::ErrorSameHourMean { days }));
    columns
}

fn temperature_columns() -> Vec<Feature> {
    let mut columns = Vec::new();
    columns.extend([-3, -1, 0, 1, 3].map(|shift| Feature::Temperature { shift }));
    columns.extend([24, 72].map(|hours| Feature::TemperatureMean { hours }));
    columns.push(Feature::TemperatureChange);
    columns
}
