//! What a validator did that no honest program does, as anybody can check it.

/// The kinds of votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VoteKind {
    /// The block may be final in its view.
    Notarize,
    /// No block is final in the view.
    Nullify,
    /// The block is final.
    Finalize,
}

/// A vote as its validator signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedVote {
    /// Which kind.
    pub kind: VoteKind,
    /// Epoch of the validator set.
    pub epoch: u64,
    /// View in that epoch.
    pub view: u64,
    /// View of the parent; 0 for [`VoteKind::Nullify`], which names no block.
    pub parent: u64,
    /// Digest of the block's header; zeros for [`VoteKind::Nullify`].
    pub block: [u8; 32],
    /// The validator's Ed25519 signature. What it covers is in `docs/proofs.md`, with the space of the kind of vote.
    pub signature: [u8; 64],
}

impl SignedVote {
    /// Whether no honest program signs both votes: two blocks at one stage of one view, or a view given up and its block final.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        if (self.epoch, self.view) != (other.epoch, other.view) {
            return false;
        }
        match (self.kind, other.kind) {
            (VoteKind::Notarize, VoteKind::Notarize) | (VoteKind::Finalize, VoteKind::Finalize) => {
                (self.parent, self.block) != (other.parent, other.block)
            }
            (VoteKind::Nullify, VoteKind::Finalize) | (VoteKind::Finalize, VoteKind::Nullify) => {
                true
            }
            _ => false,
        }
    }
}

/// Two votes of one validator that contradict each other; both signatures are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misdeed {
    /// Public key of the validator.
    pub validator: [u8; 32],
    /// The vote that was heard first.
    pub first: SignedVote,
    /// The vote that contradicts it.
    pub second: SignedVote,
}
