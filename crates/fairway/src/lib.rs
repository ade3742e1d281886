//! The shell of Fairway: sockets, TLS, HTTP, databases, keys, configuration and the clock are here, and business is not.
//!
//! The program `fairway` is [`cli`] on top of this: a member's node, a station, the operator's and the auditor's tools, the
//! demonstration and the benchmarks. It is a library too, so that tests start the same parts as the program does.

pub mod api;
pub mod assets;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod chaos;
pub mod cli;
pub mod config;
pub mod demo;
pub mod environment;
pub mod export;
pub mod forecast;
pub mod genesis;
pub(crate) mod line;
pub mod node;
pub mod ports;
pub mod station;
pub mod store;
pub mod view;
