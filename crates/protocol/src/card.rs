//! Cards (CIN-07): what is printed, shown as a QR code and written to a chip, and reading it back.
//!
//! One payload serves every machine-readable form: the URI [`SCHEME`] and the digits, as in `CIN:840001111234567899`. Nothing
//! else is on a card: no name, no tier, no address.

mod ndef;
mod qr;
mod sheet;

pub use ndef::{MAX_NDEF_BYTES, MAX_NDEF_RECORDS, NdefError, ndef_message, parse_ndef};
pub use qr::{MAX_LINK_BYTES, link_svg, qr_svg};
pub use sheet::{CARDS_PER_PAGE, MAX_ISSUER_BYTES, MAX_SHEET_CARDS, Paper, sheet_html};

use core::fmt;
use fairway_model::cin::{Cin, CinError, strip_scheme};

pub use fairway_model::cin::SCHEME;

/// The longest scanned text, in bytes, that is looked at: the most digits that a QR code of version 10 holds.
pub const MAX_SCAN_BYTES: usize = 652;

/// Why a scanned text or a card cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardError {
    /// Scanned text longer than [`MAX_SCAN_BYTES`]; holds its length.
    TooLong(usize),
    /// Some other code: a web address, a contact, a ticket. Holds its scheme when it has one, at most 16 characters of it.
    Foreign(Option<String>),
    /// The payload is a CIN's, but the digits are not right.
    Cin(CinError),
    /// More cards than [`MAX_SHEET_CARDS`] on one sheet; holds how many.
    TooMany(usize),
    /// The issuer's name is empty, longer than [`MAX_ISSUER_BYTES`], or holds control characters.
    Issuer,
    /// The encoder refused; a CIN's payload always fits, so this names a defect.
    Encoder(String),
}

impl CardError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "too-long",
            Self::Foreign(_) => "foreign",
            Self::Cin(e) => e.code(),
            Self::TooMany(_) => "too-many",
            Self::Issuer => "issuer",
            Self::Encoder(_) => "encoder",
        }
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(n) => write!(
                f,
                "scanned text of {n} bytes: a card holds at most {MAX_SCAN_BYTES}"
            ),
            Self::Foreign(Some(scheme)) => write!(
                f,
                "the code is a {scheme:?} link, not a charging card ({SCHEME} and digits)"
            ),
            Self::Foreign(None) => write!(
                f,
                "the code is no charging card: expected {SCHEME} and digits"
            ),
            Self::Cin(e) => write!(f, "{e}"),
            Self::TooMany(n) => write!(f, "{n} cards on one sheet: at most {MAX_SHEET_CARDS}"),
            Self::Issuer => write!(
                f,
                "the issuer's name has 1 to {MAX_ISSUER_BYTES} bytes and no control characters"
            ),
            Self::Encoder(e) => write!(f, "the QR encoder refused the payload: {e}"),
        }
    }
}

impl core::error::Error for CardError {}

/// What QR code and chip carry. Never to be logged.
pub fn payload(cin: &Cin) -> String {
    format!("{SCHEME}{}", cin.digits())
}

/// Reads what a scanner delivers: the payload, or the digits alone. White space around it (scanners append line ends) is
/// ignored.
///
/// # Errors
/// [`CardError`]: too long, another kind of code, or wrong digits.
pub fn parse_scan(text: &str) -> Result<Cin, CardError> {
    if text.len() > MAX_SCAN_BYTES {
        return Err(CardError::TooLong(text.len()));
    }
    let text = text.trim();
    let digits = match strip_scheme(text) {
        Some(rest) => rest,
        None if text.starts_with(|c: char| c.is_numeric()) => text,
        None => return Err(CardError::Foreign(scheme_of(text))),
    };
    Cin::parse(digits).map_err(CardError::Cin)
}

/// The scheme of a URI, for the message.
fn scheme_of(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let fits = !scheme.is_empty() && scheme.len() <= 16 && scheme.chars().all(plain);
    fits.then(|| scheme.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
