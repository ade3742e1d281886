//! Mistakes that a simulator plants in a validator, to see that its checks find them. A validator that is started has none.

use commonware_consensus::{
    Automaton, CertifiableAutomaton, Handoff, simplex::types::Context as Round, types,
};
use commonware_cryptography::{ed25519::PublicKey, sha256::Digest};
use commonware_utils::channel::oneshot;

/// What a validator does wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flaws {
    /// A proposer that waits for transactions is not woken when one arrives.
    pub lost_wake_up: bool,
    /// It votes to make a block final without comparing receipts and state root with its own execution.
    pub unchecked_root: bool,
}

impl Flaws {
    /// A validator as it ships.
    pub const NONE: Self = Self {
        lost_wake_up: false,
        unchecked_root: false,
    };
}

/// What consensus asks about blocks. Only the answer that comes before the last vote can be flawed.
#[derive(Clone)]
pub(crate) struct Judge<A> {
    pub(crate) inner: A,
    pub(crate) flaws: Flaws,
}

impl<A> Automaton for Judge<A>
where
    A: Automaton<Context = Round<Digest, PublicKey>, Digest = Digest>,
{
    type Context = A::Context;
    type Digest = Digest;

    fn propose(
        &mut self,
        context: Self::Context,
    ) -> impl Future<Output = oneshot::Receiver<Digest>> + Send {
        self.inner.propose(context)
    }

    fn verify(
        &mut self,
        context: Self::Context,
        payload: Digest,
    ) -> impl Future<Output = oneshot::Receiver<bool>> + Send {
        self.inner.verify(context, payload)
    }
}

impl<A> CertifiableAutomaton for Judge<A>
where
    A: CertifiableAutomaton<Context = Round<Digest, PublicKey>, Digest = Digest>,
{
    fn prepare(
        &mut self,
        context: Self::Context,
    ) -> impl Future<Output = oneshot::Receiver<Handoff<Digest>>> + Send {
        self.inner.prepare(context)
    }

    async fn certify(&mut self, round: types::Round, payload: Digest) -> oneshot::Receiver<bool> {
        let verdict = self.inner.certify(round, payload).await;
        if !self.flaws.unchecked_root {
            return verdict;
        }
        let (sender, blind) = oneshot::channel();
        let _ = sender.send(true);
        blind
    }
}
