//! Foreign tongues: adapters between the wire formats of others and our words. Nothing else in the house knows JSON.
//!
//! Invariant: no byte string of a peer makes a function of this crate panic, and every refusal says what was wrong and where.

pub mod card;
pub mod ocmf;
pub mod ocpi_tariff;
pub mod ocpp;
