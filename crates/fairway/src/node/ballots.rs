//! What the chain calls a misdeed, in the words of the contracts: pure, so that the simulator of the consensus does the same.

use fairway_chain::{Misdeed, SignedVote, VoteKind};
use fairway_ledger::{
    Ballot, BallotProposal, CouncilOperation, Evidence, Operation, SignedBallot, Transaction,
    TxNonce,
};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, MemberId, PublicKey, Signature, SigningKey};

fn ballot(vote: &SignedVote) -> SignedBallot {
    let SignedVote {
        epoch,
        view,
        parent,
        ..
    } = *vote;
    let proposal = BallotProposal {
        epoch,
        view,
        parent,
        block: Hash(vote.block),
    };
    SignedBallot {
        ballot: match vote.kind {
            VoteKind::Notarize => Ballot::Notarize(proposal),
            VoteKind::Nullify => Ballot::Nullify { epoch, view },
            VoteKind::Finalize => Ballot::Finalize(proposal),
        },
        signature: Signature(vote.signature),
    }
}

/// The evidence against the member whose validator it was.
pub(crate) fn evidence(offender: MemberId, misdeed: &Misdeed) -> Evidence {
    Evidence {
        offender,
        key: PublicKey(misdeed.validator),
        first: ballot(&misdeed.first),
        second: ballot(&misdeed.second),
    }
}

/// The transaction with which a member shows evidence. Its nonce follows from the evidence, so that twice is once.
pub(crate) fn report(
    chain: &str,
    me: MemberId,
    key: &SigningKey,
    evidence: Evidence,
) -> Transaction {
    let nonce = Hash::of("fairway.evidence.nonce", &evidence.to_bytes()).short();
    let operation = Operation::Council(CouncilOperation::Report(Box::new(evidence)));
    Transaction::sign(chain, me, TxNonce(nonce), operation, key)
}
