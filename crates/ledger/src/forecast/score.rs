//! How good a day's forecast was, once its readings are closed.
//!
//! The published quantiles and the member's own forecast are measured by pinball loss against the baseline of the same day, which was written down when
//! the schedule was made. Days are scored in their order, each once.

use super::bounds::{COVERAGE_DAYS, SCORE_AFTER_MS, SCORE_DAYS};
use super::op::{ForecastEffect, Parties};
use super::reads::day_pages;
use super::stakes::{self, Settled};
use super::state::{
    DayScore, DetailDay, LoadPage, PackageTracker, SaidHour, ScoreState, key_for_detail,
    key_for_score,
};
use super::{book, calendar, day as days, line, load, not_due};
use crate::Account;
use crate::context::{Context, Done, overflow, refuse};
use crate::money::position;
use crate::receipt::{Effect, Posting};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::drift::{Coverage, Cusum, PageHinkley};
use fairway_forecast::ensemble::Spoken;
use fairway_forecast::hour::Day;
use fairway_forecast::number::PPM;
use fairway_forecast::scores::{self, Errors, pinball};
use fairway_forecast::track::{MEDIAN, Tracker};
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;
use std::collections::BTreeMap;

/// Trackers that are kept: of the package and of the spare one.
const TRACKERS: usize = 2;

/// When a day can be scored: its readings are closed then.
pub fn scored_from(calendar: &Calendar, day: Day) -> Time {
    calendar.begin(day.plus(1)).start().plus(SCORE_AFTER_MS)
}

/// Scores a day.
pub(super) fn score(
    ctx: &mut Context<'_, '_>,
    parties: &Parties,
    day: Day,
    currency: Option<Currency>,
) -> Result<Done, Refusal> {
    let (terms, _) = ctx.agreement(parties.agreement)?;
    crate::agreements::check_parties(&terms.agreement, (parties.home, parties.visited))?;
    let forecast = line::forecast_terms(&terms.agreement)?;
    let (window, stake) = (forecast.skill_days, forecast.stake);
    let right = stake.map(|_| terms.agreement.currency);
    if currency != right {
        return refuse(
            RefusalCode::IdConflict,
            "the operation names the agreement's currency where it names a stake, and none where it does not",
        );
    }
    let calendar = calendar(&book(ctx, parties.visited)?)?;
    let from = scored_from(&calendar, day);
    if ctx.now() < from {
        return not_due(format!(
            "the day's readings are open until {from}; then it is scored"
        ));
    }
    let detail: Option<DetailDay> = ctx.view.get(&key_for_detail(parties.agreement, day))?;
    let Some(detail) = detail.filter(|detail| detail.day == day) else {
        return refuse(
            RefusalCode::NothingDue,
            "nothing was forecast for this day, or it is too long ago",
        );
    };
    let key = key_for_score(parties.agreement);
    let mut record: ScoreState = ctx.view.get(&key)?.unwrap_or_default();
    if record.days.last().is_some_and(|last| last.day >= day) {
        return refuse(
            RefusalCode::Duplicate,
            "this day or a later one is scored already",
        );
    }
    let pages = load::pages(ctx, parties.visited, day_pages(day))?;
    let known: BTreeMap<_, _> = pages.iter().flat_map(LoadPage::known).collect();
    let read = |said: &SaidHour| known.get(&said.spoken.hour).copied();
    let measured: Vec<Option<i64>> = detail.hours.iter().map(read).collect();
    let scored = measure(&detail, &measured);
    learn(&mut record, &detail, &measured);
    watch(&mut record, &detail, &measured, &scored);
    let over = record
        .days
        .len()
        .saturating_add(1)
        .saturating_sub(SCORE_DAYS);
    record.days.drain(..over);
    record.days.push(scored);
    ctx.view.put(key, &record);
    let found = stakes::scores(&detail, &measured);
    let settled = stake.zip(found).map(|(stake, (own, baseline))| Settled {
        stake,
        own,
        baseline,
    });
    let postings = match settled.zip(currency) {
        Some((settled, currency)) => pay(ctx, parties, &settled, currency)?,
        None => Vec::new(),
    };
    let effect = ForecastEffect::Scored {
        agreement: parties.agreement,
        day,
        skill: skill(&record, window).1,
        stakes: settled,
    };
    let effect = Effect::Forecast(effect);
    Ok(Done { effect, postings })
}

/// Posts what one of the two owes the other for its stake. A member that agrees with itself owes nobody.
fn pay(
    ctx: &mut Context<'_, '_>,
    parties: &Parties,
    settled: &Settled,
    currency: Currency,
) -> Result<Vec<Posting>, Refusal> {
    let owed = settled.owed().map_err(overflow)?;
    if parties.home == parties.visited || owed == Micro::ZERO {
        return Ok(Vec::new());
    }
    let (debtor, creditor, amount) = if owed > Micro::ZERO {
        (parties.home, parties.visited, owed)
    } else {
        let amount = owed.negated().map_err(overflow)?;
        (parties.visited, parties.home, amount)
    };
    position::grow(ctx, (debtor, creditor, currency), amount)?;
    let less = amount.negated().map_err(overflow)?;
    let amounts = vec![
        (Account::Member(debtor), less),
        (Account::Member(creditor), amount),
    ];
    ctx.post(currency, amounts)
}

/// How many of the last `window` days counted, and their skill together in millionths.
pub(super) fn skill(state: &ScoreState, window: u16) -> (usize, Option<i64>) {
    let recent = state.days.iter().rev().take(usize::from(window));
    let (mut count, mut loss, mut baseline) = (0_usize, 0_i64, 0_i64);
    for day in recent.filter(|day| counts(day)) {
        count = count.saturating_add(1);
        loss = loss.saturating_add(day.loss);
        baseline = baseline.saturating_add(day.baseline);
    }
    (count, scores::skill(loss, baseline))
}

fn counts(day: &DayScore) -> bool {
    day.hours >= 12 && day.baseline > 0
}

/// How many drift monitors fire.
pub(super) fn firing(state: &ScoreState) -> usize {
    let monitors = [
        state.skill.fires(),
        state.coverage.as_ref().is_some_and(Coverage::fires),
        state.bias.leaning().is_some(),
    ];
    monitors.into_iter().filter(|fires| *fires).count()
}

/// The sums of a day over the hours that were read.
fn measure(detail: &DetailDay, measured: &[Option<i64>]) -> DayScore {
    let median = detail.levels.iter().position(|level| *level == MEDIAN);
    let mut score = DayScore {
        day: detail.day,
        hours: 0,
        loss: 0,
        baseline: 0,
        own: detail.own.as_ref().map(|_| 0),
        own_baseline: 0,
        bias: 0,
    };
    let mut errors = Errors::default();
    for (place, (said, load)) in detail.hours.iter().zip(measured).enumerate() {
        let Some(load) = load.filter(|_| !said.baseline.is_empty()) else {
            continue;
        };
        score.hours = score.hours.saturating_add(1);
        let loss = |values: &[i64]| {
            let pairs = detail.levels.iter().zip(values);
            pairs.fold(0_i64, |sum, (level, value)| {
                sum.saturating_add(pinball(*level, *value, load))
            })
        };
        score.loss = score.loss.saturating_add(loss(&said.quantiles));
        score.baseline = score.baseline.saturating_add(loss(&said.baseline));
        let middle = |values: &[i64]| median.and_then(|m| values.get(m)).copied().unwrap_or(0);
        let own = detail.own.as_ref().and_then(|own| own.get(place)).copied();
        if let (Some(sum), Some(own)) = (score.own.as_mut(), own) {
            *sum = sum.saturating_add(pinball(MEDIAN, own, load));
        }
        let naive = pinball(MEDIAN, middle(&said.baseline), load);
        score.own_baseline = score.own_baseline.saturating_add(naive);
        errors.add(middle(&said.quantiles), load);
    }
    score.bias = errors.bias().unwrap_or(0);
    score
}

/// Teaches the package's tracker.
fn learn(state: &mut ScoreState, detail: &DetailDay, measured: &[Option<i64>]) {
    let place = state
        .trackers
        .iter()
        .position(|t| t.package == detail.package);
    let place = place.or_else(|| {
        let tracker = Tracker::new(&detail.levels, detail.rate)?;
        if state.trackers.len() >= TRACKERS {
            state.trackers.remove(0);
        }
        state.trackers.push(PackageTracker {
            package: detail.package,
            tracker,
        });
        state.trackers.len().checked_sub(1)
    });
    let said: Vec<(Spoken, i64)> = detail
        .hours
        .iter()
        .zip(measured)
        .filter_map(|(said, load)| Some((said.spoken.clone(), (*load)?)))
        .collect();
    if let Some(known) = place.and_then(|place| state.trackers.get_mut(place)) {
        days::teach(&mut known.tracker, &said);
    }
}

/// Shows the day to the monitors; another package begins them anew.
fn watch(state: &mut ScoreState, detail: &DetailDay, measured: &[Option<i64>], scored: &DayScore) {
    if state.package != Some(detail.package) {
        state.package = Some(detail.package);
        state.skill = PageHinkley::SKILL;
        state.coverage = None;
        state.bias = Cusum::BIAS;
    }
    if !counts(scored) {
        return;
    }
    let gain = scores::skill(scored.loss, scored.baseline).unwrap_or(0);
    state.skill.see(gain.clamp(-PPM, PPM));
    state.bias.see(scored.bias);
    let (lowest, highest) = (
        detail.levels.first().copied().unwrap_or(0),
        detail.levels.last().copied().unwrap_or(0),
    );
    let (mut hours, mut inside) = (0_u16, 0_u16);
    for (said, load) in detail.hours.iter().zip(measured) {
        let ends = said.quantiles.first().zip(said.quantiles.last());
        if let Some((load, (low, high))) = load.zip(ends) {
            hours = hours.saturating_add(1);
            inside = inside.saturating_add(u16::from(load > *low && load <= *high));
        }
    }
    state
        .coverage
        .get_or_insert_with(|| Coverage::new(highest.saturating_sub(lowest), COVERAGE_DAYS))
        .see(hours, inside);
}
