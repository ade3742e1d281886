//! Every byte that the chain signs or stores, by its hash, and whole proofs as examples for other verifiers: equal on every
//! build, forever. `UPDATE_EXPECT=1` writes the files anew.

use std::fmt::Write as _;

use commonware_cryptography::{Signer as _, ed25519::PrivateKey};
use expect_test::expect_file;

use crate::{
    Exporter,
    anchor::tests::{CHAIN, certify, keys, public},
    block::{Block, Record},
    config::namespace,
    export::{frame, head},
    followed::tests as followed,
    header::Header,
    lineage::{Edge, Place},
    proof::{
        hex,
        tests::{chain, grown, records, reproposed, sample},
    },
    state::{edge_key, machine_key, place_bytes, subtree_key, tx_key},
    tree::sha256,
};

fn block(header: &Header) -> Block {
    let records = if header.height == 7 {
        records()
    } else {
        Vec::new()
    };
    let proposer = keys().first().map(PrivateKey::public_key).unwrap();
    Block::new(header.clone(), proposer, records)
}

/// Blocks 1 to 12 of the sample chain, as an export holds them.
fn export() -> Vec<u8> {
    let chain = chain(13);
    let mut out = Vec::new();
    let mut exporter = Exporter::new(&mut out, CHAIN, &chain[0].digest(), 1).unwrap();
    for header in &chain[1..] {
        // Block 5 has no certificate of its own.
        let certificate = (header.height != 5).then(|| certify(header));
        let frame = frame(&block(header), certificate.as_ref());
        exporter.put(&frame).unwrap();
    }
    assert_eq!(exporter.finish().unwrap(), Some(12));
    out
}

#[test]
fn conformance_hashes_of_the_chain_hold() {
    let chain = chain(100);
    let mut edge = Edge::default();
    for header in &chain {
        edge.push(&header.digest());
    }
    let record: &Record = &records()[3];
    let signature = &certify(&chain[9]).signatures[0];
    let place = Place { level: 4, index: 3 };
    let id = [5; 32];
    let items: Vec<(&str, Vec<u8>)> = vec![
        (
            "block",
            commonware_codec::Encode::encode(&block(&chain[7])).to_vec(),
        ),
        ("certificate/signature", signature.signature.to_vec()),
        (
            "export/block",
            frame(&block(&chain[7]), Some(&certify(&chain[7]))),
        ),
        ("export/head", head(CHAIN, &[4; 32], 1)),
        ("export/whole", export()),
        ("header", chain[9].to_bytes()),
        ("history/edge", edge.to_bytes()),
        ("history/root", edge.root().to_vec()),
        ("key/edge", edge_key().to_vec()),
        ("key/machine", machine_key(&id).to_vec()),
        ("key/subtree", subtree_key(place).to_vec()),
        ("key/transaction", tx_key(&id).to_vec()),
        ("namespace", namespace(CHAIN)),
        ("proof/consistency", grown(5, 9, 12).to_bytes()),
        ("proof/followed", followed::followed(25, 25)),
        ("proof/inclusion", sample(12).to_bytes()),
        ("proof/inclusion-round", reproposed().to_bytes()),
        ("record/leaf", record.leaf().to_vec()),
        ("value/place", place_bytes(7, 3).to_vec()),
    ];
    let lines: Vec<String> = items
        .iter()
        .map(|(name, bytes)| format!("  \"{name}\": \"{}\"", hex(&sha256(&[bytes]))))
        .collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    expect_file!["../../../fixtures/conformance/chain.json"].assert_eq(&text);
}

/// Bytes as lines of 64 digits.
fn lines(bytes: &[u8]) -> String {
    bytes.chunks(32).fold(String::new(), |mut out, line| {
        writeln!(out, "{}", hex(line)).unwrap();
        out
    })
}

#[test]
fn example_files_for_other_verifiers_hold() {
    let keys: Vec<String> = keys()
        .iter()
        .map(|key| format!("validator {}\n", hex(&public(key))))
        .collect();
    let keys = format!("chain {CHAIN}\n{}", keys.concat());
    expect_file!["../../../fixtures/proofs/validators.txt"].assert_eq(&keys);
    expect_file!["../../../fixtures/proofs/inclusion.hex"].assert_eq(&lines(&sample(7).to_bytes()));
    expect_file!["../../../fixtures/proofs/inclusion-later.hex"]
        .assert_eq(&lines(&sample(12).to_bytes()));
    expect_file!["../../../fixtures/proofs/inclusion-round.hex"]
        .assert_eq(&lines(&reproposed().to_bytes()));
    expect_file!["../../../fixtures/proofs/consistency.hex"]
        .assert_eq(&lines(&grown(5, 9, 9).to_bytes()));
    expect_file!["../../../fixtures/proofs/followed-inclusion.hex"]
        .assert_eq(&lines(&followed::followed(25, 25)));
    expect_file!["../../../fixtures/proofs/followed-earlier.hex"]
        .assert_eq(&lines(&followed::followed(12, 19)));
    expect_file!["../../../fixtures/proofs/followed-consistency.hex"]
        .assert_eq(&lines(&followed::grown()));
    expect_file!["../../../fixtures/proofs/consistency-later.hex"]
        .assert_eq(&lines(&grown(0, 9, 12).to_bytes()));
}
