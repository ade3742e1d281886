//! Authentication, authorization and accounting (AAA) of one utility, as home and as visited.
//!
//! No I/O, no clock, no randomness: time, entropy and stored rows are arguments, and every change comes back as
//! [`StoredChange`]s. [`AaaNode`] puts the components together; each can be read and tested alone:
//!
//! - [`hcp`]: home profiles and whose credential it is; [`attempts`] limits guessing
//! - [`authz`], [`issued`]: whether a customer may charge there, and what was promised to whom
//! - [`vcp`]: visiting profiles
//! - [`accounts`]: double-entry books, reservations, posting of settled charges
//! - [`billing`]: one bill per driver and month; [`loyalty`]: tiers by rule
//! - [`audit`]: every decision recorded
//!
//! Invariants: the books balance after every operation; a charge is posted and billed once; a prepaid balance never goes below
//! zero; no row of the visiting profiles holds a credential; after erasure nothing leads from a row to the person.

pub mod accounts;
pub mod attempts;
pub mod audit;
pub mod authz;
pub mod billing;
pub mod credential;
pub mod customer;
pub mod hcp;
pub mod issued;
pub mod loyalty;
pub mod node;
pub mod store;
pub mod vcp;

pub use accounts::{Accounts, CreditPosting, SettledCharge};
pub use authz::{AuthorizationRules, EligibilityRequest};
pub use billing::DriverLink;
pub use customer::{Customer, CustomerInput, CustomerKey, CustomerPatch};
pub use issued::Revocation;
pub use node::{AaaNode, CustomerChange, Decision, Erased, NodeConfig, Settlement};
pub use store::{StoreTable, StoredChange};
pub use vcp::VisitingProfiles;
