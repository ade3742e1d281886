//! `fairway load` and `fairway policy`: what moves the prices of a running utility.

use super::say;
use super::submit::{Desk, status};
use crate::config;
use crate::forecast::feed;
use clap::Subcommand;
use fairway_ledger::forecast::state::Reading;
use fairway_ledger::limits::MAX_LOAD_BPS;
use fairway_model::{MemberId, Micro};
use fairway_training::checks::Allow;
use fairway_training::dataset::File as LoadFile;
use fairway_utility::command::{Command, Fed, Loads, PartnerRules, Policy, Reply};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Most values of one command: it has at most 256 KiB.
const MAX_VALUES: usize = 8_000;

/// Present load, and hourly loads.
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
    /// Hand hourly loads and own forecasts from a file to the running member, which posts them to the ledger when their time comes.
    Post {
        /// A CSV file in one of the forms of the EIA-930, or with the columns hour, load_kw and forecast_kw.
        file: PathBuf,
        /// Which balancing authority, where the file holds several.
        #[arg(long)]
        authority: Option<String>,
        /// Post loads again that the ledger holds as suspect: somebody looked, and they are right.
        #[arg(long)]
        confirm: bool,
        /// The file's clock is right though its times look shifted.
        #[arg(long)]
        clock_is_right: bool,
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
    let (area, multiplier, desk) = match command {
        LoadCommand::Set {
            area,
            multiplier,
            desk,
        } => (area, multiplier, desk),
        LoadCommand::Post {
            file,
            authority,
            confirm,
            clock_is_right,
            desk,
        } => {
            let allow = Allow {
                corrections: true,
                spikes: false,
                clock: clock_is_right,
            };
            return post(&desk, &file, authority.as_deref(), (confirm, allow)).await;
        }
    };
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

async fn post(
    desk: &Desk,
    path: &Path,
    authority: Option<&str>,
    (confirm, allow): (bool, Allow),
) -> Result<(), String> {
    let config = desk.config()?;
    let load = config.load.as_ref().ok_or(
        "the configuration names no area whose load this member reports; [load] with area and calendar does",
    )?;
    let (text, _) = feed::calendar(&load.region(&config))?;
    let (name, bytes) = (path.display().to_string(), feed::bytes_of(path)?);
    let file = LoadFile {
        name: &name,
        bytes: &bytes,
        authority: authority.or(load.authority.as_deref()),
    };
    let loads = feed::read(&file, &text, config.clock().now(), allow)
        .map_err(|fault| format!("{name}: {fault}"))?;
    let client = desk.client()?;
    let mut sum = Fed::default();
    for part in parts(&Loads { confirm, ..loads }) {
        let Reply::Fed(fed) = client.command(&Command::PutLoads(Box::new(part))).await? else {
            return Err("the utility gave an answer of another kind".to_owned());
        };
        sum = Fed {
            fresh: sum.fresh.saturating_add(fed.fresh),
            changed: sum.changed.saturating_add(fed.changed),
            same: sum.same.saturating_add(fed.same),
            outside: sum.outside.saturating_add(fed.outside),
            confirmed: sum.confirmed.saturating_add(fed.confirmed),
        };
    }
    say(&format!(
        "{name}: {} new values, {} other than before, {} known, {} too old or too far ahead, {} confirmed; `fairway ledger forecast show` tells what became of them",
        sum.fresh, sum.changed, sum.same, sum.outside, sum.confirmed
    ));
    Ok(())
}

/// Loads in as many parts as a command may be long.
fn parts(loads: &Loads) -> Vec<Loads> {
    let part = |known: &[Reading], said: &[Reading]| Loads {
        source: loads.source.clone(),
        loads: known.to_vec(),
        forecasts: said.to_vec(),
        confirm: loads.confirm,
    };
    let known = loads
        .loads
        .chunks(MAX_VALUES)
        .map(|values| part(values, &[]));
    let said = loads.forecasts.chunks(MAX_VALUES);
    known.chain(said.map(|values| part(&[], values))).collect()
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
