//! This member's own keys while it runs: the one that signs for it, and the certificate that it shows. Both can be replaced without a
//! restart: the new one waits in the key folder until the ledger names it.
//!
//! Invariant: a key is used from the block on that registered it, so that nobody is shown one that the ledger does not know.

use crate::genesis::Keys;
use fairway_model::{Hash, PublicKey, SigningKey};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The seed of the member key that waits for the ledger.
pub const NEXT_MEMBER: &str = "member.next";
/// The TLS key and certificate that wait for the ledger.
pub const NEXT_TLS: [&str; 2] = ["tls.next.key", "tls.next.crt"];

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    member: RwLock<SigningKey>,
    shown: RwLock<Arc<CertifiedKey>>,
}

/// The keys; clones are the same.
#[derive(Debug, Clone)]
pub struct OwnKeys(Arc<Inner>);

fn certified(
    key: &PrivateKeyDer<'static>,
    certificate: CertificateDer<'static>,
) -> Result<CertifiedKey, String> {
    let signer = any_supported_type(key).map_err(|e| format!("TLS key: {e}"))?;
    let certified = CertifiedKey::new(vec![certificate], signer);
    certified
        .keys_match()
        .map_err(|e| format!("tls.key and tls.crt: {e}"))?;
    Ok(certified)
}

fn read_pair(folder: &Path, [key, certificate]: [&str; 2]) -> Result<CertifiedKey, String> {
    let at =
        |name: &str, e: &dyn std::fmt::Display| format!("{}: {e}", folder.join(name).display());
    let shown =
        CertificateDer::from_pem_file(folder.join(certificate)).map_err(|e| at(certificate, &e))?;
    let secret = PrivateKeyDer::from_pem_file(folder.join(key)).map_err(|e| at(key, &e))?;
    certified(&secret, shown)
}

impl OwnKeys {
    /// The keys of a folder, as they are read at the start.
    ///
    /// # Errors
    /// When certificate and key cannot be used; says why.
    pub fn new(folder: &Path, keys: &Keys) -> Result<Self, String> {
        super::tls::install_provider();
        let shown = certified(&keys.tls, keys.certificate.clone())?;
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            member: RwLock::new(keys.member.clone()),
            shown: RwLock::new(Arc::new(shown)),
        })))
    }

    /// The key that signs for the member.
    pub fn member(&self) -> SigningKey {
        self.0
            .member
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The certificate that is shown.
    pub fn shown(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.shown.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the waiting member key into use when it is the one that the ledger names; then gives it.
    ///
    /// # Errors
    /// When the ledger names a key that is neither in use nor waiting.
    pub fn adopt_member(&self, named: PublicKey) -> Result<Option<SigningKey>, String> {
        if self.member().public() == named {
            return Ok(None);
        }
        let key = adopt_member(&self.0.folder, named, &self.member())?;
        *self
            .0
            .member
            .write()
            .unwrap_or_else(PoisonError::into_inner) = key.clone();
        Ok(Some(key))
    }

    /// Takes the waiting certificate into use when it is the one that the ledger names; says whether it did.
    ///
    /// # Errors
    /// When the ledger names a certificate that is neither in use nor waiting.
    pub fn adopt_tls(&self, named: Hash) -> Result<bool, String> {
        let fingerprint = |pair: &CertifiedKey| pair.cert.first().map(|c| Hash::plain(c));
        if fingerprint(&self.shown()) == Some(named) {
            return Ok(false);
        }
        let pair = read_pair(&self.0.folder, NEXT_TLS)
            .ok()
            .filter(|pair| fingerprint(pair) == Some(named))
            .ok_or_else(|| {
                format!("the ledger names the certificate {named}, which is neither tls.crt nor {} in {}", NEXT_TLS[1], self.0.folder.display())
            })?;
        if let Some(old) = fingerprint(&self.shown()) {
            retire(&self.0.folder, old)?;
        }
        rename(&self.0.folder, NEXT_TLS[1], "tls.crt")?;
        *self.0.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        // The key moves last: after a crash in between, whoever reads the folder next moves it.
        finish_replacement(&self.0.folder)?;
        Ok(true)
    }
}

/// Names of what was in use before, one hash a line.
const RETIRED: &str = "retired.txt";

/// What the keys of a folder were before, by the hashes of public keys and certificates.
pub(crate) fn retired(folder: &Path) -> Vec<Hash> {
    let text = std::fs::read_to_string(folder.join(RETIRED)).unwrap_or_default();
    let read = |line: &str| <[u8; 32]>::try_from(hex::decode(line.trim()).ok()?).ok();
    text.lines().filter_map(read).map(Hash).collect()
}

fn retire(folder: &Path, old: Hash) -> Result<(), String> {
    use std::io::Write as _;
    let path = folder.join(RETIRED);
    let open = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path);
    open.and_then(|mut file| {
        writeln!(file, "{old}")?;
        file.sync_all()
    })
    .map_err(|e| format!("{}: {e}", path.display()))
}

/// Ends a replacement of the TLS key that a crash cut short: its certificate, which is written before it, has moved already.
///
/// # Errors
/// When the key cannot be moved.
pub(crate) fn finish_replacement(folder: &Path) -> Result<(), String> {
    let [key, certificate] = NEXT_TLS;
    if folder.join(certificate).exists() {
        return Ok(());
    }
    match std::fs::rename(folder.join(key), folder.join("tls.key")) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {e}", folder.join(key).display()))
        }
        _ => Ok(()),
    }
}

fn rename(folder: &Path, from: &str, to: &str) -> Result<(), String> {
    std::fs::rename(folder.join(from), folder.join(to))
        .map_err(|e| format!("{}: {e}", folder.join(from).display()))
}

/// Moves the waiting member key of a folder into the place of the present one, if it is the one that the ledger names.
///
/// # Errors
/// When it is not.
fn adopt_member(folder: &Path, named: PublicKey, old: &SigningKey) -> Result<SigningKey, String> {
    let key = crate::genesis::read_seed(&folder.join(NEXT_MEMBER))
        .ok()
        .map(SigningKey::from_seed)
        .filter(|key| key.public() == named)
        .ok_or_else(|| {
            format!(
                "the ledger names the member key {named}, which is neither in member.seed nor in {NEXT_MEMBER} of {}",
                folder.display()
            )
        })?;
    retire(folder, Hash(old.public().0))?;
    rename(folder, NEXT_MEMBER, "member.seed")?;
    Ok(key)
}

impl ResolvesServerCert for OwnKeys {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

impl ResolvesClientCert for OwnKeys {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
