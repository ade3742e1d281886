//! What members say to each other, over mutual TLS, in encrypted and signed envelopes ([`crate::envelope`]). Every message may be
//! lost, repeated, delayed or reordered.

use crate::duty::Asked;
use fairway_model::credit::Credit;
use fairway_model::ids::CreditId;
use fairway_model::offer::{Offer, SignedConsent, SignedOffer};
use fairway_model::station::Presented;
use fairway_model::{
    AgreementId, ChargeEvent, EvseId, Pseudonym, Refusal, SessionId, Signature, SignedEligibility,
};
use minicbor::{Decode, Encode};

/// Most signed meter records that travel with one charge.
pub const MAX_EVIDENCE: usize = 1_024;
/// Most rounds of one negotiation; then there is no offer.
pub const MAX_ROUNDS: u8 = 3;

/// What is said. VUN: the visited utility; HUN: the home utility.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// VUN asks HUN whether the presenter of a credential may charge (FL-05). Repeated until answered or given up.
    #[n(0)]
    EligibilityAsked {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Under which agreement.
        #[n(1)]
        agreement: AgreementId,
        /// Where.
        #[n(2)]
        evse: EvseId,
        /// The credential as presented.
        #[n(3)]
        presented: Presented,
        /// VUN's word that the driver asked, where the agreement measures service.
        #[n(4)]
        asked: Option<Asked>,
    },
    /// HUN's answer; the refusal's text is for the driver.
    #[n(1)]
    EligibilityAnswered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Statement or refusal.
        #[n(1)]
        answer: Answer<SignedEligibility>,
        /// With a refusal, HUN's word that the request is none of VUN's, where the agreement measures service.
        #[n(2)]
        release: Option<Signature>,
    },
    /// VUN's policy proposes an offer to HUN's (FL-08, CR-13).
    #[n(2)]
    OfferProposed {
        /// Round, from 1 to [`MAX_ROUNDS`].
        #[n(0)]
        round: u8,
        /// The driver.
        #[n(1)]
        pseudonym: Pseudonym,
        /// The offer.
        #[n(2)]
        offer: Box<Offer>,
        /// VUN's signature over it.
        #[n(3)]
        signature: Signature,
    },
    /// HUN's policy answers a proposal.
    #[n(3)]
    OfferAnswered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// The round answered.
        #[n(1)]
        round: u8,
        /// Accepted, countered or refused.
        #[n(2)]
        answer: OfferAnswer,
        /// HUN's word that VUN served, where the agreement measures service.
        #[n(3)]
        release: Option<Signature>,
    },
    /// VUN tells HUN that its driver consented and that the hold is on its way to the ledger. Repeated until acknowledged.
    #[n(4)]
    ConsentGiven {
        /// The offer as agreed.
        #[n(0)]
        offer: Box<SignedOffer>,
        /// The recorded consent.
        #[n(1)]
        consent: SignedConsent,
        /// The driver.
        #[n(2)]
        pseudonym: Pseudonym,
    },
    /// HUN has put the hold on its customer's account.
    #[n(5)]
    ConsentNoted {
        /// The charge.
        #[n(0)]
        session: SessionId,
    },
    /// VUN sends the finished charge with everything HUN needs to compute it again (FL-17, FL-18). Repeated until answered.
    #[n(6)]
    ChargeProposed(#[n(0)] Box<ChargeProposal>),
    /// HUN's own computation agrees, and this is its signature; or it does not, and why.
    #[n(7)]
    ChargeAnswered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// HUN's signature over the event, or the reason.
        #[n(1)]
        answer: Answer<Signature>,
    },
    /// A charge that ended without anything to settle (declined, nothing delivered, refused): HUN releases what it holds.
    #[n(8)]
    ChargeVoided {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Why.
        #[n(1)]
        reason: Refusal,
    },
    /// HUN has released it.
    #[n(9)]
    ChargeVoidNoted {
        /// The charge.
        #[n(0)]
        session: SessionId,
    },
    /// HUN takes back eligibility statements (blocked or erased customer; CIN-10, CP-06). Repeated until acknowledged.
    #[n(10)]
    Revoked {
        /// Names this revocation.
        #[n(0)]
        id: [u8; 16],
        /// The driver as this partner knows him.
        #[n(1)]
        pseudonym: Pseudonym,
    },
    /// VUN has forgotten the visiting profile.
    #[n(11)]
    RevocationNoted {
        /// Which revocation.
        #[n(0)]
        id: [u8; 16],
    },
    /// VUN credits a settled charge of HUN's driver and asks for HUN's signature. Repeated until answered.
    #[n(12)]
    CreditProposed {
        /// The credit.
        #[n(0)]
        credit: Box<Credit>,
        /// VUN's signature over it.
        #[n(1)]
        signature: Signature,
    },
    /// HUN's signature over the credit, or why not.
    #[n(13)]
    CreditAnswered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// The credit.
        #[n(1)]
        id: CreditId,
        /// Signature or reason.
        #[n(2)]
        answer: Answer<Signature>,
    },
    /// HUN's driver wants his charge to end. Repeated until answered.
    #[n(14)]
    StopAsked {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Counts the driver's requests for this charge, from 1.
        #[n(1)]
        number: u32,
    },
    /// What VUN did about it.
    #[n(15)]
    StopAnswered {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// The request that is answered.
        #[n(1)]
        number: u32,
        /// What became of it.
        #[n(2)]
        answer: StopAnswer,
    },
}

/// What the visited utility did about a driver's wish to stop.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum StopAnswer {
    /// The station is told to stop; the end of the charge follows.
    #[n(0)]
    Told,
    /// The station is not connected at present; it is told as soon as it is.
    #[n(1)]
    Waits,
    /// Nothing was done.
    #[n(2)]
    Refused(#[n(0)] Refusal),
}

/// Yes with a value, or no with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer<T> {
    /// Yes.
    #[n(0)]
    Yes(#[n(0)] Box<T>),
    /// No.
    #[n(1)]
    No(#[n(0)] Refusal),
}

/// HUN's policy on a proposed offer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum OfferAnswer {
    /// Accepted: HUN's signature over the offer.
    #[n(0)]
    Accepted(#[n(0)] Signature),
    /// HUN would accept this load multiplier (its driver's contract promises no more); VUN may propose again.
    #[n(1)]
    Countered {
        /// Highest load multiplier in basis points that HUN accepts.
        #[n(0)]
        max_load_bps: u32,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// No offer.
    #[n(2)]
    Refused(#[n(0)] Refusal),
}

/// A finished charge as VUN proposes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeProposal {
    /// The event as VUN computed it.
    #[n(0)]
    pub event: ChargeEvent,
    /// VUN's signature over it.
    #[n(1)]
    pub signature: Signature,
    /// The driver.
    #[n(2)]
    pub pseudonym: Pseudonym,
    /// Opens the driver commitment of the event.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 32],
    /// The offer.
    #[n(4)]
    pub offer: SignedOffer,
    /// The consent.
    #[n(5)]
    pub consent: SignedConsent,
    /// The signed meter records in order of time, at most [`MAX_EVIDENCE`].
    #[n(6)]
    pub evidence: Vec<String>,
}

impl Message {
    /// The message's name, for logs and traces.
    pub fn name(&self) -> &'static str {
        self.label().1
    }

    /// The kind of message as the head of its envelope says it: the number of its variant.
    pub fn kind(&self) -> u8 {
        self.label().0
    }

    fn label(&self) -> (u8, &'static str) {
        match self {
            Self::EligibilityAsked { .. } => (0, "eligibility asked"),
            Self::EligibilityAnswered { .. } => (1, "eligibility answered"),
            Self::OfferProposed { .. } => (2, "offer proposed"),
            Self::OfferAnswered { .. } => (3, "offer answered"),
            Self::ConsentGiven { .. } => (4, "consent given"),
            Self::ConsentNoted { .. } => (5, "consent noted"),
            Self::ChargeProposed(_) => (6, "charge proposed"),
            Self::ChargeAnswered { .. } => (7, "charge answered"),
            Self::ChargeVoided { .. } => (8, "charge voided"),
            Self::ChargeVoidNoted { .. } => (9, "charge void noted"),
            Self::Revoked { .. } => (10, "revoked"),
            Self::RevocationNoted { .. } => (11, "revocation noted"),
            Self::CreditProposed { .. } => (12, "credit proposed"),
            Self::CreditAnswered { .. } => (13, "credit answered"),
            Self::StopAsked { .. } => (14, "stop asked"),
            Self::StopAnswered { .. } => (15, "stop answered"),
        }
    }
}
