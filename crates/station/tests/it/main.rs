//! The station machine: its dialog alone, and over the wire against a scripted utility.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bay;
mod choices;
mod dialog;
mod outbox;
mod random;
mod wire;
