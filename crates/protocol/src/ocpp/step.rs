//! What an adapter hands back.

use core::fmt;
use fairway_model::station::{CallId, FromStation};

/// Something odd in a frame that was accepted nevertheless: evidence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer into the payload, empty for the frame itself.
    pub at: String,
    /// What was odd, at most 240 bytes.
    pub what: String,
}

/// Longest [`Finding::what`] in bytes.
pub const MAX_FINDING: usize = 240;

impl Finding {
    /// Makes a finding; a longer text is cut at a character boundary.
    pub fn new(at: &str, what: &str) -> Self {
        let cut = what
            .char_indices()
            .map(|(i, c)| i.saturating_add(c.len_utf8()))
            .take_while(|end| *end <= MAX_FINDING)
            .last();
        Self {
            at: at.to_owned(),
            what: what.get(..cut.unwrap_or(0)).unwrap_or_default().to_owned(),
        }
    }
}

/// What the gateway's end of a connection wants done after a frame or a time-out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsmsStep {
    /// Frames to send at once, in order.
    pub replies: Vec<String>,
    /// What the station said.
    pub words: Vec<FromStation>,
    /// What was odd.
    pub findings: Vec<Finding>,
}

/// Who made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The station.
    FromStation,
    /// The gateway.
    ToStation,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallResult {
    /// Taken: a station's call is answered at once or by the utility, a command was accepted by the station.
    Accepted,
    /// Answered with an error, or with a status other than `Accepted`.
    Refused,
    /// The station gave no answer in time, or before the connection ended.
    Unanswered,
}

/// One call of either side and what became of it, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exchange {
    /// An action of OCPP 2.0.1, or `other`: a station does not choose the word.
    pub action: &'static str,
    /// Who called.
    pub direction: Direction,
    /// What became of it.
    pub result: CallResult,
}

/// Why a word could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The request was answered before, timed out, or never came over this connection.
    UnknownCall(CallId),
    /// Too many calls wait.
    QueueFull,
    /// The word would make a frame over [`super::MAX_FRAME`].
    TooLarge,
    /// The connection is closed.
    Closed,
    /// The wire format has no place for it; says for what.
    Unwritable(&'static str),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCall(call) => write!(
                f,
                "request {} is not waiting for an answer on this connection",
                call.0
            ),
            Self::QueueFull => write!(
                f,
                "{} calls wait already; the station does not answer",
                super::MAX_QUEUED
            ),
            Self::TooLarge => write!(
                f,
                "the frame would be larger than {} bytes",
                super::MAX_FRAME
            ),
            Self::Closed => write!(f, "the connection is closed"),
            Self::Unwritable(what) => write!(f, "OCPP 2.0.1 has no place for {what}"),
        }
    }
}

impl core::error::Error for SendError {}
