//! Ten million session ids of two gateways with one secret, and whether two are equal (CIN-08). The test of a million runs
//! always; this one takes longer: `cargo run -p fairway-model --example session_ids`. It exits 0 when all are distinct.

use fairway_model::{MemberId, SessionId};

const PER_GATEWAY: u64 = 5_000_000;

fn main() -> Result<(), String> {
    let mut ids = Vec::new();
    for member in ["US*DUK", "US*ALA"] {
        let member = MemberId::parse(member).map_err(|e| e.to_string())?;
        ids.extend((0..PER_GATEWAY).map(|n| SessionId::make(&[7; 32], member, n).0));
    }
    let made = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == made {
        Ok(())
    } else {
        Err(format!("{made} ids made, {} distinct", ids.len()))
    }
}
