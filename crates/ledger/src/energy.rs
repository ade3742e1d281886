//! Where the energy comes from that is sold, and the market in which members trade it.
//!
//! For each of its grid areas and each hour a member states what flowed in by its meters and what certificates cover. Settled
//! charges count against area and hour; so do trades, which move energy of an hour between two members in the same area. An hour
//! is open for statements and corrections for a week; then it is closed, and nothing more is sold in it than it has. Before, what is
//! sold beyond it shows as short. With the parameter `energy-strict` nothing is ever sold beyond what is stated.
//!
//! A period's energy counts in the hour in which the period begins: billing meters read every quarter of an hour, so this is the
//! hour's own energy to within one reading, and a settlement touches one counter per hour. The tests are `tests/it/energy.rs`.

mod bounds;
pub(crate) mod fold;
mod market;
pub mod op;
pub(crate) mod settled;
pub mod state;

pub(crate) use bounds::{check, reads};
pub use settled::by_hour;

use crate::context::{Context, Done, refuse};
use crate::limits::ENERGY_WINDOW_MS;
use crate::receipt::Effect;
use fairway_model::energy::Energy;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use op::{EnergyEffect, EnergyOperation, EnergyStatement, Hour};
use state::{EnergyBook, key_for_energy};

/// Carries out one operation of the group.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &EnergyOperation) -> Result<Done, Refusal> {
    match operation {
        EnergyOperation::State(statement) => post(ctx, statement),
        EnergyOperation::Offer(offer) => market::offer(ctx, offer),
        EnergyOperation::Accept(acceptance) => market::accept(ctx, acceptance),
        EnergyOperation::Cancel(cancellation) => market::cancel(ctx, cancellation),
    }
}

/// A member's book of one area and hour.
pub(super) fn book(
    ctx: &Context<'_, '_>,
    member: MemberId,
    area: &str,
    hour: Hour,
) -> Result<EnergyBook, Refusal> {
    Ok(ctx
        .view
        .get(&key_for_energy(member, area, hour))?
        .unwrap_or_default())
}

/// A sum of energies that does not fit is a malformed request: no grid comes near.
pub(super) fn fits(sum: Option<Energy>) -> Result<Energy, Refusal> {
    sum.ok_or_else(|| Refusal::new(RefusalCode::Malformed, "an amount of energy does not fit"))
}

/// States, or corrects, what one area had in one hour.
fn post(ctx: &mut Context<'_, '_>, statement: &EnergyStatement) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    let (area, hour) = (statement.area.as_str(), statement.hour);
    let mut book = book(ctx, me, area, hour)?;
    if let Some(found) = &book.statement {
        if found == statement {
            return refuse(
                RefusalCode::Duplicate,
                "the hour was stated so already; nothing changed",
            );
        }
        if statement.serial <= found.serial {
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "serial {} is not above {}, which counts; a correction has a higher one",
                    statement.serial, found.serial
                ),
            );
        }
    }
    let closes = hour.closes();
    if ctx.now() >= closes {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("the hour from {} was closed at {closes}", hour.begin()),
        );
    }
    book.statement = Some(statement.clone());
    let short = book.short()?;
    if short > Energy::ZERO && ctx.rules.energy_strict {
        return refuse(
            RefusalCode::EnergyNotOwned,
            format!(
                "{} kWh of this hour are sold or offered beyond the statement; buy them first",
                short.kwh_text()
            ),
        );
    }
    ctx.view.put(key_for_energy(me, area, hour), &book);
    Ok(Effect::Energy(EnergyEffect::Stated {
        area: statement.area.clone(),
        hour,
        short,
    })
    .into())
}

impl Hour {
    /// When the hour's statements can no longer change.
    pub fn closes(self) -> fairway_model::time::Time {
        self.end().plus(ENERGY_WINDOW_MS)
    }
}
