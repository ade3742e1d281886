//! Ceilings of the number of charges: open at a time, and begun per day.

use super::state::{PairUse, key_for_use};
use crate::context::{Context, refuse};
use crate::state::HoldState;
use fairway_model::agreement::Agreement;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::DAY;

/// Counts a new hold; whether it counts, which is when the agreement has ceilings.
pub(crate) fn take(ctx: &mut Context<'_, '_>, agreement: &Agreement) -> Result<bool, Refusal> {
    let Some(caps) = agreement.session_caps else {
        return Ok(false);
    };
    let (home, visited) = (agreement.home, agreement.visited);
    let key = key_for_use(home, visited);
    let mut present: PairUse = ctx.view.get(&key)?.unwrap_or_default();
    let day = ctx.now().0.div_euclid(DAY);
    if present.day != day {
        (present.day, present.today) = (day, 0);
    }
    present.open = present.open.saturating_add(1);
    present.today = present.today.saturating_add(1);
    let over = |count: u32, cap: Option<u32>, what: &str| match cap.filter(|cap| count > *cap) {
        Some(cap) => refuse(
            RefusalCode::SessionsOverCap,
            format!("{count} charges of {home} at {visited} {what}; the agreement allows {cap}"),
        ),
        None => Ok(()),
    };
    over(present.open, caps.concurrent, "would be open at a time")?;
    over(present.today, caps.per_day, "would begin on one day (UTC)")?;
    ctx.view.put(key, &present);
    Ok(true)
}

/// A counted hold is no longer pending.
pub(crate) fn free(ctx: &mut Context<'_, '_>, hold: &HoldState) -> Result<(), Refusal> {
    if hold.counted.is_none() {
        return Ok(());
    }
    let key = key_for_use(hold.home, hold.visited);
    let mut present: PairUse = ctx.view.get(&key)?.unwrap_or_default();
    // Every counted hold was added once and leaves once, so there is one to take away.
    present.open = present.open.saturating_sub(1);
    ctx.view.put(key, &present);
    Ok(())
}
