//! A trained candidate: what is kept of it, what it says of a day to come, and how it does in shadow.

use crate::board::Standing;
use crate::candidate::{Candidate, Looks};
use crate::search::{Member, Plan};
use crate::simple::{self, Said};
use fairway_forecast::backtest::{Mark, Published};
use fairway_forecast::ensemble::{Forecaster, Package, Spoken};
use fairway_forecast::hour::Day;
use fairway_forecast::track::Tracker;
use fairway_forecast::view::View;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};
use std::collections::VecDeque;

/// Domain label of an entry's hash.
pub const ENTRY_DOMAIN: &str = "fairway.training.entry.v1";

/// What a forecast of one hour is, or why there is none.
pub type HourSaid = Result<Vec<i64>, String>;

/// A candidate that was trained on everything, or an imported model.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Which candidate.
    #[n(0)]
    pub candidate: Candidate,
    /// The models by name; none for a candidate without training.
    #[n(1)]
    pub package: Option<Package>,
    /// Where tracking stood at the end of the search.
    #[n(2)]
    pub tracker: Tracker,
    /// What was searched; its last day is the last one that was learned from.
    #[n(3)]
    pub plan: Plan,
    /// Names and hashes of the data sets, the own first.
    #[n(4)]
    pub data: Vec<(String, Hash)>,
    /// How it did in the search; none for an imported model.
    #[n(5)]
    pub standing: Option<Standing>,
}

impl Entry {
    /// Its name: the beginning of its hash.
    pub fn id(&self) -> String {
        let mut hex = self.digest(ENTRY_DOMAIN).hex();
        hex.truncate(16);
        hex
    }

    /// What its trees look at.
    pub fn looks(&self) -> Option<Looks> {
        match self.candidate {
            Candidate::Trees { looks, .. } => Some(looks),
            _ => None,
        }
    }
}

/// An entry with its models and the members' present data.
#[derive(Debug)]
pub struct Player<'a> {
    entry: &'a Entry,
    forecaster: Option<Forecaster>,
    members: &'a [Member],
}

impl<'a> Player<'a> {
    /// Puts an entry together with its models, whose bytes `find` gives by their hash.
    ///
    /// # Errors
    /// A model that is missing or wrong; no members.
    pub fn new(
        entry: &'a Entry,
        members: &'a [Member],
        find: impl FnMut(&Hash) -> Option<Vec<u8>>,
    ) -> Result<Self, String> {
        if members.is_empty() {
            return Err("no data set to forecast from".to_owned());
        }
        let package = entry.package.clone();
        let forecaster = package
            .map(|package| Forecaster::assemble(package, find))
            .transpose()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            entry,
            forecaster,
            members,
        })
    }

    fn own(&self) -> Result<&'a Member, String> {
        self.members
            .first()
            .ok_or_else(|| "no data set to forecast from".to_owned())
    }

    /// What would have been published on past days that were not learned from.
    ///
    /// # Errors
    /// Days that were learned from.
    pub fn shadow(&self, first: Day, last: Day) -> Result<Vec<Published>, String> {
        let own = self.own()?;
        let until = self.entry.plan.last;
        if first <= until {
            return Err(format!(
                "the model has learned from days up to {}",
                crate::checks::date(until)
            ));
        }
        let issue = self.entry.plan.issue;
        let Some(forecaster) = &self.forecaster else {
            return Ok(simple::published(
                self.entry.candidate,
                own,
                issue,
                first,
                last,
            ));
        };
        let (mut found, _) = self.played(forecaster, own, last.plus(1))?;
        found.retain(|hour| hour.mark.day >= first);
        Ok(found)
    }

    /// What is said of a day to come, hour by hour.
    ///
    /// # Errors
    /// A specification of another region.
    pub fn day(&self, day: Day) -> Result<Vec<(Said, HourSaid)>, String> {
        let own = self.own()?;
        let issue = self.entry.plan.issue;
        let Some(forecaster) = &self.forecaster else {
            let said = simple::say(self.entry.candidate, own, issue, day, day).into_iter();
            return Ok(said
                .map(|said| {
                    let q = said
                        .quantiles
                        .clone()
                        .ok_or_else(|| "nothing is known that it could repeat".to_owned());
                    (said, q)
                })
                .collect());
        };
        let view = View::new(&own.inputs, &own.calendar, &forecaster.package().spec)
            .map_err(|error| error.to_string())?;
        let (_, tracker) = self.played(forecaster, own, day)?;
        let last = issue.last(&own.calendar, day);
        let hours = forecaster.day(&view, day).into_iter();
        Ok(hours
            .map(|(hour, spoken)| {
                let quantiles = spoken
                    .map(|spoken| spoken.publish(&tracker))
                    .map_err(|error| error.to_string());
                let said = Said {
                    hour,
                    last,
                    day,
                    clock: own.calendar.local(hour).hour,
                    quantiles: quantiles.clone().ok(),
                };
                (said, quantiles)
            })
            .collect())
    }

    /// What was published from the day after the search on, up to but without `end`, and tracking as it stands when `end` is issued. Tracking
    /// learns a load when it is known, as it would have then.
    fn played(
        &self,
        forecaster: &Forecaster,
        own: &Member,
        end: Day,
    ) -> Result<(Vec<Published>, Tracker), String> {
        let view = View::new(&own.inputs, &own.calendar, &forecaster.package().spec)
            .map_err(|error| error.to_string())?;
        let issue = self.entry.plan.issue;
        let mut tracker = self.entry.tracker.clone();
        let mut open: VecDeque<(Spoken, i64)> = VecDeque::new();
        let mut found = Vec::new();
        for day in (self.entry.plan.last.0 + 1..=end.0).map(Day) {
            let known = issue.last(&own.calendar, day);
            while let Some((spoken, load)) = open.pop_front_if(|(spoken, _)| spoken.hour <= known) {
                spoken.teach(&mut tracker, load);
            }
            if day == end {
                break;
            }
            for (hour, spoken) in forecaster.day(&view, day) {
                let (Ok(spoken), Some(load)) = (spoken, own.truth.get(hour)) else {
                    continue;
                };
                found.push(Published {
                    mark: Mark {
                        day,
                        clock: spoken.clock,
                        hour,
                        last: known,
                        scale: spoken.scale,
                        anchor: spoken.anchor,
                        load,
                    },
                    quantiles: spoken.publish(&tracker),
                });
                open.push_back((spoken, load));
            }
        }
        Ok((found, tracker))
    }
}
