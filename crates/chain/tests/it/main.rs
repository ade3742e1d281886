//! Four validators in one process on loopback, with a small key-value machine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::manual_assert,
    reason = "a test fails by a panic, and it measures time"
)]

mod audit;
mod crash;
mod drops;
mod epochs;
mod kv;
mod load;
mod net;
mod proofs;
mod steady;
mod sync;
mod votes;
