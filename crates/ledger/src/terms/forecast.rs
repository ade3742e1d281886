//! Whether forecast terms can price anything, and every hour.

use super::invalid;
use crate::forecast::stakes::MAX_STAKE;
use crate::limits::MAX_LOAD_BPS;
use fairway_model::agreement::Agreement;
use fairway_model::forecast::{
    MAX_CURVE, MAX_NOTICE_HOURS, MAX_SKILL_DAYS, MIN_CURVE, MIN_SKILL_DAYS, TABLE_HOURS,
};
use fairway_model::money::Micro;
use fairway_model::refusal::Refusal;

/// Checks the curve, the step, the deadlines and the table.
pub(super) fn check(agreement: &Agreement) -> Result<(), Refusal> {
    let Some(terms) = &agreement.forecast else {
        return Ok(());
    };
    let points = terms.curve.len();
    if !(MIN_CURVE..=MAX_CURVE).contains(&points) {
        return invalid(format!(
            "forecast curve of {points} points; {MIN_CURVE} to {MAX_CURVE} are right"
        ));
    }
    let pairs = terms.curve.iter().zip(terms.curve.iter().skip(1));
    let mut pairs = pairs.enumerate();
    if let Some((place, _)) = pairs.find(|(_, (a, b))| a.level >= b.level || a.bps > b.bps) {
        return invalid(format!(
            "forecast curve: point {} does not lie right of and above the one ahead of it",
            place.saturating_add(1)
        ));
    }
    if terms.curve.iter().any(|point| point.level > 1_000) {
        return invalid("forecast curve: levels are thousandths, 0 to 1000");
    }
    if terms.step_bps == 0 {
        return invalid("a step of 0 basis points: the multiplier could never change");
    }
    if terms.notice_hours > MAX_NOTICE_HOURS {
        return invalid(format!(
            "notice of {} hours before the day; schedules are made too late for more than {MAX_NOTICE_HOURS}",
            terms.notice_hours
        ));
    }
    if !(MIN_SKILL_DAYS..=MAX_SKILL_DAYS).contains(&terms.skill_days) {
        return invalid(format!(
            "skill over {} days; {MIN_SKILL_DAYS} to {MAX_SKILL_DAYS} are right",
            terms.skill_days
        ));
    }
    if let Some(stake) = terms.stake
        && !(Micro(1)..=MAX_STAKE).contains(&stake)
    {
        return invalid(format!(
            "a stake of {} a day; more than nothing and at most {} are right",
            stake.text(agreement.currency),
            MAX_STAKE.text(agreement.currency)
        ));
    }
    check_table(agreement)
}

fn check_table(agreement: &Agreement) -> Result<(), Refusal> {
    let (Some(terms), band) = (&agreement.forecast, agreement.load_band) else {
        return Ok(());
    };
    for (what, hours) in [
        ("weekdays", &terms.weekday_bps),
        ("weekends", &terms.weekend_bps),
    ] {
        if hours.len() != TABLE_HOURS {
            return invalid(format!(
                "the agreed table has {} hours for {what}; a day has {TABLE_HOURS}",
                hours.len()
            ));
        }
        if let Some(place) = hours
            .iter()
            .position(|bps| !(band.min_bps..=band.max_bps).contains(bps))
        {
            return invalid(format!(
                "the agreed table's hour {place} of {what} is outside the load band of {} to {} basis points",
                band.min_bps, band.max_bps
            ));
        }
    }
    if let Some(point) = terms
        .curve
        .iter()
        .find(|point| point.bps == 0 || point.bps > MAX_LOAD_BPS)
    {
        return invalid(format!(
            "forecast curve: {} basis points are outside 1 to {MAX_LOAD_BPS}",
            point.bps
        ));
    }
    Ok(())
}
