//! Energy in integer milliwatt-hours: finer than any billing meter, so that no reading is ever rounded on entry.

use core::fmt;
use minicbor::{Decode, Encode};

/// An amount of energy, or a meter register, in milliwatt-hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct Energy(#[n(0)] pub u64);

impl Energy {
    /// None.
    pub const ZERO: Self = Self(0);
    /// Milliwatt-hours in one kilowatt-hour.
    pub const PER_KWH: u64 = 1_000_000;

    /// From whole watt-hours; `None` when it does not fit.
    pub fn from_wh(wh: u64) -> Option<Self> {
        wh.checked_mul(1_000).map(Self)
    }

    /// Sum, `None` when it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, `None` when `other` is larger: a register that runs backwards.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Decimal kilowatt-hours without trailing zeros: `12.5`.
    pub fn kwh_text(&self) -> String {
        let whole = self.0.checked_div(Self::PER_KWH).unwrap_or(0);
        let fraction = format!("{:06}", self.0.checked_rem(Self::PER_KWH).unwrap_or(0));
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            whole.to_string()
        } else {
            format!("{whole}.{fraction}")
        }
    }
}

impl fmt::Debug for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kWh", self.kwh_text())
    }
}
