//! Reading records: what a utility believes of a meter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fairway_model::station::{MAX_SIGNED_RECORD, ReadingContext};
use fairway_model::{Energy, Refusal, RefusalCode, SessionId, Time};
use ocmf::{
    Limits, Profile, PublicKey, Reading, Record, SignatureAlgorithm, TransactionMarker, Unit,
    VerifyError, verify as ocmf_verify,
};

/// Most readings in one record; a real one has at most six.
const MAX_READINGS: usize = 64;

/// A record whose signature verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReading {
    /// When the record's last import reading was taken.
    pub at: Time,
    /// Why it was taken.
    pub context: ReadingContext,
    /// Import register in that reading.
    pub register: Energy,
    /// Whether the meter vouches for the value: state `G`, no error flag. A value that it does not vouch for must not be billed.
    pub good: bool,
    /// The reading at the begin of the transaction, where the same record repeats it (many meters do in their last record).
    pub begin: Option<(Time, Energy)>,
    /// The meter's counter of records (`PG`).
    pub pagination: u64,
    /// Serial number of the meter (`MS`), empty where the record has none, as nine in ten real records.
    pub meter_serial: String,
    /// Serial number of the signing unit (`GS`), empty where the record has none.
    pub gateway_serial: String,
    /// The charge, where the record names one of ours (`ID`).
    pub session: Option<SessionId>,
}

/// Verifies a record with the key that is registered for the meter.
///
/// # Errors
/// `too-large` over [`MAX_SIGNED_RECORD`] bytes; `malformed` when it is no record or lacks what a reading needs; `meter-key` when
/// the registered key cannot be used for it; `meter-signature` when the bytes are not what the key's holder signed.
pub fn verify(record: &str, registered_spki: &[u8]) -> Result<VerifiedReading, Refusal> {
    verify_beside(record, None, registered_spki)
}

/// As [`verify`], for a record that came with a public key beside it: another key than the registered one is `meter-key`, even
/// when the record verifies with it. A changed byte and a foreign key look the same to ECDSA, so only the key beside tells them apart.
///
/// # Errors
/// As [`verify`].
pub fn verify_beside(
    record: &str,
    beside_spki: Option<&[u8]>,
    registered_spki: &[u8],
) -> Result<VerifiedReading, Refusal> {
    if record.len() > MAX_SIGNED_RECORD {
        let text = format!(
            "signed record of {} bytes; at most {MAX_SIGNED_RECORD} are read",
            record.len()
        );
        return Err(Refusal::new(RefusalCode::TooLarge, text));
    }
    let key = registered(registered_spki)?;
    if let Some(beside) = beside_spki {
        same_key(beside, &key)?;
    }
    let limits = Limits::DEFAULT
        .record(MAX_SIGNED_RECORD)
        .payload(MAX_SIGNED_RECORD)
        .readings(MAX_READINGS);
    let parsed = Record::parse_with(record, Profile::Interop, &limits)
        .map_err(|e| malformed(&format!("signed record: {e}")))?;
    ocmf_verify(&parsed, &key).map_err(|e| unverified(&e))?;
    reading_of(&parsed)
}

/// The `publicKey` text that goes beside a record in OCPP: Base64 of `oca:base16:asn1:` and the key in hexadecimal digits (OCA
/// application note "Signed meter values in OCPP"). Empty for bytes that are no key.
pub fn publish_key(spki: &[u8]) -> String {
    PublicKey::from_spki(spki)
        .map(|key| key.to_oca_base64())
        .unwrap_or_default()
}

/// Whether a key can be registered for a meter: SubjectPublicKeyInfo of a curve that OCMF knows, whole and nothing behind it. What is
/// registered unread would only be found wrong when the first charge is to be billed.
///
/// # Errors
/// `meter-key` with what is wrong.
pub fn check_key(spki: &[u8]) -> Result<(), Refusal> {
    registered(spki).map(|_| ())
}

/// Reads the `publicKey` text of OCPP in any spelling in use (OCA composition, Base64 or hexadecimal DER) to SubjectPublicKeyInfo DER;
/// `None` for an empty text or one that is no key.
pub fn read_published_key(text: &str) -> Option<Vec<u8>> {
    let curve = Some(SignatureAlgorithm::EcdsaSecp256r1Sha256.curve());
    let decoded = || {
        STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| PublicKey::from_bytes(&bytes, curve).ok())
    };
    PublicKey::from_oca(text, curve)
        .or_else(|_| PublicKey::from_text(text, curve))
        .ok()
        .or_else(decoded)
        .map(|key| key.to_spki())
}

fn malformed(text: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, text)
}

fn registered(spki: &[u8]) -> Result<PublicKey, Refusal> {
    PublicKey::from_spki(spki).map_err(|e| {
        Refusal::new(
            RefusalCode::MeterKey,
            format!("the key registered for this meter is no SubjectPublicKeyInfo: {e}"),
        )
    })
}

fn same_key(beside: &[u8], registered: &PublicKey) -> Result<(), Refusal> {
    let found = PublicKey::from_bytes(beside, Some(registered.curve()));
    if found
        .as_ref()
        .is_ok_and(|key| key.to_spki() == registered.to_spki())
    {
        return Ok(());
    }
    let text = "the record came with a public key that is not the one registered for this meter; register the meter's key or replace the meter";
    Err(Refusal::new(RefusalCode::MeterKey, text))
}

fn unverified(error: &VerifyError) -> Refusal {
    let code = match error {
        VerifyError::AlgorithmKeyMismatch { .. }
        | VerifyError::KeyNotOnCurve { .. }
        | VerifyError::Key(_) => RefusalCode::MeterKey,
        _ => RefusalCode::MeterSignature,
    };
    let text = match error {
        VerifyError::NotVerified => "the record is not what the registered key signed: a byte was changed, or another key signed it".into(),
        other => format!("signed record: {other}"),
    };
    Refusal::new(code, text)
}

/// The last reading of an import register, and the first where it marks the begin.
fn reading_of(record: &Record<'_>) -> Result<VerifiedReading, Refusal> {
    let payload = record.payload();
    let mut imports = payload.readings().iter().filter(|r| {
        // A reading without OBIS code is taken as the import register: chargers only charge.
        r.value().is_some()
            && r.obis()
                .is_none_or(|o| o.register().is_import() != Some(false))
    });
    let first = imports
        .next()
        .ok_or_else(|| malformed("signed record without a reading of an import register (RD)"))?;
    let last = imports.next_back();
    let begin = match last {
        Some(_) if first.transaction().is_some_and(TransactionMarker::is_begin) => {
            Some(value_of(first)?)
        }
        _ => None,
    };
    let last = last.unwrap_or(first);
    let (at, register) = value_of(last)?;
    Ok(VerifiedReading {
        at,
        context: context_of(last.transaction()),
        register,
        good: last.is_billable(),
        begin,
        pagination: payload
            .pagination()
            .ok_or_else(|| malformed("signed record without pagination (PG), a letter and digits"))?
            .number(),
        meter_serial: payload.meter_serial().unwrap_or_default().to_owned(),
        gateway_serial: payload.gateway_serial().unwrap_or_default().to_owned(),
        session: payload
            .identification_data()
            .and_then(|id| SessionId::parse(id).ok()),
    })
}

fn context_of(marker: Option<TransactionMarker>) -> ReadingContext {
    match marker {
        Some(m) if m.is_begin() => ReadingContext::Begin,
        Some(m) if m.is_end() => ReadingContext::End,
        _ => ReadingContext::Interval,
    }
}

fn value_of(reading: &Reading<'_>) -> Result<(Time, Energy), Refusal> {
    let time = reading
        .time()
        .ok_or_else(|| malformed("signed reading without a time (TM)"))?;
    let value = reading
        .value()
        .ok_or_else(|| malformed("signed reading without a value (RV)"))?;
    let places: u32 = match reading.unit() {
        Some(Unit::KWh) => 6,
        Some(Unit::Wh) => 3,
        other => {
            return Err(malformed(&format!(
                "signed reading in {other:?}; kWh or Wh are billed"
            )));
        }
    };
    let exact = value.value();
    let register = milliwatt_hours(exact.mantissa(), exact.scale(), places).ok_or_else(|| {
        malformed(&format!(
            "register {} is negative or too large for a meter",
            value.as_str()
        ))
    })?;
    Ok((Time(time.unix_millis()), register))
}

/// `mantissa / 10^scale` times `10^places`, cut to whole units; `None` when negative or too large.
fn milliwatt_hours(mantissa: i128, scale: u32, places: u32) -> Option<Energy> {
    let scaled = mantissa.checked_mul(10_i128.checked_pow(places)?)?;
    let whole = scaled.checked_div(10_i128.checked_pow(scale)?)?;
    if mantissa < 0 {
        return None;
    }
    u64::try_from(whole).ok().map(Energy)
}
