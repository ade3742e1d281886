//! Prices that follow the forecast load: a day's schedule, what was forecast, what was, and the skill of it.

use super::agreements::details;
use super::terms::{BandTerms, CorridorTerms, ForecastBody, forecast_body};
use crate::api::Api;
use crate::api::extract::{Path, Query};
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Signed, Staff};
use crate::api::wire::{self, Money};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour, date_of, day_of};
use fairway_ledger::forecast::price_of;
use fairway_ledger::forecast::state::{
    DayScore, DetailDay, LineState, LoadBook, LoadPage, PriceDay, ScoreState, key_for_detail,
    key_for_line, key_for_load_book, key_for_load_page, key_for_prices, key_for_score,
};
use fairway_model::canonical::Canonical;
use fairway_model::{Agreement, AgreementId, Currency, MemberId};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, HourPricesAsked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hours of universal time among which those of a local day are found.
const AROUND: std::ops::Range<i64> = -16..48;
/// Basis points of the whole.
const WHOLE: i64 = 10_000;

/// An agreement whose prices follow the forecast.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastRow {
    /// `agr_...`.
    agreement: String,
    /// Whose drivers.
    home: String,
    /// Whose stations: its load is forecast.
    visited: String,
    /// The package of models in force.
    package: Option<String>,
    /// Whether the visited utility has opened its load book.
    load_book: bool,
    /// The newest day of the region's clock that has a schedule, if that is tomorrow or today.
    newest: Option<String>,
}

/// Which day.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayQuery {
    /// A day of the region's clock, as in 2026-11-17; today when left out.
    #[param(format = Date)]
    day: Option<String>,
    /// The tariff that prices the hours, by id; the agreement's first when left out.
    #[param(min_length = 1, max_length = 36)]
    tariff: Option<String>,
}

/// One hour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HourRow {
    /// When it begins.
    hour: String,
    /// The hour on the region's clock.
    clock: i32,
    /// The multiplier that prices it.
    bps: u32,
    /// What a kilowatt-hour costs then under the tariff: after multiplier and corridor, before taxes, for a driver without a discount.
    price: Option<Money>,
    /// What the agreed table says.
    table_bps: Option<u32>,
    /// Forecast kilowatts by level.
    quantiles_kw: Option<Vec<i64>>,
    /// The baseline's kilowatts by level.
    baseline_kw: Option<Vec<i64>>,
    /// The utility's own forecast.
    own_kw: Option<i64>,
    /// The load, once it was posted.
    load_kw: Option<i64>,
}

/// How one day went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreRow {
    /// The day.
    day: String,
    /// Hours with a reading.
    hours: u16,
    /// Pinball loss of the forecast, in thousandths of a kilowatt.
    loss: i64,
    /// The baseline's.
    baseline: i64,
    /// The utility's own forecast's, as a median.
    own: Option<i64>,
    /// Bias of the median in millionths of the load.
    bias_ppm: i64,
    /// One less loss over baseline, in basis points; below nothing: worse than the baseline.
    skill_bps: Option<i64>,
}

/// Skill over the kept days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Skill {
    /// Days, oldest first.
    days: Vec<ScoreRow>,
    /// Over all of them.
    skill_bps: Option<i64>,
}

/// A day's schedule and forecast.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastDay {
    /// The agreement.
    agreement: String,
    /// The day, by the region's clock.
    day: String,
    /// The region.
    region: String,
    /// Whose load.
    member: String,
    /// Limits of the energy price.
    corridor: CorridorTerms,
    /// Limits of the multiplier.
    load_band: BandTerms,
    /// The agreed curve, table and window.
    terms: ForecastBody,
    /// Whether a schedule was published.
    published: bool,
    /// Why the agreed table prices the day instead.
    reason: Option<String>,
    /// Levels of the quantiles in thousandths.
    levels: Vec<u16>,
    /// The tariff whose prices the hours have, by id.
    tariff: String,
    /// All tariffs of the agreement.
    tariffs: Vec<String>,
    /// Hours in order.
    hours: Vec<HourRow>,
    /// The package that forecast.
    package: Option<String>,
    /// Hash of everything that it was computed from.
    inputs: Option<String>,
    /// The block that published it.
    height: Option<u64>,
    /// How good it was of late.
    skill: Skill,
}

async fn state<T: Canonical>(api: &Api, key: [u8; 32]) -> Option<T> {
    T::from_bytes(&api.parts().desk.chain.get(key).await?).ok()
}

fn day_text(day: Day) -> String {
    let (year, month, day) = date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn parse_day(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let found = day_of(
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    )?;
    (parts.next().is_none() && day_text(found) == text).then_some(found)
}

fn skill(loss: i64, baseline: i64) -> Option<i64> {
    let part = loss.checked_mul(WHOLE)?.checked_div(baseline)?;
    WHOLE.checked_sub(part)
}

fn score_row(s: &DayScore) -> ScoreRow {
    ScoreRow {
        day: day_text(s.day),
        hours: s.hours,
        loss: s.loss,
        baseline: s.baseline,
        own: s.own,
        bias_ppm: s.bias,
        skill_bps: skill(s.loss, s.baseline),
    }
}

fn skill_of(score: Option<&ScoreState>) -> Skill {
    let days = score.map(|s| s.days.as_slice()).unwrap_or_default();
    let sum = |value: fn(&DayScore) -> i64| days.iter().map(value).fold(0i64, i64::saturating_add);
    Skill {
        days: days.iter().map(score_row).collect(),
        skill_bps: skill(sum(|d| d.loss), sum(|d| d.baseline)),
    }
}

/// Agreements whose prices follow the forecast.
#[utoipa::path(get, path = "/api/v1/forecasts", tag = "forecasts", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<ForecastRow>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<ForecastRow>>, Problem> {
    let mut data = Vec::new();
    for detail in details(&api, &by, None).await? {
        let (id, terms) = (detail.view.agreement, &detail.terms);
        if terms.forecast.is_none() {
            continue;
        }
        let line: Option<LineState> = state(&api, key_for_line(id)).await;
        let height = api.parts().desk.chain.status().height;
        let active = line.and_then(|line| line.at(height).active);
        let book: Option<LoadBook> = state(&api, key_for_load_book(terms.visited)).await;
        data.push(ForecastRow {
            agreement: id.to_string(),
            home: terms.home.to_string(),
            visited: terms.visited.to_string(),
            package: active.map(|pack| pack.package.hex()),
            load_book: book.is_some(),
            newest: newest(&api, id, book.as_ref()).await,
        });
    }
    Ok(Json(All { data }))
}

/// Tomorrow or today by the region's clock, whichever has a schedule.
async fn newest(api: &Api, id: AgreementId, book: Option<&LoadBook>) -> Option<String> {
    let calendar = Calendar::read(&book?.calendar).ok()?;
    let today = calendar.local(Hour::of(api.parts().clock.now())).day;
    for day in [today.plus(1), today] {
        let prices: Option<PriceDay> = state(api, key_for_prices(id, day)).await;
        if prices.is_some_and(|prices| prices.day == day) {
            return Some(day_text(day));
        }
    }
    None
}

async fn calendar(api: &Api, member: MemberId) -> Result<Calendar, Problem> {
    let book: Option<LoadBook> = state(api, key_for_load_book(member)).await;
    let found = book.and_then(|book| Calendar::read(&book.calendar).ok());
    found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "model-unknown",
            format!("{member} has opened no load book: `fairway ledger forecast open` does it"),
        )
    })
}

struct Sources<'a> {
    terms: &'a Agreement,
    calendar: &'a Calendar,
    prices: Option<&'a PriceDay>,
    detail: Option<&'a DetailDay>,
    loads: &'a [(Hour, i64)],
}

impl Sources<'_> {
    fn row(&self, first: Hour, hour: Hour) -> Option<HourRow> {
        let forecast = self.terms.forecast.as_ref()?;
        let local = self.calendar.local(hour);
        let place = usize::try_from(hour.since(first)).ok()?;
        let said = self.detail.and_then(|d| d.hours.get(place));
        let own = self.detail.and_then(|d| d.own.as_ref());
        let weekend = Calendar::weekday(local.day) >= 5;
        Some(HourRow {
            hour: hour.start().rfc3339(),
            clock: local.hour,
            bps: price_of(
                forecast,
                self.terms.load_band,
                self.calendar,
                self.prices,
                hour,
            ),
            price: None,
            table_bps: forecast.table(local.hour, weekend),
            quantiles_kw: said.map(|s| s.quantiles.clone()),
            baseline_kw: said.map(|s| s.baseline.clone()).filter(|b| !b.is_empty()),
            own_kw: own.and_then(|o| o.get(place)).copied(),
            load_kw: self
                .loads
                .iter()
                .find(|(h, _)| *h == hour)
                .map(|(_, kw)| *kw),
        })
    }
}

/// Puts into each hour what a kilowatt-hour costs. Where no price can be told, as while the visited utility has no charging point, it has none.
async fn price(
    api: &Api,
    by: &Signed,
    (id, tariff, currency): (AgreementId, &str, Currency),
    hours: &mut [(Hour, HourRow)],
) {
    let times = hours.iter().map(|(hour, row)| (hour.start(), row.bps));
    let question = DeskQuestion::HourPrices(HourPricesAsked {
        agreement: id,
        tariff: tariff.to_owned(),
        times: times.collect(),
    });
    let Ok(DeskAnswer::HourPrices(prices)) = api.ask(by, question).await else {
        return;
    };
    for ((_, row), price) in hours.iter_mut().zip(prices) {
        row.price = price.map(|amount| Money::new(amount, currency));
    }
}

/// The tariff that is asked for, or the agreement's first.
fn chosen<'a>(terms: &'a Agreement, asked: Option<&'a str>) -> Result<&'a str, Problem> {
    let known = || terms.tariffs.iter().map(|tariff| tariff.id.as_str());
    match asked {
        None => Ok(known().next().unwrap_or_default()),
        Some(asked) if terms.tariff(asked).is_some() => Ok(asked),
        Some(asked) => Err(Problem::not_found(format!(
            "the agreement has no tariff {asked}; it has {}",
            known().collect::<Vec<_>>().join(", ")
        ))),
    }
}

async fn loads(api: &Api, member: MemberId, hours: &[Hour]) -> Vec<(Hour, i64)> {
    let mut pages: Vec<i64> = hours.iter().map(|h| LoadPage::of(*h)).collect();
    pages.dedup();
    let mut found = Vec::new();
    for number in pages {
        let page: Option<LoadPage> = state(api, key_for_load_page(member, number)).await;
        if let Some(page) = page.filter(|p| p.page == number) {
            found.extend(page.known().filter(|(h, _)| hours.contains(h)));
        }
    }
    found
}

/// The day that is asked for, or today by the region's clock.
fn wanted_day(api: &Api, calendar: &Calendar, asked: Option<&str>) -> Result<Day, Problem> {
    match asked {
        None => Ok(calendar.local(Hour::of(api.parts().clock.now())).day),
        Some(text) => parse_day(text).ok_or_else(|| {
            let text = format!("day = {text}: a day as in 2026-11-17 is right");
            Problem::new(StatusCode::BAD_REQUEST, "query", text)
        }),
    }
}

/// A day of an agreement: multipliers, quantiles, loads, and the skill of late.
#[utoipa::path(get, path = "/api/v1/forecasts/{agreement}", tag = "forecasts", extensions(("x-roles" = json!(Staff::ROLES))), params(("agreement" = String, Path), DayQuery), responses((status = 200, body = ForecastDay)))]
pub(crate) async fn one(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(id): Path<String>,
    Query(query): Query<DayQuery>,
) -> Result<Json<ForecastDay>, Problem> {
    let id = wire::agreement(&id)?;
    let found = details(&api, &by, Some(id)).await?;
    let terms = found.into_iter().next().map(|d| d.terms);
    let terms = terms.ok_or_else(|| Problem::not_found(format!("{id} is not known here")))?;
    let Some(forecast) = &terms.forecast else {
        let text = format!("prices under {id} do not follow a forecast");
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-forecast", text));
    };
    let calendar = calendar(&api, terms.visited).await?;
    let day = wanted_day(&api, &calendar, query.day.as_deref())?;
    let begin = Hour(day.0.saturating_mul(24));
    let hours: Vec<Hour> = AROUND
        .map(|n| begin.plus(n))
        .filter(|h| calendar.local(*h).day == day)
        .collect();
    let prices: Option<PriceDay> = state(&api, key_for_prices(id, day)).await;
    let prices = prices.filter(|p| p.day == day);
    let detail: Option<DetailDay> = state(&api, key_for_detail(id, day)).await;
    let detail = detail.filter(|d| d.day == day);
    let score: Option<ScoreState> = state(&api, key_for_score(id)).await;
    let loads = loads(&api, terms.visited, &hours).await;
    let sources = Sources {
        terms: &terms,
        calendar: &calendar,
        prices: prices.as_ref(),
        detail: detail.as_ref(),
        loads: &loads,
    };
    let first = hours.first().copied().unwrap_or(begin);
    let tariff = chosen(&terms, query.tariff.as_deref())?;
    let mut rows: Vec<(Hour, HourRow)> = hours
        .iter()
        .filter_map(|h| Some((*h, sources.row(first, *h)?)))
        .collect();
    price(&api, &by, (id, tariff, terms.currency), &mut rows).await;
    let money = |value| Money::new(value, terms.currency);
    Ok(Json(ForecastDay {
        agreement: id.to_string(),
        day: day_text(day),
        region: calendar.region().to_owned(),
        member: terms.visited.to_string(),
        corridor: CorridorTerms {
            floor: money(terms.corridor.floor),
            cap: money(terms.corridor.cap),
        },
        load_band: BandTerms {
            min_bps: terms.load_band.min_bps,
            max_bps: terms.load_band.max_bps,
        },
        terms: forecast_body(forecast, terms.currency),
        published: prices.is_some(),
        reason: prices
            .as_ref()
            .and_then(|p| p.reason)
            .map(|r| r.words().to_owned()),
        levels: detail
            .as_ref()
            .map(|d| d.levels.clone())
            .unwrap_or_default(),
        tariff: tariff.to_owned(),
        tariffs: terms.tariffs.iter().map(|t| t.id.clone()).collect(),
        hours: rows.into_iter().map(|(_, row)| row).collect(),
        package: prices.as_ref().and_then(|p| p.package).map(|h| h.hex()),
        inputs: prices.as_ref().and_then(|p| p.inputs).map(|h| h.hex()),
        height: prices.as_ref().map(|p| p.height),
        skill: skill_of(score.as_ref()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        let day = parse_day("2026-11-17").unwrap();
        assert_eq!(day_text(day), "2026-11-17");
        for bad in ["2026-11-31", "17.11.2026", "2026-11-17-1", "2026-1-7"] {
            assert!(parse_day(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn skill_is_what_the_baseline_lost_more() {
        assert_eq!(skill(75, 100), Some(2_500));
        assert_eq!(skill(120, 100), Some(-2_000));
        assert_eq!(skill(1, 0), None);
    }
}
