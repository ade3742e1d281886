//! What a node remembers of its beginning, when that was not genesis.

use bytes::Bytes;
use commonware_codec::RangeCfg;
use commonware_storage::metadata::{Config, Metadata};
use commonware_utils::sequence::FixedBytes;
use minicbor::bytes::ByteVec;

use crate::{
    Proof, ValidatorHistory,
    runtime::Runtime,
    sets::{Handover, Sets},
    store::PREFIX,
};

/// Longest stored beginning, in bytes: some thousand changes of validators.
const MAX_ORIGIN_BYTES: usize = 64 * 1024 * 1024;

/// The only key.
const KEY: FixedBytes<1> = FixedBytes::new([0]);

/// Where a node began.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Origin {
    /// Height of the block whose state was taken: the first block that the node holds.
    #[n(0)]
    pub(crate) height: u64,
    /// The right edge of the tree over the headers before that block; none until the state is here.
    #[n(1)]
    pub(crate) edge: Option<ByteVec>,
    /// Proofs of every change of validators before that block.
    #[n(2)]
    pub(crate) handovers: Vec<Proof>,
}

impl Origin {
    /// Makes the validator sets before the beginning known, after checking them from the founders on.
    pub(crate) fn teach(
        &self,
        chain_id: &str,
        founders: &[[u8; 32]],
        sets: &Sets,
    ) -> Result<(), String> {
        let mut history = ValidatorHistory::new(chain_id, founders);
        let damaged = |error| format!("stored proofs of the validators: {error}");
        history.follow(&self.handovers).map_err(damaged)?;
        let proven: Option<Vec<(u64, Handover)>> =
            self.handovers.iter().map(Proof::handover).collect();
        let proven = proven.ok_or("a stored proof names no validators")?;
        sets.adopt(&proven, sets.epoch_of(self.height))
    }
}

/// Where it is stored.
pub(crate) struct OriginStore<E: Runtime>(Metadata<E, FixedBytes<1>, Bytes>);

impl<E: Runtime> OriginStore<E> {
    pub(crate) async fn open(context: E) -> Result<Self, String> {
        let config = Config {
            partition: format!("{PREFIX}-origin"),
            codec_config: RangeCfg::from(0..=MAX_ORIGIN_BYTES),
        };
        let opened = Metadata::init(context, config).await;
        opened.map(Self).map_err(|error| damaged(&error))
    }

    /// What is stored; none for a node that began at genesis.
    pub(crate) fn get(&self) -> Result<Option<Origin>, String> {
        let Some(bytes) = self.0.get(&KEY) else {
            return Ok(None);
        };
        let origin = minicbor::decode(bytes).map_err(|error| damaged(&error))?;
        Ok(Some(origin))
    }

    /// Stores it for good.
    pub(crate) async fn put(self, origin: &Origin) -> Result<Self, String> {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(origin, &mut bytes);
        let stored = self.0.put_sync(KEY, Bytes::from(bytes)).await;
        stored.map(Self).map_err(|error| damaged(&error))
    }
}

fn damaged(error: &impl std::fmt::Display) -> String {
    format!("what is stored of this node's beginning: {error}")
}
