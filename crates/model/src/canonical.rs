//! Canonical bytes: deterministic CBOR (RFC 8949 section 4.2) of a value.
//!
//! Fields are encoded as arrays in the order of their index, integers in their shortest form, lengths definite. A decoder that
//! accepted another spelling of the same value would let one signature stand for two byte strings, so decoding re-encodes and
//! compares.

use crate::hash::Hash;

/// The largest byte string that [`Canonical::from_bytes`] looks at. Larger input is refused unread.
pub const MAX_CANONICAL_BYTES: usize = 1 << 20;

/// Why bytes are not the canonical form of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// More than [`MAX_CANONICAL_BYTES`]; holds the length found.
    TooLong(usize),
    /// Not CBOR of the expected shape; holds where and what.
    Malformed(String),
    /// Decodes, but is not the one canonical spelling (longer integers, trailing bytes, indefinite lengths).
    NotCanonical,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong(n) => write!(
                f,
                "{n} bytes are more than the {MAX_CANONICAL_BYTES} allowed"
            ),
            Self::Malformed(m) => write!(f, "malformed CBOR: {m}"),
            Self::NotCanonical => write!(f, "not in canonical form: re-encoding gives other bytes"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A value with exactly one byte representation.
pub trait Canonical: Sized {
    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`] says whether the input is too long, malformed, or a second spelling of a value.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError>;

    /// SHA-256 of the canonical bytes under a domain label, so that values of two types never share a hash.
    fn digest(&self, domain: &str) -> Hash {
        Hash::of(domain, &self.to_bytes())
    }
}

impl<T> Canonical for T
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a Vec cannot fail, and no type of ours refuses to encode.
        if minicbor::encode(self, &mut out).is_err() {
            out.clear();
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_CANONICAL_BYTES {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        let value: Self =
            minicbor::decode(bytes).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        if value.to_bytes() == bytes {
            Ok(value)
        } else {
            Err(DecodeError::NotCanonical)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_spelling_of_an_integer_is_refused() {
        assert_eq!(<u32 as Canonical>::from_bytes(&[0x05]), Ok(5));
        assert_eq!(
            <u32 as Canonical>::from_bytes(&[0x18, 0x05]),
            Err(DecodeError::NotCanonical)
        );
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert_eq!(
            <u32 as Canonical>::from_bytes(&[0x05, 0x00]),
            Err(DecodeError::NotCanonical)
        );
    }

    #[test]
    fn garbage_is_named() {
        assert!(matches!(
            <u32 as Canonical>::from_bytes(&[0xff]),
            Err(DecodeError::Malformed(_))
        ));
    }
}
