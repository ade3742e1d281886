//! What is counted of a charge, a driver, a year.

use core::ops::{AddAssign, Index, IndexMut};

/// A quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// What home utilities get of roaming charges.
    Home,
    /// What utilities get of charges at their stations.
    Visited,
    /// What site owners get.
    Owner,
    /// What the hub takes, or the ledger costs.
    Fee,
    /// What energy costs, which the visited utility pays.
    Energy,
    /// All revenue less energy and fees: what utilities and owners keep.
    Margin,
    /// What drivers would have paid more, less what waiting is worth to them.
    Surplus,
    /// Charges that took place.
    Served,
    /// Roaming charges that took place.
    Roaming,
    /// Charges in the hours of the highest loads.
    Peak,
    /// By how much the offered price per kWh differs from the one that the load asks for, summed over offers.
    Error,
    /// Offers.
    Offers,
    /// What utility 1 gets in all, before the cost of energy.
    First,
    /// What utility 2 gets in all, before the cost of energy.
    Second,
    /// Utility 1 less the cost of its energy.
    FirstKeeps,
    /// Utility 2 less the cost of its energy.
    SecondKeeps,
}

/// How many quantities there are.
pub const QUANTITIES: usize = 16;

impl Quantity {
    /// All.
    pub const ALL: [Self; QUANTITIES] = [
        Self::Home,
        Self::Visited,
        Self::Owner,
        Self::Fee,
        Self::Energy,
        Self::Margin,
        Self::Surplus,
        Self::Served,
        Self::Roaming,
        Self::Peak,
        Self::Error,
        Self::Offers,
        Self::First,
        Self::Second,
        Self::FirstKeeps,
        Self::SecondKeeps,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home utilities, of roaming",
            Self::Visited => "visited utilities",
            Self::Owner => "infrastructure owners",
            Self::Fee => "hub or ledger",
            Self::Energy => "cost of energy",
            Self::Margin => "kept by utilities and owners",
            Self::Surplus => "driver surplus",
            Self::Served => "share served",
            Self::Roaming => "roaming charges served",
            Self::Peak => "charges in peak hours",
            Self::Error => "price error",
            Self::Offers => "offers",
            Self::First => "utility 1",
            Self::Second => "utility 2",
            Self::FirstKeeps => "utility 1, less energy",
            Self::SecondKeeps => "utility 2, less energy",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Home => 0,
            Self::Visited => 1,
            Self::Owner => 2,
            Self::Fee => 3,
            Self::Energy => 4,
            Self::Margin => 5,
            Self::Surplus => 6,
            Self::Served => 7,
            Self::Roaming => 8,
            Self::Peak => 9,
            Self::Error => 10,
            Self::Offers => 11,
            Self::First => 12,
            Self::Second => 13,
            Self::FirstKeeps => 14,
            Self::SecondKeeps => 15,
        }
    }
}

/// One value of every quantity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outcome([f64; QUANTITIES]);

#[expect(
    clippy::indexing_slicing,
    reason = "a quantity's place is below their number"
)]
impl Index<Quantity> for Outcome {
    type Output = f64;

    fn index(&self, of: Quantity) -> &f64 {
        &self.0[of.place()]
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "a quantity's place is below their number"
)]
impl IndexMut<Quantity> for Outcome {
    fn index_mut(&mut self, of: Quantity) -> &mut f64 {
        &mut self.0[of.place()]
    }
}

impl Outcome {
    /// All quantities times a factor.
    #[must_use]
    pub fn times(mut self, factor: f64) -> Self {
        self.0.iter_mut().for_each(|x| *x *= factor);
        self
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a += b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_a_place_of_its_own() {
        for (place, quantity) in Quantity::ALL.into_iter().enumerate() {
            assert_eq!(quantity.place(), place);
        }
    }
}
