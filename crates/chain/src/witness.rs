//! Hears every vote of an epoch that reaches this node, alone or inside a certificate, and keeps two of one validator that
//! contradict each other.
//!
//! The engine compares only what one validator sends it directly. Whoever shows different faces to different nodes is found by
//! comparing with the votes inside certificates too, which the others made.
//!
//! Invariant: what is kept, anybody may check; both signatures are right. Tested below and in the simulator, with liars.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commonware_actor::Feedback;
use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_consensus::{
    Reporter, Viewable as _,
    simplex::{
        scheme::{Namespace, ed25519::Scheme},
        types::{Activity, Attributable as _, Proposal, Vote},
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{
    Verifier as _, certificate,
    ed25519::{self, PublicKey},
    sha256::Digest,
};
use commonware_p2p::{Message, Receiver};
use commonware_runtime::IoBuf;
use commonware_utils::ordered::Set;

use crate::{
    board::Board,
    config::namespace,
    engine::VIEWS_KEPT,
    misdeed::{Misdeed, SignedVote, VoteKind},
    sets::key_bytes,
};

type Certificate = <Scheme as certificate::Verifier>::Certificate;

/// What one validator said in one view.
#[derive(Debug, Default)]
struct Said {
    /// At most one vote of each kind.
    votes: Vec<SignedVote>,
    /// It contradicted itself already.
    proven: bool,
}

#[derive(Debug, Default)]
struct Heard {
    /// The highest view of a certificate.
    newest: u64,
    /// By view and place in the set. Only views near the newest are here, so its size is bounded by the set's.
    views: BTreeMap<u64, BTreeMap<usize, Said>>,
}

/// The witness of one epoch.
pub(crate) struct Witness {
    set: Arc<Set<PublicKey>>,
    epoch: u64,
    space: Namespace,
    board: Arc<Board>,
    heard: Mutex<Heard>,
}

/// The bytes that a validator signs, without the space before them.
fn signed_bytes(vote: &SignedVote) -> bytes::Bytes {
    let round = Round::new(Epoch::new(vote.epoch), View::new(vote.view));
    match vote.kind {
        VoteKind::Nullify => round.encode(),
        VoteKind::Notarize | VoteKind::Finalize => {
            Proposal::new(round, View::new(vote.parent), Digest(vote.block)).encode()
        }
    }
}

fn signature_bytes(signature: &ed25519::Signature) -> Option<[u8; 64]> {
    <[u8; 64]>::try_from(signature.encode().as_ref()).ok()
}

fn vote(
    kind: VoteKind,
    round: Round,
    proposal: Option<&Proposal<Digest>>,
    signature: Option<&ed25519::Signature>,
) -> Option<SignedVote> {
    Some(SignedVote {
        kind,
        epoch: round.epoch().get(),
        view: round.view().get(),
        parent: proposal.map_or(0, |proposal| proposal.parent.get()),
        block: proposal.map_or([0; 32], |proposal| proposal.payload.0),
        signature: signature_bytes(signature?)?,
    })
}

impl Witness {
    pub(crate) fn new(
        chain_id: &str,
        epoch: u64,
        set: Arc<Set<PublicKey>>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            set,
            epoch,
            space: Namespace::new(&namespace(chain_id)),
            board,
            heard: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self, key: &PublicKey, vote: &SignedVote) -> bool {
        let space = match vote.kind {
            VoteKind::Notarize => &self.space.notarize,
            VoteKind::Nullify => &self.space.nullify,
            VoteKind::Finalize => &self.space.finalize,
        };
        ed25519::Signature::decode(Copying(vote.signature.as_slice()))
            .is_ok_and(|signature| key.verify(space, &signed_bytes(vote), &signature))
    }

    /// A message on the channel of votes. Only a validator's own votes count: nobody else may fill its place here.
    fn message(&self, from: &PublicKey, bytes: &IoBuf) {
        let Ok(message) = Vote::<Scheme, Digest>::decode(bytes.clone()) else {
            return;
        };
        let (signer, vote) = match &message {
            Vote::Notarize(v) => {
                let (round, signature) = (v.proposal.round, v.attestation.signature.get());
                let vote = vote(VoteKind::Notarize, round, Some(&v.proposal), signature);
                (v.signer(), vote)
            }
            Vote::Nullify(v) => {
                let signature = v.attestation.signature.get();
                (
                    v.signer(),
                    vote(VoteKind::Nullify, v.round, None, signature),
                )
            }
            Vote::Finalize(v) => {
                let (round, signature) = (v.proposal.round, v.attestation.signature.get());
                let vote = vote(VoteKind::Finalize, round, Some(&v.proposal), signature);
                (v.signer(), vote)
            }
        };
        let place = usize::from(signer);
        if let Some(vote) = vote
            && self.set.get(place) == Some(from)
        {
            self.hear(place, vote);
        }
    }

    /// A certificate that the engine has checked.
    fn certified(
        &self,
        kind: VoteKind,
        round: Round,
        proposal: Option<&Proposal<Digest>>,
        certificate: &Certificate,
    ) {
        self.advance(round.view().get());
        let signed = certificate.signers.iter().zip(&certificate.signatures);
        for (signer, signature) in signed {
            if let Some(vote) = vote(kind, round, proposal, signature.get()) {
                self.hear(usize::from(signer), vote);
            }
        }
    }

    fn advance(&self, view: u64) {
        let mut heard = self.lock();
        if view > heard.newest {
            heard.newest = view;
            let oldest = view.saturating_sub(VIEWS_KEPT.get());
            heard.views = heard.views.split_off(&oldest);
        }
    }

    /// Compares a vote with what its validator said before in the same view. A vote whose signature is wrong never stays in the
    /// way of a right one.
    fn hear(&self, place: usize, vote: SignedVote) {
        let Some(key) = self.set.get(place) else {
            return;
        };
        let mut heard = self.lock();
        if vote.epoch != self.epoch || vote.view.abs_diff(heard.newest) > VIEWS_KEPT.get() {
            return;
        }
        let said = heard.views.entry(vote.view).or_default();
        let said = said.entry(place).or_default();
        if said.proven || said.votes.contains(&vote) {
            return;
        }
        let Some(at) = said.votes.iter().position(|one| one.contradicts(&vote)) else {
            if said.votes.iter().all(|one| one.kind != vote.kind) {
                said.votes.push(vote);
            }
            return;
        };
        if !self.holds(key, &vote) {
            return;
        }
        let first = said.votes.swap_remove(at);
        said.proven = self.holds(key, &first);
        if said.proven {
            said.votes.clear();
            let misdeed = Misdeed {
                validator: key_bytes(key),
                first,
                second: vote,
            };
            tracing::error!(%key, epoch = vote.epoch, view = vote.view, "a validator signed two votes that contradict each other");
            self.board.misdeed(&misdeed);
        } else {
            said.votes.retain(|one| one.kind != vote.kind);
            said.votes.push(vote);
        }
    }
}

/// Follows what the engine reports: in which view it is, and certificates.
#[derive(Clone)]
pub(crate) struct Views {
    pub(crate) board: Arc<Board>,
    pub(crate) witness: Arc<Witness>,
}

impl Reporter for Views {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        let view = activity.view().get();
        self.board
            .update(|status| status.view = status.view.max(view));
        let witness = &self.witness;
        match &activity {
            Activity::Notarization(c) => {
                let round = c.proposal.round;
                witness.certified(VoteKind::Notarize, round, Some(&c.proposal), &c.certificate);
            }
            Activity::Finalization(c) => {
                let round = c.proposal.round;
                witness.certified(VoteKind::Finalize, round, Some(&c.proposal), &c.certificate);
            }
            Activity::Nullification(c) => {
                witness.certified(VoteKind::Nullify, c.round, None, &c.certificate);
            }
            _ => {}
        }
        Feedback::Ok
    }
}

/// The engine's channel of votes, with the witness listening.
#[derive(Debug)]
pub(crate) struct Listening<R> {
    pub(crate) votes: R,
    pub(crate) witness: Arc<Witness>,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl<R: Receiver<PublicKey = PublicKey>> Receiver for Listening<R> {
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        let message = self.votes.recv().await?;
        self.witness.message(&message.0, &message.1);
        Ok(message)
    }

    fn capacity(&self) -> NonZeroUsize {
        self.votes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::tests::{CHAIN, keys};
    use commonware_consensus::simplex::types::{
        Finalization, Finalize, Notarization, Notarize, Nullify,
    };
    use commonware_cryptography::Signer;
    use commonware_parallel::Sequential;
    use commonware_utils::non_empty;
    use std::time::Duration;

    struct Bench {
        board: Arc<Board>,
        witness: Arc<Witness>,
        schemes: Vec<Scheme>,
    }

    fn bench() -> Bench {
        let set: Set<PublicKey> =
            Set::try_from(keys().iter().map(Signer::public_key).collect::<Vec<_>>()).unwrap();
        let schemes = keys()
            .into_iter()
            .map(|key| Scheme::signer(&namespace(CHAIN), set.clone(), key).unwrap())
            .collect();
        let board = Arc::new(Board::new(Duration::from_secs(1)));
        let witness = Witness::new(CHAIN, 3, Arc::new(set), Arc::clone(&board));
        Bench {
            board,
            witness: Arc::new(witness),
            schemes,
        }
    }

    fn round(view: u64) -> Round {
        Round::new(Epoch::new(3), View::new(view))
    }

    fn proposal(view: u64, block: u8) -> Proposal<Digest> {
        Proposal::new(round(view), View::new(view - 1), Digest([block; 32]))
    }

    impl Bench {
        fn notarize(&self, who: usize, view: u64, block: u8) -> Vote<Scheme, Digest> {
            let vote = Notarize::sign(&self.schemes[who], proposal(view, block));
            Vote::Notarize(vote.unwrap())
        }

        fn finalize(&self, who: usize, view: u64, block: u8) -> Vote<Scheme, Digest> {
            let vote = Finalize::sign(&self.schemes[who], proposal(view, block));
            Vote::Finalize(vote.unwrap())
        }

        fn nullify(&self, who: usize, view: u64) -> Vote<Scheme, Digest> {
            Vote::Nullify(Nullify::sign::<Digest>(&self.schemes[who], round(view)).unwrap())
        }

        fn send(&self, from: usize, vote: &Vote<Scheme, Digest>) {
            let key = keys()[from].public_key();
            let bytes = bytes::Bytes::from(vote.encode().to_vec());
            self.witness.message(&key, &IoBuf::from(bytes));
        }

        fn found(&self) -> Vec<(VoteKind, VoteKind, u64)> {
            let all = self.board.misdeeds();
            all.iter()
                .map(|m| (m.first.kind, m.second.kind, m.first.view))
                .collect()
        }
    }

    #[test]
    fn votes_that_contradict_each_other_are_kept_and_others_are_not() {
        let bench = bench();
        bench.send(0, &bench.notarize(0, 5, 1));
        bench.send(0, &bench.notarize(0, 5, 1));
        bench.send(0, &bench.notarize(0, 6, 2));
        bench.send(0, &bench.nullify(0, 5));
        bench.send(0, &bench.finalize(0, 6, 2));
        bench.send(1, &bench.notarize(1, 5, 2));
        assert_eq!(bench.found(), []);
        bench.send(0, &bench.notarize(0, 5, 2));
        let both = (VoteKind::Notarize, VoteKind::Notarize, 5);
        assert_eq!(bench.found(), [both]);
        // Of one validator the newest counts.
        bench.send(0, &bench.nullify(0, 6));
        assert_eq!(bench.found(), [(VoteKind::Finalize, VoteKind::Nullify, 6)]);
        bench.send(1, &bench.finalize(1, 9, 1));
        bench.send(1, &bench.finalize(1, 9, 2));
        assert_eq!(bench.found().len(), 2);
    }

    #[test]
    fn another_s_votes_and_wrong_signatures_prove_nothing_and_hide_nothing() {
        let bench = bench();
        bench.send(0, &bench.notarize(0, 5, 1));
        // In the name of another, and with another's signature.
        bench.send(1, &bench.notarize(0, 5, 2));
        let mut forged = bench.notarize(1, 5, 2);
        if let Vote::Notarize(vote) = &mut forged {
            vote.attestation.signer = commonware_consensus::types::Participant::new(0);
        }
        bench.send(0, &forged);
        assert_eq!(bench.found(), []);
        // What is wrong and came first does not cover what is right.
        let mut first = bench.notarize(3, 7, 1);
        if let (Vote::Notarize(vote), Vote::Notarize(other)) = (&mut first, bench.notarize(2, 7, 1))
        {
            vote.attestation.signature = other.attestation.signature;
        }
        bench.send(3, &first);
        bench.send(3, &bench.notarize(3, 7, 2));
        assert_eq!(bench.found(), []);
        bench.send(3, &bench.notarize(3, 7, 3));
        assert_eq!(bench.found().len(), 1);
    }

    #[test]
    fn who_shows_another_face_to_others_is_found_by_their_certificate() {
        let bench = bench();
        let mut views = Views {
            board: Arc::clone(&bench.board),
            witness: Arc::clone(&bench.witness),
        };
        bench.send(3, &bench.notarize(3, 5, 2));
        let votes: Vec<_> = (1..4)
            .map(|who| Notarize::sign(&bench.schemes[who], proposal(5, 1)).unwrap())
            .collect();
        let certificate =
            Notarization::from_notarizes(&bench.schemes[0], non_empty![@votes.iter()], &Sequential)
                .unwrap();
        views.report(Activity::Notarization(certificate));
        assert_eq!(bench.found().len(), 1);
        assert_eq!(
            bench.board.misdeeds()[0].validator,
            key_bytes(&keys()[3].public_key())
        );
        // Long ago is long ago.
        let votes: Vec<_> = (1..4)
            .map(|who| Finalize::sign(&bench.schemes[who], proposal(500, 1)).unwrap())
            .collect();
        let certificate =
            Finalization::from_finalizes(&bench.schemes[0], non_empty![@votes.iter()], &Sequential)
                .unwrap();
        views.report(Activity::Finalization(certificate));
        bench.send(0, &bench.notarize(0, 5, 1));
        bench.send(0, &bench.notarize(0, 5, 2));
        bench.send(0, &bench.notarize(0, 5_000, 1));
        bench.send(0, &bench.notarize(0, 5_000, 2));
        assert_eq!(bench.found().len(), 1);
    }
}
