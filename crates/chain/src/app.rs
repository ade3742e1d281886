//! The engine's view of [`Core`]: the calls that consensus makes for each block.

use std::sync::Arc;

use commonware_consensus::{
    marshal::ancestry::Ancestry,
    simplex::{scheme::ed25519::Scheme, types::Context as Round},
};
use commonware_cryptography::{ed25519::PublicKey, sha256::Digest};
use commonware_glue::stateful::{Application, Finality, Input, Proposed, db::DatabaseSet};
use commonware_runtime::tokio::Context;
use futures::StreamExt as _;

use crate::{
    block::Block,
    exec::Refused,
    overlay::Core,
    state::{Batch, Databases, Sealed},
};

/// Cloneable face of the validator's core.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Core>);

impl Application<Context> for App {
    type SigningScheme = Scheme;
    type Context = Round<Digest, PublicKey>;
    type Block = Block;
    type Databases = Databases;
    type Captured = ();
    type Provider = ();
    type Input = ();

    fn sync_targets(block: &Block) -> <Databases as DatabaseSet<Context>>::SyncTargets {
        block.state_target()
    }

    async fn genesis(&mut self) -> Block {
        self.0.genesis.clone()
    }

    async fn propose(
        &mut self,
        (context, round): (Context, Self::Context),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch,
        _: Input<(), ()>,
    ) -> Option<Proposed<Self, Context>> {
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
        (context, _): (Context, Self::Context),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch,
        finality: Finality,
    ) -> Option<Sealed> {
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
        _: (Context, Self::Context),
        _: &Block,
        _: &Sealed,
        _: <Databases as DatabaseSet<Context>>::Readers,
    ) {
    }

    async fn finalized(
        &mut self,
        _: (Context, Self::Context),
        block: &Block,
        (): (),
        _: <Databases as DatabaseSet<Context>>::Readers,
    ) {
        self.0.note_applied(block);
    }
}
