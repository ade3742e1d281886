//! Finds the block to begin at: the newest epoch's last block that more than a third of the validators' answers name at most.
//!
//! Every answer is checked by itself, so a liar can only name an older true block; one answer more than may lie is waited for,
//! and the newest is taken. A block that is older than need be costs time and nothing else.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use commonware_consensus::simplex::scheme::ed25519::Scheme;
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Blocker as _, Receiver as _, Recipients, Sender as _};
use commonware_parallel::Sequential;
use commonware_runtime::IoBuf;

use crate::{
    Proof, ValidatorHistory,
    anchor::read_header,
    config::namespace,
    runtime::{Channel, Peering, Runtime},
    sets::{Sets, key_bytes, read_set},
    sync::wire::{Finalization, Floor, Message, Offer},
};

/// Pause between two rounds of questions.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Rounds between two lines in the log.
const TELL_EVERY: u64 = 10;

/// Where to begin.
#[derive(Debug)]
pub(crate) struct Found {
    /// Every change of validators up to the block's epoch, proven.
    pub(crate) handovers: Vec<Proof>,
    /// The block's height.
    pub(crate) height: u64,
    /// Its certificate, verified.
    pub(crate) floor: Finalization,
}

/// What the answers have shown so far.
struct Search<'a> {
    chain_id: &'a str,
    sets: &'a Sets,
    history: ValidatorHistory,
    handovers: Vec<Proof>,
    /// The last answer of each validator: a block, or that no epoch has ended.
    answers: BTreeMap<[u8; 32], Option<(u64, Finalization)>>,
}

/// What follows from an answer.
enum Next {
    /// Nothing; the next round asks again.
    Wait,
    /// The same peer has more to tell.
    Ask,
    /// The peer broke the protocol.
    Cut(String),
}

/// Asks the peers until enough have answered; `None` when no epoch has ended, so that there is nothing to take.
pub(crate) async fn find<E: Runtime, P: Peering>(
    context: &mut E,
    chain_id: &str,
    sets: &Sets,
    blocker: &mut P::Blocker,
    (sender, receiver): &mut Channel<P>,
) -> Result<Option<Found>, String> {
    let founders = sets.at(0).ok_or("the founding validators are not known")?;
    let keys: Vec<[u8; 32]> = founders.iter().map(key_bytes).collect();
    let mut search = Search {
        chain_id,
        sets,
        history: ValidatorHistory::new(chain_id, &keys),
        handovers: Vec::new(),
        answers: BTreeMap::new(),
    };
    let mut rounds = 0u64;
    let mut again = Box::pin(context.sleep(Duration::ZERO));
    loop {
        let message = tokio::select! {
            biased;
            message = receiver.recv() => message,
            () = &mut again => {
                if rounds.is_multiple_of(TELL_EVERY) {
                    let (have, need) = (search.answers.len(), search.need());
                    tracing::info!(have, need, "asks validators for a state to begin with");
                }
                rounds = rounds.saturating_add(1);
                let _ = sender.send(Recipients::All, search.question(), false);
                again = Box::pin(context.sleep(ASK_AGAIN));
                continue;
            }
        };
        let (peer, bytes) = message.map_err(|_| "the network has ended".to_string())?;
        let bytes = Bytes::from(bytes);
        match search.hear(context, &peer, &bytes) {
            Next::Wait => {}
            Next::Ask => {
                let question = search.question();
                let _ = sender.send(Recipients::One(peer), question, false);
            }
            Next::Cut(reason) => {
                tracing::warn!(%peer, %reason, "peer offers a state that is none");
                let _ = blocker.block(peer);
            }
        }
        if search.is_over() {
            return Ok(search.found());
        }
    }
}

impl Search<'_> {
    /// Answers that are waited for: one more than may be lies.
    fn need(&self) -> usize {
        self.validators().len().saturating_sub(1) / 3 + 1
    }

    /// The newest validators that are known.
    fn validators(&self) -> &[[u8; 32]] {
        self.history.at(u64::MAX)
    }

    fn question(&self) -> IoBuf {
        let known = u32::try_from(self.handovers.len()).unwrap_or(u32::MAX);
        IoBuf::from(Bytes::from(Message::Ask(known).to_bytes()))
    }

    fn hear<E: Runtime>(&mut self, context: &mut E, peer: &PublicKey, bytes: &[u8]) -> Next {
        match Message::from_bytes(bytes) {
            // Another node that begins; there is nothing to tell it yet.
            Some(Message::Ask(_)) => Next::Wait,
            Some(Message::Offer(offer)) => match self.take(context, peer, &offer) {
                Ok(next) => next,
                Err(reason) => Next::Cut(reason),
            },
            None => Next::Cut("malformed message".into()),
        }
    }

    fn take<E: Runtime>(
        &mut self,
        context: &mut E,
        peer: &PublicKey,
        offer: &Offer,
    ) -> Result<Next, String> {
        let after = usize::try_from(offer.after).unwrap_or(usize::MAX);
        let Some(seen) = self.handovers.len().checked_sub(after) else {
            return Ok(Next::Wait);
        };
        for proof in offer.handovers.iter().skip(seen) {
            let follow = self.history.follow(std::slice::from_ref(proof));
            follow.map_err(|error| error.to_string())?;
            self.handovers.push(proof.clone());
        }
        if offer.more {
            let new = offer.handovers.len() > seen;
            return Ok(if new { Next::Ask } else { Next::Wait });
        }
        let floor = match &offer.floor {
            None => None,
            Some(floor) => Some(self.judge(context, floor)?),
        };
        self.answers.insert(key_bytes(peer), floor);
        Ok(Next::Wait)
    }

    /// An epoch's last block under a certificate of that epoch's validators.
    fn judge<E: Runtime>(
        &self,
        context: &mut E,
        floor: &Floor,
    ) -> Result<(u64, Finalization), String> {
        let (header, certificate) = floor.read().ok_or("block and certificate do not fit")?;
        let (height, epoch) = (header.height, header.epoch);
        if height != self.sets.last_of(epoch) {
            return Err(format!("block {height} is not the last of epoch {epoch}"));
        }
        let set = read_set(self.history.at(epoch)).ok_or("the epoch has no validators")?;
        let scheme = Scheme::verifier(&namespace(self.chain_id), set);
        if !certificate.verify(context, &scheme, &Sequential) {
            return Err(format!("the certificate over block {height} is wrong"));
        }
        Ok((height, certificate))
    }

    /// What validators answered.
    fn counted(&self) -> impl Iterator<Item = &Option<(u64, Finalization)>> {
        let validators = self.validators().iter();
        validators.filter_map(|key| self.answers.get(key))
    }

    /// Whether enough validators have answered.
    fn is_over(&self) -> bool {
        self.counted().count() >= self.need()
    }

    /// The newest block among the answers of validators; none when no epoch has ended.
    fn found(&mut self) -> Option<Found> {
        let newest = self.counted().flatten().max_by_key(|(height, _)| *height);
        let (height, floor) = newest.cloned()?;
        // What the block itself hands over is read from it when it is here, and later changes from later blocks.
        let before = |proof: &Proof| read_header(&proof.header).is_ok_and(|h| h.height < height);
        self.handovers.retain(before);
        Some(Found {
            handovers: std::mem::take(&mut self.handovers),
            height,
            floor,
        })
    }
}
