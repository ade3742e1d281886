//! Session ids are one of a kind (CIN-08). Ten million of them: examples/session_ids.rs.

use fairway_model::{MemberId, SessionId};

/// Two gateways that share a secret by mistake, half a million charges each.
#[test]
fn a_million_session_ids_are_distinct() {
    let members = ["US*DUK", "US*ALA"].map(|m| MemberId::parse(m).unwrap());
    let mut ids: Vec<[u8; 16]> = members
        .iter()
        .flat_map(|m| (0..500_000).map(|n| SessionId::make(&[7; 32], *m, n).0))
        .collect();
    ids.sort_unstable();
    let double = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!((ids.len(), double), (1_000_000, 0));
}
