//! The forecast as its users see it: golden vectors, laws, hostile bytes, years of days.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_precision_loss,
    reason = "helpers of tests are tests, and a peer's outputs are floats"
)]

mod calendars;
mod causality;
mod golden;
mod hostile;
mod lightgbm;
mod properties;
mod replay;
mod world;
