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

pub(super) async fn run(command: LedgerCommand) -> Result<(), String> {
    match command {
        LedgerCommand::Status { target } => {
            let status = Client::of(&target)?.json("/ledger/v1/status").await?;
            say(&serde_json::to_string_pretty(&status).unwrap_or_default());
            Ok(())
        }
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
