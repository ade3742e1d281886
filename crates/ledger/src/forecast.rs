//! The forecast on the ledger: what members post, which models speak, what the day's prices are, how good it all was.
//!
//! A member opens a load book, posts hourly readings, commits to its own day-ahead forecast and reveals it. Models come in parts; a package of
//! them is proposed for an agreement and countersigned. Before each day anybody asks for its schedule: every validator corrects the member's forecast,
//! runs the models and turns the median into multipliers by the agreed curve. Days later anybody asks for the score. The
//! decision is docs/decisions/0027; the arithmetic is that of `fairway-forecast`.
//!
//! Invariants: a multiplier never leaves the agreement's band; a charge is priced by the schedule of the hour in which it began, or by the agreed
//! table; every stored value is bounded by its key. Tested by `tests/it/forecast*.rs`.

pub mod bounds;
pub mod day;
mod line;
mod load;
mod models;
pub mod op;
mod own;
mod publish;
mod reads;
mod score;
pub(crate) mod settled;
pub mod stakes;
pub mod state;

pub(crate) use op::check;
pub use own::{closes, revealed_by};
pub use publish::published_by;
pub(crate) use reads::reads;
pub use score::scored_from;
pub use settled::price_of;

use crate::context::{Context, Done, refuse};
use fairway_forecast::calendar::Calendar;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use op::ForecastOperation;
use state::{LoadBook, key_for_load_book};

/// Carries out one operation of the group.
pub(crate) fn run(
    ctx: &mut Context<'_, '_>,
    operation: &ForecastOperation,
) -> Result<Done, Refusal> {
    match operation {
        ForecastOperation::Open { calendar } => load::open(ctx, calendar),
        ForecastOperation::Post { readings } => load::post(ctx, readings),
        ForecastOperation::Commit { day, commitment } => own::commit(ctx, *day, *commitment),
        ForecastOperation::Reveal(reveal) => own::reveal(ctx, reveal),
        ForecastOperation::StorePart(part) => models::store_part(ctx, part),
        ForecastOperation::StoreModel { model, parts } => models::store(ctx, *model, *parts),
        ForecastOperation::StorePackage { package } => models::store_package(ctx, package),
        ForecastOperation::Propose(proposal) => line::propose(ctx, proposal),
        ForecastOperation::Countersign(proposal) => line::countersign(ctx, proposal),
        ForecastOperation::RollBack(parties) => line::roll_back(ctx, parties),
        ForecastOperation::Publish(asked) => publish::publish(ctx, asked),
        ForecastOperation::Score {
            parties,
            day,
            currency,
        } => score::score(ctx, parties, *day, *currency),
    }
}

/// A member's load book.
fn book(ctx: &Context<'_, '_>, member: MemberId) -> Result<LoadBook, Refusal> {
    let found = ctx.view.get(&key_for_load_book(member))?;
    found.ok_or_else(|| {
        Refusal::new(
            RefusalCode::ModelUnknown,
            format!("{member} has no load book; it opens one with its region's calendar"),
        )
    })
}

/// The calendar of a book. It was checked when the book was opened.
fn calendar(book: &LoadBook) -> Result<Calendar, Refusal> {
    Calendar::read(&book.calendar).map_err(|why| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("a stored calendar does not decode: {why}"),
        )
    })
}

/// The refusal of a time that has not come, or has gone.
fn not_due<T>(text: String) -> Result<T, Refusal> {
    refuse(RefusalCode::NotDue, text)
}
