//! One member's whole business composed as one machine without I/O: input in, effects out.
//!
//! Gateway, AAA node, charging rules and policy, home and visiting profiles, accounts and bills of one utility. The shell carries
//! the effects out; the simulator runs this same composition under a seed.
//!
//! A charge's way through the files: [`door`] -> `identify` (credential, home) -> `home_in` (home's word) -> `offer`, [`crp`]
//! (price) -> `consent` (hold, start) -> `meter_in` (signed records) -> `settle` (rating) -> `home_charge`, `home_agree` (home
//! computes again and signs) -> `block_in` (receipt, books, bill). `books` reads, `restore` brings the rows back. [`stop`] ends a charge at its driver's wish. `roaming_in`,
//! `partners` and `duty` look after agreements, partners and service levels.
//!
//! Invariants: every state change is a [`door::Change`] that is stored before any other effect of the same input leaves; a machine
//! restored from its rows goes on as if nothing had happened; the same input twice has the effect of once.

mod bill_line;
mod block_in;
mod books;
mod case_in;
mod cases;
pub mod command;
mod command_forecast;
mod command_in;
mod command_money;
mod config;
mod consent;
pub mod crp;
pub mod desk;
mod desk_in;
pub mod door;
mod duty;
pub mod effect;
mod energy;
pub mod envelope;
mod erase;
mod export;
mod exposure;
mod facts;
mod forecasting;
pub mod founding;
pub mod happening;
mod home;
mod home_agree;
mod home_charge;
mod home_in;
mod identify;
mod lines;
mod loads;
mod machine;
mod marks;
mod members;
mod meter_in;
mod money;
mod money_in;
mod money_view;
mod node;
mod offer;
mod out;
pub mod outbox;
mod overview;
mod own;
mod partners;
pub mod peer;
mod peer_in;
mod preview;
mod refused;
mod registry;
mod restore;
pub mod results;
pub mod roaming;
mod roaming_in;
pub mod said;
mod schedules;
pub mod seal;
mod settle;
mod station_in;
pub mod stop;
mod there;
mod trace;
mod visit;

pub use command_in::{MAX_COMMANDS, MAX_STATIONS};
pub use config::{Config, MAX_DECRYPTION_KEYS, Report};
pub use duty::Asked;
pub use fairway_gateway::usage;
pub use forecasting::{AFTER, HOME_ASKS_AFTER};
pub use home::{CONSENTED_TTL, MAX_CLOSED_HOME, UNCONSENTED_TTL};
pub use identify::MAX_ATTEMPT_STATIONS;
pub use loads::{MAX_FED, MAX_SOURCE};
pub use machine::Utility;
pub use preview::MAX_PREVIEW_MINUTES;
pub use there::MAX_PRICED;
pub use visit::{
    BILL_WAIT, END_GRACE, LOST_AFTER, MAX_BAD_RECORDS, MAX_CLOSED, MAX_OPEN, START_TIMEOUT,
    VACANT_GRACE,
};
