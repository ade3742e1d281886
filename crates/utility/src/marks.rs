//! Counters and marks that must survive a restart.

use crate::door::{Row, Table};
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Time};

/// The marks, each one row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Charges begun at our stations.
    pub(crate) sessions: u64,
    /// Commands given to stations.
    pub(crate) commands: u64,
    /// Ledger height seen.
    pub(crate) height: u64,
}

const SESSIONS: &str = "sessions";
const COMMANDS: &str = "station-commands";
const HEIGHT: &str = "height";

fn row(key: &str, value: u64, now: Time) -> Row {
    Row::new(Table::Marks, key, "", now, format!("{key} {value}"), &value)
}

impl Marks {
    pub(crate) fn next_session(&mut self, now: Time) -> (u64, Row) {
        self.sessions = self.sessions.saturating_add(1);
        (self.sessions, row(SESSIONS, self.sessions, now))
    }

    /// Numbers of station commands wrap at 2^31: OCPP's `remoteStartId` is a signed 32-bit integer.
    pub(crate) fn next_command(&mut self, now: Time) -> (u32, Row) {
        self.commands = self.commands.saturating_add(1);
        let number = self.commands.rem_euclid(u64::from(u32::MAX >> 1));
        (
            u32::try_from(number).unwrap_or(0),
            row(COMMANDS, self.commands, now),
        )
    }

    pub(crate) fn set_height(&mut self, height: u64, now: Time) -> Row {
        self.height = height;
        row(HEIGHT, height, now)
    }

    pub(crate) fn restore(&mut self, stored: &Row) -> Result<(), DecodeError> {
        let value = u64::from_bytes(&stored.body)?;
        match stored.key.as_str() {
            SESSIONS => self.sessions = value,
            COMMANDS => self.commands = value,
            HEIGHT => self.height = value,
            other => {
                return Err(DecodeError::Malformed(format!(
                    "mark of unknown name {other:?}"
                )));
            }
        }
        Ok(())
    }
}
