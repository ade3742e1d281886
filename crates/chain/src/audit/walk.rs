//! The way through an export: the head, block after block, the end.

use std::io::Read;

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{Hasher as _, Sha256, ed25519::PublicKey};

use super::{
    AuditRules, Audited, Finding, FindingKind, Passed, Watcher,
    blame::{self, Trusted},
    frame::{Frame, Marks, parse},
    locate::first_difference,
    replay::Replay,
    window::Window,
};
use crate::{
    ValidatorHistory,
    block::{Block, records_root},
    export::{BLOCK, END, END_BYTES, EXPORT_VERSION, FRAME_HEAD, MAGIC, head, longest_body},
    header::{HEADER_BYTES, Header},
    lineage::Edge,
    lineage_reads::MAX_UNSIGNED,
    proof::hex,
    runtime::Runtime,
    sets::key_bytes,
    tree::Hash,
};

/// A block that no certificate covers yet.
pub(super) struct Waiting {
    /// Of its first byte in the file.
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) frame: Frame,
}

enum Part {
    Block(Box<Waiting>),
    End(u64, Vec<u8>),
}

/// An audit under way.
pub(super) struct Walk<'a, R, E: Runtime> {
    window: Window<R>,
    rules: &'a AuditRules,
    replay: Replay<E>,
    watcher: &'a mut dyn Watcher,
    /// Who validates when, as far as it is known.
    history: ValidatorHistory,
    hasher: Sha256,
    waiting: Vec<Waiting>,
    edge: Edge,
    parent: Option<Header>,
    first: u64,
    first_at: u64,
    next: u64,
    certificates: u64,
    transactions: u64,
}

impl<'a, R: Read, E: Runtime> Walk<'a, R, E> {
    pub(super) fn new(
        input: R,
        rules: &'a AuditRules,
        replay: Replay<E>,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self {
            window: Window::new(input),
            rules,
            replay,
            watcher,
            history: rules.history.clone().unwrap_or_else(|| {
                ValidatorHistory::new(rules.chain_id.clone(), &rules.validators)
            }),
            hasher: Sha256::default(),
            waiting: Vec::new(),
            edge: Edge::default(),
            parent: None,
            first: 0,
            first_at: 0,
            next: 0,
            certificates: 0,
            transactions: 0,
        }
    }

    pub(super) async fn run(mut self) -> Result<Audited, Finding> {
        self.head()?;
        loop {
            match self.part()? {
                Part::Block(block) => {
                    let signed = block.frame.certificate.is_some();
                    self.waiting.push(*block);
                    if signed {
                        self.settle().await?;
                    }
                    self.check_waiting()?;
                }
                Part::End(offset, bytes) => return self.end(offset, &bytes).await,
            }
        }
    }

    fn executes(&self) -> bool {
        self.first == 1 && self.rules.execute
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let bytes = self.window.take(count);
        self.hasher.update(&bytes);
        bytes
    }

    /// The head must be that of the chain which the auditor knows.
    fn head(&mut self) -> Result<(), Finding> {
        let genesis = self.replay.core.genesis.digest;
        let right = head(&self.rules.chain_id, &genesis, 1);
        let fixed = right.len() - 8;
        let has = self.window.peek(right.len())?.to_vec();
        let differs = first_difference(has.get(..fixed).unwrap_or(&has), &right);
        let offset = u64::try_from(differs).unwrap_or(u64::MAX);
        if differs < has.len().min(fixed) {
            let chain = MAGIC.len() + 2;
            let (field, what) = if differs < MAGIC.len() {
                ("first line", "this is no export".to_owned())
            } else if differs < MAGIC.len() + 1 {
                ("version", format!("expected version {EXPORT_VERSION}"))
            } else if differs < chain + self.rules.chain_id.len() {
                let name = &self.rules.chain_id;
                ("chain", format!("the export is not of chain {name:?}"))
            } else {
                let what = format!("expected {}, of the given genesis file", hex(&genesis));
                ("genesis", what)
            };
            return Err(Finding::new(FindingKind::OtherChain, offset, field, what));
        }
        if has.len() < right.len() {
            let end = u64::try_from(has.len()).unwrap_or(u64::MAX);
            return Err(Finding::new(FindingKind::Cut, end, "head", "the file ends"));
        }
        let first = has.last_chunk::<8>().copied().unwrap_or_default();
        (self.first, self.first_at) = (u64::from_be_bytes(first), fixed as u64);
        self.next = self.first;
        self.take(right.len());
        if self.first == 1 {
            self.parent = Some(self.replay.core.genesis.header.clone());
        }
        Ok(())
    }

    fn longest(&self) -> usize {
        let limits = self.replay.core.limits;
        FRAME_HEAD + longest_body(limits.bytes, limits.txs)
    }

    /// What the end must be if it comes now, but for its hash.
    fn expected_end(&self) -> Vec<u8> {
        let mut end = vec![END];
        let digest = self.parent.as_ref().map_or([0; 32], Header::digest);
        end.extend_from_slice(&self.next.saturating_sub(1).to_be_bytes());
        end.extend_from_slice(&digest);
        end
    }

    /// Takes the next block or the end.
    fn part(&mut self) -> Result<Part, Finding> {
        let (most, offset) = (self.longest() + 1, self.window.offset);
        let (limits, end) = (self.replay.core.limits, self.expected_end());
        let bytes = self.window.peek(most)?;
        let height = self.next + self.waiting.len() as u64;
        let Some(kind) = bytes.first().copied() else {
            let what = "the file ends without its end mark";
            return Err(Finding::new(FindingKind::Cut, offset, "end", what));
        };
        let is_end = bytes.len() == END_BYTES && bytes.get(1..end.len()) == end.get(1..);
        if is_end || (kind == END && bytes.len() == END_BYTES) {
            let end = self.window.take(END_BYTES);
            return Ok(Part::End(offset, end));
        }
        let frame = blame::whole_frame(bytes, limits);
        if kind != BLOCK {
            return Err(wrong_kind(
                kind,
                bytes,
                &end,
                frame.is_some(),
                offset,
                height,
            ));
        }
        let Some(frame) = frame else {
            let mut marks = Marks::new();
            let read = parse(bytes, limits, &mut marks);
            let blamed = blame::structure(bytes, limits, &marks, read, offset);
            return Err(blamed.at(height));
        };
        let bytes = self.take(frame.length);
        Ok(Part::Block(Box::new(Waiting {
            offset,
            bytes,
            frame,
        })))
    }

    /// Whose signatures count over the block at a height: known from the blocks before, or told beforehand.
    fn trusted_at(&self, height: u64) -> Trusted<'a> {
        let sets = &self.replay.core.sets;
        let epoch = sets.epoch_of(height);
        let keys = match sets.at(epoch) {
            Some(set) if self.executes() => set.iter().map(key_bytes).collect(),
            _ => self.history.at(epoch).to_vec(),
        };
        Trusted {
            chain: &self.rules.chain_id,
            keys,
        }
    }

    /// Refuses more blocks without a certificate than a chain can have.
    fn check_waiting(&self) -> Result<(), Finding> {
        match self.waiting.first() {
            Some(block) if self.waiting.len() as u64 > MAX_UNSIGNED => {
                let what = format!("no certificate covers this block and the next {MAX_UNSIGNED}");
                let kind = FindingKind::Damaged;
                Err(Finding::new(kind, block.offset, "certificate", what).at(self.next))
            }
            _ => Ok(()),
        }
    }

    /// Digest that the next block in the file names as its parent.
    fn hint(&mut self) -> Result<Option<Hash>, Finding> {
        let bytes = self.window.peek(FRAME_HEAD + HEADER_BYTES)?;
        let header = bytes
            .first()
            .filter(|kind| **kind == BLOCK)
            .and_then(|_| bytes.get(FRAME_HEAD..))
            .and_then(|raw| Header::from_bytes(raw).ok());
        Ok(header.map(|header| header.parent))
    }

    /// Checks the waiting blocks, of which the last has a certificate, and executes them.
    async fn settle(&mut self) -> Result<(), Finding> {
        let group = std::mem::take(&mut self.waiting);
        let hint = self.hint()?;
        if let Some(last) = group.last() {
            let height = self.next.saturating_add(group.len() as u64 - 1);
            let trusted = self.trusted_at(height);
            trusted.check_certificate(last, hint)?;
        }
        self.certificates += 1;
        self.check_order(&group)?;
        for waiting in group {
            self.check_body(&waiting).await?;
            self.apply(waiting).await?;
        }
        Ok(())
    }

    /// Each block must be the child of the one before; the last one is certified, so blame goes backwards from it.
    fn check_order(&self, group: &[Waiting]) -> Result<(), Finding> {
        for (index, pair) in group.windows(2).enumerate().rev() {
            if let [block, child] = pair
                && child.frame.header.parent != block.frame.header.digest()
                && let Some(found) = blame::uncertified(group, index, self.next)
            {
                return Err(found);
            }
        }
        let Some(block) = group.first() else {
            return Ok(());
        };
        let header = &block.frame.header;
        if header.height != self.next && self.next == self.first && self.first != 1 {
            let has = self.first.to_be_bytes();
            let at = first_difference(&has, &header.height.to_be_bytes()) as u64;
            let what = format!(
                "the head says {}, the first block is {}",
                self.first, header.height
            );
            let kind = FindingKind::Changed;
            return Err(Finding::new(
                kind,
                self.first_at + at,
                "height of the first block",
                what,
            ));
        }
        if let Some(found) = blame::out_of_place(group, self.next) {
            return Err(found);
        }
        let parent = self.parent.as_ref().map(Header::digest);
        if parent.is_some_and(|parent| parent != header.parent) {
            let what = "its parent is not the block before it";
            let finding = Finding::new(FindingKind::Order, block.offset, "block", what);
            return Err(finding.at(self.next));
        }
        Ok(())
    }

    /// A body must have the root that its certified header names.
    async fn check_body(&self, waiting: &Waiting) -> Result<(), Finding> {
        let header = &waiting.frame.header;
        if records_root(&waiting.frame.records) == header.tx_root {
            return Ok(());
        }
        let txs: Vec<_> = waiting.frame.records.iter().map(|r| r.tx.clone()).collect();
        let verdicts = self.replay.core.machine.admit(&txs);
        let blamed = blame::body(waiting, &verdicts);
        if let Some(found) = blamed {
            return Err(found.at(header.height));
        }
        let own = match block_of(waiting) {
            Ok(block) if self.executes() => Box::pin(self.replay.records(&block)).await,
            _ => None,
        };
        let own = own.filter(|own| records_root(own) == header.tx_root);
        Err(blame::receipts(waiting, own.as_deref()).at(header.height))
    }

    /// Executes a certified block whose body is right.
    async fn apply(&mut self, waiting: Waiting) -> Result<(), Finding> {
        let block = block_of(&waiting)?;
        let height = block.header.height;
        let wrong =
            |kind, what: String| Err(Finding::new(kind, waiting.offset, "block", what).at(height));
        if self.executes() {
            let parent = self.parent.clone().unwrap_or_else(|| block.header.clone());
            self.edge.push(&parent.digest());
            if self.edge.root() != block.header.history {
                let what = "the signed root over the earlier headers is not theirs".to_owned();
                return wrong(FindingKind::Execution, what);
            }
            if let Err(reason) = Box::pin(self.replay.apply(&block, &parent)).await {
                let what = format!("the validators signed another result: {reason}");
                return wrong(FindingKind::Execution, what);
            }
        }
        // Certified, so that its validators vouch for those after them.
        if let Some(handover) = block.handover() {
            self.history.learn(height, block.header.epoch, &handover);
        }
        let passed = Passed {
            height,
            digest: block.digest,
            parent: block.header.parent,
            offset: waiting.offset,
            bytes: &waiting.bytes,
        };
        let watched = self.watcher.passed(&passed);
        if let Err(what) = watched.and_then(|()| self.watcher.block(&block.view())) {
            return wrong(FindingKind::Books, what);
        }
        self.transactions += block.records.len() as u64;
        self.next = height + 1;
        self.parent = Some(block.header);
        Ok(())
    }

    /// The end must name the last block and the hash of everything before.
    async fn end(mut self, offset: u64, has: &[u8]) -> Result<Audited, Finding> {
        if let Some(block) = self.waiting.first() {
            let what = "no certificate covers the last blocks";
            return Err(Finding::new(
                FindingKind::Cut,
                block.offset,
                "certificate",
                what,
            ));
        }
        let executed = self.executes();
        // The hash is over what the end should say, so that one changed byte of it is one difference.
        let mut right = self.expected_end();
        self.hasher.update(&right);
        right.extend_from_slice(&self.hasher.finalize().1.0);
        blame::end(has, &right, offset)?;
        let Some(last) = self.parent else {
            return Err(Finding::new(
                FindingKind::Cut,
                offset,
                "block",
                "no block at all",
            ));
        };
        let values = if executed {
            let keys = self.watcher.wants();
            let values = self.replay.values(&keys).await;
            values.ok_or_else(|| Finding::setup("the state cannot be read"))?
        } else {
            Vec::new()
        };
        Ok(Audited {
            first: self.first,
            last: last.height,
            digest: last.digest(),
            state_root: last.state_root,
            time_ms: last.time_ms,
            certificates: self.certificates,
            transactions: self.transactions,
            bytes: self.window.offset,
            executed,
            history: self.history,
            values,
        })
    }
}

/// The block as the validators have it.
fn block_of(waiting: &Waiting) -> Result<Block, Finding> {
    let header = waiting.frame.header.clone();
    let height = header.height;
    let proposer = PublicKey::decode(Copying(header.proposer.as_slice()));
    let proposer = proposer.map_err(|_| {
        let what = "the certified proposer is no key";
        let kind = FindingKind::Execution;
        Finding::new(kind, waiting.offset, "header, proposer", what).at(height)
    })?;
    Ok(Block::new(header, proposer, waiting.frame.records.clone()))
}

/// A part begins with a byte that is neither a block's nor the end's.
fn wrong_kind(
    kind: u8,
    bytes: &[u8],
    end: &[u8],
    is_block: bool,
    offset: u64,
    height: u64,
) -> Finding {
    let finding = |found, offset, field: &str, what: &str| {
        Finding::new(found, offset, field, what).at(height)
    };
    if is_block {
        let what = "the first byte of a block is not its mark";
        return finding(FindingKind::Changed, offset, "kind of part", what);
    }
    if kind == END && bytes.len() < END_BYTES {
        let cut = offset + bytes.len() as u64;
        return finding(FindingKind::Cut, cut, "end", "the end is not whole");
    }
    if kind == END && bytes.get(..end.len()) == Some(end) {
        let extra = offset + END_BYTES as u64;
        let what = "something stands behind the end";
        return finding(FindingKind::Extra, extra, "end", what);
    }
    let what = "neither a block nor the end begins here";
    finding(FindingKind::Damaged, offset, "kind of part", what)
}
