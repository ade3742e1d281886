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

mod byzantine;
mod check;
mod load;
mod plan;
mod run;
mod seeds;

#[path = "../../../ledger/tests/it/world.rs"]
#[expect(dead_code, reason = "shared with the tests of the contracts")]
mod world;
