//! Watches the votes of honest validators: none ever signs what would be evidence against it, nor makes final what breaks a rule.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use commonware_codec::DecodeExt as _;
use commonware_consensus::simplex::{
    scheme::ed25519::Scheme,
    types::{Proposal, Vote},
};
use commonware_cryptography::sha256::Digest;
use commonware_p2p::utils::mux;
use commonware_runtime::IoBuf;
use fairway_chain::wiring::VOTES;

/// A vote and the epoch under whose number it travels.
pub(crate) fn read_vote(bytes: &IoBuf) -> Option<(u64, Vote<Scheme, Digest>)> {
    let (epoch, bytes) = mux::parse(bytes.clone()).ok()?;
    Some((epoch, Vote::decode(bytes).ok()?))
}

/// What one validator signed in one view.
#[derive(Default)]
struct Signed {
    notarized: Option<Proposal<Digest>>,
    nullified: bool,
    finalized: Option<Proposal<Digest>>,
}

#[derive(Default)]
struct Inner {
    /// By validator, epoch and view.
    signed: BTreeMap<(usize, u64, u64), Signed>,
    /// Blocks that break a rule, and how.
    wrong: BTreeMap<Digest, String>,
    broken: Option<String>,
    votes: u64,
    lies: BTreeMap<usize, u64>,
}

/// What is known of votes and lies. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<Inner>>);

impl Watched {
    /// A liar made a block that no honest validator may help to make final.
    pub(crate) fn wrong(&self, block: Digest, how: String) {
        self.0.lock().unwrap().wrong.insert(block, how);
    }

    /// A liar changed, added or left out a message.
    pub(crate) fn lie(&self, end: usize) {
        *self.0.lock().unwrap().lies.entry(end).or_default() += 1;
    }

    /// How often a liar lied.
    pub(crate) fn lies(&self, end: usize) -> u64 {
        let inner = self.0.lock().unwrap();
        inner.lies.get(&end).copied().unwrap_or(0)
    }

    /// What an honest validator did that it must not.
    pub(crate) fn broken(&self) -> Option<String> {
        self.0.lock().unwrap().broken.clone()
    }

    /// Votes that were looked at.
    pub(crate) fn votes(&self) -> u64 {
        self.0.lock().unwrap().votes
    }

    /// Looks at a message of an honest validator.
    pub(crate) fn look(&self, end: usize, channel: u64, bytes: &IoBuf) {
        if channel != VOTES.0 {
            return;
        }
        let Some((epoch, vote)) = read_vote(bytes) else {
            return;
        };
        let mut inner = self.0.lock().unwrap();
        inner.votes += 1;
        let found = match &vote {
            Vote::Finalize(vote) => inner.wrong.get(&vote.proposal.payload).cloned(),
            _ => None,
        };
        let view = match &vote {
            Vote::Notarize(vote) => vote.proposal.round.view().get(),
            Vote::Nullify(vote) => vote.round.view().get(),
            Vote::Finalize(vote) => vote.proposal.round.view().get(),
        };
        let signed = inner.signed.entry((end, epoch, view)).or_default();
        let twice = |before: &mut Option<Proposal<Digest>>, now: &Proposal<Digest>| {
            before.replace(now.clone()).is_some_and(|old| old != *now)
        };
        let how = match vote {
            Vote::Notarize(vote) => {
                twice(&mut signed.notarized, &vote.proposal).then_some("two blocks of one view")
            }
            Vote::Finalize(vote) if twice(&mut signed.finalized, &vote.proposal) => {
                Some("two final blocks of one view")
            }
            Vote::Finalize(_) => signed
                .nullified
                .then_some("a block and the end of its view"),
            Vote::Nullify(_) => {
                signed.nullified = true;
                let both = signed.finalized.is_some();
                both.then_some("a block and the end of its view")
            }
        };
        let how = how.map(|how| format!("honest validator {end} voted for {how}, {epoch}/{view}"));
        let wrong = found.map(|wrong| {
            format!("honest validator {end} voted to make a wrong block final: {wrong}")
        });
        inner.broken = inner.broken.take().or(wrong).or(how);
    }
}
