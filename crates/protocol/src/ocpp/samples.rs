//! Meter values: OCPP's sampled values to and from our readings.

use super::Finding;
use super::frame::{RpcCode, Violation};
use super::get::Get;
use super::number::{read_time, scaled};
use crate::ocmf::{publish_key, read_published_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fairway_model::Energy;
use fairway_model::station::{MAX_SAMPLES, MAX_SIGNED_RECORD, MeterSample, ReadingContext};
use serde_json::{Map, Number, Value, json};

/// The register that is billed; also meant where a value names no measurand.
const IMPORT: &str = "Energy.Active.Import.Register";
/// Largest power of ten in `unitOfMeasure.multiplier`, either way.
const MAX_MULTIPLIER: i64 = 12;

/// Reads a checked `meterValue` list at `at`.
pub(super) fn read(
    values: &[Value],
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<MeterSample>, Violation> {
    let mut samples = Vec::new();
    for (i, value) in values
        .iter()
        .enumerate()
        .filter_map(|(i, v)| v.as_object().map(|v| (i, v)))
    {
        read_entry(value, &format!("{at}/{i}"), &mut samples, findings)?;
        if samples.len() > MAX_SAMPLES {
            let rule = format!("more than {MAX_SAMPLES} register readings in one message");
            return Err(Violation::new(
                RpcCode::OccurrenceConstraintViolation,
                at,
                rule,
            ));
        }
    }
    Ok(samples)
}

/// One point in time: power and charge level belong to every register reading of it.
fn read_entry(
    entry: &Map<String, Value>,
    at: &str,
    samples: &mut Vec<MeterSample>,
    findings: &mut Vec<Finding>,
) -> Result<(), Violation> {
    let time = entry
        .text(&["timestamp"])
        .and_then(read_time)
        .unwrap_or_default();
    let all = || {
        entry
            .list(&["sampledValue"])
            .iter()
            .enumerate()
            .filter_map(|(i, v)| v.as_object().map(|v| (i, v)))
    };
    let whole = |measurand: &str, places: i32| {
        let (_, value) = all()
            .find(|(_, v)| v.text(&["measurand"]) == Some(measurand) && v.get("phase").is_none())?;
        quantity(value, places).map(|(n, _)| n)
    };
    let power_w =
        whole("Power.Active.Import", 0).map(|n| u32::try_from(n.max(0)).unwrap_or(u32::MAX));
    let soc = whole("SoC", 0)
        .and_then(|n| u8::try_from(n).ok())
        .filter(|soc| *soc <= 100);
    let before = samples.len();
    for (i, value) in all().filter(|(_, v)| is_import(v)) {
        let at = format!("{at}/sampledValue/{i}");
        let register = register(value, &at, findings)?;
        let context = match value.text(&["context"]) {
            Some("Transaction.Begin") => ReadingContext::Begin,
            Some("Transaction.End") => ReadingContext::End,
            _ => ReadingContext::Interval,
        };
        let (signed, public_key) = signed(value, &at, findings);
        samples.push(MeterSample {
            at: time,
            context,
            register,
            power_w,
            soc,
            signed,
            public_key,
        });
    }
    if samples.len() == before {
        findings.push(Finding::new(
            at,
            "no reading of the import register; nothing to bill in it",
        ));
    }
    Ok(())
}

/// The whole register of the outlet, not one phase, not the car's inlet.
fn is_import(value: &Map<String, Value>) -> bool {
    value.text(&["measurand"]).unwrap_or(IMPORT) == IMPORT
        && value.get("phase").is_none()
        && matches!(value.text(&["location"]), None | Some("Outlet"))
}

/// A value times its multiplier, moved by `places`.
fn quantity(value: &Map<String, Value>, places: i32) -> Option<(i128, bool)> {
    let multiplier = value.integer(&["unitOfMeasure", "multiplier"]).unwrap_or(0);
    if multiplier.abs() > MAX_MULTIPLIER {
        return None;
    }
    let unit = match value.text(&["unitOfMeasure", "unit"]) {
        Some("kWh" | "kW") => 3,
        _ => 0,
    };
    let places = places
        .checked_add(i32::try_from(multiplier).ok()?)?
        .checked_add(unit)?;
    scaled(value.number(&["value"])?.as_str(), places)
}

fn register(
    value: &Map<String, Value>,
    at: &str,
    findings: &mut Vec<Finding>,
) -> Result<Energy, Violation> {
    let unit = value.text(&["unitOfMeasure", "unit"]).unwrap_or("Wh");
    if !matches!(unit, "Wh" | "kWh") {
        let rule = format!("an energy register in {unit:?}; Wh or kWh are read");
        return Err(Violation::new(
            RpcCode::PropertyConstraintViolation,
            &format!("{at}/unitOfMeasure/unit"),
            rule,
        ));
    }
    let (milliwatt_hours, exact) = quantity(value, 3).unwrap_or((-1, true));
    if !exact {
        findings.push(Finding::new(
            &format!("{at}/value"),
            "finer than a milliwatt-hour; cut",
        ));
    }
    u64::try_from(milliwatt_hours).map(Energy).map_err(|_| {
        Violation::new(
            RpcCode::PropertyConstraintViolation,
            &format!("{at}/value"),
            "an import register is neither negative nor over 1.8e16 Wh",
        )
    })
}

/// The signed record as text, and the key beside it. What cannot be read is passed on as it came: whoever verifies will refuse it.
fn signed(
    value: &Map<String, Value>,
    at: &str,
    findings: &mut Vec<Finding>,
) -> (Option<String>, Option<Vec<u8>>) {
    let Some(data) = value.text(&["signedMeterValue", "signedMeterData"]) else {
        return (None, None);
    };
    let decoded = STANDARD
        .decode(data)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let record = decoded.unwrap_or_else(|| data.to_owned());
    if record.len() > MAX_SIGNED_RECORD {
        findings.push(Finding::new(
            at,
            &format!(
                "signed record of {} bytes left out; at most {MAX_SIGNED_RECORD} are kept",
                record.len()
            ),
        ));
        return (None, None);
    }
    let key = value
        .text(&["signedMeterValue", "publicKey"])
        .unwrap_or_default();
    let public_key = read_published_key(key);
    if public_key.is_none() && !key.is_empty() {
        findings.push(Finding::new(
            at,
            "publicKey is no public key in OCA, Base64 or hexadecimal spelling; ignored",
        ));
    }
    (Some(record), public_key)
}

/// Writes readings as a `meterValue` list.
pub(super) fn write(samples: &[MeterSample], meter_spki: &[u8]) -> Value {
    samples
        .iter()
        .map(|sample| write_one(sample, meter_spki))
        .collect()
}

fn write_one(sample: &MeterSample, meter_spki: &[u8]) -> Value {
    let context = match sample.context {
        ReadingContext::Begin => "Transaction.Begin",
        ReadingContext::Interval => "Sample.Periodic",
        ReadingContext::End => "Transaction.End",
    };
    let mut register = json!({
        "value": watt_hours(sample.register), "context": context, "measurand": IMPORT,
        "location": "Outlet", "unitOfMeasure": { "unit": "Wh" },
    });
    if let (Some(record), Some(object)) = (&sample.signed, register.as_object_mut()) {
        let key = sample.public_key.as_deref().unwrap_or(meter_spki);
        let signed = json!({
            "signedMeterData": STANDARD.encode(record), "signingMethod": "ECDSA-secp256r1-SHA256",
            "encodingMethod": "OCMF", "publicKey": publish_key(key),
        });
        object.insert("signedMeterValue".into(), signed);
    }
    let mut values = vec![register];
    if let Some(power) = sample.power_w {
        values.push(json!({ "value": power, "context": context, "measurand": "Power.Active.Import", "unitOfMeasure": { "unit": "W" } }));
    }
    if let Some(soc) = sample.soc {
        values.push(json!({ "value": soc, "context": context, "measurand": "SoC", "location": "EV", "unitOfMeasure": { "unit": "Percent" } }));
    }
    json!({ "timestamp": sample.at.rfc3339(), "sampledValue": values })
}

/// Milliwatt-hours as a decimal number of watt-hours.
fn watt_hours(energy: Energy) -> Number {
    let (whole, part) = (
        energy.0.checked_div(1_000).unwrap_or(0),
        energy.0.checked_rem(1_000).unwrap_or(0),
    );
    let text = format!("{whole}.{part:03}");
    text.trim_end_matches('0')
        .trim_end_matches('.')
        .parse()
        .unwrap_or_else(|_| Number::from(0))
}
