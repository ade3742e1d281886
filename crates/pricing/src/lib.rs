//! The price engine (CRP): what a charge costs under a tariff, and why.
//!
//! Pure arithmetic on integers: no I/O, no clock, no randomness, no float. Everybody who holds the same tariff, adjustments and
//! usage computes the same breakdown, bit by bit; the ledger re-rates each charge with the same functions before it posts.
//!
//! Invariant: a price without its breakdown does not exist. No function here gives only a total.

mod check;
mod compile;
mod describe;
mod error;
mod quote;
mod rate;
mod share;

pub use check::{MAX_SALES_TAXES, check_tariff};
pub use compile::CompiledTariff;
pub use describe::{MAX_DESCRIPTION_LINES, describe};
pub use error::{RateError, TariffError};
pub use quote::{Expected, price_per_kwh_now, quote};
pub use rate::{MAX_CHARGE_MS, rate};
pub use share::share;
