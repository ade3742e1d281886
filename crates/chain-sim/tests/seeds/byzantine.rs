//! Dishonest members: a shipped validator whose messages are changed on their way out, with its own key.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use commonware_codec::{Decode as _, Encode as _, varint::UInt};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Finalize, Notarize, Nullify, Proposal, Vote},
    },
    types::Participant,
};
use commonware_cryptography::{
    certificate::Scheme as _,
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest,
};
use commonware_runtime::IoBuf;
use commonware_utils::ordered::Set;
use fairway_chain::{
    MAX_TX_BYTES,
    wiring::{
        BACKFILL, BLOCKS, Block, CERTIFICATES, Limits, MAX_GOSSIP_BYTES, RESOLVER, Record,
        TRANSACTIONS, VOTES, longest_message, namespace, records_root,
    },
};
use fairway_chain_sim::{Chance, Tap};

use crate::{
    watch::{Watched, read_vote},
    world::CHAIN,
};

/// What is done to the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Half of the others get another block for the same view, with matching votes.
    Equivocate,
    /// Half of the others get votes for a block that does not exist, besides the true ones.
    DoubleVote,
    /// Votes for a view and against it, whatever it has bound itself to.
    Nullify,
    /// Votes for nothing and against nothing.
    Silent,
    /// Signs in the name of another.
    Impersonate,
    /// Sends old messages again, of all kinds.
    Outdated,
    /// Sends noise, and cut and changed messages, on every channel.
    Garbage,
    /// Sends what is longer than it may be, or says that it is.
    Oversized,
    /// Shows its blocks to one other only.
    Withhold,
    /// Its blocks name another state.
    StateRoot,
    /// Its blocks follow another parent.
    Parent,
    /// Its blocks are of tomorrow, which no rule allows.
    Future,
    /// Its blocks are ahead by most of the step that the rules allow.
    Ahead,
    /// Its receipts are changed by a bit, with the header to match.
    Receipt,
    /// Its blocks hold each transaction twice, or one of an earlier block.
    Replay,
    /// Its blocks hold a transaction with a changed signature.
    Unsigned,
}

/// Old messages that are kept for repetition.
const KEPT: usize = 200;

/// Of so many messages an oversized one goes with one.
const OVERSIZED_ONE_IN: u64 = 16;

/// All channels.
const CHANNELS: [u64; 6] = [
    VOTES.0,
    CERTIFICATES.0,
    RESOLVER.0,
    BACKFILL.0,
    BLOCKS.0,
    TRANSACTIONS.0,
];

/// Blocks in two forms: which one the others get for which. Liars of one consortium share it, and so help each other.
pub(crate) type Swapped = Arc<Mutex<BTreeMap<Digest, Digest>>>;

/// Who validates when, as far as it is final. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Sets(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// The newest epoch whose set is final.
    newest: u64,
    /// The sets by their first epochs.
    sets: BTreeMap<u64, Vec<PublicKey>>,
}

impl Sets {
    /// A set validates from an epoch on.
    pub(crate) fn change(&self, epoch: u64, validators: Vec<PublicKey>) {
        self.0.lock().unwrap().sets.insert(epoch, validators);
    }

    /// It is final who validates in this epoch.
    pub(crate) fn reach(&self, epoch: u64) {
        let mut known = self.0.lock().unwrap();
        known.newest = known.newest.max(epoch);
    }

    fn at(&self, epoch: u64) -> Option<Vec<PublicKey>> {
        let known = self.0.lock().unwrap();
        let (_, set) = known.sets.range(..=epoch).next_back()?;
        (epoch <= known.newest).then(|| set.clone())
    }
}

/// A dishonest validator.
pub(crate) struct Liar {
    pub(crate) trick: Trick,
    pub(crate) end: usize,
    pub(crate) own: PublicKey,
    pub(crate) secret: PrivateKey,
    /// It lies about votes only in epochs whose set it knows: a vote from a wrong place would be dropped unread.
    pub(crate) sets: Sets,
    pub(crate) limits: Limits,
    pub(crate) chance: Chance,
    pub(crate) swapped: Swapped,
    pub(crate) watched: Watched,
    /// Messages that were sent before.
    pub(crate) old: VecDeque<(u64, IoBuf)>,
    /// Records of its earlier blocks.
    pub(crate) past: Vec<Record>,
    /// Votes for own blocks that have not gone to their receiver yet: the engine sends the vote before the block, and only the
    /// block tells what to sign instead.
    pub(crate) held: VecDeque<(usize, Digest, IoBuf)>,
}

/// A tap that plays the trick of a liar.
pub(crate) fn tap(liar: Liar) -> Tap {
    let liar = Mutex::new(liar);
    Arc::new(move |channel, to, bytes| liar.lock().unwrap().lie(channel, to, bytes))
}

impl Liar {
    /// What it signs with in an epoch; nothing while it does not know the epoch's set, or is not in it.
    fn scheme(&self, epoch: u64) -> Option<Scheme> {
        let participants = Set::try_from(self.sets.at(epoch)?).unwrap();
        Scheme::signer(&namespace(CHAIN), participants, self.secret.clone())
    }

    fn lie(&mut self, channel: u64, to: usize, bytes: &IoBuf) -> Vec<(u64, IoBuf)> {
        let mut out = match channel {
            c if c == BLOCKS.0 => self.block(to, bytes),
            c if c == VOTES.0 && self.hold(to, bytes) => return Vec::new(),
            c if c == VOTES.0 => self.votes(to, bytes),
            _ => vec![bytes.clone()],
        }
        .into_iter()
        .map(|bytes| (channel, bytes))
        .collect::<Vec<_>>();
        if channel == BLOCKS.0 {
            out.extend(self.release(to, bytes));
        }
        match self.trick {
            Trick::Outdated => {
                self.old.push_back((channel, bytes.clone()));
                if self.old.len() > KEPT {
                    self.old.pop_front();
                }
                let at = self.chance.place(self.old.len());
                out.push(self.old[at].clone());
            }
            Trick::Garbage => {
                let len = self.chance.place(3_000);
                let noise: Vec<u8> = (0..len).map(|_| self.chance.draw() as u8).collect();
                // Cut and changed messages reach deeper than noise.
                let mut changed = bytes.as_ref().to_vec();
                if !changed.is_empty() {
                    let at = self.chance.place(changed.len());
                    changed[at] ^= 1 << self.chance.below(8);
                    changed.truncate(1 + self.chance.place(changed.len()));
                }
                out.push((CHANNELS[self.chance.place(6)], IoBuf::from(noise)));
                out.push((channel, IoBuf::from(changed)));
            }
            Trick::Oversized if self.chance.below(OVERSIZED_ONE_IN) == 0 => {
                let (channel, bytes) = self.oversized(channel, bytes);
                out.push((channel, IoBuf::from(bytes)));
            }
            _ => {}
        }
        let same = matches!(out.first(), Some((c, b)) if *c == channel && b == bytes);
        let same = same && (channel == BLOCKS.0 || out.len() == 1);
        if !same {
            self.watched.lie(self.end);
        }
        out
    }

    /// Keeps a vote for an own block back until the block goes to the same receiver. Says whether it did.
    fn hold(&mut self, to: usize, bytes: &IoBuf) -> bool {
        let Some((epoch, Vote::Notarize(vote))) = read_vote(bytes) else {
            return false;
        };
        if !self.changes_blocks() {
            return false;
        }
        let Some(scheme) = self.scheme(epoch) else {
            return false;
        };
        let all = scheme.participants().len() as u64;
        let leads = (epoch + vote.proposal.round.view().get()) % all;
        let own = scheme
            .participants()
            .iter()
            .position(|key| *key == self.own);
        if own != Some(leads as usize) {
            return false;
        }
        if self.held.len() >= KEPT {
            self.held.pop_front();
        }
        let payload = vote.proposal.payload;
        self.held.push_back((to, payload, bytes.clone()));
        true
    }

    /// The votes that waited for a block to go to this receiver, as the trick makes them.
    fn release(&mut self, to: usize, block: &IoBuf) -> Vec<(u64, IoBuf)> {
        let Ok(block) = Block::decode_cfg(block.clone(), &self.limits) else {
            return Vec::new();
        };
        let goes = |(at, payload, _): &(usize, Digest, IoBuf)| {
            *at == to && *payload == Digest(block.digest)
        };
        let held = std::mem::take(&mut self.held).into_iter();
        let (due, held): (VecDeque<_>, VecDeque<_>) = held.partition(goes);
        self.held = held;
        due.iter()
            .flat_map(|(to, _, vote)| self.votes(*to, vote))
            .map(|vote| (VOTES.0, vote))
            .collect()
    }

    /// A message that is too long for its channel or for the network, or says so.
    fn oversized(&mut self, channel: u64, bytes: &IoBuf) -> (u64, Vec<u8>) {
        let longest = longest_message(100, &self.limits) as usize;
        let declared = |len: usize, body: usize| {
            let mut out = u32::try_from(len).unwrap().to_be_bytes().to_vec();
            out.resize(4 + body, 7);
            out
        };
        let any = CHANNELS[self.chance.place(6)];
        match self.chance.below(7) {
            // One byte over the frame of the network, and exactly the frame.
            0 => (any, vec![0; longest + 1]),
            1 => (any, vec![0xff; longest]),
            // A transaction that is one byte too long, and a message of them.
            2 => (TRANSACTIONS.0, declared(MAX_TX_BYTES + 1, MAX_TX_BYTES + 1)),
            3 => (TRANSACTIONS.0, vec![0; MAX_GOSSIP_BYTES + 4]),
            // Gibibytes that do not follow.
            4 => (TRANSACTIONS.0, declared(u32::MAX as usize, 64)),
            5 => {
                let mut long = bytes.as_ref().to_vec();
                long.extend([0xff; 10]);
                (channel, long)
            }
            // More than it may be of what it is.
            _ => (channel, bytes.as_ref().repeat(64)),
        }
    }

    fn block(&mut self, to: usize, bytes: &IoBuf) -> Vec<IoBuf> {
        let Ok(block) = Block::decode_cfg(bytes.clone(), &self.limits) else {
            return vec![bytes.clone()];
        };
        if block.proposer != self.own {
            return vec![bytes.clone()];
        }
        if self.trick == Trick::Withhold {
            return if to == 0 {
                vec![bytes.clone()]
            } else {
                Vec::new()
            };
        }
        if self.trick == Trick::Equivocate && to.is_multiple_of(2) {
            return vec![bytes.clone()];
        }
        let changed = self.changed(&block);
        self.past.extend(block.records.iter().take(1).cloned());
        let Some(changed) = changed.filter(|changed| changed.digest != block.digest) else {
            return vec![bytes.clone()];
        };
        let digest = Digest(changed.digest);
        if self.breaks_a_rule() {
            let how = format!("{:?} at height {}", self.trick, block.header.height);
            self.watched.wrong(digest, how);
        }
        let mut swapped = self.swapped.lock().unwrap();
        swapped.insert(Digest(block.digest), digest);
        vec![IoBuf::from(Bytes::from(changed.encode().to_vec()))]
    }

    fn changes_blocks(&self) -> bool {
        matches!(
            self.trick,
            Trick::Equivocate
                | Trick::StateRoot
                | Trick::Parent
                | Trick::Future
                | Trick::Ahead
                | Trick::Receipt
                | Trick::Replay
                | Trick::Unsigned
        )
    }

    /// Whether the blocks of the trick are wrong for ever, whatever the time is and whatever else is shown.
    fn breaks_a_rule(&self) -> bool {
        !matches!(self.trick, Trick::Equivocate | Trick::Future | Trick::Ahead)
    }

    /// The block as the trick makes it.
    fn changed(&self, block: &Block) -> Option<Block> {
        let (mut header, mut records) = (block.header.clone(), block.records.as_ref().clone());
        match self.trick {
            Trick::Equivocate => header.time_ms += 1,
            Trick::StateRoot => header.state_root[0] ^= 1,
            Trick::Parent => header.parent[0] ^= 1,
            Trick::Future => header.time_ms += 24 * 3_600_000,
            Trick::Ahead => header.time_ms += 50 * 60_000,
            Trick::Receipt => {
                let first = records.first_mut()?;
                let mut receipt = first.receipt.to_vec();
                *receipt.last_mut()? ^= 1;
                first.receipt = Bytes::from(receipt);
            }
            Trick::Replay => {
                let copies: Vec<Record> = match self.past.first() {
                    Some(old) if block.header.height.is_multiple_of(2) => vec![old.clone()],
                    _ => records.clone(),
                };
                records.extend(copies);
            }
            Trick::Unsigned => {
                let first = records.first_mut()?;
                let mut tx = first.tx.to_vec();
                *tx.last_mut()? ^= 1;
                first.tx = Bytes::from(tx);
                first.id = fairway_model::Hash::plain(&first.tx).0;
            }
            _ => return None,
        }
        header.tx_count = records.len() as u32;
        header.tx_root = records_root(&records);
        Some(Block::new(header, block.proposer.clone(), records))
    }

    fn votes(&self, to: usize, bytes: &IoBuf) -> Vec<IoBuf> {
        let Some((epoch, vote)) = read_vote(bytes) else {
            return vec![bytes.clone()];
        };
        if self.trick == Trick::Silent {
            return Vec::new();
        }
        let Some(scheme) = self.scheme(epoch) else {
            return vec![bytes.clone()];
        };
        let odd = to % 2 == 1;
        let pack = |vote: Vote<Scheme, Digest>| {
            let mut out = UInt(epoch).encode().to_vec();
            out.extend(vote.encode().to_vec());
            IoBuf::from(Bytes::from(out))
        };
        let swap = |proposal: &Proposal<Digest>, to: Digest| {
            Proposal::new(proposal.round, proposal.parent, to)
        };
        let mut out = vec![bytes.clone()];
        let (proposal, first) = match &vote {
            Vote::Notarize(vote) => (vote.proposal.clone(), true),
            Vote::Finalize(vote) => (vote.proposal.clone(), false),
            Vote::Nullify(_) => return out,
        };
        let sign = |proposal: Proposal<Digest>| {
            if first {
                Notarize::sign(&scheme, proposal).map(Vote::Notarize)
            } else {
                Finalize::sign(&scheme, proposal).map(Vote::Finalize)
            }
        };
        match self.trick {
            Trick::DoubleVote if odd => {
                let other = sign(swap(&proposal, Digest([7; 32])));
                out.extend(other.map(pack));
            }
            Trick::Nullify => {
                let nullify = Nullify::sign::<Digest>(&scheme, proposal.round);
                out.extend(nullify.map(|vote| pack(Vote::Nullify(vote))));
            }
            Trick::Impersonate => {
                let mut forged = sign(proposal);
                match &mut forged {
                    Some(Vote::Notarize(vote)) => vote.attestation.signer = Participant::new(0),
                    Some(Vote::Finalize(vote)) => vote.attestation.signer = Participant::new(0),
                    _ => {}
                }
                out.extend(forged.map(pack));
            }
            Trick::Equivocate if !odd => {}
            _ => {
                let swapped = self.swapped.lock().unwrap().get(&proposal.payload).copied();
                if let Some(digest) = swapped {
                    return sign(swap(&proposal, digest))
                        .map(pack)
                        .into_iter()
                        .collect();
                }
            }
        }
        out
    }
}
