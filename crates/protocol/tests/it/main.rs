//! The adapters against fixtures, official schemas and programs of others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod ocmf;
mod ocpp;
mod schema;
