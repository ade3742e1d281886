//! Regions, terms, and region 1's revenue.

use core::f64::consts::E;
use core::fmt;

/// Most regions of a scenario.
pub const MAX_REGIONS: usize = 64;

/// Another region than the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Mass of its drivers, m_j; more than 0.
    pub mass: f64,
    /// Rate of their willingness to pay, λ_j; more than 0. The mean is 1/λ_j.
    pub rate: f64,
    /// Which part of their roaming charges takes place in region 1; 0 to 1.
    pub toward: f64,
}

/// How much drivers charge in other regions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Travel {
    /// Model A: the same part τ of all charges, whatever the wealth; 0 to 1.
    Fixed(f64),
    /// Model B: 1 - exp(-κ w), growing with the mean willingness w; κ is more than 0.
    WithWealth(f64),
}

impl Travel {
    /// τ at a rate λ.
    pub fn share(self, rate: f64) -> f64 {
        match self {
            Self::Fixed(share) => share,
            Self::WithWealth(kappa) => 1.0 - (-kappa / rate).exp(),
        }
    }

    /// A or B.
    pub const fn letter(self) -> char {
        match self {
            Self::Fixed(_) => 'A',
            Self::WithWealth(_) => 'B',
        }
    }
}

/// What is agreed, and what it costs. All are parts, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// f_T: what an intermediary takes of traditional roaming.
    pub fee_traditional: f64,
    /// f_B: what the ledger takes of the proposed roaming.
    pub fee_ledger: f64,
    /// φ: the probability that a roaming driver is served under traditional roaming.
    pub served: f64,
    /// ρ: the part of would-be roaming charges that stay at home where there is no roaming.
    pub stays: f64,
    /// θ: region 1's part of the surplus of its own drivers abroad under the contract.
    pub home_share: f64,
    /// The same part of the other home utilities, of their drivers in region 1: agreements are made by direction.
    pub partner_share: f64,
    /// Whether the home utility has a part in traditional roaming; otherwise drivers pay the visited network directly.
    pub home_in_loop: bool,
}

impl Terms {
    /// No fees, everybody is served, roaming charges are lost without roaming or stay as said, half to each side.
    pub const PLAIN: Self = Self {
        fee_traditional: 0.0,
        fee_ledger: 0.0,
        served: 1.0,
        stays: 1.0,
        home_share: 0.5,
        partner_share: 0.5,
        home_in_loop: true,
    };
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    /// No roaming: equation (1).
    None,
    /// Traditional roaming: visited sets a wholesale price, home adds its margin, a hub takes a fee.
    Traditional,
    /// The proposed contract: one agreed price, the surplus split; equation (2).
    Proposed,
}

impl Regime {
    /// All three, in the order of the figure.
    pub const ALL: [Self; 3] = [Self::None, Self::Traditional, Self::Proposed];

    /// The name in figures and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no roaming",
            Self::Traditional => "traditional",
            Self::Proposed => "proposed",
        }
    }
}

/// Region 1's revenue by source.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Revenue {
    /// From its own drivers at home.
    pub local: f64,
    /// From its own drivers abroad.
    pub outbound: f64,
    /// From customers of other regions: TCR.
    pub tcr: f64,
}

impl Revenue {
    /// All of it.
    pub fn total(self) -> f64 {
        self.local + self.outbound + self.tcr
    }
}

/// A parameter that makes no sense.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterError {
    /// Which.
    pub name: String,
    /// What it is.
    pub found: f64,
    /// What would be right.
    pub right: &'static str,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {}; {} is right",
            self.name, self.found, self.right
        )
    }
}

impl core::error::Error for ParameterError {}

/// Everything but λ_1, which is the abscissa.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// m_1; more than 0.
    pub mass: f64,
    /// Regions 2, 3, ...
    pub others: Vec<Region>,
    /// Model A or B.
    pub travel: Travel,
    /// What is agreed.
    pub terms: Terms,
}

impl Scenario {
    /// Model A as the paper's figure: m1 = 1, m2 = 2, λ2 = 1, three of ten charges abroad.
    pub fn model_a() -> Self {
        Self {
            mass: 1.0,
            others: vec![Region {
                mass: 2.0,
                rate: 1.0,
                toward: 1.0,
            }],
            travel: Travel::Fixed(0.3),
            terms: Terms {
                stays: 0.0,
                ..Terms::PLAIN
            },
        }
    }

    /// Model B: travel grows with wealth (κ = 1), charges stay at home without roaming, and traditional roaming passes the home
    /// utility by.
    pub fn model_b() -> Self {
        Self {
            travel: Travel::WithWealth(1.0),
            terms: Terms {
                stays: 1.0,
                home_in_loop: false,
                ..Terms::PLAIN
            },
            ..Self::model_a()
        }
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// The first that makes no sense, and what would be right.
    pub fn check(&self) -> Result<(), ParameterError> {
        let part = "a number from 0 to 1";
        let positive = "a number over 0";
        positive_is("m1", self.mass, positive)?;
        if self.others.is_empty() || self.others.len() >= MAX_REGIONS {
            return Err(ParameterError {
                name: "the number of other regions".to_owned(),
                found: count(self.others.len()),
                right: "1 to 63",
            });
        }
        for (number, region) in (2..).zip(&self.others) {
            positive_is(&format!("m{number}"), region.mass, positive)?;
            positive_is(&format!("lambda{number}"), region.rate, positive)?;
            part_is(
                &format!("the part of region {number}'s roaming in region 1"),
                region.toward,
                part,
            )?;
        }
        match self.travel {
            Travel::Fixed(share) => part_is("tau", share, part)?,
            Travel::WithWealth(kappa) => positive_is("kappa", kappa, positive)?,
        }
        let t = &self.terms;
        for (name, value) in [
            ("the fee of traditional roaming", t.fee_traditional),
            ("the ledger's fee", t.fee_ledger),
            ("phi", t.served),
            ("rho", t.stays),
            ("theta", t.home_share),
            ("the partners' theta", t.partner_share),
        ] {
            part_is(name, value, part)?;
        }
        Ok(())
    }

    /// Region 1's revenue at its rate λ_1.
    ///
    /// Local revenue of a unit mass is max_p p exp(-λp) = 1/(eλ). Traditional: each side adds its own margin (wholesale 1/λ, retail
    /// 2/λ), so each earns e^-2/λ of a roaming driver. Proposed: one price 1/λ, and 1/(eλ) is split.
    pub fn revenue(&self, regime: Regime, rate: f64) -> Revenue {
        let t = &self.terms;
        let travels = self.travel.share(rate);
        let of_one = 1.0 / (E * rate);
        let at_home = self.mass * (1.0 - travels) * of_one;
        let abroad = self.mass * travels * of_one;
        let visitors: f64 = self.others.iter().map(|r| self.visits(r)).sum();
        match regime {
            Regime::None => Revenue {
                local: at_home + t.stays * abroad,
                ..Revenue::default()
            },
            Regime::Traditional => {
                // Two margins: e^-2/λ is 1/(eλ) divided by e, for each side.
                let kept = t.served * (1.0 - t.fee_traditional) / E;
                Revenue {
                    local: at_home,
                    outbound: if t.home_in_loop { kept * abroad } else { 0.0 },
                    tcr: kept * visitors,
                }
            }
            Regime::Proposed => {
                let kept = 1.0 - t.fee_ledger;
                Revenue {
                    local: at_home,
                    outbound: kept * t.home_share * abroad,
                    tcr: kept * (1.0 - t.partner_share) * visitors,
                }
            }
        }
    }

    /// What a region's drivers are worth in region 1 at one price: m τ / (eλ).
    fn visits(&self, region: &Region) -> f64 {
        region.mass * region.toward * self.travel.share(region.rate) / (E * region.rate)
    }

    /// The total at λ_1.
    pub fn total(&self, regime: Regime, rate: f64) -> f64 {
        self.revenue(regime, rate).total()
    }

    /// The total at the mean willingness w_1 = 1/λ_1.
    pub fn total_at(&self, regime: Regime, willingness: f64) -> f64 {
        self.total(regime, 1.0 / willingness)
    }

    /// d ln R / dλ_1: by which part revenue changes when λ_1 grows by one.
    pub fn log_slope(&self, regime: Regime, rate: f64) -> f64 {
        crate::solve::derivative(|x| self.total(regime, x).ln(), rate)
    }

    /// dR / dw_1.
    pub fn slope(&self, regime: Regime, willingness: f64) -> f64 {
        crate::solve::derivative(|w| self.total_at(regime, w), willingness)
    }

    /// dR / dm_j for the j-th of the other regions, counted from 0; 0 for one that is not there.
    pub fn mass_slope(&self, regime: Regime, rate: f64, other: usize) -> f64 {
        let at = |mass: f64| {
            let mut changed = self.clone();
            if let Some(region) = changed.others.get_mut(other) {
                region.mass = mass;
            }
            changed.total(regime, rate)
        };
        self.others
            .get(other)
            .map_or(0.0, |region| crate::solve::derivative(at, region.mass))
    }

    /// The same with other terms.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Terms)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.terms);
        changed
    }
}

/// A number of things as a float; past 2^32, which nothing here reaches, it stays there.
pub(crate) fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn positive_is(name: &str, found: f64, right: &'static str) -> Result<(), ParameterError> {
    hold(name, found, right, found.is_finite() && found > 0.0)
}

fn part_is(name: &str, found: f64, right: &'static str) -> Result<(), ParameterError> {
    hold(name, found, right, (0.0..=1.0).contains(&found))
}

fn hold(name: &str, found: f64, right: &'static str, is: bool) -> Result<(), ParameterError> {
    if is {
        return Ok(());
    }
    Err(ParameterError {
        name: name.to_owned(),
        found,
        right,
    })
}
