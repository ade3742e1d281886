//! The price engine (CRP): what a charge costs under a tariff, and why.
//!
//! Pure arithmetic on integers: no I/O, no clock, no randomness, no float. Everybody who holds the same tariff, adjustments and
//! usage computes the same breakdown, bit by bit; the ledger re-rates each charge with the same functions before it posts.
//!
//! A tariff is compiled once for the time zone of its EVSEs ([`CompiledTariff`]); then [`quote`] prices an expectation before
//! consent, [`rate`] a finished charge, and [`share`] divides the total by the agreement's rule ([`divide`]; [`game`] for any number of
//! parties). Where digits are dropped is said in [`rate`], [`divide`] and [`share`].
//!
//! Where an agreement names a custom rule, the tariff is compiled with it ([`CompiledTariff::compile_with`]), and the same
//! functions give its prices ([`rule`]).
//!
//! Invariant: a price without its breakdown does not exist. No function here gives only a total.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic
)]

mod apportion;
mod bill;
mod check;
mod compile;
mod curve;
mod custom;
mod describe;
mod divide;
mod error;
pub mod game;
pub mod laws;
mod parts;
mod quote;
mod rate;
mod reverse;
pub mod rule;
mod share;
mod unit;
mod walk;
mod when;
mod whole;
mod wording;
mod zone;

pub use check::{MAX_SALES_TAXES, check_tariff};
pub use compile::CompiledTariff;
pub use curve::{multipliers, table_multiplier};
pub use describe::{MAX_DESCRIPTION_LINES, describe};
pub use divide::{Sharing, divide, division_of};
pub use error::{RateError, TariffError};
pub use parts::parts;
pub use quote::{Expected, price_per_kwh_now, quote};
pub use rate::{MAX_CHARGE_MS, rate};
pub use reverse::reverse;
pub use rule::{BoundRule, MAX_RULE_BYTES, MAX_RULE_FUEL, RuleError, RuleModule, rule_id};
pub use share::{share, share_note};
pub use whole::Turn;
pub use wording::{quoted, wording};
