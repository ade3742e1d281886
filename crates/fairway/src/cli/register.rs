//! `fairway prefix`, `fairway evse`, `fairway gate`: what a utility brings along.

use super::say;
use super::submit::{Desk, submit};
use crate::environment;
use crate::node::passwords::password_hash;
use clap::{Args, Subcommand};
use fairway_ledger::Operation;
use fairway_ledger::limits::MAX_METER_KEY_BYTES;
use fairway_model::cin::CinPrefix;
use fairway_model::registry::{EvseEntry, PrefixEntry};
use fairway_model::{EvseId, MemberId, OwnerId, StationId};
use fairway_utility::command::Command;
use std::path::{Path, PathBuf};

/// Fewest and most characters of a station's password (OCPP 2.0.1, `BasicAuthPassword`).
const PASSWORD: core::ops::RangeInclusive<usize> = 16..=40;
/// Characters of a password that is made here; each is worth four bits.
const MADE: usize = 32;

/// CIN prefixes.
#[derive(Debug, Subcommand)]
pub(super) enum PrefixCommand {
    /// Claim the CINs that begin with these digits.
    Register {
        /// Country, network and node: 7 to 9 digits.
        prefix: String,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Charging points.
#[derive(Debug, Subcommand)]
pub(super) enum EvseCommand {
    /// Register a charging point and its meter key.
    Register(EvseOptions),
}

/// Station accounts.
#[derive(Debug, Subcommand)]
pub(super) enum GateCommand {
    /// Let a station connect, or give it another password.
    Allow {
        /// The station's name at this gateway.
        station: String,
        /// File with its password; without one a password is made and printed, once.
        #[arg(long)]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        desk: Desk,
    },
}

/// A charging point as typed.
#[derive(Debug, Args)]
pub(super) struct EvseOptions {
    /// Its id, unique in the consortium, as in US*DUK*E0001*1.
    #[arg(long)]
    evse: String,
    /// The station that it is part of.
    #[arg(long)]
    station: String,
    /// Its number in the station (OCPP evseId).
    #[arg(long, default_value_t = 1)]
    number: u32,
    /// Who owns the site, and gets the owner's share.
    #[arg(long)]
    owner: String,
    /// The meter's public key, hex (SubjectPublicKeyInfo); `fairway station --print-meter-key` prints a simulated one.
    #[arg(long, value_name = "HEX")]
    meter_key: String,
    /// IANA time zone, as in America/New_York.
    #[arg(long)]
    zone: String,
    /// Grid area, as `fairway load set` names it.
    #[arg(long)]
    area: String,
    /// Greatest power in watts.
    #[arg(long, value_name = "W")]
    power: u32,
    #[command(flatten)]
    desk: Desk,
}

pub(super) async fn prefix(command: PrefixCommand) -> Result<(), String> {
    let PrefixCommand::Register { prefix, desk } = command;
    let parsed = CinPrefix::parse(&prefix).map_err(|e| format!("prefix {prefix:?}: {e}"))?;
    let entry = PrefixEntry {
        prefix: parsed.to_string(),
        member: desk.member()?,
    };
    let what = format!("prefix {} of {}", entry.prefix, entry.member);
    let command = Command::RegisterPrefix(entry.clone());
    submit(
        &desk,
        &command,
        &what,
        |operation| matches!(operation, Operation::RegisterPrefix(seen) if *seen == entry),
    )
    .await
}

pub(super) async fn evse(command: EvseCommand) -> Result<(), String> {
    let EvseCommand::Register(options) = command;
    let entry = evse_entry(&options, options.desk.member()?)?;
    let what = format!("EVSE {} of station {}", entry.evse, entry.station);
    let command = Command::RegisterEvse(entry.clone());
    submit(
        &options.desk,
        &command,
        &what,
        |operation| matches!(operation, Operation::RegisterEvse(seen) if **seen == entry),
    )
    .await
}

fn evse_entry(o: &EvseOptions, utility: MemberId) -> Result<EvseEntry, String> {
    let meter_key = hex::decode(o.meter_key.trim()).map_err(|e| {
        format!("--meter-key: no hexadecimal: {e}; the key's SubjectPublicKeyInfo in hex is right")
    })?;
    if meter_key.is_empty() || meter_key.len() > MAX_METER_KEY_BYTES {
        return Err(format!(
            "--meter-key: {} bytes; 1 to {MAX_METER_KEY_BYTES} are right",
            meter_key.len()
        ));
    }
    Ok(EvseEntry {
        evse: EvseId::parse(&o.evse).map_err(|e| format!("--evse: {e}"))?,
        station: StationId::parse(&o.station).map_err(|e| format!("--station: {e}"))?,
        number: o.number,
        utility,
        owner: OwnerId::parse(&o.owner).map_err(|e| format!("--owner: {e}"))?,
        meter_key,
        time_zone: o.zone.clone(),
        area: o.area.clone(),
        max_power_w: o.power,
    })
}

pub(super) async fn gate(command: GateCommand) -> Result<(), String> {
    let GateCommand::Allow {
        station,
        password_file,
        desk,
    } = command;
    let station = StationId::parse(&station).map_err(|e| e.to_string())?;
    let password = match &password_file {
        Some(path) => read_password(path)?,
        None => hex::encode(environment::entropy())
            .chars()
            .take(MADE)
            .collect(),
    };
    let hash = password_hash(&environment::entropy(), &password);
    let command = Command::PutStation {
        station: station.clone(),
        password: hash,
    };
    desk.client()?.command(&command).await?;
    say(&format!("station {station} may connect"));
    if password_file.is_none() {
        say(&format!("password, shown only now: {password}"));
    }
    Ok(())
}

fn read_password(path: &Path) -> Result<String, String> {
    let at = |e: String| format!("{}: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| at(e.to_string()))?;
    check_password(text.trim_end_matches(['\r', '\n'])).map_err(at)
}

fn check_password(password: &str) -> Result<String, String> {
    let length = password.chars().count();
    if !PASSWORD.contains(&length) || !password.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "the password has {length} characters; a station's has {} to {} letters, digits and marks, without blanks",
            PASSWORD.start(),
            PASSWORD.end()
        ));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_as_ocpp_wants_them() {
        assert!(check_password("0123456789abcdef").is_ok());
        for wrong in ["short", "with a blank in it", &"x".repeat(41)] {
            assert!(
                check_password(wrong).unwrap_err().contains("16 to 40"),
                "{wrong}"
            );
        }
    }
}
