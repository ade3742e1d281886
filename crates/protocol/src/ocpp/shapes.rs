//! The shapes of the messages of OCPP 2.0.1 (part 2, section 1 and 2) that either end takes, with the bounds of the official schemas.

use super::shape::{Field, Kind, may, must};
use Kind::{Any, Boolean, Decimal, Integer, Lax, List, Object, OneOf, Text, Time};

const STATUS_INFO: &[Field] = &[must("reasonCode", Lax(20)), may("additionalInfo", Lax(512))];
const EVSE: &[Field] = &[must("id", Integer), may("connectorId", Integer)];
const TOKEN_TYPES: &[&str] = &[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
];
const ID_TOKEN: &[Field] = &[
    may(
        "additionalInfo",
        List(
            1,
            &Object(&[must("additionalIdToken", Text(36)), must("type", Text(50))]),
        ),
    ),
    must("idToken", Text(36)),
    must("type", OneOf(TOKEN_TYPES)),
];
const MESSAGE_CONTENT: &[Field] = &[
    must("format", OneOf(&["ASCII", "HTML", "URI", "UTF8"])),
    may("language", Text(8)),
    must("content", Lax(512)),
];

pub(super) const BOOT: &[Field] = &[
    must(
        "chargingStation",
        Object(&[
            may("serialNumber", Lax(25)),
            must("model", Lax(20)),
            may(
                "modem",
                Object(&[may("iccid", Lax(20)), may("imsi", Lax(20))]),
            ),
            must("vendorName", Lax(50)),
            may("firmwareVersion", Lax(50)),
        ]),
    ),
    must(
        "reason",
        OneOf(&[
            "ApplicationReset",
            "FirmwareUpdate",
            "LocalReset",
            "PowerUp",
            "RemoteReset",
            "ScheduledReset",
            "Triggered",
            "Unknown",
            "Watchdog",
        ]),
    ),
];
pub(super) const BOOT_ANSWER: &[Field] = &[
    must("currentTime", Time),
    must("interval", Integer),
    must("status", OneOf(&["Accepted", "Pending", "Rejected"])),
    may("statusInfo", Object(STATUS_INFO)),
];
pub(super) const STATUS: &[Field] = &[
    must("timestamp", Time),
    must(
        "connectorStatus",
        OneOf(&[
            "Available",
            "Occupied",
            "Reserved",
            "Unavailable",
            "Faulted",
        ]),
    ),
    must("evseId", Integer),
    must("connectorId", Integer),
];
const CERTIFICATE_HASH: &[Field] = &[
    must("hashAlgorithm", OneOf(&["SHA256", "SHA384", "SHA512"])),
    must("issuerNameHash", Text(128)),
    must("issuerKeyHash", Text(128)),
    must("serialNumber", Text(40)),
    must("responderURL", Text(512)),
];
pub(super) const AUTHORIZE: &[Field] = &[
    must("idToken", Object(ID_TOKEN)),
    may("certificate", Text(5_500)),
    may(
        "iso15118CertificateHashData",
        List(1, &Object(CERTIFICATE_HASH)),
    ),
];
const ID_TOKEN_INFO: &[Field] = &[
    must(
        "status",
        OneOf(&[
            "Accepted",
            "Blocked",
            "ConcurrentTx",
            "Expired",
            "Invalid",
            "NoCredit",
            "NotAllowedTypeEVSE",
            "NotAtThisLocation",
            "NotAtThisTime",
            "Unknown",
        ]),
    ),
    may("cacheExpiryDateTime", Time),
    may("chargingPriority", Integer),
    may("language1", Lax(8)),
    may("evseId", List(1, &Integer)),
    may("groupIdToken", Object(ID_TOKEN)),
    may("language2", Lax(8)),
    may("personalMessage", Object(MESSAGE_CONTENT)),
];
pub(super) const AUTHORIZE_ANSWER: &[Field] = &[
    must("idTokenInfo", Object(ID_TOKEN_INFO)),
    may("certificateStatus", Text(40)),
];

const SIGNED_VALUE: &[Field] = &[
    // Stations with long records pass the 2,500 characters of the schema; the record itself is bounded when it is verified.
    must("signedMeterData", Text(16 * 1_024)),
    must("signingMethod", Lax(50)),
    must("encodingMethod", Lax(50)),
    must("publicKey", Text(2_500)),
];
const MEASURANDS: &[&str] = &[
    "Current.Export",
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Active.Net",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Net",
    "Energy.Apparent.Net",
    "Energy.Apparent.Import",
    "Energy.Apparent.Export",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Factor",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "SoC",
    "Voltage",
];
const SAMPLED_VALUE: &[Field] = &[
    must("value", Decimal),
    may(
        "context",
        OneOf(&[
            "Interruption.Begin",
            "Interruption.End",
            "Other",
            "Sample.Clock",
            "Sample.Periodic",
            "Transaction.Begin",
            "Transaction.End",
            "Trigger",
        ]),
    ),
    may("measurand", OneOf(MEASURANDS)),
    may(
        "phase",
        OneOf(&[
            "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1",
        ]),
    ),
    may(
        "location",
        OneOf(&["Body", "Cable", "EV", "Inlet", "Outlet"]),
    ),
    may("signedMeterValue", Object(SIGNED_VALUE)),
    may(
        "unitOfMeasure",
        Object(&[may("unit", Lax(20)), may("multiplier", Integer)]),
    ),
];
const METER_VALUE: &[Field] = &[
    must("sampledValue", List(1, &Object(SAMPLED_VALUE))),
    must("timestamp", Time),
];
pub(super) const METER_VALUES: &[Field] = &[
    must("evseId", Integer),
    must("meterValue", List(1, &Object(METER_VALUE))),
];

const TRANSACTION_INFO: &[Field] = &[
    must("transactionId", Text(36)),
    may(
        "chargingState",
        OneOf(&[
            "Charging",
            "EVConnected",
            "SuspendedEV",
            "SuspendedEVSE",
            "Idle",
        ]),
    ),
    may("timeSpentCharging", Integer),
    may("stoppedReason", OneOf(STOPPED_REASONS)),
    may("remoteStartId", Integer),
];
const STOPPED_REASONS: &[&str] = &[
    "DeAuthorized",
    "EmergencyStop",
    "EnergyLimitReached",
    "EVDisconnected",
    "GroundFault",
    "ImmediateReset",
    "Local",
    "LocalOutOfCredit",
    "MasterPass",
    "Other",
    "OvercurrentFault",
    "PowerLoss",
    "PowerQuality",
    "Reboot",
    "Remote",
    "SOCLimitReached",
    "StoppedByEV",
    "TimeLimitReached",
    "Timeout",
];
const TRIGGERS: &[&str] = &[
    "Authorized",
    "CablePluggedIn",
    "ChargingRateChanged",
    "ChargingStateChanged",
    "Deauthorized",
    "EnergyLimitReached",
    "EVCommunicationLost",
    "EVConnectTimeout",
    "MeterValueClock",
    "MeterValuePeriodic",
    "TimeLimitReached",
    "Trigger",
    "UnlockCommand",
    "StopAuthorized",
    "EVDeparted",
    "EVDetected",
    "RemoteStop",
    "RemoteStart",
    "AbnormalCondition",
    "SignedDataReceived",
    "ResetCommand",
];
pub(super) const TRANSACTION: &[Field] = &[
    must("eventType", OneOf(&["Started", "Updated", "Ended"])),
    may("meterValue", List(1, &Object(METER_VALUE))),
    must("timestamp", Time),
    must("triggerReason", OneOf(TRIGGERS)),
    must("seqNo", Integer),
    may("offline", Boolean),
    may("numberOfPhasesUsed", Integer),
    may("cableMaxCurrent", Integer),
    may("reservationId", Integer),
    must("transactionInfo", Object(TRANSACTION_INFO)),
    may("evse", Object(EVSE)),
    may("idToken", Object(ID_TOKEN)),
];
pub(super) const TRANSACTION_ANSWER: &[Field] = &[
    may("totalCost", Decimal),
    may("chargingPriority", Integer),
    may("idTokenInfo", Object(ID_TOKEN_INFO)),
    may("updatedPersonalMessage", Object(MESSAGE_CONTENT)),
];
pub(super) const DATA_TRANSFER: &[Field] = &[
    may("messageId", Text(50)),
    may("data", Any),
    must("vendorId", Text(255)),
];
pub(super) const DATA_TRANSFER_ANSWER: &[Field] = &[
    must(
        "status",
        OneOf(&[
            "Accepted",
            "Rejected",
            "UnknownMessageId",
            "UnknownVendorId",
        ]),
    ),
    may("statusInfo", Object(STATUS_INFO)),
    may("data", Any),
];
pub(super) const REMOTE_START: &[Field] = &[
    may("evseId", Integer),
    may("groupIdToken", Object(ID_TOKEN)),
    must("idToken", Object(ID_TOKEN)),
    must("remoteStartId", Integer),
    may("chargingProfile", Any),
];
pub(super) const REMOTE_STOP: &[Field] = &[must("transactionId", Text(36))];
/// Any answer with a status (`RequestStartTransaction`, `RequestStopTransaction`, `DataTransfer`, `SetDisplayMessage`).
pub(super) const ANY_ANSWER: &[Field] = &[
    must("status", Text(40)),
    may("statusInfo", Object(STATUS_INFO)),
    may("transactionId", Text(36)),
    may("data", Any),
];
pub(super) const COST_UPDATED: &[Field] =
    &[must("totalCost", Decimal), must("transactionId", Text(36))];
pub(super) const DISPLAY: &[Field] = &[must(
    "message",
    Object(&[
        may("display", Any),
        must("id", Integer),
        must(
            "priority",
            OneOf(&["AlwaysFront", "InFront", "NormalCycle"]),
        ),
        may(
            "state",
            OneOf(&["Charging", "Faulted", "Idle", "Unavailable"]),
        ),
        may("startDateTime", Time),
        may("endDateTime", Time),
        may("transactionId", Text(36)),
        must("message", Object(MESSAGE_CONTENT)),
    ]),
)];

/// Notifications that are only logged, with the fields that are checked; everything else in them passes as it came.
pub(super) const NOTIFICATIONS: &[(&str, &[Field])] = &[
    (
        "SecurityEventNotification",
        &[
            must("type", Lax(50)),
            must("timestamp", Time),
            may("techInfo", Lax(255)),
        ],
    ),
    (
        "FirmwareStatusNotification",
        &[must("status", Text(40)), may("requestId", Integer)],
    ),
    (
        "PublishFirmwareStatusNotification",
        &[
            must("status", Text(40)),
            may("location", Any),
            may("requestId", Integer),
        ],
    ),
    (
        "LogStatusNotification",
        &[must("status", Text(40)), may("requestId", Integer)],
    ),
    (
        "NotifyEvent",
        &[
            must("generatedAt", Time),
            may("tbc", Boolean),
            must("seqNo", Integer),
            must("eventData", List(1, &Any)),
        ],
    ),
    (
        "NotifyReport",
        &[
            must("requestId", Integer),
            must("generatedAt", Time),
            may("reportData", List(1, &Any)),
            may("tbc", Boolean),
            must("seqNo", Integer),
        ],
    ),
    (
        "NotifyMonitoringReport",
        &[
            must("requestId", Integer),
            must("generatedAt", Time),
            may("monitor", List(1, &Any)),
            may("tbc", Boolean),
            must("seqNo", Integer),
        ],
    ),
    (
        "NotifyDisplayMessages",
        &[
            must("requestId", Integer),
            may("messageInfo", List(1, &Any)),
            may("tbc", Boolean),
        ],
    ),
    (
        "NotifyCustomerInformation",
        &[
            must("data", Lax(512)),
            must("requestId", Integer),
            must("generatedAt", Time),
            may("tbc", Boolean),
            must("seqNo", Integer),
        ],
    ),
    (
        "NotifyChargingLimit",
        &[
            may("chargingSchedule", List(1, &Any)),
            may("evseId", Integer),
            must("chargingLimit", Any),
        ],
    ),
    (
        "ClearedChargingLimit",
        &[
            must("chargingLimitSource", Text(20)),
            may("evseId", Integer),
        ],
    ),
    (
        "ReportChargingProfiles",
        &[
            must("requestId", Integer),
            must("chargingLimitSource", Text(20)),
            must("chargingProfile", List(1, &Any)),
            may("tbc", Boolean),
            must("evseId", Integer),
        ],
    ),
    (
        "ReservationStatusUpdate",
        &[
            must("reservationId", Integer),
            must("reservationUpdateStatus", OneOf(&["Expired", "Removed"])),
        ],
    ),
];

/// Actions of OCPP 2.0.1 that this end knows and does not offer: `NotSupported`. Any other unknown action is `NotImplemented`.
pub(super) const KNOWN_ACTIONS: &[&str] = &[
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "ClearDisplayMessage",
    "ClearVariableMonitoring",
    "CustomerInformation",
    "DeleteCertificate",
    "Get15118EVCertificate",
    "GetBaseReport",
    "GetCertificateStatus",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetMonitoringReport",
    "GetReport",
    "GetTransactionStatus",
    "GetVariables",
    "InstallCertificate",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "PublishFirmware",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "SetVariableMonitoring",
    "SetVariables",
    "SignCertificate",
    "TriggerMessage",
    "UnlockConnector",
    "UnpublishFirmware",
    "UpdateFirmware",
];
