//! `fairway ledger`: status, proofs, and their verification with nothing but a file and public keys.

use super::client::{Client, Target};
use super::say;
use clap::Subcommand;
use fairway_chain::{Proof, Verified, verify_proof};
use fairway_ledger::{Receipt, Transaction};
use fairway_model::canonical::Canonical;
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
    /// Verify a proof offline: needs only the proof file and the validators' public keys.
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
            std::fs::write(&out, &bytes).map_err(|e| format!("{}: {e}", out.display()))?;
            say(&format!(
                "{} bytes written to {}",
                bytes.len(),
                out.display()
            ));
            Ok(())
        }
        LedgerCommand::Verify {
            proof,
            validators,
            json,
        } => {
            let bytes = std::fs::read(&proof).map_err(|e| format!("{}: {e}", proof.display()))?;
            let (chain, keys) = trusted(&validators)?;
            let verified =
                verify(&bytes, &chain, &keys).map_err(|e| format!("{}: {e}", proof.display()))?;
            say(&describe(&verified, json)?);
            Ok(())
        }
    }
}

/// Checks proof bytes against the trusted keys.
///
/// # Errors
/// What differs.
pub fn verify(bytes: &[u8], chain: &str, keys: &[[u8; 32]]) -> Result<Verified, String> {
    let proof = Proof::from_bytes(bytes).map_err(|e| e.to_string())?;
    verify_proof(&proof, chain, keys).map_err(|e| format!("NOT PROVEN: {e}"))
}

/// Chain name and validators' keys of a file.
fn trusted(path: &Path) -> Result<(String, Vec<[u8; 32]>), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if text.contains("[[member]]") {
        let genesis = crate::genesis::Genesis::read(path).map_err(|e| e.to_string())?;
        let keys = genesis
            .members()
            .iter()
            .filter_map(|m| m.validator)
            .map(|k| k.0)
            .collect();
        return Ok((genesis.chain_id, keys));
    }
    let (mut chain, mut keys) = (None, Vec::new());
    for (at, line) in text.lines().enumerate() {
        let wrong = || {
            format!(
                "{}: line {}: expected `chain NAME` or `validator` and 64 hexadecimal digits",
                path.display(),
                at.saturating_add(1)
            )
        };
        match line.split_once(' ').map(|(word, rest)| (word, rest.trim())) {
            Some(("chain", name)) => chain = Some(name.to_owned()),
            Some(("validator", key)) => {
                let bytes = hex::decode(key).map_err(|_| wrong())?;
                keys.push(<[u8; 32]>::try_from(bytes).map_err(|_| wrong())?);
            }
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            _ => return Err(wrong()),
        }
    }
    let chain = chain.ok_or_else(|| format!("{}: no `chain NAME` line", path.display()))?;
    Ok((chain, keys))
}

fn describe(verified: &Verified, json: bool) -> Result<String, String> {
    let transaction =
        Transaction::from_bytes(&verified.tx).map_err(|e| format!("the transaction: {e}"))?;
    let receipt =
        Receipt::from_bytes(&verified.receipt).map_err(|e| format!("the receipt: {e}"))?;
    let time = fairway_model::Time(verified.time_ms);
    let outcome = receipt.refusal().map_or_else(
        || "executed".to_owned(),
        |refusal| format!("refused: {refusal}"),
    );
    let posting = |p: &fairway_ledger::Posting| {
        format!(
            "{} {:?} {} {}",
            if p.amount.0 < 0 { "-" } else { "+" },
            p.account,
            p.amount.text(p.currency),
            p.currency
        )
    };
    let postings: Vec<String> = receipt.postings.iter().map(posting).collect();
    let signers: Vec<String> = verified.signers.iter().map(hex::encode).collect();
    if json {
        let body = serde_json::json!({
            "proven": true, "height": verified.height, "time": time.rfc3339(), "transaction": hex::encode(verified.tx_id), "member": transaction.member.to_string(),
            "outcome": outcome, "postings": postings, "signers": signers,
        });
        return Ok(body.to_string());
    }
    Ok(format!(
        "PROVEN: transaction {} of {} is in block {} of {}, finalized by {} validators\n  {outcome}\n  {}",
        hex::encode(verified.tx_id),
        transaction.member,
        verified.height,
        time,
        signers.len(),
        postings.join("\n  "),
    ))
}
