//! Messages of an epoch that come before its engine runs here.
//!
//! No two nodes apply the last block of an epoch in the same moment, and the first leader of the next one speaks as soon as it has. A
//! vote is sent once: what is lost of the first view is waited for until it times out. So the few messages that come too early are kept.

use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
};

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    Message, Receiver,
    utils::mux::{Error, SubReceiver},
};
use tokio::sync::mpsc;

/// Messages of one peer that are kept on one channel. An epoch that others have lived in for longer is caught up with, not replayed.
const KEPT_OF_ONE: usize = 32;

/// Messages of epochs for which no engine runs.
pub(crate) type Strays = mpsc::Receiver<(u64, Message<PublicKey>)>;

/// The messages of one epoch, in the order in which they came.
#[derive(Default)]
pub(crate) struct Early {
    epoch: u64,
    kept: VecDeque<Message<PublicKey>>,
    counts: BTreeMap<PublicKey, usize>,
}

impl Early {
    /// Keeps messages of this epoch from now on.
    fn begin(&mut self, epoch: u64) {
        *self = Self {
            epoch,
            ..Self::default()
        };
    }

    /// Keeps a message if it is of the epoch and its sender has not sent too many.
    pub(crate) fn keep(&mut self, epoch: u64, message: Message<PublicKey>) {
        if epoch != self.epoch {
            return;
        }
        let count = self.counts.entry(message.0.clone()).or_default();
        if *count < KEPT_OF_ONE {
            *count += 1;
            self.kept.push_back(message);
        }
    }

    /// The channel of an epoch, which first gives the greetings, what is kept, and what of `strays` is the epoch's. What is of the next
    /// epoch is kept from now on.
    pub(crate) fn prime(
        &mut self,
        epoch: u64,
        greetings: Vec<Message<PublicKey>>,
        strays: &mut Strays,
        live: SubReceiver<PublicKey>,
    ) -> Primed {
        if self.epoch != epoch {
            self.begin(epoch);
        }
        while let Ok((epoch, message)) = strays.try_recv() {
            self.keep(epoch, message);
        }
        let mut early = VecDeque::from(greetings);
        early.append(&mut self.kept);
        self.begin(epoch.saturating_add(1));
        Primed { early, live }
    }
}

/// A channel of one epoch that begins with what came before the epoch.
pub(crate) struct Primed {
    early: VecDeque<Message<PublicKey>>,
    live: SubReceiver<PublicKey>,
}

impl std::fmt::Debug for Primed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Primed")
            .field("early", &self.early.len())
            .finish_non_exhaustive()
    }
}

impl Receiver for Primed {
    type Error = Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, Error> {
        match self.early.pop_front() {
            Some(message) => Ok(message),
            None => self.live.recv().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.live.capacity()
    }
}

#[cfg(test)]
mod tests {
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};
    use commonware_runtime::IoBuf;

    use super::*;

    #[test]
    fn keeps_a_few_of_each_and_of_one_epoch_only() {
        let peer = |seed| PrivateKey::from_seed(seed).public_key();
        let message = |seed| (peer(seed), IoBuf::from(vec![1]));
        let mut early = Early::default();
        early.begin(7);
        early.keep(8, message(1));
        assert!(early.kept.is_empty());
        for _ in 0..2 * KEPT_OF_ONE {
            early.keep(7, message(1));
        }
        early.keep(7, message(2));
        assert_eq!(early.kept.len(), KEPT_OF_ONE + 1);
        early.begin(8);
        assert!(early.kept.is_empty());
    }
}
