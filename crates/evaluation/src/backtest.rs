//! What the contracts would have earned, month by month and day by day: fixed price, agreed table, forecast, and the load known.
//!
//! The wishes to charge are the stated profile and share of the energy; demand at a price is exp(-λp). So every figure here is the closed form, without
//! chance, for the loads as they were and the forecasts as they would have been issued.

use crate::market::{Expected, Market};
use crate::number::{float, part};
use crate::outcome::{Outcome, Quantity};
use crate::parameters::{KWH, REGIONS};
use crate::regime::Regime;
use fairway_forecast::hour::Day;
use std::collections::BTreeMap;

/// Most failed days that are listed.
pub const LISTED: usize = 12;

/// One month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Year and month.
    pub month: (i64, i64),
    /// Money by contract, in the order of [`Regime::CONTRACTS`].
    pub money: [Outcome; 4],
    /// Highest load with charging by region and contract, in kilowatts.
    pub peaks: [[f64; REGIONS]; 4],
}

/// Why the forecast contract earned less than the fixed price on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The agreed table was in force for most of the day: no forecast, or none with skill.
    Table,
    /// The load was forecast too high: dear hours turned drivers away.
    TooHigh,
    /// The load was forecast too low: energy was sold too cheap.
    TooLow,
    /// Even with the load known the map earns less that day: steps between hours and waiting drivers.
    Map,
}

impl Reason {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Table => "no skilful forecast: the agreed table priced most of the day",
            Self::TooHigh => "the load was forecast too high: prices turned drivers away",
            Self::TooLow => "the load was forecast too low: energy was sold too cheap",
            Self::Map => {
                "even with the load known the map earns less: limited steps, drivers who wait"
            }
        }
    }
}

/// A day on which the forecast contract earned less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failure {
    /// The day on the first region's clock.
    pub day: Day,
    /// What was lost, in currency units.
    pub lost: f64,
    /// What the fixed price earned.
    pub fixed: f64,
    /// Mean place of the forecast less that of the load, in parts.
    pub off: f64,
    /// Why.
    pub reason: Reason,
}

/// The back-test.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// The months.
    pub months: Vec<Month>,
    /// How many days.
    pub days: usize,
    /// Failed days, the worst first; all of them.
    pub failures: Vec<Failure>,
    /// All months together.
    pub total: [Outcome; 4],
    /// Highest load with charging over all months.
    pub peaks: [[f64; REGIONS]; 4],
    /// Charging in the hour of each region's highest load without charging, in kilowatts.
    pub coincident: [[f64; REGIONS]; 4],
}

/// Plays the months.
pub fn backtest(market: &Market<'_>) -> Backtest {
    let expected = Regime::CONTRACTS.map(|regime| market.expect(regime));
    let mut months: BTreeMap<(i64, i64), Month> = BTreeMap::new();
    let mut days: BTreeMap<Day, ([Outcome; 4], Off)> = BTreeMap::new();
    let wishes = market.wishes();
    let [first, second] = &market.loads.regions;
    for (hour, (slot, other)) in first.slots.iter().zip(&second.slots).enumerate() {
        let month = months.entry(slot.month).or_insert_with(|| Month {
            month: slot.month,
            money: [Outcome::default(); 4],
            peaks: [[0.0; REGIONS]; 4],
        });
        let day = days.entry(slot.day).or_default();
        day.1.add(slot);
        day.1.add(other);
        for (contract, expected) in expected.iter().enumerate() {
            let money = expected
                .hours
                .get(hour)
                .copied()
                .unwrap_or_default()
                .times(wishes);
            add(&mut month.money, contract, money);
            add(&mut day.0, contract, money);
            let loads = [slot.load, other.load];
            raise(month.peaks.get_mut(contract), expected, hour, loads, wishes);
        }
    }
    let mut failures: Vec<Failure> = days
        .iter()
        .filter_map(|(day, (money, off))| failure(*day, money, off))
        .collect();
    failures.sort_by(|a, b| b.lost.total_cmp(&a.lost));
    let mut total = [Outcome::default(); 4];
    for month in months.values() {
        for (contract, money) in month.money.into_iter().enumerate() {
            add(&mut total, contract, money);
        }
    }
    Backtest {
        months: months.into_values().collect(),
        days: days.len(),
        failures,
        total,
        peaks: [0, 1, 2, 3]
            .map(|c| [0, 1].map(|r| expected.get(c).map_or(0.0, |e| market.system_peak(e, r)))),
        coincident: [0, 1, 2, 3]
            .map(|c| [0, 1].map(|r| expected.get(c).map_or(0.0, |e| coincident(market, e, r)))),
    }
}

/// Charging in the hour of a region's highest load, in kilowatts.
fn coincident(market: &Market<'_>, expected: &Expected, region: usize) -> f64 {
    let slots = market
        .loads
        .regions
        .get(region)
        .map_or(&[][..], |r| r.slots.as_slice());
    let highest = slots.iter().enumerate().max_by_key(|(_, s)| s.load);
    let charging = expected.charging.get(region);
    let found = highest.and_then(|(hour, _)| charging.and_then(|c| c.get(hour)));
    found.copied().unwrap_or(0.0) * market.wishes() * f64::from(KWH)
}

fn add(sums: &mut [Outcome; 4], contract: usize, money: Outcome) {
    if let Some(sum) = sums.get_mut(contract) {
        *sum += money;
    }
}

fn raise(
    peaks: Option<&mut [f64; REGIONS]>,
    expected: &Expected,
    hour: usize,
    loads: [i64; REGIONS],
    wishes: f64,
) {
    for ((peak, charging), load) in peaks
        .into_iter()
        .flatten()
        .zip(&expected.charging)
        .zip(loads)
    {
        let charged = charging.get(hour).copied().unwrap_or(0.0) * wishes * f64::from(KWH);
        *peak = peak.max(float(load) + charged);
    }
}

/// How far a day's forecast was off.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Off {
    sum: f64,
    hours: f64,
    followed: f64,
}

impl Off {
    fn add(&mut self, slot: &crate::loads::Slot) {
        self.hours += 1.0;
        if let (Some(said), true) = (slot.said_place, slot.trusted) {
            self.followed += 1.0;
            self.sum += part(said) - part(slot.place);
        }
    }
}

fn failure(day: Day, money: &[Outcome; 4], off: &Off) -> Option<Failure> {
    let [fixed, _, forecast, known] = money.map(|m| m[Quantity::Margin]);
    // Less than a millionth is the rounding of prices.
    if forecast >= fixed * (1.0 - 1e-6) {
        return None;
    }
    let mean = off.sum / off.followed.max(1.0);
    let reason = if off.followed < off.hours / 2.0 {
        Reason::Table
    } else if known < fixed {
        Reason::Map
    } else if mean > 0.0 {
        Reason::TooHigh
    } else {
        Reason::TooLow
    };
    Some(Failure {
        day,
        lost: fixed - forecast,
        fixed,
        off: mean,
        reason,
    })
}

impl Backtest {
    /// How many days failed for each reason.
    pub fn reasons(&self) -> BTreeMap<Reason, usize> {
        let mut found = BTreeMap::new();
        for failure in &self.failures {
            *found.entry(failure.reason).or_insert(0_usize) += 1;
        }
        found
    }

    /// The gain of a contract over the fixed price in a quantity, all months together, as a part of what the fixed price gave.
    pub fn gain(&self, contract: usize, of: Quantity) -> f64 {
        let [fixed, ..] = &self.total;
        let found = self.total.get(contract).map_or(0.0, |o| o[of]);
        if fixed[of].abs() < f64::MIN_POSITIVE {
            return 0.0;
        }
        found / fixed[of] - 1.0
    }
}
