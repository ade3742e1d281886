//! What happens to charges after they are settled.

use super::Plan;
use crate::cast::{GUARANTEES, Session, UTILITIES};
use crate::step::{CaseStep, Fault, Step, What};
use fairway_model::time::{DAY, HOUR, SECOND};

/// Time to answer, to come to terms, and to vote.
const WEEK: i64 = 7 * DAY;

impl Plan<'_> {
    /// Credits and cases of a session that was settled about then.
    pub(super) fn afterwards(
        &mut self,
        number: usize,
        session: &Session,
        settled: i64,
        [home, visited]: [usize; 2],
    ) {
        if self.chance.percent(25) {
            self.credits(number, session, settled + HOUR, [home, visited]);
        }
        if self.chance.percent(28) {
            let by_home = self.chance.percent(65);
            self.course(number, settled + 2 * HOUR, by_home, [home, visited]);
            if self.chance.percent(20) {
                self.course(number, settled + 3 * HOUR, !by_home, [home, visited]);
            }
        }
    }

    fn credits(&mut self, number: usize, session: &Session, at: i64, parties: [usize; 2]) {
        for round in 0..=self.chance.below(2) {
            let by = self.chance.pick(&parties, 0);
            let per_mille = self.chance.pick(&[1, 333, 500, 1_000], 500);
            let id = self.chance.pick(&[0, 1, 2], 0);
            let other = self.other(by);
            let fault = match self.chance.below(12) {
                0 => Fault::Amount(1),
                1 => Fault::Amount(10_000),
                2 => Fault::Owner,
                3 => Fault::Currency,
                4 => Fault::Offer,
                5 => Fault::Home(other),
                6 => self.forgery(by),
                7 => Fault::Guarantee(GUARANTEES - 1 - session.guarantee),
                _ => Fault::None,
            };
            let by = if self.chance.percent(6) { other } else { by };
            let when = at + i64::try_from(round).unwrap_or(0) * DAY;
            self.step(when, by, What::Credit(number, id, per_mille), fault);
        }
    }

    /// Under the same number once more, as long as something is left: every other credit that may be right.
    pub(super) fn credits_again(&mut self) {
        self.apart("credits again", |plan| {
            let given = plan
                .steps
                .iter()
                .filter(|step| matches!(step.what, What::Credit(..)) && step.fault == Fault::None);
            let given: Vec<Step> = given.cloned().collect();
            for step in given {
                if plan.chance.percent(50) {
                    plan.step(step.at + SECOND, step.by, step.what, Fault::None);
                }
            }
        });
    }

    /// A case in one of its ways.
    fn course(&mut self, number: usize, at: i64, by_home: bool, [home, visited]: [usize; 2]) {
        let (opener, other) = if by_home {
            (home, visited)
        } else {
            (visited, home)
        };
        let step = |case| What::Case(number, by_home, case);
        let reason = u8::try_from(self.chance.below(4)).unwrap_or(0);
        let claimed = self.chance.pick(&[0, 400, 900], 400);
        let with_event = reason == 1 || self.chance.percent(30);
        let opening = if self.chance.percent(30) {
            CaseStep::Usage(reason)
        } else {
            CaseStep::Open(claimed, reason, with_event)
        };
        if self.chance.percent(25) {
            let stranger = self.other(opener);
            let faults = [
                Fault::Amount(1),
                Fault::Owner,
                Fault::Currency,
                Fault::AmountIs(-10_000),
            ];
            let fault = self.chance.pick(&faults, Fault::Owner);
            let wrong = self.chance.pick(
                &[
                    opening,
                    CaseStep::Open(1_000, reason, true),
                    CaseStep::Open(400, 1, false),
                ],
                opening,
            );
            let by = self.chance.pick(&[opener, stranger], opener);
            self.step(at - SECOND, by, step(wrong), fault);
        }
        self.sharp(at, opener, step(opening), Fault::None);
        let answered = self.chance.percent(70);
        if answered {
            let reply = match self.chance.below(5) {
                0 => CaseStep::Concede,
                1 => CaseStep::Contest(false),
                2 => CaseStep::Contest(true),
                _ => CaseStep::Offer(self.chance.pick(&[950, 700, 300], 700)),
            };
            // At the last moment, a hair after it, or in good time.
            let when = at + self.chance.pick(&[DAY, WEEK - 1, WEEK], DAY);
            self.sharp(when, other, step(reply), Fault::None);
            self.settle_case(number, when, by_home, [opener, other]);
        }
        let last = at + if answered { 2 * WEEK } else { WEEK };
        let anybody = self.chance.place(UTILITIES + 1);
        for when in [last + self.hair(), last + 3 * WEEK] {
            self.sharp(when, anybody, step(CaseStep::Close), Fault::None);
        }
    }

    /// After an answer: agreement, withdrawal, or a panel.
    fn settle_case(&mut self, number: usize, at: i64, by_home: bool, parties: [usize; 2]) {
        let [opener, _] = parties;
        let step = |case| What::Case(number, by_home, case);
        match self.chance.below(5) {
            0 => {
                self.step(at + DAY, opener, step(CaseStep::Accept), Fault::None);
            }
            1 => {
                self.step(at + DAY, opener, step(CaseStep::Withdraw), Fault::None);
            }
            2 | 3 => {
                let by = self.chance.pick(&parties, opener);
                let when = at + self.chance.pick(&[HOUR, WEEK - 1, WEEK], HOUR);
                self.sharp(when, by, step(CaseStep::Escalate), Fault::None);
                for member in 0..=UTILITIES {
                    let vote = u8::try_from(self.chance.below(3)).unwrap_or(0);
                    let cast = when + self.chance.pick(&[DAY, WEEK - 1, WEEK], DAY);
                    if self.chance.percent(70) {
                        self.sharp(cast, member, step(CaseStep::Vote(vote)), Fault::None);
                    }
                }
            }
            _ => {}
        }
    }
}
