//! TLS between members (mutual, certificates pinned) and toward stations (server side).

use crate::genesis::{Genesis, Keys};
use fairway_model::{Hash, MemberId};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes aws-lc-rs the process's crypto provider. Twice is once.
pub fn install_provider() {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Who holds which certificate, by SHA-256 of its DER form.
#[derive(Debug, Clone)]
pub struct Certificates(BTreeMap<Hash, MemberId>);

impl Certificates {
    /// The certificates of all members.
    pub fn of(genesis: &Genesis) -> Self {
        Self(
            genesis
                .members()
                .into_iter()
                .map(|m| (m.tls_fingerprint, m.id))
                .collect(),
        )
    }

    /// Whose certificate this is.
    pub fn owner(&self, certificate: &CertificateDer<'_>) -> Option<MemberId> {
        self.0.get(&Hash::plain(certificate)).copied()
    }
}

fn own(genesis: &Genesis, me: MemberId) -> Result<CertificateDer<'static>, String> {
    genesis
        .find(me)
        .ok_or_else(|| format!("{me} is not in the genesis file"))?
        .certificate_der()
}

/// Server side toward members: asks for a certificate and accepts only those of the genesis file.
///
/// # Errors
/// When a certificate or the key cannot be used; says which.
pub fn peer_server(genesis: &Genesis, me: MemberId, keys: &Keys) -> Result<ServerConfig, String> {
    let mut roots = RootCertStore::empty();
    for member in genesis.everyone() {
        roots
            .add(member.certificate_der()?)
            .map_err(|e| format!("certificate of {}: {e}", member.id))?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .map_err(|e| e.to_string())?;
    let builder = ServerConfig::builder().with_client_cert_verifier(verifier);
    let mut config = builder
        .with_single_cert(vec![own(genesis, me)?], keys.tls.clone_key())
        .map_err(|e| e.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Client side toward one member: shows our certificate and accepts only that member's.
///
/// # Errors
/// When a certificate or the key cannot be used; says which.
pub fn peer_client(
    genesis: &Genesis,
    me: MemberId,
    keys: &Keys,
    to: MemberId,
) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(own(genesis, to)?)
        .map_err(|e| format!("certificate of {to}: {e}"))?;
    let builder = ClientConfig::builder().with_root_certificates(roots);
    builder
        .with_client_auth_cert(vec![own(genesis, me)?], keys.tls.clone_key())
        .map_err(|e| e.to_string())
}

/// Server side toward stations (OCPP security profile 2: TLS and a password).
///
/// # Errors
/// When the certificate or the key cannot be used.
pub fn station_server(
    genesis: &Genesis,
    me: MemberId,
    keys: &Keys,
) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder().with_no_client_auth();
    builder
        .with_single_cert(vec![own(genesis, me)?], keys.tls.clone_key())
        .map_err(|e| e.to_string())
}

/// Client side of a station: accepts only its utility's certificate.
///
/// # Errors
/// When the certificate cannot be used.
pub fn station_client(certificate: CertificateDer<'static>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(|e| e.to_string())?;
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}
