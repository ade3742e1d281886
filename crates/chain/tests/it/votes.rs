//! The bytes of votes, which evidence of misbehaviour quotes: what the engine signs is what the format says.

use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Finalize, Notarize, Nullify, Proposal},
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{Signer as _, ed25519::PrivateKey, sha256::Digest};
use commonware_utils::ordered::Set;
use fairway_chain::wiring::namespace;

fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let both = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    both.map(|digit| char::from(digits[usize::from(digit)]))
        .collect()
}

#[test]
fn the_engine_signs_votes_as_the_format_says() {
    let text = include_str!("../../../../fixtures/conformance/votes.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut seen = 0;
    for (seed, line) in (1u8..).zip(lines) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [kind, chain, epoch, view, parent, block, _, signature] = fields[..] else {
            panic!("{line}");
        };
        assert_eq!(block, hex(&[seed + 100; 32]));
        let key = PrivateKey::decode(Copying([seed; 32].as_slice())).unwrap();
        let set = Set::try_from(vec![key.public_key()]).unwrap();
        let scheme = Scheme::signer(&namespace(chain), set, key).unwrap();
        let number = |text: &str| text.parse::<u64>().unwrap();
        let round = Round::new(Epoch::new(number(epoch)), View::new(number(view)));
        let proposal = Proposal::new(round, View::new(number(parent)), Digest([seed + 100; 32]));
        let signed = match kind {
            "notarize" => Notarize::sign(&scheme, proposal).unwrap().encode(),
            "finalize" => Finalize::sign(&scheme, proposal).unwrap().encode(),
            _ => Nullify::sign::<Digest>(&scheme, round).unwrap().encode(),
        };
        assert_eq!(hex(&signed[signed.len() - 64..]), signature, "{line}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}
