//! Writing records: what the simulated meter's signing unit does.

use super::IMPORT_REGISTER;
use fairway_model::station::ReadingContext;
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND, civil_from_days};
use fairway_model::{MeterReading, Refusal, RefusalCode, SignReading, Time};
use ocmf::sign::{ReadingSpec, RecordBuilder, Secp256r1Signer, Signer};
use ocmf::{
    IdentificationFlag, IdentificationLevel, IdentificationType, MeterState, OcmfTime, Pagination,
    TimeStatus, TransactionMarker, Unit,
};
use rust_decimal::Decimal;

/// Decimal places of a register in kilowatt-hours: milliwatt-hours are kept whole.
const KWH_DECIMALS: u32 = 6;
/// Version of the signing unit (`GV`): changes with what it signs, not with the program around it.
const SIGNER_VERSION: &str = "1";

/// A meter's private key on P-256. Signing is deterministic (RFC 6979): the same reading always makes the same record.
#[derive(Debug, Clone)]
pub struct MeterKey {
    /// `None` cannot happen (see `from_seed`); it is carried so that nothing here can panic.
    signer: Option<Secp256r1Signer>,
}

impl MeterKey {
    /// The key of a seed. The highest bit is cleared and the lowest set, so that every seed is a scalar between 1 and the order.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let mut scalar = seed;
        if let Some(first) = scalar.first_mut() {
            *first &= 0x7f;
        }
        if let Some(last) = scalar.last_mut() {
            *last |= 1;
        }
        Self {
            signer: Secp256r1Signer::from_bytes(&scalar).ok(),
        }
    }

    /// The public key as SubjectPublicKeyInfo DER (91 bytes).
    pub fn public_spki(&self) -> Vec<u8> {
        self.signer
            .as_ref()
            .and_then(|s| s.public_key().ok())
            .map(|key| key.to_spki())
            .unwrap_or_default()
    }
}

impl SignReading for MeterKey {
    fn sign(&self, reading: &MeterReading) -> Option<String> {
        sign_reading(self, reading).ok()
    }
}

/// Signs one reading as an OCMF record of one value. The record names the charge (`ID`, type `CENTRAL`) and no person.
///
/// # Errors
/// [`RefusalCode::Malformed`] when a serial number, time or value cannot be written; the text names the OCMF field.
pub fn sign_reading(key: &MeterKey, reading: &MeterReading) -> Result<String, Refusal> {
    let malformed = |what: String| Refusal::new(RefusalCode::Malformed, what);
    let signer = key
        .signer
        .as_ref()
        .ok_or_else(|| malformed("the meter has no key".into()))?;
    let register = Decimal::try_from_i128_with_scale(i128::from(reading.register.0), KWH_DECIMALS)
        .map_err(|e| {
            malformed(format!(
                "register {:?} is no decimal: {e}",
                reading.register
            ))
        })?;
    let time = ocmf_time(reading.at)
        .ok_or_else(|| malformed(format!("{} is outside the years 0 to 9999", reading.at)))?;
    let session = reading.session.map(|s| s.to_string()).unwrap_or_default();
    let (level, kind) = match reading.session {
        Some(_) => (
            IdentificationLevel::parse("TRUSTED"),
            IdentificationType::Central,
        ),
        None => (IdentificationLevel::parse("NONE"), IdentificationType::None),
    };
    let spec = ReadingSpec::new(time, register, IMPORT_REGISTER, Unit::KWh)
        .transaction(marker(reading.context))
        .state(if reading.good {
            MeterState::Ok
        } else {
            MeterState::OtherError
        });
    RecordBuilder::new()
        .gateway("Fairway", &reading.gateway_serial, SIGNER_VERSION)
        .pagination(Pagination::transaction(reading.pagination))
        .meter_serial(&reading.meter_serial)
        .identification(
            reading.session.is_some(),
            level,
            vec![IdentificationFlag::parse("OCPP_RS_TLS")],
            kind,
            &session,
        )
        .reading(spec)
        .sign(signer)
        .map(|record| record.as_str().to_owned())
        .map_err(|e| malformed(format!("reading cannot be written as OCMF: {e}")))
}

fn marker(context: ReadingContext) -> TransactionMarker {
    match context {
        ReadingContext::Begin => TransactionMarker::Begin,
        ReadingContext::Interval => TransactionMarker::Charging,
        ReadingContext::End => TransactionMarker::End,
    }
}

/// UTC, marked as synchronised; `None` outside the four-digit years that OCMF can write.
fn ocmf_time(at: Time) -> Option<OcmfTime> {
    let (year, month, day) = civil_from_days(at.0.div_euclid(DAY));
    let part = |unit: i64, modulus: i64| at.0.rem_euclid(DAY).div_euclid(unit).rem_euclid(modulus);
    let year = i32::try_from(year)
        .ok()
        .filter(|y| (0..=9999).contains(y))?;
    let small = |n: i64| u8::try_from(n).ok();
    Some(OcmfTime {
        year,
        month: small(month)?,
        day: small(day)?,
        hour: small(part(HOUR, 24))?,
        minute: small(part(MINUTE, 60))?,
        second: small(part(SECOND, 60))?,
        millisecond: u16::try_from(at.0.rem_euclid(SECOND)).ok()?,
        offset_minutes: 0,
        status: Some(TimeStatus::Synchronized),
    })
}
