//! The offer that both policies agreed, and the driver's consent to it. After consent the price does not move.

use crate::agreement::AgreementId;
use crate::canonical::Canonical;
use crate::energy::Energy;
use crate::hash::Hash;
use crate::ids::{EvseId, MemberId, SessionId};
use crate::money::{Currency, Micro};
use crate::price::{Adjustments, PriceBreakdown};
use crate::sign::{PublicKey, Signature, SigningKey};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Signing domain of offers.
pub const OFFER_DOMAIN: &str = "fairway.offer.v1";
/// Signing domain of consents.
pub const CONSENT_DOMAIN: &str = "fairway.consent.v1";

/// What a charge is expected to cost (AA-21).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Estimate {
    /// Energy that the expectation assumes.
    #[n(0)]
    pub energy: Energy,
    /// Low end of the interval, whole minor units, taxes included.
    #[n(1)]
    pub low: Micro,
    /// The expectation.
    #[n(2)]
    pub expected: Micro,
    /// High end of the interval.
    #[n(3)]
    pub high: Micro,
    /// The expectation's argument.
    #[n(4)]
    pub breakdown: PriceBreakdown,
}

/// An offer for one charge, inside the agreement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The agreement that it stays inside.
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
    /// What the policies agreed on top.
    #[n(6)]
    pub adjustments: Adjustments,
    /// Expected cost.
    #[n(7)]
    pub estimate: Estimate,
    /// What is held at consent.
    #[n(8)]
    pub hold: Micro,
    /// Version of the visited utility's charging rules and policy that made it.
    #[n(9)]
    pub policy_version: u32,
    /// Currency.
    #[n(10)]
    pub currency: Currency,
    /// When it was made.
    #[n(11)]
    pub issued_at: Time,
    /// Consent must be given before this.
    #[n(12)]
    pub valid_until: Time,
    /// Why the price is what it is, in plain sentences; at most 8 of 160 characters.
    #[n(13)]
    pub reasons: Vec<String>,
}

impl Offer {
    /// The hash that consent, hold and charge event refer to.
    pub fn hash(&self) -> Hash {
        self.digest(OFFER_DOMAIN)
    }
}

/// How the home utility agreed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum HomeAcceptance {
    /// It signed this offer.
    #[n(0)]
    Signed(#[n(0)] Signature),
    /// Its eligibility statement accepts every offer inside the agreement; the statement's hash.
    #[n(1)]
    Standing(#[n(0)] Hash),
}

/// An offer that both sides stand by.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedOffer {
    /// The offer.
    #[n(0)]
    pub offer: Offer,
    /// The visited utility's signature over [`OFFER_DOMAIN`].
    #[n(1)]
    pub visited_signature: Signature,
    /// The home utility's agreement.
    #[n(2)]
    pub home: HomeAcceptance,
}

impl Offer {
    /// Signs the offer.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(OFFER_DOMAIN, &self.to_bytes())
    }

    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(OFFER_DOMAIN, &self.to_bytes(), signature)
    }
}

/// How the driver said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ConsentMethod {
    /// Pressed the button under the price on the station's screen.
    #[n(0)]
    Screen,
    /// Presented the card again after the price was shown, at a station without a consent button.
    #[n(1)]
    SecondPresentation,
    /// Confirmed on the driver's own device.
    #[n(2)]
    OwnDevice,
}

/// The driver's acknowledgement of one offer (FL-11).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Consent {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The offer that was shown.
    #[n(1)]
    pub offer: Hash,
    /// How it was given.
    #[n(2)]
    pub method: ConsentMethod,
    /// When.
    #[n(3)]
    pub given_at: Time,
}

/// A consent as the visited utility recorded it, signed over [`CONSENT_DOMAIN`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedConsent {
    /// The consent.
    #[n(0)]
    pub consent: Consent,
    /// The visited utility's signature.
    #[n(1)]
    pub visited_signature: Signature,
}

impl SignedConsent {
    /// Signs a consent.
    pub fn sign(consent: Consent, key: &SigningKey) -> Self {
        let visited_signature = key.sign(CONSENT_DOMAIN, &consent.to_bytes());
        Self {
            consent,
            visited_signature,
        }
    }

    /// Whether the visited utility signed it.
    pub fn verify(&self, key: &PublicKey) -> bool {
        key.verify(
            CONSENT_DOMAIN,
            &self.consent.to_bytes(),
            &self.visited_signature,
        )
    }
}
