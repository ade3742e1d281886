//! One member's whole business composed as one machine without I/O: input in, effects out.
//!
//! Gateway, AAA node, charging rules and policy, home and visiting profiles, accounts and bills of one utility. The shell carries
//! the effects out; the simulator runs this same composition under a seed.
//!
//! Invariant: every state change is a [`door::Change`] that is stored before any other effect of the same input leaves.

pub mod command;
pub mod door;
pub mod peer;
