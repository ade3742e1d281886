//! TLS between members (mutual; certificates are pinned to those that the ledger names) and toward stations (server side).

use super::directory::Directory;
use super::own::OwnKeys;
use fairway_model::MemberId;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;

/// Makes aws-lc-rs the process's crypto provider. Twice is once.
pub fn install_provider() {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Accepts the certificate that the ledger names for a member, and checks it like one of an authority whose only certificate it is.
#[derive(Debug)]
struct Pinned {
    directory: Directory,
    /// Whose certificate is accepted; anybody's who is in the directory when not told.
    of: Option<MemberId>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn new(directory: Directory, of: Option<MemberId>) -> Arc<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Arc::new(Self {
            directory,
            of,
            provider,
        })
    }

    fn root(&self, shown: &CertificateDer<'_>) -> Result<Arc<RootCertStore>, Error> {
        let owner = self.directory.owner(shown);
        if owner.is_none() || self.of.is_some_and(|of| owner != Some(of)) {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        let mut roots = RootCertStore::empty();
        roots.add(shown.clone().into_owned())?;
        Ok(Arc::new(roots))
    }

    fn tls12(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, shown, signed, known)
    }

    fn tls13(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signed, known)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::General(error.to_string())
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let root = self.root(end_entity)?;
        WebPkiClientVerifier::builder_with_provider(root, Arc::clone(&self.provider))
            .build()
            .map_err(|e| unusable(&e))?
            .verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let root = self.root(end_entity)?;
        WebPkiServerVerifier::builder_with_provider(root, Arc::clone(&self.provider))
            .build()
            .map_err(|e| unusable(&e))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

/// Server side toward members: asks for a certificate and accepts only those that the ledger names. No session is resumed, because
/// a resumed one would not look at the certificate again.
pub fn peer_server(directory: Directory, keys: OwnKeys) -> ServerConfig {
    let builder = ServerConfig::builder().with_client_cert_verifier(Pinned::new(directory, None));
    let mut config = builder.with_cert_resolver(Arc::new(keys));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

/// Client side toward one member: shows our certificate and accepts only that member's.
pub fn peer_client(directory: Directory, keys: OwnKeys, to: MemberId) -> ClientConfig {
    let pinned = Pinned::new(directory, Some(to));
    let builder = ClientConfig::builder().dangerous();
    let mut config = builder
        .with_custom_certificate_verifier(pinned)
        .with_client_cert_resolver(Arc::new(keys));
    config.resumption = Resumption::disabled();
    config
}

/// Server side toward stations (OCPP security profile 2: TLS and a password).
pub fn station_server(keys: OwnKeys) -> ServerConfig {
    ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(keys))
}

/// Server side toward people's browsers.
///
/// # Errors
/// When certificate or key cannot be used; says which file.
pub(crate) fn people_server(chain: &Path, key: &Path) -> Result<ServerConfig, String> {
    let at = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| at(chain, &e))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| at(key, &e))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, secret)
        .map_err(|e| at(chain, &e))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
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
