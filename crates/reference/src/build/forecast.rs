//! Load books, days that are published, and what a charge says of the day whose prices it uses.

use super::Builder;
use crate::cast::{Missing, Session};
use crate::model::forecast::Region;
use crate::step::{Fault, ForecastStep};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::Day;
use fairway_ledger::Operation;
use fairway_ledger::forecast::op::{Asked, ForecastOperation, Parties};
use fairway_model::canonical::Canonical;
use fairway_model::time::HOUR;
use fairway_model::{Agreement, Usage};

/// The calendar of a number in canonical bytes.
fn calendar(number: u8) -> Result<Vec<u8>, Missing> {
    let found = match number % 3 {
        0 => Calendar::us_eastern(),
        1 => Calendar::us_central(),
        _ => return Ok(vec![0x80]),
    };
    found
        .map(|c| c.to_bytes())
        .map_err(|e| Missing(format!("no calendar: {e:?}")))
}

impl Builder<'_> {
    /// Day and multiplier that a charge with this usage names: of the hour in which it began, or for some sessions of the one before.
    pub(super) fn follows(
        &self,
        session: &Session,
        terms: &Agreement,
        usage: &Usage,
    ) -> Option<(i64, u32)> {
        terms.forecast.as_ref()?;
        let place = self.cast.sessions.iter().position(|s| s.id == session.id);
        let before = i64::from(place.is_some_and(|p| p % 3 == 1));
        let region = self.model.region(terms.visited);
        let region = region.or_else(|| Region::of(&calendar(0).ok()?))?;
        let begin = usage.start().map_or(0, |t| t.0.div_euclid(HOUR));
        let (day, bps) = self.model.multiplier(terms, &region, begin - before)?;
        Some(match self.step.fault {
            Fault::Day(more) => (day + more, bps),
            _ => (day, bps),
        })
    }

    /// The day that a settlement claims.
    pub(super) fn claimed_day(
        &self,
        session: &Session,
        terms: &Agreement,
        usage: &Usage,
    ) -> Option<Day> {
        match (self.step.fault, terms.forecast.is_some()) {
            (Fault::NoDay, true) => None,
            (Fault::NoDay, false) => Some(Day(20_000)),
            _ => self.follows(session, terms, usage).map(|(day, _)| Day(day)),
        }
    }

    pub(super) fn forecast(&self, pair: usize, step: ForecastStep) -> Result<Operation, Missing> {
        let operation = match step {
            ForecastStep::Open(number) => ForecastOperation::Open {
                calendar: calendar(number)?,
            },
            ForecastStep::Publish(version, days) => {
                let terms = self.agreement(pair, version)?;
                let (home, visited) = self.parties(pair)?;
                let region = self.model.region(visited);
                let now = self.step.at.div_euclid(HOUR);
                let today = region.and_then(|r| r.local(now)).map_or(0, |(day, ..)| day);
                ForecastOperation::Publish(Asked {
                    parties: Parties {
                        agreement: terms.id(),
                        home,
                        visited,
                    },
                    day: Day(today + days),
                    package: None,
                })
            }
        };
        Ok(Operation::Forecast(Box::new(operation)))
    }
}
