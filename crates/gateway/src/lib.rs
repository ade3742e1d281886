//! The roaming gateway: one charge's session machine, the routing of credentials, and what the signed meter records prove, in
//! neutral words. It knows no wire format, no account and no price list.
//!
//! Invariant: the words that let energy flow ([`fairway_model::station::ToStation::Start`]) are made only by
//! [`session::Session::consent`], from a recorded consent to the offer that this charge showed.

pub mod chart;
pub mod merge;
pub mod metering;
pub mod route;
pub mod session;
pub mod states;
pub mod usage;

pub use chart::{flow_chart, words as step_words};
pub use merge::{Subscription, driver_commitment, evidence_hash, merge};
pub use metering::{Added, MeterLog, VerifiedReading};
pub use route::{Credential, Route, classify, route};
pub use session::{Session, StartPermit};
pub use states::{State, Step, TRANSITIONS, Transition};
pub use usage::{MAX_READINGS, from_readings, select_evidence};
