//! The engine's view of [`Core`]: the calls that consensus makes for each block.

use std::sync::Arc;

use commonware_consensus::{
    marshal::ancestry::Ancestry,
    simplex::{scheme::ed25519::Scheme, types::Context as Round},
};
use commonware_cryptography::{ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::{Application, Finality, Input, Proposed, db::DatabaseSet};
use futures::StreamExt as _;

use crate::{
    block::Block,
    exec::Refused,
    overlay::Core,
    runtime::Runtime,
    state::{Batch, Databases, Sealed},
};

/// Cloneable face of the validator's core.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Core>);

impl<E: Runtime> Application<E> for App {
    type SigningScheme = Scheme;
    type Context = Round<Digest, PublicKey>;
    type Block = Block;
    type Databases = Databases<E>;
    type Captured = ();
    type Provider = ();
    type Input = ();

    fn sync_targets(block: &Block) -> <Databases<E> as DatabaseSet<E>>::SyncTargets {
        block.state_target()
    }

    async fn genesis(&mut self) -> Block {
        self.0.genesis.clone()
    }

    async fn propose(
        &mut self,
        (context, round): (E, Round<Digest, PublicKey>),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        _: Input<(), ()>,
    ) -> Option<Proposed<Self, E>> {
        let parent = ancestry.next().await?;
        match self.0.build(&context, &round, parent.inner(), batch).await {
            Ok((block, merkleized)) => Some(Proposed { block, merkleized }),
            Err(Refused::Invalid(reason) | Refused::Broken(reason)) => {
                self.0
                    .stop_because(format!("no block can be built: {reason}"))
                    .await
            }
        }
    }

    async fn process(
        &mut self,
        (context, _): (E, Round<Digest, PublicKey>),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        finality: Finality,
    ) -> Option<Sealed<E>> {
        let block = ancestry.next().await?;
        let block = block.inner();
        let height = block.header.height;
        let parent = match finality {
            Finality::Candidate => Some(ancestry.next().await?),
            Finality::Finalized => None,
        };
        let header = parent.as_ref().map(|parent| &parent.inner().header);
        match self.0.check(&context, block, header, batch).await {
            Ok(sealed) => Some(sealed),
            Err(Refused::Invalid(reason)) if parent.is_some() => {
                tracing::warn!(height, %reason, "proposed block refused");
                None
            }
            Err(Refused::Invalid(reason) | Refused::Broken(reason)) => {
                self.0
                    .stop_because(format!("block {height}: {reason}"))
                    .await
            }
        }
    }

    async fn capture(
        &mut self,
        _: (E, Round<Digest, PublicKey>),
        _: &Block,
        _: &Sealed<E>,
        _: <Databases<E> as DatabaseSet<E>>::Readers,
    ) {
    }

    async fn finalized(
        &mut self,
        _: (E, Round<Digest, PublicKey>),
        block: &Block,
        (): (),
        _: <Databases<E> as DatabaseSet<E>>::Readers,
    ) {
        self.0.note_applied(block);
    }
}
