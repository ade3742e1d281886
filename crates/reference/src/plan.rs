//! From a seed to its steps: a consortium is founded, charges are made, agreements and keys change, payments flow, and between all
//! of it stands what is wrong by one micro-unit, one millisecond, one signature.

mod cases;
mod council;
mod cycles;
mod forecast;
mod rates;
mod service;
mod tokens;

use crate::build::{Generations, SPOILS};
use crate::cast::{Cast, GUARANTEES, KEYS, PAIRS, SESSIONS, Session, UTILITIES};
use crate::chance::Chance;
use crate::step::{Fault, LifeStep, Step, What};
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND};
use std::collections::BTreeMap;

/// The steps of a seed, in order of time.
pub fn steps(cast: &Cast) -> Vec<Step> {
    let mut plan = Plan {
        cast,
        chance: Chance::new(cast.seed, "plan"),
        steps: Vec::new(),
        nonce: 0,
        late: BTreeMap::new(),
        bundled: BTreeMap::new(),
    };
    plan.keys();
    plan.registry();
    plan.agreements();
    for number in 0..SESSIONS {
        plan.session(number);
    }
    plan.batches();
    plan.changes();
    plan.payments();
    plan.cycles();
    plan.tokens();
    plan.energy();
    plan.pay_with_tokens();
    plan.rates();
    plan.council();
    plan.forecasts();
    plan.service();
    plan.board();
    plan.full_purses();
    plan.credits_again();
    plan.bytes();
    plan.replays();
    let mut steps = plan.steps;
    steps.sort_by_key(|s| s.at);
    steps
}

/// Which generation of its key each member has at a time, by the plan.
pub fn generations(cast: &Cast, at: i64) -> Generations {
    let mut out = Generations::default();
    for (place, slot) in out.iter_mut().enumerate() {
        *slot = rotations(cast)
            .iter()
            .filter(|(member, when, _)| *member == place && *when < at)
            .count()
            .min(KEYS - 1);
    }
    out
}

/// When members rotate their keys: who, when, and whether the old one is compromised.
fn rotations(cast: &Cast) -> Vec<(usize, i64, bool)> {
    let mut chance = Chance::new(cast.seed, "rotations");
    let mut out = Vec::new();
    for member in 0..UTILITIES {
        if chance.percent(40) {
            let early = cast.edge - chance.span(20, 28) * HOUR;
            let late = cast.edge + chance.span(-6 * HOUR, 6 * HOUR);
            let at = if chance.percent(50) { early } else { late };
            out.push((member, at, chance.percent(30)));
        }
    }
    out
}

struct Plan<'a> {
    cast: &'a Cast,
    chance: Chance,
    steps: Vec<Step>,
    nonce: u32,
    /// Sessions that are settled only when a replaced key of their home utility has run out.
    late: BTreeMap<usize, i64>,
    /// Charges that are settled in a batch, by who hands them in: when, and which.
    bundled: BTreeMap<usize, Vec<(i64, usize)>>,
}

impl Plan<'_> {
    fn step(&mut self, at: i64, by: usize, what: What, fault: Fault) -> usize {
        self.nonce += 1;
        let key = generations(self.cast, at).get(by).copied().unwrap_or(0);
        self.steps.push(Step {
            at,
            cut: self.chance.percent(35),
            by,
            key,
            nonce: self.nonce,
            what,
            fault,
        });
        self.steps.len() - 1
    }

    /// A step that begins a block of its own, so that the block has exactly its time.
    fn sharp(&mut self, at: i64, by: usize, what: What, fault: Fault) {
        let index = self.step(at, by, what, fault);
        if let Some(step) = self.steps.get_mut(index) {
            step.cut = true;
        }
    }

    /// One of -1, 0, 1 milliseconds or micro-units.
    fn hair(&mut self) -> i64 {
        self.chance.span(-1, 1)
    }

    fn other(&mut self, than: usize) -> usize {
        (than + 1 + self.chance.place(UTILITIES)) % (UTILITIES + 1)
    }

    /// A wrong signature or key, of the transaction or in it.
    fn forgery(&mut self, by: usize) -> Fault {
        let other = self.other(by);
        let key = self.chance.place(KEYS);
        self.chance.pick(
            &[
                Fault::ClaimKeyOf(other),
                Fault::SignWith(other),
                Fault::OtherChain,
                Fault::InnerForged(other),
                Fault::InnerKeyOf(other),
                Fault::InnerKey(key),
            ],
            Fault::OtherChain,
        )
    }

    /// A first encryption key, the same once more, another member's, a second one, and one that was used before.
    fn encryption_keys(&mut self, member: usize, at: i64) {
        let other = self.other(member);
        for (minutes, place, generation) in [
            (3, member, 0),
            (4, member, 0),
            (5, other, 0),
            (6, member, 1),
            (7, member, 0),
        ] {
            if self.chance.percent(60) {
                let what = What::Encrypt(place, generation, self.chance.percent(30));
                self.step(at + minutes * MINUTE, member, what, Fault::None);
            }
        }
    }

    fn keys(&mut self) {
        for (member, at, compromised) in rotations(self.cast) {
            self.last_day(member, at);
            if self.chance.percent(20) {
                let fault = self.forgery(member);
                self.step(at - MINUTE, member, What::Rotate(1, compromised), fault);
            }
            self.sharp(at, member, What::Rotate(1, compromised), Fault::None);
            self.encryption_keys(member, at);
            if self.chance.percent(30) {
                // The present key once more, or a step signed with the key before.
                self.step(at + MINUTE, member, What::Rotate(1, false), Fault::None);
                self.step(at + 2 * MINUTE, member, What::Rotate(0, false), Fault::None);
                let late = self.step(at + 1, member, What::Rotate(2, false), Fault::None);
                if let Some(step) = self.steps.get_mut(late) {
                    step.key = 0;
                }
            }
        }
    }

    /// A charge of the member's driver comes when the replaced key has a day behind it: signed with that key, to the millisecond.
    fn last_day(&mut self, member: usize, at: i64) {
        let until = at + DAY;
        let session = self.cast.sessions.iter().position(|s| {
            let (home, _) = self.cast.pairs.get(s.pair).copied().unwrap_or_default();
            home == member && s.usage.end.0 < until - MINUTE
        });
        let Some(number) = session else { return };
        self.late.insert(number, until + SECOND);
        let hair = self.hair();
        self.sharp(
            until + hair,
            member,
            What::Settle(number),
            Fault::InnerKey(0),
        );
    }

    fn registry(&mut self) {
        let begin = self.cast.edge - 20 * HOUR;
        let pool = [
            "8400011",
            "84000111",
            "8400012",
            "840002112",
            "8400021",
            "8400031",
            "0360011",
        ];
        for _ in 0..4 {
            let by = self.chance.place(UTILITIES + 1);
            let digits = self.chance.pick(&pool, "8400011").to_owned();
            let fault = match self.chance.below(8) {
                0 => Fault::Home(self.other(by)),
                1 => Fault::Unsound(self.chance.small(0, 4)),
                2 => self.forgery(by),
                _ => Fault::None,
            };
            let at = begin + self.chance.span(0, HOUR);
            self.step(at, by, What::Prefix(digits), fault);
        }
        for place in 0..self.cast.evses.len() {
            let by = place % UTILITIES;
            let at = begin + self.chance.span(0, HOUR);
            if self.chance.percent(30) {
                let other = self.chance.place(self.cast.evses.len());
                let fault = match self.chance.below(4) {
                    0 => Fault::Visited(self.other(by)),
                    1 => Fault::Unsound(self.chance.small(0, 4)),
                    2 => Fault::Evse(other),
                    _ => self.forgery(by),
                };
                self.step(at - 1, by, What::Evse(place), fault);
            }
            if self.chance.percent(10) {
                // Another utility takes this one's id.
                let other = (by + 1) % UTILITIES;
                self.step(at - 2, other, What::Evse(place), Fault::Home(other));
            }
            self.step(at, by, What::Evse(place), Fault::None);
            if self.chance.percent(25) {
                let fault = self.chance.pick(&[Fault::None, Fault::Owner], Fault::None);
                self.step(at + MINUTE, by, What::Evse(place), fault);
            }
        }
    }

    fn agreements(&mut self) {
        for pair in 0..PAIRS {
            let begin = self.cast.edge - 18 * HOUR;
            let at = begin + self.chance.span(0, HOUR);
            self.agree(pair, 1, at);
            if self.chance.percent(75) {
                let at = self.cast.edge + self.chance.span(-10 * HOUR, 4 * HOUR);
                self.agree(pair, 2, at);
            }
        }
    }

    fn agree(&mut self, pair: usize, version: u32, at: i64) {
        let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let (first, second) = if self.chance.percent(50) {
            (home, visited)
        } else {
            (visited, home)
        };
        if self.chance.percent(35) {
            let number = self.chance.small(0, SPOILS - 1);
            let (by, fault) = match self.chance.below(3) {
                0 => (self.other(first), Fault::None),
                1 => (first, self.forgery(first)),
                _ => (first, Fault::Unsound(number)),
            };
            self.step(at - MINUTE, by, What::Propose(pair, version), fault);
            if matches!(fault, Fault::Unsound(_)) && self.chance.percent(50) {
                // What was sound after all is signed as well.
                self.step(at - 1, second, What::Countersign(pair, version), fault);
            }
        }
        self.step(at, first, What::Propose(pair, version), Fault::None);
        if version == 1 && self.chance.percent(12) {
            let by = self.chance.pick(&[second, second, first], second);
            let fault = if self.chance.percent(20) {
                self.forgery(by)
            } else {
                Fault::None
            };
            self.step(at + 1, by, What::Life(pair, 1, LifeStep::Counter), fault);
            self.step(at + 2, first, What::Countersign(pair, 2), Fault::None);
        }
        let later = at + self.chance.span(1, 20 * MINUTE);
        if self.chance.percent(40) {
            let other = self.other(home);
            let (by, fault) = match self.chance.below(5) {
                0 => (first, Fault::None),
                1 => (second, self.forgery(second)),
                2 => (second, Fault::Home(other)),
                3 => (self.other(home), Fault::None),
                _ => (second, Fault::Version(3 - version)),
            };
            self.step(later - 1, by, What::Countersign(pair, version), fault);
        }
        self.sharp(later, second, What::Countersign(pair, version), Fault::None);
    }

    fn session(&mut self, number: usize) {
        let Ok(session) = self.cast.session(number) else {
            return;
        };
        let session = session.clone();
        let (home, visited) = self
            .cast
            .pairs
            .get(session.pair)
            .copied()
            .unwrap_or_default();
        let start = session.usage.start().map_or(0, |t| t.0);
        let place = start - self.chance.span(1, 10 * MINUTE);
        if self.chance.percent(45) {
            let fault = self.place_fault(&session, visited, place);
            let by = if self.chance.percent(8) {
                self.other(visited)
            } else {
                visited
            };
            self.sharp(place - SECOND, by, What::Place(number), fault);
        }
        let last = self.last_moment(number, &session, visited);
        if self.chance.percent(if last { 30 } else { 96 }) {
            let fault = match self.chance.below(12) {
                0 => Fault::ToGuarantee(self.hair()),
                1 => Fault::ToExposure(self.hair()),
                2 => Fault::ToCap(self.hair()),
                _ => Fault::None,
            };
            let what = What::Place(number);
            if self.chance.percent(20) {
                // Refused, placed, placed before: all in one.
                let wrong = self.place_fault(&session, visited, place);
                let items = vec![(what.clone(), wrong), (what.clone(), fault), (what, fault)];
                self.step(place, visited, What::Batch(items), Fault::None);
            } else {
                self.step(place, visited, what, fault);
            }
        }
        if self.chance.percent(15) {
            // Again, the same or another, under a new number.
            let fault = self
                .chance
                .pick(&[Fault::None, Fault::Amount(1)], Fault::None);
            self.step(place + SECOND, visited, What::Place(number), fault);
        }
        let end = session.usage.end.0;
        self.between(number, &session, home, visited);
        let settle = end + self.chance.span(SECOND, 90 * MINUTE);
        let settle = self
            .late
            .get(&number)
            .copied()
            .unwrap_or(settle)
            .max(settle);
        self.settling(number, &session, settle, [home, visited]);
    }

    /// Where the agreement ends while the session's hold could still be placed: a hold at the very end of it.
    fn last_moment(&mut self, number: usize, session: &Session, visited: usize) -> bool {
        let terms = self.cast.terms(session.pair, session.version);
        let until = terms.map_or(i64::MAX, |t| t.valid_until.0);
        // 15 minutes after it the offers that were open are no longer good either.
        let when = until.saturating_add(15 * MINUTE);
        let fits = when < session.expires;
        if fits {
            let hair = self.hair();
            self.sharp(when + hair, visited, What::Place(number), Fault::None);
        }
        fits
    }

    /// What happens to a hold before its charge is settled.
    fn between(&mut self, number: usize, session: &Session, home: usize, visited: usize) {
        let witness = UTILITIES;
        let expires = session.expires;
        match self.chance.below(10) {
            0 => {
                let at = session.usage.end.0;
                self.step(at, visited, What::Void(number), Fault::None);
            }
            1 | 2 => {
                let by = self.chance.pick(&[home, witness], witness);
                let at = expires + self.hair();
                self.sharp(at, by, What::Void(number), Fault::None);
                self.sharp(expires + 2, by, What::Void(number), Fault::None);
            }
            3 => {
                let by = self.chance.pick(&[home, visited, witness], home);
                self.step(expires - 1, by, What::Dispute(number, 0), Fault::None);
                self.sharp(expires + 1, witness, What::Void(number), Fault::None);
                let until = expires + 30 * DAY + self.hair();
                self.sharp(until, witness, What::Void(number), Fault::None);
            }
            4 => {
                let other = self.other(home);
                let fault = self.chance.pick(
                    &[
                        Fault::Currency,
                        Fault::Home(other),
                        Fault::Guarantee(GUARANTEES - 1 - session.guarantee),
                    ],
                    Fault::Currency,
                );
                self.step(expires, visited, What::Void(number), fault);
            }
            _ => {}
        }
    }

    fn settling(&mut self, number: usize, session: &Session, at: i64, parties: [usize; 2]) {
        let by = self.chance.pick(&parties, 0);
        let tries = self.chance.below(3);
        for back in 0..tries {
            let at = at - SECOND * i64::try_from(back).unwrap_or(0) - SECOND;
            let fault = self.settle_fault(session, by, at);
            let by = if self.chance.percent(6) {
                self.other(by)
            } else {
                by
            };
            self.sharp(at, by, What::Settle(number), fault);
        }
        if self.chance.percent(20)
            && let Some(fault) = self.neighbour(session)
        {
            self.step(at - 1, by, What::Settle(number), fault);
        }
        if self.chance.percent(25) {
            self.bundled.entry(by).or_default().push((at, number));
        } else if self.chance.percent(92) {
            let index = self.step(at, by, What::Settle(number), Fault::None);
            if self.chance.percent(5)
                && let Some(step) = self.steps.get_mut(index)
            {
                // At the last moment, or a hair after it.
                step.at = session.usage.end.0 + 90 * DAY + self.chance.span(0, 1);
                step.cut = true;
            }
        }
        if self.chance.percent(12) {
            let fault = self.chance.pick(&[Fault::None, Fault::Offer], Fault::None);
            self.step(at + MINUTE, by, What::Settle(number), fault);
        }
        if self.chance.percent(12) {
            self.step(at + MINUTE, by, What::Void(number), Fault::None);
        }
        self.afterwards(number, session, at, parties);
        if self.chance.percent(30) {
            let days = self
                .cast
                .terms(session.pair, session.version)
                .map_or(0, |t| i64::from(t.dispute_days));
            let when = at + self.chance.pick(&[HOUR, days * DAY - 1, days * DAY], HOUR);
            let by = self.chance.place(UTILITIES + 1);
            self.sharp(when, by, What::Dispute(number, 1), Fault::None);
            let again = self.chance.small(1, 2);
            self.step(when + 1, by, What::Dispute(number, again), Fault::None);
        }
    }

    /// Charges that are handed in together, with wrong ones, repeated ones and other things among them.
    fn batches(&mut self) {
        for (by, mut charges) in core::mem::take(&mut self.bundled) {
            charges.sort_unstable();
            for some in charges.chunks(4) {
                let at = some.last().map_or(0, |(at, _)| *at);
                let mut items = Vec::new();
                for (_, number) in some {
                    if self.chance.percent(40)
                        && let Ok(session) = self.cast.session(*number).cloned()
                    {
                        let fault = self.settle_fault(&session, by, at);
                        items.push((What::Settle(*number), fault));
                    }
                    items.push((What::Settle(*number), Fault::None));
                    if self.chance.percent(25) {
                        let again = self.chance.percent(50);
                        let what = if again { What::Settle } else { What::Void };
                        items.push((what(*number), Fault::None));
                    }
                }
                let fault = if self.chance.percent(10) {
                    self.forgery(by)
                } else {
                    Fault::None
                };
                let what = What::Batch(items);
                if fault != Fault::None {
                    self.step(at, by, what.clone(), fault);
                }
                self.step(at, by, what, Fault::None);
            }
        }
    }

    fn place_fault(&mut self, session: &Session, by: usize, at: i64) -> Fault {
        let other = self.other(by);
        let ttl = self
            .cast
            .terms(session.pair, session.version)
            .map_or(HOUR, |t| t.hold_ttl);
        let last = at - SECOND + ttl + 2 * MINUTE;
        let hair = self.hair();
        match self.chance.below(18) {
            0..4 => self.forgery(by),
            4 => Fault::AmountIs(self.chance.span(-1, 0)),
            5 => Fault::ToGuarantee(hair.abs()),
            6 => Fault::ToExposure(1),
            7 | 16 | 17 => Fault::ToCap(1),
            8 => Fault::Currency,
            9 => Fault::Home(other),
            10 => Fault::Visited(other),
            11 => Fault::Version(3 - session.version),
            12 => Fault::Limit(1),
            13 => Fault::Expires(at - SECOND + self.chance.span(0, 1)),
            14 => Fault::Expires(last + hair.max(0)),
            _ => Fault::Guarantee(GUARANTEES - 1 - session.guarantee),
        }
    }

    /// The register of another charge at the same EVSE: at its begin, a hair before its end, at its end.
    fn neighbour(&mut self, session: &Session) -> Option<Fault> {
        let mut all = self.cast.sessions.iter().enumerate();
        let (place, other) = all.find(|(_, s)| s.evse == session.evse && s.id != session.id)?;
        let used: u64 = other.usage.periods.iter().map(|p| p.energy.0).sum();
        let more = self.chance.pick(&[0, 0, used.saturating_sub(1), used], 0);
        Some(Fault::Register(place, more))
    }

    fn settle_fault(&mut self, session: &Session, by: usize, at: i64) -> Fault {
        if self.chance.percent(18) {
            return self.forgery(by);
        }
        if self.chance.percent(30) {
            return self.moment(session, at);
        }
        let (other, hair) = (self.other(by), self.hair());
        let band = self
            .cast
            .terms(session.pair, session.version)
            .map_or((1, 1), |t| (t.load_band.min_bps, t.load_band.max_bps));
        let evse = self.chance.place(self.cast.evses.len());
        let faults = [
            Fault::Total(1),
            Fault::Total(-1),
            Fault::Total(10_000),
            Fault::ShareToVisited(1),
            Fault::ShareToVisited(-1),
            Fault::TaxToVisited(1),
            Fault::OwnerToHome(1),
            Fault::Currency,
            Fault::Owner,
            Fault::Home(other),
            Fault::Visited(other),
            Fault::Evse(evse),
            Fault::MeterKey,
            Fault::Meter(0),
            Fault::Tariff,
            Fault::Load(band.0 - 1),
            Fault::Load(band.1 + 1),
            Fault::Load(band.0),
            Fault::Discount(1),
            Fault::Corridor(1),
            Fault::Offer,
            Fault::Guarantee(GUARANTEES - 1 - session.guarantee),
            Fault::Version(3 - session.version),
            Fault::MeterEnd(1),
            Fault::MeterEnd(1_000),
            Fault::Backwards,
            Fault::Unsound(0),
            Fault::NoEnergy,
            Fault::ToEnergyCap(hair),
            Fault::Disorder,
            Fault::Day(1),
            Fault::Day(-1),
            Fault::NoDay,
            Fault::Load(band.0 + 1),
        ];
        self.chance.pick(&faults, Fault::Offer)
    }

    /// A charge that begins or ends where something begins or ends, or a hair beside it.
    fn moment(&mut self, session: &Session, at: i64) -> Fault {
        let hair = self.hair();
        let terms = self.cast.terms(session.pair, session.version);
        let (from, until) = terms.map_or((0, 0), |t| (t.valid_from.0, t.valid_until.0));
        match self.chance.below(6) {
            0 => Fault::StartAt(from + hair),
            1 => Fault::StartAt(until + hair),
            2 => Fault::StartAt(session.expires + hair),
            3 => Fault::EndAt(at + 2 * MINUTE + hair),
            4 => Fault::StartAt(self.cast.edge + hair),
            _ => Fault::EndAt(at - 90 * DAY + hair),
        }
    }

    /// Agreements end, EVSEs retire, meters are exchanged.
    fn changes(&mut self) {
        let edge = self.cast.edge;
        for _ in 0..self.chance.below(3) {
            let pair = self.chance.place(PAIRS);
            let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let version = self.chance.small(1, 2);
            let at = edge + self.chance.span(-2 * HOUR, 8 * HOUR);
            let from = at + self.chance.pick(&[-1, 0, 1, HOUR, DAY], 0);
            let other = self.other(home);
            let by = self.chance.pick(&[home, visited, visited, other], home);
            self.sharp(at, by, What::Terminate(pair, version, from), Fault::None);
            if self.chance.percent(50) {
                let again = from + self.hair();
                self.sharp(
                    at + 1,
                    home,
                    What::Terminate(pair, version, again),
                    Fault::None,
                );
            }
        }
        self.lives();
        for place in 0..self.cast.evses.len() {
            let by = place % UTILITIES;
            let wrong = self.other(by);
            let by = self.chance.pick(&[by, by, by, wrong], by);
            if self.chance.percent(20) {
                let at = edge + self.chance.span(-3 * HOUR, 3 * HOUR);
                let fault = self.chance.pick(
                    &[
                        Fault::None,
                        Fault::None,
                        Fault::None,
                        Fault::Unsound(0),
                        Fault::Unsound(1),
                    ],
                    Fault::None,
                );
                self.sharp(at, by, What::Meter(place, 1), fault);
                self.step(at + 1, by, What::Meter(place, 1), Fault::None);
            }
            if self.chance.percent(15) {
                let at = edge + self.chance.span(0, 8 * HOUR);
                let from = at + self.chance.pick(&[-1, 0, HOUR], 0);
                self.sharp(at, by, What::Retire(place, from), Fault::None);
                let again = from + self.hair();
                self.sharp(at + 2, by, What::Retire(place, again), Fault::None);
            }
        }
    }

    /// Agreements are suspended and resumed, or ended for breach.
    fn lives(&mut self) {
        let edge = self.cast.edge;
        for pair in 0..PAIRS {
            if !self.chance.percent(30) {
                continue;
            }
            let (home, visited) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let version = self.chance.small(1, 2);
            let other = self.other(home);
            let at = edge + self.chance.span(-4 * HOUR, 6 * HOUR);
            let by = self.chance.pick(&[home, visited, visited, other], home);
            let step = |life| What::Life(pair, version, life);
            self.sharp(at, by, step(LifeStep::Suspend), Fault::None);
            let later = at + self.chance.span(1, 2 * HOUR);
            let by = self.chance.pick(&[home, visited], home);
            if self.chance.percent(30) {
                self.step(later, by, step(LifeStep::Suspend), Fault::None);
            }
            if self.chance.percent(20) {
                self.sharp(later, by, step(LifeStep::Breach), Fault::None);
            }
            for by in [home, visited] {
                self.step(later + 1, by, step(LifeStep::Resume), Fault::None);
            }
        }
    }

    fn payments(&mut self) {
        for number in 0..5 {
            let pair = self.chance.place(PAIRS);
            let (debtor, by) = self.cast.pairs.get(pair).copied().unwrap_or_default();
            let at = self.cast.edge + self.chance.span(0, 20 * HOUR);
            let per_mille = self.chance.pick(&[100, 333, 1_000, 1_000], 500);
            let what = What::Pay {
                debtor,
                per_mille,
                reference: number % 4,
            };
            let other = self.other(by);
            let fault = match self.chance.below(8) {
                0 => Fault::Amount(1),
                1 => Fault::AmountIs(0),
                2 => Fault::Visited(other),
                3 => Fault::Currency,
                4 => self.forgery(by),
                _ => Fault::None,
            };
            self.step(at, by, what, fault);
        }
    }

    /// Bytes that are no transaction of anybody, made of ones that are.
    fn bytes(&mut self) {
        for _ in 0..3 {
            let place = self.chance.place(self.steps.len());
            let Some(mut step) = self.steps.get(place).cloned() else {
                return;
            };
            let at = u32::try_from(self.chance.below(1 << 20)).unwrap_or(0);
            step.fault = self.chance.pick(
                &[Fault::Flip(at), Fault::Flip(at), Fault::Trail, Fault::Huge],
                Fault::Trail,
            );
            self.nonce += 1;
            step.nonce = self.nonce;
            self.steps.push(step);
        }
    }

    /// What was sent once is sent again, later; some of it with the same number and another content.
    fn replays(&mut self) {
        for _ in 0..8 {
            let place = self.chance.place(self.steps.len());
            let Some(mut step) = self.steps.get(place).cloned() else {
                return;
            };
            step.at += self.chance.pick(&[0, 1, HOUR, 25 * HOUR], 0);
            step.cut = self.chance.percent(50);
            if self.chance.percent(25) {
                step.fault = Fault::Amount(-1);
            }
            self.steps.push(step);
        }
    }
}
