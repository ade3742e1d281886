//! What operations about forecasts may change, and how it stands in the state.

use super::{Thing, both, read};
use crate::model::Model;
use fairway_forecast::hour::Day;
use fairway_ledger::forecast::op::ForecastOperation;
use fairway_ledger::forecast::state::{LoadBook, PriceDay};
use fairway_model::{AgreementId, MemberId};

pub(super) fn named(by: MemberId, operation: &ForecastOperation, things: &mut Vec<Thing>) {
    match operation {
        ForecastOperation::Open { .. } => things.push(Thing::LoadBook(by)),
        ForecastOperation::Publish(asked) => {
            things.push(Thing::Prices(asked.parties.agreement, asked.day.0));
        }
        _ => {}
    }
}

pub(super) fn book(
    model: &Model,
    member: MemberId,
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<LoadBook> = read(shown)?;
    Ok(both(found, model.forecasts.books.get(&member), |a, b| {
        (&a.calendar, a.opened.0) == (&b.0, b.1)
    }))
}

/// A ring: another day may have taken the place of this one.
pub(super) fn prices(
    model: &Model,
    (agreement, day): (AgreementId, i64),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<PriceDay> = read(shown)?;
    let found = found.filter(|p| p.day == Day(day));
    Ok(found.as_ref() == model.forecasts.days.get(&(agreement, day)))
}
