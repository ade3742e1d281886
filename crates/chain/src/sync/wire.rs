//! What a node that begins asks its peers, and their answers.

use commonware_codec::{Copying, Decode as _};
use commonware_consensus::simplex::{self, scheme::ed25519::Scheme};
use commonware_cryptography::sha256::Digest;
use minicbor::bytes::ByteVec;

use crate::{MAX_VALIDATORS, Proof, header::Header};

/// Longest message, in bytes.
pub(crate) const MAX_OFFER_BYTES: usize = 128 * 1024;

/// Bytes of an answer after which no further change of validators is put into it; a single one is far shorter than the rest.
pub(super) const OFFER_PAGE: usize = 64 * 1024;

/// A certificate over an epoch's last block.
pub(crate) type Finalization = simplex::types::Finalization<Scheme, Digest>;

/// Both kinds of messages.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) enum Message {
    /// Where can one begin? The asker knows so many changes of validators already.
    #[n(0)]
    Ask(#[n(0)] u32),
    /// The answer.
    #[n(1)]
    Offer(#[n(0)] Offer),
}

/// Changes of validators, and a block to begin at.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) struct Offer {
    /// Number of changes before the first one in `handovers`.
    #[n(0)]
    pub(super) after: u32,
    /// Proofs of changes, oldest first.
    #[n(1)]
    pub(super) handovers: Vec<Proof>,
    /// There are further changes; ask again.
    #[n(2)]
    pub(super) more: bool,
    /// The newest epoch's last block; none when no epoch has ended.
    #[n(3)]
    pub(super) floor: Option<Floor>,
}

/// An epoch's last block.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) struct Floor {
    #[n(0)]
    header: ByteVec,
    #[n(1)]
    certificate: ByteVec,
}

impl Floor {
    pub(super) fn new(header: &Header, certificate: &Finalization) -> Self {
        use commonware_codec::Encode as _;
        Self {
            header: header.to_bytes().into(),
            certificate: certificate.encode().to_vec().into(),
        }
    }

    /// Header and certificate, when they belong together. The signatures are not checked here.
    pub(super) fn read(&self) -> Option<(Header, Finalization)> {
        let header = Header::from_bytes(&self.header).ok()?;
        let bytes = Copying(self.certificate.as_slice());
        let certificate = Finalization::decode_cfg(bytes, &MAX_VALIDATORS).ok()?;
        let proposal = &certificate.proposal;
        let fits =
            proposal.payload.0 == header.digest() && proposal.round.epoch().get() == header.epoch;
        fits.then_some((header, certificate))
    }
}

impl Message {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a vector cannot fail: its error type is uninhabited.
        let _ = minicbor::encode(self, &mut out);
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_OFFER_BYTES {
            return None;
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let message = decoder.decode().ok()?;
        (decoder.position() == bytes.len()).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_their_bytes_and_damage_is_refused() {
        let offer = Offer {
            after: 3,
            handovers: Vec::new(),
            more: true,
            floor: Some(Floor {
                header: vec![1, 2].into(),
                certificate: vec![3].into(),
            }),
        };
        for message in [Message::Ask(7), Message::Offer(offer.clone())] {
            let bytes = message.to_bytes();
            assert_eq!(Message::from_bytes(&bytes), Some(message));
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_eq!(Message::from_bytes(&longer), None);
            assert_eq!(Message::from_bytes(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(Message::from_bytes(&vec![0; MAX_OFFER_BYTES + 1]), None);
        assert_eq!(offer.floor.and_then(|floor| floor.read()), None);
    }
}
