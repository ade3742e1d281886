//! A utility that inflates its forecast: what is left of it in the load that is forecast, and in the price that the contract's curve makes of it.

use crate::options::{Options, code, name};
use crate::{figure, store, study};
use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::{Day, Hour, day_of};
use fairway_forecast::number::{order_statistic, scaled};
use fairway_forecast::scores::Errors;
use fairway_forecast::series::Series;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::MEDIAN;
use fairway_forecast::trees::Table;
use fairway_forecast::view::Inputs;
use fairway_model::agreement::LoadBand;
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_pricing::multipliers;
use fairway_training::search::{Member, rows_of};
use std::collections::BTreeMap;

/// The first day of the lie.
const FROM: (i64, u8, u8) = (2019, 10, 1);
/// Weeks that are shown: all that end before the shortest data.
const WEEKS: i64 = 12;
/// Percent by which the forecast is inflated.
const LIES: [i64; 2] = [5, 10];
/// Hours of the trailing year.
const YEAR_HOURS: i64 = 365 * 24;
/// Percentile of the trailing year in thousandths, and multiplier there in basis points.
const CURVE: [(u16, u32); 4] = [(100, 8_000), (500, 10_000), (900, 11_500), (990, 13_000)];

fn terms() -> (ForecastTerms, LoadBand) {
    let terms = ForecastTerms {
        curve: CURVE.map(|(level, bps)| CurvePoint { level, bps }).into(),
        step_bps: 1_000,
        notice_hours: 6,
        skill_days: 28,
        weekday_bps: vec![10_000; 24],
        weekend_bps: vec![10_000; 24],
        spare: None,
        stake: None,
    };
    let band = LoadBand {
        min_bps: 8_000,
        max_bps: 13_000,
    };
    (terms, band)
}

/// Trains on honest data before the lie, and shows week by week what a lie moves.
pub(crate) fn run(options: &Options, members: &[Member]) -> Result<(), String> {
    let (year, month, day) = FROM;
    let from = day_of(year, month, day).ok_or("no date")?;
    let last = from.plus(7 * WEEKS - 1);
    for issue in options.issues() {
        let spec = study::spec(members, issue, true);
        let grounds = study::grounds(members, &spec, issue, last)?;
        let known = from.plus(1 - issue.gap());
        let model = |grounds: &[&study::Ground<'_>]| {
            let mut table = Table::new(spec.features.len());
            for ground in grounds {
                table.append(&ground.rows.span(Day(0), known));
            }
            let recipe = study::recipe(MEDIAN, true, grounds.len() > 1);
            store::model(options, &spec, &table, &recipe)
        };
        let all: Vec<&study::Ground<'_>> = grounds.iter().collect();
        let pooled = model(&all)?;
        for ground in grounds.iter().filter(|g| options.wants(g.member)) {
            let voices = Voices::new(vec![vec![model(&[ground])?, pooled.clone()]]);
            let case = Case {
                options,
                member: ground.member,
                spec: &spec,
                issue,
                from,
                last,
                voices: &voices,
            };
            case.show()?;
        }
    }
    Ok(())
}

/// One member and one hour of issue.
struct Case<'a> {
    options: &'a Options,
    member: &'a Member,
    spec: &'a FeatureSpec,
    issue: Issue,
    from: Day,
    last: Day,
    voices: &'a Voices,
}

/// What is said of a day's hours, and what they cost.
struct Told {
    loads: Vec<(Hour, i64, i64)>,
    bps: Vec<u32>,
    /// The steepest part of the curve in basis points, and the kilowatts over which it rises.
    steepest: (u32, i64),
}

impl Case<'_> {
    fn show(&self) -> Result<(), String> {
        let honest = self.told(0)?;
        for per_cent in LIES {
            let lied = self.told(per_cent)?;
            let base = format!("{}/{}/lie-{per_cent}", code(self.member), name(self.issue));
            let (mut worst, mut worst_price, mut over) = (0.0_f64, 0.0_f64, 0);
            for week in 0..WEEKS {
                let days = (self.from.plus(7 * week), self.from.plus(7 * week + 7));
                let (mut before, mut after) = (Errors::default(), Errors::default());
                let (mut moved, mut hours) = (0_i64, 0_i64);
                for (day, told) in lied.range(days.0..days.1) {
                    let Some(plain) = honest.get(day) else {
                        continue;
                    };
                    for ((_, said, load), (_, without, _)) in told.loads.iter().zip(&plain.loads) {
                        after.add(*said, *load);
                        before.add(*without, *load);
                    }
                    for (with, without) in told.bps.iter().zip(&plain.bps) {
                        moved += i64::from(*with) - i64::from(*without);
                        hours += 1;
                    }
                    over += i64::from(!within(told, plain));
                }
                let share = |errors: &Errors| errors.bias().unwrap_or(0) as f64 / 1e4;
                let load = share(&after) - share(&before);
                let price = moved as f64 / hours.max(1) as f64 / 100.0;
                (worst, worst_price) = (worst.max(load.abs()), worst_price.max(price.abs()));
                let week = format!("{base}/week-{:02}", week + 1);
                figure(self.options, &format!("{week}/bias"), share(&after), "%");
                figure(self.options, &format!("{week}/moved"), load, "%");
                figure(
                    self.options,
                    &format!("{week}/price"),
                    price,
                    "% of the base price",
                );
            }
            figure(self.options, &format!("{base}/most-moved"), worst, "%");
            figure(
                self.options,
                &format!("{base}/most-price"),
                worst_price,
                "% of the base price",
            );
            let name = format!("{base}/days-beyond-the-curve");
            figure(self.options, &name, over as f64, "days");
        }
        Ok(())
    }

    /// Day by day what is said and charged when the forecast is inflated.
    fn told(&self, per_cent: i64) -> Result<BTreeMap<Day, Told>, String> {
        let lied = Member {
            inputs: self.lied(per_cent),
            ..self.member.clone()
        };
        let rows = rows_of(&lied, self.spec, self.issue, self.from, self.last)?;
        let mut days: BTreeMap<Day, Vec<(Hour, i64, i64)>> = BTreeMap::new();
        for (place, mark) in rows.marks.iter().enumerate() {
            let said = self.said(&rows, place)?;
            let hours = days.entry(mark.day).or_default();
            hours.push((mark.hour, mark.said(said), mark.load));
        }
        let (terms, band) = terms();
        let price = |(day, loads): (Day, Vec<(Hour, i64, i64)>)| {
            let percentiles = self.percentiles(&terms, day);
            let said: Vec<i64> = loads.iter().map(|(_, said, _)| *said).collect();
            let told = Told {
                bps: multipliers(&terms, band, &percentiles, &said, None),
                steepest: steepest(&percentiles),
                loads,
            };
            (day, told)
        };
        Ok(days.into_iter().map(price).collect())
    }

    fn said(&self, rows: &Rows, place: usize) -> Result<i64, String> {
        let outputs = self.voices.outputs(&rows.values(place));
        outputs.first().copied().ok_or("no model".to_owned())
    }

    fn lied(&self, per_cent: i64) -> Inputs {
        let begin = self.member.calendar.begin(self.from);
        let lie = |series: &Series| {
            let values = series.iter().map(|(hour, value)| {
                let factor = if hour >= begin { 100 + per_cent } else { 100 };
                value.map(|value| scaled(value, factor, 100))
            });
            Series::new(series.start(), values.collect())
        };
        Inputs {
            forecast: self.member.inputs.forecast.as_ref().map(lie),
            ..self.member.inputs.clone()
        }
    }

    /// The loads at the curve's levels over the year before the issue.
    fn percentiles(&self, terms: &ForecastTerms, day: Day) -> Vec<i64> {
        let last = self.issue.last(&self.member.calendar, day);
        let hours = (last.0 + 1 - YEAR_HOURS..=last.0).map(Hour);
        let load = &self.member.inputs.load;
        let mut values: Vec<i64> = hours.filter_map(|hour| load.get(hour)).collect();
        let levels = terms.curve.iter().map(|point| point.level);
        levels
            .filter_map(|level| order_statistic(&mut values, level))
            .collect()
    }
}

fn steepest(percentiles: &[i64]) -> (u32, i64) {
    let parts = CURVE.windows(2).zip(percentiles.windows(2));
    let parts = parts.filter_map(|(points, loads)| match (points, loads) {
        ([(_, low), (_, high)], [from, to]) => Some((high - low, (to - from).max(1))),
        _ => None,
    });
    parts
        .max_by_key(|(rise, width)| i64::from(*rise) * 1_000_000 / width)
        .unwrap_or((0, 1))
}

/// Whether no multiplier of the day moved further than the steepest part of the curve makes of the load that moved most.
fn within(told: &Told, plain: &Told) -> bool {
    let loads = told.loads.iter().zip(&plain.loads);
    let load = loads.map(|((_, a, _), (_, b, _))| (a - b).abs()).max();
    let prices = told.bps.iter().zip(&plain.bps);
    let price = prices.map(|(a, b)| i64::from(a.abs_diff(*b))).max();
    let (rise, width) = plain.steepest;
    // Both multipliers are rounded to the nearest.
    let bound = load.unwrap_or(0) * i64::from(rise) / width + 2;
    price.unwrap_or(0) <= bound
}
