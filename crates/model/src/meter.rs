//! One reading of a billing meter before it is signed, and who can sign it. The signed form (OCMF) belongs to `protocol`.

use crate::energy::Energy;
use crate::ids::SessionId;
use crate::station::ReadingContext;
use crate::time::Time;

/// What a meter signs. It names no person: the only reference to the charge is its own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterReading {
    /// Serial number of the station's signing unit (OCMF `GS`), at most 48 bytes.
    pub gateway_serial: String,
    /// Serial number of the meter (OCMF `MS`), at most 48 bytes.
    pub meter_serial: String,
    /// Counts every record that the meter ever signed, from 1 (OCMF `PG`, transaction context).
    pub pagination: u64,
    /// When it was taken.
    pub at: Time,
    /// Why it was taken.
    pub context: ReadingContext,
    /// Import register.
    pub register: Energy,
    /// The charge, where one is known (OCMF `ID`).
    pub session: Option<SessionId>,
    /// Whether the meter vouches for the value (OCMF `ST`: `G`); `false` when it reports a fault (`E`).
    pub good: bool,
}

/// Something that holds a meter's key.
pub trait SignReading {
    /// The signed record as text, at most [`crate::station::MAX_SIGNED_RECORD`] bytes; `None` when the reading cannot be written.
    fn sign(&self, reading: &MeterReading) -> Option<String>;
}
