//! What a station is told once, when it is installed.

use fairway_model::EvseId;
use fairway_model::time::{MINUTE, SECOND};

/// Settings of one station with one EVSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationConfig {
    /// Model as told to the gateway, at most 20 characters (OCPP `ChargingStationType.model`).
    pub model: String,
    /// Firmware version as told to the gateway, at most 50 characters.
    pub firmware: String,
    /// EVSE number, from 1.
    pub evse: u32,
    /// EVSE id as registered on the ledger.
    pub evse_id: EvseId,
    /// Name of the utility that runs the station, for the last screen.
    pub operator: String,
    /// Serial number of the signing unit.
    pub gateway_serial: String,
    /// Serial number of the meter.
    pub meter_serial: String,
    /// 16 unpredictable bytes, new at every start of the program: transaction ids are made from them.
    pub entropy: [u8; 16],
    /// Milliseconds between two interim readings.
    pub interval: i64,
    /// Milliseconds without a key after which an entry, an offer or a message disappears.
    pub idle: i64,
    /// Milliseconds before the end of that time in which the driver is asked whether more time is wanted.
    pub warning: i64,
    /// Milliseconds after which an unanswered "really stop?" is withdrawn.
    pub stop_question: i64,
    /// Milliseconds to wait for the cable after permission.
    pub plug_in: i64,
    /// Milliseconds that the bill stays on the screen.
    pub farewell: i64,
}

impl StationConfig {
    /// Settings with usual times: readings each minute, 60 s idle with a question 20 s before, 30 s to answer
    /// "really stop?", 3 minutes to plug in, 30 s farewell.
    pub fn new(
        evse_id: EvseId,
        operator: impl Into<String>,
        meter_serial: impl Into<String>,
        entropy: [u8; 16],
    ) -> Self {
        let meter_serial = meter_serial.into();
        Self {
            model: "Fairway Station".into(),
            firmware: env!("CARGO_PKG_VERSION").into(),
            evse: 1,
            evse_id,
            operator: operator.into(),
            gateway_serial: meter_serial.clone(),
            meter_serial,
            entropy,
            interval: MINUTE,
            idle: MINUTE,
            warning: 20 * SECOND,
            stop_question: 30 * SECOND,
            plug_in: 3 * MINUTE,
            farewell: 30 * SECOND,
        }
    }
}
