//! The schedule of a day as a pure function of what is known at its issue: what validators compute, and what an auditor computes again.

use super::bounds::{BASELINE_DAYS, FEWEST_YEAR_HOURS, YEAR_HOURS};
use super::state::{SaidHour, TableReason};
use fairway_forecast::baseline::{empirical_quantiles, seasonal};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::{Forecaster, Spoken};
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::number::order_statistic;
use fairway_forecast::series::Series;
use fairway_forecast::track::Tracker;
use fairway_forecast::view::{Inputs, NoRow, View};
use fairway_model::agreement::LoadBand;
use fairway_model::canonical::Canonical;
use fairway_model::forecast::ForecastTerms;
use fairway_model::hash::Hash;
use fairway_pricing::multipliers;

/// Domain label of the hash of what a schedule is computed from.
pub const INPUTS_DOMAIN: &str = "fairway.forecast.inputs.v1";
/// Hours after which the baseline repeats: a week.
const BASELINE_PERIOD: i64 = 168;

/// Everything that a schedule depends on.
#[derive(Debug)]
pub struct DayInputs<'a> {
    /// The region's calendar.
    pub calendar: &'a Calendar,
    /// The package with its models.
    pub forecaster: &'a Forecaster,
    /// The quantiles' shifts.
    pub tracker: &'a Tracker,
    /// The agreed curve, step and table.
    pub terms: &'a ForecastTerms,
    /// The agreed band of multipliers.
    pub band: LoadBand,
    /// The local day.
    pub day: Day,
    /// The member's readings. What lies after the last hour that is known at issue is not looked at.
    pub load: Series,
    /// The member's own forecasts as revealed, the day's among them.
    pub own: Option<Series>,
    /// The multiplier of the hour before the day, where a schedule gave one.
    pub before: Option<u32>,
}

/// A computed schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The loads at the curve's levels, in kilowatts.
    pub percentiles: Vec<i64>,
    /// Hour by hour what was said.
    pub hours: Vec<SaidHour>,
    /// The multipliers in basis points.
    pub bps: Vec<u32>,
    /// Hash of everything that it was computed from.
    pub inputs: Hash,
}

/// Computes the schedule.
///
/// # Errors
/// The reason why there is none, and the agreed table prices the day.
pub fn compute(given: &DayInputs<'_>) -> Result<Computed, TableReason> {
    let package = given.forecaster.package();
    let last = package.issue.last(given.calendar, given.day);
    let known = given.load.iter().take_while(|(hour, _)| *hour <= last);
    let load = Series::new(given.load.start(), known.map(|(_, value)| value).collect());
    let percentiles = percentiles(given.terms, &load, last)?;
    let inputs = inputs_hash(given, &load);
    let data = Inputs {
        load,
        forecast: given.own.clone(),
        ..Inputs::default()
    };
    let view = View::new(&data, given.calendar, &package.spec).map_err(reason)?;
    let baseline = Baseline::new(&data.load, last, &package.levels);
    let mut hours = Vec::with_capacity(25);
    for (hour, spoken) in given.forecaster.day(&view, given.day) {
        let spoken = spoken.map_err(reason)?;
        hours.push(SaidHour {
            quantiles: spoken.publish(given.tracker),
            baseline: baseline.quantiles(hour),
            spoken,
        });
    }
    let median = given.forecaster.median();
    let loads: Vec<i64> = hours
        .iter()
        .filter_map(|hour| hour.quantiles.get(median).copied())
        .collect();
    let bps = multipliers(given.terms, given.band, &percentiles, &loads, given.before);
    Ok(Computed {
        percentiles,
        hours,
        bps,
        inputs,
    })
}

fn reason(error: NoRow) -> TableReason {
    match error {
        NoRow::NoForecast => TableReason::NoForecast,
        NoRow::NoScale | NoRow::NoAnchor => TableReason::NoReadings,
        NoRow::NoCalendar | NoRow::OtherCalendar | NoRow::OutOfHorizon { .. } => {
            TableReason::OtherCalendar
        }
    }
}

/// The loads at the curve's levels over the trailing year.
fn percentiles(terms: &ForecastTerms, load: &Series, last: Hour) -> Result<Vec<i64>, TableReason> {
    let year = load
        .iter()
        .filter(|(hour, _)| last.since(*hour) < YEAR_HOURS)
        .filter_map(|(_, value)| value);
    let mut values: Vec<i64> = year.collect();
    if values.len() < FEWEST_YEAR_HOURS {
        return Err(TableReason::NoYear);
    }
    let levels = terms.curve.iter().map(|point| point.level);
    let found = levels.filter_map(|level| order_statistic(&mut values, level));
    Ok(found.collect())
}

/// The forecast that no report moves: the week before, with quantiles of its own errors.
struct Baseline<'a> {
    load: &'a Series,
    errors: Series,
    last: Hour,
    levels: &'a [u16],
}

impl<'a> Baseline<'a> {
    fn new(load: &'a Series, last: Hour, levels: &'a [u16]) -> Self {
        let errors = load
            .iter()
            .map(|(hour, value)| {
                Some(value?.saturating_sub(load.get(hour.plus(-BASELINE_PERIOD))?))
            })
            .collect();
        Self {
            load,
            errors: Series::new(load.start(), errors),
            last,
            levels,
        }
    }

    fn quantiles(&self, hour: Hour) -> Vec<i64> {
        let point = seasonal(self.load, self.last, hour, BASELINE_PERIOD);
        point.map_or_else(Vec::new, |point| {
            empirical_quantiles(
                point,
                &self.errors,
                self.last,
                hour,
                BASELINE_DAYS,
                self.levels,
            )
        })
    }
}

fn inputs_hash(given: &DayInputs<'_>, load: &Series) -> Hash {
    let values = |series: &Series| series.iter().map(|(_, v)| v).collect::<Vec<Option<i64>>>();
    let own = given.own.as_ref().map(|own| (own.start(), values(own)));
    let known = (
        given.forecaster.package().hash(),
        given.calendar.hash(),
        given.day,
        (load.start(), values(load)),
        own,
        given.before,
    );
    let agreed = (given.terms.clone(), given.band, given.tracker.clone());
    Hash::of(INPUTS_DOMAIN, &(known, agreed).to_bytes())
}

/// Teaches a tracker the loads of a day that was said.
pub(super) fn teach(tracker: &mut Tracker, said: &[(Spoken, i64)]) {
    for (spoken, load) in said {
        spoken.teach(tracker, *load);
    }
}
