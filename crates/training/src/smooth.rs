//! Double seasonal exponential smoothing (Taylor 2003, Journal of the Operational Research Society 54, 799-805) in whole numbers.
//!
//! The load is a level, a share of the hour of the day and a share of the hour of the week; the error of the last hour fades out over the hours to come. Values are
//! in thousandths of a kilowatt, gains in thousandths, every product to the nearest. The gains are chosen from a grid by the errors of one day ahead before the search begins.

use fairway_forecast::hour::Hour;
use fairway_forecast::number::{PERMILLE, scaled};
use fairway_forecast::series::Series;

/// Hours of the week.
const WEEK: usize = 168;
/// Hours of the day.
const DAY: usize = 24;
/// A missing load is passed over; the fading error is forgotten after so many hours of silence.
const FORGET: i64 = 3;

/// How fast each part follows the load, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gains {
    /// The level.
    pub level: i64,
    /// The hour of the day.
    pub day: i64,
    /// The hour of the week.
    pub week: i64,
    /// What is left of an error after an hour.
    pub fade: i64,
}

/// The state after some hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smoother {
    gains: Gains,
    level: i64,
    day: Vec<i64>,
    week: Vec<i64>,
    error: i64,
    last: Option<Hour>,
}

fn place(hour: Hour, period: usize) -> usize {
    let period = i64::try_from(period).unwrap_or(1);
    usize::try_from(hour.0.rem_euclid(period)).unwrap_or(0)
}

impl Smoother {
    /// A smoother that has seen nothing.
    pub fn new(gains: Gains) -> Self {
        Self {
            gains,
            level: 0,
            day: vec![0; DAY],
            week: vec![0; WEEK],
            error: 0,
            last: None,
        }
    }

    /// Learns the load of an hour, in kilowatts. Hours come in their order.
    pub fn learn(&mut self, hour: Hour, load: i64) {
        let value = load.saturating_mul(PERMILLE);
        let Some(last) = self.last else {
            self.level = value;
            self.last = Some(hour);
            return;
        };
        let gap = hour.since(last);
        let before = if gap > FORGET { 0 } else { self.error };
        let plain = value.saturating_sub(self.usual(hour));
        // What the fading error foretold is no news.
        let news = plain.saturating_sub(scaled(before, self.gains.fade, PERMILLE));
        self.level = self
            .level
            .saturating_add(scaled(news, self.gains.level, PERMILLE));
        for (parts, period, gain) in [
            (&mut self.day, DAY, self.gains.day),
            (&mut self.week, WEEK, self.gains.week),
        ] {
            if let Some(part) = parts.get_mut(place(hour, period)) {
                *part = part.saturating_add(scaled(news, gain, PERMILLE));
            }
        }
        self.error = plain;
        self.last = Some(hour);
    }

    fn usual(&self, hour: Hour) -> i64 {
        let part =
            |parts: &[i64], period: usize| parts.get(place(hour, period)).copied().unwrap_or(0);
        self.level
            .saturating_add(part(&self.day, DAY))
            .saturating_add(part(&self.week, WEEK))
    }

    /// The load of an hour to come, in kilowatts; `None` before anything was learned.
    pub fn forecast(&self, hour: Hour) -> Option<i64> {
        let ahead = hour.since(self.last?).clamp(0, 24 * 7);
        let fading = (0..ahead).fold(self.error, |error, _| {
            scaled(error, self.gains.fade, PERMILLE)
        });
        Some(scaled(self.usual(hour).saturating_add(fading), 1, PERMILLE).max(0))
    }
}

/// The gains that do best on a series up to an hour: mean absolute error of the same hour of the next day, over the last half.
pub fn tuned(load: &Series, until: Hour) -> Gains {
    let mut best: Option<(i64, Gains)> = None;
    for level in [2, 10, 40] {
        for day in [50, 150, 300] {
            for week in [50, 150, 300] {
                for fade in [900, 970] {
                    let gains = Gains {
                        level,
                        day,
                        week,
                        fade,
                    };
                    let loss = loss(load, until, gains);
                    if best.is_none_or(|(least, _)| loss < least) {
                        best = Some((loss, gains));
                    }
                }
            }
        }
    }
    best.map_or(
        Gains {
            level: 10,
            day: 150,
            week: 150,
            fade: 950,
        },
        |(_, gains)| gains,
    )
}

fn loss(load: &Series, until: Hour, gains: Gains) -> i64 {
    let mut smoother = Smoother::new(gains);
    let half = load.start().0.midpoint(until.0);
    let mut sum = 0_i64;
    for (hour, value) in load.iter().take_while(|(hour, _)| *hour <= until) {
        let Some(value) = value else { continue };
        smoother.learn(hour, value);
        let later = hour.plus(24);
        if let (true, Some(truth), Some(said)) = (
            hour.0 >= half && later <= until,
            load.get(later),
            smoother.forecast(later),
        ) {
            sum = sum.saturating_add((truth - said).abs());
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_repeats_itself_is_learned() {
        let load = Series::new(
            Hour(0),
            (0..24 * 70)
                .map(|h| Some(10_000 + 100 * (h % 24) + 50 * (h / 24 % 7)))
                .collect(),
        );
        let gains = tuned(&load, Hour(24 * 60 - 1));
        let mut smoother = Smoother::new(gains);
        assert_eq!(smoother.forecast(Hour(0)), None);
        for (hour, value) in load.iter().take(24 * 60) {
            smoother.learn(hour, value.unwrap());
        }
        for hour in (24 * 60..24 * 62).map(Hour) {
            let (said, truth) = (smoother.forecast(hour).unwrap(), load.get(hour).unwrap());
            assert!(
                (said - truth).abs() < truth / 50,
                "{hour:?}: {said} for {truth}"
            );
        }
    }

    #[test]
    fn an_error_fades_out() {
        let mut smoother = Smoother::new(Gains {
            level: 0,
            day: 0,
            week: 0,
            fade: 500,
        });
        smoother.learn(Hour(0), 1_000);
        smoother.learn(Hour(1), 1_800);
        let said: Vec<i64> = (2..5)
            .map(|h| smoother.forecast(Hour(h)).unwrap())
            .collect();
        assert_eq!(said, [1_400, 1_200, 1_100]);
    }
}
