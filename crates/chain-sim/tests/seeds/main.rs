//! Validators as they ship, with the real contracts, under seeds: faults of nature, and dishonest members.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a test fails by a panic, and is told by the environment how much to do"
)]

#[path = "../../../fairway/src/node/ballots.rs"]
mod ballots;
mod byzantine;
mod check;
mod council;
mod latency;
mod load;
mod plan;
mod planted;
mod run;
mod scenarios;
mod seeds;
mod shrink;
mod sync;
mod watch;

#[path = "../../../ledger/tests/it/world.rs"]
#[expect(dead_code, reason = "shared with the tests of the contracts")]
mod world;
