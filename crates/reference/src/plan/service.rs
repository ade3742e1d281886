//! Drivers who are refused, offers on the board, and collateral that finds its owner at its limit for tokens.

use super::Plan;
use crate::build::cycles::ISSUER;
use crate::build::service::OFFER_SPOILS;
use crate::cast::{PAIRS, SESSIONS, UTILITIES, VERSIONS};
use crate::chance::Chance;
use crate::model::service::{cycle_at, over};
use crate::step::{BoardStep, Fault, ServiceStep, TokenStep, What};
use fairway_model::Agreement;
use fairway_model::agreement::ServiceLevel;
use fairway_model::time::{DAY, HOUR, MINUTE};

/// Numbers of charges that nobody plans.
const NOBODY: u8 = 100;

impl Plan<'_> {
    /// Draws apart, so that everything else of a seed stays as it is.
    pub(super) fn apart(&mut self, purpose: &str, draw: impl FnOnce(&mut Self)) {
        let own = Chance::new(self.cast.seed, purpose);
        let usual = core::mem::replace(&mut self.chance, own);
        draw(self);
        self.chance = usual;
    }

    /// Where service is promised: drivers are refused, claimed, answered for, and the cycles are closed.
    pub(super) fn service(&mut self) {
        self.apart("service", |plan| {
            for pair in 0..PAIRS {
                for version in 1..=VERSIONS {
                    let terms = plan.cast.terms(pair, version);
                    let Some((terms, level)) = terms.ok().and_then(|t| t.service.map(|s| (t, s)))
                    else {
                        plan.refused_by_nobody(pair, version);
                        continue;
                    };
                    for driver in 0..plan.chance.below(4) {
                        let number = NOBODY + u8::try_from(driver).unwrap_or(0);
                        plan.refused(pair, version, (terms, level), number);
                    }
                    plan.served_after_all(pair, version, (terms, level));
                }
            }
        });
    }

    /// A claim under terms that promise nothing.
    fn refused_by_nobody(&mut self, pair: usize, version: u32) {
        if !self.chance.percent(15) {
            return;
        }
        let (home, _) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let at = self.cast.edge + self.chance.span(0, 6 * HOUR);
        let claim = ServiceStep::Claim(NOBODY, at - HOUR);
        self.step(at, home, What::Service(pair, version, claim), Fault::None);
    }

    fn refused(
        &mut self,
        pair: usize,
        version: u32,
        (terms, level): (&Agreement, ServiceLevel),
        number: u8,
    ) {
        let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let (edge, hair) = (self.cast.edge, self.hair());
        let usual = edge + self.chance.span(-8 * HOUR, 20 * HOUR);
        let border = terms.valid_from.0 + self.chance.span(0, 3) * DAY + hair;
        let end = terms.valid_until.0 + hair;
        let asked = self.chance.pick(&[usual, usual, border, end], usual);
        let last = 7 * DAY + hair;
        let later = self
            .chance
            .pick(&[MINUTE, MINUTE, HOUR, 2 * DAY, last], HOUR);
        let claim = What::Service(pair, version, ServiceStep::Claim(number, asked));
        let at = asked + later;
        if self.chance.percent(40) {
            let fault = self.service_fault(home, at, version);
            let by = self.chance.pick(&[home, home, visited, UTILITIES], home);
            self.sharp(at - 1, by, claim.clone(), fault);
        }
        self.sharp(at, home, claim.clone(), Fault::None);
        if self.chance.percent(30) {
            self.step(at + 1, home, claim, Fault::None);
        }
        let until = at + i64::from(level.answer_hours) * HOUR;
        for _ in 0..self.chance.below(3) {
            let early = at + self.chance.span(1, HOUR / 2);
            let hair = self.hair();
            let when = self.chance.pick(&[early, early, until + hair], early);
            let released = self.chance.percent(75);
            let answer = ServiceStep::Answer(number, asked, released);
            let fault = if self.chance.percent(35) {
                self.service_fault(visited, when, version)
            } else {
                Fault::None
            };
            let by = self
                .chance
                .pick(&[visited, visited, visited, home], visited);
            self.sharp(when, by, What::Service(pair, version, answer), fault);
        }
        let cycle = cycle_at(terms, asked).unwrap_or(0);
        self.cycle_closes(pair, version, asked, over(terms, level, cycle));
    }

    /// A driver is claimed as refused, and his charge begins after all.
    fn served_after_all(
        &mut self,
        pair: usize,
        version: u32,
        (terms, level): (&Agreement, ServiceLevel),
    ) {
        let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        for number in 0..SESSIONS {
            let Ok(session) = self.cast.session(number) else {
                continue;
            };
            let start = session.usage.start().map_or(0, |t| t.0);
            if (session.pair, session.version) != (pair, version) {
                continue;
            }
            let cycle = cycle_at(terms, start).unwrap_or(0);
            if self.chance.percent(60) {
                self.cycle_closes(pair, version, start, over(terms, level, cycle));
            }
            let Ok(name) = u8::try_from(number) else {
                continue;
            };
            if self.chance.percent(50) {
                let asked = start - 30 * MINUTE;
                let act = |step| What::Service(pair, version, step);
                let at = asked + self.chance.pick(&[MINUTE, 2 * HOUR], MINUTE);
                self.step(at, home, act(ServiceStep::Claim(name, asked)), Fault::None);
                let answer = act(ServiceStep::Answer(name, asked, false));
                self.step(start - 1, visited, answer.clone(), Fault::None);
                self.step(start + MINUTE, visited, answer, Fault::None);
            }
        }
    }

    /// By anybody, at the first moment or a hair beside it, and once more.
    fn cycle_closes(&mut self, pair: usize, version: u32, asked: i64, over: i64) {
        let by = self.chance.place(UTILITIES + 1);
        let hair = self.hair();
        let close = |more| What::Service(pair, version, ServiceStep::Close(asked, more));
        if self.chance.percent(30) {
            let other = self.other(by);
            let fault = self.chance.pick(
                &[
                    Fault::Currency,
                    Fault::Home(other),
                    Fault::Version(3 - version),
                    Fault::None,
                ],
                Fault::None,
            );
            let more = self.chance.span(0, 1);
            self.step(over + MINUTE, by, close(more), fault);
        }
        let late = self.chance.pick(&[hair, 2 * DAY], hair);
        self.sharp(over + late, by, close(0), Fault::None);
        if self.chance.percent(30) {
            self.step(over + late + 1, by, close(0), Fault::None);
        }
    }

    fn service_fault(&mut self, by: usize, at: i64, version: u32) -> Fault {
        let (other, hair) = (self.other(by), self.hair());
        match self.chance.below(8) {
            0..3 => self.forgery(by),
            3 => Fault::Home(other),
            4 => Fault::Visited(other),
            5 => Fault::Version(3 - version),
            // As far ahead as clocks may be apart.
            6 => Fault::StartAt(at + 2 * MINUTE + hair),
            _ => Fault::StartAt(at - 7 * DAY + hair),
        }
    }

    /// Offers that have sense, and each that has none; posted over one another and taken back.
    pub(super) fn board(&mut self) {
        self.apart("board", |plan| {
            for _ in 0..plan.chance.below(6) {
                let by = plan.chance.place(UTILITIES + 1);
                let slot = u8::try_from(plan.chance.pick(&[0, 0, 7, 7, 8], 0)).unwrap_or(0);
                let at = plan.cast.edge + plan.chance.span(-10 * HOUR, 10 * HOUR);
                let post = What::Board(BoardStep::Post(slot, plan.chance.span(1, 900_000)));
                let hair = plan.hair();
                let fault = match plan.chance.below(6) {
                    0 => Fault::Unsound(plan.chance.small(0, OFFER_SPOILS - 1)),
                    1 => Fault::EndAt(at + hair),
                    2 => Fault::EndAt(at + 366 * DAY + hair),
                    3 => plan.forgery(by),
                    _ => Fault::None,
                };
                plan.sharp(at, by, post, fault);
                for later in [MINUTE, MINUTE + 1] {
                    if plan.chance.percent(40) {
                        let back = What::Board(BoardStep::Withdraw(slot));
                        plan.step(at + later, by, back, Fault::None);
                    }
                }
            }
        });
    }

    /// A debtor lowers its limit to what it holds and has pledged, or a little less; then the collateral comes back.
    pub(super) fn full_purses(&mut self) {
        self.apart("full purses", |plan| {
            for _ in 0..2 {
                let pair = plan.chance.place(PAIRS);
                let (home, visited) = plan.cast.pairs.get(pair).copied().unwrap_or_default();
                let at = plan.cast.edge + plan.chance.span(-16 * HOUR, 30 * HOUR);
                let token = |part| What::Token(pair, ISSUER, part);
                let hair = plan.hair();
                let lower = Fault::ToCap(hair);
                plan.step(at, home, token(TokenStep::Take(1)), lower);
                let by = plan.chance.pick(&[home, visited, visited], visited);
                let hair = plan.hair();
                for fault in [Fault::ToGuarantee(hair), Fault::ToExposure(0)] {
                    plan.step(at + 1, by, token(TokenStep::Release(1)), fault);
                }
                if plan.chance.percent(50) {
                    let raised = TokenStep::Take(300_000_000);
                    plan.step(at + 2, home, token(raised), Fault::None);
                    let all = Fault::ToExposure(0);
                    plan.step(at + 3, by, token(TokenStep::Release(1)), all);
                }
            }
        });
    }
}
