//! The small verifier and the ledger's own, over the same files: the examples of `fixtures/proofs`, and changes of them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use fairway_chain::{Consistency, Proof, verify_consistency, verify_file, verify_proof};
use fairway_verify::{Proven, trusted, verify};

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn inclusions() -> [Vec<u8>; 3] {
    [
        unhex(include_str!("../../../../fixtures/proofs/inclusion.hex")),
        unhex(include_str!(
            "../../../../fixtures/proofs/inclusion-later.hex"
        )),
        unhex(include_str!(
            "../../../../fixtures/proofs/inclusion-round.hex"
        )),
    ]
}

fn consistencies() -> [Vec<u8>; 2] {
    [
        unhex(include_str!("../../../../fixtures/proofs/consistency.hex")),
        unhex(include_str!(
            "../../../../fixtures/proofs/consistency-later.hex"
        )),
    ]
}

fn followed() -> [Vec<u8>; 3] {
    [
        unhex(include_str!(
            "../../../../fixtures/proofs/followed-inclusion.hex"
        )),
        unhex(include_str!(
            "../../../../fixtures/proofs/followed-earlier.hex"
        )),
        unhex(include_str!(
            "../../../../fixtures/proofs/followed-consistency.hex"
        )),
    ]
}

fn keys() -> (String, Vec<[u8; 32]>) {
    trusted(include_str!("../../../../fixtures/proofs/validators.txt")).unwrap()
}

/// The ledger's own verdict.
fn other(file: &[u8], chain: &str, keys: &[[u8; 32]]) -> bool {
    verify_file(file, chain, keys).is_ok()
}

#[test]
fn the_examples_are_proven_by_both_and_say_the_same() {
    let (chain, keys) = keys();
    for file in inclusions() {
        let known = verify_proof(&Proof::from_bytes(&file).unwrap(), &chain, &keys).unwrap();
        let Proven::Inclusion {
            id,
            transaction,
            receipt,
            block,
            signers,
        } = verify(&file, &chain, &keys).unwrap()
        else {
            panic!("another kind");
        };
        assert_eq!((id, block.height), (known.tx_id, known.height));
        assert_eq!((block.digest, block.time_ms), (known.digest, known.time_ms));
        assert_eq!((transaction, receipt), (known.tx.to_vec(), known.receipt));
        assert_eq!(
            (signers, block.state_root),
            (known.signers, known.state_root)
        );
    }
    for file in consistencies() {
        let proof = Consistency::from_bytes(&file).unwrap();
        let known = verify_consistency(&proof, &chain, &keys).unwrap();
        let Proven::Consistency {
            older,
            newer,
            signers,
        } = verify(&file, &chain, &keys).unwrap()
        else {
            panic!("another kind");
        };
        assert_eq!((older.height, newer.height), (known.older, known.newer));
        assert_eq!(
            (older.digest, newer.digest),
            (known.older_digest, known.newer_digest)
        );
        assert_eq!(signers, known.signers);
    }
}

#[test]
fn both_refuse_every_changed_byte_and_every_cut() {
    let (chain, keys) = keys();
    for file in inclusions()
        .into_iter()
        .chain(consistencies())
        .chain(followed())
    {
        let check = |bytes: &[u8], what: &str| {
            let (mine, theirs) = (
                verify(bytes, &chain, &keys).is_ok(),
                other(bytes, &chain, &keys),
            );
            assert_eq!((mine, theirs), (false, false), "{what}");
        };
        for at in 0..file.len() {
            for bit in [0, 3, 7] {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                check(&changed, &format!("bit {bit} of byte {at}"));
            }
            check(&file[..at], &format!("cut at {at}"));
        }
        check(&[file.as_slice(), &[0]].concat(), "a byte more");
    }
}

/// Bill lines from before, between and after changes of the validators, with nothing but the founders' keys.
#[test]
fn both_follow_handovers_from_the_founders() {
    let (chain, founders) = keys();
    let expected = [(25, Some(25)), (12, Some(12)), (25, None)];
    for (file, (height, included)) in followed().into_iter().zip(expected) {
        let (theirs, _) = verify_file(&file, &chain, &founders).unwrap();
        let mine = verify(&file, &chain, &founders).unwrap();
        let (found, signers) = match mine {
            Proven::Inclusion { block, signers, .. } => {
                assert_eq!(included, Some(block.height));
                (block.height, signers)
            }
            Proven::Consistency { newer, signers, .. } => {
                assert_eq!(included, None);
                (newer.height, signers)
            }
        };
        assert_eq!(found, height);
        assert_eq!(signers, theirs.signers());
        assert!(signers.iter().any(|key| !founders.contains(key)));
        // The proof inside alone is by strangers.
        let strangers = Proof::from_bytes(&file).is_ok() || Consistency::from_bytes(&file).is_ok();
        assert!(!strangers);
    }
}

#[test]
fn both_refuse_other_chains_and_other_validators() {
    let (chain, keys) = keys();
    let [file, ..] = inclusions();
    let check = |chain: &str, keys: &[[u8; 32]]| {
        let mine = verify(&file, chain, keys).is_ok();
        assert_eq!(mine, other(&file, chain, keys));
        mine
    };
    assert!(check(&chain, &keys));
    assert!(!check("another", &keys));
    assert!(!check(&chain, &[]));
    assert!(!check(&chain, &keys[1..]), "a signer is unknown");
    // Three of seven are too few; the same validator twice counts once.
    let strangers = (60..63).map(|n| fairway_chain::public_key(&[n; 32]));
    let larger: Vec<[u8; 32]> = keys.iter().copied().chain(strangers).collect();
    assert!(!check(&chain, &larger));
    let twice = [keys.as_slice(), keys.as_slice()].concat();
    assert!(check(&chain, &twice));
}
