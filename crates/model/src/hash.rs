//! SHA-256 (FIPS 180-4) with domain labels, and HMAC-SHA-256 (RFC 2104) for commitments and pseudonyms.

use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct Hash(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

impl Hash {
    /// SHA-256 over `len(domain) || domain || bytes`; the length byte keeps domains from running into the data.
    pub fn of(domain: &str, bytes: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        let label = domain.as_bytes();
        hasher.update([u8::try_from(label.len()).unwrap_or(u8::MAX)]);
        hasher.update(label);
        hasher.update(bytes);
        Self(hasher.finalize().into())
    }

    /// Plain SHA-256 of bytes, as every outside tool computes it.
    pub fn plain(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// HMAC-SHA-256: a commitment that only holders of `key` can open or recognise.
    pub fn keyed(key: &[u8], domain: &str, bytes: &[u8]) -> Self {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else {
            // HMAC takes keys of any length; this arm is unreachable by RFC 2104.
            return Self::of(domain, bytes);
        };
        mac.update(&[u8::try_from(domain.len()).unwrap_or(u8::MAX)]);
        mac.update(domain.as_bytes());
        mac.update(bytes);
        Self(mac.finalize().into_bytes().into())
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut out, b| {
            let _ = write!(out, "{b:02x}");
            out
        })
    }

    /// The first 16 bytes, for short unique ids.
    pub fn short(&self) -> [u8; 16] {
        let mut out = [0u8; 16];
        for (o, b) in out.iter_mut().zip(self.0) {
            *o = b;
        }
        out
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example "abc".
    #[test]
    fn sha256_official_vector() {
        assert_eq!(
            Hash::plain(b"abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn domains_separate() {
        assert_ne!(Hash::of("a", b"bc"), Hash::of("ab", b"c"));
        assert_ne!(Hash::keyed(b"k", "a", b"x"), Hash::keyed(b"k", "b", b"x"));
    }
}
