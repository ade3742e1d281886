//! Tests of the price engine from outside: priced cases that others published, properties, hand-computed vectors.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on fails"
)]

mod describe;
mod fair;
mod golden;
mod hostile;
mod model;
mod peers_cases;
mod properties;
mod rules;
