//! `fairway format`: a member's keys, and what the others must know of them.

use crate::genesis::{GenesisMember, Keys};
use clap::Args;
use fairway_model::MemberId;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a member is formatted with.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Member id: country and party, as in US*DUK.
    #[arg(long)]
    member: String,
    /// The member's name, as drivers read it.
    #[arg(long)]
    name: String,
    /// Folder for the private keys; must not hold keys already.
    #[arg(long, default_value = "keys")]
    keys: PathBuf,
    /// Where other members reach this one's validator.
    #[arg(long)]
    ledger: SocketAddr,
    /// Where other members reach its AAA node, as in https://127.0.0.1:7402; leave out for a witness.
    #[arg(long, default_value = "")]
    endpoint: String,
    /// Host names and addresses that its certificate is for.
    #[arg(long, default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    host: Vec<String>,
}

/// Makes the keys and prints the `[[member]]` entry of the genesis file.
pub(super) fn run(options: &Options) -> Result<(), String> {
    let member = MemberId::parse(&options.member).map_err(|e| format!("--member: {e}"))?;
    let public = Keys::make(
        &options.keys,
        |_| crate::environment::entropy(),
        &options.host,
    )?;
    let entry = GenesisMember {
        id: member.to_string(),
        name: options.name.clone(),
        witness: options.endpoint.is_empty(),
        key: public.member,
        validator: public.validator,
        ledger: options.ledger,
        endpoint: options.endpoint.clone(),
        certificate: public.certificate,
        encryption: Some(public.encryption),
    };
    entry.read()?;
    let text = toml::to_string(&entry).map_err(|e| e.to_string())?;
    super::say(&format!("[[member]]\n{text}"));
    Ok(())
}
