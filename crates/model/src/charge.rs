//! What was consumed, and the charge event (CDR) that both utilities sign and the contract re-rates.

use crate::agreement::AgreementId;
use crate::canonical::Canonical;
use crate::energy::Energy;
use crate::hash::Hash;
use crate::ids::{EvseId, GuaranteeId, MemberId, SessionId};
use crate::money::Micro;
use crate::price::{Adjustments, Shares};
use crate::sign::{PublicKey, Signature, SigningKey};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Signing and hashing domain of charge events.
pub const CHARGE_DOMAIN: &str = "fairway.charge.v1";
/// The most periods of one charge (a week in quarter-hours).
pub const MAX_PERIODS: usize = 672;

/// What happened during a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum PeriodKind {
    /// Energy flows or may flow (OCPI dimension `TIME`).
    #[n(0)]
    Charging,
    /// Connected without charging (OCPI dimension `PARKING_TIME`).
    #[n(1)]
    Parking,
}

/// A part of a charge with one state (OCPI `ChargingPeriod`); it lasts until the next begins or the charge ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Period {
    /// Begin.
    #[n(0)]
    pub start: Time,
    /// State.
    #[n(1)]
    pub kind: PeriodKind,
    /// Energy delivered in it.
    #[n(2)]
    pub energy: Energy,
    /// Mean power in watts, where known (for power restrictions).
    #[n(3)]
    pub power_w: Option<u32>,
    /// Current in milliamperes, where known (for current restrictions).
    #[n(4)]
    pub current_ma: Option<u32>,
}

/// Everything that a price is computed from besides the tariff and its adjustments.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Usage {
    /// End of the charge; it begins with its first period.
    #[n(0)]
    pub end: Time,
    /// Periods in order of time, none after `end`, at most [`MAX_PERIODS`].
    #[n(1)]
    pub periods: Vec<Period>,
}

impl Usage {
    /// When the charge began.
    pub fn start(&self) -> Option<Time> {
        self.periods.first().map(|p| p.start)
    }

    /// All energy, `None` when it does not fit.
    pub fn energy(&self) -> Option<Energy> {
        self.periods
            .iter()
            .try_fold(Energy::ZERO, |sum, p| sum.plus(p.energy))
    }
}

/// One finished charge as it goes on the ledger: no name, no CIN, no pseudonym; the driver is a salted commitment whose salt
/// sits in the home utility's erasable store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeEvent {
    /// The charge; settles once.
    #[n(0)]
    pub session: SessionId,
    /// The agreement in force at consent.
    #[n(1)]
    pub agreement: AgreementId,
    /// Home utility.
    #[n(2)]
    pub home: MemberId,
    /// Visited utility.
    #[n(3)]
    pub visited: MemberId,
    /// Where.
    #[n(4)]
    pub evse: EvseId,
    /// Which of the agreement's tariffs.
    #[n(5)]
    pub tariff: String,
    /// Adjustments of the offer.
    #[n(6)]
    pub adjustments: Adjustments,
    /// The offer that the driver consented to.
    #[n(7)]
    pub offer: Hash,
    /// The guarantee that its hold stands on.
    #[n(8)]
    pub guarantee: GuaranteeId,
    /// What was consumed.
    #[n(9)]
    pub usage: Usage,
    /// Meter register at the begin.
    #[n(10)]
    pub meter_start: Energy,
    /// Meter register at the end; the difference is the usage's energy exactly.
    #[n(11)]
    pub meter_end: Energy,
    /// SHA-256 of the meter's public key (SubjectPublicKeyInfo DER), as registered for the EVSE.
    #[n(12)]
    pub meter_key: Hash,
    /// SHA-256 over the signed meter records in order; the records themselves stay with both utilities.
    #[n(13)]
    pub meter_evidence: Hash,
    /// Salted commitment to the driver's pseudonym.
    #[n(14)]
    pub driver: Hash,
    /// What the driver pays, whole minor units, taxes included.
    #[n(15)]
    pub total: Micro,
    /// Who gets what of it.
    #[n(16)]
    pub shares: Shares,
}

impl ChargeEvent {
    /// The hash that bills and disputes refer to.
    pub fn hash(&self) -> Hash {
        self.digest(CHARGE_DOMAIN)
    }

    /// Signs the event.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(CHARGE_DOMAIN, &self.to_bytes())
    }

    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(CHARGE_DOMAIN, &self.to_bytes(), signature)
    }
}

/// A charge event that both utilities computed independently and found equal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedChargeEvent {
    /// The event.
    #[n(0)]
    pub event: ChargeEvent,
    /// The visited utility's signature over [`CHARGE_DOMAIN`].
    #[n(1)]
    pub visited_signature: Signature,
    /// The home utility's signature over [`CHARGE_DOMAIN`].
    #[n(2)]
    pub home_signature: Signature,
}
