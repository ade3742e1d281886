//! Loyalty tiers, earned by rule (CR-14). What a tier is worth abroad stands in the roaming agreement, not here.

use fairway_model::{Energy, Refusal, RefusalCode, Tier};
use minicbor::{Decode, Encode};

/// Most steps of a ladder.
pub const MAX_STEPS: usize = 8;

/// What it takes to hold a tier: both conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TierStep {
    /// The tier.
    #[n(0)]
    pub tier: Tier,
    /// Full years as a customer.
    #[n(1)]
    pub years: u32,
    /// Energy charged in the last twelve months.
    #[n(2)]
    pub energy: Energy,
}

/// The rule: steps in rising order of tier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TierLadder {
    #[n(0)]
    steps: Vec<TierStep>,
}

impl TierLadder {
    /// Checks and takes a ladder.
    ///
    /// # Errors
    /// `terms-invalid` when there are more than [`MAX_STEPS`], tiers do not rise, or a higher tier asks for less than a lower.
    pub fn new(steps: Vec<TierStep>) -> Result<Self, Refusal> {
        let bad = |text: &str| {
            Err(Refusal::new(
                RefusalCode::TermsInvalid,
                format!("tiers: {text}"),
            ))
        };
        if steps.len() > MAX_STEPS {
            return bad("at most 8 steps");
        }
        for (low, high) in steps.iter().zip(steps.iter().skip(1)) {
            if low.tier >= high.tier {
                return bad("name them in rising order, each once");
            }
            if high.years < low.years || high.energy < low.energy {
                return bad("a higher tier may not ask for less than a lower one");
            }
        }
        Ok(Self { steps })
    }

    /// The highest tier whose conditions hold.
    pub fn tier_for(&self, years: u32, energy: Energy) -> Tier {
        let held = |s: &&TierStep| years >= s.years && energy >= s.energy;
        self.steps
            .iter()
            .rev()
            .find(held)
            .map_or(Tier::Standard, |s| s.tier)
    }
}

impl Default for TierLadder {
    /// Gold after 1 year or more with 500 kWh in a year, Diamond 2 and 2,000, Platinum 3 and 5,000.
    fn default() -> Self {
        let step = |tier, years, kwh: u64| TierStep {
            tier,
            years,
            energy: Energy(kwh.saturating_mul(Energy::PER_KWH)),
        };
        Self {
            steps: vec![
                step(Tier::Gold, 1, 500),
                step(Tier::Diamond, 2, 2_000),
                step(Tier::Platinum, 3, 5_000),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_earned_by_both_conditions() {
        let ladder = TierLadder::default();
        for (years, kwh, tier) in [
            (0, 99_999, Tier::Standard),
            (1, 499, Tier::Standard),
            (1, 500, Tier::Gold),
            (9, 500, Tier::Gold),
            (2, 2_000, Tier::Diamond),
            (2, 5_000, Tier::Diamond),
            (3, 5_000, Tier::Platinum),
        ] {
            assert_eq!(
                ladder.tier_for(years, Energy(kwh * Energy::PER_KWH)),
                tier,
                "{years} years, {kwh} kWh"
            );
        }
    }

    #[test]
    fn contradictory_ladders_are_refused() {
        let step = |tier, years| TierStep {
            tier,
            years,
            energy: Energy::ZERO,
        };
        for steps in [
            vec![step(Tier::Diamond, 1), step(Tier::Gold, 2)],
            vec![step(Tier::Gold, 1), step(Tier::Gold, 2)],
            vec![step(Tier::Gold, 2), step(Tier::Diamond, 1)],
        ] {
            assert_eq!(
                TierLadder::new(steps).map_err(|r| r.code),
                Err(RefusalCode::TermsInvalid)
            );
        }
    }
}
