//! A station's end of its connection.

use super::step::{Finding, SendError};
use fairway_model::Time;
use fairway_model::station::{CallId, FromStation, ToStation};
use fairway_model::time::SECOND;

/// Settings of a station's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConfig {
    /// Vendor name, at most 50 characters.
    pub vendor: String,
    /// Serial number, at most 25 characters.
    pub serial: String,
    /// Milliseconds to wait for the gateway's answer.
    pub call_timeout: i64,
    /// Meter's public key, sent with its readings, as SubjectPublicKeyInfo DER.
    pub meter_spki: Vec<u8>,
}

impl LinkConfig {
    /// Settings with a time-out of 30 s.
    pub fn new(serial: impl Into<String>, meter_spki: Vec<u8>) -> Self {
        Self { vendor: "Fairway".into(), serial: serial.into(), call_timeout: 30 * SECOND, meter_spki }
    }
}

/// What a station's end wants done after a frame or a time-out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkStep {
    /// Frames to send at once, in order.
    pub replies: Vec<String>,
    /// What the gateway said.
    pub words: Vec<ToStation>,
    /// Requests that will get no answer.
    pub lost: Vec<CallId>,
    /// What was odd.
    pub findings: Vec<Finding>,
}

/// One WebSocket connection, seen from the station.
#[derive(Debug)]
pub struct StationLink {
    config: LinkConfig,
}

impl StationLink {
    /// A link that is not connected.
    pub fn new(config: LinkConfig) -> Self {
        Self { config }
    }

    /// A connection was opened; `nonce` makes its message ids unique. Words wait until a [`FromStation::Booted`] was accepted.
    pub fn connected(&mut self, now: Time, nonce: u64) {
        let _ = (now, nonce, &self.config);
    }

    /// The connection ended: requests without an answer are lost.
    pub fn disconnected(&mut self) -> LinkStep {
        LinkStep::default()
    }

    /// A text frame came in.
    pub fn handle_text(&mut self, now: Time, text: &str) -> LinkStep {
        let _ = (now, text);
        LinkStep::default()
    }

    /// Says `word` to the gateway: the frames to send now.
    ///
    /// # Errors
    /// When there is no connection or too much waits.
    pub fn send(&mut self, now: Time, word: &FromStation) -> Result<Vec<String>, SendError> {
        let _ = (now, word);
        Ok(Vec::new())
    }

    /// When [`Self::handle_timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// The time of [`Self::poll_timeout`] has come: a heartbeat, a repeated boot, or a request that got no answer.
    pub fn handle_timeout(&mut self, now: Time) -> LinkStep {
        let _ = now;
        LinkStep::default()
    }
}
