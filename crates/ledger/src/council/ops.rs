//! What members ask of the council, and how they sign it.

use super::charter::Parameter;
use super::evidence::{Evidence, SignedBallot};
use super::roll::{Role, used_name};
use super::state::{
    key_for_agenda, key_for_evidence, key_for_misdeeds, key_for_proposal, key_for_roll,
    key_for_used_key,
};
use crate::keys::{Key, key_for_member};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::registry::Member;
use fairway_model::sign::{Claim, PublicKey, Signature, SigningKey, signed_bytes};
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

use crate::tx::{Transaction, TxNonce};

/// Signing domain of a candidate's entry: both its keys sign it, so that nobody is admitted under keys that it does not hold.
pub const CANDIDATE_DOMAIN: &str = "fairway.candidate.v1";
/// Signing domain of a new validator key's proof of possession.
pub const VALIDATOR_KEY_DOMAIN: &str = "fairway.validator-key.v1";
/// Domain of the hash that names a proposal.
const PROPOSAL_DOMAIN: &str = "fairway.proposal.v1";

/// Names a proposal: the hash of its proposer, the proposal's nonce and the motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct ProposalId(pub Hash);

impl ProposalId {
    /// The name of the motion that `member` proposes in the transaction with this nonce.
    pub fn of(member: MemberId, nonce: TxNonce, motion: &Motion) -> Self {
        Self(Hash::of(
            PROPOSAL_DOMAIN,
            &(member, nonce, motion.to_bytes()).to_bytes(),
        ))
    }
}

impl core::fmt::Display for ProposalId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "pro_{}", self.0)
    }
}

/// Somebody who wants to become a member, with proof that it holds its keys and wants this entry on this chain.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Candidate {
    /// The entry: id, name, kind, keys, endpoint, certificate.
    #[n(0)]
    pub member: Member,
    /// Where its ledger node listens (`address:port`), at most [`crate::limits::MAX_LEDGER_ADDRESS_LEN`] bytes.
    #[n(1)]
    pub ledger: String,
    /// The member key's signature over [`CANDIDATE_DOMAIN`], the chain and everything above.
    #[n(2)]
    pub proof: Signature,
    /// The validator key's signature over the same; there if and only if the entry names a validator key.
    #[n(3)]
    pub validator_proof: Option<Signature>,
}

impl Candidate {
    /// Signs an entry with both keys. A validator key that is not the entry's makes a candidate that is refused.
    pub fn sign(
        chain: &str,
        member: Member,
        ledger: String,
        key: &SigningKey,
        validator: Option<&SigningKey>,
    ) -> Self {
        let body = Self::body(chain, &member, &ledger);
        Self {
            proof: key.sign(CANDIDATE_DOMAIN, &body),
            validator_proof: validator.map(|key| key.sign(CANDIDATE_DOMAIN, &body)),
            member,
            ledger,
        }
    }

    fn body(chain: &str, member: &Member, ledger: &str) -> Vec<u8> {
        (chain.to_owned(), member.to_bytes(), ledger.to_owned()).to_bytes()
    }

    /// Whether both keys of the entry signed it for this chain.
    pub fn verify(&self, chain: &str) -> bool {
        self.claims(chain)
            .into_iter()
            .all(|(_, claim)| claim.key.verify_raw(&claim.message, &claim.signature))
    }

    fn claims(&self, chain: &str) -> Vec<(&'static str, Claim)> {
        let body = Self::body(chain, &self.member, &self.ledger);
        let message = signed_bytes(CANDIDATE_DOMAIN, &body);
        let claim = |key, signature| Claim {
            key,
            message: message.clone(),
            signature,
        };
        let mut claims = vec![(
            "candidate's entry by its member key",
            claim(self.member.key, self.proof),
        )];
        if let (Some(key), Some(proof)) = (self.member.validator, self.validator_proof) {
            claims.push(("candidate's entry by its validator key", claim(key, proof)));
        }
        claims
    }
}

/// What the members decide.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Motion {
    /// Take a candidate in.
    #[n(0)]
    Admit {
        /// Who.
        #[n(0)]
        candidate: Box<Candidate>,
        /// As validator from the next epoch on, or as full node.
        #[n(1)]
        role: Role,
    },
    /// Take a member's rights away for a time.
    #[n(1)]
    Suspend {
        /// Whose.
        #[n(0)]
        member: MemberId,
        /// SHA-256 of the reasons, which the members have.
        #[n(1)]
        reason: Hash,
    },
    /// Give a suspended member its rights back.
    #[n(2)]
    Reinstate {
        /// To whom.
        #[n(0)]
        member: MemberId,
    },
    /// End a membership.
    #[n(3)]
    Expel {
        /// Whose.
        #[n(0)]
        member: MemberId,
        /// SHA-256 of the reasons, which the members have.
        #[n(1)]
        reason: Hash,
    },
    /// Change who validates, from the next epoch on.
    #[n(4)]
    ChangeValidators {
        /// Full nodes that validate from then on; each has registered a validator key.
        #[n(0)]
        join: Vec<MemberId>,
        /// Validators that only follow from then on.
        #[n(1)]
        leave: Vec<MemberId>,
    },
    /// Set a parameter.
    #[n(5)]
    SetParameter {
        /// Which.
        #[n(0)]
        parameter: Parameter,
        /// The new value, inside [`Parameter::bounds`].
        #[n(1)]
        value: i64,
        /// The first block in which it counts; the block after the decision if that is later.
        #[n(2)]
        from: u64,
    },
    /// Go over to another version of the contracts.
    #[n(6)]
    ActivateVersion {
        /// The version: one more than the present one.
        #[n(0)]
        version: u32,
        /// The first block that it executes; the block after the decision if that is later.
        #[n(1)]
        from: u64,
    },
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Choice {
    /// For the motion.
    #[n(0)]
    Yes,
    /// Against it.
    #[n(1)]
    No,
}

/// Where a proposal is in its life. That it ran out is not written anywhere: its time says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ProposalStatus {
    /// Votes are taken.
    #[n(0)]
    Open,
    /// More than two thirds are for it; it takes effect when its height is reached and a member says [`CouncilOperation::Enact`].
    #[n(1)]
    Adopted,
    /// It took effect, or stands in the charter with the height from which it does.
    #[n(2)]
    Enacted,
    /// So many are against it that it cannot be adopted.
    #[n(3)]
    Rejected,
}

/// What a member asks of the council.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CouncilOperation {
    /// Put a motion to the vote. The proposer votes like everybody else, by a transaction of its own.
    #[n(0)]
    Propose {
        /// What shall be decided.
        #[n(0)]
        motion: Box<Motion>,
        /// No vote counts from then on; not further away than [`Parameter::VotingTime`].
        #[n(1)]
        expires_at: Time,
        /// It takes effect in no block before this height; 0 for as soon as it is decided.
        #[n(2)]
        not_before: u64,
    },
    /// Vote, or change one's vote while nothing is decided.
    #[n(1)]
    Vote {
        /// On which proposal.
        #[n(0)]
        proposal: ProposalId,
        /// Its motion, whole.
        #[n(1)]
        motion: Box<Motion>,
        /// For or against.
        #[n(2)]
        choice: Choice,
    },
    /// Let an adopted motion take effect that had to wait for its height; any active member may.
    #[n(2)]
    Enact {
        /// Which proposal.
        #[n(0)]
        proposal: ProposalId,
        /// Its motion, whole.
        #[n(1)]
        motion: Box<Motion>,
    },
    /// Leave by own wish, with notice of at least [`Parameter::LeaveNotice`]. The member validates no more from the next epoch on.
    #[n(3)]
    Leave {
        /// From when on it is no member.
        #[n(0)]
        from: Time,
    },
    /// Register a validator key, or replace it from the next epoch on.
    #[n(4)]
    RotateValidatorKey {
        /// The new key.
        #[n(0)]
        new_key: PublicKey,
        /// Its signature over [`VALIDATOR_KEY_DOMAIN`] and the member's id: proof of possession.
        #[n(1)]
        proof: Signature,
    },
    /// Show two signed votes of one validator that contradict each other.
    #[n(5)]
    Report(#[n(0)] Box<Evidence>),
    /// Tell the others where the member is reached from this block on, and which certificate it shows there.
    #[n(6)]
    ChangeContact {
        /// Where other members reach its AAA node, as in [`Member::endpoint`].
        #[n(0)]
        endpoint: String,
        /// SHA-256 of the DER certificate that it uses for mutual TLS.
        #[n(1)]
        tls_fingerprint: Hash,
        /// Where its ledger node listens, as in [`Candidate::ledger`]; none when that stays as it is.
        #[n(2)]
        ledger: Option<String>,
    },
}

/// What an operation of the council did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CouncilEffect {
    /// A proposal is open.
    #[n(0)]
    Proposed {
        /// Its name.
        #[n(0)]
        proposal: ProposalId,
    },
    /// A vote counts.
    #[n(1)]
    Voted {
        /// On which proposal.
        #[n(0)]
        proposal: ProposalId,
        /// Active validating members that are for it.
        #[n(1)]
        yes: u32,
        /// Active validating members.
        #[n(2)]
        of: u32,
        /// Where the proposal is after this vote.
        #[n(3)]
        status: ProposalStatus,
    },
    /// An adopted motion took effect.
    #[n(2)]
    Enacted {
        /// Which proposal.
        #[n(0)]
        proposal: ProposalId,
    },
    /// A member has given notice.
    #[n(3)]
    Leaves {
        /// From when on it is no member.
        #[n(0)]
        from: Time,
    },
    /// A member has another validator key.
    #[n(4)]
    ValidatorKeyRotated,
    /// A misdeed is on record.
    #[n(5)]
    MisbehaviourRecorded {
        /// Whose.
        #[n(0)]
        member: MemberId,
        /// Whether it was suspended for it: not when it was no active member, or when the key was not its present one.
        #[n(1)]
        suspended: bool,
    },
    /// A member is reached elsewhere, or shows another certificate.
    #[n(6)]
    ContactChanged,
}

/// The keys that an operation may touch, besides the signer's own entry, its nonce and the charter.
pub(crate) fn reads(tx: &Transaction, operation: &CouncilOperation) -> Vec<Key> {
    let mut keys = vec![key_for_roll()];
    match operation {
        CouncilOperation::Propose { motion, .. } => {
            let id = ProposalId::of(tx.member, tx.nonce, motion);
            keys.extend([key_for_agenda(), key_for_proposal(id)]);
            keys.extend(motion_reads(motion));
        }
        CouncilOperation::Vote {
            proposal, motion, ..
        }
        | CouncilOperation::Enact { proposal, motion } => {
            keys.extend([key_for_agenda(), key_for_proposal(*proposal)]);
            keys.extend(motion_reads(motion));
        }
        CouncilOperation::Leave { .. } | CouncilOperation::ChangeContact { .. } => {}
        CouncilOperation::RotateValidatorKey { new_key, .. } => {
            keys.push(key_for_used_key(*new_key));
        }
        CouncilOperation::Report(evidence) => {
            let (epoch, view) = evidence.first.ballot.round();
            keys.extend([
                key_for_member(evidence.offender),
                key_for_used_key(evidence.key),
                key_for_evidence(evidence.key, epoch, view),
                key_for_misdeeds(),
            ]);
        }
    }
    keys
}

fn motion_reads(motion: &Motion) -> Vec<Key> {
    match motion {
        Motion::Admit { candidate, .. } => {
            let member = &candidate.member;
            let mut keys = vec![key_for_member(member.id), key_for_used_key(member.key)];
            keys.extend(member.validator.map(key_for_used_key));
            keys.extend(member.encryption.map(used_name).map(key_for_used_key));
            keys
        }
        Motion::Suspend { member, .. }
        | Motion::Reinstate { member }
        | Motion::Expel { member, .. } => vec![key_for_member(*member)],
        Motion::ChangeValidators { .. }
        | Motion::SetParameter { .. }
        | Motion::ActivateVersion { .. } => Vec::new(),
    }
}

/// Every signature inside an operation. A vote's motion is compared with the proposed one, whose signatures were checked then.
pub(crate) fn claims(
    chain: &str,
    member: MemberId,
    operation: &CouncilOperation,
) -> Vec<(&'static str, Claim)> {
    match operation {
        CouncilOperation::Propose { motion, .. } => match &**motion {
            Motion::Admit { candidate, .. } => candidate.claims(chain),
            _ => Vec::new(),
        },
        CouncilOperation::RotateValidatorKey { new_key, proof } => {
            let claim = Claim {
                key: *new_key,
                message: signed_bytes(VALIDATOR_KEY_DOMAIN, &member.to_bytes()),
                signature: *proof,
            };
            vec![("proof of the new validator key", claim)]
        }
        CouncilOperation::Report(evidence) => {
            let claim = |signed: &SignedBallot| Claim {
                key: evidence.key,
                message: signed.ballot.signed_bytes(chain),
                signature: signed.signature,
            };
            vec![
                ("first vote of the evidence", claim(&evidence.first)),
                ("second vote of the evidence", claim(&evidence.second)),
            ]
        }
        CouncilOperation::Vote { .. }
        | CouncilOperation::Enact { .. }
        | CouncilOperation::Leave { .. }
        | CouncilOperation::ChangeContact { .. } => Vec::new(),
    }
}
