//! What home and visited utility sign about a driver who asks for service, so that a refusal can be claimed and answered later
//! without anything personal.

use crate::agreement::AgreementId;
use crate::canonical::Canonical;
use crate::ids::{MemberId, SessionId};
use crate::sign::{PublicKey, Signature, SigningKey};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Signing domain of the visited utility's word that a driver asked.
pub const SERVICE_REQUEST_DOMAIN: &str = "fairway.service-request.v1";
/// Signing domain of home's word that a request is no refusal.
pub const SERVICE_RELEASE_DOMAIN: &str = "fairway.service-release.v1";

/// One of home's drivers stands at one of visited's stations. The visited utility signs it when it asks home about him; home
/// signs the same bytes, in another domain, once it has said no itself or has answered an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ServiceRequest {
    /// The charge that he wants.
    #[n(0)]
    pub session: SessionId,
    /// The agreement that binds the visited utility to serve.
    #[n(1)]
    pub agreement: AgreementId,
    /// Whose driver.
    #[n(2)]
    pub home: MemberId,
    /// Whose station.
    #[n(3)]
    pub visited: MemberId,
    /// When he asked.
    #[n(4)]
    pub asked_at: Time,
}

impl ServiceRequest {
    /// The visited utility's signature.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(SERVICE_REQUEST_DOMAIN, &self.to_bytes())
    }

    /// Whether `key` signed the request.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(SERVICE_REQUEST_DOMAIN, &self.to_bytes(), signature)
    }

    /// Home's release.
    pub fn release(&self, key: &SigningKey) -> Signature {
        key.sign(SERVICE_RELEASE_DOMAIN, &self.to_bytes())
    }

    /// Whether `key` signed the release.
    pub fn verify_release(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(SERVICE_RELEASE_DOMAIN, &self.to_bytes(), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn a_request_is_no_release_and_nothing_can_be_changed() {
        let (home, visited) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let id = |text| MemberId::parse(text).unwrap();
        let request = ServiceRequest {
            session: SessionId([7; 16]),
            agreement: AgreementId(Hash([9; 32])),
            home: id("US*ALP"),
            visited: id("US*DUK"),
            asked_at: Time(5),
        };
        let (asked, released) = (request.sign(&visited), request.release(&home));
        assert!(request.verify(&visited.public(), &asked));
        assert!(request.verify_release(&home.public(), &released));
        assert!(!request.verify_release(&visited.public(), &asked));
        assert!(!request.verify(&home.public(), &released));
        let later = ServiceRequest {
            asked_at: Time(6),
            ..request
        };
        assert!(!later.verify(&visited.public(), &asked));
        assert!(!later.verify_release(&home.public(), &released));
    }
}
