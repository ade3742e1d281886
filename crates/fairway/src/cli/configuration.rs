//! `fairway config`: the configuration file, looked at without starting a member.

use super::say;
use crate::config::{Config, schema};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What is wanted of a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the file and what it names: keys, genesis, certificates, sources. Says everything that is wrong; exit code 1 if anything is.
    Check(Which),
    /// Print what counts: the file with every default filled in, without passwords.
    Show {
        #[command(flatten)]
        which: Which,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the file, with every key's meaning; editors complete and check by it.
    Schema,
}

/// Which configuration.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The member's configuration file.
    #[arg(long, default_value = "fairway.toml")]
    config: PathBuf,
}

pub(super) fn run(command: ConfigCommand) -> Result<(), String> {
    match command {
        ConfigCommand::Check(which) => check(&which),
        ConfigCommand::Show { which, json } => {
            let shown = read(&which)?.without_secrets();
            say(&if json {
                serde_json::to_string_pretty(&shown).map_err(|e| e.to_string())?
            } else {
                toml::to_string(&shown)
                    .map_err(|e| e.to_string())?
                    .trim_end()
                    .to_owned()
            });
            Ok(())
        }
        ConfigCommand::Schema => {
            say(&format!("{:#}", schema::schema()?));
            Ok(())
        }
    }
}

fn read(which: &Which) -> Result<Config, String> {
    Config::read(&which.config).map_err(|e| e.to_string())
}

fn check(which: &Which) -> Result<(), String> {
    let config = read(which)?;
    let faults = crate::node::faults(&config);
    let file = which.config.display();
    if faults.is_empty() {
        say(&format!("{file}: good, for member {}", config.member));
        return Ok(());
    }
    Err(format!(
        "{file}: {} wrong\n  {}",
        faults.len(),
        faults.join("\n  ")
    ))
}
