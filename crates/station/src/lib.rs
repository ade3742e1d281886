//! The enhanced charging station as one machine without I/O: identify, consent, meter, sign, charge, show the bill.
//!
//! Invariant: the contactor closes only in the state that [`fairway_model::station::ToStation::Start`] entered.

pub mod car;
mod charge;
pub mod choice;
pub mod config;
pub mod fault;
mod identify;
pub mod io;
pub mod machine;
pub mod meter;
mod outbox;
pub mod rig;
pub mod screen;
mod state;
pub mod view;

pub use car::{Car, CarModel};
pub use choice::Choice;
pub use config::StationConfig;
pub use fault::{Fault, FaultCode};
pub use io::{Input, Output, PadKey};
pub use machine::Station;
pub use meter::Meter;
pub use outbox::MAX_OUTBOX;
pub use rig::Rig;
pub use screen::{ChargingView, Screen};
pub use view::{Question, View};
