//! What a seed does to the consortium.

use std::time::Duration;

use fairway_chain_sim::{Chance, Link, Torn};

use crate::{byzantine::Trick, load::Wrong};

/// What the one validator that may be faulty is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faulty {
    /// All are honest and keep their disks.
    Nobody,
    /// One byte of its store changes while it is down.
    Rot,
    /// It comes back without the memory of its votes.
    Amnesia,
    /// Its state machine is not the agreed one.
    Rules(Wrong),
    /// It changes what it sends.
    Tricks(Trick),
    /// It runs twice with the same key.
    Twins,
}

/// All kinds, so that neighbouring seeds try different ones.
pub(crate) const KINDS: [Faulty; 23] = [
    Faulty::Nobody,
    Faulty::Nobody,
    Faulty::Nobody,
    Faulty::Rot,
    Faulty::Amnesia,
    Faulty::Twins,
    Faulty::Rules(Wrong::Censor(0)),
    Faulty::Rules(Wrong::Price),
    Faulty::Rules(Wrong::Unsigned),
    Faulty::Tricks(Trick::Equivocate),
    Faulty::Tricks(Trick::DoubleVote),
    Faulty::Tricks(Trick::Nullify),
    Faulty::Tricks(Trick::Impersonate),
    Faulty::Tricks(Trick::Outdated),
    Faulty::Tricks(Trick::Garbage),
    Faulty::Tricks(Trick::Withhold),
    Faulty::Tricks(Trick::StateRoot),
    Faulty::Tricks(Trick::Parent),
    Faulty::Tricks(Trick::Future),
    Faulty::Tricks(Trick::Ahead),
    Faulty::Tricks(Trick::Receipt),
    Faulty::Tricks(Trick::Replay),
    Faulty::Tricks(Trick::Unsigned),
];

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// These ends see each other only.
    Split(Vec<usize>),
    /// Nothing passes from the first to the second.
    OneWay(usize, usize),
    Heal,
    Crash(usize, Torn),
    /// Power goes at so many changes of the disk from now on.
    CrashAtWrite(usize, u64),
    /// The disk is full at so many changes from now on.
    DiskFull(usize, u64),
    Restart(usize),
    Pause(usize),
    Resume(usize),
    /// The clock jumps by milliseconds.
    Skew(usize, i64),
}

/// A whole run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) validators: usize,
    pub(crate) faulty: Faulty,
    pub(crate) link: Link,
    pub(crate) charges: u8,
    /// Whether block times come from a clock given by the configuration, as in production.
    pub(crate) clock: bool,
    pub(crate) events: Vec<(Duration, Event)>,
}

/// How long things go wrong.
pub(crate) const CHAOS: Duration = Duration::from_secs(16);

impl Plan {
    /// Nothing goes wrong.
    pub(crate) fn calm(seed: u64) -> Self {
        let link = Link {
            latency: Duration::from_millis(5),
            jitter: Duration::from_millis(2),
            loss: 0,
            twice: 0,
        };
        Self {
            seed,
            validators: 4,
            faulty: Faulty::Nobody,
            link,
            charges: 6,
            clock: true,
            events: Vec::new(),
        }
    }

    /// The plan of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let validators = if seed % 8 == 7 { 7 } else { 4 };
        let link = Link {
            latency: Duration::from_millis(1 + chance.below(60)),
            jitter: Duration::from_millis(chance.below(40)),
            loss: [0, 0, 20, 100, 200][chance.place(5)],
            twice: [0, 0, 50][chance.place(3)],
        };
        let mut plan = Self {
            seed,
            validators,
            faulty: KINDS[(seed % KINDS.len() as u64) as usize],
            link,
            charges: 4 + chance.below(5) as u8,
            clock: chance.per_mille(700),
            events: Vec::new(),
        };
        let mut at = Duration::from_millis(500 + chance.below(1_500));
        while at < CHAOS {
            let event = plan.event(&mut chance);
            plan.events.push((at, event));
            at += Duration::from_millis(200 + chance.below(2_000));
        }
        plan
    }

    fn event(&self, chance: &mut Chance) -> Event {
        let end = chance.place(self.validators);
        let other = (end + 1 + chance.place(self.validators - 1)) % self.validators;
        match chance.below(14) {
            0 => Event::Split(vec![end]),
            1 => Event::Split(vec![end, other]),
            2 => Event::OneWay(end, other),
            3 | 4 => Event::Heal,
            5 | 6 => {
                let torn = [Torn::Lost, Torn::Beginning, Torn::Bytes][chance.place(3)];
                Event::Crash(end, torn)
            }
            7 => Event::CrashAtWrite(end, 1 + chance.below(120)),
            8 => Event::DiskFull(end, 1 + chance.below(120)),
            9 | 10 => Event::Restart(end),
            11 => Event::Pause(end),
            12 => Event::Resume(end),
            _ if self.faulty != Faulty::Nobody && self.validators == 4 => Event::Heal,
            // Only one clock is wrong, by up to ten minutes. That makes its owner the one that may be faulty.
            _ => Event::Skew(0, chance.below(1_200_000).cast_signed() - 600_000),
        }
    }
}
