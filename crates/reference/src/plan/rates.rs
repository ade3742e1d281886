//! Rates on record, and debts that are converted by them; debts that are paid with tokens or out of collateral.

use super::Plan;
use crate::build::cycles::ISSUER;
use crate::cast::{PAIRS, UTILITIES};
use crate::step::{Fault, ObligationStep, RateStep, TokenStep, What};
use fairway_model::time::{DAY, HOUR, MINUTE};

impl Plan<'_> {
    /// A rate or two a day, right and wrong; conversions at once, a hair before a rate is too old, and after.
    pub(super) fn rates(&mut self) {
        for _ in 0..5 {
            let pair = self.chance.place(PAIRS);
            let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let at = self.cast.edge + self.chance.span(-2 * HOUR, 60 * HOUR);
            let into = self.chance.place(4);
            let stater = self.chance.place(UTILITIES + 1);
            let age = self.chance.pick(&[0, 0, 1, 4, 4, 5], 0);
            let rate = self.chance.place(8);
            let state = |age, rate| What::Rate(pair, RateStep::State(into, age, rate));
            let fault = self.rate_fault(stater);
            self.step(at - MINUTE, stater, state(-age, rate), fault);
            self.step(at, stater, state(-age, rate), Fault::None);
            if self.chance.percent(40) {
                let day = self.chance.pick(&[-age, -age, 1], 1);
                let again = self.chance.pick(&[rate, rate + 1], rate);
                self.step(at + 1, stater, state(day, again), Fault::None);
            }
            for _ in 0..=self.chance.below(3) {
                let units = self.chance.pick(&[1, 3, 7, -500, -1_000], 1);
                let number = u8::try_from(self.chance.below(3)).unwrap_or(0);
                let later = self.chance.pick(&[0, 0, 1, 4], 0);
                let what = What::Rate(
                    pair,
                    RateStep::Convert {
                        number,
                        into,
                        units,
                        stated_by: stater,
                        days: -age - later,
                    },
                );
                let by = self.chance.pick(&[home, visited], home);
                let by = if self.chance.percent(6) {
                    self.other(by)
                } else {
                    by
                };
                let fault = self.rate_fault(by);
                let when = at + later * DAY + self.chance.span(1, HOUR);
                self.step(when, by, what.clone(), fault);
                self.step(when + 1, by, what, Fault::None);
            }
        }
    }

    fn rate_fault(&mut self, by: usize) -> Fault {
        let (other, hair) = (self.other(by), self.hair());
        match self.chance.below(16) {
            0 => Fault::Unsound(self.chance.small(0, 4)),
            1 => Fault::Amount(hair),
            2 => Fault::AmountIs(hair.min(0)),
            3 | 4 => Fault::ToCap(hair),
            5 => Fault::Total(1),
            6 => Fault::Currency,
            7 => Fault::Home(other),
            8 => self.forgery(by),
            _ => Fault::None,
        }
    }

    /// Positions before they are netted, and obligations, paid with tokens; collateral at the end of the grace and a hair beside it.
    pub(super) fn pay_with_tokens(&mut self) {
        let edge = self.cast.edge;
        for _ in 0..5 {
            let pair = self.chance.place(PAIRS);
            let (home, _) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let at = edge + self.chance.span(-6 * HOUR, 30 * HOUR);
            let per_mille = self.chance.pick(&[100, 500, 1_000], 500);
            let by = if self.chance.percent(8) {
                self.other(home)
            } else {
                home
            };
            let fault = self.purse_fault();
            let part = TokenStep::Pay(per_mille);
            self.step(at, by, What::Token(pair, ISSUER, part), fault);
        }
        let midnight = (edge.div_euclid(DAY) + 1) * DAY;
        for _ in 0..6 {
            let which = self.chance.place(4);
            let days = self.chance.pick(&[0, 1, 14, 15, 20], 0);
            let at = midnight + days * DAY + self.chance.span(3 * HOUR, 10 * HOUR);
            let part = ObligationStep::Tokens(self.chance.pick(&[100, 500, 1_000], 500));
            self.owed_step(at, which, part);
        }
        for _ in 0..6 {
            let which = self.chance.place(4);
            // Due 14 days after the close, and 7 days of grace: the 22nd day is the first.
            let night = self.chance.span(0, 2) * DAY;
            let days = self.chance.pick(&[15, 21, 22, 22, 23, 30], 22) * DAY;
            let at = midnight + night + days + self.hair();
            let part = ObligationStep::Cover(self.chance.pick(&[100, 300, 1_000], 300));
            self.owed_step(at, which, part);
        }
    }

    fn owed_step(&mut self, at: i64, which: usize, part: ObligationStep) {
        let by = self.chance.place(UTILITIES + 1);
        let right = self.chance.percent(88);
        let fault = self.purse_fault();
        self.sharp(at, by, What::Owed(which, right, part), fault);
    }

    fn purse_fault(&mut self) -> Fault {
        let hair = self.hair();
        match self.chance.below(10) {
            0 => Fault::ToCap(hair),
            1 | 2 => Fault::ToExposure(hair),
            3 => Fault::ToGuarantee(hair),
            4 => Fault::Amount(hair),
            5 => Fault::AmountIs(hair.min(0)),
            _ => Fault::None,
        }
    }
}
