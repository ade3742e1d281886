//! What counts from which height on: the version of the contracts, and the parameters that the members set by vote.
//!
//! Both stand in the state with their first height, and every block looks them up at its own height. So a change takes effect in
//! exactly its block on every validator, and no transaction has to carry it there.

use super::state::{CharterState, ParameterFrom, VersionFrom};
use crate::limits::{
    COLLATERAL_GRACE_DAYS, DUE_TIME_DAYS, LATE_INTEREST_BPS, LEAVE_NOTICE_MS, MAX_CHARGE_AGE_MS,
    MAX_CLOCK_SKEW_MS, MAX_DEADLINE_DAYS, MAX_INTEREST_BPS, NETTING_CYCLE_DAYS, OFFER_GRACE_MS,
    VOTING_TIME_MS,
};
use crate::money::MoneyTerms;
use core::ops::RangeInclusive;
use fairway_model::time::{DAY, HOUR, MINUTE};
use minicbor::{Decode, Encode};

/// The version of the contracts that a chain begins with.
pub(crate) const FIRST_VERSION: u32 = 1;

/// What the members can set by vote: a closed list. The name of each ends with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Parameter {
    /// How long after its end a charge may be settled.
    #[n(0)]
    ChargeAge,
    /// How far a charge's end may lie after the time of the block that settles it.
    #[n(1)]
    ClockSkew,
    /// How long after a newer version of an agreement is in force holds of the one before are still taken.
    #[n(2)]
    OfferGrace,
    /// The least notice of a member that leaves.
    #[n(3)]
    LeaveNotice,
    /// The longest time that a proposal is open.
    #[n(4)]
    VotingTime,
    /// Days of a netting cycle.
    #[n(5)]
    NettingCycle,
    /// Days from a close to the last day of payment in time.
    #[n(6)]
    DueTime,
    /// Yearly interest on late payment in basis points.
    #[n(7)]
    LateInterest,
    /// Days after the due day before the creditor may take collateral.
    #[n(8)]
    CollateralGrace,
    /// 1 when no energy is sold beyond what is stated, 0 when it may be until its hour is closed.
    #[n(9)]
    EnergyStrict,
}

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ChargeAge,
        Self::ClockSkew,
        Self::OfferGrace,
        Self::LeaveNotice,
        Self::VotingTime,
        Self::NettingCycle,
        Self::DueTime,
        Self::LateInterest,
        Self::CollateralGrace,
        Self::EnergyStrict,
    ];

    /// The name that people type.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChargeAge => "charge-age-ms",
            Self::ClockSkew => "clock-skew-ms",
            Self::OfferGrace => "offer-grace-ms",
            Self::LeaveNotice => "leave-notice-ms",
            Self::VotingTime => "voting-time-ms",
            Self::NettingCycle => "netting-cycle-days",
            Self::DueTime => "due-time-days",
            Self::LateInterest => "late-interest-bps",
            Self::CollateralGrace => "collateral-grace-days",
            Self::EnergyStrict => "energy-strict-flag",
        }
    }

    /// The parameter of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The value that a chain begins with.
    pub fn initial(self) -> i64 {
        match self {
            Self::ChargeAge => MAX_CHARGE_AGE_MS,
            Self::ClockSkew => MAX_CLOCK_SKEW_MS,
            Self::OfferGrace => OFFER_GRACE_MS,
            Self::LeaveNotice => LEAVE_NOTICE_MS,
            Self::VotingTime => VOTING_TIME_MS,
            Self::NettingCycle => i64::from(NETTING_CYCLE_DAYS),
            Self::DueTime => i64::from(DUE_TIME_DAYS),
            Self::LateInterest => i64::from(LATE_INTEREST_BPS),
            Self::CollateralGrace => i64::from(COLLATERAL_GRACE_DAYS),
            Self::EnergyStrict => 0,
        }
    }

    /// What no vote can go beyond.
    pub fn bounds(self) -> RangeInclusive<i64> {
        match self {
            Self::ChargeAge => DAY..=DAY.saturating_mul(366),
            Self::ClockSkew => 1_000..=MINUTE.saturating_mul(10),
            Self::OfferGrace => 0..=HOUR.saturating_mul(24),
            Self::LeaveNotice => 0..=DAY.saturating_mul(90),
            Self::VotingTime => HOUR..=DAY.saturating_mul(60),
            Self::NettingCycle => 1..=i64::from(MAX_DEADLINE_DAYS),
            Self::DueTime | Self::CollateralGrace => 0..=i64::from(MAX_DEADLINE_DAYS),
            Self::LateInterest => 0..=i64::from(MAX_INTEREST_BPS),
            Self::EnergyStrict => 0..=1,
        }
    }
}

/// The charter at one height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The version of the contracts.
    pub version: u32,
    /// [`Parameter::ChargeAge`].
    pub charge_age_ms: i64,
    /// [`Parameter::ClockSkew`].
    pub clock_skew_ms: i64,
    /// [`Parameter::OfferGrace`].
    pub offer_grace_ms: i64,
    /// [`Parameter::LeaveNotice`].
    pub leave_notice_ms: i64,
    /// [`Parameter::VotingTime`].
    pub voting_time_ms: i64,
    /// Netting and late payment.
    pub money: MoneyTerms,
    /// [`Parameter::EnergyStrict`].
    pub energy_strict: bool,
}

impl Default for Rules {
    fn default() -> Self {
        CharterState::default().at(0)
    }
}

impl CharterState {
    /// What counts at a height.
    pub fn at(&self, height: u64) -> Rules {
        let value = |parameter| self.value_at(parameter, height);
        Rules {
            version: self.version_at(height),
            charge_age_ms: value(Parameter::ChargeAge),
            clock_skew_ms: value(Parameter::ClockSkew),
            offer_grace_ms: value(Parameter::OfferGrace),
            leave_notice_ms: value(Parameter::LeaveNotice),
            voting_time_ms: value(Parameter::VotingTime),
            energy_strict: value(Parameter::EnergyStrict) == 1,
            money: self.money_at(height),
        }
    }

    fn money_at(&self, height: u64) -> MoneyTerms {
        // Their bounds fit the narrow types: a value beyond them cannot be voted in.
        let value = |parameter| u32::try_from(self.value_at(parameter, height)).unwrap_or(u32::MAX);
        MoneyTerms {
            cycle_days: value(Parameter::NettingCycle).max(1),
            due_days: value(Parameter::DueTime),
            interest_bps: value(Parameter::LateInterest),
            grace_days: value(Parameter::CollateralGrace),
        }
    }

    fn version_at(&self, height: u64) -> u32 {
        let begun = self.versions.iter().filter(|v| v.from <= height);
        begun.map(|v| v.version).max().unwrap_or(FIRST_VERSION)
    }

    /// A parameter's value at a height.
    pub fn value_at(&self, parameter: Parameter, height: u64) -> i64 {
        self.parameters
            .iter()
            .filter(|p| p.parameter == parameter && p.from <= height)
            .max_by_key(|p| p.from)
            .map_or(parameter.initial(), |p| p.value)
    }

    /// The version that is decided and has not begun.
    pub fn version_to_come(&self, height: u64) -> Option<VersionFrom> {
        self.versions.iter().find(|v| v.from > height).copied()
    }

    /// The value that is decided and does not count yet.
    pub fn value_to_come(&self, parameter: Parameter, height: u64) -> Option<ParameterFrom> {
        let of = |p: &&ParameterFrom| p.parameter == parameter && p.from > height;
        self.parameters.iter().find(of).copied()
    }

    /// Adds a version; the ones before the present one are forgotten.
    pub(crate) fn add_version(&mut self, next: VersionFrom, height: u64) {
        let present = self.version_at(height);
        self.versions.retain(|v| v.version >= present);
        self.versions.push(next);
    }

    /// Adds a value; those that no longer count are forgotten.
    pub(crate) fn add_value(&mut self, next: ParameterFrom, height: u64) {
        let counts = self
            .parameters
            .iter()
            .filter(|p| p.parameter == next.parameter && p.from <= height)
            .map(|p| p.from)
            .max()
            .unwrap_or(0);
        self.parameters
            .retain(|p| p.parameter != next.parameter || p.from >= counts);
        self.parameters.push(next);
        self.parameters.sort_by_key(|p| (p.parameter, p.from));
    }
}
