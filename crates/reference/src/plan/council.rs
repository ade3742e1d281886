//! Votes of the members, newcomers, standings, keys of validators and evidence against them.

use super::Plan;
use crate::cast::{NEWCOMER, UTILITIES};
use crate::step::{Ballot, CouncilStep, Fault, MotionStep, What};
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND};

/// Values of each parameter that may be voted for, and the first beyond its bounds; in the order of the ledger's list.
const VALUES: [[i64; 4]; 10] = [
    [DAY, 30 * DAY, 366 * DAY, DAY - 1],
    [SECOND, MINUTE, 10 * MINUTE, 10 * MINUTE + 1],
    [0, HOUR, 24 * HOUR, -1],
    [0, DAY, 90 * DAY, 90 * DAY + 1],
    [HOUR, DAY, 60 * DAY, HOUR - 1],
    [2, 3, 366, 0],
    [0, 2, 366, 367],
    [0, 777, 10_000, 10_001],
    [0, 2, 366, -1],
    [0, 1, 1, 2],
];

impl Plan<'_> {
    pub(super) fn council(&mut self) {
        let edge = self.cast.edge;
        for _ in 0..2 {
            if self.chance.percent(35) {
                let at = edge + self.chance.span(-20 * HOUR, 10 * HOUR);
                let motion = self.parameter();
                self.vote_on(at, motion, 80);
            }
        }
        if self.chance.percent(18) {
            self.standings();
        }
        if self.chance.percent(25) {
            self.newcomer();
        }
        if self.chance.percent(12) {
            let at = edge + self.chance.span(-20 * HOUR, 30 * HOUR);
            let version = self.chance.pick(&[2, 2, 3], 2);
            self.vote_on(at, MotionStep::Version(version, 1_000_000), 80);
        }
        if self.chance.percent(15) {
            let at = edge + self.chance.span(-10 * HOUR, 30 * HOUR);
            let places = [None, Some(0), Some(UTILITIES), Some(NEWCOMER)];
            let (join, leave) = (
                self.chance.pick(&places, None),
                self.chance.pick(&places, None),
            );
            self.vote_on(at, MotionStep::Validators(join, leave), 80);
        }
        self.members_themselves();
        if self.chance.percent(25) {
            self.reports();
        }
    }

    fn parameter(&mut self) -> MotionStep {
        let place = self.chance.place(VALUES.len());
        let values = VALUES.get(place).copied().unwrap_or_default();
        let value = self.chance.pick(&values, 0);
        let from = self.chance.pick(&[0, 0, 40, 1_000], 0);
        MotionStep::Parameter(place, value, from)
    }

    /// Proposes a motion and lets the members vote; so many of a hundred are for it. Gives when the last vote may be cast.
    fn vote_on(&mut self, at: i64, motion: MotionStep, percent: u64) -> i64 {
        let by = self.chance.place(UTILITIES + 1);
        let open = self.chance.pick(&[HOUR, HOUR, 14 * DAY], HOUR);
        let not_before = self.chance.pick(&[0, 0, 0, 30, 90], 0);
        if self.chance.percent(30) {
            let hair = self.hair();
            let other = self.other(by);
            let fault = match self.chance.below(6) {
                0 => Fault::Expires(at - 1 + hair),
                1 => Fault::Expires(at - 1 + 14 * DAY + hair),
                2 => Fault::Unsound(self.chance.small(0, 3)),
                3 => Fault::InnerForged(other),
                _ => self.forgery(by),
            };
            let who = self.chance.pick(&[by, NEWCOMER], by);
            let what = What::Council(CouncilStep::Propose(motion, open, not_before));
            self.sharp(at - 1, who, what, fault);
        }
        let what = What::Council(CouncilStep::Propose(motion, open, not_before));
        self.sharp(at, by, what, Fault::None);
        let ballot = Ballot {
            by,
            nonce: self.nonce,
            motion,
        };
        for voter in 0..=NEWCOMER {
            self.voter(at, voter, ballot, percent);
        }
        if self.chance.percent(40) {
            // At the end of the time, and a hair beside it.
            let (voter, hair) = (self.chance.place(UTILITIES + 1), self.hair());
            let what = What::Council(CouncilStep::Vote(ballot, true));
            self.sharp(at + HOUR + hair, voter, what, Fault::None);
        }
        for hours in [2, 20] {
            if self.chance.percent(45) {
                let by = self.chance.place(NEWCOMER + 1);
                let fault = self.chance.pick(&[Fault::None, Fault::Offer], Fault::None);
                let fault = self.chance.pick(&[Fault::None, fault], fault);
                let what = What::Council(CouncilStep::Enact(ballot));
                self.step(at + hours * HOUR, by, what, fault);
            }
        }
        at + HOUR
    }

    fn voter(&mut self, at: i64, voter: usize, ballot: Ballot, percent: u64) {
        let yes = self.chance.percent(percent);
        let when = at + self.chance.span(1, 50 * MINUTE);
        let vote = |yes| What::Council(CouncilStep::Vote(ballot, yes));
        if voter == NEWCOMER && self.chance.percent(50) {
            return;
        }
        if self.chance.percent(15) {
            let wrong = self.forgery(voter);
            let fault = self.chance.pick(&[Fault::Offer, wrong], Fault::Offer);
            self.step(when - 1, voter, vote(yes), fault);
        }
        self.step(when, voter, vote(yes), Fault::None);
        if self.chance.percent(20) {
            let again = self.chance.percent(60);
            self.step(when + 1, voter, vote(again), Fault::None);
        }
    }

    /// A member is suspended around the edge, and often gets its rights back; or it is expelled.
    fn standings(&mut self) {
        let who = self.chance.place(UTILITIES + 1);
        let at = self.cast.edge + self.chance.span(-6 * HOUR, 4 * HOUR);
        let expelled = self.chance.percent(25);
        let motion = if expelled {
            MotionStep::Expel(who)
        } else {
            MotionStep::Suspend(who)
        };
        let over = self.vote_on(at, motion, 95);
        if self.chance.percent(70) {
            let later = over + self.chance.span(0, 3 * HOUR);
            self.vote_on(later, MotionStep::Reinstate(who), 100);
        }
        if self.chance.percent(30) {
            self.vote_on(over + HOUR, MotionStep::Expel(who), 90);
        }
        if expelled && self.chance.percent(60) {
            let back = MotionStep::Admit {
                who,
                generation: 2,
                validates: self.chance.percent(50),
                with_key: true,
            };
            self.vote_on(over + 4 * HOUR, back, 95);
        }
    }

    /// Somebody is taken in, under good keys or under known ones; then it does what members do.
    fn newcomer(&mut self) {
        let at = self.cast.edge - self.chance.span(2 * HOUR, 20 * HOUR);
        let validates = self.chance.percent(60);
        let motion = MotionStep::Admit {
            who: self
                .chance
                .pick(&[NEWCOMER, NEWCOMER, NEWCOMER, 0], NEWCOMER),
            generation: 0,
            validates,
            with_key: validates || self.chance.percent(50),
        };
        let over = self.vote_on(at, motion, 90);
        let prefix = What::Prefix("8400041".to_owned());
        self.step(over, NEWCOMER, prefix, Fault::None);
        if self.chance.percent(50) {
            let what = What::Council(CouncilStep::ValidatorKey(1));
            self.step(over + MINUTE, NEWCOMER, what, Fault::None);
            let join = MotionStep::Validators(Some(NEWCOMER), None);
            self.vote_on(over + 2 * MINUTE, join, 90);
        }
        if self.chance.percent(40) {
            let (out, in_for) = (self.chance.place(UTILITIES), Some(NEWCOMER));
            let change = match self.chance.below(3) {
                0 => MotionStep::Suspend(out),
                1 => MotionStep::Validators(None, Some(out)),
                _ => MotionStep::Validators(in_for, Some(out)),
            };
            self.vote_on(over + 3 * HOUR, change, 95);
        }
        if self.chance.percent(30) {
            self.vote_on(over + 5 * HOUR, motion, 90);
        }
    }

    /// Keys of validators, addresses, and notice.
    fn members_themselves(&mut self) {
        let edge = self.cast.edge;
        for _ in 0..2 {
            let by = self.chance.place(UTILITIES + 1);
            let at = edge + self.chance.span(-20 * HOUR, 30 * HOUR);
            let other = self.other(by);
            let fault = match self.chance.below(4) {
                0 => Fault::InnerForged(other),
                _ => Fault::None,
            };
            if self.chance.percent(30) {
                let generation = self.chance.place(3);
                let what = What::Council(CouncilStep::ValidatorKey(generation));
                self.step(at, by, what, fault);
            }
            if self.chance.percent(30) {
                let number = u8::try_from(self.chance.below(12)).unwrap_or(0);
                let what = What::Council(CouncilStep::Contact(number));
                self.step(at + 1, by, what, Fault::None);
            }
        }
        if self.chance.percent(12) {
            let by = self.chance.place(NEWCOMER + 1);
            let at = edge + self.chance.span(-8 * DAY, 10 * HOUR);
            let notice = self.chance.pick(&[7 * DAY - 1, 7 * DAY, 8 * DAY], 7 * DAY);
            let leave = |from| What::Council(CouncilStep::Leave(from));
            self.sharp(at, by, leave(at + notice), Fault::None);
            self.sharp(at + HOUR, by, leave(at + HOUR + 8 * DAY), Fault::None);
        }
    }

    fn reports(&mut self) {
        for _ in 0..2 {
            let by = self.chance.place(UTILITIES + 1);
            let offender = self.chance.place(UTILITIES + 1);
            let at = self.cast.edge + self.chance.span(-4 * HOUR, 30 * HOUR);
            let kind = u8::try_from(self.chance.below(7)).unwrap_or(0);
            let generation = self.chance.pick(&[0, 0, 0, 1], 0);
            let view = self.chance.pick(&[1, 127, 128, 70_000], 1);
            let other = self.other(offender);
            let fault = match self.chance.below(8) {
                0 => Fault::InnerForged(other),
                1 => Fault::Home(other),
                2 => Fault::OtherChain,
                _ => Fault::None,
            };
            let what = What::Council(CouncilStep::Report(offender, generation, kind, view));
            self.step(at, by, what.clone(), fault);
            if self.chance.percent(50) {
                let by = self.chance.place(UTILITIES + 1);
                self.step(at + HOUR, by, what, Fault::None);
            }
            if self.chance.percent(50) {
                self.vote_on(at + 2 * HOUR, MotionStep::Reinstate(offender), 100);
            }
        }
    }
}
