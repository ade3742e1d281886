//! `fairway ledger`: status, proofs, their verification offline, and the export for auditors.

use super::client::{Client, Target};
use super::say;
use super::verify::{Trusted, report};
use crate::config::Config;
use crate::genesis::Genesis;
use clap::Subcommand;
use fairway_chain::{Exporter, export_folder};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// What is wanted of the ledger.
#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Height, peers, state root of a member's node.
    Status {
        #[command(flatten)]
        target: Target,
    },
    /// The newest refused transactions of all members, each with its reason.
    Refused {
        #[command(flatten)]
        target: Target,
    },
    /// What the ledger cost this member since its process began: no fee, but machine time and storage, per charge.
    Cost {
        /// Price of one hour of one core.
        #[arg(long, default_value = "0.04")]
        core_hour: f64,
        /// Price of a gigabyte of storage for a month.
        #[arg(long, default_value = "0.10")]
        gigabyte_month: f64,
        /// Months for which a charge is kept.
        #[arg(long, default_value_t = 120)]
        months: u32,
        #[command(flatten)]
        target: Target,
    },
    /// Fetch the proof that a transaction is in a finalized block.
    Proof {
        /// The transaction's id, 64 hexadecimal digits, as bill lines print it.
        transaction: String,
        /// Where to write the proof.
        #[arg(long, default_value = "proof.cbor")]
        out: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Fetch the proof that one block is an ancestor of another: the chain grew and nothing in it was changed.
    Consistency {
        /// Height of the older block; 0 is genesis.
        older: u64,
        /// Height of the newer block.
        newer: u64,
        /// Where to write the proof.
        #[arg(long, default_value = "consistency.cbor")]
        out: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Write blocks, receipts and certificates to a file that `fairway audit` checks.
    Export {
        /// The file; it must not exist.
        #[arg(long, default_value = "ledger.export")]
        out: PathBuf,
        /// First block; only an export from block 1 on can be executed again.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        from: u64,
        /// Last block; the newest when not given. The file ends at the last block up to here that has a certificate.
        #[arg(long)]
        to: Option<u64>,
        /// Read this ledger folder of a node that does not run, as in a restored backup, instead of asking a running member.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// With `--folder`: the consortium's genesis file.
        #[arg(long, default_value = "genesis.toml", requires = "folder")]
        genesis: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Join exports of one chain that follow each other or overlap, such as those of dropped blocks, into one for `fairway audit`.
    Concat(super::concat::Options),
    /// Misbehaviour of validators: what is on record, and evidence shown by hand.
    #[command(subcommand)]
    Evidence(super::evidence::EvidenceCommand),
    /// Readings, own forecasts, models, schedules and scores on the ledger.
    #[command(subcommand)]
    Forecast(super::ledger_forecast::ForecastCommand),
    /// Verify a proof of either kind offline: needs only the proof file and the validators' public keys.
    Verify {
        /// The proof file.
        proof: PathBuf,
        /// File with `chain NAME` and one `validator HEX` line for each validator; a genesis file is understood too.
        #[arg(long)]
        validators: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

async fn refused(target: &Target) -> Result<(), String> {
    let page = Client::of(target)?.json("/ledger/v1/refused").await?;
    if target.json {
        say(&page.to_string());
        return Ok(());
    }
    let list = page
        .get("refused")
        .and_then(|l| l.as_array())
        .cloned()
        .unwrap_or_default();
    let text = |entry: &serde_json::Value, name: &str| {
        entry.get(name).map_or_else(String::new, |v| {
            v.as_str().map_or_else(|| v.to_string(), str::to_owned)
        })
    };
    for entry in &list {
        say(&format!(
            "block {} {} {}: {} ({})",
            text(entry, "height"),
            text(entry, "member"),
            text(entry, "code"),
            text(entry, "text"),
            text(entry, "transaction")
        ));
    }
    say(&format!(
        "{} refused since this member's process began",
        list.len()
    ));
    Ok(())
}

/// Prices are per unit of what the machine offers, so a figure here is an estimate and never a sum of money in any book.
async fn cost(
    target: &Target,
    core_hour: f64,
    gigabyte_month: f64,
    months: u32,
) -> Result<(), String> {
    let mut page = Client::of(target)?.json("/ledger/v1/cost").await?;
    let number = |name: &str| {
        page.get(name)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or(0.0)
    };
    let charges = number("charges").max(1.0);
    let cpu = number("cpu_seconds") / charges;
    let bytes = number("ledger_bytes") / charges;
    let computing = cpu / 3_600.0 * core_hour;
    let storing = bytes / 1e9 * gigabyte_month * f64::from(months);
    if target.json {
        if let Some(page) = page.as_object_mut() {
            page.insert("cpu_seconds_per_charge".to_owned(), cpu.into());
            page.insert("bytes_per_charge".to_owned(), bytes.into());
            page.insert("cost_per_charge".to_owned(), (computing + storing).into());
        }
        say(&page.to_string());
        return Ok(());
    }
    say(&format!(
        "fee of the protocol: 0\n{} charges settled on the ledger since this process began\nmachine time: {:.4} s a charge, {computing:.6} at {core_hour} an hour\nstorage: {bytes:.0} bytes a charge, {storing:.6} for {months} months at {gigabyte_month} a gigabyte and month\ntogether {:.6} a charge for this member",
        number("charges"),
        cpu,
        computing + storing
    ));
    Ok(())
}

pub(super) async fn run(command: LedgerCommand) -> Result<(), String> {
    match command {
        LedgerCommand::Concat(options) => super::concat::told(options).await,
        LedgerCommand::Status { target } => {
            let status = Client::of(&target)?.json("/ledger/v1/status").await?;
            say(&serde_json::to_string_pretty(&status).unwrap_or_default());
            Ok(())
        }
        LedgerCommand::Refused { target } => refused(&target).await,
        LedgerCommand::Cost {
            core_hour,
            gigabyte_month,
            months,
            target,
        } => cost(&target, core_hour, gigabyte_month, months).await,
        LedgerCommand::Proof {
            transaction,
            out,
            target,
        } => {
            let bytes = Client::of(&target)?
                .get(&format!("/ledger/v1/proof/{transaction}"))
                .await?;
            keep(&bytes, &out)
        }
        LedgerCommand::Consistency {
            older,
            newer,
            out,
            target,
        } => {
            let path = format!("/ledger/v1/consistency/{older}/{newer}");
            keep(&Client::of(&target)?.get(&path).await?, &out)
        }
        LedgerCommand::Export {
            out,
            from,
            to,
            folder: Some(folder),
            genesis,
            ..
        } => {
            let work = move || export_stopped(&folder, &genesis, &out, from, to);
            let done = tokio::task::spawn_blocking(work).await;
            done.map_err(|e| e.to_string())?
        }
        LedgerCommand::Export {
            out,
            from,
            to,
            target,
            ..
        } => export(&target, &out, from, to).await,
        LedgerCommand::Evidence(command) => super::evidence::run(command).await,
        LedgerCommand::Forecast(command) => super::ledger_forecast::run(command).await,
        LedgerCommand::Verify {
            proof,
            validators,
            json,
        } => {
            let bytes = std::fs::read(&proof).map_err(|e| format!("{}: {e}", proof.display()))?;
            let trusted = Trusted::read(&validators)?;
            let text =
                report(&bytes, &trusted, json).map_err(|e| format!("{}: {e}", proof.display()))?;
            say(&text);
            Ok(())
        }
    }
}

fn keep(bytes: &[u8], out: &Path) -> Result<(), String> {
    std::fs::write(out, bytes).map_err(|e| format!("{}: {e}", out.display()))?;
    say(&format!(
        "{} bytes written to {}",
        bytes.len(),
        out.display()
    ));
    Ok(())
}

/// Fetches blocks page by page and writes each as soon as a certificate covers it.
async fn export(target: &Target, out: &Path, from: u64, to: Option<u64>) -> Result<(), String> {
    let config = Config::read(&target.config).map_err(|e| e.to_string())?;
    let genesis = Genesis::read(&config.path(&config.genesis)).map_err(|e| e.to_string())?;
    let client = Client::of(target)?;
    let at = |e: std::io::Error| format!("{}: {e}", out.display());
    let file = std::fs::File::create_new(out).map_err(at)?;
    let last = write_export(&client, &genesis.chain_id, BufWriter::new(file), from, to).await;
    told(last, out, from)
}

/// Exports what a stopped node has stored. The lock keeps a node from starting meanwhile.
fn export_stopped(
    folder: &Path,
    genesis: &Path,
    out: &Path,
    from: u64,
    to: Option<u64>,
) -> Result<(), String> {
    let genesis = Genesis::read(genesis).map_err(|e| e.to_string())?;
    let founding = fairway_ledger::Genesis {
        chain_id: genesis.chain_id.clone(),
        members: genesis.founders(),
    };
    let machine = crate::node::ledger::machine(&founding)?;
    let _claim = crate::node::claim_folder(folder)?;
    let file = std::fs::File::create_new(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let rules = crate::audit::rules(&genesis);
    let mut file = BufWriter::new(file);
    let last = export_folder(&rules, &*machine, folder, &mut file, from, to);
    drop(file);
    told(last, out, from)
}

/// Tells what was written, and leaves no half of it.
fn told(last: Result<u64, String>, out: &Path, from: u64) -> Result<(), String> {
    let at = |e: std::io::Error| format!("{}: {e}", out.display());
    match last {
        Ok(last) => {
            let length = std::fs::metadata(out).map_err(at)?.len();
            say(&format!(
                "blocks {from} to {last} written to {}, {length} bytes; check with `fairway audit {} --genesis genesis.toml`",
                out.display(),
                out.display()
            ));
            Ok(())
        }
        Err(error) => {
            let _ = std::fs::remove_file(out);
            Err(error)
        }
    }
}

/// Writes an export of a running node; gives the height of its last block.
///
/// # Errors
/// When the node is not reached, its blocks do not follow each other, or the file cannot be written.
pub async fn write_export(
    client: &Client,
    chain_id: &str,
    file: impl std::io::Write,
    from: u64,
    to: Option<u64>,
) -> Result<u64, String> {
    let text = |e: std::io::Error| format!("export: {e}");
    let status = client.json("/ledger/v1/status").await?;
    let number = |name: &str| status.get(name).and_then(serde_json::Value::as_u64);
    let genesis = status
        .get("genesis")
        .and_then(serde_json::Value::as_str)
        .and_then(|digest| hex::decode(digest).ok())
        .and_then(|digest| <[u8; 32]>::try_from(digest).ok())
        .ok_or("the node does not tell the genesis block")?;
    let to = to
        .or_else(|| number("height"))
        .ok_or("the node does not tell its height")?;
    let mut exporter = Exporter::new(file, chain_id, &genesis, from).map_err(text)?;
    while exporter.next_height() <= to {
        let path = format!("/ledger/v1/export/{}/{to}", exporter.next_height());
        exporter.put(&client.get(&path).await?).map_err(text)?;
    }
    let last = exporter.finish().map_err(text)?;
    last.ok_or_else(|| format!("no block from {from} to {to} has a certificate of its own"))
}
