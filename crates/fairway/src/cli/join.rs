//! `fairway invite` and `fairway join`: how a utility comes into a consortium that runs already.

use super::council::read_candidate;
use super::say;
use super::submit::Desk;
use crate::config::{Config, Listen, SyncMode};
use crate::genesis::{Entries, Genesis, GenesisMember, Keys};
use crate::{environment, node};
use clap::Args;
use fairway_ledger::Candidate;
use fairway_model::canonical::Canonical as _;
use fairway_model::cin::CinPrefix;
use fairway_model::{MemberId, SigningKey};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What an invited utility gets from its sponsor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    /// Who invites.
    sponsor: String,
    /// The consortium's beginning.
    genesis: Genesis,
    /// Members that joined since.
    #[serde(default)]
    later: Vec<GenesisMember>,
}

/// An invitation.
#[derive(Debug, Args)]
pub(super) struct InviteOptions {
    /// The file to write; must not exist yet.
    #[arg(long, default_value = "invitation.toml")]
    out: PathBuf,
    #[command(flatten)]
    desk: Desk,
}

/// How to join.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The sponsor's invitation.
    #[arg(long)]
    invitation: PathBuf,
    /// Own member id: country and party, as in US*NEW.
    #[arg(long)]
    member: String,
    /// The member's name, as drivers read it.
    #[arg(long)]
    name: String,
    /// Folder for keys, configuration, ledger and database.
    #[arg(long)]
    folder: PathBuf,
    /// Where the AAA node is reached, as in https://127.0.0.1:7452.
    #[arg(long)]
    endpoint: String,
    /// Address of the ledger node, which the others reach.
    #[arg(long)]
    ledger: SocketAddr,
    /// Address for other members' AAA nodes.
    #[arg(long)]
    peers: SocketAddr,
    /// Address for stations.
    #[arg(long)]
    stations: SocketAddr,
    /// Address for operators; loopback.
    #[arg(long)]
    operations: SocketAddr,
    /// CIN prefix to claim as soon as the members have agreed.
    #[arg(long)]
    prefix: Option<String>,
    /// How the ledger node comes to the present state: by taking the one that the validators signed, or by executing every block.
    #[arg(long, value_enum, default_value = "state")]
    sync: SyncMode,
    /// Host names and addresses that the certificate is for.
    #[arg(long, default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    host: Vec<String>,
    /// Only write the files; `fairway serve` runs the member later.
    #[arg(long)]
    prepare: bool,
}

pub(super) fn invite(options: &InviteOptions) -> Result<(), String> {
    let config = options.desk.config()?;
    let genesis = node::read_genesis(&config)?;
    let invitation = Invitation {
        sponsor: config.member,
        later: genesis.later.clone(),
        genesis,
    };
    let text = toml::to_string(&invitation).map_err(|e| e.to_string())?;
    write_new(&options.out, &text)?;
    say(&format!(
        "invitation to {} written to {}; it holds no secret, but whoever joins trusts it",
        invitation.genesis.chain_id,
        options.out.display()
    ));
    Ok(())
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    let config = options.folder.join("fairway.toml");
    if let Some(prefix) = &options.prefix {
        CinPrefix::parse(prefix).map_err(|e| format!("--prefix {prefix:?}: {e}"))?;
    }
    if config.exists() {
        say(&format!(
            "{} is prepared already; it goes on",
            options.folder.display()
        ));
    } else {
        prepare(&options)?;
    }
    let candidate = options.folder.join("candidate.hex");
    let member = read_candidate(&candidate)?.member.id;
    say(&format!(
        "send {} and {} to your sponsor, who checks that they are yours and runs\n  fairway council propose admit candidate.hex",
        candidate.display(),
        options.folder.join("entry.toml").display()
    ));
    if options.prepare {
        return Ok(());
    }
    say(&format!(
        "{member} follows the ledger when the members have voted for it"
    ));
    node::run_joining(&config, options.prefix).await
}

/// Writes keys, entry, candidate and configuration.
fn prepare(options: &Options) -> Result<(), String> {
    let invitation = read_invitation(&options.invitation)?;
    let member = MemberId::parse(&options.member).map_err(|e| format!("--member: {e}"))?;
    let mut genesis = invitation.genesis;
    genesis.later = invitation.later;
    if genesis.find(member).is_some() {
        return Err(format!(
            "--member: {member} is a member of {} already",
            genesis.chain_id
        ));
    }
    std::fs::create_dir_all(&options.folder)
        .map_err(|e| format!("{}: {e}", options.folder.display()))?;
    let folder = options.folder.join("keys");
    let public = Keys::make(&folder, |_| environment::entropy(), &options.host)?;
    let entry = GenesisMember {
        id: member.to_string(),
        name: options.name.clone(),
        witness: false,
        key: public.member,
        validator: public.validator,
        ledger: options.ledger,
        endpoint: options.endpoint.clone(),
        certificate: public.certificate,
        encryption: Some(public.encryption),
    };
    let keys = Keys::read(&folder)?;
    let validator = SigningKey::from_seed(keys.validator);
    let candidate = Candidate::sign(
        &genesis.chain_id,
        entry.read()?,
        options.ledger.to_string(),
        &keys.member,
        Some(&validator),
    );
    let write = |name: &str, text: &str| write_new(&options.folder.join(name), text);
    let entries = |member: Vec<GenesisMember>| {
        toml::to_string(&Entries { member }).map_err(|e| e.to_string())
    };
    write("entry.toml", &entries(vec![entry.clone()])?)?;
    let mut later = genesis.later.clone();
    later.push(entry);
    write("later.toml", &entries(later)?)?;
    write(
        "genesis.toml",
        &toml::to_string(&genesis).map_err(|e| e.to_string())?,
    )?;
    write("candidate.hex", &hex::encode(candidate.to_bytes()))?;
    let listen = Listen {
        peers: options.peers,
        stations: options.stations,
        operations: options.operations,
        ledger: options.ledger,
    };
    let mut config = Config::new(&options.member, "genesis.toml", listen);
    config.later = vec!["later.toml".into()];
    config.ledger.sync = options.sync;
    // The configuration comes last: where it stands, everything else does.
    write(
        "fairway.toml",
        &toml::to_string(&config).map_err(|e| e.to_string())?,
    )
}

fn read_invitation(path: &Path) -> Result<Invitation, String> {
    let fail = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    let invitation: Invitation =
        toml::from_str(&text).map_err(|e| fail(crate::config::explain(&e, &text)))?;
    for entry in invitation.genesis.member.iter().chain(&invitation.later) {
        entry
            .read()
            .map_err(|e| fail(format!("{}: {e}", entry.id)))?;
    }
    Ok(invitation)
}

fn write_new(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|e| format!("{}: {e}; nothing was written over", path.display()))?;
    file.write_all(text.as_bytes())
        .map_err(|e| format!("{}: {e}", path.display()))
}
