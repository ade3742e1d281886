//! Tests of the AAA node: tables of cases for each component, and properties over random operations.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::format_collect,
    unreachable_pub,
    reason = "tests fail by panicking, and a table of cases is as long as it is"
)]

mod accounts;
mod attempts;
mod billing;
mod decide;
mod hcp;
mod privacy;
mod vcp;
mod world;
