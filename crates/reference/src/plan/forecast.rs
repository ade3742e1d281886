//! Load books and published days.

use super::Plan;
use crate::cast::{PAIRS, UTILITIES};
use crate::step::{Fault, ForecastStep, What};
use fairway_model::time::{DAY, HOUR, MINUTE};

impl Plan<'_> {
    /// Books are opened before the first charge, mostly; days are published in time, too early, too late and twice.
    pub(super) fn forecasts(&mut self) {
        let edge = self.cast.edge;
        for member in 0..=UTILITIES {
            let at = edge - self.chance.span(9 * HOUR, 19 * HOUR);
            let calendar = u8::try_from(self.chance.pick(&[0, 0, 0, 1, 2], 0)).unwrap_or(0);
            let open = |number| What::Forecast(0, ForecastStep::Open(number));
            if self.chance.percent(90) {
                self.step(at, member, open(calendar), Fault::None);
            }
            if self.chance.percent(15) {
                self.step(at + MINUTE, member, open(calendar), Fault::None);
                self.step(at + HOUR, member, open(1 - calendar % 2), Fault::None);
            }
        }
        for pair in 0..PAIRS {
            for version in [1, 2] {
                if !self.cast.follows(pair, version) {
                    continue;
                }
                for _ in 0..3 {
                    self.publish(pair, version);
                }
            }
        }
    }

    fn publish(&mut self, pair: usize, version: u32) {
        // New York is four or five hours behind UTC: around the begin of the window, and the end of it.
        let midnight = self.cast.edge.div_euclid(DAY) * DAY;
        let hour = self.chance.pick(&[15, 16, 16, 20, 26, 27, 28], 16) * HOUR;
        let at = midnight + self.chance.span(-1, 2) * DAY + hour + self.hair();
        let by = self.chance.place(UTILITIES + 1);
        let other = self.other(by);
        let days = self.chance.pick(&[0, 1, 1, 1, 2], 1);
        let what = What::Forecast(pair, ForecastStep::Publish(version, days));
        let fault = match self.chance.below(10) {
            0 => Fault::Home(other),
            1 => Fault::Version(3 - version),
            2 => self.forgery(by),
            _ => Fault::None,
        };
        self.sharp(at, by, what.clone(), fault);
        if self.chance.percent(40) {
            self.step(at + MINUTE, by, what, Fault::None);
        }
    }
}
