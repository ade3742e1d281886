//! Tokens that secure debts, and energy that members trade.

use super::Plan;
use crate::build::cycles::ISSUER;
use crate::cast::{PAIRS, UTILITIES};
use crate::step::{EnergyStep, Fault, TokenStep, What};
use fairway_model::time::{DAY, HOUR, MINUTE};

/// One major unit in micro-units.
const UNIT: i64 = 1_000_000;

impl Plan<'_> {
    /// Issued, taken, minted and pledged before the first charge; then moved about, paid out and asked back.
    pub(super) fn tokens(&mut self) {
        let begin = self.cast.edge - 20 * HOUR;
        for pair in 0..PAIRS {
            let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let at = begin + self.chance.span(0, 20 * MINUTE);
            let token = |part| What::Token(pair, ISSUER, part);
            self.step(at, ISSUER, token(TokenStep::Issue(900 * UNIT)), Fault::None);
            for taker in [home, visited] {
                let limit = self.chance.span(100, 300) * UNIT;
                let fault = self.small_fault();
                self.step(at + 1, taker, token(TokenStep::Take(limit)), fault);
            }
            let amount = self.chance.span(20, 80) * UNIT;
            for (back, fault) in [(-1, self.small_fault()), (0, Fault::None)] {
                let at = at + MINUTE + back;
                self.step(at, ISSUER, token(TokenStep::Mint(amount)), fault);
            }
            if self.chance.percent(80) {
                let part = TokenStep::Deposit(self.chance.span(5, 30) * UNIT);
                let fault = self.small_fault();
                self.step(at + 2 * MINUTE, home, token(part), fault);
            }
        }
        self.moves();
    }

    fn moves(&mut self) {
        let edge = self.cast.edge;
        for _ in 0..10 {
            let pair = self.chance.place(PAIRS);
            let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let at = edge + self.chance.span(-12 * HOUR, 20 * HOUR);
            let amount = self.chance.span(1, 10) * UNIT;
            let number = u8::try_from(self.chance.small(0, 2)).unwrap_or(0);
            let reference = 500 + self.chance.small(0, 3);
            let (by, part) = match self.chance.below(8) {
                0 => (home, TokenStep::Give(amount)),
                1 => (home, TokenStep::Redeem(number, amount)),
                2 | 3 => (home, TokenStep::PaidOut(number, reference)),
                4 => (home, TokenStep::Deposit(amount)),
                5 => (visited, TokenStep::Release(amount)),
                _ => (home, TokenStep::Release(amount)),
            };
            let by = if self.chance.percent(8) {
                self.other(by)
            } else {
                by
            };
            let fault = self.small_fault();
            self.step(at, by, What::Token(pair, ISSUER, part), fault);
        }
    }

    fn small_fault(&mut self) -> Fault {
        let (edge, hair) = (self.cast.edge, self.hair());
        match self.chance.below(12) {
            0 | 1 => Fault::ToCap(hair.max(0)),
            2 => Fault::Amount(hair),
            3 => Fault::AmountIs(hair.min(0)),
            4 => Fault::Currency,
            5 => Fault::EndAt(edge),
            _ => Fault::None,
        }
    }

    /// Statements, offers, purchases and cancellations, right and wrong.
    pub(super) fn energy(&mut self) {
        let begin = self.cast.edge - 10 * HOUR;
        for _ in 0..14 {
            let pair = self.chance.place(PAIRS);
            let (buyer, seller) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let which = self.chance.place(6);
            let at = begin + self.chance.span(0, 20 * HOUR);
            let number = u8::try_from(self.chance.small(0, 2)).unwrap_or(0);
            let metered = self.chance.below(4) * 40_000_000;
            let serial = self.chance.small(1, 3);
            let price = self.chance.span(0, 900_000);
            let some = 1 + self.chance.below(30_000_000);
            let fault = self.energy_fault();
            let act = |part| What::Energy(pair, which, part);
            self.step(
                at,
                seller,
                act(EnergyStep::State(metered, serial)),
                Fault::None,
            );
            let offer = act(EnergyStep::Offer(number, some, price));
            self.step(at + MINUTE, seller, offer, fault);
            let fault = self.energy_fault();
            let buy = act(EnergyStep::Accept(number, some / 2 + 1));
            let by = if self.chance.percent(8) {
                self.other(buyer)
            } else {
                buyer
            };
            self.step(at + 2 * MINUTE, by, buy, fault);
            if self.chance.percent(40) {
                let by = self.chance.place(UTILITIES + 1);
                let late = self.chance.pick(&[HOUR, 60 * HOUR, 8 * DAY], HOUR);
                let fault = self.energy_fault();
                self.step(at + late, by, act(EnergyStep::Cancel(number)), fault);
                self.step(
                    at + late,
                    seller,
                    act(EnergyStep::Cancel(number)),
                    Fault::None,
                );
                self.step(
                    at + late + 1,
                    seller,
                    act(EnergyStep::State(metered, 9)),
                    Fault::None,
                );
            }
        }
    }

    fn energy_fault(&mut self) -> Fault {
        let hair = self.hair();
        match self.chance.below(10) {
            0 | 1 => Fault::ToCap(hair),
            2 | 3 => Fault::ToExposure(self.chance.pick(&[-1, 0, 1, 1_000], 0)),
            4 => Fault::Total(hair),
            5 => Fault::AmountIs(0),
            6 => Fault::Currency,
            7 => Fault::Unsound(0),
            _ => Fault::None,
        }
    }
}
