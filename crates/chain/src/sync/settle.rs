//! After a sync: the node learns where its blocks begin, and keeps the edge of the tree that its proofs need.

use commonware_storage::{
    merkle::Location,
    qmdb::sync::{Request, Response, Source as _},
};
use std::num::NonZeroU64;

use crate::{
    block::Block,
    lineage::Edge,
    reads::Reads,
    runtime::Runtime,
    state::{Operation, edge_key},
    sync::origin::{Origin, OriginStore},
};

/// Operations that are looked at together.
const LOOK: u64 = 256;

impl<E: Runtime> Reads<E> {
    /// Operations of the state's log from `start` on, as it was when it had `size` of them; at least one.
    pub(crate) async fn operations(
        &self,
        size: u64,
        start: u64,
        most: NonZeroU64,
    ) -> Result<Vec<Operation>, String> {
        let request = Request::Operations {
            size: Location::new(size),
            start: Location::new(start),
            max_ops: most,
        };
        let served = self.databases.serve(request).await;
        match served.map_err(|error| format!("state cannot be read: {error}"))? {
            (Response::Operations { operations, .. }, _) if !operations.is_empty() => {
                Ok(operations)
            }
            _ => Err("the state's log ends too early".to_string()),
        }
    }

    /// The edge of the tree over the headers before a block. Each block writes it, so it is among the last operations.
    async fn edge_before(&self, block: &Block) -> Result<Edge, String> {
        let (floor, size) = (block.header.state_floor, block.header.state_size);
        let (mut end, key) = (size, edge_key());
        while end > floor {
            let start = end.saturating_sub(LOOK).max(floor);
            let most = NonZeroU64::new(end - start).unwrap_or(NonZeroU64::MIN);
            let operations = self.operations(size, start, most).await?;
            let newest = operations.into_iter().rev().find_map(|op| match op {
                Operation::Update(update) if update.0 == key => Some(update.1),
                _ => None,
            });
            if let Some(bytes) = newest {
                return Edge::from_bytes(&bytes)
                    .filter(|edge| edge.size() == block.header.height)
                    .ok_or_else(|| "the tree over the headers is damaged".to_string());
            }
            end = start;
        }
        Err("the state holds no tree over the headers".to_string())
    }

    /// Completes what is known of the beginning, and tells the readers.
    pub(crate) async fn settle(
        &self,
        store: OriginStore<E>,
        mut origin: Option<Origin>,
    ) -> Result<(), String> {
        let whole = self.kept.border().await;
        if let Some(origin) = &mut origin {
            let height = origin.height;
            if let Some(first) = self.stored(height).await {
                self.core.sets.note(&first);
            } else if height >= whole {
                return Err(format!("block {height}, the first, is missing"));
            }
            if origin.edge.is_none() {
                let first = self.stored(height).await;
                let first = first.ok_or_else(|| format!("block {height}, the first, is gone"))?;
                origin.edge = Some(self.edge_before(&first).await?.to_bytes().into());
                store.put(origin).await?;
                tracing::info!(height, "the state is here; blocks follow");
            }
            let edge = origin
                .edge
                .as_deref()
                .and_then(|bytes| Edge::from_bytes(bytes));
            let _ = self.core.edge.set(edge.unwrap_or_default());
        }
        let begun = origin.map_or(1, |origin| origin.height);
        self.core.begin_at(begun, whole);
        Ok(())
    }
}
