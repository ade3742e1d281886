//! What roaming is worth to a utility: a reconstruction of the revenue equations (1) and (2) and of Figure 5.
//!
//! The original equations are lost; this is the simplest model that gives the statements that stand around them
//! (docs/model.md has the derivation). Every output made from it says so ([`RECONSTRUCTION`]).
//!
//! Drivers of region i are a mass m_i whose willingness to pay for a charge is exponential with rate λ_i, so demand at price p is
//! exp(-λ_i p) and the mean willingness is w_i = 1/λ_i. A part τ_i of their charges arises in other regions: a fixed part in model
//! A, 1 - exp(-κ w_i) in model B, where travel grows with wealth. [`Scenario::revenue`] gives region 1's revenue under each
//! [`Regime`]; [`claims()`] says under which conditions each sentence of the paper holds, with crossing points that are computed;
//! [`signal`] is what a price by forecast adds; [`figure`] draws.
//!
//! Pure: no I/O and no clock; chance comes from a seed. It computes with floats, and so must never be reached from a core crate.

pub mod claims;
pub mod figure;
pub mod scenario;
pub mod sensitivity;
pub mod signal;
mod solve;
pub mod text;

pub use claims::{Claim, Verdict, claims};
pub use scenario::{MAX_REGIONS, ParameterError, Regime, Region, Revenue, Scenario, Terms, Travel};

/// What every output says.
pub const RECONSTRUCTION: &str = "reconstruction of Eq. (1)-(2) and Figure 5";
