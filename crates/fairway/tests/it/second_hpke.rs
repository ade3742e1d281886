//! The encryption between members against an implementation that nobody here wrote: the one of rustls over AWS-LC.

use fairway_model::registry::EncryptionKey;
use fairway_utility::seal::{DecryptionKey, Sealed, seal};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke, HpkePublicKey};

#[test]
fn another_hpke_opens_ours_and_we_open_its() {
    let theirs: &dyn Hpke = DH_KEM_X25519_HKDF_SHA256_AES_128;
    let (info, aad) = (b"what both know".as_slice(), b"the head".as_slice());
    for length in [0usize, 1, 15, 16, 17, 4_096, 300_000] {
        let plain: Vec<u8> = (0u8..=255).cycle().take(length).collect();
        let (public, private) = theirs.generate_key_pair().unwrap();
        let key = EncryptionKey(public.0.try_into().unwrap());
        let ours = seal(&key, info, aad, &plain, [9; 32]).unwrap();
        let enc = EncapsulatedSecret(ours.enc.to_vec());
        let opened = theirs.open(&enc, info, aad, &ours.text, &private).unwrap();
        assert_eq!(opened, plain);
        assert!(
            theirs
                .open(&enc, info, b"another head", &ours.text, &private)
                .is_err()
        );

        let own = DecryptionKey::from_seed([3; 32]);
        let to = HpkePublicKey(own.public().0.to_vec());
        let (enc, text) = theirs.seal(info, aad, &plain, &to).unwrap();
        let sealed = Sealed {
            enc: enc.0.try_into().unwrap(),
            text,
        };
        assert_eq!(own.open(&sealed, info, aad), Some(plain));
        assert_eq!(own.open(&sealed, info, b"another head"), None);
    }
}
