//! Signed meter readings: OCMF records (S.A.F.E. e.V.), ECDSA-secp256r1-SHA256.
//!
//! A record is `OCMF|{payload}|{signature}`; what is signed are the payload's bytes as they were written, so a record is kept and
//! passed on as text and never rebuilt.
//!
//! Invariant: a register value leaves here only when the signature over the bytes as received verified; it is read as an exact
//! decimal, never through a float. Tested against the reference records of S.A.F.E. with OpenSSL's verdicts and against pyocmf.

mod read;
mod write;

pub use read::{
    VerifiedReading, check_key, publish_key, read_published_key, verify, verify_beside,
};
pub use write::{MeterKey, sign_reading};

/// OBIS code of the register that we write: total import, mains side (OCMF table 25).
const IMPORT_REGISTER: &str = "01-00:B0.08.00*FF";
