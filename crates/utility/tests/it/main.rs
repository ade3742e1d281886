//! Utilities, a toy block maker that executes the contracts, and toy stations, all in memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected must fail"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    clippy::needless_pass_by_value,
    reason = "short test code: small counters are cast, inputs are given away"
)]

mod cases;
mod charge;
mod crash;
mod custom_rule;
mod driver;
mod effect;
mod energy;
mod erase;
mod faults;
mod forecasting;
mod freezes;
mod metering;
mod money;
mod refusals;
mod region;
mod results;
mod roaming;
mod schedules;
mod sealed;
mod setup;
mod sharing;
mod states;
mod stops;
mod tamper;
mod trained;
mod world;
