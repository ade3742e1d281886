//! This utility's own day-ahead forecasts on their way to the ledger: what was committed to, with the salt that opens it, and how far each day is.
//!
//! Salt and values are stored before the commitment leaves: what cannot be opened is lost.

use crate::door::{Row, Table};
use fairway_forecast::hour::Day;
use fairway_ledger::forecast::bounds::OWN_DAYS;
use fairway_ledger::forecast::op::Reveal;
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Hash, MemberId, Time};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most commitments to one day: a forecast that is fed with other values is committed to anew while commitments are open.
const MAX_COMMITMENTS: u8 = 24;
/// First part of the rows' keys.
pub(crate) const OWN: &str = "own/";

/// How far a day's own forecast is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum OwnStep {
    /// The commitment is on its way.
    #[n(0)]
    Committing,
    /// It stands on the ledger.
    #[n(1)]
    Committed,
    /// The forecast that opens it is on its way.
    #[n(2)]
    Revealing,
    /// Everybody knows the forecast.
    #[n(3)]
    Revealed,
    /// The day goes without; why, and what follows.
    #[n(4)]
    Missed(#[n(0)] String),
}

/// A day's own forecast.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct OwnPlan {
    /// What opens the commitment; without values where there never was one.
    #[n(0)]
    pub(crate) reveal: Reveal,
    #[n(1)]
    pub(crate) step: OwnStep,
    /// When it came to this step.
    #[n(2)]
    pub(crate) at: Time,
    /// How often it was committed to.
    #[n(3)]
    tries: u8,
}

/// The days, by their place in a ring.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OwnBook {
    plans: BTreeMap<i64, OwnPlan>,
}

fn place(day: Day) -> i64 {
    day.0.rem_euclid(OWN_DAYS)
}

impl OwnBook {
    /// A day's plan.
    pub(crate) fn get(&self, day: Day) -> Option<&OwnPlan> {
        self.plans
            .get(&place(day))
            .filter(|plan| plan.reveal.day == day)
    }

    /// All days, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OwnPlan> {
        let mut all: Vec<&OwnPlan> = self.plans.values().collect();
        all.sort_by_key(|plan| plan.reveal.day);
        all.into_iter()
    }

    /// Plans a commitment to values, if none to the same values is on its way or stands; the commitment and the row.
    pub(crate) fn plan(
        &mut self,
        me: MemberId,
        (day, values): (Day, Vec<i64>),
        salt: [u8; 16],
        now: Time,
    ) -> Option<(Hash, Row)> {
        let known = self.get(day);
        let tries = known.map_or(0, |plan| plan.tries);
        let wanted = match known {
            None => true,
            // Another commitment only after the ledger answered to the one before: their order would not be known.
            Some(plan) => plan.step == OwnStep::Committed && plan.reveal.values != values,
        };
        if !wanted || tries >= MAX_COMMITMENTS {
            return None;
        }
        let reveal = Reveal { day, salt, values };
        let commitment = reveal.commitment(me);
        let plan = OwnPlan {
            reveal,
            step: OwnStep::Committing,
            at: now,
            tries: tries.saturating_add(1),
        };
        Some((commitment, self.put(plan)))
    }

    /// Notes a step of a day; the row. A day without a plan gets one without values.
    pub(crate) fn step(&mut self, day: Day, step: OwnStep, now: Time) -> Option<Row> {
        let mut plan = self.get(day).cloned().unwrap_or_else(|| OwnPlan {
            reveal: Reveal {
                day,
                salt: [0; 16],
                values: Vec::new(),
            },
            step: OwnStep::Missed(String::new()),
            at: now,
            tries: 0,
        });
        if plan.step == step || plan.step == OwnStep::Revealed {
            return None;
        }
        plan.step = step;
        plan.at = now;
        Some(self.put(plan))
    }

    fn put(&mut self, plan: OwnPlan) -> Row {
        let place = place(plan.reveal.day);
        let text = format!("own forecast of day {}", plan.reveal.day.0);
        let row = Row::new(
            Table::Loads,
            format!("{OWN}{place}"),
            "",
            plan.at,
            text,
            &plan,
        );
        self.plans.insert(place, plan);
        row
    }

    /// Takes back a stored row.
    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        let plan = OwnPlan::from_bytes(&row.body)?;
        self.plans.insert(place(plan.reveal.day), plan);
        Ok(())
    }
}
