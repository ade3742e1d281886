//! Dishonest members: a shipped validator whose messages are changed on their way out, with its own key.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use commonware_codec::{Decode as _, DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Finalize, Notarize, Nullify, Proposal, Vote},
    },
    types::Participant,
};
use commonware_cryptography::{
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest,
};
use commonware_runtime::IoBuf;
use commonware_utils::ordered::Set;
use fairway_chain::wiring::{
    BACKFILL, BLOCKS, Block, CERTIFICATES, Limits, RESOLVER, Record, TRANSACTIONS, VOTES,
    namespace, records_root,
};
use fairway_chain_sim::{Chance, Tap};

use crate::world::CHAIN;

/// What is done to the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Half of the others get another block for the same view, with matching votes.
    Equivocate,
    /// Half of the others get votes for a block that does not exist, besides the true ones.
    DoubleVote,
    /// Votes for a view and against it.
    Nullify,
    /// Signs in the name of another.
    Impersonate,
    /// Sends old messages again, of all kinds.
    Outdated,
    /// Sends noise on every channel.
    Garbage,
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
    /// Its blocks hold each transaction twice.
    Replay,
    /// Its blocks hold a transaction with a changed signature.
    Unsigned,
}

/// Old messages that are kept for repetition.
const KEPT: usize = 200;

struct Liar {
    trick: Trick,
    own: PublicKey,
    scheme: Scheme,
    limits: Limits,
    chance: Chance,
    swapped: BTreeMap<Digest, Digest>,
    old: VecDeque<(u64, IoBuf)>,
}

/// A tap that plays a trick with the key of a validator.
pub(crate) fn tap(
    trick: Trick,
    key: PrivateKey,
    own: PublicKey,
    validators: Vec<PublicKey>,
    limits: Limits,
    seed: u64,
) -> Tap {
    let participants = Set::try_from(validators).unwrap();
    let liar = Mutex::new(Liar {
        trick,
        own,
        scheme: Scheme::signer(&namespace(CHAIN), participants, key).unwrap(),
        limits,
        chance: Chance::new(seed),
        swapped: BTreeMap::new(),
        old: VecDeque::new(),
    });
    Arc::new(move |channel, to, bytes| liar.lock().unwrap().lie(channel, to, bytes))
}

impl Liar {
    fn lie(&mut self, channel: u64, to: usize, bytes: &IoBuf) -> Vec<(u64, IoBuf)> {
        let mut out = match channel {
            c if c == BLOCKS.0 => self.block(to, bytes),
            c if c == VOTES.0 => self.votes(to, bytes),
            _ => vec![bytes.clone()],
        }
        .into_iter()
        .map(|bytes| (channel, bytes))
        .collect::<Vec<_>>();
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
                let channels = [
                    VOTES.0,
                    CERTIFICATES.0,
                    RESOLVER.0,
                    BACKFILL.0,
                    BLOCKS.0,
                    TRANSACTIONS.0,
                ];
                let len = self.chance.place(3_000);
                let noise: Vec<u8> = (0..len).map(|_| self.chance.draw() as u8).collect();
                // Cut and changed messages reach deeper than noise.
                let mut changed = bytes.as_ref().to_vec();
                if !changed.is_empty() {
                    let at = self.chance.place(changed.len());
                    changed[at] ^= 1 << self.chance.below(8);
                    changed.truncate(1 + self.chance.place(changed.len()));
                }
                out.push((channels[self.chance.place(6)], IoBuf::from(noise)));
                out.push((channel, IoBuf::from(changed)));
            }
            _ => {}
        }
        out
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
        let Some(changed) = self.changed(&block) else {
            return vec![bytes.clone()];
        };
        self.swapped
            .insert(Digest(block.digest), Digest(changed.digest));
        vec![IoBuf::from(Bytes::from(changed.encode().to_vec()))]
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
                let copies: Vec<Record> = records.clone();
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
        let Ok(vote) = Vote::<Scheme, Digest>::decode(bytes.clone()) else {
            return vec![bytes.clone()];
        };
        let odd = to % 2 == 1;
        let pack = |vote: Vote<Scheme, Digest>| IoBuf::from(Bytes::from(vote.encode().to_vec()));
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
                Notarize::sign(&self.scheme, proposal).map(Vote::Notarize)
            } else {
                Finalize::sign(&self.scheme, proposal).map(Vote::Finalize)
            }
        };
        match self.trick {
            Trick::DoubleVote if odd => {
                let other = sign(swap(&proposal, Digest([7; 32])));
                out.extend(other.map(pack));
            }
            Trick::Nullify => {
                let nullify = Nullify::sign::<Digest>(&self.scheme, proposal.round);
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
                if let Some(digest) = self.swapped.get(&proposal.payload) {
                    return sign(swap(&proposal, *digest))
                        .map(pack)
                        .into_iter()
                        .collect();
                }
            }
        }
        out
    }
}
