//! What is assumed. Every value is printed in the report.

use std::fmt;

/// How many utilities a scenario has: the smallest number with roaming in both directions.
pub const REGIONS: usize = 2;
/// Most drivers of a run.
pub const MAX_DRIVERS: usize = 5_000_000;
/// Most runs.
pub const MAX_RUNS: usize = 1_000;
/// Most months.
pub const MAX_MONTHS: usize = 24;
/// Energy of a charge in kWh.
pub const KWH: u32 = 20;

/// Thousandths of public charging that is wished for by the hour on the clock: our assumption, with its highest wish in the early evening.
pub const PROFILE: [u32; 24] = [
    10, 7, 5, 5, 6, 12, 26, 45, 52, 50, 50, 54, 58, 55, 52, 53, 60, 72, 76, 68, 60, 52, 42, 30,
];

/// The parameters of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Seed of everything.
    pub seed: u64,
    /// Drivers of each run.
    pub drivers: usize,
    /// Months of load.
    pub months: usize,
    /// Independent runs.
    pub runs: usize,
    /// m: masses of drivers of the two regions.
    pub masses: [f64; REGIONS],
    /// λ: rate of the willingness to pay, per currency unit per kWh.
    pub rate: f64,
    /// τ: part of the charges that arises in the other region.
    pub travels: f64,
    /// ρ: part of them that stays at home without roaming.
    pub stays: f64,
    /// f_T: what the hub takes.
    pub hub_fee: f64,
    /// φ: part of roaming starts that succeed through the hub.
    pub hub_served: f64,
    /// f_B: what running the ledger costs, as a part of what flows.
    pub ledger_fee: f64,
    /// θ: home's part of what roaming drivers pay under the contract, over the cost of energy.
    pub home_share: f64,
    /// The site owner's part of a charge.
    pub owner_share: f64,
    /// Part of the drivers who can come later.
    pub flexible: f64,
    /// By how many hours at most.
    pub window: usize,
    /// What an hour of waiting is worth to them, per kWh.
    pub waiting: f64,
    /// What charging would take of the region's energy if everybody charged who wishes to.
    pub charging_share: f64,
    /// Energy's cost per kWh: at the lowest load, and what the highest adds; between them it grows with the fourth power of the load's place.
    pub cost: (f64, f64),
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            seed: 1,
            drivers: 20_000,
            months: 12,
            runs: 20,
            masses: [1.0, 2.0],
            rate: 5.0,
            travels: 0.3,
            stays: 0.5,
            hub_fee: 0.1,
            hub_served: 0.8,
            ledger_fee: 0.01,
            home_share: 0.5,
            owner_share: 0.15,
            flexible: 0.3,
            window: 6,
            waiting: 0.01,
            charging_share: 0.05,
            cost: (0.04, 0.28),
        }
    }
}

impl Parameters {
    /// Checks every parameter.
    ///
    /// # Errors
    /// The first that makes no sense, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let counts = [
            ("drivers", self.drivers, 100, MAX_DRIVERS),
            ("runs", self.runs, 2, MAX_RUNS),
            ("months", self.months, 1, MAX_MONTHS),
            ("hours of waiting", self.window, 0, 12),
        ];
        for (name, found, low, high) in counts {
            if !(low..=high).contains(&found) {
                return Err(format!("{name}: {found}; {low} to {high} is right"));
            }
        }
        let parts = [
            ("the part that travels", self.travels),
            ("rho", self.stays),
            ("the hub's fee", self.hub_fee),
            ("phi", self.hub_served),
            ("the ledger's fee", self.ledger_fee),
            ("theta", self.home_share),
            ("the owner's share", self.owner_share),
            ("the flexible part", self.flexible),
            ("the share of charging", self.charging_share),
        ];
        for (name, found) in parts {
            if !(0.0..=1.0).contains(&found) {
                return Err(format!("{name}: {found}; a number from 0 to 1 is right"));
            }
        }
        if self.home_share + self.owner_share > 1.0 {
            return Err(format!(
                "theta {} and the owner's share {}: together at most 1 is right",
                self.home_share, self.owner_share
            ));
        }
        let [m1, m2] = self.masses;
        let positive = [("m1", m1), ("m2", m2), ("lambda", self.rate)];
        for (name, found) in positive {
            if !(found.is_finite() && found > 0.0 && found <= 1e6) {
                return Err(format!("{name}: {found}; a number over 0 is right"));
            }
        }
        Ok(())
    }

    /// The cost of a kWh where so great a part of the loads lies below, 0 to 1.
    pub fn cost_at(&self, place: f64) -> f64 {
        self.cost.0 + self.cost.1 * place.powi(4)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [m1, m2] = self.masses;
        write!(
            f,
            "seed {}, {} drivers in each of {} runs, {} months; m1 = {m1}, m2 = {m2}, λ = {} per unit per kWh, τ = {}, ρ = {}, hub: fee {}, φ = {}; ledger's fee {}, θ = {}, owner {}; {} of the drivers wait up to {} h at {} per kWh and hour; a kWh costs {} to {}; all wishes would be {} of the energy",
            self.seed,
            self.drivers,
            self.runs,
            self.months,
            self.rate,
            self.travels,
            self.stays,
            self.hub_fee,
            self.hub_served,
            self.ledger_fee,
            self.home_share,
            self.owner_share,
            self.flexible,
            self.window,
            self.waiting,
            self.cost.0,
            self.cost.0 + self.cost.1,
            self.charging_share
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_named() {
        Parameters::default().check().unwrap();
        assert_eq!(PROFILE.iter().sum::<u32>(), 1_000);
        let wrong = |change: fn(&mut Parameters)| {
            let mut p = Parameters::default();
            change(&mut p);
            p.check().unwrap_err()
        };
        assert!(wrong(|p| p.drivers = 1).starts_with("drivers: 1"));
        assert!(wrong(|p| p.hub_served = 1.5).starts_with("phi: 1.5"));
        assert!(wrong(|p| p.rate = f64::NAN).starts_with("lambda"));
        assert!(wrong(|p| p.home_share = 0.9).starts_with("theta 0.9"));
    }
}
