//! Session ids are one of a kind (CIN-08).

use fairway_model::{MemberId, SessionId};

/// Makes ids of two gateways with the same secret, a half each, and looks for equal ones.
fn distinct(count: u64) {
    let members = ["US*DUK", "US*ALA"].map(|m| MemberId::parse(m).unwrap());
    let mut ids: Vec<[u8; 16]> = members
        .iter()
        .flat_map(|m| (0..count / 2).map(|n| SessionId::make(&[7; 32], *m, n).0))
        .collect();
    ids.sort_unstable();
    let double = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!((ids.len() as u64, double), (count, 0));
}

#[test]
fn a_million_session_ids_are_distinct() {
    distinct(1_000_000);
}

/// `cargo test -p fairway-model --test it -- --ignored ten_million`
#[test]
#[ignore = "takes longer than three seconds; the command above runs it"]
fn ten_million_session_ids_are_distinct() {
    distinct(10_000_000);
}
