//! What a validator needs of the runtime it lives on, so that the node that ships runs under a simulated clock, disk
//! and network too.

use std::panic::{AssertUnwindSafe, catch_unwind};

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{AddressableManager, Blocker, Receiver, Sender};
use commonware_runtime::{Clock, Metrics, Spawner, Storage};
use rand::CryptoRng;

/// A runtime with everything that the engine uses. Production has [`commonware_runtime::tokio::Context`].
pub trait Runtime: Clock + CryptoRng + Spawner + Storage + Metrics {}

impl<T: Clock + CryptoRng + Spawner + Storage + Metrics> Runtime for T {}

/// The kinds of ends that one network between validators gives.
pub trait Peering: 'static {
    /// Sends on one channel.
    type Sender: Sender<PublicKey = PublicKey>;
    /// Receives on one channel.
    type Receiver: Receiver<PublicKey = PublicKey>;
    /// Tells who is a peer, and takes a new set of them.
    type Peers: AddressableManager<PublicKey = PublicKey>;
    /// Cuts off a peer that broke the protocol.
    type Blocker: Blocker<PublicKey = PublicKey>;
}

/// Both ends of one channel.
pub type Channel<P> = (<P as Peering>::Sender, <P as Peering>::Receiver);

/// Runs work of the machine where it does not hold up the engine's tasks. A panic of the machine becomes an error.
pub(crate) async fn aside<E: Spawner, T: Send + 'static>(
    context: &E,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let task = context
        .child("machine")
        .shared(true)
        .spawn(|_| async move { catch_unwind(AssertUnwindSafe(work)) });
    match task.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => Err(panic_text(&*panic)),
        Err(error) => Err(error.to_string()),
    }
}

/// The text of a panic, which names the cause.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a reason")
        .to_string()
}
