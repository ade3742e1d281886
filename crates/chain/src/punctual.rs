//! What consensus asks about blocks, on its way to [`Consensus`]: an own block waits here for its time, and a view whose block is far
//! ahead of the own clock is given up here.
//!
//! Invariant: no clock decides whether a block is valid. It decides only whether this validator votes for the block in its view, or at
//! once for going on without it. Should the others take the block all the same, it is checked and applied like any other.

use std::sync::Arc;

use commonware_consensus::{
    Automaton, CertifiableAutomaton, Handoff, marshal::core::DigestFallback,
    simplex::types::Context as Turn, types::Round,
};
use commonware_cryptography::{Digested, ed25519::PublicKey, sha256::Digest};
use commonware_utils::channel::oneshot;

use crate::{block::Block, engine::Consensus, overlay::Core, reads::Marshal, runtime::Runtime};

/// [`Consensus`] that proposes when it is time, and does not wait for a clock which is too far away.
pub(crate) struct Punctual<E: Runtime> {
    context: Arc<E>,
    core: Arc<Core>,
    marshal: Marshal,
    inner: Consensus<E>,
}

impl<E: Runtime> Clone for Punctual<E> {
    fn clone(&self) -> Self {
        Self {
            context: Arc::clone(&self.context),
            core: Arc::clone(&self.core),
            marshal: self.marshal.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<E: Runtime> Punctual<E> {
    pub(crate) fn new(context: E, core: Arc<Core>, marshal: Marshal, inner: Consensus<E>) -> Self {
        Self {
            context: Arc::new(context),
            core,
            marshal,
            inner,
        }
    }
}

/// Whether the time of a block, which the own node has, is too far away to wait for it.
async fn is_of_later<E: Runtime>(
    context: &E,
    core: &Core,
    marshal: &Marshal,
    block: oneshot::Receiver<Digested<Block>>,
    parent: Digest,
) -> bool {
    let Ok(block) = block.await else {
        return false;
    };
    let time = block.inner().header.time_ms;
    if !core.is_far_ahead(context, time) {
        return false;
    }
    // The least time that the rules allow after the parent is nobody's lie.
    let parent = marshal.subscribe_by_digest(parent, DigestFallback::Wait);
    let Ok(parent) = parent.await else {
        return false;
    };
    time > parent.inner().header.time_ms.saturating_add(1)
}

impl<E: Runtime> Automaton for Punctual<E> {
    type Context = Turn<Digest, PublicKey>;
    type Digest = Digest;

    /// The block of [`Consensus`], when its time has come. The time passes here and not while the block is built, because a node that
    /// builds applies nothing that becomes final meanwhile: the next leader would always be the last to know.
    async fn propose(&mut self, turn: Self::Context) -> oneshot::Receiver<Digest> {
        let (mut reply, answer) = oneshot::channel();
        let (core, mut inner) = (Arc::clone(&self.core), self.inner.clone());
        let name = self.context.child("pace");
        name.spawn(move |context| async move {
            let build = async {
                let epoch = turn.round.epoch().get();
                core.pace(&context, epoch, turn.parent.1.0).await;
                inner.propose(turn).await.await.ok()
            };
            let block = tokio::select! {
                biased;
                () = reply.closed() => None,
                block = build => block,
            };
            if let Some(block) = block {
                let _ = reply.send(block);
            }
        });
        answer
    }

    /// The answer of [`Consensus`], or none for a block of a later time: then consensus takes the view for lost and votes for going
    /// on without it, instead of holding it open until it times out.
    async fn verify(&mut self, turn: Self::Context, payload: Digest) -> oneshot::Receiver<bool> {
        let (mut reply, answer) = oneshot::channel();
        let (parent, view) = (turn.parent.1, turn.round.view().get());
        let proposer = turn.leader.clone();
        let block = self
            .marshal
            .subscribe_by_digest(payload, DigestFallback::Wait);
        let verdict = self.inner.verify(turn, payload).await;
        let (core, marshal) = (Arc::clone(&self.core), self.marshal.clone());
        let name = self.context.child("punctual");
        name.spawn(move |context| async move {
            let judge = async {
                let valid = verdict.await.ok()?;
                let later = valid && is_of_later(&context, &core, &marshal, block, parent).await;
                if later {
                    tracing::warn!(view, %proposer, "given up: the block is of a later time");
                    core.board.update(|status| {
                        status.given_up = status.given_up.saturating_add(1);
                    });
                }
                (!later).then_some(valid)
            };
            let verdict = tokio::select! {
                biased;
                () = reply.closed() => None,
                verdict = judge => verdict,
            };
            if let Some(valid) = verdict {
                let _ = reply.send(valid);
            }
        });
        answer
    }
}

impl<E: Runtime> CertifiableAutomaton for Punctual<E> {
    async fn prepare(&mut self, turn: Self::Context) -> oneshot::Receiver<Handoff<Digest>> {
        self.inner.prepare(turn).await
    }

    async fn certify(&mut self, round: Round, payload: Digest) -> oneshot::Receiver<bool> {
        self.inner.certify(round, payload).await
    }
}
