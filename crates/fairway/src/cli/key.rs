//! `fairway key`: a member replaces its signing key, its encryption key or its TLS certificate while it runs.

use super::council::state;
use super::say;
use super::submit::{Desk, FINAL, LOOK, hand_in, submit};
use crate::environment;
use crate::genesis::{make_encryption_key, read_seed, write_private};
use crate::node::own::{NEXT_MEMBER, NEXT_TLS};
use clap::Subcommand;
use fairway_ledger::state::MemberState;
use fairway_ledger::{CouncilOperation, NEW_KEY_DOMAIN, Operation, key_for_member};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, SigningKey};
use fairway_utility::command::Command;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;

/// Which key is replaced.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum KeyCommand {
    /// Replace the key that signs messages, agreements, offers and charges.
    #[command(name = "rotate-member")]
    Member {
        /// Others know the old key: what it signed counts no more.
        #[arg(long)]
        compromised: bool,
        #[command(flatten)]
        desk: Desk,
    },
    /// Make another key that messages to this member are encrypted to, and register it. The one before counts for a day more.
    #[command(name = "rotate-encryption")]
    Encryption {
        /// The key before is known to others: nothing that is encrypted to it is opened any more.
        #[arg(long)]
        compromised: bool,
        #[command(flatten)]
        desk: Desk,
    },
    /// Replace the TLS key and certificate. Stations must get the new tls.crt before they connect again.
    #[command(name = "rotate-tls")]
    Tls {
        /// Host names and addresses that the certificate is for.
        #[arg(long, default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
        host: Vec<String>,
        #[command(flatten)]
        desk: Desk,
    },
}

pub(super) async fn run(command: KeyCommand) -> Result<(), String> {
    match command {
        KeyCommand::Member { compromised, desk } => member(&desk, compromised).await,
        KeyCommand::Encryption { compromised, desk } => encryption(&desk, compromised).await,
        KeyCommand::Tls { host, desk } => tls(&desk, &host).await,
    }
}

/// Writes a file of the key folder that is not there yet; one that waits from an interrupted try is used again.
fn prepare(path: &Path, text: &str) -> Result<(), String> {
    match write_private(path, text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(format!("{}: {e}", path.display()))
        }
        _ => Ok(()),
    }
}

async fn member(desk: &Desk, compromised: bool) -> Result<(), String> {
    let config = desk.config()?;
    let path = config.path(&config.keys).join(NEXT_MEMBER);
    prepare(&path, &hex::encode(environment::entropy()))?;
    let key = SigningKey::from_seed(read_seed(&path)?);
    let operation = Operation::RotateMemberKey {
        new_key: key.public(),
        proof: key.sign(NEW_KEY_DOMAIN, &desk.member()?.to_bytes()),
        compromised,
    };
    hand_in(desk, "member key", operation).await?;
    in_use(&path, &format!("key {}", key.public())).await
}

async fn encryption(desk: &Desk, compromised: bool) -> Result<(), String> {
    let config = desk.config()?;
    // The private half comes first: what is encrypted to a registered key must be opened from then on.
    let new_key = make_encryption_key(&config.path(&config.keys), environment::entropy())?;
    let command = Command::RotateEncryptionKey {
        new_key,
        compromised,
    };
    let what = format!("encryption key {new_key}");
    submit(
        desk,
        &command,
        &what,
        |operation| matches!(operation, Operation::RotateEncryptionKey { new_key: seen, .. } if *seen == new_key),
    )
    .await
}

async fn tls(desk: &Desk, hosts: &[String]) -> Result<(), String> {
    let (config, me) = (desk.config()?, desk.member()?);
    let found: Option<MemberState> = state(&desk.client()?, key_for_member(me)).await?;
    let found = found.ok_or_else(|| format!("{me} is no member on the ledger yet"))?;
    let [key, certificate] = NEXT_TLS.map(|name| config.path(&config.keys).join(name));
    if key.exists() && !certificate.exists() {
        return Err("a certificate is just being taken into use; try again".to_owned());
    }
    if !key.exists() {
        let made = rcgen::KeyPair::generate().map_err(|e| e.to_string())?;
        let parameters = rcgen::CertificateParams::new(hosts.to_vec())
            .map_err(|e| format!("host names: {e}"))?;
        let signed = parameters.self_signed(&made).map_err(|e| e.to_string())?;
        // The certificate is there before its key, so that a key alone is one that is on its way into use.
        let _ = std::fs::remove_file(&certificate);
        prepare(&certificate, &signed.pem())?;
        prepare(&key, &made.serialize_pem())?;
    }
    let shown = CertificateDer::from_pem_file(&certificate)
        .map_err(|e| format!("{}: {e}", certificate.display()))?;
    let operation = CouncilOperation::ChangeContact {
        endpoint: found.member.endpoint,
        tls_fingerprint: Hash::plain(&shown),
        ledger: None,
    };
    hand_in(desk, "TLS certificate", Operation::Council(operation)).await?;
    in_use(&key, "the certificate").await
}

/// Waits until the running member has taken the waiting file into use.
async fn in_use(waiting: &Path, what: &str) -> Result<(), String> {
    let begin = environment::instant();
    while waiting.exists() {
        if begin.elapsed() > FINAL {
            return Err(format!(
                "{what} is on the ledger, but {} was not taken into use; see the log of `fairway serve`",
                waiting.display()
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    say(&format!("{what} is in use"));
    Ok(())
}
