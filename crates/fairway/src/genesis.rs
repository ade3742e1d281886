//! The consortium's genesis file and a member's private keys.

use crate::config::ConfigError;
use fairway_model::registry::{EncryptionKey, Member, MemberKind};
use fairway_model::{Hash, MemberId, PublicKey, SigningKey};
use fairway_utility::MAX_DECRYPTION_KEYS;
use fairway_utility::seal::DecryptionKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `genesis.toml`: what all members must have in common before the first block.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Name of the chain; part of every signature on it.
    pub chain_id: String,
    /// Time of the genesis block, milliseconds since 1970.
    pub time_ms: i64,
    /// Blocks of an epoch of the ledger: who validates changes between epochs only.
    #[serde(default = "default_epoch_blocks")]
    pub epoch_blocks: u64,
    /// Founding members.
    pub member: Vec<GenesisMember>,
    /// Members that joined after it, from files of their own; no part of the genesis file.
    #[serde(skip)]
    pub later: Vec<GenesisMember>,
}

/// About four minutes without load.
pub(crate) fn default_epoch_blocks() -> u64 {
    1_000
}

/// A file of entries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// The members.
    pub member: Vec<GenesisMember>,
}

/// A founding member.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisMember {
    /// Member id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it only validates.
    #[serde(default)]
    pub witness: bool,
    /// Message key, hex.
    pub key: String,
    /// Validator key, hex.
    pub validator: String,
    /// Where its validator listens.
    pub ledger: SocketAddr,
    /// Where its AAA node listens; empty for a witness.
    #[serde(default)]
    pub endpoint: String,
    /// TLS certificate, PEM.
    pub certificate: String,
    /// Key that messages to it are encrypted to, hex; a utility needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
}

impl Genesis {
    /// The beginning of a chain with the usual epochs.
    pub fn founding(chain_id: &str, time_ms: i64, member: Vec<GenesisMember>) -> Self {
        Self {
            chain_id: chain_id.to_owned(),
            time_ms,
            epoch_blocks: default_epoch_blocks(),
            member,
            later: Vec::new(),
        }
    }

    /// Reads and checks a genesis file.
    ///
    /// # Errors
    /// [`ConfigError`] with file and place.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let fail = |what: String| ConfigError {
            file: path.display().to_string(),
            what,
        };
        let text =
            std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
        let genesis: Self = toml::from_str(&text).map_err(|e| fail(e.message().to_owned()))?;
        for (at, member) in genesis.member.iter().enumerate() {
            member
                .read()
                .map_err(|e| fail(format!("member {}: {e}", at.saturating_add(1))))?;
        }
        Ok(genesis)
    }

    /// Reads the entries of members that joined later: files as `fairway join` writes them. An entry replaces a founder's of the
    /// same id, whose certificate may have changed.
    ///
    /// # Errors
    /// [`ConfigError`] with file and place.
    pub fn with_later(mut self, files: &[PathBuf]) -> Result<Self, ConfigError> {
        for path in files {
            let fail = |what: String| ConfigError {
                file: path.display().to_string(),
                what,
            };
            let text =
                std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
            let entries: Entries =
                toml::from_str(&text).map_err(|e| fail(crate::config::explain(&e, &text)))?;
            for member in entries.member {
                member
                    .read()
                    .map_err(|e| fail(format!("{}: {e}", member.id)))?;
                self.later.push(member);
            }
        }
        Ok(self)
    }

    /// The founders as the ledger registers them.
    pub fn founders(&self) -> Vec<Member> {
        self.member.iter().filter_map(|m| m.read().ok()).collect()
    }

    /// All entries, those of later members included.
    pub fn everyone(&self) -> impl Iterator<Item = &GenesisMember> {
        let replaced = |m: &&GenesisMember| !self.later.iter().any(|later| later.id == m.id);
        self.member.iter().filter(replaced).chain(&self.later)
    }

    /// All members that this one has an entry of.
    pub fn members(&self) -> Vec<Member> {
        self.everyone().filter_map(|m| m.read().ok()).collect()
    }

    /// The entry of a member.
    pub fn find(&self, id: MemberId) -> Option<&GenesisMember> {
        self.everyone().find(|m| MemberId::parse(&m.id) == Ok(id))
    }

    /// Whether a member is a founder.
    pub fn founded_by(&self, id: MemberId) -> bool {
        let founder = |m: &GenesisMember| MemberId::parse(&m.id) == Ok(id);
        self.member.iter().any(founder)
    }
}

impl GenesisMember {
    /// The member in model words.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn read(&self) -> Result<Member, String> {
        let certificate = self.certificate_der()?;
        if self.encryption.is_none() && !self.witness {
            return Err("encryption: a utility needs a key that messages to it are encrypted to; `fairway format` makes one".to_owned());
        }
        let encryption = self
            .encryption
            .as_deref()
            .map(|text| bytes32(text).map(EncryptionKey))
            .transpose()
            .map_err(|e| format!("encryption: {e}"))?;
        Ok(Member {
            id: MemberId::parse(&self.id).map_err(|e| format!("id: {e}"))?,
            name: self.name.clone(),
            kind: if self.witness {
                MemberKind::Witness
            } else {
                MemberKind::Utility
            },
            key: PublicKey(bytes32(&self.key).map_err(|e| format!("key: {e}"))?),
            validator: Some(PublicKey(
                bytes32(&self.validator).map_err(|e| format!("validator: {e}"))?,
            )),
            endpoint: self.endpoint.clone(),
            tls_fingerprint: Hash::plain(&certificate),
            encryption,
        })
    }

    /// The TLS certificate.
    ///
    /// # Errors
    /// When it is no PEM certificate.
    pub fn certificate_der(&self) -> Result<CertificateDer<'static>, String> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes())
            .map_err(|e| format!("certificate: {e}"))
    }
}

/// 32 bytes from 64 hexadecimal digits.
fn bytes32(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text.trim()).map_err(|e| format!("no hexadecimal: {e}"))?;
    <[u8; 32]>::try_from(bytes).map_err(|b| format!("{} bytes where 32 are wanted", b.len()))
}

/// A member's private keys.
#[derive(Debug)]
pub struct Keys {
    /// Signs messages, agreements, offers and charge events.
    pub member: SigningKey,
    /// Signs votes.
    pub validator: [u8; 32],
    /// Keys pseudonyms, session ids and profiles.
    pub secret: [u8; 32],
    /// Open what other members encrypt to this one; see [`read_ring`].
    pub ring: Vec<DecryptionKey>,
    /// TLS private key.
    pub tls: PrivateKeyDer<'static>,
    /// The certificate that belongs to it.
    pub certificate: CertificateDer<'static>,
    /// Hashes of keys and certificates that were in use before: what the genesis file may still name.
    pub retired: Vec<Hash>,
    /// What a program must show to give operator's commands.
    pub operator_token: String,
}

impl Keys {
    /// Makes fresh keys in an empty or new folder and returns the public part for the genesis file.
    ///
    /// # Errors
    /// When the folder already holds keys, or cannot be written.
    pub fn make(
        folder: &Path,
        seed: impl Fn(&str) -> [u8; 32],
        hosts: &[String],
    ) -> Result<PublicPart, String> {
        let at = |e: std::io::Error| format!("{}: {e}", folder.display());
        if folder.join("member.seed").exists() {
            return Err(format!(
                "{} already holds keys; nothing was changed",
                folder.display()
            ));
        }
        std::fs::create_dir_all(folder).map_err(at)?;
        let (member, validator) = (seed("member"), seed("validator"));
        let encryption = seed("encryption");
        let tls = rcgen::KeyPair::generate().map_err(|e| e.to_string())?;
        let parameters = rcgen::CertificateParams::new(hosts.to_vec())
            .map_err(|e| format!("host names: {e}"))?;
        let certificate = parameters.self_signed(&tls).map_err(|e| e.to_string())?;
        for (name, text) in [
            ("member.seed", hex::encode(member)),
            ("validator.seed", hex::encode(validator)),
            (ENCRYPTION_SEED, hex::encode(encryption)),
            ("secret.seed", hex::encode(seed("secret"))),
            ("operator.token", hex::encode(seed("operator"))),
            ("tls.key", tls.serialize_pem()),
            ("tls.crt", certificate.pem()),
        ] {
            write_private(&folder.join(name), text.as_bytes()).map_err(at)?;
        }
        let member = SigningKey::from_seed(member).public();
        Ok(PublicPart {
            member: member.to_string(),
            validator: SigningKey::from_seed(validator).public().to_string(),
            encryption: DecryptionKey::from_seed(encryption).public().to_string(),
            certificate: certificate.pem(),
        })
    }

    /// Reads the keys of a folder.
    ///
    /// # Errors
    /// A sentence with the file and what is wrong.
    pub fn read(folder: &Path) -> Result<Self, String> {
        crate::node::own::finish_replacement(folder)?;
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .map_err(|e| format!("{}: {e}; `fairway format` makes keys", path.display()))
        };
        let seed = |name: &str| read_seed(&folder.join(name));
        Ok(Self {
            member: SigningKey::from_seed(seed("member.seed")?),
            validator: seed("validator.seed")?,
            secret: seed("secret.seed")?,
            ring: read_ring(folder)?,
            tls: PrivateKeyDer::from_pem_slice(text("tls.key")?.as_bytes())
                .map_err(|e| format!("{}: {e}", folder.join("tls.key").display()))?,
            certificate: CertificateDer::from_pem_slice(text("tls.crt")?.as_bytes())
                .map_err(|e| format!("{}: {e}", folder.join("tls.crt").display()))?,
            retired: crate::node::own::retired(folder),
            operator_token: text("operator.token")?.trim().to_owned(),
        })
    }
}

/// Reads a seed of 64 hexadecimal digits.
///
/// # Errors
/// A sentence with the file and what is wrong.
pub(crate) fn read_seed(path: &Path) -> Result<[u8; 32], String> {
    let fail = |e: String| format!("{}: {e}", path.display());
    let text = std::fs::read_to_string(path)
        .map_err(|e| fail(format!("{e}; `fairway format` makes keys")))?;
    bytes32(&text).map_err(fail)
}

/// What of a member's keys the others must know.
#[derive(Debug, Clone)]
pub struct PublicPart {
    /// Message key, hex.
    pub member: String,
    /// Validator key, hex.
    pub validator: String,
    /// Encryption key, hex.
    pub encryption: String,
    /// TLS certificate, PEM.
    pub certificate: String,
}

/// The first private encryption key of a member.
const ENCRYPTION_SEED: &str = "encryption.seed";
/// How the files of later ones begin; they end in the key's name and `.seed`.
const LATER_SEED: &str = "encryption-";

/// Reads the private encryption keys of a folder: `encryption.seed`, and one file for each later key. Which counts says the ledger.
/// The file of a key that was replaced may be deleted when its time of grace is over.
///
/// # Errors
/// A sentence with the file and what is wrong.
pub fn read_ring(folder: &Path) -> Result<Vec<DecryptionKey>, String> {
    let at = |path: &Path, e: String| format!("{}: {e}", path.display());
    let entries = std::fs::read_dir(folder)
        .map_err(|e| at(folder, format!("{e}; `fairway format` makes keys")))?;
    let named = |name: &str| {
        let later = name.starts_with(LATER_SEED)
            && Path::new(name).extension().is_some_and(|e| e == "seed");
        later || name == ENCRYPTION_SEED
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(named))
        .map(|entry| entry.path())
        .collect();
    files.sort_unstable();
    if files.len() > MAX_DECRYPTION_KEYS {
        let text = format!(
            "{} encryption keys; at most {MAX_DECRYPTION_KEYS} are read: delete those whose time of grace is over",
            files.len()
        );
        return Err(at(folder, text));
    }
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|e| at(path, e.to_string()))?;
        bytes32(&text)
            .map(DecryptionKey::from_seed)
            .map_err(|e| at(path, e))
    };
    files.iter().map(read).collect()
}

/// Makes another private encryption key in a folder and gives its public half.
///
/// # Errors
/// When the folder cannot be written.
pub fn make_encryption_key(folder: &Path, seed: [u8; 32]) -> Result<EncryptionKey, String> {
    let key = DecryptionKey::from_seed(seed).public();
    let path = folder.join(format!("{LATER_SEED}{}.seed", hex::encode(key.name())));
    write_private(&path, hex::encode(seed).as_bytes())
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(key)
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
