//! State sync: a node that begins in an empty folder takes the state at the end of an epoch from its peers and follows the
//! blocks from there, instead of executing every block since the first.
//!
//! Nobody is believed. Who validated when follows from the founders' keys through proofs of every change ([`find`]); the
//! header of an epoch's last block stands under a certificate of that epoch's validators; its state root is the root over
//! the log of operations, and every piece of the log comes with a path to that root ([`fetch`]). A peer whose piece does not
//! fit is cut off and another one asked.
//!
//! Invariant: what a node holds after a sync is the state that the validators signed, or it holds nothing. Tested with real
//! storage and real connections in `tests/it/sync.rs`.

mod answer;
pub(crate) mod fetch;
pub(crate) mod find;
pub(crate) mod origin;
mod settle;
mod wire;

pub(crate) use answer::answer;
pub(crate) use wire::MAX_OFFER_BYTES;
