//! What a price by forecast adds: the AI term.
//!
//! The marginal cost c_t of energy has mean c̄ and standard deviation σ_c. A fixed price is c̄ + 1/λ; a price by forecast is
//! c_t + ε_t + 1/λ, where ε_t is the forecast's error with standard deviation σ_e. Both costs and errors are normal and independent.
//! Margin times demand, averaged, gives the gain factor
//!
//! G = exp(λ²σ_c²/2) · exp(λ²σ_e²/2) · (1 - λ²σ_e²), near 1 + λ²(σ_c² - σ_e²)/2.
//!
//! The first factor is what following the cost earns, the others what a wrong forecast costs.

use crate::solve::zeros;

/// Most samples of a simulation.
pub const MAX_SAMPLES: u32 = 100_000_000;

/// Rate of willingness to pay and spread of costs and errors, in the same currency unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// λ, per currency unit.
    pub rate: f64,
    /// σ_c.
    pub cost: f64,
    /// σ_e.
    pub error: f64,
}

/// A simulated mean and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean gain factor.
    pub mean: f64,
    /// The standard error of the mean.
    pub standard_error: f64,
    /// How many samples.
    pub samples: u32,
}

impl Signal {
    /// The gain factor in closed form.
    pub fn gain(self) -> f64 {
        let (cost, error) = (self.variance(self.cost), self.variance(self.error));
        // Half of each variance is the midpoint of both.
        f64::midpoint(cost, error).exp() * (1.0 - error)
    }

    fn variance(self, deviation: f64) -> f64 {
        (self.rate * deviation).powi(2)
    }

    /// 1 + λ²(σ_c² - σ_e²)/2.
    pub fn near(self) -> f64 {
        1.0 + (self.variance(self.cost) - self.variance(self.error)) / 2.0
    }

    /// The forecast error at which the gain is gone: G = 1. Beyond it the fixed price earns more.
    pub fn break_even(self) -> Option<f64> {
        let gain = |error: f64| Self { error, ..self }.gain() - 1.0;
        // At σ_e = 1/λ the last factor is zero, so the gain is gone before.
        zeros(gain, 0.0, 1.0 / self.rate).first().copied()
    }

    /// The gain factor of drawn costs and errors: the mean of the forecast price's income over the fixed price's expected income. The
    /// same seed gives the same samples.
    pub fn simulate(self, seed: u64, samples: u32) -> Estimate {
        let mut chance = Chance(seed);
        let (mut sum, mut squares) = (0.0, 0.0);
        let samples = samples.clamp(2, MAX_SAMPLES);
        for _ in 0..samples {
            let (cost, error) = chance.normal_pair();
            let (cost, error) = (cost * self.cost, error * self.error);
            // (ε + 1/λ) exp(-λ(c + ε + 1/λ)) over exp(-1)/λ, costs counted from their mean.
            let income = (1.0 + self.rate * error) * (-self.rate * (cost + error)).exp();
            sum += income;
            squares += income * income;
        }
        let n = f64::from(samples);
        let mean = sum / n;
        let variance = (squares / n - mean * mean).max(0.0) * n / (n - 1.0);
        Estimate {
            mean,
            standard_error: (variance / n).sqrt(),
            samples,
        }
    }
}

/// Chance from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Over 0, at most 1: 32 bits are more than the means here need.
    fn part(&mut self) -> f64 {
        let high = u32::try_from(self.word() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 1.0) / 4_294_967_296.0
    }

    /// Two independent standard normal numbers (Box and Muller).
    fn normal_pair(&mut self) -> (f64, f64) {
        let radius = (-2.0 * self.part().ln()).sqrt();
        let angle = core::f64::consts::TAU * self.part();
        (radius * angle.cos(), radius * angle.sin())
    }
}
