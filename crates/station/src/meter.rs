//! A simulated billing meter: integrates power over whole seconds, so that the register depends on time alone and not on how often it is read.

use fairway_model::Energy;
use fairway_model::time::SECOND;

/// Milliwatt-seconds in one milliwatt-hour.
const SECONDS_PER_HOUR: u64 = 3_600;

/// An import register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Milliwatt-seconds.
    total: u64,
}

impl Meter {
    /// A meter that shows `register`.
    pub fn new(register: Energy) -> Self {
        Self {
            total: register.0.saturating_mul(SECONDS_PER_HOUR),
        }
    }

    /// Lets `power_w` watts flow for one second.
    pub fn second(&mut self, power_w: u32) {
        self.total = self
            .total
            .saturating_add(u64::from(power_w).saturating_mul(SECOND.unsigned_abs()));
    }

    /// What the register shows; what is less than a milliwatt-hour waits inside.
    pub fn register(&self) -> Energy {
        Energy(self.total.checked_div(SECONDS_PER_HOUR).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_at_one_kilowatt_is_one_kilowatt_hour() {
        let mut meter = Meter::new(Energy(7));
        for _ in 0..3_600 {
            meter.second(1_000);
        }
        assert_eq!(meter.register(), Energy(Energy::PER_KWH + 7));
    }
}
