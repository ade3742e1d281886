//! The group's operations and what they did.

use super::board::BoardOffer;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::service::{SERVICE_RELEASE_DOMAIN, SERVICE_REQUEST_DOMAIN, ServiceRequest};
use fairway_model::sign::{Claim, PublicKey, Signature, signed_bytes};
use minicbor::{Decode, Encode};

/// Why a party suspends or ends. A code and a hash of evidence, never free text: nothing personal can enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Ground {
    /// What is owed was not paid in time.
    #[n(0)]
    Payment,
    /// Drivers were not served.
    #[n(1)]
    Service,
    /// Keys, stations or systems are or may be compromised.
    #[n(2)]
    Security,
    /// Works or faults.
    #[n(3)]
    Technical,
    /// An authority asks for it.
    #[n(4)]
    Regulation,
    /// Something else; the evidence says what.
    #[n(5)]
    Other,
}

/// A claim that a driver was refused: the request that the visited utility signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ServiceClaim {
    /// The request.
    #[n(0)]
    pub request: ServiceRequest,
    /// The key that the visited utility signed it with.
    #[n(1)]
    pub visited_key: PublicKey,
    /// Its signature over [`SERVICE_REQUEST_DOMAIN`].
    #[n(2)]
    pub visited_signature: Signature,
}

/// Home's word that a request is no refusal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Release {
    /// The key that home signed it with.
    #[n(0)]
    pub home_key: PublicKey,
    /// Its signature over [`SERVICE_RELEASE_DOMAIN`] and the request.
    #[n(1)]
    pub home_signature: Signature,
}

/// What a member asks for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TermsOperation {
    /// Answer a proposal with other terms; the proposal can be countersigned no more.
    #[n(0)]
    Counter {
        /// The proposal.
        #[n(0)]
        supersedes: AgreementId,
        /// The other terms, of the same direction of the same pair.
        #[n(1)]
        agreement: Box<Agreement>,
        /// The signature over the terms, as in a proposal.
        #[n(2)]
        signature: Signature,
    },
    /// No new charge begins until the same party resumes.
    #[n(1)]
    Suspend {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
        /// Why.
        #[n(3)]
        ground: Ground,
        /// SHA-256 of evidence that both parties hold.
        #[n(4)]
        evidence: Option<Hash>,
    },
    /// Charges begin again.
    #[n(2)]
    Resume {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
    },
    /// End at once, without notice, for breach.
    #[n(3)]
    Breach {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
        /// What was broken.
        #[n(3)]
        ground: Ground,
        /// SHA-256 of the evidence.
        #[n(4)]
        evidence: Hash,
    },
    /// Put an offer on the board, in place of what stood in its slot.
    #[n(4)]
    PostOffer(#[n(0)] BoardOffer),
    /// Take an offer off the board.
    #[n(5)]
    WithdrawOffer {
        /// From which slot.
        #[n(0)]
        slot: u8,
    },
    /// Home: one of our drivers was refused.
    #[n(6)]
    ClaimRefusal(#[n(0)] Box<ServiceClaim>),
    /// Visited: he was not; the ledger has his hold, or home released the request.
    #[n(7)]
    AnswerRefusal {
        /// The request.
        #[n(0)]
        request: ServiceRequest,
        /// Home's release; none where the ledger has a hold for the charge.
        #[n(1)]
        release: Option<Release>,
    },
    /// Count a cycle that is over, and post its penalty. Any member may, once it is due.
    #[n(8)]
    CloseCycle {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
        /// The agreement's currency.
        #[n(3)]
        currency: Currency,
        /// Number of the cycle; 0 begins with the agreement's validity.
        #[n(4)]
        cycle: u64,
    },
}

impl TermsOperation {
    /// Whether it binds nobody anew: a member that has lost its rights may still do it.
    pub(crate) fn winds_up(&self) -> bool {
        match self {
            Self::Counter { .. } | Self::Resume { .. } | Self::PostOffer(_) => false,
            Self::Suspend { .. }
            | Self::Breach { .. }
            | Self::WithdrawOffer { .. }
            | Self::ClaimRefusal(_)
            | Self::AnswerRefusal { .. }
            | Self::CloseCycle { .. } => true,
        }
    }

    /// The signatures inside, each with the name of what it signs.
    pub(crate) fn claims(&self, key: PublicKey) -> Vec<(&'static str, Claim)> {
        match self {
            Self::Counter {
                agreement,
                signature,
                ..
            } => vec![(
                "agreement",
                Claim {
                    key,
                    message: signed_bytes(
                        fairway_model::agreement::AGREEMENT_DOMAIN,
                        &agreement.to_bytes(),
                    ),
                    signature: *signature,
                },
            )],
            Self::ClaimRefusal(claim) => vec![(
                "service request",
                Claim {
                    key: claim.visited_key,
                    message: signed_bytes(SERVICE_REQUEST_DOMAIN, &claim.request.to_bytes()),
                    signature: claim.visited_signature,
                },
            )],
            Self::AnswerRefusal {
                request,
                release: Some(release),
            } => vec![(
                "release",
                Claim {
                    key: release.home_key,
                    message: signed_bytes(SERVICE_RELEASE_DOMAIN, &request.to_bytes()),
                    signature: release.home_signature,
                },
            )],
            _ => Vec::new(),
        }
    }
}

/// What an operation of this group did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TermsEffect {
    /// Other terms wait for the party that proposed.
    #[n(0)]
    Countered {
        /// The proposal that was answered.
        #[n(0)]
        supersedes: AgreementId,
        /// The new one.
        #[n(1)]
        agreement: AgreementId,
        /// How many times terms were exchanged before it.
        #[n(2)]
        round: u8,
    },
    /// No new charge begins.
    #[n(1)]
    Suspended {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Why.
        #[n(1)]
        ground: Ground,
    },
    /// Charges begin again.
    #[n(2)]
    Resumed {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
    },
    /// Ended for breach, from the block's time on.
    #[n(3)]
    Broken {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// What was broken, as the ending party says.
        #[n(1)]
        ground: Ground,
    },
    /// An offer is on the board.
    #[n(4)]
    OfferPosted {
        /// In which slot.
        #[n(0)]
        slot: u8,
    },
    /// An offer is off the board.
    #[n(5)]
    OfferWithdrawn {
        /// From which slot.
        #[n(0)]
        slot: u8,
    },
    /// A driver counts as refused unless the claim is answered.
    #[n(6)]
    RefusalClaimed {
        /// Of which charge.
        #[n(0)]
        session: SessionId,
        /// In which cycle of the agreement.
        #[n(1)]
        cycle: u64,
    },
    /// A claim counts no more.
    #[n(7)]
    RefusalAnswered {
        /// Of which charge.
        #[n(0)]
        session: SessionId,
        /// In which cycle of the agreement.
        #[n(1)]
        cycle: u64,
    },
    /// A cycle is counted.
    #[n(8)]
    CycleClosed {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Which cycle.
        #[n(1)]
        cycle: u64,
        /// Drivers served.
        #[n(2)]
        served: u32,
        /// Drivers refused.
        #[n(3)]
        refused: u32,
        /// What the visited utility owes home for it.
        #[n(4)]
        penalty: Micro,
    },
}
