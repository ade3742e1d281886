//! Candidates without training: what they say, and quantiles from their own errors of the last four weeks.
//!
//! The median is what they say, without the bias of their errors: a utility's forecast is compared as the utility posted it.

use crate::candidate::Candidate;
use crate::search::Member;
use crate::smooth::{Smoother, tuned};
use fairway_forecast::backtest::{Issue, Mark, Published};
use fairway_forecast::baseline::{empirical_quantiles, seasonal};
use fairway_forecast::bias::{BiasRule, Corrected};
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::number::{PPM, scaled};
use fairway_forecast::series::Series;
use fairway_forecast::track::{LEVELS, MEDIAN};

/// Days whose errors make the quantiles.
const ERROR_DAYS: u16 = 28;
/// Days that are played before the first one that counts, so that there are errors.
const WARM_UP: i64 = 40;

/// What is said of one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The hour.
    pub hour: Hour,
    /// The last known hour.
    pub last: Hour,
    /// The local day.
    pub day: Day,
    /// The hour on the clock.
    pub clock: i32,
    /// The quantiles of [`LEVELS`], in kilowatts; none where the candidate has nothing to say.
    pub quantiles: Option<Vec<i64>>,
}

/// What a candidate says of the hours of some days.
pub fn say(
    candidate: Candidate,
    member: &Member,
    issue: Issue,
    first: Day,
    last: Day,
) -> Vec<Said> {
    let begin = first.plus(-WARM_UP);
    let mut speaker = Speaker::new(candidate, member, issue, first);
    let mut points = Vec::new();
    for day in (begin.0..=last.0).map(Day) {
        let known = issue.last(&member.calendar, day);
        for hour in member.calendar.hours(day) {
            let point = speaker.point(known, hour);
            points.push((day, known, hour, point));
        }
    }
    let start = points.first().map_or(Hour(0), |(_, _, hour, _)| *hour);
    let errors = points
        .iter()
        .map(|(_, _, hour, point)| Some(member.truth.get(*hour)? - (*point)?));
    let errors = Series::new(start, errors.collect());
    let wanted = points.into_iter().filter(|(day, ..)| *day >= first);
    wanted
        .map(|(day, known, hour, point)| Said {
            hour,
            last: known,
            day,
            clock: member.calendar.local(hour).hour,
            quantiles: point.map(|point| {
                let found = quantiles_beside(point, &errors, known, hour);
                found.into_iter().map(|value| value.max(0)).collect()
            }),
        })
        .collect()
}

/// Quantiles of [`LEVELS`] around a point, in kilowatts: the median is the point itself, so that a forecast is judged as it was said, and the others are the point plus
/// what its errors in the same hour of the last four weeks were, none of them on the wrong side of it. Errors count that are known at `last`.
pub fn quantiles_beside(point: i64, errors: &Series, last: Hour, hour: Hour) -> Vec<i64> {
    let found = empirical_quantiles(point, errors, last, hour, ERROR_DAYS, &LEVELS);
    let pairs = found.into_iter().zip(LEVELS);
    pairs
        .map(|(value, level)| match level.cmp(&MEDIAN) {
            core::cmp::Ordering::Less => value.min(point),
            core::cmp::Ordering::Equal => point,
            core::cmp::Ordering::Greater => value.max(point),
        })
        .collect()
}

/// The same over hours with a measured load, as back-tests have it.
pub fn published(
    candidate: Candidate,
    member: &Member,
    issue: Issue,
    first: Day,
    last: Day,
) -> Vec<Published> {
    let said = say(candidate, member, issue, first, last).into_iter();
    said.filter_map(|said| {
        let load = member.truth.get(said.hour)?;
        Some(Published {
            mark: Mark {
                day: said.day,
                clock: said.clock,
                hour: said.hour,
                last: said.last,
                scale: PPM,
                anchor: 0,
                load,
            },
            quantiles: said.quantiles?,
        })
    })
    .collect()
}

/// A candidate that is asked hour by hour, in rising order of the last known hour.
struct Speaker<'a> {
    candidate: Candidate,
    member: &'a Member,
    lag: i64,
    corrected: Option<Corrected>,
    smoother: Option<Smoother>,
    learned: Hour,
}

impl<'a> Speaker<'a> {
    fn new(candidate: Candidate, member: &'a Member, issue: Issue, first: Day) -> Self {
        let lag = i64::from(issue.horizon() + 22).div_euclid(24).max(1);
        let load = &member.inputs.load;
        let posted = member
            .inputs
            .forecast
            .as_ref()
            .filter(|_| candidate == Candidate::Corrected);
        let smoother = (candidate == Candidate::Smoothed).then(|| {
            let until = issue.last(&member.calendar, first.plus(-WARM_UP));
            Smoother::new(tuned(load, until))
        });
        Self {
            candidate,
            member,
            lag,
            corrected: posted.map(|posted| BiasRule::FORTNIGHT.correct(load, posted, lag)),
            smoother,
            learned: load.start().plus(-1),
        }
    }

    fn point(&mut self, last: Hour, hour: Hour) -> Option<i64> {
        let inputs = &self.member.inputs;
        match self.candidate {
            Candidate::Naive { period } => seasonal(&inputs.load, last, hour, i64::from(period)),
            Candidate::Posted => inputs.forecast.as_ref()?.get(hour),
            Candidate::Corrected => {
                // The one hour more of a day of 25 hours lies beyond the usual distance.
                if hour.since(last) > self.lag * 24 {
                    let posted = inputs.forecast.as_ref()?;
                    let factor =
                        BiasRule::FORTNIGHT.factor(&inputs.load, posted, hour, self.lag + 1);
                    return posted.get(hour).map(|value| scaled(value, factor, PPM));
                }
                self.corrected.as_ref()?.values.get(hour)
            }
            Candidate::Smoothed => {
                let smoother = self.smoother.as_mut()?;
                for hour in (self.learned.0 + 1..=last.0).map(Hour) {
                    if let Some(load) = inputs.load.get(hour) {
                        smoother.learn(hour, load);
                    }
                }
                self.learned = self.learned.max(last);
                smoother.forecast(hour)
            }
            Candidate::Trees { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_biased_forecast_is_judged_as_it_was_said() {
        let errors = Series::new(Hour(0), vec![Some(100); 24 * 40]);
        let found = quantiles_beside(1_000, &errors, Hour(720), Hour(721));
        assert_eq!(found, [1_000, 1_000, 1_000, 1_100, 1_100]);
    }
}
