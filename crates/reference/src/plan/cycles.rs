//! Netting cycles, and what they leave to be paid.

use super::Plan;
use crate::cast::{PAIRS, UTILITIES};
use crate::step::{Fault, ObligationStep, What};
use fairway_model::time::{DAY, HOUR};

impl Plan<'_> {
    /// Closes at midnight and a hair beside it, in time and late, twice, of the wrong day, with the wrong members; then payments.
    pub(super) fn cycles(&mut self) {
        let midnight = (self.cast.edge.div_euclid(DAY) + 1) * DAY;
        for night in 0..3 {
            let pair = self.chance.place(PAIRS);
            let version = self.chance.small(1, 2);
            let later = [self.hair(), 0, 7 * HOUR];
            let at = midnight + night * DAY + self.chance.pick(&later, 0);
            let by = self.chance.place(UTILITIES + 1);
            let wrong = self.chance.span(-1, 1);
            if self.chance.percent(40) {
                let fault = self.chance.pick(
                    &[
                        Fault::Unsound(0),
                        Fault::Unsound(1),
                        Fault::Unsound(2),
                        Fault::None,
                    ],
                    Fault::None,
                );
                self.sharp(at, by, What::Close(pair, version, wrong), fault);
            }
            self.sharp(at + 1, by, What::Close(pair, version, 0), Fault::None);
            if self.chance.percent(30) {
                self.step(at + HOUR, by, What::Close(pair, version, 0), Fault::None);
            }
            self.paying(at + 2 * HOUR);
        }
    }

    fn paying(&mut self, from: i64) {
        for _ in 0..4 {
            let which = self.chance.place(4);
            let days = self.chance.pick(&[0, 1, 14, 15, 16, 40, 41], 0);
            let at = from + days * DAY + self.chance.span(0, HOUR);
            let by = self.chance.place(UTILITIES + 1);
            let reference = 100 + self.chance.small(0, 5);
            let per_mille = self.chance.pick(&[100, 500, 1_000], 500);
            let part = match self.chance.below(5) {
                0 => ObligationStep::Sent(per_mille, reference),
                1 | 2 => ObligationStep::Received(per_mille, reference),
                _ => ObligationStep::Interest(self.chance.span(-1, 1)),
            };
            let fault = match self.chance.below(6) {
                0 => Fault::Amount(self.hair()),
                1 => Fault::AmountIs(0),
                _ => Fault::None,
            };
            let right = self.chance.percent(85);
            self.step(at, by, What::Owed(which, right, part), fault);
        }
    }
}
