//! Integration tests of the contracts.

mod tamper;
mod world;
