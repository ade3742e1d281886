//! Positions: what one member owes another and is in no cycle yet.

use crate::context::{Context, overflow};
use crate::keys::key_for_position;
use crate::money::operation::UtcDay;
use crate::money::state::{Direction, PositionState};
use fairway_model::money::{Micro, MoneyError};
use fairway_model::refusal::Refusal;

/// The position of a direction; an empty one when there is none.
pub(crate) fn position(
    ctx: &Context<'_, '_>,
    (debtor, creditor, currency): Direction,
) -> Result<PositionState, Refusal> {
    let key = key_for_position(debtor, creditor, currency);
    Ok(ctx.view.get(&key)?.unwrap_or_default())
}

/// Changes a position and returns it as it is then.
pub(crate) fn change(
    ctx: &mut Context<'_, '_>,
    direction: Direction,
    how: impl FnOnce(&mut PositionState) -> Result<(), MoneyError>,
) -> Result<PositionState, Refusal> {
    let mut state = position(ctx, direction)?;
    how(&mut state).map_err(overflow)?;
    let (debtor, creditor, currency) = direction;
    ctx.view
        .put(key_for_position(debtor, creditor, currency), &state);
    Ok(state)
}

/// The debtor owes more, from the block's day on.
pub(crate) fn grow(
    ctx: &mut Context<'_, '_>,
    direction: Direction,
    amount: Micro,
) -> Result<PositionState, Refusal> {
    let day = UtcDay::of(ctx.now());
    change(ctx, direction, |state| state.grow(amount, day))
}
