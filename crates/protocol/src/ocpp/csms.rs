//! The gateway's end of one station's connection.

use super::step::{CsmsStep, SendError};
use fairway_model::Time;
use fairway_model::station::ToStation;
use fairway_model::time::SECOND;

/// Settings of a gateway's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsmsConfig {
    /// Heartbeat interval told to stations, in seconds.
    pub heartbeat_s: u32,
    /// Milliseconds to wait for a station's answer to a command.
    pub command_timeout: i64,
    /// Milliseconds after which a station's request that the utility did not answer is answered with `InternalError`.
    pub answer_timeout: i64,
    /// Whether this station was accepted in an earlier connection: it need not boot again before it talks.
    pub booted_before: bool,
}

impl Default for CsmsConfig {
    fn default() -> Self {
        Self { heartbeat_s: 300, command_timeout: 30 * SECOND, answer_timeout: 25 * SECOND, booted_before: false }
    }
}

/// One WebSocket connection, seen from the gateway.
#[derive(Debug)]
pub struct CsmsSession {
    config: CsmsConfig,
}

impl CsmsSession {
    /// A new connection.
    pub fn new(config: CsmsConfig) -> Self {
        Self { config }
    }

    /// A text frame came in.
    pub fn handle_text(&mut self, now: Time, text: &str) -> CsmsStep {
        let _ = (now, text, &self.config);
        CsmsStep::default()
    }

    /// Says `word` to the station: the frames to send now. Commands wait in line behind a command that is not answered yet.
    ///
    /// # Errors
    /// When nobody waits for the answer, or too many commands wait.
    pub fn send(&mut self, now: Time, word: &ToStation) -> Result<Vec<String>, SendError> {
        let _ = (now, word);
        Ok(Vec::new())
    }

    /// When [`Self::handle_timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// The time of [`Self::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Time) -> CsmsStep {
        let _ = now;
        CsmsStep::default()
    }

    /// The connection ended: unanswered commands are told as not accepted, then [`fairway_model::station::FromStation::Disconnected`].
    pub fn closed(&mut self) -> CsmsStep {
        CsmsStep::default()
    }
}
