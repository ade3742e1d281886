//! The consortium governs itself: who is a member, what the members decide by vote, and what follows from a proven misdeed.
//!
//! Every decision is a [`Motion`] that an active member proposes and the active validating members vote on, each vote a signed
//! transaction that carries the whole motion: a member signs what it decides, and every touched state key is known from the
//! bytes. More than two thirds decide. What a decision changes by height (parameters, the version of the contracts) stands in
//! the charter with its height, so that it takes effect in exactly that block on every validator, blocks without transactions
//! included. Nobody has a key that decides alone.
//!
//! Tested in `tests/it/council*.rs`.

pub(crate) mod charter;
mod check;
pub(crate) mod evidence;
mod motion;
mod ops;
mod roll;
pub(crate) mod standing;
mod state;
mod vote;

pub use charter::{Parameter, Rules};
pub use evidence::{Ballot, BallotProposal, Evidence, SignedBallot};
pub use ops::{
    CANDIDATE_DOMAIN, Candidate, Choice, CouncilEffect, CouncilOperation, Motion, ProposalId,
    ProposalStatus, VALIDATOR_KEY_DOMAIN,
};
pub use roll::{Role, RollEntry, RollState, Standing};
pub use state::{
    AgendaState, CastVote, CharterState, EvidenceState, KeyPurpose, ListedMisdeed, MemberStanding,
    MisdeedsState, OpenProposal, ParameterFrom, ProposalState, UsedKeyState, VersionFrom,
    key_for_agenda, key_for_charter, key_for_evidence, key_for_misdeeds, key_for_proposal,
    key_for_roll, key_for_used_key,
};

pub(crate) use check::check;
pub(crate) use ops::{claims, reads};
pub(crate) use roll::{genesis, take_key, used_name};

use crate::context::{Context, Done};
use fairway_model::refusal::Refusal;

/// Carries out one operation of the council.
pub(crate) fn run(
    ctx: &mut Context<'_, '_>,
    operation: &CouncilOperation,
) -> Result<Done, Refusal> {
    match operation {
        CouncilOperation::Propose {
            motion,
            expires_at,
            not_before,
        } => vote::propose(ctx, motion, *expires_at, *not_before),
        CouncilOperation::Vote {
            proposal,
            motion,
            choice,
        } => vote::vote(ctx, *proposal, motion, *choice),
        CouncilOperation::Enact { proposal, motion } => vote::enact(ctx, *proposal, motion),
        CouncilOperation::Leave { from } => roll::leave(ctx, *from),
        CouncilOperation::RotateValidatorKey { new_key, .. } => {
            roll::rotate_validator_key(ctx, *new_key)
        }
        CouncilOperation::Report(evidence) => evidence::report(ctx, evidence),
        CouncilOperation::ChangeContact {
            endpoint,
            tls_fingerprint,
            ledger,
        } => roll::change_contact(ctx, endpoint, *tls_fingerprint, ledger.as_ref()),
    }
}
