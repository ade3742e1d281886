//! Integration tests of the contracts.
#![expect(
    clippy::needless_raw_string_hashes,
    reason = "expect-test writes its strings so"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a table with its expected rows is one function"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod admission;
mod agreements;
mod batch;
mod books;
mod cases;
mod charges;
mod conformance;
mod council;
mod credits;
mod energy;
mod evidence;
mod forecast;
mod forecast_corridor;
mod forecast_models;
mod forecast_prices;
mod forecast_world;
mod holds;
mod life;
mod meter;
mod money;
mod netting;
mod property;
mod rates;
mod registry;
mod rules;
mod service;
mod sharing;
mod table;
mod tamper;
mod world;
