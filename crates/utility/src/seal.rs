//! Encryption to one member: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM.
//!
//! Only who holds the private half of the key that was encrypted to can open; the sender cannot either. What both sides know in
//! the clear (`info` and `aad`) must be the same on both, or nothing opens. Who sent it is not proven here: the envelope's
//! signature does that. Checked against the RFC's own numbers, and in `fairway` against another implementation.

use fairway_model::Hash;
use fairway_model::registry::EncryptionKey;
use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{CryptoRng, TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type KemPublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes that a sealed text is longer than the plain one (the AEAD's tag).
pub const TAG: usize = 16;

/// The private half of an encryption key. Never printed.
#[derive(Clone)]
pub struct DecryptionKey {
    private: PrivateKey,
    public: EncryptionKey,
}

/// An encrypted text, with the sender's one-time public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// HPKE's encapsulated key.
    pub enc: [u8; 32],
    /// Ciphertext and tag.
    pub text: Vec<u8>,
}

/// Encrypts `plain` to `key`. `entropy` must be fresh and secret: who knows it reads the text.
///
/// `None` when `key` is no usable X25519 key (a point of small order).
pub fn seal(
    key: &EncryptionKey,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    entropy: [u8; 32],
) -> Option<Sealed> {
    let mut chance = Drawn {
        entropy,
        counter: 0,
    };
    seal_by(key, info, aad, plain, &mut chance)
}

fn seal_by(
    key: &EncryptionKey,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    chance: &mut impl CryptoRng,
) -> Option<Sealed> {
    let key = KemPublicKey::from_bytes(&key.0).ok()?;
    let (enc, text) = hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        info,
        plain,
        aad,
        chance,
    )
    .ok()?;
    Some(Sealed {
        enc: enc.to_bytes().into(),
        text,
    })
}

impl DecryptionKey {
    /// The key that this seed stands for (`DeriveKeyPair` of RFC 9180, section 7.1.3).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(&seed);
        Self {
            private,
            public: EncryptionKey(public.to_bytes().into()),
        }
    }

    /// The public half.
    pub fn public(&self) -> EncryptionKey {
        self.public
    }

    /// The plain text, or `None` when anything is not as the sender made it or it was encrypted to another key.
    pub fn open(&self, sealed: &Sealed, info: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        let enc = EncappedKey::from_bytes(&sealed.enc).ok()?;
        hpke::single_shot_open::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &enc,
            info,
            &sealed.text,
            aad,
        )
        .ok()
    }
}

impl core::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DecryptionKey(of {})", self.public)
    }
}

/// Random bytes made of the entropy of one input, because a machine draws none itself.
struct Drawn {
    entropy: [u8; 32],
    counter: u64,
}

impl TryRng for Drawn {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = Hash::keyed(
                &self.entropy,
                "fairway.seal.draw",
                &self.counter.to_be_bytes(),
            );
            for (to, from) in chunk.iter_mut().zip(block.0) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the bytes that the RFC's numbers were made with.
    struct Given(Vec<u8>);

    impl TryRng for Given {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            panic!("the KEM draws 32 bytes at once")
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            panic!("the KEM draws 32 bytes at once")
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.copy_from_slice(&self.0);
            Ok(())
        }
    }

    impl TryCryptoRng for Given {}

    fn vector(name: &str) -> Vec<u8> {
        let text = include_str!("../fixtures/rfc9180-a1.txt");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let digits = line.unwrap().as_bytes();
        digits
            .chunks(2)
            .map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn official_vector() {
        let ours = DecryptionKey::from_seed(vector("ikmR").try_into().unwrap());
        assert_eq!(ours.public().0.to_vec(), vector("pkRm"));
        let (info, aad) = (vector("info"), vector("aad"));
        let sealed = seal_by(
            &ours.public(),
            &info,
            &aad,
            &vector("pt"),
            &mut Given(vector("ikmE")),
        )
        .unwrap();
        assert_eq!(sealed.enc.to_vec(), vector("enc"));
        assert_eq!(sealed.text, vector("ct"));
        assert_eq!(ours.open(&sealed, &info, &aad), Some(vector("pt")));
    }

    #[test]
    fn nobody_else_opens_it_and_nothing_may_differ() {
        let (ours, other) = (
            DecryptionKey::from_seed([1; 32]),
            DecryptionKey::from_seed([2; 32]),
        );
        let sealed = seal(&ours.public(), b"info", b"aad", b"plain", [7; 32]).unwrap();
        assert_eq!(sealed.text.len(), 5 + TAG);
        assert_eq!(
            ours.open(&sealed, b"info", b"aad").as_deref(),
            Some(&b"plain"[..])
        );
        assert_eq!(other.open(&sealed, b"info", b"aad"), None);
        assert_eq!(ours.open(&sealed, b"other", b"aad"), None);
        assert_eq!(ours.open(&sealed, b"info", b"aae"), None);
        for bit in 0..8 * (32 + sealed.text.len()) {
            let mut bad = sealed.clone();
            match bad.enc.get_mut(bit / 8) {
                Some(byte) => *byte ^= 1 << (bit % 8),
                None => bad.text[bit / 8 - 32] ^= 1 << (bit % 8),
            }
            // RFC 7748: the topmost bit of a public key is ignored by X25519, and yet bound by the KEM.
            assert_eq!(ours.open(&bad, b"info", b"aad"), None, "bit {bit}");
        }
    }

    #[test]
    fn fresh_entropy_gives_other_bytes_and_a_bad_key_gives_none() {
        let key = DecryptionKey::from_seed([1; 32]).public();
        let one = seal(&key, b"", b"", b"plain", [7; 32]).unwrap();
        let two = seal(&key, b"", b"", b"plain", [8; 32]).unwrap();
        assert!(one.enc != two.enc && one.text != two.text);
        for small in [0u8, 1] {
            let mut bytes = [0; 32];
            bytes[0] = small;
            assert_eq!(
                seal(&EncryptionKey(bytes), b"", b"", b"plain", [7; 32]),
                None
            );
        }
        assert!(!format!("{:?}", DecryptionKey::from_seed([1; 32])).contains("01010101"));
    }
}
