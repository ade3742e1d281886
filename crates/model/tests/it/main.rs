//! Tests of the words through their public interface.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

mod session_ids;
mod vectors;
