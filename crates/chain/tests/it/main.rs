//! Four validators in one process on loopback, with a small key-value machine.
#![allow(missing_docs, reason = "tests")]

mod crash;
mod kv;
mod load;
mod net;
mod proofs;
mod steady;
