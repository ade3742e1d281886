//! A member's own day-ahead forecast: committed, revealed, admitted.
//!
//! The commitment hides it until nobody can copy it any more; the admission test keeps out what is no load of this member. Whether it is good is
//! not asked here: the contract corrects it and scores it.

use super::bounds::{ISSUE, OWN_SPREAD, REVEALED_BY};
use super::op::{ForecastEffect, Reveal};
use super::reads::{day_pages, usual_pages};
use super::state::{LoadPage, OwnDay, key_for_own_day, key_for_own_page};
use super::{book, calendar, load, not_due};
use crate::context::{Context, Done, refuse};
use crate::receipt::Effect;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::number::median;
use fairway_forecast::readings::unit;
use fairway_forecast::series::MAX_KW;
use fairway_model::hash::Hash;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Days ahead for which a member may commit.
const MAX_DAYS_AHEAD: i64 = 3;
/// Hours whose median is the usual load: a week.
const USUAL_HOURS: i64 = 168;
/// Fewest readings that say what is usual.
const USUAL_FEWEST: usize = 24;

/// The hour in which commitments for a day are closed and reveals begin: ten o'clock of the day before.
pub fn closes(calendar: &Calendar, day: Day) -> Hour {
    on_the_eve(calendar, day, i64::from(ISSUE.clock))
}

/// The hour in which reveals are closed and schedules may be made: eleven o'clock of the day before.
pub fn revealed_by(calendar: &Calendar, day: Day) -> Hour {
    on_the_eve(calendar, day, REVEALED_BY)
}

/// The first hour of the day before in which its clock shows this hour or a later one: on a day on which the clock changes it is not as
/// many hours after midnight.
fn on_the_eve(calendar: &Calendar, day: Day, clock: i64) -> Hour {
    let mut hours = calendar.hours(day.plus(-1));
    let found = hours.find(|hour| i64::from(calendar.local(*hour).hour) >= clock);
    found.unwrap_or_else(|| calendar.begin(day))
}

/// Commits, or replaces the commitment while commitments are open.
pub(super) fn commit(
    ctx: &mut Context<'_, '_>,
    day: Day,
    commitment: Hash,
) -> Result<Done, Refusal> {
    let me = ctx.member();
    let calendar = calendar(&book(ctx, me)?)?;
    let (now, closed) = (Hour::of(ctx.now()), closes(&calendar, day));
    if now >= closed {
        return not_due(format!(
            "commitments for this day were open until {}; the model without the member's forecast, or the agreed table, prices it",
            closed.start()
        ));
    }
    if calendar.local(now).day.plus(MAX_DAYS_AHEAD) < day {
        return not_due(format!("the day is more than {MAX_DAYS_AHEAD} days ahead"));
    }
    let key = key_for_own_day(me, day);
    let found: Option<OwnDay> = ctx.view.get(&key)?;
    if found.is_some_and(|found| (found.day, found.commitment) == (day, commitment)) {
        return refuse(RefusalCode::Duplicate, "this commitment stands already");
    }
    let state = OwnDay {
        day,
        commitment,
        revealed: None,
    };
    ctx.view.put(key, &state);
    Ok(Effect::Forecast(ForecastEffect::Committed { day }).into())
}

/// Opens a commitment in the hour after commitments are closed.
pub(super) fn reveal(ctx: &mut Context<'_, '_>, reveal: &Reveal) -> Result<Done, Refusal> {
    let (me, day) = (ctx.member(), reveal.day);
    let calendar = calendar(&book(ctx, me)?)?;
    let key = key_for_own_day(me, day);
    let found: Option<OwnDay> = ctx.view.get(&key)?;
    let Some(mut found) = found.filter(|found| found.day == day) else {
        return refuse(
            RefusalCode::ForecastRefused,
            "nothing was committed for this day",
        );
    };
    if found.commitment != reveal.commitment(me) {
        return refuse(
            RefusalCode::ForecastRefused,
            "this forecast with this salt is not what was committed to",
        );
    }
    if found.revealed.is_some() {
        return refuse(RefusalCode::Duplicate, "the forecast was revealed before");
    }
    let (now, from, until) = (
        Hour::of(ctx.now()),
        closes(&calendar, day),
        revealed_by(&calendar, day),
    );
    if now < from || now >= until {
        return not_due(format!(
            "forecasts of this day are revealed from {} until {}",
            from.start(),
            until.start()
        ));
    }
    let usual = usual(ctx, day, now)?;
    admit(&calendar, reveal, usual)?;
    keep(ctx, &calendar, reveal)?;
    found.revealed = Some(ctx.now());
    ctx.view.put(key, &found);
    Ok(Effect::Forecast(ForecastEffect::Revealed { day }).into())
}

/// The median of the last week's readings.
fn usual(ctx: &Context<'_, '_>, day: Day, now: Hour) -> Result<Option<i64>, Refusal> {
    let pages = load::pages(ctx, ctx.member(), usual_pages(day))?;
    let known = pages.iter().flat_map(LoadPage::known);
    let lately = known.filter(|(hour, _)| now.since(*hour) <= USUAL_HOURS && *hour < now);
    let mut values: Vec<i64> = lately.map(|(_, kw)| kw).collect();
    if values.len() < USUAL_FEWEST {
        return Ok(None);
    }
    Ok(median(&mut values))
}

/// The admission test: an hour each, a load each, in kilowatts, and about as much as the member has.
fn admit(calendar: &Calendar, reveal: &Reveal, usual: Option<i64>) -> Result<(), Refusal> {
    let unfit = |text: String| refuse(RefusalCode::ForecastRefused, text);
    let (hours, given) = (calendar.hours(reveal.day).count(), reveal.values.len());
    if hours != given {
        return unfit(format!(
            "the day has {hours} hours in {}; the forecast has {given}",
            calendar.region()
        ));
    }
    let mut values = reveal.values.clone();
    if let Some(place) = values.iter().position(|v| !(1..=MAX_KW).contains(v)) {
        return unfit(format!(
            "hour {place} of the forecast is no load in kilowatts"
        ));
    }
    let Some((middle, usual)) = median(&mut values).zip(usual.filter(|usual| *usual > 0)) else {
        return Ok(());
    };
    if let Some(seems) = unit(middle, usual) {
        return unfit(format!(
            "a median of {middle} kW where {usual} kW are usual: the forecast seems to be in {seems}, and kW are asked for"
        ));
    }
    if middle > usual.saturating_mul(OWN_SPREAD) || middle.saturating_mul(OWN_SPREAD) < usual {
        return unfit(format!(
            "a median of {middle} kW is more than {OWN_SPREAD} times, or less than that part of, the usual {usual} kW"
        ));
    }
    Ok(())
}

fn keep(ctx: &mut Context<'_, '_>, calendar: &Calendar, reveal: &Reveal) -> Result<(), Refusal> {
    let me = ctx.member();
    for number in day_pages(reveal.day) {
        let key = key_for_own_page(me, number);
        let found: Option<LoadPage> = ctx.view.get(&key)?;
        let mut page = found
            .filter(|page| page.page == number)
            .unwrap_or_else(|| LoadPage::empty(number));
        let before = page.clone();
        for (hour, value) in calendar.hours(reveal.day).zip(&reveal.values) {
            page.set(hour, *value);
        }
        if page != before {
            ctx.view.put(key, &page);
        }
    }
    Ok(())
}
