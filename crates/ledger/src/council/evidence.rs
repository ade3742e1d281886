//! Evidence of misbehaviour: two votes of one validator that no honest program signs both.
//!
//! The votes are the chain's own. This module knows the bytes that a validator signs, and nothing else of the chain: a namespace
//! (the chain's id and the kind of vote), its length in front, then epoch, view, parent's view and the block's digest; numbers as
//! unsigned LEB128.

use super::ops::CouncilEffect;
use super::roll::{self, Standing};
use super::state::{
    EvidenceState, KeyPurpose, ListedMisdeed, MisdeedsState, UsedKeyState, key_for_evidence,
    key_for_misdeeds, key_for_used_key,
};
use crate::context::{Context, Done, refuse};
use crate::limits::MAX_LISTED_MISDEEDS;
use crate::receipt::Effect;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::sign::{PublicKey, Signature};
use minicbor::{Decode, Encode};

/// The chain's namespace before the chain's id.
const NAMESPACE: &str = "fairway-chain/1/";

/// What a validator voted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct BallotProposal {
    /// Epoch of the validator set.
    #[n(0)]
    pub epoch: u64,
    /// View in that epoch.
    #[n(1)]
    pub view: u64,
    /// View of the parent.
    #[n(2)]
    pub parent: u64,
    /// Digest of the block's header.
    #[n(3)]
    pub block: Hash,
}

/// One vote of a validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Ballot {
    /// This block may be final in its view.
    #[n(0)]
    Notarize(#[n(0)] BallotProposal),
    /// No block is final in this view.
    #[n(1)]
    Nullify {
        /// Epoch of the validator set.
        #[n(0)]
        epoch: u64,
        /// View in that epoch.
        #[n(1)]
        view: u64,
    },
    /// This block is final.
    #[n(2)]
    Finalize(#[n(0)] BallotProposal),
}

impl Ballot {
    /// Epoch and view.
    pub fn round(&self) -> (u64, u64) {
        match self {
            Self::Notarize(p) | Self::Finalize(p) => (p.epoch, p.view),
            Self::Nullify { epoch, view } => (*epoch, *view),
        }
    }

    /// The bytes that a validator of `chain` signs.
    pub fn signed_bytes(&self, chain: &str) -> Vec<u8> {
        let suffix = match self {
            Self::Notarize(_) => "_NOTARIZE",
            Self::Nullify { .. } => "_NULLIFY",
            Self::Finalize(_) => "_FINALIZE",
        };
        let namespace = format!("{NAMESPACE}{chain}{suffix}");
        let mut out = Vec::with_capacity(namespace.len().saturating_add(64));
        leb128(u64::try_from(namespace.len()).unwrap_or(u64::MAX), &mut out);
        out.extend_from_slice(namespace.as_bytes());
        let (epoch, view) = self.round();
        leb128(epoch, &mut out);
        leb128(view, &mut out);
        if let Self::Notarize(p) | Self::Finalize(p) = self {
            leb128(p.parent, &mut out);
            out.extend_from_slice(&p.block.0);
        }
        out
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn leb128(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

/// A vote and its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SignedBallot {
    /// The vote.
    #[n(0)]
    pub ballot: Ballot,
    /// The validator's signature over [`Ballot::signed_bytes`].
    #[n(1)]
    pub signature: Signature,
}

/// Two votes of one validator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Evidence {
    /// Whose validator; compared with the registry on execution.
    #[n(0)]
    pub offender: MemberId,
    /// The key that signed both.
    #[n(1)]
    pub key: PublicKey,
    /// One vote.
    #[n(2)]
    pub first: SignedBallot,
    /// The other.
    #[n(3)]
    pub second: SignedBallot,
}

/// Whether the two votes contradict each other; from the bytes alone.
pub(crate) fn check(evidence: &Evidence) -> Result<(), Refusal> {
    let nothing = |text: String| refuse(RefusalCode::EvidenceEmpty, text);
    let (first, second) = (&evidence.first.ballot, &evidence.second.ballot);
    if first.round() != second.round() {
        let ((e1, v1), (e2, v2)) = (first.round(), second.round());
        return nothing(format!(
            "votes in epoch {e1} view {v1} and epoch {e2} view {v2} do not contradict each other; both must be of one view"
        ));
    }
    match (first, second) {
        (Ballot::Notarize(a), Ballot::Notarize(b)) | (Ballot::Finalize(a), Ballot::Finalize(b)) => {
            if a == b {
                return nothing("both votes are for the same block".to_owned());
            }
            Ok(())
        }
        (Ballot::Nullify { .. }, Ballot::Finalize(_))
        | (Ballot::Finalize(_), Ballot::Nullify { .. }) => Ok(()),
        _ => nothing(
            "an honest validator may sign both votes; two blocks at one stage, or a view given up and its block final, would prove something"
                .to_owned(),
        ),
    }
}

/// Puts a misdeed on record, and suspends the member whose present validator key signed it. An old key proves nothing against the
/// member of today, for it may be in other hands: then the record stands and the members decide.
pub(crate) fn report(ctx: &mut Context<'_, '_>, evidence: &Evidence) -> Result<Done, Refusal> {
    let used: Option<UsedKeyState> = ctx.view.get(&key_for_used_key(evidence.key))?;
    let offender = evidence.offender;
    if !used.is_some_and(|used| used.member == offender && used.purpose == KeyPurpose::Validator) {
        return refuse(
            RefusalCode::EvidenceEmpty,
            format!(
                "key {} never was a validator key of {offender}",
                evidence.key
            ),
        );
    }
    let (epoch, view) = evidence.first.ballot.round();
    let record = key_for_evidence(evidence.key, epoch, view);
    if ctx.view.get::<EvidenceState>(&record)?.is_some() {
        return refuse(
            RefusalCode::Duplicate,
            format!("a misdeed of {offender} in epoch {epoch} view {view} is on record already"),
        );
    }
    let mut all = roll::load(ctx)?;
    let entry = roll::find(&all, offender)?;
    let suspended =
        entry.standing_at(ctx.now()) == Standing::Active && entry.validator == Some(evidence.key);
    if suspended {
        roll::set_standing(ctx, &mut all, offender, Standing::Suspended)?;
        roll::store(ctx, &all);
    }
    let state = EvidenceState {
        evidence: evidence.clone(),
        reporter: ctx.member(),
        height: ctx.block.height,
        suspended,
    };
    ctx.view.put(record, &state);
    list(ctx, evidence)?;
    let effect = CouncilEffect::MisbehaviourRecorded {
        member: offender,
        suspended,
    };
    Ok(Effect::Council(effect).into())
}

/// Names the record in the list, which forgets the oldest.
fn list(ctx: &mut Context<'_, '_>, evidence: &Evidence) -> Result<(), Refusal> {
    let mut all: MisdeedsState = ctx.view.get(&key_for_misdeeds())?.unwrap_or_default();
    let (epoch, view) = evidence.first.ballot.round();
    all.listed.push(ListedMisdeed {
        member: evidence.offender,
        key: evidence.key,
        epoch,
        view,
    });
    let over = all.listed.len().saturating_sub(MAX_LISTED_MISDEEDS);
    all.listed.drain(..over);
    ctx.view.put(key_for_misdeeds(), &all);
    Ok(())
}
