//! What the consortium knows in common: members, CIN prefixes, EVSEs with their meter keys. It lives on the ledger.

use crate::hash::Hash;
use crate::ids::{EvseId, MemberId, OwnerId, StationId};
use crate::sign::PublicKey;
use core::fmt;
use minicbor::{Decode, Encode};

/// Longest member name.
pub const MAX_NAME_LEN: usize = 80;
/// Longest endpoint URL.
pub const MAX_URL_LEN: usize = 200;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum MemberKind {
    /// Operates stations and serves drivers.
    #[n(0)]
    Utility,
    /// Validates only: a regulator or an auditor.
    #[n(1)]
    Witness,
}

/// A member of the consortium.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Member {
    /// Its id.
    #[n(0)]
    pub id: MemberId,
    /// Its name, at most [`MAX_NAME_LEN`] bytes.
    #[n(1)]
    pub name: String,
    /// What it is.
    #[n(2)]
    pub kind: MemberKind,
    /// Key that signs its messages, agreements, offers and charge events.
    #[n(3)]
    pub key: PublicKey,
    /// Key of its validator, if it runs one.
    #[n(4)]
    pub validator: Option<PublicKey>,
    /// Where other members reach its AAA node (`https://host:port`), at most [`MAX_URL_LEN`] bytes; empty for a witness.
    #[n(5)]
    pub endpoint: String,
    /// SHA-256 of the DER certificate that it uses for mutual TLS.
    #[n(6)]
    pub tls_fingerprint: Hash,
    /// Key that messages to it are encrypted to. A utility without one is sent none; a witness needs none.
    #[n(7)]
    pub encryption: Option<EncryptionKey>,
}

/// Names an encryption key in messages: the first half of a digest of the key, so that a receiver with several finds the right one.
pub type KeyName = [u8; 16];

/// A public X25519 key that messages are encrypted to: 32 bytes as in RFC 7748.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct EncryptionKey(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

impl EncryptionKey {
    /// The key's name.
    pub fn name(&self) -> KeyName {
        Hash::of("fairway.encryption-key", &self.0).short()
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

impl fmt::Display for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

/// A CIN prefix: which AAA node of which member answers for the numbers that begin with it (CIN-02).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PrefixEntry {
    /// The digits: country, network, node.
    #[n(0)]
    pub prefix: String,
    /// Whose it is.
    #[n(1)]
    pub member: MemberId,
}

/// An EVSE and everything that settlement needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EvseEntry {
    /// Its id, unique on the ledger (ST-08).
    #[n(0)]
    pub evse: EvseId,
    /// The station that it is part of.
    #[n(1)]
    pub station: StationId,
    /// Its number in the station (OCPP `evseId`, from 1).
    #[n(2)]
    pub number: u32,
    /// The utility that serves it (ST-05).
    #[n(3)]
    pub utility: MemberId,
    /// Who owns the site.
    #[n(4)]
    pub owner: OwnerId,
    /// The meter's public key: SubjectPublicKeyInfo in DER, at most 256 bytes.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub meter_key: Vec<u8>,
    /// IANA time zone, as in `America/New_York`.
    #[n(6)]
    pub time_zone: String,
    /// Grid area, at most 32 characters.
    #[n(7)]
    pub area: String,
    /// Greatest power in watts.
    #[n(8)]
    pub max_power_w: u32,
}

impl EvseEntry {
    /// What charge events name the meter key by.
    pub fn meter_key_hash(&self) -> Hash {
        Hash::plain(&self.meter_key)
    }
}
