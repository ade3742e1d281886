//! Integration tests of the contracts.

mod admission;
mod agreements;
mod books;
mod charges;
mod conformance;
mod holds;
mod registry;
mod table;
mod tamper;
mod world;
