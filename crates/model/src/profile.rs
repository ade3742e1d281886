//! What a home utility says about its driver to a visited one: as little as possible, signed, and for a limited time.

use crate::agreement::AgreementId;
use crate::canonical::Canonical;
use crate::hash::Hash;
use crate::ids::{GuaranteeId, MemberId};
use crate::money::Micro;
use crate::sign::{PublicKey, Signature, SigningKey};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Signing domain of eligibility statements.
pub const ELIGIBILITY_DOMAIN: &str = "fairway.eligibility.v1";
/// Signing domain of guarantees.
pub const GUARANTEE_DOMAIN: &str = "fairway.guarantee.v1";

/// A driver as one partner knows him: keyed by the home utility per partner, so that two partners cannot compare notes.
pub type Pseudonym = Hash;

/// The service that the CIN names (CIN-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Service {
    /// Ordinary charging.
    #[n(1)]
    Standard,
    /// Served first under congestion.
    #[n(2)]
    Priority,
    /// Fleet contract.
    #[n(3)]
    Fleet,
}

impl Service {
    /// The service of a CIN's service digit.
    pub fn from_digit(digit: u8) -> Option<Self> {
        match digit {
            1 => Some(Self::Standard),
            2 => Some(Self::Priority),
            3 => Some(Self::Fleet),
            _ => None,
        }
    }

    /// The service digit in a CIN.
    pub fn digit(self) -> u8 {
        match self {
            Self::Standard => 1,
            Self::Priority => 2,
            Self::Fleet => 3,
        }
    }
}

/// Loyalty tier at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Tier {
    /// No tier.
    #[n(0)]
    Standard,
    /// Gold.
    #[n(1)]
    Gold,
    /// Diamond.
    #[n(2)]
    Diamond,
    /// Platinum.
    #[n(3)]
    Platinum,
}

/// Which of the two separate customer stores holds the customer (CR-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum CustomerClass {
    /// Household.
    #[n(0)]
    Residential,
    /// Business.
    #[n(1)]
    Commercial,
}

/// How the driver pays at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Payment {
    /// From a balance, reserved before energy flows; every charge asks home.
    #[n(0)]
    Prepaid,
    /// On the monthly bill, within a credit limit.
    #[n(1)]
    Postpaid,
}

/// The home utility's promise to pay what its driver consumes, up to a limit. The contract holds against it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Guarantee {
    /// Unique among the home utility's guarantees.
    #[n(0)]
    pub id: GuaranteeId,
    /// Under which agreement.
    #[n(1)]
    pub agreement: AgreementId,
    /// Everything held or charged under this guarantee together.
    #[n(2)]
    pub limit: Micro,
    /// No hold is placed from then on.
    #[n(3)]
    pub valid_until: Time,
}

/// A guarantee with the home utility's signature over [`GUARANTEE_DOMAIN`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedGuarantee {
    /// The promise.
    #[n(0)]
    pub guarantee: Guarantee,
    /// The home utility's signature.
    #[n(1)]
    pub home_signature: Signature,
}

impl SignedGuarantee {
    /// Signs a guarantee.
    pub fn sign(guarantee: Guarantee, key: &SigningKey) -> Self {
        let home_signature = key.sign(GUARANTEE_DOMAIN, &guarantee.to_bytes());
        Self {
            guarantee,
            home_signature,
        }
    }

    /// Whether the home utility signed it.
    pub fn verify(&self, home: &PublicKey) -> bool {
        home.verify(
            GUARANTEE_DOMAIN,
            &self.guarantee.to_bytes(),
            &self.home_signature,
        )
    }
}

/// A home utility's answer that a driver may charge at a visited one (CP-03).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EligibilityStatement {
    /// Who says it (HUN).
    #[n(0)]
    pub home: MemberId,
    /// To whom (VUN); worthless to anybody else.
    #[n(1)]
    pub visited: MemberId,
    /// The driver, as this partner knows him.
    #[n(2)]
    pub pseudonym: Pseudonym,
    /// Service of the contract.
    #[n(3)]
    pub service: Service,
    /// Loyalty tier.
    #[n(4)]
    pub tier: Tier,
    /// Residential or commercial.
    #[n(5)]
    pub class: CustomerClass,
    /// Preferred language, BCP 47, at most 16 characters.
    #[n(6)]
    pub language: String,
    /// How the driver pays at home.
    #[n(7)]
    pub payment: Payment,
    /// When it was said.
    #[n(8)]
    pub issued_at: Time,
    /// Until when the visited utility may keep and use it.
    #[n(9)]
    pub expires_at: Time,
    /// Whether it authenticates later visits locally; when not, it serves one charge only.
    #[n(10)]
    pub reusable: bool,
    /// Whether home accepts without being asked every offer that the agreement allows.
    #[n(11)]
    pub standing_acceptance: bool,
    /// The promise to pay.
    #[n(12)]
    pub guarantee: SignedGuarantee,
}

/// An eligibility statement with the home utility's signature over [`ELIGIBILITY_DOMAIN`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedEligibility {
    /// What is said.
    #[n(0)]
    pub statement: EligibilityStatement,
    /// The home utility's signature.
    #[n(1)]
    pub home_signature: Signature,
}

impl SignedEligibility {
    /// Signs a statement.
    pub fn sign(statement: EligibilityStatement, key: &SigningKey) -> Self {
        let home_signature = key.sign(ELIGIBILITY_DOMAIN, &statement.to_bytes());
        Self {
            statement,
            home_signature,
        }
    }

    /// Whether the home utility signed the statement and the guarantee in it.
    pub fn verify(&self, home: &PublicKey) -> bool {
        home.verify(
            ELIGIBILITY_DOMAIN,
            &self.statement.to_bytes(),
            &self.home_signature,
        ) && self.statement.guarantee.verify(home)
    }
}
