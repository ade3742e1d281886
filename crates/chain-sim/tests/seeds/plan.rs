//! What a seed does to the consortium.

use std::time::Duration;

use fairway_chain_sim::{Chance, Link, Torn};

use crate::{byzantine::Trick, load::Wrong};

/// What a validator that may be faulty is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faulty {
    /// It is honest and keeps its disk.
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
pub(crate) const KINDS: [Faulty; 26] = [
    Faulty::Nobody,
    Faulty::Nobody,
    Faulty::Nobody,
    Faulty::Rot,
    Faulty::Amnesia,
    Faulty::Twins,
    Faulty::Rules(Wrong::Censor(0)),
    Faulty::Rules(Wrong::Price),
    Faulty::Rules(Wrong::Rounding),
    Faulty::Rules(Wrong::Unsigned),
    Faulty::Tricks(Trick::Equivocate),
    Faulty::Tricks(Trick::DoubleVote),
    Faulty::Tricks(Trick::Nullify),
    Faulty::Tricks(Trick::Silent),
    Faulty::Tricks(Trick::Impersonate),
    Faulty::Tricks(Trick::Outdated),
    Faulty::Tricks(Trick::Garbage),
    Faulty::Tricks(Trick::Oversized),
    Faulty::Tricks(Trick::Withhold),
    Faulty::Tricks(Trick::StateRoot),
    Faulty::Tricks(Trick::Parent),
    Faulty::Tricks(Trick::Future),
    Faulty::Tricks(Trick::Ahead),
    Faulty::Tricks(Trick::Receipt),
    Faulty::Tricks(Trick::Replay),
    Faulty::Tricks(Trick::Unsigned),
];

/// Place of the first kind that stays one validator and is dishonest or forgetful.
const FIRST_SECOND: usize = 6;

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
    /// The end is stopped and started with the new program.
    Install(usize),
}

impl Event {
    /// Whether it concerns only ends below this one.
    pub(crate) fn within(&self, ends: usize) -> bool {
        match self {
            Self::Split(group) => group.iter().all(|end| *end < ends),
            Self::OneWay(from, to) => from.max(to) < &ends,
            Self::Heal => true,
            Self::Crash(end, _)
            | Self::CrashAtWrite(end, _)
            | Self::DiskFull(end, _)
            | Self::Restart(end)
            | Self::Pause(end)
            | Self::Resume(end)
            | Self::Skew(end, _)
            | Self::Install(end) => *end < ends,
        }
    }
}

/// What the members decide while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// The next version of the contracts from this height on; these ends begin with a program that lacks it.
    Upgrade {
        from: u64,
        old: Vec<usize>,
    },
    /// A validator joins, and after so many milliseconds or later another becomes a full node.
    Validators {
        leave_after: u64,
    },
}

/// A whole run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) validators: usize,
    /// What the last validator is like.
    pub(crate) faulty: Faulty,
    /// What the one before it is like: only seven bear two.
    pub(crate) second: Faulty,
    pub(crate) change: Change,
    pub(crate) link: Link,
    pub(crate) charges: u8,
    /// Whether block times come from a clock given by the configuration, as in production.
    pub(crate) clock: bool,
    /// Longest pause between two blocks.
    pub(crate) idle: Duration,
    pub(crate) epoch_blocks: u64,
    pub(crate) events: Vec<(Duration, Event)>,
    /// Whether single transactions must be final at once when everything is done.
    pub(crate) prompt: bool,
}

/// How long things go wrong.
pub(crate) const CHAOS: Duration = Duration::from_secs(16);

/// Clocks of honest validators differ by less than twice this, in milliseconds: half a second, within which nobody waits for anybody.
const CLOCK_ERROR_MS: u64 = 250;

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
            second: Faulty::Nobody,
            change: Change::Nothing,
            link,
            charges: 6,
            clock: true,
            idle: Duration::from_millis(250),
            epoch_blocks: 1_000,
            events: Vec::new(),
            prompt: false,
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
            idle: Duration::from_millis([250, 500][chance.place(2)]),
            epoch_blocks: [1_000, 1_000, 1_000, 8 + chance.below(24)][chance.place(4)],
            ..Self::calm(seed)
        };
        if validators == 7 {
            let kinds = &KINDS[FIRST_SECOND..];
            let place = chance.place(kinds.len());
            plan.second = kinds[place];
            if plan.second == plan.faulty {
                plan.second = kinds[(place + 1) % kinds.len()];
            }
        }
        plan.decide(&mut chance);
        let mut at = Duration::from_millis(500 + chance.below(1_500));
        while at < CHAOS {
            let event = plan.event(&mut chance);
            plan.events.push((at, event));
            at += Duration::from_millis(200 + chance.below(2_000));
        }
        plan
    }

    /// Draws what the members decide.
    fn decide(&mut self, chance: &mut Chance) {
        match chance.below(5) {
            0 => self.upgrade(chance),
            // A half of a validator that lives twice has the place of the one that joins.
            1 if self.faulty != Faulty::Twins => {
                self.change = Change::Validators {
                    leave_after: chance.below(8_000),
                };
                self.epoch_blocks = 8 + chance.below(16);
            }
            _ => {}
        }
    }

    pub(crate) fn upgrade(&mut self, chance: &mut Chance) {
        let all = 0..self.validators;
        self.change = Change::Upgrade {
            from: 8 + chance.below(40),
            old: all.filter(|_| chance.per_mille(500)).collect(),
        };
    }

    /// What a validator is like.
    pub(crate) fn kind(&self, place: usize) -> Faulty {
        match self.validators - 1 {
            last if place >= last => self.faulty,
            last if place + 1 == last => self.second,
            _ => Faulty::Nobody,
        }
    }

    /// All that are not honest, or have lost something.
    pub(crate) fn liars(&self) -> Vec<usize> {
        let all = 0..self.validators;
        all.filter(|end| self.kind(*end) != Faulty::Nobody)
            .collect()
    }

    /// Ends of the network besides the founders': the half of a validator that lives twice, or the one that joins.
    pub(crate) fn joins(&self) -> bool {
        matches!(self.change, Change::Validators { .. })
    }

    fn event(&self, chance: &mut Chance) -> Event {
        let ends = self.validators + usize::from(self.joins());
        let end = chance.place(ends);
        let other = (end + 1 + chance.place(ends - 1)) % ends;
        match chance.below(15) {
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
            13 if matches!(self.change, Change::Upgrade { .. }) => Event::Install(end),
            // Any honest clock is wrong within the bound. With a liar besides, no other clock may be: that would be two faults.
            _ if self.liars().len() >= (self.validators - 1) / 3 => {
                let error = chance.below(2 * CLOCK_ERROR_MS).cast_signed();
                Event::Skew(end, error - CLOCK_ERROR_MS.cast_signed())
            }
            // Only one clock is wrong, by up to ten minutes. That makes its owner the one that may be faulty.
            _ => Event::Skew(0, chance.below(1_200_000).cast_signed() - 600_000),
        }
    }
}
