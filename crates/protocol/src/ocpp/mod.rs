//! OCPP 2.0.1 over JSON (OCPP-J, part 4), without I/O: text frames in, text frames and our words out.
//!
//! [`CsmsSession`] is the gateway's end of one WebSocket, [`StationLink`] a station's.

mod calls;
mod csms;
mod csms_in;
mod csms_out;
mod frame;
mod get;
mod link;
mod link_in;
mod link_out;
mod number;
mod samples;
mod scan;
mod shape;
mod shapes;
mod step;
mod vendor;

pub use csms::{CsmsConfig, CsmsSession};
pub use link::{LinkConfig, LinkStep, StationLink};
pub use step::{CallResult, CsmsStep, Direction, Exchange, Finding, MAX_FINDING, SendError};

/// WebSocket subprotocol name.
pub const SUBPROTOCOL: &str = "ocpp2.0.1";
/// Largest frame in bytes, either way. A transaction event of 256 signed readings fits.
pub const MAX_FRAME: usize = 256 * 1024;
/// Deepest nesting of JSON arrays and objects in a frame (the deepest message of OCPP 2.0.1 needs 11).
pub const MAX_DEPTH: usize = 24;
/// Longest `messageId` (OCPP-J 2.0.1, 4.1.4).
pub const MAX_MESSAGE_ID: usize = 36;
/// Most calls of the peer that wait for an answer at one time.
pub const MAX_UNANSWERED: usize = 32;
/// Most calls of ours that wait to be sent; only one is on the way at a time (OCPP-J 2.0.1, 4.1.1).
pub const MAX_QUEUED: usize = 256;
/// Most findings told per frame.
pub const MAX_FINDINGS: usize = 32;
/// Most calls of one connection that are remembered for who counts them.
pub const MAX_EXCHANGES: usize = 512;
/// Our name in `vendorId` fields.
pub const VENDOR: &str = "org.fairway";
