//! Publishing the schedule of a day: asked for by anybody, computed by everybody.

use super::bounds::{FEWEST_SCORED, LOAD_PAGES, MONITORS_THAT_STOP, OWN_PAGES};
use super::day::{Computed, DayInputs, compute};
use super::op::{Asked, ForecastEffect, Pack};
use super::state::{
    DetailDay, LoadPage, OwnDay, PackageState, PackageTracker, PriceDay, ScoreState, TableReason,
    key_for_detail, key_for_load_page, key_for_own_day, key_for_own_page, key_for_package,
    key_for_prices, key_for_score,
};
use super::{book, calendar, line, models, not_due, own, score};
use crate::cache::Terms;
use crate::context::{Context, Done, refuse};
use crate::keys::Key;
use crate::receipt::Effect;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::Forecaster;
use fairway_forecast::hour::Day;
use fairway_forecast::series::Series;
use fairway_forecast::track::Tracker;
use fairway_model::forecast::ForecastTerms;
use fairway_model::hash::Hash;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::{HOUR, Time};
use std::sync::Arc;

/// Computes and writes the prices of a day. A day without a computable schedule is written with the reason.
pub(super) fn publish(ctx: &mut Context<'_, '_>, asked: &Asked) -> Result<Done, Refusal> {
    let (parties, day) = (&asked.parties, asked.day);
    let terms = line::agreed(ctx, parties)?;
    let calendar = calendar(&book(ctx, parties.visited)?)?;
    in_time(ctx, &terms, &calendar, day)?;
    let key = key_for_prices(parties.agreement, day);
    if prices(ctx, &key, day)?.is_some() {
        return refuse(
            RefusalCode::Duplicate,
            "the prices of this day are known already",
        );
    }
    let turn = Turn::of(ctx, asked, &terms)?;
    turn.check(asked)?;
    let score: ScoreState = ctx
        .view
        .get(&key_for_score(parties.agreement))?
        .unwrap_or_default();
    let (computed, detail) = match turn.compute(ctx, asked, &terms, &calendar, &score)? {
        Ok((computed, detail)) => (Ok(computed), Some(detail)),
        Err(reason) => (Err(reason), None),
    };
    let stop = stopped(
        &terms,
        &score,
        turn.package.as_ref().map(|p| p.package.hash()),
    );
    let first = calendar.begin(day);
    let made = |bps, reason, inputs| PriceDay {
        day,
        first,
        bps,
        reason,
        package: turn.wanted,
        inputs,
        height: ctx.block.height,
    };
    let prices = match computed {
        Ok(found) => made(found.bps, stop, Some(found.inputs)),
        Err(reason) => made(Vec::new(), Some(reason), None),
    };
    ctx.view.put(key, &prices);
    if let Some(detail) = detail {
        ctx.view
            .put(key_for_detail(parties.agreement, day), &detail);
    }
    let effect = ForecastEffect::Published {
        agreement: parties.agreement,
        prices,
    };
    Ok(Effect::Forecast(effect).into())
}

/// Until when the schedule of a day may be made: the agreed notice before the day begins. From then on the agreed table prices a day without
/// one.
pub fn published_by(terms: &ForecastTerms, calendar: &Calendar, day: Day) -> Time {
    let notice = i64::from(terms.notice_hours);
    let begin = calendar.begin(day).start();
    begin.plus(notice.saturating_mul(HOUR).saturating_neg())
}

/// From the end of reveals until the agreed notice before the day.
fn in_time(
    ctx: &Context<'_, '_>,
    terms: &Terms,
    calendar: &Calendar,
    day: Day,
) -> Result<(), Refusal> {
    let terms = line::forecast_terms(&terms.agreement)?;
    let from = own::revealed_by(calendar, day).start();
    let until = published_by(terms, calendar, day);
    if ctx.now() < from {
        return not_due(format!("the schedule of this day is made from {from} on"));
    }
    if ctx.now() >= until {
        return not_due(format!(
            "the schedule of this day could be made until {until}; the agreed table prices it"
        ));
    }
    Ok(())
}

fn prices(ctx: &Context<'_, '_>, key: &Key, day: Day) -> Result<Option<PriceDay>, Refusal> {
    let found: Option<PriceDay> = ctx.view.get(key)?;
    Ok(found.filter(|found| found.day == day))
}

/// The package whose turn it is.
struct Turn {
    /// The package that the parties agreed on for such a day.
    wanted: Option<Hash>,
    /// As stored, if it is.
    package: Option<PackageState>,
    /// Whether the member's own forecast of the day was revealed.
    revealed: bool,
}

impl Turn {
    fn of(ctx: &Context<'_, '_>, asked: &Asked, terms: &Terms) -> Result<Self, Refusal> {
        let visited = asked.parties.visited;
        let own: Option<OwnDay> = ctx.view.get(&key_for_own_day(visited, asked.day))?;
        let revealed = own.is_some_and(|own| own.day == asked.day && own.revealed.is_some());
        let line = line::line(ctx, &terms.agreement)?;
        let turn = |pack: Pack| match pack.spare {
            Some(spare) if !revealed => spare,
            _ => pack.package,
        };
        let wanted = line.active.map(turn);
        // The claim names the key; a claim of another package is refused before anything is computed.
        let claimed = asked.package.as_ref().map(|claim| claim.package);
        let package = match claimed.filter(|claimed| Some(*claimed) == wanted) {
            Some(hash) => ctx.view.get(&key_for_package(hash))?,
            None => None,
        };
        Ok(Self {
            wanted,
            package,
            revealed,
        })
    }

    fn check(&self, asked: &Asked) -> Result<(), Refusal> {
        let claimed = asked.package.as_ref();
        if claimed.map(|claim| claim.package) != self.wanted {
            let text = |hash: Option<Hash>| hash.map_or_else(|| "none".to_owned(), |h| h.hex());
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "it is the turn of package {}; the operation names {}",
                    text(self.wanted),
                    text(claimed.map(|claim| claim.package))
                ),
            );
        }
        let models = self.package.as_ref().map(|state| &state.models);
        if let Some((claim, stored)) = claimed.zip(models)
            && claim.models != *stored
        {
            return refuse(
                RefusalCode::IdConflict,
                "the models of the package, who stored them and in how many parts, are not as claimed",
            );
        }
        Ok(())
    }

    fn compute(
        &self,
        ctx: &Context<'_, '_>,
        asked: &Asked,
        terms: &Terms,
        calendar: &Calendar,
        score: &ScoreState,
    ) -> Result<Result<(Computed, DetailDay), TableReason>, Refusal> {
        let Some(package) = &self.package else {
            return Ok(Err(TableReason::NoModel));
        };
        if package.package.spec.uses_forecast() && !self.revealed {
            return Ok(Err(TableReason::NoForecast));
        }
        let (visited, day) = (asked.parties.visited, asked.day);
        let forecaster = models::forecaster(ctx, package)?;
        let newest = LoadPage::of(calendar.begin(day.plus(1)));
        let load = series(ctx, newest, LOAD_PAGES, |page| {
            key_for_load_page(visited, page)
        })?;
        let own = series(ctx, newest, OWN_PAGES, |page| {
            key_for_own_page(visited, page)
        })?;
        let yesterday = day.plus(-1);
        let key = key_for_prices(asked.parties.agreement, yesterday);
        let before = prices(ctx, &key, yesterday)?.filter(|prices| prices.reason.is_none());
        let Some(tracker) = tracker(score, &forecaster) else {
            return Ok(Err(TableReason::NoModel));
        };
        let computed = compute(&DayInputs {
            calendar,
            forecaster: &forecaster,
            tracker: &tracker,
            terms: line::forecast_terms(&terms.agreement)?,
            band: terms.agreement.load_band,
            day,
            load,
            own: Some(own.clone()),
            before: before.and_then(|prices| prices.bps.last().copied()),
        });
        Ok(computed.map(|found| {
            let revealed = calendar.hours(day).map(|hour| own.get(hour));
            let detail = DetailDay {
                day,
                package: package.package.hash(),
                levels: package.package.levels.clone(),
                hours: found.hours.clone(),
                own: revealed
                    .collect::<Option<Vec<i64>>>()
                    .filter(|_| self.revealed),
                percentiles: found.percentiles.clone(),
                rate: package.package.rate,
            };
            (found, detail)
        }))
    }
}

/// The pages of a ring up to the newest as one series.
fn series(
    ctx: &Context<'_, '_>,
    newest: i64,
    ring: i64,
    key: impl Fn(i64) -> Key,
) -> Result<Series, Refusal> {
    let oldest = newest.saturating_sub(ring).saturating_add(1);
    let mut pages = Vec::new();
    for number in oldest..=newest {
        let found: Option<LoadPage> = ctx.view.get(&key(number))?;
        pages.extend(found.filter(|page| page.page == number));
    }
    let known = || pages.iter().flat_map(LoadPage::known);
    let (Some((first, _)), Some((last, _))) = (known().next(), known().last()) else {
        return Ok(Series::default());
    };
    let mut values = vec![
        None;
        usize::try_from(last.since(first))
            .unwrap_or(0)
            .saturating_add(1)
    ];
    for (hour, value) in known() {
        let place = usize::try_from(hour.since(first)).ok();
        if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
            *slot = Some(value);
        }
    }
    Ok(Series::new(first, values))
}

/// The tracker of a package: the one that learned, or a new one.
fn tracker(score: &ScoreState, forecaster: &Arc<Forecaster>) -> Option<Tracker> {
    let package = forecaster.package().hash();
    let known = score.trackers.iter().find(|t| t.package == package);
    known
        .map(|known: &PackageTracker| known.tracker.clone())
        .or_else(|| forecaster.tracker())
}

/// Whether skill or monitors stop the forecast from pricing. A package that nobody scored yet is trusted as far as the band goes.
fn stopped(terms: &Terms, score: &ScoreState, package: Option<Hash>) -> Option<TableReason> {
    let window = terms.agreement.forecast.as_ref()?.skill_days;
    let (scored, skill) = score::skill(score, window);
    if scored >= FEWEST_SCORED && skill.is_some_and(|skill| skill <= 0) {
        return Some(TableReason::NoSkill);
    }
    let watched = package.is_some() && score.package == package;
    (watched && score::firing(score) >= MONITORS_THAT_STOP).then_some(TableReason::Drift)
}
