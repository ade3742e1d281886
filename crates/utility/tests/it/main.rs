//! Utilities, a toy block maker that executes the contracts, and toy stations, all in memory.

mod charge;
mod crash;
mod faults;
mod metering;
mod refusals;
mod setup;
mod states;
mod tamper;
mod world;
