//! Which state an operation about forecasts may touch, from its bytes alone.

use super::bounds::{LOAD_PAGES, OWN_PAGES};
use super::op::{Asked, ForecastOperation, LineProposal, Parties};
use super::state::{
    LoadPage, key_for_detail, key_for_line, key_for_load_book, key_for_load_page,
    key_for_load_record, key_for_model, key_for_model_part, key_for_own_day, key_for_own_page,
    key_for_package, key_for_prices, key_for_score, key_for_stored,
};
use crate::Account;
use crate::keys::{
    Key, key_for_account, key_for_agreement, key_for_agreement_status, key_for_position,
};
use fairway_forecast::hour::{Day, Hour};
use fairway_model::ids::MemberId;
use fairway_model::money::Currency;

/// Hours by which a local day may begin before the same day in universal time.
const EARLIEST: i64 = -16;
/// Hours from the same day's beginning in universal time within which a local day ends.
const LATEST: i64 = 48;

/// Every key that executing may read or write, besides those of the signer.
pub(crate) fn reads(by: MemberId, operation: &ForecastOperation) -> Vec<Key> {
    match operation {
        ForecastOperation::Open { .. } => vec![key_for_load_book(by)],
        ForecastOperation::Post { readings } => {
            let hours = readings.iter().map(|r| r.hour);
            let (first, last) = (hours.clone().min(), hours.max());
            let pages = posted_pages(first.unwrap_or_default(), last.unwrap_or_default());
            let mut keys: Vec<Key> = pages.map(|page| key_for_load_page(by, page)).collect();
            keys.extend([key_for_load_book(by), key_for_load_record(by)]);
            keys
        }
        ForecastOperation::Commit { day, .. } => {
            vec![key_for_load_book(by), key_for_own_day(by, *day)]
        }
        ForecastOperation::Reveal(reveal) => {
            let day = reveal.day;
            let mut keys = vec![key_for_load_book(by), key_for_own_day(by, day)];
            keys.extend(usual_pages(day).map(|page| key_for_load_page(by, page)));
            keys.extend(day_pages(day).map(|page| key_for_own_page(by, page)));
            keys
        }
        ForecastOperation::StorePart(part) => vec![
            key_for_model(part.model),
            key_for_model_part(by, part.model, part.part),
            key_for_stored(by),
        ],
        ForecastOperation::StoreModel { model, parts } => {
            let parts = (0..*parts).map(|part| key_for_model_part(by, *model, part));
            core::iter::once(key_for_model(*model))
                .chain(parts)
                .collect()
        }
        ForecastOperation::StorePackage { package } => {
            let models = package.model_hashes().into_iter().map(key_for_model);
            core::iter::once(key_for_package(package.hash()))
                .chain(models)
                .collect()
        }
        ForecastOperation::Propose(proposal) | ForecastOperation::Countersign(proposal) => {
            line(proposal)
        }
        ForecastOperation::RollBack(parties) => of_agreement(parties).to_vec(),
        ForecastOperation::Publish(asked) => publish(asked),
        ForecastOperation::Score {
            parties,
            day,
            currency,
        } => {
            let mut keys = of_agreement(parties).to_vec();
            keys.extend([
                key_for_load_book(parties.visited),
                key_for_score(parties.agreement),
                key_for_detail(parties.agreement, *day),
            ]);
            keys.extend(day_pages(*day).map(|page| key_for_load_page(parties.visited, page)));
            keys.extend(currency.iter().flat_map(|of| stakes(parties, *of)));
            keys
        }
    }
}

/// Pages of readings from the first to the last hour, and the one before, in which lies what is usual.
pub(super) fn posted_pages(first: Hour, last: Hour) -> core::ops::RangeInclusive<i64> {
    LoadPage::of(first).saturating_sub(1)..=LoadPage::of(last)
}

/// Pages that hold the hours of a local day, whatever the region.
pub(super) fn day_pages(day: Day) -> core::ops::RangeInclusive<i64> {
    let begin = Hour(day.0.saturating_mul(24));
    LoadPage::of(begin.plus(EARLIEST))..=LoadPage::of(begin.plus(LATEST))
}

/// Pages that hold the readings of the fortnight before a day.
pub(super) fn usual_pages(day: Day) -> core::ops::RangeInclusive<i64> {
    LoadPage::of(Hour(day.0.saturating_mul(24)).plus(EARLIEST).plus(-15 * 24))
        ..=*day_pages(day).end()
}

fn of_agreement(parties: &Parties) -> [Key; 3] {
    [
        key_for_agreement(parties.agreement),
        key_for_agreement_status(parties.agreement),
        key_for_line(parties.agreement),
    ]
}

/// Whom stakes move money between.
fn stakes(parties: &Parties, currency: Currency) -> [Key; 4] {
    let (home, visited) = (parties.home, parties.visited);
    [
        key_for_position(home, visited, currency),
        key_for_position(visited, home, currency),
        key_for_account(&Account::Member(home), currency),
        key_for_account(&Account::Member(visited), currency),
    ]
}

fn line(proposal: &LineProposal) -> Vec<Key> {
    let mut keys = of_agreement(&proposal.parties).to_vec();
    keys.push(key_for_package(proposal.pack.package));
    keys.extend(proposal.pack.spare.map(key_for_package));
    keys
}

fn publish(asked: &Asked) -> Vec<Key> {
    let (parties, day) = (&asked.parties, asked.day);
    let mut keys = of_agreement(parties).to_vec();
    keys.extend([
        key_for_load_book(parties.visited),
        key_for_own_day(parties.visited, day),
        key_for_score(parties.agreement),
        key_for_prices(parties.agreement, day),
        key_for_prices(parties.agreement, day.plus(-1)),
        key_for_detail(parties.agreement, day),
    ]);
    keys.extend((0..LOAD_PAGES).map(|page| key_for_load_page(parties.visited, page)));
    keys.extend((0..OWN_PAGES).map(|page| key_for_own_page(parties.visited, page)));
    if let Some(claim) = &asked.package {
        keys.push(key_for_package(claim.package));
        for model in &claim.models {
            let parts = 0..model.parts;
            keys.extend(parts.map(|part| key_for_model_part(model.by, model.model, part)));
        }
    }
    keys
}
