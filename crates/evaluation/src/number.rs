//! Between whole numbers and floats, in one place.

use fairway_model::Micro;

/// Micro-units of a currency unit.
const MICROS: f64 = 1_000_000.0;

/// Currency units of an amount.
pub(crate) fn major(amount: Micro) -> f64 {
    float(amount.0) / MICROS
}

/// The nearest amount to so many currency units.
pub(crate) fn micro(major: f64) -> Micro {
    Micro(whole(major * MICROS))
}

/// A whole number as a float: exact for everything below 2^53, which nothing here reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "amounts, loads and counts here are far below 2^53"
)]
pub(crate) fn float(n: i64) -> f64 {
    n as f64
}

/// A number of things as a float.
pub(crate) fn count(n: usize) -> f64 {
    float(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The nearest whole number; the ends of the range for what lies beyond, 0 for what is no number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float to a whole number saturates, which is what is meant"
)]
pub(crate) fn whole(x: f64) -> i64 {
    x.round() as i64
}

/// Basis points of a part.
pub(crate) fn bps(part: f64) -> u32 {
    u32::try_from(whole(part * 10_000.0)).unwrap_or(0)
}

/// A part from basis points.
pub(crate) fn part(bps: u32) -> f64 {
    f64::from(bps) / 10_000.0
}
