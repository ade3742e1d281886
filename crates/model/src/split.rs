//! Rules by which an agreement shares a net price, other than by fixed parts of it, and what they gave for one charge.

use crate::money::Micro;
use crate::price::Shares;
use minicbor::{Decode, Encode};

/// What serving a charge costs the visited utility; it gets this back before anything is shared. No amount is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Costs {
    /// Energy, per kWh.
    #[n(0)]
    pub energy_per_kwh: Micro,
    /// Network fee, per kWh.
    #[n(1)]
    pub network_per_kwh: Micro,
    /// Per charge, whatever its energy.
    #[n(2)]
    pub per_charge: Micro,
}

/// What visited utility and site owner could earn together without the home utility: from drivers who come without an agreement and
/// pay on the spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct AdHoc {
    /// The net price per kWh on the spot; not negative.
    #[n(0)]
    pub price_per_kwh: Micro,
    /// Which part of such charges would take place on the spot, in basis points; at most 10,000.
    #[n(1)]
    pub chance_bps: u32,
}

/// What each party would earn per kWh if no agreement were reached: the disagreement point. No amount is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Alone {
    /// The home utility.
    #[n(0)]
    pub home_per_kwh: Micro,
    /// The visited utility.
    #[n(1)]
    pub visited_per_kwh: Micro,
    /// The owner of the EVSE's site.
    #[n(2)]
    pub owner_per_kwh: Micro,
}

/// How the surplus of a charge is shared: its net price before discount less its [`Costs`], and never less than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum SplitRule {
    /// The Shapley value of home utility, visited utility and site owner. The three together make the surplus S, visited and owner
    /// without home what [`AdHoc`] says (A, at most S), every other group nothing: home gets (S - A) / 3, the others S / 3 + A / 6 each.
    #[n(0)]
    Shapley {
        /// What comes off the net price first.
        #[n(0)]
        costs: Costs,
        /// What two of the three make without the third.
        #[n(1)]
        ad_hoc: AdHoc,
    },
    /// The Nash bargaining solution: everybody gets what he would have alone, and of what is left his part by bargaining power. The
    /// powers are the parts of [`crate::Split`].
    #[n(1)]
    Nash {
        /// What comes off the net price first.
        #[n(0)]
        costs: Costs,
        /// The disagreement point.
        #[n(1)]
        alone: Alone,
    },
}

impl SplitRule {
    /// What comes off the net price before anything is shared.
    pub const fn costs(&self) -> &Costs {
        match self {
            Self::Shapley { costs, .. } | Self::Nash { costs, .. } => costs,
        }
    }

    /// Which rule it is.
    pub const fn kind(&self) -> SplitKind {
        match self {
            Self::Shapley { .. } => SplitKind::Shapley,
            Self::Nash { .. } => SplitKind::Nash,
        }
    }
}

/// The rules by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum SplitKind {
    /// Fixed parts of the net price.
    #[n(0)]
    Fixed,
    /// The Shapley value of the surplus.
    #[n(1)]
    Shapley,
    /// The Nash bargaining solution of the surplus.
    #[n(2)]
    Nash,
}

impl SplitKind {
    /// The name in files and answers for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Shapley => "shapley",
            Self::Nash => "nash",
        }
    }

    /// The name in sentences.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fixed => "fixed parts of the net price",
            Self::Shapley => "Shapley value",
            Self::Nash => "Nash bargaining",
        }
    }
}

/// A net price, shared, with the rule's figures. The parts are before discount, taxes and the total's rounding, which
/// [`crate::Shares`] has in it; they add up to the net price exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Division {
    /// By which rule.
    #[n(0)]
    pub kind: SplitKind,
    /// What the visited utility got back first; nothing under fixed parts.
    #[n(1)]
    pub costs: Micro,
    /// What was left to share: S; the net price under fixed parts.
    #[n(2)]
    pub surplus: Micro,
    /// What visited and owner would make without home (Shapley: A), or all three alone (Nash); never over the surplus.
    #[n(3)]
    pub alone: Micro,
    /// The home utility's part.
    #[n(4)]
    pub home: Micro,
    /// The visited utility's part, its costs included.
    #[n(5)]
    pub visited: Micro,
    /// The site owner's part.
    #[n(6)]
    pub owner: Micro,
}

/// Who got what of a charge, with the whole argument: for bills and for both members' views of the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ShareNote {
    /// The net price, divided by the agreement's rule.
    #[n(0)]
    pub division: Division,
    /// The same net price by the agreement's fixed parts, for comparison.
    #[n(1)]
    pub by_parts: Division,
    /// What was posted: the division less the discount that each bears, with tax and rounding.
    #[n(2)]
    pub shares: Shares,
}

/// Who got what of a charge, and by which rule: one line of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SharedBy {
    /// The rule.
    #[n(0)]
    pub kind: SplitKind,
    /// What was posted.
    #[n(1)]
    pub shares: Shares,
}
