//! NFC Data Exchange Format (NFC Forum NDEF 1.0): what a card's chip carries.
//!
//! A card is written with one URI record (NFC Forum RTD URI 1.0) that holds the payload. Read are messages of several records:
//! the first URI or Text record (RTD Text 1.0) that holds a CIN counts, others are passed over.

use super::{CardError, parse_scan, payload};
use core::fmt;
use fairway_model::cin::Cin;

/// The longest message that is looked at: the user memory of a 1 KiB tag.
pub const MAX_NDEF_BYTES: usize = 1_024;
/// The most records in a message that is looked at.
pub const MAX_NDEF_RECORDS: usize = 16;

/// Header bits (NDEF 1.0 section 3.2): message begin, message end, chunk, short record, id length present; type name format.
const BEGIN: u8 = 0x80;
const END: u8 = 0x40;
const CHUNK: u8 = 0x20;
const SHORT: u8 = 0x10;
const ID: u8 = 0x08;
const FORMAT: u8 = 0x07;
/// Type name format "NFC Forum well-known type".
const WELL_KNOWN: u8 = 0x01;

/// Why the bytes of a chip give no CIN. Offsets count bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NdefError {
    /// More than [`MAX_NDEF_BYTES`]; holds the length.
    TooLong(usize),
    /// More than [`MAX_NDEF_RECORDS`].
    TooManyRecords,
    /// The bytes end within a record that begins at this offset.
    Truncated(usize),
    /// Begin and end marks contradict the place of the record at this offset, or bytes follow the last record.
    Marks(usize),
    /// The record at this offset is one of several chunks; no card of ours has such.
    Chunked(usize),
    /// No URI or Text record is there: an empty tag, or one for another purpose.
    NoText,
    /// A record holds text, but no CIN; the error of the first such record.
    Card(CardError),
}

impl NdefError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "too-long",
            Self::TooManyRecords => "too-many-records",
            Self::Truncated(_) => "truncated",
            Self::Marks(_) => "marks",
            Self::Chunked(_) => "chunked",
            Self::NoText => "no-text",
            Self::Card(e) => e.code(),
        }
    }
}

impl fmt::Display for NdefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(n) => write!(f, "NDEF message of {n} bytes: at most {MAX_NDEF_BYTES}"),
            Self::TooManyRecords => {
                write!(f, "NDEF message of more than {MAX_NDEF_RECORDS} records")
            }
            Self::Truncated(at) => write!(f, "NDEF record at byte {at} is cut off"),
            Self::Marks(at) => write!(f, "NDEF begin or end mark at byte {at} is wrong"),
            Self::Chunked(at) => write!(
                f,
                "NDEF record at byte {at} is chunked: expected a whole URI or Text record"
            ),
            Self::NoText => write!(
                f,
                "the chip holds no URI or Text record: not a charging card"
            ),
            Self::Card(e) => write!(f, "chip: {e}"),
        }
    }
}

impl core::error::Error for NdefError {}

/// The message to write on a CIN's chip: one short URI record.
pub fn ndef_message(cin: &Cin) -> Vec<u8> {
    let uri = payload(cin);
    // 24 bytes at most, and the identifier code 0: "no abbreviation".
    let length = u8::try_from(uri.len())
        .unwrap_or_default()
        .saturating_add(1);
    let mut out = vec![BEGIN | END | SHORT | WELL_KNOWN, 1, length, b'U', 0];
    out.extend_from_slice(uri.as_bytes());
    out
}

/// One record, borrowed from its message.
struct Record<'a> {
    header: u8,
    kind: &'a [u8],
    payload: &'a [u8],
}

/// Takes `count` bytes from the front.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    take(rest, 1)?.first().copied()
}

/// Takes one record from the front; `None` when the bytes end before it does.
fn record<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let header = byte(rest)?;
    let kind_len = usize::from(byte(rest)?);
    let payload_len = if header & SHORT != 0 {
        usize::from(byte(rest)?)
    } else {
        let bytes: [u8; 4] = take(rest, 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()?
    };
    let id_len = if header & ID != 0 {
        usize::from(byte(rest)?)
    } else {
        0
    };
    let kind = take(rest, kind_len)?;
    take(rest, id_len)?;
    Some(Record {
        header,
        kind,
        payload: take(rest, payload_len)?,
    })
}

impl Record<'_> {
    /// The text of a URI or Text record. `None` for every other record, and for text that is not UTF-8 (a CIN needs none).
    fn text(&self) -> Option<String> {
        if self.header & FORMAT != WELL_KNOWN {
            return None;
        }
        let (first, rest) = self.payload.split_first()?;
        match self.kind {
            // Identifier codes above 0 abbreviate web, phone and mail links: never a CIN.
            b"U" if *first == 0 => core::str::from_utf8(rest).ok().map(str::to_owned),
            b"U" => Some(abbreviated(*first).to_owned()),
            // Bit 7 says UTF-16; the low six bits are the length of the language code.
            b"T" if first & 0x80 == 0 => {
                let text = rest.get(usize::from(first & 0x3F)..)?;
                core::str::from_utf8(text).ok().map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// What kind of link an identifier code above 0 begins (RTD URI 1.0 table 3), as far as a message needs it.
fn abbreviated(code: u8) -> &'static str {
    match code {
        1 | 3 => "http:",
        2 | 4 => "https:",
        5 => "tel:",
        6 => "mailto:",
        _ => "link:",
    }
}

/// Reads the CIN from the NDEF message of a chip.
///
/// # Errors
/// [`NdefError`]: the message is malformed, has no text, or its text is no CIN.
pub fn parse_ndef(message: &[u8]) -> Result<Cin, NdefError> {
    if message.len() > MAX_NDEF_BYTES {
        return Err(NdefError::TooLong(message.len()));
    }
    let mut rest = message;
    let mut first_error = None;
    for number in 0..MAX_NDEF_RECORDS {
        let at = message.len().saturating_sub(rest.len());
        if rest.is_empty() && number == 0 {
            return Err(NdefError::NoText);
        }
        let record = record(&mut rest).ok_or(NdefError::Truncated(at))?;
        let last = record.header & END != 0;
        if (record.header & BEGIN != 0) != (number == 0) || last != rest.is_empty() {
            return Err(NdefError::Marks(at));
        }
        if record.header & CHUNK != 0 {
            return Err(NdefError::Chunked(at));
        }
        match record.text().map(|text| parse_scan(&text)) {
            Some(Ok(cin)) => return Ok(cin),
            Some(Err(e)) => drop(first_error.get_or_insert(e)),
            None => {}
        }
        if last {
            return Err(first_error.map_or(NdefError::NoText, NdefError::Card));
        }
    }
    Err(NdefError::TooManyRecords)
}
