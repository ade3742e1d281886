//! The credit event: what comes off a settled charge. A settled charge is never edited; a credit is an entry of its own.

use crate::canonical::Canonical;
use crate::hash::Hash;
use crate::ids::{CreditId, MemberId, SessionId};
use crate::money::Micro;
use crate::sign::{PublicKey, Signature, SigningKey};
use minicbor::{Decode, Encode};

/// Signing and hashing domain of credit events.
pub const CREDIT_DOMAIN: &str = "fairway.credit.v1";

/// Why a credit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum CreditReason {
    /// The meter or its records were wrong.
    #[n(0)]
    Meter,
    /// The price was wrong.
    #[n(1)]
    Price,
    /// The charge was not the driver's.
    #[n(2)]
    NotTheDriver,
    /// The service failed: an interrupted charge, a blocked point.
    #[n(3)]
    Service,
    /// As a courtesy.
    #[n(4)]
    Courtesy,
}

impl CreditReason {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::Meter,
        Self::Price,
        Self::NotTheDriver,
        Self::Service,
        Self::Courtesy,
    ];

    /// The word for it on a command line and on a bill.
    pub fn word(self) -> &'static str {
        match self {
            Self::Meter => "meter",
            Self::Price => "price",
            Self::NotTheDriver => "not-the-driver",
            Self::Service => "service",
            Self::Courtesy => "courtesy",
        }
    }
}

/// A credit of a settled charge, whole or part. Who gives back how much of it follows from the charge's shares.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Credit {
    /// Made by whoever proposes it, unique for the charge; the same credit twice takes effect once.
    #[n(0)]
    pub id: CreditId,
    /// The charge.
    #[n(1)]
    pub session: SessionId,
    /// Hash of its settled event ([`crate::ChargeEvent::hash`]).
    #[n(2)]
    pub event: Hash,
    /// Home utility, whose driver gets the amount.
    #[n(3)]
    pub home: MemberId,
    /// Visited utility.
    #[n(4)]
    pub visited: MemberId,
    /// How much the driver gets back, taxes included: whole minor units, more than nothing.
    #[n(5)]
    pub amount: Micro,
    /// Why.
    #[n(6)]
    pub reason: CreditReason,
}

impl Credit {
    /// The hash that bills refer to.
    pub fn hash(&self) -> Hash {
        self.digest(CREDIT_DOMAIN)
    }

    /// Signs the credit.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(CREDIT_DOMAIN, &self.to_bytes())
    }

    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(CREDIT_DOMAIN, &self.to_bytes(), signature)
    }
}

/// A credit that both utilities signed, like the charge event that it reduces.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedCredit {
    /// The credit.
    #[n(0)]
    pub credit: Credit,
    /// The visited utility's signature over [`CREDIT_DOMAIN`].
    #[n(1)]
    pub visited_signature: Signature,
    /// The home utility's signature over [`CREDIT_DOMAIN`].
    #[n(2)]
    pub home_signature: Signature,
}
