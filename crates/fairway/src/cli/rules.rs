//! `fairway load` and `fairway policy`: what moves the prices of a running utility.

use super::say;
use super::submit::{Desk, status};
use crate::config;
use clap::Subcommand;
use fairway_ledger::limits::MAX_LOAD_BPS;
use fairway_model::{MemberId, Micro};
use fairway_utility::command::{Command, PartnerRules, Policy};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Present load.
#[derive(Debug, Subcommand)]
pub(super) enum LoadCommand {
    /// Set the present load of a grid area; offers from now on follow it, inside each agreement's band.
    Set {
        /// The area as in the EVSE's ledger entry.
        area: String,
        /// Price multiplier such as 1.15, or basis points such as 11500bps; 1 is neutral.
        multiplier: String,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Charging rules and policy.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Put a new version in force for new offers.
    Put {
        /// File with `version` (or none: the next), `[policy]` as in fairway.toml, and any `[[partner]]`.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<u32>,
    policy: config::Policy,
    #[serde(default)]
    partner: Vec<Partner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partner {
    home: String,
    tariff: String,
    max_load_bps: u32,
}

pub(super) async fn load(command: LoadCommand) -> Result<(), String> {
    let LoadCommand::Set {
        area,
        multiplier,
        desk,
    } = command;
    let load_bps = basis_points(&multiplier)?;
    let command = Command::SetLoad {
        area: area.clone(),
        load_bps,
    };
    desk.client()?.command(&command).await?;
    say(&format!(
        "load of {area}: {load_bps} basis points for new offers"
    ));
    Ok(())
}

fn basis_points(text: &str) -> Result<u32, String> {
    let wrong = || {
        format!(
            "{text:?} is no load multiplier; one such as 1.15 or 11500bps is, from 1bps to {MAX_LOAD_BPS}bps"
        )
    };
    let bps = match text.strip_suffix("bps") {
        Some(digits) => digits.parse().map_err(|_| wrong())?,
        // A decimal with four digits after the point is basis points.
        None => match Micro::parse(text) {
            Ok(Micro(micros)) if micros % 100 == 0 => {
                u32::try_from(micros / 100).map_err(|_| wrong())?
            }
            _ => return Err(wrong()),
        },
    };
    if (1..=MAX_LOAD_BPS).contains(&bps) {
        Ok(bps)
    } else {
        Err(wrong())
    }
}

pub(super) async fn policy(command: PolicyCommand) -> Result<(), String> {
    let PolicyCommand::Put { file, desk } = command;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let read = read(&file, &text)?;
    let client = desk.client()?;
    let present = status(&client).await?.policy_version;
    let policy = Policy {
        version: read.version.unwrap_or(present.saturating_add(1)),
        partners: partners(&file, &read)?,
        ..crate::node::policy(&read.policy)
    };
    let version = policy.version;
    client
        .command(&Command::PutPolicy(Box::new(policy)))
        .await?;
    say(&format!(
        "policy version {version} is in force for new offers; before it was {present}"
    ));
    Ok(())
}

fn read(path: &Path, text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|e| format!("{}: {}", path.display(), config::explain(&e, text)))
}

fn partners(path: &Path, file: &File) -> Result<Vec<PartnerRules>, String> {
    let rules = |partner: &Partner| {
        Ok(PartnerRules {
            home: MemberId::parse(&partner.home)
                .map_err(|e| format!("{}: partner.home: {e}", path.display()))?,
            tariff: partner.tariff.clone(),
            max_load_bps: partner.max_load_bps,
        })
    };
    file.partner.iter().map(rules).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_multipliers_or_basis_points() {
        assert_eq!(basis_points("1.15"), Ok(11_500));
        assert_eq!(basis_points("1"), Ok(10_000));
        assert_eq!(basis_points("9000bps"), Ok(9_000));
        for wrong in ["11500", "0", "1.00001", "-1", "x", "bps"] {
            assert!(
                basis_points(wrong).unwrap_err().contains("such as 1.15"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_policy_is_the_table_of_the_configuration() {
        let path = Path::new("p.toml");
        let text = "version = 3\n[policy]\noffer_ttl_s = 60\n[[partner]]\nhome = \"US*ALP\"\ntariff = \"T\"\nmax_load_bps = 11000\n";
        let file = read(path, text).unwrap();
        assert_eq!((file.version, file.policy.offer_ttl_s), (Some(3), 60));
        assert_eq!(partners(path, &file).unwrap()[0].max_load_bps, 11_000);
        let wrong = read(path, &text.replace("offer_ttl_s", "offer_ttl")).unwrap_err();
        assert_eq!(
            wrong,
            "p.toml: line 3: unknown key `offer_ttl`; did you mean `offer_ttl_s`?"
        );
    }
}
