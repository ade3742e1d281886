//! The enhanced charging station as one machine without I/O: identify, consent, meter, sign, charge, show the bill.
//!
//! Invariant: the contactor closes only in the state that [`fairway_model::station::ToStation::Start`] entered.

pub mod car;
pub mod config;
pub mod io;
pub mod machine;
pub mod meter;
pub mod rig;
pub mod screen;

pub use car::{Car, CarModel};
pub use config::StationConfig;
pub use io::{Input, Output, PadKey};
pub use machine::Station;
pub use meter::Meter;
pub use rig::Rig;
pub use screen::{ChargingView, Screen};
