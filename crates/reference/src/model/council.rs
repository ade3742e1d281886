//! The consortium governs itself: who is a member with which standing, what the members decide by vote, what counts from which height.
//!
//! Written from decision 0012 and `docs/consortium.md`. Nothing is counted on: votes are counted anew each time, and what a
//! parameter is at a height is looked up among all decisions that there ever were.

mod misdeeds;
mod motions;
mod standing;
mod votes;

use super::{Judge, Model, Place, Verdict};
use fairway_ledger::{
    Choice, CouncilOperation, Genesis, Motion, Parameter, ProposalId, ProposalStatus, Standing,
    Transaction,
};
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{MemberId, PublicKey};
use std::collections::BTreeMap;

pub use misdeeds::{Misdeed, contradict, signed_words};

/// No decision shrinks the set of validators below it.
const LEAST_VALIDATORS: usize = 4;
/// Most members that validate.
const MOST_VALIDATORS: usize = 100;

/// A seat on the roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// What the member is to the others.
    pub standing: Standing,
    /// Since when; for who gave notice, from when on.
    pub since: i64,
    /// Whether it is in the set of the next epoch.
    pub validates: bool,
    /// Its validator key.
    pub key: Option<PublicKey>,
    /// Where its ledger node listens.
    pub address: String,
}

impl Seat {
    /// The standing at a time: who gave notice is active until then.
    pub fn at(&self, now: i64) -> Standing {
        match self.standing {
            Standing::Left if now < self.since => Standing::Active,
            standing => standing,
        }
    }

    /// Whether its vote counts.
    fn votes(&self, now: i64) -> bool {
        self.validates && self.at(now) == Standing::Active
    }
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What shall be decided.
    pub motion: Motion,
    /// Who proposed it, and when.
    pub proposed: (MemberId, i64),
    /// No vote counts from then on.
    pub expires: i64,
    /// It takes effect in no block before.
    pub not_before: u64,
    /// Who voted how, and at which height.
    pub votes: BTreeMap<MemberId, (Choice, u64)>,
    /// Where it is in its life.
    pub status: ProposalStatus,
}

/// What the council knows.
#[derive(Debug, Clone, Default)]
pub struct Council {
    /// Seats by member.
    pub roll: BTreeMap<MemberId, Seat>,
    /// Everything that was ever proposed.
    pub proposals: BTreeMap<ProposalId, Proposal>,
    /// Values of parameters with the height from which they count, in the order of the decisions.
    pub values: Vec<(Parameter, i64, u64)>,
    /// Versions with their first height.
    pub versions: Vec<(u32, u64)>,
    /// Proven misdeeds by key, epoch and view.
    pub misdeeds: BTreeMap<(PublicKey, u64, u64), Misdeed>,
}

/// What a parameter is before anybody decides, and what no vote goes beyond: the table of `docs/consortium.md`.
pub fn parameter(which: Parameter) -> (i64, core::ops::RangeInclusive<i64>) {
    match which {
        Parameter::ChargeAge => (90 * DAY, DAY..=366 * DAY),
        Parameter::ClockSkew => (2 * MINUTE, 1_000..=10 * MINUTE),
        Parameter::OfferGrace => (15 * MINUTE, 0..=24 * HOUR),
        Parameter::LeaveNotice => (7 * DAY, 0..=90 * DAY),
        Parameter::VotingTime => (14 * DAY, HOUR..=60 * DAY),
        Parameter::NettingCycle => (1, 1..=366),
        Parameter::DueTime => (14, 0..=366),
        Parameter::LateInterest => (500, 0..=10_000),
        Parameter::CollateralGrace => (7, 0..=366),
        Parameter::EnergyStrict => (0, 0..=1),
    }
}

impl Council {
    /// The founders' seats.
    pub fn of(genesis: &Genesis) -> Self {
        let seats = genesis.members.iter().map(|m| {
            let seat = Seat {
                standing: Standing::Active,
                since: 0,
                validates: m.validator.is_some(),
                key: m.validator,
                address: String::new(),
            };
            (m.id, seat)
        });
        Self {
            roll: seats.collect(),
            ..Self::default()
        }
    }

    /// How many validate in the next epoch.
    fn validators(&self) -> usize {
        let set = self.roll.values();
        set.filter(|s| s.validates && s.key.is_some()).count()
    }

    /// Who validates and is no longer active leaves the set, as long as enough remain.
    fn spare(&mut self, now: i64) {
        let all: Vec<MemberId> = self.roll.keys().copied().collect();
        for member in all {
            let enough = self.validators() > LEAST_VALIDATORS;
            if let Some(seat) = self.roll.get_mut(&member)
                && enough
                && seat.validates
                && seat.at(now) != Standing::Active
            {
                seat.validates = false;
            }
        }
    }

    /// Whether a set of `then` members may follow the present one.
    fn set_of(&self, then: usize, judge: &mut Judge) {
        let least = LEAST_VALIDATORS.min(self.validators());
        judge.must(
            (least..=MOST_VALIDATORS).contains(&then),
            fairway_model::RefusalCode::ValidatorSet,
        );
    }
}

impl Model {
    /// What a parameter is at the height of the present block.
    pub fn rule(&self, which: Parameter) -> i64 {
        let decided = self.council.values.iter().rev();
        let mut now = decided.filter(|(p, _, from)| *p == which && *from <= self.height);
        now.next()
            .map_or(parameter(which).0, |(_, value, _)| *value)
    }

    /// The same, where days are counted.
    pub(crate) fn days(&self, which: Parameter) -> u32 {
        u32::try_from(self.rule(which)).unwrap_or(0)
    }

    /// The version of the contracts at the height of the present block.
    pub fn version(&self) -> u32 {
        let decided = self.council.versions.iter().rev();
        let mut now = decided.filter(|(_, from)| *from <= self.height);
        now.next().map_or(1, |(version, _)| *version)
    }

    pub(super) fn govern(
        &mut self,
        tx: &Transaction,
        operation: &CouncilOperation,
        place: Place,
    ) -> Verdict {
        let by = tx.member;
        match operation {
            CouncilOperation::Propose {
                motion,
                expires_at,
                not_before,
            } => self.put_to_the_vote(tx, motion, (expires_at.0, *not_before), place),
            CouncilOperation::Vote {
                proposal,
                motion,
                choice,
            } => self.cast(by, (*proposal, motion), *choice, place),
            CouncilOperation::Enact { proposal, motion } => self.enact((*proposal, motion), place),
            CouncilOperation::Leave { from } => self.leave(by, from.0, place.now),
            CouncilOperation::RotateValidatorKey { new_key, .. } => {
                self.rotate_validator_key(by, *new_key, place)
            }
            CouncilOperation::Report(evidence) => self.report(by, evidence, place),
            CouncilOperation::ChangeContact {
                endpoint,
                tls_fingerprint,
                ledger,
            } => self.change_contact(by, (endpoint, *tls_fingerprint), ledger.as_ref()),
        }
    }
}
