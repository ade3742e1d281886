//! Executes blocks again, on the same authenticated state as the validators.

use std::sync::Arc;

use commonware_cryptography::ed25519::PublicKey;
use commonware_glue::stateful::db::DatabaseSet as _;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_utils::ordered::Set;
use tokio::sync::mpsc;

use crate::{
    Config, Machine, StateKey,
    block::{Block, Record},
    board::Board,
    exec::Refused,
    header::Header,
    overlay::Core,
    runtime::Runtime,
    sets::Sets,
    state::{Databases, machine_key},
    store::{self, PAGE_SIZE, PAGES},
};

/// Executed blocks after which the state is written out, so that memory stays bounded.
const WRITE_OUT: u64 = 256;

/// The state after some blocks.
pub(super) struct Replay<E: Runtime> {
    pub(super) core: Core,
    context: E,
    databases: Databases<E>,
}

impl<E: Runtime> Replay<E> {
    /// The state before the first block.
    pub(super) async fn open(
        context: E,
        config: Config,
        machine: Arc<dyn Machine>,
        genesis: Block,
        founders: Set<PublicKey>,
    ) -> Self {
        let (fatal, _) = mpsc::unbounded_channel();
        let sets = Sets::new(config.epoch_blocks, founders);
        let board = Arc::new(Board::new(config.stall_after));
        let core = Core::new(machine, &config, genesis, sets, board, fatal);
        let pages = CacheRef::new(PAGE_SIZE, PAGES);
        let databases =
            Databases::<E>::init(context.child("state"), store::state(&pages), None).await;
        Self {
            core,
            context,
            databases,
        }
    }

    /// Executes a block on its parent and compares everything that its header says.
    pub(super) async fn apply(&mut self, block: &Block, parent: &Header) -> Result<(), String> {
        let told = |refused: Refused| match refused {
            Refused::Invalid(reason) | Refused::Broken(reason) => reason,
        };
        let batch = self.databases.new_batches().await;
        self.core
            .check_rules(&self.context, block, parent, &batch)
            .await
            .map_err(told)?;
        let sealed = self
            .core
            .check(&self.context, block, None, batch)
            .await
            .map_err(told)?;
        if !Databases::<E>::matches_sync_targets(&sealed, &block.state_target()) {
            return Err("size of the state differs from own execution".into());
        }
        self.databases.apply(sealed).await;
        self.core.sets.note(block);
        if block.header.height.is_multiple_of(WRITE_OUT) {
            let _ = self.databases.finalize().await.durable().await;
        }
        Ok(())
    }

    /// Transactions with the receipts that executing them gives.
    pub(super) async fn records(&self, block: &Block) -> Option<Vec<Record>> {
        let batch = self.databases.new_batches().await;
        self.core
            .own_records(&self.context, block, &batch)
            .await
            .ok()
    }

    /// Values of the present state.
    pub(super) async fn values(&self, keys: &[StateKey]) -> Option<Vec<Option<Vec<u8>>>> {
        let keys: Vec<_> = keys.iter().map(machine_key).collect();
        let database = self.databases.read().await;
        let found = database.get_many(&keys.iter().collect::<Vec<_>>()).await;
        let values = found.ok()?.into_iter();
        Some(values.map(|value| value.map(|v| v.to_vec())).collect())
    }
}
