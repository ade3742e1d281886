//! The real programs: members as processes, stations over WebSocket and TLS, programs of others, broken input.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod api;
mod api_charge;
mod api_driver;
mod api_person;
mod audit;
mod by_hand;
mod canary;
mod chaos;
mod command_line;
mod databases;
mod drops;
mod forecast;
mod forecasting;
mod gate;
mod joins;
mod killed;
mod kiosk;
mod ledger;
mod operations;
mod others;
mod private;
mod second_hpke;
mod stage;
mod standings;
mod syncs;
