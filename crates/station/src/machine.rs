//! The station as one machine.

use crate::config::StationConfig;
use crate::io::{Input, Output};
use crate::screen::Screen;
use fairway_model::{DecodeError, SignReading, Time};

/// One charging station with one EVSE.
#[derive(Debug)]
pub struct Station<S> {
    config: StationConfig,
    signer: S,
    screen: Screen,
}

impl<S: SignReading> Station<S> {
    /// A station that was never switched on before.
    pub fn new(config: StationConfig, signer: S) -> Self {
        Self {
            config,
            signer,
            screen: Screen::Offline,
        }
    }

    /// A station as its last [`Output::Persist`] left it: unsent events are sent, an open transaction ends with "power loss".
    ///
    /// # Errors
    /// When the bytes are not what a station writes.
    pub fn restore(config: StationConfig, signer: S, saved: &[u8]) -> Result<Self, DecodeError> {
        let _ = saved;
        Ok(Self::new(config, signer))
    }

    /// The only door: what happened, and what is to be done about it, in order.
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Output> {
        let _ = (now, input, &self.config, &self.signer);
        Vec::new()
    }

    /// What the driver sees now.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// When [`Input::Tick`] is wanted at the latest.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }
}
