//! Answers about what is final: blocks, values, proofs; and the check of what is stored.

use std::{collections::BTreeMap, num::NonZeroU64, sync::Arc, time::Duration};

use commonware_consensus::{
    marshal::{core::Mailbox, standard::Standard},
    simplex::scheme::ed25519::Scheme,
    types::Height,
};
use tokio::sync::mpsc;

use crate::{
    EXPORT_PAGE_BLOCKS, EXPORT_PAGE_BYTES, Filter, FinalBlock, PROOF_VERSION, Proof, StateKey,
    TxId,
    anchor::Certificate,
    block::Block,
    dropping::Dropping,
    export::frame,
    handle::Request,
    header::Header,
    kept::{Kept, Rest},
    lineage_reads::steps,
    overlay::Core,
    proof::hex,
    runtime::Runtime,
    state::{Databases, Operation, machine_key, read_place, state_key, tx_key},
    tree::{path, sha256},
};

/// The store of finalized blocks and certificates.
pub(crate) type Marshal = Mailbox<Scheme, Standard<Block>>;

/// Newest blocks that are checked before the validator takes part; the older ones are checked while it runs.
const CHECK_FIRST: u64 = 64;

/// Pause between two stored blocks that are checked while the validator runs.
const CHECK_PAUSE: Duration = Duration::from_millis(2);

/// Operations of the state's log that a scan reads together.
const SCAN: u64 = 1_024;

/// What the readers need.
pub(crate) struct Reads<E: Runtime> {
    pub(crate) context: Arc<E>,
    pub(crate) core: Arc<Core>,
    pub(crate) marshal: Marshal,
    pub(crate) databases: Databases<E>,
    pub(crate) kept: Arc<Kept<E>>,
    pub(crate) dropping: Arc<Dropping>,
}

impl<E: Runtime> Clone for Reads<E> {
    fn clone(&self) -> Self {
        Self {
            context: Arc::clone(&self.context),
            core: Arc::clone(&self.core),
            marshal: self.marshal.clone(),
            databases: self.databases.clone(),
            kept: Arc::clone(&self.kept),
            dropping: Arc::clone(&self.dropping),
        }
    }
}

impl<E: Runtime> Reads<E> {
    /// Answers read requests, each on its own.
    pub(crate) async fn serve(self, mut requests: mpsc::Receiver<Request>) {
        while let Some(request) = requests.recv().await {
            match request {
                Request::Block(height, reply) => {
                    let _ = reply.send(self.block(height).await);
                }
                Request::Get(key, reply) => {
                    let value = self.value(&machine_key(&key)).await;
                    let _ = reply.send(value.map(|value| value.to_vec()));
                }
                Request::Proof(id, reply) => {
                    let _ = reply.send(self.proof(id).await);
                }
                Request::Consistency(older, newer, reply) => {
                    let _ = reply.send(self.consistency(older, newer).await);
                }
                Request::Export(from, to, reply) => {
                    let _ = reply.send(self.export(from, to).await);
                }
                Request::Handovers(reply) => {
                    let _ = reply.send(self.handovers().await);
                }
                Request::Scan(height, wanted, reply) => {
                    let reads = self.clone();
                    self.context.child("scan").spawn(move |_| async move {
                        let _ = reply.send(reads.scan(height, &wanted).await);
                    });
                }
                Request::Drop(before, keep, reply) => {
                    let reads = self.clone();
                    self.context.child("drop").spawn(move |_| async move {
                        let _ = reply.send(reads.drop_bodies(before, &keep).await);
                    });
                }
                Request::Submit(..) => {}
            }
        }
        // All handles are gone; the validator goes on.
        std::future::pending::<()>().await;
    }

    pub(crate) async fn value(&self, key: &crate::state::Key) -> Option<bytes::Bytes> {
        let found = self.databases.read().await.get_many(&[key]).await;
        match found {
            Ok(mut values) => values.pop().flatten(),
            Err(error) => {
                let reason = format!("state cannot be read: {error}");
                self.core.stop_because(reason).await
            }
        }
    }

    /// The values of the state after a block that a filter picks.
    async fn scan(&self, height: u64, wanted: &Filter) -> Option<BTreeMap<StateKey, Vec<u8>>> {
        let header = self.header(height).await?;
        let (mut at, size) = (header.state_floor, header.state_size);
        let mut picked = BTreeMap::new();
        while at < size {
            let most = NonZeroU64::new(SCAN.min(size - at))?;
            let operations = match self.operations(size, at, most).await {
                Ok(operations) => operations,
                Err(reason) => self.core.stop_because(reason).await,
            };
            at = at.saturating_add(u64::try_from(operations.len()).ok()?);
            for operation in operations {
                note(operation, wanted, &mut picked);
            }
        }
        Some(picked)
    }

    /// A whole block; none below [`crate::Status::whole`].
    pub(crate) async fn stored(&self, height: u64) -> Option<Block> {
        let found = self.marshal.get_block(Height::new(height)).await?;
        Some(found.inner().clone())
    }

    /// All that is here of a block.
    pub(crate) async fn rest(&self, height: u64) -> Option<Rest> {
        if height >= self.core.whole()
            && let Some(block) = self.stored(height).await
        {
            return Some(Rest::whole(&block));
        }
        match self.kept.at(height).await {
            Ok(rest) => rest,
            Err(reason) => self.core.stop_because(reason).await,
        }
    }

    /// The header of a block that is here whole or in part.
    pub(crate) async fn header(&self, height: u64) -> Option<Header> {
        if height >= self.core.whole()
            && let Some(block) = self.stored(height).await
        {
            return Some(block.header);
        }
        self.rest(height).await.map(|rest| rest.header)
    }

    async fn block(&self, height: u64) -> Option<Arc<FinalBlock>> {
        if height < self.core.whole() || height > self.core.applied.now() {
            return None;
        }
        if let Some(block) = self.core.recent(height) {
            return Some(block);
        }
        match self.stored(height).await {
            Some(block) => Some(Arc::new(block.view())),
            // It may have been dropped meanwhile.
            None if height < self.core.whole() => None,
            None => self.core.stop_because(missing(height)).await,
        }
    }

    /// Proof of a transaction under the newest certificate of the validators that finalized it.
    async fn proof(&self, id: TxId) -> Option<Proof> {
        let (height, index) = read_place(&self.value(&tx_key(&id)).await?)?;
        let rest = self.rest(height).await?;
        self.prove(&rest, usize::try_from(index).ok()?).await
    }

    /// Proofs of all changes of the validator set, oldest first; `None` while the newest has no certificate here.
    pub(crate) async fn handovers(&self) -> Option<Vec<Proof>> {
        // A proof once made holds for ever, and the blocks of the first ones may be absent here.
        let mut proofs = self.core.handovers();
        let changes = self.core.sets.changes();
        let later = changes.iter().filter(|change| change.height > 0);
        for change in later.skip(proofs.len()) {
            let rest = self.rest(change.height).await?;
            let last = rest.parts.len().checked_sub(1)?;
            proofs.push(self.prove(&rest, last).await?);
        }
        self.core.keep_handovers(proofs.clone());
        Some(proofs)
    }

    async fn prove(&self, rest: &Rest, index: usize) -> Option<Proof> {
        let height = rest.header.height;
        let record = rest.record(index)?;
        let path = path(&rest.leaves(), index)?;
        // The block that hands over to other validators is the last one that these sign.
        let handed_over = self.core.sets.changes().into_iter();
        let until = handed_over
            .map(|change| change.height)
            .find(|at| *at >= height.max(1));
        let tip = self.core.applied.now();
        let newest = until.unwrap_or(tip).min(tip);
        let anchor = self.anchor(height, (height..=newest).rev()).await?;
        Some(Proof {
            version: PROOF_VERSION,
            tx: record.tx.to_vec().into(),
            receipt: record.receipt.to_vec().into(),
            tx_id: record.id,
            receipt_hash: sha256(&[&record.receipt]),
            index: u32::try_from(index).ok()?,
            path: steps(path),
            header: rest.header.to_bytes().into(),
            anchor,
        })
    }

    /// Blocks with their certificates, as many as fit an answer.
    async fn export(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        let to = to
            .min(self.core.applied.now())
            .min(from.saturating_add(EXPORT_PAGE_BLOCKS - 1));
        let mut out = Vec::new();
        let from = from.max(1);
        if from < self.core.whole() {
            return None;
        }
        for height in from..=to {
            let block = self.stored(height).await?;
            let certificate = self.certificate(height).await;
            let frame = frame(&block, certificate.as_ref());
            if !out.is_empty() && out.len() + frame.len() > EXPORT_PAGE_BYTES {
                break;
            }
            out.extend_from_slice(&frame);
        }
        (!out.is_empty()).then_some(out)
    }

    /// The certificate over the block at a height, if it has one of its own.
    pub(crate) async fn certificate(&self, height: u64) -> Option<Certificate> {
        let found = self.marshal.get_finalization(Height::new(height)).await?;
        let validators = self.core.sets.at(self.core.sets.epoch_of(height))?;
        Certificate::of(&found, &validators)
    }

    /// Checks the newest stored blocks; says what is wrong.
    pub(crate) async fn check_newest(&self, tip: u64) -> Result<(), String> {
        let from = (tip.saturating_sub(CHECK_FIRST) + 1).max(self.core.whole());
        self.check_range(None, from, tip).await
    }

    /// Checks all stored blocks up to a height, slowly.
    pub(crate) async fn check_all(&self, context: &E, tip: u64) -> Result<(), String> {
        self.check_range(Some(context), self.core.whole(), tip)
            .await
    }

    async fn check_range(&self, slow: Option<&E>, from: u64, to: u64) -> Result<(), String> {
        let mut parent: Option<[u8; 32]> = (from == 1).then_some(self.core.genesis.digest);
        for height in from..=to {
            let Some(block) = self.stored(height).await else {
                if height < self.core.whole() {
                    // Dropped meanwhile.
                    parent = None;
                    continue;
                }
                return Err(missing(height));
            };
            check_link(&block.header, height, parent)?;
            if let Some(found) = self.marshal.get_finalization(Height::new(height)).await
                && found.proposal.payload.0 != block.digest
            {
                let (has, want) = (hex(&block.digest), hex(&found.proposal.payload.0));
                return Err(format!(
                    "stored block {height} is {has}, its certificate names {want}"
                ));
            }
            parent = Some(block.digest);
            if let Some(context) = slow {
                context.sleep(CHECK_PAUSE).await;
            }
        }
        Ok(())
    }
}

/// Follows one operation of the log: the newest one of a key counts.
fn note(operation: Operation, wanted: &Filter, picked: &mut BTreeMap<StateKey, Vec<u8>>) {
    match operation {
        Operation::Update(update) => {
            let Some(key) = state_key(&update.0) else {
                return;
            };
            if wanted(&key, &update.1) {
                picked.insert(key, update.1.to_vec());
            } else {
                picked.remove(&key);
            }
        }
        Operation::Delete(key) => {
            if let Some(key) = state_key(&key) {
                picked.remove(&key);
            }
        }
        Operation::CommitFloor(..) => {}
    }
}

fn missing(height: u64) -> String {
    format!("block {height} is missing from the archive of finalized blocks, or damaged there")
}

fn check_link(header: &Header, height: u64, parent: Option<[u8; 32]>) -> Result<(), String> {
    if header.height != height {
        let has = header.height;
        return Err(format!(
            "stored block {height} says that its height is {has}"
        ));
    }
    match parent {
        Some(parent) if parent != header.parent => Err(format!(
            "stored block {height} names parent {}, the stored parent is {}",
            hex(&header.parent),
            hex(&parent)
        )),
        _ => Ok(()),
    }
}
