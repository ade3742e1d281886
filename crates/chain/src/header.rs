//! The header of a block: fixed layout, hashed into the digest that the validators sign.

use crate::tree::{Hash, sha256};

/// Version of the header's layout.
pub(crate) const HEADER_VERSION: u8 = 2;

/// Length of an encoded header, in bytes.
pub(crate) const HEADER_BYTES: usize = 225;

/// What the validators agree on when they finalize a block. Encoded big-endian, in this order, after the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Epoch of the validator set.
    pub epoch: u64,
    /// View in which the block was proposed.
    pub view: u64,
    /// View of the parent's proposal.
    pub parent_view: u64,
    /// Digest of the parent's header.
    pub parent: Hash,
    /// Root of the tree over the digests of all headers before this one, genesis first.
    pub history: Hash,
    /// Distance from genesis.
    pub height: u64,
    /// Proposer's clock, milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Public key of the proposer.
    pub proposer: Hash,
    /// Number of transactions.
    pub tx_count: u32,
    /// Root of the tree over transactions and receipts.
    pub tx_root: Hash,
    /// Root of the state's operation log after this block.
    pub state_root: Hash,
    /// First operation of the log that is still active.
    pub state_floor: u64,
    /// Number of operations in the log.
    pub state_size: u64,
    /// Version of the machine's rules.
    pub machine_version: u32,
}

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It has another length.
    #[error("header has {0} bytes, expected {HEADER_BYTES}")]
    Length(usize),
    /// It has another layout.
    #[error("header version is {0}, expected {HEADER_VERSION}")]
    Version(u8),
}

impl Header {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.push(HEADER_VERSION);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.view.to_be_bytes());
        out.extend_from_slice(&self.parent_view.to_be_bytes());
        out.extend_from_slice(&self.parent);
        out.extend_from_slice(&self.history);
        out.extend_from_slice(&self.height.to_be_bytes());
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        out.extend_from_slice(&self.proposer);
        out.extend_from_slice(&self.tx_count.to_be_bytes());
        out.extend_from_slice(&self.tx_root);
        out.extend_from_slice(&self.state_root);
        out.extend_from_slice(&self.state_floor.to_be_bytes());
        out.extend_from_slice(&self.state_size.to_be_bytes());
        out.extend_from_slice(&self.machine_version.to_be_bytes());
        out
    }

    /// Reads the canonical bytes; nothing may be missing or left over.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() != HEADER_BYTES {
            return Err(HeaderError::Length(bytes.len()));
        }
        let mut rest = Fields(bytes);
        let version = u8::from_be_bytes(rest.take());
        if version != HEADER_VERSION {
            return Err(HeaderError::Version(version));
        }
        Ok(Self {
            epoch: u64::from_be_bytes(rest.take()),
            view: u64::from_be_bytes(rest.take()),
            parent_view: u64::from_be_bytes(rest.take()),
            parent: rest.take(),
            history: rest.take(),
            height: u64::from_be_bytes(rest.take()),
            time_ms: i64::from_be_bytes(rest.take()),
            proposer: rest.take(),
            tx_count: u32::from_be_bytes(rest.take()),
            tx_root: rest.take(),
            state_root: rest.take(),
            state_floor: u64::from_be_bytes(rest.take()),
            state_size: u64::from_be_bytes(rest.take()),
            machine_version: u32::from_be_bytes(rest.take()),
        })
    }

    /// SHA-256 of the canonical bytes: what is signed, and what the child names as parent.
    pub fn digest(&self) -> Hash {
        sha256(&[&self.to_bytes()])
    }
}

/// Takes fixed-width fields off the front; the caller has checked the whole length.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((head, tail)) => {
                self.0 = tail;
                *head
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_its_bytes_and_every_bit_counts() {
        let bytes: Vec<u8> = (0..HEADER_BYTES)
            .map(|i| {
                if i == 0 {
                    HEADER_VERSION
                } else {
                    u8::try_from(i * 7 % 251).unwrap()
                }
            })
            .collect();
        let header = Header::from_bytes(&bytes).unwrap();
        assert_eq!(header.to_bytes(), bytes);
        for at in 1..HEADER_BYTES {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(
                Header::from_bytes(&changed).unwrap().digest(),
                header.digest()
            );
        }
        assert_eq!(
            Header::from_bytes(&bytes[1..]),
            Err(HeaderError::Length(HEADER_BYTES - 1))
        );
        assert_eq!(
            Header::from_bytes(&[9; HEADER_BYTES]),
            Err(HeaderError::Version(9))
        );
    }
}
