//! A load that nobody has: made from a seed by whole-number arithmetic, for tests, golden vectors and demonstrations.
//!
//! It is marked as synthetic wherever it is shown. Its parts: a mean load; a shape of the day with a morning and an evening
//! peak; a lighter weekend and holidays; a year with a summer and a winter peak; weather as a slow random walk that pulls back to zero; noise. The
//! day-ahead forecast knows the weather with an error of its own and leans to one side, as real ones do.

use crate::calendar::Calendar;
use crate::hour::{Day, Hour};
use crate::number::{PERMILLE, Sequence, scaled};
use crate::series::Series;
use crate::view::Inputs;

/// Thousandths of the mean load by the hour on the clock.
const DAY_SHAPE: [i64; 24] = [
    820, 790, 775, 770, 785, 840, 940, 1_010, 1_030, 1_035, 1_040, 1_045, 1_050, 1_055, 1_065,
    1_085, 1_120, 1_160, 1_170, 1_150, 1_110, 1_050, 970, 890,
];
/// Thousandths by the weekday, from Monday.
const WEEK_SHAPE: [i64; 7] = [1_010, 1_020, 1_025, 1_020, 1_010, 965, 950];
/// Thousandths by the month, from January.
const YEAR_SHAPE: [i64; 12] = [
    1_080, 1_040, 950, 900, 930, 1_040, 1_110, 1_110, 1_020, 900, 930, 1_030,
];

/// What kind of load is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synthetic {
    /// Seed of weather and noise.
    pub seed: u64,
    /// Mean load in kilowatts.
    pub mean: i64,
    /// The first local day.
    pub first: Day,
    /// How many days.
    pub days: u16,
    /// Thousandths by which the day-ahead forecast leans upward.
    pub lean: i64,
}

impl Synthetic {
    /// Load, day-ahead forecast and temperature (thousandths of a degree Celsius) under a region's calendar.
    pub fn make(&self, calendar: &Calendar) -> Inputs {
        let start = calendar.begin(self.first);
        let end = calendar.begin(self.first.plus(i64::from(self.days)));
        let mut chance = Sequence::new(self.seed);
        let (mut weather, mut guess_off) = (0_i64, 0_i64);
        let (mut load, mut forecast, mut temperature) = (Vec::new(), Vec::new(), Vec::new());
        for hour in (start.0..end.0).map(Hour) {
            weather = pulled(weather, spread(&mut chance, 4_000), 990);
            guess_off = pulled(guess_off, spread(&mut chance, 1_500), 980);
            let usual = self.usual(calendar, hour);
            let noise = spread(&mut chance, 6);
            load.push(Some(with(usual, weather / 1_000 + noise)));
            forecast.push(Some(with(usual, (weather + guess_off) / 1_000 + self.lean)));
            temperature.push(Some(15_000 + weather / 4));
        }
        Inputs {
            load: Series::new(start, load),
            forecast: Some(Series::new(start, forecast)),
            temperature: Some(Series::new(start, temperature)),
            neighbours: Vec::new(),
        }
    }

    /// The load without weather and noise.
    fn usual(&self, calendar: &Calendar, hour: Hour) -> i64 {
        let local = calendar.local(hour);
        let (_, month, _) = crate::hour::date_of(local.day);
        let resting = calendar.is_holiday(local.day);
        let weekday = if resting {
            6
        } else {
            Calendar::weekday(local.day)
        };
        let shapes = [
            at(&DAY_SHAPE, i64::from(local.hour)),
            at(&WEEK_SHAPE, i64::from(weekday)),
            at(&YEAR_SHAPE, month - 1),
        ];
        shapes
            .iter()
            .fold(self.mean, |load, shape| scaled(load, *shape, PERMILLE))
    }
}

fn at(shape: &[i64], place: i64) -> i64 {
    let place = usize::try_from(place).unwrap_or(0);
    shape.get(place).copied().unwrap_or(PERMILLE)
}

/// A load with so many thousandths more.
fn with(usual: i64, thousandths: i64) -> i64 {
    scaled(usual, PERMILLE + thousandths.clamp(-500, 1_000), PERMILLE)
}

/// A number from `-size` to `size`.
fn spread(chance: &mut Sequence, size: i64) -> i64 {
    let numbers = size.unsigned_abs().saturating_mul(2).saturating_add(1);
    i64::try_from(chance.below(numbers)).unwrap_or(0) - size
}

/// A step of a walk that pulls back to zero: `keep` thousandths of where it was, and the step.
fn pulled(value: i64, step: i64, keep: i64) -> i64 {
    scaled(value, keep, PERMILLE) + step
}
