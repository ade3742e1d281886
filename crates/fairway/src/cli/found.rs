//! `fairway genesis`: founds a consortium from its members' entries.

use super::say;
use crate::environment;
use crate::genesis::{Entries, Genesis, GenesisMember};
use clap::{Args, Subcommand};
use fairway_chain::MIN_EPOCH_BLOCKS;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Validators that a consortium needs to go on when any one of them is gone.
const GOOD_VALIDATORS: usize = 4;

/// Genesis files.
#[derive(Debug, Subcommand)]
pub(super) enum GenesisCommand {
    /// Join the entries that `fairway format` printed to the genesis file that all members get.
    Assemble(Options),
}

/// What is joined.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Name of the chain, the same for all members; part of every signature.
    #[arg(long)]
    chain: String,
    /// Blocks of an epoch: who validates changes between epochs only.
    #[arg(long, default_value_t = crate::genesis::default_epoch_blocks(), value_parser = clap::value_parser!(u64).range(MIN_EPOCH_BLOCKS..))]
    epoch_blocks: u64,
    /// The genesis file to write; must not exist yet.
    #[arg(long, default_value = "genesis.toml")]
    out: PathBuf,
    /// Files with the `[[member]]` entries.
    #[arg(required = true, value_name = "ENTRY.toml")]
    entry: Vec<PathBuf>,
}

pub(super) fn run(command: GenesisCommand) -> Result<(), String> {
    let GenesisCommand::Assemble(options) = command;
    let mut texts = Vec::new();
    for path in &options.entry {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        texts.push((path.as_path(), text));
    }
    let mut genesis = assemble(&options.chain, environment::wall_ms(), &texts)?;
    genesis.epoch_blocks = options.epoch_blocks;
    let text = toml::to_string(&genesis).map_err(|e| e.to_string())?;
    write_new(&options.out, &text)?;
    let count = genesis.member.len();
    say(&format!(
        "members: {count}; chain {} written to {}; every member needs this very file",
        genesis.chain_id,
        options.out.display()
    ));
    if count < GOOD_VALIDATORS {
        say(&format!(
            "warning: validators: {count}; with fewer than {GOOD_VALIDATORS} the ledger stops when one of them is gone"
        ));
    }
    Ok(())
}

/// A genesis file is never written over: a chain that runs cannot change it.
fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|e| format!("{}: {e}; nothing was written", path.display()))?;
    file.write_all(text.as_bytes())
        .map_err(|e| format!("{}: {e}", path.display()))
}

fn assemble(chain: &str, time_ms: i64, texts: &[(&Path, String)]) -> Result<Genesis, String> {
    let (mut member, mut seen) = (Vec::new(), BTreeMap::new());
    for (path, text) in texts {
        let entries: Entries = toml::from_str(text).map_err(|e| {
            let what = crate::config::explain(&e, text);
            format!(
                "{}: {what}; an entry is what `fairway format` prints",
                path.display()
            )
        })?;
        for entry in entries.member {
            let at = |e: String| format!("{}: {}: {e}", path.display(), entry.id);
            entry.read().map_err(at)?;
            for (what, value) in unique(&entry) {
                if let Some(other) = seen.insert((what, value.clone()), path.display().to_string())
                {
                    return Err(at(format!(
                        "{what} {value} is in {other} already; every member has its own"
                    )));
                }
            }
            member.push(entry);
        }
    }
    let genesis = Genesis::founding(chain, time_ms, member);
    let contracts = fairway_ledger::Genesis {
        chain_id: genesis.chain_id.clone(),
        members: genesis.members(),
    };
    contracts.state().map_err(|e| e.to_string())?;
    Ok(genesis)
}

/// What no two members may have in common; the certificate by its hash, to be printable.
fn unique(entry: &GenesisMember) -> Vec<(&'static str, String)> {
    let certificate = fairway_model::Hash::plain(entry.certificate.trim().as_bytes());
    let mut out = vec![
        ("id", entry.id.clone()),
        ("key", entry.key.clone()),
        ("key", entry.validator.clone()),
        ("ledger address", entry.ledger.to_string()),
        ("certificate (SHA-256)", certificate.hex()),
    ];
    if !entry.endpoint.is_empty() {
        out.push(("endpoint", entry.endpoint.clone()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genesis::Keys;

    fn entry(id: &str, port: u16) -> String {
        let folder =
            std::env::temp_dir().join(format!("fairway-entry-{}-{port}", std::process::id()));
        let public = Keys::make(
            &folder,
            |_| environment::entropy(),
            &["localhost".to_owned()],
        )
        .unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let entry = GenesisMember {
            id: id.to_owned(),
            name: id.to_owned(),
            witness: false,
            key: public.member,
            validator: public.validator,
            ledger: ([127, 0, 0, 1], port).into(),
            endpoint: format!("https://127.0.0.1:{}", port + 1),
            certificate: public.certificate,
            encryption: Some(public.encryption),
        };
        format!("[[member]]\n{}", toml::to_string(&entry).unwrap())
    }

    #[test]
    fn entries_are_joined_and_duplicates_named() {
        let (one, two) = (entry("US*ONE", 7103), entry("US*TWO", 7203));
        let (a, b) = (Path::new("a.toml"), Path::new("b.toml"));
        let genesis = assemble("c", 5, &[(a, one.clone()), (b, two.clone())]).unwrap();
        assert_eq!((genesis.member.len(), genesis.time_ms), (2, 5));
        let twice = assemble("c", 5, &[(a, one.clone()), (b, one.clone())]).unwrap_err();
        assert_eq!(
            twice,
            "b.toml: US*ONE: id US*ONE is in a.toml already; every member has its own"
        );
        let port = two.replace("7203", "7103");
        let port = assemble("c", 5, &[(a, one.clone()), (b, port)]).unwrap_err();
        assert!(
            port.contains("ledger address 127.0.0.1:7103 is in a.toml"),
            "{port}"
        );
        let wrong = assemble("c", 5, &[(a, one.replace("name", "names"))]).unwrap_err();
        assert!(
            wrong.contains("a.toml: line 3: unknown key `names`; did you mean `name`?"),
            "{wrong}"
        );
        assert!(
            assemble("", 5, &[(a, one)])
                .unwrap_err()
                .contains("chain id has 0 bytes")
        );
    }
}
