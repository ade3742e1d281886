//! The sentences about prices that follow the forecast.

use super::{counted, percent};
use fairway_model::agreement::Agreement;
use fairway_model::forecast::ForecastTerms;

/// One sentence or condition per line.
pub(super) fn lines(agreement: &Agreement, terms: &ForecastTerms) -> Vec<String> {
    let visited = agreement.visited;
    let mut lines = vec![format!(
        "The load that {visited} is forecast to have sets how far: the ledger computes it before each day from posted readings, by the package of models that both agreed on, and both can compute it again."
    )];
    lines.extend(terms.curve.iter().map(|point| {
        format!(
            "At the load that {} of the hours of the last 365 days did not exceed: {} of the tariff's price.",
            share(point.level),
            percent(point.bps)
        )
    }));
    lines.push(format!(
        "Between these loads it changes linearly; from one hour to the next by at most {} of the tariff's price.",
        percent(terms.step_bps)
    ));
    lines.push(format!(
        "A day's prices are known {} before it begins, or the table below prices it.",
        counted(i64::from(terms.notice_hours), "hour")
    ));
    lines.push(format!(
        "The table prices a day too when the forecast was no better than the week before over the last {}, when its monitors say that the world has changed, and when readings, models or forecasts are missing. The ledger says which.",
        counted(i64::from(terms.skill_days), "day")
    ));
    for (what, hours) in [
        ("Monday to Friday", &terms.weekday_bps),
        ("Saturday and Sunday", &terms.weekend_bps),
    ] {
        let parts: Vec<String> = hours.iter().map(|bps| percent(*bps)).collect();
        lines.push(format!(
            "Table, {what}, hour by hour from midnight on the clock of {visited}: {}.",
            parts.join(", ")
        ));
    }
    lines.push(terms.spare.map_or_else(
        || format!("Where {visited} gives no forecast of its own for a day, the table prices it."),
        |spare| format!("Where {visited} gives no forecast of its own for a day, the package with SHA-256 {spare} forecasts it, until both agree on another."),
    ));
    if let Some(stake) = terms.stake {
        let stake = format!("{} {}", stake.text(agreement.currency), agreement.currency);
        lines.push(format!(
            "With each scored day for which {visited} revealed a forecast of its own, {visited} stakes {stake} on it and {} the same on the week before: one gains what the other loses, half of the stake times the difference of the two scores. A score is one less the errors over the baseline's load.",
            agreement.home
        ));
    }
    lines.push("A charge has the multiplier of the hour in which it began, or of the hour before when its offer was made then; it keeps it to its end.".to_owned());
    lines
}

/// Thousandths as a percentage with one digit after the point.
fn share(level: u16) -> String {
    let (whole, rest) = (level.checked_div(10), level.checked_rem(10));
    format!("{}.{} %", whole.unwrap_or(0), rest.unwrap_or(0))
}
