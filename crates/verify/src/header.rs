//! The header of a block: 225 bytes in fixed places.

use crate::tree::Hash;
use crate::{NotProven, refuse, sha256};

const VERSION: u8 = 2;
const BYTES: usize = 225;

/// What of a header matters to a proof.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) digest: Hash,
    pub(crate) epoch: u64,
    pub(crate) view: u64,
    pub(crate) parent_view: u64,
    pub(crate) history: Hash,
    pub(crate) height: u64,
    pub(crate) time_ms: i64,
    pub(crate) tx_count: u64,
    pub(crate) tx_root: Hash,
    pub(crate) state_root: Hash,
}

/// `N` bytes from a place on; zeros when there are none, which the length's check rules out.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..at + N).and_then(|raw| raw.try_into().ok());
    found.unwrap_or([0; N])
}

impl Header {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NotProven> {
        if bytes.len() != BYTES || bytes.first() != Some(&VERSION) {
            return refuse(format!("a header has {BYTES} bytes and version {VERSION}"));
        }
        Ok(Self {
            digest: sha256(&[bytes]),
            epoch: u64::from_be_bytes(field(bytes, 1)),
            view: u64::from_be_bytes(field(bytes, 9)),
            parent_view: u64::from_be_bytes(field(bytes, 17)),
            history: field(bytes, 57),
            height: u64::from_be_bytes(field(bytes, 89)),
            time_ms: i64::from_be_bytes(field(bytes, 97)),
            tx_count: u64::from(u32::from_be_bytes(field(bytes, 137))),
            tx_root: field(bytes, 141),
            state_root: field(bytes, 173),
        })
    }
}
