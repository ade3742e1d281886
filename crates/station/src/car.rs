//! A simulated car: a battery with a charge curve, full power up to a knee and then falling in a straight line.

use fairway_model::Energy;

/// Milliwatt-seconds in one milliwatt-hour.
const SECONDS_PER_HOUR: u64 = 3_600;
/// Milliwatts in a watt: one second at one watt is this many milliwatt-seconds.
const MILLI: u64 = 1_000;

/// What a car can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarModel {
    /// Usable battery.
    pub battery: Energy,
    /// Largest power it takes, in watts.
    pub max_w: u32,
    /// Percent of charge from which the power falls.
    pub knee: u8,
    /// Power at a full battery in watts; below it the car stops.
    pub tail_w: u32,
    /// Percent of charge at which the car asks to stop, at most 100.
    pub target: u8,
}

impl CarModel {
    /// A middle-sized car: 60 kWh, 120 kW, falling from 60 %, stops at 100 %.
    pub const MIDDLE: Self = Self {
        battery: Energy(60 * Energy::PER_KWH),
        max_w: 120_000,
        knee: 60,
        tail_w: 5_000,
        target: 100,
    };
}

/// A car with a state of charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Car {
    model: CarModel,
    /// Milliwatt-seconds in the battery.
    charge: u64,
}

impl Car {
    /// A car at `soc` percent (held at 100).
    pub fn new(model: CarModel, soc: u8) -> Self {
        let full = model.battery.0.saturating_mul(SECONDS_PER_HOUR);
        let charge = full
            .checked_div(100)
            .unwrap_or(0)
            .saturating_mul(u64::from(soc.min(100)));
        Self { model, charge }
    }

    /// Charge in thousandths of the battery.
    fn per_mille(&self) -> u64 {
        let full = self.model.battery.0.saturating_mul(SECONDS_PER_HOUR);
        self.charge
            .checked_div(full.checked_div(1_000).unwrap_or(0).max(1))
            .unwrap_or(0)
            .min(1_000)
    }

    /// State of charge in whole percent.
    pub fn soc(&self) -> u8 {
        u8::try_from(self.per_mille().checked_div(10).unwrap_or(0)).unwrap_or(100)
    }

    /// Whether it takes no more.
    pub fn full(&self) -> bool {
        self.per_mille() >= u64::from(self.model.target.min(100)).saturating_mul(10)
    }

    /// Watts that it takes now from a station that offers `offered_w`.
    pub fn demand(&self, offered_w: u32) -> u32 {
        if self.full() {
            return 0;
        }
        let knee = u64::from(self.model.knee.min(99)).saturating_mul(10);
        let above = self.per_mille().saturating_sub(knee);
        let span = 1_000_u64.saturating_sub(knee).max(1);
        let fall = u64::from(self.model.max_w.saturating_sub(self.model.tail_w))
            .saturating_mul(above)
            .checked_div(span)
            .unwrap_or(0);
        let power = u64::from(self.model.max_w).saturating_sub(fall);
        u32::try_from(power).unwrap_or(u32::MAX).min(offered_w)
    }

    /// Takes `power_w` watts for one second.
    pub fn second(&mut self, power_w: u32) {
        self.charge = self
            .charge
            .saturating_add(u64::from(power_w).saturating_mul(MILLI));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_falls_after_the_knee_and_ends_at_the_target() {
        let mut car = Car::new(CarModel::MIDDLE, 10);
        assert_eq!(
            (car.soc(), car.demand(150_000), car.demand(50_000)),
            (10, 120_000, 50_000)
        );
        let mut last = u32::MAX;
        for _ in 0..20_000 {
            let power = car.demand(150_000);
            assert!(power <= last);
            last = power;
            car.second(power);
        }
        assert!(car.full() && car.soc() == 100 && last == 0);
    }
}
