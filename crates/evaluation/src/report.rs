//! One page of HTML that needs no explanation beside it, no network and no script.

mod html;
mod page;
mod pictures;
mod played;
mod svg;

pub use page::page;

use crate::market::Market;
use crate::number::{float, part};
use crate::regime::Regime;
use fairway_forecast::hour::{Day, date_of};

/// Hours of the picture.
const HOURS: usize = 24;

/// The day of region 1's highest load, hour by hour.
#[derive(Debug, Clone, PartialEq)]
pub struct PeakDay {
    /// Its first hour.
    pub first: usize,
    /// Which day.
    pub day: Day,
    /// Load in gigawatts.
    pub load: Vec<f64>,
    /// The forecast of it; empty where it is not there for every hour.
    pub said: Vec<f64>,
    /// Price per kWh at home: fixed, by forecast, and with the load known.
    pub prices: [Vec<f64>; 3],
    /// Charging with a fixed price and by forecast, in megawatts.
    pub charging: [Vec<f64>; 2],
}

impl PeakDay {
    /// Finds the day.
    pub fn of(market: &Market<'_>) -> Self {
        let [region, _] = &market.loads.regions;
        let highest = region.slots.iter().enumerate().max_by_key(|(_, s)| s.load);
        let day = highest.map_or(Day(0), |(_, s)| s.day);
        let first = region.slots.iter().position(|s| s.day == day).unwrap_or(0);
        let last = (first + HOURS).min(market.loads.hours());
        let hours = first..last;
        let slots = region.slots.get(hours.clone()).unwrap_or_default();
        let price = |regime| {
            hours
                .clone()
                .map(|h| market.price(regime, (0, 0), h))
                .collect()
        };
        let megawatts = |regime| {
            let expected = market.expect(regime);
            let [charging, _] = expected.charging;
            let kwh = f64::from(crate::parameters::KWH) * market.wishes() / 1_000.0;
            charging
                .get(hours.clone())
                .unwrap_or_default()
                .iter()
                .map(|c| c * kwh)
                .collect()
        };
        Self {
            first,
            day,
            load: slots.iter().map(|s| float(s.load) / 1e6).collect(),
            said: slots
                .iter()
                .map(|s| s.said.map(|said| float(said) / 1e6))
                .collect::<Option<_>>()
                .unwrap_or_default(),
            prices: [Regime::Static, Regime::Forecast, Regime::Known].map(price),
            charging: [Regime::Static, Regime::Forecast].map(megawatts),
        }
    }

    /// The day's name.
    pub fn name(&self) -> String {
        let (year, month, day) = date_of(self.day);
        format!("{year}-{month:02}-{day:02}")
    }
}

/// A part in percent with one digit.
fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

/// Basis points in percent.
fn percent_bps(bps: u32) -> String {
    format!("{:.0} %", 100.0 * part(bps))
}
