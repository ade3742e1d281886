//! Ed25519 signatures under the ZIP-215 rules, where single and batched verification always agree: validators that check in
//! batches of different sizes must reach the same verdict.

use crate::hash::Hash;
use core::fmt;
use ed25519_consensus as ed;
use minicbor::{Decode, Encode};

/// A public key: 32 bytes, RFC 8032 encoding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

/// A signature: 64 bytes, RFC 8032 encoding.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(with = "minicbor::bytes")] pub [u8; 64]);

/// A private key. Its bytes are never printed.
#[derive(Clone)]
pub struct SigningKey(ed::SigningKey);

/// One claim that `key` signed `message`; `message` is made by [`signed_bytes`].
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who is said to have signed.
    pub key: PublicKey,
    /// The domain-separated bytes that were signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

/// The bytes that are signed for `body` in `domain`: the digest of both, so that a signature for one purpose never serves another.
pub fn signed_bytes(domain: &str, body: &[u8]) -> Vec<u8> {
    Hash::of(domain, body).0.to_vec()
}

impl SigningKey {
    /// The key that this 32-byte seed stands for (RFC 8032 private key).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed::SigningKey::from(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verification_key().to_bytes())
    }

    /// Signs `body` for one purpose. Deterministic: no random number is drawn.
    pub fn sign(&self, domain: &str, body: &[u8]) -> Signature {
        Signature(self.0.sign(&signed_bytes(domain, body)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public())
    }
}

impl PublicKey {
    /// Whether this key signed `body` for `domain`.
    pub fn verify(&self, domain: &str, body: &[u8], signature: &Signature) -> bool {
        self.verify_raw(&signed_bytes(domain, body), signature)
    }

    /// Whether this key signed exactly these bytes.
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> bool {
        ed::VerificationKey::try_from(self.0).is_ok_and(|key| {
            key.verify(&ed::Signature::from(signature.0), message)
                .is_ok()
        })
    }
}

/// Checks many claims at once, at roughly half the cost of one by one. `true` when every claim holds.
///
/// The blinding factors of the batch equation come from a hash of all claims, so the verdict is the same on every machine.
pub fn verify_all(claims: &[Claim]) -> bool {
    let mut batch = ed::batch::Verifier::new();
    let mut transcript = Vec::with_capacity(claims.len().saturating_mul(128));
    for claim in claims {
        transcript.extend_from_slice(&claim.key.0);
        transcript.extend_from_slice(&claim.message);
        transcript.extend_from_slice(&claim.signature.0);
        let item = (
            ed::VerificationKeyBytes::from(claim.key.0),
            ed::Signature::from(claim.signature.0),
            claim.message.as_slice(),
        );
        batch.queue(item);
    }
    batch
        .verify(DerivedRng {
            seed: Hash::of("fairway.batch", &transcript),
            counter: 0,
        })
        .is_ok()
}

/// Blinding factors by hashing a seed with a counter.
struct DerivedRng {
    seed: Hash,
    counter: u64,
}

impl ed_rand::RngCore for DerivedRng {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0u8; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0u8; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = Hash::keyed(
                &self.seed.0,
                "fairway.batch.block",
                &self.counter.to_le_bytes(),
            );
            for (d, b) in chunk.iter_mut().zip(block.0) {
                *d = b;
            }
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), ed_rand::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl ed_rand::CryptoRng for DerivedRng {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for b in self.0.iter().take(8) {
            write!(f, "{b:02x}")?;
        }
        f.write_str("..")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, TEST 2.
    #[test]
    fn official_vector() {
        let seed: [u8; 32] =
            hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
                .unwrap()
                .try_into()
                .unwrap();
        let key = SigningKey::from_seed(seed);
        assert_eq!(
            format!("{}", key.public()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.0.sign(&[0x72]).to_bytes();
        assert_eq!(
            hex::encode(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().verify_raw(&[0x72], &Signature(signature)));
    }

    #[test]
    fn purpose_and_body_are_bound() {
        let key = SigningKey::from_seed([7; 32]);
        let signature = key.sign("a", b"body");
        assert!(key.public().verify("a", b"body", &signature));
        assert!(!key.public().verify("b", b"body", &signature));
        assert!(!key.public().verify("a", b"bodx", &signature));
    }

    #[test]
    fn batch_agrees_with_single() {
        let claims: Vec<Claim> = (0u8..20)
            .map(|i| {
                let key = SigningKey::from_seed([i; 32]);
                Claim {
                    key: key.public(),
                    message: signed_bytes("t", &[i]),
                    signature: key.sign("t", &[i]),
                }
            })
            .collect();
        assert!(verify_all(&claims));
        let mut bad = claims;
        bad[13].message[0] ^= 1;
        assert!(!verify_all(&bad));
    }
}
