//! Data sets, their checks, and searches that are cut and resumed, on synthetic loads.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bundles;
mod imports;
mod inflated;
mod properties;
mod searches;
mod world;
